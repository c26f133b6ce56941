// SPDX-License-Identifier: BSD-3-Clause
// RAM disks, which the kernel has built in: 16 of 4 MB (2.4.18 drivers/block/rd.c). What is on one lies in the page cache of
// its device, in pages that are dirty for good.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

const (
	ramDisks     = 16
	ramDiskMajor = 1
	ramDiskKB    = 4096
)

func ramDiskFunctions() []Function {
	return []Function{
		{Name: "rd_make_request", Fn: rdMakeRequest, Level: Full, Proto: "int rd_make_request(request_queue_t *q, int rw, struct buffer_head *sbh)"},
		{Name: "rd_open", Fn: rdOpen, Level: Full, Proto: "int rd_open(struct inode *inode, struct file *filp)"},
		{Name: "rd_ioctl", Fn: rdIoctl, Level: Partial, Note: "BLKFLSBUF does not clear the disk", Proto: "int rd_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg)"},
		{Name: "ramdisk_readpage", Fn: ramdiskReadpage, Level: Full, Proto: "int ramdisk_readpage(struct file *file, struct page *page)"},
		{Name: "ramdisk_prepare_write", Fn: ramdiskPrepareWrite, Level: Full, Proto: "int ramdisk_prepare_write(struct file *file, struct page *page, unsigned offset, unsigned to)"},
		{Name: "ramdisk_commit_write", Fn: func(c *Call) { c.Kernel.setPageFlags(c.Arg(1), pgDirty, 0); c.Return(0) }, Level: Full,
			Proto: "int ramdisk_commit_write(struct file *file, struct page *page, unsigned offset, unsigned to)"},
	}
}

// bootRAMDisks makes the queue and the tables of sizes, and puts the configured images on the first disks.
func (k *Kernel) bootRAMDisks() error {
	ops, aops, file := k.symbol("rd_bd_op"), k.symbol("ramdisk_aops"), &k.drv.fs.lay
	const entrySize = 140 // struct blk_dev_struct, which begins with its queue
	k.mem.Set(k.symbol("blk_dev")+ramDiskMajor*entrySize, k.lay.RequestQueue.MakeRequestFn, k.symbol("rd_make_request"))
	for _, row := range []struct {
		table uint32
		f     abi.Field
		name  string
	}{
		{ops, file.BOps.Open, "rd_open"}, {ops, file.BOps.Ioctl, "rd_ioctl"},
		{aops, file.AOps.Readpage, "ramdisk_readpage"}, {aops, file.AOps.PrepareWrite, "ramdisk_prepare_write"},
		{aops, file.AOps.CommitWrite, "ramdisk_commit_write"},
	} {
		if err := k.setOp(row.table, row.f, row.name); err != nil {
			return err
		}
	}
	for i := range uint32(ramDisks) {
		kilobytes := uint32(ramDiskKB)
		if int(i) < len(k.cfg.Disks) {
			kilobytes = max(kilobytes, uint32(len(k.cfg.Disks[i])+1<<blockBits-1)>>blockBits)
		}
		k.mem.SetU32(k.symbol("rd_kbsize")+i*wordSize, kilobytes)
		k.mem.SetU32(k.symbol("rd_length")+i*wordSize, kilobytes<<blockBits)
		k.mem.SetU32(k.symbol("rd_hardsec")+i*wordSize, defaultBlockSize)
		k.mem.SetU32(k.symbol("rd_blocksizes")+i*wordSize, defaultBlockSize)
	}
	for _, t := range []struct{ table, array string }{{"hardsect_size", "rd_hardsec"}, {"blksize_size", "rd_blocksizes"}, {"blk_size", "rd_kbsize"}} {
		k.mem.SetU32(k.symbol(t.table)+ramDiskMajor*wordSize, k.symbol(t.array))
	}
	for i, image := range k.cfg.Disks {
		if i >= ramDisks {
			return fmt.Errorf("guestkernel: %d disks; there are %d RAM disks", len(k.cfg.Disks), ramDisks)
		}
		if err := k.fillRAMDisk(uint32(i), image); err != nil {
			return err
		}
	}
	return nil
}

// rdDevice is the block device of a RAM disk, which stays open for good so that nothing is lost.
func (k *Kernel) rdDevice(unit uint32) uint32 {
	at := k.symbol("rd_bdev") + unit*wordSize
	if bdev := k.mem.U32(at); bdev != 0 {
		return bdev
	}
	lay := &k.drv.fs.lay.BDev
	bdev := k.getBlockDevice(ramDiskMajor<<8 | unit)
	if bdev == 0 {
		return 0
	}
	k.mem.Set(bdev, lay.Openers, k.mem.Get(bdev, lay.Openers)+1)
	k.mem.Set(k.rdMapping(bdev), k.drv.fs.lay.Space.AOps, k.symbol("ramdisk_aops"))
	k.mem.SetU32(at, bdev)
	return bdev
}

func (k *Kernel) rdMapping(bdev uint32) uint32 {
	return k.mem.Get(k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode), k.lay.Inode.Mapping)
}

// rdPage is a page of a RAM disk, locked, with its content.
func (k *Kernel) rdPage(mapping, index uint32) uint32 {
	page := k.grabPage(mapping, index)
	if page != 0 && !k.pageFlag(page, pgUptodate) {
		k.mem.Fill(k.pageAddress(page), abi.PageSize, 0)
		k.setPageFlags(page, pgUptodate, 0)
	}
	return page
}

// fillRAMDisk writes an image.
func (k *Kernel) fillRAMDisk(unit uint32, image []byte) error {
	bdev := k.rdDevice(unit)
	if bdev == 0 {
		return errNoMemory
	}
	for index := uint32(0); len(image) > 0; index++ {
		page := k.rdPage(k.rdMapping(bdev), index)
		if page == 0 {
			return fmt.Errorf("guestkernel: no memory for RAM disk %d: %d bytes are left", unit, len(image))
		}
		n := min(len(image), abi.PageSize)
		k.mem.Write(k.pageAddress(page), image[:n])
		k.setPageFlags(page, pgDirty, 0)
		k.unlockPage(page)
		k.putPage(page)
		image = image[n:]
	}
	return nil
}

// rdMakeRequest models static int rd_make_request(request_queue_t *q, int rw, struct buffer_head *sbh).
func rdMakeRequest(c *Call) {
	k, rw, bh, lay := c.Kernel, c.Arg(1), c.Arg(2), &c.Kernel.drv.fs.lay.BH
	unit := k.mem.Get(bh, lay.Rdev) & 0xff
	c.Return(0)
	offset, size := uint64(k.mem.Get(bh, lay.Rsector))<<sectorBits, k.mem.Get(bh, lay.Length)
	if rw == ioReadAhead {
		rw = ioRead
	}
	switch {
	case unit >= ramDisks, offset+uint64(size) > uint64(k.mem.U32(k.symbol("rd_length")+unit*wordSize)):
		k.endBlock(bh, false)
		return
	case rw > ioWrite:
		k.Printk("<6>RAMDISK: bad command: %d\n", rw)
		k.endBlock(bh, false)
		return
	}
	bdev := k.rdDevice(unit)
	k.endBlock(bh, bdev != 0 && k.rdTransfer(k.rdMapping(bdev), rw, bh))
}

// rdTransfer copies between a buffer and the pages of a disk. A buffer of such a page is where its bytes belong.
func (k *Kernel) rdTransfer(mapping, rw, bh uint32) bool {
	lay := &k.drv.fs.lay.BH
	own := k.mem.Get(bh, lay.Page)
	if own != 0 && k.mem.Get(own, k.lay.Page.Mapping) == mapping {
		if rw == ioWrite {
			k.setPageFlags(own, pgDirty, 0)
		} else if !k.pageFlag(own, pgUptodate) {
			k.mem.Fill(k.mem.Get(bh, lay.Data), k.mem.Get(bh, lay.Length), 0)
		}
		return true
	}
	at, left, data := k.mem.Get(bh, lay.Rsector)<<sectorBits, k.mem.Get(bh, lay.Length), k.mem.Get(bh, lay.Data)
	for left > 0 {
		page := k.rdPage(mapping, at>>abi.PageShift)
		if page == 0 {
			return false
		}
		offset := at & (abi.PageSize - 1)
		n := min(left, abi.PageSize-offset)
		if rw == ioWrite {
			k.mem.Copy(k.pageAddress(page)+offset, data, n)
			k.setPageFlags(page, pgDirty, 0)
		} else {
			k.mem.Copy(data, k.pageAddress(page)+offset, n)
		}
		k.unlockPage(page)
		k.putPage(page)
		at, left, data = at+n, left-n, data+n
	}
	return true
}

// rdOpen models static int rd_open(struct inode *inode, struct file *filp).
func rdOpen(c *Call) {
	c.Return(0)
	if unit := c.Kernel.mem.Get(c.Arg(0), c.Kernel.lay.Inode.Rdev) & 0xff; unit >= ramDisks || c.Kernel.rdDevice(unit) == 0 {
		c.Fail(abi.ENXIO)
	}
}

// rdIoctl models static int rd_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg).
func rdIoctl(c *Call) {
	k, cmd := c.Kernel, c.Arg(2)
	dev := k.mem.Get(c.Arg(0), k.lay.Inode.Rdev)
	sectors := k.mem.U32(k.symbol("rd_kbsize")+dev&0xff*wordSize) << 1
	switch cmd {
	case blkFlushBuffers:
		k.invalidateDevice(dev)
		c.Return(0)
	case blkGetSize:
		c.putUser(c.Arg(3), uint64(sectors), wordSize)
	case blkGetSize64:
		c.putUser(c.Arg(3), uint64(sectors)<<sectorBits, 2*wordSize)
	case blkROSet, blkROGet, blkSectorSize:
		c.genericBlkIoctl(dev, cmd, c.Arg(3))
	default:
		c.Fail(abi.EINVAL)
	}
}

// ramdiskReadpage models static int ramdisk_readpage(struct file *file, struct page *page): one that was never written.
func ramdiskReadpage(c *Call) {
	k, page := c.Kernel, c.Arg(1)
	if !k.pageFlag(page, pgUptodate) {
		k.mem.Fill(k.pageAddress(page), abi.PageSize, 0)
		k.setPageFlags(page, pgUptodate, 0)
	}
	k.unlockPage(page)
	c.Return(0)
}

// ramdiskPrepareWrite models static int ramdisk_prepare_write(struct file *file, struct page *page, unsigned offset, unsigned
// to).
func ramdiskPrepareWrite(c *Call) {
	k, page := c.Kernel, c.Arg(1)
	if !k.pageFlag(page, pgUptodate) {
		k.mem.Fill(k.pageAddress(page), abi.PageSize, 0)
		k.setPageFlags(page, pgUptodate, 0)
	}
	k.setPageFlags(page, pgDirty, 0)
	c.Return(0)
}
