// SPDX-License-Identifier: BSD-3-Clause

// The 16550A serial port: its registers and interrupts.
//
// National Semiconductor PC16550D data sheet, section 8 "Registers" and 9
// "FIFO interrupt/polled mode operation".
//
//	+0   RBR / THR    receiver, transmitter; with DLAB divisor low
//	+1   IER          interrupt enable; with DLAB divisor high
//	+2   IIR / FCR    interrupt identification / FIFO control
//	+3   LCR          line control
//	+4   MCR          modem control
//	+5   LSR          line status
//	+6   MSR          modem status
//	+7   SCR          scratch
//
// The interrupt reaches the board while OUT2 is asserted, as on every PC; in
// loopback mode the OUT2 pin is not. Left out: DMA mode (FCR bit 3, whose pins
// no PC uses), and the delay of the first transmitter interrupt after an idle
// time (section 9.0, "transmitter FIFO empty indications"): it comes as soon
// as the byte has moved to the shift register.

package device

import (
	"io"

	"ring0/vm"
)

// UARTState is the state of the port and of the line it hangs on.
type UARTState struct {
	IER, FCR, LCR, MCR, MSR, SCR uint8
	Errors                       uint8 // OE PE FE BI of LSR, not yet read
	Divisor                      uint16

	Receive  []uint16 // FIFO (or RBR): byte, and its PE FE BI bits << 8
	Transmit []uint8  // FIFO (or THR)
	Shift    uint8    // byte in the transmitter's shift register …
	Shifting bool     // … being sent
	SentAt   uint64   // when it is out
	Empty    bool     // transmitter interrupt pending

	Inputs    uint8   // levels of CTS DSR RI DCD, as MSR bits 4–7
	Pending   []uint8 // what the far end has yet to send
	ArrivesAt uint64  // when the next of it is here
	TimeoutAt uint64  // of the receive FIFO
	TimedOut  bool
}

// Register bits.
const (
	ierReceive  = 1 << 0
	ierTransmit = 1 << 1
	ierLine     = 1 << 2
	ierModem    = 1 << 3
	fcrEnable   = 1 << 0
	fcrClearRx  = 1 << 1
	fcrClearTx  = 1 << 2
	lcrBreak    = 1 << 6
	lcrDLAB     = 1 << 7
	mcrDTR      = 1 << 0
	mcrRTS      = 1 << 1
	mcrOUT1     = 1 << 2
	mcrOUT2     = 1 << 3
	mcrLoop     = 1 << 4
	lsrReady    = 1 << 0
	lsrOverrun  = 1 << 1
	lsrBreak    = 1 << 4
	lsrErrors   = 0x1e // OE PE FE BI
	lsrTHRE     = 1 << 5
	lsrTEMT     = 1 << 6
	lsrFIFO     = 1 << 7 // some byte in the FIFO has an error
	msrCTS      = 1 << 4
	msrDSR      = 1 << 5
	msrRI       = 1 << 6
	msrDCD      = 1 << 7
	fifoSize    = 16
)

// Interrupt sources, as IIR names them, by priority.
const (
	iirLine    = 0x06
	iirReceive = 0x04
	iirTimeout = 0x0c
	iirEmpty   = 0x02
	iirModem   = 0x00
	iirNone    = 0x01
)

// UART is a serial port.
type UART struct {
	clock *Clock
	cfg   UARTConfig
	s     UARTState
	alarm *alarm
}

// UARTConfig says where the port is and what it is connected to.
type UARTConfig struct {
	Base  uint16    // of its eight ports
	IRQ   Line      // its interrupt
	Out   io.Writer // the far end; nil: what is sent is lost
	Speed uint64    // the line is this many times faster than the divisor says; 0: 1
}

// NewUART makes a port and connects it.
func NewUART(m *vm.Machine, clock *Clock, cfg UARTConfig) (*UART, error) {
	cfg.Speed = max(cfg.Speed, 1)
	u := &UART{clock: clock, cfg: cfg}
	u.s = UARTState{
		Divisor: 12, SentAt: never, ArrivesAt: never, TimeoutAt: never,
		Inputs: msrCTS | msrDSR | msrDCD, MSR: msrCTS | msrDSR | msrDCD,
	}
	u.alarm = newAlarm(clock, u.due)
	return u, Attach(m, u, Ports{cfg.Base, cfg.Base + 7})
}

// In reads a register.
func (u *UART) In(port uint16) uint8 {
	s := &u.s
	v := uint8(0)
	switch port & 7 {
	case 0:
		if s.LCR&lcrDLAB != 0 {
			return uint8(s.Divisor)
		}
		v = u.receive()
	case 1:
		if s.LCR&lcrDLAB != 0 {
			return uint8(s.Divisor >> 8)
		}
		return s.IER
	case 2:
		v = u.identify()
		if v&0xf == iirEmpty {
			s.Empty = false
		}
	case 3:
		return s.LCR
	case 4:
		return s.MCR
	case 5:
		v = u.lineStatus()
		s.Errors = 0
		if len(s.Receive) > 0 {
			s.Receive[0] &= 0xff // reported
		}
	case 6:
		v = s.MSR
		s.MSR &= 0xf0
	case 7:
		return s.SCR
	}
	u.update()
	return v
}

// Out writes a register.
func (u *UART) Out(port uint16, v uint8) {
	s := &u.s
	switch port & 7 {
	case 0:
		if s.LCR&lcrDLAB != 0 {
			s.Divisor = s.Divisor&0xff00 | uint16(v)
		} else {
			u.transmit(v)
		}
	case 1:
		if s.LCR&lcrDLAB != 0 {
			s.Divisor = s.Divisor&0xff | uint16(v)<<8
			break
		}
		// Enabling the transmitter's interrupt while it is empty raises it.
		s.Empty = s.Empty || v&^s.IER&ierTransmit != 0 && len(s.Transmit) == 0
		s.IER = v & 0x0f
	case 2:
		u.fifoControl(v)
	case 3:
		u.lineControl(v)
	case 4:
		s.MCR = v & 0x1f
		u.modemInputs()
	case 7:
		s.SCR = v
	}
	u.update()
}

// lineStatus is LSR.
func (u *UART) lineStatus() uint8 {
	s := &u.s
	v := s.Errors
	if len(s.Receive) > 0 {
		v |= lsrReady
	}
	if len(s.Transmit) == 0 {
		v |= lsrTHRE
		if !s.Shifting {
			v |= lsrTEMT
		}
	}
	if s.FCR&fcrEnable != 0 {
		for _, b := range s.Receive {
			if b>>8 != 0 {
				v |= lsrFIFO
			}
		}
	}
	return v
}

// identify is IIR: the enabled source of highest priority.
func (u *UART) identify() uint8 {
	s := &u.s
	v := uint8(iirNone)
	switch {
	case s.IER&ierLine != 0 && s.Errors != 0:
		v = iirLine
	case s.IER&ierReceive != 0 && len(s.Receive) >= u.trigger():
		v = iirReceive
	case s.IER&ierReceive != 0 && s.TimedOut:
		v = iirTimeout
	case s.IER&ierTransmit != 0 && s.Empty:
		v = iirEmpty
	case s.IER&ierModem != 0 && s.MSR&0x0f != 0:
		v = iirModem
	}
	if s.FCR&fcrEnable != 0 {
		v |= 0xc0
	}
	return v
}

// trigger is how many received bytes make an interrupt.
func (u *UART) trigger() int {
	if u.s.FCR&fcrEnable == 0 {
		return 1
	}
	return [...]int{1, 4, 8, 14}[u.s.FCR>>6]
}

// update drives the interrupt and plans what comes next.
func (u *UART) update() {
	gate := u.s.MCR&(mcrOUT2|mcrLoop) == mcrOUT2
	u.cfg.IRQ.drive(gate && u.identify()&iirNone == 0)
	u.plan()
}

// receive takes a byte out of the receiver.
func (u *UART) receive() uint8 {
	s := &u.s
	s.TimedOut = false
	s.TimeoutAt = never
	if len(s.Receive) == 0 {
		return 0 // UNDEFINED
	}
	b := s.Receive[0]
	s.Receive = s.Receive[1:]
	if len(s.Receive) > 0 {
		u.startTimeout()
		s.Errors |= uint8(s.Receive[0] >> 8) // errors show when their byte is at the top
	}
	return uint8(b)
}

// fifoControl is FCR. Its other bits take effect only with bit 0 set; a
// change of bit 0 empties both FIFOs.
func (u *UART) fifoControl(v uint8) {
	s := &u.s
	changed := (v^s.FCR)&fcrEnable != 0
	if v&fcrEnable == 0 {
		v = 0
	}
	s.FCR = v & 0xc9
	if changed || v&fcrClearRx != 0 {
		s.Receive, s.TimedOut, s.TimeoutAt = nil, false, never
	}
	if changed || v&fcrClearTx != 0 {
		s.Empty = s.Empty || len(s.Transmit) > 0
		s.Transmit = nil
	}
}

// lineControl is LCR. A break on a looped line comes back as a zero byte.
func (u *UART) lineControl(v uint8) {
	s := &u.s
	begins := v&^s.LCR&lcrBreak != 0
	s.LCR = v
	if begins && s.MCR&mcrLoop != 0 {
		u.arrive(lsrBreak << 8)
	}
}

// modemInputs derives MSR from the pins or, looped, from MCR, and notes what
// has changed. Of RI only the end counts.
func (u *UART) modemInputs() {
	s := &u.s
	now := s.Inputs
	if s.MCR&mcrLoop != 0 {
		now = s.MCR&mcrRTS<<3 | s.MCR&mcrDTR<<5 | s.MCR&mcrOUT1<<4 | s.MCR&mcrOUT2<<4
	}
	changed := (now ^ s.MSR) >> 4
	changed &^= now & msrRI >> 4
	s.MSR = s.MSR&0x0f | now | changed
}

// SetModem sets the levels of the far end's lines: CTS DSR RI DCD as in MSR
// bits 4–7.
func (u *UART) SetModem(lines uint8) {
	u.s.Inputs = lines & 0xf0
	u.modemInputs()
	u.update()
}
