// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// inKernel runs f in process context, as a system call.
func (g *guest) inKernel(f func(c *Call)) {
	g.t.Helper()
	at := g.modelled(func(c *Call) {
		f(c)
		c.Return(0)
	})
	require.Equal(g.t, int32(0), g.result(at))
}

// export calls a function of the kernel as a module does.
func (g *guest) export(name string, args ...uint32) uint32 {
	conv := CDecl
	if f := g.k.functions[name]; f != nil {
		conv = f.Conv
	}
	eax, _ := g.k.Invoke(GuestCall{Fn: g.k.functionAt(name), Args: args, Conv: conv})
	return eax
}

// timer makes a timer.
func (g *guest) timer(fn, data, expires uint32) uint32 {
	k, lay := g.k, &g.k.lay.Timer
	timer := g.put(make([]byte, lay.Size)...)
	k.mem.Set(timer, lay.Function, fn)
	k.mem.Set(timer, lay.Data, data)
	k.mem.Set(timer, lay.Expires, expires)
	return timer
}

type firing struct{ data, jiffies uint32 }

// manyTimers lets n timers go off, at pseudo-random times up to span ticks ahead, and returns what it saw.
func manyTimers(t *testing.T, n int, span uint32) (want, got []firing, now uint64) {
	g := newGuest(t, Config{})
	k := g.k
	g.at = k.Vmalloc(uint32(n+64) * 32)
	fn := g.modelled(func(c *Call) {
		require.True(t, k.inInterrupt())
		require.NotZero(t, k.m.Eflags()&eflagsIF, "timers run with interrupts on")
		got = append(got, firing{c.Arg(0), k.jiffies()})
	})
	g.inKernel(func(*Call) {
		seed := uint32(1)
		for i := range uint32(n) {
			seed = seed*1664525 + 1013904223
			at := k.jiffies() + 1 + seed>>8%span
			g.export("add_timer", g.timer(fn, i, at))
			want = append(want, firing{i, at})
		}
	})
	require.Nil(t, k.RunTicks(span+2))
	slices.SortStableFunc(want, func(a, b firing) int { return int(a.jiffies) - int(b.jiffies) })
	return want, got, k.m.Now()
}

// Every timer goes off in its tick; those of one tick in the order in which they were added.
func TestTimersGoOffInOrder(t *testing.T) {
	want, got, now := manyTimers(t, 1000, 20000)
	require.Equal(t, want, got)
	_, again, then := manyTimers(t, 1000, 20000)
	require.Equal(t, got, again)
	require.Equal(t, now, then, "two runs take the same time")
}

// Where a timer lies until its time comes: the vectors of 2.4.
func TestTimerVectors(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	require.Nil(t, k.RunTicks(300)) // so that nothing is 0 by accident
	g.inKernel(func(*Call) {
		base := k.mem.U32(k.sym.TimerJiffies)
		for _, c := range []struct {
			expires uint32
			vector  int
			list    uint32
		}{
			{base, 0, base % 256}, {base + 255, 0, (base + 255) % 256},
			{base + 256, 1, (base + 256) >> 8 % 64}, {base + 1<<14 - 1, 1, (base + 1<<14 - 1) >> 8 % 64},
			{base + 1<<14, 2, (base + 1<<14) >> 14 % 64}, {base + 1<<20, 3, (base + 1<<20) >> 20 % 64},
			{base + 1<<26, 4, (base + 1<<26) >> 26 % 64}, {base + 1<<31 - 1, 4, (base + 1<<31 - 1) >> 26 % 64},
			{base - 1, 0, base % 256}, {base - 1<<30, 0, base % 256}, // the past: at once
		} {
			timer := g.timer(k.guestReturn, 0, c.expires)
			g.export("add_timer", timer)
			require.Equal(t, timer, k.mem.U32(k.timerList(c.vector, c.list)), "%#x", c.expires-base)
			require.Equal(t, uint32(1), g.export("del_timer", timer))
			require.Equal(t, uint32(0), g.export("del_timer", timer))
			require.True(t, k.listEmpty(k.timerList(c.vector, c.list)))
		}
	})
	require.False(t, k.timersPending())
}

// A timer may be moved, by itself too; one that is pending is not added again.
func TestTimersMove(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	var at []uint32
	var self uint32
	fn := g.modelled(func(c *Call) {
		at = append(at, k.jiffies())
		if len(at) < 3 {
			require.Equal(t, uint32(0), g.export("mod_timer", self, k.jiffies()+300))
		}
	})
	start := uint32(0)
	g.inKernel(func(*Call) {
		start = k.jiffies()
		self = g.timer(fn, 0, start+1000)
		g.export("add_timer", self)
		g.export("add_timer", self)
		require.Equal(t, uint32(1), g.export("mod_timer", self, start+10))
	})
	require.Contains(t, k.LogText(), "<4>bug: kernel timer added twice at ")
	require.Nil(t, k.RunTicks(2000))
	require.Equal(t, []uint32{start + 10, start + 310, start + 610}, at)
}

// A second is HZ ticks, to the microsecond.
func TestWallTime(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	before := k.mem.U64(k.sym.Xtime)
	require.Nil(t, k.RunTicks(uint32(3*k.profile.HZ)))
	require.Equal(t, before+3, k.mem.U64(k.sym.Xtime))
}

// Sleeping: for a time, until woken, for ever, and what a wrong timeout says.
func TestScheduleTimeout(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	state := k.lay.Task.State
	g.inKernel(func(c *Call) {
		start := k.jiffies()
		c.Task().Set(state, abi.TaskInterruptible)
		require.Equal(t, uint32(0), g.export("schedule_timeout", 40))
		require.Equal(t, start+40, k.jiffies())
		require.NotZero(t, k.m.Eflags()&eflagsIF)

		sleeper := c.Task().addr
		wake := g.modelled(func(*Call) { g.export("wake_up_process", sleeper) })
		g.export("add_timer", g.timer(wake, 0, k.jiffies()+10))
		c.Task().Set(state, abi.TaskUninterruptible)
		require.Equal(t, uint32(30), g.export("schedule_timeout", 40))
		g.export("add_timer", g.timer(wake, 0, k.jiffies()+10))
		c.Task().Set(state, abi.TaskUninterruptible)
		require.Equal(t, uint32(maxTimeout), g.export("schedule_timeout", maxTimeout))
		require.Equal(t, uint32(0), g.export("schedule_timeout", 0x80000000))
		require.False(t, k.timersPending(), "nothing is left on the stack")
	})
	require.Contains(t, k.LogText(), "<3>schedule_timeout: wrong timeout value 80000000 from ")
	require.Equal(t, Blocked, func() OutcomeKind {
		at := g.modelled(func(c *Call) {
			c.Task().Set(state, abi.TaskUninterruptible)
			k.Schedule()
		})
		return g.run(at).Kind
	}(), "with no timer left nobody waits for one")
}
