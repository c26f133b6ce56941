// SPDX-License-Identifier: BSD-3-Clause

package device

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

const com1 = 0x3f8

// testUART is a port at 115200 baud, 8N1: a character takes 10 bits.
type testUART struct {
	b *bench
	*UART
	irq wire
	out bytes.Buffer
}

const charTime = rate * 10 / 115200

func newTestUART(t *testing.T) *testUART {
	u := &testUART{b: newBench(t)}
	var err error
	u.UART, err = NewUART(u.b.m, u.b.clock, UARTConfig{Base: com1, IRQ: u.irq.line(), Out: &u.out})
	require.NoError(t, err)
	u.set(3, 0x83)
	u.set(0, 1)
	u.set(1, 0)
	u.set(3, 0x03)
	u.set(4, 0x0b)
	return u
}

func (u *testUART) set(reg uint16, v uint8)      { u.UART.Out(com1+reg, v) }
func (u *testUART) get(reg uint16) uint8         { return u.In(com1 + reg) }
func (u *testUART) chars(n uint64)               { u.b.run(n*(charTime+1) + 10) }
func (u *testUART) iir(t *testing.T, want uint8) { t.Helper(); require.EqualValues(t, want, u.get(2)) }

func TestUARTReset(t *testing.T) {
	b := newBench(t)
	u, err := NewUART(b.m, b.clock, UARTConfig{Base: com1})
	require.NoError(t, err)
	for reg, want := range []uint8{0, 0, 0x01, 0, 0, 0x60, 0xb0, 0} {
		require.EqualValues(t, want, u.In(com1+uint16(reg)), "register %d", reg)
	}
}

func TestUARTRegisters(t *testing.T) {
	u := newTestUART(t)
	u.set(7, 0x5a)
	require.EqualValues(t, 0x5a, u.get(7), "scratch")
	u.set(1, 0xff)
	require.EqualValues(t, 0x0f, u.get(1), "IER has four bits")
	u.set(4, 0xff)
	require.EqualValues(t, 0x1f, u.get(4), "MCR has five")
	u.set(3, 0x80)
	u.set(0, 0x34)
	u.set(1, 0x12)
	require.EqualValues(t, 0x34, u.get(0))
	require.EqualValues(t, 0x12, u.get(1))
	u.set(3, 0x03)
	require.EqualValues(t, 0x0f, u.get(1), "IER is behind the divisor")
}

func TestUARTTransmit(t *testing.T) {
	u := newTestUART(t)
	u.set(0, 'a')
	require.EqualValues(t, 0x20, u.get(5), "THR is free, the shift register is not")
	u.set(0, 'b')
	require.EqualValues(t, 0x00, u.get(5))
	u.b.run(charTime - 5)
	require.Empty(t, u.out.String(), "a character takes its time")
	u.b.run(10)
	require.Equal(t, "a", u.out.String())
	require.EqualValues(t, 0x20, u.get(5))
	u.chars(1)
	require.Equal(t, "ab", u.out.String())
	require.EqualValues(t, 0x60, u.get(5))
}

func TestUARTLineSpeed(t *testing.T) {
	u := newTestUART(t)
	for _, c := range []struct {
		lcr  uint8
		bits float64
	}{{0x03, 10}, {0x07, 11}, {0x0b, 11}, {0x1e, 11}, {0x00, 7}, {0x04, 7.5}} {
		u.set(3, c.lcr)
		require.InDelta(t, rate*c.bits/115200, u.charTime(1), 1, "LCR %02x", c.lcr)
	}
}

func TestUARTFIFO(t *testing.T) {
	u := newTestUART(t)
	u.set(2, 0x01)
	u.iir(t, 0xc1)
	for i := range 20 {
		u.set(0, byte('a'+i))
	}
	u.chars(20)
	require.Equal(t, "abcdefghijklmnopq", u.out.String(), "one in the shift register, 16 in the FIFO; the rest is lost")
	u.set(0, 'x')
	u.set(0, 'y')
	u.set(0, 'z')
	u.set(2, 0x05) // clear the transmit FIFO
	u.chars(5)
	require.Equal(t, "abcdefghijklmnopqx", u.out.String())
	u.set(2, 0xc8)
	u.iir(t, 0x01)
}

func TestUARTTransmitInterrupt(t *testing.T) {
	u := newTestUART(t)
	u.set(1, 0x02)
	require.True(t, u.irq.high, "enabled while empty")
	u.iir(t, 0x02)
	require.False(t, u.irq.high, "reading IIR takes it back")
	u.iir(t, 0x01)
	u.set(0, 'a')
	u.set(0, 'b')
	require.False(t, u.irq.high)
	u.chars(1)
	require.True(t, u.irq.high, "b went to the shift register")
	u.set(0, 'c')
	require.False(t, u.irq.high, "writing THR takes it back")
}

func TestUARTReceive(t *testing.T) {
	u := newTestUART(t)
	u.set(1, 0x01)
	u.Receive('x', 'y')
	require.EqualValues(t, 0x60, u.get(5))
	u.chars(1)
	require.EqualValues(t, 0x61, u.get(5))
	require.True(t, u.irq.high)
	u.iir(t, 0x04)
	u.chars(5)
	require.EqualValues(t, 'x', u.get(0), "the far end waits")
	require.False(t, u.irq.high)
	u.chars(1)
	require.EqualValues(t, 'y', u.get(0))
	require.Equal(t, 2, u.irq.rises)
	u.set(4, 0x09) // without RTS
	u.Receive('z')
	u.chars(5)
	require.EqualValues(t, 0x60, u.get(5))
	require.False(t, u.Listening())
	u.set(4, 0x0b)
	u.chars(1)
	require.EqualValues(t, 'z', u.get(0))
	require.True(t, u.Listening())
	require.Zero(t, u.Waiting())
}

func TestUARTTrigger(t *testing.T) {
	u := newTestUART(t)
	u.set(2, 0x81) // eight
	u.set(1, 0x01)
	u.Receive([]byte("0123456789")...)
	u.chars(7)
	require.False(t, u.irq.high)
	u.chars(1)
	require.True(t, u.irq.high)
	u.iir(t, 0xc4)
	u.chars(2)
	for range 3 {
		u.get(0)
	}
	require.False(t, u.irq.high, "below the trigger")
	u.chars(3)
	u.iir(t, 0xc1)
	u.chars(1)
	u.iir(t, 0xcc)
	require.True(t, u.irq.high, "time-out after four characters of silence")
	require.EqualValues(t, '3', u.get(0))
	require.False(t, u.irq.high)
	u.set(2, 0x83) // clear the receive FIFO
	require.EqualValues(t, 0x60, u.get(5))
}

func TestUARTLoopback(t *testing.T) {
	u := newTestUART(t)
	u.get(6)
	u.set(4, 0x1f)
	require.EqualValues(t, 0xf0, u.get(6)&0xf0, "DTR RTS OUT1 OUT2 as DSR CTS RI DCD")
	u.set(4, 0x12)
	require.EqualValues(t, 0x10|0x0e, u.get(6), "CTS; DSR and DCD changed, RI ended")
	require.EqualValues(t, 0x10, u.get(6), "reading forgets the changes")
	u.set(0, 'q')
	u.chars(1)
	require.EqualValues(t, 'q', u.get(0))
	require.Empty(t, u.out.String(), "nothing gets out")
	u.set(1, 0x01)
	u.set(4, 0x1a)
	u.set(0, 'r')
	u.chars(1)
	u.iir(t, 0x04)
	require.False(t, u.irq.high, "OUT2 is not asserted in loopback")
}

func TestUARTErrors(t *testing.T) {
	u := newTestUART(t)
	u.set(1, 0x04)
	u.set(4, 0x1b)
	u.set(0, '1')
	u.chars(1)
	u.set(0, '2')
	u.chars(1)
	u.iir(t, 0x06)
	require.EqualValues(t, 0x63, u.get(5), "overrun")
	require.EqualValues(t, 0x61, u.get(5), "reading forgets it")
	require.EqualValues(t, '2', u.get(0), "the unread byte was replaced")

	u.set(2, 0x01)
	u.set(0, '1')
	u.chars(1)
	u.set(3, 0x43) // break
	require.EqualValues(t, 0xe1, u.get(5), "an error in the FIFO, not at its top")
	require.EqualValues(t, '1', u.get(0))
	require.EqualValues(t, 0xf1, u.get(5), "now it is")
	require.EqualValues(t, 0x61, u.get(5))
	require.EqualValues(t, 0, u.get(0), "a break is one zero byte")
	u.set(3, 0x03)
	for range 17 {
		u.set(0, 'z')
		u.chars(1)
	}
	require.EqualValues(t, 0x63, u.get(5), "the FIFO overran")
}

func TestUARTModem(t *testing.T) {
	u := newTestUART(t)
	u.get(6)
	u.set(1, 0x08)
	require.False(t, u.irq.high)
	u.SetModem(0x60) // DSR, RI
	require.True(t, u.irq.high)
	u.iir(t, 0x00)
	require.EqualValues(t, 0x69, u.get(6), "CTS and DCD changed; RI only counts when it ends")
	require.False(t, u.irq.high)
	u.SetModem(0x20)
	require.EqualValues(t, 0x24, u.get(6))
}

// TestUARTGate: the interrupt reaches the board through OUT2 only.
func TestUARTGate(t *testing.T) {
	u := newTestUART(t)
	u.set(4, 0x03)
	u.set(1, 0x02)
	require.False(t, u.irq.high)
	u.set(4, 0x0b)
	require.True(t, u.irq.high)
}

func TestUARTPriority(t *testing.T) {
	u := newTestUART(t)
	u.get(6)
	u.set(4, 0x1b)
	u.get(6)
	u.set(0, '1')
	u.chars(1)
	u.set(0, '2')
	u.chars(1)
	u.set(4, 0x19)
	u.set(1, 0x0f)
	for _, step := range []struct{ iir, clear uint8 }{{0x06, 5}, {0x04, 0}, {0x02, 7}, {0x00, 6}, {0x01, 7}} {
		u.iir(t, step.iir)
		u.get(uint16(step.clear))
	}
}

func TestUARTState(t *testing.T) {
	u := newTestUART(t)
	u.set(2, 0x01)
	u.set(1, 0x01)
	u.Receive('a', 'b', 'c')
	u.set(0, 'x')
	u.set(0, 'y')
	u.chars(1)
	s := u.State()
	w := newTestUART(t)
	w.b.run(u.b.clock.Now() - w.b.clock.Now())
	w.SetState(s)
	u.chars(3)
	w.chars(3)
	require.Equal(t, "y", w.out.String())
	require.Equal(t, u.State(), w.State())
	require.EqualValues(t, 'a', w.get(0))
	require.EqualValues(t, 'a', u.get(0), "they share nothing")
}
