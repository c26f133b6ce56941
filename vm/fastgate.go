// SPDX-License-Identifier: BSD-3-Clause

// The short way into ring 0 and back, for flat segments.
//
// Nothing is decided here: a gate, a descriptor or a stack that is not exactly
// what a flat kernel has, or not at hand in the TLB, takes the long way
// (gate.go, iret.go), which knows every rule. What is left needs no more
// checks than the comparisons below.

package vm

import (
	"unsafe"

	"ring0/vm/x86"
)

// Descriptors of flat segments: base 0, 4 GB, 32 bits, present, accessed,
// DPL 0; code is non-conforming.
const (
	flatCodeDesc descriptor = 0x00cf9900_0000ffff
	flatDataDesc descriptor = 0x00cf9300_0000ffff

	descReadable descriptor = attrReadable << 40
	descAVL      descriptor = 1 << 52
	descDPL3     descriptor = 3 << (40 + attrDPLShift)
)

func (d descriptor) isFlatCode(dpl descriptor) bool {
	return d&^(descAVL|descReadable) == flatCodeDesc|dpl
}

func (d descriptor) isFlatData(dpl descriptor) bool {
	return d&^descAVL == flatDataDesc|dpl
}

// gdtEntry reads the descriptor of a GDT selector, or returns 0 when there is
// none or it is not at hand.
func (c *CPU) gdtEntry(sel uint16) descriptor {
	last := uint32(sel) | 7
	la := c.gdtr.base + last - 7
	e := c.systemEntry(la)
	if sel&4 != 0 || sel < 4 || last > uint32(c.gdtr.limit) || e.rd != (la+7)&^pageMask {
		return 0
	}
	return *(*descriptor)(e.at(la))
}

// flatRing sets the mode of flat 32-bit code at CPL 0 or 3.
func (c *CPU) flatRing(cpl uint8, m mode) {
	c.cpl, c.mode = cpl, m|modeFlat|modeCode32
	c.tlb = &c.tlbs[m/modeUser]
	c.setTag()
}

// fastGate delivers ev from flat code in ring 3 or ring 0 to a flat handler
// in ring 0. It returns false, and has done nothing, when that needs the long
// way.
func (c *CPU) fastGate(ev *event, gate descriptor) bool {
	const kind, interrupt32 = 0x9e, 0x8e // present; interrupt or trap gate, 32 bits
	if c.mode&^modeUser != modeFlat|modeCode32 || c.sys.attn != 0 || gate>>40&kind != interrupt32 ||
		ev.kind == evSoftware && gate.dpl() < c.cpl {
		return false
	}
	sel := gate.gateSelector()
	code := c.gdtEntry(sel)
	if !code.isFlatCode(0) {
		return false
	}
	sp, n := c.gpr[x86.ESP], uint32(3*4)
	var ssSel uint16
	var ss descriptor
	if c.cpl != 0 {
		if c.cpl != 3 {
			return false
		}
		if ssSel, sp, ss = c.flatStack0(); ss == 0 {
			return false
		}
		n = 5 * 4
	}
	if ev.hasErr {
		n += 4
	}
	top := sp - n
	e := c.systemEntry(top)
	if e.wr != top&^pageMask || top&pageMask > pageSize-n {
		return false
	}
	p := e.at(top)
	if ev.hasErr {
		*(*uint32)(p) = ev.err
		p = unsafe.Add(p, 4)
	}
	c.writeFrame(p, ev)
	c.gpr[x86.ESP] = top
	c.seg[x86.CS].load(sel&^3, code)
	if ss != 0 {
		c.seg[x86.SS].load(ssSel, ss)
		c.flatRing(0, 0)
	}
	c.flags &^= FlagTF | FlagNT | FlagRF
	if gate.kind()&1 == 0 {
		c.flags &^= FlagIF
	}
	c.eip = gate.gateOffset()
	return true
}

// writeFrame stores EIP CS EFLAGS and, from ring 3, ESP SS.
func (c *CPU) writeFrame(p unsafe.Pointer, ev *event) {
	put := func(i int, v uint32) { *(*uint32)(unsafe.Add(p, 4*i)) = v }
	put(0, ev.next)
	put(1, uint32(c.seg[x86.CS].sel))
	put(2, c.pushedFlags(ev))
	if c.cpl != 0 {
		put(3, c.gpr[x86.ESP])
		put(4, uint32(c.seg[x86.SS].sel))
	}
}

// flatStack0 finds the stack of ring 0 in a 32-bit TSS; the descriptor is 0
// when it is not flat.
func (c *CPU) flatStack0() (sel uint16, sp uint32, ss descriptor) {
	const kind = attrP | attrS | 0xf
	la := c.tr.base + 4
	e := c.systemEntry(la)
	if c.tr.attr&kind != attrP|sysTSS32Busy || c.tr.limit < 4+5 || e.rd != (la+7)&^pageMask {
		return 0, 0, 0
	}
	v := *(*uint64)(e.at(la))
	sel = uint16(v >> 32)
	if ss = c.gdtEntry(sel); sel&3 != 0 || !ss.isFlatData(0) {
		return 0, 0, 0
	}
	return sel, uint32(v), ss
}

// fastIRET is IRETD from flat code in ring 0 to flat code in ring 0 or 3, NT
// being clear. It returns false, and has done nothing, when that needs the
// long way.
func (c *CPU) fastIRET() bool {
	if c.mode != modeFlat|modeCode32 || c.cpl != 0 || c.sys.attn != 0 || c.sys.nmiBlocked {
		return false
	}
	p := c.stackWords(0, 5*4)
	if p == nil {
		return false
	}
	word := func(i int) uint32 { return *(*uint32)(unsafe.Add(p, 4*i)) }
	sel, flags := uint16(word(1)), word(2)
	if flags&FlagVM != 0 || flags&FlagAC != 0 && c.cr0&CR0AM != 0 {
		return false
	}
	code, may := c.gdtEntry(sel), c.returnFlags(4)
	switch {
	case sel&3 == 0 && code.isFlatCode(0):
		c.gpr[x86.ESP] += 3 * 4
	case sel&3 == 3 && code.isFlatCode(descDPL3):
		ssSel := uint16(word(4))
		ss := c.gdtEntry(ssSel)
		if ssSel&3 != 3 || !ss.isFlatData(descDPL3) || !c.forRing3(x86.ES) || !c.forRing3(x86.DS) ||
			!c.forRing3(x86.FS) || !c.forRing3(x86.GS) {
			return false
		}
		c.seg[x86.SS].load(ssSel, ss)
		c.gpr[x86.ESP] = word(3)
		c.flatRing(3, modeUser)
	default:
		return false
	}
	c.seg[x86.CS].load(sel, code)
	c.loadFlags(flags, may)
	c.eip, c.link = word(0), linkLookup
	return true
}

// forRing3 reports that a return to ring 3 leaves a segment register alone.
func (c *CPU) forRing3(r uint8) bool {
	s := &c.seg[r]
	return s.dpl() == 3 || s.sel == 0 && s.attr == nullDesc.attr()
}
