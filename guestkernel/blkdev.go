// SPDX-License-Identifier: BSD-3-Clause
// Block devices as files and as what file systems lie on: struct block_device (2.4.18 fs/block_dev.c, fs/buffer.c,
// drivers/block/blkpg.c).

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// What a block device is opened for.
const (
	bdevFile = 0 // BDEV_FILE
	bdevFS   = 1 // BDEV_FS
)

const (
	bdevBuckets  = 64
	blockBits    = 10 // BLOCK_SIZE_BITS
	unknownBlock = 0xffffffff
)

func blockDeviceFunctions() []Function {
	dev := func(f func(*Kernel, uint32)) func(*Call) { return func(c *Call) { f(c.Kernel, c.Arg(0)&0xffff) } }
	return []Function{
		{Name: "bdget", Fn: func(c *Call) { c.Return(c.Kernel.getBlockDevice(c.Arg(0) & 0xffff)) }, Level: Full},
		{Name: "bdput", Fn: func(c *Call) { c.Kernel.putBlockDevice(c.Arg(0)) }, Level: Full},
		{Name: "blkdev_get", Fn: blkdevGet, Level: Full},
		{Name: "blkdev_put", Fn: func(c *Call) { c.Return(c.Kernel.closeBlockDevice(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "blkdev_open", Fn: blkdevOpen, Level: Full},
		{Name: "blkdev_close", Fn: blkdevClose, Level: Full, Proto: "int blkdev_close(struct inode *inode, struct file *filp)"},
		{Name: "blkdev_ioctl", Fn: blkdevIoctl, Level: Full, Proto: "int blkdev_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg)"},
		{Name: "block_llseek", Fn: blockLseek, Level: Full, Proto: "loff_t block_llseek(struct file *file, loff_t offset, int origin)"},
		{Name: "blkdev_readpage", Fn: blkdevReadpage, Level: Full, Proto: "int blkdev_readpage(struct file *file, struct page *page)"},
		{Name: "blkdev_writepage", Fn: blkdevWritepage, Level: Full, Proto: "int blkdev_writepage(struct page *page)"},
		{Name: "blkdev_prepare_write", Fn: blkdevPrepareWrite, Level: Full, Proto: "int blkdev_prepare_write(struct file *file, struct page *page, unsigned from, unsigned to)"},
		{Name: "blkdev_commit_write", Fn: genericCommitWrite, Level: Full, Proto: "int blkdev_commit_write(struct file *file, struct page *page, unsigned from, unsigned to)"},
		{Name: "blkdev_get_block", Fn: blkdevGetBlock, Level: Full, Proto: "int blkdev_get_block(struct inode *inode, long iblock, struct buffer_head *bh_result, int create)"},
		{Name: "blk_ioctl", Fn: blkIoctl, Level: Partial, Note: "BLKPG and the elevator's requests stop the run"},
		{Name: "set_blocksize", Fn: setBlocksize, Level: Full},
		{Name: "check_disk_change", Fn: checkDiskChange, Level: Full},
		{Name: "fsync_dev", Fn: func(c *Call) { c.Return(c.Kernel.syncDevice(c.Arg(0) & 0xffff)) }, Level: Full},
		{Name: "fsync_no_super", Fn: func(c *Call) { c.Return(c.Kernel.writeDevice(c.Arg(0) & 0xffff)) }, Level: Full},
		{Name: "sync_dev", Fn: dev(func(k *Kernel, d uint32) { k.syncDevice(d) }), Level: Full},
		{Name: "__invalidate_buffers", Fn: dev((*Kernel).invalidateDevice), Level: Full},
		{Name: "invalidate_device", Fn: invalidateDevice, Level: Full},
		{Name: "invalidate_bdev", Fn: func(c *Call) { c.Kernel.invalidateBdev(c.Arg(0), c.Arg(1) != 0) }, Level: Full},
		{Name: "ioctl_by_bdev", Fn: ioctlByBdev, Level: Full},
	}
}

// bootBlockDevices makes the table of devices, the file operations of all, and the RAM disks.
func (k *Kernel) bootBlockDevs() error {
	lay, file, aops := &k.drv.fs.lay.BDev, &k.lay.FileOperations, &k.drv.fs.lay.AOps
	cache := k.createCache(cacheSpec{name: "bdev_cache", size: lay.Size, flags: k.slab.hwAlign})
	if cache == 0 {
		return errNoMemory
	}
	k.mem.SetU32(k.symbol("bdev_cachep"), cache)
	for i := range uint32(bdevBuckets) {
		k.listInit(k.symbol("bdev_hashtable") + i*listHeadSize)
	}
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"def_blk_fops", file.Open, "blkdev_open"}, {"def_blk_fops", file.Release, "blkdev_close"}, {"def_blk_fops", file.Llseek, "block_llseek"},
		{"def_blk_fops", file.Read, "generic_file_read"}, {"def_blk_fops", file.Write, "generic_file_write"}, {"def_blk_fops", file.Ioctl, "blkdev_ioctl"},
		{"def_blk_aops", aops.Readpage, "blkdev_readpage"}, {"def_blk_aops", aops.Writepage, "blkdev_writepage"},
		{"def_blk_aops", aops.PrepareWrite, "blkdev_prepare_write"}, {"def_blk_aops", aops.CommitWrite, "blkdev_commit_write"},
	} {
		if err := k.setOp(k.symbol(row.table), row.f, row.name); err != nil {
			return err
		}
	}
	return k.bootRAMDisks()
}

// getBlockDevice is bdget: the block device of a number, with one more user; 0 without memory.
func (k *Kernel) getBlockDevice(dev uint32) uint32 {
	lay, in := &k.drv.fs.lay.BDev, &k.lay.Inode
	bucket := k.symbol("bdev_hashtable") + (dev>>8^dev)%bdevBuckets*listHeadSize
	for at := range k.listMembers("bdev_hashtable", bucket) {
		if bdev := at - lay.Hash.Off; k.mem.Get(bdev, lay.Dev) == dev {
			k.mem.Set(bdev, lay.Count, k.mem.Get(bdev, lay.Count)+1)
			return bdev
		}
	}
	bdev := k.fromCache(k.symbol("bdev_cachep"), lay.Size)
	if bdev == 0 {
		return 0
	}
	inode := k.newInode(0, modeBlock)
	if inode == 0 {
		k.cacheFree(k.mem.U32(k.symbol("bdev_cachep")), bdev)
		return 0
	}
	k.mem.Set(inode, in.Rdev, dev)
	k.mem.Set(inode, in.Dev, dev)
	k.mem.Set(inode, k.drv.fs.lay.Inode.Bdev, bdev)
	k.mem.Set(inode+k.drv.fs.lay.Inode.Data.Off, k.drv.fs.lay.Space.AOps, k.symbol("def_blk_aops"))
	k.mem.Set(bdev, lay.Count, 1)
	k.mem.Set(bdev, lay.Dev, dev)
	k.mem.Set(bdev, lay.Inode, inode)
	k.initSemaphore(bdev+lay.Sem.Off, 1)
	k.listInit(bdev + lay.Inodes.Off)
	k.listAdd(bdev+lay.Hash.Off, bucket)
	return bdev
}

// putBlockDevice is bdput: with the last user it goes, and its pages.
func (k *Kernel) putBlockDevice(bdev uint32) {
	const opened = 366
	lay := &k.drv.fs.lay.BDev
	n := k.mem.Get(bdev, lay.Count) - 1
	k.mem.Set(bdev, lay.Count, n)
	if n != 0 {
		return
	}
	inode := k.mem.Get(bdev, lay.Inode)
	if k.mem.Get(bdev, lay.Openers) != 0 {
		k.bug("bdput", "block_dev.c", opened)
	}
	mapping := inode + k.drv.fs.lay.Inode.Data.Off
	if k.mem.Get(mapping, k.drv.fs.lay.Space.NrPages) != 0 {
		k.mem.Set(bdev, lay.Count, 0) // as 2.4.18 has it: it is found again while its pages live
		return
	}
	k.listDel(bdev + lay.Hash.Off)
	k.cacheFree(k.mem.U32(k.sym.InodeCachep), inode)
	k.cacheFree(k.mem.U32(k.symbol("bdev_cachep")), bdev)
}

// blockSize is block_size: how large a device's blocks are.
func (k *Kernel) blockSize(dev uint32) uint32 {
	if n := k.byMinor("blksize_size", dev); n != 0 {
		return n
	}
	return defaultBlockSize
}

// deviceBytes is blkdev_size.
func (k *Kernel) deviceBytes(dev uint32) uint64 {
	blocks := uint32(unknownBlock)
	if k.mem.U32(k.symbol("blk_size")+dev>>8*wordSize) != 0 {
		blocks = k.byMinor("blk_size", dev)
	}
	return uint64(blocks) << blockBits
}

// openBlockDevice opens a device for a file (do_open). An error gives up the use of bdev.
func (k *Kernel) openBlockDevice(bdev, inode, f uint32) abi.Errno {
	lay, ops := &k.drv.fs.lay.BDev, &k.drv.fs.lay.BOps
	dev := k.mem.Get(bdev, lay.Dev)
	op := k.mem.Get(bdev, lay.Op)
	if op == 0 && dev>>8 != 0 && dev>>8 < maxMajor {
		if op = k.mem.U32(k.sym.Blkdevs + dev>>8*deviceEntry + deviceOps); op != 0 && !k.tryModule(k.mem.Get(op, ops.Owner)) {
			op = 0
		} else if op != 0 {
			k.putModule(k.mem.Get(op, ops.Owner))
		}
	}
	if op == 0 {
		k.putBlockDevice(bdev)
		return abi.ENXIO
	}
	k.mem.Set(bdev, lay.Op, op)
	owner := k.mem.Get(op, ops.Owner)
	k.tryModule(owner)
	result := int32(0)
	if open := k.mem.Get(op, ops.Open); open != 0 {
		result = int32(k.Call(open, inode, f))
	}
	if result != 0 {
		k.putModule(owner)
		if k.mem.Get(bdev, lay.Openers) == 0 {
			k.mem.Set(bdev, lay.Op, 0)
		}
		k.putBlockDevice(bdev)
		return abi.Errno(-result)
	}
	k.mem.Set(bdev, lay.Openers, k.mem.Get(bdev, lay.Openers)+1)
	own := k.mem.Get(bdev, lay.Inode)
	k.mem.SetU64(own+k.lay.Inode.Length.Off, k.deviceBytes(dev))
	k.mem.Set(own, k.lay.Inode.Blkbits, log2(k.blockSize(dev)))
	return 0
}

// log2 is the number of the highest bit.
func log2(n uint32) uint32 { return uint32(bits.Len32(n)) - 1 }

// getBlkdev is blkdev_get: opens a device that is no file, with a stand-in for one.
func (k *Kernel) getBlkdev(bdev, mode, flags uint32) abi.Errno {
	esp := k.m.Reg(vm.ESP)
	f, d := esp-k.lay.File.Size, esp-k.lay.File.Size-k.lay.Dentry.Size
	k.m.SetReg(vm.ESP, d)
	k.mem.Fill(d, k.lay.File.Size+k.lay.Dentry.Size, 0)
	inode := k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode)
	k.mem.Set(f, k.lay.File.Mode, mode)
	k.mem.Set(f, k.lay.File.Flags, flags)
	k.mem.Set(f, k.lay.File.Dentry, d)
	k.mem.Set(d, k.lay.Dentry.Inode, inode)
	errno := k.openBlockDevice(bdev, inode, f)
	k.m.SetReg(vm.ESP, esp)
	return errno
}

// blkdevGet models int blkdev_get(struct block_device *bdev, mode_t mode, unsigned flags, int kind).
func blkdevGet(c *Call) {
	c.Return(errWord(c.Kernel.getBlkdev(c.Arg(0), c.Arg(1), c.Arg(2))))
}

// closeBlockDevice is blkdev_put.
func (k *Kernel) closeBlockDevice(bdev, kind uint32) (result uint32) {
	lay, ops := &k.drv.fs.lay.BDev, &k.drv.fs.lay.BOps
	inode, op, openers := k.mem.Get(bdev, lay.Inode), k.mem.Get(bdev, lay.Op), k.mem.Get(bdev, lay.Openers)-1
	mapping := inode + k.drv.fs.lay.Inode.Data.Off
	if kind == bdevFS || openers == 0 {
		k.writePages(mapping)
		k.writeDevice(k.mem.Get(bdev, lay.Dev))
	}
	k.mem.Set(bdev, lay.Openers, openers)
	if openers == 0 {
		k.truncatePages(mapping, 0)
	}
	if op != 0 {
		if release := k.mem.Get(op, ops.Release); release != 0 {
			result = k.Call(release, inode, 0)
		}
		k.putModule(k.mem.Get(op, ops.Owner))
	}
	if openers == 0 {
		k.mem.Set(bdev, lay.Op, 0)
	}
	k.putBlockDevice(bdev)
	return result
}

// blkdevOpen models int blkdev_open(struct inode *inode, struct file *filp): the file's pages are the device's.
func blkdevOpen(c *Call) {
	k, inode, f := c.Kernel, c.Arg(0), c.Arg(1)
	bdev := k.getBlockDevice(k.mem.Get(inode, k.lay.Inode.Rdev))
	if bdev == 0 {
		c.Fail(abi.ENOMEM)
		return
	}
	k.mem.Set(inode, k.drv.fs.lay.Inode.Bdev, bdev)
	k.mem.Set(inode, k.lay.Inode.Mapping, k.mem.Get(k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode), k.lay.Inode.Mapping))
	if errno := k.openBlockDevice(bdev, inode, f); errno != 0 {
		k.mem.Set(inode, k.drv.fs.lay.Inode.Bdev, 0)
		c.Fail(errno)
		return
	}
	c.Return(0)
}

// blkdevClose models static int blkdev_close(struct inode *inode, struct file *filp).
func blkdevClose(c *Call) {
	c.Return(c.Kernel.closeBlockDevice(c.Kernel.mem.Get(c.Arg(0), c.Kernel.drv.fs.lay.Inode.Bdev), bdevFile))
}

// blkdevIoctl models static int blkdev_ioctl(struct inode *inode, struct file *file, unsigned cmd, unsigned long arg).
func blkdevIoctl(c *Call) {
	k := c.Kernel
	op := k.mem.Get(k.mem.Get(c.Arg(0), k.drv.fs.lay.Inode.Bdev), k.drv.fs.lay.BDev.Op)
	ioctl := k.mem.Get(op, k.drv.fs.lay.BOps.Ioctl)
	if ioctl == 0 {
		c.Fail(abi.EINVAL)
		return
	}
	c.Return(k.Call(ioctl, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)))
}

// blockLseek models static loff_t block_llseek(struct file *file, loff_t offset, int origin): no farther than the end.
func blockLseek(c *Call) {
	k, f, to := c.Kernel, c.Arg(0), int64(c.Arg64(1))
	end := int64(k.mem.U64(k.mappingHost(f) + k.lay.Inode.Length.Off))
	switch c.Arg(3) {
	case seekCur:
		to += int64(k.mem.U64(f + k.lay.File.Pos.Off))
	case seekEnd:
		to += end
	}
	if to < 0 || to > end {
		c.Return64(errno64(abi.EINVAL))
		return
	}
	k.mem.SetU64(f+k.lay.File.Pos.Off, uint64(to))
	c.Return64(uint64(to))
}

// mappingHost is the inode whose pages an open file reads.
func (k *Kernel) mappingHost(f uint32) uint32 {
	return k.mem.Get(k.mem.Get(k.fileInode(f), k.lay.Inode.Mapping), k.drv.fs.lay.Space.Host)
}

// The address space operations of devices: a device's block is the block of that number.
func blkdevReadpage(c *Call) {
	c.Return(c.Kernel.readFullPage(c.Arg(1), c.Kernel.symbol("blkdev_get_block")))
}

func blkdevWritepage(c *Call) {
	c.Return(c.Kernel.writeFullPage(c.Arg(0), c.Kernel.symbol("blkdev_get_block")))
}

func blkdevPrepareWrite(c *Call) {
	c.Return(c.Kernel.prepareWrite(c.Arg(1), c.Arg(2), c.Arg(3), c.Kernel.symbol("blkdev_get_block")))
}

// blkdevGetBlock models static int blkdev_get_block(struct inode *inode, long iblock, struct buffer_head *bh_result, int
// create): EIO beyond the end.
func blkdevGetBlock(c *Call) {
	k, inode, block, bh := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	dev := k.mem.Get(inode, k.lay.Inode.Rdev)
	if uint64(block)*uint64(k.blockSize(dev)) >= k.deviceBytes(dev) {
		c.Fail(abi.EIO)
		return
	}
	k.mem.Set(bh, k.drv.fs.lay.BH.Dev, dev)
	k.mem.Set(bh, k.drv.fs.lay.BH.Blocknr, block)
	k.setBlockState(bh, bhMapped, 0)
	c.Return(0)
}

// setBlocksize models int set_blocksize(kdev_t dev, int size): EINVAL for a size that the device or the driver has not.
func setBlocksize(c *Call) { c.Return(errWord(c.Kernel.setBlockSize(c.Arg(0)&0xffff, c.Arg(1)))) }

func (k *Kernel) setBlockSize(dev, size uint32) abi.Errno {
	array := k.mem.U32(k.symbol("blksize_size") + dev>>8*wordSize)
	switch {
	case size > abi.PageSize || size < minBlockSize || size&(size-1) != 0, size < k.sectorSize(dev), array == 0 && size != defaultBlockSize:
		return abi.EINVAL
	case array == 0:
		return 0
	}
	at := array + dev&0xff*wordSize
	old := k.mem.U32(at)
	if old == size || old == 0 && size == defaultBlockSize {
		k.mem.SetU32(at, size)
		return 0
	}
	k.writeDevice(dev)
	k.mem.SetU32(at, size)
	if bdev := k.getBlockDevice(dev); bdev != 0 {
		inode := k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode)
		k.mem.Set(inode, k.lay.Inode.Blkbits, log2(size))
		k.invalidatePages(inode + k.drv.fs.lay.Inode.Data.Off)
		k.putBlockDevice(bdev)
	}
	return 0
}

// checkDiskChange models int check_disk_change(kdev_t dev).
func checkDiskChange(c *Call) {
	k, dev, ops := c.Kernel, c.Arg(0)&0xffff, &c.Kernel.drv.fs.lay.BOps
	c.Return(0)
	op := k.mem.U32(k.sym.Blkdevs + dev>>8*deviceEntry + deviceOps)
	if op == 0 {
		return
	}
	check := k.mem.Get(op, ops.CheckMediaChange)
	if check == 0 || k.Call(check, dev) == 0 {
		return
	}
	k.invalidateDevice(dev)
	if revalidate := k.mem.Get(op, ops.Revalidate); revalidate != 0 {
		k.Call(revalidate, dev)
	}
	c.Return(1)
}

// writeDevice writes the dirty buffers of a device, 0 for all, and waits (sync_buffers).
func (k *Kernel) writeDevice(dev uint32) uint32 {
	return k.writeBlocks(k.dirtyBlocks(dev))
}

// syncDevice is fsync_dev: also what the file systems on it have to write.
func (k *Kernel) syncDevice(dev uint32) uint32 {
	k.writeDevice(dev)
	k.syncSupers(dev)
	return k.writeDevice(dev)
}

// invalidateDevice drops the clean buffers of a device that nobody uses.
func (k *Kernel) invalidateDevice(dev uint32) {
	if bdev := k.getBlockDevice(dev); bdev != 0 {
		k.invalidatePages(k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode) + k.drv.fs.lay.Inode.Data.Off)
		k.putBlockDevice(bdev)
	}
}

// invalidateDevice models int invalidate_device(kdev_t dev, int do_sync): what remains busy is not told.
func invalidateDevice(c *Call) {
	if c.Arg(1) != 0 {
		c.Kernel.syncDevice(c.Arg(0) & 0xffff)
	}
	c.Kernel.invalidateDevice(c.Arg(0) & 0xffff)
	c.Return(0)
}

// invalidateBdev is invalidate_bdev: the pages of a device that nobody needs go. Of dirty buffers, which stay unless all shall
// go, and of buffers that are in use while nobody has the device open, it tells.
func (k *Kernel) invalidateBdev(bdev uint32, dirtyToo bool) {
	const notMapped = 760
	lay, dev := &k.drv.fs.lay.BH, k.mem.Get(bdev, k.drv.fs.lay.BDev.Dev)
	for _, bh := range k.hashedBlocks(dev) {
		k.waitOnBlock(bh)
		dirty := k.blockState(bh)&bhDirty != 0
		if k.blockState(bh)&bhMapped == 0 {
			k.bug("invalidate_bdev", "buffer.c", notMapped)
		}
		if dirty && dirtyToo {
			k.Printk("invalidate: dirty buffer\n")
		}
		switch {
		case k.mem.Get(bh, lay.Count) != 0:
			if k.mem.Get(bdev, k.drv.fs.lay.BDev.Openers) == 0 {
				k.Printk("invalidate: busy buffer\n")
			}
		case dirtyToo || !dirty:
			k.leaveInodeQueue(bh)
		}
	}
	k.invalidatePages(k.mem.Get(k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode), k.lay.Inode.Mapping))
}

// ioctlByBdev models int ioctl_by_bdev(struct block_device *bdev, unsigned cmd, unsigned long arg): arg may be an address of
// the kernel's. EINVAL when the driver has no ioctl.
func ioctlByBdev(c *Call) {
	k, bdev := c.Kernel, c.Arg(0)
	ioctl := k.mem.Get(k.mem.Get(bdev, k.drv.fs.lay.BDev.Op), k.drv.fs.lay.BOps.Ioctl)
	if ioctl == 0 {
		c.Fail(abi.EINVAL)
		return
	}
	limit := k.running.addr + k.lay.Task.AddrLimit.Off
	old := k.mem.U32(limit)
	k.mem.SetU32(limit, 0xffffffff)
	c.Return(k.Call(ioctl, k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode), 0, c.Arg(1), c.Arg(2)))
	k.mem.SetU32(limit, old)
}
