// SPDX-License-Identifier: BSD-3-Clause
// Busy waiting: udelay and its relatives (2.4.18 arch/i386/lib/delay.c, asm-i386/delay.h).
//
// The kernel waits by the time stamp counter, one loop a cycle, and a cycle is an instruction. Nothing is executed for it:
// the clock is moved on, and interrupts come when they are due, if they are allowed.

package guestkernel

func delayFunctions() []Function {
	return []Function{
		{Name: "__delay", Fn: func(c *Call) { c.delay(uint64(c.Arg(0))) }, Level: Full},
		{Name: "__udelay", Fn: func(c *Call) { c.constUdelay(c.Arg(0) * xloopsPerUsec) }, Level: Full},
		{Name: "__const_udelay", Fn: func(c *Call) { c.constUdelay(c.Arg(0)) }, Level: Full},
	}
}

// xloopsPerUsec is 2^32 / 1000000, rounded down: what __const_udelay takes for a microsecond.
const xloopsPerUsec = 0x10c6

// constUdelay models void __const_udelay(unsigned long xloops). As in 2.4.18 the loops per tick are cut to a whole number
// before they are multiplied with HZ: short waits are shorter than they should be.
func (c *Call) constUdelay(xloops uint32) {
	k := c.Kernel
	perJiffy := k.mem.Get(k.sym.BootCPU, k.lay.CPUInfo.LoopsPerJiffy)
	loops := uint32(uint64(xloops) * uint64(perJiffy) >> 32)
	c.delay(uint64(loops * uint32(k.profile.HZ)))
}

// delay lets cycles pass. Interrupts are taken in the calling function's slot.
func (c *Call) delay(cycles uint64) {
	k := c.Kernel
	end := k.m.Now() + cycles
	for !k.m.SkipTo(min(end, k.deadline)) {
		k.Call(c.Slot + vmcallLen) // the slot's RET: before it the CPU takes what is pending
	}
}
