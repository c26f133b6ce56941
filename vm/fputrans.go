// SPDX-License-Identifier: BSD-3-Clause

// x87 transcendental instructions.
//
// Intel SDM vol. 1, 8.3.5 to 8.3.8; vol. 2: FYL2X, FYL2XP1, FPATAN, FSIN,
// FCOS, FSINCOS, FPTAN (F2XM1 is like any operation on ST(0)). Results are
// within one unit in the last place of hardware.

package vm

import "ring0/vm/float80"

// binaryPop makes the handler of an operation on ST(1) and ST(0) whose result
// goes to ST(1) before ST(0) is popped.
//
//	D9 F1   FYL2X
//	D9 F9   FYL2XP1
//	D9 F3   FPATAN
func binaryPop(op binaryOp) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		if f.empty(0) || f.empty(1) {
			f.underflow(1, 1)
			return true
		}
		v, st := op(f.r[f.phys(1)], f.r[f.top&7], f.control())
		f.deliver(1, v, st, 1)
		return true
	}
}

// trigonometric makes FSIN and FCOS. C2 says that the operand was out of
// range, 2^63 or more, and was left alone.
//
//	D9 FE   FSIN
//	D9 FF   FCOS
func trigonometric(op func(float80.F80, float80.Control) (float80.F80, float80.Status)) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		if f.empty(0) {
			f.fsw &^= fswC2
			f.underflow(0, 0)
			return true
		}
		v, st := op(f.r[f.top&7], f.control())
		f.enter(st, float80.C1|float80.C2)
		if !f.control().Keeps(st) {
			f.set(0, v)
		}
		return true
	}
}

// trigonometricPush makes FPTAN and FSINCOS, which have two results. C2 is as
// for FSIN; then nothing is pushed either.
//
//	D9 F2   FPTAN
//	D9 FB   FSINCOS
func trigonometricPush(op splitOp) handler {
	return func(c *CPU, in *inst) bool { return c.splitTop(in, op, float80.C1|float80.C2) }
}
