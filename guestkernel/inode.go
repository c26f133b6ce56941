// SPDX-License-Identifier: BSD-3-Clause
// Inodes of file systems: the cache, reading, writing back, letting go (2.4.18 fs/inode.c).
//
// A file system's inode is on the list of its bucket while its number finds it, and on one of inode_in_use, inode_unused or
// its super block's list of dirty ones. Inodes that nobody uses stay until their file system is unmounted
// or memory runs short.

package guestkernel

import "ring0/guestkernel/abi"

// States of an inode.
const (
	inodeDirtySync  = 1
	inodeDirtyData  = 2
	inodeDirtyPages = 4
	inodeDirty      = 7
	inodeLock       = 8
	inodeFreeing    = 16
	inodeClear      = 32
)

const inodeBuckets = 4096

func inodeFunctions() []Function {
	return []Function{
		{Name: "new_inode", Fn: func(c *Call) { c.Return(c.Kernel.freshInode(c.Arg(0))) }, Level: Full},
		{Name: "iget4", Fn: iget4, Level: Full},
		{Name: "igrab", Fn: igrab, Level: Full},
		{Name: "iput", Fn: func(c *Call) { c.Kernel.iput(c.Arg(0)) }, Level: Full},
		{Name: "force_delete", Fn: forceDelete, Level: Full},
		{Name: "clear_inode", Fn: func(c *Call) { c.Kernel.clearInode(c.Arg(0)) }, Level: Full},
		{Name: "insert_inode_hash", Fn: func(c *Call) { c.Kernel.hashInode(c.Arg(0)) }, Level: Full},
		{Name: "remove_inode_hash", Fn: func(c *Call) { c.Kernel.listDelInit(c.Arg(0) + c.Kernel.drv.fs.lay.Inode.Hash.Off) }, Level: Full},
		{Name: "iunique", Fn: iunique, Level: Full},
		{Name: "inode_init_once", Fn: func(c *Call) { c.Kernel.inodeInitOnce(c.Arg(0)) }, Level: Full},
		{Name: "__mark_inode_dirty", Fn: func(c *Call) { c.Kernel.dirtyInode(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "write_inode_now", Fn: func(c *Call) { c.Kernel.writeInode(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "make_bad_inode", Fn: makeBadInode, Level: Full},
		{Name: "is_bad_inode", Fn: isBadInode, Level: Full},
		{Name: "return_EIO", Fn: func(c *Call) { c.Fail(abi.EIO) }, Level: Full, Proto: "int return_EIO(void)"},
		{Name: "init_special_inode", Fn: initSpecialInode, Level: Full},
		{Name: "update_atime", Fn: updateAtime, Level: Full},
		{Name: "inode_change_ok", Fn: inodeChangeOK, Level: Full},
		{Name: "inode_setattr", Fn: func(c *Call) { c.Return(c.Kernel.setAttributes(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "vmtruncate", Fn: func(c *Call) { c.Return(c.Kernel.vmTruncate(c.Arg(0), c.Arg64(1))) }, Level: Full},
	}
}

// bootInodes makes the hash table, the lists, and what bad inodes do.
func (k *Kernel) bootInodes() error {
	const order = 3
	table := k.GetFreePages(k.pages.gfp.kernel, order)
	if table == 0 {
		return errNoMemory
	}
	for i := range uint32(inodeBuckets) {
		k.listInit(table + i*listHeadSize)
	}
	k.mem.SetU32(k.symbol("inode_hashtable"), table)
	k.listInit(k.symbol("inode_in_use"))
	k.listInit(k.symbol("inode_unused"))
	iops, fops, eio := k.symbol("bad_inode_ops"), k.symbol("bad_file_ops"), k.symbol("return_EIO")
	lay, file := &k.drv.fs.lay.IOps, &k.lay.FileOperations
	for _, f := range []abi.Field{lay.Create, lay.Lookup, lay.Link, lay.Unlink, lay.Symlink, lay.Mkdir, lay.Rmdir, lay.Mknod, lay.Rename,
		lay.Readlink, lay.Truncate, lay.Permission, lay.Revalidate} {
		k.mem.Set(iops, f, eio)
	}
	for _, f := range []abi.Field{file.Llseek, file.Read, file.Write, file.Readdir, file.Poll, file.Ioctl, file.Mmap, file.Open, file.Release, file.Fsync} {
		k.mem.Set(fops, f, eio)
	}
	return nil
}

// listDelInit takes an entry out of its list and makes it one of its own.
func (k *Kernel) listDelInit(entry uint32) {
	k.listDel(entry)
	k.listInit(entry)
}

// inodeInitOnce is inode_init_once: what an inode has before it is anybody's.
func (k *Kernel) inodeInitOnce(inode uint32) {
	lay, space := &k.drv.fs.lay.Inode, &k.drv.fs.lay.Space
	k.mem.Fill(inode, k.lay.Inode.Size, 0)
	for _, head := range []abi.Field{lay.Hash, lay.Dentries, lay.DirtyBuffers, lay.DataBuffers, lay.Devices} {
		k.listInit(inode + head.Off)
	}
	for _, head := range []abi.Field{space.CleanPages, space.DirtyPages, space.LockedPages} {
		k.listInit(inode + lay.Data.Off + head.Off)
	}
	k.initWaitQueue(inode + lay.Wait.Off)
	k.initSemaphore(inode+k.lay.Inode.Sem.Off, 1)
	k.initSemaphore(inode+k.files.lay.Inode.Zombie.Off, 1)
}

// initMapping makes an inode the owner of its pages.
func (k *Kernel) initMapping(inode uint32) {
	space, mapping := &k.drv.fs.lay.Space, inode+k.drv.fs.lay.Inode.Data.Off
	k.mem.Set(mapping, space.AOps, k.symbol("empty_aops.1"))
	k.mem.Set(mapping, space.Host, inode)
	k.mem.Set(mapping, space.GFPMask, k.pages.gfp.kernel)
	k.mem.Set(inode, k.lay.Inode.Mapping, mapping)
}

// allocInode makes an inode of a file system, from its own cache if it has one; 0 without memory (alloc_inode).
func (k *Kernel) allocInode(sb uint32) uint32 {
	lay, s := &k.lay.Inode, &k.drv.fs.lay
	inode := uint32(0)
	op := k.mem.Get(sb, s.SB.Op)
	if op != 0 && k.mem.Get(op, s.SOps.AllocInode) != 0 {
		inode = k.Call(k.mem.Get(op, s.SOps.AllocInode), sb)
	} else if inode = k.cacheAlloc(k.mem.U32(k.sym.InodeCachep), k.pages.gfp.kernel); inode != 0 {
		k.inodeInitOnce(inode)
	}
	if inode == 0 {
		return 0
	}
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{
		{lay.SB, sb}, {lay.Dev, k.mem.Get(sb, s.SB.Dev)}, {lay.Blkbits, k.mem.Get(sb, s.SB.BlocksizeBits)}, {lay.Flags, 0}, {lay.Count, 1},
		{lay.Op, k.symbol("empty_iops.2")}, {lay.Fop, k.symbol("empty_fops.3")}, {lay.Nlink, 1}, {k.files.lay.Inode.Writecount, 0},
		{lay.Blocks, 0}, {s.Inode.Bytes, 0}, {lay.Generation, 0}, {s.Inode.Pipe, 0}, {s.Inode.Bdev, 0}, {lay.Cdev, 0},
	} {
		k.mem.Set(inode, f.f, f.v)
	}
	k.mem.SetU64(inode+lay.Length.Off, 0)
	k.initMapping(inode)
	return inode
}

// destroyInode gives an inode's memory back.
func (k *Kernel) destroyInode(inode uint32) {
	s := &k.drv.fs.lay
	if sb := k.mem.Get(inode, k.lay.Inode.SB); sb != 0 {
		if op := k.mem.Get(sb, s.SB.Op); op != 0 && k.mem.Get(op, s.SOps.DestroyInode) != 0 {
			k.Call(k.mem.Get(op, s.SOps.DestroyInode), inode)
			return
		}
	}
	k.cacheFree(k.mem.U32(k.sym.InodeCachep), inode)
}

// freshInode is new_inode: one that is in no hash list, with the next number; 0 without memory.
func (k *Kernel) freshInode(sb uint32) uint32 {
	inode := k.allocInode(sb)
	if inode == 0 {
		return 0
	}
	k.listAdd(inode+k.drv.fs.lay.Inode.List.Off, k.symbol("inode_in_use"))
	last := k.symbol("last_ino.4")
	k.mem.SetU32(last, k.mem.U32(last)+1)
	k.mem.Set(inode, k.lay.Inode.Ino, k.mem.U32(last))
	k.mem.Set(inode, k.lay.Inode.State, 0)
	return inode
}

func (k *Kernel) inodeBucket(sb, number uint32) uint32 {
	const spread = 0x9e370001
	h := (sb>>5 ^ number) * spread >> 20
	return k.mem.U32(k.symbol("inode_hashtable")) + h%inodeBuckets*listHeadSize
}

// findInode looks for a number in the cache; actor, if there is one, must agree: int actor(struct inode *, unsigned long ino,
// void *opaque).
func (k *Kernel) findInode(sb, number, actor, opaque uint32) uint32 {
	for at := range k.listMembers("a list of inodes", k.inodeBucket(sb, number)) {
		inode := at - k.drv.fs.lay.Inode.Hash.Off
		if k.mem.Get(inode, k.lay.Inode.Ino) != number || k.mem.Get(inode, k.lay.Inode.SB) != sb {
			continue
		}
		if actor == 0 || k.Call(actor, inode, number, opaque) != 0 {
			return inode
		}
	}
	return 0
}

// useInode is __iget.
func (k *Kernel) useInode(inode uint32) {
	lay := &k.lay.Inode
	count := k.mem.Get(inode, lay.Count)
	k.mem.Set(inode, lay.Count, count+1)
	if list := inode + k.drv.fs.lay.Inode.List.Off; count == 0 && k.mem.Get(inode, lay.State)&(inodeDirty|inodeLock) == 0 {
		k.listDel(list)
		k.listAdd(list, k.symbol("inode_in_use"))
	}
}

// waitOnInode waits while somebody reads or writes an inode.
func (k *Kernel) waitOnInode(inode uint32) {
	k.waitFor(inode+k.drv.fs.lay.Inode.Wait.Off, func() bool { return k.mem.Get(inode, k.lay.Inode.State)&inodeLock == 0 })
}

// iget4 models struct inode *iget4(struct super_block *sb, unsigned long ino, find_inode_t find_actor, void *opaque): the
// inode of a number, read by the file system when it is not in the cache. NULL without memory.
func iget4(c *Call) {
	k, sb, number, actor, opaque, lay := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3), &c.Kernel.drv.fs.lay
	if inode := k.findInode(sb, number, actor, opaque); inode != 0 {
		k.useInode(inode)
		k.waitOnInode(inode)
		c.Return(inode)
		return
	}
	inode := k.allocInode(sb)
	c.Return(inode)
	if inode == 0 {
		return
	}
	k.listAdd(inode+lay.Inode.List.Off, k.symbol("inode_in_use"))
	k.listAdd(inode+lay.Inode.Hash.Off, k.inodeBucket(sb, number))
	k.mem.Set(inode, k.lay.Inode.Ino, number)
	k.mem.Set(inode, k.lay.Inode.State, inodeLock)
	op := k.mem.Get(sb, lay.SB.Op)
	if read := k.mem.Get(op, lay.SOps.ReadInode2); read != 0 {
		k.Call(read, inode, opaque)
	} else {
		k.Call(k.mem.Get(op, lay.SOps.ReadInode), inode)
	}
	k.mem.Set(inode, k.lay.Inode.State, k.mem.Get(inode, k.lay.Inode.State)&^inodeLock)
	k.wakeAny(inode + lay.Inode.Wait.Off)
}

// igrab models struct inode *igrab(struct inode *inode): NULL for one that is going.
func igrab(c *Call) {
	k, inode := c.Kernel, c.Arg(0)
	c.Return(0)
	if k.mem.Get(inode, k.lay.Inode.State)&inodeFreeing == 0 {
		k.useInode(inode)
		c.Return(inode)
	}
}

// hashInode is insert_inode_hash. One without a super block is on a list of its own, which nobody looks at.
func (k *Kernel) hashInode(inode uint32) {
	if sb := k.mem.Get(inode, k.lay.Inode.SB); sb != 0 {
		k.listAdd(inode+k.drv.fs.lay.Inode.Hash.Off, k.inodeBucket(sb, k.mem.Get(inode, k.lay.Inode.Ino)))
	}
}

// iunique models ino_t iunique(struct super_block *sb, ino_t max_reserved): a number that no inode in the cache has.
func iunique(c *Call) {
	k, last := c.Kernel, c.Kernel.symbol("counter.5")
	for {
		n := max(k.mem.U32(last), c.Arg(1)+1)
		k.mem.SetU32(last, n+1)
		if k.findInode(c.Arg(0), n, 0, 0) == 0 {
			c.Return(n)
			return
		}
	}
}

// iput gives up a use of an inode. The last one lets it go, unless its file system may want it again.
func (k *Kernel) iput(inode uint32) {
	const cleared = 1051
	lay, s := &k.lay.Inode, &k.drv.fs.lay
	if inode == 0 {
		return
	}
	sb := k.mem.Get(inode, lay.SB)
	if sb == 0 {
		k.iputPlain(inode)
		return
	}
	if k.mem.Get(inode, lay.State) == inodeClear {
		k.bug("iput", "inode.c", cleared)
	}
	op := k.mem.Get(sb, s.SB.Op)
	if put := k.mem.Get(op, s.SOps.PutInode); put != 0 {
		k.Call(put, inode)
	}
	n := k.mem.Get(inode, lay.Count) - 1
	k.mem.Set(inode, lay.Count, n)
	if n != 0 {
		return
	}
	hash, list, links := inode+s.Inode.Hash.Off, inode+s.Inode.List.Off, k.mem.Get(inode, lay.Nlink)
	if links != 0 && !k.listEmpty(hash) {
		if k.mem.Get(inode, lay.State)&(inodeDirty|inodeLock) == 0 {
			k.listDel(list)
			k.listAdd(list, k.symbol("inode_unused"))
		}
		if k.mem.Get(sb, s.SB.Flags)&mountActive != 0 {
			return
		}
		k.writeInode(inode, 1)
	}
	k.listDelInit(hash)
	k.listDelInit(list)
	k.mem.Set(inode, lay.State, k.mem.Get(inode, lay.State)|inodeFreeing)
	k.releaseInode(inode, links == 0)
}

// releaseInode lets go an inode that is on no list any more; one without links is deleted by its file system.
func (k *Kernel) releaseInode(inode uint32, unlinked bool) {
	s := &k.drv.fs.lay
	k.truncatePages(inode+s.Inode.Data.Off, 0)
	op := k.mem.Get(k.mem.Get(inode, k.lay.Inode.SB), s.SB.Op)
	if remove := k.mem.Get(op, s.SOps.DeleteInode); unlinked && remove != 0 {
		k.Call(remove, inode)
		if k.mem.Get(inode, k.lay.Inode.State) != inodeClear {
			const notCleared = 1082
			k.bug("iput", "inode.c", notCleared)
		}
	} else {
		k.clearInode(inode)
	}
	k.destroyInode(inode)
}

// forceDelete models void force_delete(struct inode *inode): its last user says that it has no links.
func forceDelete(c *Call) {
	if c.Kernel.mem.Get(c.Arg(0), c.Kernel.lay.Inode.Count) == 1 {
		c.Kernel.mem.Set(c.Arg(0), c.Kernel.lay.Inode.Nlink, 0)
	}
}

// clearInode is clear_inode: what a file system calls last for an inode.
func (k *Kernel) clearInode(inode uint32) {
	const havePages, notFreeing, twice = 565, 567, 569
	lay, s := &k.lay.Inode, &k.drv.fs.lay
	for _, head := range []abi.Field{s.Inode.DirtyBuffers, s.Inode.DataBuffers} {
		for at := range k.listMembers("a list of dirty buffers", inode+head.Off) {
			k.leaveInodeQueue(at - s.BH.InodeBuffers.Off)
		}
	}
	state := k.mem.Get(inode, lay.State)
	switch {
	case k.mem.Get(inode+s.Inode.Data.Off, s.Space.NrPages) != 0:
		k.bug("clear_inode", "inode.c", havePages)
	case state&inodeFreeing == 0:
		k.bug("clear_inode", "inode.c", notFreeing)
	case state&inodeClear != 0:
		k.bug("clear_inode", "inode.c", twice)
	}
	k.waitOnInode(inode)
	if sb := k.mem.Get(inode, lay.SB); sb != 0 {
		if op := k.mem.Get(sb, s.SB.Op); op != 0 && k.mem.Get(op, s.SOps.ClearInode) != 0 {
			k.Call(k.mem.Get(op, s.SOps.ClearInode), inode)
		}
	}
	if bdev := k.mem.Get(inode, s.Inode.Bdev); bdev != 0 {
		k.mem.Set(inode, s.Inode.Bdev, 0)
		k.putBlockDevice(bdev)
	}
	k.mem.Set(inode, lay.State, inodeClear)
}

// dirtyInode is __mark_inode_dirty.
func (k *Kernel) dirtyInode(inode, flags uint32) {
	lay, s := &k.lay.Inode, &k.drv.fs.lay
	sb := k.mem.Get(inode, lay.SB)
	if sb == 0 {
		return
	}
	if op := k.mem.Get(sb, s.SB.Op); flags&(inodeDirtySync|inodeDirtyData) != 0 && op != 0 && k.mem.Get(op, s.SOps.DirtyInode) != 0 {
		k.Call(k.mem.Get(op, s.SOps.DirtyInode), inode)
	}
	state := k.mem.Get(inode, lay.State)
	if state&flags == flags {
		return
	}
	k.mem.Set(inode, lay.State, state|flags)
	if state&inodeLock == 0 && !k.listEmpty(inode+s.Inode.Hash.Off) {
		k.listDel(inode + s.Inode.List.Off)
		k.listAdd(inode+s.Inode.List.Off, sb+s.SB.Dirty.Off)
	}
}

// writeInode is write_inode_now: its pages, and the inode itself if it is dirty, wait if sync says so.
func (k *Kernel) writeInode(inode, sync uint32) {
	lay, s := &k.lay.Inode, &k.drv.fs.lay
	sb := k.mem.Get(inode, lay.SB)
	state := k.mem.Get(inode, lay.State)
	if sb == 0 || state&inodeDirty == 0 {
		return
	}
	k.waitOnInode(inode)
	state = k.mem.Get(inode, lay.State)
	k.mem.Set(inode, lay.State, state&^inodeDirty|inodeLock)
	list := inode + s.Inode.List.Off
	if !k.listEmpty(list) {
		k.listDel(list)
		home := "inode_in_use"
		if k.mem.Get(inode, lay.Count) == 0 {
			home = "inode_unused"
		}
		k.listAdd(list, k.symbol(home))
	}
	k.writePages(k.mem.Get(inode, lay.Mapping))
	if write := k.mem.Get(k.mem.Get(sb, s.SB.Op), s.SOps.WriteInode); state&(inodeDirtySync|inodeDirtyData) != 0 && write != 0 {
		k.Call(write, inode, sync)
	}
	if sync != 0 {
		k.awaitPages(k.mem.Get(inode, lay.Mapping))
	}
	k.mem.Set(inode, lay.State, k.mem.Get(inode, lay.State)&^inodeLock)
	k.wakeAny(inode + s.Inode.Wait.Off)
}
