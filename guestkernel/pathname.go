// SPDX-License-Identifier: BSD-3-Clause
// Paths as file systems and system calls of modules hand them about: getname, struct nameidata, mount points (2.4.18
// fs/namei.c, fs/namespace.c).

package guestkernel

import (
	"strings"

	"ring0/guestkernel/abi"
)

// Flags of a look-up (linux/fs.h), and what kind the last part of a path is when it is not looked up itself.
const (
	lookupFollow    = 1
	lookupDirectory = 2
	lookupParent    = 16

	lastNormal = 0
	lastRoot   = 1
	lastDot    = 2
	lastDotDot = 3
)

type nameidataLayout struct {
	Size     uint32    `c:"(sizeof)"`
	Dentry   abi.Field `c:"dentry"`
	Mnt      abi.Field `c:"mnt"`
	Last     abi.Field `c:"last"`
	Flags    abi.Field `c:"flags"`
	LastType abi.Field `c:"last_type"`
}

func pathNameFunctions() []Function {
	const fromRoot = "a relative path begins at the root; the flags of automounters are not looked at"
	return []Function{
		{Name: "getname", Fn: getname, Level: Full},
		{Name: "__user_walk", Fn: userWalk, Level: Partial, Note: fromRoot, Conv: Regparm3},
		{Name: "path_lookup", Fn: func(c *Call) { c.Return(errWord(c.Kernel.lookupPath(c.Arg(0), c.Arg(1), c.Arg(2)))) }, Level: Partial, Note: fromRoot, Conv: Regparm3},
		{Name: "path_init", Fn: pathInit, Level: Partial, Note: fromRoot, Conv: Regparm3},
		{Name: "path_walk", Fn: pathWalk, Level: Partial, Note: fromRoot, Conv: Regparm3},
		{Name: "follow_down", Fn: followDown, Level: Full},
		{Name: "follow_up", Fn: followUp, Level: Full},
		{Name: "lookup_mnt", Fn: func(c *Call) { c.Return(c.Kernel.mountedOn(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "in_group_p", Fn: func(c *Call) { c.Return(boolWord(c.Kernel.inGroup(c.Task(), c.Arg(0)))) }, Level: Full},
		{Name: "in_egroup_p", Fn: inEgroup, Level: Full},
	}
}

// getname models char *getname(const char *filename): a copy of a program's path in a page of names_cache, which the caller
// frees. EFAULT, ENOENT for an empty one, ENAMETOOLONG, ENOMEM.
//
// Context: may sleep.
func getname(c *Call) {
	at, errno := c.Kernel.copyName(c.Arg(0))
	if c.Return(at); errno != 0 {
		c.Fail(errno)
	}
}

func (k *Kernel) copyName(from uint32) (at uint32, errno abi.Errno) {
	limit := uint32(maxPath)
	if from < abi.PageOffset {
		limit = min(limit, abi.PageOffset-from)
	}
	cache := k.mem.U32(k.sym.NamesCachep)
	if at = k.cacheAlloc(cache, k.pages.gfp.kernel); at == 0 {
		return 0, abi.ENOMEM
	}
	text, ok := k.StrncpyFromUser(from, int(limit))
	switch {
	case !ok:
		errno = abi.EFAULT
	case len(text) == 0:
		errno = abi.ENOENT
	case len(text) == int(limit):
		errno = abi.ENAMETOOLONG
	default:
		k.mem.Write(at, append(text, 0))
		return at, 0
	}
	k.cacheFree(cache, at)
	return 0, errno
}

// userWalk models int __user_walk(const char *name, unsigned flags, struct nameidata *nd): finds a program's path.
func userWalk(c *Call) {
	k := c.Kernel
	name, errno := k.copyName(c.Arg(0))
	if errno == 0 {
		errno = k.lookupPath(name, c.Arg(1), c.Arg(2))
		k.cacheFree(k.mem.U32(k.sym.NamesCachep), name)
	}
	c.Return(errWord(errno))
}

// lookupPath is int path_lookup(const char *path, unsigned flags, struct nameidata *nd).
func (k *Kernel) lookupPath(name, flags, nd uint32) abi.Errno {
	k.startPath(flags, nd)
	return k.walkPath(name, nd)
}

// pathInit models int path_init(const char *name, unsigned int flags, struct nameidata *nd): where a path begins. 1: it is to
// be walked.
func pathInit(c *Call) {
	c.Kernel.startPath(c.Arg(1), c.Arg(2))
	c.Return(1)
}

func (k *Kernel) startPath(flags, nd uint32) {
	lay, root := &k.drv.fs.lay.Nameidata, k.drv.fs.rootMnt
	k.mem.Set(nd, lay.LastType, lastRoot)
	k.mem.Set(nd, lay.Flags, flags)
	k.mem.Set(nd, lay.Dentry, k.useDentry(k.mem.Get(root, k.drv.fs.lay.Mnt.Root)))
	k.mem.Set(nd, lay.Mnt, k.holdMount(root))
}

// pathWalk models int path_walk(const char *name, struct nameidata *nd): goes from nd where a path leads. An error leaves
// nothing in use.
func pathWalk(c *Call) { c.Return(errWord(c.Kernel.walkPath(c.Arg(0), c.Arg(1)))) }

func (k *Kernel) walkPath(name, nd uint32) abi.Errno {
	lay := &k.drv.fs.lay.Nameidata
	flags, path, how := k.mem.Get(nd, lay.Flags), k.kernelString(name), walkFlags(0)
	if flags&lookupFollow != 0 {
		how |= walkFollow
	}
	if flags&lookupParent != 0 {
		how |= walkParent
		k.nameLast(name, path, nd)
	}
	at, errno := k.walkFrom(place{k.mem.Get(nd, lay.Dentry), k.mem.Get(nd, lay.Mnt)}, path, how, k.drv.fs.links)
	if errno == 0 && flags&lookupDirectory != 0 && k.mem.Get(k.dentryInode(at.dentry), k.lay.Inode.Mode)&modeKind != modeDir {
		k.releasePlace(at)
		errno = abi.ENOTDIR
	}
	if errno != 0 {
		return errno
	}
	k.mem.Set(nd, lay.Dentry, at.dentry)
	k.mem.Set(nd, lay.Mnt, at.mnt)
	return 0
}

// nameLast enters the last part of a path that is walked only as far as its directory.
func (k *Kernel) nameLast(name uint32, path string, nd uint32) {
	lay := &k.drv.fs.lay.Nameidata
	trimmed := strings.TrimRight(path, "/")
	begin := strings.LastIndexByte(trimmed, '/') + 1
	last, kind := trimmed[begin:], uint32(lastNormal)
	switch last {
	case "":
		return // the root
	case ".":
		kind = lastDot
	case "..":
		kind = lastDotDot
	}
	k.mem.Set(nd, lay.LastType, kind)
	q := nd + lay.Last.Off
	k.mem.SetU32(q, name+uint32(begin))
	k.mem.SetU32(q+wordSize, uint32(len(last)))
	k.mem.SetU32(q+2*wordSize, nameHash(last))
}

// followDown models int follow_down(struct vfsmount **mnt, struct dentry **dentry): into what is mounted on a name. 0: nothing
// is.
func followDown(c *Call) {
	k, mntAt, dentryAt := c.Kernel, c.Arg(0), c.Arg(1)
	mnt, dentry := k.mem.U32(mntAt), k.mem.U32(dentryAt)
	mounted := k.mountedOn(mnt, dentry)
	c.Return(boolWord(mounted != 0))
	if mounted != 0 {
		k.mem.SetU32(mntAt, k.holdMount(mounted))
		k.dput(dentry)
		k.releaseMount(mnt)
		k.mem.SetU32(dentryAt, k.useDentry(k.mem.Get(mounted, k.drv.fs.lay.Mnt.Root)))
	}
}

// followUp models int follow_up(struct vfsmount **mnt, struct dentry **dentry): to the name that a file system is mounted on.
// 0: it is the first one.
func followUp(c *Call) {
	k, mntAt, dentryAt := c.Kernel, c.Arg(0), c.Arg(1)
	mnt := k.mem.U32(mntAt)
	parent := k.mem.Get(mnt, k.drv.fs.lay.Mnt.Parent)
	c.Return(boolWord(parent != mnt))
	if parent != mnt {
		k.holdMount(parent)
		dentry := k.useDentry(k.mem.Get(mnt, k.drv.fs.lay.Mnt.Mountpoint))
		k.dput(k.mem.U32(dentryAt))
		k.mem.SetU32(dentryAt, dentry)
		k.releaseMount(mnt)
		k.mem.SetU32(mntAt, parent)
	}
}

// inEgroup models int in_egroup_p(gid_t grp): the effective group, or one of the supplementary ones.
func inEgroup(c *Call) {
	k, t := c.Kernel, c.Task()
	c.Return(boolWord(c.Arg(0) == t.Get(k.lay.Task.Egid) || k.inSupplementary(t, c.Arg(0))))
}
