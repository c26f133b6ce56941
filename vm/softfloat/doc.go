// SPDX-License-Identifier: BSD-3-Clause
// What the package promises; Intel SDM vol. 1, chapters 10 and 11, and 11.5 for the exceptions.

// Package softfloat is the arithmetic of SSE and SSE2 on one element: float32
// and float64 bit patterns in, bit patterns and MXCSR flags out, exact to the
// last bit and flag under every rounding mode, mask, DAZ and FTZ.
//
// An instruction on several elements combines their flags with Control.Settle.
// If Control.Unmasked is then not zero, nothing is written and #XM follows.
package softfloat
