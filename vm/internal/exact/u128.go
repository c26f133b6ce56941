// SPDX-License-Identifier: BSD-3-Clause
// 128-bit unsigned integers and fractions on math/bits.

package exact

import "math/bits"

// U128 is Hi·2^64 + Lo; as a fraction, that over 2^128.
type U128 struct{ Hi, Lo uint64 }

// Plus is a + b.
func (a U128) Plus(b U128) U128 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(a.Hi, b.Hi, carry)
	return U128{hi, lo}
}

// Minus is a − b.
func (a U128) Minus(b U128) U128 {
	lo, borrow := bits.Sub64(a.Lo, b.Lo, 0)
	hi, _ := bits.Sub64(a.Hi, b.Hi, borrow)
	return U128{hi, lo}
}

// Below says whether a < b.
func (a U128) Below(b U128) bool {
	return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo
}

// ShiftLeft is a · 2^n for n ≤ 64.
func (a U128) ShiftLeft(n uint) U128 {
	return U128{a.Hi<<n | a.Lo>>(64-n), a.Lo << n}
}

// DividedBy is a / n.
func (a U128) DividedBy(n uint64) U128 {
	lo, _ := bits.Div64(a.Hi%n, a.Lo, n)
	return U128{a.Hi / n, lo}
}

// MulHigh is the upper half of a · b, too small by 2 at most: the product of fractions.
func (a U128) MulHigh(b U128) U128 {
	hi, lo := bits.Mul64(a.Hi, b.Hi)
	m1, _ := bits.Mul64(a.Hi, b.Lo)
	m2, _ := bits.Mul64(a.Lo, b.Hi)
	lo, c := bits.Add64(lo, m1, 0)
	hi += c
	lo, c = bits.Add64(lo, m2, 0)
	return U128{hi + c, lo}
}

// divStep divides r·2^64 by d, where r < d and the top bit of d is set.
func divStep(r, d U128) (q uint64, rem U128) {
	// Guess the digit from the upper half of d: too large by 2 at most.
	q = ^uint64(0)
	if r.Hi < d.Hi {
		q, _ = bits.Div64(r.Hi, r.Lo, d.Hi)
	}
	// r·2^64 − q·d, of which the lower 128 bits and the sign count.
	p1, p0 := bits.Mul64(q, d.Lo)
	h1, h0 := bits.Mul64(q, d.Hi)
	p1, c := bits.Add64(p1, h0, 0)
	p2 := h1 + c
	lo, b := bits.Sub64(0, p0, 0)
	mid, b := bits.Sub64(r.Lo, p1, b)
	top, _ := bits.Sub64(r.Hi, p2, b)
	for top>>63 != 0 {
		q--
		lo, c = bits.Add64(lo, d.Lo, 0)
		mid, c = bits.Add64(mid, d.Hi, c)
		top += c
	}
	return q, U128{mid, lo}
}
