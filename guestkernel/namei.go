// SPDX-License-Identifier: BSD-3-Clause
// From a path to an open file (2.4.18 fs/namei.c, fs/open.c).

package guestkernel

import (
	"strings"

	"ring0/guestkernel/abi"
)

// Flags of open(2).
const (
	openAccess    = 3     // O_ACCMODE
	openCreate    = 0o100 // O_CREAT
	openExclusive = 0o200
	openNoctty    = 0o400
	openTruncate  = 0o1000
	openDirectory = 0o200000
)

// What permission asks for.
const (
	mayRead  = 4
	mayWrite = 2
	mayExec  = 1
)

const maxLinks = 5 // symbolic links in a row

// permission is whether the running task may use an inode in these ways. A file system may have rules of its own.
func (k *Kernel) permission(inode, want uint32) abi.Errno {
	if k.mem.Get(inode, k.lay.Inode.SB) != 0 {
		if op := k.mem.Get(inode, k.lay.Inode.Op); op != 0 {
			if own := k.mem.Get(op, k.drv.fs.lay.IOps.Permission); own != 0 {
				return abi.Errno(-int32(k.Call(own, inode, want)))
			}
		}
	}
	return k.modePermission(inode, want)
}

// modePermission goes by the permissions of the file (vfs_permission): EROFS for writing where nothing can be.
func (k *Kernel) modePermission(inode, want uint32) abi.Errno {
	kind := k.mem.Get(inode, k.lay.Inode.Mode) & modeKind
	if want&mayWrite != 0 && (kind == modeRegular || kind == modeDir || kind == modeLink) && k.readOnlyPlace(inode) {
		return abi.EROFS
	}
	t, lay := k.running, &k.lay.Inode
	mode := k.mem.Get(inode, lay.Mode)
	bits := mode
	switch {
	case t.Get(k.lay.Task.Fsuid) == k.mem.Get(inode, lay.UID):
		bits >>= 6
	case k.inGroup(t, k.mem.Get(inode, lay.GID)):
		bits >>= 3
	}
	isDir := mode&modeKind == modeDir
	switch {
	case bits&want&7 == want:
		return 0
	case (want&(mayRead|mayWrite) != 0 || mode&0o111 != 0) && t.Capable(abi.CapDACOverride):
		return 0
	case (want == mayRead || isDir && want&mayWrite == 0) && t.Capable(abi.CapDACReadSearch):
		return 0
	}
	return abi.EACCES
}

// inGroup is in_group_p: the file system group, or one of the supplementary ones.
func (k *Kernel) inGroup(t *Task, gid uint32) bool {
	return gid == t.Get(k.lay.Task.Fsgid) || k.inSupplementary(t, gid)
}

// inSupplementary is supplemental_group_member.
func (k *Kernel) inSupplementary(t *Task, gid uint32) bool {
	lay := &k.lay.Task
	for i := range min(t.Get(lay.Ngroups), 32) {
		if k.mem.U32(t.addr+lay.Groups.Off+4*i) == gid {
			return true
		}
	}
	return false
}

// lookup finds the name of an absolute path, with one user.
func (k *Kernel) lookup(path string, links int) (dentry uint32, errno abi.Errno) {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if strings.HasPrefix(path, "/") && len(parts) > 0 && (parts[0] == "proc" || parts[0] == "dev") {
		return k.lookupSpecial(parts, links)
	}
	at, errno := k.walk(path, walkFollow)
	k.releaseMount(at.mnt)
	return at.dentry, errno
}

// lookupSpecial finds a name in /proc or /dev, which are no mounted file systems.
func (k *Kernel) lookupSpecial(parts []string, links int) (dentry uint32, errno abi.Errno) {
	if parts[0] == "proc" {
		return k.lookupProc(parts[1:], links)
	}
	return k.lookupDev(parts[1:])
}

// lookupProc walks from the root of /proc. Every directory on the way must be searchable.
func (k *Kernel) lookupProc(parts []string, links int) (dentry uint32, errno abi.Errno) {
	lay := &k.lay.ProcDirEntry
	if dentry = k.procDentry(0, "/", k.sym.ProcRoot); dentry == 0 {
		return 0, abi.ENOMEM
	}
	e := k.sym.ProcRoot
	for i, name := range parts {
		inode := k.mem.Get(dentry, k.lay.Dentry.Inode)
		switch {
		case k.mem.Get(e, lay.Mode)&modeKind != modeDir:
			errno = abi.ENOTDIR
		default:
			errno = k.permission(inode, mayExec)
		}
		if errno == 0 {
			if e = k.procFind(e, name); e == 0 {
				errno = abi.ENOENT
			}
		}
		if errno != 0 {
			k.dput(dentry)
			return 0, errno
		}
		if k.mem.Get(e, lay.Mode)&modeKind == modeLink {
			target := k.procTarget(e, parts[:i], parts[i+1:])
			k.dput(dentry)
			if links >= maxLinks {
				return 0, abi.ELOOP
			}
			return k.lookup(target, links+1)
		}
		next := k.procDentry(dentry, name, e)
		k.dput(dentry)
		if dentry = next; dentry == 0 {
			return 0, abi.ENOMEM
		}
	}
	return dentry, 0
}

// procTarget is the path that a symbolic link stands for: after the directories before it, with what comes behind it.
func (k *Kernel) procTarget(e uint32, before, behind []string) string {
	target := k.kernelString(k.mem.Get(e, k.lay.ProcDirEntry.Data))
	if !strings.HasPrefix(target, "/") {
		target = "/proc/" + strings.Join(append(append([]string{}, before...), target), "/")
	}
	return strings.Join(append([]string{target}, behind...), "/")
}

// procDentry makes the name of an entry, with an inode.
func (k *Kernel) procDentry(parent uint32, name string, e uint32) uint32 {
	inode := k.procInode(e)
	if inode == 0 {
		return 0
	}
	d := k.newDentry(parent, name, inode)
	if d == 0 {
		k.iput(inode)
		return 0
	}
	k.mem.Set(d, k.lay.Dentry.Op, k.sym.ProcDentryOps)
	return d
}

// openPath is filp_open: an open file, or an error. What is not there is created when flags say so and its file system can.
func (k *Kernel) openPath(path string, flags, mode uint32) (f uint32, errno abi.Errno) {
	at, errno := k.walk(path, walkFollow)
	if errno == abi.ENOENT && flags&openCreate != 0 {
		if strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/dev/") {
			return 0, abi.EACCES
		}
		if errno = k.create(path, mode&^k.umask()); errno != 0 {
			return 0, errno
		}
		flags &^= openExclusive | openTruncate
		at, errno = k.walk(path, walkFollow)
	}
	if errno != 0 {
		return 0, errno
	}
	if errno = k.mayOpen(k.dentryInode(at.dentry), flags); errno != 0 {
		k.releasePlace(at)
		return 0, errno
	}
	return k.openDentry(at, flags)
}

// umask is the running task's.
func (k *Kernel) umask() uint32 {
	if fs := k.running.Get(k.lay.Task.Fs); fs != 0 {
		return k.mem.Get(fs, k.lay.Fs.Umask)
	}
	return 0
}

// mayOpen does the checks of open_namei, in its order, and cuts off a regular file.
func (k *Kernel) mayOpen(inode, flags uint32) abi.Errno {
	lay := &k.lay.Inode
	kind := k.mem.Get(inode, lay.Mode) & modeKind
	want := [4]uint32{mayRead, mayWrite, mayRead | mayWrite, mayRead | mayWrite}[flags&openAccess]
	if flags&openTruncate != 0 {
		want |= mayWrite
	}
	switch {
	case flags&(openCreate|openExclusive) == openCreate|openExclusive:
		return abi.EEXIST
	case flags&openCreate != 0 && kind == modeDir:
		return abi.EISDIR
	case flags&openDirectory != 0 && kind != modeDir:
		return abi.ENOTDIR
	case kind == modeDir && want&mayWrite != 0:
		return abi.EISDIR
	}
	if errno := k.permission(inode, want); errno != 0 {
		return errno
	}
	if flags&openTruncate == 0 || kind != modeRegular {
		return 0
	}
	if k.mem.Get(inode, lay.SB) == 0 {
		k.mem.SetU64(inode+lay.Length.Off, 0)
		return 0
	}
	errno := abi.Errno(-int32(k.vmTruncate(inode, 0)))
	k.dirtyInode(inode, inodeDirtySync|inodeDirtyData)
	return errno
}

// openDentry is dentry_open: it takes over the users of the place.
func (k *Kernel) openDentry(at place, flags uint32) (f uint32, errno abi.Errno) {
	lay, inode := &k.lay.File, k.dentryInode(at.dentry)
	if f = k.newFile(); f == 0 {
		k.releasePlace(at)
		return 0, abi.ENFILE
	}
	mode := (flags + 1) & openAccess
	k.mem.Set(f, lay.Flags, flags)
	k.mem.Set(f, lay.Mode, mode)
	k.mem.Set(f, lay.Dentry, at.dentry)
	k.mem.Set(f, lay.Vfsmnt, at.mnt)
	if mode&fileWrite != 0 {
		count := inode + k.files.lay.Inode.Writecount.Off
		k.mem.SetU32(count, k.mem.U32(count)+1)
	}
	k.mem.Set(f, lay.Op, k.fopsGet(k.mem.Get(inode, k.lay.Inode.Fop)))
	if open := k.fileOp(f, k.lay.FileOperations.Open); open != 0 {
		if result := int32(k.Call(open, inode, f)); result != 0 {
			k.fopsPut(k.mem.Get(f, lay.Op))
			k.endWriting(f)
			k.freeFile(f)
			k.releasePlace(at)
			return 0, abi.Errno(-result)
		}
	}
	k.mem.Set(f, lay.Flags, k.mem.Get(f, lay.Flags)&^(openCreate|openExclusive|openNoctty|openTruncate))
	return f, 0
}
