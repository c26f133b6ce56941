// SPDX-License-Identifier: BSD-3-Clause

package device

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// newTestPIC is a pair initialised as a PC does it: vectors 20 and 28.
func newTestPIC(t *testing.T, icw4 uint8) *PIC {
	t.Helper()
	p, err := NewPIC(newBench(t).m)
	require.NoError(t, err)
	initPIC(p, icw4)
	return p
}

func initPIC(p *PIC, icw4 uint8) {
	for _, w := range [][2]uint16{
		{0x20, 0x11}, {0x21, 0x20}, {0x21, 0x04}, {0x21, uint16(icw4)}, {0x21, 0},
		{0xa0, 0x11}, {0xa1, 0x28}, {0xa1, 0x02}, {0xa1, 0x01}, {0xa1, 0},
	} {
		p.Out(w[0], uint8(w[1]))
	}
}

// pending reports the master's INT output.
func (p *PIC) pending() bool {
	_, ok := p.chips[0].request()
	return ok
}

func (p *PIC) isr(port uint16) uint8 {
	p.Out(port, 0x0b)
	return p.In(port)
}

func (p *PIC) irr(port uint16) uint8 {
	p.Out(port, 0x0a)
	return p.In(port)
}

func TestPICNested(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Line(4)(true)
	p.Line(3)(true)
	require.EqualValues(t, 0x23, p.Acknowledge(), "3 is before 4")
	require.EqualValues(t, 0x08, p.isr(0x20))
	require.EqualValues(t, 0x10, p.irr(0x20))
	require.False(t, p.pending(), "4 waits for 3")
	p.Line(1)(true)
	require.EqualValues(t, 0x21, p.Acknowledge(), "1 interrupts 3")
	p.Out(0x20, 0x20)
	require.EqualValues(t, 0x08, p.isr(0x20), "non-specific EOI ends the highest")
	p.Out(0x20, 0x20)
	require.EqualValues(t, 0x24, p.Acknowledge())
	p.Out(0x20, 0x64)
	require.Zero(t, p.isr(0x20), "specific EOI")
}

func TestPICEdge(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Line(5)(true)
	p.Acknowledge()
	p.Out(0x20, 0x20)
	require.False(t, p.pending(), "the level alone asks for nothing")
	p.Line(5)(false)
	p.Line(5)(true)
	require.True(t, p.pending())
	p.Line(5)(false)
	require.False(t, p.pending(), "withdrawn before INTA")
	require.EqualValues(t, 0x27, p.Acknowledge(), "spurious: IR7")
	require.Zero(t, p.isr(0x20), "without being in service")
}

func TestPICLevel(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Out(0x4d0, 0xff)
	p.Out(0x4d1, 0xff)
	require.EqualValues(t, 0xf8, p.In(0x4d0), "timer, keyboard and cascade stay edge triggered")
	require.EqualValues(t, 0xde, p.In(0x4d1), "clock and coprocessor too")
	p.Line(5)(true)
	require.EqualValues(t, 0x25, p.Acknowledge())
	p.Out(0x20, 0x20)
	require.EqualValues(t, 0x25, p.Acknowledge(), "as long as the level is there")
	p.Line(5)(false)
	p.Out(0x20, 0x20)
	require.False(t, p.pending())
}

func TestPICMask(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Out(0x21, 0xfb)
	p.Line(6)(true)
	require.False(t, p.pending())
	require.EqualValues(t, 0xfb, p.In(0x21))
	require.EqualValues(t, 0x40, p.irr(0x20), "requested all the same")
	p.Out(0x21, 0)
	require.EqualValues(t, 0x26, p.Acknowledge())
}

func TestPICCascade(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Line(12)(true)
	p.Line(10)(true)
	require.EqualValues(t, 0x2a, p.Acknowledge())
	require.EqualValues(t, 0x04, p.isr(0x20))
	require.EqualValues(t, 0x04, p.isr(0xa0))
	require.False(t, p.pending())
	p.Out(0xa0, 0x20)
	p.Out(0x20, 0x20)
	require.EqualValues(t, 0x2c, p.Acknowledge(), "a new edge from the slave")
	p.Line(8)(true)
	require.False(t, p.pending(), "the cascade's input is in service")
	p.Out(0x20, 0x20)
	require.EqualValues(t, 0x28, p.Acknowledge(), "8 is before 12")
}

// TestPICSpurious15: the slave's request goes between the master's
// acknowledgement and its own.
func TestPICSpurious15(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Out(0xa1, 0xff)
	p.chips[0].IRR |= 1 << cascadeIR // the master has latched what is gone by now
	require.EqualValues(t, 0x2f, p.Acknowledge())
	require.Zero(t, p.isr(0xa0))
	require.EqualValues(t, 0x04, p.isr(0x20), "the master needs an EOI")
}

func TestPICSpecialFullyNested(t *testing.T) {
	p := newTestPIC(t, 0x11)
	p.Line(12)(true)
	require.EqualValues(t, 0x2c, p.Acknowledge())
	p.Line(8)(true)
	require.EqualValues(t, 0x28, p.Acknowledge(), "a higher one of the same slave")
	p.Line(3)(true)
	require.False(t, p.pending(), "but not one below the slave")
}

func TestPICSpecialMask(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Line(2 + 1)(true)
	require.EqualValues(t, 0x23, p.Acknowledge())
	p.Line(5)(true)
	p.Out(0x21, 0x08)
	require.False(t, p.pending(), "3 in service blocks 5")
	p.Out(0x20, 0x68)
	require.EqualValues(t, 0x25, p.Acknowledge(), "masked, it does not")
	p.Out(0x20, 0x20)
	require.EqualValues(t, 0x08, p.isr(0x20), "EOI passes over the masked one")
	p.Out(0x20, 0x48)
	require.False(t, p.chips[0].SpecialMask)
}

func TestPICRotate(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Out(0x20, 0xc4) // set priority: 4 is lowest, 5 highest
	p.Line(0)(true)
	p.Line(5)(true)
	require.EqualValues(t, 0x25, p.Acknowledge())
	p.Out(0x20, 0xa0) // rotate on non-specific EOI: now 5 is lowest
	require.EqualValues(t, 5, p.chips[0].Lowest)
	require.EqualValues(t, 0x20, p.Acknowledge())
	p.Out(0x20, 0xe0) // rotate on specific EOI of 0
	require.EqualValues(t, 0, p.chips[0].Lowest)
	require.Zero(t, p.isr(0x20))
}

func TestPICAutomaticEOI(t *testing.T) {
	p := newTestPIC(t, 0x03)
	p.Line(1)(true)
	require.EqualValues(t, 0x21, p.Acknowledge())
	require.Zero(t, p.isr(0x20))
	p.Out(0x20, 0x80) // rotate in automatic EOI mode
	p.Line(6)(true)
	p.Acknowledge()
	require.EqualValues(t, 6, p.chips[0].Lowest)
	p.Out(0x20, 0x00)
	p.Line(3)(true)
	p.Acknowledge()
	require.EqualValues(t, 6, p.chips[0].Lowest, "switched off again")
}

func TestPICPoll(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Out(0x20, 0x0c)
	require.Zero(t, p.In(0x20), "nothing asks")
	p.Line(3)(true)
	p.Out(0x20, 0x0c)
	require.EqualValues(t, 0x83, p.In(0x20))
	require.EqualValues(t, 0x08, p.isr(0x20), "a poll is an acknowledgement")
}

// TestPICNoSlave: a master that is told that nothing hangs on IR2 gives the
// vector itself; one whose slave has another number reads the floating bus.
func TestPICNoSlave(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Out(0x20, 0x11)
	for _, icw := range []uint8{0x20, 0x00, 0x01} {
		p.Out(0x21, icw)
	}
	p.Line(9)(true)
	require.EqualValues(t, 0x22, p.Acknowledge())

	p = newTestPIC(t, 0x01)
	p.chips[1].ICW[3] = 5
	p.Line(9)(true)
	require.EqualValues(t, 0xff, p.Acknowledge())
}

func TestPICInitialize(t *testing.T) {
	p := newTestPIC(t, 0x03)
	p.Out(0x21, 0xff)
	p.Line(3)(true)
	p.Out(0x20, 0x12) // edge triggered, single, no ICW4
	require.Zero(t, p.chips[0].IRR, "edges are forgotten")
	p.Out(0x21, 0x40)
	require.Zero(t, p.In(0x21), "no ICW3, no ICW4: this is the mask, cleared")
	p.Line(4)(true)
	require.EqualValues(t, 0x10, p.irr(0x20))
	// Without ICW4 the chip is in MCS-80 mode: ICW1's address bits and 8 * IR.
	require.EqualValues(t, 0x20, p.Acknowledge())
}

// TestPICDuringInit: nothing is requested before the last ICW.
func TestPICDuringInit(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Out(0x20, 0x11)
	p.Line(1)(true)
	p.Out(0x21, 0x40)
	p.Out(0x21, 0x04)
	require.False(t, p.pending())
	p.Out(0x21, 0x01)
	require.EqualValues(t, 0x41, p.Acknowledge())
}

func TestPICState(t *testing.T) {
	p := newTestPIC(t, 0x01)
	p.Line(1)(true)
	p.Acknowledge()
	p.Line(12)(true)
	q := newTestPIC(t, 0x01)
	q.SetState(p.State())
	q.Out(0x20, 0x20)
	require.EqualValues(t, 0x2c, q.Acknowledge())
}
