// SPDX-License-Identifier: BSD-3-Clause
// Power series on 128-bit fractions, for the transcendental functions.

package float80

import "ring0/vm/internal/exact"

// alternating is c[0] − z·(c[1] − z·(c[2] − …)).
func alternating(c []exact.U128, z exact.U128) exact.U128 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = c[i].Minus(z.MulHigh(sum))
	}
	return sum
}

// ascending is c[0] + z·(c[1] + z·(c[2] + …)).
func ascending(c []exact.U128, z exact.U128) exact.U128 {
	sum := c[len(c)-1]
	for i := len(c) - 2; i >= 0; i-- {
		sum = c[i].Plus(z.MulHigh(sum))
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
	logTerms  = 26 // w ≤ 0.0295: w^26/55 < 2^−137
	expTerms  = 34 // y ≤ ln 2: y^34/36! < 2^−156
)

func makeOddReciprocals() (c [logTerms + 2]exact.U128) {
	for i := 1; i < len(c); i++ {
		half := exact.U128{Hi: intBit}.DividedBy(uint64(2*i + 1))
		c[i] = half.Plus(half)
	}
	return c
}

func makeFactorials() (c [expTerms + 2]exact.U128) {
	c[2] = exact.U128{Hi: intBit}
	for i := 3; i < len(c); i++ {
		c[i] = c[i-1].DividedBy(uint64(i))
	}
	return c
}

func everySecond(first int) (c [trigTerms]exact.U128) {
	for i := range c {
		c[i] = factorials[first+2*i]
	}
	return c
}
