// SPDX-License-Identifier: BSD-3-Clause
// Finding out a device's interrupt line by making it interrupt (2.4.18 arch/i386/kernel/irq.c probe_irq_*).

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
)

func irqProbeFunctions() []Function {
	return []Function{
		{Name: "probe_irq_on", Fn: probeIRQOn, Level: Full},
		{Name: "probe_irq_off", Fn: probeIRQOff, Level: Full},
		{Name: "probe_irq_mask", Fn: probeIRQMask, Level: Full},
		{Name: "autoirq_setup", Fn: func(c *Call) { c.Kernel.mem.SetU32(c.Kernel.symbol("irqs"), c.beginProbe()) }, Level: Full},
		{Name: "autoirq_report", Fn: autoirqReport, Level: Full},
	}
}

// bootIRQProbe makes the semaphore that lets one probe at a time.
func (k *Kernel) bootIRQProbe() error {
	k.initSemaphore(k.sym.ProbeSem, 1)
	return nil
}

// probeIRQOn models unsigned long probe_irq_on(void): switches on every line without a handler and returns those that then
// stay quiet for 100 ms. Another probe has to wait until this one ends.
//
// Context: process.
func probeIRQOn(c *Call) { c.Return(c.beginProbe()) }

func (c *Call) beginProbe() (found uint32) {
	k, lay := c.Kernel, &c.Kernel.lay.IRQDesc
	k.down(c, k.sym.ProbeSem)
	for line := uint32(abi.NrIRQs - 1); line > 0; line-- { // lets out what has waited
		if k.mem.Get(k.irqDesc(line), lay.Action) == 0 {
			k.callIRQType(line, k.lay.IRQType.Startup)
		}
	}
	k.delayTicks(c, k.ticksOf(20))
	for line := uint32(abi.NrIRQs - 1); line > 0; line-- {
		desc := k.irqDesc(line)
		if k.mem.Get(desc, lay.Action) == 0 {
			k.mem.Set(desc, lay.Status, k.mem.Get(desc, lay.Status)|irqAutodetect|irqWaiting)
			k.callIRQType(line, k.lay.IRQType.Startup)
		}
	}
	k.delayTicks(c, k.ticksOf(100))
	for line := range uint32(abi.NrIRQs) {
		desc := k.irqDesc(line)
		status := k.mem.Get(desc, lay.Status)
		switch {
		case status&irqAutodetect == 0:
		case status&irqWaiting == 0: // it came by itself: noise
			k.mem.Set(desc, lay.Status, status&^irqAutodetect)
			k.callIRQType(line, k.lay.IRQType.Shutdown)
		default:
			found |= 1 << line
		}
	}
	return found
}

// ticksOf is milliseconds in ticks: HZ/50 for 20, HZ/10 for 100.
func (k *Kernel) ticksOf(ms uint32) uint32 { return uint32(k.profile.HZ) / (1000 / ms) }

// delayTicks lets more than n ticks pass without giving up the CPU. Interrupts are taken in the caller's slot.
func (k *Kernel) delayTicks(c *Call, n uint32) {
	for start := k.jiffies(); k.jiffies()-start <= n; {
		c.delay(k.clock.perTick)
		if k.m.Eflags()&eflagsIF == 0 {
			return // jiffies stands still: 2.4.18 hangs here
		}
	}
}

// endProbe ends a probe and returns the lines of the mask that have come.
func (k *Kernel) endProbe(c *Call, mask uint32) (came uint32) {
	lay := &k.lay.IRQDesc
	for line := range uint32(abi.NrIRQs) {
		desc := k.irqDesc(line)
		status := k.mem.Get(desc, lay.Status)
		if status&irqAutodetect == 0 {
			continue
		}
		if status&irqWaiting == 0 {
			came |= 1 << line
		}
		k.mem.Set(desc, lay.Status, status&^irqAutodetect)
		k.callIRQType(line, k.lay.IRQType.Shutdown)
	}
	k.up(k.sym.ProbeSem)
	return came
}

// probeIRQOff models int probe_irq_off(unsigned long val): the line that came, 0 for none, negative for the first of
// several.
func probeIRQOff(c *Call) { c.Return(oneLine(c.Kernel.endProbe(c, c.Arg(0)))) }

func oneLine(came uint32) uint32 {
	if came == 0 {
		return 0
	}
	line := int32(bits.TrailingZeros32(came))
	if bits.OnesCount32(came) > 1 {
		line = -line
	}
	return uint32(line)
}

// autoirqReport models int autoirq_report(int waittime): as probe_irq_off, so many ticks later. The probe that it ends is the
// one that autoirq_setup began.
func autoirqReport(c *Call) {
	k := c.Kernel
	if wait := int32(c.Arg(0)); wait > 0 {
		k.delayTicks(c, uint32(wait)-1)
	}
	c.Return(oneLine(k.endProbe(c, k.mem.U32(k.symbol("irqs")))))
}

// probeIRQMask models unsigned int probe_irq_mask(unsigned long val): the lines of val below 16 that came.
func probeIRQMask(c *Call) {
	c.Return(c.Kernel.endProbe(c, c.Arg(0)) & c.Arg(0))
}
