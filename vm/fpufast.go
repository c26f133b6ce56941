// SPDX-License-Identifier: BSD-3-Clause

// Fast handlers of the hot x87 instructions: registers as they should be,
// nothing pending, the fast memory path, results that raise at most a masked
// precision exception. Everything else they leave to the handlers of
// fpuarith.go and fpumove.go, which say what the instructions do.

package vm

import "ring0/vm/float80"

// quiet reports that x87 instructions may execute and ST(0) is not empty.
func (c *CPU) quiet() bool {
	f := &c.fpu
	return c.cr0&(CR0EM|CR0TS)|uint32(f.fsw&fswES) == 0 && f.used>>(f.top&7)&1 != 0
}

// mayPush is quiet for instructions that push: ST(7) is to be empty, and of
// ST(0) they ask nothing.
func (c *CPU) mayPush() bool {
	f := &c.fpu
	return c.cr0&(CR0EM|CR0TS)|uint32(f.fsw&fswES) == 0 && f.used>>((f.top-1)&7)&1 == 0
}

// ordinary reports that st has nothing but C1 and a masked precision exception.
func (f *fpuState) ordinary(st float80.Status) bool {
	return uint16(st)&^(f.fcw&fswPE|fswC1) == 0
}

// accept enters an ordinary status.
func (f *fpuState) accept(st float80.Status) { f.fsw = f.fsw&^fswC1 | uint16(st) }

// pop1 and push1 are pop(1) and push, short enough to be inlined.
func (f *fpuState) pop1() {
	f.used &^= 1 << (f.top & 7)
	f.top = (f.top + 1) & 7
}

func (f *fpuState) push1(v float80.F80) {
	f.top = (f.top - 1) & 7
	f.r[f.top&7] = v
	f.used |= 1 << (f.top & 7)
	f.fsw &^= fswC1
}

// quickOp is an arithmetic operation in float80's quick form: do, on operands
// with their signs flipped.
type quickOp struct {
	do           func(a, b float80.F80) (float80.F80, float80.Status, bool)
	flipA, flipB uint16
}

const signBit = 0x8000 // of float80.F80.SE

var (
	quickAdd  = quickOp{do: float80.QuickSum}
	quickSub  = quickOp{do: float80.QuickSum, flipB: signBit}
	quickSubR = quickOp{do: float80.QuickSum, flipA: signBit}
	quickMul  = quickOp{do: float80.QuickMul}
	quickDiv  = quickOp{do: float80.QuickDiv}
	quickDivR = quickOp{do: func(a, b float80.F80) (float80.F80, float80.Status, bool) { return float80.QuickDiv(b, a) }}
)

func (q *quickOp) flip(a, b float80.F80) (float80.F80, float80.F80) {
	a.SE ^= q.flipA
	b.SE ^= q.flipB
	return a, b
}

// The constructors of handlers are kept out of line: Go inlines nothing into
// a closure whose constructor it inlined into a package variable's initializer.

//go:noinline
func fastArithmeticReg(q quickOp, pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		d, s := (f.top+in.Dst)&7, (f.top+in.Src)&7
		a, b := f.r[d], f.r[s]
		if !c.quiet() || (f.used>>d)&(f.used>>s)&1 == 0 || !f.control().Quick(a, b) {
			return c.miss(in)
		}
		v, st, ok := q.do(q.flip(a, b))
		if !ok || !f.ordinary(st) {
			return c.miss(in)
		}
		f.r[d] = v
		f.accept(st)
		if pops != 0 {
			f.pop1()
		}
		c.note(in)
		return nextRec(in)
	}
}

//go:noinline
func fastArithmetic64(q quickOp) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p := c.fastRead(in, 8)
		if p == nil || !c.quiet() {
			return c.miss(in)
		}
		a := f.r[f.top&7]
		b, ok := float80.QuickWiden64(*(*uint64)(p))
		if !ok || !f.control().Quick(a, b) {
			return c.miss(in)
		}
		v, st, ok := q.do(q.flip(a, b))
		if !ok || !f.ordinary(st) {
			return c.miss(in)
		}
		f.r[f.top&7] = v
		f.accept(st)
		c.noteMem(in, c.fastAddr(in))
		return nextRec(in)
	}
}

//go:noinline
func fastArithmetic32(q quickOp) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p := c.fastRead(in, 4)
		if p == nil || !c.quiet() {
			return c.miss(in)
		}
		a := f.r[f.top&7]
		b, ok := float80.QuickWiden32(*(*uint32)(p))
		if !ok || !f.control().Quick(a, b) {
			return c.miss(in)
		}
		v, st, ok := q.do(q.flip(a, b))
		if !ok || !f.ordinary(st) {
			return c.miss(in)
		}
		f.r[f.top&7] = v
		f.accept(st)
		c.noteMem(in, c.fastAddr(in))
		return nextRec(in)
	}
}

func fastFLD(c *CPU, in *inst) *inst {
	f := &c.fpu
	s := (f.top + in.Dst) & 7
	if !c.mayPush() || f.used>>s&1 == 0 {
		return c.miss(in)
	}
	f.push1(f.r[s])
	c.note(in)
	return nextRec(in)
}

func fastFLD64(c *CPU, in *inst) *inst {
	p := c.fastRead(in, 8)
	if p == nil || !c.mayPush() {
		return c.miss(in)
	}
	v, ok := float80.QuickWiden64(*(*uint64)(p))
	if !ok {
		return c.miss(in)
	}
	c.fpu.push1(v)
	c.noteMem(in, c.fastAddr(in))
	return nextRec(in)
}

func fastFLD32(c *CPU, in *inst) *inst {
	p := c.fastRead(in, 4)
	if p == nil || !c.mayPush() {
		return c.miss(in)
	}
	v, ok := float80.QuickWiden32(*(*uint32)(p))
	if !ok {
		return c.miss(in)
	}
	c.fpu.push1(v)
	c.noteMem(in, c.fastAddr(in))
	return nextRec(in)
}

//go:noinline
func fastStoreReg(pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		if !c.quiet() {
			return c.miss(in)
		}
		f := &c.fpu
		d := (f.top + in.Dst) & 7
		f.r[d] = f.r[f.top&7]
		f.used |= 1 << d
		f.fsw &^= fswC1
		if pops != 0 {
			f.pop1()
		}
		c.note(in)
		return nextRec(in)
	}
}

//go:noinline
func fastStore64(pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p := c.fastWrite(in, 8)
		if p == nil || !c.quiet() {
			return c.miss(in)
		}
		v, st, ok := float80.QuickFloat64(f.r[f.top&7], f.control())
		if !ok || !f.ordinary(st) {
			return c.miss(in)
		}
		*(*uint64)(p) = v
		f.accept(st)
		if pops != 0 {
			f.pop1()
		}
		c.noteMem(in, c.fastAddr(in))
		return nextRec(in)
	}
}

//go:noinline
func fastStore32(pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p := c.fastWrite(in, 4)
		if p == nil || !c.quiet() {
			return c.miss(in)
		}
		v, st, ok := float80.QuickFloat32(f.r[f.top&7], f.control())
		if !ok || !f.ordinary(st) {
			return c.miss(in)
		}
		*(*uint32)(p) = v
		f.accept(st)
		if pops != 0 {
			f.pop1()
		}
		c.noteMem(in, c.fastAddr(in))
		return nextRec(in)
	}
}

func fastFXCH(c *CPU, in *inst) *inst {
	f := &c.fpu
	s := (f.top + in.Dst) & 7
	if !c.quiet() || f.used>>s&1 == 0 {
		return c.miss(in)
	}
	f.r[f.top&7], f.r[s] = f.r[s], f.r[f.top&7]
	f.fsw &^= fswC1
	c.note(in)
	return nextRec(in)
}
