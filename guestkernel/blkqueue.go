// SPDX-License-Identifier: BSD-3-Clause
// Request queues of block devices: making, setting and freeing them (2.4.18 drivers/block/ll_rw_blk.c, elevator.c). The
// functions a queue is filled with are in blkio.go.

package guestkernel

import "ring0/guestkernel/abi"

func blockQueueFunctions() []Function {
	const getQueue = "request_queue_t *blk_get_queue(kdev_t dev)"
	return []Function{
		{Name: "blk_init_queue", Fn: blkInitQueue, Level: Full},
		{Name: "blk_cleanup_queue", Fn: blkCleanupQueue, Level: Full},
		{Name: "blk_queue_headactive", Fn: blkQueueHeadactive, Level: Full},
		{Name: "blk_queue_make_request", Fn: blkQueueMakeRequest, Level: Full},
		{Name: "blk_queue_bounce_limit", Fn: blkQueueBounceLimit, Level: Full},
		{Name: "blk_get_queue", Fn: blkGetQueue, Level: Full, Proto: getQueue},
		{Name: "blkdev_release_request", Fn: func(c *Call) { c.Kernel.releaseRequest(c.Arg(0)) }, Level: Full},
		{Name: "elevator_init", Fn: elevatorInit, Level: Full},
	}
}

// How many requests a queue has: one for each half megabyte of memory, within limits.
const (
	requestsMin   = 32
	requestsMax   = 1024
	requestsRound = 15
)

// bootBlockQueues makes the cache of requests (blk_dev_init).
func (k *Kernel) bootBlockQueues() error {
	cache := k.createCache(cacheSpec{name: "blkdev_requests", size: k.lay.Request.Size, flags: k.constant("SLAB_HWCACHE_ALIGN")})
	if cache == 0 {
		panicf("no memory for the cache of block requests")
	}
	k.mem.SetU32(k.symbol("request_cachep"), cache)
	kilobytes := k.freePageCount() << (abi.PageShift - 10)
	n := min(max(kilobytes>>9&^requestsRound, requestsMin), requestsMax)
	k.mem.SetU32(k.symbol("queue_nr_requests"), n)
	k.mem.SetU32(k.symbol("batch_requests"), n/4)
	k.mem.SetU32(k.symbol("blk_max_low_pfn"), k.pages.low)
	k.mem.SetU32(k.symbol("blk_max_pfn"), k.pages.count)
	return nil
}

// directions are reading and writing.
const directions = 2

// requestList is where a queue keeps the free requests of a direction; requestWait is where tasks wait for one.
func (k *Kernel) requestList(q, direction uint32) uint32 {
	return q + k.lay.RequestQueue.RQ.Off + direction*k.lay.RequestList.Size
}

func (k *Kernel) requestWait(q, direction uint32) uint32 {
	return q + k.lay.RequestQueue.WaitForRequests.Off + direction*k.lay.WaitQueueHead.Size
}

// blkInitQueue models void blk_init_queue(request_queue_t *q, request_fn_proc *rfn). Context: may sleep. Without memory it
// complains; the queue then has fewer requests.
func blkInitQueue(c *Call) {
	k, q, lay := c.Kernel, c.Arg(0), &c.Kernel.lay.RequestQueue
	k.listInit(q + lay.QueueHead.Off)
	k.initLinusElevator(q + lay.Elevator.Off)
	k.mem.Set(q, lay.QueueLock, k.symbol("io_request_lock"))
	k.fillRequestLists(q)
	k.mem.Set(q, lay.RequestFn, c.Arg(1))
	for _, f := range []struct {
		field    abi.Field
		function string
	}{
		{lay.BackMergeFn, "ll_back_merge_fn"}, {lay.FrontMergeFn, "ll_front_merge_fn"}, {lay.MergeRequestsFn, "ll_merge_requests_fn"},
		{lay.MakeRequestFn, "__make_request"}, {lay.PlugDeviceFn, "generic_plug_device"},
	} {
		k.mem.Set(q, f.field, k.symbol(f.function))
	}
	plug, tq := q+lay.PlugTq.Off, &k.lay.TaskQueue
	k.mem.Set(plug, tq.Sync, 0)
	k.mem.Set(plug, tq.Routine, k.symbol("generic_unplug_device"))
	k.mem.Set(plug, tq.Data, q)
	k.mem.Set(q, lay.Plugged, 0)
	k.mem.Set(q, lay.HeadActive, 1)
	k.mem.Set(q, lay.BouncePfn, k.mem.U32(k.symbol("blk_max_low_pfn"))&(1<<(32-abi.PageShift)-1))
}

// fillRequestLists gives a queue its requests, half of them for each direction (blk_init_free_list).
func (k *Kernel) fillRequestLists(q uint32) {
	const inactive = ^uint32(0) // RQ_INACTIVE
	list, req := &k.lay.RequestList, &k.lay.Request
	for dir := range uint32(directions) {
		k.listInit(k.requestList(q, dir) + list.Free.Off)
		k.mem.Set(k.requestList(q, dir), list.Count, 0)
	}
	cache := k.mem.U32(k.symbol("request_cachep"))
	for i := range k.mem.U32(k.symbol("queue_nr_requests")) {
		rq := k.cacheAlloc(cache, k.pages.gfp.kernel)
		if rq == 0 {
			k.Printk("<0>blk_init_free_list: error allocating requests\n")
			break
		}
		k.mem.Fill(rq, req.Size, 0)
		k.mem.Set(rq, req.Status, inactive)
		at := k.requestList(q, i%directions)
		k.listAdd(rq+req.Queue.Off, at+list.Free.Off)
		k.mem.Set(at, list.Count, k.mem.Get(at, list.Count)+1)
	}
	for dir := range uint32(directions) {
		k.initWaitQueue(k.requestWait(q, dir))
	}
}

// initLinusElevator is elevator_init with ELEVATOR_LINUS.
func (k *Kernel) initLinusElevator(at uint32) {
	const readLatency, writeLatency, bombSegments = 8192, 16384, 6
	lay := &k.lay.Elevator
	k.mem.Set(at, lay.ReadLatency, readLatency)
	k.mem.Set(at, lay.WriteLatency, writeLatency)
	k.mem.Set(at, lay.MaxBombSegments, bombSegments)
	k.mem.Set(at, lay.MergeFn, k.symbol("elevator_linus_merge"))
	k.mem.Set(at, lay.MergeReqFn, k.symbol("elevator_linus_merge_req"))
	k.numberElevator(at)
}

func (k *Kernel) numberElevator(at uint32) {
	next := k.symbol("queue_ID.0")
	k.mem.Set(at, k.lay.Elevator.QueueID, k.mem.U32(next))
	k.mem.SetU32(next, k.mem.U32(next)+1)
}

// elevatorInit models void elevator_init(elevator_t *elevator, elevator_t type): type is on the stack.
func elevatorInit(c *Call) {
	k := c.Kernel
	k.mem.Copy(c.Arg(0), c.ArgAddr(1), k.lay.Elevator.Size)
	k.numberElevator(c.Arg(0))
}

// blkCleanupQueue models void blk_cleanup_queue(request_queue_t *q): frees the requests and clears the queue. Those that
// are missing are complained about.
func blkCleanupQueue(c *Call) {
	k, q := c.Kernel, c.Arg(0)
	left := k.mem.U32(k.symbol("queue_nr_requests"))
	for dir := range uint32(directions) {
		left -= k.drainRequests(k.requestList(q, dir))
	}
	if left != 0 {
		k.Printk("blk_cleanup_queue: leaked requests (%d)\n", int32(left))
	}
	k.mem.Fill(q, k.lay.RequestQueue.Size, 0)
}

// drainRequests frees the requests of one direction and returns how many there were (__blk_cleanup_queue).
func (k *Kernel) drainRequests(at uint32) (n uint32) {
	lay := &k.lay.RequestList
	cache, head := k.mem.U32(k.symbol("request_cachep")), at+lay.Free.Off
	for !k.listEmpty(head) {
		entry := k.mem.U32(head)
		k.listDel(entry)
		k.cacheFree(cache, entry-k.lay.Request.Queue.Off)
		n++
	}
	if n != k.mem.Get(at, lay.Count) {
		k.Printk("request list leak!\n")
	}
	k.mem.Set(at, lay.Count, 0)
	return n
}

// blkQueueHeadactive models void blk_queue_headactive(request_queue_t *q, int active).
func blkQueueHeadactive(c *Call) {
	c.Kernel.mem.Set(c.Arg(0), c.Kernel.lay.RequestQueue.HeadActive, c.Arg(1))
}

// blkQueueMakeRequest models void blk_queue_make_request(request_queue_t *q, make_request_fn *mfn).
func blkQueueMakeRequest(c *Call) {
	c.Kernel.mem.Set(c.Arg(0), c.Kernel.lay.RequestQueue.MakeRequestFn, c.Arg(1))
}

// blkQueueBounceLimit models void blk_queue_bounce_limit(request_queue_t *q, u64 dma_addr): says what the limit is unless
// it is the end of low memory.
func blkQueueBounceLimit(c *Call) {
	k, q, limit := c.Kernel, c.Arg(0), c.Arg64(1)
	end := func(variable string) uint64 { return uint64(k.mem.U32(k.symbol(variable)) << abi.PageShift) }
	switch limit {
	case end("blk_max_low_pfn"):
	case end("blk_max_pfn"):
		k.Printk("blk: queue %08x, no I/O memory limit\n", q)
	default:
		k.Printk("blk: queue %08x, I/O limit %dMb (mask 0x%x)\n", q, uint32(limit>>20), limit)
	}
	k.mem.Set(q, k.lay.RequestQueue.BouncePfn, uint32(limit>>abi.PageShift))
}

// blkGetQueue models request_queue_t *blk_get_queue(kdev_t dev): what the driver's own function says, else the queue of the
// major number.
func blkGetQueue(c *Call) { c.Return(c.Kernel.queueOf(c.Arg(0) & 0xffff)) }

// releaseRequest is blkdev_release_request: gives a request back to its queue and, when there are enough again, wakes those
// who wait for one.
func (k *Kernel) releaseRequest(req uint32) {
	const inactive = ^uint32(0)
	lay, list := &k.lay.Request, &k.lay.RequestList
	q, dir := k.mem.Get(req, lay.Q), k.mem.Get(req, lay.Cmd)
	k.mem.Set(req, lay.Status, inactive)
	k.mem.Set(req, lay.Q, 0)
	if q == 0 {
		return
	}
	at := k.requestList(q, dir)
	k.listAdd(req+lay.Queue.Off, at+list.Free.Off)
	n := k.mem.Get(at, list.Count) + 1
	k.mem.Set(at, list.Count, n)
	if n >= k.mem.U32(k.symbol("batch_requests")) {
		k.wakeAny(k.requestWait(q, dir))
	}
}
