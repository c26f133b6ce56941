// SPDX-License-Identifier: BSD-3-Clause

// One counter of the 8254: the counting element, its six modes, gate and
// output.
//
// Intel 8254 data sheet (231164): "Mode definitions", "Operation common to
// all modes" with figures 15–22.
//
// A counter is carried forward by a number of CLK pulses at once; between two
// things that happen (loading, the end of a count, a change of OUT) it does
// nothing but decrement.

package device

// PITCounter is the state of one counter.
type PITCounter struct {
	Mode  uint8 // 0–5
	BCD   bool
	RW    uint8  // how it is accessed: 1 low byte, 2 high byte, 3 low then high
	Reg   uint16 // count register CR, as written
	Count uint32 // counting element CE, 0 … modulus-1, as a plain number
	Gate  bool
	Out   bool
	Null  bool // a count was written and is not in CE yet
	Armed bool // the end of the count will act on OUT
	Ready bool // a count has been written since the control word
	Begun bool // CE has been loaded since then
	Load  bool // the next CLK pulse moves CR to CE
	Odd   bool // mode 3: CE holds an odd count less one
	Extra bool // mode 3: one more CLK pulse after CE reaches 0

	LowWritten bool // the next byte written is the high one, after Low
	Low        uint8
	HighNext   bool   // the next byte read is the high one
	Latch      uint16 // latched count
	Latched    uint8  // bytes of it left to read
	Status     uint8
	StatusHeld bool // Status is latched
}

// forever is more CLK pulses than ever come.
const forever = ^uint64(0)

// modulus is what CE counts with.
func (c *PITCounter) modulus() uint32 {
	if c.BCD {
		return 10000
	}
	return 1 << 16
}

// initial is CR as a number: 0 stands for the modulus. A digit above 9 in BCD
// counts as its value.
func (c *PITCounter) initial() uint32 {
	n := uint32(c.Reg)
	if c.BCD {
		n = n>>12*1000 + n>>8&15*100 + n>>4&15*10 + n&15
	}
	if n == 0 {
		return c.modulus()
	}
	return n
}

// value is CE as it is read.
func (c *PITCounter) value() uint16 {
	if !c.BCD {
		return uint16(c.Count)
	}
	n := c.Count
	return uint16(n/1000%10<<12 | n/100%10<<8 | n/10%10<<4 | n%10)
}

// control is a control word for this counter: OUT takes its initial level and
// counting waits for a count.
func (c *PITCounter) control(rw, mode uint8, bcd bool) {
	if mode > 5 {
		mode &= 3 // X10 and X11
	}
	*c = PITCounter{
		Mode: mode, BCD: bcd, RW: rw, Gate: c.Gate, Count: c.Count, Out: mode != 0, Null: true,
	}
}

// write is a byte for CR.
func (c *PITCounter) write(v uint8) {
	switch {
	case c.RW == 1:
		c.Reg = uint16(v)
	case c.RW == 2:
		c.Reg = uint16(v) << 8
	case !c.LowWritten:
		c.Low, c.LowWritten = v, true
		if c.Mode == 0 { // the first byte stops counting
			c.Out, c.Begun, c.Load = false, false, false
		}
		return
	default:
		c.Reg = uint16(v)<<8 | uint16(c.Low)
		c.LowWritten = false
	}
	c.written()
}

// written is what a complete new count does.
func (c *PITCounter) written() {
	first := !c.Ready
	c.Ready, c.Null = true, true
	switch c.Mode {
	case 0:
		c.Out, c.Load = false, true
	case 4:
		c.Load = true
	case 2, 3: // later counts wait for the end of the period
		c.Load = c.Load || first
	}
}

// setGate changes the level at GATE.
func (c *PITCounter) setGate(high bool) {
	rising := high && !c.Gate
	c.Gate = high
	switch c.Mode {
	case 1, 5:
		c.Load = c.Load || rising && c.Ready
	case 2, 3:
		if !high {
			c.Out = true
		}
		c.Load = c.Load || rising && c.Ready
	}
}

// counting reports that CLK pulses decrement CE. In modes 1 and 5 GATE only
// triggers.
func (c *PITCounter) counting() bool {
	return c.Begun && (c.Gate || c.Mode == 1 || c.Mode == 5)
}

// advance is n CLK pulses.
func (c *PITCounter) advance(n uint64) {
	n = c.skipPeriods(n)
	for n > 0 {
		k := min(n, c.untilEvent())
		n -= k
		switch {
		case c.Load:
			c.load()
		case c.counting():
			c.decrement(k)
		case c.strobing(): // ends whatever GATE is
			c.Out = true
		default:
			return
		}
	}
}

// skipPeriods leaves out whole periods of the periodic modes.
func (c *PITCounter) skipPeriods(n uint64) uint64 {
	p := uint64(max(c.initial(), 2)) // 1 is not a legal count
	if (c.Mode == 2 || c.Mode == 3) && c.counting() && !c.Load && !c.Null && n > 2*p {
		n = n%p + p
	}
	return n
}

// untilEvent is how many pulses it takes until something but decrementing
// happens, at least 1.
func (c *PITCounter) untilEvent() uint64 {
	left := uint64(c.Count)
	switch {
	case c.Load, c.strobing():
		return 1
	case !c.counting():
		return forever
	case c.Mode == 2: // OUT falls at 1
		return max(left, 2) - 1
	case c.Mode == 3:
		return max(left/2, 1) // also for the pulse after 0
	case !c.Armed:
		return forever
	case left == 0:
		return uint64(c.modulus())
	}
	return left
}

// strobing reports the one CLK period in which modes 4 and 5 hold OUT low.
func (c *PITCounter) strobing() bool { return c.Mode >= 4 && !c.Out }

// load moves CR to CE.
func (c *PITCounter) load() {
	c.Load, c.Null, c.Armed, c.Begun = false, false, true, true
	n := c.initial()
	switch c.Mode {
	case 1:
		c.Out = false
	case 2, 4, 5:
		c.Out = true
	case 3:
		c.Out = true
		c.halfPeriod()
		return
	}
	c.Count = n % c.modulus()
	if c.Mode == 2 {
		c.Count = n // the modulus itself, not 0: the count goes to 1
	}
}

// halfPeriod begins a half period of mode 3: an odd count runs one pulse
// longer while OUT is high.
func (c *PITCounter) halfPeriod() {
	n := c.initial()
	c.Null = false
	c.Odd = n&1 != 0
	c.Count = n &^ 1
	c.Extra = c.Odd && c.Out && c.Count == 0
}

// decrement is k pulses, no more than untilEvent.
func (c *PITCounter) decrement(k uint64) {
	switch c.Mode {
	case 2:
		c.rate(k)
		return
	case 3:
		c.square(k)
		return
	}
	strobe := c.strobing()
	m := uint64(c.modulus())
	c.Count = uint32((uint64(c.Count) + m - k%m) % m)
	if strobe {
		c.Out = true
	}
	if c.Count == 0 && c.Armed {
		c.Armed = false
		c.Out = c.Mode < 4 // modes 0 and 1 end, 4 and 5 strobe
	}
}

// rate is mode 2: OUT is low while CE holds 1, then CR is loaded again.
func (c *PITCounter) rate(k uint64) {
	if c.Count <= 1 {
		c.load()
		return
	}
	c.Count -= uint32(k)
	if c.Count == 1 {
		c.Out = false
	}
}

// square is mode 3: CE counts by two and is loaded at the end of each half
// period, of an odd count's high half one pulse later.
func (c *PITCounter) square(k uint64) {
	if !c.Extra {
		c.Count -= min(2*uint32(k), c.Count)
		if c.Count != 0 {
			return
		}
		if c.Odd && c.Out {
			c.Extra = true
			return
		}
	}
	c.Extra = false
	c.Out = !c.Out
	c.halfPeriod()
}

// nextChange is how many pulses it takes until OUT changes.
func (c *PITCounter) nextChange() uint64 {
	now := *c
	total := uint64(0)
	for {
		k := now.untilEvent()
		if k == forever {
			return forever
		}
		now.advance(k)
		total += k
		if now.Out != c.Out {
			return total
		}
		if total > 4<<16 {
			return forever
		}
	}
}
