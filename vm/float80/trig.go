// SPDX-License-Identifier: BSD-3-Clause
// FSIN, FCOS, FSINCOS, FPTAN; Intel SDM vol. 1, 8.3.8 "Approximation of pi" and vol. 2.

package float80

import (
	"math/bits"

	"ring0/vm/internal/exact"
)

// outOfRange is the exponent from which FSIN and its like refuse the operand: they
// set C2 and leave it alone.
const outOfRange = 63

// Sin is FSIN. With C2 in the status the operand was out of range, and is the result.
func Sin(a F80, c Control) (F80, Status) {
	r, st, done := c.screenAngle(a)
	switch {
	case done:
		return r, st
	case a.isZero():
		return a, st
	}
	sin, _ := sinCos(a.num())
	r, s := c.roundFull(sin)
	return r, st | s
}

// Cos is FCOS. With C2 in the status the operand was out of range, and is the result.
func Cos(a F80, c Control) (F80, Status) {
	r, st, done := c.screenAngle(a)
	switch {
	case done:
		return r, st
	case a.isZero():
		return one, st
	}
	_, cos := sinCos(a.num())
	r, s := c.roundFull(cos)
	return r, st | s
}

// SinCos is FSINCOS: the sine replaces ST(0), then the cosine is pushed; a NaN is
// both. With C2 in the status nothing is pushed and sin is the operand.
func SinCos(a F80, c Control) (sin, cos F80, st Status) {
	r, st, done := c.screenAngle(a)
	switch {
	case done:
		return r, r, st
	case a.isZero():
		return a, one, st
	}
	exactSin, exactCos := sinCos(a.num())
	sin, sinSt := c.roundFull(exactSin)
	cos, cosSt := c.roundFull(exactCos)
	return sin, cos, st | sinSt | cosSt
}

// Tan is FPTAN: the tangent replaces ST(0), then push is pushed: 1, or the NaN that
// the tangent is. With C2 in the status nothing is pushed and tan is the operand.
func Tan(a F80, c Control) (tan, push F80, st Status) {
	tan, st, done := c.screenAngle(a)
	switch {
	case done:
		return tan, tan, st
	case a.isZero():
		return a, one, st
	}
	tan, s := c.roundFull(tangent(a.num()))
	return tan, one, st | s
}

// tangent is tan x for x not zero, below 2^63.
func tangent(x exact.Num) exact.Num {
	if x.Exp < -32 { // where sine and cosine are too close to x and 1 for a quotient
		cube := x.Times(x).Times(x)
		return x.Plus(cube.Over(exact.FromUint(3))).Inexact()
	}
	sin, cos := sinCos(x)
	return sin.Over(cos)
}

// screenAngle deals with the operands that have no sine. Then done is set.
func (c Control) screenAngle(a F80) (r F80, st Status, done bool) {
	r, st, done = c.screen1(a)
	switch {
	case done:
		return r, st, true
	case a.isInf():
		return indefinite, IE, true
	case !c.masked(st):
		return zero, st, true
	case !a.isZero() && a.num().Exp >= outOfRange:
		return a, C2, true
	}
	return zero, st, false
}

// sinCos is the sine and cosine of x, not zero, below 2^63.
func sinCos(x exact.Num) (sin, cos exact.Num) {
	r, quadrant := reduceAngle(x.Abs())
	sin, cos = sinOctant(r), cosOctant(r)
	switch quadrant {
	case 1:
		sin, cos = cos, sin.Negate()
	case 2:
		sin, cos = sin.Negate(), cos.Negate()
	case 3:
		sin, cos = cos.Negate(), sin
	}
	if x.Neg {
		sin = sin.Negate()
	}
	return sin, cos
}

// The CPU's π/2 has 66 bits: halfPi · 2^−65. Results near multiples of π show it.
var halfPi = exact.U128{Hi: 3, Lo: 0x243f6a8885a308d3}

const (
	halfPiUnit = -65
	halfPiTop  = 0xc90fdaa22168c234 // halfPi / 4
)

// reduceAngle is x − k·π/2 for the nearest integer k, exactly, and k mod 4;
// x is positive and below 2^63.
func reduceAngle(x exact.Num) (r exact.Num, quadrant int) {
	if x.Exp < -1 {
		return x, 0
	}
	// x in units of 2^−65.
	n := exact.U128{Lo: x.Hi}.ShiftLeft(uint(x.Exp - 63 - halfPiUnit))
	// The quotient by the upper 64 bits of π/2 is right or too large by 1.
	k, _ := bits.Div64(n.Hi>>2, n.Hi<<62|n.Lo>>2, halfPiTop)
	hi, lo := bits.Mul64(k, halfPi.Lo)
	rem := n.Minus(exact.U128{Hi: hi + k*halfPi.Hi, Lo: lo})
	if rem.Hi>>63 != 0 {
		rem = rem.Plus(halfPi)
		k--
	}
	// To nearest: closer to the next multiple if beyond a half.
	next := halfPi.Minus(rem)
	neg := next.Below(rem)
	if neg {
		rem = next
		k++
	}
	return exact.Num{Neg: neg, Exp: 127 + halfPiUnit, Hi: rem.Hi, Lo: rem.Lo}.Normalized(), int(k & 3)
}

// sinOctant is sin r for |r| ≤ π/4, r not zero: r − r·z·(1/3! − z·(1/5! − …)), z = r².
func sinOctant(r exact.Num) exact.Num {
	z := r.Times(r)
	q := exact.FromFraction(alternating(sineTerms[:], z.Fraction()))
	return r.Minus(r.Times(z).Times(q)).Inexact()
}

// cosOctant is cos r for |r| ≤ π/4, r not zero: 1 − z·(1/2! − z·(1/4! − …)), z = r².
func cosOctant(r exact.Num) exact.Num {
	z := r.Times(r)
	q := exact.FromFraction(alternating(cosineTerms[:], z.Fraction()))
	return exact.FromUint(1).Minus(z.Times(q)).Inexact()
}
