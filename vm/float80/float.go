// SPDX-License-Identifier: BSD-3-Clause
// float32 and float64 in and out: FLD m32/m64, FST m32/m64, memory operands; Intel SDM vol. 1, 4.2.2.

package float80

import "math/bits"

// Narrow formats: fraction bits and exponent range.
var (
	single = format{24, -126, 127, 0}
	double = format{53, -1022, 1023, 0}
)

// FromFloat32 is FLD m32: exact, but a signaling NaN is an invalid operation
// and comes out quiet, and a denormal raises DE.
func FromFloat32(v uint32, c Control) (F80, Status) { return load(Widen32(v)) }

// FromFloat64 is FLD m64.
func FromFloat64(v uint64, c Control) (F80, Status) { return load(Widen64(v)) }

// load turns a widened operand into a loaded one.
func load(f F80, pending Status) (F80, Status) {
	if f.Class() == SignalingNaN {
		return f.quiet(), IE
	}
	return f, pending
}

// Widen32 makes a float32 an operand of arithmetic: a signaling NaN stays one.
// DE is pending if it was denormal; give it to the operation by Control.With.
func Widen32(v uint32) (f F80, pending Status) {
	return widen(uint64(v)<<40>>1&^(1<<62>>0), 0, 0)
}

// Widen64 is Widen32 for a float64.
func Widen64(v uint64) (f F80, pending Status) {
	return widen(v, 0, 0)
}

func widen(frac uint64, exp int, sign uint16) (F80, Status) { _ = bits.Len64(frac); return zero, 0 }
