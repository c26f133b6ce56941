// SPDX-License-Identifier: BSD-3-Clause
// The ioctls that all terminals share (2.4.18 drivers/char/tty_io.c tty_ioctl): windows, sessions, line disciplines, breaks.
// What is none of them is the driver's, then the discipline's.

package guestkernel

import (
	"fmt"
	"slices"

	"ring0/guestkernel/abi"
)

// Their numbers (asm/ioctls.h).
const (
	tcSbrk         = 0x5409
	tiocExcl       = 0x540c
	tiocNxcl       = 0x540d
	tiocSctty      = 0x540e
	tiocGPgrp      = 0x540f
	tiocSPgrp      = 0x5410
	tiocSti        = 0x5412
	tiocGWinsz     = 0x5413
	tiocSWinsz     = 0x5414
	tiocLinux      = 0x541c
	tiocCons       = 0x541d
	fionbio        = 0x5421
	tiocNotty      = 0x5422
	tiocSetd       = 0x5423
	tiocGetd       = 0x5424
	tcSbrkp        = 0x5425
	tiocTTYGstruct = 0x5426
	tiocSbrk       = 0x5427
	tiocCbrk       = 0x5428
	tiocGsid       = 0x5429

	winsizeSize    = 8
	unknownCommand = ^uint32(noIoctlCommand - 1) // -ENOIOCTLCMD: somebody else may know it
)

func ttyIoctlFunctions() []Function {
	return []Function{
		{Name: "tty_ioctl", Fn: ttyIoctl, Level: Full, Proto: "int tty_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg)"},
	}
}

// ttyIoctl models int tty_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg): EINVAL for what
// nobody knows.
//
// Context: may sleep.
func ttyIoctl(c *Call) {
	k, f, cmd, arg, d := c.Kernel, c.Arg(1), c.Arg(2), c.Arg(3), &c.Kernel.drv.lay.TTYDriver
	c.Fail(abi.EINVAL)
	t, ok := k.fileTTY(f, "tty_ioctl")
	if !ok {
		return
	}
	isBreak := cmd == tiocSbrk || cmd == tiocCbrk || cmd == tcSbrk || cmd == tcSbrkp
	if isBreak && t.driver(d.BreakCtl) == 0 {
		c.breakByDriver(t, f, cmd, arg)
		return
	}
	if isBreak || cmd == tiocSetd {
		if !c.drain(t, cmd != tiocCbrk) {
			return
		}
	}
	if c.ttyCommand(t, f, cmd, arg) {
		return
	}
	for _, try := range []func() (uint32, bool){
		func() (uint32, bool) { return t.call(d.Ioctl, f, cmd, arg) },
		func() (uint32, bool) { return t.discipline(k.drv.lay.TTYLdisc.Ioctl, f, cmd, arg) },
	} {
		if result, known := try(); known && result != unknownCommand {
			c.Return(result)
			return
		}
	}
	c.Fail(abi.EINVAL)
}

// drain is what changes of a line wait for: that the process may, and that all is sent. False has the call's result.
func (c *Call) drain(t tty, wait bool) bool {
	if result := c.mayChange(t); result != 0 {
		c.Return(uint32(result))
		return false
	}
	if !wait {
		return true
	}
	c.waitUntilSent(t, 0)
	if c.Task().Get(c.Kernel.lay.Task.Sigpending) != 0 {
		c.Fail(abi.EINTR)
		return false
	}
	return true
}

// breakByDriver does breaks for a driver without break_ctl: its own ioctl does, or nobody. TCSBRK with an argument only waits
// until all is sent.
func (c *Call) breakByDriver(t tty, f, cmd, arg uint32) {
	result, known := t.call(c.Kernel.drv.lay.TTYDriver.Ioctl, f, cmd, arg)
	if cmd == tiocSbrk || cmd == tiocCbrk {
		if known {
			c.Return(result)
		}
		return
	}
	if known && result != unknownCommand {
		c.Return(result)
		return
	}
	if cmd == tcSbrk && arg != 0 && !c.drain(t, true) {
		return
	}
	c.Return(0)
}

// ttyCommand does one of the shared ones; false for others.
func (c *Call) ttyCommand(t tty, f, cmd, arg uint32) bool {
	k := c.Kernel
	switch cmd {
	case tiocSti, tiocGWinsz, tiocSWinsz, tiocGetd, tiocSetd, tiocTTYGstruct:
		c.lineCommand(t, cmd, arg)
	case tiocNotty, tiocSctty, tiocGPgrp, tiocSPgrp, tiocGsid:
		c.jobCommand(t, cmd, arg)
	case tiocCons:
		c.redirectConsole(t)
	case fionbio:
		c.Return(0)
		on, ok := k.GetUser(arg, wordSize)
		flags := k.mem.Get(f, k.lay.File.Flags) &^ abi.ONonblock
		if on != 0 {
			flags |= abi.ONonblock
		}
		if !ok {
			c.Fail(abi.EFAULT)
		} else {
			k.mem.Set(f, k.lay.File.Flags, flags)
		}
	case tiocExcl:
		t.raise(ttyExclusive)
		c.Return(0)
	case tiocNxcl:
		t.lower(ttyExclusive)
		c.Return(0)
	case tiocLinux:
		c.Fail(abi.EINVAL) // it is no text screen
	case tiocSbrk, tiocCbrk, tcSbrk, tcSbrkp:
		c.sendBreak(t, cmd, arg)
	default:
		return false
	}
	return true
}

// sendBreak does breaks by break_ctl: on, off, or for a quarter of a second or tenths that arg says.
func (c *Call) sendBreak(t tty, cmd, arg uint32) {
	const on, off, usual, tenth = ^uint32(0), 0, 4, 10
	k, op, hz := c.Kernel, c.Kernel.drv.lay.TTYDriver.BreakCtl, uint32(c.Kernel.profile.HZ)
	c.Return(0)
	ticks := hz / usual
	switch {
	case cmd == tiocSbrk:
		t.must(op, on)
		return
	case cmd == tiocCbrk:
		t.must(op, off)
		return
	case cmd == tcSbrk && arg != 0:
		return
	case cmd == tcSbrkp && arg != 0:
		ticks = arg * (hz / tenth)
	}
	c.Task().Set(k.lay.Task.State, abi.TaskInterruptible)
	t.must(op, on)
	if c.Task().Get(k.lay.Task.Sigpending) == 0 {
		c.nap(ticks)
	}
	t.must(op, off)
	if c.Task().Get(k.lay.Task.Sigpending) != 0 {
		c.Fail(abi.EINTR)
	}
}

// lineCommand does those about the line itself.
func (c *Call) lineCommand(t tty, cmd, arg uint32) {
	k, size := c.Kernel, t.at+t.lay().Winsize.Off
	c.Return(0)
	out := func(b []byte) {
		if k.CopyToUser(arg, b) != 0 {
			c.Fail(abi.EFAULT)
		}
	}
	switch cmd {
	case tiocGWinsz:
		out(k.mem.Bytes(size, winsizeSize))
	case tiocTTYGstruct:
		out(k.mem.Bytes(t.at, t.lay().Size))
	case tiocGetd:
		c.putUser(arg, uint64(t.disciplineNumber()), wordSize)
	case tiocSWinsz:
		b := make([]byte, winsizeSize)
		if k.CopyFromUser(b, arg) != 0 {
			c.Fail(abi.EFAULT)
		} else if string(b) != string(k.mem.Bytes(size, winsizeSize)) {
			k.signalGroup(t.get(t.lay().Pgrp), abi.SIGWINCH)
			k.mem.Write(size, b)
		}
	case tiocSetd:
		n, ok := k.GetUser(arg, wordSize)
		if !ok {
			c.Fail(abi.EFAULT)
			return
		}
		c.Return(uint32(c.changeDiscipline(t, n)))
	case tiocSti:
		c.fakeInput(t, arg)
	}
}

// fakeInput is TIOCSTI: a byte as if somebody had typed it.
func (c *Call) fakeInput(t tty, arg uint32) {
	k := c.Kernel
	if c.Task().Get(k.lay.Task.Tty) != t.at && !c.superUser() {
		c.Fail(abi.EPERM)
		return
	}
	ch, ok := k.GetUser(arg, 1)
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	at := c.Alloca(wordSize)
	k.mem.SetU32(at, ch&0xff) // the byte, and behind it a flag of 0
	k.Call(k.mem.Get(t.at+t.lay().Ldisc.Off, k.drv.lay.TTYLdisc.ReceiveBuf), t.at, at, at+1, 1)
}

// changeDiscipline gives a line another discipline (tty_set_ldisc), which a module may bring. When it does not open the old
// one comes back, or the usual one.
func (c *Call) changeDiscipline(t tty, n uint32) int32 {
	k, l := c.Kernel, &c.Kernel.drv.lay.TTYLdisc
	if n >= lineDiscs {
		return failed(abi.EINVAL)
	}
	defined := func() bool { return k.mem.Get(k.drv.sym.Ldiscs+n*l.Size, l.Flags)&ldiscDefined != 0 }
	if !defined() {
		k.requestModule(fmt.Sprintf("tty-ldisc-%d", n))
	}
	old := t.disciplineNumber()
	switch {
	case !defined():
		return failed(abi.EINVAL)
	case old == n:
		return 0
	}
	saved := slices.Clone(k.mem.Bytes(t.at+t.lay().Ldisc.Off, l.Size))
	c.waitUntilSent(t, 0)
	t.discipline(l.Close)
	t.setDiscipline(n)
	t.setLine(n)
	result, _ := t.discipline(l.Open)
	if int32(result) < 0 {
		k.mem.Write(t.at+t.lay().Ldisc.Off, saved)
		t.setLine(old)
		if again, _ := t.discipline(l.Open); int32(again) < 0 {
			t.setDiscipline(0)
			t.setLine(0)
			if last, _ := t.discipline(l.Open); int32(last) < 0 {
				k.Panic(fmt.Sprintf("Couldn't open N_TTY ldisc for %s --- error %d.", t.name(), int32(last)))
			}
		}
	}
	if t.disciplineNumber() != old {
		t.call(k.drv.lay.TTYDriver.SetLdisc)
	}
	return int32(result)
}

// redirectConsole is TIOCCONS: what is written to the console shall come here.
func (c *Call) redirectConsole(t tty) {
	at := c.Kernel.symbol("redirect")
	if c.Kernel.mem.U32(at) != 0 {
		c.Fail(abi.EBUSY)
		return
	}
	c.Kernel.mem.SetU32(at, t.at)
	c.Return(0)
}

// jobCommand does those about sessions and process groups.
func (c *Call) jobCommand(t tty, cmd, arg uint32) {
	self, task, lay := c.Task(), &c.Kernel.lay.Task, t.lay()
	own := self.Get(task.Tty) == t.at
	c.Return(0)
	switch {
	case cmd == tiocSctty:
		c.claimTerminal(t, arg)
	case cmd == tiocSPgrp:
		c.setForeground(t, arg)
	case !own, cmd == tiocGsid && int32(t.get(lay.Session)) <= 0:
		c.Fail(abi.ENOTTY)
	case cmd == tiocGPgrp:
		c.putUser(arg, uint64(t.get(lay.Pgrp)), wordSize)
	case cmd == tiocGsid:
		c.putUser(arg, uint64(t.get(lay.Session)), wordSize)
	default: // TIOCNOTTY
		if self.Get(task.Leader) != 0 {
			c.leaveTerminal(false)
		}
		self.Set(task.Tty, 0)
	}
}

// claimTerminal is TIOCSCTTY: EPERM for who leads no session or has a terminal, and when the line is another session's, which
// root may take away with an argument of 1.
func (c *Call) claimTerminal(t tty, arg uint32) {
	k, self, task, lay := c.Kernel, c.Task(), &c.Kernel.lay.Task, t.lay()
	leader := self.Get(task.Leader) != 0
	if leader && self.Get(task.Session) == t.get(lay.Session) {
		return
	}
	taken := int32(t.get(lay.Session)) > 0
	if !leader || self.Get(task.Tty) != 0 || taken && (arg != 1 || !c.superUser()) {
		c.Fail(abi.EPERM)
		return
	}
	if taken {
		for _, other := range k.tasks {
			if other.Get(task.Tty) == t.at {
				other.Set(task.Tty, 0)
			}
		}
	}
	self.Set(task.Tty, t.at)
	self.Set(task.TtyOldPgrp, 0)
	t.set(lay.Session, self.Get(task.Session))
	t.set(lay.Pgrp, self.Get(task.Pgrp))
}

// setForeground is TIOCSPGRP: a group of the same session.
func (c *Call) setForeground(t tty, arg uint32) {
	k, self, task, lay := c.Kernel, c.Task(), &c.Kernel.lay.Task, t.lay()
	switch result := c.mayChange(t); {
	case result == failed(abi.EIO):
		c.Fail(abi.ENOTTY)
		return
	case result != 0:
		c.Return(uint32(result))
		return
	}
	session := self.Get(task.Session)
	if self.Get(task.Tty) != t.at || t.get(lay.Session) != session {
		c.Fail(abi.ENOTTY)
		return
	}
	pgrp, ok := k.GetUser(arg, wordSize)
	switch {
	case !ok:
		c.Fail(abi.EFAULT)
	case int32(pgrp) < 0:
		c.Fail(abi.EINVAL)
	case k.sessionOf(pgrp) != session:
		c.Fail(abi.EPERM)
	default:
		t.set(lay.Pgrp, pgrp)
	}
}

// sessionOf is the session of a process group, -1 when there is none (session_of_pgrp): that of a member with a session, or of
// its leader.
func (k *Kernel) sessionOf(pgrp uint32) uint32 {
	task, found := &k.lay.Task, noPgrp
	for _, t := range k.tasks {
		if t.Get(task.Pgrp) == pgrp && int32(t.Get(task.Session)) > 0 {
			return t.Get(task.Session)
		}
	}
	if t := k.findTask(int32(pgrp)); t != nil {
		found = t.Get(task.Session)
	}
	return found
}
