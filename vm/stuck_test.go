// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

// TestFaultingHandler runs into a limit although no instruction ever retires:
// in real mode, the handler of #UD is an undefined instruction. In steps of one
// it takes the same time.
func TestFaultingHandler(t *testing.T) {
	load := func() *Machine {
		m, err := New(Config{RAM: 1 << 20})
		require.NoError(t, err)
		m.WritePhys(6*4, []byte{0x00, 0x10, 0x00, 0x00})
		m.WritePhys(0x1000, []byte{0x0f, 0x0b})
		for _, seg := range []int{CS, SS} {
			m.LoadSegment(seg, 0)
		}
		m.LoadSegment(SS, 0x2000)
		m.SetEIP(0x1000)
		return m
	}
	m := load()
	require.Equal(t, StopLimit, m.Run(5000).Reason)
	require.Equal(t, uint64(5000), m.Now())
	require.Equal(t, uint32(0x1000), m.EIP())

	stepped := load()
	for range 5000 {
		require.Equal(t, StopLimit, stepped.Run(1).Reason)
	}
	require.Equal(t, m.State(), stepped.State())
}

// alwaysPIC never lets go of INTR.
type alwaysPIC struct{}

func (alwaysPIC) Acknowledge() uint8 { return 0x30 }

// TestInterruptedHandler is interrupted again at its first instruction, as a
// trap gate leaves interrupts on.
func TestInterruptedHandler(t *testing.T) {
	m, _ := newIRQ(t)
	m.SetInterruptController(alwaysPIC{})
	m.cpu.gpr[x86.ESP] = 0x200000
	var gate [1]byte
	m.ReadPhys(m.cpu.idtr.base+0x30*8+5, gate[:])
	m.WritePhys(m.cpu.idtr.base+0x30*8+5, []byte{gate[0] | 1}) // interrupt gate to trap gate
	m.SetEflags(m.Eflags() | FlagIF)
	m.SetINTR(true)
	require.Equal(t, StopLimit, m.Run(3000).Reason)
	require.Equal(t, uint64(3000), m.Now())
	require.Equal(t, uint32(0x200000-12*(3000+maxStuck)), m.Reg(ESP), "one interrupt a tick in the end")
}
