// SPDX-License-Identifier: BSD-3-Clause
// FPATAN; Intel SDM vol. 2 under this name (table 3-28 for the special operands).

package float80

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
	if angle.isZero() {
		return zero.withSign(y.SE), st
	}
	angle.neg = y.Neg()
	r, s := angle.roundFull(c)
	return r, st | s
}

// angleOf is the magnitude of the angle.
func angleOf(y, x F80) num {
	var acute num
	switch {
	case y.isInf() && x.isInf():
		acute = pi.scaled(-2)
	case y.isInf(), x.isZero() && !y.isZero():
		acute = pi.scaled(-1)
	case y.isZero(), x.isInf():
		acute = num{}
	default:
		acute = acuteAngle(y.num().abs(), x.num().abs())
	}
	if x.Neg() {
		return pi.minus(acute).inexact()
	}
	return acute
}

// acuteAngle is atan(y/x) for positive numbers with lo = 0.
func acuteAngle(y, x num) num {
	if y.cmpAbs(x) > 0 {
		return pi.scaled(-1).minus(atanRatio(x, y)).inexact()
	}
	return atanRatio(y, x)
}

// atanRatio is atan(n/d) for 0 < n ≤ d. With k/16 next to n/d,
//
//	atan(n/d) = atan(k/16) + atan((16n − kd) / (16d + kn))
//
// where both terms of the fraction are exact.
func atanRatio(n, d num) num {
	k := sixteenths(n, d)
	if k == 0 {
		return atanSmall(n.over(d))
	}
	factor := fromUint(k)
	top := n.scaled(4).minus(d.times64(factor))
	if top.isZero() {
		return atanTable[k].inexact()
	}
	u := top.over(d.scaled(4).plus(n.times64(factor)))
	return atanTable[k].plus(atanSmall(u))
}

// sixteenths is 16n/d rounded to nearest, or next to that.
func sixteenths(n, d num) uint64 {
	shift := d.exp - n.exp
	if shift > 6 {
		return 0
	}
	// The leading 32 bits of both decide.
	return ((n.hi>>32<<5)/(d.hi>>32<<shift) + 1) / 2
}

// atanSmall is atan u for |u| below 1/16.
func atanSmall(u num) num {
	w := u.times(u)
	q := alternating(oddReciprocals[1:1+atanTerms], w.fraction())
	return u.minus(u.times(w).times(fromFraction(q))).inexact()
}

// atanTable[k] is atan(k/16).
var atanTable = [17]num{
	1:  {exp: -5, hi: 0xffaaddb967ef4e36, lo: 0xcb2792dc0e2e0d51},
	2:  {exp: -4, hi: 0xfeadd4d5617b6e32, lo: 0xc897989f3e888ef7},
	3:  {exp: -3, hi: 0xbdcbda5e72d81134, lo: 0x7b0b4f881c9c7487},
	4:  {exp: -3, hi: 0xfadbafc96406eb15, lo: 0x6dc79ef5f7a217e5},
	5:  {exp: -2, hi: 0x9b13b9b83f5e5e69, lo: 0xc5abb498d27af328},
	6:  {exp: -2, hi: 0xb7b0ca0f26f78473, lo: 0x8aa32122dcfe4483},
	7:  {exp: -2, hi: 0xd327761e611fe5b6, lo: 0x427c95e9001e7136},
	8:  {exp: -2, hi: 0xed63382b0dda7b45, lo: 0x6fe445ecbc3a8d03},
	9:  {exp: -1, hi: 0x832bf4a6d9867e2a, lo: 0x4b6a09cb61a515c0},
	10: {exp: -1, hi: 0x8f005d5ef7f59f9b, lo: 0x5c835e1665c43747},
	11: {exp: -1, hi: 0x9a2f80e671bdda20, lo: 0x4226f8e2204ff3bc},
	12: {exp: -1, hi: 0xa4bc7d1934f70924, lo: 0x19a87f2a457dac9e},
	13: {exp: -1, hi: 0xaeac4c38b4d8c080, lo: 0x14725e2f3e52070a},
	14: {exp: -1, hi: 0xb8053e2bc2319e73, lo: 0xcb2da55210a4443d},
	15: {exp: -1, hi: 0xc0ce85b8ac526640, lo: 0x89dd62c46e92fa24},
	16: {exp: -1, hi: 0xc90fdaa22168c234, lo: 0xc4c6628b80dc1cd1},
}
