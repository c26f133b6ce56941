// SPDX-License-Identifier: BSD-3-Clause
// Objects of equal size: kmalloc and the slab caches behind it (2.4.18 mm/slab.c, not for SMP, without debugging).
//
// A cache keeps slabs, runs of pages cut into objects, on three lists: full, partial and free. A slab's description and its
// free list lie in front of its objects, or, for large ones, in a general cache; a page's list field says which cache and
// slab it belongs to. All of it is in guest memory, and nothing checks what the real kernel does not: a double free makes
// the free list circular, a wrong pointer finds a wrong cache.
//
// Making and destroying caches is in slabcache.go.

package guestkernel

import "ring0/guestkernel/abi"

// slabState is what the allocator knows of the profile.
type slabState struct {
	pageSlab    uint32 // PG_slab
	flagBug     uint32 // flags that kmem_cache_grow does not take
	level       uint32 // SLAB_LEVEL_MASK
	noGrow      uint32 // SLAB_NO_GROW
	atomic      uint32 // SLAB_ATOMIC
	noReap      uint32 // SLAB_NO_REAP
	hwAlign     uint32 // SLAB_HWCACHE_ALIGN
	cacheDMA    uint32 // SLAB_CACHE_DMA
	createMask  uint32 // flags that kmem_cache_create takes
	constructor uint32 // SLAB_CTOR_CONSTRUCTOR
	ctorAtomic  uint32 // SLAB_CTOR_ATOMIC
}

// Flags of a cache that its creator does not set.
const (
	cacheOffSlab   = 0x10000 // CFLGS_OFF_SLAB: slabs are described elsewhere
	cacheOptimize  = 0x20000 // CFLGS_OPTIMIZE
	cacheGrown     = 1       // DFLGS_GROWN, in dflags
	bufctlEnd      = 0xffffffff
	bufctlSize     = 4
	cacheLine      = 32 // L1_CACHE_BYTES
	cacheNameLen   = 20
	maxObjectOrder = 5
	maxSlabOrder   = 5
	wordSize       = 4
)

func slabFunctions() []Function {
	return []Function{
		{Name: "kmalloc", Fn: func(c *Call) { c.Return(c.Kernel.Kmalloc(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "kfree", Fn: func(c *Call) { c.Kernel.Kfree(c.Arg(0)) }, Level: Full},
		{Name: "kmem_cache_alloc", Fn: func(c *Call) { c.Return(c.Kernel.cacheAlloc(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "kmem_cache_free", Fn: func(c *Call) { c.Kernel.cacheFree(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "kmem_find_general_cachep", Fn: findGeneralCache, Level: Full},
		{Name: "kmem_cache_create", Fn: kmemCacheCreate, Level: Full},
		{Name: "kmem_cache_destroy", Fn: kmemCacheDestroy, Level: Full},
		{Name: "kmem_cache_shrink", Fn: kmemCacheShrink, Level: Full},
	}
}

// generalCache returns the cache for size bytes, 0 when they are too many. dma asks for memory below 16 MB.
func (k *Kernel) generalCache(size uint32, dma bool) uint32 {
	lay := &k.lay.CacheSizes
	for at := k.sym.CacheSizes; ; at += lay.Size {
		bytes := k.mem.Get(at, lay.Bytes)
		if bytes != 0 && size > bytes {
			continue
		}
		if dma {
			return k.mem.Get(at, lay.DMACache)
		}
		return k.mem.Get(at, lay.Cache)
	}
}

// findGeneralCache models kmem_cache_t *kmem_find_general_cachep(size_t size, int gfpflags).
func findGeneralCache(c *Call) {
	c.Return(c.Kernel.generalCache(c.Arg(0), c.Arg(1)&c.Kernel.pages.gfp.dma != 0))
}

// Kmalloc returns at least size bytes of physically contiguous memory, or 0: also for more than 128 KB.
func (k *Kernel) Kmalloc(size, gfp uint32) uint32 {
	dma := gfp&k.pages.gfp.dma != 0
	cache := k.generalCache(k.looking.check.padded(size, dma), dma)
	if cache == 0 {
		return 0
	}
	return k.looking.check.asked(k.cacheAlloc(cache, gfp), size)
}

// Kfree gives back what Kmalloc returned; 0 is ignored.
func (k *Kernel) Kfree(addr uint32) {
	if addr != 0 {
		k.cacheFree(k.mem.U32(k.slabPage(addr)), addr)
	}
}

// slabPage is where the page of an object names its cache; its slab is in the next word.
func (k *Kernel) slabPage(addr uint32) uint32 {
	return k.pageOf(physical(addr)>>abi.PageShift) + k.lay.Page.List.Off
}

// cacheAlloc takes an object from a cache, of which it makes more when there are none left. 0: no memory.
func (k *Kernel) cacheAlloc(cache, flags uint32) uint32 {
	const dmaBug, noDMABug = 1236, 1239
	dma := k.pages.gfp.dma
	switch have := k.mem.Get(cache, k.lay.KmemCache.Gfpflags); {
	case flags&dma != 0 && have&dma == 0:
		k.bug("__kmem_cache_alloc", "slab.c", dmaBug)
	case flags&dma == 0 && have&dma != 0:
		k.bug("__kmem_cache_alloc", "slab.c", noDMABug)
	}
	for {
		if slab := k.slabWithRoom(cache); slab != 0 {
			return k.looking.check.allocated(k.takeObject(cache, slab), cache)
		}
		if !k.growCache(cache, flags) {
			return 0
		}
	}
}

// slabWithRoom returns the first partial slab of a cache, or makes a free one partial; 0 when all are full.
func (k *Kernel) slabWithRoom(cache uint32) uint32 {
	lay := &k.lay.KmemCache
	partial, free := cache+lay.SlabsPartial.Off, cache+lay.SlabsFree.Off
	if slab := k.mem.U32(partial); slab != partial {
		return slab
	}
	slab := k.mem.U32(free)
	if slab == free {
		return 0
	}
	k.listDel(slab)
	k.listAdd(slab, partial)
	return slab
}

// takeObject takes the first object of a slab's free list.
func (k *Kernel) takeObject(cache, slab uint32) uint32 {
	lay, slay := &k.lay.KmemCache, &k.lay.Slab
	k.mem.Set(slab, slay.Inuse, k.mem.Get(slab, slay.Inuse)+1)
	number := k.mem.Get(slab, slay.Free)
	object := k.mem.Get(slab, slay.SMem) + number*k.mem.Get(cache, lay.Objsize)
	next := k.mem.U32(k.bufctl(slab, number))
	k.mem.Set(slab, slay.Free, next)
	if next == bufctlEnd {
		k.listDel(slab)
		k.listAdd(slab, cache+lay.SlabsFull.Off)
	}
	return object
}

// bufctl is where a slab's free list has what comes after an object.
func (k *Kernel) bufctl(slab, number uint32) uint32 {
	return slab + k.lay.Slab.Size + number*bufctlSize
}

// cacheFree puts an object back at the head of its slab's free list. The slab is the one its page names, whatever the
// cache.
func (k *Kernel) cacheFree(cache, object uint32) {
	if k.looking.check.freeing(cache, object) {
		return
	}
	lay, slay := &k.lay.KmemCache, &k.lay.Slab
	slab := k.mem.U32(k.slabPage(object) + 4)
	size := k.mem.Get(cache, lay.Objsize)
	offset := object - k.mem.Get(slab, slay.SMem)
	if size == 0 {
		k.divideError("kmem_cache_free_one")
	}
	number := offset / size
	k.mem.SetU32(k.bufctl(slab, number), k.mem.Get(slab, slay.Free))
	k.mem.Set(slab, slay.Free, number)
	inuse := k.mem.Get(slab, slay.Inuse)
	k.mem.Set(slab, slay.Inuse, inuse-1)
	switch inuse {
	case 1:
		k.listDel(slab)
		k.listAdd(slab, cache+lay.SlabsFree.Off)
	case k.mem.Get(cache, lay.Num):
		k.listDel(slab)
		k.listAdd(slab, cache+lay.SlabsPartial.Off)
	}
}

// growCache adds a slab to a cache and constructs its objects. The constructor runs in the guest and may sleep.
func (k *Kernel) growCache(cache, flags uint32) bool {
	const flagBug, interruptBug = 1120, 1131
	lay, s := &k.lay.KmemCache, &k.slab
	switch {
	case flags&s.flagBug != 0:
		k.bug("kmem_cache_grow", "slab.c", flagBug)
	case flags&s.noGrow != 0:
		return false
	case k.inInterrupt() && flags&s.level != s.atomic:
		k.bug("kmem_cache_grow", "slab.c", interruptBug)
	}
	colour := k.nextColour(cache)
	k.mem.Set(cache, lay.Dflags, k.mem.Get(cache, lay.Dflags)|cacheGrown)
	k.mem.Set(cache, lay.Growing, k.mem.Get(cache, lay.Growing)+1)
	slab := k.newSlab(cache, flags, colour)
	if slab != 0 {
		k.constructSlab(cache, slab, flags)
	}
	k.mem.Set(cache, lay.Growing, k.mem.Get(cache, lay.Growing)-1)
	if slab == 0 {
		return false
	}
	k.listAddTail(slab, cache+lay.SlabsFree.Off)
	k.mem.Set(cache, lay.Failures, 0)
	return true
}

// nextColour returns how far into its pages the next slab begins: each a little farther than the one before, as far as
// there is room.
func (k *Kernel) nextColour(cache uint32) uint32 {
	lay := &k.lay.KmemCache
	colour := k.mem.Get(cache, lay.ColourNext)
	next := colour + 1
	if next >= k.mem.Get(cache, lay.Colour) {
		next = 0
	}
	k.mem.Set(cache, lay.ColourNext, next)
	return colour * k.mem.Get(cache, lay.ColourOff)
}

// newSlab takes pages for a slab, describes it and marks the pages. 0: no memory.
func (k *Kernel) newSlab(cache, flags, colour uint32) uint32 {
	lay, slay := &k.lay.KmemCache, &k.lay.Slab
	order := k.mem.Get(cache, lay.Gfporder)
	pages := k.GetFreePages(flags|k.mem.Get(cache, lay.Gfpflags), order)
	if pages == 0 {
		return 0
	}
	slab := pages + colour
	if k.mem.Get(cache, lay.Flags)&cacheOffSlab != 0 {
		if slab = k.cacheAlloc(k.mem.Get(cache, lay.SlabpCache), flags&k.slab.level); slab == 0 {
			k.FreePages(pages, order)
			return 0
		}
	} else {
		colour += slabOverhead(k.mem.Get(cache, lay.Num))
	}
	k.mem.Set(slab, slay.Inuse, 0)
	k.mem.Set(slab, slay.Colouroff, colour)
	k.mem.Set(slab, slay.SMem, pages+colour)
	for i := range uint32(1) << order {
		page := k.slabPage(pages + i<<abi.PageShift)
		k.mem.SetU32(page, cache)
		k.mem.SetU32(page+4, slab)
		k.markPage(pages+i<<abi.PageShift, true)
	}
	return slab
}

// markPage sets or clears PG_slab of the page at addr.
func (k *Kernel) markPage(addr uint32, isSlab bool) {
	page, flags := k.pageOf(physical(addr)>>abi.PageShift), k.lay.Page.Flags
	v := k.mem.Get(page, flags) &^ (1 << k.slab.pageSlab)
	if isSlab {
		v |= 1 << k.slab.pageSlab
	}
	k.mem.Set(page, flags, v)
}

// constructSlab calls the constructor for every object and strings them into the free list.
func (k *Kernel) constructSlab(cache, slab, flags uint32) {
	lay, slay, s := &k.lay.KmemCache, &k.lay.Slab, &k.slab
	how := s.constructor
	if flags&s.level == s.atomic {
		how |= s.ctorAtomic
	}
	num, size := k.mem.Get(cache, lay.Num), k.mem.Get(cache, lay.Objsize)
	for i := range num {
		if ctor := k.mem.Get(cache, lay.Ctor); ctor != 0 {
			k.Call(ctor, k.mem.Get(slab, slay.SMem)+i*size, cache, how)
		}
		k.mem.SetU32(k.bufctl(slab, i), i+1)
	}
	k.mem.SetU32(k.bufctl(slab, num-1), bufctlEnd)
	k.mem.Set(slab, slay.Free, 0)
}

// destroySlab calls the destructor for every object and frees a slab that is on no list any more.
func (k *Kernel) destroySlab(cache, slab uint32) {
	lay, slay := &k.lay.KmemCache, &k.lay.Slab
	if dtor := k.mem.Get(cache, lay.Dtor); dtor != 0 {
		for i := range k.mem.Get(cache, lay.Num) {
			k.Call(dtor, k.mem.Get(slab, slay.SMem)+i*k.mem.Get(cache, lay.Objsize), cache, 0)
		}
	}
	pages, order := k.mem.Get(slab, slay.SMem)-k.mem.Get(slab, slay.Colouroff), k.mem.Get(cache, lay.Gfporder)
	for i := range uint32(1) << (order & 31) {
		k.markPage(pages+i<<abi.PageShift, false)
	}
	k.FreePages(pages, order)
	if k.mem.Get(cache, lay.Flags)&cacheOffSlab != 0 {
		k.cacheFree(k.mem.Get(cache, lay.SlabpCache), slab)
	}
}
