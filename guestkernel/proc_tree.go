// SPDX-License-Identifier: BSD-3-Clause
// The tree of /proc: struct proc_dir_entry, from proc_root down (2.4.18 fs/proc/generic.c, linux/proc_fs.h).
//
// A directory's entries are linked through next, newest first. An entry that is open when it is removed stays until it is
// closed.

package guestkernel

import (
	"math/bits"
	"strings"
)

// Kinds of files, and permissions (S_IFMT …).
const (
	modeKind    = 0o170000
	modeRegular = 0o100000
	modeDir     = 0o040000
	modeChar    = 0o020000
	modeBlock   = 0o060000
	modeLink    = 0o120000
	modeBits    = 0o7777 // S_IALLUGO
)

// Inode numbers that entries get: one bit each in proc_alloc_map.
const (
	procFirstInode = 4096
	procInodes     = 4096
)

func procTreeFunctions() []Function {
	return []Function{
		{Name: "create_proc_entry", Fn: createProcEntry, Level: Full},
		{Name: "proc_mkdir", Fn: procMkdir, Level: Full},
		{Name: "proc_symlink", Fn: procSymlink, Level: Full},
		{Name: "proc_mknod", Fn: procMknod, Level: Full},
		{Name: "remove_proc_entry", Fn: removeProcEntry, Level: Full},
	}
}

// children of a directory, newest first.
func (k *Kernel) procEntries(dir uint32) func(yield func(uint32) bool) {
	lay := &k.lay.ProcDirEntry
	return k.ring("a directory of /proc", k.mem.Get(dir, lay.Subdir), 0, lay.Next)
}

// procFind returns the entry of a directory with that name, 0 when there is none (proc_match).
func (k *Kernel) procFind(dir uint32, name string) uint32 {
	lay := &k.lay.ProcDirEntry
	for e := range k.procEntries(dir) {
		if k.mem.Get(e, lay.LowIno) != 0 && int(k.mem.Get(e, lay.Namelen)) == len(name) &&
			string(k.mem.Bytes(k.mem.Get(e, lay.Name), uint32(len(name)))) == name {
			return e
		}
	}
	return 0
}

// procSplit is xlate_proc_name: below proc_root, the directory of "a/b/name" and the name.
func (k *Kernel) procSplit(path string) (dir uint32, name string, ok bool) {
	dir = k.sym.ProcRoot
	for {
		first, rest, more := strings.Cut(path, "/")
		if !more {
			return dir, path, true
		}
		if dir = k.procFind(dir, first); dir == 0 {
			return 0, "", false
		}
		path = rest
	}
}

// procPlace is where an entry called name goes: with a parent right there, else wherever the path says.
func (k *Kernel) procPlace(parent, name uint32) (dir uint32, last string, ok bool) {
	path := k.kernelString(name)
	if parent != 0 {
		return parent, path, true
	}
	return k.procSplit(path)
}

// A procSpec describes a new entry.
type procSpec struct {
	mode, links uint32
	rdev        uint32
	target      string // of a symbolic link
}

// newProcEntry makes an entry and puts it into a directory; 0 without memory or inode numbers (proc_create, proc_register).
// The name lies behind the structure.
func (k *Kernel) newProcEntry(dir uint32, name string, s procSpec) uint32 {
	lay := &k.lay.ProcDirEntry
	e := k.Kmalloc(lay.Size+uint32(len(name))+1, k.pages.gfp.kernel)
	if e == 0 {
		return 0
	}
	k.mem.Fill(e, lay.Size, 0)
	k.mem.Write(e+lay.Size, append([]byte(name), 0))
	k.mem.Set(e, lay.Name, e+lay.Size)
	k.mem.Set(e, lay.Namelen, uint32(len(name)))
	k.mem.Set(e, lay.Mode, s.mode)
	k.mem.Set(e, lay.Nlink, s.links)
	k.mem.Set(e, lay.Rdev, s.rdev)
	if s.mode&modeKind == modeLink && !k.setProcTarget(e, s.target) {
		k.Kfree(e)
		return 0
	}
	if !k.registerProc(dir, e) {
		k.freeProcEntry(e, true)
		return 0
	}
	return e
}

// setProcTarget stores what a symbolic link says.
func (k *Kernel) setProcTarget(e uint32, target string) bool {
	lay := &k.lay.ProcDirEntry
	text := k.Kmalloc(uint32(len(target))+1, k.pages.gfp.kernel)
	if text == 0 {
		return false
	}
	k.mem.Write(text, append([]byte(target), 0))
	k.mem.Set(e, lay.Length, uint32(len(target)))
	k.mem.Set(e, lay.Data, text)
	return true
}

// registerProc is proc_register: a number, a place at the head of the directory, the operations of its kind.
func (k *Kernel) registerProc(dir, e uint32) bool {
	lay := &k.lay.ProcDirEntry
	number, ok := k.takeProcInode()
	if !ok {
		return false
	}
	k.mem.Set(e, lay.LowIno, number)
	k.mem.Set(e, lay.Next, k.mem.Get(dir, lay.Subdir))
	k.mem.Set(e, lay.Parent, dir)
	k.mem.Set(dir, lay.Subdir, e)
	switch k.mem.Get(e, lay.Mode) & modeKind {
	case modeDir:
		k.mem.Set(e, lay.ProcFops, k.sym.ProcDirOps)
		k.mem.Set(e, lay.ProcIops, k.sym.ProcDirIops)
		k.mem.Set(dir, lay.Nlink, k.mem.Get(dir, lay.Nlink)+1)
	case modeLink:
		k.mem.Set(e, lay.ProcIops, k.sym.ProcLinkIops)
	case modeRegular:
		k.mem.Set(e, lay.ProcFops, k.sym.ProcFileOps)
	}
	return true
}

// takeProcInode takes the lowest free inode number (make_inode_number).
func (k *Kernel) takeProcInode() (number uint32, ok bool) {
	for i := uint32(0); i < procInodes; i += 32 {
		at := k.sym.ProcAllocMap + i/8
		if word := k.mem.U32(at); word != ^uint32(0) {
			bit := uint32(bits.TrailingZeros32(^word))
			k.mem.SetU32(at, word|1<<bit)
			return procFirstInode + i + bit, true
		}
	}
	return 0, false
}

// giveProcInode clears the bit of an entry's number. (A fixed entry's would be a bit before the map, as there; such
// entries cannot be removed by name but by who knows them.)
func (k *Kernel) giveProcInode(number uint32) {
	i := int32(number) - procFirstInode
	at := k.sym.ProcAllocMap + uint32(i>>5)*4
	k.mem.SetU32(at, k.mem.U32(at)&^(1<<(i&31)))
}

// freeProcEntry frees an entry that is in no directory; those with fixed numbers stay, unless they never got one.
func (k *Kernel) freeProcEntry(e uint32, unnumbered bool) {
	lay := &k.lay.ProcDirEntry
	number := k.mem.Get(e, lay.LowIno)
	if !unnumbered && (number < procFirstInode || number >= procFirstInode+procInodes) {
		return
	}
	if data := k.mem.Get(e, lay.Data); data != 0 && k.mem.Get(e, lay.Mode)&modeKind == modeLink {
		k.Kfree(data)
	}
	k.Kfree(e)
}

// makeProc is what the functions that make entries have in common. name NULL or empty: NULL.
func (c *Call) makeProc(name, parent uint32, s procSpec) {
	k := c.Kernel
	c.Return(0)
	if name == 0 || k.mem.U8(name) == 0 {
		return
	}
	if dir, last, ok := k.procPlace(parent, name); ok {
		c.Return(k.newProcEntry(dir, last, s))
	}
}

// createProcEntry models struct proc_dir_entry *create_proc_entry(const char *name, mode_t mode, struct proc_dir_entry
// *parent). Without a kind it is a regular file, without permissions everybody may read it. The name may be a path below
// /proc when parent is NULL. NULL: no memory, no such directory.
func createProcEntry(c *Call) {
	const readAll, searchAll = 0o444, 0o111
	mode, links := c.Arg(1)&0xffff, uint32(1)
	if mode&modeKind == 0 {
		mode |= modeRegular
	}
	isDir := mode&modeKind == modeDir
	if mode&modeBits == 0 {
		mode |= readAll
		if isDir {
			mode |= searchAll
		}
	}
	if isDir {
		links = 2
	}
	c.makeProc(c.Arg(0), c.Arg(2), procSpec{mode: mode, links: links})
}

// procMkdir models struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent).
func procMkdir(c *Call) { c.makeProc(c.Arg(0), c.Arg(1), procSpec{mode: modeDir | 0o555, links: 2}) }

// procSymlink models struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent, const char *dest).
func procSymlink(c *Call) {
	c.makeProc(c.Arg(0), c.Arg(1), procSpec{mode: modeLink | 0o777, links: 1, target: c.Kernel.kernelString(c.Arg(2))})
}

// procMknod models struct proc_dir_entry *proc_mknod(const char *name, mode_t mode, struct proc_dir_entry *parent, kdev_t
// rdev): a device file in /proc.
func procMknod(c *Call) {
	c.makeProc(c.Arg(0), c.Arg(2), procSpec{mode: c.Arg(1) & 0xffff, links: 1, rdev: c.Arg(3) & 0xffff})
}

// removeProcEntry models void remove_proc_entry(const char *name, struct proc_dir_entry *parent). Files open on the entry
// lose their operations: reading them is EINVAL from then on. While somebody has it open it is only marked. What lies
// below a directory is not freed: 2.4.18 loses it too.
func removeProcEntry(c *Call) {
	k, lay := c.Kernel, &c.Kernel.lay.ProcDirEntry
	dir, name, ok := k.procPlace(c.Arg(1), c.Arg(0))
	if !ok {
		return
	}
	e := k.procFind(dir, name)
	if e == 0 {
		return
	}
	k.unlinkProc(dir, e)
	if k.mem.Get(e, lay.Mode)&modeKind == modeDir {
		k.mem.Set(dir, lay.Nlink, k.mem.Get(dir, lay.Nlink)-1)
	}
	k.giveProcInode(k.mem.Get(e, lay.LowIno))
	k.cutOffProcFiles(e)
	k.mem.Set(e, lay.Nlink, 0)
	if count := k.mem.Get(e, lay.Count); count != 0 {
		k.mem.Set(e, lay.Deleted, 1)
		k.Printk("<4>remove_proc_entry: %s/%s busy, count=%d\n",
			k.kernelString(k.mem.Get(dir, lay.Name)), k.kernelString(k.mem.Get(e, lay.Name)), int32(count))
		return
	}
	k.freeProcEntry(e, false)
}

// unlinkProc takes an entry out of its directory.
func (k *Kernel) unlinkProc(dir, e uint32) {
	lay := &k.lay.ProcDirEntry
	link := dir + lay.Subdir.Off
	for k.mem.U32(link) != e {
		link = k.mem.U32(link) + lay.Next.Off
	}
	k.mem.SetU32(link, k.mem.Get(e, lay.Next))
	k.mem.Set(e, lay.Next, 0)
}
