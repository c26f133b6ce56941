// SPDX-License-Identifier: BSD-3-Clause
// MXCSR as arithmetic sees it; Intel SDM vol. 1, 10.2.3.

package softfloat

import "ring0/vm/internal/exact"

// Flags are exception flags, at their places in MXCSR.
//
//	15  14 13  12  11  10   9   8   7   6   5   4   3   2   1   0
//	FZ   RC    PM  UM  OM  ZM  DM  IM DAZ  PE  UE  OE  ZE  DE  IE
type Flags uint32

// The exceptions. The first three are found before anything is computed.
const (
	IE Flags = 1 << iota // invalid operation
	DE                   // denormal operand
	ZE                   // divide by zero
	OE                   // overflow
	UE                   // underflow
	PE                   // precision: the result is not exact

	preComputation = IE | DE | ZE
)

// Control is MXCSR: Control(mxcsr). Its flag bits are ignored.
type Control uint32

// Default is MXCSR after reset: all exceptions masked, to nearest, no DAZ, no FTZ.
const Default Control = 0x1f80

const (
	daz       Control = 1 << 6
	maskShift         = 7
	rcShift           = 13
	rcMask    Control = 3 << rcShift
	ftz       Control = 1 << 15
)

// Chop is c with rounding toward zero, for the conversions that truncate.
func (c Control) Chop() Control { return c | rcMask }

// Unmasked is the part of f that raises #XM.
func (c Control) Unmasked(f Flags) Flags { return f &^ Flags(c>>maskShift) }

func (c Control) masked(f Flags) bool { return c.Unmasked(f) == 0 }

// Settle makes the flags of an instruction from those of its elements put
// together: if one of them stopped before it computed, none of them computed.
func (c Control) Settle(f Flags) Flags {
	if c.masked(f & preComputation) {
		return f
	}
	return f & preComputation
}

func (c Control) mode() exact.Mode { return exact.Mode(c & rcMask >> rcShift) }
