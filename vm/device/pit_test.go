// SPDX-License-Identifier: BSD-3-Clause

package device

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPITWaveforms plays testdata/pit.txt on one counter: the data sheet's
// timing diagrams. A line is one CLK pulse or a list of actions before it:
//
//	mode N [bcd]   count N   low N   high N   gate 0|1
//	ce:out ce:out …    after each pulse, CE as it is read (hexadecimal) and OUT; * is not compared
func TestPITWaveforms(t *testing.T) {
	text, err := os.ReadFile("testdata/pit.txt")
	require.NoError(t, err)
	var c PITCounter
	name := ""
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		where := fmt.Sprintf("line %d, %s: %s", i+1, name, line)
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case strings.HasPrefix(line, "= "):
			name = line[2:]
			c = PITCounter{Gate: true}
		case strings.Contains(line, ":"):
			for j, want := range f {
				c.advance(1)
				out := "0"
				if c.Out {
					out = "1"
				}
				ce, o, _ := strings.Cut(want, ":")
				got := fmt.Sprintf("%x", c.value())
				if ce == "*" {
					got = "*"
				}
				require.Equal(t, ce+":"+o, got+":"+out, "%s pulse %d", where, j+1)
			}
		default:
			pitAction(t, &c, f)
		}
	}
}

func pitAction(t *testing.T, c *PITCounter, f []string) {
	n, err := strconv.ParseUint(f[1], 16, 16)
	require.NoError(t, err)
	switch f[0] {
	case "mode":
		c.control(3, uint8(n), len(f) > 2)
	case "count":
		c.write(uint8(n))
		c.write(uint8(n >> 8))
	case "low", "high":
		c.write(uint8(n))
	case "gate":
		c.setGate(n != 0)
	default:
		t.Fatalf("unknown action %q", f[0])
	}
}

// TestPITAdvance: many pulses at once are the same as one by one, and
// nextChange foretells OUT.
func TestPITAdvance(t *testing.T) {
	for mode := range uint8(6) {
		for _, count := range []uint16{1, 2, 3, 4, 7, 100, 0} {
			for _, bcd := range []bool{false, true} {
				var one PITCounter
				one.Gate = mode != 1 && mode != 5
				one.control(3, mode, bcd)
				one.write(uint8(count))
				one.write(uint8(count >> 8))
				one.setGate(true)
				many := one
				what := fmt.Sprintf("mode %d count %d bcd %v", mode, count, bcd)
				for _, n := range []uint64{1, 2, 1, 5, 30, 1000, 70000} {
					change := one.nextChange()
					out := one.Out
					for i := range n {
						one.advance(1)
						if one.Out != out {
							require.Equal(t, change, i+1, what)
							change, out = forever, !out
						}
						if change == forever {
							break // compared once
						}
					}
					// Start both from the same place again.
					one = many
					for range n {
						one.advance(1)
					}
					many.advance(n)
					require.Equal(t, one, many, "%s, %d pulses", what, n)
				}
			}
		}
	}
}

func newTestPIT(t *testing.T) (*bench, *PIT, *wire) {
	b := newBench(t)
	w := &wire{}
	p, err := NewPIT(b.m, b.clock, w.line())
	require.NoError(t, err)
	return b, p, w
}

// program writes a control word and a count of two bytes.
func (p *PIT) program(control uint8, count uint16) {
	p.Out(0x43, control)
	port := 0x40 + uint16(control>>6)
	p.Out(port, uint8(count))
	p.Out(port, uint8(count>>8))
}

// TestPITInterrupt: counter 0 at 100 Hz.
func TestPITInterrupt(t *testing.T) {
	b, p, w := newTestPIT(t)
	p.program(0x34, 11932)
	w.rises = 0
	b.run(rate)
	require.InDelta(t, 100, w.rises, 1)
	p.program(0x30, 1000) // mode 0: once
	w.rises = 0
	require.False(t, w.high)
	b.ticks(1000, PITRate)
	require.False(t, w.high)
	b.ticks(1, PITRate)
	require.True(t, w.high, "count and one pulse to load it")
	b.run(rate)
	require.Equal(t, 1, w.rises)
}

func TestPITLatch(t *testing.T) {
	b, p, _ := newTestPIT(t)
	p.program(0xb4, 0x1234) // counter 2, mode 2
	b.ticks(0x35, PITRate)
	require.EqualValues(t, 0x34, p.In(0x42), "gate 2 is low: the count stands")
	require.EqualValues(t, 0x12, p.In(0x42))
	p.SetGate2(true)
	b.ticks(0x35, PITRate) // one to load, 34 to count
	p.Out(0x43, 0x80)      // latch
	b.ticks(0x10, PITRate)
	p.Out(0x43, 0x80) // again, without effect
	require.EqualValues(t, 0x00, p.In(0x42))
	require.EqualValues(t, 0x12, p.In(0x42))
	require.EqualValues(t, 0xf0, p.In(0x42), "the count itself")
	require.EqualValues(t, 0x11, p.In(0x42))
	require.EqualValues(t, 0xff, p.In(0x43), "the control word cannot be read")
}

func TestPITReadBack(t *testing.T) {
	b, p, _ := newTestPIT(t)
	p.Out(0x43, 0xb0) // counter 2, mode 0
	p.Out(0x43, 0xe8) // status of counter 2
	require.EqualValues(t, 0x70, p.In(0x42), "OUT low, no count yet, two bytes, mode 0")
	p.Out(0x42, 0x10)
	p.Out(0x42, 0x00)
	p.SetGate2(true)
	b.ticks(3, PITRate)
	p.Out(0x43, 0xc8) // count and status of counter 2
	require.EqualValues(t, 0x30, p.In(0x42), "status comes first: loaded")
	require.EqualValues(t, 0x0e, p.In(0x42))
	require.EqualValues(t, 0x00, p.In(0x42))
	b.ticks(20, PITRate)
	p.Out(0x43, 0xe8)
	require.EqualValues(t, 0xb0, p.In(0x42), "OUT high")
	p.Out(0x43, 0xb7) // mode 3 as 7 is mode 3, BCD
	p.Out(0x43, 0xe8)
	require.EqualValues(t, 0xf7, p.In(0x42))
}

func TestPITOneByte(t *testing.T) {
	b, p, _ := newTestPIT(t)
	p.SetGate2(true)
	p.Out(0x43, 0x94) // counter 2, low byte, mode 2
	p.Out(0x42, 0x20)
	b.ticks(2, PITRate)
	require.EqualValues(t, 0x1f, p.In(0x42))
	require.EqualValues(t, 0x1f, p.In(0x42))
	p.Out(0x43, 0xa4) // high byte
	p.Out(0x42, 0x20)
	b.ticks(2, PITRate)
	require.EqualValues(t, 0x1f, p.In(0x42), "1fff")
}

func TestPITState(t *testing.T) {
	b, p, w := newTestPIT(t)
	p.program(0x36, 1000)
	b.ticks(777, PITRate)
	s := p.State()
	b.ticks(123, PITRate)
	w.rises = 0
	b.ticks(10000, PITRate)
	rises := w.rises

	b2, p2, w2 := newTestPIT(t)
	b2.ticks(777, PITRate)
	p2.SetState(s)
	b2.ticks(123, PITRate)
	w2.rises = 0
	b2.ticks(10000, PITRate)
	require.Equal(t, rises, w2.rises)
	require.Equal(t, p.State(), p2.State())
}

func TestSystemPorts(t *testing.T) {
	b, p, _ := newTestPIT(t)
	a20 := &wire{}
	resets := []Reset{}
	s, err := NewSystem(b.m, p, a20.line(), func(r Reset) { resets = append(resets, r) })
	require.NoError(t, err)

	p.program(0xb0, 100) // counter 2 counts down once
	s.Out(0x61, 0x01)
	require.EqualValues(t, 0x01, s.In(0x61)&0x2f)
	b.ticks(102, PITRate)
	require.EqualValues(t, 0x21, s.In(0x61)&0x2f, "OUT of counter 2")
	s.Out(0x61, 0xff)
	require.EqualValues(t, 0x0f, s.In(0x61)&0x0f)

	changes := 0
	for last := s.In(0x61) & 0x10; b.clock.Now() < rate/100; {
		if v := s.In(0x61) & 0x10; v != last {
			changes, last = changes+1, v
		}
		b.run(100)
	}
	require.InDelta(t, 10_000/15.085, changes, 10, "refresh toggles every 15 µs")

	s.Out(0x92, 0x02)
	require.True(t, a20.high)
	s.Out(0x92, 0x01)
	require.False(t, a20.high)
	require.Equal(t, []Reset{ResetCPU}, resets)
	s.Out(0x92, 0x03)
	require.Len(t, resets, 1, "only the rising edge resets")
	require.EqualValues(t, 0x03, s.In(0x92))
}
