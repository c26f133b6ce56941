// SPDX-License-Identifier: BSD-3-Clause
// FRNDINT, FSCALE and FXTRACT; Intel SDM vol. 2 under these names.

package float80

import "ring0/vm/internal/exact"

// RoundToInt is FRNDINT: a rounded to an integer as rounding control says.
func RoundToInt(a F80, c Control) (F80, Status) {
	r, st, done := c.screen1(a)
	switch {
	case done:
		return r, st
	case a.isZero() || a.isInf():
		return a, 0
	case !c.masked(st):
		return zero, st
	}
	x := a.num()
	if x.Exp >= 63 { // has no fraction
		return a, st
	}
	n, _ := x.ToInteger(c.mode())
	st |= statusOf(n)
	if n.Man == 0 {
		return zero.withSign(a.SE), st
	}
	x = exact.FromUint(n.Man)
	return pack(a.Neg(), x.Hi, x.Exp), st
}

// scaleLimit is beyond what moves any number over both ends of the exponent range.
const scaleLimit = 1 << 16

// Scale is FSCALE: a · 2^n, where n is b chopped to an integer.
func Scale(a, b F80, c Control) (F80, Status) {
	var st Status
	if !c.plain(a, b) {
		r, s, done := c.screen(a, b)
		switch {
		case done:
			return r, s
		case b.isInf() && (a.isInf() && b.Neg() || a.isZero() && !b.Neg()):
			return indefinite, IE
		case !c.masked(s):
			return zero, s
		case a.isInf() || a.isZero():
			return a, s
		case b.isInf() && b.Neg():
			return zero.withSign(a.SE), s
		case b.isInf():
			return infinity.withSign(a.SE), s
		}
		st = s
	}
	r, s := c.roundFull(a.num().Scaled(scaleOf(b)))
	return r, st | s
}

// scaleOf is b as an exponent, within ±scaleLimit.
func scaleOf(b F80) int {
	y := b.num()
	n := scaleLimit
	if y.Exp < 16 {
		whole, _ := y.ToInteger(exact.Chop)
		n = int(whole.Man)
	}
	if y.Neg {
		return -n
	}
	return n
}

// Extract is FXTRACT: the significand of a, with its sign and exponent 0, and
// the exponent as a number.
func Extract(a F80, c Control) (significand, exponent F80, st Status) {
	r, st, done := c.screen1(a)
	switch {
	case done:
		return r, r, st
	case a.isInf():
		return a, infinity, 0
	case a.isZero():
		return a, infinity.ChangeSign(), ZE
	case !c.masked(st):
		return zero, zero, st
	}
	x := a.num()
	return pack(x.Neg, x.Hi, 0), FromInt(int64(x.Exp)), st
}
