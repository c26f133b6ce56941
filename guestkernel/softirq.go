// SPDX-License-Identifier: BSD-3-Clause
// Softirqs and tasklets: work that interrupts leave for the moment after them (2.4.18 kernel/softirq.c). Bottom halves and
// task queues are in bottomhalf.go.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Numbers of softirqs.
const (
	softirqHi      = 0
	softirqTasklet = 3
	softirqCount   = 32
)

const taskletScheduled = 1 << 0 // TASKLET_STATE_SCHED

func softirqFunctions() []Function {
	return []Function{
		{Name: "do_softirq", Fn: func(c *Call) { c.Kernel.doSoftirq(c) }, Level: Full},
		{Name: "cpu_raise_softirq", Fn: func(c *Call) { c.Kernel.raiseSoftirq(c.Arg(1)) }, Level: Full, Conv: Regparm3},
		{Name: "raise_softirq", Fn: func(c *Call) { c.Kernel.raiseSoftirq(c.Arg(0)) }, Level: Full, Conv: Regparm3},
		{Name: "open_softirq", Fn: openSoftirq, Level: Full},
		{Name: "tasklet_action", Fn: func(c *Call) { c.runTasklets(c.Kernel.sym.TaskletVec, softirqTasklet, c.Kernel.guestReturn) }, Level: Full},
		{Name: "tasklet_hi_action", Fn: func(c *Call) {
			c.runTasklets(c.Kernel.sym.TaskletHiVec, softirqHi, c.Kernel.site("tasklet_hi_action", taskletHiFunc))
		}, Level: Full},
		{Name: "__tasklet_schedule", Fn: func(c *Call) { c.Kernel.queueTasklet(c.Arg(0), c.Kernel.sym.TaskletVec, softirqTasklet) }, Level: Full, Conv: Regparm3},
		{Name: "__tasklet_hi_schedule", Fn: func(c *Call) { c.Kernel.queueTasklet(c.Arg(0), c.Kernel.sym.TaskletHiVec, softirqHi) }, Level: Full, Conv: Regparm3},
		{Name: "tasklet_init", Fn: func(c *Call) { c.Kernel.initTasklet(c.Arg(0), c.Arg(1), c.Arg(2)) }, Level: Full},
		{Name: "tasklet_kill", Fn: taskletKill, Level: Full},
	}
}

// bootSoftirqs enters the two kinds of tasklets, and the bottom halves as tasklets.
func (k *Kernel) bootSoftirqs() error {
	k.setSoftirq(softirqHi, k.functionAt("tasklet_hi_action"), 0)
	k.setSoftirq(softirqTasklet, k.functionAt("tasklet_action"), 0)
	k.bootBottomHalves()
	return nil
}

func (k *Kernel) setSoftirq(nr, action, data uint32) {
	at := k.sym.SoftirqVec + nr*k.lay.SoftirqAction.Size
	k.mem.Set(at, k.lay.SoftirqAction.Action, action)
	k.mem.Set(at, k.lay.SoftirqAction.Data, data)
}

// openSoftirq models void open_softirq(int nr, void (*action)(struct softirq_action *), void *data).
func openSoftirq(c *Call) {
	if c.Arg(0) < softirqCount {
		c.Kernel.setSoftirq(c.Arg(0), c.Arg(1), c.Arg(2))
	}
}

// softirqPending is the set of raised softirqs.
func (k *Kernel) softirqPending() uint32 {
	return k.mem.Get(k.sym.IRQStat, k.lay.IRQCPUStat.SoftirqPending)
}

func (k *Kernel) setSoftirqPending(set uint32) {
	k.mem.Set(k.sym.IRQStat, k.lay.IRQCPUStat.SoftirqPending, set)
}

// raiseSoftirq is cpu_raise_softirq: outside of interrupts and bottom halves, after which softirqs run anyway, ksoftirqd is
// woken to run it.
func (k *Kernel) raiseSoftirq(nr uint32) {
	flags := k.irqSave()
	k.setSoftirqPending(k.softirqPending() | 1<<(nr&31))
	if !k.inInterrupt() {
		k.wakeSoftirqd()
	}
	k.irqRestore(flags)
}

func (k *Kernel) wakeSoftirqd() {
	addr := k.mem.Get(k.sym.IRQStat, k.lay.IRQCPUStat.KsoftirqdTask)
	if t := k.taskAt(addr); t != nil && t.Get(k.lay.Task.State) != abi.TaskRunning {
		k.Wake(t)
	}
}

// doSoftirqFrom is do_softirq called by modelled code: the stack shows its return address.
func (k *Kernel) doSoftirqFrom(c *Call, returnTo uint32) {
	esp := k.m.Reg(vm.ESP)
	c.saveArea(returnTo)
	k.doSoftirq(c)
	k.m.SetReg(vm.ESP, esp)
}

// doSoftirq models void do_softirq(void): runs what is raised, lowest number first, with interrupts on. What is raised again
// meanwhile is left to ksoftirqd, what is new runs too. Inside an interrupt or a softirq it does nothing.
func (k *Kernel) doSoftirq(c *Call) {
	if k.inInterrupt() {
		return
	}
	flags := k.irqSave()
	pending := k.softirqPending()
	if pending != 0 {
		regs := k.registers()
		c.saveArea(regs[vm.EBX], regs[vm.ESI], regs[vm.EDI], regs[vm.EBP])
		mask := ^pending
		k.countIRQ(k.lay.IRQCPUStat.LocalBHCount, 1)
		for run := pending; run != 0; {
			k.setSoftirqPending(0)
			k.sti()
			k.runSoftirqs(run)
			k.cli()
			pending = k.softirqPending()
			run = 0
			if pending&mask != 0 {
				mask &^= pending
				run = pending
			}
		}
		k.countIRQ(k.lay.IRQCPUStat.LocalBHCount, ^uint32(0))
		if pending != 0 {
			k.wakeSoftirqd()
		}
	}
	k.irqRestore(flags)
}

// runSoftirqs calls the actions of a set of softirqs.
func (k *Kernel) runSoftirqs(set uint32) {
	site := k.site("do_softirq", doSoftirqAction)
	for at := k.sym.SoftirqVec; set != 0; set >>= 1 {
		if set&1 != 0 {
			k.Invoke(GuestCall{Fn: k.mem.Get(at, k.lay.SoftirqAction.Action), Args: []uint32{at}, ReturnTo: site})
		}
		at += k.lay.SoftirqAction.Size
	}
}

// initTasklet is tasklet_init.
func (k *Kernel) initTasklet(tasklet, fn, data uint32) {
	lay := &k.lay.Tasklet
	k.mem.Set(tasklet, lay.Func, fn)
	k.mem.Set(tasklet, lay.Data, data)
	k.mem.Set(tasklet, lay.State, 0)
	k.mem.Set(tasklet, lay.Count, 0)
}

// queueTasklet puts a tasklet, which is marked as scheduled already, at the head of its list and raises its softirq.
func (k *Kernel) queueTasklet(tasklet, list, nr uint32) {
	flags := k.irqSave()
	k.mem.Set(tasklet, k.lay.Tasklet.Next, k.mem.U32(list))
	k.mem.SetU32(list, tasklet)
	k.raiseSoftirq(nr)
	k.irqRestore(flags)
}

// scheduleTasklet is tasklet_schedule: a tasklet that waits already is not queued again.
func (k *Kernel) scheduleTasklet(tasklet, list, nr uint32) {
	state := k.mem.Get(tasklet, k.lay.Tasklet.State)
	if state&taskletScheduled == 0 {
		k.mem.Set(tasklet, k.lay.Tasklet.State, state|taskletScheduled)
		k.queueTasklet(tasklet, list, nr)
	}
}

// runTasklets runs the tasklets of a list, last queued first. A disabled one goes back to the list, and its softirq is
// raised again. The tasklet's function returns to site.
func (c *Call) runTasklets(list, nr, site uint32) {
	k, lay := c.Kernel, &c.Kernel.lay.Tasklet
	c.saveArea(k.m.Reg(vm.EBX))
	k.cli()
	tasklet := k.mem.U32(list)
	k.mem.SetU32(list, 0)
	k.sti()
	for tasklet != 0 {
		t := tasklet
		tasklet = k.mem.Get(t, lay.Next)
		if k.mem.Get(t, lay.Count) != 0 {
			k.cli()
			k.mem.Set(t, lay.Next, k.mem.U32(list))
			k.mem.SetU32(list, t)
			k.setSoftirqPending(k.softirqPending() | 1<<nr)
			k.sti()
			continue
		}
		state := k.mem.Get(t, lay.State)
		if state&taskletScheduled == 0 {
			const line, hiLine = 178, 213 // not measured
			if nr == softirqHi {
				k.bug("tasklet_hi_action", "softirq.c", hiLine)
			}
			k.bug("tasklet_action", "softirq.c", line)
		}
		k.mem.Set(t, lay.State, state&^taskletScheduled)
		k.Invoke(GuestCall{Fn: k.mem.Get(t, lay.Func), Args: []uint32{k.mem.Get(t, lay.Data)}, ReturnTo: site})
	}
}

// taskletKill models void tasklet_kill(struct tasklet_struct *t): waits until it has run.
//
// Context: process.
func taskletKill(c *Call) { c.killTasklet(c.Arg(0)) }

func (c *Call) killTasklet(tasklet uint32) {
	k, state := c.Kernel, c.Kernel.lay.Tasklet.State
	if k.inInterrupt() {
		k.Printk("Attempt to kill tasklet from interrupt\n")
	}
	for k.mem.Get(tasklet, state)&taskletScheduled != 0 {
		c.Task().Set(k.lay.Task.State, abi.TaskRunning)
		c.yield()
	}
	k.mem.Set(tasklet, state, k.mem.Get(tasklet, state)&^taskletScheduled)
}
