// SPDX-License-Identifier: BSD-3-Clause
// Pipes, and the standard streams of programs, which are pipes whose other end is the host's (2.4.18 fs/pipe.c).

package guestkernel

import (
	"io"

	"ring0/guestkernel/abi"
)

const (
	pipeSize = abi.PageSize // PIPE_BUF too: that much is written in one piece
	modeFifo = 0o010000
)

// pipeLayout is struct pipe_inode_info (linux/pipe_fs_i.h).
type pipeLayout struct {
	Size    uint32    `c:"(sizeof)"`
	Wait    abi.Field `c:"wait"`
	Base    abi.Field `c:"base"`
	Len     abi.Field `c:"len"`
	Start   abi.Field `c:"start"`
	Readers abi.Field `c:"readers"`
	Writers abi.Field `c:"writers"`
}

// pipeInodeLayout is where an inode keeps its pipe.
type pipeInodeLayout struct {
	Pipe abi.Field `c:"i_pipe"`
}

// hostStream is the host's end of a pipe.
type hostStream struct {
	r      io.Reader // nil: nothing to read
	w      io.Writer // nil: what is written is lost
	writes bool      // the program's end is for writing
}

func pipeFunctions() []Function {
	closing := func(readers, writers uint32) func(*Call) {
		return func(c *Call) { c.Kernel.leavePipe(c.Arg(0), readers, writers); c.Return(0) }
	}
	return []Function{
		{Name: "sys_pipe", Fn: sysPipe, Level: Full},
		{Name: "pipe_read", Fn: pipeRead, Level: Full},
		{Name: "pipe_write", Fn: pipeWrite, Level: Full},
		{Name: "bad_pipe_r", Fn: func(c *Call) { c.Fail(abi.EBADF) }, Level: Full},
		{Name: "bad_pipe_w", Fn: func(c *Call) { c.Fail(abi.EBADF) }, Level: Full},
		{Name: "pipe_ioctl", Fn: pipeIoctl, Level: Full},
		{Name: "pipe_poll", Fn: pipePoll, Level: Full},
		{Name: "pipe_read_release", Fn: closing(1, 0), Level: Full},
		{Name: "pipe_write_release", Fn: closing(0, 1), Level: Full},
	}
}

// bootPipes fills the operations of the two ends.
func (k *Kernel) bootPipes() error {
	k.streams = map[uint32]*hostStream{}
	file := &k.lay.FileOperations
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"read_pipe_fops", file.Llseek, "no_llseek"}, {"write_pipe_fops", file.Llseek, "no_llseek"},
		{"read_pipe_fops", file.Read, "pipe_read"}, {"write_pipe_fops", file.Read, "bad_pipe_r"},
		{"read_pipe_fops", file.Write, "bad_pipe_w"}, {"write_pipe_fops", file.Write, "pipe_write"},
		{"read_pipe_fops", file.Poll, "pipe_poll"}, {"write_pipe_fops", file.Poll, "pipe_poll"},
		{"read_pipe_fops", file.Ioctl, "pipe_ioctl"}, {"write_pipe_fops", file.Ioctl, "pipe_ioctl"},
		{"read_pipe_fops", file.Open, "pipe_read_open"}, {"write_pipe_fops", file.Open, "pipe_write_open"},
		{"read_pipe_fops", file.Release, "pipe_read_release"}, {"write_pipe_fops", file.Release, "pipe_write_release"},
	} {
		if err := k.setOp(k.symbol(row.table), row.f, row.name); err != nil {
			return err
		}
	}
	if err := k.profile.Bind("struct inode", &k.mms.inode); err != nil {
		return err
	}
	return k.profile.Bind("struct pipe_inode_info", &k.mms.pipe)
}

// newPipe makes the inode of a pipe and its name; 0 without memory (get_pipe_inode).
func (k *Kernel) newPipe() (dentry uint32) {
	lay := &k.mms.pipe
	base, info := k.GetFreePages(k.pages.gfp.kernel, 0), k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	inode := k.newInode(0, modeFifo|0o600)
	if base == 0 || info == 0 || inode == 0 {
		return 0
	}
	k.mem.Fill(info, lay.Size, 0)
	k.initWaitQueue(info + lay.Wait.Off)
	k.mem.Set(info, lay.Base, base)
	k.mem.Set(info, lay.Readers, 1)
	k.mem.Set(info, lay.Writers, 1)
	k.mem.Set(inode, k.mms.inode.Pipe, info)
	k.mem.Set(inode, k.lay.Inode.Blksize, abi.PageSize)
	if t := k.running; t != nil {
		k.mem.Set(inode, k.lay.Inode.UID, t.Get(k.lay.Task.Fsuid))
		k.mem.Set(inode, k.lay.Inode.GID, t.Get(k.lay.Task.Fsgid))
	}
	return k.newDentry(0, "pipe", inode)
}

// pipeEnd opens one end of a pipe.
func (k *Kernel) pipeEnd(dentry uint32, writes bool) (f uint32) {
	if f = k.newFile(); f == 0 {
		return 0
	}
	lay, mode, ops := &k.lay.File, uint32(fileRead), "read_pipe_fops"
	if writes {
		mode, ops = fileWrite, "write_pipe_fops"
		k.mem.Set(f, lay.Flags, abi.OWronly)
		count := k.mem.Get(dentry, k.lay.Dentry.Inode) + k.files.lay.Inode.Writecount.Off
		k.mem.SetU32(count, k.mem.U32(count)+1)
	}
	k.mem.Set(f, lay.Mode, mode)
	k.mem.Set(f, lay.Op, k.symbol(ops))
	k.mem.Set(f, lay.Dentry, dentry)
	return f
}

// sysPipe models int sys_pipe(unsigned long *fildes): the reading end, the writing end.
func sysPipe(c *Call) {
	k, t := c.Kernel, c.Task()
	dentry := k.newPipe()
	if dentry == 0 {
		c.Fail(abi.ENFILE)
		return
	}
	k.mem.Set(dentry, k.lay.Dentry.Count, 2)
	r, w := k.pipeEnd(dentry, false), k.pipeEnd(dentry, true)
	if r == 0 || w == 0 {
		c.Fail(abi.ENFILE)
		return
	}
	rfd, errno := k.installFile(t, r)
	if errno != 0 {
		k.fput(r)
		k.fput(w)
		c.Fail(errno)
		return
	}
	wfd, errno := k.installFile(t, w)
	if errno != 0 {
		k.fput(k.takeFile(t, rfd))
		k.fput(w)
		c.Fail(errno)
		return
	}
	c.Return(0)
	if k.CopyToUser(c.Arg(0), words(rfd, wfd)) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// openStream gives a task the next file number for a stream of the host.
func (k *Kernel) openStream(t *Task, s *hostStream) bool {
	dentry := k.newPipe()
	if dentry == 0 {
		return false
	}
	f := k.pipeEnd(dentry, s.writes)
	if f == 0 {
		return false
	}
	inode, lay := k.mem.Get(dentry, k.lay.Dentry.Inode), &k.mms.pipe
	info := k.mem.Get(inode, k.mms.inode.Pipe)
	k.mem.Set(info, lay.Readers, boolWord(!s.writes)) // the host's end does not count
	k.mem.Set(info, lay.Writers, boolWord(s.writes))
	k.streams[inode] = s
	_, errno := k.installFile(t, f)
	return errno == 0
}

// pipeRead models static ssize_t pipe_read(struct file *filp, char *buf, size_t count, loff_t *ppos): what is there, at
// least a byte unless nobody writes any more.
func pipeRead(c *Call) {
	k, f, buf, count := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	inode := k.fileInode(f)
	switch s := k.stream(inode); {
	case c.Arg(3) != f+k.lay.File.Pos.Off:
		c.Fail(abi.ESPIPE)
		return
	case count == 0:
		c.Return(0)
		return
	case s != nil:
		c.Return(k.readStream(s, buf, count))
		return
	}
	lay, info := &k.mms.pipe, k.mem.Get(inode, k.mms.inode.Pipe)
	if errno, eof := c.waitPipe(f, info, func() bool { return k.mem.Get(info, lay.Len) != 0 }, lay.Writers); errno != 0 || eof {
		c.Return(uint32(-errno))
		return
	}
	done := uint32(0)
	for done < count && k.mem.Get(info, lay.Len) != 0 {
		start, length := k.mem.Get(info, lay.Start), k.mem.Get(info, lay.Len)
		n := min(count-done, length, pipeSize-start)
		if k.CopyToUser(buf+done, k.mem.Bytes(k.mem.Get(info, lay.Base)+start, n)) != 0 {
			if done == 0 {
				c.Fail(abi.EFAULT)
				return
			}
			break
		}
		k.mem.Set(info, lay.Start, (start+n)%pipeSize)
		k.mem.Set(info, lay.Len, length-n)
		done += n
	}
	k.wakeQueue(info+lay.Wait.Off, abi.TaskInterruptible, 1)
	c.Return(done)
}

// waitPipe sleeps until a pipe is ready, or nobody has its other end, whose count is others: then eof is set.
func (c *Call) waitPipe(f, info uint32, ready func() bool, others abi.Field) (errno abi.Errno, eof bool) {
	k, t := c.Kernel, c.Task()
	entry := uint32(0)
	for !ready() {
		switch {
		case k.mem.Get(info, others) == 0:
			return 0, true
		case k.mem.Get(f, k.lay.File.Flags)&abi.ONonblock != 0:
			return abi.EAGAIN, false
		case t.Get(k.lay.Task.Sigpending) != 0:
			return abi.ERESTARTSYS, false
		}
		if entry == 0 {
			entry = c.waitEntry()
		}
		t.Set(k.lay.Task.State, abi.TaskInterruptible)
		k.enterQueue(info+k.mms.pipe.Wait.Off, entry, 0)
		k.scheduleCall()
		k.leaveQueue(entry)
	}
	return 0, false
}

// pipeWrite models static ssize_t pipe_write(struct file *filp, const char *buf, size_t count, loff_t *ppos): all of it, up
// to PIPE_BUF bytes in one piece. Without a reader it is SIGPIPE and EPIPE.
func pipeWrite(c *Call) {
	k, f, buf, count := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	inode := k.fileInode(f)
	switch s := k.stream(inode); {
	case c.Arg(3) != f+k.lay.File.Pos.Off:
		c.Fail(abi.ESPIPE)
		return
	case count == 0:
		c.Return(0)
		return
	case s != nil:
		c.Return(k.writeStream(c.Task(), s, buf, count))
		return
	}
	lay, info := &k.mms.pipe, k.mem.Get(inode, k.mms.inode.Pipe)
	done := uint32(0)
	for done < count {
		need := uint32(1)
		if count <= pipeSize {
			need = count - done
		}
		noReader := k.mem.Get(info, lay.Readers) == 0
		errno, eof := abi.Errno(0), noReader
		if !noReader {
			errno, eof = c.waitPipe(f, info, func() bool {
				return k.mem.Get(info, lay.Readers) == 0 || pipeSize-k.mem.Get(info, lay.Len) >= need
			}, lay.Readers)
			eof = eof || k.mem.Get(info, lay.Readers) == 0
		}
		n := min(count-done, pipeSize-k.mem.Get(info, lay.Len))
		switch {
		case eof && done == 0:
			k.sendSignalInfo(c.Task(), abi.SIGPIPE, infoUser)
			c.Fail(abi.EPIPE)
			return
		case errno != 0 && done == 0:
			c.Fail(errno)
			return
		case eof || errno != 0:
			c.Return(done)
			return
		}
		if !k.fillPipe(info, buf+done, n) {
			if c.Return(done); done == 0 {
				c.Fail(abi.EFAULT)
			}
			return
		}
		done += n
		k.wakeQueue(info+lay.Wait.Off, abi.TaskInterruptible, 1)
	}
	c.Return(done)
}

// fillPipe puts n bytes, which fit, behind what a pipe holds.
func (k *Kernel) fillPipe(info, from, n uint32) bool {
	lay, b := &k.mms.pipe, make([]byte, n)
	if k.CopyFromUser(b, from) != 0 {
		return false
	}
	base, at := k.mem.Get(info, lay.Base), (k.mem.Get(info, lay.Start)+k.mem.Get(info, lay.Len))%pipeSize
	first := min(n, pipeSize-at)
	k.mem.Write(base+at, b[:first])
	k.mem.Write(base, b[first:])
	k.mem.Set(info, lay.Len, k.mem.Get(info, lay.Len)+n)
	return true
}

// pipeIoctl models static int pipe_ioctl(struct inode *pino, struct file *filp, unsigned int cmd, unsigned long arg).
func pipeIoctl(c *Call) {
	const fionread = 0x541b
	k := c.Kernel
	if c.Arg(2) != fionread {
		c.Fail(abi.EINVAL)
		return
	}
	c.Return(0)
	if !k.PutUser(c.Arg(3), k.mem.Get(k.mem.Get(c.Arg(0), k.mms.inode.Pipe), k.mms.pipe.Len), 4) {
		c.Fail(abi.EFAULT)
	}
}

// leavePipe is pipe_release: ends are closed; with the last one the pipe's buffer goes.
func (k *Kernel) leavePipe(inode, readers, writers uint32) {
	lay, info := &k.mms.pipe, k.mem.Get(inode, k.mms.inode.Pipe)
	delete(k.streams, inode)
	r, w := k.mem.Get(info, lay.Readers)-readers, k.mem.Get(info, lay.Writers)-writers
	k.mem.Set(info, lay.Readers, r)
	k.mem.Set(info, lay.Writers, w)
	if r+w != 0 {
		k.wakeQueue(info+lay.Wait.Off, abi.TaskInterruptible, 1)
		return
	}
	k.mem.Set(inode, k.mms.inode.Pipe, 0)
	k.FreePages(k.mem.Get(info, lay.Base), 0)
	k.Kfree(info)
}

// stream is the host's end of a pipe, nil when it has none.
func (k *Kernel) stream(inode uint32) *hostStream {
	return kept(k, func() *hostStream { return k.streams[inode] })
}

const streamPiece = 1 << 16 // bytes that go to the host at once

// readStream reads from the host.
func (k *Kernel) readStream(s *hostStream, buf, count uint32) uint32 {
	if s.r == nil {
		return 0
	}
	b := kept(k, func() []byte {
		b := make([]byte, min(count, streamPiece))
		n, err := s.r.Read(b)
		if n == 0 && err != nil && err != io.EOF {
			return nil
		}
		return b[:n]
	})
	switch {
	case b == nil:
		return errWord(abi.EIO)
	case k.CopyToUser(buf, b) != 0:
		return errWord(abi.EFAULT)
	}
	return uint32(len(b))
}

// writeStream writes to the host. When nobody takes it any more it is as if no reader was left.
func (k *Kernel) writeStream(t *Task, s *hostStream, buf, count uint32) (done uint32) {
	for done < count {
		b := make([]byte, min(count-done, streamPiece))
		left := k.CopyFromUser(b, buf+done)
		b = b[:len(b)-left]
		if len(b) == 0 {
			if done == 0 {
				return errWord(abi.EFAULT)
			}
			return done
		}
		if !kept(k, func() bool { return s.takes(b) }) {
			k.sendSignalInfo(t, abi.SIGPIPE, infoUser)
			return errWord(abi.EPIPE)
		}
		done += uint32(len(b))
	}
	return done
}

// takes gives bytes to the host. False: it takes no more.
func (s *hostStream) takes(b []byte) bool {
	if s.w == nil {
		return true
	}
	_, err := s.w.Write(b)
	return err == nil
}

// pipePoll models static unsigned int pipe_poll(struct file *filp, poll_table *wait). It does not ask which end it is. A stream
// of the host can always be read, or written.
func pipePoll(c *Call) {
	const in, out = 0x41, 0x104 // POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM
	k, lay, inode := c.Kernel, &c.Kernel.mms.pipe, c.Kernel.fileInode(c.Arg(0))
	info := k.mem.Get(inode, k.mms.inode.Pipe)
	if s := k.streams[inode]; s != nil {
		if c.Return(in); s.writes {
			c.Return(out)
		}
		return
	}
	if table := c.Arg(1); table != 0 {
		k.pollWait(c.Arg(0), info+lay.Wait.Off, table)
	}
	mask := uint32(in)
	if k.mem.Get(info, lay.Len) == 0 {
		mask = out
	}
	if k.mem.Get(info, lay.Writers) == 0 {
		mask |= pollHup
	}
	if k.mem.Get(info, lay.Readers) == 0 {
		mask |= pollErr
	}
	c.Return(mask)
}
