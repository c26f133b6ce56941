// SPDX-License-Identifier: BSD-3-Clause

// Far transfers: JMP and CALL to code segments, through call gates, task
// gates and TSSs; far RET.
//
// Intel SDM vol. 2, "JMP", "CALL", "RET", operation; vol. 3, 5.8 "Privilege
// level checking when transferring program control between code segments".

package vm

import "ring0/vm/x86"

var transferOps = opTable{
	x86.JMPFAR:  {any: opJMPFAR},
	x86.CALLFAR: {any: opCALLFAR},
	x86.RETFAR:  {any: opRETFAR},
	x86.IRET:    {any: opIRET},
	x86.INT:     {any: opINT},
	x86.INT3:    {any: opINT3},
	x86.INTO:    {any: opINTO},
	x86.ICEBP:   {any: opICEBP},
	x86.BOUND:   {any: opBOUND},
	x86.UD2:     {any: opUD},
	x86.Invalid: {any: opUD},
}

// farTarget is a place in another code segment.
type farTarget struct {
	sel  uint16
	off  uint32
	desc descriptor // of sel, when it has one
}

func (t *farTarget) markAccessed(c *CPU) (ok bool) {
	t.desc, ok = c.markAccessed(t.sel, t.desc)
	return ok
}

// farOperand reads the far pointer of JMP and CALL.
func (c *CPU) farOperand(in *inst) (t farTarget, ok bool) {
	if in.Form == x86.FormFar {
		return farTarget{sel: in.Imm2, off: in.Imm}, true
	}
	t.off, t.sel, ok = c.readFarPointer(in)
	return t, ok
}

// lookUp finds the descriptor of a far pointer's selector.
func (c *CPU) lookUp(t *farTarget) (ok bool) {
	// The selector must not be null.
	if nullSel(t.sel) {
		return c.gp0()
	}
	// It must lie within its table.
	t.desc, ok = c.fetchDesc(t.sel, VecGP)
	return ok
}

// checkDirect checks a code segment that JMP or CALL names itself.
func (c *CPU) checkDirect(t *farTarget) bool {
	d := t.desc
	// Conforming code: DPL not above CPL. Other code: RPL not above CPL and
	// DPL equal to CPL.
	if d.isConforming() && d.dpl() > c.cpl ||
		!d.isConforming() && (uint8(t.sel&3) > c.cpl || d.dpl() != c.cpl) {
		return c.selFault(VecGP, t.sel)
	}
	// It must be present.
	if !d.present() {
		return c.selFault(VecNP, t.sel)
	}
	return true
}

// goTo enters code at the current privilege level. The offset must lie within
// the segment; everything else has been checked.
func (c *CPU) goTo(t *farTarget) bool {
	if t.off > t.desc.limit() {
		return c.gp0()
	}
	if !t.markAccessed(c) {
		return false
	}
	c.setCode(t.sel, t.desc, c.cpl)
	return c.farJumped(t.off)
}

// farJumped leaves the block for eip in another segment.
func (c *CPU) farJumped(eip uint32) bool {
	c.eip, c.link = eip, linkLookup
	return false
}

// goReal enters code in real or virtual-8086 mode.
func (c *CPU) goReal(t *farTarget) bool {
	cs := c.realSegment(c.seg[x86.CS], t.sel)
	if t.off > cs.limit {
		return c.gp0()
	}
	c.seg[x86.CS] = cs
	c.updateMode()
	return c.farJumped(t.off)
}

// opJMPFAR is EA and FF /5.
func opJMPFAR(c *CPU, in *inst) bool {
	t, ok := c.farOperand(in)
	if !ok {
		return false
	}
	if c.realMode() {
		return c.goReal(&t)
	}
	if !c.lookUp(&t) {
		return false
	}
	if t.desc.isCode() {
		return c.checkDirect(&t) && c.goTo(&t)
	}
	switch t.desc.kind() {
	case sysCall16, sysCall32:
		return c.jumpGate(&t)
	case sysTaskGate:
		return c.farTaskGate(in, &t, taskJump)
	case sysTSS16, sysTSS32:
		return c.farTSS(in, &t, taskJump)
	}
	return c.selFault(VecGP, t.sel)
}

// opCALLFAR is 9A and FF /3.
func opCALLFAR(c *CPU, in *inst) bool {
	t, ok := c.farOperand(in)
	if !ok {
		return false
	}
	frame := [2]uint32{uint32(c.seg[x86.CS].sel), in.Next()}
	if c.realMode() {
		return c.callReal(in, &t, frame)
	}
	if !c.lookUp(&t) {
		return false
	}
	if t.desc.isCode() {
		return c.checkDirect(&t) && c.callSame(&t, in.Size, frame)
	}
	switch t.desc.kind() {
	case sysCall16, sysCall32:
		return c.callGate(&t, frame)
	case sysTaskGate:
		return c.farTaskGate(in, &t, taskCall)
	case sysTSS16, sysTSS32:
		return c.farTSS(in, &t, taskCall)
	}
	return c.selFault(VecGP, t.sel)
}

// callReal pushes CS and IP and goes.
func (c *CPU) callReal(in *inst, t *farTarget, frame [2]uint32) bool {
	var top stackTop
	c.currentStack(&top)
	// The stack must have room, then the target must lie within its segment.
	if !c.roomFor(&top, in.Size, len(frame)) {
		return false
	}
	if t.off > c.realSegment(c.seg[x86.CS], t.sel).limit {
		return c.gp0()
	}
	if !c.pushAll(&top, in.Size, frame[:]) {
		return false
	}
	c.gpr[x86.ESP] = top.sp
	return c.goReal(t)
}

// callSame is a call to checked code at the current privilege level.
func (c *CPU) callSame(t *farTarget, size uint8, frame [2]uint32) bool {
	var top stackTop
	c.currentStack(&top)
	// The stack must have room, then the target must lie within its segment.
	if !c.roomFor(&top, size, len(frame)) {
		return false
	}
	if t.off > t.desc.limit() {
		return c.gp0()
	}
	if !t.markAccessed(c) || !c.pushAll(&top, size, frame[:]) {
		return false
	}
	c.gpr[x86.ESP] = top.sp
	return c.goTo(t)
}

// opRETFAR is CB and CA iw.
func opRETFAR(c *CPU, in *inst) bool {
	var v [2]uint32 // EIP CS
	if !c.peekAll(in.Size, 0, v[:]) {
		return false
	}
	release := in.Imm & 0xffff
	if in.Form != x86.FormI {
		release = 0
	}
	t := farTarget{sel: uint16(v[1]), off: v[0]}
	if c.realMode() {
		if t.off > c.realSegment(c.seg[x86.CS], t.sel).limit {
			return c.gp0()
		}
		c.drop(2*uint32(in.Size) + release)
		return c.goReal(&t)
	}
	var ok bool
	if t.desc, ok = c.checkReturnSel(t.sel); !ok {
		return false
	}
	if uint8(t.sel&3) > c.cpl {
		return c.returnOuter(in.Size, &t, release)
	}
	// The target must lie within the segment.
	if t.off > t.desc.limit() {
		return c.gp0()
	}
	if !t.markAccessed(c) {
		return false
	}
	c.drop(2*uint32(in.Size) + release)
	c.setCode(t.sel, t.desc, c.cpl)
	return c.farJumped(t.off)
}

// returnOuter also pops SS:ESP, from above the parameters, and releases the
// parameters on the outer stack too.
func (c *CPU) returnOuter(size uint8, t *farTarget, release uint32) bool {
	var s [2]uint32 // ESP SS
	if !c.peekAll(size, 2*uint32(size)+release, s[:]) {
		return false
	}
	ss, ok := c.checkStackSel(uint16(s[1]), uint8(t.sel&3), VecGP)
	if !ok {
		return false
	}
	// The target must lie within the segment.
	if t.off > t.desc.limit() {
		return c.gp0()
	}
	if !t.markAccessed(c) {
		return false
	}
	c.enterOuter(t.sel, t.desc, uint16(s[1]), ss, s[0])
	c.drop(release)
	c.updateMode()
	return c.farJumped(t.off)
}
