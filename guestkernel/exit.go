// SPDX-License-Identifier: BSD-3-Clause
// The end of tasks (2.4.18 kernel/exit.c do_exit).

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
	case t.Pid() == 1:
		k.Panic("Attempted to kill init!")
	}
	t.Set(lay.Flags, t.Get(lay.Flags)|abi.PFExiting)
	k.closeFiles(t)
	if mm := t.MM(); mm != 0 {
		k.m.SetCR(3, physical(k.sym.SwapperPgDir))
		t.Set(lay.Mm, 0)
		t.Set(lay.ActiveMm, k.sym.InitMM)
		k.putMM(mm)
	}
	t.Set(lay.ExitCode, code)
	t.Set(lay.State, abi.TaskZombie)
	t.dead = true
	if t.proc != nil {
		t.proc.exited(code)
	}
	t.park(evExit)
	panicf("pid %d ran after its exit", t.Pid())
}

// release frees what is left of a dead task: its place in the lists, its stack. No parent waits for it: tasks are the
// host's own so far.
func (k *Kernel) release(t *Task) {
	t.co.stop()
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
