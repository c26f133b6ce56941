// SPDX-License-Identifier: BSD-3-Clause
// The exact square root of a significand.

package exact

import (
	"math"
	"math/bits"
)

// Sqrt is the square root of x, positive and with Lo = 0.
func (x Num) Sqrt() Num {
	hi, lo := x.Hi, uint64(0)
	if x.Exp&1 == 0 {
		hi, lo = hi>>1, hi<<63 // the root of 1.… is 1.…, with the top bit at 2^126
	}
	root, remHi, rem := isqrt(hi, lo)
	z := Num{Exp: x.Exp >> 1, Hi: root}
	if remHi != 0 || rem > root { // the remainder is above root: beyond a half
		z.Lo = topBit
	}
	z.Lo |= nonZero(rem | remHi)
	return z
}

// isqrt is the integer square root of hi:lo ≥ 2^126, and its remainder.
func isqrt(hi, lo uint64) (root, remHi, remLo uint64) {
	root = rootGuess(hi, lo)
	for {
		sqHi, sqLo := bits.Mul64(root, root)
		var b uint64
		remLo, b = bits.Sub64(lo, sqLo, 0)
		remHi, b = bits.Sub64(hi, sqHi, b)
		if b != 0 {
			root--
			continue
		}
		// Too small if the remainder is above 2·root.
		dblHi, dblLo := root>>63, root<<1
		if remHi > dblHi || remHi == dblHi && remLo > dblLo {
			root++
			continue
		}
		return root, remHi, remLo
	}
}

// rootGuess is within a few units of the square root of hi:lo ≥ 2^126: the
// float64 root of hi, good to 52 bits, and one Newton step.
func rootGuess(hi, lo uint64) uint64 {
	const most = ^uint64(0)
	guess := most
	if f := math.Sqrt(float64(hi)) * (1 << 32); f < 1<<64 {
		guess = uint64(f)
	}
	if hi >= guess { // only near 2^128, where the guess must not be too small to divide by
		guess = most
	}
	if hi == most {
		return most
	}
	q, _ := bits.Div64(hi, lo, guess)
	return guess>>1 + q>>1 + guess&q&1
}
