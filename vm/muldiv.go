// SPDX-License-Identifier: BSD-3-Clause

// Multiplication and division with the accumulator: F6 and F7 /4 – /7
// (SDM vol. 2, "MUL", "IMUL", "DIV", "IDIV").

package vm

import (
	"math"

	"ring0/vm/x86"
)

// opMUL multiplies the accumulator, unsigned.
//
//	F6 /4   MUL Eb    AX = AL * Eb
//	F7 /4   MUL Ev    (E)DX:(E)AX = (E)AX * Ev
//
// Flags: CF = OF = the upper half is not zero. SF ZF AF PF are UNDEFINED.
func opMUL(c *CPU, in *inst) bool {
	v, ok := c.readRM(in)
	if !ok {
		return false
	}
	p := uint64(c.regSized(x86.EAX, in.Size)) * uint64(v)
	c.setProduct(in.Size, p)
	c.setMulFlags(in.Size, p, p>>(8*in.Size) != 0)
	return true
}

// opIMUL1 multiplies the accumulator, signed.
//
//	F6 /5   IMUL Eb   AX = AL * Eb
//	F7 /5   IMUL Ev   (E)DX:(E)AX = (E)AX * Ev
//
// Flags: CF = OF = the product is not the sign extension of its lower half.
// SF ZF AF PF are UNDEFINED.
func opIMUL1(c *CPU, in *inst) bool {
	v, ok := c.readRM(in)
	if !ok {
		return false
	}
	a := signExtend(c.regSized(x86.EAX, in.Size), in.Size)
	p := int64(int32(a)) * int64(int32(signExtend(v, in.Size)))
	c.setProduct(in.Size, uint64(p))
	c.setMulFlags(in.Size, uint64(p), p != int64(int32(signExtend(uint32(p), in.Size))))
	return true
}

// setProduct writes a double-width product or dividend to AX, DX:AX or EDX:EAX.
func (c *CPU) setProduct(size uint8, p uint64) {
	switch size {
	case 1:
		c.setReg16(x86.EAX, uint16(p))
	case 2:
		c.setReg16(x86.EAX, uint16(p))
		c.setReg16(x86.EDX, uint16(p>>16))
	default:
		c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(p), uint32(p>>32)
	}
}

// setMulFlags sets CF and OF. UNDEFINED: SF and PF follow the lower half,
// ZF and AF are 0.
func (c *CPU) setMulFlags(size uint8, p uint64, overflow bool) {
	r := signExtend(uint32(p), size)
	if r == 0 {
		r = 1 << 8 // not zero, with the same SF and PF
	}
	c.flagsResult(r)
	c.setCFOF(overflow, overflow)
}

// dividend is AX, DX:AX or EDX:EAX.
func (c *CPU) dividend(size uint8) uint64 {
	switch size {
	case 1:
		return uint64(c.reg16(x86.EAX))
	case 2:
		return uint64(c.reg16(x86.EDX))<<16 | uint64(c.reg16(x86.EAX))
	}
	return uint64(c.gpr[x86.EDX])<<32 | uint64(c.gpr[x86.EAX])
}

// setQuotient writes AL and AH, AX and DX, or EAX and EDX.
func (c *CPU) setQuotient(size uint8, q, r uint32) {
	if size == 1 {
		c.setReg16(x86.EAX, uint16(q&0xff|r<<8))
		return
	}
	c.setRegSized(x86.EAX, size, q)
	c.setRegSized(x86.EDX, size, r)
}

// opDIV divides, unsigned.
//
//	F6 /6   DIV Eb    AL, AH = AX / Eb, AX mod Eb
//	F7 /6   DIV Ev    (E)AX, (E)DX = (E)DX:(E)AX / Ev, remainder
//
// Flags: all UNDEFINED; they stay as they were.
// Faults: #DE when the divisor is 0 or the quotient too large.
func opDIV(c *CPU, in *inst) bool {
	v, ok := c.readRM(in)
	if !ok {
		return false
	}
	if v == 0 {
		return c.raise(VecDE)
	}
	n := c.dividend(in.Size)
	q := n / uint64(v)
	if q > uint64(sizeMask(in.Size)) {
		return c.raise(VecDE)
	}
	c.setQuotient(in.Size, uint32(q), uint32(n%uint64(v)))
	return true
}

// opIDIV divides, signed, towards zero; the remainder has the dividend's sign.
//
//	F6 /7   IDIV Eb   AL, AH = AX / Eb, remainder
//	F7 /7   IDIV Ev   (E)AX, (E)DX = (E)DX:(E)AX / Ev, remainder
//
// Flags: all UNDEFINED; they stay as they were.
// Faults: #DE when the divisor is 0 or the quotient does not fit.
func opIDIV(c *CPU, in *inst) bool {
	v, ok := c.readRM(in)
	if !ok {
		return false
	}
	q, r, ok := signedDivide(c.dividend(in.Size), v, in.Size)
	if !ok {
		return c.raise(VecDE)
	}
	c.setQuotient(in.Size, q, r)
	return true
}

// signedDivide divides a dividend of 2·size bytes by a divisor of size bytes.
func signedDivide(dividend uint64, divisor uint32, size uint8) (q, r uint32, ok bool) {
	n := int64(dividend)
	switch size {
	case 1:
		n = int64(int16(n))
	case 2:
		n = int64(int32(n))
	}
	d := int64(int32(signExtend(divisor, size)))
	if d == 0 || n == math.MinInt64 {
		return 0, 0, false // -2^63 divided by any 32-bit number is too large
	}
	quotient := n / d
	if quotient != int64(int32(signExtend(uint32(quotient), size))) {
		return 0, 0, false
	}
	return uint32(quotient), uint32(n % d), true
}
