// SPDX-License-Identifier: BSD-3-Clause

// The serial line: bytes on their way out and in, and how long they take.
//
// PC16550D data sheet, section 8.3 "Programmable baud generator" (a 1.8432 MHz
// crystal, divided by 16 times the divisor) and 9 (time-out after four
// character times).
//
// The far end heeds RTS and waits while the receiver is full, so that it loses
// nothing. A looped transmitter does not wait: it can overrun the receiver.

package device

// uartCrystal is the frequency that the baud rate is divided from, in hertz.
const uartCrystal = 1843200

// charTime is how many instructions n characters take.
func (u *UART) charTime(n uint64) uint64 {
	l := u.s.LCR
	half := 2 * (1 + uint64(5+l&3) + uint64(l>>3&1) + 1) // half bits: start, data, parity, stop
	switch {
	case l&7 == 4: // one and a half stop bits with five data bits
		half++
	case l&4 != 0:
		half += 2
	}
	divisor := uint64(max(u.s.Divisor, 1)) // 0 is UNDEFINED
	return max(u.clock.Length(n*half*8*divisor, uartCrystal)/u.cfg.Speed, 1)
}

// dataMask keeps the data bits of a character.
func (u *UART) dataMask() uint8 { return 0xff >> (3 - u.s.LCR&3) }

// plan sets the alarm to what comes next: a byte out, a byte in, a time-out.
func (u *UART) plan() {
	s := &u.s
	if s.ArrivesAt == never && len(s.Pending) > 0 && u.ready() {
		s.ArrivesAt = u.clock.Now() + u.charTime(1)
	}
	u.alarm.set(min(s.SentAt, s.ArrivesAt, s.TimeoutAt))
}

// due is the alarm.
func (u *UART) due() {
	s, now := &u.s, u.clock.Now()
	if s.SentAt <= now {
		u.sent()
	}
	if s.ArrivesAt <= now {
		s.ArrivesAt = never
		if u.ready() {
			u.arrive(uint16(s.Pending[0] & u.dataMask()))
			s.Pending = s.Pending[1:]
		}
	}
	if s.TimeoutAt <= now {
		s.TimeoutAt, s.TimedOut = never, true
	}
	u.update()
}

// transmit takes a byte from the CPU. Written into a full FIFO it is lost;
// without FIFO it replaces the one that waits.
func (u *UART) transmit(v uint8) {
	s := &u.s
	s.Empty = false
	switch {
	case s.FCR&fcrEnable == 0:
		s.Transmit = append(s.Transmit[:0], v)
	case len(s.Transmit) < fifoSize:
		s.Transmit = append(s.Transmit, v)
	}
	if !s.Shifting {
		u.shift()
	}
}

// shift moves the next byte into the shift register.
func (u *UART) shift() {
	s := &u.s
	s.Shift, s.Transmit = s.Transmit[0], s.Transmit[1:]
	s.Shifting, s.SentAt = true, u.clock.Now()+u.charTime(1)
	if len(s.Transmit) == 0 {
		s.Empty = true
	}
}

// sent is the end of a byte on the line.
func (u *UART) sent() {
	s := &u.s
	v := s.Shift & u.dataMask()
	switch {
	case s.MCR&mcrLoop != 0:
		u.arrive(uint16(v))
	case s.LCR&lcrBreak != 0: // the line is held low: nothing gets through
	case u.cfg.Out != nil:
		u.cfg.Out.Write([]byte{v})
	}
	s.Shifting, s.SentAt = false, never
	if len(s.Transmit) > 0 {
		u.shift()
	}
}

// Drain sends what is still on its way out, as a transmitter does whose
// processor has stopped.
func (u *UART) Drain() {
	for u.s.Shifting {
		u.sent()
	}
	u.update()
}

// arrive is a byte at the receiver, its error bits above it.
func (u *UART) arrive(b uint16) {
	s := &u.s
	switch {
	case s.FCR&fcrEnable == 0 && len(s.Receive) > 0:
		s.Receive[0] = b // the byte nobody read is lost
		s.Errors |= lsrOverrun
	case len(s.Receive) == fifoSize:
		s.Errors |= lsrOverrun // the byte in the shift register is lost
		return
	default:
		s.Receive = append(s.Receive, b)
	}
	if len(s.Receive) == 1 {
		s.Errors |= uint8(b >> 8)
	}
	u.startTimeout()
}

// startTimeout restarts the time-out of the receive FIFO.
func (u *UART) startTimeout() {
	if u.s.FCR&fcrEnable != 0 {
		u.s.TimeoutAt = u.clock.Now() + u.charTime(4)
	}
}

// ready reports that the far end may send: RTS is asserted, there is room and
// the line is not looped.
func (u *UART) ready() bool {
	room := 1
	if u.s.FCR&fcrEnable != 0 {
		room = fifoSize
	}
	return u.s.MCR&(mcrRTS|mcrLoop) == mcrRTS && len(u.s.Receive) < room
}

// Receive makes the far end send data after what it has not sent yet.
func (u *UART) Receive(data ...byte) {
	u.s.Pending = append(u.s.Pending, data...)
	u.plan()
}

// Waiting is how many bytes the far end has yet to send.
func (u *UART) Waiting() int { return len(u.s.Pending) }

// Listening reports that software has asserted RTS and enabled the receiver's
// interrupt: somebody is there to read.
func (u *UART) Listening() bool {
	return u.s.MCR&(mcrRTS|mcrLoop) == mcrRTS && u.s.IER&ierReceive != 0
}

// State and SetState are for snapshots.
func (u *UART) State() UARTState {
	s := u.s
	s.Receive = append([]uint16(nil), s.Receive...)
	s.Transmit = append([]uint8(nil), s.Transmit...)
	s.Pending = append([]uint8(nil), s.Pending...)
	return s
}

// SetState restores a State.
func (u *UART) SetState(s UARTState) {
	u.s = s
	u.s = u.State() // s keeps its own copies
	u.update()
}
