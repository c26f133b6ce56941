// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// latched is the count as drivers read it: latch, low byte, high byte.
func (g *guest) latched() uint32 {
	g.t.Helper()
	g.outb(timerControl, 0)
	low := uint32(g.inb(timerPort))
	return low | uint32(g.inb(timerPort))<<8
}

// The counter goes from LATCH down to 1 once a tick.
func TestTimerCount(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	const latch = (pulseRate + 256) / 512
	perTick := k.clock.perTick
	require.Nil(t, k.RunTicks(1))
	g.inKernel(func(c *Call) {
		for _, part := range []uint64{2, 5, 9, 12} { // tenths of a tick
			c.delay(part*perTick/10 - k.m.Now()%perTick)
			require.InDelta(t, latch-latch*(part%10)/10, k.timerChip.count(), 3)
		}
	})
	before := g.latched()
	require.Less(t, g.latched(), before)
}

// A latched count is held until both its bytes are read, whatever is asked meanwhile; then the counter itself is read.
func TestTimerLatch(t *testing.T) {
	g := newGuest(t, Config{})
	g.outb(timerControl, 0)
	held := g.k.timerChip.latch
	low := g.inb(timerPort)
	require.Nil(t, g.k.RunTicks(3))
	g.outb(timerControl, 0) // comes too early
	g.outb(timerControl, 0x40)
	require.Equal(t, held, uint16(low)|uint16(g.inb(timerPort))<<8)
	require.False(t, g.k.timerChip.held)
	now := g.latched()
	require.Less(t, g.latched(), now+1)
	for port := uint32(timerPort + 1); port <= timerControl; port++ {
		require.Equal(t, uint8(0xff), g.inb(port))
	}
}
