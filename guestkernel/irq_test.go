// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// handler registers a handler of the test's own on a line.
func (g *guest) handler(line, flags, dev uint32, fn func(c *Call)) uint32 {
	g.t.Helper()
	at := g.modelled(fn)
	g.inKernel(func(*Call) {
		require.Equal(g.t, uint32(0), g.export("request_irq", line, at, flags, g.put('d', 0), dev))
	})
	return at
}

// A line that a device raises runs its handlers, in the order they were requested, with the arguments they asked for.
func TestRaisedLine(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	var seen []uint32
	note := func(c *Call) {
		require.Equal(t, uint32(11), c.Arg(0))
		require.True(t, k.inInterrupt())
		require.Equal(t, uint32(abi.KernelCS), k.Frame(c.Arg(2)).Get(k.lay.PtRegs.CS), "the idle task was interrupted")
		seen = append(seen, c.Arg(1))
	}
	g.handler(11, saShared, 1, note)
	g.handler(11, saShared, 2, note)
	k.RaiseIRQ(11)
	require.Nil(t, k.RunTicks(2))
	require.Equal(t, []uint32{1, 2}, seen)
	require.Contains(t, k.InterruptsText(), "\n 11:          1          XT-PIC  d, d\n")
	k.RaiseIRQ(99)
	k.RaiseIRQ(cascadeLine)
	require.Nil(t, k.RunTicks(2))
	require.Len(t, seen, 2)
}

// Interrupts are on in a handler, unless it asked for the opposite, and another line may come in between.
func TestNestedInterrupts(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	var order []string
	g.handler(5, 0, 0, func(c *Call) {
		require.NotZero(t, k.m.Eflags()&eflagsIF)
		order = append(order, "slow begins")
		if len(order) == 1 {
			k.RaiseIRQ(7)
		}
		k.Call(c.Slot + vmcallLen) // an instruction, before which the CPU looks
		order = append(order, "slow ends")
	})
	g.handler(7, saInterrupt, 0, func(c *Call) {
		require.Zero(t, k.m.Eflags()&eflagsIF)
		order = append(order, "fast begins")
		k.RaiseIRQ(5)
		k.Call(c.Slot + vmcallLen)
		order = append(order, "fast ends")
	})
	k.RaiseIRQ(5)
	require.Nil(t, k.RunTicks(1))
	require.Equal(t, []string{"slow begins", "fast begins", "fast ends", "slow ends"}, order[:4])
	require.Equal(t, "slow begins", order[4], "what came meanwhile is not lost")
}

// disable_irq counts; what comes meanwhile is delivered once afterwards.
func TestDisabledLine(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	calls := 0
	g.handler(9, 0, 0, func(*Call) { calls++ })
	g.inKernel(func(*Call) {
		g.export("disable_irq", 9)
		g.export("disable_irq_nosync", 9)
	})
	k.RaiseIRQ(9)
	require.Nil(t, k.RunTicks(2))
	g.inKernel(func(*Call) { g.export("enable_irq", 9) })
	require.Nil(t, k.RunTicks(2))
	require.Zero(t, calls)
	g.inKernel(func(*Call) { g.export("enable_irq", 9) })
	require.Nil(t, k.RunTicks(2))
	require.Equal(t, 1, calls)
	g.inKernel(func(*Call) { g.export("enable_irq", 9) })
	require.Contains(t, k.LogText(), "<4>enable_irq(9) unbalanced from ")
}

// What request_irq and free_irq say; nothing leaks.
func TestRequestIRQ(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	fn, name := g.modelled(func(*Call) {}), g.put('x', 0)
	g.inKernel(func(*Call) {
		first := k.Kmalloc(k.lay.IRQAction.Size, k.pages.gfp.kernel)
		k.Kfree(first)
		request := func(line, handler, flags, dev uint32) int32 {
			return int32(g.export("request_irq", line, handler, flags, name, dev))
		}
		require.Equal(t, -int32(abi.EINVAL), request(abi.NrIRQs, fn, 0, 0))
		require.Equal(t, -int32(abi.EINVAL), request(3, 0, 0, 0))
		require.Equal(t, -int32(abi.EBUSY), request(8, fn, saShared, 1), "the clock shares with nobody")
		require.Equal(t, int32(0), request(3, fn, saShared, 0))
		require.Equal(t, -int32(abi.EBUSY), request(3, fn, 0, 1))
		g.export("free_irq", 3, 5)
		g.export("free_irq", 3, 0)
		g.export("free_irq", 77, 0)
		again := k.Kmalloc(k.lay.IRQAction.Size, k.pages.gfp.kernel)
		require.Equal(t, first, again, "all given back")
		k.Kfree(again)
		require.NotZero(t, k.pic.mask&(1<<3), "the line is off again")
	})
	require.Contains(t, k.LogText(), "<4>Bad boy: x (at 0x")
	require.Contains(t, k.LogText(), "<4>Trying to free free IRQ3\n")
}

// Probing finds the one line that comes.
func TestProbeIRQ(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	for _, c := range []struct {
		raise []uint32
		want  int32
	}{{nil, 0}, {[]uint32{10}, 10}, {[]uint32{3, 10}, -3}} {
		g.inKernel(func(call *Call) {
			lines := g.export("probe_irq_on")
			require.Equal(t, uint32(0x3ef8), lines, "all that have no handler")
			for _, line := range c.raise {
				k.RaiseIRQ(line)
			}
			k.delayTicks(call, 1)
			require.Equal(t, c.want, int32(g.export("probe_irq_off", lines)))
		})
	}
	require.Equal(t, uint16(0xffff)&^(1<<0|1<<1|1<<2|1<<8|1<<14|1<<15), k.pic.mask)
}

// Going to sleep in an interrupt is a BUG, and that takes the machine along.
func TestSleepInInterrupt(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	g.handler(5, 0, 0, func(c *Call) { g.export("schedule") })
	k.RaiseIRQ(5)
	o := k.RunTicks(2)
	require.NotNil(t, o)
	require.Equal(t, KernelPanic, o.Kind)
	require.Equal(t, "Aiee, killing interrupt handler!", o.Reason)
	require.Contains(t, k.LogText(), "<4>Scheduling in interrupt\n<4>------------[ cut here ]------------\n<4>kernel BUG at sched.c:")
}

// With interrupts off ticks are lost, and a line waits.
func TestInterruptsOff(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	calls := 0
	g.handler(5, 0, 0, func(*Call) { calls++ })
	g.inKernel(func(c *Call) {
		k.cli()
		before := k.jiffies()
		k.RaiseIRQ(5)
		c.delay(10 * k.clock.perTick)
		k.Call(c.Slot + vmcallLen)
		require.Zero(t, calls)
		k.sti()
		k.Call(c.Slot + vmcallLen)
		require.Equal(t, 1, calls)
		require.Equal(t, before+1, k.jiffies())
	})
}
