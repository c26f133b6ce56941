// SPDX-License-Identifier: BSD-3-Clause

// x87 arithmetic.
//
// Intel SDM vol. 2: FADD, FSUB, FSUBR, FMUL, FDIV, FDIVR with their P and I
// forms, FSQRT, FSCALE, FPREM, FPREM1, FRNDINT, FXTRACT, FABS, FCHS. C1 says
// that rounding enlarged the magnitude; after a stack fault, which kind it was.

package vm

import (
	"ring0/vm/float80"
	"ring0/vm/x86"
)

// binaryOp is an operation on two values.
type binaryOp func(a, b float80.F80, ctl float80.Control) (float80.F80, float80.Status)

func subR(a, b float80.F80, ctl float80.Control) (float80.F80, float80.Status) {
	return float80.Sub(b, a, ctl)
}

func divR(a, b float80.F80, ctl float80.Control) (float80.F80, float80.Status) {
	return float80.Div(b, a, ctl)
}

// arithmetic makes the handlers of one operation: destination and source are
// stack registers, or ST(0) and memory.
//
//	D8 C0+i D8 /0   FADD ST(0), ST(i); FADD m32   (MUL /1, SUB /4, SUBR /5, DIV /6, DIVR /7)
//	DC C0+i DC /0   FADD ST(i), ST(0); FADD m64
//	DE C0+i         FADDP ST(i), ST(0)
func arithmetic(op binaryOp, q quickOp, pops uint8) picker {
	reg, mem := arithmeticReg(op, pops), arithmeticMem(op, (*CPU).readReal)
	fastReg, fast32, fast64 := fastArithmeticReg(q, pops), fastArithmetic32(q), fastArithmetic64(q)
	return func(r *inst) (fastHandler, handler) {
		switch {
		case r.Form == x86.FormRR:
			return fastReg, reg
		case r.Size == 4:
			return fast32, mem
		}
		return fast64, mem
	}
}

// integerArithmetic is the same with an integer in memory.
//
//	DA /0, DE /0   FIADD m32, m16
func integerArithmetic(op binaryOp) handler { return arithmeticMem(op, (*CPU).readInteger) }

//go:noinline
func arithmeticReg(op binaryOp, pops uint8) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		if f.empty(in.Dst) || f.empty(in.Src) {
			f.underflow(in.Dst, pops)
			return true
		}
		v, st := op(f.r[f.phys(in.Dst)], f.r[f.phys(in.Src)], f.control())
		f.deliver(in.Dst, v, st, pops)
		return true
	}
}

//go:noinline
func arithmeticMem(op binaryOp, read operandRead) handler {
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
			f.underflow(0, 0)
			return true
		}
		v, st := op(f.r[f.top&7], b, f.control().With(pending))
		f.deliver(0, v, st, 0)
		return true
	}
}

// unaryTop makes the handler of an operation on ST(0).
//
//	D9 FA   FSQRT
//	D9 FC   FRNDINT
//	D9 F0   F2XM1
//
//go:noinline
func unaryTop(op func(float80.F80, float80.Control) (float80.F80, float80.Status)) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		if f.empty(0) {
			f.underflow(0, 0)
			return true
		}
		v, st := op(f.r[f.top&7], f.control())
		f.deliver(0, v, st, 0)
		return true
	}
}

// signOnly makes the handler of an operation on the sign of ST(0), which
// raises nothing but stack underflow.
//
//	D9 E0   FCHS
//	D9 E1   FABS
func signOnly(op func(float80.F80) float80.F80) handler {
	return unaryTop(func(a float80.F80, _ float80.Control) (float80.F80, float80.Status) {
		return op(a), 0
	})
}

// opFSCALE multiplies ST(0) by 2 to the power of ST(1), chopped.
//
//	D9 FD   FSCALE
func opFSCALE(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	f := &c.fpu
	if f.empty(0) || f.empty(1) {
		f.underflow(0, 0)
		return true
	}
	v, st := float80.Scale(f.r[f.top&7], f.r[f.phys(1)], f.control())
	f.deliver(0, v, st, 0)
	return true
}

// partialRemainder makes FPREM and FPREM1: ST(0) becomes the remainder of
// ST(0) / ST(1).
//
//	D9 F8   FPREM
//	D9 F5   FPREM1
//
// C2 says that the reduction is not complete; otherwise C0, C3 and C1 are the
// quotient's bits 2, 1 and 0. They keep their values when an exception does.
//
//go:noinline
func partialRemainder(op binaryOp) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		if f.empty(0) || f.empty(1) {
			f.underflow(0, 0)
			return true
		}
		v, st := op(f.r[f.top&7], f.r[f.phys(1)], f.control())
		codes := float80.C0 | float80.C1 | float80.C2 | float80.C3
		if f.control().Keeps(st) {
			codes = float80.C1 | float80.C2
		}
		f.enter(st, codes)
		if !f.control().Keeps(st) {
			f.set(0, v)
		}
		return true
	}
}

// opFXTRACT splits ST(0): the exponent takes its place and the significand
// is pushed.
//
//	D9 F4   FXTRACT
func opFXTRACT(c *CPU, in *inst) bool {
	return c.splitTop(in, func(a float80.F80, ctl float80.Control) (low, push float80.F80, st float80.Status) {
		push, low, st = float80.Extract(a, ctl)
		return low, push, st
	}, float80.C1)
}

// splitOp is an operation on ST(0) with two results: low replaces it, push is
// pushed.
type splitOp func(a float80.F80, ctl float80.Control) (low, push float80.F80, st float80.Status)

// splitTop executes a splitOp that defines the given condition codes.
func (c *CPU) splitTop(in *inst, op splitOp, codes float80.Status) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	f := &c.fpu
	// Both registers must be as they should: ST(0) full, ST(7) empty.
	if f.empty(0) || !f.empty(7) {
		kind := uint16(stackUnderflow)
		if !f.empty(0) {
			kind = stackOverflow
		}
		f.fsw &^= uint16(codes)
		if f.stackFault(kind) {
			f.set(0, float80.Indefinite())
			f.push(float80.Indefinite())
		}
		return true
	}
	low, push, st := op(f.r[f.top&7], f.control())
	f.enter(st, codes)
	if f.control().Keeps(st) {
		return true
	}
	f.set(0, low)
	if st&float80.C2 == 0 {
		f.push(push)
	}
	return true
}
