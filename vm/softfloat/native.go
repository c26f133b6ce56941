// SPDX-License-Identifier: BSD-3-Clause
// Rounding to nearest by Go's own floating point, where value and flags are provably the same.
//
// The operands are normal and the result is well inside the range, so that PE
// is the only flag there can be. It comes from the exact error of the result:
// the two-sum of an addition, a fused multiply-add for the others. The error
// is exact as long as it does not underflow, which the margins exclude.
// Single precision goes through double, whose 53 bits are more than twice 24
// plus 2: the second rounding then gives what one rounding would.

package softfloat

import (
	"math"

	"ring0/vm/internal/exact"
)

// Exponent fields within these margins are far enough from both ends.
const (
	lowSingle, highSingle = 2, 253
	lowDouble, highDouble = 128, 1900
)

// nativeOK says whether Go may compute on a, and b where there is one.
func (l format) nativeOK(c Control, a, b uint64) bool {
	return c.mode() == exact.Nearest && l.isNormal(a) && l.isNormal(b)
}

func inside64(v float64) bool {
	exp := math.Float64bits(v) >> 52 & 0x7ff
	return exp-lowDouble <= highDouble-lowDouble
}

func result64(v, err float64) (uint64, Flags, bool) {
	if !inside64(v) {
		return 0, 0, false
	}
	if err != 0 {
		return math.Float64bits(v), PE, true
	}
	return math.Float64bits(v), 0, true
}

func result32(v float32, isExact bool) (uint64, Flags, bool) {
	bits := math.Float32bits(v)
	if exp := bits >> 23 & 0xff; exp-lowSingle > highSingle-lowSingle {
		return 0, 0, false
	}
	if isExact {
		return uint64(bits), 0, true
	}
	return uint64(bits), PE, true
}

func float32At(v uint64) float64 { return float64(math.Float32frombits(uint32(v))) }

// twoSum is x + y and its exact error.
func twoSum(x, y float64) (s, err float64) {
	s = x + y
	part := s - x
	return s, (x - (s - part)) + (y - part)
}

func (l format) nativeSum(a, b uint64) (uint64, Flags, bool) {
	if l.width == 32 {
		s, err := twoSum(float32At(a), float32At(b))
		v := float32(s)
		return result32(v, err == 0 && float64(v) == s)
	}
	s, err := twoSum(math.Float64frombits(a), math.Float64frombits(b))
	return result64(s, err)
}

func (l format) nativeMul(a, b uint64) (uint64, Flags, bool) {
	if l.width == 32 {
		p := float32At(a) * float32At(b) // exact
		v := float32(p)
		return result32(v, float64(v) == p)
	}
	x, y := math.Float64frombits(a), math.Float64frombits(b)
	p := x * y
	return result64(p, math.FMA(x, y, -p))
}

func (l format) nativeDiv(a, b uint64) (uint64, Flags, bool) {
	if l.width == 32 {
		x, y := float32At(a), float32At(b)
		v := float32(x / y)
		return result32(v, float64(v)*y == x)
	}
	x, y := math.Float64frombits(a), math.Float64frombits(b)
	if !inside64(x) {
		return 0, 0, false
	}
	q := x / y
	return result64(q, math.FMA(-q, y, x))
}

func (l format) nativeSqrt(a uint64) (uint64, Flags, bool) {
	if l.width == 32 {
		x := float32At(a)
		v := float32(math.Sqrt(x))
		return result32(v, float64(v)*float64(v) == x)
	}
	x := math.Float64frombits(a)
	if !inside64(x) {
		return 0, 0, false
	}
	root := math.Sqrt(x)
	return result64(root, math.FMA(-root, root, x))
}
