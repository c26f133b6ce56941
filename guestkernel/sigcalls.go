// SPDX-License-Identifier: BSD-3-Clause
// The system calls about signals (2.4.18 kernel/signal.c, arch/i386/kernel/signal.c, kernel/timer.c sys_alarm).

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

const (
	sigsetSize  = 8
	unblockable = 1<<(abi.SIGKILL-1) | 1<<(abi.SIGSTOP-1)
)

func signalCallFunctions() []Function {
	return []Function{
		{Name: "sys_kill", Fn: sysKill, Level: Full},
		{Name: "sys_tkill", Fn: sysTkill, Level: Full},
		{Name: "sys_pause", Fn: sysPause, Level: Full},
		{Name: "sys_signal", Fn: sysSignal, Level: Full},
		{Name: "sys_sigaction", Fn: sysSigaction, Level: Full},
		{Name: "sys_rt_sigaction", Fn: sysRtSigaction, Level: Full},
		{Name: "sys_sigprocmask", Fn: func(c *Call) { c.sigprocmask(4) }, Level: Full},
		{Name: "sys_rt_sigprocmask", Fn: func(c *Call) { c.sizedSigset(3, func() { c.sigprocmask(sigsetSize) }) }, Level: Full},
		{Name: "sys_sigpending", Fn: func(c *Call) { c.sigpending(4) }, Level: Full},
		{Name: "sys_rt_sigpending", Fn: func(c *Call) { c.sigpending(c.Arg(1)) }, Level: Full},
		{Name: "sys_sigsuspend", Fn: func(c *Call) { c.sigsuspend(uint64(c.Arg(2))) }, Level: Full},
		{Name: "sys_rt_sigsuspend", Fn: sysRtSigsuspend, Level: Full},
		{Name: "sys_sigaltstack", Fn: func(c *Call) {
			c.Return(uint32(-c.Kernel.sigaltstack(c.Arg(0), c.Arg(1), c.Kernel.Frame(c.ArgAddr(0)).ESP())))
		}, Level: Full},
		{Name: "sys_sgetmask", Fn: func(c *Call) { c.Return(uint32(c.blocked())) }, Level: Full},
		{Name: "sys_ssetmask", Fn: func(c *Call) {
			old := c.blocked()
			c.Kernel.block(c.Task(), uint64(c.Arg(0))&^unblockable)
			c.Return(uint32(old))
		}, Level: Full},
		{Name: "sys_sigreturn", Fn: func(c *Call) {
			f := c.Kernel.Frame(c.ArgAddr(0))
			c.sigreturn(f, f.ESP()-8, frameContext, frameMask, true) // the handler's return and the code have popped two words
		}, Level: Full},
		{Name: "sys_rt_sigreturn", Fn: func(c *Call) {
			f := c.Kernel.Frame(c.ArgAddr(0))
			c.sigreturn(f, f.ESP()-4, rtContext, rtMask, false)
		}, Level: Full},
		{Name: "sys_alarm", Fn: sysAlarm, Level: Full},
		{Name: "it_real_fn", Fn: itRealFn, Level: Full},
	}
}

func (c *Call) blocked() uint64 {
	return c.Kernel.mem.U64(c.Task().addr + c.Kernel.lay.Task.Blocked.Off)
}

// sysKill models long sys_kill(int pid, int sig): one process; with 0 the caller's group, with -1 everybody but init and the
// caller, below that another group.
func sysKill(c *Call) {
	k, pid, signal := c.Kernel, int32(c.Arg(0)), c.Arg(1)
	switch {
	case pid > 0:
		c.killPid(pid, signal, infoUser)
	case pid == 0:
		c.killGroup(c.Task().Get(k.lay.Task.Pgrp), signal, infoUser)
	case pid == -1:
		c.killEverybody(signal)
	default:
		c.killGroup(uint32(-pid), signal, infoUser)
	}
}

// killEverybody is kill(-1): 0, or the last error that is not EPERM.
func (c *Call) killEverybody(signal uint32) {
	count, result := 0, abi.Errno(0)
	for _, t := range c.Kernel.tasks {
		if t.Pid() <= pidInit || t == c.Task() {
			continue
		}
		count++
		if errno := c.Kernel.sendSignalInfo(t, signal, infoUser); errno != abi.EPERM {
			result = errno
		}
	}
	if count == 0 {
		result = abi.ESRCH
	}
	c.Return(uint32(-result))
}

// sysTkill models long sys_tkill(int pid, int sig).
func sysTkill(c *Call) {
	if int32(c.Arg(0)) <= 0 {
		c.Fail(abi.EINVAL)
		return
	}
	c.killPid(int32(c.Arg(0)), c.Arg(1), infoUser)
}

// sysPause models long sys_pause(void).
func sysPause(c *Call) {
	c.Task().Set(c.Kernel.lay.Task.State, abi.TaskInterruptible)
	c.Kernel.scheduleCall()
	c.Fail(abi.ERESTARTNOHAND)
}

// A sigaction is a signal's action as programs give it.
type sigaction struct {
	handler, flags, restorer uint32
	mask                     uint64
}

// setAction is do_sigaction: the action changes unless set is nil; the old one comes back. A pending signal that is now
// ignored goes.
func (k *Kernel) setAction(signal uint32, set *sigaction) (old sigaction, errno abi.Errno) {
	if signal < 1 || signal > signalCount || set != nil && (signal == abi.SIGKILL || signal == abi.SIGSTOP) {
		return old, abi.EINVAL
	}
	t, lay := k.running, &k.lay.KSigaction
	at := k.actionOf(t, signal)
	old = sigaction{k.mem.Get(at, lay.Handler), k.mem.Get(at, lay.Flags), k.mem.Get(at, lay.Restorer), k.mem.U64(at + lay.Mask.Off)}
	if set == nil {
		return old, 0
	}
	k.mem.Set(at, lay.Handler, set.handler)
	k.mem.Set(at, lay.Flags, set.flags)
	k.mem.Set(at, lay.Restorer, set.restorer)
	k.mem.SetU64(at+lay.Mask.Off, set.mask&^unblockable)
	ignored := set.handler == sigIgnore
	if set.handler == sigDefault {
		switch signal {
		case abi.SIGCONT, abi.SIGCHLD, abi.SIGWINCH, abi.SIGURG:
			ignored = true
		}
	}
	if ignored {
		k.forgetSignal(t, signal)
		k.recalcSigpending(t)
	}
	return old, 0
}

// sysSignal models unsigned long sys_signal(int sig, __sighandler_t handler): the old handler.
func sysSignal(c *Call) {
	old, errno := c.Kernel.setAction(c.Arg(0), &sigaction{handler: c.Arg(1), flags: saOneShot | saNoDefer})
	if c.Return(old.handler); errno != 0 {
		c.Fail(errno)
	}
}

// sysSigaction models int sys_sigaction(int sig, const struct old_sigaction *act, struct old_sigaction *oact): masks of 32
// signals, in another order of fields.
func sysSigaction(c *Call) {
	c.sigaction(16, func(b []byte) sigaction {
		word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
		return sigaction{word(0), word(2), word(3), uint64(word(1))}
	}, func(a sigaction) []byte { return words(a.handler, uint32(a.mask), a.flags, a.restorer) })
}

// sysRtSigaction models long sys_rt_sigaction(int sig, const struct sigaction *act, struct sigaction *oact, size_t
// sigsetsize).
func sysRtSigaction(c *Call) {
	c.sizedSigset(3, func() {
		c.sigaction(20, func(b []byte) sigaction {
			word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
			return sigaction{word(0), word(1), word(2), binary.LittleEndian.Uint64(b[12:])}
		}, func(a sigaction) []byte {
			return words(a.handler, a.flags, a.restorer, uint32(a.mask), uint32(a.mask>>32))
		})
	})
}

// words are little-endian words as bytes.
func words(w ...uint32) (b []byte) {
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// sigaction reads the new action, sets it, and writes the old one.
func (c *Call) sigaction(size int, decode func([]byte) sigaction, encode func(sigaction) []byte) {
	k, act, oact := c.Kernel, c.Arg(1), c.Arg(2)
	var set *sigaction
	if act != 0 {
		b := make([]byte, size)
		if k.CopyFromUser(b, act) != 0 {
			c.Fail(abi.EFAULT)
			return
		}
		a := decode(b)
		set = &a
	}
	old, errno := k.setAction(c.Arg(0), set)
	c.Return(uint32(-errno))
	if errno == 0 && oact != 0 && k.CopyToUser(oact, encode(old)) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// sizedSigset does what a call does whose argument i says how large a sigset_t is.
func (c *Call) sizedSigset(i int, do func()) {
	if c.Arg(i) != sigsetSize {
		c.Fail(abi.EINVAL)
		return
	}
	do()
}

// sigprocmask models long sys_rt_sigprocmask(int how, sigset_t *set, sigset_t *oset, size_t sigsetsize), and the older one
// for the first 32 signals, whose size is 4.
func (c *Call) sigprocmask(size uint32) {
	const block, unblock, setMask = 0, 1, 2
	k, how, set, oset := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	old := c.blocked()
	c.Return(0)
	if set != 0 {
		var b [sigsetSize]byte
		if k.CopyFromUser(b[:size], set) != 0 {
			c.Fail(abi.EFAULT)
			return
		}
		given := binary.LittleEndian.Uint64(b[:]) &^ unblockable
		now := old
		switch how {
		case block:
			now |= given
		case unblock:
			now &^= given
		case setMask:
			if now = given; size == 4 {
				now |= old >> 32 << 32
			}
		default:
			c.Fail(abi.EINVAL)
			return
		}
		k.block(c.Task(), now)
	}
	if oset != 0 && k.CopyToUser(oset, words(uint32(old), uint32(old>>32))[:size]) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// sigpending models long sys_rt_sigpending(sigset_t *set, size_t sigsetsize): what is pending and blocked.
func (c *Call) sigpending(size uint32) {
	k := c.Kernel
	if size > sigsetSize {
		c.Fail(abi.EINVAL)
		return
	}
	pending := k.mem.U64(c.Task().addr+k.lay.Task.PendingSignal.Off) & c.blocked()
	c.Return(0)
	if k.CopyToUser(c.Arg(0), words(uint32(pending), uint32(pending>>32))[:size]) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// sysRtSigsuspend models int sys_rt_sigsuspend(sigset_t *unewset, size_t sigsetsize).
func sysRtSigsuspend(c *Call) {
	c.sizedSigset(1, func() {
		var b [sigsetSize]byte
		if c.Kernel.CopyFromUser(b[:], c.Arg(0)) != 0 {
			c.Fail(abi.EFAULT)
			return
		}
		c.sigsuspend(binary.LittleEndian.Uint64(b[:]))
	})
}

// sigsuspend waits with another set of blocked signals until a handler is going to run, which goes back to the old set.
func (c *Call) sigsuspend(set uint64) {
	k, f, old := c.Kernel, c.Kernel.Frame(c.ArgAddr(0)), c.blocked()
	k.block(c.Task(), set&^unblockable)
	f.Set(k.lay.PtRegs.Eax, errWord(abi.EINTR))
	for {
		c.Task().Set(k.lay.Task.State, abi.TaskInterruptible)
		k.scheduleCall()
		if c.deliverSignals(f, old) {
			c.Fail(abi.EINTR)
			// The handler's EAX is the frame's: system_call stores the result there.
			return
		}
	}
}

// altStackState is sas_ss_flags: whether there is a stack for signals, and esp is on it.
func (k *Kernel) altStackState(esp uint32) uint32 {
	const onStack, disabled = 1, 2
	base, size := k.running.Get(k.lay.Task.SasSsSp), k.running.Get(k.lay.Task.SasSsSize)
	switch {
	case size == 0:
		return disabled
	case esp-base < size:
		return onStack
	}
	return 0
}

// putStack writes a stack_t that says which stack for signals there is.
func (k *Kernel) putStack(b []byte, f Frame) {
	copy(b, words(k.running.Get(k.lay.Task.SasSsSp), k.altStackState(f.ESP()), k.running.Get(k.lay.Task.SasSsSize)))
}

// sigaltstack is do_sigaltstack.
func (k *Kernel) sigaltstack(set, old, esp uint32) abi.Errno {
	const stackSize, onStack, disabled, minimum = 12, 1, 2, 2048
	was := make([]byte, stackSize)
	copy(was, words(k.running.Get(k.lay.Task.SasSsSp), k.altStackState(esp), k.running.Get(k.lay.Task.SasSsSize)))
	if set != 0 {
		var b [stackSize]byte
		if k.CopyFromUser(b[:], set) != 0 {
			return abi.EFAULT
		}
		base, flags, size := binary.LittleEndian.Uint32(b[:]), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
		switch {
		case k.altStackState(esp) == onStack:
			return abi.EPERM
		case flags&^(onStack|disabled) != 0 || flags == onStack|disabled:
			return abi.EINVAL
		case flags == disabled:
			base, size = 0, 0
		case size < minimum:
			return abi.ENOMEM
		}
		k.running.Set(k.lay.Task.SasSsSp, base)
		k.running.Set(k.lay.Task.SasSsSize, size)
	}
	if old != 0 && k.CopyToUser(old, was) != 0 {
		return abi.EFAULT
	}
	return 0
}

// sysAlarm models unsigned long sys_alarm(unsigned int seconds): SIGALRM then; 0 calls it off. Returns the seconds that were
// left of the last one, rounded up to at least one.
func sysAlarm(c *Call) {
	k, t, hz := c.Kernel, c.Task(), uint32(c.Kernel.profile.HZ)
	timer := t.addr + k.lay.Task.RealTimer.Off
	left := uint32(0)
	if k.deleteTimer(timer) {
		ticks := max(int32(k.mem.Get(timer, k.lay.Timer.Expires)-k.jiffies()), 1)
		left = (uint32(ticks) + hz - 1) / hz
	}
	t.Set(k.lay.Task.ItRealIncr, 0)
	t.Set(k.lay.Task.ItRealValue, 0)
	if seconds := min(c.Arg(0), maxTimeout/hz); seconds != 0 {
		t.Set(k.lay.Task.ItRealValue, seconds*hz)
		k.mem.Set(timer, k.lay.Timer.Expires, k.jiffies()+seconds*hz)
		k.mem.Set(timer, k.lay.Timer.Data, t.addr)
		k.mem.Set(timer, k.lay.Timer.Function, k.functionAt("it_real_fn"))
		k.enterTimer(timer)
	}
	c.Return(left)
}

// itRealFn models void it_real_fn(unsigned long task): the alarm rings, and again if it is to.
func itRealFn(c *Call) {
	k, t := c.Kernel, c.Kernel.taskAt(c.Arg(0))
	if t == nil {
		return
	}
	k.sendSignalInfo(t, abi.SIGALRM, infoKernel)
	if again := t.Get(k.lay.Task.ItRealIncr); again != 0 {
		timer := t.addr + k.lay.Task.RealTimer.Off
		k.mem.Set(timer, k.lay.Timer.Expires, k.jiffies()+again)
		k.enterTimer(timer)
	}
}

// stopAlarm calls off a dying task's alarm.
func (k *Kernel) stopAlarm(t *Task) { k.deleteTimer(t.addr + k.lay.Task.RealTimer.Off) }
