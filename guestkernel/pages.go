// SPDX-License-Identifier: BSD-3-Clause
// Page allocation: the buddy system over mem_map and the zones' free areas, all in guest memory
// (2.4.18 mm/page_alloc.c, linux/mmzone.h). Setting them up is in bootpages.go.
//
// Left out: reclaiming other than of slabs (nothing else could be), and the vendor kernel's
// per-CPU lists of single pages.

package guestkernel

import "ring0/guestkernel/abi"

// maxOrder is MAX_ORDER: blocks have 2^0 to 2^9 pages.
const maxOrder = 10

const noPage = 0

// pageAllocator knows where the zones lie; everything else is in guest memory.
type pageAllocator struct {
	memMap uint32   // address of mem_map[0]
	count  uint32   // page frames, mem_map entries
	low    uint32   // page frames with a kernel address
	zones  [3]zone  // DMA, Normal, HighMem
	hand   uint32   // page frame that reclaim has come to
	gfp    gfpFlags // the profile's allocation flags
}

// zone is the fixed part of a zone_t.
type zone struct {
	addr        uint32 // of the zone_t
	start, size uint32 // page frames
}

// gfpFlags are bits of an allocation's gfp mask: zones, may sleep; and GFP_KERNEL, GFP_ATOMIC.
type gfpFlags struct{ dma, highmem, wait, kernel, atomic uint32 }

func pageFunctions() []Function {
	return []Function{
		{Name: "__get_free_pages", Fn: getFreePages, Level: Full, Conv: Regparm3},
		{Name: "get_zeroed_page", Fn: getZeroedPage, Level: Full, Conv: Regparm3},
		{Name: "free_pages", Fn: func(c *Call) { c.Kernel.FreePages(c.Arg(0), c.Arg(1)) }, Level: Full, Conv: Regparm3},
		{Name: "__free_pages", Fn: func(c *Call) { c.Kernel.freePage(c.Arg(0), c.Arg(1)) }, Level: Full, Conv: Regparm3},
		{Name: "_alloc_pages", Fn: func(c *Call) { c.Return(c.Kernel.AllocPages(c.Arg(0), c.Arg(1))) }, Level: Full, Conv: Regparm3},
		{Name: "__alloc_pages", Fn: allocPagesFrom, Level: Partial, Conv: Regparm3,
			Note: "takes the zone list's first zone for the highest allowed one"},
		{Name: "alloc_pages_node", Fn: func(c *Call) { c.Return(c.Kernel.AllocPages(c.Arg(1), c.Arg(2))) }, Level: Full},
		{Name: "nr_free_pages", Fn: func(c *Call) { c.Return(c.Kernel.freePageCount()) }, Level: Full},
	}
}

// allocPagesFrom models struct page *__alloc_pages(unsigned int gfp_mask, unsigned int order, zonelist_t *zonelist). The
// kernel's own zone lists have the zones from one down.
func allocPagesFrom(c *Call) {
	k := c.Kernel
	gfp := c.Arg(0) &^ (k.pages.gfp.dma | k.pages.gfp.highmem)
	switch k.mem.U32(c.Arg(2)) {
	case k.pages.zones[0].addr:
		gfp |= k.pages.gfp.dma
	case k.pages.zones[2].addr:
		gfp |= k.pages.gfp.highmem
	}
	c.Return(k.AllocPages(gfp, c.Arg(1)))
}

// getFreePages models unsigned long __get_free_pages(unsigned int gfp_mask, unsigned int order) (mm/page_alloc.c).
// Returns the kernel address of 2^order contiguous pages, or 0.
func getFreePages(c *Call) { c.Return(c.Kernel.GetFreePages(c.Arg(0), c.Arg(1))) }

// getZeroedPage models unsigned long get_zeroed_page(unsigned int gfp_mask): one page of zeros, or 0.
func getZeroedPage(c *Call) { c.Return(c.Kernel.zeroedPage(c.Arg(0))) }

// GetFreePages returns the kernel address of 2^order contiguous pages, 0 when there are none.
func (k *Kernel) GetFreePages(gfp, order uint32) uint32 {
	page := k.AllocPages(gfp&^k.pages.gfp.highmem, order)
	if page == noPage {
		return 0
	}
	return k.pageAddress(page)
}

// zeroedPage returns the kernel address of a page of zeros, or 0.
func (k *Kernel) zeroedPage(gfp uint32) uint32 {
	addr := k.GetFreePages(gfp, 0)
	if addr != 0 {
		k.mem.Fill(addr, abi.PageSize, 0)
	}
	return addr
}

// FreePages gives back what GetFreePages returned; 0 is ignored.
func (k *Kernel) FreePages(addr, order uint32) {
	if addr != 0 {
		k.freePage(k.pageOf(physical(addr)>>abi.PageShift), order)
	}
}

// AllocPages returns the struct page of 2^order contiguous page frames, noPage when there are none. As in 2.4 zones are
// asked from the highest allowed one down, three times: while they stay above their low mark, above their minimum, and,
// for atomic requests, above a quarter of that. One that may wait then takes memory back that can be had again, and so does
// not fail while there is any. Who does that may use the last page.
func (k *Kernel) AllocPages(gfp, order uint32) (page uint32) {
	if order >= maxOrder {
		return noPage
	}
	lay := &k.lay.Zone
	for pass := range 3 {
		for i := k.topZone(gfp); i >= 0; i-- {
			z := &k.pages.zones[i]
			reserve := k.mem.Get(z.addr, lay.PagesMin)
			switch pass {
			case 0:
				reserve = k.mem.Get(z.addr, lay.PagesLow)
			case 2:
				switch memalloc := k.running != nil && k.running.Get(k.lay.Task.Flags)&abi.PFMemalloc != 0; {
				case memalloc:
					reserve = 0
				case gfp&k.pages.gfp.wait != 0:
					continue
				default:
					reserve /= 4
				}
			}
			if k.mem.Get(z.addr, lay.FreePages) < reserve+1<<order {
				continue
			}
			if page := k.takeBlock(z, order); page != noPage {
				return page
			}
		}
	}
	if gfp&k.pages.gfp.wait != 0 && k.reclaim(gfp) {
		return k.AllocPages(gfp, order)
	}
	return noPage
}

// topZone is the highest zone that a gfp mask allows.
func (k *Kernel) topZone(gfp uint32) int {
	switch {
	case gfp&k.pages.gfp.dma != 0:
		return 0
	case gfp&k.pages.gfp.highmem != 0:
		return 2
	}
	return 1
}

// takeBlock takes the first free block of sufficient order and splits it, keeping the upper half each time (rmqueue).
func (k *Kernel) takeBlock(z *zone, order uint32) uint32 {
	for have := order; have < maxOrder; have++ {
		head := k.freeList(z, have)
		page := k.mem.U32(head)
		if page == head {
			continue
		}
		k.listDel(page)
		index := k.frameOf(page) - z.start
		if have != maxOrder-1 {
			k.toggleBuddy(z, index, have)
		}
		for have > order {
			have--
			k.listAdd(k.pageOf(z.start+index), k.freeList(z, have))
			k.toggleBuddy(z, index, have)
			index += 1 << have
		}
		k.addFree(z, -(1 << order))
		page = k.pageOf(z.start + index)
		k.mem.Set(page, k.lay.Page.Count, 1)
		return page
	}
	return noPage
}

// freePage drops a reference to a block of 2^order frames and, with the last one, frees it (__free_pages). Reserved pages
// are never freed.
func (k *Kernel) freePage(page, order uint32) {
	lay := &k.lay.Page
	if k.mem.Get(page, lay.Flags)>>k.reservedBit&1 != 0 {
		return
	}
	count := k.mem.Get(page, lay.Count) - 1
	k.mem.Set(page, lay.Count, count)
	if count == 0 {
		k.giveBlock(page, order)
	}
}

// giveBlock returns a block to its zone, merging it with its free buddy as long as there is one (__free_pages_ok).
func (k *Kernel) giveBlock(page, order uint32) {
	frame := k.frameOf(page)
	k.looking.check.blockFreed(frame)
	z := k.zoneOf(frame)
	k.addFree(z, 1<<order)
	index := frame - z.start
	for order < maxOrder-1 && !k.toggleBuddy(z, index, order) {
		k.listDel(k.pageOf(z.start + (index ^ 1<<order)))
		index &^= 1 << order
		order++
	}
	k.listAdd(k.pageOf(z.start+index), k.freeList(z, order))
}

// toggleBuddy flips the bit of the pair of blocks that index belongs to and returns its new value: one exactly when one of
// the two is free.
func (k *Kernel) toggleBuddy(z *zone, index, order uint32) bool {
	bit := index >> (1 + order)
	word := k.mem.U32(k.freeArea(z, order)+k.lay.FreeArea.Map.Off) + bit/32*4
	v := k.mem.U32(word) ^ 1<<(bit%32)
	k.mem.SetU32(word, v)
	return v>>(bit%32)&1 != 0
}

// freeArea is the free_area_t of an order; freeList is its list head, which comes first.
func (k *Kernel) freeArea(z *zone, order uint32) uint32 {
	return z.addr + k.lay.Zone.FreeArea.Off + order*k.lay.FreeArea.Size
}

func (k *Kernel) freeList(z *zone, order uint32) uint32 {
	return k.freeArea(z, order) + k.lay.FreeArea.FreeList.Off
}

func (k *Kernel) addFree(z *zone, n int32) {
	f := k.lay.Zone.FreePages
	k.mem.Set(z.addr, f, k.mem.Get(z.addr, f)+uint32(n))
}

// freePageCount is nr_free_pages(): free frames of all zones.
func (k *Kernel) freePageCount() uint32 {
	n := uint32(0)
	for i := range k.pages.zones {
		n += k.mem.Get(k.pages.zones[i].addr, k.lay.Zone.FreePages)
	}
	return n
}

// FreePageCount is how many page frames are free, for reports.
func (k *Kernel) FreePageCount() uint32 { return k.freePageCount() }

// zoneOf is the zone of a page frame.
func (k *Kernel) zoneOf(frame uint32) *zone {
	for i := range k.pages.zones {
		if z := &k.pages.zones[i]; frame-z.start < z.size {
			return z
		}
	}
	panicf("page frame %#x in no zone", frame)
	return nil
}

// pageOf is the struct page of a frame; frameOf the reverse; pageAddress its kernel address, 0 in high memory.
func (k *Kernel) pageOf(frame uint32) uint32 { return k.pages.memMap + frame*k.lay.Page.Size }

func (k *Kernel) frameOf(page uint32) uint32 { return (page - k.pages.memMap) / k.lay.Page.Size }

func (k *Kernel) pageAddress(page uint32) uint32 {
	frame := k.frameOf(page)
	if frame >= k.pages.low {
		return 0
	}
	return abi.PageOffset + frame<<abi.PageShift
}
