// SPDX-License-Identifier: BSD-3-Clause
// ramfs, whose files are nothing but pages and names in memory, and the root file system, which is one (2.4.18
// fs/ramfs/inode.c, fs/namespace.c init_mount_tree). Without the vendor's limits.

package guestkernel

import "ring0/guestkernel/abi"

const ramfsMagic = 0x858458f6

func ramfsFunctions() []Function {
	return []Function{
		{Name: "ramfs_read_super", Fn: ramfsReadSuper, Level: Partial, Note: "no options, no limits", Proto: "struct super_block *ramfs_read_super(struct super_block *sb, void *data, int silent)"},
		{Name: "ramfs_lookup", Fn: ramfsLookup, Level: Full, Proto: "struct dentry *ramfs_lookup(struct inode *dir, struct dentry *dentry)"},
		{Name: "ramfs_mknod", Fn: func(c *Call) { c.ramfsMake(c.Arg(2)&0xffff, c.Arg(3)) }, Level: Full, Proto: "int ramfs_mknod(struct inode *dir, struct dentry *dentry, int mode, int dev)"},
		{Name: "ramfs_mkdir", Fn: func(c *Call) { c.ramfsMake(c.Arg(2)&modeBits|modeDir, 0) }, Level: Full, Proto: "int ramfs_mkdir(struct inode *dir, struct dentry *dentry, int mode)"},
		{Name: "ramfs_create", Fn: func(c *Call) { c.ramfsMake(c.Arg(2)&modeBits|modeRegular, 0) }, Level: Full, Proto: "int ramfs_create(struct inode *dir, struct dentry *dentry, int mode)"},
		{Name: "ramfs_unlink", Fn: ramfsUnlink, Level: Full, Proto: "int ramfs_unlink(struct inode *dir, struct dentry *dentry)"},
		{Name: "ramfs_readpage", Fn: ramdiskReadpage, Level: Full, Proto: "int ramfs_readpage(struct file *file, struct page *page)"},
		{Name: "ramfs_writepage", Fn: ramfsWritepage, Level: Partial, Note: "unlocks the page, which 2.4.18-14 forgets, so that msync waits for ever", Proto: "int ramfs_writepage(struct page *page)"},
		{Name: "ramfs_sync_file", Fn: func(c *Call) { c.Return(0) }, Level: Full, Proto: "int ramfs_sync_file(struct file *file, struct dentry *dentry, int datasync)"},
		{Name: "ramfs_prepare_write", Fn: ramdiskPrepareWrite, Level: Full, Proto: "int ramfs_prepare_write(struct file *file, struct page *page, unsigned from, unsigned to)"},
		{Name: "ramfs_commit_write", Fn: ramfsCommitWrite, Level: Full, Proto: "int ramfs_commit_write(struct file *file, struct page *page, unsigned from, unsigned to)"},
	}
}

// ramfsWritepage keeps a page as it is: it has no other place.
func ramfsWritepage(c *Call) {
	c.Kernel.setPageFlags(c.Arg(0), pgDirty, 0)
	c.Kernel.unlockPage(c.Arg(0))
	c.Return(0)
}

// bootRamfs fills in the tables of operations, registers the kernel's own types and mounts the root.
func (k *Kernel) bootRamfs() error {
	file, iops, aops, sops := &k.lay.FileOperations, &k.drv.fs.lay.IOps, &k.drv.fs.lay.AOps, &k.drv.fs.lay.SOps
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"ramfs_aops", aops.Readpage, "ramfs_readpage"}, {"ramfs_aops", aops.PrepareWrite, "ramfs_prepare_write"},
		{"ramfs_aops", aops.CommitWrite, "ramfs_commit_write"}, {"ramfs_aops", aops.Writepage, "ramfs_writepage"},
		{"ramfs_file_operations", file.Mmap, "generic_file_mmap"}, {"ramfs_file_operations", file.Fsync, "ramfs_sync_file"},
		{"ramfs_file_operations", file.Read, "generic_file_read"}, {"ramfs_file_operations", file.Write, "generic_file_write"},
		{"ramfs_dir_operations", file.Read, "generic_read_dir"}, {"ramfs_dir_operations", file.Readdir, "dcache_readdir"},
		{"ramfs_dir_inode_operations", iops.Create, "ramfs_create"}, {"ramfs_dir_inode_operations", iops.Lookup, "ramfs_lookup"},
		{"ramfs_dir_inode_operations", iops.Unlink, "ramfs_unlink"}, {"ramfs_dir_inode_operations", iops.Mkdir, "ramfs_mkdir"},
		{"ramfs_dir_inode_operations", iops.Rmdir, "ramfs_unlink"}, {"ramfs_dir_inode_operations", iops.Mknod, "ramfs_mknod"},
		{"ramfs_ops", sops.PutInode, "force_delete"},
	} {
		if err := k.setOp(k.symbol(row.table), row.f, row.name); err != nil {
			return err
		}
	}
	super := k.symbol("super_blocks")
	if k.mem.U32(super) == 0 {
		k.listInit(super)
	}
	k.registerOwnTypes()
	root := k.symbol("rootfs_fs_type")
	k.mem.SetU32(k.symbol("unnamed_dev_in_use"), 1)
	sb := k.newSuper(root, k.anonymousDevice(), 0)
	if sb == 0 || !k.fillRamfs(sb) {
		return errNoMemory
	}
	return k.mountRoot(sb)
}

// registerOwnTypes puts the file systems that are built in on the list. All but ramfs stop who mounts them by the name of
// their read_super.
func (k *Kernel) registerOwnTypes() {
	lay, fs, word := &k.drv.fs.lay, &k.drv.lay.FileSystem, k.drv.sym.FileSystems
	for _, t := range []struct {
		symbol, name, read string
		flags              uint32
	}{
		{"rootfs_fs_type", "rootfs", "ramfs_read_super", fsNoMount | fsLitter}, {"proc_fs_type", "proc", "proc_read_super", fsSingle},
		{"sock_fs_type", "sockfs", "sockfs_read_super", fsNoMount}, {"tmpfs_fs_type", "tmpfs", "shmem_read_super", fsLitter},
		{"shmem_fs_type", "shm", "shmem_read_super", fsLitter}, {"pipe_fs_type", "pipefs", "pipefs_read_super", fsNoMount},
		{"ext2_fs_type", "ext2", "ext2_read_super", fsNeedsDevice}, {"ramfs_fs_type", "ramfs", "ramfs_read_super", fsLitter},
		{"iso9660_fs_type", "iso9660", "isofs_read_super", fsNeedsDevice}, {"devpts_fs_type", "devpts", "devpts_read_super", 0},
	} {
		at := k.symbol(t.symbol)
		k.mem.Set(at, fs.Name, k.newString(t.name))
		k.mem.Set(at, lay.Type.Flags, t.flags)
		k.mem.Set(at, lay.Type.ReadSuper, k.symbol(t.read))
		k.listInit(at + fs.FsSupers.Off)
		k.mem.SetU32(word, at)
		word = at + fs.Next.Off
	}
}

// mountRoot makes the mount of /, with the places where /proc and /dev appear.
func (k *Kernel) mountRoot(sb uint32) error {
	m := &k.drv.fs.lay.Mnt
	k.mem.Set(sb, k.drv.fs.lay.SB.Flags, mountActive)
	mnt := k.Kmalloc(m.Size, k.pages.gfp.kernel)
	if mnt == 0 {
		return errNoMemory
	}
	k.mem.Fill(mnt, m.Size, 0)
	for _, head := range []abi.Field{m.Hash, m.Child, m.Mounts, m.List} {
		k.listInit(mnt + head.Off)
	}
	root := k.mem.Get(sb, k.drv.fs.lay.SB.Root)
	k.mem.Set(mnt, m.Count, 1)
	k.mem.Set(mnt, m.Devname, k.newString("rootfs"))
	k.mem.Set(mnt, m.SB, sb)
	k.mem.Set(mnt, m.Root, root)
	k.mem.Set(mnt, m.Mountpoint, root)
	k.mem.Set(mnt, m.Parent, mnt)
	k.drv.fs.rootMnt = mnt
	for _, name := range []string{"mnt", "dev", "proc"} {
		d := k.allocDentry(root, newQstr(name))
		if d == 0 || !k.ramfsFill(d, sb, modeDir|0o755, 0) {
			return errNoMemory
		}
		k.hashDentry(d)
		k.mem.Set(d, k.lay.Dentry.Count, 1)
	}
	return nil
}

// ramfsReadSuper models static struct super_block *ramfs_read_super(struct super_block *sb, void *data, int silent).
func ramfsReadSuper(c *Call) {
	c.Return(0)
	if c.Kernel.fillRamfs(c.Arg(0)) {
		c.Return(c.Arg(0))
	}
}

func (k *Kernel) fillRamfs(sb uint32) bool {
	lay := &k.drv.fs.lay.SB
	k.mem.Set(sb, lay.Blocksize, abi.PageSize)
	k.mem.Set(sb, lay.BlocksizeBits, abi.PageShift)
	k.mem.Set(sb, lay.Magic, ramfsMagic)
	k.mem.Set(sb, lay.Op, k.symbol("ramfs_ops"))
	inode := k.ramfsInode(sb, modeDir|0o755, 0)
	root := k.rootDentry(inode)
	if root == 0 {
		k.iput(inode)
		return false
	}
	k.mem.Set(sb, lay.Root, root)
	return true
}

// ramfsInode makes the inode of a file; 0 without memory (ramfs_get_inode).
func (k *Kernel) ramfsInode(sb, mode, dev uint32) uint32 {
	lay := &k.lay.Inode
	inode := k.freshInode(sb)
	if inode == 0 {
		return 0
	}
	now := k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec)
	for _, f := range []abi.Field{lay.Atime, lay.Mtime, lay.Ctime} {
		k.mem.Set(inode, f, now)
	}
	if t := k.running; t != nil {
		k.mem.Set(inode, lay.UID, t.Get(k.lay.Task.Fsuid))
		k.mem.Set(inode, lay.GID, t.Get(k.lay.Task.Fsgid))
	}
	k.mem.Set(inode, lay.Mode, mode)
	k.mem.Set(inode, lay.Blksize, abi.PageSize)
	k.mem.Set(k.mem.Get(inode, lay.Mapping), k.drv.fs.lay.Space.AOps, k.symbol("ramfs_aops"))
	switch mode & modeKind {
	case modeRegular:
		k.mem.Set(inode, lay.Fop, k.symbol("ramfs_file_operations"))
	case modeDir:
		k.mem.Set(inode, lay.Op, k.symbol("ramfs_dir_inode_operations"))
		k.mem.Set(inode, lay.Fop, k.symbol("ramfs_dir_operations"))
	case modeChar:
		k.mem.Set(inode, lay.Fop, k.sym.DefChrFops)
		k.mem.Set(inode, lay.Rdev, dev)
	case modeBlock:
		k.mem.Set(inode, lay.Fop, k.symbol("def_blk_fops"))
		k.mem.Set(inode, lay.Rdev, dev)
	}
	return inode
}

// ramfsLookup models static struct dentry *ramfs_lookup(struct inode *dir, struct dentry *dentry): what is not in the table of
// names is not there.
func ramfsLookup(c *Call) {
	c.Kernel.instantiate(c.Arg(1), 0)
	c.Kernel.hashDentry(c.Arg(1))
	c.Return(0)
}

// ramfsFill gives a name an inode, and a user that keeps it.
func (k *Kernel) ramfsFill(d, sb, mode, dev uint32) bool {
	inode := k.ramfsInode(sb, mode, dev)
	if inode == 0 {
		return false
	}
	k.instantiate(d, inode)
	k.useDentry(d)
	return true
}

// ramfsMake models ramfs_mknod, ramfs_mkdir and ramfs_create: ENOSPC without memory.
func (c *Call) ramfsMake(mode, dev uint32) {
	c.Return(0)
	if !c.Kernel.ramfsFill(c.Arg(1), c.Kernel.mem.Get(c.Arg(0), c.Kernel.lay.Inode.SB), mode, dev&0xffff) {
		c.Fail(abi.ENOSPC)
	}
}

// ramfsUnlink models static int ramfs_unlink(struct inode *dir, struct dentry *dentry): also for directories, which must be
// empty.
func ramfsUnlink(c *Call) {
	k, d, lay := c.Kernel, c.Arg(1), &c.Kernel.lay.Dentry
	for _, child := range k.dentryChildren(d) {
		if k.dentryInode(child) != 0 && !k.listEmpty(child+lay.Hash.Off) {
			c.Fail(abi.ENOTEMPTY)
			return
		}
	}
	links := k.lay.Inode.Nlink
	inode := k.dentryInode(d)
	k.mem.Set(inode, links, k.mem.Get(inode, links)-1)
	k.dput(d)
	c.Return(0)
}

// ramfsCommitWrite models static int ramfs_commit_write(struct file *file, struct page *page, unsigned offset, unsigned to).
func ramfsCommitWrite(c *Call) {
	k, page := c.Kernel, c.Arg(1)
	at := k.pageInode(page) + k.lay.Inode.Length.Off
	if end := uint64(k.mem.Get(page, k.lay.Page.Index))<<abi.PageShift + uint64(c.Arg(3)); end > k.mem.U64(at) {
		k.mem.SetU64(at, end)
	}
	c.Return(0)
}
