// SPDX-License-Identifier: BSD-3-Clause
// Files of /proc: their inodes, and reading and writing through an entry's functions (2.4.18 fs/proc/inode.c, generic.c).

package guestkernel

import "ring0/guestkernel/abi"

func procFileFunctions() []Function {
	return []Function{
		{Name: "proc_file_read", Fn: procFileRead, Level: Full},
		{Name: "proc_file_write", Fn: procFileWrite, Level: Full},
		{Name: "proc_file_lseek", Fn: procFileLseek, Level: Full},
		{Name: "generic_read_dir", Fn: func(c *Call) { c.Fail(abi.EISDIR) }, Level: Full},
	}
}

// procInode makes the inode of an entry; 0 without memory (proc_get_inode). The entry and the module it belongs to have one
// more user.
func (k *Kernel) procInode(e uint32) uint32 {
	lay, ilay := &k.lay.ProcDirEntry, &k.lay.Inode
	mode := k.mem.Get(e, lay.Mode)
	inode := k.newInode(k.mem.Get(e, lay.LowIno), mode)
	if inode == 0 {
		return 0
	}
	k.mem.Set(e, lay.Count, k.mem.Get(e, lay.Count)+1)
	k.mem.Set(inode, ilay.GenericIP, e)
	k.mem.Set(inode, ilay.UID, k.mem.Get(e, lay.UID))
	k.mem.Set(inode, ilay.GID, k.mem.Get(e, lay.GID))
	k.mem.SetU64(inode+ilay.Length.Off, uint64(k.mem.Get(e, lay.Length)))
	if links := k.mem.Get(e, lay.Nlink); links != 0 {
		k.mem.Set(inode, ilay.Nlink, links)
	}
	if owner := k.mem.Get(e, lay.Owner); owner != 0 {
		m := module{k, owner}
		m.addUse(1)
		m.setFlags(abi.ModVisited|abi.ModUsedOnce, 0)
	}
	k.mem.Set(inode, ilay.Op, k.mem.Get(e, lay.ProcIops))
	if ops := k.mem.Get(e, lay.ProcFops); ops != 0 {
		k.mem.Set(inode, ilay.Fop, ops)
	} else if mode&modeKind == modeChar {
		k.mem.Set(inode, ilay.Fop, k.sym.DefChrFops)
		k.mem.Set(inode, ilay.Rdev, k.mem.Get(e, lay.Rdev))
	}
	return inode
}

// leaveProcEntry ends an inode's use of its entry (proc_delete_inode, de_put).
func (k *Kernel) leaveProcEntry(e uint32) {
	lay := &k.lay.ProcDirEntry
	k.putUse(k.mem.Get(e, lay.Owner))
	count := k.mem.Get(e, lay.Count)
	if count == 0 {
		k.Printk("<4>de_put: entry %s already free!\n", k.kernelString(k.mem.Get(e, lay.Name)))
		return
	}
	k.mem.Set(e, lay.Count, count-1)
	if count == 1 && k.mem.Get(e, lay.Deleted) != 0 {
		k.Printk("<4>de_put: deferred delete of %s\n", k.kernelString(k.mem.Get(e, lay.Name)))
		k.freeProcEntry(e, false)
	}
}

// cutOffProcFiles takes the operations from files that are open on an entry (proc_kill_inodes).
func (k *Kernel) cutOffProcFiles(e uint32) {
	lay := &k.lay.File
	for link := range k.listMembers("anon_list", k.sym.AnonList) {
		f := link - lay.List.Off
		if k.mem.Get(f, lay.Dentry) == 0 || k.mem.Get(k.fileInode(f), k.lay.Inode.GenericIP) != e {
			continue
		}
		ops := k.mem.Get(f, lay.Op)
		k.mem.Set(f, lay.Op, 0)
		k.fopsPut(ops)
	}
}

// A procRead is one read(2) of a file in /proc.
type procRead struct {
	k           *Kernel
	entry, page uint32
	locals      uint32 // char *start; int eof
	pos         uint32 // where *ppos is
	done        uint32
}

// procFileRead models ssize_t proc_file_read(struct file *file, char *buf, size_t nbytes, loff_t *ppos): a page, at most 3 KB of
// which are asked from get_info or read_proc at a time, until there is no more.
func procFileRead(c *Call) {
	const piece = 3 << 10 // PROC_BLOCK_SIZE
	k := c.Kernel
	r := procRead{k: k, entry: k.mem.Get(k.fileInode(c.Arg(0)), k.lay.Inode.GenericIP), pos: c.Arg(3), locals: c.Alloca(8)}
	if r.page = k.GetFreePages(k.pages.gfp.kernel, 0); r.page == 0 {
		c.Fail(abi.ENOMEM)
		return
	}
	buf, left := c.Arg(1), c.Arg(2)
	c.Return(0)
	k.mem.SetU32(r.locals+4, 0)
	for left > 0 && k.mem.U32(r.locals+4) == 0 {
		n, from, more := r.ask(min(piece, left))
		if !more {
			break
		}
		if n < 0 {
			if r.done == 0 {
				c.Return(uint32(n))
			}
			break
		}
		copied := uint32(int(n) - k.CopyToUser(buf, k.mem.Bytes(max(from, r.page), uint32(n))))
		if copied == 0 {
			if r.done == 0 {
				c.Fail(abi.EFAULT)
			}
			break
		}
		step := copied
		if from < r.page { // an entry that counts its position in units of its own
			step = from
		}
		k.mem.SetU64(r.pos, k.mem.U64(r.pos)+uint64(int64(int32(step))))
		left, buf, r.done = left-copied, buf+copied, r.done+copied
		c.Return(r.done)
	}
	k.FreePages(r.page, 0)
}

// ask calls the entry's function for up to count bytes. n is how many it has for us, from which address on; negative: an
// error. more is false at the end of the file. Functions that leave start alone fill the page from the beginning of the
// file. An entry without either function is empty.
func (r *procRead) ask(count uint32) (n int32, from uint32, more bool) {
	k, lay := r.k, &r.k.lay.ProcDirEntry
	start, eof := r.locals, r.locals+4
	k.mem.SetU32(start, 0)
	at := k.mem.U32(r.pos)
	if info := k.mem.Get(r.entry, lay.GetInfo); info != 0 {
		n = int32(k.Call(info, r.page, start, at, count))
		if n < int32(count) {
			k.mem.SetU32(eof, 1)
		}
	} else if read := k.mem.Get(r.entry, lay.ReadProc); read != 0 {
		n = int32(k.Call(read, r.page, start, at, count, eof, k.mem.Get(r.entry, lay.Data)))
	} else {
		return 0, 0, false
	}
	if from = k.mem.U32(start); from == 0 {
		from = r.page + at
		if n -= int32(at); n <= 0 {
			return 0, 0, false
		}
		n = min(n, int32(count))
	}
	return n, from, n != 0
}

// procFileWrite models ssize_t proc_file_write(struct file *file, const char *buffer, size_t count, loff_t *ppos).
func procFileWrite(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.ProcDirEntry
	e := k.mem.Get(k.fileInode(c.Arg(0)), k.lay.Inode.GenericIP)
	write := k.mem.Get(e, lay.WriteProc)
	if write == 0 {
		c.Fail(abi.EIO)
		return
	}
	c.Return(k.Call(write, c.Arg(0), c.Arg(1), c.Arg(2), k.mem.Get(e, lay.Data)))
}

// procFileLseek models loff_t proc_file_lseek(struct file *file, loff_t offset, int orig): not from the end.
func procFileLseek(c *Call) {
	k, pos := c.Kernel, c.Arg(0)+c.Kernel.lay.File.Pos.Off
	to := int64(c.Arg64(1))
	switch c.Arg(3) {
	case seekSet:
	case seekCur:
		to += int64(k.mem.U64(pos))
	default:
		to = -1
	}
	if to < 0 {
		c.Return64(errno64(abi.EINVAL))
		return
	}
	k.mem.SetU64(pos, uint64(to))
	c.Return64(uint64(to))
}
