// SPDX-License-Identifier: BSD-3-Clause

// The boot image of a case: a multiboot kernel whose start-up code copies the
// world to low memory, loads the system registers and enters the case by IRET.

package syscase

import (
	"encoding/binary"
	"fmt"
)

// LoadAddr is where the image must lie in physical memory. It is entered at
// Image.Entry in 32-bit protected mode with flat segments, paging and
// interrupts off.
const LoadAddr = 0x100000

// Image is a case ready to boot.
type Image struct {
	Bytes []byte // at LoadAddr
	Entry uint32
}

const (
	headerSize  = 0x30
	launchSize  = 0x400
	payloadFrom = 0x1000 // low memory below is left alone
)

// Build makes the image of a case.
func (c *Case) Build() (*Image, error) {
	m, ok := modes[c.Mode]
	if !ok {
		return nil, fmt.Errorf("%s: no mode %q", c.Name, c.Mode)
	}
	w := newWorld(m)
	for _, s := range c.Setup {
		if err := w.apply(s); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", c.Name, s, err)
		}
	}
	// A case that runs to its end executes INT 81.
	copy(w.low[addrCode:], c.Code)
	copy(w.low[addrCode+len(c.Code):], []byte{0xcd, vecOK})
	return w.image(), nil
}

// assembler gathers start-up code.
type assembler struct{ b []byte }

func (a *assembler) op(b ...byte) { a.b = append(a.b, b...) }
func (a *assembler) op16(v uint16, b ...byte) {
	a.b = binary.LittleEndian.AppendUint16(append(a.b, b...), v)
}
func (a *assembler) op32(v uint32, b ...byte) {
	a.b = binary.LittleEndian.AppendUint32(append(a.b, b...), v)
}
func (a *assembler) movEAX(v uint32) { a.op32(v, 0xb8) }

// movSeg loads segment register s through AX.
func (a *assembler) movSeg(s int, sel uint16) {
	a.movEAX(uint32(sel))
	a.op(0x8e, 0xc0|byte(s)<<3)
}

func (w *world) image() *Image {
	const payload = LoadAddr + headerSize + launchSize
	if w.real {
		w.trampoline()
	}
	a := &assembler{}
	a.op(0xfa, 0xfc)                           // cli; cld
	a.op(0xb0, 0xff, 0xe6, 0x21, 0xe6, 0xa1)   // mov al,ff; out 21,al; out a1,al: no external interrupts
	a.op32(payload, 0xbe)                      // mov esi, payload
	a.op32(payloadFrom, 0xbf)                  // mov edi, low memory
	a.op32((lowEnd-payloadFrom)/4, 0xb9)       // mov ecx, words
	a.op(0xf3, 0xa5)                           // rep movsd
	a.pseudoDescriptor(2, w.gdtLimit, addrGDT) // lgdt
	a.pseudoDescriptor(3, w.idtLimit, addrIDT) // lidt
	here := LoadAddr + headerSize + uint32(len(a.b))
	a.op32(here+7, 0xea) // jmp 08:next
	a.op16(selCode0)
	for _, s := range []int{0, 2, 3} {
		a.movSeg(s, selData0)
	}
	a.op32(stackRing0, 0xbc) // mov esp
	w.loadSystem(a)
	if w.real {
		a.op32(addrTramp, 0xea) // jmp to the trampoline, 16 bits
		a.op16(selCode16)
	} else {
		w.enter(a)
	}
	img := header()
	img = append(img, a.b...)
	img = append(img, make([]byte, headerSize+launchSize-len(img))...)
	img = append(img, w.low[payloadFrom:]...)
	return &Image{Bytes: img, Entry: LoadAddr + headerSize}
}

// header is a multiboot header that says where to load and to start.
func header() []byte {
	const magic, flags = 0x1badb002, 1 << 16
	a := &assembler{}
	check := uint32(1<<32 - magic - flags)
	for _, v := range []uint32{magic, flags, check, LoadAddr, LoadAddr, 0, 0, LoadAddr + headerSize} {
		a.op32(v)
	}
	return append(a.b, make([]byte, headerSize-len(a.b))...)
}

// pseudoDescriptor emits LGDT (2) or LIDT (3), by way of the header's padding.
func (a *assembler) pseudoDescriptor(group byte, limit uint16, base uint32) {
	const at = LoadAddr + headerSize - 8
	a.op32(at, 0x66, 0xc7, 0x05) // mov word [at], limit
	a.op16(limit)
	a.op32(at+2, 0xc7, 0x05) // mov dword [at+2], base
	a.op32(base)
	a.op32(at, 0x0f, 0x01, 0x05|group<<3)
}

// loadSystem emits the loads of control, debug and model-specific registers.
func (w *world) loadSystem(a *assembler) {
	movCR := func(n byte, v uint32) {
		a.movEAX(v)
		a.op(0x0f, 0x22, 0xc0|n<<3)
	}
	movCR(3, w.cr3)
	if w.cr4 != 0 {
		movCR(4, w.cr4)
	}
	movCR(0, w.cr0)
	a.op(0xeb, 0) // jmp $+2
	if !w.real {
		a.movEAX(uint32(w.ldt))
		a.op(0x0f, 0x00, 0xd0) // lldt ax
		a.movEAX(uint32(w.tr))
		a.op(0x0f, 0x00, 0xd8) // ltr ax
	}
	for _, m := range w.msrs {
		a.op32(m[0], 0xb9)
		a.op32(m[1], 0xb8)
		a.op32(m[2], 0xba)
		a.op(0x0f, 0x30) // wrmsr
	}
	for i, v := range w.dr {
		if v != 0 {
			a.movEAX(v)
			a.op(0x0f, 0x23, 0xc0|byte(i)<<3)
		}
	}
}

// enter emits the way into a protected-mode or virtual-8086 case.
func (w *world) enter(a *assembler) {
	push := func(v uint32) { a.op32(v, 0x68) }
	v86 := w.eflags&(1<<17) != 0
	switch {
	case v86:
		for _, s := range []int{5, 4, 3, 0} { // GS FS DS ES
			push(uint32(w.seg[s]))
		}
		push(uint32(w.seg[2]))
		push(w.gpr[4])
	case w.seg[1]&3 != 0:
		for _, s := range []int{5, 4, 3, 0} {
			a.movSeg(s, w.seg[s])
		}
		// Pushes go through SS, so DS may be anything by now.
		push(uint32(w.seg[2]))
		push(w.gpr[4])
	default:
		for _, s := range []int{5, 4, 3, 0, 2} {
			a.movSeg(s, w.seg[s])
		}
		a.op32(w.gpr[4], 0xbc) // mov esp
	}
	push(w.eflags)
	push(uint32(w.seg[1]))
	push(w.eip)
	for i, v := range w.gpr {
		if i != 4 {
			a.op32(v, 0xb8+byte(i))
		}
	}
	a.op(0xcf) // iret
}

// trampoline writes the 16-bit code that leaves protected mode and enters a
// real-mode case.
func (w *world) trampoline() {
	a := &assembler{}
	seg16 := func(s int, sel uint16) {
		a.op16(sel, 0xb8) // mov ax
		a.op(0x8e, 0xc0|byte(s)<<3)
	}
	for s := range 6 { // limits of 64 KB stay in the hidden parts
		if s != 1 {
			seg16(s, selData16)
		}
	}
	a.op(0x0f, 0x20, 0xc0, 0x66, 0x83, 0xe0, 0xfe, 0x0f, 0x22, 0xc0) // mov eax,cr0; and eax,~1; mov cr0,eax
	a.op16(uint16(len(a.b))+5, 0xea)                                 // jmp far real
	a.op16(addrTramp >> 4)
	for s := range 6 {
		if s != 1 {
			seg16(s, w.seg[s])
		}
	}
	a.op32(w.gpr[4], 0x66, 0xbc) // mov esp
	a.op32(w.eflags, 0x66, 0x68) // push dword eflags
	a.op32(uint32(w.seg[1]), 0x66, 0x68)
	a.op32(w.eip, 0x66, 0x68)
	for i, v := range w.gpr {
		if i != 4 {
			a.op32(v, 0x66, 0xb8+byte(i))
		}
	}
	a.op(0x66, 0xcf) // iretd
	copy(w.low[addrTramp:], a.b)
}
