// SPDX-License-Identifier: BSD-3-Clause
// 128-bit unsigned integers and fractions on math/bits.

package float80

import "math/bits"

// u128 is hi·2^64 + lo; as a fraction, that over 2^128.
type u128 struct{ hi, lo uint64 }

func (a u128) parts() (hi, lo uint64) { return a.hi, a.lo }

func (a u128) plus(b u128) u128 {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return u128{hi, lo}
}

func (a u128) minus(b u128) u128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return u128{hi, lo}
}

func (a u128) below(b u128) bool {
	return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo
}

// mulHigh is the upper half of a · b, too small by 2 at most: the product of fractions.
func mulHigh(a, b u128) u128 {
	hi, lo := bits.Mul64(a.hi, b.hi)
	m1, _ := bits.Mul64(a.hi, b.lo)
	m2, _ := bits.Mul64(a.lo, b.hi)
	lo, c := bits.Add64(lo, m1, 0)
	hi += c
	lo, c = bits.Add64(lo, m2, 0)
	return u128{hi + c, lo}
}

// divStep divides r·2^64 by d, where r < d and the top bit of d is set.
func divStep(r, d u128) (q uint64, rem u128) {
	// Guess the digit from the upper half of d: too large by 2 at most.
	q = ^uint64(0)
	if r.hi < d.hi {
		q, _ = bits.Div64(r.hi, r.lo, d.hi)
	}
	// r·2^64 − q·d, of which the lower 128 bits and the sign count.
	p1, p0 := bits.Mul64(q, d.lo)
	h1, h0 := bits.Mul64(q, d.hi)
	p1, c := bits.Add64(p1, h0, 0)
	p2 := h1 + c
	lo, b := bits.Sub64(0, p0, 0)
	mid, b := bits.Sub64(r.lo, p1, b)
	top, _ := bits.Sub64(r.hi, p2, b)
	for top>>63 != 0 {
		q--
		lo, c = bits.Add64(lo, d.lo, 0)
		mid, c = bits.Add64(mid, d.hi, c)
		top += c
	}
	return q, u128{mid, lo}
}

// shiftLeft is a · 2^n for n ≤ 64.
func (a u128) shiftLeft(n uint) u128 {
	return u128{a.hi<<n | a.lo>>(64-n), a.lo << n}
}
