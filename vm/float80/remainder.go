// SPDX-License-Identifier: BSD-3-Clause
// FPREM and FPREM1; Intel SDM vol. 2 under these names.

package float80

import "math/bits"

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
			r, s := a.num().roundFull(c)
			return r, st | s
		}
	}
	x, y := a.num(), b.num()
	distance := x.exp - y.exp
	if distance >= 64 {
		r, s := deliverRemainder(x.reduce(y, partialStep(distance)), a, c)
		return r, st | s | C2
	}
	rem, q := x.remainder(y, distance)
	if nearest {
		rem, q = rem.toNearest(y, q)
	}
	r, s := deliverRemainder(rem, a, c)
	return r, st | s | quotientCodes(q)
}

// partialStep is how many quotient bits an incomplete reduction takes off:
// the manual allows 32 to 63, and CPUs choose what leaves a multiple of 32.
func partialStep(distance int) int { return 32 + distance%32 }

// deliverRemainder rounds a remainder, which is exact but may be denormal. A
// zero has the sign of the dividend.
func deliverRemainder(rem num, a F80, c Control) (F80, Status) {
	if rem.isZero() {
		return zero.withSign(a.SE), 0
	}
	return rem.roundFull(c)
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
func (x num) reduce(y num, n int) num {
	y.exp = x.exp - n
	rem, _ := x.remainder(y, n)
	return rem
}

// remainder is x mod y and the low bits of the quotient; the exponents are
// distance < 64 apart.
func (x num) remainder(y num, distance int) (rem num, q uint64) {
	if distance < 0 {
		return x, 0
	}
	man := x.hi
	if man >= y.hi {
		man -= y.hi
		q = 1 << distance
	}
	low, r := bits.Div64(man>>(64-distance), man<<distance, y.hi)
	rem = num{neg: x.neg, exp: y.exp, hi: r}
	if r == 0 {
		return num{}, q + low
	}
	return rem.normalized(), q + low
}

// toNearest turns a chopped remainder of a division by y into that of the
// quotient rounded to nearest, ties to even.
func (rem num) toNearest(y num, q uint64) (num, uint64) {
	if rem.isZero() {
		return rem, q
	}
	cmp := rem.scaled(1).cmpAbs(y)
	if cmp < 0 || cmp == 0 && q&1 == 0 {
		return rem, q
	}
	y.neg = rem.neg
	return rem.minus(y), q + 1
}
