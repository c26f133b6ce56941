// SPDX-License-Identifier: BSD-3-Clause
// Guest time: the PIT's tick as interrupt 0, and letting time pass from the host (2.4.18 arch/i386/kernel/time.c).
//
// Time is counted in instructions: Config.MHz of them are one microsecond of the guest. A tick raises line 0 of the
// interrupt controller; timer.go has what the guest does with it. With interrupts off jiffies stands still, and ticks
// that find one pending are lost, as on the real machine.

package guestkernel

// clockState is the host side of the timer interrupt.
type clockState struct {
	k        *Kernel
	perTick  uint64 // instructions
	lastTick uint64 // when the tick was due that xtime counts last
	alarm    uint64 // jiffies at which RunTicks is over
	zoneSet  bool   // settimeofday has been given a time zone
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
	k.clock.arm()
	return nil
}

// arm schedules the next tick, at a multiple of the tick's length.
func (c *clockState) arm() {
	now := c.k.m.Now()
	c.k.m.Schedule(now-now%c.perTick+c.perTick, func() {
		c.k.raiseLine(0)
		c.arm()
	})
}

// RunTicks lets n ticks pass: timers fire and tasks run, or nobody does anything. It returns what ended the run before, nil
// when nothing did.
func (k *Kernel) RunTicks(n uint32) *Outcome {
	k.clock.alarm = k.mem.U64(k.sym.Jiffies) + uint64(n)
	defer func() { k.clock.alarm = 0 }()
	return k.drive(k.alarmIsOver)
}

func (k *Kernel) alarmIsOver() bool { return k.mem.U64(k.sym.Jiffies) >= k.clock.alarm }

// alarmRings tells whether the host waits to get control back.
func (k *Kernel) alarmRings() bool { return k.clock.alarm != 0 && k.alarmIsOver() }
