// SPDX-License-Identifier: BSD-3-Clause
// The single and double formats; Intel SDM vol. 1, 4.2.2 and 4.8.

package softfloat

import (
	"math/bits"

	"ring0/vm/internal/exact"
)

// Float is a float32 or float64 as its bit pattern.
type Float interface{ uint32 | uint64 }

// format describes a pattern, which the package handles as a uint64 right-aligned.
//
//	width−1  width−2 … fracBits   fracBits−1 … 0
//	 sign         exponent             fraction
type format struct {
	width    uint
	fracBits uint
	max      int // exponent of the largest numbers, and the bias; 1 − max is that of the smallest normal ones
}

var (
	single = format{32, 23, 127}
	double = format{64, 52, 1023}
)

func formatOf[F Float]() format {
	if bits.Len64(uint64(^F(0))) == 32 {
		return single
	}
	return double
}

func (l format) precision() uint  { return l.fracBits + 1 }
func (l format) min() int         { return 1 - l.max }
func (l format) signBit() uint64  { return 1 << (l.width - 1) }
func (l format) infinity() uint64 { return (1<<(l.width-1-l.fracBits) - 1) << l.fracBits }
func (l format) quietBit() uint64 { return 1 << (l.fracBits - 1) }

// indefinite is the quiet NaN that answers an invalid operation.
func (l format) indefinite() uint64 { return l.signBit() | l.infinity() | l.quietBit() }

func (l format) abs(v uint64) uint64         { return v &^ l.signBit() }
func (l format) neg(v uint64) bool           { return v&l.signBit() != 0 }
func (l format) isNaN(v uint64) bool         { return l.abs(v) > l.infinity() }
func (l format) isSignaling(v uint64) bool   { return l.isNaN(v) && v&l.quietBit() == 0 }
func (l format) isInf(v uint64) bool         { return l.abs(v) == l.infinity() }
func (l format) isZero(v uint64) bool        { return l.abs(v) == 0 }
func (l format) isDenormal(v uint64) bool    { return l.abs(v)-1 < 1<<l.fracBits-1 }
func (l format) withSign(v, s uint64) uint64 { return l.abs(v) | s&l.signBit() }

// num unpacks a finite value.
func (l format) num(v uint64) exact.Num {
	exp := int(l.abs(v) >> l.fracBits)
	man := v << (63 - l.fracBits)
	if exp != 0 {
		return exact.Num{Neg: l.neg(v), Exp: exp - l.max, Hi: man | 1<<63}
	}
	man &^= 1 << 63
	if man == 0 {
		return exact.Num{Neg: l.neg(v)}
	}
	shift := bits.LeadingZeros64(man)
	return exact.Num{Neg: l.neg(v), Exp: l.min() - shift, Hi: man << shift}
}

// pack builds a finite value; r has the top bit clear if it is a denormal.
func (l format) pack(neg bool, r exact.Rounded) uint64 {
	v := r.Man &^ (1 << 63) >> (63 - l.fracBits)
	if r.Man>>63 != 0 {
		v |= uint64(r.Exp+l.max) << l.fracBits
	}
	return v | l.sign(neg)
}

func (l format) sign(neg bool) uint64 {
	if neg {
		return l.signBit()
	}
	return 0
}

// flushed is an operand under denormals-are-zeros.
func (c Control) flushed(l format, v uint64) uint64 {
	if c&daz != 0 && l.isDenormal(v) {
		return v & l.signBit()
	}
	return v
}

// screen looks at the operands of an operation, DAZ done. done means that a NaN
// decides: the first one, made quiet. Else f has DE if an operand is denormal.
func (l format) screen(a, b uint64) (r uint64, f Flags, done bool) {
	if l.isSignaling(a) || l.isSignaling(b) {
		f = IE
	}
	switch {
	case l.isNaN(a):
		return a | l.quietBit(), f, true
	case l.isNaN(b):
		return b | l.quietBit(), f, true
	case l.isDenormal(a) || l.isDenormal(b):
		return 0, DE, false
	}
	return 0, 0, false
}

// round delivers x, not zero. Underflow is tininess after rounding: masked, it
// is raised only with a loss of precision; not masked, always.
func (l format) round(x exact.Num, c Control) (uint64, Flags) {
	r := x.Round(l.precision(), c.mode())
	if r.Exp >= l.min() && r.Exp <= l.max {
		return l.pack(x.Neg, r), inexact(r)
	}
	return l.outside(x, r, c)
}

// outside is the answer to x, rounded to r, beyond either end of the exponent range.
func (l format) outside(x exact.Num, r exact.Rounded, c Control) (uint64, Flags) {
	switch {
	case r.Exp > l.max && !c.masked(OE):
		return 0, OE | inexact(r)
	case r.Exp > l.max:
		return l.overflow(x.Neg, c)
	case !c.masked(UE):
		return 0, UE | inexact(r)
	case c&ftz != 0:
		return l.sign(x.Neg), UE | PE
	}
	r = x.RoundDenormal(l.precision(), l.min(), c.mode())
	f := inexact(r)
	if f != 0 {
		f |= UE
	}
	return l.pack(x.Neg, r), f
}

func inexact(r exact.Rounded) Flags {
	if r.Inexact {
		return PE
	}
	return 0
}

// overflow is the masked answer to an overflow: infinity, or the largest number where the rounding mode stays
// on this side of it.
func (l format) overflow(neg bool, c Control) (uint64, Flags) {
	v := l.infinity() | l.sign(neg)
	if !c.mode().Overflows(neg) {
		v-- // the pattern below infinity
	}
	return v, OE | PE
}
