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

// loadSegment loads segment register reg (not CS) at the current CPL, or
// raises a fault.
func (c *CPU) loadSegment(reg uint8, sel uint16) bool {
	if c.realMode() {
		c.seg[reg] = c.realSegment(c.seg[reg], sel)
		c.updateMode()
		return true
	}
	var d descriptor
	var ok bool
	if reg == x86.SS {
		d, ok = c.checkStackSel(sel, c.cpl, VecGP)
	} else {
		d, ok = c.checkDataSel(sel, c.cpl, VecGP)
	}
	if ok {
		c.seg[reg].load(sel, d)
		c.segmentChanged(reg)
	}
	return ok
}

// checkDataSel checks a selector for DS, ES, FS or GS at privilege cpl. bad is
// the exception of a bad one: #GP, or #TS in a task switch.
func (c *CPU) checkDataSel(sel uint16, cpl, bad uint8) (descriptor, bool) {
	// A null selector may be loaded; using it faults.
	if nullSel(sel) {
		return nullDesc, true
	}
	// The selector must lie within its table.
	d, ok := c.fetchDesc(sel, bad)
	if !ok {
		return 0, false
	}
	// The segment must be data or readable code.
	if !d.isReadable() {
		return 0, c.selFault(bad, sel)
	}
	// For data and non-conforming code neither RPL nor CPL may be above DPL.
	if d.shielded() && (uint8(sel&3) > d.dpl() || cpl > d.dpl()) {
		return 0, c.selFault(bad, sel)
	}
	// It must be present.
	if !d.present() {
		return 0, c.selFault(VecNP, sel)
	}
	return c.markAccessed(sel, d)
}

// checkStackSel checks a selector for SS at privilege cpl.
func (c *CPU) checkStackSel(sel uint16, cpl, bad uint8) (descriptor, bool) {
	// A null selector is no stack.
	if nullSel(sel) {
		return 0, c.zeroFault(bad)
	}
	// The selector must lie within its table.
	d, ok := c.fetchDesc(sel, bad)
	if !ok {
		return 0, false
	}
	// RPL must be CPL, the segment writable data, DPL equal to CPL.
	if uint8(sel&3) != cpl || !d.isWritable() || d.dpl() != cpl {
		return 0, c.selFault(bad, sel)
	}
	// It must be present; the stack has its own exception for that.
	if !d.present() {
		return 0, c.selFault(VecSS, sel)
	}
	return c.markAccessed(sel, d)
}

// segmentChanged follows the load of a segment register. The mode does not
// depend on FS and GS, on DS and ES only by their being flat.
func (c *CPU) segmentChanged(reg uint8) {
	switch reg {
	case x86.FS, x86.GS:
		return
	case x86.DS, x86.ES:
		if c.mode&modeFlat != 0 && c.seg[reg].flatData() {
			return
		}
	}
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
// Flags: none. Faults: the operand's, then loadSegment's.
// After MOV SS no interrupt or debug trap comes before the next instruction.
func opMOVSEG(c *CPU, in *inst) bool {
	sel, ok := c.readWordRM(in)
	if !ok {
		return false
	}
	old := c.mode
	if !c.loadSegment(in.Dst, sel) {
		return false
	}
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
	return c.push16(in.Size, c.seg[in.Dst&7].sel)
}

// opPOPSEG pops a selector.
//
//	07 17 1F, 0F A1, 0F A9   POP Sreg
//
// Two bytes are read whatever the operand size.
// Faults: #SS for the stack, then loadSegment's. POP SS shadows like MOV SS.
func opPOPSEG(c *CPU, in *inst) bool {
	sel, ok := c.peek16()
	if !ok {
		return false
	}
	old, mask := c.mode, c.stackMask()
	if !c.loadSegment(in.Dst, sel) {
		return false
	}
	// The stack pointer moves by the old stack's width.
	sp := &c.gpr[x86.ESP]
	*sp = *sp&^mask | (*sp+uint32(in.Size))&mask
	if in.Dst == x86.SS {
		c.shadowSS()
	}
	return c.proceed(in, old)
}

// opLDSEG loads a far pointer.
//
//	C4 /r LES, C5 /r LDS, 0F B2 /r LSS, 0F B4 /r LFS, 0F B5 /r LGS   r, m16:16/32
//
// Faults: the operand's, then loadSegment's. LSS does not shadow.
func opLDSEG(c *CPU, in *inst) bool {
	off, sel, ok := c.readFarPointer(in)
	if !ok {
		return false
	}
	reg := uint8(in.Imm2 & 7)
	old := c.mode
	if !c.loadSegment(reg, sel) {
		return false
	}
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
