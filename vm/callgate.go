// SPDX-License-Identifier: BSD-3-Clause

// Call gates, 16 and 32 bits wide, with parameters.
//
// Intel SDM vol. 3, 5.8.3 "Call gates" to 5.8.5 "Stack switching"; vol. 2,
// "CALL" and "JMP", operation, CALL-GATE.

package vm

import "ring0/vm/x86"

// passGate checks a call gate and replaces t by the place it names. It
// returns the gate.
func (c *CPU) passGate(t *farTarget) (gate descriptor, ok bool) {
	gate = t.desc
	// The gate's DPL must not be below CPL or RPL.
	if gate.dpl() < c.cpl || gate.dpl() < uint8(t.sel&3) {
		return gate, c.selFault(VecGP, t.sel)
	}
	// The gate must be present.
	if !gate.present() {
		return gate, c.selFault(VecNP, t.sel)
	}
	*t = farTarget{sel: gate.gateSelector(), off: gate.gateOffset()}
	// Its code selector must not be null, and lie within its table.
	if !c.lookUp(t) {
		return gate, false
	}
	return gate, true
}

// jumpGate is JMP through a call gate: to the same ring only.
func (c *CPU) jumpGate(t *farTarget) bool {
	if _, ok := c.passGate(t); !ok {
		return false
	}
	d := t.desc
	// Code: conforming with DPL not above CPL, or DPL equal to CPL.
	if !d.isCode() || d.isConforming() && d.dpl() > c.cpl || !d.isConforming() && d.dpl() != c.cpl {
		return c.selFault(VecGP, t.sel)
	}
	// It must be present.
	if !d.present() {
		return c.selFault(VecNP, t.sel)
	}
	return c.goTo(t)
}

// callGate is CALL through a call gate: to the same ring or an inner one.
func (c *CPU) callGate(t *farTarget, frame [2]uint32) bool {
	gate, ok := c.passGate(t)
	if !ok {
		return false
	}
	// Code, of CPL's or an inner ring.
	if !t.desc.isCode() || t.desc.dpl() > c.cpl {
		return c.selFault(VecGP, t.sel)
	}
	// It must be present.
	if !t.desc.present() {
		return c.selFault(VecNP, t.sel)
	}
	if !t.desc.isConforming() && t.desc.dpl() < c.cpl {
		return c.callInner(t, gate, frame)
	}
	return c.callSame(t, gate.gateSize(), frame)
}

// callInner switches to the inner ring's stack and copies the parameters:
//
//	SS ESP parameters CS EIP
func (c *CPU) callInner(t *farTarget, gate descriptor, frame [2]uint32) bool {
	cpl := t.desc.dpl()
	var top stackTop
	if !c.innerStack(cpl, &top) {
		return false
	}
	size, params := gate.gateSize(), int(gate.gateParams())
	// The new stack must have room.
	if !c.roomFor(&top, size, params+4) {
		return false
	}
	// The target must lie within the segment.
	if t.off > t.desc.limit() {
		return c.gp0()
	}
	var vals [maxFrame]uint32
	vals[0], vals[1] = uint32(c.seg[x86.SS].sel), c.gpr[x86.ESP]
	// Parameters keep their order: the one on the old top is pushed last.
	args := vals[2 : 2+params]
	if params > 0 && !c.peekAll(size, 0, args) {
		return false
	}
	for i, j := 0, params-1; i < j; i, j = i+1, j-1 {
		args[i], args[j] = args[j], args[i]
	}
	copy(vals[2+params:], frame[:])
	if !t.markAccessed(c) || !c.pushAll(&top, size, vals[:params+4]) {
		return false
	}
	c.seg[x86.SS].copySegment(&top.seg)
	c.gpr[x86.ESP] = top.sp
	c.setCode(t.sel, t.desc, cpl)
	return c.farJumped(t.off)
}
