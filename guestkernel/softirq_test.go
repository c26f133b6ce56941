// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// tasklet makes a tasklet.
func (g *guest) tasklet(fn, data uint32) uint32 {
	at := g.put(make([]byte, g.k.lay.Tasklet.Size)...)
	g.export("tasklet_init", at, fn, data)
	return at
}

// schedule is the inline tasklet_schedule, or tasklet_hi_schedule.
func (g *guest) schedule(tasklet uint32, how string) {
	k, state := g.k, g.k.lay.Tasklet.State
	if old := k.mem.Get(tasklet, state); old&taskletScheduled == 0 {
		k.mem.Set(tasklet, state, old|taskletScheduled)
		g.export(how, tasklet)
	}
}

// Tasklets run in interrupt context: those of the higher kind first, of each kind the last scheduled first.
func TestTaskletOrder(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	var order []uint32
	fn := g.modelled(func(c *Call) {
		require.True(t, k.inInterrupt())
		order = append(order, c.Arg(0))
	})
	g.inKernel(func(c *Call) {
		for i := range uint32(4) {
			g.schedule(g.tasklet(fn, i), []string{"__tasklet_schedule", "__tasklet_hi_schedule"}[i%2])
		}
		require.Empty(t, order)
		g.export("do_softirq")
		require.Equal(t, []uint32{3, 1, 2, 0}, order)
		require.Zero(t, k.softirqPending())
	})
}

// A disabled tasklet keeps its softirq raised. Time goes on all the same, and once enabled it runs.
func TestDisabledTasklet(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	runs := 0
	var late uint32
	g.inKernel(func(*Call) {
		late = g.tasklet(g.modelled(func(*Call) { runs++ }), 0)
		k.mem.Set(late, k.lay.Tasklet.Count, 1)
		g.schedule(late, "__tasklet_schedule")
	})
	require.Nil(t, k.RunTicks(20))
	require.Zero(t, runs)
	require.NotZero(t, k.softirqPending())
	k.mem.Set(late, k.lay.Tasklet.Count, 0)
	require.Nil(t, k.RunTicks(3))
	require.Equal(t, 1, runs)
	require.Zero(t, k.softirqPending())
}

// tasklet_kill waits for a tasklet that is due; the module's memory can go afterwards.
func TestTaskletKill(t *testing.T) {
	g := newGuest(t, Config{})
	runs := 0
	g.inKernel(func(*Call) {
		tasklet := g.tasklet(g.modelled(func(*Call) { runs++ }), 0)
		g.schedule(tasklet, "__tasklet_schedule")
		g.export("tasklet_kill", tasklet)
		require.Equal(t, 1, runs)
		require.Zero(t, g.k.mem.Get(tasklet, g.k.lay.Tasklet.State))
	})
}

// A bottom half of a module's own, a task queue that fills while it runs, and the queue of the timer's tick.
func TestBottomHalvesAndQueues(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	lay := &k.lay.TaskQueue
	runs := map[uint32]int{}
	entry := g.put(make([]byte, lay.Size)...)
	fn := g.modelled(func(c *Call) {
		runs[c.Arg(0)]++
		if runs[7] == 1 {
			require.True(t, k.queueTask(entry, k.sym.TqTimer), "may be queued again while it runs")
			require.False(t, k.queueTask(entry, k.sym.TqTimer))
		}
	})
	k.mem.Set(entry, lay.Routine, fn)
	k.mem.Set(entry, lay.Data, 7)
	half := g.modelled(func(*Call) { runs[1]++ })
	g.inKernel(func(*Call) {
		g.export("init_bh", 20, half)
		k.markBH(20)
		require.True(t, k.queueTask(entry, k.sym.TqTimer))
	})
	require.Nil(t, k.RunTicks(3))
	require.Equal(t, map[uint32]int{1: 1, 7: 2}, runs)
	g.inKernel(func(*Call) {
		k.markBH(20)
		g.export("remove_bh", 20)
	})
	require.Equal(t, 2, runs[1])
	require.Zero(t, k.mem.U32(k.sym.BHBase+4*20))
}

// A task whose last hope is work for the next tick is not blocked.
func TestTickQueueWakes(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	lay := &k.lay.TaskQueue
	entry := g.put(make([]byte, lay.Size)...)
	k.mem.Set(entry, lay.Routine, g.modelled(func(*Call) { g.export("wake_up_process", g.p.task.addr) }))
	g.inKernel(func(c *Call) {
		for k.timersPending() { // what booting left
			c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
			g.export("schedule_timeout", 7)
		}
		require.True(t, k.queueTask(entry, k.sym.TqTimer))
		c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
		k.Schedule()
	})
}

// Work for keventd runs in a process and may sleep; flush_scheduled_tasks waits for it.
func TestKeventd(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	lay := &k.lay.TaskQueue
	done := false
	entry := g.put(make([]byte, lay.Size)...)
	k.mem.Set(entry, lay.Routine, g.modelled(func(c *Call) {
		require.Equal(t, "keventd", c.Task().Comm())
		require.False(t, k.inInterrupt())
		c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
		g.export("schedule_timeout", 7)
		done = true
	}))
	g.inKernel(func(*Call) {
		require.Equal(t, uint32(1), g.export("schedule_task", entry))
		require.Equal(t, uint32(0), g.export("schedule_task", entry))
		require.False(t, done)
		g.export("flush_scheduled_tasks")
		require.True(t, done)
	})
}
