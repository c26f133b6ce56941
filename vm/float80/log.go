// SPDX-License-Identifier: BSD-3-Clause
// FYL2X, FYL2XP1 and F2XM1; Intel SDM vol. 2 under these names.

package float80

import "ring0/vm/internal/exact"

// sqrt2 is the upper half of the significand of √2.
const sqrt2 = 0xb504f333f9de6484

// YLog2X is FYL2X: y · log2 x. FYL2X takes y from ST(1) and x from ST(0).
func YLog2X(y, x F80, c Control) (F80, Status) {
	var st Status
	sign := y.SE & signBit
	if !c.plain(x, y) || x.Neg() {
		r, s, done := c.screen(x, y)
		switch {
		case done:
			return r, s
		case x.Neg() && !x.isZero(), x.isZero() && y.isZero(), x.isInf() && y.isZero(), y.isInf() && x == one:
			return indefinite, IE
		case x.isZero() && !y.isInf():
			return infinity.withSign(^sign), ZE
		case !c.masked(s):
			return zero, s
		case x.isZero():
			return infinity.withSign(^sign), s
		case x.isInf():
			return infinity.withSign(sign), s
		case y.isInf() || y.isZero():
			return y.withSign(sign ^ signOf(x.num().Exp < 0)), s
		}
		st = s
	}
	if x == one {
		return zero.withSign(sign), st
	}
	r, s := c.roundFull(log2(x.num()).Times(y.num()))
	return r, st | s
}

// log2 is the binary logarithm of x > 0, not 1. That of a power of two comes
// out inexact, and smaller than it is by nothing that counts: so does the CPU's.
func log2(x exact.Num) exact.Num {
	n := x.Exp
	x.Exp = 0
	if x.Hi >= sqrt2 {
		x.Exp = -1
		n++
	}
	m := x.Minus(exact.FromUint(1))
	if m.IsZero() {
		return exact.FromInt(int64(n)).Toward0()
	}
	return logRatio(m, x.Plus(exact.FromUint(1))).Plus(exact.FromInt(int64(n)))
}

// logRatio is log2((1+s)/(1−s)) for s = top/bottom, |s| ≤ 3 − 2√2: that is
// 2·log2 e·(s + s·w·(1/3 + w·(1/5 + …))), w = s².
func logRatio(top, bottom exact.Num) exact.Num {
	s := top.Over(bottom)
	w := s.Times(s)
	q := exact.FromFraction(ascending(oddReciprocals[1:1+logTerms], w.Fraction()))
	return s.Plus(s.Times(w).Times(q)).Times(log2OfE).Scaled(1).Inexact()
}

// YLog2XP1 is FYL2XP1: y · log2(x + 1). FYL2XP1 takes y from ST(1) and x from
// ST(0). The manual leaves |x| above 1 − √½ UNDEFINED: there the result is right
// nevertheless down to −1, and from there on it is x.
func YLog2XP1(y, x F80, c Control) (F80, Status) {
	var st Status
	sign := (y.SE ^ x.SE) & signBit
	if !c.plain(x, y) {
		r, s, done := c.screen(x, y)
		switch {
		case done:
			return r, s
		case x.isZero() && y.isInf(), x.isInf() && (y.isZero() || x.Neg()):
			return indefinite, IE
		case !c.masked(s):
			return zero, s
		case x.isZero() || y.isZero():
			return zero.withSign(sign), s
		case x.isInf() || y.isInf():
			return infinity.withSign(sign), s
		}
		st = s
	}
	if x.Neg() && x.SE&expMask >= expBias {
		return x, st | PE
	}
	r, s := c.roundFull(log2p1(x.num()).Times(y.num()))
	return r, st | s
}

// log2p1 is log2(1 + x), x not zero and above −1.
func log2p1(x exact.Num) exact.Num {
	if x.Exp < -2 { // within √½ and √2
		return logRatio(x, x.Plus(exact.FromUint(2)))
	}
	return log2(exact.FromUint(1).Plus(x))
}

// Exp2M1 is F2XM1: 2^x − 1. The manual leaves |x| above 1 UNDEFINED: there it is x.
func Exp2M1(x F80, c Control) (F80, Status) {
	var st Status
	if !x.isNormal() {
		r, s, done := c.screen1(x)
		switch {
		case done:
			return r, s
		case !c.masked(s):
			return zero, s
		case x.isInf() && x.Neg():
			return one.ChangeSign(), s
		case x.isInf() || x.isZero():
			return x, s
		}
		st = s
	}
	switch {
	case x == one.ChangeSign():
		return F80{intBit, signBit | (expBias - 1)}, PE
	case x.SE&expMask >= expBias:
		return x, PE
	}
	r, s := c.roundFull(exp2m1(x.num()))
	return r, st | s
}

// exp2m1 is 2^x − 1 for 0 < |x| < 1, as e^y − 1 = y + y²·(1/2! + y·(1/3! + …)).
func exp2m1(x exact.Num) exact.Num {
	y := x.Abs().Times(lnOf2)
	q := exact.FromFraction(ascending(factorials[2:], y.Fraction()))
	e := y.Plus(y.Times(y).Times(q)).Inexact()
	if x.Neg { // e^−y − 1 = −(e^y − 1) / e^y
		e = e.Over(e.Plus(exact.FromUint(1))).Negate()
	}
	return e
}
