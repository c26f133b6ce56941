// SPDX-License-Identifier: BSD-3-Clause

// Places in the history of a run.

package debugger

import (
	"cmp"
	"fmt"
)

// Direction is where a move goes in time.
type Direction int8

// Directions.
const (
	Forward  Direction = 1
	Backward Direction = -1
)

func (d Direction) String() string {
	if d == Backward {
		return "backward"
	}
	return "forward"
}

// Position is a place in the history: before an instruction, or in the midst
// of one at an exception or at an event of the kernel.
type Position struct {
	Count uint64 // instructions retired, and idle time skipped, since boot
	Sub   uint32 // exceptions and kernel events since Count was reached
}

// Compare orders positions: negative when p is earlier than q.
func (p Position) Compare(q Position) int {
	if c := cmp.Compare(p.Count, q.Count); c != 0 {
		return c
	}
	return cmp.Compare(p.Sub, q.Sub)
}

// Before tells whether p is earlier than q.
func (p Position) Before(q Position) bool { return p.Compare(q) < 0 }

// String is "1234", or "1234.1" inside an instruction.
func (p Position) String() string {
	if p.Sub == 0 {
		return fmt.Sprint(p.Count)
	}
	return fmt.Sprintf("%d.%d", p.Count, p.Sub)
}
