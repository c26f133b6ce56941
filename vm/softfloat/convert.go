// SPDX-License-Identifier: BSD-3-Clause
// Conversions between float32, float64 and int32; Intel SDM vol. 2, CVTDQ2PD to CVTTSS2SI.

package softfloat

import (
	"math"

	"ring0/vm/internal/exact"
)

// IntIndefinite answers a conversion to an integer that is not valid.
const IntIndefinite = -1 << 31

// FromInt32 is CVTSI2SS, CVTDQ2PS and their like.
func FromInt32[F Float](n int32, c Control) (F, Flags) {
	if n == 0 {
		return 0, 0
	}
	v, f := formatOf[F]().round(exact.FromInt(int64(n)), c)
	return F(v), f
}

// ToInt32 is CVTSS2SI, CVTPS2DQ and their like; with c.Chop(), CVTTSS2SI and its like.
// A denormal operand is only inexact.
func ToInt32[F Float](a F, c Control) (int32, Flags) {
	if n, f, ok := nativeToInt32(a, c); ok {
		return n, f
	}
	return formatOf[F]().toInt32(uint64(a), c)
}

func (l format) toInt32(a uint64, c Control) (int32, Flags) {
	v := c.flushed(l, a)
	if l.isNaN(v) || l.isInf(v) {
		return IntIndefinite, IE
	}
	r, ok := l.num(v).ToInteger(c.mode())
	switch limit := uint64(1) << 31; {
	case !ok || r.Man > limit || r.Man == limit && !l.neg(v):
		return IntIndefinite, IE
	case l.neg(v):
		return int32(-int64(r.Man)), inexact(r)
	}
	return int32(r.Man), inexact(r)
}

// Widen is CVTSS2SD: exact.
func Widen(a uint32, c Control) (uint64, Flags) {
	if plain(a) {
		return math.Float64bits(single64(a)), 0
	}
	v := c.flushed(single, uint64(a))
	return convert(single, double, v, c)
}

// Narrow is CVTSD2SS.
func Narrow(a uint64, c Control) (uint32, Flags) {
	if c.nearest() {
		if v, f, ok := nativeNarrow(a); ok {
			return v, f
		}
	}
	v, f := convert(double, single, c.flushed(double, a), c)
	return uint32(v), f
}

// convert rounds v from one format to the other; of a NaN's fraction the
// leading bits stay.
func convert(from, to format, v uint64, c Control) (uint64, Flags) {
	r, f, done := from.screen(v, 0)
	sign := to.sign(from.neg(v))
	switch {
	case done:
		frac := r << (64 - from.fracBits) >> (64 - to.fracBits)
		return sign | to.infinity() | frac, f
	case from.isInf(v):
		return sign | to.infinity(), f
	case from.isZero(v):
		return sign, f
	}
	return to.computed(from.num(v), c, f)
}
