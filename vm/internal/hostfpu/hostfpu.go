// SPDX-License-Identifier: BSD-3-Clause
// The host's own x87 behind package float80's signatures; Intel SDM vol. 1, chapter 8.

// Package hostfpu executes single x87 instructions on the host's x87, to check
// float80 against one more CPU and to be measured against it.
//
// Every call sets the control word, clears the exceptions, and leaves the x87
// as FNINIT does: nothing of it lives on in the thread, so goroutines need no
// locking. All exceptions are masked: the answer is the masked one.
//
// The interpreter does not use it. A call costs what float80 does, and the
// operands' way through memory as much again; see docs/rationale.md.
package hostfpu

import "ring0/vm/float80"

// Op is an operation on two values; one with a single operand ignores b.
type Op func(a, b float80.F80, c float80.Control) (float80.F80, float80.Status)

// statusBits are what an operation reports.
const statusBits = float80.Exceptions | float80.C0 | float80.C1 | float80.C2 | float80.C3

// controlWord masks all exceptions and gives the reserved precision the
// meaning that it has in float80.
func controlWord(c float80.Control) uint16 {
	if c>>8&3 == 1 {
		c |= 2 << 8
	}
	return uint16(c&0xf00) | 0x7f
}
