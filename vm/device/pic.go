// SPDX-License-Identifier: BSD-3-Clause

// Two cascaded 8259A interrupt controllers, the slave's output on the
// master's IR2, and the edge/level control registers of PCI boards.
//
// Intel 8259A data sheet (231468): "Interrupt sequence", "Initialization
// command words", "Operation command words", "Fully nested mode" … "Poll
// command"; 82371 (PIIX) data sheet, ELCR1 and ELCR2.
//
//	20 A0      ICW1, OCW2, OCW3; reads give IRR, ISR or the poll byte
//	21 A1      ICW2–ICW4, OCW1 (the mask)
//	4D0 4D1    ELCR: one bit per line, 1 = level triggered
//
// The INTA sequence is one step here: the request that INT stood for can
// vanish only before it. Then INT is low again and the CPU does not ask; a
// caller of Acknowledge that asks all the same gets the default IR7.

package device

import "ring0/vm"

// PICState is the state of both chips, the master first.
type PICState [2]PICChip

// PICChip is the state of one 8259A.
type PICChip struct {
	Lines   uint8 // the levels at IR0–IR7
	IRR     uint8
	ISR     uint8
	IMR     uint8
	ELCR    uint8
	ICW     [5]uint8 // as written, by number; [0] is not used
	Expect  uint8    // number of the ICW that the next write with A0=1 is; 0: OCW1
	Lowest  uint8    // the IR of lowest priority
	ReadISR bool     // what a read with A0=0 gives
	Poll    bool     // the next read is a poll
	// Special mask mode; rotate in automatic EOI mode.
	SpecialMask, RotateAEOI bool
}

// Command word bits.
const (
	icw1IC4   = 1 << 0 // ICW4 follows
	icw1SNGL  = 1 << 1 // alone: no ICW3
	icw1ADI   = 1 << 2 // MCS-80: call interval 4
	icw1LTIM  = 1 << 3 // all lines level triggered
	icw1Is    = 1 << 4
	icw4x86   = 1 << 0 // 8086 mode, else MCS-80/85
	icw4AEOI  = 1 << 1
	icw4SFNM  = 1 << 4 // special fully nested mode
	ocw3Is    = 1 << 3
	ocw3RIS   = 1 << 0
	ocw3RR    = 1 << 1
	ocw3P     = 1 << 2
	ocw3SMM   = 1 << 5
	ocw3ESMM  = 1 << 6
	cascadeIR = 2
)

// elcrBits are the lines that may be level triggered: not the timer, the
// keyboard, the cascade, the clock and the coprocessor.
var elcrBits = [2]uint8{0xf8, 0xde}

// PIC is the pair of controllers. It is the machine's vm.InterruptController.
type PIC struct {
	m     *vm.Machine
	chips PICState
}

// NewPIC makes the pair and connects it to the INTR pin and the ports. The
// data sheet leaves open what the registers hold at power-up; here all lines
// are masked.
func NewPIC(m *vm.Machine) (*PIC, error) {
	p := &PIC{m: m}
	for i := range p.chips {
		p.chips[i] = PICChip{IMR: 0xff, Lowest: 7}
	}
	m.SetInterruptController(p)
	return p, Attach(m, p, Ports{0x20, 0x21}, Ports{0xa0, 0xa1}, Ports{0x4d0, 0x4d1})
}

// Line is interrupt request line irq (0–15; 2 is the cascade's).
func (p *PIC) Line(irq int) Line {
	chip, ir := &p.chips[irq>>3&1], uint8(irq&7)
	return func(high bool) {
		chip.set(ir, high)
		p.update()
	}
}

// update carries the slave's output to the master and the master's to the CPU.
func (p *PIC) update() {
	_, int2 := p.chips[1].request()
	p.chips[0].set(cascadeIR, int2)
	_, intr := p.chips[0].request()
	p.m.SetINTR(intr)
}

// Acknowledge is the CPU's INTA cycles.
func (p *PIC) Acknowledge() uint8 {
	master, slave := &p.chips[0], &p.chips[1]
	ir, real := master.accept()
	vector := master.vector(ir)
	if real && master.isCascade(ir) {
		vector = 0xff // nobody answers to the number on the cascade lines
		if slave.ICW[3]&7 == ir {
			ir, _ = slave.accept()
			vector = slave.vector(ir)
			master.set(cascadeIR, false) // INT falls with INTA, to rise again for the next
		}
	}
	p.update()
	return vector
}

// In reads a register.
func (p *PIC) In(port uint16) uint8 {
	if port>>4 == 0x4d {
		return p.chips[port&1].ELCR
	}
	c := &p.chips[port>>7&1]
	v := c.read(port & 1)
	p.update()
	return v
}

// Out writes a register.
func (p *PIC) Out(port uint16, v uint8) {
	if port>>4 == 0x4d {
		c := &p.chips[port&1]
		c.ELCR = v & elcrBits[port&1]
		c.IRR = c.IRR&^c.levels() | c.Lines&c.levels()
	} else {
		p.chips[port>>7&1].write(port&1, v)
	}
	p.update()
}

// State and SetState are for snapshots.
func (p *PIC) State() PICState { return p.chips }

// SetState restores a State.
func (p *PIC) SetState(s PICState) {
	p.chips = s
	p.update()
}

// set changes the level at an input. An edge-triggered request is held in IRR
// only while its line stays high: a line that falls before INTA takes it back.
func (c *PICChip) set(ir uint8, high bool) {
	bit := uint8(1) << ir
	rising := high && c.Lines&bit == 0
	switch {
	case !high:
		c.Lines &^= bit
		c.IRR &^= bit
	case rising || c.levels()&bit != 0:
		c.Lines |= bit
		c.IRR |= bit
	}
}

// levels are the level-triggered inputs.
func (c *PICChip) levels() uint8 {
	if c.ICW[1]&icw1LTIM != 0 {
		return 0xff
	}
	return c.ELCR
}

// request is the priority resolver: the input that INT is asserted for.
//
// An input in service blocks itself and all of lower priority. In special
// mask mode masked inputs block nothing; in special fully nested mode a
// slave's input does not block that slave.
func (c *PICChip) request() (ir uint8, ok bool) {
	ready, blocking := c.IRR&^c.IMR, c.ISR
	if c.SpecialMask {
		blocking &^= c.IMR
	}
	if ready == 0 || c.Expect != 0 {
		return 0, false
	}
	for i := range uint8(8) {
		ir = (c.Lowest + 1 + i) & 7
		bit := uint8(1) << ir
		blocked := blocking&bit != 0
		nested := c.ICW[4]&icw4SFNM != 0 && c.isCascade(ir)
		if ready&bit != 0 && (!blocked || nested) {
			return ir, true
		}
		if blocked {
			break
		}
	}
	return 0, false
}

// isCascade reports that a slave hangs on input ir.
func (c *PICChip) isCascade(ir uint8) bool {
	return c.ICW[1]&icw1SNGL == 0 && c.ICW[3]>>ir&1 != 0
}

// accept is the first INTA pulse: the requested input goes into service.
// Without a request it is IR7, which then does not.
func (c *PICChip) accept() (ir uint8, real bool) {
	ir, real = c.request()
	if !real {
		return 7, false
	}
	bit := uint8(1) << ir
	c.IRR &^= bit &^ c.levels()
	switch {
	case c.ICW[4]&icw4AEOI == 0:
		c.ISR |= bit
	case c.RotateAEOI:
		c.Lowest = ir
	}
	return ir, true
}

// vector is the byte of the second INTA pulse: in MCS-80 mode that is the low
// half of the address of a CALL.
func (c *PICChip) vector(ir uint8) uint8 {
	switch {
	case c.ICW[4]&icw4x86 != 0:
		return c.ICW[2]&0xf8 | ir
	case c.ICW[1]&icw1ADI != 0:
		return c.ICW[1]&0xe0 | ir<<2
	}
	return c.ICW[1]&0xc0 | ir<<3
}

func (c *PICChip) read(a0 uint16) uint8 {
	switch {
	case c.Poll:
		c.Poll = false
		if ir, ok := c.accept(); ok {
			return 0x80 | ir
		}
		return 0
	case a0 != 0:
		return c.IMR
	case c.ReadISR:
		return c.ISR
	}
	return c.IRR
}

func (c *PICChip) write(a0 uint16, v uint8) {
	switch {
	case a0 == 0 && v&icw1Is != 0:
		c.initialize(v)
	case a0 == 0 && v&ocw3Is != 0:
		c.ocw3(v)
	case a0 == 0:
		c.ocw2(v)
	case c.Expect == 0:
		c.IMR = v
	default:
		c.ICW[c.Expect] = v
		c.Expect = c.nextICW(c.Expect)
	}
}

// initialize is ICW1. The data sheet's list of what it resets does not name
// ISR; chips clear it.
func (c *PICChip) initialize(icw1 uint8) {
	*c = PICChip{Lines: c.Lines, ELCR: c.ELCR, Lowest: 7, ICW: [5]uint8{1: icw1, 3: 7}, Expect: 2}
	if icw1&icw1SNGL != 0 {
		c.ICW[3] = 0
	}
	c.IRR = c.Lines & c.levels()
}

// nextICW is the number of the word after ICW number n.
func (c *PICChip) nextICW(n uint8) uint8 {
	switch {
	case n == 2 && c.ICW[1]&icw1SNGL == 0:
		return 3
	case n <= 3 && c.ICW[1]&icw1IC4 != 0:
		return 4
	}
	return 0
}

// ocw2 ends interrupts and rotates priorities. Bits 7–5: R, SL, EOI.
func (c *PICChip) ocw2(v uint8) {
	ir := v & 7
	switch v >> 5 {
	case 0b001: // non-specific EOI
		c.endHighest()
	case 0b011: // specific EOI
		c.ISR &^= 1 << ir
	case 0b101: // rotate on non-specific EOI
		if ended, ok := c.endHighest(); ok {
			c.Lowest = ended
		}
	case 0b111: // rotate on specific EOI
		c.ISR &^= 1 << ir
		c.Lowest = ir
	case 0b110: // set priority
		c.Lowest = ir
	case 0b100:
		c.RotateAEOI = true
	case 0b000:
		c.RotateAEOI = false
	}
}

// endHighest clears the in-service bit of highest priority. In special mask
// mode a masked one is passed over.
func (c *PICChip) endHighest() (ir uint8, ok bool) {
	serving := c.ISR
	if c.SpecialMask {
		serving &^= c.IMR
	}
	for i := range uint8(8) {
		ir = (c.Lowest + 1 + i) & 7
		if serving>>ir&1 != 0 {
			c.ISR &^= 1 << ir
			return ir, true
		}
	}
	return 0, false
}

func (c *PICChip) ocw3(v uint8) {
	if v&ocw3ESMM != 0 {
		c.SpecialMask = v&ocw3SMM != 0
	}
	if v&ocw3P != 0 {
		c.Poll = true
		return // P wins over RR
	}
	if v&ocw3RR != 0 {
		c.ReadISR = v&ocw3RIS != 0
	}
}
