// SPDX-License-Identifier: BSD-3-Clause

// IRET in all its forms: real mode, virtual-8086 mode, same ring, outer ring,
// into virtual-8086 mode, to the previous task.
//
// Intel SDM vol. 2, "IRET/IRETD"; vol. 3, 6.12.1 "Exception- or interrupt-
// handler procedures", 20.2.

package vm

import (
	"unsafe"

	"ring0/vm/x86"
)

// EFLAGS bits that IRET and POPF may change, by privilege.
const (
	flagsAlways = flagsArith | FlagTF | FlagDF | FlagNT // at any level
	flagsWide   = FlagAC | FlagID                       // with 32-bit operands
	flagsVirt   = FlagVIF | FlagVIP                     // IRETD at CPL 0
)

// opIRET is CF.
func opIRET(c *CPU, in *inst) bool {
	c.eip = in.EIP
	switch {
	case c.cr0&CR0PE == 0:
		return c.iretReal(in.Size, flagsAlways|FlagIF|FlagIOPL)
	case c.flags&FlagVM != 0:
		// Virtual-8086 mode needs IOPL 3, and leaves IOPL alone.
		if c.iopl() < 3 {
			return c.gp0()
		}
		return c.iretReal(in.Size, flagsAlways|FlagIF)
	case c.flags&FlagNT != 0:
		return c.returnToTask(in.Next())
	case in.Size == 4 && c.fastIRET():
		return false
	}
	return c.iretProtected(in.Size)
}

// iretReal pops IP, CS and FLAGS where segment registers have no privilege.
func (c *CPU) iretReal(size uint8, may uint32) bool {
	var v [3]uint32 // EIP CS EFLAGS
	if !c.peekAll(size, 0, v[:]) {
		return false
	}
	// The target must lie within the segment.
	cs := c.realSegment(c.seg[x86.CS], uint16(v[1]))
	if v[0] > cs.limit {
		return c.gp0()
	}
	if size == 4 {
		may |= flagsWide | FlagRF
	}
	c.drop(3 * uint32(size))
	c.seg[x86.CS] = cs
	c.loadFlags(v[2], may)
	return c.returned(v[0])
}

// loadFlags takes the bits of may from f.
func (c *CPU) loadFlags(f, may uint32) {
	// RF matters to instruction breakpoints alone: without any armed it would
	// be cleared by the next instruction, unseen.
	if c.sys.attn&attnArmed == 0 {
		f &^= may & FlagRF
	}
	c.setArithFlags(f) // may always holds flagsArith
	c.flags = c.flags&^may | f&may&^flagsArith | flagsFixed
}

// returned ends an IRET at eip.
func (c *CPU) returned(eip uint32) bool {
	c.unblockNMI()
	c.updateMode()
	c.eip, c.link = eip, linkLookup
	return false
}

// iretProtected returns to the same or an outer ring, or to virtual-8086 mode.
func (c *CPU) iretProtected(size uint8) bool {
	// The stack must hold the three words; the others are for an outer ring.
	v := returnFrame{size: size}
	if !c.readReturnFrame(&v) {
		return false
	}
	if size == 4 && v.eflags&FlagVM != 0 && c.cpl == 0 {
		return c.iretV86(v.eip, v.cs, v.eflags)
	}
	sel := uint16(v.cs)
	code, ok := c.checkReturnSel(sel)
	if !ok {
		return false
	}
	if uint8(sel&3) > c.cpl {
		return c.iretOuter(&v, code)
	}
	// The target must lie within the segment.
	if v.eip > code.limit() {
		return c.gp0()
	}
	if code, ok = c.markAccessed(sel, code); !ok {
		return false
	}
	may := c.returnFlags(size)
	c.drop(3 * uint32(size))
	c.seg[x86.CS].load(sel, code)
	c.loadFlags(v.eflags, may)
	return c.returned(v.eip)
}

// returnFrame is what IRET finds on the stack. n of the words have been read.
type returnFrame struct {
	size, n                 uint8
	eip, cs, eflags, sp, ss uint32
}

// readReturnFrame reads the first three words, or all of them when that is
// no trouble.
func (c *CPU) readReturnFrame(f *returnFrame) bool {
	if p := c.stackWords(0, 5*4); p != nil && f.size == 4 {
		word := func(i int) uint32 { return *(*uint32)(unsafe.Add(p, 4*i)) }
		f.eip, f.cs, f.eflags, f.sp, f.ss = word(0), word(1), word(2), word(3), word(4)
		f.n = 5
		return true
	}
	var v [3]uint32
	ok := c.peekAll(f.size, 0, v[:])
	f.eip, f.cs, f.eflags, f.n = v[0], v[1], v[2], 3
	return ok
}

// readOuter reads the other two.
func (c *CPU) readOuter(f *returnFrame) bool {
	if f.n == 5 {
		return true
	}
	var v [2]uint32
	ok := c.peekAll(f.size, 3*uint32(f.size), v[:])
	f.sp, f.ss = v[0], v[1]
	return ok
}

// checkReturnSel checks the CS of an IRET or far RET frame.
func (c *CPU) checkReturnSel(sel uint16) (descriptor, bool) {
	// It must not be null.
	if nullSel(sel) {
		return 0, c.zeroFault(VecGP)
	}
	// It must lie within its table.
	d, ok := c.fetchDesc(sel, VecGP)
	if !ok {
		return 0, false
	}
	// It must be code, and no inner ring.
	rpl := uint8(sel & 3)
	if !d.isCode() || rpl < c.cpl {
		return 0, c.selFault(VecGP, sel)
	}
	// Conforming code: DPL not above RPL. Other code: DPL equal to RPL.
	if d.isConforming() && d.dpl() > rpl || !d.isConforming() && d.dpl() != rpl {
		return 0, c.selFault(VecGP, sel)
	}
	// It must be present.
	if !d.present() {
		return 0, c.selFault(VecNP, sel)
	}
	return d, true
}

// returnFlags are the EFLAGS bits a protected-mode IRET may change at the
// privilege it starts from.
func (c *CPU) returnFlags(size uint8) uint32 {
	may := uint32(flagsAlways)
	if c.cpl <= c.iopl() {
		may |= FlagIF
	}
	if c.cpl == 0 {
		may |= FlagIOPL
	}
	if size == 4 {
		may |= flagsWide | FlagRF
		if c.cpl == 0 {
			may |= flagsVirt
		}
	}
	return may
}

// iretOuter also pops SS:ESP.
func (c *CPU) iretOuter(v *returnFrame, code descriptor) bool {
	if !c.readOuter(v) {
		return false
	}
	sel := uint16(v.cs)
	cpl := uint8(sel & 3)
	ss, ok := c.checkStackSel(uint16(v.ss), cpl, VecGP)
	if !ok {
		return false
	}
	// The target must lie within the segment.
	if v.eip > code.limit() {
		return c.gp0()
	}
	if code, ok = c.markAccessed(sel, code); !ok {
		return false
	}
	may := c.returnFlags(v.size)
	c.enterOuter(sel, code, uint16(v.ss), ss, v.sp)
	c.loadFlags(v.eflags, may)
	return c.returned(v.eip)
}

// enterOuter switches to an outer ring's code and stack, and empties the
// segment registers that ring may not use. Callers update the mode.
func (c *CPU) enterOuter(sel uint16, code descriptor, ssSel uint16, ss descriptor, sp uint32) {
	c.cpl = uint8(sel & 3)
	c.seg[x86.CS].load(sel, code)
	c.seg[x86.SS].load(ssSel, ss)
	c.setSP(sp)
	for _, r := range [...]uint8{x86.ES, x86.DS, x86.FS, x86.GS} {
		s := &c.seg[r]
		if s.attr&(attrCode|attrConform) != attrCode|attrConform && s.dpl() < c.cpl {
			s.load(0, nullDesc)
		}
	}
}

// iretV86 enters virtual-8086 mode from ring 0: EIP CS EFLAGS are followed by
// ESP SS ES DS FS GS.
func (c *CPU) iretV86(eip, cs, flags uint32) bool {
	var s [6]uint32
	if !c.peekAll(4, 12, s[:]) {
		return false
	}
	// The target must lie within 64 KB.
	if eip > v86Limit {
		return c.gp0()
	}
	may := c.returnFlags(4) | FlagVM
	c.cpl = 3
	c.loadFlags(flags, may)
	for i, r := range [...]uint8{x86.SS, x86.ES, x86.DS, x86.FS, x86.GS} {
		c.seg[r] = c.realSegment(segment{}, uint16(s[i+1]))
	}
	c.seg[x86.CS] = c.realSegment(segment{}, uint16(cs))
	c.gpr[x86.ESP] = s[0]
	return c.returned(eip)
}
