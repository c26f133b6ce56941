// SPDX-License-Identifier: BSD-3-Clause
// Unpacked numbers with a 128-bit significand: what lies between two roundings.

package float80

import "math/bits"

// num is (−1)^neg · hi.lo · 2^exp, the binary point behind the top bit of hi,
// which is set; or zero, if hi is 0. The lowest bit of lo is sticky: an
// operation that drops bits sets it, so that rounding sees "inexact" and the
// right side of a tie.
type num struct {
	neg    bool
	exp    int
	hi, lo uint64
}

func (x num) isZero() bool { return x.hi == 0 }

func (x num) negate() num { x.neg = !x.neg; return x }

func (x num) abs() num { x.neg = false; return x }

// inexact marks x as not exact.
func (x num) inexact() num { x.lo |= 1; return x }

// toward0 is the next number below x in magnitude, x not zero.
func (x num) toward0() num {
	var borrow uint64
	x.lo, borrow = bits.Sub64(x.lo, 1, 0)
	x.hi -= borrow
	return x.normalized()
}

// scaled is x · 2^n.
func (x num) scaled(n int) num { x.exp += n; return x }

// fromUint is the number n.
func fromUint(n uint64) num {
	if n == 0 {
		return num{}
	}
	shift := bits.LeadingZeros64(n)
	return num{exp: 63 - shift, hi: n << shift}
}

// fromInt is the number n.
func fromInt(n int64) num {
	if n >= 0 {
		return fromUint(uint64(n))
	}
	return fromUint(-uint64(n)).negate()
}

// shiftRightJam shifts hi:lo right by n and jams the bits lost into the lowest.
func shiftRightJam(hi, lo uint64, n uint) (uint64, uint64) {
	switch {
	case n == 0:
		return hi, lo
	case n < 64:
		return hi >> n, hi<<(64-n) | lo>>n | nonZero(lo<<(64-n))
	case n == 64:
		return 0, hi | nonZero(lo)
	case n < 128:
		return 0, hi>>(n-64) | nonZero(hi<<(128-n)|lo)
	default:
		return 0, nonZero(hi | lo)
	}
}

// nonZero is 1 if any bit of v is set.
func nonZero(v uint64) uint64 {
	return (v | -v) >> 63
}

// plus is x + y. A sum that cancels is +0.
func (x num) plus(y num) num {
	switch {
	case y.hi == 0:
		return x
	case x.hi == 0:
		return y
	case x.neg != y.neg:
		return x.less(y.negate())
	}
	if x.exp < y.exp {
		x, y = y, x
	}
	yhi, ylo := shiftRightJam(y.hi, y.lo, uint(x.exp-y.exp))
	lo, carry := bits.Add64(x.lo, ylo, 0)
	hi, carry := bits.Add64(x.hi, yhi, carry)
	if carry != 0 {
		lo = hi<<63 | lo>>1 | lo&1
		hi = hi>>1 | intBit
		x.exp++
	}
	x.hi, x.lo = hi, lo
	return x
}

// minus is x − y.
func (x num) minus(y num) num { return x.plus(y.negate()) }

// less is x − y of the same sign, neither zero.
func (x num) less(y num) num {
	if x.cmpAbs(y) < 0 {
		x, y = y.negate(), x.negate()
	}
	yhi, ylo := shiftRightJam(y.hi, y.lo, uint(x.exp-y.exp))
	lo, borrow := bits.Sub64(x.lo, ylo, 0)
	hi, _ := bits.Sub64(x.hi, yhi, borrow)
	if hi|lo == 0 {
		return num{}
	}
	x.hi, x.lo = hi, lo
	return x.normalized()
}

// normalized moves the top bit of a non-zero hi:lo to its place.
func (x num) normalized() num {
	if x.hi == 0 {
		x.hi, x.lo = x.lo, 0
		x.exp -= 64
	}
	if n := bits.LeadingZeros64(x.hi); n != 0 {
		x.hi = x.hi<<n | x.lo>>(64-n)
		x.lo <<= n
		x.exp -= n
	}
	return x
}

// cmpAbs compares magnitudes of numbers that are not zero.
func (x num) cmpAbs(y num) int {
	switch {
	case x.exp != y.exp:
		return sign(x.exp > y.exp)
	case x.hi != y.hi:
		return sign(x.hi > y.hi)
	case x.lo != y.lo:
		return sign(x.lo > y.lo)
	}
	return 0
}

func sign(positive bool) int {
	if positive {
		return 1
	}
	return -1
}

// times64 is x · y where both have lo = 0: exact.
func (x num) times64(y num) num {
	hi, lo := bits.Mul64(x.hi, y.hi)
	return product(x, y, hi, lo)
}

// times is x · y to 128 bits.
func (x num) times(y num) num {
	hi, lo := mulHigh(u128{x.hi, x.lo}, u128{y.hi, y.lo}).parts()
	return product(x, y, hi, lo|1)
}

// product dresses the upper half of a product of significands: it is 1.… or
// 01.…
func product(x, y num, hi, lo uint64) num {
	if x.hi == 0 || y.hi == 0 {
		return num{neg: x.neg != y.neg}
	}
	z := num{x.neg != y.neg, x.exp + y.exp + 1, hi, lo}
	if hi&intBit == 0 {
		z.hi, z.lo = hi<<1|lo>>63, lo<<1|lo&1
		z.exp--
	}
	return z
}

// over64 is x / y where both have lo = 0 and neither is zero.
func (x num) over64(y num) num {
	z := num{neg: x.neg != y.neg, exp: x.exp - y.exp}
	hi, lo := x.hi>>1, x.hi<<63 // so that hi < y.hi
	if x.hi < y.hi {
		hi, lo = x.hi, 0
		z.exp--
	}
	var rem uint64
	z.hi, rem = bits.Div64(hi, lo, y.hi)
	z.lo, rem = bits.Div64(rem, 0, y.hi)
	z.lo |= nonZero(rem)
	return z
}

// over is x / y to 128 bits; neither is zero.
func (x num) over(y num) num {
	if x.lo|y.lo == 0 {
		return x.over64(y)
	}
	z := num{neg: x.neg != y.neg, exp: x.exp - y.exp - 1}
	r, d := u128{x.hi, x.lo}, u128{y.hi, y.lo}
	if !r.below(d) {
		r = u128{x.hi >> 1, x.hi<<63 | x.lo>>1}
		z.exp++
	}
	z.hi, r = divStep(r, d)
	z.lo, _ = divStep(r, d)
	return z.normalized().inexact()
}
