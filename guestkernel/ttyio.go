// SPDX-License-Identifier: BSD-3-Clause
// Reading, writing and polling open terminals, and what drivers hand up (2.4.18 drivers/char/tty_io.c). What the bytes mean is
// the line discipline's business.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

func ttyIOFunctions() []Function {
	return []Function{
		{Name: "tty_read", Fn: ttyRead, Level: Full, Proto: "ssize_t tty_read(struct file *file, char *buf, size_t count, loff_t *ppos)"},
		{Name: "tty_write", Fn: ttyWrite, Level: Full, Proto: "ssize_t tty_write(struct file *file, const char *buf, size_t count, loff_t *ppos)"},
		{Name: "tty_poll", Fn: ttyPoll, Level: Full, Proto: "unsigned int tty_poll(struct file *filp, struct poll_table_struct *wait)"},
		{Name: "tty_fasync", Fn: ttyFasync, Level: Full, Proto: "int tty_fasync(int fd, struct file *filp, int on)"},
		{Name: "tty_default_put_char", Fn: ttyDefaultPutChar, Level: Full, Proto: "void tty_default_put_char(struct tty_struct *tty, unsigned char ch)"},
		{Name: "flush_to_ldisc", Fn: func(c *Call) { tty{c.Kernel, c.Arg(0)}.flushFlip() }, Level: Full, Proto: "void flush_to_ldisc(void *private_)"},
		{Name: "tty_flip_buffer_push", Fn: ttyFlipBufferPush, Level: Full},
		{Name: "tty_get_baud_rate", Fn: ttyGetBaudRate, Level: Full},
		{Name: "tty_register_devfs", Fn: func(*Call) {}, Level: Full}, // this kernel has no devfs
		{Name: "tty_unregister_devfs", Fn: func(*Call) {}, Level: Full},
	}
}

// superUser is suser(): the task is root's.
func (c *Call) superUser() bool { return c.Task().Get(c.Kernel.lay.Task.Euid) == 0 }

// nap sleeps for at most so many ticks, in a loop as often as need be: the sleeper's stack does not grow.
func (c *Call) nap(ticks uint32) (left uint32) {
	esp := c.Kernel.m.Reg(vm.ESP)
	left = c.sleepFor(ticks)
	c.Kernel.m.SetReg(vm.ESP, esp)
	return left
}

// ttyRead models static ssize_t tty_read(struct file *file, char *buf, size_t count, loff_t *ppos): EIO for a line that is
// broken or whose discipline cannot be read, ESPIPE at a position.
func ttyRead(c *Call) {
	k, f := c.Kernel, c.Arg(0)
	if c.Arg(3) != f+k.lay.File.Pos.Off {
		c.Fail(abi.ESPIPE)
		return
	}
	c.Fail(abi.EIO)
	t, ok := k.fileTTY(f, "tty_read")
	if !ok || t.has(ttyIOError) {
		return
	}
	n, known := t.discipline(k.drv.lay.TTYLdisc.Read, f, c.Arg(1), c.Arg(2))
	if !known {
		return
	}
	if c.Return(n); int32(n) > 0 {
		k.mem.Set(k.fileInode(f), k.lay.Inode.Atime, k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec))
	}
}

// ttyWrite models static ssize_t tty_write(struct file *file, const char *buf, size_t count, loff_t *ppos). One writer at a
// time, in pieces of 16 KB: EAGAIN for who does not want to wait.
func ttyWrite(c *Call) {
	const piece = 4 * abi.PageSize
	k, f, buf, count, lay := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), &c.Kernel.drv.lay.TTY
	if c.Arg(3) != f+k.lay.File.Pos.Off {
		c.Fail(abi.ESPIPE)
		return
	}
	c.Fail(abi.EIO)
	t, ok := k.fileTTY(f, "tty_write")
	write := uint32(0)
	if ok {
		write = k.mem.Get(t.at+lay.Ldisc.Off, k.drv.lay.TTYLdisc.Write)
	}
	if write == 0 || t.driver(k.drv.lay.TTYDriver.Write) == 0 || t.has(ttyIOError) {
		return
	}
	sem := t.at + lay.AtomicWrite.Off
	if errno := c.claim(sem, f); errno != 0 {
		c.Fail(errno)
		return
	}
	c.Return(0)
	written := uint32(0)
	if t.has(ttyNoWriteSplit) {
		written = k.Call(write, t.at, f, buf, count)
	} else {
		for {
			n := k.Call(write, t.at, f, buf+written, min(count-written, piece))
			if c.Return(n); int32(n) <= 0 {
				break
			}
			if written += n; written == count {
				break
			}
			if c.Task().Get(k.lay.Task.Sigpending) != 0 {
				break
			}
		}
	}
	if written != 0 {
		k.mem.Set(k.fileInode(f), k.lay.Inode.Mtime, k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec))
		c.Return(written)
	}
	k.up(sem)
}

// claim takes a semaphore for an open file: EAGAIN for one that shall not block, ERESTARTSYS for a signal.
func (c *Call) claim(sem, f uint32) abi.Errno {
	k := c.Kernel
	if !k.addCount(sem, ^uint32(0)) {
		return 0
	}
	if k.mem.Get(f, k.lay.File.Flags)&abi.ONonblock != 0 {
		k.tryDownSlow(sem)
		return abi.EAGAIN
	}
	esp := k.m.Reg(vm.ESP)
	errno := c.downSlow(sem, abi.TaskInterruptible)
	k.m.SetReg(vm.ESP, esp)
	if errno != 0 {
		return abi.ERESTARTSYS
	}
	return 0
}

// ttyPoll models static unsigned int tty_poll(struct file *filp, poll_table *wait).
func ttyPoll(c *Call) {
	c.Return(0)
	if t, ok := c.Kernel.fileTTY(c.Arg(0), "tty_poll"); ok {
		mask, _ := t.discipline(c.Kernel.drv.lay.TTYLdisc.Poll, c.Arg(0), c.Arg(1))
		c.Return(mask)
	}
}

// ttyFasync models static int tty_fasync(int fd, struct file *filp, int on).
func ttyFasync(c *Call) {
	c.Return(0)
	if t, ok := c.Kernel.fileTTY(c.Arg(1), "tty_fasync"); ok {
		c.Return(uint32(c.ttyAsync(t, c.Arg(1), c.Arg(0), c.Arg(2) != 0)))
	}
}

// ttyAsync enters a file for signals, or takes it out. A file that nobody owns yet becomes the line's process group's.
func (c *Call) ttyAsync(t tty, f, fd uint32, on bool) int32 {
	k, lay, owner := c.Kernel, t.lay(), &c.Kernel.drv.fs.lay.Owner
	result := int32(k.Call(k.functionAt("fasync_helper"), fd, f, boolWord(on), t.at+lay.Fasync.Off))
	if result <= 0 {
		return result
	}
	if !on {
		if t.get(lay.Fasync) == 0 && !t.waiting(lay.ReadWait) {
			t.set(lay.MinimumToWake, ttyBufSize)
		}
		return 0
	}
	if !t.waiting(lay.ReadWait) {
		t.set(lay.MinimumToWake, 1)
	}
	if k.mem.Get(f, owner.Pid) == 0 {
		pid := -t.get(lay.Pgrp)
		if pid == 0 {
			pid = uint32(c.Task().Pid())
		}
		k.mem.Set(f, owner.Pid, pid)
		k.mem.Set(f, owner.UID, c.Task().Get(k.lay.Task.Uid))
		k.mem.Set(f, owner.Euid, c.Task().Get(k.lay.Task.Euid))
	}
	return 0
}

// ttyDefaultPutChar models void tty_default_put_char(struct tty_struct *tty, unsigned char ch): a write of one byte.
func ttyDefaultPutChar(c *Call) {
	t, at := tty{c.Kernel, c.Arg(0)}, c.Alloca(wordSize)
	c.Kernel.mem.SetU8(at, byte(c.Arg(1)))
	t.must(c.Kernel.drv.lay.TTYDriver.Write, 0, at, 1)
}

// flushFlip hands the discipline what the driver has received, and gives the driver the other half of the buffer
// (flush_to_ldisc). While somebody reads it comes again with the next tick.
func (t tty) flushFlip() {
	k, flip, at := t.k, &t.k.drv.lay.TTYFlip, t.at+t.lay().Flip.Off
	if t.has(ttyDontFlip) {
		k.queueTask(at+flip.Tqueue.Off, k.sym.TqTimer)
		return
	}
	full := uint32(0)
	if k.mem.Get(at, flip.BufNum) != 0 {
		full = ttyFlipSize
	}
	other := ttyFlipSize - full
	k.mem.Set(at, flip.BufNum, boolWord(full == 0))
	k.mem.Set(at, flip.CharBufPtr, at+flip.CharBuf.Off+other)
	k.mem.Set(at, flip.FlagBufPtr, at+flip.FlagBuf.Off+other)
	count := k.mem.Get(at, flip.Count)
	k.mem.Set(at, flip.Count, 0)
	receive := k.mem.Get(t.at+t.lay().Ldisc.Off, k.drv.lay.TTYLdisc.ReceiveBuf)
	k.Call(receive, t.at, at+flip.CharBuf.Off+full, at+flip.FlagBuf.Off+full, count)
}

// ttyFlipBufferPush models void tty_flip_buffer_push(struct tty_struct *tty): at the next tick, or at once for a line with
// low_latency.
//
// Context: any, with low_latency not in an interrupt handler.
func ttyFlipBufferPush(c *Call) {
	t := tty{c.Kernel, c.Arg(0)}
	if t.get(t.lay().LowLatency) != 0 {
		t.flushFlip()
		return
	}
	c.Kernel.queueTask(t.at+t.lay().Flip.Off+c.Kernel.drv.lay.TTYFlip.Tqueue.Off, c.Kernel.sym.TqTimer)
}

// ttyGetBaudRate models int tty_get_baud_rate(struct tty_struct *tty). A speed of the upper range that does not exist loses
// CBAUDEX; 38400 stands for another one where somebody has set that.
func ttyGetBaudRate(c *Call) {
	const extra, mask, standsForOther = 0o10000, 0o10017, 15
	speeds := [...]uint32{
		0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800,
		500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
	}
	t := tty{c.Kernel, c.Arg(0)}
	i := t.cflag() & mask
	if i&extra != 0 {
		i &^= extra
		if i < 1 || i+standsForOther >= uint32(len(speeds)) {
			c.Kernel.mem.SetU32(t.get(t.lay().Termios)+2*wordSize, t.cflag()&^extra)
		} else {
			i += standsForOther
		}
	}
	if other := t.get(t.lay().AltSpeed); i == standsForOther && other != 0 {
		if t.get(t.lay().Warned) == 0 {
			c.Kernel.Printk("<4>Use of setserial/setrocket to set SPD_* flags is deprecated\n")
			t.set(t.lay().Warned, 1)
		}
		c.Return(other)
		return
	}
	c.Return(speeds[i])
}
