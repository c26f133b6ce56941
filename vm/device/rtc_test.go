// SPDX-License-Identifier: BSD-3-Clause

package device

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type testRTC struct {
	b *bench
	*RTC
	irq wire
}

func newTestRTC(t *testing.T, date string) *testRTC {
	t.Helper()
	d, err := time.Parse(time.DateTime, date)
	require.NoError(t, err)
	r := &testRTC{b: newBench(t)}
	r.RTC, err = NewRTC(r.b.m, r.b.clock, r.irq.line(), d)
	require.NoError(t, err)
	return r
}

func (r *testRTC) get(reg uint8) uint8 {
	r.RTC.Out(0x70, reg)
	return r.In(0x71)
}

func (r *testRTC) set(reg, v uint8) {
	r.RTC.Out(0x70, reg)
	r.RTC.Out(0x71, v)
}

// date is the registers as they read: weekday, year-month-day, hour:minute:second.
func (r *testRTC) date() string {
	return fmt.Sprintf("%x %02x-%02x-%02x %02x:%02x:%02x",
		r.get(6), r.get(9), r.get(8), r.get(7), r.get(4), r.get(2), r.get(0))
}

func (r *testRTC) seconds(n uint64) { r.b.ticks(n*rtcCrystal, rtcCrystal) }

func TestRTCCounts(t *testing.T) {
	for _, c := range []struct {
		from    string
		seconds uint64
		want    string
	}{
		{"2003-10-23 07:21:03", 1, "5 03-10-23 07:21:04"},
		{"2003-10-23 07:21:59", 1, "5 03-10-23 07:22:00"},
		{"2003-10-23 09:59:59", 1, "5 03-10-23 10:00:00"},
		{"2003-10-25 23:59:58", 3, "1 03-10-26 00:00:01"},
		{"2003-02-28 23:59:59", 1, "7 03-03-01 00:00:00"},
		{"2004-02-28 23:59:59", 1, "1 04-02-29 00:00:00"},
		{"2004-04-30 23:59:59", 1, "7 04-05-01 00:00:00"},
		{"1999-12-31 23:59:59", 1, "7 00-01-01 00:00:00"},
	} {
		r := newTestRTC(t, c.from)
		r.seconds(c.seconds)
		require.Equal(t, c.want, r.date(), c.from)
	}
}

func TestRTCFormats(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 11:59:58")
	r.set(0x0b, 0x80) // SET, 12 hours
	r.set(4, 0x11)
	r.set(0x0b, 0x00)
	r.seconds(2)
	require.EqualValues(t, 0x92, r.get(4), "12 PM")
	r.set(0x0b, 0x80)
	r.set(4, 0x12)
	r.set(2, 0x59)
	r.set(0, 0x59)
	r.set(0x0b, 0x00)
	r.seconds(1)
	require.EqualValues(t, 0x01, r.get(4), "1 AM follows 12 AM")
	r.set(0x0b, 0x86) // SET, binary, 24 hours
	r.set(4, 23)
	r.set(2, 59)
	r.set(0, 58)
	r.set(0x0b, 0x06)
	r.seconds(1)
	require.EqualValues(t, 59, r.get(0))
	require.EqualValues(t, 23, r.get(4))
}

func TestRTCSet(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 07:21:03")
	r.set(0x0b, 0x92)
	require.EqualValues(t, 0x82, r.get(0x0b), "SET clears UIE")
	r.seconds(5)
	require.EqualValues(t, 0x03, r.get(0), "time stands still")
	require.Zero(t, r.get(0x0a)&0x80, "and is not updated")
	r.set(0x0b, 0x02)
	r.seconds(1)
	require.EqualValues(t, 0x04, r.get(0))
}

func TestRTCUpdateInProgress(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 07:21:03")
	up, before := 0, r.get(0)
	const step = rate / 10000
	for range 10000 {
		if r.get(0x0a)&0x80 != 0 {
			up++
			require.Equal(t, before, r.get(0), "not before the cycle ends")
		}
		r.b.run(step)
	}
	require.InDelta(t, 22.28, up, 1, "2228 µs of a second")
	require.EqualValues(t, 0x04, r.get(0))
}

func TestRTCDivider(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 07:21:03")
	r.set(0x0a, 0x76)
	r.seconds(3)
	require.EqualValues(t, 0x03, r.get(0), "held in reset")
	r.set(0x0a, 0x26)
	r.b.ticks(rtcCrystal/2-1, rtcCrystal)
	require.EqualValues(t, 0x03, r.get(0))
	r.b.ticks(1, rtcCrystal)
	require.EqualValues(t, 0x04, r.get(0), "the first update comes after half a second")
}

func TestRTCPeriodic(t *testing.T) {
	for _, c := range []struct {
		rate uint8
		hz   int
	}{{1, 256}, {2, 128}, {3, 8192}, {6, 1024}, {15, 2}} {
		r := newTestRTC(t, "2003-10-23 07:21:03")
		r.set(0x0a, 0x20|c.rate)
		r.set(0x0b, 0x42)
		count := 0
		for r.b.clock.Now() < rate {
			r.b.run(rate / 20000)
			if r.irq.high {
				require.EqualValues(t, 0xc0, r.get(0x0c)&0xe0)
				count++
			}
		}
		require.InDelta(t, c.hz, count, 1, "rate %d", c.rate)
	}
	r := newTestRTC(t, "2003-10-23 07:21:03")
	r.set(0x0a, 0x20)
	r.set(0x0b, 0x42)
	r.seconds(1)
	require.False(t, r.irq.high, "rate 0 is none")
	r.set(0x0a, 0x26)
	r.set(0x0b, 0x02)
	r.seconds(1)
	require.False(t, r.irq.high)
	require.EqualValues(t, 0x50, r.get(0x0c), "the flags are set without interrupts too")
	require.Zero(t, r.get(0x0c), "and reading clears them")
}

func TestRTCUpdateInterrupt(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 07:21:03")
	r.set(0x0b, 0x12)
	r.b.ticks(rtcCrystal-1, rtcCrystal)
	require.False(t, r.irq.high)
	r.b.ticks(1, rtcCrystal)
	require.True(t, r.irq.high)
	require.EqualValues(t, 0x90, r.get(0x0c)&0xb0)
	require.False(t, r.irq.high)
}

func TestRTCAlarm(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 07:21:03")
	r.set(1, 0x06)
	r.set(3, 0x21)
	r.set(5, 0x07)
	r.set(0x0b, 0x22)
	r.seconds(2)
	require.False(t, r.irq.high)
	r.seconds(1)
	require.True(t, r.irq.high)
	require.EqualValues(t, 0xa0, r.get(0x0c)&0xa0)
	r.seconds(60)
	require.False(t, r.irq.high, "another minute")
	r.set(3, 0xff) // every minute
	r.seconds(60)
	require.True(t, r.irq.high)
}

func TestRTCDaylight(t *testing.T) {
	for _, c := range []struct {
		from, want string
	}{
		{"2003-04-27 01:59:59", "1 03-04-27 03:00:00"}, // the last Sunday of April
		{"2003-04-20 01:59:59", "1 03-04-20 02:00:00"}, // not the last
		{"2003-04-28 01:59:59", "2 03-04-28 02:00:00"}, // not a Sunday
		{"2003-10-26 01:59:59", "1 03-10-26 01:00:00"},
	} {
		r := newTestRTC(t, c.from)
		r.set(0x0b, 0x03)
		r.seconds(1)
		require.Equal(t, c.want, r.date(), c.from)
		if c.want[2:8] == "03-10-" {
			r.seconds(3600)
			require.Equal(t, "1 03-10-26 02:00:00", r.date(), "once only")
		}
	}
}

func TestRTCMemory(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 07:21:03")
	r.set(0x40, 0x5a)
	require.EqualValues(t, 0x5a, r.get(0xc0), "bit 7 is no address")
	r.set(0x0d, 0)
	require.EqualValues(t, 0x80, r.get(0x0d), "the battery is good")
	r.set(0x0c, 0xff)
	require.Zero(t, r.get(0x0c))
	require.EqualValues(t, 0xff, r.In(0x70))
	r.Poke(0x15, 0x80)
	require.EqualValues(t, 0x80, r.get(0x15))
	require.EqualValues(t, 0x80, r.Peek(0x15))
}

func TestRTCState(t *testing.T) {
	r := newTestRTC(t, "2003-10-23 07:21:03")
	r.set(0x0b, 0x52)
	r.seconds(3)
	s := r.State()
	q := newTestRTC(t, "1999-01-01 00:00:00")
	q.b.run(r.b.clock.Now() - q.b.clock.Now())
	q.SetState(s)
	r.seconds(2)
	q.seconds(2)
	require.Equal(t, r.date(), q.date())
	require.Equal(t, r.State(), q.State())
}
