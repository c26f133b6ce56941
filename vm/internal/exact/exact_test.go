// SPDX-License-Identifier: BSD-3-Clause
// The wide operations against math/big, with operands at the edges of each carry.

package exact

import (
	"math/big"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// word is random bits, often with long runs of ones or zeros.
func word(r *rand.Rand) uint64 {
	switch r.Intn(4) {
	case 0:
		return ^uint64(0) << r.Intn(64)
	case 1:
		return ^uint64(0) >> r.Intn(64)
	case 2:
		return ^(uint64(1) << r.Intn(64))
	}
	return r.Uint64()
}

func wide(r *rand.Rand) Num {
	return Num{Neg: r.Intn(2) == 1, Exp: r.Intn(300) - 150, Hi: word(r) | topBit, Lo: word(r)}
}

// value is the exact value of x.
func value(x Num) *big.Rat {
	n := new(big.Int).SetUint64(x.Hi)
	n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(x.Lo))
	one := big.NewInt(1)
	v := new(big.Rat).SetInt(n)
	if shift := x.Exp - 127; shift >= 0 {
		v.Mul(v, new(big.Rat).SetInt(new(big.Int).Lsh(one, uint(shift))))
	} else {
		v.Quo(v, new(big.Rat).SetInt(new(big.Int).Lsh(one, uint(-shift))))
	}
	if x.Neg {
		v.Neg(v)
	}
	return v
}

// requireClose requires got to be want within units of 2^(exp−127), and marked inexact if it differs.
func requireClose(t *testing.T, want *big.Rat, got Num, exp int, units int64, msg string) {
	t.Helper()
	if value(got).Cmp(want) != 0 {
		require.NotZero(t, got.Lo, "%s: not marked inexact", msg)
	}
	requireNear(t, want, got, exp, units, msg)
}

// requireNear is requireClose without the mark.
func requireNear(t *testing.T, want *big.Rat, got Num, exp int, units int64, msg string) {
	t.Helper()
	require.NotZero(t, got.Hi>>63, msg)
	diff := new(big.Rat).Sub(value(got), want)
	unit := value(Num{Exp: exp, Hi: 0, Lo: 1})
	bound := new(big.Rat).Mul(unit, new(big.Rat).SetInt64(units))
	require.LessOrEqual(t, diff.Abs(diff).Cmp(bound), 0, msg)
}

func TestWideOperations(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 5000 {
		x, y := wide(r), wide(r)
		vx, vy := value(x), value(y)
		if sum := new(big.Rat).Add(vx, vy); sum.Sign() != 0 {
			requireNear(t, sum, x.Plus(y), max(x.Exp, y.Exp)+1, 1, "plus")
		}
		requireClose(t, new(big.Rat).Mul(vx, vy), x.Times(y), x.Exp+y.Exp, 6, "times")
		requireClose(t, new(big.Rat).Quo(vx, vy), x.Over(y), x.Exp-y.Exp, 4, "over")
		require.Equal(t, new(big.Rat).Abs(vx).Cmp(new(big.Rat).Abs(vy)), x.CmpAbs(y))
	}
}

func TestSqrtOfEveryEdge(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 5000 {
		x := Num{Exp: r.Intn(5), Hi: word(r) | topBit}
		root := x.Sqrt()
		n := new(big.Int).Lsh(new(big.Int).SetUint64(x.Hi), uint(63+x.Exp&1))
		want := new(big.Int).Sqrt(n)
		require.Equal(t, want.Uint64(), root.Hi)
		rem := n.Sub(n, new(big.Int).Mul(want, want))
		require.Equal(t, rem.Sign() != 0, root.Lo != 0)
		require.Equal(t, rem.Cmp(want) > 0, root.Lo>>63 != 0)
	}
}

func TestNarrowOperationsAreExactOrSticky(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for range 5000 {
		x, y := Num{Hi: word(r) | topBit}, Num{Hi: word(r) | topBit}
		far := Num{Neg: true, Exp: -r.Intn(140), Hi: y.Hi}
		if sum := new(big.Rat).Add(value(x), value(far)); sum.Sign() != 0 {
			requireClose(t, sum, x.Plus(far), 0, 1, "plus")
		}
		requireClose(t, new(big.Rat).Quo(value(x), value(y)), x.Over64(y), 0, 1, "over64")
		require.Zero(t, new(big.Rat).Mul(value(x), value(y)).Cmp(value(x.Times64(y))))
	}
}

func TestRounding(t *testing.T) {
	const half = topBit
	rows := []struct {
		name      string
		x         Num
		precision uint
		mode      Mode
		want      Rounded
	}{
		{"exact", Num{Hi: topBit}, 64, Up, Rounded{topBit, 0, false, false}},
		{"tie to even, down", Num{Hi: topBit, Lo: half}, 64, Nearest, Rounded{topBit, 0, true, false}},
		{"tie to even, up", Num{Hi: topBit + 1, Lo: half}, 64, Nearest, Rounded{topBit + 2, 0, true, true}},
		{"beyond a tie", Num{Hi: topBit, Lo: half + 1}, 64, Nearest, Rounded{topBit + 1, 0, true, true}},
		{"carry", Num{Hi: ^uint64(0), Lo: half}, 64, Nearest, Rounded{topBit, 1, true, true}},
		{"down, positive", Num{Hi: topBit, Lo: 1}, 64, Down, Rounded{topBit, 0, true, false}},
		{"down, negative", Num{Neg: true, Hi: topBit, Lo: 1}, 64, Down, Rounded{topBit + 1, 0, true, true}},
		{"up, negative", Num{Neg: true, Hi: topBit, Lo: 1}, 64, Up, Rounded{topBit, 0, true, false}},
		{"chop", Num{Hi: topBit, Lo: ^uint64(0)}, 64, Chop, Rounded{topBit, 0, true, false}},
		{"24 bits, tie", Num{Hi: topBit | 3<<39}, 24, Nearest, Rounded{topBit | 4<<39, 0, true, true}},
		{"24 bits, sticky", Num{Hi: topBit | 1<<39, Lo: 1}, 24, Nearest, Rounded{topBit | 1<<40, 0, true, true}},
		{"53 bits, carry", Num{Hi: ^uint64(0)}, 53, Up, Rounded{topBit, 1, true, true}},
	}
	for _, row := range rows {
		require.Equal(t, row.want, row.x.Round(row.precision, row.mode), row.name)
	}
	require.Equal(t, Rounded{topBit, -10, true, true}, Num{Exp: -11, Hi: ^uint64(0)}.RoundDenormal(24, -10, Nearest))
	require.Equal(t, Rounded{0, -10, true, false}, Num{Exp: -300, Hi: topBit}.RoundDenormal(24, -10, Nearest))
	require.Equal(t, Rounded{1 << 40, -10, true, true}, Num{Exp: -300, Hi: topBit}.RoundDenormal(24, -10, Up))
}
