// SPDX-License-Identifier: BSD-3-Clause
// Signals as far as they end processes (2.4.18 kernel/signal.c, arch/i386/kernel/signal.c).

package guestkernel

import (
	"fmt"
	"math/bits"

	"ring0/guestkernel/abi"
)

// forceSignal makes a signal pending that the task can neither block nor ignore (force_sig).
func (k *Kernel) forceSignal(t *Task, signal int) {
	lay := &k.lay.Task
	blocked := t.addr + lay.Blocked.Off + uint32(signal-1)/32*4
	k.mem.SetU32(blocked, k.mem.U32(blocked)&^(1<<((signal-1)%32)))
	if sig := t.Get(lay.Sig); sig != 0 {
		action := sig + k.lay.Signal.Action.Off + uint32(signal-1)*k.lay.KSigaction.Size
		if k.mem.U32(action) == sigIgnore {
			k.mem.SetU32(action, sigDefault)
		}
	}
	k.sendSignal(t, signal)
}

// sendSignal makes a signal pending and wakes a task that sleeps interruptibly.
func (k *Kernel) sendSignal(t *Task, signal int) {
	lay := &k.lay.Task
	set := t.addr + lay.PendingSignal.Off + uint32(signal-1)/32*4
	k.mem.SetU32(set, k.mem.U32(set)|1<<((signal-1)%32))
	t.Set(lay.Sigpending, 1)
	if t.Get(lay.State) == abi.TaskInterruptible {
		k.Wake(t)
	}
}

// Values of a signal action's handler.
const (
	sigDefault = 0
	sigIgnore  = 1
)

// doSignal models int do_signal(struct pt_regs *regs, sigset_t *oldset): the lowest pending signal that is not blocked takes
// its default action. A handler in user space stops the run by name: the frame it needs is not written.
func doSignal(c *Call) {
	k, t := c.Kernel, c.Kernel.running
	for {
		signal := k.takeSignal(t)
		if signal == 0 {
			c.Return(0)
			return
		}
		handler := uint32(sigDefault)
		if sig := t.Get(k.lay.Task.Sig); sig != 0 {
			handler = k.mem.U32(sig + k.lay.Signal.Action.Off + uint32(signal-1)*k.lay.KSigaction.Size)
		}
		switch {
		case handler == sigIgnore, handler == sigDefault && ignoredByDefault(signal):
		case handler == sigDefault:
			t.Set(k.lay.Task.Flags, t.Get(k.lay.Task.Flags)|abi.PFSignaled)
			k.exit(uint32(signal))
		default:
			k.stop(Outcome{Kind: Missing, Reason: fmt.Sprintf("handler %08x for signal %d: frames of signal handlers are not written", handler, signal)})
		}
	}
}

// takeSignal removes the lowest deliverable signal from the pending set, 0 when there is none, and updates sigpending.
func (k *Kernel) takeSignal(t *Task) (signal int) {
	lay := &k.lay.Task
	more := uint32(0)
	for word := range uint32(2) {
		at := t.addr + lay.PendingSignal.Off + 4*word
		set := k.mem.U32(at)
		ready := set &^ k.mem.U32(t.addr+lay.Blocked.Off+4*word)
		if signal == 0 && ready != 0 {
			signal = int(word)*32 + bits.TrailingZeros32(ready) + 1
			k.forgetSignal(t, uint32(signal))
			ready = k.mem.U32(at) &^ k.mem.U32(t.addr+lay.Blocked.Off+4*word)
		}
		more |= ready
	}
	t.Set(lay.Sigpending, min(more, 1))
	return signal
}

// ignoredByDefault lists the signals that do nothing unless handled. Those that stop a task are treated likewise: job
// control needs a terminal.
func ignoredByDefault(signal int) bool {
	switch signal {
	case abi.SIGCONT, abi.SIGCHLD, abi.SIGWINCH, abi.SIGURG, abi.SIGSTOP, abi.SIGTSTP, abi.SIGTTIN, abi.SIGTTOU:
		return true
	}
	return false
}
