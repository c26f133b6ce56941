// SPDX-License-Identifier: BSD-3-Clause
// Rounding to nearest against Go's own floating point, the approximations against their bound, speed.

package softfloat_test

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/softfloat"
)

// pattern is a random bit pattern, with all exponents and many special values.
func pattern(r *rand.Rand) uint64 {
	v := r.Uint64()
	switch r.Intn(8) {
	case 0:
		v &= 0x8000000000000000 | uint64(1)<<r.Intn(64)
	case 1:
		v |= 0x7ff0000000000000 >> r.Intn(12)
	case 2:
		v &^= 1<<r.Intn(53) - 1
	}
	return v
}

// near64 moves the exponent of b close to that of a, so that sums interact.
func near64(r *rand.Rand, a, b uint64) uint64 {
	const exponent = 0x7ff0000000000000
	return b&^exponent | (a+uint64(r.Intn(120)-60)<<52)&exponent
}

func require64(t *testing.T, want float64, got uint64, op string, a, b uint64) {
	t.Helper()
	if math.IsNaN(want) {
		require.Truef(t, math.IsNaN(math.Float64frombits(got)), "%s %016x %016x: %016x is not a NaN", op, a, b, got)
		return
	}
	require.Equalf(t, math.Float64bits(want), got, "%s %016x %016x", op, a, b)
}

func TestDoubleAgainstNative(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 50000 {
		a, b := pattern(r), pattern(r)
		if r.Intn(2) == 0 {
			b = near64(r, a, b)
		}
		x, y := math.Float64frombits(a), math.Float64frombits(b)
		check := func(op string, want float64, fn func(a, b uint64, c Control) (uint64, Flags)) {
			got, _ := fn(a, b, Default)
			require64(t, want, got, op, a, b)
		}
		check("add", x+y, Add[uint64])
		check("sub", x-y, Sub[uint64])
		check("mul", x*y, Mul[uint64])
		check("div", x/y, Div[uint64])
		root, _ := Sqrt(a, Default)
		require64(t, math.Sqrt(x), root, "sqrt", a, 0)
	}
}

func TestSingleAgainstNative(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 50000 {
		a, b := uint32(pattern(r)>>32), uint32(pattern(r)>>32)
		x, y := math.Float32frombits(a), math.Float32frombits(b)
		check := func(op string, want float32, got uint32) {
			if want != want {
				require.Truef(t, got&0x7fffffff > 0x7f800000, "%s %08x %08x: %08x is not a NaN", op, a, b, got)
				return
			}
			require.Equalf(t, math.Float32bits(want), got, "%s %08x %08x", op, a, b)
		}
		v, _ := Add(a, b, Default)
		check("add", x+y, v)
		v, _ = Mul(a, b, Default)
		check("mul", x*y, v)
		v, _ = Div(a, b, Default)
		check("div", x/y, v)
		v, _ = Sqrt(a, Default)
		check("sqrt", float32(math.Sqrt(float64(x))), v)
		d := pattern(r)
		v, _ = Narrow(d, Default)
		check("narrow", float32(math.Float64frombits(d)), v)
		w, _ := Widen(a, Default)
		require64(t, float64(x), w, "widen", uint64(a), 0)
		v, _ = FromInt32[uint32](int32(a), Default)
		check("from int", float32(int32(a)), v)
		require.Equal(t, x < y, relation(a, b) == Less)
		require.Equal(t, x == y, relation(a, b) == Equal)
		require.Equal(t, x > y, relation(a, b) == Greater)
	}
}

func relation(a, b uint32) Relation {
	r, _ := CompareQuiet(a, b, Default)
	return r
}

func TestToInt32Edges(t *testing.T) {
	rows := []struct {
		in    float64
		c     Control
		want  int32
		flags Flags
	}{
		{2147483647, Default, math.MaxInt32, 0},
		{2147483647.25, Default, math.MaxInt32, PE},
		{2147483647.5, Default, IntIndefinite, IE},
		{2147483647.99, Default.Chop(), math.MaxInt32, PE},
		{2147483648, Default, IntIndefinite, IE},
		{-2147483648, Default, math.MinInt32, 0},
		{-2147483648.5, Default, math.MinInt32, PE},
		{-2147483648.75, Default, IntIndefinite, IE},
		{-2147483648.75, Default.Chop(), math.MinInt32, PE},
		{2.5, Default, 2, PE},
		{-0.75, Default, -1, PE},
		{-0.75, Default.Chop(), 0, PE},
		{math.Copysign(0, -1), Default, 0, 0},
		{math.NaN(), Default, IntIndefinite, IE},
		{math.Inf(-1), Default, IntIndefinite, IE},
		{5e-324, Default, 0, PE},
		{5e-324, Default | 0x40, 0, 0}, // DAZ
	}
	for _, row := range rows {
		got, f := ToInt32(math.Float64bits(row.in), row.c)
		require.Equal(t, row.want, got, row.in)
		require.Equal(t, row.flags, f, row.in)
	}
}

// The manual's bound on the relative error of RCPSS and RSQRTSS.
func TestApproximationError(t *testing.T) {
	const bound = 1.5 / (1 << 12)
	for _, exp := range []uint32{1, 126, 127, 128, 252} {
		for frac := range uint32(1 << 15) {
			a := exp<<23 | frac<<8
			x := float64(math.Float32frombits(a))
			if got := float64(math.Float32frombits(ReciprocalRoot(a))); math.Abs(got*math.Sqrt(x)-1) > bound {
				require.Failf(t, "rsqrt", "%08x: %g", a, got)
			}
			if got := float64(math.Float32frombits(Reciprocal(a))); math.Abs(got*x-1) > bound {
				require.Failf(t, "rcp", "%08x: %g", a, got)
			}
		}
	}
}

// A stopped lane stops them all: the flags of what they would have computed go.
func TestSettle(t *testing.T) {
	require.Equal(t, IE|PE, Default.Settle(IE|PE))
	require.Equal(t, IE|DE, (Default &^ (1 << 7)).Settle(IE|DE|PE|OE))
	require.Equal(t, OE|PE, (Default &^ (1 << 10)).Settle(OE|PE), "overflow is found after computing")
}

func BenchmarkOperations(b *testing.B) {
	x, y := math.Float64bits(math.Pi), math.Float64bits(1/math.E)
	for _, op := range []struct {
		name string
		do   func(a, b uint64, c Control) (uint64, Flags)
	}{{"Add", Add[uint64]}, {"Sub", Sub[uint64]}, {"Mul", Mul[uint64]}, {"Div", Div[uint64]}} {
		b.Run(op.name, func(b *testing.B) {
			for b.Loop() {
				op.do(x, y, Default)
			}
		})
	}
}
