// SPDX-License-Identifier: BSD-3-Clause
// Open files and the tables of their numbers: struct file, struct files_struct (2.4.18 fs/file_table.c, fs/file.c,
// fs/open.c).

package guestkernel

import "ring0/guestkernel/abi"

// files_stat has nr_files, nr_free_files, max_files.
const (
	maxFilesOff = 8
	maxFiles    = 8192
	fileWrite   = 2    // FMODE_WRITE
	fileRead    = 1    // FMODE_READ
	fdWords     = 32   // file numbers in one word of a set
	smallTable  = 32   // NR_OPEN_DEFAULT: numbers that files_struct itself has room for
	fdSetSize   = 1024 // bits of the sets inside files_struct
)

func fileTableFunctions() []Function {
	return []Function{
		{Name: "get_empty_filp", Fn: func(c *Call) { c.Return(c.Kernel.newFile()) }, Level: Full},
		{Name: "fget", Fn: fget, Level: Full, Conv: Regparm3},
		{Name: "fput", Fn: func(c *Call) { c.Kernel.fput(c.Arg(0)) }, Level: Full, Conv: Regparm3},
		{Name: "put_filp", Fn: putFilp, Level: Full},
		{Name: "filp_close", Fn: func(c *Call) { c.Return(c.Kernel.closeFile(c.Arg(0), c.Arg(1))) }, Level: Full},
	}
}

// newFile makes a struct file with one user; 0 without memory or when there are too many (get_empty_filp).
func (k *Kernel) newFile() uint32 {
	lay := &k.lay.File
	n := k.mem.U32(k.sym.FilesStat)
	if n >= maxFiles {
		k.Printk("<6>VFS: file-max limit %d reached\n", maxFiles)
		return 0
	}
	f := k.fromCache(k.sym.FilpCachep, lay.Size)
	if f == 0 {
		return 0
	}
	k.mem.SetU32(k.sym.FilesStat, n+1)
	k.mem.Set(f, lay.Count, 1)
	if t := k.running; t != nil {
		k.mem.Set(f, lay.UID, t.Get(k.lay.Task.Fsuid))
		k.mem.Set(f, lay.GID, t.Get(k.lay.Task.Fsgid))
	}
	k.listAdd(f+lay.List.Off, k.sym.AnonList)
	return f
}

// freeFile gives back the memory of a struct file.
func (k *Kernel) freeFile(f uint32) {
	k.listDel(f + k.lay.File.List.Off)
	k.mem.SetU32(k.sym.FilesStat, k.mem.U32(k.sym.FilesStat)-1)
	k.cacheFree(k.mem.U32(k.sym.FilpCachep), f)
}

// putFilp models void put_filp(struct file *file): gives up a file that was never opened.
func putFilp(c *Call) {
	k, lay, f := c.Kernel, &c.Kernel.lay.File, c.Arg(0)
	count := k.mem.Get(f, lay.Count) - 1
	k.mem.Set(f, lay.Count, count)
	if count == 0 {
		k.freeFile(f)
	}
}

// fopsGet is fops_get: operations whose module can be used, else 0.
func (k *Kernel) fopsGet(ops uint32) uint32 {
	if ops == 0 || !k.tryUse(module{k, k.mem.Get(ops, k.lay.FileOperations.Owner)}) {
		return 0
	}
	return ops
}

// fopsPut is fops_put.
func (k *Kernel) fopsPut(ops uint32) {
	if ops != 0 {
		k.putUse(k.mem.Get(ops, k.lay.FileOperations.Owner))
	}
}

// putUse gives up a use of a module, if it is one (__MOD_DEC_USE_COUNT).
func (k *Kernel) putUse(owner uint32) {
	if owner == 0 {
		return
	}
	m := module{k, owner}
	m.addUse(-1)
	m.setFlags(abi.ModVisited, 0)
}

// fileOp is an operation of an open file, 0 when it has none of that kind.
func (k *Kernel) fileOp(f uint32, op abi.Field) uint32 {
	ops := k.mem.Get(f, k.lay.File.Op)
	if ops == 0 {
		return 0
	}
	return k.mem.Get(ops, op)
}

// fileInode is f->f_dentry->d_inode.
func (k *Kernel) fileInode(f uint32) uint32 {
	return k.mem.Get(k.mem.Get(f, k.lay.File.Dentry), k.lay.Dentry.Inode)
}

// fput gives up a use of a file; the last one releases it.
func (k *Kernel) fput(f uint32) {
	lay := &k.lay.File
	count := k.mem.Get(f, lay.Count) - 1
	k.mem.Set(f, lay.Count, count)
	if count != 0 {
		return
	}
	d, mnt := k.mem.Get(f, lay.Dentry), k.mem.Get(f, lay.Vfsmnt)
	if release := k.fileOp(f, k.lay.FileOperations.Release); release != 0 {
		k.Call(release, k.mem.Get(d, k.lay.Dentry.Inode), f)
	}
	k.fopsPut(k.mem.Get(f, lay.Op))
	k.endWriting(f)
	k.mem.Set(f, lay.Dentry, 0)
	k.freeFile(f)
	k.dput(d)
	k.releaseMount(mnt)
}

// endWriting is put_write_access for a file that was open for writing.
func (k *Kernel) endWriting(f uint32) {
	if k.mem.Get(f, k.lay.File.Mode)&fileWrite != 0 {
		at := k.fileInode(f) + k.files.lay.Inode.Writecount.Off
		k.mem.SetU32(at, k.mem.U32(at)-1)
	}
}

// closeFile is filp_close: flush, then the caller's use goes. Returns what flush says.
func (k *Kernel) closeFile(f, owner uint32) (result uint32) {
	if k.mem.Get(f, k.lay.File.Count) == 0 {
		k.Printk("<3>VFS: Close: file count is 0\n")
		return 0
	}
	if flush := k.fileOp(f, k.lay.FileOperations.Flush); flush != 0 {
		result = k.Call(flush, f)
	}
	k.fput(f)
	return result
}

// taskFiles is the table of a task's files; with own, one that is not init's, which is made if need be. 0: no memory.
func (k *Kernel) taskFiles(t *Task, own bool) uint32 {
	lay := &k.lay.Files
	at := t.Get(k.lay.Task.Files)
	if !own || at != k.sym.InitFiles && at != 0 {
		return at
	}
	files := k.fromCache(k.sym.FilesCachep, lay.Size)
	if files == 0 {
		return 0
	}
	k.mem.Set(files, lay.Count, 1)
	k.mem.Set(files, lay.MaxFds, smallTable)
	k.mem.Set(files, lay.MaxFdset, fdSetSize)
	k.mem.Set(files, lay.Fd, files+lay.FdArray.Off)
	k.mem.Set(files, lay.CloseOnExec, files+lay.CloseOnExecInit.Off)
	k.mem.Set(files, lay.OpenFds, files+lay.OpenFdsInit.Off)
	if at != 0 {
		k.mem.Set(at, lay.Count, k.mem.Get(at, lay.Count)-1)
	}
	t.Set(k.lay.Task.Files, files)
	return files
}

// fileAt is the file with a number, 0 when there is none (fcheck).
func (k *Kernel) fileAt(t *Task, fd uint32) uint32 {
	files := k.taskFiles(t, false)
	if files == 0 || fd >= k.mem.Get(files, k.lay.Files.MaxFds) {
		return 0
	}
	return k.mem.U32(k.mem.Get(files, k.lay.Files.Fd) + 4*fd)
}

// fget models struct file *fget(unsigned int fd).
func fget(c *Call) { c.Return(c.Kernel.useFile(c.Arg(0))) }

// useFile is fget for the running task: the file with one more user.
func (k *Kernel) useFile(fd uint32) uint32 {
	f := k.fileAt(k.running, fd)
	if f != 0 {
		k.mem.Set(f, k.lay.File.Count, k.mem.Get(f, k.lay.File.Count)+1)
	}
	return f
}

// newFD takes the lowest free number of the running task (get_unused_fd). A task has at most 32: larger tables are not
// written, beyond them it is EMFILE.
func (k *Kernel) newFD() (fd uint32, errno abi.Errno) {
	files := k.taskFiles(k.running, true)
	if files == 0 {
		return 0, abi.ENOMEM
	}
	at := k.mem.Get(files, k.lay.Files.OpenFds)
	for fd = range uint32(smallTable) {
		if set := k.mem.U32(at); set>>fd&1 == 0 {
			k.mem.SetU32(at, set|1<<fd)
			k.mem.Set(files, k.lay.Files.NextFd, fd+1)
			return fd, 0
		}
	}
	return 0, abi.EMFILE
}

// putFD makes a number free again (put_unused_fd).
func (k *Kernel) putFD(files, fd uint32) {
	lay := &k.lay.Files
	for _, set := range []abi.Field{lay.OpenFds, lay.CloseOnExec} {
		at := k.mem.Get(files, set) + fd/fdWords*4
		k.mem.SetU32(at, k.mem.U32(at)&^(1<<(fd%fdWords)))
	}
	if fd < k.mem.Get(files, lay.NextFd) {
		k.mem.Set(files, lay.NextFd, fd)
	}
}

// takeFile takes the file out of its number; 0 when there was none.
func (k *Kernel) takeFile(t *Task, fd uint32) uint32 {
	f := k.fileAt(t, fd)
	if f == 0 {
		return 0
	}
	files := k.taskFiles(t, false)
	k.mem.SetU32(k.mem.Get(files, k.lay.Files.Fd)+4*fd, 0)
	k.putFD(files, fd)
	return f
}

// closeFiles closes what a dying task has open and frees its table, if it is the last user (exit_files).
func (k *Kernel) closeFiles(t *Task) {
	lay, files := &k.lay.Files, t.Get(k.lay.Task.Files)
	if files == 0 || files == k.sym.InitFiles || k.mem.Get(files, lay.Count) != 1 {
		return
	}
	for fd := range k.mem.Get(files, lay.MaxFds) {
		if f := k.takeFile(t, fd); f != 0 {
			k.closeFile(f, files)
		}
	}
	t.Set(k.lay.Task.Files, 0)
	k.cacheFree(k.mem.U32(k.sym.FilesCachep), files)
}
