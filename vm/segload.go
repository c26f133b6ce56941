// SPDX-License-Identifier: BSD-3-Clause

// Loading segment registers: 8C 8E, PUSH and POP Sreg, LDS LES LSS LFS LGS.
//
// Intel SDM vol. 2, "MOV", "POP", "LDS/LES/LFS/LGS/LSS"; vol. 3, 5.6
// "Privilege level checking when accessing data segments", 5.7 "… when
// loading the SS register".

package vm

import "ring0/vm/x86"

// These are the hidden parts a segment register gets in virtual-8086 mode.
const (
	v86Attr  = attrP | 3<<attrDPLShift | attrS | attrWritable | attrAccessed
	v86Limit = 0xffff
)

// realSegment is what loading sel in real-address or virtual-8086 mode makes
// of segment register s. Real mode replaces the base alone, so that a limit
// set in protected mode stays ("unreal" mode).
func (c *CPU) realSegment(s segment, sel uint16) segment {
	s.sel, s.base = sel, uint32(sel)<<4
	if c.flags&FlagVM != 0 {
		s.attr, s.limit = v86Attr, v86Limit
	}
	s.attr |= attrP
	return s
}

// checkedSegment is the register contents that loading sel into segment
// register reg (not CS) gives at the current CPL, or a fault.
func (c *CPU) checkedSegment(reg uint8, sel uint16) (segment, bool) {
	switch {
	case c.realMode():
		return c.realSegment(c.seg[reg], sel), true
	case reg == x86.SS:
		return c.checkStackSel(sel, c.cpl, VecGP)
	}
	return c.checkDataSel(sel, c.cpl, VecGP)
}

// checkDataSel checks a selector for DS, ES, FS or GS at privilege cpl. bad is
// the exception of a bad one: #GP, or #TS in a task switch.
func (c *CPU) checkDataSel(sel uint16, cpl, bad uint8) (segment, bool) {
	// A null selector may be loaded; using it faults.
	if nullSel(sel) {
		return segment{sel: sel}, true
	}
	// The selector must lie within its table.
	d, ok := c.fetchDesc(sel, bad)
	if !ok {
		return segment{}, false
	}
	// The segment must be data or readable code.
	if !d.isReadable() {
		return segment{}, c.selFault(bad, sel)
	}
	// For data and non-conforming code neither RPL nor CPL may be above DPL.
	if d.shielded() && (uint8(sel&3) > d.dpl() || cpl > d.dpl()) {
		return segment{}, c.selFault(bad, sel)
	}
	// It must be present.
	if !d.present() {
		return segment{}, c.selFault(VecNP, sel)
	}
	if !c.markAccessed(sel, &d) {
		return segment{}, false
	}
	return d.segment(sel), true
}

// checkStackSel checks a selector for SS at privilege cpl.
func (c *CPU) checkStackSel(sel uint16, cpl, bad uint8) (segment, bool) {
	// A null selector is no stack.
	if nullSel(sel) {
		return segment{}, c.zeroFault(bad)
	}
	// The selector must lie within its table.
	d, ok := c.fetchDesc(sel, bad)
	if !ok {
		return segment{}, false
	}
	// RPL must be CPL, the segment writable data, DPL equal to CPL.
	if uint8(sel&3) != cpl || !d.isWritable() || d.dpl() != cpl {
		return segment{}, c.selFault(bad, sel)
	}
	// It must be present; the stack has its own exception for that.
	if !d.present() {
		return segment{}, c.selFault(VecSS, sel)
	}
	if !c.markAccessed(sel, &d) {
		return segment{}, false
	}
	return d.segment(sel), true
}

// setSegment loads a segment register with checked contents.
func (c *CPU) setSegment(reg uint8, s segment) {
	c.seg[reg] = s
	c.updateMode()
}

// proceed goes on at the next instruction, through the block's own link
// unless something changed that a lookup has to see.
func (c *CPU) proceed(in *inst, old mode) bool {
	c.eip, c.link = in.Next(), linkNext
	if c.mode != old || c.attention() {
		c.link = linkLookup
	}
	return false
}

// shadowSS inhibits interrupts and debug traps until after the next instruction.
func (c *CPU) shadowSS() { c.shadow, c.sys.shadowSS = true, true }

// opMOVSEG loads a segment register.
//
//	8E /r   MOV Sreg, r/m16     (MOV CS is #UD: the decoder's)
//
// Flags: none. Faults: the operand's, then checkedSegment's.
// After MOV SS no interrupt or debug trap comes before the next instruction.
func opMOVSEG(c *CPU, in *inst) bool {
	sel, ok := c.readWordRM(in)
	if !ok {
		return false
	}
	s, ok := c.checkedSegment(in.Dst, sel)
	if !ok {
		return false
	}
	old := c.mode
	c.setSegment(in.Dst, s)
	if in.Dst == x86.SS {
		c.shadowSS()
	}
	return c.proceed(in, old)
}

// readWordRM reads a 16-bit r/m operand whatever the operand size. The
// register is Src beside a destination, Dst alone.
func (c *CPU) readWordRM(in *inst) (uint16, bool) {
	switch in.Form {
	case x86.FormRR:
		return c.reg16(in.Src), true
	case x86.FormR:
		return c.reg16(in.Dst), true
	}
	return c.readMem16(in)
}

// writeWordRM stores a 16-bit value into an r/m operand: zero-extended into a
// 32-bit register, as two bytes in memory.
func (c *CPU) writeWordRM(in *inst, v uint16) bool {
	if in.Form == x86.FormRR || in.Form == x86.FormR {
		c.setRegSized(in.Dst, in.Size, uint32(v))
		return true
	}
	return c.writeMem16(in, v)
}

// opMOVFROMSEG stores a selector.
//
//	8C /r   MOV r/m16, Sreg; MOV r32, Sreg
//
// A 32-bit register gets the selector zero-extended (P6 and later).
func opMOVFROMSEG(c *CPU, in *inst) bool { return c.writeWordRM(in, c.seg[in.Src&7].sel) }

// opPUSHSEG pushes a selector.
//
//	06 0E 16 1E, 0F A0, 0F A8   PUSH Sreg
//
// With a 32-bit operand size the stack pointer moves by 4 and two bytes are
// written (SDM vol. 3, 22.31.1: so on the 486, P6 and Pentium 4).
func opPUSHSEG(c *CPU, in *inst) bool {
	sp := c.gpr[x86.ESP] - uint32(in.Size)
	if !c.writeSeg(x86.SS, sp&c.stackMask(), 2, uint64(c.seg[in.Dst].sel)) {
		return false
	}
	c.setSP(sp)
	return true
}

// opPOPSEG pops a selector.
//
//	07 17 1F, 0F A1, 0F A9   POP Sreg
//
// Two bytes are read whatever the operand size.
// Faults: #SS for the stack, then checkedSegment's. POP SS shadows like MOV SS.
func opPOPSEG(c *CPU, in *inst) bool {
	v, ok := c.peek(2, 0)
	if !ok {
		return false
	}
	s, ok := c.checkedSegment(in.Dst, uint16(v))
	if !ok {
		return false
	}
	old := c.mode
	c.drop(uint32(in.Size)) // by the old stack's width
	c.setSegment(in.Dst, s)
	if in.Dst == x86.SS {
		c.shadowSS()
	}
	return c.proceed(in, old)
}

// opLDSEG loads a far pointer.
//
//	C4 /r LES, C5 /r LDS, 0F B2 /r LSS, 0F B4 /r LFS, 0F B5 /r LGS   r, m16:16/32
//
// Faults: the operand's, then checkedSegment's. LSS does not shadow.
func opLDSEG(c *CPU, in *inst) bool {
	off, sel, ok := c.readFarPointer(in)
	if !ok {
		return false
	}
	reg := uint8(in.Imm2)
	s, ok := c.checkedSegment(reg, sel)
	if !ok {
		return false
	}
	old := c.mode
	c.setSegment(reg, s)
	c.setRegSized(in.Dst, in.Size, off)
	return c.proceed(in, old)
}

// readFarPointer reads m16:16 or m16:32. Its alignment is that of its offset.
func (c *CPU) readFarPointer(in *inst) (off uint32, sel uint16, ok bool) {
	v, ok := c.readAligned(in.Seg, c.effAddr(in), in.Size+2, in.Size)
	if in.Size == 2 {
		return uint32(v & 0xffff), uint16(v >> 16), ok
	}
	return uint32(v), uint16(v >> 32), ok
}
