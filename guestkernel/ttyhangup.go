// SPDX-License-Identifier: BSD-3-Clause
// Terminals that hang up, job control, flow control (2.4.18 drivers/char/tty_io.c, tty_ioctl.c).

package guestkernel

import "ring0/guestkernel/abi"

func ttyHangupFunctions() []Function {
	return []Function{
		{Name: "tty_hangup", Fn: ttyHangup, Level: Full},
		{Name: "tty_vhangup", Fn: func(c *Call) { c.hangUp(tty{c.Kernel, c.Arg(0)}) }, Level: Full, Proto: "void tty_vhangup(struct tty_struct *tty)"},
		{Name: "do_tty_hangup", Fn: doTTYHangup, Level: Full, Proto: "void do_tty_hangup(void *data)"},
		{Name: "tty_hung_up_p", Fn: func(c *Call) { c.Return(boolWord(c.Kernel.hungUp(c.Arg(0)))) }, Level: Full},
		{Name: "tty_check_change", Fn: func(c *Call) { c.Return(uint32(c.mayChange(tty{c.Kernel, c.Arg(0)}))) }, Level: Full},
		{Name: "tty_wait_until_sent", Fn: func(c *Call) { c.waitUntilSent(tty{c.Kernel, c.Arg(0)}, c.Arg(1)) }, Level: Full},
		{Name: "stop_tty", Fn: func(c *Call) { tty{c.Kernel, c.Arg(0)}.stop() }, Level: Full},
		{Name: "start_tty", Fn: func(c *Call) { tty{c.Kernel, c.Arg(0)}.start() }, Level: Full},
		{Name: "do_SAK", Fn: doSAK, Level: Full},
		{Name: "__do_SAK", Fn: secureAttention, Level: Full, Proto: "void __do_SAK(void *arg)"},
		{Name: "hung_up_tty_read", Fn: hungUpTransfer(0), Level: Full, Proto: "ssize_t hung_up_tty_read(struct file *file, char *buf, size_t count, loff_t *ppos)"},
		{Name: "hung_up_tty_write", Fn: hungUpTransfer(abi.EIO), Level: Full, Proto: "ssize_t hung_up_tty_write(struct file *file, const char *buf, size_t count, loff_t *ppos)"},
		{Name: "hung_up_tty_poll", Fn: hungUpPoll, Level: Full, Proto: "unsigned int hung_up_tty_poll(struct file *filp, struct poll_table_struct *wait)"},
		{Name: "hung_up_tty_ioctl", Fn: hungUpIoctl, Level: Full, Proto: "int hung_up_tty_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg)"},
	}
}

// ttyHangup models void tty_hangup(struct tty_struct *tty): keventd does it.
//
// Context: any.
func ttyHangup(c *Call) {
	c.Kernel.Call(c.Kernel.functionAt("schedule_task"), c.Arg(0)+c.Kernel.drv.lay.TTY.TqHangup.Off)
}

func doTTYHangup(c *Call) {
	if c.Arg(0) != 0 {
		c.hangUp(tty{c.Kernel, c.Arg(0)})
	}
}

// hungUp tells whether a file's line has hung up.
func (k *Kernel) hungUp(f uint32) bool {
	return k.mem.Get(f, k.lay.File.Op) == k.symbol("hung_up_tty_fops")
}

// hangUp takes a line from everybody who has it open (do_tty_hangup): their files read as at their end from now on. The line
// is as it was before anybody opened it, but its files close one by one.
func (c *Call) hangUp(t tty) {
	k, lay, d, l := c.Kernel, t.lay(), &c.Kernel.drv.lay.TTYDriver, &c.Kernel.drv.lay.TTYLdisc
	t.checkCount("do_tty_hangup")
	for at := range k.listMembers("the files of a tty", t.at+lay.Files.Off) {
		f := at - k.lay.File.List.Off
		if k.mem.Get(f, k.lay.File.Op) == k.drv.sym.TTYFops {
			c.ttyAsync(t, f, ^uint32(0), false)
			k.mem.Set(f, k.lay.File.Op, k.symbol("hung_up_tty_fops"))
		}
	}
	t.discipline(l.FlushBuffer)
	t.call(d.FlushBuffer)
	if t.has(ttyDoWakeup) {
		t.discipline(l.WriteWakeup)
	}
	t.wake(lay.WriteWait)
	t.wake(lay.ReadWait)
	if t.driver(d.Flags)&ttyResetTermios != 0 {
		k.mem.Copy(t.get(lay.Termios), t.at+lay.Driver.Off+d.InitTermios.Off, termiosSize)
	}
	if t.disciplineNumber() != 0 {
		t.discipline(l.Close)
		t.setDiscipline(0)
		t.setLine(0)
		if r, known := t.discipline(l.Open); known && int32(r) < 0 {
			k.Printk("<3>do_tty_hangup: N_TTY open: error %d\n", -int32(r))
		}
	}
	t.leaveSession()
	t.set(lay.Flags, 0)
	t.set(lay.Session, 0)
	t.set(lay.Pgrp, noPgrp)
	t.set(lay.CtrlStatus, 0)
	t.call(d.Hangup)
}

// leaveSession tells the leaders of a line's session that it has hung up, and takes the line from all tasks.
func (t tty) leaveSession() {
	k, lay := t.k, &t.k.lay.Task
	session, pgrp := int32(t.get(t.lay().Session)), int32(t.get(t.lay().Pgrp))
	for _, task := range k.tasks {
		if session > 0 && task.Get(lay.Session) == uint32(session) && task.Get(lay.Leader) != 0 {
			k.sendSignalInfo(task, abi.SIGHUP, infoKernel)
			k.sendSignalInfo(task, abi.SIGCONT, infoKernel)
			if pgrp > 0 {
				task.Set(lay.TtyOldPgrp, uint32(pgrp))
			}
		}
		if task.Get(lay.Tty) == t.at {
			task.Set(lay.Tty, 0)
		}
	}
}

// signalGroup sends a signal of the kernel's to a process group (kill_pg); 0 and less are none.
func (k *Kernel) signalGroup(pgrp, signal uint32) {
	if int32(pgrp) <= 0 {
		return
	}
	for _, task := range k.tasks {
		if task.Get(k.lay.Task.Pgrp) == pgrp {
			k.sendSignalInfo(task, signal, infoKernel)
		}
	}
}

// leaveTerminal takes a session's leader its terminal (disassociate_ctty): with exiting the line hangs up.
func (c *Call) leaveTerminal(exiting bool) {
	k, self, lay := c.Kernel, c.Task(), &c.Kernel.lay.Task
	at := self.Get(lay.Tty)
	if at == 0 {
		if old := self.Get(lay.TtyOldPgrp); old != 0 {
			k.signalGroup(old, abi.SIGHUP)
			k.signalGroup(old, abi.SIGCONT)
		}
		return
	}
	t := tty{k, at}
	pgrp := t.get(t.lay().Pgrp)
	if exiting {
		c.hangUp(t)
	}
	k.signalGroup(pgrp, abi.SIGHUP)
	if !exiting {
		k.signalGroup(pgrp, abi.SIGCONT)
	}
	self.Set(lay.TtyOldPgrp, 0)
	t.set(t.lay().Session, 0)
	t.set(t.lay().Pgrp, noPgrp)
	for _, task := range k.tasks {
		if task.Get(lay.Session) == self.Get(lay.Session) {
			task.Set(lay.Tty, 0)
		}
	}
}

// hungUpTransfer is reading, or writing, a line that has hung up: the end, or an error.
func hungUpTransfer(errno abi.Errno) func(*Call) {
	return func(c *Call) {
		if c.Arg(3) != c.Arg(0)+c.Kernel.lay.File.Pos.Off {
			c.Fail(abi.ESPIPE)
			return
		}
		c.Return(errWord(errno))
	}
}

func hungUpPoll(c *Call) {
	const all = 1 | 4 | 8 | 0x10 | 0x40 | 0x100 // POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDNORM, POLLWRNORM
	c.Return(all)
}

func hungUpIoctl(c *Call) {
	if c.Fail(abi.EIO); c.Arg(2) == tiocSPgrp {
		c.Fail(abi.ENOTTY)
	}
}

// ignores tells whether the running task would not notice a signal (is_ignored).
func (c *Call) ignores(signal uint32) bool {
	k, self := c.Kernel, c.Task()
	set, bit := k.signalBit(self.addr+k.lay.Task.Blocked.Off, signal)
	return k.mem.U32(set)&bit != 0 || k.mem.U32(self.Get(k.lay.Task.Sig)+k.lay.Signal.Action.Off+(signal-1)*k.lay.KSigaction.Size) == sigIgnore
}

// mayChange is tty_check_change: a process in the background that touches its terminal is stopped by SIGTTOU, ERESTARTSYS;
// EIO when nobody could let it go on.
func (c *Call) mayChange(t tty) int32 {
	k, self, lay := c.Kernel, c.Task(), &c.Kernel.lay.Task
	if self.Get(lay.Tty) != t.at {
		return 0
	}
	own, pgrp := self.Get(lay.Pgrp), t.get(t.lay().Pgrp)
	switch {
	case int32(pgrp) <= 0:
		k.Printk("<4>tty_check_change: tty->pgrp <= 0!\n")
		return 0
	case own == pgrp, c.ignores(abi.SIGTTOU):
		return 0
	case k.isOrphanedGroup(own):
		return failed(abi.EIO)
	}
	k.signalGroup(own, abi.SIGTTOU)
	return failed(abi.ERESTARTSYS)
}

// waitUntilSent is void tty_wait_until_sent(struct tty_struct *tty, long timeout): until the driver has nothing left to send,
// for so many ticks at most; 0 is for ever.
func (c *Call) waitUntilSent(t tty, timeout uint32) {
	k, d := c.Kernel, &c.Kernel.drv.lay.TTYDriver
	if t.driver(d.CharsInBuffer) == 0 {
		return
	}
	entry := c.waitEntry()
	k.enterQueue(t.at+t.lay().WriteWait.Off, entry, 0)
	if timeout == 0 {
		timeout = maxTimeout
	}
	interrupted := false
	for timeout != 0 {
		c.Task().Set(k.lay.Task.State, abi.TaskInterruptible)
		if interrupted = c.Task().Get(k.lay.Task.Sigpending) != 0; interrupted {
			break
		}
		if n := t.must(d.CharsInBuffer); n == 0 {
			break
		}
		timeout = c.nap(timeout)
	}
	if !interrupted {
		t.call(d.WaitUntilSent, timeout)
	}
	c.Task().Set(k.lay.Task.State, abi.TaskRunning)
	k.leaveQueue(entry)
}

// stop holds output back (stop_tty), start lets it go on (start_tty) unless a program holds it.
func (t tty) stop() {
	if t.get(t.lay().Stopped) == 0 {
		t.set(t.lay().Stopped, 1)
		t.call(t.k.drv.lay.TTYDriver.Stop)
	}
}

func (t tty) start() {
	lay := t.lay()
	if t.get(lay.Stopped) == 0 || t.get(lay.FlowStopped) != 0 {
		return
	}
	t.set(lay.Stopped, 0)
	t.call(t.k.drv.lay.TTYDriver.Start)
	if t.has(ttyDoWakeup) {
		t.discipline(t.k.drv.lay.TTYLdisc.WriteWakeup)
	}
	t.wake(lay.WriteWait)
}

// doSAK models void do_SAK(struct tty_struct *tty), the secure attention key: keventd does it.
func doSAK(c *Call) {
	k, at, tq := c.Kernel, c.Arg(0), &c.Kernel.lay.TaskQueue
	if at == 0 {
		return
	}
	entry := at + k.drv.lay.TTY.SAKTq.Off
	k.mem.Set(entry, tq.Routine, k.symbol("__do_SAK"))
	k.mem.Set(entry, tq.Data, at)
	k.Call(k.functionAt("schedule_task"), entry)
}

// secureAttention kills every process that has to do with a line.
func secureAttention(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.Task
	if c.Arg(0) == 0 {
		return
	}
	t := tty{k, c.Arg(0)}
	session := t.get(t.lay().Session)
	t.discipline(k.drv.lay.TTYLdisc.FlushBuffer)
	t.call(k.drv.lay.TTYDriver.FlushBuffer)
	for _, task := range k.tasks {
		if task.Get(lay.Tty) == t.at || int32(session) > 0 && task.Get(lay.Session) == session || t.openIn(task) {
			k.sendSignalInfo(task, abi.SIGKILL, infoKernel)
		}
	}
}

// openIn tells whether a task has a line open.
func (t tty) openIn(task *Task) bool {
	k := t.k
	files := k.taskFiles(task, false)
	if files == 0 {
		return false
	}
	for fd := range k.mem.Get(files, k.lay.Files.MaxFds) {
		f := k.fileAt(task, fd)
		if f != 0 && k.mem.Get(f, k.lay.File.Op) == k.drv.sym.TTYFops && k.mem.Get(f, k.lay.File.PrivateData) == t.at {
			return true
		}
	}
	return false
}
