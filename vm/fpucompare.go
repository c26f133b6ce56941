// SPDX-License-Identifier: BSD-3-Clause

// x87 comparison.
//
// Intel SDM vol. 2: FCOM/FCOMP/FCOMPP, FUCOM/FUCOMP/FUCOMPP, FICOM/FICOMP,
// FCOMI/FCOMIP/FUCOMI/FUCOMIP, FTST, FXAM. The relation is reported even when
// an unmasked exception forbids the pop.

package vm

import (
	"ring0/vm/float80"
	"ring0/vm/x86"
)

// compareOp is Compare, for which a NaN is invalid, or CompareQuiet.
type compareOp func(a, b float80.F80, ctl float80.Control) (float80.Relation, float80.Status)

const allCodes = float80.C0 | float80.C1 | float80.C2 | float80.C3

// comparison makes the handlers of one comparison of ST(0), with a register
// or memory.
//
//	D8 D0+i D8 /2 DC /2   FCOM ST(i), m32, m64   (FCOMP +8, /3)
//	DE D9                 FCOMPP
//	DD E0+i               FUCOM ST(i)            (FUCOMP +8)
//	DA E9                 FUCOMPP
//
// C3, C2, C0: 000 greater, 001 less, 100 equal, 111 unordered. C1 is 0.
func comparison(op compareOp, pops uint8) picker {
	reg, mem := compareReg(op, pops), compareMem(op, (*CPU).readReal, pops)
	return func(r *inst) (fastHandler, handler) {
		if r.Form == x86.FormM {
			return nil, mem
		}
		return nil, reg
	}
}

// integerComparison is the same with an integer in memory.
//
//	DA /2, DE /2   FICOM m32, m16   (FICOMP /3)
func integerComparison(pops uint8) handler {
	return compareMem(float80.Compare, (*CPU).readInteger, pops)
}

//go:noinline
func compareReg(op compareOp, pops uint8) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		other := in.Dst
		if in.Form == x86.FormNone { // FCOMPP, FUCOMPP
			other = 1
		}
		if f.empty(0) || f.empty(other) {
			f.compareEmpty(pops)
			return true
		}
		rel, st := op(f.r[f.top&7], f.r[f.phys(other)], f.control())
		f.compared(rel, st, pops)
		return true
	}
}

//go:noinline
func compareMem(op compareOp, read operandRead, pops uint8) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		b, pending, ok := read(c, in)
		if !ok {
			return false
		}
		f := &c.fpu
		if f.empty(0) {
			f.compareEmpty(pops)
			return true
		}
		rel, st := op(f.r[f.top&7], b, f.control().With(pending))
		f.compared(rel, st, pops)
		return true
	}
}

// compared reports a relation in the condition codes.
func (f *fpuState) compared(rel float80.Relation, st float80.Status, pops uint8) {
	f.enter(st|rel.Codes(), allCodes)
	if !f.control().Keeps(st) {
		f.pop(pops)
	}
}

// compareEmpty is the answer to an empty register: unordered.
func (f *fpuState) compareEmpty(pops uint8) {
	f.enter(float80.Unordered.Codes(), allCodes)
	if f.stackFault(stackUnderflow) {
		f.pop(pops)
	}
}

// compareFlags makes the comparisons that report to ZF, PF and CF; OF, SF and
// AF are cleared. C1 stays, but for a stack fault.
//
//	DB F0+i DF F0+i   FCOMI, FCOMIP ST(0), ST(i)
//	DB E8+i DF E8+i   FUCOMI, FUCOMIP ST(0), ST(i)
//
//go:noinline
func compareFlags(op compareOp, pops uint8) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		if f.empty(0) || f.empty(in.Dst) {
			c.setRelation(float80.Unordered)
			if f.stackFault(stackUnderflow) {
				f.pop(pops)
			}
			return true
		}
		rel, st := op(f.r[f.top&7], f.r[f.phys(in.Dst)], f.control())
		c.setRelation(rel)
		f.enter(st, 0)
		if !f.control().Keeps(st) {
			f.pop(pops)
		}
		return true
	}
}

// setRelation reports a relation in EFLAGS.
func (c *CPU) setRelation(rel float80.Relation) {
	c.setArithFlags(uint32(rel.Codes() >> 8))
}

// opFTST compares ST(0) with zero.
//
//	D9 E4   FTST
func opFTST(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	f := &c.fpu
	if f.empty(0) {
		f.compareEmpty(0)
		return true
	}
	rel, st := float80.Compare(f.r[f.top&7], float80.Zero(), f.control())
	f.compared(rel, st, 0)
	return true
}

// opFXAM classifies ST(0).
//
//	D9 E5   FXAM
//
// C3, C2, C0: 000 unsupported, 001 NaN, 010 normal, 011 infinity, 100 zero,
// 101 empty, 110 denormal. C1 is the sign, of an empty register too.
func opFXAM(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	f := &c.fpu
	v := f.r[f.top&7]
	st := float80.Examine(v)
	if f.empty(0) {
		st = st&float80.C1 | float80.C3 | float80.C0
	}
	f.enter(st, allCodes)
	return true
}
