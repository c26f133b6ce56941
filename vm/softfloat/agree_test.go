// SPDX-License-Identifier: BSD-3-Clause
// Where Go's floating point computes, the wide arithmetic agrees on value and flags.

package softfloat

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/internal/exact"
)

// normalOperand is a normal number, often with a short significand, so that
// results are exact or tie.
func normalOperand(r *rand.Rand, l format) uint64 {
	for {
		v := r.Uint64() >> (64 - l.width)
		switch r.Intn(4) {
		case 0:
			v &^= 1<<r.Intn(int(l.fracBits+1)) - 1
		case 1:
			v |= 1<<r.Intn(int(l.fracBits+1)) - 1
		}
		if l.isNormal(v) {
			return v
		}
	}
}

// beside gives b an exponent near that of a.
func beside(r *rand.Rand, l format, a, b uint64) uint64 {
	b = b&^l.infinity() | (a+uint64(r.Intn(120)-60)<<l.fracBits)&l.infinity()
	if !l.isNormal(b) {
		return a
	}
	return b
}

func TestNativeAgreesWithWide(t *testing.T) {
	for _, l := range []format{single, double} {
		r := rand.New(rand.NewSource(3))
		used := [4]int{}
		check := func(n int, x exact.Num, v uint64, f Flags, ok bool, a, b uint64) {
			if !ok || x.IsZero() {
				return
			}
			used[n]++
			want, wantFlags := l.round(x, Default)
			require.Equalf(t, want, v, "operation %d of %x and %x", n, a, b)
			require.Equalf(t, wantFlags, f, "operation %d of %x and %x", n, a, b)
		}
		for range 60000 {
			a, b := normalOperand(r, l), normalOperand(r, l)
			if r.Intn(2) == 0 {
				b = beside(r, l, a, b)
			}
			x, y := l.num(a), l.num(b)
			v, f, ok := l.nativeSum(a, b)
			check(0, x.Plus(y), v, f, ok, a, b)
			v, f, ok = l.nativeMul(a, b)
			check(1, x.Times64(y), v, f, ok, a, b)
			v, f, ok = l.nativeDiv(a, b)
			check(2, x.Over64(y), v, f, ok, a, b)
			v, f, ok = l.nativeSqrt(l.abs(a))
			check(3, x.Abs().Sqrt(), v, f, ok, l.abs(a), 0)
		}
		for n, count := range used {
			require.Greaterf(t, count, 20000, "width %d, operation %d was hardly used", l.width, n)
		}
	}
}
