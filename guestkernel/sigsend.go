// SPDX-License-Identifier: BSD-3-Clause
// Sending signals, and what kernel threads do with their own (2.4.18 kernel/signal.c). Taking them on the way to CPL 3 is
// in signal.go.

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
)

// The second argument of send_sig_info may be no address: the signal comes from a user, or from the kernel.
const (
	infoUser   = 0
	infoKernel = 1
)

const (
	siKernel    = 0x80 // si_code SI_KERNEL
	signalCount = 64
)

func signalFunctions() []Function {
	return []Function{
		{Name: "send_sig_info", Fn: func(c *Call) { c.signalTask(c.Arg(0), c.Arg(1), c.Arg(2)) }, Level: Full},
		{Name: "send_sig", Fn: func(c *Call) { c.signalTask(c.Arg(0), boolWord(c.Arg(2) != 0), c.Arg(1)) }, Level: Full},
		{Name: "force_sig_info", Fn: func(c *Call) {
			c.forceSig(c.Arg(0), c.Arg(1), c.Arg(2))
			c.Return(0)
		}, Level: Full},
		{Name: "force_sig", Fn: func(c *Call) { c.forceSig(c.Arg(0), infoKernel, c.Arg(1)) }, Level: Full},
		{Name: "kill_proc", Fn: func(c *Call) { c.killProc(c.Arg(1), boolWord(c.Arg(2) != 0)) }, Level: Full},
		{Name: "kill_proc_info", Fn: func(c *Call) {
			c.killPid(int32(c.Arg(2)), c.Arg(0), c.Arg(1))
		}, Level: Full},
		{Name: "kill_pg", Fn: func(c *Call) { c.killGroup(c.Arg(0), c.Arg(1), boolWord(c.Arg(2) != 0)) }, Level: Full},
		{Name: "kill_pg_info", Fn: func(c *Call) { c.killGroup(c.Arg(2), c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "kill_sl", Fn: func(c *Call) { c.killSession(c.Arg(0), c.Arg(1), boolWord(c.Arg(2) != 0)) }, Level: Full},
		{Name: "kill_sl_info", Fn: func(c *Call) { c.killSession(c.Arg(2), c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "flush_signals", Fn: func(c *Call) { c.withTask(c.Kernel.flushSignals) }, Level: Full},
		{Name: "recalc_sigpending", Fn: func(c *Call) { c.withTask(c.Kernel.recalcSigpending) }, Level: Full},
		{Name: "dequeue_signal", Fn: dequeueSignal, Level: Full},
		{Name: "block_all_signals", Fn: blockAllSignals, Level: Full},
		{Name: "unblock_all_signals", Fn: unblockAllSignals, Level: Full},
	}
}

// signalTask sends a signal to the task at addr: the row's result is 0, EINVAL for a number that is none, EPERM.
func (c *Call) signalTask(signal, info, addr uint32) {
	t := c.Kernel.taskAt(addr)
	if t == nil {
		c.Fail(abi.ESRCH)
		return
	}
	c.Return(uint32(-c.Kernel.sendSignalInfo(t, signal, info)))
}

// sendSignalInfo is send_sig_info. Signal 0 only asks whether the caller may. A stop takes back a pending continue and the
// other way round; what the task ignores, or has pending already, is not entered.
func (k *Kernel) sendSignalInfo(t *Task, signal, info uint32) abi.Errno {
	switch {
	case signal > signalCount:
		return abi.EINVAL
	case !k.maySignal(t, signal, info):
		return abi.EPERM
	case signal == 0 || t.Get(k.lay.Task.Sig) == 0:
		return 0
	}
	k.settleStops(t, int(signal))
	set, bit := k.signalBit(t.addr+k.lay.Task.PendingSignal.Off, signal)
	if k.ignoresSignal(t, signal) || signal < abi.SIGRTMIN && k.mem.U32(set)&bit != 0 {
		return 0
	}
	if errno := k.queueSignal(t, signal, info); errno != 0 {
		return errno
	}
	if blocked, bit := k.signalBit(t.addr+k.lay.Task.Blocked.Off, signal); k.mem.U32(blocked)&bit == 0 {
		k.wakeForSignal(t)
	}
	return 0
}

// signalBit is the word of a sigset_t, and the bit in it, of a signal.
func (k *Kernel) signalBit(set, signal uint32) (addr, bit uint32) {
	return set + (signal-1)/32*4, 1 << ((signal - 1) % 32)
}

// maySignal tells whether the running task may send a signal (bad_signal): the kernel may, a user to his own tasks, SIGCONT
// within the session.
func (k *Kernel) maySignal(t *Task, signal, info uint32) bool {
	if info == infoKernel {
		return true
	}
	if info != infoUser && int32(k.mem.Get(info, k.lay.Siginfo.Code)) > 0 {
		return true
	}
	lay, by := &k.lay.Task, k.running
	if signal == abi.SIGCONT && by.Get(lay.Session) == t.Get(lay.Session) {
		return true
	}
	for _, own := range []abi.Field{lay.Euid, lay.Uid} {
		if v := by.Get(own); v == t.Get(lay.Suid) || v == t.Get(lay.Uid) {
			return true
		}
	}
	return by.Capable(abi.CapKill)
}

// settleStops is handle_stop_signal.
func (k *Kernel) settleStops(t *Task, signal int) {
	lay := &k.lay.Task
	drop := func(signals ...uint32) {
		for _, s := range signals {
			k.forgetSignal(t, s)
		}
	}
	switch signal {
	case abi.SIGKILL, abi.SIGCONT:
		if t.Get(lay.State) == abi.TaskStopped {
			k.Wake(t)
		}
		t.Set(lay.ExitCode, 0)
		drop(abi.SIGSTOP, abi.SIGTSTP, abi.SIGTTOU, abi.SIGTTIN)
	case abi.SIGSTOP, abi.SIGTSTP, abi.SIGTTIN, abi.SIGTTOU:
		drop(abi.SIGCONT)
	}
}

// ignoresSignal tells whether a signal would have no effect (ignored_signal). A blocked one may be unblocked later.
func (k *Kernel) ignoresSignal(t *Task, signal uint32) bool {
	if t.Get(k.lay.Task.Ptrace)&1 != 0 {
		return false
	}
	if blocked, bit := k.signalBit(t.addr+k.lay.Task.Blocked.Off, signal); k.mem.U32(blocked)&bit != 0 {
		return false
	}
	switch k.mem.U32(t.Get(k.lay.Task.Sig) + k.lay.Signal.Action.Off + (signal-1)*k.lay.KSigaction.Size) {
	case sigIgnore:
		return signal != abi.SIGCHLD
	case sigDefault:
		switch signal {
		case abi.SIGCONT, abi.SIGWINCH, abi.SIGCHLD, abi.SIGURG:
			return true
		}
	}
	return false
}

// queueSignal enters a signal with what is known about it. When too many are pending or there is no memory only the number
// is kept, or EAGAIN for a real-time signal of which more is known than that a user or the kernel sent it.
func (k *Kernel) queueSignal(t *Task, signal, info uint32) abi.Errno {
	const maxQueued = 1024 // max_queued_signals
	set, bit := k.signalBit(t.addr+k.lay.Task.PendingSignal.Off, signal)
	lay, si, q := &k.lay.Sigqueue, &k.lay.Siginfo, uint32(0)
	if k.mem.U32(k.sym.NrQueuedSignals) < maxQueued {
		q = k.Kmalloc(lay.Size, k.pages.gfp.atomic)
	}
	if q == 0 && signal >= abi.SIGRTMIN && info > infoKernel && k.mem.Get(info, si.Code) != 0 {
		return abi.EAGAIN
	}
	k.mem.SetU32(set, k.mem.U32(set)|bit)
	if q == 0 {
		return 0
	}
	k.mem.SetU32(k.sym.NrQueuedSignals, k.mem.U32(k.sym.NrQueuedSignals)+1)
	k.mem.Set(q, lay.Next, 0)
	at := q + lay.Info.Off
	if info > infoKernel {
		k.mem.Copy(at, info, si.Size)
	} else {
		k.mem.Fill(at, si.Size, 0)
		k.mem.Set(at, si.Signo, signal)
		k.mem.Set(at, si.Code, siKernel*info)
		if info == infoUser {
			k.mem.Set(at, si.Pid, uint32(k.running.Pid()))
			k.mem.Set(at, si.UID, k.running.Get(k.lay.Task.Uid))
		}
	}
	tail := t.Get(k.lay.Task.PendingTail)
	k.mem.SetU32(tail, q)
	t.Set(k.lay.Task.PendingTail, q+lay.Next.Off)
	return 0
}

// forgetSignal takes a signal out of the pending set and frees its entries.
func (k *Kernel) forgetSignal(t *Task, signal uint32) { k.collectSignal(t, signal, 0) }

// collectSignal does so and copies what is known about it to info, unless that is 0. A real-time signal loses only its
// first entry.

func (k *Kernel) collectSignal(t *Task, signal, info uint32) {
	lay, si := &k.lay.Sigqueue, &k.lay.Siginfo
	set, bit := k.signalBit(t.addr+k.lay.Task.PendingSignal.Off, signal)
	k.mem.SetU32(set, k.mem.U32(set)&^bit)
	link, found := t.addr+k.lay.Task.PendingHead.Off, false
	for q := k.mem.U32(link); q != 0; q = k.mem.U32(link) {
		if k.mem.Get(q+lay.Info.Off, si.Signo) != signal {
			link = q + lay.Next.Off
			continue
		}
		if found && signal >= abi.SIGRTMIN {
			k.mem.SetU32(set, k.mem.U32(set)|bit) // the next of its kind is still pending
			break
		}
		if !found && info != 0 {
			k.mem.Copy(info, q+lay.Info.Off, si.Size)
		}
		found = true
		k.unlinkSigqueue(t, link, q)
	}
	if !found && info != 0 {
		k.mem.Fill(info, si.Size, 0)
		k.mem.Set(info, si.Signo, signal)
	}
}

func (k *Kernel) unlinkSigqueue(t *Task, link, q uint32) {
	next := k.mem.Get(q, k.lay.Sigqueue.Next)
	k.mem.SetU32(link, next)
	if next == 0 {
		t.Set(k.lay.Task.PendingTail, link)
	}
	k.Kfree(q)
	k.mem.SetU32(k.sym.NrQueuedSignals, k.mem.U32(k.sym.NrQueuedSignals)-1)
}

// flushSigqueue forgets all pending signals of a task.
func (k *Kernel) flushSigqueue(t *Task) {
	lay := &k.lay.Task
	head := t.addr + lay.PendingHead.Off
	for q := k.mem.U32(head); q != 0; q = k.mem.U32(head) {
		k.unlinkSigqueue(t, head, q)
	}
	k.mem.SetU64(t.addr+lay.PendingSignal.Off, 0)
	t.Set(lay.PendingTail, head)
}

// flushSignals models void flush_signals(struct task_struct *t).
func (k *Kernel) flushSignals(t *Task) {
	t.Set(k.lay.Task.Sigpending, 0)
	k.flushSigqueue(t)
}

// recalcSigpending sets sigpending: a signal is pending that is not blocked.
func (k *Kernel) recalcSigpending(t *Task) {
	lay := &k.lay.Task
	ready := k.mem.U64(t.addr+lay.PendingSignal.Off) &^ k.mem.U64(t.addr+lay.Blocked.Off)
	t.Set(lay.Sigpending, boolWord(ready != 0))
}

// wakeForSignal tells a task that a signal is pending.
func (k *Kernel) wakeForSignal(t *Task) {
	t.Set(k.lay.Task.Sigpending, 1)
	if t.Get(k.lay.Task.State)&abi.TaskInterruptible != 0 {
		k.Wake(t)
	}
}

func (c *Call) forceSig(signal, info, addr uint32) {
	if t := c.Kernel.taskAt(addr); t != nil && signal >= 1 && signal <= signalCount {
		c.Kernel.forceSignalInfo(t, int(signal), info)
	}
}

// killProc sends to the process whose pid is the first argument.
func (c *Call) killProc(signal, info uint32) { c.killPid(int32(c.Arg(0)), signal, info) }

func (c *Call) killPid(pid int32, signal, info uint32) {
	if t := c.Kernel.findTask(pid); t != nil {
		c.Return(uint32(-c.Kernel.sendSignalInfo(t, signal, info)))
		return
	}
	c.Fail(abi.ESRCH)
}

// findTask is find_task_by_pid: what the pid hash says.
func (k *Kernel) findTask(pid int32) *Task {
	lay := &k.lay.Task
	for at := range k.chain("a chain of pidhash", k.mem.U32(k.pidBucket(pid)), lay.PidhashNext) {
		if int32(k.mem.Get(at, lay.Pid)) == pid {
			return k.taskAt(at)
		}
	}
	return nil
}

// killGroup sends to every process of a group: 0 when one got it, else the last error, ESRCH when there is none.
func (c *Call) killGroup(group, signal, info uint32) {
	lay := &c.Kernel.lay.Task
	c.killMany(int32(group), signal, info, func(t *Task) bool { return t.Get(lay.Pgrp) == group })
}

// killSession sends to the leader of a session.
func (c *Call) killSession(session, signal, info uint32) {
	lay := &c.Kernel.lay.Task
	c.killMany(int32(session), signal, info, func(t *Task) bool {
		return t.Get(lay.Leader) != 0 && t.Get(lay.Session) == session
	})
}

func (c *Call) killMany(id int32, signal, info uint32, member func(*Task) bool) {
	k := c.Kernel
	if id <= 0 {
		c.Fail(abi.EINVAL)
		return
	}
	errno := abi.Errno(abi.ESRCH)
	sent := false
	for _, t := range k.everyTask() {
		if !member(t) {
			continue
		}
		if errno = k.sendSignalInfo(t, signal, info); errno == 0 {
			sent = true
		}
	}
	if sent {
		errno = 0
	}
	c.Return(uint32(-errno))
}

// dequeueSignal models int dequeue_signal(sigset_t *mask, siginfo_t *info): takes the lowest pending signal of the running
// task that is not in mask; 0 when there is none, or when who blocked all signals says so.
func dequeueSignal(c *Call) {
	k, t, lay := c.Kernel, c.Task(), &c.Kernel.lay.Task
	ready := k.mem.U64(t.addr+lay.PendingSignal.Off) &^ k.mem.U64(c.Arg(0))
	signal := uint32(0)
	if ready != 0 {
		signal = uint32(bits.TrailingZeros64(ready)) + 1
		if notifier := t.Get(lay.Notifier); notifier != 0 {
			set, bit := k.signalBit(t.Get(lay.NotifierMask), signal)
			if k.mem.U32(set)&bit != 0 && k.Call(notifier, t.Get(lay.NotifierData)) == 0 {
				t.Set(lay.Sigpending, 0)
				c.Return(0)
				return
			}
		}
		k.collectSignal(t, signal, c.Arg(1))
	}
	k.recalcSigpending(t)
	c.Return(signal)
}

// blockAllSignals models void block_all_signals(int (*notifier)(void *), void *priv, sigset_t *mask): notifier is asked
// before a signal of the mask is delivered.
func blockAllSignals(c *Call) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	t.Set(lay.NotifierMask, c.Arg(2))
	t.Set(lay.NotifierData, c.Arg(1))
	t.Set(lay.Notifier, c.Arg(0))
}

// unblockAllSignals models void unblock_all_signals(void).
func unblockAllSignals(c *Call) {
	t, lay := c.Task(), &c.Kernel.lay.Task
	t.Set(lay.Notifier, 0)
	t.Set(lay.NotifierData, 0)
	c.Kernel.recalcSigpending(t)
}
