// SPDX-License-Identifier: BSD-3-Clause
// Memory pools: elements put by for when there is no memory (2.4.18 mm/mempool.c).

package guestkernel

import "ring0/guestkernel/abi"

func mempoolFunctions() []Function {
	return []Function{
		{Name: "mempool_create", Fn: mempoolCreate, Level: Full,
			Proto: "mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn, void *pool_data)"},
		{Name: "mempool_destroy", Fn: mempoolDestroy, Level: Full, Proto: "void mempool_destroy(mempool_t *pool)"},
		{Name: "mempool_alloc", Fn: mempoolAlloc, Level: Full, Proto: "void *mempool_alloc(mempool_t *pool, int gfp_mask)"},
		{Name: "mempool_free", Fn: mempoolFree, Level: Full, Proto: "void mempool_free(void *element, mempool_t *pool)"},
	}
}

// mempoolCreate models mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn, void
// *pool_data): calls alloc_fn for each element to put by. NULL, with everything freed, when one cannot be had.
func mempoolCreate(c *Call) {
	k, lay, keep := c.Kernel, &c.Kernel.lay.Mempool, int32(c.Arg(0))
	pool := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	c.Return(pool)
	if pool == 0 {
		return
	}
	k.mem.Fill(pool, lay.Size, 0)
	k.mem.Set(pool, lay.MinNr, uint32(keep))
	k.mem.Set(pool, lay.PoolData, c.Arg(3))
	k.listInit(pool + lay.Elements.Off)
	k.initWaitQueue(pool + lay.Wait.Off)
	k.mem.Set(pool, lay.Alloc, c.Arg(1))
	k.mem.Set(pool, lay.Free, c.Arg(2))
	for range keep {
		if !k.poolPutBy(pool) {
			k.emptyPool(pool)
			k.Kfree(pool)
			c.Return(0)
			return
		}
	}
}

// poolPutBy adds a node with a new element.
func (k *Kernel) poolPutBy(pool uint32) bool {
	lay, nodeLay := &k.lay.Mempool, &k.lay.MempoolNode
	node := k.Kmalloc(nodeLay.Size, k.pages.gfp.kernel)
	if node == 0 {
		return false
	}
	element := k.Call(k.mem.Get(pool, lay.Alloc), k.pages.gfp.kernel, k.mem.Get(pool, lay.PoolData))
	if element == 0 {
		k.Kfree(node)
		return false
	}
	k.mem.Set(node, nodeLay.Element, element)
	k.listAdd(node+nodeLay.List.Off, pool+lay.Elements.Off)
	k.mem.Set(pool, lay.CurrNr, k.mem.Get(pool, lay.CurrNr)+1)
	return true
}

// emptyPool frees all nodes, with the elements that are here.
func (k *Kernel) emptyPool(pool uint32) {
	lay, nodeLay := &k.lay.Mempool, &k.lay.MempoolNode
	for head := pool + lay.Elements.Off; !k.listEmpty(head); {
		node := k.mem.U32(head+4) - nodeLay.List.Off
		k.listDel(node + nodeLay.List.Off)
		if element := k.mem.Get(node, nodeLay.Element); element != 0 {
			k.mem.Set(pool, lay.CurrNr, k.mem.Get(pool, lay.CurrNr)-1)
			k.Call(k.mem.Get(pool, lay.Free), element, k.mem.Get(pool, lay.PoolData))
		}
		k.Kfree(node)
	}
}

// mempoolDestroy models void mempool_destroy(mempool_t *pool). NULL is ignored; a count that does not fit is a BUG().
func mempoolDestroy(c *Call) {
	const leakBug = 193
	k, pool := c.Kernel, c.Arg(0)
	if pool == 0 {
		return
	}
	k.emptyPool(pool)
	if k.mem.Get(pool, k.lay.Mempool.CurrNr) != 0 {
		k.bug("mempool_destroy", "mempool.c", leakBug)
	}
	k.Kfree(pool)
}

// mempoolAlloc models void *mempool_alloc(mempool_t *pool, int gfp_mask): alloc_fn without waiting, alloc_fn with waiting
// when half of what is put by is gone, then what is put by. Who may wait waits for an element to come back; NULL is for
// those who may not.
func mempoolAlloc(c *Call) {
	k, pool, gfp, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.lay.Mempool
	noWait := gfp &^ (k.pages.gfp.wait | k.constant("__GFP_IO"))
	ask := func(gfp uint32) uint32 { return k.Call(k.mem.Get(pool, lay.Alloc), gfp, k.mem.Get(pool, lay.PoolData)) }
	entry := c.waitEntry()
	for {
		element := ask(noWait)
		if element == 0 && gfp != noWait && int32(k.mem.Get(pool, lay.CurrNr)) <= int32(k.mem.Get(pool, lay.MinNr))/2 {
			element = ask(gfp)
		}
		if element == 0 && k.mem.Get(pool, lay.CurrNr) != 0 {
			element = k.takePutBy(pool)
		}
		if element != 0 || gfp == noWait {
			c.Return(element)
			return
		}
		c.awaitElement(pool, entry)
	}
}

// awaitElement sleeps until somebody frees an element, unless one has come back meanwhile.
func (c *Call) awaitElement(pool, entry uint32) {
	k, lay := c.Kernel, &c.Kernel.lay.Mempool
	if !k.listEmpty(k.sym.TqDisk) {
		c.runTaskQueue(k.sym.TqDisk)
	}
	k.enterQueue(pool+lay.Wait.Off, entry, abi.WQFlagExclusive)
	c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
	if k.mem.Get(pool, lay.CurrNr) == 0 {
		k.Schedule()
	}
	c.Task().Set(k.lay.Task.State, abi.TaskRunning)
	k.leaveQueue(entry)
}

// takePutBy takes the first element. Its node goes to the end of the list, empty.
func (k *Kernel) takePutBy(pool uint32) (element uint32) {
	const emptyBug = 245
	lay, nodeLay := &k.lay.Mempool, &k.lay.MempoolNode
	entry := k.mem.U32(pool + lay.Elements.Off)
	node := entry - nodeLay.List.Off
	k.listDel(entry)
	if element = k.mem.Get(node, nodeLay.Element); element == 0 {
		k.bug("mempool_alloc", "mempool.c", emptyBug)
	}
	k.mem.Set(node, nodeLay.Element, 0)
	k.listAddTail(entry, pool+lay.Elements.Off)
	k.mem.Set(pool, lay.CurrNr, k.mem.Get(pool, lay.CurrNr)-1)
	return element
}

// mempoolFree models void mempool_free(void *element, mempool_t *pool): puts it by when the pool is not full, else free_fn.
func mempoolFree(c *Call) {
	const fullBug = 297
	k, element, pool := c.Kernel, c.Arg(0), c.Arg(1)
	lay, nodeLay := &k.lay.Mempool, &k.lay.MempoolNode
	here := k.mem.Get(pool, lay.CurrNr)
	if int32(here) >= int32(k.mem.Get(pool, lay.MinNr)) {
		k.Call(k.mem.Get(pool, lay.Free), element, k.mem.Get(pool, lay.PoolData))
		return
	}
	entry := k.mem.U32(pool + lay.Elements.Off + 4)
	k.listDel(entry)
	if k.mem.Get(entry-nodeLay.List.Off, nodeLay.Element) != 0 {
		k.bug("mempool_free", "mempool.c", fullBug)
	}
	k.mem.Set(entry-nodeLay.List.Off, nodeLay.Element, element)
	k.listAdd(entry, pool+lay.Elements.Off)
	k.mem.Set(pool, lay.CurrNr, here+1)
	k.wakeAny(pool + lay.Wait.Off)
}
