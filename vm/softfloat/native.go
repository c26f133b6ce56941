// SPDX-License-Identifier: BSD-3-Clause
// Go's own floating point, where value and flags are provably the same.
//
// The operands are zeros or far from the ends of the exponent range, the
// rounding mode is to nearest, and the result is again zero or far from the
// ends, so that PE is the only flag there can be. It comes from the exact
// error of the result: the two-sum of an addition, a fused multiply-add for
// the others. The error is exact as long as it does not underflow, which the
// margins exclude. Single precision goes through double, whose 53 bits are
// more than twice 24 plus 2: the second rounding then gives what one rounding
// would.

package softfloat

import "math"

// Exponent fields within these margins are far enough from both ends.
const (
	lowSingle, highSingle = 2, 253
	lowDouble, highDouble = 128, 1900
)

// isSingle says which format F is; the compiler knows.
func isSingle[F Float]() bool { return ^F(0)>>31 == 1 }

// inside says that v is neither zero nor near an end of the exponent range.
func inside[F Float](v F) bool {
	if isSingle[F]() {
		return uint32(v)>>23&0xff-lowSingle <= highSingle-lowSingle
	}
	return uint64(v)>>52&0x7ff-lowDouble <= highDouble-lowDouble
}

func isZero[F Float](v F) bool { return v<<1 == 0 }

// plain says that v is zero or inside.
func plain[F Float](v F) bool { return inside(v) || isZero(v) }

// nearest says whether c rounds to nearest.
func (c Control) nearest() bool { return c&rcMask == 0 }

// exactly is PE unless the result is exact.
func exactly(exact bool) Flags {
	if exact {
		return 0
	}
	return PE
}

func single64[F Float](v F) float64 { return float64(math.Float32frombits(uint32(v))) }
func double64[F Float](v F) float64 { return math.Float64frombits(uint64(v)) }

// twoSum is x + y and its exact error.
func twoSum(x, y float64) (s, err float64) {
	s = x + y
	part := s - x
	return s, (x - (s - part)) + (y - part)
}

func nativeSum[F Float](a, b F) (v F, f Flags, ok bool) {
	if !plain(a) || !plain(b) {
		return 0, 0, false
	}
	if isSingle[F]() {
		s, err := twoSum(single64(a), single64(b))
		r := float32(s)
		v, f = F(math.Float32bits(r)), exactly(err == 0 && float64(r) == s)
	} else {
		s, err := twoSum(double64(a), double64(b))
		v, f = F(math.Float64bits(s)), exactly(err == 0)
	}
	return v, f, plain(v)
}

func nativeMul[F Float](a, b F) (v F, f Flags, ok bool) {
	if !plain(a) || !plain(b) {
		return 0, 0, false
	}
	if isSingle[F]() {
		p := single64(a) * single64(b) // exact
		r := float32(p)
		v, f = F(math.Float32bits(r)), exactly(float64(r) == p)
	} else {
		x, y := double64(a), double64(b)
		p := x * y
		v, f = F(math.Float64bits(p)), exactly(math.FMA(x, y, -p) == 0)
	}
	return v, f, inside(v) || isZero(a) || isZero(b)
}

func nativeDiv[F Float](a, b F) (v F, f Flags, ok bool) {
	if !plain(a) || !inside(b) {
		return 0, 0, false
	}
	if isSingle[F]() {
		x, y := single64(a), single64(b)
		r := float32(x / y)
		v, f = F(math.Float32bits(r)), exactly(float64(r)*y == x)
	} else {
		x, y := double64(a), double64(b)
		q := x / y
		v, f = F(math.Float64bits(q)), exactly(math.FMA(-q, y, x) == 0)
	}
	return v, f, inside(v) || isZero(a)
}

// nativeSqrt cannot leave the range.
func nativeSqrt[F Float](a F) (v F, f Flags, ok bool) {
	if !inside(a) || a&^(^F(0)>>1) != 0 {
		return 0, 0, false
	}
	if isSingle[F]() {
		x := single64(a)
		r := float32(math.Sqrt(x))
		return F(math.Float32bits(r)), exactly(float64(r)*float64(r) == x), true
	}
	x := double64(a)
	r := math.Sqrt(x)
	return F(math.Float64bits(r)), exactly(math.FMA(-r, r, x) == 0), true
}

// nativeCompare raises nothing.
func nativeCompare[F Float](a, b F) (r Relation, ok bool) {
	if !plain(a) || !plain(b) {
		return 0, false
	}
	x, y := double64(a), double64(b)
	if isSingle[F]() {
		x, y = single64(a), single64(b)
	}
	switch {
	case x < y:
		return Less, true
	case x > y:
		return Greater, true
	}
	return Equal, true
}

// nativeToInt32 rounds to nearest or toward zero.
func nativeToInt32[F Float](a F, c Control) (n int32, f Flags, ok bool) {
	if !plain(a) {
		return 0, 0, false
	}
	x := double64(a)
	if isSingle[F]() {
		x = single64(a)
	}
	var r float64
	switch c & rcMask {
	case 0:
		r = math.RoundToEven(x)
	case rcMask:
		r = math.Trunc(x)
	default:
		return 0, 0, false
	}
	if math.Abs(r) > math.MaxInt32 {
		return 0, 0, false
	}
	return int32(r), exactly(r == x), true
}

func nativeNarrow(a uint64) (v uint32, f Flags, ok bool) {
	x := double64(a)
	r := float32(x)
	v = math.Float32bits(r)
	return v, exactly(float64(r) == x), plain(a) && (inside(v) || isZero(a))
}
