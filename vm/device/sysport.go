// SPDX-License-Identifier: BSD-3-Clause

// The board's own ports: 61 (speaker, refresh, parity) and 92 (A20, reset).
//
// IBM PC AT Technical Reference, "Port B"; IBM PS/2 Hardware Interface
// Technical Reference, "System control port A".

package device

import "ring0/vm"

// SystemState is the state of both ports.
type SystemState struct {
	PortB uint8 // what was written to 61, bits 0–3
	PortA uint8 // to 92
}

// Bits of port 61.
const (
	sysGate2    = 1 << 0 // gate of the timer's counter 2
	sysSpeaker  = 1 << 1
	sysWritable = 0x0f   // bits 2 and 3 switch the parity and channel checks off
	sysRefresh  = 1 << 4 // changes with each refresh
	sysOut2     = 1 << 5 // output of counter 2
)

// Bits of port 92.
const (
	sysReset    = 1 << 0 // rising: reset of the CPU
	sysA20      = 1 << 1
	sysAWatched = 0xc3 // hard disk lights, A20 and reset
)

// System is the two ports.
type System struct {
	pit   *PIT
	a20   Line
	reset func(Reset)
	s     SystemState
}

// NewSystem makes the ports and connects them.
func NewSystem(m *vm.Machine, pit *PIT, a20 Line, reset func(Reset)) (*System, error) {
	p := &System{pit: pit, a20: a20, reset: reset}
	return p, Attach(m, p, Ports{0x61, 0x61}, Ports{0x92, 0x92})
}

// In reads a port.
func (p *System) In(port uint16) uint8 {
	if port == 0x92 {
		return p.s.PortA
	}
	v := p.s.PortB
	if p.pit.Refresh() {
		v |= sysRefresh
	}
	if p.pit.Out2() {
		v |= sysOut2
	}
	return v
}

// Out writes a port.
func (p *System) Out(port uint16, v uint8) {
	if port == 0x61 {
		p.s.PortB = v & sysWritable
		p.pit.SetGate2(v&sysGate2 != 0)
		return
	}
	rises := v&^p.s.PortA&sysReset != 0
	p.s.PortA = v & sysAWatched
	p.a20.drive(v&sysA20 != 0)
	if rises {
		p.reset(ResetCPU)
	}
}

// State and SetState are for snapshots.
func (p *System) State() SystemState { return p.s }

// SetState restores a State. The timer has its own.
func (p *System) SetState(s SystemState) {
	p.s = s
	p.a20.drive(s.PortA&sysA20 != 0)
}
