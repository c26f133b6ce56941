// SPDX-License-Identifier: BSD-3-Clause

// Fast handlers of the hot x87 instructions: registers as they should be,
// nothing pending, the fast memory path, results that raise at most a masked
// precision exception. Everything else they leave to the handlers of
// fpuarith.go and fpumove.go, which say what the instructions do.

package vm

import "ring0/vm/float80"

// toFull leaves an instruction to its full handler.
func (c *CPU) toFull() *inst {
	c.exit = exitSlow
	return nil
}

// quiet reports that x87 instructions may execute and ST(0) is not empty.
func (c *CPU) quiet() bool {
	f := &c.fpu
	return c.cr0&(CR0EM|CR0TS)|uint32(f.fsw&fswES) == 0 && f.used>>(f.top&7)&1 != 0
}

// mayPush is quiet for instructions that need ST(7) empty and not ST(0) full.
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

// pop1 is pop(1).
func (f *fpuState) pop1() {
	f.used &^= 1 << (f.top & 7)
	f.top = (f.top + 1) & 7
}

// push1 is push.
func (f *fpuState) push1(v float80.F80) {
	f.top = (f.top - 1) & 7
	f.r[f.top&7] = v
	f.used |= 1 << (f.top & 7)
	f.fsw &^= fswC1
}

func fastArithmeticReg(op binaryOp, pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		d, s := (f.top+in.Dst)&7, (f.top+in.Src)&7
		if !c.quiet() || (f.used>>d)&(f.used>>s)&1 == 0 {
			return c.toFull()
		}
		v, st := op(f.r[d], f.r[s], f.control())
		if !f.ordinary(st) {
			return c.toFull()
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

func fastArithmeticMem(r *inst, op binaryOp) fastHandler {
	switch {
	case isInteger(r):
		return nil
	case r.Size == 4:
		return fastArithmetic32(op)
	}
	return fastArithmetic64(op)
}

func fastArithmetic64(op binaryOp) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p, la := c.readPlace(in, 8)
		if p == nil || !c.quiet() {
			return c.toFull()
		}
		b, pending := float80.Widen64(*(*uint64)(p))
		v, st := op(f.r[f.top&7], b, f.control())
		if !f.ordinary(st | pending) {
			return c.toFull()
		}
		f.r[f.top&7] = v
		f.accept(st)
		c.noteMem(in, la)
		return nextRec(in)
	}
}

func fastArithmetic32(op binaryOp) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p, la := c.readPlace(in, 4)
		if p == nil || !c.quiet() {
			return c.toFull()
		}
		b, pending := float80.Widen32(*(*uint32)(p))
		v, st := op(f.r[f.top&7], b, f.control())
		if !f.ordinary(st | pending) {
			return c.toFull()
		}
		f.r[f.top&7] = v
		f.accept(st)
		c.noteMem(in, la)
		return nextRec(in)
	}
}

func fastFLD(c *CPU, in *inst) *inst {
	f := &c.fpu
	s := (f.top + in.Dst) & 7
	if !c.mayPush() || f.used>>s&1 == 0 {
		return c.toFull()
	}
	f.push1(f.r[s])
	c.note(in)
	return nextRec(in)
}

func fastFLD64(c *CPU, in *inst) *inst {
	p, la := c.readPlace(in, 8)
	if p == nil || !c.mayPush() {
		return c.toFull()
	}
	v, st := float80.FromFloat64(*(*uint64)(p))
	if st != 0 {
		return c.toFull()
	}
	c.fpu.push1(v)
	c.noteMem(in, la)
	return nextRec(in)
}

func fastFLD32(c *CPU, in *inst) *inst {
	p, la := c.readPlace(in, 4)
	if p == nil || !c.mayPush() {
		return c.toFull()
	}
	v, st := float80.FromFloat32(*(*uint32)(p))
	if st != 0 {
		return c.toFull()
	}
	c.fpu.push1(v)
	c.noteMem(in, la)
	return nextRec(in)
}

func fastStoreReg(pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		if !c.quiet() {
			return c.toFull()
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

func fastStore64(pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p, la := c.writePlace(in, 8)
		if p == nil || !c.quiet() {
			return c.toFull()
		}
		v, st := float80.ToFloat64(f.r[f.top&7], f.control())
		if !f.ordinary(st) {
			return c.toFull()
		}
		*(*uint64)(p) = v
		f.accept(st)
		if pops != 0 {
			f.pop1()
		}
		c.noteMem(in, la)
		return nextRec(in)
	}
}

func fastStore32(pops uint8) fastHandler {
	return func(c *CPU, in *inst) *inst {
		f := &c.fpu
		p, la := c.writePlace(in, 4)
		if p == nil || !c.quiet() {
			return c.toFull()
		}
		v, st := float80.ToFloat32(f.r[f.top&7], f.control())
		if !f.ordinary(st) {
			return c.toFull()
		}
		*(*uint32)(p) = v
		f.accept(st)
		if pops != 0 {
			f.pop1()
		}
		c.noteMem(in, la)
		return nextRec(in)
	}
}

func fastFXCH(c *CPU, in *inst) *inst {
	f := &c.fpu
	s := (f.top + in.Dst) & 7
	if !c.quiet() || f.used>>s&1 == 0 {
		return c.toFull()
	}
	f.r[f.top&7], f.r[s] = f.r[s], f.r[f.top&7]
	f.fsw &^= fswC1
	c.note(in)
	return nextRec(in)
}
