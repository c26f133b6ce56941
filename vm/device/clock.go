// SPDX-License-Identifier: BSD-3-Clause

// Time: oscillators derived from the instruction count, and alarms.

package device

import (
	"fmt"
	"math"
	"math/bits"

	"ring0/vm"
)

// MinRate is the slowest a machine may be, in instructions per second: no
// oscillator of a chip may be faster.
const MinRate = 2_000_000

// Clock gives a machine's instruction count a rate.
type Clock struct {
	m    *vm.Machine
	rate uint64 // instructions per second
}

// NewClock makes a clock on which the machine runs rate instructions a second.
func NewClock(m *vm.Machine, rate uint64) (*Clock, error) {
	if rate < MinRate {
		return nil, fmt.Errorf("device: %d instructions per second: want at least %d", rate, MinRate)
	}
	return &Clock{m: m, rate: rate}, nil
}

// Rate is the number of instructions per second.
func (c *Clock) Rate() uint64 { return c.rate }

// Now is the instruction count.
func (c *Clock) Now() uint64 { return c.m.Now() }

// Ticks is how often an oscillator of hz has ticked up to now.
func (c *Clock) Ticks(hz uint64) uint64 { return mulDiv(c.m.Now(), hz, c.rate, 0) }

// At is the instruction count at which an oscillator of hz makes its n-th tick.
func (c *Clock) At(n, hz uint64) uint64 { return mulDiv(n, c.rate, hz, hz-1) }

// Length is how many instructions n ticks of hz take, rounded up.
func (c *Clock) Length(n, hz uint64) uint64 { return c.At(n, hz) }

// mulDiv is (a*b + round) / d, or the end of time when that is too large.
func mulDiv(a, b, d, round uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, round, 0)
	hi += carry
	if hi >= d {
		return never
	}
	q, _ := bits.Div64(hi, lo, d)
	return q
}

// never is an instruction count that does not come.
const never = math.MaxUint64

// alarm calls a function at a time that can be moved.
type alarm struct {
	clock *Clock
	fn    func()
	event *vm.Event
	at    uint64
}

func newAlarm(c *Clock, fn func()) *alarm { return &alarm{clock: c, fn: fn, at: never} }

// set arms the alarm for instruction count at; never disarms it.
func (a *alarm) set(at uint64) {
	if at == a.at {
		return
	}
	a.clock.m.Cancel(a.event)
	a.event, a.at = nil, at
	if at == never {
		return
	}
	a.event = a.clock.m.Schedule(at, func() {
		a.event, a.at = nil, never
		a.fn()
	})
}
