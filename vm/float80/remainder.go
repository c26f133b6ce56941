// SPDX-License-Identifier: BSD-3-Clause
// FPREM and FPREM1; Intel SDM vol. 2 under these names.

package float80

import (
	"math/bits"

	"ring0/vm/internal/exact"
)

// Prem is FPREM: the remainder of a / b with the quotient chopped. If the
// exponents are 64 or more apart it only takes off a multiple of b and
// reports C2; the guest's loop goes on with the result. C0, C3 and C1 are the
// quotient's bits 2, 1 and 0; C0 and C3 mean nothing when Control.Keeps holds.
func Prem(a, b F80, c Control) (F80, Status) { return prem(a, b, c, false) }

// Prem1 is FPREM1: as Prem, with the quotient rounded to nearest.
func Prem1(a, b F80, c Control) (F80, Status) { return prem(a, b, c, true) }

func prem(a, b F80, c Control, nearest bool) (F80, Status) {
	var st Status
	if !c.plain(a, b) {
		r, s, done := c.screen(a, b)
		switch {
		case done:
			return r, s
		case a.isInf() || b.isZero():
			return indefinite, IE
		case !c.masked(s):
			return zero, s
		case a.isZero():
			return a, s
		}
		st = s
		if b.isInf() {
			r, s := c.roundFull(a.num())
			return r, st | s
		}
	}
	x, y := a.num(), b.num()
	distance := x.Exp - y.Exp
	if distance >= 64 {
		r, s := deliverRemainder(reduce(x, y, partialStep(distance)), a, c)
		return r, st | s | C2
	}
	rem, q := remainder(x, y, distance)
	if nearest {
		rem, q = toNearest(rem, y, q)
	}
	r, s := deliverRemainder(rem, a, c)
	return r, st | s | quotientCodes(q)
}

// partialStep is how many quotient bits an incomplete reduction takes off:
// the manual allows 32 to 63, and CPUs choose what leaves a multiple of 32.
func partialStep(distance int) int { return 32 + distance%32 }

// deliverRemainder rounds a remainder, which is exact but may be denormal. A
// zero has the sign of the dividend.
func deliverRemainder(rem exact.Num, a F80, c Control) (F80, Status) {
	if rem.IsZero() {
		return zero.withSign(a.SE), 0
	}
	return c.roundFull(rem)
}

// quotientCodes puts the low quotient bits where FPREM reports them.
func quotientCodes(q uint64) (st Status) {
	if q&1 != 0 {
		st |= C1
	}
	if q&2 != 0 {
		st |= C3
	}
	if q&4 != 0 {
		st |= C0
	}
	return st
}

// reduce is x minus y times the integer part of x / (y·2^(distance−n)), scaled
// alike: the leading n+1 quotient bits taken off.
func reduce(x, y exact.Num, n int) exact.Num {
	y.Exp = x.Exp - n
	rem, _ := remainder(x, y, n)
	return rem
}

// remainder is x mod y and the low bits of the quotient; the exponents are
// distance < 64 apart.
func remainder(x, y exact.Num, distance int) (rem exact.Num, q uint64) {
	if distance < 0 {
		return x, 0
	}
	man := x.Hi
	if man >= y.Hi {
		man -= y.Hi
		q = 1 << distance
	}
	low, r := bits.Div64(man>>(64-distance), man<<distance, y.Hi)
	rem = exact.Num{Neg: x.Neg, Exp: y.Exp, Hi: r}
	if r == 0 {
		return exact.Num{}, q + low
	}
	return rem.Normalized(), q + low
}

// toNearest turns a chopped remainder of a division by y into that of the
// quotient rounded to nearest, ties to even.
func toNearest(rem, y exact.Num, q uint64) (exact.Num, uint64) {
	if rem.IsZero() {
		return rem, q
	}
	cmp := rem.Scaled(1).CmpAbs(y)
	if cmp < 0 || cmp == 0 && q&1 == 0 {
		return rem, q
	}
	y.Neg = rem.Neg
	return rem.Minus(y), q + 1
}
