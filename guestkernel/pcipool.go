// SPDX-License-Identifier: BSD-3-Clause
// Small blocks of memory that a PCI device and the processor share (2.4.18 drivers/pci/pci.c pci_pool_*).

package guestkernel

import (
	"math/bits"

	"ring0/guestkernel/abi"
)

// struct pci_pool and struct pci_page, which nobody else knows. A page's bitmap has a bit for each free block.
const (
	poolPages     = 0
	poolPerPage   = 8
	poolBlock     = 12
	poolFlags     = 16
	poolDevice    = 20
	poolExtent    = 24 // bytes that are taken at a time; no block lies across two of them
	poolName      = 28
	poolNameSize  = 32
	poolWait      = 60
	poolSize      = 68
	poolPageVaddr = 8
	poolPageDMA   = 12
	poolPageMap   = 16

	slabPoison     = 0x800
	poolPoison     = 0xa7
	poolRetryMilli = 100
	poolWordBits   = 32
)

func pciPoolFunctions() []Function {
	return []Function{
		{Name: "pci_pool_create", Fn: pciPoolCreate, Level: Full},
		{Name: "pci_pool_destroy", Fn: pciPoolDestroy, Level: Full},
		{Name: "pci_pool_alloc", Fn: pciPoolAlloc, Level: Full},
		{Name: "pci_pool_free", Fn: pciPoolFree, Level: Full},
	}
}

// pciPoolCreate models struct pci_pool *pci_pool_create(const char *name, struct pci_dev *pdev, size_t size, size_t align,
// size_t allocation, int flags): NULL for blocks of no size or larger than allocation, or without memory. A size that is no
// multiple of align becomes one, by 2.4.18's arithmetic up to two steps larger.
func pciPoolCreate(c *Call) {
	k, size, align, extent := c.Kernel, c.Arg(2), max(c.Arg(3), 1), c.Arg(4)
	c.Return(0)
	switch {
	case size == 0:
		return
	case size < align:
		size = align
	case size%align != 0:
		size = (size + align + 1) &^ (align - 1)
	}
	if extent == 0 {
		extent = max(size, abi.PageSize)
	}
	if extent < size {
		return
	}
	pool := k.Kmalloc(poolSize, c.Arg(5))
	if pool == 0 {
		return
	}
	k.setText(pool+poolName, poolNameSize, "%s", k.kernelString(c.Arg(0)))
	k.listInit(pool + poolPages)
	k.mem.SetU32(pool+poolPerPage, extent/size)
	k.mem.SetU32(pool+poolBlock, size)
	k.mem.SetU32(pool+poolFlags, c.Arg(5))
	k.mem.SetU32(pool+poolDevice, c.Arg(1))
	k.mem.SetU32(pool+poolExtent, extent)
	k.initWaitQueue(pool + poolWait)
	c.Return(pool)
}

// poolTitle is how messages name a pool.
func (k *Kernel) poolTitle(pool uint32) string {
	device := "<NULL>"
	if dev := k.mem.U32(pool + poolDevice); dev != 0 {
		device = k.pciSlotName(dev)
	}
	return device + "/" + k.kernelString(pool+poolName)
}

// consistentPages are those of pci_alloc_consistent for a pool; 0 without memory. dma is where their physical address goes.
func (k *Kernel) consistentPages(pool, dma uint32) uint32 {
	return k.allocConsistent(k.mem.U32(pool+poolDevice), k.mem.U32(pool+poolExtent), dma)
}

// growPool adds room for blocks, all free; 0 without memory.
func (k *Kernel) growPool(pool, gfp uint32) uint32 {
	words := (k.mem.U32(pool+poolPerPage) + poolWordBits - 1) / poolWordBits
	page := k.Kmalloc(poolPageMap+words*wordSize, gfp)
	if page == 0 {
		return 0
	}
	vaddr := k.consistentPages(pool, page+poolPageDMA)
	if vaddr == 0 {
		k.Kfree(page)
		return 0
	}
	k.mem.SetU32(page+poolPageVaddr, vaddr)
	k.mem.Fill(page+poolPageMap, words*wordSize, 0xff)
	k.poisonPool(pool, vaddr, k.mem.U32(pool+poolExtent))
	k.listAdd(page, pool+poolPages)
	return page
}

// poisonPool overwrites free memory of a pool that was made with SLAB_POISON.
func (k *Kernel) poisonPool(pool, at, n uint32) {
	if k.mem.U32(pool+poolFlags)&slabPoison != 0 {
		k.mem.Fill(at, n, poolPoison)
	}
}

// pciPoolDestroy models void pci_pool_destroy(struct pci_pool *pool): blocks that are in use are lost, with a line in the log.
func pciPoolDestroy(c *Call) {
	k, pool := c.Kernel, c.Arg(0)
	for !k.listEmpty(pool + poolPages) {
		page := k.mem.U32(pool + poolPages)
		vaddr, busy := k.mem.U32(page+poolPageVaddr), false
		for i := uint32(0); i < k.mem.U32(pool+poolPerPage); i += poolWordBits {
			busy = busy || k.mem.U32(page+poolPageMap+i/poolWordBits*wordSize) != ^uint32(0)
		}
		if busy {
			k.Printk("<3>pci_pool_destroy %s, %08x busy\n", k.poolTitle(pool), vaddr)
		} else {
			k.poisonPool(pool, vaddr, k.mem.U32(pool+poolExtent))
			k.FreePages(vaddr, pagesOrder(k.mem.U32(pool+poolExtent)))
		}
		k.listDel(page)
		k.Kfree(page)
	}
	k.Kfree(pool)
}

// pciPoolAlloc models void *pci_pool_alloc(struct pci_pool *pool, int mem_flags, dma_addr_t *handle): who may sleep waits for
// memory, 100 ms at a time; others get NULL.
func pciPoolAlloc(c *Call) {
	k, pool, gfp, entry := c.Kernel, c.Arg(0), c.Arg(1), uint32(0)
	for {
		page, block := k.freePoolBlock(pool)
		if page == 0 {
			page = k.growPool(pool, gfp)
		}
		if page != 0 {
			word := page + poolPageMap + block/poolWordBits*wordSize
			k.mem.SetU32(word, k.mem.U32(word)&^(1<<(block%poolWordBits)))
			offset := block * k.mem.U32(pool+poolBlock)
			k.mem.SetU32(c.Arg(2), k.mem.U32(page+poolPageDMA)+offset)
			c.Return(k.mem.U32(page+poolPageVaddr) + offset)
			return
		}
		if gfp != k.pages.gfp.kernel {
			c.Return(0)
			return
		}
		if entry == 0 {
			entry = c.waitEntry()
		}
		c.Task().Set(k.lay.Task.State, abi.TaskInterruptible)
		k.enterQueue(pool+poolWait, entry, 0)
		c.nap(k.ticksOf(poolRetryMilli))
		c.Task().Set(k.lay.Task.State, abi.TaskRunning)
		k.leaveQueue(entry)
	}
}

// freePoolBlock finds the first free block in the newest page that has one.
func (k *Kernel) freePoolBlock(pool uint32) (page, block uint32) {
	n := k.mem.U32(pool + poolPerPage)
	for page := range k.listMembers("the pages of a pci_pool", pool+poolPages) {
		for i := uint32(0); i < n; i += poolWordBits {
			set := k.mem.U32(page + poolPageMap + i/poolWordBits*wordSize)
			if block := i + uint32(bits.TrailingZeros32(set)); set != 0 && block < n {
				return page, block
			}
		}
	}
	return 0, 0
}

// pciPoolFree models void pci_pool_free(struct pci_pool *pool, void *vaddr, dma_addr_t dma).
func pciPoolFree(c *Call) {
	k, pool, vaddr, dma := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	for page := range k.listMembers("the pages of a pci_pool", pool+poolPages) {
		offset := dma - k.mem.U32(page+poolPageDMA)
		if offset >= k.mem.U32(pool+poolExtent) {
			continue
		}
		k.poisonPool(pool, vaddr, k.mem.U32(pool+poolBlock))
		block := offset / k.mem.U32(pool+poolBlock)
		word := page + poolPageMap + block/poolWordBits*wordSize
		k.mem.SetU32(word, k.mem.U32(word)|1<<(block%poolWordBits))
		k.wakeAny(pool + poolWait)
		return
	}
	k.Printk("<3>pci_pool_free %s, %08x/%x (bad dma)\n", k.poolTitle(pool), vaddr, dma)
}
