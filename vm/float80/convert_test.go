// SPDX-License-Identifier: BSD-3-Clause
// Conversions at the edges of their ranges, and round trips.

package float80_test

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
)

func f64(v float64) F80 {
	f, _ := FromFloat64(math.Float64bits(v))
	return f
}

func TestToIntegerEdges(t *testing.T) {
	const up, chop = Default | 2<<10, Default | 3<<10
	rows := []struct {
		in    F80
		c     Control
		width int
		want  int64
		st    Status
	}{
		{f64(32767.25), Default, 16, 32767, PE},
		{f64(32767.5), Default, 16, math.MinInt16, IE},
		{f64(32767.99), chop, 16, 32767, PE},
		{f64(-32768.5), Default, 16, -32768, PE},
		{f64(-32769), Default, 16, math.MinInt16, IE},
		{f64(2147483647), Default, 32, math.MaxInt32, 0},
		{f64(2147483648), Default, 32, math.MinInt32, IE},
		{f64(-2147483648), Default, 32, math.MinInt32, 0},
		{F80{^uint64(0) - 1, 0x403d}, Default, 64, math.MaxInt64, 0},
		{F80{^uint64(0), 0x403d}, Default, 64, math.MinInt64, IE}, // 2^63 − ½
		{F80{1 << 63, 0xc03e}, Default, 64, math.MinInt64, 0},
		{F80{^uint64(0), 0x403e}, Default, 64, math.MinInt64, IE}, // 64 bits without a sign
		{f64(0.25), up, 32, 1, PE | C1},
		{f64(-0.25), up, 32, 0, PE},
		{F80{1, 0}, Default, 32, 0, PE}, // a denormal raises no DE here
		{Infinity(), Default, 64, math.MinInt64, IE},
		{F80{1, 0x3fff}, Default, 16, math.MinInt16, IE}, // unnormal
	}
	for _, row := range rows {
		var n int64
		var st Status
		switch row.width {
		case 16:
			v, s := ToInt16(row.in, row.c)
			n, st = int64(v), s
		case 32:
			v, s := ToInt32(row.in, row.c)
			n, st = int64(v), s
		default:
			n, st = ToInt64(row.in, row.c)
		}
		require.Equalf(t, row.want, n, "%s as int%d", show(row.in), row.width)
		require.Equalf(t, row.st, st, "%s as int%d", show(row.in), row.width)
	}
}

func TestBCD(t *testing.T) {
	indefinite := [10]byte{7: 0xc0, 8: 0xff, 9: 0xff}
	nines := [10]byte{0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0}
	rows := []struct {
		in   F80
		want [10]byte
		st   Status
	}{
		{FromInt(-1234567), [10]byte{0x67, 0x45, 0x23, 0x01, 9: 0x80}, 0},
		{FromInt(1e18 - 1), nines, 0},
		{FromInt(1e18), indefinite, IE},
		{FromInt(-1e18), indefinite, IE},
		{Zero().ChangeSign(), [10]byte{9: 0x80}, 0},
		{f64(-0.25), [10]byte{9: 0x80}, PE},
		{f64(9.5), [10]byte{0x10}, PE | C1},
		{Indefinite(), indefinite, IE},
	}
	for _, row := range rows {
		b, st := ToBCD(row.in, Default)
		require.Equal(t, row.want, b, show(row.in))
		require.Equal(t, row.st, st, show(row.in))
		if st == 0 {
			require.Equal(t, row.in, FromBCD(b))
		}
	}
}

// What goes in exactly comes out exactly.
func TestRoundTrips(t *testing.T) {
	r := rand.New(rand.NewSource(9))
	for range 20000 {
		n := int64(r.Uint64()) >> r.Intn(64)
		back, st := ToInt64(FromInt(n), Default)
		require.Equal(t, n, back)
		require.Zero(t, st)

		bits := r.Uint64() &^ (^uint64(0) >> 1 >> r.Intn(64) & 0x7ff0000000000000)
		v, st := FromFloat64(bits)
		if st&IE == 0 {
			out, st := ToFloat64(v, Default)
			require.Equal(t, bits, out)
			require.Zero(t, st)
		}
		half := uint32(bits >> 32)
		v, st = FromFloat32(half)
		if st&IE == 0 {
			out, st := ToFloat32(v, Default)
			require.Equal(t, half, out)
			require.Zero(t, st)
		}
		require.Equal(t, v, FromBytes(v.Bytes()))
	}
}
