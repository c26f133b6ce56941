// SPDX-License-Identifier: BSD-3-Clause
// FRNDINT, FSCALE and FXTRACT; Intel SDM vol. 2 under these names.

package float80

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
	if x.exp >= 63 { // has no fraction
		return a, st
	}
	n, s, _ := x.toInteger(c.Rounding())
	if n == 0 {
		return zero.withSign(a.SE), st | s
	}
	x = fromUint(n)
	return pack(a.Neg(), x.hi, x.exp), st | s
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
	r, s := a.num().scaled(scaleOf(b)).roundFull(c)
	return r, st | s
}

// scaleOf is b as an exponent, within ±scaleLimit.
func scaleOf(b F80) int {
	y := b.num()
	n := scaleLimit
	if y.exp < 16 {
		u, _, _ := y.toInteger(Chop)
		n = int(u)
	}
	if y.neg {
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
	return pack(x.neg, x.hi, 0), FromInt(int64(x.exp)), st
}
