// SPDX-License-Identifier: BSD-3-Clause
// Signals on their way to a task at CPL 3 (2.4.18 kernel/signal.c, arch/i386/kernel/signal.c). Frames of handlers are in
// sigframe.go, the system calls in sigcalls.go.

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
)

// forceSignal makes a signal pending that the task can neither block nor ignore (force_sig).
func (k *Kernel) forceSignal(t *Task, signal int) { k.forceSignalInfo(t, signal, infoKernel) }

// forceFault does so for a fault: code says of which kind, addr is the address or the instruction.
func (k *Kernel) forceFault(t *Task, signal int, code, addr uint32) {
	info := k.newSiginfo(uint32(signal), code, addr, 0)
	k.forceSignalInfo(t, signal, info)
	if info != infoKernel {
		k.Kfree(info)
	}
}

// newSiginfo makes a siginfo with two words behind the code; without memory it says only that the kernel sent the signal.
func (k *Kernel) newSiginfo(signal, code, first, second uint32) uint32 {
	si := &k.lay.Siginfo
	info := k.Kmalloc(si.Size, k.pages.gfp.atomic)
	if info == 0 {
		return infoKernel
	}
	k.mem.Fill(info, si.Size, 0)
	k.mem.Set(info, si.Signo, signal)
	k.mem.Set(info, si.Code, code)
	k.mem.SetU32(info+si.Pid.Off, first)
	k.mem.SetU32(info+si.Pid.Off+wordSize, second)
	return info
}

// forceSignalInfo is force_sig_info.
func (k *Kernel) forceSignalInfo(t *Task, signal int, info uint32) {
	lay := &k.lay.Task
	blocked := t.addr + lay.Blocked.Off + uint32(signal-1)/32*4
	k.mem.SetU32(blocked, k.mem.U32(blocked)&^(1<<((signal-1)%32)))
	if sig := t.Get(lay.Sig); sig != 0 {
		action := sig + k.lay.Signal.Action.Off + uint32(signal-1)*k.lay.KSigaction.Size
		if k.mem.U32(action) == sigIgnore {
			k.mem.SetU32(action, sigDefault)
		}
	}
	k.sendSignalInfo(t, uint32(signal), info)
}

// Values of a signal action's handler.
const (
	sigDefault = 0
	sigIgnore  = 1
)

// doSignal models int do_signal(struct pt_regs *regs, sigset_t *oldset): 1 when a handler is going to run.
func doSignal(c *Call) {
	k, f, blocked := c.Kernel, c.Kernel.Frame(c.Arg(0)), c.Arg(1)
	if blocked == 0 {
		blocked = k.running.addr + k.lay.Task.Blocked.Off
	}
	c.Return(1)
	if f.User() {
		c.Return(boolWord(c.deliverSignals(f, k.mem.U64(blocked))))
	}
}

// deliverSignals takes the pending signals that are not blocked, lowest first, on the way to CPL 3, until there is none left
// or one has a handler, which is going to run with blocked as the set to go back to. A system call that a signal has
// interrupted is made again when there was no handler.
func (c *Call) deliverSignals(f Frame, blocked uint64) (handled bool) {
	k, t, regs := c.Kernel, c.Kernel.running, &c.Kernel.lay.PtRegs
	info := c.Alloca(k.lay.Siginfo.Size)
	for {
		signal := k.takeSignal(t, info)
		if signal == 0 {
			break
		}
		handler := uint32(sigDefault)
		if t.Get(k.lay.Task.Sig) != 0 {
			handler = k.mem.Get(k.actionOf(t, uint32(signal)), k.lay.KSigaction.Handler)
		}
		switch {
		case handler == sigIgnore && signal == abi.SIGCHLD:
			c.reapAll()
		case handler == sigIgnore:
		case handler == sigDefault:
			c.defaultAction(t, signal)
		default:
			c.handleSignal(f, uint32(signal), info, blocked)
			return true
		}
	}
	if int32(f.Get(regs.OrigEax)) >= 0 && isRestart(f.Get(regs.Eax)) {
		f.restartCall()
	}
	return false
}

// isRestart tells the results of interrupted system calls that are to be made again.
func isRestart(eax uint32) bool {
	switch abi.Errno(-int32(eax)) {
	case abi.ERESTARTNOHAND, abi.ERESTARTSYS, abi.ERESTARTNOINTR:
		return true
	}
	return false
}

// restartCall makes the interrupted code execute its int $0x80 again.
func (f Frame) restartCall() {
	regs := &f.k.lay.PtRegs
	f.Set(regs.Eax, f.Get(regs.OrigEax))
	f.SetEIP(f.EIP() - intLen)
}

// reapAll buries all children that have ended: who ignores SIGCHLD does not wait for them.
func (c *Call) reapAll() {
	k, t := c.Kernel, c.Task()
	for child, _ := k.childToWaitFor(t, -1, 0); child != nil; child, _ = k.childToWaitFor(t, -1, 0) {
		k.collectChild(child, 0, 0)
	}
}

// defaultAction is what a signal without a handler does: nothing, stop, or the end. init gets none it does not want. There
// are no core files: RLIMIT_CORE is 0.
func (c *Call) defaultAction(t *Task, signal int) {
	k := c.Kernel
	if t.Pid() == pidInit {
		return
	}
	switch signal {
	case abi.SIGCONT, abi.SIGCHLD, abi.SIGWINCH, abi.SIGURG:
	case abi.SIGTSTP, abi.SIGTTIN, abi.SIGTTOU:
		if !k.isOrphanedGroup(t.Get(k.lay.Task.Pgrp)) {
			c.stopTask(t, signal)
		}
	case abi.SIGSTOP:
		c.stopTask(t, signal)
	default:
		set, bit := k.signalBit(t.addr+k.lay.Task.PendingSignal.Off, uint32(signal))
		k.mem.SetU32(set, k.mem.U32(set)|bit)
		k.recalcSigpending(t)
		t.Set(k.lay.Task.Flags, t.Get(k.lay.Task.Flags)|abi.PFSignaled)
		k.exit(uint32(signal))
	}
}

// stopTask stops the running task until SIGCONT or SIGKILL. Its parent learns of it unless it does not care.
func (c *Call) stopTask(t *Task, signal int) {
	const noChildStop = 1 // SA_NOCLDSTOP
	k, lay := c.Kernel, &c.Kernel.lay.Task
	t.Set(lay.State, abi.TaskStopped)
	t.Set(lay.ExitCode, uint32(signal))
	if parent := k.taskAt(t.Get(lay.PPptr)); parent != nil && parent.Get(lay.Sig) != 0 &&
		k.mem.Get(k.actionOf(parent, abi.SIGCHLD), k.lay.KSigaction.Flags)&noChildStop == 0 {
		k.notifyParent(t, abi.SIGCHLD)
	}
	k.scheduleCall()
}

// isOrphanedGroup tells whether no process of a group has a parent in another group of the same session: then nobody could
// continue it.
func (k *Kernel) isOrphanedGroup(group uint32) bool {
	lay := &k.lay.Task
	for _, t := range k.everyTask() {
		parent := t.Get(lay.PPptr)
		if t.Get(lay.Pgrp) != group || t.dead || k.mem.Get(parent, lay.Pid) == pidInit {
			continue
		}
		if k.mem.Get(parent, lay.Pgrp) != group && k.mem.Get(parent, lay.Session) == t.Get(lay.Session) {
			return false
		}
	}
	return true
}

// actionOf is the address of a task's action for a signal.
func (k *Kernel) actionOf(t *Task, signal uint32) uint32 {
	return t.Get(k.lay.Task.Sig) + k.lay.Signal.Action.Off + (signal-1)*k.lay.KSigaction.Size
}

// takeSignal removes the lowest deliverable signal from the pending set, 0 when there is none, and updates sigpending. What
// is known about it is put at info.
func (k *Kernel) takeSignal(t *Task, info uint32) (signal int) {
	lay := &k.lay.Task
	ready := k.mem.U64(t.addr+lay.PendingSignal.Off) &^ k.mem.U64(t.addr+lay.Blocked.Off)
	if ready != 0 {
		signal = bits.TrailingZeros64(ready) + 1
		k.collectSignal(t, uint32(signal), info)
	}
	k.recalcSigpending(t)
	return signal
}
