// SPDX-License-Identifier: BSD-3-Clause
// The transcendental functions against series on 400-bit numbers, and their special operands.

package float80_test

import (
	"math/big"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
)

const refBits = 400

func bigF() *big.Float               { return new(big.Float).SetPrec(refBits) }
func bigOf(n int64) *big.Float       { return bigF().SetInt64(n) }
func mul(a, b *big.Float) *big.Float { return bigF().Mul(a, b) }
func quo(a, b *big.Float) *big.Float { return bigF().Quo(a, b) }
func add(a, b *big.Float) *big.Float { return bigF().Add(a, b) }
func sub(a, b *big.Float) *big.Float { return bigF().Sub(a, b) }

// sumSeries adds term(1), term(2), … to the first term until they no longer count.
// next turns one term into the next.
func sumSeries(first *big.Float, next func(term *big.Float, i int64) *big.Float) *big.Float {
	sum, term := bigF().Set(first), first
	for i := int64(1); term.Sign() != 0; i++ {
		term = next(term, i)
		if term.Sign() != 0 && term.MantExp(nil) < sum.MantExp(nil)-refBits {
			break
		}
		sum = add(sum, term)
	}
	return sum
}

func refSin(x *big.Float) *big.Float {
	z := mul(x, x)
	return sumSeries(x, func(t *big.Float, i int64) *big.Float {
		return quo(mul(t, z), bigOf(-2*i*(2*i+1)))
	})
}

func refCos(x *big.Float) *big.Float {
	z := mul(x, x)
	return sumSeries(bigOf(1), func(t *big.Float, i int64) *big.Float {
		return quo(mul(t, z), bigOf(-2*i*(2*i-1)))
	})
}

func refExpM1(x *big.Float) *big.Float {
	return sumSeries(x, func(t *big.Float, i int64) *big.Float { return quo(mul(t, x), bigOf(i+1)) })
}

// refAtanh is atanh s (sign 1) or atan s (sign −1) by its power series.
func refAtanh(s *big.Float, sign int64) *big.Float {
	w := mul(mul(s, s), bigOf(sign))
	power := s
	return sumSeries(s, func(_ *big.Float, i int64) *big.Float {
		power = mul(power, w)
		return quo(power, bigOf(2*i+1))
	})
}

// refLn2 is 2·atanh(1/3).
func refLn2() *big.Float { return mul(bigOf(2), refAtanh(quo(bigOf(1), bigOf(3)), 1)) }

// refPi is Machin's formula.
func refPi() *big.Float {
	a := refAtanh(quo(bigOf(1), bigOf(5)), -1)
	b := refAtanh(quo(bigOf(1), bigOf(239)), -1)
	return mul(bigOf(4), sub(mul(bigOf(4), a), b))
}

// refLog2 is log2 x: x = 2^n·m, m between ¾ and 1½.
func refLog2(x *big.Float) *big.Float {
	m := bigF()
	n := x.MantExp(m)
	if m.Cmp(big.NewFloat(0.75)) < 0 {
		n--
		m = mul(m, bigOf(2))
	}
	return add(refLog2p1(sub(m, bigOf(1))), bigOf(int64(n)))
}

// refLog2p1 is log2(1+x) for small x: ln(1+x) = 2·atanh(x/(x+2)).
func refLog2p1(x *big.Float) *big.Float {
	return quo(mul(bigOf(2), refAtanh(quo(x, add(x, bigOf(2))), 1)), refLn2())
}

// refAtan halves the argument until the series converges quickly.
func refAtan(t *big.Float) *big.Float {
	halvings := 0
	for t.MantExp(nil) > -6 {
		root := bigF().Sqrt(add(mul(t, t), bigOf(1)))
		t = quo(t, add(root, bigOf(1)))
		halvings++
	}
	return bigF().SetMantExp(refAtanh(t, -1), halvings)
}

// refReduce is x reduced by the 66-bit approximation of π/2.
func refReduce(x *big.Float) (r *big.Float, quadrant int64) {
	n, _ := new(big.Int).SetString("3243f6a8885a308d3", 16)
	halfPi := bigF().SetMantExp(bigF().SetInt(n), -65)
	k, _ := add(quo(x, halfPi), big.NewFloat(0.5)).Int(nil)
	if x.Sign() < 0 {
		k, _ = sub(quo(x, halfPi), big.NewFloat(0.5)).Int(nil)
	}
	r = sub(x, mul(bigF().SetInt(k), halfPi))
	return r, new(big.Int).And(k, big.NewInt(3)).Int64()
}

func refSinCos(x *big.Float) (sin, cos *big.Float) {
	r, q := refReduce(x)
	sin, cos = refSin(r), refCos(r)
	for range q {
		sin, cos = cos, sin.Neg(sin)
	}
	return sin, cos
}

func bigFrom(f F80) *big.Float { return bigF().SetRat(rat(f)) }

// requireRounded requires got to be v rounded once: v is irrational, so also inexact.
func requireRounded(t *testing.T, v *big.Float, c Control, got F80, st Status, operands ...F80) {
	t.Helper()
	r, _ := v.Rat(nil)
	want, wantSt := expected(r, c|0x300)
	if got != want || st != wantSt|denormal(operands...) {
		names := ""
		for _, f := range operands {
			names += show(f) + " "
		}
		require.Failf(t, "wrong", "%scontrol %03x: got %s %02x want %s %02x", names, c, show(got), st, show(want), wantSt)
	}
}

// around makes numbers 2^low to 2^high in magnitude.
func (s operandSource) around(low, high int) F80 {
	return F80{s.man(), uint16(16383+low+s.Intn(high-low)) | uint16(s.Intn(2))<<15}
}

func (s operandSource) control() Control { return Control(0x37f | s.Intn(4)<<10) }

const transcendentalSamples = 400

func TestSinCosTan(t *testing.T) {
	s := operandSource{rand.New(rand.NewSource(5))}
	for i := range transcendentalSamples {
		x, c := s.around(-40, 4), s.control()
		switch i % 8 {
		case 1:
			x = s.around(-70, 63)
		case 2: // the numbers next to a multiple of π/2
			near, _ := mul(quo(refPi(), bigOf(2)), bigOf(1+s.Int63n(1<<s.Intn(40)))).Int64()
			x = FromInt(near)
		case 3:
			x = s.around(-150, -60)
		}
		sin, cos := refSinCos(bigFrom(x))
		got, st := Sin(x, c)
		requireRounded(t, sin, c, got, st, x)
		got, st = Cos(x, c)
		requireRounded(t, cos, c, got, st, x)
		both, second, _ := SinCos(x, c)
		require.Equal(t, got, second)
		single, _ := Sin(x, c)
		require.Equal(t, single, both)
		got, push, st := Tan(x, c)
		requireRounded(t, quo(sin, cos), c, got, st, x)
		require.Equal(t, One(), push)
	}
}

func TestAtan(t *testing.T) {
	s := operandSource{rand.New(rand.NewSource(6))}
	for i := range transcendentalSamples {
		y, x, c := s.around(-20, 20), s.around(-20, 20), s.control()
		if i%4 == 0 {
			y, x = s.around(-9000, 9000), s.around(-9000, 9000)
		}
		v := refAtan(quo(bigFrom(y.Abs()), bigFrom(x.Abs())))
		if x.Neg() {
			v = sub(refPi(), v)
		}
		if y.Neg() {
			v.Neg(v)
		}
		got, st := Atan(y, x, c)
		requireRounded(t, v, c, got, st, y, x)
	}
}

func TestLogarithms(t *testing.T) {
	s := operandSource{rand.New(rand.NewSource(7))}
	for i := range transcendentalSamples {
		y, x, c := s.around(-20, 20), s.around(-3, 3).Abs(), s.control()
		switch i % 4 {
		case 0:
			x = s.around(-16382, 16383).Abs()
		case 1:
			x = F80{s.man()>>(1+s.Intn(63)) | 1<<63, 0x3fff} // just above 1
		}
		if x.Man == 1<<63 {
			continue // a power of two: see TestLogarithmOfPowersOfTwo
		}
		got, st := YLog2X(y, x, c)
		requireRounded(t, mul(bigFrom(y), refLog2(bigFrom(x))), c, got, st, y, x)

		x = s.around(-80, -2)
		got, st = YLog2XP1(y, x, c)
		requireRounded(t, mul(bigFrom(y), refLog2p1(bigFrom(x))), c, got, st, y, x)
	}
}

func TestExp2M1(t *testing.T) {
	s := operandSource{rand.New(rand.NewSource(8))}
	for i := range transcendentalSamples {
		x, c := s.around(-70, 0), s.control()
		if i%4 == 0 {
			x = s.around(-5, 0)
		}
		got, st := Exp2M1(x, c)
		requireRounded(t, refExpM1(mul(bigFrom(x), refLn2())), c, got, st, x)
	}
}

// The constants' low bits decide the loads under the rounding modes.
func TestConstants(t *testing.T) {
	ln10 := mul(refLn2(), refLog2(bigOf(10)))
	exact := map[Constant]*big.Float{
		ConstPi: refPi(), ConstLN2: refLn2(), ConstL2E: quo(bigOf(1), refLn2()),
		ConstL2T: refLog2(bigOf(10)), ConstLG2: quo(refLn2(), ln10),
	}
	for k, v := range exact {
		for mode := range Control(4) {
			for precision := range Control(4) {
				c := 0x3f | precision<<8 | mode<<10
				r, _ := v.Rat(nil)
				want, _ := expected(r, c|0x300)
				require.Equalf(t, want, k.Load(c), "constant %d control %03x", k, c)
			}
		}
	}
	require.Equal(t, One(), ConstOne.Load(Default))
	require.Equal(t, Zero(), ConstZero.Load(Default))
}

// f makes a value from an integer.
func f(n int64) F80 { return FromInt(n) }

func TestTranscendentalSpecialOperands(t *testing.T) {
	inf, nan := Infinity(), F80{0xc000000000000123, 0x7fff}
	signaling := F80{0x8000000000000123, 0x7fff}
	unnormal, tiny := F80{1, 0x3fff}, F80{1, 0}
	negZero, half := Zero().ChangeSign(), F80{1 << 63, 0x3ffe}
	pi := ConstPi.Load(Default)
	quarter := func(n uint16) F80 { return F80{pi.Man, pi.SE - n} }
	unary := func(fn func(F80, Control) (F80, Status)) func(y, x F80, c Control) (F80, Status) {
		return func(_, x F80, c Control) (F80, Status) { return fn(x, c) }
	}
	tan := unary(func(a F80, c Control) (F80, Status) { v, _, st := Tan(a, c); return v, st })
	sin, cos, exp := unary(Sin), unary(Cos), unary(Exp2M1)
	rows := []struct {
		name string
		fn   func(y, x F80, c Control) (F80, Status)
		y, x F80
		c    Control
		want F80
		st   Status
	}{
		{"sin +0", sin, Zero(), Zero(), Default, Zero(), 0},
		{"sin −0", sin, Zero(), negZero, Default, negZero, 0},
		{"sin ∞", sin, Zero(), inf, Default, Indefinite(), IE},
		{"sin QNaN", sin, Zero(), nan, Default, nan, 0},
		{"sin SNaN", sin, Zero(), signaling, Default, nan, IE},
		{"sin unnormal", sin, Zero(), unnormal, Default, Indefinite(), IE},
		{"sin 2^63", sin, Zero(), F80{1 << 63, 0x3fff + 63}, Default, F80{1 << 63, 0x3fff + 63}, C2},
		{"cos −0", cos, Zero(), negZero, Default, One(), 0},
		{"cos −2^63", cos, Zero(), F80{1 << 63, 0xbfff + 63}, Default, F80{1 << 63, 0xbfff + 63}, C2},
		{"cos denormal", cos, Zero(), tiny, Default, One(), DE | PE | C1},
		{"cos denormal, down", cos, Zero(), tiny, 0x77f, F80{^uint64(0), 0x3ffe}, DE | PE},
		{"cos denormal, DE not masked", cos, Zero(), tiny, Default &^ Control(DE), Zero(), DE},
		{"tan −0", tan, Zero(), negZero, Default, negZero, 0},
		{"tan 2^63", tan, Zero(), F80{1 << 63, 0x3fff + 63}, Default, F80{1 << 63, 0x3fff + 63}, C2},
		{"tan denormal", tan, Zero(), tiny, Default, tiny, DE | UE | PE},

		{"atan 0/1", Atan, Zero(), f(1), Default, Zero(), 0},
		{"atan −0/1", Atan, negZero, f(1), Default, negZero, 0},
		{"atan 0/−1", Atan, Zero(), f(-1), Default, pi, PE | C1},
		{"atan −0/−0", Atan, negZero, negZero, Default, pi.ChangeSign(), PE | C1},
		{"atan 1/0", Atan, f(1), Zero(), Default, quarter(1), PE | C1},
		{"atan ∞/∞", Atan, inf, inf, Default, quarter(2), PE | C1},
		{"atan 1/∞", Atan, f(1), inf, Default, Zero(), 0},
		{"atan −1/∞", Atan, f(-1), inf, Default, negZero, 0},
		{"atan 1/−∞", Atan, f(1), inf.ChangeSign(), Default, pi, PE | C1},
		{"atan 1/1", Atan, f(1), f(1), Default, quarter(2), PE | C1},

		{"log2 1", YLog2X, f(-7), f(1), Default, negZero, 0},
		{"log2 0", YLog2X, f(3), Zero(), Default, inf.ChangeSign(), ZE},
		{"log2 −0, y < 0", YLog2X, f(-3), negZero, Default, inf, ZE},
		{"log2 −1", YLog2X, f(3), f(-1), Default, Indefinite(), IE},
		{"0·log2 0", YLog2X, Zero(), Zero(), Default, Indefinite(), IE},
		{"0·log2 ∞", YLog2X, Zero(), inf, Default, Indefinite(), IE},
		{"∞·log2 1", YLog2X, inf, f(1), Default, Indefinite(), IE},
		{"∞·log2 0", YLog2X, inf, Zero(), Default, inf.ChangeSign(), 0},
		{"∞·log2 ½", YLog2X, inf, half, Default, inf.ChangeSign(), 0},
		{"0·log2 2", YLog2X, Zero(), f(2), Default, Zero(), 0},
		{"0·log2 ½", YLog2X, Zero(), half, Default, negZero, 0},
		{"∞ times log2(1+0)", YLog2XP1, inf, Zero(), Default, Indefinite(), IE},
		{"1 times log2(1−0)", YLog2XP1, f(1), negZero, Default, negZero, 0},
		{"log2(1+∞)", YLog2XP1, f(-1), inf, Default, inf.ChangeSign(), 0},
		{"log2(1−∞)", YLog2XP1, f(1), inf.ChangeSign(), Default, Indefinite(), IE},
		{"log2(1−2)", YLog2XP1, f(1), f(-2), Default, f(-2), PE},

		{"2^0−1", exp, Zero(), negZero, Default, negZero, 0},
		{"2^1−1", exp, Zero(), f(1), Default, f(1), PE},
		{"2^−1−1", exp, Zero(), f(-1), Default, half.ChangeSign(), PE},
		{"2^∞−1", exp, Zero(), inf, Default, inf, 0},
		{"2^−∞−1", exp, Zero(), inf.ChangeSign(), Default, f(-1), 0},
		{"2^5−1", exp, Zero(), f(5), Default, f(5), PE},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, st := row.fn(row.y, row.x, row.c)
			require.Equal(t, row.st, st, "status")
			if !row.c.Keeps(st) {
				require.Equal(t, show(row.want), show(got))
			}
		})
	}
}

// The CPU's logarithm of a power of two is a shade too small: exact to nearest,
// one unit less when rounding toward zero.
func TestLogarithmOfPowersOfTwo(t *testing.T) {
	got, st := YLog2X(f(5), f(8), Default)
	require.Equal(t, f(15), got)
	require.Equal(t, PE|C1, st)
	got, st = YLog2X(f(5), f(8), Default|0xc00)
	require.Equal(t, F80{f(15).Man - 1, f(15).SE}, got)
	require.Equal(t, PE, st)
}
