// SPDX-License-Identifier: BSD-3-Clause
// Where Go's floating point computes, the wide arithmetic agrees on value and flags.

package softfloat

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// operand is a bit pattern, often one with a short significand, so that
// results are exact or tie, sometimes zero or near an end of the range.
func operand[F Float](r *rand.Rand, l format) F {
	v := r.Uint64() >> (64 - l.width)
	switch r.Intn(8) {
	case 0, 1:
		v &^= 1<<r.Intn(int(l.fracBits+1)) - 1
	case 2, 3:
		v |= 1<<r.Intn(int(l.fracBits+1)) - 1
	case 4:
		v &= l.signBit()
	case 5:
		v ^= l.infinity() >> 1 & (v << r.Intn(12))
	}
	return F(v)
}

// beside gives b an exponent near that of a.
func beside[F Float](r *rand.Rand, l format, a, b F) F {
	exponent := F(l.infinity())
	return b&^exponent | (a+F(r.Intn(120)-60)<<l.fracBits)&exponent
}

// agreement counts how often the native way was taken.
type agreement struct {
	t    *testing.T
	used map[string]int
}

func (g *agreement) check(op string, operands any, got, want [2]uint64, ok bool) {
	if ok {
		g.used[op]++
		require.Equalf(g.t, want, got, "%s of %x: value and flags", op, operands)
	}
}

// pair is an outcome: value, flags.
func pair[F Float](v F, f Flags) [2]uint64 { return [2]uint64{uint64(v), uint64(f)} }

func agrees[F Float](t *testing.T) {
	l := formatOf[F]()
	r := rand.New(rand.NewSource(3))
	g := &agreement{t, map[string]int{}}
	binary := func(op string, a, b F, native func(a, b F) (F, Flags, bool), wide func(a, b uint64) (uint64, Flags)) {
		v, f, ok := native(a, b)
		g.check(op, [2]F{a, b}, pair(v, f), pair(wide(uint64(a), uint64(b))), ok)
	}
	for range 60000 {
		a, b := operand[F](r, l), operand[F](r, l)
		if r.Intn(2) == 0 {
			b = beside(r, l, a, b)
		}
		binary("sum", a, b, nativeSum, func(a, b uint64) (uint64, Flags) { return l.sum(a, b, 0, Default) })
		binary("product", a, b, nativeMul, func(a, b uint64) (uint64, Flags) { return l.mul(a, b, Default) })
		binary("quotient", a, b, nativeDiv, func(a, b uint64) (uint64, Flags) { return l.div(a, b, Default) })
		binary("root", a, 0, func(a, _ F) (F, Flags, bool) { return nativeSqrt(a) },
			func(a, _ uint64) (uint64, Flags) { return l.sqrt(a, Default) })

		relation, ok := nativeCompare(a, b)
		want, f := l.compare(uint64(a), uint64(b), Default)
		g.check("relation", [2]F{a, b}, pair(uint64(relation), 0), pair(uint64(want), f), ok)

		a = F(l.withSign(uint64(a)&(1<<l.fracBits-1)|uint64(l.max+r.Intn(36)-3)<<l.fracBits, uint64(a)))
		for _, c := range []Control{Default, Default.Chop(), Default | 1<<rcShift} {
			n, f, ok := nativeToInt32(a, c)
			want, wantFlags := l.toInt32(uint64(a), c)
			g.check("integer", a, pair(uint64(n), f), pair(uint64(want), wantFlags), ok)
		}
	}
	for _, op := range []string{"sum", "product", "quotient", "root", "relation", "integer"} {
		require.Greaterf(t, g.used[op], 10000, "%s was hardly used", op)
	}
}

func TestNativeAgreesWithWide(t *testing.T) {
	t.Run("single", agrees[uint32])
	t.Run("double", agrees[uint64])
}

func TestNativeNarrowAgreesWithWide(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	g := &agreement{t, map[string]int{}}
	for range 60000 {
		a := operand[uint64](r, double)
		if r.Intn(4) != 0 {
			a = a&^double.infinity() | uint64(double.max-140+r.Intn(280))<<double.fracBits
		}
		v, f, ok := nativeNarrow(a)
		want, wantFlags := convert(double, single, a, Default)
		g.check("narrowed", a, pair(v, f), pair(want, wantFlags), ok)
	}
	require.Greater(t, g.used["narrowed"], 20000)
}
