// SPDX-License-Identifier: BSD-3-Clause

// SSE and SSE2 arithmetic: 0F 51–53, 58, 59, 5C–5F with no prefix (PS), 66
// (PD), F3 (SS), F2 (SD).
//
// Intel SDM vol. 2, one section per mnemonic; vol. 1, 11.5 "SSE, SSE2, and
// SSE3 exceptions". The arithmetic on elements is package softfloat's.
//
// Faults, in this order: #UD and #NM by CR0 and CR4; those of the memory
// operand, #GP(0) for one of 16 bytes that is not aligned among them; then
// the numeric ones. An unmasked numeric exception sets its flag in MXCSR and
// leaves every register as it was.

package vm

import (
	"ring0/vm/softfloat"
	"ring0/vm/x86"
)

// An elemOp computes one element from the destination's a and the source's b.
// Operations with one operand ignore a.
type elemOp[F softfloat.Float] func(a, b F, c softfloat.Control) (F, softfloat.Flags)

// unary makes an elemOp of a function of the source.
func unary[F softfloat.Float](f func(b F, c softfloat.Control) (F, softfloat.Flags)) elemOp[F] {
	return func(_, b F, c softfloat.Control) (F, softfloat.Flags) { return f(b, c) }
}

// estimate makes an elemOp of an approximation, which raises nothing.
func estimate(f func(b uint32) uint32) elemOp[uint32] {
	return func(_, b uint32, _ softfloat.Control) (uint32, softfloat.Flags) { return f(b), 0 }
}

// simdControl is MXCSR as the arithmetic reads it.
func (c *CPU) simdControl() softfloat.Control { return softfloat.Control(c.fpu.mxcsr) }

// simdFlags ends the computation of an instruction whose elements raised f:
// MXCSR keeps the flags. An unmasked one makes the instruction fault with #XM,
// or with #UD where the system has not said that it handles #XM.
func (c *CPU) simdFlags(f softfloat.Flags) bool {
	if f == 0 {
		return true
	}
	ctl := c.simdControl()
	f = ctl.Settle(f)
	c.fpu.mxcsr |= uint32(f)
	switch {
	case ctl.Unmasked(f) == 0:
		return true
	case c.cr4&CR4OSXMMEXCPT == 0:
		return c.ud()
	}
	return c.raise(VecXM)
}

// lowSrc reads the source operand of an operation on lowest elements or low
// halves: the low half of register Src, or 4 or 8 bytes of memory.
func (c *CPU) lowSrc(in *inst) (uint64, bool) {
	switch {
	case in.Form == x86.FormRR || in.Form == x86.FormRRI:
		return c.fpu.xmm[in.Src&7][0], true
	case in.Size == 8:
		return c.read64(in)
	}
	v, ok := c.read32(in)
	return uint64(v), ok
}

// wholeSrc reads the source operand of an operation on whole registers: all
// of register Src, or 16 bytes of memory, which must be aligned.
func (c *CPU) wholeSrc(in *inst) (low, high uint64, ok bool) {
	v := &c.fpu.xmm[in.Src&7]
	if in.Form != x86.FormRR && in.Form != x86.FormRRI {
		m, ok := c.read128(in, alignedVec)
		return m[0], m[1], ok
	}
	return v[0], v[1], true
}

// packedSingle replaces the four elements of Dst.
func (c *CPU) packedSingle(in *inst, f elemOp[uint32]) bool {
	if !c.needSSE() {
		return false
	}
	low, high, ok := c.wholeSrc(in)
	if !ok {
		return false
	}
	d, ctl := &c.fpu.xmm[in.Dst&7], c.simdControl()
	r0, f0 := f(uint32(d[0]), uint32(low), ctl)
	r1, f1 := f(uint32(d[0]>>32), uint32(low>>32), ctl)
	r2, f2 := f(uint32(d[1]), uint32(high), ctl)
	r3, f3 := f(uint32(d[1]>>32), uint32(high>>32), ctl)
	if !c.simdFlags(f0 | f1 | f2 | f3) {
		return false
	}
	d[0] = uint64(r0) | uint64(r1)<<32
	d[1] = uint64(r2) | uint64(r3)<<32
	return true
}

// packedDouble replaces the two elements of Dst.
func (c *CPU) packedDouble(in *inst, f elemOp[uint64]) bool {
	if !c.needSSE() {
		return false
	}
	low, high, ok := c.wholeSrc(in)
	if !ok {
		return false
	}
	d, ctl := &c.fpu.xmm[in.Dst&7], c.simdControl()
	r0, f0 := f(d[0], low, ctl)
	r1, f1 := f(d[1], high, ctl)
	if !c.simdFlags(f0 | f1) {
		return false
	}
	d[0], d[1] = r0, r1
	return true
}

// scalarSingle replaces the lowest element of Dst.
func (c *CPU) scalarSingle(in *inst, f elemOp[uint32]) bool {
	if !c.needSSE() {
		return false
	}
	b, ok := c.lowSrc(in)
	if !ok {
		return false
	}
	r, flags := f(uint32(c.fpu.xmm[in.Dst&7][0]), uint32(b), c.simdControl())
	if !c.simdFlags(flags) {
		return false
	}
	c.fpu.setSingle(in.Dst, r)
	return true
}

// scalarDouble replaces the low element of Dst.
func (c *CPU) scalarDouble(in *inst, f elemOp[uint64]) bool {
	if !c.needSSE() {
		return false
	}
	b, ok := c.lowSrc(in)
	if !ok {
		return false
	}
	d := &c.fpu.xmm[in.Dst&7][0]
	r, flags := f(*d, b, c.simdControl())
	if !c.simdFlags(flags) {
		return false
	}
	*d = r
	return true
}

// opPS, opPD, opSS and opSD are handlers that run f on elements.

func opPS(f elemOp[uint32]) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool { return c.packedSingle(in, f) }}
}

func opPD(f elemOp[uint64]) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool { return c.packedDouble(in, f) }}
}

func opSS(f elemOp[uint32]) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool { return c.scalarSingle(in, f) }}
}

func opSD(f elemOp[uint64]) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool { return c.scalarDouble(in, f) }}
}

// sseOps are the floating-point operations of SSE and SSE2 other than moves
// and logic, and what has to do with MXCSR and the order of memory accesses.
var sseOps = opTable{
	x86.ADDPS: opPS(softfloat.Add[uint32]), x86.ADDPD: opPD(softfloat.Add[uint64]),
	x86.ADDSS: opSS(softfloat.Add[uint32]), x86.ADDSD: opSD(softfloat.Add[uint64]),
	x86.SUBPS: opPS(softfloat.Sub[uint32]), x86.SUBPD: opPD(softfloat.Sub[uint64]),
	x86.SUBSS: opSS(softfloat.Sub[uint32]), x86.SUBSD: opSD(softfloat.Sub[uint64]),
	x86.MULPS: opPS(softfloat.Mul[uint32]), x86.MULPD: opPD(softfloat.Mul[uint64]),
	x86.MULSS: opSS(softfloat.Mul[uint32]), x86.MULSD: opSD(softfloat.Mul[uint64]),
	x86.DIVPS: opPS(softfloat.Div[uint32]), x86.DIVPD: opPD(softfloat.Div[uint64]),
	x86.DIVSS: opSS(softfloat.Div[uint32]), x86.DIVSD: opSD(softfloat.Div[uint64]),
	x86.MINPS: opPS(softfloat.Min[uint32]), x86.MINPD: opPD(softfloat.Min[uint64]),
	x86.MINSS: opSS(softfloat.Min[uint32]), x86.MINSD: opSD(softfloat.Min[uint64]),
	x86.MAXPS: opPS(softfloat.Max[uint32]), x86.MAXPD: opPD(softfloat.Max[uint64]),
	x86.MAXSS: opSS(softfloat.Max[uint32]), x86.MAXSD: opSD(softfloat.Max[uint64]),
	x86.SQRTPS: opPS(unary(softfloat.Sqrt[uint32])), x86.SQRTPD: opPD(unary(softfloat.Sqrt[uint64])),
	x86.SQRTSS: opSS(unary(softfloat.Sqrt[uint32])), x86.SQRTSD: opSD(unary(softfloat.Sqrt[uint64])),
	x86.RCPPS: opPS(estimate(softfloat.Reciprocal)), x86.RCPSS: opSS(estimate(softfloat.Reciprocal)),
	x86.RSQRTPS: opPS(estimate(softfloat.ReciprocalRoot)), x86.RSQRTSS: opSS(estimate(softfloat.ReciprocalRoot)),

	// ssecompare.go
	x86.CMPPS: {any: opCMPPS}, x86.CMPPD: {any: opCMPPD}, x86.CMPSS: {any: opCMPSS}, x86.CMPSD: {any: opCMPSD},
	x86.COMISS: opCompareSingle(softfloat.Compare), x86.COMISD: opCompareDouble(softfloat.Compare),
	x86.UCOMISS: opCompareSingle(softfloat.CompareQuiet), x86.UCOMISD: opCompareDouble(softfloat.CompareQuiet),

	// sseconvert.go
	x86.CVTDQ2PS: opPS(singleFromInt), x86.CVTPS2DQ: opPS(intFromSingle), x86.CVTTPS2DQ: opPS(chopSingle),
	x86.CVTSI2SS: {any: opCVTSI2SS}, x86.CVTSI2SD: {any: opCVTSI2SD},
	x86.CVTSS2SI: opSingleToInt(intFromSingle), x86.CVTTSS2SI: opSingleToInt(chopSingle),
	x86.CVTSD2SI: opDoubleToInt(intFromDouble), x86.CVTTSD2SI: opDoubleToInt(chopDouble),
	x86.CVTSS2SD: {any: opCVTSS2SD}, x86.CVTSD2SS: {any: opCVTSD2SS},
	x86.CVTPS2PD: opWiden(softfloat.Widen), x86.CVTPD2PS: opNarrow(softfloat.Narrow),
	x86.CVTDQ2PD: opWiden(doubleFromInt), x86.CVTPD2DQ: opNarrow(intFromDouble), x86.CVTTPD2DQ: opNarrow(chopDouble),
	x86.CVTPI2PS: {any: opCVTPI2PS}, x86.CVTPI2PD: {any: opCVTPI2PD},
	x86.CVTPS2PI: opSinglesToMM(intFromSingle), x86.CVTTPS2PI: opSinglesToMM(chopSingle),
	x86.CVTPD2PI: opDoublesToMM(intFromDouble), x86.CVTTPD2PI: opDoublesToMM(chopDouble),

	// ssecontrol.go
	x86.LDMXCSR: {any: opLDMXCSR}, x86.STMXCSR: {any: opSTMXCSR},
	x86.LFENCE: {any: opFence}, x86.MFENCE: {any: opFence}, x86.SFENCE: {any: opFence},
	x86.CLFLUSH: {any: opCLFLUSH},
}
