// SPDX-License-Identifier: BSD-3-Clause
// The system calls on open files (2.4.18 fs/open.c, fs/read_write.c, fs/ioctl.c).

package guestkernel

import "ring0/guestkernel/abi"

// Where lseek counts from.
const (
	seekSet = 0
	seekCur = 1
	seekEnd = 2
)

const maxPath = 4096 // PATH_MAX

func readWriteFunctions() []Function {
	lay := func(c *Call) *abi.FileOperationsLayout { return &c.Kernel.lay.FileOperations }
	return []Function{
		{Name: "sys_open", Fn: sysOpen, Level: Partial, Note: "a relative path begins at the root"},
		{Name: "sys_close", Fn: sysClose, Level: Full},
		{Name: "sys_read", Fn: func(c *Call) { c.transfer(fileRead, lay(c).Read) }, Level: Full},
		{Name: "sys_write", Fn: func(c *Call) { c.transfer(fileWrite, lay(c).Write) }, Level: Full},
		{Name: "sys_lseek", Fn: sysLseek, Level: Full},
		{Name: "sys_llseek", Fn: sysLlseek, Level: Full},
		{Name: "sys_ioctl", Fn: sysIoctl, Level: Partial, Note: "of the commands for every file: FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC"},
		{Name: "no_llseek", Fn: func(c *Call) { c.Return64(errno64(abi.ESPIPE)) }, Level: Full},
		{Name: "default_llseek", Fn: func(c *Call) { c.Return64(c.Kernel.seek(c.Arg(0), c.Arg64(1), c.Arg(3))) }, Level: Full},
		{Name: "generic_file_llseek", Fn: func(c *Call) { c.Return64(c.Kernel.seek(c.Arg(0), c.Arg64(1), c.Arg(3))) }, Level: Full},
		{Name: "filp_open", Fn: filpOpen, Level: Partial, Note: "a relative path begins at the root"},
	}
}

// errno64 is a negative error number as a 64-bit result.
func errno64(e abi.Errno) uint64 { return uint64(-int64(e)) }

// sysOpen models long sys_open(const char *filename, int flags, int mode).
func sysOpen(c *Call) {
	k := c.Kernel
	path, ok := k.StrncpyFromUser(c.Arg(0), maxPath)
	switch {
	case !ok:
		c.Fail(abi.EFAULT)
		return
	case len(path) == 0:
		c.Fail(abi.ENOENT)
		return
	case len(path) == maxPath:
		c.Fail(abi.ENAMETOOLONG)
		return
	}
	fd, errno := k.newFD()
	if errno != 0 {
		c.Fail(errno)
		return
	}
	files := k.taskFiles(k.running, true)
	f, errno := k.openPath(string(path), c.Arg(1), c.Arg(2))
	if errno != 0 {
		k.putFD(files, fd)
		c.Fail(errno)
		return
	}
	k.mem.SetU32(k.mem.Get(files, k.lay.Files.Fd)+4*fd, f)
	c.Return(fd)
}

// filpOpen models struct file *filp_open(const char *filename, int flags, int mode): an error is a pointer near the top of
// memory.
func filpOpen(c *Call) {
	f, errno := c.Kernel.openPath(c.Kernel.kernelString(c.Arg(0)), c.Arg(1), c.Arg(2))
	if c.Return(f); errno != 0 {
		c.Fail(errno)
	}
}

// sysClose models long sys_close(unsigned int fd).
func sysClose(c *Call) {
	k := c.Kernel
	f := k.takeFile(k.running, c.Arg(0))
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	c.Return(k.closeFile(f, k.running.Get(k.lay.Task.Files)))
}

// transfer is sys_read and sys_write: EBADF for a file that is not open that way, EINVAL without the operation.
func (c *Call) transfer(mode uint32, op abi.Field) {
	k, lay := c.Kernel, &c.Kernel.lay.File
	f := k.useFile(c.Arg(0))
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	fn := k.fileOp(f, op)
	switch {
	case k.mem.Get(f, lay.Mode)&mode == 0:
		c.Fail(abi.EBADF)
	case int32(c.Arg(2)) < 0: // locks_verify_area takes the position and the count together
		c.Fail(abi.EINVAL)
	case fn == 0:
		c.Fail(abi.EINVAL)
	default:
		c.Return(k.Call(fn, f, c.Arg(1), c.Arg(2), f+lay.Pos.Off))
	}
	k.fput(f)
}

// sysLseek models off_t sys_lseek(unsigned int fd, off_t offset, unsigned int origin).
func sysLseek(c *Call) {
	to, errno := c.Kernel.seekFD(c.Arg(0), uint64(int64(int32(c.Arg(1)))), c.Arg(2))
	if errno == 0 && to != int64(int32(to)) {
		errno = abi.EOVERFLOW
	}
	if c.Return(uint32(to)); errno != 0 {
		c.Fail(errno)
	}
}

// sysLlseek models long sys_llseek(unsigned int fd, unsigned long offset_high, unsigned long offset_low, loff_t *result,
// unsigned int origin).
func sysLlseek(c *Call) {
	k := c.Kernel
	to, errno := k.seekFD(c.Arg(0), uint64(c.Arg(1))<<32|uint64(c.Arg(2)), c.Arg(4))
	switch {
	case errno != 0:
		c.Fail(errno)
	case to < 0:
		c.Return(uint32(to))
	case !k.PutUser(c.Arg(3), uint32(to), 4) || !k.PutUser(c.Arg(3)+4, uint32(to>>32), 4):
		c.Fail(abi.EFAULT)
	default:
		c.Return(0)
	}
}

// seekFD moves the position of a file by its own function, or default_llseek.
func (k *Kernel) seekFD(fd uint32, offset uint64, origin uint32) (to int64, errno abi.Errno) {
	f := k.useFile(fd)
	if f == 0 {
		return 0, abi.EBADF
	}
	fn := k.fileOp(f, k.lay.FileOperations.Llseek)
	switch {
	case origin > seekEnd:
		errno = abi.EINVAL
	case fn == 0:
		to = int64(k.seek(f, offset, origin))
	default:
		lo, hi := k.Invoke(GuestCall{Fn: fn, Args: []uint32{f, uint32(offset), uint32(offset >> 32), origin}})
		to = int64(uint64(hi)<<32 | uint64(lo))
	}
	k.fput(f)
	return to, errno
}

// seek is default_llseek: the new position, or a negative error.
func (k *Kernel) seek(f uint32, offset uint64, origin uint32) uint64 {
	pos := f + k.lay.File.Pos.Off
	switch origin {
	case seekCur:
		offset += k.mem.U64(pos)
	case seekEnd:
		offset += k.mem.U64(k.fileInode(f) + k.lay.Inode.Length.Off)
	}
	if int64(offset) < 0 {
		return errno64(abi.EINVAL)
	}
	k.mem.SetU64(pos, offset)
	return offset
}

// sysIoctl models long sys_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg).
func sysIoctl(c *Call) {
	const setCloseOnExec, clearCloseOnExec, nonBlocking, async = 0x5451, 0x5450, 0x5421, 0x5452
	k, fd, cmd := c.Kernel, c.Arg(0), c.Arg(1)
	f := k.useFile(fd)
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	c.Return(0)
	switch cmd {
	case setCloseOnExec, clearCloseOnExec:
		k.setCloseOnExec(fd, cmd == setCloseOnExec)
	case nonBlocking:
		c.setNonBlocking(f)
	case async:
		c.ioctlAsync(fd, f)
	default:
		fn := k.fileOp(f, k.lay.FileOperations.Ioctl)
		if fn == 0 {
			c.Fail(abi.ENOTTY)
			break
		}
		c.Return(k.Call(fn, k.fileInode(f), f, cmd, c.Arg(2)))
	}
	k.fput(f)
}

// setCloseOnExec marks a number of the running task.
func (k *Kernel) setCloseOnExec(fd uint32, on bool) {
	at := k.mem.Get(k.taskFiles(k.running, false), k.lay.Files.CloseOnExec) + fd/fdWords*4
	v := k.mem.U32(at) &^ (1 << (fd % fdWords))
	if on {
		v |= 1 << (fd % fdWords)
	}
	k.mem.SetU32(at, v)
}

// setNonBlocking is ioctl FIONBIO: the word at arg says on or off.
func (c *Call) setNonBlocking(f uint32) {
	k, flags := c.Kernel, c.Kernel.lay.File.Flags
	on, ok := k.GetUser(c.Arg(2), 4)
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	v := k.mem.Get(f, flags) &^ abi.ONonblock
	if on != 0 {
		v |= abi.ONonblock
	}
	k.mem.Set(f, flags, v)
}
