// SPDX-License-Identifier: BSD-3-Clause
// The ioctls that all block drivers share (2.4.18 drivers/block/blkpg.c).

package guestkernel

import "ring0/guestkernel/abi"

// Their numbers (linux/fs.h).
const (
	blkROSet        = 0x125d
	blkROGet        = 0x125e
	blkGetSize      = 0x1260
	blkFlushBuffers = 0x1261
	blkRASet        = 0x1262
	blkRAGet        = 0x1263
	blkSectorSize   = 0x1268
	blkBlockSize    = 0x80041270
	blkSetBlockSize = 0x40041271
	blkGetSize64    = 0x80041272
)

// blkIoctl models int blk_ioctl(kdev_t dev, unsigned int cmd, unsigned long arg): EINVAL for others.
func blkIoctl(c *Call) { c.genericBlkIoctl(c.Arg(0)&0xffff, c.Arg(1), c.Arg(2)) }

// putUser stores a number for a program: EFAULT when it cannot.
func (c *Call) putUser(at uint32, v uint64, size uint32) {
	c.Return(0)
	if !c.Kernel.PutUser(at, uint32(v), wordSize) || size > wordSize && !c.Kernel.PutUser(at+wordSize, uint32(v>>32), wordSize) {
		c.Fail(abi.EFAULT)
	}
}

func (c *Call) genericBlkIoctl(dev, cmd, arg uint32) {
	k := c.Kernel
	switch cmd {
	case blkROSet, blkRASet, blkFlushBuffers, blkSetBlockSize:
		c.changeBlkDevice(dev, cmd, arg)
	case blkROGet:
		c.putUser(arg, uint64(boolWord(k.deviceReadOnly(dev))), wordSize)
	case blkRAGet:
		if c.Fail(abi.EINVAL); arg != 0 {
			c.putUser(arg, uint64(k.mem.U32(k.symbol("read_ahead")+dev>>8*wordSize)), wordSize)
		}
	case blkSectorSize:
		c.putUser(arg, uint64(k.sectorSize(dev)), wordSize)
	case blkBlockSize:
		c.putUser(arg, uint64(k.blockSize(dev)), wordSize)
	case blkGetSize:
		c.putUser(arg, uint64(k.partitionSectors(dev)), wordSize)
	case blkGetSize64:
		c.putUser(arg, uint64(k.partitionSectors(dev))<<sectorBits, 2*wordSize)
	default:
		c.Fail(abi.EINVAL)
	}
}

// changeBlkDevice does those that only the administrator may.
func (c *Call) changeBlkDevice(dev, cmd, arg uint32) {
	const maxReadAhead = 0xff
	k := c.Kernel
	if !c.Task().Capable(abi.CapSysAdmin) {
		c.Fail(abi.EACCES)
		return
	}
	c.Return(0)
	switch cmd {
	case blkRASet:
		if arg > maxReadAhead {
			c.Fail(abi.EINVAL)
			return
		}
		k.mem.SetU32(k.symbol("read_ahead")+dev>>8*wordSize, arg)
	case blkFlushBuffers:
		k.syncDevice(dev)
		k.invalidateDevice(dev)
	case blkROSet:
		v, ok := k.GetUser(arg, wordSize)
		if !ok {
			c.Fail(abi.EFAULT)
			return
		}
		k.setReadOnly(dev, v != 0)
	case blkSetBlockSize:
		size, ok := k.GetUser(arg, wordSize)
		if !ok {
			c.Fail(abi.EFAULT)
			return
		}
		c.Return(errWord(k.setBlockSize(dev, size)))
	}
}

// partitionSectors is how long a partition is, by its gendisk.
func (k *Kernel) partitionSectors(dev uint32) uint32 {
	gp := k.gendiskOf(dev >> 8)
	if gp == 0 {
		return 0
	}
	return k.mem.Get(k.partition(gp, dev&0xff), k.drv.lay.HdStruct.NrSects)
}
