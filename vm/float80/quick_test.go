// SPDX-License-Identifier: BSD-3-Clause
// The everyday case against the general one.

package float80_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
)

// TestQuickAgrees compares the quick forms with what the general ones make of
// the same operands. A pending denormal operand keeps Add and its like from
// taking the quick way.
func TestQuickAgrees(t *testing.T) {
	rows := []struct {
		name  string
		quick func(a, b F80) (F80, Status, bool)
		op    func(a, b F80, c Control) (F80, Status)
	}{{"sum", QuickSum, Add}, {"mul", QuickMul, Mul}, {"div", QuickDiv, Div}}
	r := rand.New(rand.NewSource(87))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			taken := 0
			for range 100_000 {
				exp := r.Intn(0x8000)
				a, b := normal(r, exp), normal(r, r.Intn(0x8000))
				if row.name == "sum" {
					b = normal(r, exp+r.Intn(140)-70)
				}
				require.True(t, Default.Quick(a, b))
				v, st, ok := row.quick(a, b)
				if !ok {
					continue
				}
				taken++
				want, wantSt := row.op(a, b, Default.With(DE))
				if v != want || st != wantSt&^DE {
					t.Fatalf("%v, %v: quick %v %04x, else %v %04x", a, b, v, st, want, wantSt)
				}
			}
			require.Greater(t, taken, 40_000)
		})
	}
}

// normal is a random normal number with about the given biased exponent, often
// with long runs of ones or zeros.
func normal(r *rand.Rand, exp int) F80 {
	man := r.Uint64()
	switch r.Intn(4) {
	case 0:
		man &= ^uint64(0) << r.Intn(64)
	case 1:
		man |= ^uint64(0) >> r.Intn(64)
	}
	return F80{Man: man | 1<<63, SE: uint16(min(max(exp, 1), 0x7ffe)) | uint16(r.Intn(2)<<15)}
}

// TestQuickIsChoosy lists what the quick forms must leave alone.
func TestQuickIsChoosy(t *testing.T) {
	one, least, most := One(), F80{Man: 1 << 63, SE: 1}, F80{Man: ^uint64(0), SE: 0x7ffe}
	for name, x := range map[string]F80{
		"zero": Zero(), "infinity": Infinity(), "nan": Indefinite(), "denormal": {Man: 1},
		"pseudo-denormal": {Man: 1 << 63}, "unnormal": {Man: 1, SE: 0x3fff},
	} {
		require.False(t, Default.Quick(x, one), name)
		require.False(t, Default.Quick(one, x), name)
	}
	for _, c := range []Control{0x027f, 0x007f, 0x017f, 0x077f, 0x0b7f, 0x0f7f, Default.With(DE)} {
		require.False(t, c.Quick(one, one), "%x", uint32(c))
	}
	declined := func(_ F80, _ Status, ok bool) { t.Helper(); require.False(t, ok) }
	declined(QuickSum(most, most))
	declined(QuickSum(one, one.ChangeSign()))
	declined(QuickSum(F80{Man: 1<<63 | 1, SE: 1}, least.ChangeSign()))
	declined(QuickMul(most, most))
	declined(QuickMul(least, least))
	declined(QuickMul(least, F80{Man: 1 << 63, SE: 0x3ffe}))
	declined(QuickDiv(most, least))
	declined(QuickDiv(least, most))
	for _, x := range []F80{Infinity(), Indefinite(), most, least, {Man: 1}, {Man: 1, SE: 0x3fff}} {
		_, _, ok := QuickFloat64(x, Default)
		require.False(t, ok, "%v", x)
		_, _, ok = QuickFloat32(x, Default)
		require.False(t, ok, "%v", x)
	}
	_, _, ok := QuickFloat64(one, 0x0f7f)
	require.False(t, ok)
}
