// SPDX-License-Identifier: BSD-3-Clause
// Request queues of block devices (2.4.18 drivers/block/ll_rw_blk.c): making and freeing them. Nothing is ever requested.

package guestkernel

import "ring0/guestkernel/abi"

type requestQueueLayout struct {
	Size            uint32    `c:"(sizeof)"`
	Rq              abi.Field `c:"rq"`
	QueueHead       abi.Field `c:"queue_head"`
	Elevator        abi.Field `c:"elevator"`
	RequestFn       abi.Field `c:"request_fn"`
	BackMergeFn     abi.Field `c:"back_merge_fn"`
	FrontMergeFn    abi.Field `c:"front_merge_fn"`
	MergeRequestsFn abi.Field `c:"merge_requests_fn"`
	MakeRequestFn   abi.Field `c:"make_request_fn"`
	PlugDeviceFn    abi.Field `c:"plug_device_fn"`
	PlugTq          abi.Field `c:"plug_tq"`
	Plugged         abi.Field `c:"plugged"`
	HeadActive      abi.Field `c:"head_active"`
	BouncePfn       abi.Field `c:"bounce_pfn"`
	QueueLock       abi.Field `c:"queue_lock"`
	WaitForRequests abi.Field `c:"wait_for_requests"`
}

type requestLayout struct {
	Size     uint32    `c:"(sizeof)"`
	Queue    abi.Field `c:"queue"`
	RqStatus abi.Field `c:"rq_status"`
}

type requestListLayout struct {
	Size  uint32    `c:"(sizeof)"`
	Count abi.Field `c:"count"`
	Free  abi.Field `c:"free"`
}

// Requests that a queue has: 128 on a machine with more than 30 MB.
const (
	queueRequests = 128
	rqInactive    = 0xffffffff // RQ_INACTIVE
)

func blkQueueFunctions() []Function {
	const idle = "no request is ever made"
	set := func(field func(*requestQueueLayout) abi.Field) func(*Call) {
		return func(c *Call) { c.Kernel.mem.Set(c.Arg(0), field(&c.Kernel.drv.lay.RequestQueue), c.Arg(1)) }
	}
	return []Function{
		{Name: "blk_init_queue", Fn: blkInitQueue, Level: Partial, Note: idle},
		{Name: "blk_cleanup_queue", Fn: blkCleanupQueue, Level: Full},
		{Name: "blk_queue_make_request", Fn: set(func(l *requestQueueLayout) abi.Field { return l.MakeRequestFn }), Level: Partial, Note: idle},
		{Name: "blk_queue_headactive", Fn: set(func(l *requestQueueLayout) abi.Field { return l.HeadActive }), Level: Partial, Note: idle},
		{Name: "register_disk", Fn: registerDisk, Level: Partial, Note: "partition tables are not read"},
	}
}

// bootBlkQueue makes the cache of requests.
func (k *Kernel) bootBlkQueue() error {
	k.mem.SetU32(k.drv.sym.QueueRequests, queueRequests)
	return nil
}

// freeLists are the two lists of free requests of a queue, for reading and for writing.
func (k *Kernel) freeLists(q uint32) [2]uint32 {
	first := q + k.drv.lay.RequestQueue.Rq.Off
	return [2]uint32{first, first + k.drv.lay.RequestList.Size}
}

// blkInitQueue models void blk_init_queue(request_queue_t *q, request_fn_proc *rfn). Of the linear elevator the first three
// numbers are its tuning.
func blkInitQueue(c *Call) {
	k, q, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.RequestQueue
	k.listInit(q + lay.QueueHead.Off)
	elevator := q + lay.Elevator.Off
	for i, v := range []uint32{8192, 16384, 6, k.symbol("elevator_linus_merge"), k.symbol("elevator_linus_merge_req"),
		k.mem.U32(k.drv.sym.QueueID)} {
		k.mem.SetU32(elevator+uint32(i)*wordSize, v)
	}
	k.mem.SetU32(k.drv.sym.QueueID, k.mem.U32(k.drv.sym.QueueID)+1)
	k.fillFreeLists(q)
	tq := q + lay.PlugTq.Off
	for _, f := range []struct {
		base uint32
		f    abi.Field
		v    uint32
	}{
		{q, lay.QueueLock, k.drv.sym.IORequestLock}, {q, lay.RequestFn, c.Arg(1)}, {q, lay.BackMergeFn, k.symbol("ll_back_merge_fn")},
		{q, lay.FrontMergeFn, k.symbol("ll_front_merge_fn")}, {q, lay.MergeRequestsFn, k.symbol("ll_merge_requests_fn")},
		{q, lay.MakeRequestFn, k.symbol("__make_request")}, {tq, k.lay.TaskQueue.Sync, 0},
		{tq, k.lay.TaskQueue.Routine, k.symbol("generic_unplug_device")}, {tq, k.lay.TaskQueue.Data, q}, {q, lay.Plugged, 0},
		{q, lay.PlugDeviceFn, k.symbol("generic_plug_device")}, {q, lay.HeadActive, 1},
		{q, lay.BouncePfn, k.mem.U32(k.sym.MaxMapnr) - 1},
	} {
		k.mem.Set(f.base, f.f, f.v)
	}
}

// fillFreeLists gives a queue its requests, by turns for reading and writing (blk_init_free_list).
func (k *Kernel) fillFreeLists(q uint32) {
	lay, rl, req := &k.drv.lay.RequestQueue, &k.drv.lay.RequestList, &k.drv.lay.Request
	lists := k.freeLists(q)
	for _, list := range lists {
		k.listInit(list + rl.Free.Off)
		k.mem.Set(list, rl.Count, 0)
	}
	for i := range queueRequests {
		rq := k.Kmalloc(req.Size, k.pages.gfp.kernel)
		if rq == 0 {
			k.Printk("<0>blk_init_free_list: error allocating requests\n")
			break
		}
		k.mem.Fill(rq, req.Size, 0)
		k.mem.Set(rq, req.RqStatus, rqInactive)
		list := lists[i%len(lists)]
		k.listAdd(rq+req.Queue.Off, list+rl.Free.Off)
		k.mem.Set(list, rl.Count, k.mem.Get(list, rl.Count)+1)
	}
	for i := range uint32(len(lists)) {
		k.initWaitQueue(q + lay.WaitForRequests.Off + i*k.lay.WaitQueueHead.Size)
	}
}

// blkCleanupQueue models void blk_cleanup_queue(request_queue_t *q): requests that are not on a free list are leaked.
func blkCleanupQueue(c *Call) {
	k, q, rl, req := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.RequestList, &c.Kernel.drv.lay.Request
	left := int32(k.mem.U32(k.drv.sym.QueueRequests))
	for _, list := range k.freeLists(q) {
		if k.mem.U32(list+rl.Free.Off) == 0 {
			continue // never initialised
		}
		for at := range k.listMembers("a list of free requests", list+rl.Free.Off) {
			k.Kfree(at - req.Queue.Off)
			left--
		}
	}
	if left != 0 {
		k.Printk("blk_cleanup_queue: leaked requests (%d)\n", left)
	}
	k.mem.Fill(q, k.drv.lay.RequestQueue.Size, 0)
}

// registerDisk models void register_disk(struct gendisk *gdev, kdev_t dev, unsigned minors, struct block_device_operations
// *ops, long size).
func registerDisk(c *Call) {
	k, gdev, dev, minors, size := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(4)
	if gdev == 0 {
		return
	}
	lay := &k.drv.lay.Gendisk
	part := k.mem.Get(gdev, lay.Part)
	first := dev & 0xff
	const partSize, startSect, nrSects = 12, 0, 4
	if part == 0 {
		return
	}
	k.mem.SetU32(part+first*partSize+startSect, 0)
	k.mem.SetU32(part+first*partSize+nrSects, size)
	if sizes := k.mem.Get(gdev, lay.Sizes); sizes != 0 {
		k.mem.SetU32(sizes+first*wordSize, size>>1)
	}
	if size != 0 && minors > 1 {
		k.note("register_disk: the partition table of device %02x:%02x is not read", dev>>8&0xff, first)
	}
}
