// SPDX-License-Identifier: BSD-3-Clause
// Add, Sub, Mul, Div and Sqrt against exact rational arithmetic, at every precision, rounding and mask.

package float80_test

import (
	"math/big"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
)

// pow2 is 2^n for n ≥ 0.
func pow2(n int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(n)) }

// rat is the exact value of a finite F80.
func rat(f F80) *big.Rat {
	exp := max(int(f.SE&0x7fff), 1) - 16383 - 63
	r := new(big.Rat).SetInt(new(big.Int).SetUint64(f.Man))
	if exp >= 0 {
		r.Mul(r, new(big.Rat).SetInt(pow2(exp)))
	} else {
		r.Quo(r, new(big.Rat).SetInt(pow2(-exp)))
	}
	if f.Neg() {
		r.Neg(r)
	}
	return r
}

// exponentOf is floor(log2 |v|).
func exponentOf(v *big.Rat) int {
	e := v.Num().BitLen() - v.Denom().BitLen()
	num, den := new(big.Int).Abs(v.Num()), new(big.Int).Set(v.Denom())
	if e >= 0 {
		den.Lsh(den, uint(e))
	} else {
		num.Lsh(num, uint(-e))
	}
	if num.Cmp(den) < 0 {
		e--
	}
	return e
}

// Rounding control, as in the control word.
const (
	nearest = iota
	down
	up
	chop
)

func modeOf(c Control) int { return int(c >> 10 & 3) }

// roundTo rounds |v| to an integer multiple of 2^unit; cmp is the sign of the
// error: what was rounded minus |v|.
func roundTo(v *big.Rat, unit int, mode int) (n *big.Int, cmp int) {
	num, den := new(big.Int).Abs(v.Num()), new(big.Int).Set(v.Denom())
	if unit >= 0 {
		den.Lsh(den, uint(unit))
	} else {
		num.Lsh(num, uint(-unit))
	}
	n, rem := new(big.Int).QuoRem(num, den, new(big.Int))
	if rem.Sign() == 0 {
		return n, 0
	}
	half := rem.Lsh(rem, 1).Cmp(den)
	away := false
	switch mode {
	case nearest:
		away = half > 0 || half == 0 && n.Bit(0) == 1
	case down:
		away = v.Sign() < 0
	case up:
		away = v.Sign() > 0
	}
	if away {
		return n.Add(n, big.NewInt(1)), 1
	}
	return n, -1
}

// expected is the answer to the exact result v, not zero, by the rules of the
// manual: rounding, tininess after rounding, masked and unmasked responses.
func expected(v *big.Rat, c Control) (F80, Status) {
	precision, mode := int(c.Precision()), modeOf(c)
	sign := uint16(0)
	if v.Sign() < 0 {
		sign = 0x8000
	}
	status := func(cmp int) Status {
		return map[int]Status{-1: PE, 0: 0, 1: PE | C1}[cmp]
	}
	unit := exponentOf(v) - precision + 1
	n, cmp := roundTo(v, unit, mode)
	exp := unit + n.BitLen() - 1
	man := func() uint64 { // a carry may have made n one bit longer, and a power of two
		return new(big.Int).Rsh(new(big.Int).Lsh(n, 64), uint(n.BitLen())).Uint64()
	}

	switch {
	case exp > 16383 && c&Control(OE) == 0:
		return F80{man(), sign | uint16(exp-24576+16383)}, OE | status(cmp)
	case exp > 16383:
		if mode == chop || mode == down && sign == 0 || mode == up && sign != 0 {
			drop := uint(64 - precision)
			return F80{^uint64(0) >> drop << drop, sign | 0x7ffe}, OE | PE
		}
		return F80{1 << 63, sign | 0x7fff}, OE | PE | C1
	case exp >= -16382:
		return F80{man(), sign | uint16(exp+16383)}, status(cmp)
	case c&Control(UE) == 0:
		return F80{man(), sign | uint16(exp+24576+16383)}, UE | status(cmp)
	}
	n, cmp = roundTo(v, -16382-precision+1, mode)
	n.Lsh(n, uint(64-precision))
	st := status(cmp)
	if st&PE != 0 {
		st |= UE
	}
	return F80{n.Uint64(), sign | uint16(n.Bit(63))}, st
}

// controls are all precisions and roundings, with overflow and underflow masked or not.
func controls() (list []Control) {
	for _, precision := range []Control{0x000, 0x200, 0x300} {
		for mode := range Control(4) {
			for _, unmasked := range []Status{0, OE, UE} {
				list = append(list, precision|mode<<10|0x3f&^Control(unmasked))
			}
		}
	}
	return list
}

// operandSource makes finite operands: plain, near halves and powers of two,
// denormal, next to overflow.
type operandSource struct{ *rand.Rand }

func (s operandSource) man() uint64 {
	m := s.Uint64() | 1<<63
	switch s.Intn(5) {
	case 0:
		m &= ^uint64(0) << s.Intn(64)
	case 1:
		m |= ^uint64(0) >> 1 >> s.Intn(63)
	case 2:
		m = 1<<63 | 1<<s.Intn(63)
	}
	return m | 1<<63
}

func (s operandSource) pair() (a, b F80) {
	exp := 16383 + s.Intn(200) - 100
	switch s.Intn(6) {
	case 0:
		exp = 1 + s.Intn(80)
	case 1:
		exp = 0x7ffe - s.Intn(80)
	case 2:
		exp = 8150 + s.Intn(80) // products underflow, quotients do not
	}
	a = F80{s.man(), uint16(exp)}
	b = F80{s.man(), uint16(max(1, min(exp+s.Intn(140)-70, 0x7ffe)))}
	switch s.Intn(8) {
	case 0:
		b = F80{a.Man + uint64(s.Intn(3)) - 1 | 1<<63, a.SE} // near cancellation
	case 1:
		b.SE = uint16(0x7fff - max(1, exp)) // products near 1
	}
	for _, f := range []*F80{&a, &b} {
		if f.SE < 64 && s.Intn(4) == 0 {
			*f = F80{f.Man >> s.Intn(64), 0} // denormal, or pseudo-denormal
		}
		f.SE |= uint16(s.Intn(2)) << 15
	}
	return a, b
}

func denormal(fs ...F80) (st Status) {
	for _, f := range fs {
		if f.Class() == Denormal {
			st |= DE
		}
	}
	return st
}

func TestArithmeticIsExact(t *testing.T) {
	ops := []struct {
		name  string
		do    func(a, b F80, c Control) (F80, Status)
		exact func(z, x, y *big.Rat) *big.Rat
	}{
		{"add", Add, (*big.Rat).Add},
		{"sub", Sub, (*big.Rat).Sub},
		{"mul", Mul, (*big.Rat).Mul},
		{"div", Div, (*big.Rat).Quo},
	}
	all := controls()
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			s := operandSource{rand.New(rand.NewSource(1))}
			for i := range 6000 {
				a, b := s.pair()
				v := op.exact(new(big.Rat), rat(a), rat(b))
				if v.Sign() == 0 {
					continue
				}
				c := all[i%len(all)]
				want, wantSt := expected(v, c)
				got, st := op.do(a, b, c)
				require.Equalf(t, want, got, "%s %s, control %03x: got %s want %s", show(a), show(b), c, show(got), show(want))
				require.Equalf(t, wantSt|denormal(a, b), st, "%s %s, control %03x", show(a), show(b), c)
			}
		})
	}
}

func TestSqrtIsExact(t *testing.T) {
	s := operandSource{rand.New(rand.NewSource(2))}
	all := controls()
	for i := range 6000 {
		a, _ := s.pair()
		a = a.Abs()
		if a.Man == 0 {
			continue
		}
		c := all[i%len(all)]
		want, wantSt := expected(rootOf(rat(a)), c)
		got, st := Sqrt(a, c)
		require.Equalf(t, want, got, "%s, control %03x", show(a), c)
		require.Equalf(t, wantSt|denormal(a), st, "%s, control %03x", show(a), c)
	}
}

// rootOf is the square root of v to 100 bits, the last one sticky.
func rootOf(v *big.Rat) *big.Rat {
	shift := 200 - exponentOf(v)
	shift += shift & 1
	n := new(big.Int).Set(v.Num())
	if shift >= 0 {
		n.Lsh(n, uint(shift)).Quo(n, v.Denom())
	} else {
		n.Quo(n, new(big.Int).Lsh(v.Denom(), uint(-shift)))
	}
	root := new(big.Int).Sqrt(n)
	inexact := new(big.Int).Mul(root, root).Cmp(n) != 0
	root.Lsh(root, 1)
	if inexact {
		root.SetBit(root, 0, 1)
	}
	r := new(big.Rat).SetInt(root)
	if half := shift/2 + 1; half >= 0 {
		return r.Quo(r, new(big.Rat).SetInt(pow2(half)))
	} else {
		return r.Mul(r, new(big.Rat).SetInt(pow2(-half)))
	}
}

func TestRemainderIsExact(t *testing.T) {
	s := operandSource{rand.New(rand.NewSource(3))}
	for range 3000 {
		a, b := s.pair()
		if b.Man == 0 || a.Man == 0 {
			continue
		}
		rem, st := Prem(a, b, Default)
		if st&C2 != 0 {
			continue
		}
		q := new(big.Rat).Quo(rat(a), rat(b))
		n := new(big.Int).Quo(q.Num(), q.Denom())
		want := new(big.Rat).Sub(rat(a), new(big.Rat).Mul(new(big.Rat).SetInt(n), rat(b)))
		require.Zerof(t, want.Cmp(rat(rem)), "%s mod %s", show(a), show(b))
		n.Abs(n)
		require.Equal(t, n.Bit(0) != 0, st&C1 != 0)
		require.Equal(t, n.Bit(1) != 0, st&C3 != 0)
		require.Equal(t, n.Bit(2) != 0, st&C0 != 0)
	}
}

// A partial remainder keeps the residue and brings the exponents closer by at
// least 32, so that the manual's loop ends.
func TestPartialRemainderConverges(t *testing.T) {
	s := operandSource{rand.New(rand.NewSource(4))}
	for _, prem := range []func(a, b F80, c Control) (F80, Status){Prem, Prem1} {
		for range 300 {
			a := F80{s.man(), uint16(0x7000 + s.Intn(0xffe))}
			b := F80{s.man(), uint16(1 + s.Intn(0x7ffd))}
			for steps := 0; ; steps++ {
				r, st := prem(a, b, Default)
				if st&C2 == 0 {
					require.LessOrEqual(t, r.Abs().SE, b.SE)
					break
				}
				require.LessOrEqual(t, r.SE, a.SE-32)
				require.Less(t, steps, 1024)
				a = r
				if a.Man == 0 {
					break
				}
			}
		}
	}
}
