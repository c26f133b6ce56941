// SPDX-License-Identifier: BSD-3-Clause
// Unpacked numbers with a 128-bit significand; no manual prescribes them, so they mirror none.

// Package exact computes with what lies between two roundings: numbers wide
// enough to hold the exact sum, product, quotient or root of two floating-point
// operands, or to tell on which side of it they lie. The packages float80
// and softfloat unpack their formats into it and round its results back.
package exact

import "math/bits"

const topBit = 1 << 63

// Num is (−1)^Neg · Hi.Lo · 2^Exp, the binary point behind the top bit of Hi,
// which is set; or zero, if Hi is 0. The lowest bit of Lo is sticky: an
// operation that drops bits sets it, so that rounding sees "inexact" and the
// right side of a tie.
type Num struct {
	Neg    bool
	Exp    int
	Hi, Lo uint64
}

// IsZero says whether x is +0 or −0.
func (x Num) IsZero() bool { return x.Hi == 0 }

// Negate is −x.
func (x Num) Negate() Num { x.Neg = !x.Neg; return x }

// Abs is |x|.
func (x Num) Abs() Num { x.Neg = false; return x }

// Inexact marks x as not exact.
func (x Num) Inexact() Num { x.Lo |= 1; return x }

// Toward0 is the next number below x in magnitude, x not zero.
func (x Num) Toward0() Num {
	var borrow uint64
	x.Lo, borrow = bits.Sub64(x.Lo, 1, 0)
	x.Hi -= borrow
	return x.Normalized()
}

// Scaled is x · 2^n.
func (x Num) Scaled(n int) Num { x.Exp += n; return x }

// FromUint is the number n.
func FromUint(n uint64) Num {
	if n == 0 {
		return Num{}
	}
	shift := bits.LeadingZeros64(n)
	return Num{Exp: 63 - shift, Hi: n << shift}
}

// FromInt is the number n.
func FromInt(n int64) Num {
	if n >= 0 {
		return FromUint(uint64(n))
	}
	return FromUint(-uint64(n)).Negate()
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

// Plus is x + y, with an error below the last bit of the larger; exact or
// sticky if both have Lo = 0. A sum that cancels is +0.
func (x Num) Plus(y Num) Num {
	switch {
	case y.Hi == 0:
		return x
	case x.Hi == 0:
		return y
	case x.Neg != y.Neg:
		return x.less(y.Negate())
	}
	if x.Exp < y.Exp {
		x, y = y, x
	}
	yhi, ylo := shiftRightJam(y.Hi, y.Lo, uint(x.Exp-y.Exp))
	lo, carry := bits.Add64(x.Lo, ylo, 0)
	hi, carry := bits.Add64(x.Hi, yhi, carry)
	if carry != 0 {
		lo = hi<<63 | lo>>1 | lo&1
		hi = hi>>1 | topBit
		x.Exp++
	}
	x.Hi, x.Lo = hi, lo
	return x
}

// Minus is x − y.
func (x Num) Minus(y Num) Num { return x.Plus(y.Negate()) }

// less is x − y of the same sign, neither zero.
func (x Num) less(y Num) Num {
	if x.CmpAbs(y) < 0 {
		x, y = y.Negate(), x.Negate()
	}
	yhi, ylo := shiftRightJam(y.Hi, y.Lo, uint(x.Exp-y.Exp))
	lo, borrow := bits.Sub64(x.Lo, ylo, 0)
	hi, _ := bits.Sub64(x.Hi, yhi, borrow)
	if hi|lo == 0 {
		return Num{}
	}
	x.Hi, x.Lo = hi, lo
	return x.Normalized()
}

// Normalized moves the top bit of a non-zero hi:lo to its place.
func (x Num) Normalized() Num {
	if x.Hi == 0 {
		x.Hi, x.Lo = x.Lo, 0
		x.Exp -= 64
	}
	if n := bits.LeadingZeros64(x.Hi); n != 0 {
		x.Hi = x.Hi<<n | x.Lo>>(64-n)
		x.Lo <<= n
		x.Exp -= n
	}
	return x
}

// CmpAbs compares magnitudes of numbers that are not zero.
func (x Num) CmpAbs(y Num) int {
	switch {
	case x.Exp != y.Exp:
		return sign(x.Exp > y.Exp)
	case x.Hi != y.Hi:
		return sign(x.Hi > y.Hi)
	case x.Lo != y.Lo:
		return sign(x.Lo > y.Lo)
	}
	return 0
}

func sign(positive bool) int {
	if positive {
		return 1
	}
	return -1
}

// Times64 is x · y where both have Lo = 0: exact.
func (x Num) Times64(y Num) Num {
	hi, lo := bits.Mul64(x.Hi, y.Hi)
	return product(x, y, hi, lo)
}

// Times is x · y to 128 bits, the last one set.
func (x Num) Times(y Num) Num {
	p := x.significand().MulHigh(y.significand())
	z := product(x, y, p.Hi, p.Lo)
	if z.Hi != 0 {
		z.Lo |= 1
	}
	return z
}

func (x Num) significand() U128 { return U128{x.Hi, x.Lo} }

// product dresses the leading bits of a product of significands: 1.… or 01.…
func product(x, y Num, hi, lo uint64) Num {
	if x.Hi == 0 || y.Hi == 0 {
		return Num{Neg: x.Neg != y.Neg}
	}
	z := Num{x.Neg != y.Neg, x.Exp + y.Exp + 1, hi, lo}
	if hi&topBit == 0 {
		z.Hi, z.Lo = hi<<1|lo>>63, lo<<1
		z.Exp--
	}
	return z
}

// Over64 is x / y where both have Lo = 0 and neither is zero.
func (x Num) Over64(y Num) Num {
	z := Num{Neg: x.Neg != y.Neg, Exp: x.Exp - y.Exp}
	hi, lo := x.Hi>>1, x.Hi<<63 // so that hi < y.Hi
	if x.Hi < y.Hi {
		hi, lo = x.Hi, 0
		z.Exp--
	}
	var rem uint64
	z.Hi, rem = bits.Div64(hi, lo, y.Hi)
	z.Lo, rem = bits.Div64(rem, 0, y.Hi)
	z.Lo |= nonZero(rem)
	return z
}

// Over is x / y to 127 bits, the last one set unless it is exact; neither is zero.
func (x Num) Over(y Num) Num {
	if x.Lo|y.Lo == 0 {
		return x.Over64(y)
	}
	z := Num{Neg: x.Neg != y.Neg, Exp: x.Exp - y.Exp - 1}
	r, d := x.significand(), y.significand()
	if !r.Below(d) {
		r = U128{x.Hi >> 1, x.Hi<<63 | x.Lo>>1}
		z.Exp++
	}
	z.Hi, r = divStep(r, d)
	z.Lo, _ = divStep(r, d)
	return z.Normalized().Inexact()
}

// Fraction is x, 0 ≤ x < 1, cut to 128 bits behind the point.
func (x Num) Fraction() U128 {
	if x.Hi == 0 {
		return U128{}
	}
	hi, lo := shiftRightJam(x.Hi, x.Lo, uint(-1-x.Exp))
	return U128{hi, lo}
}

// FromFraction is the number a / 2^128.
func FromFraction(a U128) Num {
	if a.Hi|a.Lo == 0 {
		return Num{}
	}
	return Num{Exp: -1, Hi: a.Hi, Lo: a.Lo}.Normalized()
}
