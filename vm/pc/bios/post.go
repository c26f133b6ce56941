// SPDX-License-Identifier: BSD-3-Clause

// What the power-on self-test leaves behind: interrupt vectors, the BIOS data
// area, programmed chips.
//
// IBM PC AT Technical Reference, "BIOS data area".

package bios

import "ring0/vm"

// BIOS data area: offsets from 00400.
const (
	bda          = 0x400
	bdaCOM       = bda + 0x00 // ports of COM1–COM4
	bdaEBDA      = bda + 0x0e // segment of the extended BIOS data area
	bdaEquipment = bda + 0x10
	bdaBaseKB    = bda + 0x13
	bdaShift     = bda + 0x17 // shift keys
	bdaKeyHead   = bda + 0x1a
	bdaKeyTail   = bda + 0x1c
	bdaKeys      = bda + 0x1e // sixteen words
	bdaKeysEnd   = bda + 0x3e
	bdaVideoMode = bda + 0x49
	bdaColumns   = bda + 0x4a
	bdaPageSize  = bda + 0x4c
	bdaCursor    = bda + 0x50 // column and row, of eight pages
	bdaShape     = bda + 0x60
	bdaCRTC      = bda + 0x63
	bdaTicks     = bda + 0x6c
	bdaMidnight  = bda + 0x70
	bdaWarmBoot  = bda + 0x72
	bdaKeyFirst  = bda + 0x80
	bdaKeyLast   = bda + 0x82
	bdaRows      = bda + 0x84 // less one
	bdaFont      = bda + 0x85
	bdaKeyboard  = bda + 0x96 // 101 keys
)

// Memory that the BIOS keeps for itself below 640 KB.
const (
	ebdaSegment = 0x9fc0
	ebdaBase    = ebdaSegment << 4
	baseKB      = ebdaBase >> 10
	equipWord   = 1<<1 | 2<<4 | 1<<9 // coprocessor, 80x25 colour, one serial port
	vectorIRQ0  = 0x08
	vectorIRQ8  = 0x70
	daySeconds  = 86400
	ticksPerDay = 1573040
)

// peek and poke reach physical memory.

func (b *BIOS) poke8(pa uint32, v uint8)   { b.pc.WritePhys(pa, []byte{v}) }
func (b *BIOS) poke16(pa uint32, v uint16) { b.pc.WritePhys(pa, []byte{uint8(v), uint8(v >> 8)}) }

func (b *BIOS) poke32(pa uint32, v uint32) {
	b.poke16(pa, uint16(v))
	b.poke16(pa+2, uint16(v>>16))
}

func (b *BIOS) peek16(pa uint32) uint16 {
	var w [2]byte
	b.pc.ReadPhys(pa, w[:])
	return uint16(w[0]) | uint16(w[1])<<8
}

func (b *BIOS) peek32(pa uint32) uint32 { return uint32(b.peek16(pa)) | uint32(b.peek16(pa+2))<<16 }

// selfTest makes the machine what boot loaders find.
func (b *BIOS) selfTest() {
	b.vectors()
	b.dataArea()
	b.chips()
	m := b.pc.Machine
	for _, seg := range []int{vm.ES, vm.CS, vm.SS, vm.DS, vm.FS, vm.GS} {
		m.LoadSegment(seg, 0)
	}
	m.SetReg(vm.ESP, 0x7c00)
}

// vectors points all vectors at their doors, those without service at a
// lone IRET. 1D–1F, 41, 43 and 46 are addresses of tables, not code.
func (b *BIOS) vectors() {
	set := func(vector, offset uint32) { b.poke32(vector*4, romSegment<<16|offset) }
	for v := uint32(0); v < 256; v++ {
		set(v, atNothing)
	}
	for v := uint32(firstVector); v <= 0x1a; v++ {
		set(v, v*doorSize)
	}
	for v := uint32(vectorIRQ8); v < vectorIRQ8+8; v++ {
		set(v, v*doorSize)
	}
	for _, quiet := range []uint32{0x01, 0x02, 0x03, 0x04, 0x05} { // single step, NMI, breakpoint, overflow, print screen
		set(quiet, atNothing)
	}
	set(0x08, atTimer)
	for _, table := range []uint32{0x1d, 0x1e, 0x1f, 0x41, 0x43, 0x46} {
		set(table, atNoDrive)
	}
}

func (b *BIOS) dataArea() {
	b.pc.WritePhys(bda, make([]byte, 0x100))
	b.poke16(bdaCOM, 0x3f8)
	b.poke16(bdaEBDA, ebdaSegment)
	b.poke16(bdaEquipment, equipWord)
	b.poke16(bdaBaseKB, baseKB)
	for _, at := range []uint32{bdaKeyHead, bdaKeyTail, bdaKeyFirst} {
		b.poke16(at, bdaKeys-bda)
	}
	b.poke16(bdaKeyLast, bdaKeysEnd-bda)
	b.poke16(bdaPageSize, 0x1000)
	b.poke8(bdaKeyboard, 0x10)
	b.poke32(bdaTicks, b.ticksOfDay())
	b.poke8(ebdaBase, 1) // its size in KB
	b.setMode(3)
}

// chips programs interrupt controllers, timer and keyboard. A20 is left
// closed, as on an AT.
func (b *BIOS) chips() {
	p := b.pc
	for _, w := range [][2]uint16{
		{0x20, 0x11}, {0x21, vectorIRQ0}, {0x21, 0x04}, {0x21, 0x01}, {0x21, 0xb8},
		{0xa0, 0x11}, {0xa1, vectorIRQ8}, {0xa1, 0x02}, {0xa1, 0x01}, {0xa1, 0xff},
	} {
		p.PIC.Out(w[0], uint8(w[1]))
	}
	for _, w := range [][2]uint16{
		{0x43, 0x36}, {0x40, 0}, {0x40, 0}, // counter 0: 18.2 Hz
		{0x43, 0x54}, {0x41, 18}, // counter 1: refresh
	} {
		p.PIT.Out(w[0], uint8(w[1]))
	}
	p.KBC.Out(0x64, 0xaa)
	p.KBC.In(0x60)
	p.KBC.Out(0x64, 0x60)
	p.KBC.Out(0x60, 0x65) // interrupt, system flag, no mouse, translate
	b.setA20(false)
}
