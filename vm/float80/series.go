// SPDX-License-Identifier: BSD-3-Clause
// Power series on 128-bit fractions, for the transcendental functions.

package float80

import "math/bits"

// fraction is x as a fraction of 1, cut to 128 bits; 0 ≤ x < 1.
func (x num) fraction() u128 {
	if x.hi == 0 {
		return u128{}
	}
	hi, lo := shiftRightJam(x.hi, x.lo, uint(-1-x.exp))
	return u128{hi, lo}
}

// fromFraction is the number a / 2^128.
func fromFraction(a u128) num {
	if a.hi|a.lo == 0 {
		return num{}
	}
	return num{exp: -1, hi: a.hi, lo: a.lo}.normalized()
}

// alternating is c[0] − z·(c[1] − z·(c[2] − …)).
func alternating(c []u128, z u128) u128 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = c[i].minus(mulHigh(z, sum))
	}
	return sum
}

// ascending is c[0] + z·(c[1] + z·(c[2] + …)).
func ascending(c []u128, z u128) u128 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = c[i].plus(mulHigh(z, sum))
	}
	return sum
}

// Coefficients as fractions; 1 does not fit and is left to the callers.
var (
	oddReciprocals = makeOddReciprocals() // [i] is 1/(2i+1), from i = 1
	factorials     = makeFactorials()     // [i] is 1/i!, from i = 2
	sineTerms      = everySecond(3)       // 1/3!, 1/5!, …
	cosineTerms    = everySecond(2)       // 1/2!, 1/4!, …
)

// Numbers of terms that leave an error below 2^−128 for the largest argument.
const (
	trigTerms = 16 // z ≤ (π/4)²: z^16/34! < 2^−138
	atanTerms = 15 // w ≤ 2^−8.9: w^15/33 < 2^−138
	logTerms  = 26 // w ≤ 0.0295: w^26/55 < 2^−138
	expTerms  = 34 // y ≤ ln 2: y^34/36! < 2^−156
)

func makeOddReciprocals() (c [logTerms + 2]u128) {
	for i := 1; i < len(c); i++ {
		c[i] = u128{intBit, 0}.dividedBy(uint64(2*i + 1)).doubled()
	}
	return c
}

func makeFactorials() (c [expTerms + 2]u128) {
	c[2] = u128{intBit, 0}
	for i := 3; i < len(c); i++ {
		c[i] = c[i-1].dividedBy(uint64(i))
	}
	return c
}

func everySecond(first int) (c [trigTerms]u128) {
	for i := range c {
		c[i] = factorials[first+2*i]
	}
	return c
}

// dividedBy is a / n.
func (a u128) dividedBy(n uint64) u128 {
	lo, _ := bits.Div64(a.hi%n, a.lo, n)
	return u128{a.hi / n, lo}
}

func (a u128) doubled() u128 { return a.plus(a) }
