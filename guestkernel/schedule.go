// SPDX-License-Identifier: BSD-3-Clause
// Choosing and switching tasks (2.4.18 kernel/sched.c, arch/i386/kernel/process.c __switch_to).
//
// Tasks run in the order in which they became runnable. The run queue is the host's: no module can see the real one.

package guestkernel

import (
	"slices"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// schedState is the host side of scheduling. Who may run is decided by the guest: task_struct.state.
type schedState struct {
	runnable []*Task
	idle     *Task // runs when nobody else can
	softirqd *Task // gives way to all others
}

func scheduleFunctions() []Function {
	return []Function{
		{Name: "schedule", Fn: func(c *Call) { c.Kernel.scheduleNow(c) }, Level: Full},
		{Name: "set_running_and_schedule", Fn: func(c *Call) {
			c.Task().Set(c.Kernel.lay.Task.State, abi.TaskRunning)
			c.Kernel.scheduleNow(c)
		}, Level: Full},
		{Name: "wake_up_process", Fn: wakeUpProcess, Level: Full, Conv: Regparm3},
	}
}

// wakeUpProcess models int FASTCALL(wake_up_process(struct task_struct *p)): 1 when the task was asleep.
func wakeUpProcess(c *Call) {
	t := c.Kernel.taskAt(c.Arg(0))
	if t == nil || !c.Kernel.Wake(t) {
		c.Return(0)
		return
	}
	c.Return(1)
}

// Schedule gives up the CPU: it returns when the running task has been chosen again. A task that wants to sleep sets its
// state first; one that sleeps interruptibly with a signal pending stays runnable.
func (k *Kernel) Schedule() {
	k.giveUp()
	k.sti()
}

// giveUp is Schedule but for the interrupts, which are as they were.
func (k *Kernel) giveUp() {
	t, lay := k.running, &k.lay.Task
	t.Set(lay.NeedResched, 0)
	if t.Get(lay.State) == abi.TaskInterruptible && t.Get(lay.Sigpending) != 0 {
		t.Set(lay.State, abi.TaskRunning)
	}
	if t.Get(lay.State) == abi.TaskRunning && t != k.sched.idle {
		if kept(k, func() bool { return len(k.sched.runnable) == 0 && !k.alarmRings() }) {
			return
		}
		k.enqueue(t)
	}
	k.switchOut(t)
}

// scheduleCall is schedule() on behalf of modelled code: not for interrupt handlers and bottom halves.
func (k *Kernel) scheduleCall() {
	k.mayNotSchedule()
	k.Schedule()
}

// scheduleNow is schedule() called by the guest: there is nothing else to do in c.
func (k *Kernel) scheduleNow(c *Call) {
	k.mayNotSchedule()
	k.parkedIn(c, func(*Call) { k.sti() })
}

func (k *Kernel) mayNotSchedule() {
	if k.inInterrupt() {
		const line = 866 // not measured
		k.Printk("Scheduling in interrupt\n")
		k.bug("schedule", "sched.c", line)
	}
}

// yield lets a little time pass and gives others a chance: modelled code that waits in a loop executes nothing by itself.
func (c *Call) yield() {
	const cycles = 1000
	c.delay(cycles)
	c.Kernel.scheduleCall()
}

// mayWake tells whether anything is left that can make a task run again, or that somebody wants to see.
func (k *Kernel) mayWake() bool {
	if k.sched.idle == nil {
		return false
	}
	return k.softirqPending() != 0 || k.pic.ready()&^1 != 0 || !k.alarmIsOver() || k.timersPending() ||
		!k.listEmpty(k.sym.TqTimer) // what the next tick runs
}

// leaveIdle makes the idle task give back control, at the end of an interrupt that left it nothing to wait for; and any
// task, when the time is over that the host lets pass.
func (k *Kernel) leaveIdle() {
	t := k.running
	if t == k.sched.idle && !k.mayWake() || k.alarmRings() {
		t.Set(k.lay.Task.NeedResched, 1)
	}
}

// tickTask takes a tick off the running task's time slice. At its end, and at once for the idle task and ksoftirqd, others
// that can run are to go first.
func (k *Kernel) tickTask() {
	t, lay := k.running, &k.lay.Task
	if !lay.TimeSlice.Exists {
		return
	}
	others := len(k.sched.runnable) != 0
	if t == k.sched.idle || t == k.sched.softirqd {
		if others {
			t.Set(lay.NeedResched, 1)
		}
		return
	}
	left := t.Get(lay.TimeSlice)
	if left > 1 {
		t.Set(lay.TimeSlice, left-1)
		return
	}
	t.Set(lay.TimeSlice, uint32(k.profile.HZ)*timeSliceMs/1000)
	if others {
		t.Set(lay.NeedResched, 1)
	}
}

// timeSliceMs is how long a task of normal priority runs before others do.
const timeSliceMs = 150

// switchOut saves the running task, parks it and loads it again when it is resumed.
func (k *Kernel) switchOut(t *Task) {
	k.saveFPU(t)
	tape := k.m.tape
	if tape.begins(tapePark) {
		return
	}
	if t.stand.redo != nil {
		t.reached()
	} else {
		k.save(t)
		t.park(evSwitch)
	}
	k.load(t)
	tape.ends()
}

// saveFPU keeps the FPU's state of a task that has used it since it was switched to (unlazy_fpu). The guest's
// math_state_restore is the other half: load arranges for #NM at the next use.
func (k *Kernel) saveFPU(t *Task) {
	flags := t.Get(k.lay.Task.Flags)
	if flags&abi.PFUsedFPU == 0 {
		return
	}
	k.Call(k.stub("save_fpu"), t.addr)
	t.Set(k.lay.Task.Flags, flags&^abi.PFUsedFPU)
}

// Wake makes a task runnable. It reports whether the task was not.
func (k *Kernel) Wake(t *Task) bool {
	if t.dead || t.Get(k.lay.Task.State) == abi.TaskRunning {
		return false
	}
	t.Set(k.lay.Task.State, abi.TaskRunning)
	if t == k.running {
		return false
	}
	k.enqueue(t)
	if now := k.running; now != nil && (now == k.sched.idle || now == k.sched.softirqd) {
		now.Set(k.lay.Task.NeedResched, 1)
	}
	return true
}

// enqueue puts a task at the end of the run queue, unless it is there or runs.
func (k *Kernel) enqueue(t *Task) {
	if !slices.Contains(k.sched.runnable, t) {
		k.sched.runnable = append(k.sched.runnable, t)
	}
}

// pick takes the next task off the run queue; nil when it is empty.
func (k *Kernel) pick() *Task {
	if len(k.sched.runnable) == 0 {
		return nil
	}
	t := k.sched.runnable[0]
	k.sched.runnable = slices.Delete(k.sched.runnable, 0, 1)
	return t
}

// save stores the CPU into the task.
func (k *Kernel) save(t *Task) {
	t.cpu = cpuState{regs: k.registers(), eip: k.m.EIP(), eflags: k.m.Eflags()}
	for s := range t.cpu.seg {
		t.cpu.seg[s] = k.m.Selector(s)
	}
	t.Set(k.lay.Task.ThreadEsp, k.m.Reg(vm.ESP))
	t.Set(k.lay.Task.ThreadEip, k.m.EIP())
}

// load makes a task the current one: registers, address space, ring-0 stack. Registers go last: page tables and TSS are
// reached through the memory of whoever ran before.
func (k *Kernel) load(t *Task) {
	if mm := t.MM(); mm != 0 {
		k.useMM(mm)
	}
	if cr0 := k.m.CR(0); cr0&vm.CR0TS == 0 {
		k.m.SetCR(0, cr0|vm.CR0TS)
	}
	k.mem.Set(k.sym.InitTSS, k.lay.TSS.Esp0, t.Get(k.lay.Task.ThreadEsp0))
	for s, sel := range t.cpu.seg {
		if k.m.Selector(s) != sel {
			k.m.LoadSegment(s, sel)
		}
	}
	k.setRegisters(t.cpu.regs)
	k.m.SetEflags(t.cpu.eflags)
	k.m.SetEIP(t.cpu.eip)
}

// useMM loads CR3 for an address space, unless it is loaded.
func (k *Kernel) useMM(mm uint32) {
	if cr3 := physical(k.mem.Get(mm, k.lay.MM.Pgd)); k.m.CR(3) != cr3 {
		k.m.SetCR(3, cr3)
	}
}

// dequeue takes a task off the run queue.
func (k *Kernel) dequeue(t *Task) {
	k.sched.runnable = slices.DeleteFunc(k.sched.runnable, func(other *Task) bool { return other == t })
}
