// SPDX-License-Identifier: BSD-3-Clause
// Super blocks and mounted file systems: struct super_block, struct vfsmount (2.4.18 fs/super.c, fs/namespace.c).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// Flags of mount(2), of super blocks and of file system types.
const (
	mountReadOnly = 1
	mountRemount  = 32
	mountBind     = 4096
	mountMove     = 8192
	mountVerbose  = 32768
	mountActive   = 1 << 30
	mountNoUser   = 1 << 31
	mountMagic    = 0xc0ed0000
	mountMagicAll = 0xffff0000

	fsNeedsDevice = 1
	fsSingle      = 8
	fsNoMount     = 16
	fsLitter      = 32
)

func superFunctions() []Function {
	return []Function{
		{Name: "kern_mount", Fn: kernMount, Level: Full},
		{Name: "__mntput", Fn: mntput, Level: Full},
		{Name: "may_umount", Fn: func(c *Call) { c.Return(0) }, Level: Partial, Note: "says that it is in use no more"},
		{Name: "get_fs_type", Fn: func(c *Call) { c.Return(c.Kernel.fileSystemType(c.Kernel.kernelString(c.Arg(0)))) }, Level: Full},
		{Name: "get_super", Fn: func(c *Call) { c.Return(c.Kernel.superOf(c.Arg(0) & 0xffff)) }, Level: Full},
	}
}

// initSuper makes a super block of a type for a device and puts it on the lists; 0 without memory (alloc_super, insert_super).
func (k *Kernel) newSuper(kind, dev, flags uint32) uint32 {
	lay := &k.drv.fs.lay.SB
	sb := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if sb == 0 {
		return 0
	}
	k.mem.Fill(sb, lay.Size, 0)
	for _, head := range []abi.Field{lay.Dirty, lay.LockedInodes, lay.Files, lay.Instances} {
		k.listInit(sb + head.Off)
	}
	k.mem.SetU32(sb+lay.Umount.Off, 0)
	k.initWaitQueue(sb + lay.Umount.Off + wordSize)
	for _, sem := range []abi.Field{lay.Lock, lay.RenameSem, lay.NfsdSem} {
		k.initSemaphore(sb+sem.Off, 1)
	}
	const bias, nonLFS = 1 << 30, 0x7fffffff // S_BIAS, MAX_NON_LFS
	k.mem.Set(sb, lay.Count, bias)
	k.mem.Set(sb, lay.Active, 1)
	k.mem.SetU64(sb+lay.Maxbytes.Off, nonLFS)
	k.mem.Set(sb, lay.Type, kind)
	k.mem.Set(sb, lay.Dev, dev)
	k.mem.Set(sb, lay.Flags, flags)
	k.listAddTail(sb+lay.List.Off, k.symbol("super_blocks"))
	k.listAdd(sb+lay.Instances.Off, kind+k.drv.lay.FileSystem.FsSupers.Off)
	k.tryModule(k.mem.Get(kind, k.drv.lay.FileSystem.Owner))
	return sb
}

// superOf is the super block of a device, 0 when it has none.
func (k *Kernel) superOf(dev uint32) uint32 {
	lay := &k.drv.fs.lay.SB
	for at := range k.listMembers("super_blocks", k.symbol("super_blocks")) {
		if sb := at - lay.List.Off; dev != 0 && k.mem.Get(sb, lay.Dev) == dev {
			return sb
		}
	}
	return 0
}

// anonymousDevice takes a minor number of major 0, for what lies on no device; 0 when there is none left.
func (k *Kernel) anonymousDevice() uint32 {
	at := k.symbol("unnamed_dev_in_use")
	for minor := uint32(1); minor < 256; minor++ {
		word := at + minor/32*wordSize
		if v := k.mem.U32(word); v>>(minor%32)&1 == 0 {
			k.mem.SetU32(word, v|1<<(minor%32))
			return minor
		}
	}
	return 0
}

func (k *Kernel) giveAnonymous(dev uint32) {
	if dev>>8 == 0 {
		word := k.symbol("unnamed_dev_in_use") + dev/32*wordSize
		k.mem.SetU32(word, k.mem.U32(word)&^(1<<(dev%32)))
	}
}

// fileSystemType finds a registered type, asking for its module when there is none. Its module has one more user; 0: no such
// type (get_fs_type).
func (k *Kernel) fileSystemType(name string) uint32 {
	find := func() uint32 {
		for _, t := range k.links("file_systems", k.drv.sym.FileSystems, k.drv.lay.FileSystem.Next) {
			if t != 0 && k.equals(k.mem.Get(t, k.drv.lay.FileSystem.Name), name) && k.tryModule(k.mem.Get(t, k.drv.lay.FileSystem.Owner)) {
				return t
			}
		}
		return 0
	}
	t := find()
	if t == 0 {
		k.requestModule(name)
		t = find()
	}
	return t
}

// readSuper lets the type fill in a super block; what fails is taken down again.
func (k *Kernel) readSuper(sb, kind, data, flags uint32) bool {
	verbose := boolWord(flags&mountVerbose != 0)
	if k.Call(k.mem.Get(kind, k.drv.fs.lay.Type.ReadSuper), sb, data, verbose) == 0 {
		k.removeSuper(sb)
		return false
	}
	lay := &k.drv.fs.lay.SB
	k.mem.Set(sb, lay.Flags, k.mem.Get(sb, lay.Flags)|mountActive)
	return true
}

// removeSuper takes a super block off the lists and frees it.
func (k *Kernel) removeSuper(sb uint32) {
	lay := &k.drv.fs.lay.SB
	k.listDel(sb + lay.List.Off)
	k.listDel(sb + lay.Instances.Off)
	k.giveAnonymous(k.mem.Get(sb, lay.Dev))
	k.putModule(k.mem.Get(k.mem.Get(sb, lay.Type), k.drv.lay.FileSystem.Owner))
	k.Kfree(sb)
}

// getSuper is get_sb_bdev, get_sb_single or get_sb_nodev, as the type wants: a super block with one more user.
func (k *Kernel) getSuper(kind, flags uint32, device string, data uint32) (sb uint32, errno abi.Errno) {
	lay := &k.drv.fs.lay.SB
	switch what := k.mem.Get(kind, k.drv.fs.lay.Type.Flags); {
	case what&fsNeedsDevice != 0:
		return k.deviceSuper(kind, flags, device, data)
	case what&fsSingle != 0:
		for at := range k.listMembers("the super blocks of a type", kind+k.drv.lay.FileSystem.FsSupers.Off) {
			sb := at - lay.Instances.Off
			k.mem.Set(sb, lay.Active, k.mem.Get(sb, lay.Active)+1)
			return sb, 0
		}
	}
	dev := k.anonymousDevice()
	if dev == 0 {
		return 0, abi.EMFILE
	}
	if sb = k.newSuper(kind, dev, flags); sb == 0 {
		return 0, abi.ENOMEM
	}
	if !k.readSuper(sb, kind, data, flags) {
		return 0, abi.EINVAL
	}
	return sb, 0
}

// deviceSuper is get_sb_bdev: ENOTBLK for what is no block device, EBUSY when it is mounted otherwise.
func (k *Kernel) deviceSuper(kind, flags uint32, device string, data uint32) (sb uint32, errno abi.Errno) {
	lay := &k.drv.fs.lay.SB
	if device == "" {
		return 0, abi.EINVAL
	}
	d, errno := k.lookup(device, 0)
	if errno != 0 {
		return 0, errno
	}
	inode := k.dentryInode(d)
	mode, dev := k.mem.Get(inode, k.lay.Inode.Mode), k.mem.Get(inode, k.lay.Inode.Rdev)
	k.dput(d)
	if mode&modeKind != modeBlock {
		return 0, abi.ENOTBLK
	}
	access := uint32(fileRead)
	if flags&mountReadOnly == 0 {
		access |= fileWrite
	}
	bdev := k.getBlockDevice(dev)
	if bdev == 0 {
		return 0, abi.ENOMEM
	}
	if errno := k.getBlkdev(bdev, access, 0); errno != 0 {
		return 0, errno
	}
	if flags&mountReadOnly == 0 && k.deviceReadOnly(dev) {
		k.closeBlockDevice(bdev, bdevFS)
		return 0, abi.EACCES
	}
	if old := k.superOf(dev); old != 0 {
		k.closeBlockDevice(bdev, bdevFS)
		if k.mem.Get(old, lay.Type) != kind || (flags^k.mem.Get(old, lay.Flags))&mountReadOnly != 0 {
			return 0, abi.EBUSY
		}
		k.mem.Set(old, lay.Active, k.mem.Get(old, lay.Active)+1)
		return old, 0
	}
	if sb = k.newSuper(kind, dev, flags); sb == 0 {
		k.closeBlockDevice(bdev, bdevFS)
		return 0, abi.ENOMEM
	}
	k.mem.Set(sb, lay.Bdev, bdev)
	if !k.readSuper(sb, kind, data, flags) {
		k.closeBlockDevice(bdev, bdevFS)
		return 0, abi.EINVAL
	}
	return sb, 0
}

// dropSuper gives up a use of a super block; the last one ends the file system (kill_super).
func (k *Kernel) dropSuper(sb uint32) {
	lay, ops := &k.drv.fs.lay.SB, &k.drv.fs.lay.SOps
	n := k.mem.Get(sb, lay.Active) - 1
	k.mem.Set(sb, lay.Active, n)
	if n != 0 {
		return
	}
	root, kind, bdev, op := k.mem.Get(sb, lay.Root), k.mem.Get(sb, lay.Type), k.mem.Get(sb, lay.Bdev), k.mem.Get(sb, lay.Op)
	k.mem.Set(sb, lay.Root, 0)
	if k.mem.Get(kind, k.drv.fs.lay.Type.Flags)&fsLitter != 0 {
		k.genocide(root)
	}
	k.shrinkDcache(root)
	k.dput(root)
	k.syncSuper(sb)
	k.mem.Set(sb, lay.Flags, k.mem.Get(sb, lay.Flags)&^mountActive)
	k.evictInodes(sb)
	if op != 0 {
		if write := k.mem.Get(op, ops.WriteSuper); write != 0 && k.mem.Get(sb, lay.Dirt) != 0 {
			k.Call(write, sb)
		}
		if put := k.mem.Get(op, ops.PutSuper); put != 0 {
			k.Call(put, sb)
		}
	}
	if k.evictInodes(sb) {
		k.Printk("<3>VFS: Busy inodes after unmount. Self-destruct in 5 seconds.  Have a nice day...\n")
	}
	if bdev != 0 {
		k.closeBlockDevice(bdev, bdevFS)
	}
	k.removeSuper(sb)
}

// superInodes are the inodes of a file system that are on one of the three lists.
func (k *Kernel) superInodes(sb uint32) (all []uint32) {
	for _, head := range []uint32{k.symbol("inode_in_use"), k.symbol("inode_unused"), sb + k.drv.fs.lay.SB.Dirty.Off} {
		for at := range k.listMembers("a list of inodes", head) {
			if inode := at - k.drv.fs.lay.Inode.List.Off; k.mem.Get(inode, k.lay.Inode.SB) == sb {
				all = append(all, inode)
			}
		}
	}
	return all
}

// evictInodes lets go the inodes of a file system that nobody uses, and tells whether there are others (invalidate_inodes).
func (k *Kernel) evictInodes(sb uint32) (busy bool) {
	lay := &k.drv.fs.lay.Inode
	for _, inode := range k.superInodes(sb) {
		if k.mem.Get(inode, k.lay.Inode.Count) != 0 {
			busy = true
			continue
		}
		k.listDelInit(inode + lay.Hash.Off)
		k.listDelInit(inode + lay.List.Off)
		k.mem.Set(inode, k.lay.Inode.State, k.mem.Get(inode, k.lay.Inode.State)|inodeFreeing)
		k.truncatePages(inode+lay.Data.Off, 0)
		k.clearInode(inode)
		k.destroyInode(inode)
	}
	return busy
}

// syncSuper writes what a file system has to write.
func (k *Kernel) syncSuper(sb uint32) {
	lay := &k.drv.fs.lay.SB
	for _, inode := range k.superInodes(sb) {
		k.writeInode(inode, 1)
	}
	op := k.mem.Get(sb, lay.Op)
	if write := k.mem.Get(op, k.drv.fs.lay.SOps.WriteSuper); op != 0 && write != 0 && k.mem.Get(sb, lay.Dirt) != 0 {
		k.Call(write, sb)
	}
	if dev := k.mem.Get(sb, lay.Dev); dev>>8 != 0 {
		k.writeDevice(dev)
	}
}

// syncSupers does so for the file systems on a device, 0 for all.
func (k *Kernel) syncSupers(dev uint32) {
	lay := &k.drv.fs.lay.SB
	for at := range k.listMembers("super_blocks", k.symbol("super_blocks")) {
		if sb := at - lay.List.Off; dev == 0 || k.mem.Get(sb, lay.Dev) == dev {
			k.syncSuper(sb)
		}
	}
}

// doKernMount is do_kern_mount: mounts a type at no place. It takes over the use of the type.
func (k *Kernel) doKernMount(kind, flags uint32, device string, data uint32) (mnt uint32, errno abi.Errno) {
	m, lay := &k.drv.fs.lay.Mnt, &k.drv.fs.lay.SB
	owner := k.mem.Get(kind, k.drv.lay.FileSystem.Owner)
	defer k.putModule(owner)
	sb, errno := k.getSuper(kind, flags, device, data)
	if errno != 0 {
		return 0, errno
	}
	mnt = k.Kmalloc(m.Size, k.pages.gfp.kernel)
	name := k.Kmalloc(uint32(len(device))+1, k.pages.gfp.kernel)
	if mnt == 0 || name == 0 {
		k.Kfree(mnt)
		k.Kfree(name)
		k.dropSuper(sb)
		return 0, abi.ENOMEM
	}
	k.mem.Write(name, append([]byte(device), 0))
	k.mem.Fill(mnt, m.Size, 0)
	for _, head := range []abi.Field{m.Hash, m.Child, m.Mounts, m.List} {
		k.listInit(mnt + head.Off)
	}
	if k.mem.Get(kind, k.drv.fs.lay.Type.Flags)&fsNoMount != 0 {
		k.mem.Set(sb, lay.Flags, k.mem.Get(sb, lay.Flags)|mountNoUser)
	}
	root := k.mem.Get(sb, lay.Root)
	k.mem.Set(mnt, m.Count, 1)
	k.mem.Set(mnt, m.Devname, name)
	k.mem.Set(mnt, m.SB, sb)
	k.mem.Set(mnt, m.Root, k.useDentry(root))
	k.mem.Set(mnt, m.Mountpoint, root)
	k.mem.Set(mnt, m.Parent, mnt)
	return mnt, 0
}

// kernMount models struct vfsmount *kern_mount(struct file_system_type *type).
func kernMount(c *Call) {
	k, kind := c.Kernel, c.Arg(0)
	name := k.kernelString(k.mem.Get(kind, k.drv.lay.FileSystem.Name))
	t := k.fileSystemType(name)
	if t == 0 {
		c.Fail(abi.ENODEV)
		return
	}
	mnt, errno := k.doKernMount(t, 0, name, 0)
	if c.Return(mnt); errno != 0 {
		c.Fail(errno)
	}
}

// mntput models void __mntput(struct vfsmount *mnt): nobody uses it any more.
func mntput(c *Call) { c.Kernel.freeMount(c.Arg(0)) }

func (k *Kernel) freeMount(mnt uint32) {
	m := &k.drv.fs.lay.Mnt
	sb := k.mem.Get(mnt, m.SB)
	k.dput(k.mem.Get(mnt, m.Root))
	k.Kfree(k.mem.Get(mnt, m.Devname))
	k.Kfree(mnt)
	k.dropSuper(sb)
}

// holdMount and releaseMount are mntget and mntput.
func (k *Kernel) holdMount(mnt uint32) uint32 {
	if mnt != 0 {
		k.mem.Set(mnt, k.drv.fs.lay.Mnt.Count, k.mem.Get(mnt, k.drv.fs.lay.Mnt.Count)+1)
	}
	return mnt
}

func (k *Kernel) releaseMount(mnt uint32) {
	if mnt == 0 {
		return
	}
	n := k.mem.Get(mnt, k.drv.fs.lay.Mnt.Count) - 1
	k.mem.Set(mnt, k.drv.fs.lay.Mnt.Count, n)
	if n == 0 {
		k.freeMount(mnt)
	}
}

// mounts are the mounted file systems below one, itself first, in the order in which they were mounted.
func (k *Kernel) mounts(mnt uint32) []uint32 {
	m := &k.drv.fs.lay.Mnt
	all := []uint32{mnt}
	for at := range k.listMembers("the mounts in a file system", mnt+m.Mounts.Off) {
		all = append(all, k.mounts(at-m.Child.Off)...)
	}
	return all
}

// mountedOn is the file system mounted on a name of another one, 0 when there is none. The last one hides those before it.
func (k *Kernel) mountedOn(mnt, d uint32) (found uint32) {
	m := &k.drv.fs.lay.Mnt
	if k.mem.Get(d, k.lay.Dentry.Mounted) == 0 {
		return 0
	}
	for at := range k.listMembers("the mounts in a file system", mnt+m.Mounts.Off) {
		if child := at - m.Child.Off; k.mem.Get(child, m.Mountpoint) == d {
			found = child
		}
	}
	return found
}

// MountsText is /proc/mounts.
func (k *Kernel) MountsText() (text string) {
	m, lay := &k.drv.fs.lay.Mnt, &k.drv.fs.lay.SB
	for _, mnt := range k.mounts(k.drv.fs.rootMnt) {
		sb := k.mem.Get(mnt, m.SB)
		how := "rw"
		if k.mem.Get(sb, lay.Flags)&mountReadOnly != 0 {
			how = "ro"
		}
		kind := k.kernelString(k.mem.Get(k.mem.Get(sb, lay.Type), k.drv.lay.FileSystem.Name))
		text += fmt.Sprintf("%s %s %s %s 0 0\n", k.kernelString(k.mem.Get(mnt, m.Devname)), k.pathOf(k.mem.Get(mnt, m.Root), mnt), kind, how)
		if mnt == k.drv.fs.rootMnt {
			text += "/proc /proc proc rw 0 0\n"
		}
	}
	return text
}
