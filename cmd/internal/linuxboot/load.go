// SPDX-License-Identifier: BSD-3-Clause

// Placing an image in memory and entering it.
//
//	001000  zImage, for the 32-bit entry
//	010000  zImage, for the real-mode entry, which moves it down
//	090000  boot sector and set-up code, or the parameter page (zero page)
//	098000  their stack and heap
//	09E000  command line
//	100000  bzImage
//	top     initial RAM disk, as high as the kernel and RAM allow

package linuxboot

import (
	"encoding/binary"
	"fmt"

	"ring0/vm"
	"ring0/vm/pc"
	"ring0/vm/pc/bios"
)

const (
	zImage32    = 0x1000
	zImage16    = 0x10000
	zImageEnd   = 0x90000
	setupBase   = 0x90000
	maxSetup    = 0x8000
	gdtBase     = setupBase + maxSetup - 0x100
	stackTop    = 0xe000 // offset from setupBase
	heapEnd     = stackTop - 0x200
	lineBase    = 0x9e000
	maxLine     = 0x9fc00 - lineBase - 1
	bzImageBase = 0x100000
)

// Entry is how the kernel is entered.
type Entry int

// Entries.
const (
	RealMode  Entry = 16 // its set-up code, which asks the BIOS
	Protected Entry = 32 // its 32-bit code; the loader answers what the set-up code asks
)

// Options is what the kernel is given.
type Options struct {
	Entry       Entry
	CommandLine string
	Initrd      []byte
}

// Load places the image in a PC whose BIOS has started, and points the
// processor at it.
func (img *Image) Load(p *pc.PC, o Options) error {
	if n := img.lineSize(); len(o.CommandLine) > n {
		return fmt.Errorf("linuxboot: a command line of %d characters: this kernel takes %d", len(o.CommandLine), n)
	}
	base := uint32(bzImageBase)
	if !img.high() {
		base = zImage16
		if o.Entry == Protected {
			base = zImage32
		}
		if int(base)+len(img.kernel) > zImageEnd {
			return fmt.Errorf("linuxboot: a zImage of %d bytes does not fit below 576 KB", len(img.kernel))
		}
	}
	if end := uint64(base) + uint64(img.room()); end > uint64(p.RAMSize()) {
		return fmt.Errorf("linuxboot: the kernel needs %d KB of RAM, the PC has %d KB", (end+1023)>>10, p.RAMSize()>>10)
	}
	initrd, err := img.placeInitrd(p, base, o.Initrd)
	if err != nil {
		return err
	}
	p.WritePhys(base, img.kernel)
	p.WritePhys(initrd, o.Initrd)
	p.WritePhys(lineBase, append([]byte(o.CommandLine), 0))
	img.fillHeader(base, initrd, o)
	switch o.Entry {
	case RealMode:
		img.enterRealMode(p)
	case Protected:
		img.enterProtected(p, base)
	default:
		return fmt.Errorf("linuxboot: entry %d: want 16 or 32", o.Entry)
	}
	return nil
}

// placeInitrd finds a place for the initial RAM disk: page-aligned, below the
// kernel's limit and the end of RAM, above the kernel.
func (img *Image) placeInitrd(p *pc.PC, base uint32, initrd []byte) (uint32, error) {
	if len(initrd) == 0 {
		return 0, nil
	}
	top := min(uint64(img.initrdMax())+1, uint64(p.RAMSize()))
	floor := max(uint64(base)+uint64(img.room()), bzImageBase)
	if top < floor+uint64(len(initrd))+vm.PageSize {
		return 0, fmt.Errorf("linuxboot: an initial RAM disk of %d bytes does not fit between the kernel and %08x", len(initrd), top)
	}
	return uint32(top-uint64(len(initrd))) &^ (vm.PageSize - 1), nil
}

// fillHeader writes the fields that a loader fills in.
func (img *Image) fillHeader(base, initrd uint32, o Options) {
	h := img.setup
	h[offLoaderType] = loaderUnknown
	h[offLoadFlags] |= flagHeap
	binary.LittleEndian.PutUint16(h[offHeapEnd:], heapEnd)
	binary.LittleEndian.PutUint32(h[offCode32Start:], base)
	if !img.high() && o.Entry == RealMode {
		binary.LittleEndian.PutUint32(h[offCode32Start:], zImage32)
	}
	binary.LittleEndian.PutUint32(h[offInitrdAddr:], initrd)
	binary.LittleEndian.PutUint32(h[offInitrdSize:], uint32(len(o.Initrd)))
	if img.version >= 0x202 {
		binary.LittleEndian.PutUint32(h[offCommandLine:], lineBase)
		return
	}
	// Before 2.02: a magic number and an offset in the first sector.
	binary.LittleEndian.PutUint16(h[offOldLine:], oldLineMagic)
	binary.LittleEndian.PutUint16(h[offOldLine+2:], lineBase-setupBase)
}

// enterRealMode jumps to the set-up code, behind the boot sector.
func (img *Image) enterRealMode(p *pc.PC) {
	p.WritePhys(setupBase, img.setup)
	for _, seg := range []int{vm.DS, vm.ES, vm.FS, vm.GS, vm.SS} {
		p.LoadSegment(seg, setupBase>>4)
	}
	p.SetReg(vm.ESP, stackTop)
	p.LoadSegment(vm.CS, setupBase>>4+sector>>4)
	p.SetEIP(0)
}

// Selectors of the 32-bit entry: flat code and data.
const (
	codeSelector = 0x10
	dataSelector = 0x18
)

// enterProtected writes the parameter page and jumps to the 32-bit code with
// its address in ESI: flat segments, paging and interrupts off, A20 open.
func (img *Image) enterProtected(p *pc.PC, base uint32) {
	p.WritePhys(setupBase, img.parameters(p))
	var gdt [32]byte
	binary.LittleEndian.PutUint64(gdt[codeSelector:], 0x00cf9b000000ffff)
	binary.LittleEndian.PutUint64(gdt[dataSelector:], 0x00cf93000000ffff)
	p.WritePhys(gdtBase, gdt[:])
	p.SetGDTR(gdtBase, uint16(len(gdt)-1))
	p.System.Out(0x92, 2)
	p.SetCR(0, p.CR(0)|vm.CR0PE)
	for _, seg := range []int{vm.DS, vm.ES, vm.FS, vm.GS, vm.SS} {
		p.LoadSegment(seg, dataSelector)
	}
	p.LoadSegment(vm.CS, codeSelector)
	for r := vm.EAX; r <= vm.EDI; r++ {
		p.SetReg(r, 0)
	}
	p.SetReg(vm.ESP, setupBase+stackTop)
	p.SetReg(vm.ESI, setupBase)
	p.SetEIP(base)
}

// The parameter page, by offset.
const (
	parExtended  = 0x02 // memory above 1 MB in KB, 16 bits
	parVideoMode = 0x06
	parColumns   = 0x07
	parEGA       = 0x0a
	parLines     = 0x0e
	parIsVGA     = 0x0f
	parPoints    = 0x10
	parExtended2 = 0x1e0 // the same in 32 bits
	parE820Count = 0x1e8
	parHeader    = 0x1f1
	parE820      = 0x2d0
	e820Entry    = 20
	parPage      = 4096
)

// parameters is the page that the set-up code would have made.
func (img *Image) parameters(p *pc.PC) []byte {
	page := make([]byte, parPage)
	headerEnd := 0x202 + int(img.setup[0x201]) // the jump over the header says where it ends
	copy(page[parHeader:headerEnd], img.setup[parHeader:headerEnd])
	copy(page[offOldLine:offOldLine+4], img.setup[offOldLine:])
	binary.LittleEndian.PutUint16(page[parExtended:], uint16(bios.ExtendedKB(p.RAMSize(), 0xffff)))
	binary.LittleEndian.PutUint32(page[parExtended2:], bios.ExtendedKB(p.RAMSize(), ^uint32(0)))
	page[parVideoMode], page[parColumns], page[parLines] = 3, 80, 25
	page[parEGA], page[parIsVGA], page[parPoints] = 3, 1, 16
	ranges := bios.MemoryMap(p.RAMSize())
	page[parE820Count] = uint8(len(ranges))
	for i, r := range ranges {
		entry := page[parE820+i*e820Entry:]
		binary.LittleEndian.PutUint64(entry[0:], r.Base)
		binary.LittleEndian.PutUint64(entry[8:], r.Size)
		binary.LittleEndian.PutUint32(entry[16:], r.Type)
	}
	return page
}
