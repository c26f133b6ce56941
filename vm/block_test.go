// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInstructionAcrossPages runs an instruction at every place where it
// crosses into the next page, again after its second half was rewritten, and
// again after the second page was mapped elsewhere.
func TestInstructionAcrossPages(t *testing.T) {
	const next = flatCode + pageSize
	insn := []byte{0xb8, 0x11, 0x22, 0x33, 0x44} // mov eax, 44332211
	for before := 1; before < len(insn); before++ {
		m := newFlat(t)
		at := uint32(next - before)
		m.WritePhys(at, insn)
		run := func() uint32 {
			m.SetReg(EAX, 0)
			m.SetEIP(at)
			s := m.Run(1)
			require.Equal(t, StopLimit, s.Reason, "%v", s)
			require.Equal(t, at+5, m.EIP())
			return m.Reg(EAX)
		}
		require.Equal(t, uint32(0x44332211), run())
		m.WritePhys(at+4, []byte{0x55})
		require.Equal(t, uint32(0x55332211), run())
	}
}
