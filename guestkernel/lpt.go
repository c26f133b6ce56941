// SPDX-License-Identifier: BSD-3-Clause
// The PC's parallel port: the registers of a plain port at 0x378 on line 7, with nothing on its cable. It is the port that
// the recorded verdicts were made with (a PC emulator's): an acknowledgement comes at the next look at the status, the
// timeout bit of an EPP port is stuck so that nobody takes it for one, and there is no extended control register.

package guestkernel

import "ring0/vm"

// lptState is the port. It belongs to no driver until a module takes it.
type lptState struct {
	k       *Kernel
	data    uint8 // the output latch
	status  uint8
	control uint8 // its upper two bits read as ones
	line    bool  // the interrupt line, as driven last
}

// Where the port is, and its registers from there. The five above them are those of an EPP port: nothing answers.
const (
	lptBase    = 0x378
	lptPorts   = 8
	lptLine    = 7
	lptData    = 0
	lptStatus  = 1
	lptControl = 2
)

// Bits of the status as software sees them: the busy line comes inverted.
const (
	lptReady    = 0x80
	lptAck      = 0x40 // high while no acknowledgement comes
	lptOnline   = 0x10
	lptNoError  = 0x08
	lptTimeout  = 0x01
	lptIdle     = lptReady | lptAck | lptOnline | lptNoError
	lptFirmware = 0xaa // what the BIOS left in the latch when it looked for the port
)

// Bits of the control register.
const (
	lptReverse = 0x20 // the data lines are inputs
	lptIRQ     = 0x10
	lptSelect  = 0x08
	lptNoReset = 0x04
	lptStrobe  = 0x01
	lptUnused  = 0xc0
)

// bootLPT is the port as the BIOS leaves it.
func (k *Kernel) bootLPT() error {
	k.lpt = lptState{k: k, data: lptFirmware, status: lptIdle | lptTimeout, control: lptUnused | lptSelect | lptNoReset}
	return k.m.AddPorts(lptBase, lptBase+lptPorts-1, bytePort{&k.lpt})
}

func (p *lptState) in(port uint16) uint8 {
	switch port - lptBase {
	case lptData:
		if p.control&lptReverse != 0 {
			return 0xff // nobody drives the lines
		}
		return p.data
	case lptStatus:
		return p.look()
	case lptControl:
		return p.control
	}
	return 0xff
}

// look reads the status. After a strobe the device is busy, then acknowledges, then is ready: one step for each look.
func (p *lptState) look() uint8 {
	now := p.status
	p.drive(false)
	if now&lptReady == 0 && p.control&lptStrobe == 0 {
		if now&lptAck != 0 {
			p.status &^= lptAck
		} else {
			p.status |= lptAck | lptReady
		}
	}
	return now
}

func (p *lptState) out(port uint16, v uint8) {
	switch port - lptBase {
	case lptData:
		p.data = v
	case lptControl:
		p.command(v | lptUnused)
	}
}

// command writes the control register. The end of a strobe interrupts if interrupts were on before.
func (p *lptState) command(v uint8) {
	switch {
	case v&lptNoReset == 0:
		p.status = lptIdle
	case v&lptSelect == 0:
	case v&lptStrobe != 0:
		p.status &^= lptReady
	case p.control&(lptIRQ|lptStrobe) == lptIRQ|lptStrobe:
		p.drive(true)
	}
	p.control = v
}

// drive sets the interrupt line; it is the edge that interrupts.
func (p *lptState) drive(high bool) {
	if high && !p.line {
		p.k.raiseLine(lptLine)
	}
	p.line = high
}

// byteDevice is a chip with 8-bit registers.
type byteDevice interface {
	in(port uint16) uint8
	out(port uint16, v uint8)
}

// bytePort makes 8-bit cycles of wider ones, the lowest port first.
type bytePort struct{ chip byteDevice }

func (b bytePort) ReadPort(port uint16, size uint8) (v uint32) {
	for i := range uint16(size) {
		v |= uint32(b.chip.in(port+i)) << (8 * i)
	}
	return v
}

func (b bytePort) WritePort(port uint16, size uint8, v uint32) {
	for i := range uint16(size) {
		b.chip.out(port+i, uint8(v>>(8*i)))
	}
}

var _ vm.PortDevice = bytePort{}
