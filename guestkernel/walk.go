// SPDX-License-Identifier: BSD-3-Clause
// Walking a path through mounted file systems (2.4.18 fs/namei.c). Relative paths begin at the root: tasks have no working
// directory of their own here.

package guestkernel

import (
	"strings"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// A place is a name in a mounted file system, both with one user. In /proc and /dev there is no mount.
type place struct{ dentry, mnt uint32 }

// walkFlags say how to walk.
type walkFlags uint8

const (
	walkFollow walkFlags = 1 << iota // also a symbolic link at the end
	walkParent                       // only as far as the directory of the last part
)

func walkFunctions() []Function {
	return []Function{
		{Name: "permission", Fn: func(c *Call) { c.Return(errWord(c.Kernel.permission(c.Arg(0), c.Arg(1)))) }, Level: Full},
		{Name: "vfs_permission", Fn: func(c *Call) { c.Return(errWord(c.Kernel.modePermission(c.Arg(0), c.Arg(1)))) }, Level: Full},
		{Name: "lookup_one_len", Fn: lookupOneLen, Level: Full},
		{Name: "lookup_hash", Fn: lookupHash, Level: Full},
		{Name: "path_release", Fn: pathRelease, Level: Full},
	}
}

func (k *Kernel) releasePlace(p place) {
	k.dput(p.dentry)
	k.releaseMount(p.mnt)
}

// walk finds an absolute path.
func (k *Kernel) walk(path string, how walkFlags) (place, abi.Errno) {
	root := k.drv.fs.rootMnt
	from := place{k.useDentry(k.mem.Get(root, k.drv.fs.lay.Mnt.Root)), k.holdMount(root)}
	return k.walkFrom(from, path, how, 0)
}

// walkFrom finds a path from a place, whose users it takes over.
func (k *Kernel) walkFrom(at place, path string, how walkFlags, links int) (place, abi.Errno) {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if path == "" {
		k.releasePlace(at)
		return place{}, abi.ENOENT
	}
	if strings.HasPrefix(path, "/") {
		k.releasePlace(at)
		if len(parts) > 0 && (parts[0] == "proc" || parts[0] == "dev") && how&walkParent == 0 {
			d, errno := k.lookupSpecial(parts, links)
			return place{dentry: d}, errno
		}
		root := k.drv.fs.rootMnt
		at = k.enterMounts(place{k.useDentry(k.mem.Get(root, k.drv.fs.lay.Mnt.Root)), k.holdMount(root)})
	}
	if how&walkParent != 0 && len(parts) > 0 {
		parts = parts[:len(parts)-1]
	}
	for i, name := range parts {
		last := i == len(parts)-1
		next, errno := k.step(at, name, !last || how&walkFollow != 0 || strings.HasSuffix(path, "/"), links)
		if errno != 0 {
			return place{}, errno
		}
		at = next
		if last && how&walkParent == 0 && !strings.HasSuffix(path, "/") {
			break
		}
		if k.mem.Get(k.dentryInode(at.dentry), k.lay.Inode.Mode)&modeKind != modeDir {
			k.releasePlace(at)
			return place{}, abi.ENOTDIR
		}
	}
	return at, 0
}

// step goes one part further: the users of at become those of the result. What is not there is ENOENT.
func (k *Kernel) step(at place, name string, follow bool, links int) (place, abi.Errno) {
	inode := k.dentryInode(at.dentry)
	if errno := k.permission(inode, mayExec); errno != 0 {
		k.releasePlace(at)
		return place{}, errno
	}
	switch name {
	case ".":
		return at, 0
	case "..":
		return k.enterMounts(k.upwards(at)), 0
	}
	d, errno := k.child(at.dentry, name)
	if errno != 0 {
		k.releasePlace(at)
		return place{}, errno
	}
	next := k.enterMounts(place{d, k.holdMount(at.mnt)})
	inode = k.dentryInode(next.dentry)
	if inode == 0 {
		k.releasePlace(next)
		k.releasePlace(at)
		return place{}, abi.ENOENT
	}
	op := k.mem.Get(inode, k.lay.Inode.Op)
	if op == 0 || k.mem.Get(op, k.drv.fs.lay.IOps.FollowLink) == 0 || !follow {
		k.releasePlace(at)
		return next, 0
	}
	return k.follow(at, next, links)
}

// upwards is "..": above the root of a mounted file system is the directory that it is mounted in.
func (k *Kernel) upwards(at place) place {
	m := &k.drv.fs.lay.Mnt
	for at.dentry == k.mem.Get(at.mnt, m.Root) && at.mnt != k.drv.fs.rootMnt {
		up := place{k.useDentry(k.mem.Get(at.mnt, m.Mountpoint)), k.holdMount(k.mem.Get(at.mnt, m.Parent))}
		k.releasePlace(at)
		at = up
	}
	parent := k.useDentry(k.mem.Get(at.dentry, k.lay.Dentry.Parent))
	k.dput(at.dentry)
	return place{parent, at.mnt}
}

// enterMounts goes into what is mounted on a name.
func (k *Kernel) enterMounts(at place) place {
	for at.mnt != 0 {
		mnt := k.mountedOn(at.mnt, at.dentry)
		if mnt == 0 {
			break
		}
		in := place{k.useDentry(k.mem.Get(mnt, k.drv.fs.lay.Mnt.Root)), k.holdMount(mnt)}
		k.releasePlace(at)
		at = in
	}
	return at
}

// follow goes where a symbolic link leads, by the file system's own function with a struct nameidata on the stack.
func (k *Kernel) follow(dir, link place, links int) (place, abi.Errno) {
	const nameidataSize, mntOff, linkCount = 28, 4, 5
	if links >= linkCount {
		k.releasePlace(link)
		k.releasePlace(dir)
		return place{}, abi.ELOOP
	}
	inode := k.dentryInode(link.dentry)
	k.updateAtime(inode)
	esp := k.m.Reg(vm.ESP)
	nd := esp - nameidataSize
	k.m.SetReg(vm.ESP, nd)
	k.mem.Fill(nd, nameidataSize, 0)
	k.mem.SetU32(nd, dir.dentry)
	k.mem.SetU32(nd+mntOff, dir.mnt)
	k.drv.fs.links = links + 1
	result := k.Call(k.mem.Get(k.mem.Get(inode, k.lay.Inode.Op), k.drv.fs.lay.IOps.FollowLink), link.dentry, nd)
	k.drv.fs.links = links
	found := place{k.mem.U32(nd), k.mem.U32(nd + mntOff)}
	k.m.SetReg(vm.ESP, esp)
	k.releasePlace(link)
	if result != 0 {
		return place{}, abi.Errno(-int32(result))
	}
	if k.dentryInode(found.dentry) == 0 {
		k.releasePlace(found)
		return place{}, abi.ENOENT
	}
	return found, 0
}

// followText is vfs_follow_link: nd becomes where a text leads from it; an error leaves nothing in use.
func (k *Kernel) followText(nd, link uint32) uint32 {
	const mntOff = 4
	at := place{k.mem.U32(nd), k.mem.U32(nd + mntOff)}
	if int32(link) < 0 && int32(link) >= -maxErrno {
		k.releasePlace(at)
		return link
	}
	to, errno := k.walkFrom(at, k.kernelString(link), walkFollow, kept(k, func() int { return k.drv.fs.links }))
	if errno != 0 {
		return errWord(errno)
	}
	k.mem.SetU32(nd, to.dentry)
	k.mem.SetU32(nd+mntOff, to.mnt)
	return 0
}

// child finds a name in a directory, in the table of names or by its file system; the name of what is not there has no inode.
func (k *Kernel) child(dir uint32, name string) (d uint32, errno abi.Errno) {
	const qstrSize = 12
	if len(name) > maxName {
		return 0, abi.ENAMETOOLONG
	}
	inode := k.dentryInode(dir)
	op := k.mem.Get(inode, k.lay.Inode.Op)
	lookup := uint32(0)
	if op != 0 {
		lookup = k.mem.Get(op, k.drv.fs.lay.IOps.Lookup)
	}
	if lookup == 0 {
		return 0, abi.ENOTDIR
	}
	esp := k.m.Reg(vm.ESP)
	text := (esp - uint32(len(name)) - 1) &^ 3
	q := text - qstrSize
	k.m.SetReg(vm.ESP, q)
	defer k.m.SetReg(vm.ESP, esp)
	k.mem.Write(text, append([]byte(name), 0))
	k.mem.SetU32(q, text)
	k.mem.SetU32(q+4, uint32(len(name)))
	k.mem.SetU32(q+8, nameHash(name))
	dops := &k.drv.fs.lay.DOps
	if dop := k.mem.Get(dir, k.lay.Dentry.Op); dop != 0 && k.mem.Get(dop, dops.Hash) != 0 {
		if result := int32(k.Call(k.mem.Get(dop, dops.Hash), dir, q)); result != 0 {
			return 0, abi.Errno(-result)
		}
	}
	if d = k.findDentry(dir, k.readQstr(q), q); d != 0 {
		dop := k.mem.Get(d, k.lay.Dentry.Op)
		if dop == 0 || k.mem.Get(dop, dops.Revalidate) == 0 || k.Call(k.mem.Get(dop, dops.Revalidate), d, 0) != 0 {
			return d, 0
		}
		k.dropDentry(d)
		k.dput(d)
	}
	if d = k.allocDentry(dir, k.readQstr(q)); d == 0 {
		return 0, abi.ENOMEM
	}
	result := k.Call(lookup, inode, d)
	if result == 0 {
		return d, 0
	}
	k.dput(d)
	if int32(result) < 0 && int32(result) >= -maxErrno {
		return 0, abi.Errno(-int32(result))
	}
	return result, 0
}

const maxName = 255

// lookupOneLen models struct dentry *lookup_one_len(const char *name, struct dentry *base, int len).
func lookupOneLen(c *Call) {
	name := string(c.Kernel.mem.Bytes(c.Arg(0), c.Arg(2)))
	if name == "" || strings.ContainsAny(name, "/\x00") {
		c.Fail(abi.EACCES)
		return
	}
	c.lookupChild(name, c.Arg(1))
}

// lookupHash models struct dentry *lookup_hash(struct qstr *name, struct dentry *base).
func lookupHash(c *Call) { c.lookupChild(c.Kernel.readQstr(c.Arg(0)).name, c.Arg(1)) }

func (c *Call) lookupChild(name string, base uint32) {
	k := c.Kernel
	errno := k.permission(k.dentryInode(base), mayExec)
	d := uint32(0)
	if errno == 0 {
		d, errno = k.child(base, name)
	}
	if c.Return(d); errno != 0 {
		c.Fail(errno)
	}
}

// pathRelease models void path_release(struct nameidata *nd).
func pathRelease(c *Call) {
	c.Kernel.releasePlace(place{c.Kernel.mem.U32(c.Arg(0)), c.Kernel.mem.U32(c.Arg(0) + wordSize)})
}

// create makes a regular file at a path: EROFS, EACCES or what the file system says.
func (k *Kernel) create(path string, mode uint32) abi.Errno {
	return k.makeAt(path, k.drv.fs.lay.IOps.Create, mode&modeBits|modeRegular)
}

// entry finds a path's directory and the entry, which may be negative, that its last name has there. The caller gives both back.
func (k *Kernel) entry(path string) (dir place, d uint32, errno abi.Errno) {
	path = strings.TrimRight(path, "/")
	dir, errno = k.walk(path, walkParent)
	if errno != 0 {
		return dir, 0, errno
	}
	d, errno = k.child(dir.dentry, path[strings.LastIndexByte(path, '/')+1:])
	if errno != 0 {
		k.releasePlace(dir)
	}
	return dir, d, errno
}

// makeAt makes something new by a function of its directory: int f(struct inode *dir, struct dentry *d, int mode).
func (k *Kernel) makeAt(path string, op abi.Field, mode uint32) abi.Errno {
	dir, d, errno := k.entry(path)
	if errno != 0 {
		return errno
	}
	defer k.releasePlace(dir)
	defer k.dput(d)
	inode := k.dentryInode(dir.dentry)
	ops := k.mem.Get(inode, k.lay.Inode.Op)
	switch {
	case k.dentryInode(d) != 0:
		return abi.EEXIST
	case k.readOnlyPlace(inode):
		return abi.EROFS
	}
	if errno := k.permission(inode, mayWrite|mayExec); errno != 0 {
		return errno
	}
	if k.mem.Get(ops, op) == 0 {
		return abi.EACCES
	}
	return abi.Errno(-int32(k.Call(k.mem.Get(ops, op), inode, d, mode)))
}

// removeAt removes something by a function of its directory: int f(struct inode *dir, struct dentry *d).
func (k *Kernel) removeAt(path string, op abi.Field, isDir bool) abi.Errno {
	dir, d, errno := k.entry(path)
	if errno != 0 {
		return errno
	}
	defer k.releasePlace(dir)
	defer k.dput(d)
	inode, victim := k.dentryInode(dir.dentry), k.dentryInode(d)
	switch {
	case victim == 0:
		return abi.ENOENT
	case k.readOnlyPlace(inode):
		return abi.EROFS
	case isDir != (k.mem.Get(victim, k.lay.Inode.Mode)&modeKind == modeDir):
		if isDir {
			return abi.ENOTDIR
		}
		return abi.EISDIR
	case k.mem.Get(d, k.lay.Dentry.Mounted) != 0:
		return abi.EBUSY
	}
	if errno := k.permission(inode, mayWrite|mayExec); errno != 0 {
		return errno
	}
	remove := k.mem.Get(k.mem.Get(inode, k.lay.Inode.Op), op)
	if remove == 0 {
		return abi.EPERM
	}
	result := int32(k.Call(remove, inode, d))
	if result == 0 {
		if k.mem.Get(d, k.lay.Dentry.Count) == 1 {
			k.dropDentryInode(d)
		} else {
			k.dropDentry(d)
		}
	}
	return abi.Errno(-result)
}

// readOnlyPlace tells whether an inode's file system is mounted read-only.
func (k *Kernel) readOnlyPlace(inode uint32) bool {
	sb := k.mem.Get(inode, k.lay.Inode.SB)
	return sb != 0 && k.mem.Get(sb, k.drv.fs.lay.SB.Flags)&mountReadOnly != 0
}
