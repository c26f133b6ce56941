// SPDX-License-Identifier: BSD-3-Clause

// Data breakpoints where the fast paths must not pass them by.

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWriteBreakpoint writes twice to one place, the second time with DR0 on it.
func TestWriteBreakpoint(t *testing.T) {
	for name, at := range map[string]uint32{"data": flatData, "beside code": flatCode + 0x100} {
		t.Run(name, func(t *testing.T) {
			m := newFlat(t)
			store := []byte{0xa3, byte(at), byte(at >> 8), byte(at >> 16), byte(at >> 24)} // mov %eax, at
			m.load(append(store, store...)...)
			require.Equal(t, StopLimit, m.Run(1).Reason)
			m.SetDR(0, at)
			m.SetDR(7, 0x000d0001) // L0, 4 bytes, on writing
			m.Run(2)               // the trap comes before the next instruction
			require.EqualValues(t, 1, m.DR(6)&15)
		})
	}
}
