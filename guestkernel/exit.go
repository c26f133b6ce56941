// SPDX-License-Identifier: BSD-3-Clause
// The end of tasks (2.4.18 kernel/exit.c do_exit, exit_notify, release_task). Waiting for it is in wait.go.

package guestkernel

import (
	"slices"

	"ring0/guestkernel/abi"
)

// exit ends the running task: code is the status as wait4 reports it. It does not return. A task that dies in an interrupt,
// the idle task and init take the machine with them.
func (k *Kernel) exit(code uint32) {
	t, lay := k.running, &k.lay.Task
	switch {
	case k.inInterrupt():
		k.Panic("Aiee, killing interrupt handler!")
	case t.Pid() == 0:
		k.Panic("Attempted to kill the idle task!")
	case t.Pid() == pidInit:
		k.Panic("Attempted to kill init!")
	}
	t.Set(lay.Flags, t.Get(lay.Flags)|abi.PFExiting)
	k.stopAlarm(t)
	k.leaveMM(t)
	k.closeFiles(t)
	k.exitFiles(t)
	k.exitFs(t)
	k.exitSighand(t)
	if t.Get(lay.Leader) != 0 {
		(&Call{Kernel: k}).leaveTerminal(true)
	}
	t.Set(lay.ExitCode, code)
	t.Set(lay.State, abi.TaskZombie)
	t.dead = true
	switch {
	case t.proc != nil:
		t.proc.exited(code)
	case t.program != nil:
		t.program.exited(code)
	}
	k.exitNotify(t)
	t.park(evExit)
	panicf("pid %d ran after its exit", t.Pid())
}

// leaveMM gives up the running task's address space (exit_mm): who waits for it in vfork goes on.
func (k *Kernel) leaveMM(t *Task) {
	k.vforkDone(t)
	mm := t.MM()
	if mm == 0 {
		return
	}
	k.m.SetCR(3, physical(k.sym.SwapperPgDir))
	t.Set(k.lay.Task.Mm, 0)
	t.Set(k.lay.Task.ActiveMm, k.sym.InitMM)
	k.putMM(mm)
}

// exitNotify gives the children to init and tells the parent.
func (k *Kernel) exitNotify(t *Task) {
	lay := &k.lay.Task
	k.orphan(t)
	if signal := t.Get(lay.ExitSignal); signal != 0 {
		// A signal of one's own choice is only for the parent that the task was made by.
		if signal != abi.SIGCHLD && (t.Get(lay.ParentExecId) != t.Get(lay.SelfExecId) || !t.Capable(abi.CapKill)) {
			t.Set(lay.ExitSignal, abi.SIGCHLD)
		}
	}
	k.notifyParent(t, t.Get(lay.ExitSignal))
}

// Values of si_code for SIGCHLD.
const (
	childExited  = 0x40001 // CLD_EXITED
	childKilled  = 0x40002 // CLD_KILLED
	childDumped  = 0x40003 // CLD_DUMPED
	childStopped = 0x40005 // CLD_STOPPED
)

// notifyParent is do_notify_parent: the signal with what became of the child, and whoever waits for it wakes.
func (k *Kernel) notifyParent(t *Task, signal uint32) {
	lay := &k.lay.Task
	parent := k.taskAt(t.Get(lay.PPptr))
	if parent == nil {
		return
	}
	if signal != 0 && parent.Get(lay.Sig) != 0 {
		k.signalChild(t, parent, signal)
	}
	k.wakeQueue(parent.addr+lay.WaitChldexit.Off, abi.TaskInterruptible, 1)
}

// signalChild sends the parent a signal that says how the child stopped or ended.
func (k *Kernel) signalChild(t, parent *Task, signal uint32) {
	si, status := &k.lay.Siginfo, t.Get(k.lay.Task.ExitCode)
	code, value := uint32(childExited), status>>8
	switch {
	case t.Get(k.lay.Task.State) == abi.TaskStopped:
		code, value = childStopped, status>>8
	case status&0x80 != 0:
		code, value = childDumped, status&0x7f
	case status&0x7f != 0:
		code, value = childKilled, status&0x7f
	}
	const statusOff = 2 * wordSize // behind pid and uid
	info := k.newSiginfo(signal, code, uint32(t.Pid()), t.Get(k.lay.Task.Uid))
	if info != infoKernel {
		k.mem.SetU32(info+si.Pid.Off+statusOff, value)
		defer k.Kfree(info)
	}
	k.sendSignalInfo(parent, signal, info)
}

// awaited tells whether a dead task stays as a zombie: its parent is a program, which can wait for it. Those of the kernel
// and of the host are gone at once.
func (k *Kernel) awaited(t *Task) bool {
	if t.proc != nil {
		return false
	}
	parent := k.taskAt(t.Get(k.lay.Task.PPptr))
	return parent != nil && !parent.dead && (parent.isProgram() || t.forked && parent.proc != nil)
}

// isProgram tells whether a task runs a program of its own: it is neither the kernel's nor the host's.
func (t *Task) isProgram() bool { return t.body == nil && t.proc == nil && t.Pid() != 0 }

// release frees what is left of a dead task: its place in the lists, its stack.
func (k *Kernel) release(t *Task) {
	k.endStack(t.co)
	k.orphan(t)
	k.exitSighand(t)
	k.exitFs(t)
	k.exitFiles(t)
	k.unlinkTask(t)
	k.tasks = slices.DeleteFunc(k.tasks, func(other *Task) bool { return other == t })
	k.FreePages(t.addr, 1)
}

// inInterrupt is in_interrupt(): an interrupt handler or a bottom half runs.
func (k *Kernel) inInterrupt() bool {
	lay := &k.lay.IRQCPUStat
	return k.mem.Get(k.sym.IRQStat, lay.LocalIRQCount)+k.mem.Get(k.sym.IRQStat, lay.LocalBHCount) != 0
}
