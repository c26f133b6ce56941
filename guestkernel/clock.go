// SPDX-License-Identifier: BSD-3-Clause
// Guest time: the PIT's tick as interrupt 0, jiffies and xtime (2.4.18 arch/i386/kernel/{irq.c,time.c}, kernel/timer.c).
//
// Time is counted in instructions: Config.MHz of them are one microsecond of the guest. A tick raises INTR; when IF allows,
// the CPU takes vector 0x20 through the guest's IDT, and do_IRQ adds one to jiffies. With interrupts off jiffies stands
// still, and ticks that find one pending are lost, as on the real machine.
//
// Left out so far: the other interrupt lines, handlers of request_irq, bottom halves and timers.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// clockState is the host side of the timer interrupt.
type clockState struct {
	k       *Kernel
	perTick uint64 // instructions
	pending bool   // INTR is asserted

	lastTick uint64 // when the tick was due that jiffies and xtime count last
	zoneSet  bool   // settimeofday has been given a time zone
}

func clockFunctions() []Function {
	return []Function{
		{Name: "do_IRQ", Fn: doIRQ, Level: Partial, Note: "the timer's line only"},
	}
}

// bootClock starts the ticks. xtime begins at a fixed date: the profile's build.
func (k *Kernel) bootClock() error {
	const (
		bootTime    = 1066893663 // Thu Oct 23 07:21:03 2003 UTC
		bootSeconds = 3          // that booting took
	)
	k.clock = clockState{k: k, perTick: uint64(k.cfg.MHz) * 1_000_000 / uint64(k.profile.HZ)}
	k.mem.SetU32(k.sym.Xtime, bootTime)
	k.mem.SetU64(k.sym.Jiffies, uint64(bootSeconds*k.profile.HZ))
	k.mem.SetU32(k.sym.LoopsPerJiffy, uint32(k.clock.perTick)) // cycles of the time stamp counter
	k.mem.SetU32(k.sym.CPUKHz, k.cfg.MHz*1000)
	k.m.SetInterruptController(&k.clock)
	k.clock.arm()
	return nil
}

// arm schedules the next tick, at a multiple of the tick's length.
func (c *clockState) arm() {
	now := c.k.m.Now()
	c.k.m.Schedule(now-now%c.perTick+c.perTick, func() {
		c.pending = true
		c.k.m.SetINTR(true)
		c.arm()
	})
}

// Acknowledge is the CPU's INTA cycle: the vector of IRQ 0.
func (c *clockState) Acknowledge() uint8 {
	c.pending = false
	c.k.m.SetINTR(false)
	return abi.FirstExternalVector
}

// doIRQ models unsigned int do_IRQ(struct pt_regs regs): orig_eax is the line minus 256.
func doIRQ(c *Call) {
	k, f := c.Kernel, c.Kernel.Frame(c.SP()+4)
	if line := f.Get(k.lay.PtRegs.OrigEax) & 0xff; line != 0 {
		panicf("interrupt on line %d, which has no device", line)
	}
	k.clock.lastTick = k.m.Now() - k.m.Now()%k.clock.perTick
	jiffies := k.mem.U64(k.sym.Jiffies) + 1
	k.mem.SetU64(k.sym.Jiffies, jiffies)
	usec := k.mem.U32(k.sym.Xtime+k.lay.Timeval.Usec.Off) + 1_000_000/uint32(k.profile.HZ)
	if usec >= 1_000_000 {
		usec -= 1_000_000
		k.mem.SetU32(k.sym.Xtime, k.mem.U32(k.sym.Xtime)+1)
	}
	k.mem.SetU32(k.sym.Xtime+k.lay.Timeval.Usec.Off, usec)
	c.Return(1)
}

var _ vm.InterruptController = (*clockState)(nil)
