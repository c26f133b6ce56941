// SPDX-License-Identifier: BSD-3-Clause
// The machine that vectors run on: page tables, descriptor tables, a way in and a way out.

package conformance

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"

	"ring0/vm"
	"ring0/vm/vectors"
)

// Physical layout: page tables first, then the kernel's two pages, then the
// regions of the file one behind the other.
const (
	ramSize   = 4 << 20
	physDir   = 0x1000
	physTable = 0x2000 // as many as the regions need, up to physKernel
	physKern  = 0x40000
	physRegs  = 0x42000
)

// The kernel's linear addresses: two pages where no vector goes. The second
// is also at the top while the processor starts there.
const (
	kernel    = 0xd0000000
	kGDT      = kernel
	kLDT      = kernel + 0x080
	kTSS      = kernel + 0x300
	kStubs    = kernel + 0x400 // one per vector, stubSize bytes each
	kInit     = kernel + 0xa00
	kEnter    = kernel + 0xa80
	kStackTop = kernel + 0xff0
	kIDT      = kernel + 0x1000
	kReset    = kernel + 0x1ff0 // here at resetPage+ff0 the processor starts
	resetPage = 0xfffff000

	stubSize = 4
	maxLDT   = (kTSS - kLDT) / 8
)

// Selectors. The user's are those of the recording; the entries at 8 and 18
// must be out of a user's reach.
const (
	selKernelCode = 0x08
	selKernelData = 0x18
	selUserCode   = 0x23
	selUserData   = 0x2b
	selTSS        = 0x40
	selLDT        = 0x48
	gdtSize       = 0x80
)

// Page-table entry bits: present, accessed, dirty; writable; user.
const (
	pteKernel = 0x63
	pteRead   = 0x65
	pteWrite  = 0x67
)

const (
	cr0 = vm.CR0PE | vm.CR0MP | vm.CR0ET | vm.CR0NE | vm.CR0WP | vm.CR0AM | vm.CR0PG
	cr4 = vm.CR4PSE | vm.CR4OSFXSR | vm.CR4OSXMMEXCPT
)

// fullModel has every feature that the vectors use.
const fullModel = "pentium4"

// bench is a machine set up for one vector file.
type bench struct {
	m       *vm.Machine
	file    *vectors.File
	strict  bool
	regions []region

	// Copies of the regions, one behind the other as in physical memory.
	background []byte // before every vector
	want       []byte // after the vector
	got        []byte // what the machine has
}

// region is a mapped range and its place in the copies.
type region struct {
	vectors.Region
	at int
}

func newBench(f *vectors.File, opt Options) (*bench, error) {
	m, err := vm.New(vm.Config{RAM: ramSize, CPU: cmp.Or(opt.CPU, fullModel)})
	if err != nil {
		return nil, err
	}
	b := &bench{m: m, file: f, strict: opt.Strict}
	if len(f.LDT) > maxLDT {
		return nil, fmt.Errorf("conformance: LDT of %d entries, room for %d", len(f.LDT), maxLDT)
	}
	if err := b.mapRegions(); err != nil {
		return nil, err
	}
	b.tables()
	if err := b.boot(); err != nil {
		return nil, err
	}
	return b, nil
}

// mapRegions gives every region physical memory with its content, and the
// kernel its pages.
func (b *bench) mapRegions() error {
	p := pager{m: b.m, next: physTable}
	for _, k := range [...]struct{ la, pa, size uint32 }{
		{kernel, physKern, 2 * vm.PageSize},
		{resetPage, physKern + vm.PageSize, vm.PageSize},
	} {
		if err := p.mapRange(k.la, k.pa, k.size, pteKernel); err != nil {
			return err
		}
	}
	phys := uint32(physRegs)
	for _, r := range b.file.Regions {
		if r.Addr%vm.PageSize != 0 || r.Size%vm.PageSize != 0 || uint64(phys)+uint64(r.Size) > ramSize {
			return fmt.Errorf("conformance: region %#x, size %#x: not whole pages, or too much for %d bytes of RAM", r.Addr, r.Size, ramSize)
		}
		pte := uint32(pteRead)
		if r.Perm&vectors.PermWrite != 0 {
			pte = pteWrite
		}
		if err := p.mapRange(r.Addr, phys, r.Size, pte); err != nil {
			return err
		}
		content := r.Content
		if content == nil {
			content = bytes.Repeat([]byte{0xcc}, int(r.Size))
		}
		b.regions = append(b.regions, region{r, len(b.background)})
		b.background = append(b.background, content...)
		phys += r.Size
	}
	b.want = bytes.Clone(b.background)
	b.got = make([]byte, len(b.background))
	b.m.WritePhys(physRegs, b.background)
	return nil
}

// pager builds page tables.
type pager struct {
	m    *vm.Machine
	next uint32 // where the next page table goes
}

func (p *pager) mapRange(la, pa, size, pte uint32) error {
	for ; size > 0; size -= vm.PageSize {
		pde := physDir + la>>22<<2
		if p.m.ReadPhys32(pde) == 0 {
			if p.next >= physKern {
				return fmt.Errorf("conformance: the regions lie too far apart: no room for page tables")
			}
			p.m.WritePhys32(pde, p.next|pteWrite)
			p.next += vm.PageSize
		}
		table := p.m.ReadPhys32(pde) &^ (vm.PageSize - 1)
		p.m.WritePhys32(table+la>>12&0x3ff<<2, pa|pte)
		la, pa = la+vm.PageSize, pa+vm.PageSize
	}
	return nil
}

// poke writes to the kernel's pages.
func (b *bench) poke(la uint32, data []byte) { b.m.WritePhys(la-kernel+physKern, data) }

func (b *bench) poke64(la uint32, v uint64) {
	b.poke(la, binary.LittleEndian.AppendUint64(nil, v))
}

// segmentDescriptor makes a descriptor; attr is its bytes 5 and 6.
func segmentDescriptor(base, limit uint32, attr uint16) uint64 {
	return uint64(limit&0xffff) | uint64(base&0xffffff)<<16 | uint64(attr)<<40 |
		uint64(limit>>16&15)<<48 | uint64(base>>24)<<56
}

// gate makes a 32-bit interrupt gate to the kernel's code.
func gate(offset uint32, dpl uint8) uint64 {
	return uint64(offset&0xffff) | selKernelCode<<16 | (0x8e00|uint64(dpl)<<13)<<32 | uint64(offset>>16)<<48
}

// tables writes GDT, LDT, IDT and TSS. Only INT 3 and INT 4 are the user's
// to call. The I/O bitmap lies beyond the TSS: no port is allowed.
func (b *bench) tables() {
	const flat = 0xfffff
	b.poke64(kGDT+selKernelCode, segmentDescriptor(0, flat, 0xc09b))
	b.poke64(kGDT+selKernelData, segmentDescriptor(0, flat, 0xc093))
	b.poke64(kGDT+selUserCode&^7, segmentDescriptor(0, flat, 0xc0fb))
	b.poke64(kGDT+selUserData&^7, segmentDescriptor(0, flat, 0xc0f3))
	b.poke64(kGDT+selTSS, segmentDescriptor(kTSS, 0x67, 0x0089))
	b.poke64(kGDT+selLDT, segmentDescriptor(kLDT, uint32(len(b.file.LDT)*8)-1, 0x0082))
	for i, e := range b.file.LDT {
		b.poke(kLDT+uint32(i)*8, e[:])
	}
	for v := range uint32(256) {
		dpl := uint8(0)
		if v == excBP || v == excOF {
			dpl = 3
		}
		b.poke64(kIDT+v*8, gate(kStubs+v*stubSize, dpl))
		b.poke(kStubs+v*stubSize, []byte{0x0f, 0x01, 0xc1}) // vmcall
	}
	b.poke64(kTSS+4, uint64(kStackTop)|selKernelData<<32) // ESP0, SS0
	b.poke(kTSS+0x66, []byte{0x68, 0})                    // I/O map base
}

// boot takes the machine from reset into the kernel at CPL 0.
func (b *bench) boot() error {
	m := b.m
	b.poke(kReset, append([]byte{0x66, 0xea}, farPointer(kInit, selKernelCode)...)) // ljmpl
	b.poke(kInit, []byte{
		0x66, 0xb8, selKernelData, 0, // mov $sel, %ax
		0x8e, 0xd0, // mov %ax, %ss
		0xb0, selLDT, // mov $sel, %al
		0x0f, 0x00, 0xd0, // lldt %ax
		0xb0, selTSS,
		0x0f, 0x00, 0xd8, // ltr %ax
		0x0f, 0x01, 0xc1, // vmcall
	})
	b.poke(kEnter, []byte{
		0x0f, 0xa9, // pop %gs
		0x0f, 0xa1, // pop %fs
		0x1f, // pop %ds
		0x07, // pop %es
		0xcf, // iret
	})
	m.SetHypercall(func(*vm.Machine) vm.Action { return vm.StopRun })
	m.SetGDTR(kGDT, gdtSize-1)
	m.SetIDTR(kIDT, 256*8-1)
	m.SetCR(3, physDir)
	m.SetCR(4, cr4)
	m.SetCR(0, cr0)
	if s := m.Run(20); s.Reason != vm.StopHypercall {
		return fmt.Errorf("conformance: setting up stopped at %08x: %v %v", s.EIP, s.Reason, s.Err)
	}
	m.WritePhys32(physDir+resetPage>>22<<2, 0)
	m.InvalidateTLB()
	return nil
}

func farPointer(off uint32, sel uint16) []byte {
	return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint32(nil, off), sel)
}
