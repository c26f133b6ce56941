// SPDX-License-Identifier: BSD-3-Clause
// Reading and writing files through the page cache (2.4.18 mm/filemap.c), symbolic links (fs/namei.c), readdir
// (fs/readdir.c).

package guestkernel

import "ring0/guestkernel/abi"

func filemapFunctions() []Function {
	return []Function{
		{Name: "generic_file_read", Fn: genericFileRead, Level: Full},
		{Name: "generic_file_write", Fn: genericFileWrite, Level: Partial, Note: "O_SYNC and O_DIRECT are not looked at; no limits of size but the file system's"},
		{Name: "do_generic_file_read", Fn: doGenericFileRead, Level: Full},
		{Name: "generic_file_open", Fn: genericFileOpen, Level: Full},
		{Name: "file_fsync", Fn: fileFsync, Level: Full},
		{Name: "vfs_readlink", Fn: vfsReadlink, Level: Full},
		{Name: "vfs_follow_link", Fn: vfsFollowLink, Level: Full},
		{Name: "page_readlink", Fn: pageReadlink, Level: Full},
		{Name: "page_follow_link", Fn: pageFollowLink, Level: Full},
		{Name: "vfs_readdir", Fn: func(c *Call) { c.Return(c.Kernel.readDir(c.Arg(0), c.Arg(1), c.Arg(2))) }, Level: Full},
		{Name: "filldir64", Fn: filldir64, Level: Full, Proto: "int filldir64(void *buf, const char *name, int namlen, loff_t offset, ino_t ino, unsigned int d_type)"},
		{Name: "sys_getdents64", Fn: sysGetdents64, Level: Full},
		{Name: "kernel_read", Fn: kernelRead, Level: Full},
	}
}

// bootFilemap fills in the kernel's tables for files of file systems.
func (k *Kernel) bootFilemap() error {
	file, iops := &k.lay.FileOperations, &k.drv.fs.lay.IOps
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"generic_ro_fops", file.Llseek, "generic_file_llseek"}, {"generic_ro_fops", file.Read, "generic_file_read"},
		{"generic_ro_fops", file.Mmap, "generic_file_mmap"}, {"page_symlink_inode_operations", iops.Readlink, "page_readlink"},
		{"page_symlink_inode_operations", iops.FollowLink, "page_follow_link"},
		{"dcache_dir_ops", file.Read, "generic_read_dir"}, {"dcache_dir_ops", file.Readdir, "dcache_readdir"},
	} {
		table, ok := k.profile.Symbol(row.table)
		if !ok {
			continue // a vendor's addition
		}
		if _, ok := k.profile.Symbol(row.name); !ok {
			continue
		}
		if err := k.setOp(table, row.f, row.name); err != nil {
			return err
		}
	}
	return nil
}

// genericFileRead models ssize_t generic_file_read(struct file *filp, char *buf, size_t count, loff_t *ppos).
func genericFileRead(c *Call) {
	k, f, buf, count, pos := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)
	switch {
	case int32(count) < 0:
		c.Fail(abi.EINVAL)
		return
	case !k.AccessOK(buf, count):
		c.Fail(abi.EFAULT)
		return
	}
	done := uint32(0)
	errno := k.readFile(f, pos, count, func(at, n uint32) uint32 {
		took := n - uint32(k.CopyToUser(buf+done, k.mem.Bytes(at, n)))
		done += took
		return took
	})
	switch {
	case done > 0:
		c.Return(done)
	case errno != 0:
		c.Fail(errno)
	default:
		c.Return(0)
	}
}

// readFile hands up to count bytes from a position on to take, page by page, and moves the position by what it takes
// (do_generic_file_read). EFAULT when it takes less than it gets.
func (k *Kernel) readFile(f, pos, count uint32, take func(at, n uint32) uint32) abi.Errno {
	mapping := k.mem.Get(k.fileInode(f), k.lay.Inode.Mapping)
	inode := k.mem.Get(mapping, k.drv.fs.lay.Space.Host)
	k.updateAtime(inode)
	for count > 0 {
		at, length := k.mem.U64(pos), k.mem.U64(inode+k.lay.Inode.Length.Off)
		if at >= length {
			return 0
		}
		offset := uint32(at) & (abi.PageSize - 1)
		n := min(count, abi.PageSize-offset, uint32(min(length-at, abi.PageSize)))
		page, errno := k.readPage(f, mapping, uint32(at>>abi.PageShift))
		if errno != 0 {
			return errno
		}
		took := take(k.pageAddress(page)+offset, n)
		k.putPage(page)
		k.mem.SetU64(pos, at+uint64(took))
		if count -= took; took < n {
			return abi.EFAULT
		}
	}
	return 0
}

// struct read_descriptor_t: written, count, buf, error.
const (
	descWritten = 0
	descCount   = 4
	descError   = 12
)

// doGenericFileRead models void do_generic_file_read(struct file *filp, loff_t *ppos, read_descriptor_t *desc, read_actor_t
// actor): int actor(read_descriptor_t *desc, struct page *page, unsigned long offset, unsigned long size).
func doGenericFileRead(c *Call) {
	k, f, pos, desc, actor := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)
	errno := k.readFile(f, pos, k.mem.U32(desc+descCount), func(at, n uint32) uint32 {
		page := k.pageOf(physical(at) >> abi.PageShift)
		return k.Call(actor, desc, page, at&(abi.PageSize-1), n)
	})
	if errno != 0 && errno != abi.EFAULT {
		k.mem.SetU32(desc+descError, errWord(errno))
	}
}

// kernelRead models int kernel_read(struct file *file, unsigned long offset, char *addr, unsigned long count).
func kernelRead(c *Call) {
	k, f := c.Kernel, c.Arg(0)
	read := k.fileOp(f, k.lay.FileOperations.Read)
	if read == 0 {
		c.Fail(abi.ENOSYS)
		return
	}
	pos := c.Alloca(2 * wordSize)
	k.mem.SetU64(pos, uint64(c.Arg(1)))
	limit := k.running.addr + k.lay.Task.AddrLimit.Off
	old := k.mem.U32(limit)
	k.mem.SetU32(limit, 0xffffffff)
	result := k.Call(read, f, c.Arg(2), c.Arg(3), pos)
	k.mem.SetU32(limit, old)
	c.Return(result)
}

// genericFileWrite models ssize_t generic_file_write(struct file *file, const char *buf, size_t count, loff_t *ppos).
func genericFileWrite(c *Call) {
	const appending = 0o2000
	k, f, buf, count, pos := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)
	mapping := k.mem.Get(k.fileInode(f), k.lay.Inode.Mapping)
	inode := k.mem.Get(mapping, k.drv.fs.lay.Space.Host)
	isBlock := k.mem.Get(inode, k.lay.Inode.Mode)&modeKind == modeBlock
	switch {
	case int32(count) < 0 || int64(k.mem.U64(pos)) < 0:
		c.Fail(abi.EINVAL)
		return
	case !k.AccessOK(buf, count):
		c.Fail(abi.EFAULT)
		return
	}
	length := inode + k.lay.Inode.Length.Off
	if !isBlock && k.mem.Get(f, k.lay.File.Flags)&appending != 0 {
		k.mem.SetU64(pos, k.mem.U64(length))
	}
	if isBlock {
		at, end := k.mem.U64(pos), k.mem.U64(length)
		switch {
		case at > end || at == end && count > 0:
			c.Fail(abi.ENOSPC)
			return
		case uint64(count) > end-at:
			count = uint32(end - at)
		}
	}
	if count == 0 {
		c.Return(0)
		return
	}
	now := k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec)
	k.mem.Set(inode, k.lay.Inode.Mtime, now)
	k.mem.Set(inode, k.lay.Inode.Ctime, now)
	k.dirtyInode(inode, inodeDirtySync)
	done, result := k.writeFile(f, mapping, writeFrom{buf, count, pos})
	if done > 0 {
		result = done
	}
	c.Return(result)
}

// writeFrom is what to write where.
type writeFrom struct{ buf, count, pos uint32 }

// writeFile writes page by page, and returns how much and what stopped it.
func (k *Kernel) writeFile(f, mapping uint32, w writeFrom) (done, result uint32) {
	aops := k.mem.Get(mapping, k.drv.fs.lay.Space.AOps)
	prepare, commit := k.mem.Get(aops, k.drv.fs.lay.AOps.PrepareWrite), k.mem.Get(aops, k.drv.fs.lay.AOps.CommitWrite)
	if prepare == 0 || commit == 0 {
		return 0, errWord(abi.EINVAL)
	}
	for done < w.count {
		at := k.mem.U64(w.pos)
		offset := uint32(at) & (abi.PageSize - 1)
		n := min(w.count-done, abi.PageSize-offset)
		page := k.grabPage(mapping, uint32(at>>abi.PageShift))
		if page == 0 {
			return done, errWord(abi.ENOMEM)
		}
		b := make([]byte, n)
		left := k.CopyFromUser(b, w.buf+done)
		result = k.Call(prepare, f, page, offset, offset+n)
		if result == 0 && left < len(b) {
			n -= uint32(left)
			k.mem.Write(k.pageAddress(page)+offset, b[:n])
			if result = k.Call(commit, f, page, offset, offset+n); int32(result) > 0 {
				result = 0
			}
		}
		k.unlockPage(page)
		k.putPage(page)
		switch {
		case result != 0:
			return done, result
		case left == len(b):
			return done, errWord(abi.EFAULT)
		}
		done += n
		k.mem.SetU64(w.pos, at+uint64(n))
		if left != 0 {
			return done, errWord(abi.EFAULT)
		}
	}
	return done, 0
}

// genericFileOpen models int generic_file_open(struct inode *inode, struct file *filp): EFBIG for a file that is too long for
// who did not say O_LARGEFILE.
func genericFileOpen(c *Call) {
	const largeFile = 0o100000
	k := c.Kernel
	c.Return(0)
	if k.mem.Get(c.Arg(1), k.lay.File.Flags)&largeFile == 0 && k.mem.U64(c.Arg(0)+k.lay.Inode.Length.Off) > 0x7fffffff {
		c.Fail(abi.EFBIG)
	}
}

// fileFsync models int file_fsync(struct file *filp, struct dentry *dentry, int datasync).
func fileFsync(c *Call) {
	k := c.Kernel
	inode := k.dentryInode(c.Arg(1))
	k.writeInode(inode, 0)
	if sb := k.mem.Get(inode, k.lay.Inode.SB); sb != 0 {
		k.syncSuper(sb)
	}
	c.Return(k.writeDevice(k.mem.Get(inode, k.lay.Inode.Dev)))
}

// vfsReadlink models int vfs_readlink(struct dentry *dentry, char *buffer, int buflen, const char *link).
func vfsReadlink(c *Call) {
	k, link := c.Kernel, c.Arg(3)
	if int32(link) < 0 && int32(link) >= -maxErrno {
		c.Return(link)
		return
	}
	text := k.kernelString(link)
	text = atMost(text, c.Arg(2))
	c.Return(uint32(len(text)))
	if k.CopyToUser(c.Arg(1), []byte(text)) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// vfsFollowLink models int vfs_follow_link(struct nameidata *nd, const char *link): where the link leads from nd.
func vfsFollowLink(c *Call) { c.Return(c.Kernel.followText(c.Arg(0), c.Arg(1))) }

// linkPage is the page with the target of a symbolic link, terminated; 0 and an error.
func (k *Kernel) linkPage(d uint32) (page uint32, errno abi.Errno) {
	inode := k.dentryInode(d)
	if page, errno = k.readPage(0, k.mem.Get(inode, k.lay.Inode.Mapping), 0); errno == 0 {
		k.mem.SetU8(k.pageAddress(page)+uint32(k.mem.U64(inode+k.lay.Inode.Length.Off))&(abi.PageSize-1), 0)
	}
	return page, errno
}

// pageReadlink models int page_readlink(struct dentry *dentry, char *buffer, int buflen).
func pageReadlink(c *Call) {
	k := c.Kernel
	page, errno := k.linkPage(c.Arg(0))
	if errno != 0 {
		c.Fail(errno)
		return
	}
	text := k.kernelString(k.pageAddress(page))
	text = atMost(text, c.Arg(2))
	k.putPage(page)
	c.Return(uint32(len(text)))
	if k.CopyToUser(c.Arg(1), []byte(text)) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// pageFollowLink models int page_follow_link(struct dentry *dentry, struct nameidata *nd).
func pageFollowLink(c *Call) {
	k := c.Kernel
	page, errno := k.linkPage(c.Arg(0))
	if errno != 0 {
		c.Fail(errno)
		return
	}
	c.Return(k.followText(c.Arg(1), k.pageAddress(page)))
	k.putPage(page)
}

// readDir is vfs_readdir: ENOTDIR for what is none.
func (k *Kernel) readDir(f, fill, buf uint32) uint32 {
	readdir := k.fileOp(f, k.lay.FileOperations.Readdir)
	if readdir == 0 {
		return errWord(abi.ENOTDIR)
	}
	return k.Call(readdir, f, buf, fill)
}

// What filldir64 keeps for sys_getdents64: where the next entry goes, the one before, room, error.
const (
	dirCurrent  = 0
	dirPrevious = 4
	dirRoom     = 8
	dirError    = 12
	dirSize     = 16
	dirNameOff  = 19 // of d_name in struct linux_dirent64: ino (8), off (8), reclen (2), type
)

// filldir64 models static int filldir64(void *buf, const char *name, int namlen, loff_t offset, ino_t ino, unsigned int
// d_type): EINVAL when there is no room.
func filldir64(c *Call) {
	k, buf, name, n, offset, number, kind := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg64(3), c.Arg(5), c.Arg(6)
	length := (dirNameOff + n + 1 + 7) &^ 7
	room := k.mem.U32(buf + dirRoom)
	if length > room {
		k.mem.SetU32(buf+dirError, errWord(abi.EINVAL))
		c.Fail(abi.EINVAL)
		return
	}
	k.mem.SetU32(buf+dirError, errWord(abi.EINVAL))
	at := k.mem.U32(buf + dirCurrent)
	if previous := k.mem.U32(buf + dirPrevious); previous != 0 {
		k.PutUser(previous+8, uint32(offset), wordSize)
		k.PutUser(previous+12, uint32(offset>>32), wordSize)
	}
	entry := make([]byte, dirNameOff+n+1)
	for i := range 4 {
		entry[i] = byte(number >> (8 * i))
	}
	entry[16], entry[17], entry[18] = byte(length), byte(length>>8), byte(kind)
	copy(entry[dirNameOff:], k.mem.Bytes(name, n))
	if k.CopyToUser(at, entry) != 0 {
		k.mem.SetU32(buf+dirError, errWord(abi.EFAULT))
		c.Fail(abi.EFAULT)
		return
	}
	k.mem.SetU32(buf+dirPrevious, at)
	k.mem.SetU32(buf+dirCurrent, at+length)
	k.mem.SetU32(buf+dirRoom, room-length)
	c.Return(0)
}

// sysGetdents64 models long sys_getdents64(unsigned int fd, void *dirent, unsigned int count).
func sysGetdents64(c *Call) {
	k := c.Kernel
	f := k.useFile(c.Arg(0))
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	buf := c.Alloca(dirSize)
	k.mem.Fill(buf, dirSize, 0)
	k.mem.SetU32(buf+dirCurrent, c.Arg(1))
	k.mem.SetU32(buf+dirRoom, c.Arg(2))
	result := k.readDir(f, k.symbol("filldir64"), buf)
	if int32(result) >= 0 {
		result = k.mem.U32(buf + dirError)
		if last := k.mem.U32(buf + dirPrevious); last != 0 {
			pos := k.mem.U64(f + k.lay.File.Pos.Off)
			k.PutUser(last+8, uint32(pos), wordSize)
			k.PutUser(last+12, uint32(pos>>32), wordSize)
			result = c.Arg(2) - k.mem.U32(buf+dirRoom)
		}
	}
	k.fput(f)
	c.Return(result)
}
