// SPDX-License-Identifier: BSD-3-Clause

// x87 data movement.
//
// Intel SDM vol. 2: FLD, FILD, FBLD, FST/FSTP, FIST/FISTP, FBSTP, FXCH,
// FCMOVcc, FLD1 … FLDZ. C1 is 0, or for a store whether rounding enlarged the
// magnitude.

package vm

import (
	"ring0/vm/float80"
	"ring0/vm/x86"
)

// Loads.

// pickFLD chooses by operand.
//
//	D9 C0+i               FLD ST(i)
//	D9 /0 DD /0 DB /5     FLD m32, m64, m80
func pickFLD(r *inst) (fastHandler, handler) {
	switch {
	case r.Form == x86.FormR:
		return fastFLD, opFLD
	case r.Size == 10:
		return nil, opFLD80
	case r.Size == 4:
		return fastFLD32, opFLD32
	}
	return fastFLD64, opFLD64
}

// opFLD pushes ST(i). An empty ST(i) is reported before a full stack.
func opFLD(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	f := &c.fpu
	if f.empty(in.Dst) {
		f.pushUnderflow()
		return true
	}
	f.load(f.r[f.phys(in.Dst)], 0)
	return true
}

// pushUnderflow is the answer to an empty register whose value was to be pushed.
func (f *fpuState) pushUnderflow() {
	if f.stackFault(stackUnderflow) {
		f.push(float80.Indefinite())
	}
}

// opFLD32 is FLD m32.
func opFLD32(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	raw, ok := c.readNumber(in)
	if !ok {
		return false
	}
	c.fpu.load(float80.FromFloat32(uint32(raw)))
	return true
}

// opFLD64 is FLD m64.
func opFLD64(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	raw, ok := c.readNumber(in)
	if !ok {
		return false
	}
	c.fpu.load(float80.FromFloat64(raw))
	return true
}

// opFLD80 is FLD m80: any bit pattern, unchanged.
func opFLD80(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	b, ok := c.read80(in)
	if !ok {
		return false
	}
	c.fpu.load(float80.FromBytes(b), 0)
	return true
}

// opFILD pushes an integer.
//
//	DF /0 DB /0 DF /5   FILD m16, m32, m64
func opFILD(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	v, st, ok := c.readInteger(in)
	if ok {
		c.fpu.load(v, st)
	}
	return ok
}

// opFBLD pushes a packed decimal number of 18 digits.
//
//	DF /4   FBLD m80
func opFBLD(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	b, ok := c.read80(in)
	if !ok {
		return false
	}
	c.fpu.load(float80.FromBCD(b), 0)
	return true
}

// constant makes FLD1 (D9 E8) … FLDZ (D9 EE). They round as RC says.
//
//go:noinline
func constant(k float80.Constant) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		c.fpu.load(k.Load(c.fpu.control()), 0)
		return true
	}
}

// Stores. The value is converted first. Unless an exception that is not
// masked forbids it, memory is written then, which may fault; only after that
// do the status word and the stack change.

// conversion makes a memory operand of up to 8 bytes of a register.
type conversion func(a float80.F80, ctl float80.Control) (uint64, float80.Status)

func toFloat32(a float80.F80, ctl float80.Control) (uint64, float80.Status) {
	v, st := float80.ToFloat32(a, ctl)
	return uint64(v), st
}

func toInt16(a float80.F80, ctl float80.Control) (uint64, float80.Status) {
	v, st := float80.ToInt16(a, ctl)
	return uint64(v), st
}

func toInt32(a float80.F80, ctl float80.Control) (uint64, float80.Status) {
	v, st := float80.ToInt32(a, ctl)
	return uint64(v), st
}

func toInt64(a float80.F80, ctl float80.Control) (uint64, float80.Status) {
	v, st := float80.ToInt64(a, ctl)
	return uint64(v), st
}

// storeReal chooses by operand.
//
//	DD D0+i        FST ST(i)     (FSTP D8+i; D9 D8+i, DF D0+i and DF D8+i again)
//	D9 /2 DD /2    FST m32, m64  (FSTP /3)
//	DB /7          FSTP m80
func storeReal(pops uint8) picker {
	fastReg, fast32, fast64 := fastStoreReg(pops), fastStore32(pops), fastStore64(pops)
	reg, mem32, mem64 := storeReg(pops), storeMem(toFloat32, pops), storeMem(float80.ToFloat64, pops)
	return func(r *inst) (fastHandler, handler) {
		switch {
		case r.Form == x86.FormR:
			return fastReg, reg
		case r.Size == 10:
			return nil, opFSTP80
		case r.Size == 4:
			return fast32, mem32
		}
		return fast64, mem64
	}
}

// storeInteger chooses by width. RC says how to round.
//
//	DF /2 DB /2         FIST m16, m32
//	DF /3 DB /3 DF /7   FISTP m16, m32, m64
func storeInteger(pops uint8) picker {
	mem16, mem32, mem64 := storeMem(toInt16, pops), storeMem(toInt32, pops), storeMem(toInt64, pops)
	return func(r *inst) (fastHandler, handler) {
		switch r.Size {
		case 2:
			return nil, mem16
		case 4:
			return nil, mem32
		}
		return nil, mem64
	}
}

//go:noinline
func storeReg(pops uint8) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		c.note(in)
		f := &c.fpu
		if f.empty(0) {
			f.underflow(in.Dst, pops)
			return true
		}
		f.deliver(in.Dst, f.r[f.top&7], 0, pops)
		return true
	}
}

//go:noinline
func storeMem(convert conversion, pops uint8) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needWait() {
			return false
		}
		f := &c.fpu
		a, fault := f.storeOperand()
		v, st := convert(a, f.control())
		st |= fault
		if !f.control().KeepsMemory(st) && !c.writeNumber(in, v) {
			return false
		}
		c.stored(in, st, pops)
		return true
	}
}

// opFSTP80 stores all of ST(0), whatever it is, and pops.
func opFSTP80(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	a, st := c.fpu.storeOperand()
	if !c.fpu.control().KeepsMemory(st) && !c.write80(in, a.Bytes()) {
		return false
	}
	c.stored(in, st, 1)
	return true
}

// opFBSTP rounds ST(0) to an integer, stores it as a packed decimal number
// and pops.
//
//	DF /6   FBSTP m80
func opFBSTP(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	a, fault := c.fpu.storeOperand()
	b, st := float80.ToBCD(a, c.fpu.control())
	st |= fault
	if !c.fpu.control().KeepsMemory(st) && !c.write80(in, b) {
		return false
	}
	c.stored(in, st, 1)
	return true
}

// storeOperand is ST(0) as a store sees it: an empty register is an invalid
// operation on the indefinite.
func (f *fpuState) storeOperand() (float80.F80, float80.Status) {
	if f.empty(0) {
		return float80.Indefinite(), float80.IE | fswSF
	}
	return f.r[f.top&7], 0
}

// stored ends a store: status, pointers, stack.
func (c *CPU) stored(in *inst, st float80.Status, pops uint8) {
	f := &c.fpu
	c.noteMem(in, c.effAddr(in))
	f.enter(st, float80.C1)
	if !f.control().KeepsMemory(st) {
		f.pop(pops)
	}
}

// Between registers.

func pickFXCH(*inst) (fastHandler, handler) { return fastFXCH, opFXCH }

// opFXCH exchanges ST(0) and ST(i).
//
//	D9 C8+i   FXCH ST(i)   (DD C8+i and DF C8+i again)
//
// Masked, an empty register counts as the indefinite.
func opFXCH(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	f := &c.fpu
	if f.empty(0) || f.empty(in.Dst) {
		if !f.stackFault(stackUnderflow) {
			return true
		}
		for _, i := range [...]uint8{0, in.Dst} {
			if f.empty(i) {
				f.set(i, float80.Indefinite())
			}
		}
	} else {
		f.fsw &^= fswC1
	}
	a, b := &f.r[f.top&7], &f.r[f.phys(in.Dst)]
	*a, *b = *b, *a
	return true
}

// opFCMOVCC moves ST(i) to ST(0) if the condition holds.
//
//	DA C0+i DB C0+i   FCMOVB, FCMOVNB ST(0), ST(i)   (E +8, BE +10, U +18)
//
// An empty register is a stack underflow whether the condition holds or not.
func opFCMOVCC(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	f := &c.fpu
	switch {
	case f.empty(in.Dst) || f.empty(in.Src):
		f.underflow(in.Dst, 0)
	case c.cond(in.Cond):
		f.set(in.Dst, f.r[f.phys(in.Src)])
	}
	return true
}
