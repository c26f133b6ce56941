// SPDX-License-Identifier: BSD-3-Clause

package device

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm"
)

// rate is the speed of test machines in instructions per second.
const rate = 100_000_000

// bench is a machine that does nothing but let time pass.
type bench struct {
	*testing.T
	m     *vm.Machine
	clock *Clock
}

func newBench(t *testing.T) *bench {
	t.Helper()
	m, err := vm.New(vm.Config{RAM: 1 << 20})
	require.NoError(t, err)
	m.WritePhys(0, []byte{0xfb, 0xf4, 0xeb, 0xfd}) // sti; 1: hlt; jmp 1b
	m.LoadSegment(vm.CS, 0)
	m.SetEIP(0)
	clock, err := NewClock(m, rate)
	require.NoError(t, err)
	return &bench{t, m, clock}
}

// run lets n instructions pass, or the time they take: the machine idles.
func (b *bench) run(n uint64) {
	b.Helper()
	b.m.Schedule(b.clock.Now()+n, func() {})
	require.Equal(b, vm.StopLimit, b.m.Run(n).Reason)
}

// ticks lets n ticks of an oscillator pass, counted from the last whole one.
func (b *bench) ticks(n, hz uint64) {
	b.Helper()
	b.run(b.clock.At(b.clock.Ticks(hz)+n, hz) - b.clock.Now())
}

// wire records what is driven on a Line.
type wire struct {
	high  bool
	rises int
}

func (w *wire) line() Line {
	return func(high bool) {
		if high && !w.high {
			w.rises++
		}
		w.high = high
	}
}

func TestClock(t *testing.T) {
	b := newBench(t)
	require.Zero(t, b.clock.Ticks(PITRate))
	for _, n := range []uint64{1, 2, 3, 18, 1000} {
		at := b.clock.At(n, PITRate)
		b.run(at - 1 - b.clock.Now())
		require.Equal(t, n-1, b.clock.Ticks(PITRate), "just before tick %d", n)
		b.run(1)
		require.Equal(t, n, b.clock.Ticks(PITRate), "at tick %d", n)
	}
	require.Equal(t, uint64(never), b.clock.At(never, PITRate), "what does not fit never comes")
	_, err := NewClock(b.m, 1000)
	require.ErrorContains(t, err, "at least 2000000")
}

func TestAlarm(t *testing.T) {
	b := newBench(t)
	fired := []uint64{}
	a := newAlarm(b.clock, nil)
	a.fn = func() { fired = append(fired, b.clock.Now()) }
	a.set(100)
	a.set(50)
	b.run(200)
	require.Equal(t, []uint64{50}, fired, "moved, not doubled")
	a.set(300)
	a.set(never)
	b.run(200)
	require.Len(t, fired, 1, "disarmed")
	a.set(500)
	b.run(200)
	require.Equal(t, []uint64{50, 500}, fired, "armed again")
}

// TestAttachOverlap: two chips cannot have one port.
func TestAttachOverlap(t *testing.T) {
	b := newBench(t)
	_, err := NewPIC(b.m)
	require.NoError(t, err)
	_, err = NewPIC(b.m)
	require.ErrorContains(t, err, "*device.PIC")
}
