// SPDX-License-Identifier: BSD-3-Clause

// SSE and SSE2 conversions: 0F 2A, 2C, 2D, 5A, 5B, E6 with every prefix.
//
// Intel SDM vol. 2, CVTDQ2PD to CVTTSS2SI. A conversion between formats of
// different sizes reads or writes the low half of a register; writing it
// clears the high half, but for the scalar ones and those from MMX registers.

package vm

import (
	"ring0/vm/softfloat"
	"ring0/vm/x86"
)

// Conversions of one element between formats of the same size are elemOps.

func singleFromInt(_, b uint32, c softfloat.Control) (uint32, softfloat.Flags) {
	return softfloat.FromInt32[uint32](int32(b), c)
}

func intFromSingle(_, b uint32, c softfloat.Control) (uint32, softfloat.Flags) {
	n, f := softfloat.ToInt32(b, c)
	return uint32(n), f
}

// chopSingle truncates, whatever MXCSR says.
func chopSingle(_, b uint32, c softfloat.Control) (uint32, softfloat.Flags) {
	n, f := softfloat.ToInt32(b, c.Chop())
	return uint32(n), f
}

// A widener makes a double of 32 bits, a narrower the other way.
type (
	widener  func(b uint32, c softfloat.Control) (uint64, softfloat.Flags)
	narrower func(b uint64, c softfloat.Control) (uint32, softfloat.Flags)
)

func doubleFromInt(b uint32, c softfloat.Control) (uint64, softfloat.Flags) {
	return softfloat.FromInt32[uint64](int32(b), c)
}

func intFromDouble(b uint64, c softfloat.Control) (uint32, softfloat.Flags) {
	n, f := softfloat.ToInt32(b, c)
	return uint32(n), f
}

// chopDouble truncates, whatever MXCSR says.
func chopDouble(b uint64, c softfloat.Control) (uint32, softfloat.Flags) {
	n, f := softfloat.ToInt32(b, c.Chop())
	return uint32(n), f
}

// opWiden is CVTPS2PD and CVTDQ2PD: two elements of the source's low half.
func opWiden(f widener) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool {
		if !c.needSSE() {
			return false
		}
		b, ok := c.lowSrc(in)
		if !ok {
			return false
		}
		r, flags := widenTwo(f, b, c.simdControl())
		if !c.simdFlags(flags) {
			return false
		}
		c.fpu.xmm[in.Dst&7] = r
		return true
	}}
}

func widenTwo(f widener, v uint64, ctl softfloat.Control) (xmmReg, softfloat.Flags) {
	low, f0 := f(uint32(v), ctl)
	high, f1 := f(uint32(v>>32), ctl)
	return xmmReg{low, high}, f0 | f1
}

// opNarrow is CVTPD2PS, CVTPD2DQ and CVTTPD2DQ: the high half becomes 0.
func opNarrow(f narrower) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool {
		if !c.needSSE() {
			return false
		}
		low, high, ok := c.wholeSrc(in)
		if !ok {
			return false
		}
		r, flags := narrowTwo(f, low, high, c.simdControl())
		if !c.simdFlags(flags) {
			return false
		}
		c.fpu.xmm[in.Dst&7] = xmmReg{r}
		return true
	}}
}

func narrowTwo(f narrower, low, high uint64, ctl softfloat.Control) (uint64, softfloat.Flags) {
	r0, f0 := f(low, ctl)
	r1, f1 := f(high, ctl)
	return uint64(r0) | uint64(r1)<<32, f0 | f1
}

// opCVTSS2SD and opCVTSD2SS convert the lowest element and keep the rest.
func opCVTSS2SD(c *CPU, in *inst) bool {
	return c.scalarDouble(in, func(_, b uint64, ctl softfloat.Control) (uint64, softfloat.Flags) {
		return softfloat.Widen(uint32(b), ctl)
	})
}

func opCVTSD2SS(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	b, ok := c.lowSrc(in)
	if !ok {
		return false
	}
	r, f := softfloat.Narrow(b, c.simdControl())
	if !c.simdFlags(f) {
		return false
	}
	c.fpu.setSingle(in.Dst, r)
	return true
}

// opCVTSI2SS and opCVTSI2SD take a general register or 4 bytes of memory.
func opCVTSI2SS(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	v, ok := c.readGeneral(in, 4)
	if !ok {
		return false
	}
	r, f := softfloat.FromInt32[uint32](int32(v), c.simdControl())
	if !c.simdFlags(f) {
		return false
	}
	c.fpu.setSingle(in.Dst, r)
	return true
}

func opCVTSI2SD(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	v, ok := c.readGeneral(in, 4)
	if !ok {
		return false
	}
	c.fpu.xmm[in.Dst&7][0], _ = softfloat.FromInt32[uint64](int32(v), c.simdControl()) // exact
	return true
}

// opSingleToInt is CVTSS2SI and CVTTSS2SI, opDoubleToInt CVTSD2SI and
// CVTTSD2SI: to a general register.
func opSingleToInt(f elemOp[uint32]) opImpl {
	return opDoubleToInt(func(b uint64, ctl softfloat.Control) (uint32, softfloat.Flags) { return f(0, uint32(b), ctl) })
}

func opDoubleToInt(f narrower) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool {
		if !c.needSSE() {
			return false
		}
		b, ok := c.lowSrc(in)
		if !ok {
			return false
		}
		r, flags := f(b, c.simdControl())
		if !c.simdFlags(flags) {
			return false
		}
		c.gpr[in.Dst&7] = r
		return true
	}}
}

// mmSrc reads the source of CVTPI2PS and CVTPI2PD: an MMX register or 8 bytes.
func (c *CPU) mmSrc(in *inst) (uint64, bool) {
	if in.Form == x86.FormRR {
		return c.mm(in.Src), true
	}
	return c.read64(in)
}

// needSSEFromMM checks before CVTPI2PS and CVTPI2PD: only with a register as
// source have they to do with MMX.
func (c *CPU) needSSEFromMM(in *inst) bool {
	return c.needSSE() && (in.Form != x86.FormRR || c.needMMX())
}

// opCVTPI2PS converts two integers into the low half of Dst and keeps the
// high one.
func opCVTPI2PS(c *CPU, in *inst) bool {
	if !c.needSSEFromMM(in) {
		return false
	}
	b, ok := c.mmSrc(in)
	if !ok {
		return false
	}
	ctl := c.simdControl()
	low, f0 := softfloat.FromInt32[uint32](int32(b), ctl)
	high, f1 := softfloat.FromInt32[uint32](int32(b>>32), ctl)
	if !c.simdFlags(f0 | f1) {
		return false
	}
	c.fpu.xmm[in.Dst&7][0] = uint64(low) | uint64(high)<<32
	if in.Form == x86.FormRR {
		c.enterMMX()
	}
	return true
}

// opCVTPI2PD converts two integers exactly.
func opCVTPI2PD(c *CPU, in *inst) bool {
	if !c.needSSEFromMM(in) {
		return false
	}
	b, ok := c.mmSrc(in)
	if !ok {
		return false
	}
	c.fpu.xmm[in.Dst&7], _ = widenTwo(doubleFromInt, b, c.simdControl())
	if in.Form == x86.FormRR {
		c.enterMMX()
	}
	return true
}

// opSinglesToMM is CVTPS2PI and CVTTPS2PI, opDoublesToMM CVTPD2PI and
// CVTTPD2PI: two integers into an MMX register.

func opSinglesToMM(f elemOp[uint32]) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool {
		if !c.needSSE() || !c.needMMX() {
			return false
		}
		b, ok := c.lowSrc(in)
		if !ok {
			return false
		}
		ctl := c.simdControl()
		r0, f0 := f(0, uint32(b), ctl)
		r1, f1 := f(0, uint32(b>>32), ctl)
		return c.converted(in, uint64(r0)|uint64(r1)<<32, f0|f1)
	}}
}

func opDoublesToMM(f narrower) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool {
		if !c.needSSE() || !c.needMMX() {
			return false
		}
		low, high, ok := c.wholeSrc(in)
		if !ok {
			return false
		}
		r, flags := narrowTwo(f, low, high, c.simdControl())
		return c.converted(in, r, flags)
	}}
}

// converted puts r into MMX register Dst.
func (c *CPU) converted(in *inst, r uint64, f softfloat.Flags) bool {
	if !c.simdFlags(f) {
		return false
	}
	c.setMM(in.Dst, r)
	return true
}
