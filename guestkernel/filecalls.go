// SPDX-License-Identifier: BSD-3-Clause
// System calls on file numbers, and reading and writing at a position or from several pieces (2.4.18 fs/fcntl.c,
// fs/read_write.c).

package guestkernel

import "ring0/guestkernel/abi"

func fileCallFunctions() []Function {
	return []Function{
		{Name: "sys_dup", Fn: func(c *Call) { c.dupFrom(c.Arg(0), 0) }, Level: Full},
		{Name: "sys_dup2", Fn: sysDup2, Level: Full},
		{Name: "sys_fcntl", Fn: sysFcntl, Level: Partial, Note: fcntlNote},
		{Name: "sys_fcntl64", Fn: sysFcntl, Level: Partial, Note: fcntlNote},
		{Name: "sys_pread", Fn: func(c *Call) { c.transferAt(fileRead, c.Kernel.lay.FileOperations.Read) }, Level: Full},
		{Name: "sys_pwrite", Fn: func(c *Call) { c.transferAt(fileWrite, c.Kernel.lay.FileOperations.Write) }, Level: Full},
		{Name: "sys_readv", Fn: func(c *Call) { c.transferPieces(fileRead, c.Kernel.lay.FileOperations.Read) }, Level: Full},
		{Name: "sys_writev", Fn: func(c *Call) { c.transferPieces(fileWrite, c.Kernel.lay.FileOperations.Write) }, Level: Full},
		{Name: "sys_umask", Fn: sysUmask, Level: Full},
	}
}

const fcntlNote = "locks and leases stop the run by name"

// installFile gives a task the lowest free number for an open file.
func (k *Kernel) installFile(t *Task, f uint32) (fd uint32, errno abi.Errno) {
	return k.installFrom(t, f, 0)
}

// installFrom gives it the lowest free number from least on.
func (k *Kernel) installFrom(t *Task, f, least uint32) (fd uint32, errno abi.Errno) {
	files := k.taskFiles(t, true)
	if files == 0 {
		return 0, abi.ENOMEM
	}
	at := k.mem.Get(files, k.lay.Files.OpenFds)
	for fd = least; fd < smallTable; fd++ {
		if set := k.mem.U32(at); set>>fd&1 == 0 {
			k.mem.SetU32(at, set|1<<fd)
			k.putCloseOnExec(files, fd, false)
			k.mem.SetU32(k.mem.Get(files, k.lay.Files.Fd)+4*fd, f)
			return fd, 0
		}
	}
	return 0, abi.EMFILE
}

// putCloseOnExec marks a number of a table.
func (k *Kernel) putCloseOnExec(files, fd uint32, on bool) {
	at := k.mem.Get(files, k.lay.Files.CloseOnExec) + fd/fdWords*4
	v := k.mem.U32(at) &^ (1 << (fd % fdWords))
	if on {
		v |= 1 << (fd % fdWords)
	}
	k.mem.SetU32(at, v)
}

// dupFrom makes another number for an open file.
func (c *Call) dupFrom(fd, least uint32) {
	k := c.Kernel
	f := k.useFile(fd)
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	to, errno := k.installFrom(c.Task(), f, least)
	if c.Return(to); errno != 0 {
		k.fput(f)
		c.Fail(errno)
	}
}

// sysDup2 models long sys_dup2(unsigned int oldfd, unsigned int newfd): what newfd was is closed.
func sysDup2(c *Call) {
	k, t, from, to := c.Kernel, c.Task(), c.Arg(0), c.Arg(1)
	f := k.useFile(from)
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	c.Return(to)
	switch {
	case to >= k.rlimit(t, 7): // RLIMIT_NOFILE
		c.Fail(abi.EBADF)
	case to >= smallTable:
		c.Fail(abi.EMFILE)
	case to != from:
		if old := k.takeFile(t, to); old != 0 {
			k.closeFile(old, t.Get(k.lay.Task.Files))
		}
		k.mem.Set(f, k.lay.File.Count, k.mem.Get(f, k.lay.File.Count)+1)
		files := k.taskFiles(t, true)
		at := k.mem.Get(files, k.lay.Files.OpenFds)
		k.mem.SetU32(at, k.mem.U32(at)|1<<to)
		k.putCloseOnExec(files, to, false)
		k.mem.SetU32(k.mem.Get(files, k.lay.Files.Fd)+4*to, f)
	}
	k.fput(f)
}

// sysFcntl models long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg).
func sysFcntl(c *Call) {
	const (
		dup, getFD, setFD, getFlags, setFlags = 0, 1, 2, 3, 4
		lastKnown                             = 16
		leases                                = 1024
	)
	k, fd, cmd, arg := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	f := k.fileAt(c.Task(), fd)
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	files := c.Task().Get(k.lay.Task.Files)
	c.Return(0)
	switch {
	case cmd == dup && arg >= k.rlimit(c.Task(), 7):
		c.Fail(abi.EINVAL)
	case cmd == dup:
		c.dupFrom(fd, arg)
	case cmd == getFD:
		c.Return(k.mem.U32(k.mem.Get(files, k.lay.Files.CloseOnExec)+fd/fdWords*4) >> (fd % fdWords) & 1)
	case cmd == setFD:
		k.putCloseOnExec(files, fd, arg&1 != 0)
	case cmd == getFlags:
		c.Return(k.mem.Get(f, k.lay.File.Flags))
	case cmd == setFlags:
		c.setFileFlags(fd, f, arg)
	case cmd >= fcntlSetOwner && cmd <= fcntlGetSignal:
		c.fcntlOwner(f, cmd, arg)
	case cmd < lastKnown || cmd >= leases && cmd < leases+3:
		k.stop(Outcome{Kind: Missing, Reason: "fcntl: locks and leases of files are not written"})
	default:
		c.Fail(abi.EINVAL)
	}
}

// setFileFlags is fcntl F_SETFL: the driver is told when FASYNC changes.
func (c *Call) setFileFlags(fd, f, flags uint32) {
	const settable = abi.OAppend | abi.ONonblock | abi.ODirect | fileAsync
	k, have := c.Kernel, c.Kernel.mem.Get(f, c.Kernel.lay.File.Flags)
	if (flags^have)&fileAsync != 0 {
		if result, _ := k.setAsync(fd, f, boolWord(flags&fileAsync != 0)); int32(result) < 0 {
			c.Return(result)
			return
		}
	}
	k.mem.Set(f, k.lay.File.Flags, k.mem.Get(f, k.lay.File.Flags)&^settable|flags&settable)
}

// transferAt is sys_pread and sys_pwrite: the position is the 64-bit argument behind the count.
func (c *Call) transferAt(mode uint32, op abi.Field) {
	k, pos := c.Kernel, c.Arg64(3)
	f := k.useFile(c.Arg(0))
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	fn := k.fileOp(f, op)
	switch {
	case k.mem.Get(f, k.lay.File.Mode)&mode == 0:
		c.Fail(abi.EBADF)
	case fn == 0, int64(pos) < 0, int32(c.Arg(2)) < 0:
		c.Fail(abi.EINVAL)
	default:
		const size = 8
		at := c.Alloca(size)
		k.mem.SetU64(at, pos)
		c.Return(k.Call(fn, f, c.Arg(1), c.Arg(2), at))
	}
	k.fput(f)
}

// transferPieces is sys_readv and sys_writev: one operation for each piece, until one gets less than it wants.
func (c *Call) transferPieces(mode uint32, op abi.Field) {
	const maxPieces = 1024
	k, vector, count := c.Kernel, c.Arg(1), c.Arg(2)
	f := k.useFile(c.Arg(0))
	if f == 0 || k.mem.Get(f, k.lay.File.Mode)&mode == 0 {
		if f != 0 {
			k.fput(f)
		}
		c.Fail(abi.EBADF)
		return
	}
	defer func() { k.fput(f) }()
	fn := k.fileOp(f, op)
	switch {
	case count == 0:
		c.Return(0)
		return
	case count > maxPieces, fn == 0:
		c.Fail(abi.EINVAL)
		return
	}
	pieces := make([]byte, 8*count)
	if k.CopyFromUser(pieces, vector) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	total := uint32(0)
	for ; len(pieces) > 0; pieces = pieces[8:] {
		base, size := leWord(pieces), leWord(pieces[4:])
		n := k.Call(fn, f, base, size, f+k.lay.File.Pos.Off)
		if int32(n) < 0 {
			if total == 0 {
				total = n
			}
			break
		}
		if total += n; n != size {
			break
		}
	}
	c.Return(total)
}

// leWord reads a little-endian word.
func leWord(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// sysUmask models long sys_umask(int mask): the old one.
func sysUmask(c *Call) {
	k, fs := c.Kernel, c.Task().Get(c.Kernel.lay.Task.Fs)
	c.Return(k.mem.Get(fs, k.lay.Fs.Umask))
	k.mem.Set(fs, k.lay.Fs.Umask, c.Arg(0)&0o777)
}
