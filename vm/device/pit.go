// SPDX-License-Identifier: BSD-3-Clause

// The 8254 interval timer: its ports, control words, latches.
//
// Intel 8254 data sheet (231164): "Programming the 8254", "Read operations".
//
//	40 41 42   counters 0 (interrupt), 1 (refresh), 2 (speaker)
//	43         control word, counter latch, read-back

package device

import "ring0/vm"

// PITRate is the frequency of CLK in hertz.
const PITRate = 1193182

// PITState is the state of the timer.
type PITState struct {
	Counters [3]PITCounter
	Tick     uint64 // CLK pulses so far
}

// PIT is the timer.
type PIT struct {
	clock *Clock
	state PITState
	out   Line // of counter 0
	alarm *alarm
}

// NewPIT makes the timer and connects it to ports and, with OUT of counter 0,
// to out. The gates of counters 0 and 1 are tied high. Counters hold no count
// and count nothing until they are programmed.
func NewPIT(m *vm.Machine, clock *Clock, out Line) (*PIT, error) {
	p := &PIT{clock: clock, out: out}
	for i := range p.state.Counters {
		c := &p.state.Counters[i]
		c.control(3, 3, false)
		c.Gate = i != 2
	}
	p.alarm = newAlarm(clock, p.changed)
	p.changed()
	return p, Attach(m, p, Ports{0x40, 0x43})
}

// sync brings the counters to the present.
func (p *PIT) sync() {
	now := p.clock.Ticks(PITRate)
	for i := range p.state.Counters {
		p.state.Counters[i].advance(now - p.state.Tick)
	}
	p.state.Tick = now
}

// changed drives OUT of counter 0 and looks for its next change.
func (p *PIT) changed() {
	p.sync()
	c := &p.state.Counters[0]
	p.out.drive(c.Out)
	next := uint64(never)
	if n := c.nextChange(); n != forever {
		next = p.clock.At(p.state.Tick+n, PITRate)
	}
	p.alarm.set(next)
}

// SetGate2 drives the gate of counter 2, the speaker's.
func (p *PIT) SetGate2(high bool) {
	p.sync()
	p.state.Counters[2].setGate(high)
}

// Out2 is the output of counter 2.
func (p *PIT) Out2() bool {
	p.sync()
	return p.state.Counters[2].Out
}

// Refresh is the refresh signal of the board, which changes every 18 pulses.
func (p *PIT) Refresh() bool { return p.clock.Ticks(PITRate)/18&1 != 0 }

// In reads a counter. The control register cannot be read.
func (p *PIT) In(port uint16) uint8 {
	n := port & 3
	if n == 3 {
		return 0xff
	}
	p.sync()
	return p.state.Counters[n].read()
}

// Out writes a count or a control word.
func (p *PIT) Out(port uint16, v uint8) {
	p.sync()
	switch n := port & 3; {
	case n < 3:
		p.state.Counters[n].write(v)
	case v>>6 == 3:
		p.readBack(v)
	case v>>4&3 == 0:
		p.state.Counters[v>>6].latchCount()
	default:
		p.state.Counters[v>>6].control(v>>4&3, v>>1&7, v&1 != 0)
	}
	p.changed()
}

// readBack latches counts and status of several counters. Bits 5 and 4 are
// active low: COUNT, STATUS; bits 3–1 select counters.
func (p *PIT) readBack(v uint8) {
	for i := range p.state.Counters {
		if v>>(1+i)&1 == 0 {
			continue
		}
		if v&0x20 == 0 {
			p.state.Counters[i].latchCount()
		}
		if v&0x10 == 0 {
			p.state.Counters[i].latchStatus()
		}
	}
}

// State and SetState are for snapshots.
func (p *PIT) State() PITState {
	p.sync()
	return p.state
}

// SetState restores a State.
func (p *PIT) SetState(s PITState) {
	p.state = s
	p.changed()
}

// latchCount holds the count until it is read. A second latch command before
// that is ignored.
func (c *PITCounter) latchCount() {
	if c.Latched != 0 {
		return
	}
	c.Latch = c.value()
	c.Latched = 1
	if c.RW == 3 {
		c.Latched = 2
	}
}

// latchStatus holds OUT, null count and the control word's part likewise.
func (c *PITCounter) latchStatus() {
	if c.StatusHeld {
		return
	}
	c.StatusHeld = true
	c.Status = c.RW<<4 | c.Mode<<1
	for _, b := range [...]struct {
		set bool
		bit uint8
	}{{c.Out, 0x80}, {c.Null, 0x40}, {c.BCD, 0x01}} {
		if b.set {
			c.Status |= b.bit
		}
	}
}

// read is a byte: a latched status first, then a latched count, else the
// count as it is.
func (c *PITCounter) read() uint8 {
	if c.StatusHeld {
		c.StatusHeld = false
		return c.Status
	}
	v := c.value()
	if c.Latched != 0 {
		v = c.Latch
		c.Latched--
	}
	high := c.RW == 2
	if c.RW == 3 {
		high = c.HighNext
		c.HighNext = !c.HighNext
	}
	if high {
		return uint8(v >> 8)
	}
	return uint8(v)
}
