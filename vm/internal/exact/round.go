// SPDX-License-Identifier: BSD-3-Clause
// Rounding to a number of bits; Intel SDM vol. 1, 4.8.4 "Rounding".

package exact

// Mode is a rounding mode, numbered as in the RC fields of the x87 control word and MXCSR.
type Mode uint8

const (
	Nearest Mode = iota // to nearest, ties to even
	Down                // toward −∞
	Up                  // toward +∞
	Chop                // toward zero
)

// Rounded is a magnitude after rounding: Man·2^(Exp−63), the unused low bits
// of Man clear. The top bit of Man is set, except in a denormal.
type Rounded struct {
	Man     uint64
	Exp     int
	Inexact bool
	Up      bool // inexact, and the magnitude is larger than the exact one
}

// Increments says whether a magnitude of the given sign rounds up when frac,
// a fraction of 2^64 with a sticky last bit, is cut from it.
func (m Mode) Increments(neg, odd bool, frac uint64) bool {
	switch m {
	case Nearest:
		return frac > topBit || frac == topBit && odd
	case Down:
		return neg && frac != 0
	case Up:
		return !neg && frac != 0
	}
	return false
}

// Overflows says whether a result above the largest number becomes infinity
// rather than stays that number.
func (m Mode) Overflows(neg bool) bool { return m.Increments(neg, true, topBit) }

// Round cuts x, not zero, to precision bits; the exponent has no limits.
func (x Num) Round(precision uint, m Mode) Rounded {
	r := x.cut(precision, m)
	if r.Man == 0 { // carried out of the top
		r.Man = topBit
		r.Exp++
	}
	return r
}

// RoundDenormal rounds x, not zero and below 2^min, to a multiple of
// 2^(min−precision+1): the exponent is min, and the top bit of Man tells
// whether rounding made x a normal number.
func (x Num) RoundDenormal(precision uint, min int, m Mode) Rounded {
	x.Hi, x.Lo = shiftRightJam(x.Hi, x.Lo, uint(min-x.Exp))
	x.Exp = min
	return x.cut(precision, m)
}

// cut rounds the significand; a carry out of the top shows as Man = 0.
func (x Num) cut(precision uint, m Mode) Rounded {
	drop := 64 - precision
	hi, frac := x.Hi, x.Lo
	if drop != 0 {
		frac = hi<<precision | nonZero(frac)
		hi = hi >> drop << drop
	}
	switch {
	case frac == 0:
		return Rounded{Man: hi, Exp: x.Exp}
	case m.Increments(x.Neg, hi>>drop&1 != 0, frac):
		return Rounded{hi + 1<<drop, x.Exp, true, true}
	}
	return Rounded{hi, x.Exp, true, false}
}

// ToInteger is |x| rounded to an integer, in Man. ok is false when that does
// not fit 64 bits.
func (x Num) ToInteger(m Mode) (r Rounded, ok bool) {
	switch {
	case x.IsZero():
		return Rounded{}, true
	case x.Exp > 63:
		return Rounded{}, false
	}
	x.Hi, x.Lo = shiftRightJam(x.Hi, x.Lo, uint(63-x.Exp))
	r = x.cut(64, m)
	carried := x.Hi != 0 && r.Man == 0
	return r, !carried
}
