// SPDX-License-Identifier: BSD-3-Clause
// What the package promises; Intel SDM vol. 1, chapter 8 "Programming with the x87 FPU".

// Package float80 is the arithmetic of the x87: 80-bit values in, 80-bit
// values and status word bits out, exact to the last bit.
//
// Every operation is a pure function of its operands and the control word.
// It returns what the hardware would deliver, and a Status: the exceptions
// raised and the condition codes C0–C3, each at its place in the status word.
// Whether a result is written at all when an exception is not masked is said
// by Control.Keeps and Control.KeepsMemory.
//
// The register stack, tags, empty registers (stack faults) and pending
// exceptions belong to the caller.
//
// Add, Sub, Mul, Div, Sqrt, the remainders, roundings and conversions are
// bit-exact. The transcendental functions are computed to some 120 bits and
// rounded once, so they lie within one unit in the last place of any CPU that
// keeps the manual's promise.
package float80
