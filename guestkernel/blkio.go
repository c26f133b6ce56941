// SPDX-License-Identifier: BSD-3-Clause
// Reading and writing buffers: requests, their queues, and the driver behind them (2.4.18 drivers/block/ll_rw_blk.c).
//
// A request goes to the end of its queue, or a buffer joins the last request for the sectors right before or after it; the
// elevator's finer order is not kept. A plugged queue waits until somebody needs what is on it.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Directions (linux/fs.h): READ, WRITE, READA.
const (
	ioRead      = 0
	ioWrite     = 1
	ioReadAhead = 2
)

// Sizes of the kernel's tables by major number, and limits of a request.
const (
	defaultSectors = 255 // MAX_SECTORS
	maxSegments    = 128 // MAX_SEGMENTS
)

func blockIOFunctions() []Function {
	return []Function{
		{Name: "ll_rw_block", Fn: llRwBlock, Level: Full},
		{Name: "submit_bh", Fn: func(c *Call) { c.Kernel.submitBlock(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "generic_make_request", Fn: func(c *Call) { c.Kernel.genericRequest(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "__make_request", Fn: makeRequest, Level: Partial, Note: "requests keep the order of their arrival; no bounce buffers"},
		{Name: "generic_plug_device", Fn: func(c *Call) { c.Kernel.plugQueue(c.Arg(0)) }, Level: Full, Proto: "void generic_plug_device(request_queue_t *q, kdev_t dev)"},
		{Name: "generic_unplug_device", Fn: func(c *Call) { c.Kernel.unplugQueue(c.Arg(0)) }, Level: Full},
		{Name: "end_that_request_first", Fn: endRequestFirst, Level: Full},
		{Name: "end_that_request_last", Fn: endRequestLast, Level: Full},
		{Name: "ll_back_merge_fn", Fn: llMerge, Level: Full, Proto: "int ll_back_merge_fn(request_queue_t *q, struct request *req, struct buffer_head *bh, int max_segments)"},
		{Name: "ll_front_merge_fn", Fn: llMerge, Level: Full, Proto: "int ll_front_merge_fn(request_queue_t *q, struct request *req, struct buffer_head *bh, int max_segments)"},
		{Name: "is_read_only", Fn: func(c *Call) { c.Return(boolWord(c.Kernel.deviceReadOnly(c.Arg(0) & 0xffff))) }, Level: Full},
		{Name: "set_device_ro", Fn: setDeviceRO, Level: Full},
	}
}

// byMinor is the number that a table of arrays has for a device; 0 without an array.
func (k *Kernel) byMinor(table string, dev uint32) uint32 {
	array := k.mem.U32(k.symbol(table) + dev>>8*wordSize)
	if array == 0 {
		return 0
	}
	return k.mem.U32(array + dev&0xff*wordSize)
}

// sectorSize is get_hardsect_size.
func (k *Kernel) sectorSize(dev uint32) uint32 {
	if n := k.byMinor("hardsect_size", dev); n != 0 {
		return n
	}
	return 1 << sectorBits
}

// deviceReadOnly is is_read_only: a bit for each minor number.
func (k *Kernel) deviceReadOnly(dev uint32) bool {
	const words = 8
	minor := dev & 0xff
	return k.mem.U32(k.symbol("ro_bits")+(dev>>8*words+minor>>5)*wordSize)>>(minor&31)&1 != 0
}

// kdevName is a device's number as the kernel prints it.
func kdevName(dev uint32) string { return fmt.Sprintf("%02x:%02x", dev>>8&0xff, dev&0xff) }

// setDeviceRO models void set_device_ro(kdev_t dev, int flag).
func setDeviceRO(c *Call) { c.Kernel.setReadOnly(c.Arg(0)&0xffff, c.Arg(1) != 0) }

func (k *Kernel) setReadOnly(dev uint32, on bool) {
	const words = 8
	minor := dev & 0xff
	at := k.symbol("ro_bits") + (dev>>8*words+minor>>5)*wordSize
	v := k.mem.U32(at) &^ (1 << (minor & 31))
	if on {
		v |= 1 << (minor & 31)
	}
	k.mem.SetU32(at, v)
}

// llRwBlock models void ll_rw_block(int rw, int nr, struct buffer_head *bhs[]).
func llRwBlock(c *Call) {
	var all []uint32
	for i := range c.Arg(1) {
		all = append(all, c.Kernel.mem.U32(c.Arg(2)+i*wordSize))
	}
	c.Kernel.transferBlocks(c.Arg(0), all)
}

// transferBlocks starts reading or writing buffers that nobody else transfers: those read that are not up to date, those
// written that are dirty.
func (k *Kernel) transferBlocks(rw uint32, all []uint32) {
	const badDirection = 1159
	if len(all) == 0 {
		return
	}
	lay := &k.drv.fs.lay.BH
	dev := k.mem.Get(all[0], lay.Dev)
	sector := k.sectorSize(dev)
	sorry := func() {
		for _, bh := range all {
			k.setBlockState(bh, 0, bhDirty)
			k.refileBlock(bh)
		}
	}
	for _, bh := range all {
		if size := k.mem.Get(bh, lay.Length); size%sector != 0 {
			k.Printk("<5>ll_rw_block: device %s: only %d-char blocks implemented (%d)\n", kdevName(dev), sector, size)
			sorry()
			return
		}
	}
	if rw&ioWrite != 0 && k.deviceReadOnly(dev) {
		k.Printk("<5>Can't write to read-only device %s\n", kdevName(dev))
		sorry()
		return
	}
	for _, bh := range all {
		state := k.blockState(bh)
		if state&bhLock != 0 {
			continue
		}
		k.setBlockState(bh, bhLock, 0)
		k.useBlock(bh, 1)
		k.mem.Set(bh, lay.EndIO, k.symbol("end_buffer_io_sync"))
		idle := state&bhUptodate != 0
		switch rw {
		case ioWrite:
			idle = state&bhDirty == 0
			k.setBlockState(bh, 0, bhDirty)
			k.refileBlock(bh)
		case ioRead, ioReadAhead:
		default:
			k.bug("ll_rw_block", "ll_rw_blk.c", badDirection)
		}
		if idle {
			k.endBlock(bh, state&bhUptodate != 0)
			continue
		}
		k.submitBlock(rw, bh)
	}
}

// endBlock calls a buffer's b_end_io.
func (k *Kernel) endBlock(bh uint32, uptodate bool) {
	k.Call(k.mem.Get(bh, k.drv.fs.lay.BH.EndIO), bh, boolWord(uptodate))
}

// submitBlock is submit_bh: of a locked buffer, whose b_end_io is called when it is done.
func (k *Kernel) submitBlock(rw, bh uint32) {
	const notLocked = 1025
	lay := &k.drv.fs.lay.BH
	if k.blockState(bh)&bhLock == 0 {
		k.bug("submit_bh", "ll_rw_blk.c", notLocked)
	}
	count := k.mem.Get(bh, lay.Length) >> sectorBits
	k.setBlockState(bh, bhReq|bhLaunder, 0)
	k.mem.Set(bh, lay.Rdev, k.mem.Get(bh, lay.Dev))
	k.mem.Set(bh, lay.Rsector, k.mem.Get(bh, lay.Blocknr)*count)
	k.genericRequest(rw, bh)
	k.countPaging(rw, count)
}

// countPaging adds sectors to what was read or written (kstat.pgpgin, pgpgout).
func (k *Kernel) countPaging(rw, sectors uint32) {
	field := k.drv.fs.lay.Kstat.Pgpgin
	if rw == ioWrite {
		field = k.drv.fs.lay.Kstat.Pgpgout
	}
	k.mem.Set(k.sym.Kstat, field, k.mem.Get(k.sym.Kstat, field)+sectors)
}

// genericRequest is generic_make_request: finds the queue of a buffer's device, also again when it says that another device
// has the sectors.
func (k *Kernel) genericRequest(rw, bh uint32) {
	const noEnd = 936
	lay := &k.drv.fs.lay.BH
	if k.mem.Get(bh, lay.EndIO) == 0 {
		k.bug("generic_make_request", "ll_rw_blk.c", noEnd)
	}
	dev := k.mem.Get(bh, lay.Rdev)
	if limit := k.byMinor("blk_size", dev); limit != 0 {
		end := uint64(limit)<<1 + 1
		sector, count := k.mem.Get(bh, lay.Rsector), k.mem.Get(bh, lay.Length)>>sectorBits
		if uint64(sector)+uint64(count) > end {
			k.setBlockState(bh, 0, ^uint32(bhLock|bhMapped))
			k.Printk("<6>attempt to access beyond end of device\n")
			k.Printk("<6>%s: rw=%d, want=%d, limit=%d\n", kdevName(dev), int32(rw), (sector+count)>>1, limit)
			k.endBlock(bh, false)
			return
		}
	}
	for {
		dev := k.mem.Get(bh, lay.Rdev)
		q := k.queueOf(dev)
		make := uint32(0)
		if q != 0 {
			make = k.mem.Get(q, k.lay.RequestQueue.MakeRequestFn)
		}
		if make == 0 {
			k.Printk("<3>generic_make_request: Trying to access nonexistent block-device %s (%d)\n", kdevName(dev), k.mem.Get(bh, lay.Rsector))
			k.endBlock(bh, false)
			return
		}
		if k.Call(make, q, rw, bh) == 0 {
			return
		}
	}
}

// queueOf is blk_get_queue.
func (k *Kernel) queueOf(dev uint32) uint32 {
	const entrySize, queueFn = 140, 132 // struct blk_dev_struct
	at := k.symbol("blk_dev") + dev>>8*entrySize
	if fn := k.mem.U32(at + queueFn); fn != 0 {
		return k.Call(fn, dev)
	}
	return at
}

// makeRequest models static int __make_request(request_queue_t *q, int rw, struct buffer_head *bh): 0, the queue has it.
func makeRequest(c *Call) {
	const notMapped, badDirection = 768, 756
	k, q, rw, bh := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	ahead := rw == ioReadAhead
	switch {
	case ahead:
		rw = ioRead
	case rw > ioWrite:
		k.bug("__make_request", "ll_rw_blk.c", badDirection)
	}
	if k.blockState(bh)&bhMapped == 0 {
		k.bug("__make_request", "ll_rw_blk.c", notMapped)
	}
	c.Return(0)
	head, queue := q+k.lay.RequestQueue.QueueHead.Off, &k.lay.RequestQueue
	if k.listEmpty(head) {
		k.Call(k.mem.Get(q, queue.PlugDeviceFn), q, k.mem.Get(bh, k.drv.fs.lay.BH.Rdev))
	} else if k.mergeBlock(q, rw, bh) {
		return
	}
	if ahead && k.mem.Get(k.requestList(q, rw), k.lay.RequestList.Count) < k.mem.U32(k.symbol("batch_requests")) {
		k.endBlock(bh, k.blockState(bh)&bhUptodate != 0)
		return
	}
	req := k.takeRequest(q, rw)
	k.fillRequest(req, rw, bh)
	k.diskBegins(req, k.mem.Get(bh, k.drv.fs.lay.BH.Length)>>sectorBits)
	k.listAddTail(req+k.lay.Request.Queue.Off, head)
	if k.mem.Get(q, queue.Plugged) == 0 && k.mem.U32(head) == req+k.lay.Request.Queue.Off {
		k.Call(k.mem.Get(q, queue.RequestFn), q)
	}
}

// takeRequest takes a free request of a direction, and waits for one when there is none (get_request).
func (k *Kernel) takeRequest(q, rw uint32) uint32 {
	list := &k.lay.RequestList
	at := k.requestList(q, rw)
	k.waitFor(k.requestWait(q, rw), func() bool {
		if k.mem.Get(at, list.Count) == 0 {
			k.unplugQueue(q)
		}
		return k.mem.Get(at, list.Count) != 0
	})
	entry := k.mem.U32(at + list.Free.Off)
	k.listDel(entry)
	k.mem.Set(at, list.Count, k.mem.Get(at, list.Count)-1)
	req := entry - k.lay.Request.Queue.Off
	const active = 1
	k.mem.Set(req, k.lay.Request.Status, active)
	k.mem.Set(req, k.lay.Request.Q, q)
	return req
}

// fillRequest makes a request of a buffer.
func (k *Kernel) fillRequest(req, rw, bh uint32) {
	lay, more := &k.drv.fs.lay.BH, &k.drv.fs.lay.Req
	sector, count := k.mem.Get(bh, lay.Rsector), k.mem.Get(bh, lay.Length)>>sectorBits
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{
		{k.lay.Request.Cmd, rw}, {more.Errors, 0}, {more.Sector, sector}, {more.HardSector, sector}, {more.NrSectors, count},
		{more.HardNrSectors, count}, {more.CurrentNrSectors, count}, {more.HardCurSectors, count}, {more.NrSegments, 1}, {more.NrHwSegments, 1},
		{more.Buffer, k.mem.Get(bh, lay.Data)}, {more.Waiting, 0}, {more.BH, bh}, {more.BHTail, bh}, {more.Dev, k.mem.Get(bh, lay.Rdev)},
		{more.StartTime, k.jiffies()},
	} {
		k.mem.Set(req, f.f, f.v)
	}
	k.mem.Set(bh, lay.Reqnext, 0)
}

// mergeBlock lets a buffer join the last request of a queue when its sectors come right behind or before. The first request
// of a queue that is not plugged may be with the driver already.
func (k *Kernel) mergeBlock(q, rw, bh uint32) bool {
	lay, more, queue := &k.drv.fs.lay.BH, &k.drv.fs.lay.Req, &k.lay.RequestQueue
	head := q + queue.QueueHead.Off
	entry := k.mem.U32(head + 4)
	busy := k.mem.Get(q, queue.HeadActive) != 0 && k.mem.Get(q, queue.Plugged) == 0 && k.mem.U32(head) == entry
	req := entry - k.lay.Request.Queue.Off
	dev, sector, count := k.mem.Get(bh, lay.Rdev), k.mem.Get(bh, lay.Rsector), k.mem.Get(bh, lay.Length)>>sectorBits
	total := k.mem.Get(req, more.NrSectors) + count
	if busy || k.mem.Get(req, k.lay.Request.Cmd) != rw || k.mem.Get(req, more.Dev) != dev || k.mem.Get(req, more.Waiting) != 0 || total > k.maxSectors(dev) {
		return false
	}
	first := k.mem.Get(req, more.Sector)
	switch {
	case first+k.mem.Get(req, more.NrSectors) == sector:
		if k.Call(k.mem.Get(q, queue.BackMergeFn), q, req, bh, maxSegments) == 0 {
			return false
		}
		k.mem.Set(bh, lay.Reqnext, 0)
		k.mem.Set(k.mem.Get(req, more.BHTail), lay.Reqnext, bh)
		k.mem.Set(req, more.BHTail, bh)
	case sector+count == first:
		if k.Call(k.mem.Get(q, queue.FrontMergeFn), q, req, bh, maxSegments) == 0 {
			return false
		}
		k.mem.Set(bh, lay.Reqnext, k.mem.Get(req, more.BH))
		k.mem.Set(req, more.BH, bh)
		k.mem.Set(req, more.Buffer, k.mem.Get(bh, lay.Data))
		k.mem.Set(req, more.CurrentNrSectors, count)
		k.mem.Set(req, more.HardCurSectors, count)
		k.mem.Set(req, more.Sector, sector)
		k.mem.Set(req, more.HardSector, sector)
	default:
		return false
	}
	k.mem.Set(req, more.NrSectors, total)
	k.mem.Set(req, more.HardNrSectors, total)
	k.diskMerges(req, count)
	return true
}

// maxSectors is get_max_sectors.
func (k *Kernel) maxSectors(dev uint32) uint32 {
	if n := k.byMinor("max_sectors", dev); n != 0 {
		return n
	}
	return defaultSectors
}

// llMerge models static int ll_back_merge_fn(request_queue_t *q, struct request *req, struct buffer_head *bh, int
// max_segments): 1 when there is room for one more segment.
func llMerge(c *Call) {
	k, req, more := c.Kernel, c.Arg(1), &c.Kernel.drv.fs.lay.Req
	n := k.mem.Get(req, more.NrSegments)
	if n >= c.Arg(3) {
		c.Return(0)
		return
	}
	k.mem.Set(req, more.NrSegments, n+1)
	k.mem.Set(req, more.NrHwSegments, n+1)
	c.Return(1)
}

// plugQueue is generic_plug_device: an empty queue waits until tq_disk is run.
func (k *Kernel) plugQueue(q uint32) {
	queue := &k.lay.RequestQueue
	if !k.listEmpty(q+queue.QueueHead.Off) || k.mem.Get(q, queue.Plugged) != 0 {
		return
	}
	k.mem.Set(q, queue.Plugged, 1)
	plug := q + queue.PlugTq.Off
	if k.mem.Get(plug, k.lay.TaskQueue.Sync) == 0 {
		k.mem.Set(plug, k.lay.TaskQueue.Sync, 1)
		k.listAddTail(plug+k.lay.TaskQueue.List.Off, k.sym.TqDisk)
	}
}

// unplugQueue is generic_unplug_device: the driver gets to see what is on the queue.
func (k *Kernel) unplugQueue(q uint32) {
	queue := &k.lay.RequestQueue
	if k.mem.Get(q, queue.Plugged) == 0 {
		return
	}
	k.mem.Set(q, queue.Plugged, 0)
	if !k.listEmpty(q + queue.QueueHead.Off) {
		k.Call(k.mem.Get(q, queue.RequestFn), q)
	}
}

// unplugDisks runs tq_disk.
func (k *Kernel) unplugDisks() {
	if k.listEmpty(k.sym.TqDisk) {
		return
	}
	esp := k.m.Reg(vm.ESP)
	(&Call{Kernel: k}).runTaskQueue(k.sym.TqDisk)
	k.m.SetReg(vm.ESP, esp)
}

// endRequestFirst models int end_that_request_first(struct request *req, int uptodate, char *name): the request's first
// buffer is done. 1: there are more.
func endRequestFirst(c *Call) {
	k, req, uptodate, lay, more := c.Kernel, c.Arg(0), c.Arg(1) != 0, &c.Kernel.drv.fs.lay.BH, &c.Kernel.drv.fs.lay.Req
	k.mem.Set(req, more.Errors, 0)
	c.Return(0)
	if !uptodate {
		k.Printk("end_request: I/O error, dev %s (%s), sector %d\n", kdevName(k.mem.Get(req, more.Dev)), k.kernelString(c.Arg(2)), k.mem.Get(req, more.Sector))
	}
	bh := k.mem.Get(req, more.BH)
	if bh == 0 {
		return
	}
	done := k.mem.Get(bh, lay.Length) >> sectorBits
	next := k.mem.Get(bh, lay.Reqnext)
	k.mem.Set(req, more.BH, next)
	k.mem.Set(bh, lay.Reqnext, 0)
	k.endBlock(bh, uptodate)
	if next == 0 {
		return
	}
	sector, left := k.mem.Get(req, more.HardSector)+done, k.mem.Get(req, more.HardNrSectors)-done
	count := k.mem.Get(next, lay.Length) >> sectorBits
	k.mem.Set(req, more.HardSector, sector)
	k.mem.Set(req, more.Sector, sector)
	k.mem.Set(req, more.HardNrSectors, left)
	k.mem.Set(req, more.CurrentNrSectors, count)
	k.mem.Set(req, more.HardCurSectors, count)
	if left < count {
		left = count
		k.Printk("end_request: buffer-list destroyed\n")
	}
	k.mem.Set(req, more.NrSectors, left)
	k.mem.Set(req, more.Buffer, k.mem.Get(next, lay.Data))
	c.Return(1)
}

// endRequestLast models void end_that_request_last(struct request *req): who waits for the request goes on, and it is free.
func endRequestLast(c *Call) {
	if waiting := c.Kernel.mem.Get(c.Arg(0), c.Kernel.drv.fs.lay.Req.Waiting); waiting != 0 {
		c.Kernel.complete(waiting)
	}
	c.Kernel.diskEnds(c.Arg(0))
	c.Kernel.releaseRequest(c.Arg(0))
}
