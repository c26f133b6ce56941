// SPDX-License-Identifier: BSD-3-Clause
// FPATAN; Intel SDM vol. 2 under this name (table 3-28 for the special operands).

package float80

import "ring0/vm/internal/exact"

// Atan is FPATAN: the angle of the point (x, y), from −π to π. FPATAN takes y
// from ST(1) and x from ST(0).
func Atan(y, x F80, c Control) (F80, Status) {
	var st Status
	if !c.plain(x, y) {
		r, s, done := c.screen(x, y)
		switch {
		case done:
			return r, s
		case !c.masked(s):
			return zero, s
		}
		st = s
	}
	angle := angleOf(y, x)
	if angle.IsZero() {
		return zero.withSign(y.SE), st
	}
	angle.Neg = y.Neg()
	r, s := c.roundFull(angle)
	return r, st | s
}

// angleOf is the magnitude of the angle.
func angleOf(y, x F80) exact.Num {
	var acute exact.Num
	switch {
	case y.isInf() && x.isInf():
		acute = pi.Scaled(-2)
	case y.isInf(), x.isZero() && !y.isZero():
		acute = pi.Scaled(-1)
	case y.isZero(), x.isInf():
		acute = exact.Num{}
	default:
		acute = acuteAngle(y.num().Abs(), x.num().Abs())
	}
	if x.Neg() {
		return pi.Minus(acute).Inexact()
	}
	return acute
}

// acuteAngle is atan(y/x) for positive numbers with lo = 0.
func acuteAngle(y, x exact.Num) exact.Num {
	if y.CmpAbs(x) > 0 {
		return pi.Scaled(-1).Minus(atanRatio(x, y)).Inexact()
	}
	return atanRatio(y, x)
}

// atanRatio is atan(n/d) for 0 < n ≤ d. With k/16 next to n/d,
//
//	atan(n/d) = atan(k/16) + atan((16n − kd) / (16d + kn))
//
// where both terms of the fraction are exact.
func atanRatio(n, d exact.Num) exact.Num {
	k := sixteenths(n, d)
	if k == 0 {
		return atanSmall(n.Over(d))
	}
	factor := exact.FromUint(k)
	top := n.Scaled(4).Minus(d.Times64(factor))
	if top.IsZero() {
		return atanTable[k].Inexact()
	}
	u := top.Over(d.Scaled(4).Plus(n.Times64(factor)))
	return atanTable[k].Plus(atanSmall(u))
}

// sixteenths is 16n/d rounded to nearest, or next to that.
func sixteenths(n, d exact.Num) uint64 {
	shift := d.Exp - n.Exp
	if shift > 6 {
		return 0
	}
	// The leading 32 bits of both decide.
	return ((n.Hi>>32<<5)/(d.Hi>>32<<shift) + 1) / 2
}

// atanSmall is atan u for |u| below 1/16.
func atanSmall(u exact.Num) exact.Num {
	w := u.Times(u)
	q := alternating(oddReciprocals[1:1+atanTerms], w.Fraction())
	return u.Minus(u.Times(w).Times(exact.FromFraction(q))).Inexact()
}

// atanTable[k] is atan(k/16).
var atanTable = [17]exact.Num{
	1:  {Exp: -5, Hi: 0xffaaddb967ef4e36, Lo: 0xcb2792dc0e2e0d51},
	2:  {Exp: -4, Hi: 0xfeadd4d5617b6e32, Lo: 0xc897989f3e888ef7},
	3:  {Exp: -3, Hi: 0xbdcbda5e72d81134, Lo: 0x7b0b4f881c9c7487},
	4:  {Exp: -3, Hi: 0xfadbafc96406eb15, Lo: 0x6dc79ef5f7a217e5},
	5:  {Exp: -2, Hi: 0x9b13b9b83f5e5e69, Lo: 0xc5abb498d27af328},
	6:  {Exp: -2, Hi: 0xb7b0ca0f26f78473, Lo: 0x8aa32122dcfe4483},
	7:  {Exp: -2, Hi: 0xd327761e611fe5b6, Lo: 0x427c95e9001e7136},
	8:  {Exp: -2, Hi: 0xed63382b0dda7b45, Lo: 0x6fe445ecbc3a8d03},
	9:  {Exp: -1, Hi: 0x832bf4a6d9867e2a, Lo: 0x4b6a09cb61a515c0},
	10: {Exp: -1, Hi: 0x8f005d5ef7f59f9b, Lo: 0x5c835e1665c43747},
	11: {Exp: -1, Hi: 0x9a2f80e671bdda20, Lo: 0x4226f8e2204ff3bc},
	12: {Exp: -1, Hi: 0xa4bc7d1934f70924, Lo: 0x19a87f2a457dac9e},
	13: {Exp: -1, Hi: 0xaeac4c38b4d8c080, Lo: 0x14725e2f3e52070a},
	14: {Exp: -1, Hi: 0xb8053e2bc2319e73, Lo: 0xcb2da55210a4443d},
	15: {Exp: -1, Hi: 0xc0ce85b8ac526640, Lo: 0x89dd62c46e92fa24},
	16: {Exp: -1, Hi: 0xc90fdaa22168c234, Lo: 0xc4c6628b80dc1cd1},
}
