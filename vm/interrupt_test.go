// SPDX-License-Identifier: BSD-3-Clause

// External interrupts and NMIs: when they are taken.

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

// testPIC asserts INTR for a list of vectors.
type testPIC struct {
	m    *Machine
	want []uint8
}

func (p *testPIC) Acknowledge() uint8 {
	v := p.want[0]
	p.want = p.want[1:]
	p.m.SetINTR(len(p.want) > 0)
	return v
}

func (p *testPIC) raise(vector uint8) {
	p.want = append(p.want, vector)
	p.m.SetINTR(true)
}

// Handlers of newIRQ's machine: INC of a counter, IRET; for NMI and IRQ 30, 31.
const irqHandlers = flatCode + 0x1000

// newIRQ returns a machine at CPL 0 whose vectors 2, 30 and 31 count in
// memory at flatData, +4 and +8, and store how many of code's INC EAX had run.
func newIRQ(t *testing.T) (*Machine, *testPIC) {
	m := newRings(t)
	m.LoadSegment(CS, 0x10)
	for _, s := range []int{SS, DS, ES} {
		m.LoadSegment(s, 0x18)
	}
	m.cpu.gpr = [16]uint32{x86.ESP: flatStack}
	for i, vector := range []uint32{2, 0x30, 0x31} {
		at := irqHandlers + uint32(i)*32
		slot := flatData + 4*uint32(i)
		m.WritePhys(at, []byte{0xff, 0x05, byte(slot), byte(slot >> 8), byte(slot >> 16), byte(slot >> 24), // inc [slot]
			0xa3, byte(slot + 32), byte(slot >> 8), byte(slot >> 16), byte(slot >> 24), 0xcf}) // mov [slot+32],eax; iret
		gate := uint64(at&0xffff) | 0x10<<16 | 0x8e<<40 | uint64(at>>16)<<48
		m.WritePhys32(0x5000+vector*8, uint32(gate))
		m.WritePhys32(0x5000+vector*8+4, uint32(gate>>32))
	}
	p := &testPIC{m: m}
	m.SetInterruptController(p)
	return m, p
}

func (m *Machine) count(i uint32) uint32 { return m.ReadPhys32(flatData + 4*i) }
func (m *Machine) eaxAt(i uint32) uint32 { return m.ReadPhys32(flatData + 32 + 4*i) }

func TestInterruptNeedsIF(t *testing.T) {
	m, p := newIRQ(t)
	m.load(0x40, 0x40, 0x40, 0xf4) // inc eax ×3; hlt
	p.raise(0x30)
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Zero(t, m.count(1))
}

func TestInterruptOrder(t *testing.T) {
	m, p := newIRQ(t)
	m.load(0x40, 0xfa, 0xf4)
	m.SetEflags(FlagIF | 2)
	p.raise(0x31)
	p.raise(0x30)
	m.NMI()
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	// All three before the first instruction, which none of them saw done.
	for i := range uint32(3) {
		require.Equal(t, uint32(1), m.count(i), "handler %d", i)
		require.Zero(t, m.eaxAt(i))
	}
	require.Equal(t, uint32(1), m.Reg(EAX))
}

// After STI one more instruction runs first; after an STI that changed
// nothing, and after POPF, none does.
func TestInterruptShadow(t *testing.T) {
	rows := []struct {
		name  string
		code  []byte
		flags uint32
		seen  uint32 // INC EAX the handler finds done
	}{
		{"sti", []byte{0xfb, 0x40, 0x40, 0xfa, 0xf4}, 2, 1},
		{"sti, cli", []byte{0xfb, 0xfa, 0x40, 0x40, 0xf4}, 2, 99}, // never
		{"popf", []byte{0x68, 2, 2, 0, 0, 0x9d, 0x40, 0x40, 0xfa, 0xf4}, 2, 0},
		{"mov ss", []byte{0xfb, 0x8e, 0xd1, 0x40, 0x40, 0xfa, 0xf4}, 2, 1}, // sti; mov ss,cx: the latter shadows in turn
		{"pop ss", []byte{0x51, 0xfb, 0x17, 0x40, 0x40, 0xfa, 0xf4}, 2, 1},
	}
	for _, row := range rows {
		for _, step := range []uint64{Forever, 1} { // in one go, and instruction by instruction
			m, p := newIRQ(t)
			m.load(row.code...)
			m.SetEflags(row.flags)
			m.SetReg(ECX, 0x18)
			m.WritePhys32(flatData+36, 99)
			p.raise(0x30)
			s := Stop{Reason: StopLimit}
			for s.Reason == StopLimit {
				s = m.Run(step)
			}
			require.Equal(t, StopHalt, s.Reason, row.name)
			require.Equal(t, row.seen, m.eaxAt(1), "%s, steps of %d", row.name, step)
		}
	}
}

// STI; HLT does not lose the interrupt that comes between the two.
func TestInterruptWakesHLT(t *testing.T) {
	for at := range uint64(4) {
		m, p := newIRQ(t)
		m.load(0xfb, 0xf4, 0x40, 0xfa, 0xf4) // sti; hlt; inc eax; cli; hlt
		m.Schedule(at, func() { p.raise(0x30) })
		s := m.Run(Forever)
		require.Equal(t, StopHalt, s.Reason)
		require.Equal(t, uint32(1), m.count(1), "at %d", at)
		require.Zero(t, m.eaxAt(1))
		require.Equal(t, uint32(1), m.Reg(EAX))
	}
}

func TestHLTWithoutIFIsTheEnd(t *testing.T) {
	m, p := newIRQ(t)
	m.load(0xf4, 0x40, 0xf4)
	m.Schedule(10, func() { p.raise(0x30) })
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Zero(t, m.Reg(EAX))
	m.NMI()
	s = m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Equal(t, uint32(1), m.count(0))
	require.Equal(t, uint32(1), m.Reg(EAX))
}

// A second NMI waits for the handler's IRET; a third is lost.
func TestNMIBlocksItself(t *testing.T) {
	m, _ := newIRQ(t)
	m.load(0x40, 0xf4)
	m.WritePhys(irqHandlers+6, []byte{0x0f, 0x01, 0xc1, 0xcf}) // vmcall; iret
	calls := 0
	m.SetHypercall(func(m *Machine) Action {
		if calls++; calls == 1 {
			m.NMI()
			m.NMI()
		}
		return Continue
	})
	m.NMI()
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Equal(t, uint32(2), m.count(0))
	require.Equal(t, uint32(1), m.Reg(EAX))
}

// An interrupt between two elements of a repeated string instruction comes
// back to it, with RF set in the frame.
func TestInterruptInsideRepetition(t *testing.T) {
	m, p := newIRQ(t)
	m.WritePhys(irqHandlers+32+6, []byte{0x8b, 0x54, 0x24, 8, 0xcf}) // mov edx,[esp+8] (EFLAGS); iret
	m.load(0xf3, 0xaa, 0xfa, 0xf4)                                   // rep stosb; cli; hlt
	m.SetEflags(FlagIF | 2)
	m.SetReg(ECX, 100)
	m.SetReg(EDI, flatData+0x100)
	m.Schedule(50, func() { p.raise(0x30) })
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Equal(t, uint32(1), m.count(1))
	require.Zero(t, m.Reg(ECX))
	require.Equal(t, uint32(flatData+0x100+100), m.Reg(EDI))
	require.NotZero(t, m.Reg(EDX)&FlagRF)
	// 100 elements; inc, mov, iret; cli, hlt.
	require.Equal(t, uint64(100+3+2), m.Now())
}

// An external interrupt with a gate that is not present: #NP with EXT.
func TestInterruptErrorCodeHasEXT(t *testing.T) {
	m, p := newIRQ(t)
	m.WritePhys32(0x5000+0x30*8+4, 0)
	gate := uint64(irqHandlers+64)&0xffff | 0x10<<16 | 0x8e<<40 | uint64(irqHandlers)>>16<<48
	m.WritePhys32(0x5000+VecGP*8, uint32(gate))
	m.WritePhys32(0x5000+VecGP*8+4, uint32(gate>>32))
	m.WritePhys(irqHandlers+64, []byte{0x5a, 0xf4}) // pop edx; hlt
	m.load(0x40, 0xf4)
	m.SetEflags(FlagIF | 2)
	p.raise(0x30)
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Equal(t, uint32(0x30<<3|idtErr|1), m.Reg(EDX))
	require.Zero(t, m.Reg(EAX))
}
