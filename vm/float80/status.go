// SPDX-License-Identifier: BSD-3-Clause
// The status and control words as arithmetic sees them; Intel SDM vol. 1, 8.1.3 and 8.1.5.

package float80

import "ring0/vm/internal/exact"

// Status is a set of status word bits: exceptions and condition codes.
//
//	15  14  13 12 11  10   9   8   7   6   5   4   3   2   1   0
//	 B  C3    TOP     C2  C1  C0  ES  SF  PE  UE  OE  ZE  DE  IE
type Status uint16

// The exceptions, in the order of the status word.
const (
	IE Status = 1 << iota // invalid operation
	DE                    // denormal operand
	ZE                    // zero divide
	OE                    // overflow
	UE                    // underflow
	PE                    // precision: the result is not exact

	Exceptions = IE | DE | ZE | OE | UE | PE
)

// The condition codes. C1 after arithmetic means that rounding enlarged the magnitude.
const (
	C0 Status = 1 << 8
	C1 Status = 1 << 9
	C2 Status = 1 << 10
	C3 Status = 1 << 14
)

// Control is the control word: Control(fcw). Exception masks are bits 0–5,
// precision control bits 8–9, rounding control bits 10–11; the other bits of
// the word are ignored.
//
// Bit 16 up carries what With adds, so keep a Control no longer than one operation.
type Control uint32

// Default is the control word after FNINIT: all exceptions masked, 64 bits, to nearest.
const Default Control = 0x037f

const pendingShift = 16

// With adds exceptions that the conversion of a memory operand found (Widen32,
// Widen64), so that the operation reports them in the order of priority:
// a NaN or an invalid operation hides a denormal operand.
func (c Control) With(pending Status) Control {
	return c | Control(pending&DE)<<pendingShift
}

func (c Control) pending() Status { return Status(c >> pendingShift) }

// mode is the rounding mode of the RC field.
func (c Control) mode() exact.Mode { return exact.Mode(c >> 10 & 3) }

// Precision is the number of significand bits of the PC field: 24, 53 or 64.
// The reserved code 01 gives 64, as on the CPU of the reference vectors.
func (c Control) Precision() uint {
	return [4]uint{24, 64, 53, 64}[c>>8&3]
}

// masked says whether all the exceptions of s are masked.
func (c Control) masked(s Status) bool { return s&Exceptions&^Status(c) == 0 }

// Unmasked is the part of s that calls the exception handler.
func (c Control) Unmasked(s Status) Status { return s & Exceptions &^ Status(c) }

// Keeps says whether an operation that returned s leaves its destination
// register and the stack top as they were: an invalid operation, a zero
// divide or a denormal operand that is not masked. An overflow, underflow or
// inexact result is delivered even when it is not masked.
func (c Control) Keeps(s Status) bool { return c.Unmasked(s)&(IE|DE|ZE) != 0 }

// KeepsLoad is Keeps for FLD m32 and m64, which push a denormal operand even
// when DE is not masked.
func (c Control) KeepsLoad(s Status) bool { return c.Unmasked(s)&IE != 0 }

// KeepsMemory is Keeps for a store to memory, which overflow and underflow
// also prevent when they are not masked.
func (c Control) KeepsMemory(s Status) bool { return c.Unmasked(s)&^PE != 0 }
