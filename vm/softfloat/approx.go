// SPDX-License-Identifier: BSD-3-Clause
// RCPSS and RSQRTSS; Intel SDM vol. 2 under these names.
//
// The manual promises a relative error of 1.5·2^−12. Which result within it
// comes out is UNDEFINED; here it is that of the CPU of the reference vectors:
// the value at the middle of the interval that the leading 11 bits select,
// rounded to 12 fraction bits.

package softfloat

import "math"

const (
	approxBits = 12
	approxOne  = 1 << approxBits
)

// Reciprocal is RCPSS: about 1/a. It raises no exception and ignores MXCSR:
// denormals are zeros, and a result below the normal numbers is zero.
func Reciprocal(a uint32) uint32 {
	l, v := single, uint64(a)
	exp := int(l.abs(v) >> l.fracBits)
	sign := v & l.signBit()
	switch {
	case l.isNaN(v):
		return uint32(v | l.quietBit())
	case l.isInf(v):
		return uint32(sign)
	case exp == 0:
		return uint32(sign | l.infinity())
	}
	// 1.f ≈ d/4096; the result is 2·4096/d, rounded, with 12 fraction bits.
	d := approxOne + 2*(v<<41>>53) + 1
	q := (2*2*approxOne*approxOne/d + 1) / 2
	return approximation(sign, 2*l.max-1-exp, q)
}

// ReciprocalRoot is RSQRTSS: about 1/√a. It raises no exception and ignores
// MXCSR: denormals are zeros.
func ReciprocalRoot(a uint32) uint32 {
	l, v := single, uint64(a)
	exp := int(l.abs(v) >> l.fracBits)
	switch {
	case l.isNaN(v):
		return uint32(v | l.quietBit())
	case exp == 0:
		return uint32(v&l.signBit() | l.infinity())
	case l.neg(v):
		return uint32(l.indefinite())
	case l.isInf(v):
		return 0
	}
	// 1.f ≈ d/2048, or 2·1.f with an odd exponent; 2/√ of it has 12 fraction bits.
	d := float64(2048 + 2*(v<<41>>54) + 1)
	if (exp-l.max)&1 != 0 {
		d *= 2
	}
	q := uint64(float64(2*approxOne*math.Sqrt(2048/d)) + 0.5)
	return approximation(0, l.max-1-(exp-l.max)>>1, q)
}

// approximation is q/4096 · 2^(exp−bias), zero below the normal numbers.
func approximation(sign uint64, exp int, q uint64) uint32 {
	if exp <= 0 {
		return uint32(sign)
	}
	return uint32(sign | uint64(exp)<<single.fracBits | (q-approxOne)<<(single.fracBits-approxBits))
}
