// SPDX-License-Identifier: BSD-3-Clause
// float32 and float64 in and out: FLD and FST m32/m64, memory operands; Intel SDM vol. 1, 4.2.2.

package float80

import (
	"math/bits"

	"ring0/vm/internal/exact"
)

// narrow is an IEEE interchange format with a hidden integer bit.
type narrow struct {
	width     uint // bits of the whole
	precision uint // significand bits, the hidden one included
	min, max  int  // exponents of normal numbers
}

var (
	single = narrow{32, 24, -126, 127}
	double = narrow{64, 53, -1022, 1023}
)

// FromFloat32 is FLD m32: exact, but a signaling NaN is an invalid operation
// and comes out quiet, and a denormal raises DE.
func FromFloat32(v uint32) (F80, Status) {
	if f, ok := QuickWiden32(v); ok {
		return f, 0
	}
	return load(Widen32(v))
}

// FromFloat64 is FLD m64.
func FromFloat64(v uint64) (F80, Status) {
	if f, ok := QuickWiden64(v); ok {
		return f, 0
	}
	return load(Widen64(v))
}

func load(f F80, pending Status) (F80, Status) {
	if f.Class() == SignalingNaN {
		return f.quiet(), IE
	}
	return f, pending
}

// Widen32 makes a float32 an operand of arithmetic: a signaling NaN stays one.
// DE is pending if it was denormal; give it to the operation by Control.With.
func Widen32(v uint32) (f F80, pending Status) {
	if f, ok := QuickWiden32(v); ok {
		return f, 0
	}
	return single.widen(uint64(v))
}

// Widen64 is Widen32 for a float64.
func Widen64(v uint64) (f F80, pending Status) {
	if f, ok := QuickWiden64(v); ok {
		return f, 0
	}
	return double.widen(v)
}

// ToFloat32 is FST m32. When KeepsMemory holds, there is no result.
func ToFloat32(f F80, c Control) (uint32, Status) {
	if v, st, ok := QuickFloat32(f, c); ok {
		return v, st
	}
	v, st := single.store(f, c)
	return uint32(v), st
}

// ToFloat64 is FST m64. When KeepsMemory holds, there is no result.
func ToFloat64(f F80, c Control) (uint64, Status) {
	if v, st, ok := QuickFloat64(f, c); ok {
		return v, st
	}
	return double.store(f, c)
}

func (n narrow) fracBits() uint { return n.precision - 1 }

// expOnes is the exponent field of infinities and NaNs.
func (n narrow) expOnes() uint64 { return 1<<(n.width-n.precision) - 1 }

func (n narrow) widen(v uint64) (F80, Status) {
	neg := v>>(n.width-1)&1 != 0
	frac := v << (63 - n.fracBits()) &^ intBit
	switch exp := v >> n.fracBits() & n.expOnes(); {
	case exp == n.expOnes():
		return F80{intBit | frac, signOf(neg) | expMask}, 0
	case exp != 0:
		return pack(neg, intBit|frac, int(exp)-n.max), 0
	case frac == 0:
		return F80{0, signOf(neg)}, 0
	}
	shift := bits.LeadingZeros64(frac)
	return pack(neg, frac<<shift, n.min-shift), DE
}

func (n narrow) store(f F80, c Control) (uint64, Status) {
	switch f.Class() {
	case Unsupported:
		return n.join(true, n.expOnes(), indefinite.Man), IE
	case SignalingNaN:
		return n.join(f.Neg(), n.expOnes(), f.quiet().Man), IE
	case QuietNaN, Inf:
		return n.join(f.Neg(), n.expOnes(), f.Man), 0
	case ZeroClass:
		return n.join(f.Neg(), 0, 0), 0
	}
	x := f.num()
	r := x.Round(n.precision, c.mode())
	switch {
	case r.Exp > n.max:
		return n.overflow(f.Neg(), c)
	case r.Exp < n.min:
		return n.underflow(x, c)
	}
	return n.join(f.Neg(), uint64(r.Exp+n.max), r.Man), statusOf(r)
}

// overflow is infinity or the largest number; nothing when it is not masked.
func (n narrow) overflow(neg bool, c Control) (uint64, Status) {
	switch {
	case !c.masked(OE):
		return 0, OE
	case c.mode().Overflows(neg):
		return n.join(neg, n.expOnes(), 0), OE | PE | C1
	}
	return n.join(neg, n.expOnes()-1, ^uint64(0)), OE | PE
}

// underflow is a denormal; nothing when it is not masked.
func (n narrow) underflow(x exact.Num, c Control) (uint64, Status) {
	if !c.masked(UE) {
		return 0, UE
	}
	r := x.RoundDenormal(n.precision, n.min, c.mode())
	st := statusOf(r)
	if r.Inexact {
		st |= UE
	}
	return n.join(x.Neg, r.Man>>63, r.Man), st // exponent 1 if rounding made it normal
}

// join assembles a value; of man, the integer bit and what does not fit fall away.
func (n narrow) join(neg bool, exp, man uint64) uint64 {
	v := exp<<n.fracBits() | man&^intBit>>(63-n.fracBits())
	if neg {
		v |= 1 << (n.width - 1)
	}
	return v
}
