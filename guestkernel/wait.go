// SPDX-License-Identifier: BSD-3-Clause
// Waiting for children (2.4.18 kernel/exit.c sys_wait4, kernel/sys.c getrusage).

package guestkernel

import "ring0/guestkernel/abi"

// Options of wait4(2).
const (
	waitNoHang   = 1
	waitStopped  = 2
	waitNoThread = 0x20000000
	waitAll      = 0x40000000
	waitClone    = 0x80000000
)

func waitChildFunctions() []Function {
	return []Function{
		{Name: "sys_wait4", Fn: func(c *Call) { c.wait4(int32(c.Arg(0)), c.Arg(1), c.Arg(2), c.Arg(3)) }, Level: Full},
		{Name: "sys_waitpid", Fn: func(c *Call) { c.wait4(int32(c.Arg(0)), c.Arg(1), c.Arg(2), 0) }, Level: Full},
		{Name: "sys_getrusage", Fn: sysGetrusage, Level: Full},
		{Name: "sys_times", Fn: sysTimes, Level: Full},
	}
}

// wait4 models asmlinkage long sys_wait4(pid_t pid, unsigned int *stat_addr, int options, struct rusage *ru): the pid of a
// child that has ended, or stopped, and its status. With WNOHANG 0 when there is none of that kind yet, ECHILD when there
// is no child to wait for.
func (c *Call) wait4(pid int32, status, options, usage uint32) {
	const known = waitNoHang | waitStopped | waitNoThread | waitAll | waitClone
	k, t, lay := c.Kernel, c.Task(), &c.Kernel.lay.Task
	if options&^uint32(known) != 0 {
		c.Fail(abi.EINVAL)
		return
	}
	entry := c.waitEntry()
	k.enterQueue(t.addr+lay.WaitChldexit.Off, entry, 0)
	for {
		t.Set(lay.State, abi.TaskInterruptible)
		child, any := k.childToWaitFor(t, pid, options)
		switch {
		case child != nil:
			c.Return(k.collectChild(child, status, usage))
		case !any:
			c.Fail(abi.ECHILD)
		case options&waitNoHang != 0:
			c.Return(0)
		case t.Get(lay.Sigpending) != 0:
			c.Fail(abi.ERESTARTSYS)
		default:
			k.scheduleCall()
			continue
		}
		break
	}
	t.Set(lay.State, abi.TaskRunning)
	k.leaveQueue(entry)
}

// childToWaitFor finds a child that has something to report, the youngest first. any is whether there is a child at all
// that pid and options mean.
func (k *Kernel) childToWaitFor(t *Task, pid int32, options uint32) (child *Task, any bool) {
	lay := &k.lay.Task
	for at := range k.chain("a list of children", t.Get(lay.PCptr), lay.POsptr) {
		p := k.taskAt(at)
		if p == nil || !k.isMeant(t, p, pid, options) {
			continue
		}
		any = true
		switch p.Get(lay.State) {
		case abi.TaskZombie:
			return p, true
		case abi.TaskStopped:
			if p.Get(lay.ExitCode) != 0 && (options&waitStopped != 0 || p.Get(lay.Ptrace)&1 != 0) {
				return p, true
			}
		}
	}
	return nil, any
}

// isMeant tells whether a child is one that wait4's pid and options mean.
func (k *Kernel) isMeant(t, child *Task, pid int32, options uint32) bool {
	lay := &k.lay.Task
	switch {
	case pid > 0 && child.Pid() != pid,
		pid == 0 && child.Get(lay.Pgrp) != t.Get(lay.Pgrp),
		pid < -1 && child.Get(lay.Pgrp) != uint32(-pid):
		return false
	}
	clone := child.Get(lay.ExitSignal) != abi.SIGCHLD
	return options&waitAll != 0 || clone == (options&waitClone != 0)
}

// collectChild reports a child and, if it has ended, buries it. A bad address leaves it as it is.
func (k *Kernel) collectChild(child *Task, status, usage uint32) (result uint32) {
	lay := &k.lay.Task
	code, pid := child.Get(lay.ExitCode), uint32(child.Pid())
	stopped := child.Get(lay.State) == abi.TaskStopped
	if stopped {
		code = code<<8 | 0x7f
	}
	if usage != 0 && k.CopyToUser(usage, k.rusage(child, rusageBoth)) != 0 || status != 0 && !k.PutUser(status, code, 4) {
		return errWord(abi.EFAULT)
	}
	if stopped {
		child.Set(lay.ExitCode, 0)
		return pid
	}
	k.inheritTimes(child)
	k.release(child)
	return pid
}

// Offsets in struct tms, of clock_t each.
const (
	tmsUser          = 0
	tmsSystem        = 4
	tmsChildren      = 8 // tms_cutime; tms_cstime follows
	tmsSize          = 16
	rusageSelf       = 0
	rusageChildren   = -1
	rusageBoth       = -2
	rusageSize       = 72
	rusageMinorFault = 32
)

// inheritTimes adds a buried child's times to those of its parent's children.
func (k *Kernel) inheritTimes(child *Task) {
	times, t := k.lay.Task.Times.Off, k.running
	for _, part := range []uint32{tmsUser, tmsSystem} {
		at := t.addr + times + tmsChildren + part
		k.mem.SetU32(at, k.mem.U32(at)+k.mem.U32(child.addr+times+part)+k.mem.U32(child.addr+times+tmsChildren+part))
	}
}

// sysTimes models long sys_times(struct tms *tbuf): jiffies since boot.
func sysTimes(c *Call) {
	k, t := c.Kernel, c.Task()
	if buf := c.Arg(0); buf != 0 && k.CopyToUser(buf, k.mem.Bytes(t.addr+k.lay.Task.Times.Off, tmsSize)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	c.Return(k.jiffies())
}

// sysGetrusage models long sys_getrusage(int who, struct rusage *ru).
func sysGetrusage(c *Call) {
	k, who := c.Kernel, int32(c.Arg(0))
	if who != rusageSelf && who != rusageChildren {
		c.Fail(abi.EINVAL)
		return
	}
	c.Return(0)
	if k.CopyToUser(c.Arg(1), k.rusage(c.Task(), who)) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// rusage is struct rusage of a task, of its children, or of both: times and page faults.
func (k *Kernel) rusage(t *Task, who int32) []byte {
	b := make([]byte, rusageSize)
	hz := uint32(k.profile.HZ)
	for i, part := range []uint32{tmsUser, tmsSystem} {
		ticks := uint32(0)
		if who != rusageChildren {
			ticks += k.mem.U32(t.addr + k.lay.Task.Times.Off + part)
		}
		if who != rusageSelf {
			ticks += k.mem.U32(t.addr + k.lay.Task.Times.Off + tmsChildren + part)
		}
		putWord(b[8*i:], ticks/hz)
		putWord(b[8*i+4:], ticks%hz*(usecPerSec/hz))
	}
	if who != rusageChildren {
		putWord(b[rusageMinorFault:], t.Get(k.lay.Task.MinFlt))
		putWord(b[rusageMinorFault+4:], t.Get(k.lay.Task.MajFlt))
	}
	return b
}

// putWord stores a little-endian word.
func putWord(b []byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}
