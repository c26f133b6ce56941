// SPDX-License-Identifier: BSD-3-Clause
// Mounting and unmounting at a place (2.4.18 fs/namespace.c).

package guestkernel

import "ring0/guestkernel/abi"

func mountCallFunctions() []Function {
	return []Function{
		{Name: "sys_mount", Fn: sysMount, Level: Partial, Note: "MS_BIND, MS_MOVE and MS_REMOUNT stop the run by name"},
		{Name: "sys_umount", Fn: func(c *Call) { c.unmount(c.Arg(0)) }, Level: Partial, Note: "flags are ignored"},
		{Name: "sys_oldumount", Fn: func(c *Call) { c.unmount(c.Arg(0)) }, Level: Full},
		{Name: "sys_sync", Fn: func(c *Call) { c.Kernel.writeDevice(0); c.Kernel.syncSupers(0); c.Kernel.writeDevice(0); c.Return(0) }, Level: Full},
	}
}

// mountText copies one of mount's strings: a missing one is empty.
func (c *Call) mountText(at uint32) (s string, errno abi.Errno) {
	if at == 0 {
		return "", 0
	}
	b, ok := c.Kernel.StrncpyFromUser(at, maxPath)
	switch {
	case !ok:
		return "", abi.EFAULT
	case len(b) == maxPath:
		return "", abi.EINVAL
	}
	return string(b), 0
}

// sysMount models long sys_mount(char *dev_name, char *dir_name, char *type, unsigned long flags, void *data). /proc is
// mounted already: the same file system at the same place again is EBUSY.
func sysMount(c *Call) {
	k, flags := c.Kernel, c.Arg(3)
	if flags&mountMagicAll == mountMagic {
		flags &^= mountMagicAll
	}
	kind, errno1 := c.mountText(c.Arg(2))
	dir, errno2 := c.mountText(c.Arg(1))
	device, errno3 := c.mountText(c.Arg(0))
	for _, errno := range []abi.Errno{errno1, errno2, errno3} {
		if errno != 0 {
			c.Fail(errno)
			return
		}
	}
	switch {
	case dir == "":
		c.Fail(abi.EINVAL)
		return
	case !c.Task().Capable(abi.CapSysAdmin):
		c.Fail(abi.EPERM)
		return
	case dir == "/proc" && kind == "proc":
		c.Fail(abi.EBUSY)
		return
	case flags&(mountBind|mountMove|mountRemount) != 0:
		k.stop(Outcome{Kind: Missing, Reason: "mount with MS_BIND, MS_MOVE or MS_REMOUNT is not written"})
	}
	data, errno := c.mountData(c.Arg(4))
	if errno == 0 {
		errno = k.addMount(mountRequest{kind, dir, device, flags, data})
	}
	k.FreePages(data, 0)
	c.Return(errWord(errno))
}

// mountData copies a page of options; 0 without any.
func (c *Call) mountData(from uint32) (page uint32, errno abi.Errno) {
	if from == 0 {
		return 0, 0
	}
	k := c.Kernel
	if page = k.zeroedPage(k.pages.gfp.kernel); page == 0 {
		return 0, abi.ENOMEM
	}
	b := make([]byte, abi.PageSize)
	left := k.CopyFromUser(b, from)
	if left == len(b) {
		k.FreePages(page, 0)
		return 0, abi.EFAULT
	}
	k.mem.Write(page, b[:len(b)-left])
	k.mem.SetU8(page+abi.PageSize-1, 0)
	return page, 0
}

// mountRequest is what to mount where.
type mountRequest struct {
	kind, dir, device string
	flags, data       uint32
}

// addMount is do_add_mount: EBUSY for a place where it is mounted already.
func (k *Kernel) addMount(r mountRequest) abi.Errno {
	m := &k.drv.fs.lay.Mnt
	if r.kind == "" {
		return abi.EINVAL
	}
	at, errno := k.walk(r.dir, walkFollow)
	if errno != 0 {
		return errno
	}
	defer k.releasePlace(at)
	if at.mnt == 0 {
		k.stop(Outcome{Kind: Missing, Reason: "mount below /proc or /dev is not written"})
	}
	if k.mem.Get(k.dentryInode(at.dentry), k.lay.Inode.Mode)&modeKind != modeDir {
		return abi.ENOTDIR
	}
	kind := k.fileSystemType(r.kind)
	if kind == 0 {
		return abi.ENODEV
	}
	mnt, errno := k.doKernMount(kind, r.flags, r.device, r.data)
	if errno != 0 {
		return errno
	}
	sb := k.mem.Get(mnt, m.SB)
	switch {
	case k.mem.Get(sb, k.drv.fs.lay.SB.Flags)&mountNoUser != 0:
		k.releaseMount(mnt)
		return abi.EINVAL
	case k.mem.Get(at.mnt, m.SB) == sb && k.mem.Get(at.mnt, m.Root) == at.dentry:
		k.releaseMount(mnt)
		return abi.EBUSY
	}
	k.mem.Set(mnt, m.Parent, k.holdMount(at.mnt))
	k.mem.Set(mnt, m.Mountpoint, k.useDentry(at.dentry))
	k.listAddTail(mnt+m.Child.Off, at.mnt+m.Mounts.Off)
	mounted := k.lay.Dentry.Mounted
	k.mem.Set(at.dentry, mounted, k.mem.Get(at.dentry, mounted)+1)
	return 0
}

// unmount is umount(2) of what is mounted at a path: EBUSY while something in it is used.
func (c *Call) unmount(pathAt uint32) {
	k, m := c.Kernel, &c.Kernel.drv.fs.lay.Mnt
	path, errno := c.mountText(pathAt)
	if errno != 0 {
		c.Fail(errno)
		return
	}
	at, errno := k.walk(path, walkFollow)
	if errno != 0 {
		c.Fail(errno)
		return
	}
	mnt := at.mnt
	isRoot := mnt != 0 && k.mem.Get(mnt, m.Root) == at.dentry && mnt != k.drv.fs.rootMnt
	k.dput(at.dentry)
	switch {
	case !isRoot:
		k.releaseMount(mnt)
		c.Fail(abi.EINVAL)
	case !c.Task().Capable(abi.CapSysAdmin):
		k.releaseMount(mnt)
		c.Fail(abi.EPERM)
	case k.mem.Get(mnt, m.Count) != 2 || !k.listEmpty(mnt+m.Mounts.Off): // its own, and ours
		k.releaseMount(mnt)
		c.Fail(abi.EBUSY)
	default:
		k.detachMount(mnt)
		k.releaseMount(mnt)
		k.releaseMount(mnt)
		c.Return(0)
	}
}

// detachMount takes a mount from its place.
func (k *Kernel) detachMount(mnt uint32) {
	m := &k.drv.fs.lay.Mnt
	place, parent, mounted := k.mem.Get(mnt, m.Mountpoint), k.mem.Get(mnt, m.Parent), k.lay.Dentry.Mounted
	k.listDelInit(mnt + m.Child.Off)
	k.mem.Set(place, mounted, k.mem.Get(place, mounted)-1)
	k.mem.Set(mnt, m.Mountpoint, k.mem.Get(mnt, m.Root))
	k.mem.Set(mnt, m.Parent, mnt)
	k.dput(place)
	k.releaseMount(parent)
}
