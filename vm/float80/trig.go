// SPDX-License-Identifier: BSD-3-Clause
// FSIN, FCOS, FSINCOS, FPTAN; Intel SDM vol. 1, 8.3.8 "Approximation of pi" and vol. 2.

package float80

import "math/bits"

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
	r, s := sin.roundFull(c)
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
	r, s := cos.roundFull(c)
	return r, st | s
}

// SinCos is FSINCOS: the sine replaces ST(0), then the cosine is pushed. With C2 in
// the status nothing is pushed and sin is the operand.
func SinCos(a F80, c Control) (sin, cos F80, st Status) {
	sin, st = Sin(a, c)
	cos, cosSt := Cos(a, c)
	return sin, cos, st | cosSt
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
	tan, s := tangent(a.num()).roundFull(c)
	return tan, one, st | s
}

// tangent is tan x for x not zero, below 2^63.
func tangent(x num) num {
	if x.exp < -32 { // where sine and cosine are too close to x and 1 for a quotient
		cube := x.times(x).times(x)
		return x.plus(cube.over(fromUint(3))).inexact()
	}
	sin, cos := sinCos(x)
	return sin.over(cos)
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
	case !a.isZero() && a.num().exp >= outOfRange:
		return a, C2, true
	}
	return zero, st, false
}

// sinCos is the sine and cosine of x, not zero, below 2^63.
func sinCos(x num) (sin, cos num) {
	r, quadrant := x.abs().reduceAngle()
	sin, cos = sinOctant(r), cosOctant(r)
	switch quadrant {
	case 1:
		sin, cos = cos, sin.negate()
	case 2:
		sin, cos = sin.negate(), cos.negate()
	case 3:
		sin, cos = cos.negate(), sin
	}
	if x.neg {
		sin = sin.negate()
	}
	return sin, cos
}

// The CPU's π/2 has 66 bits: halfPi · 2^−65. Results near multiples of π show it.
var halfPi = u128{3, 0x243f6a8885a308d3}

const (
	halfPiUnit = -65
	halfPiTop  = 0xc90fdaa22168c234 // halfPi / 4
)

// reduceAngle is x − k·π/2 for the nearest integer k, exactly, and k mod 4;
// x is positive and below 2^63.
func (x num) reduceAngle() (r num, quadrant int) {
	if x.exp < -1 {
		return x, 0
	}
	// x in units of 2^−65.
	n := u128{0, x.hi}.shiftLeft(uint(x.exp - 63 - halfPiUnit))
	// The quotient by the upper 64 bits of π/2 is right or too large by 1.
	k, _ := bits.Div64(n.hi>>2, n.hi<<62|n.lo>>2, halfPiTop)
	hi, lo := bits.Mul64(k, halfPi.lo)
	rem := n.minus(u128{hi + k*halfPi.hi, lo})
	if rem.hi>>63 != 0 {
		rem = rem.plus(halfPi)
		k--
	}
	// To nearest: closer to the next multiple if beyond a half.
	next := halfPi.minus(rem)
	neg := next.below(rem)
	if neg {
		rem = next
		k++
	}
	return num{neg: neg, exp: 127 + halfPiUnit, hi: rem.hi, lo: rem.lo}.normalized(), int(k & 3)
}

// sinOctant is sin r for |r| ≤ π/4, r not zero: r − r·z·(1/3! − z·(1/5! − …)), z = r².
func sinOctant(r num) num {
	z := r.times(r)
	q := fromFraction(alternating(sineTerms[:], z.fraction()))
	return r.minus(r.times(z).times(q)).inexact()
}

// cosOctant is cos r for |r| ≤ π/4, r not zero: 1 − z·(1/2! − z·(1/4! − …)), z = r².
func cosOctant(r num) num {
	z := r.times(r)
	q := fromFraction(alternating(cosineTerms[:], z.fraction()))
	return fromUint(1).minus(z.times(q)).inexact()
}
