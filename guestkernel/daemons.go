// SPDX-License-Identifier: BSD-3-Clause
// The kernel's own tasks: the idle task, init, ksoftirqd and keventd (2.4.18 arch/i386/kernel/process.c, init/main.c,
// kernel/softirq.c, kernel/context.c).
//
// init only sleeps: nobody runs its programs. Of the real kernel's other threads, kswapd, bdflush and the like, none exists.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Pids of a booted 2.4.18.
const (
	pidInit      = 1
	pidKeventd   = 2
	pidKsoftirqd = 4
)

func daemonFunctions() []Function {
	return []Function{
		{Name: "schedule_task", Fn: scheduleTask, Level: Full},
		{Name: "flush_scheduled_tasks", Fn: flushScheduledTasks, Level: Full},
		{Name: "current_is_keventd", Fn: func(c *Call) {
			c.Return(boolWord(c.Task().addr == c.Kernel.mem.U32(c.Kernel.sym.KeventdTask)))
		}, Level: Full},
	}
}

// bootDaemons starts the tasks.
func (k *Kernel) bootDaemons() error {
	idle := k.tasks[0]
	idle.cpu = k.newCPUState(k.functionAt("cpu_idle"), eflagsIF|2)
	idle.cpu.regs[vm.ESP] = idle.stackTop() - 8*wordSize // where the real kernel's has it
	idle.start()
	k.sched.idle = idle
	k.listInit(k.sym.TqContext)
	k.initWaitQueue(k.sym.ContextTaskWq)
	k.initWaitQueue(k.sym.ContextTaskDone)
	init := k.startDaemon("init", pidInit, k.initMain)
	keventd := k.startDaemon("keventd", pidKeventd, k.keventdMain)
	softirqd := k.startDaemon("ksoftirqd_CPU0", pidKsoftirqd, k.softirqdMain)
	if init == nil || keventd == nil || softirqd == nil {
		return errNoMemory
	}
	k.mem.SetU32(k.sym.ChildReaper, init.addr)
	init.Set(k.lay.Task.Session, 0) // only those that have become daemons have 1
	init.Set(k.lay.Task.Pgrp, 0)
	k.mem.SetU32(k.sym.KeventdTask, keventd.addr)
	k.mem.SetU32(k.sym.KeventdRunning, 1)
	k.mem.Set(k.sym.IRQStat, k.lay.IRQCPUStat.KsoftirqdTask, softirqd.addr)
	k.sched.softirqd = softirqd
	k.enqueue(keventd)
	keventd.Set(k.lay.Task.State, abi.TaskRunning)
	for _, t := range []*Task{keventd, softirqd} {
		k.setParent(t, init.addr)
	}
	if lay := &k.lay.Task; lay.StaticPrio.Exists {
		softirqd.Set(lay.StaticPrio, defaultPrio+19)
		softirqd.Set(lay.Prio, defaultPrio+19)
	}
	return nil
}

// replaceInit makes way for a host-driven process that is to be init, if nobody else is.
func (k *Kernel) replaceInit(pid int32) {
	if pid != pidInit {
		return
	}
	if init := k.taskAt(k.mem.U32(k.sym.ChildReaper)); init != nil && init.Pid() == pidInit && init.body != nil {
		k.becomeInit(k.sched.idle)
		k.release(init)
	}
}

// becomeInit makes a task the parent of those that have lost theirs.
func (k *Kernel) becomeInit(t *Task) {
	old := k.mem.U32(k.sym.ChildReaper)
	k.mem.SetU32(k.sym.ChildReaper, t.addr)
	for _, child := range k.everyTask() {
		if child != t && child.Get(k.lay.Task.POpptr) == old {
			k.setParent(child, t.addr)
		}
	}
}

// startDaemon makes a task of the kernel's own. It sleeps until somebody wakes it.
func (k *Kernel) startDaemon(comm string, pid int32, body func()) *Task {
	t := k.newTask(comm, pid)
	if t == nil {
		return nil
	}
	lay := &k.lay.Task
	t.Set(lay.AddrLimit, abi.KernelLimit)
	t.Set(lay.Session, 1)
	t.Set(lay.Pgrp, 1)
	t.cpu.regs[vm.ESP] = t.stackTop() - 2*wordSize
	t.cpu.eflags = eflagsIF | 2
	t.body = body
	t.start()
	t.Set(lay.State, abi.TaskInterruptible)
	return t
}

// initMain sleeps for ever.
func (k *Kernel) initMain() {
	k.forever(func() {
		k.flushSignals(k.running)
		k.running.Set(k.lay.Task.State, abi.TaskInterruptible)
		k.Schedule()
	})
}

// softirqdMain runs softirqs that were raised again while they ran, or outside of interrupts. As long as something keeps
// raising them, others go first, and time passes.
func (k *Kernel) softirqdMain() {
	c := k.ownCall("ksoftirqd")
	lay := &k.lay.Task
	k.forever(func() {
		if k.softirqPending() != 0 {
			k.doSoftirq(c)
			k.m.SetReg(vm.ESP, c.SP())
			if k.softirqPending() != 0 {
				c.yield()
				k.m.SetReg(vm.ESP, c.SP())
				return
			}
		}
		k.running.Set(lay.State, abi.TaskInterruptible)
		k.Schedule()
	})
}

// keventdMain runs what schedule_task has queued.
func (k *Kernel) keventdMain() {
	c := k.ownCall("context_thread")
	lay := &k.lay.Task
	entry := c.waitEntry()
	base := k.m.Reg(vm.ESP)
	k.forever(func() {
		k.running.Set(lay.State, abi.TaskInterruptible)
		k.enterQueue(k.sym.ContextTaskWq, entry, 0)
		if k.listEmpty(k.sym.TqContext) {
			k.Schedule()
		}
		k.leaveQueue(entry)
		k.running.Set(lay.State, abi.TaskRunning)
		c.runTaskQueue(k.sym.TqContext)
		k.m.SetReg(vm.ESP, base)
		k.wakeAny(k.sym.ContextTaskDone)
		if k.running.Get(lay.Sigpending) != 0 {
			k.flushSignals(k.running)
		}
	})
}

// ownCall is the call of a kernel function that no guest code has called: the body of a thread. Interrupts are taken at
// the slot of do_spurious_interrupt_bug, which does nothing.
func (k *Kernel) ownCall(name string) *Call {
	c := &Call{Kernel: k, Fn: &Function{Name: name}, Slot: k.functionAt("do_spurious_interrupt_bug")}
	c.regs[vm.ESP] = k.m.Reg(vm.ESP)
	return c
}

// scheduleTask models int schedule_task(struct tq_struct *task): 1 unless the entry is queued already.
//
// Context: any. The routine runs in keventd and may sleep.
func scheduleTask(c *Call) {
	c.Return(boolWord(c.Kernel.queueTask(c.Arg(0), c.Kernel.sym.TqContext)))
	c.Kernel.wakeAny(c.Kernel.sym.ContextTaskWq)
}

// queueTask is queue_task: false when the entry is on a queue already.
func (k *Kernel) queueTask(entry, queue uint32) bool {
	lay := &k.lay.TaskQueue
	sync := k.mem.Get(entry, lay.Sync)
	k.mem.Set(entry, lay.Sync, sync|1)
	if sync&1 != 0 {
		return false
	}
	flags := k.irqSave()
	k.listAddTail(entry+lay.List.Off, queue)
	k.irqRestore(flags)
	return true
}

// flushScheduledTasks models void flush_scheduled_tasks(void): waits until keventd has run what is queued now. It asks
// twice, since keventd may already be past the queue the first time.
//
// Context: process.
func flushScheduledTasks(c *Call) {
	k := c.Kernel
	entry, dummy := c.waitEntry(), k.sym.DummyTask
	k.enterQueue(k.sym.ContextTaskDone, entry, 0)
	for range 2 {
		c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
		k.queueTask(dummy, k.sym.TqContext)
		k.wakeAny(k.sym.ContextTaskWq)
		k.scheduleCall()
	}
	c.Task().Set(k.lay.Task.State, abi.TaskRunning)
	k.leaveQueue(entry)
}
