// SPDX-License-Identifier: BSD-3-Clause
// Making, shrinking and destroying slab caches; the general caches of kmalloc (2.4.18 mm/slab.c).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// bootSlab makes the cache of caches and the general ones, of 32 bytes to 128 KB (kmem_cache_init, kmem_cache_sizes_init).
func (k *Kernel) bootSlab() error {
	k.slab = slabState{
		pageSlab: k.constant("PG_slab"), level: k.constant("SLAB_LEVEL_MASK"), noGrow: k.constant("SLAB_NO_GROW"),
		atomic: k.constant("SLAB_ATOMIC"), noReap: k.constant("SLAB_NO_REAP"), hwAlign: k.constant("SLAB_HWCACHE_ALIGN"),
		cacheDMA:    k.constant("SLAB_CACHE_DMA"),
		constructor: k.constant("SLAB_CTOR_CONSTRUCTOR"), ctorAtomic: k.constant("SLAB_CTOR_ATOMIC"),
	}
	s := &k.slab
	s.flagBug = ^(k.constant("SLAB_DMA") | s.level | s.noGrow)
	s.createMask = s.hwAlign | s.noReap | s.cacheDMA | k.constant("SLAB_MUST_HWCACHE_ALIGN")
	k.layCacheCache()
	const lowMemory = 32 << 20 >> abi.PageShift
	k.mem.SetU32(k.sym.SlabBreak, 1)
	if k.mem.U32(k.sym.NumPhyspages) > lowMemory {
		k.mem.SetU32(k.sym.SlabBreak, 2)
	}
	lay := &k.lay.CacheSizes
	for i := range generalSizes {
		at, size := k.sym.CacheSizes+uint32(i)*lay.Size, uint32(smallestObject)<<i
		cache := k.createCache(cacheSpec{name: fmt.Sprintf("size-%d", size), size: size, flags: s.hwAlign})
		dma := k.createCache(cacheSpec{name: fmt.Sprintf("size-%d(DMA)", size), size: size, flags: s.hwAlign | s.cacheDMA})
		k.mem.Set(at, lay.Bytes, size)
		k.mem.Set(at, lay.Cache, cache)
		k.mem.Set(at, lay.DMACache, dma)
		if k.mem.Get(cache, k.lay.KmemCache.Flags)&cacheOffSlab == 0 {
			k.mem.SetU32(k.sym.OffslabLimit, (size-k.lay.Slab.Size)/2)
		}
	}
	return nil
}

// The general caches: smallestObject, doubled generalSizes-1 times.
const (
	smallestObject = 32
	generalSizes   = 13
)

// layCacheCache writes the cache that other caches' descriptions come from, and the chain, which begins and ends with it.
func (k *Kernel) layCacheCache() {
	lay, cache := &k.lay.KmemCache, k.sym.CacheCache
	num, left := slabCapacity(0, lay.Size, 0)
	k.mem.Set(cache, lay.Objsize, lay.Size)
	k.mem.Set(cache, lay.Flags, k.slab.noReap)
	k.mem.Set(cache, lay.Num, num)
	k.mem.Set(cache, lay.ColourOff, cacheLine)
	k.mem.Set(cache, lay.Colour, left/cacheLine)
	for _, list := range []abi.Field{lay.SlabsFull, lay.SlabsPartial, lay.SlabsFree, lay.Next} {
		k.listInit(cache + list.Off)
	}
	k.mem.Write(cache+lay.Name.Off, []byte("kmem_cache\x00"))
	k.mem.SetU32(k.sym.ClockSearchp, cache)
	k.mem.Set(k.sym.CacheChainSem, k.lay.Semaphore.Count, 1)
	k.listInit(k.sym.CacheChainSem + k.lay.Semaphore.Wait.Off + k.lay.WaitQueueHead.TaskList.Off)
}

// slabOverhead is what a slab's description takes in front of its objects.
func slabOverhead(num uint32) uint32 {
	const slabSize = 24
	return (slabSize + num*bufctlSize + cacheLine - 1) &^ (cacheLine - 1)
}

// slabCapacity is how many objects of a size fit into a slab, and what is left over (kmem_cache_estimate).
func slabCapacity(order, size, flags uint32) (num, left uint32) {
	room := uint32(abi.PageSize) << order
	overhead := slabOverhead
	if flags&cacheOffSlab != 0 {
		overhead = func(uint32) uint32 { return 0 }
	}
	for (num+1)*size+overhead(num+1) <= room {
		num++
	}
	return num, room - num*size - overhead(num)
}

// A cacheSpec is what somebody asks of kmem_cache_create.
type cacheSpec struct {
	name         string
	size, offset uint32
	flags        uint32
	ctor, dtor   uint32
}

// kmemCacheCreate models kmem_cache_t *kmem_cache_create(const char *name, size_t size, size_t offset, unsigned long flags,
// void (*ctor)(void *, kmem_cache_t *, unsigned long), void (*dtor)(…)). NULL without memory; what makes no sense, a name
// that is taken included, is a BUG().
func kmemCacheCreate(c *Call) {
	const senseBug, flagBug, nameBug = 640, 670, 815
	k, s := c.Kernel, cacheSpec{size: c.Arg(1), offset: c.Arg(2), flags: c.Arg(3), ctor: c.Arg(4), dtor: c.Arg(5)}
	terminated := false
	if c.Arg(0) != 0 {
		s.name, terminated = k.mem.CString(c.Arg(0), cacheNameLen-1)
	}
	if !terminated || k.inInterrupt() || s.size < wordSize || s.size > abi.PageSize<<maxObjectOrder ||
		s.dtor != 0 && s.ctor == 0 || s.offset > s.size {
		k.bug("kmem_cache_create", "slab.c", senseBug)
	}
	if s.flags&^k.slab.createMask != 0 {
		k.bug("kmem_cache_create", "slab.c", flagBug)
	}
	cache := k.describeCache(k.looking.check.padCache(s))
	k.looking.check.cacheMade(cache, s.size)
	if cache != 0 && k.cacheNamed(s.name) != 0 {
		k.bug("kmem_cache_create", "slab.c", nameBug)
	}
	c.Return(k.chainCache(cache))
}

// cacheNamed finds a cache by its name; 0 when there is none.
func (k *Kernel) cacheNamed(name string) uint32 {
	for cache := range k.caches() {
		if have, _ := k.mem.CString(cache+k.lay.KmemCache.Name.Off, cacheNameLen); have == name {
			return cache
		}
	}
	return 0
}

// caches walks the chain of caches, the cache of caches not among them.
func (k *Kernel) caches() func(yield func(uint32) bool) {
	next := k.lay.KmemCache.Next.Off
	return func(yield func(uint32) bool) {
		for at := range k.listMembers("the chain of slab caches", k.sym.CacheCache+next) {
			if !yield(at - next) {
				return
			}
		}
	}
}

// createCache makes a cache; 0 without memory.
func (k *Kernel) createCache(s cacheSpec) uint32 { return k.chainCache(k.describeCache(s)) }

// chainCache puts a cache at the head of the chain. It passes on 0.
func (k *Kernel) chainCache(cache uint32) uint32 {
	if next := k.lay.KmemCache.Next.Off; cache != 0 {
		k.listAdd(cache+next, k.sym.CacheCache+next)
	}
	return cache
}

// describeCache writes the description of a cache and returns where it is; 0 without memory.
func (k *Kernel) describeCache(s cacheSpec) uint32 {
	lay := &k.lay.KmemCache
	cache := k.cacheAlloc(k.sym.CacheCache, k.pages.gfp.kernel)
	if cache == 0 {
		return 0
	}
	k.mem.Fill(cache, lay.Size, 0)
	shape, ok := k.shapeCache(s)
	if !ok {
		k.Printk("<4>kmem_cache_create: couldn't create cache %s.\n", s.name)
		k.cacheFree(k.sym.CacheCache, cache)
		return 0
	}
	set := func(f abi.Field, v uint32) { k.mem.Set(cache, f, v) }
	set(lay.Gfporder, shape.order)
	set(lay.Num, shape.num)
	set(lay.ColourOff, shape.colourOff)
	set(lay.Colour, shape.left/shape.colourOff)
	set(lay.Flags, shape.flags)
	set(lay.Objsize, shape.size)
	set(lay.Ctor, s.ctor)
	set(lay.Dtor, s.dtor)
	if s.flags&k.slab.cacheDMA != 0 {
		set(lay.Gfpflags, k.pages.gfp.dma)
	}
	for _, list := range []abi.Field{lay.SlabsFull, lay.SlabsPartial, lay.SlabsFree} {
		k.listInit(cache + list.Off)
	}
	if shape.flags&cacheOffSlab != 0 {
		set(lay.SlabpCache, k.generalCache(slabOverhead(shape.num), false))
	}
	k.mem.Write(cache+lay.Name.Off, append([]byte(s.name), 0))
	return cache
}

// A cacheShape is how a cache's slabs are laid out.
type cacheShape struct {
	size, flags     uint32 // of an object, rounded; the cache's
	order, num      uint32 // pages and objects of a slab
	left, colourOff uint32 // bytes no object uses; steps in which slabs use them to begin at different places
}

// shapeCache chooses the size of a cache's slabs: the smallest that wastes less than an eighth, but not above
// slab_break_gfp_order unless nothing fits. Objects of 512 bytes and more are described elsewhere, unless the description
// fits into what is left over. ok is false when not one object fits.
func (k *Kernel) shapeCache(s cacheSpec) (c cacheShape, ok bool) {
	c.size, c.flags = s.size, s.flags
	if c.size%wordSize != 0 {
		c.size += wordSize - c.size%wordSize
		k.Printk("<3>kmem_create: Forcing size word alignment - %s\n", s.name)
	}
	if c.size >= abi.PageSize/8 {
		c.flags |= cacheOffSlab
	}
	align := uint32(wordSize)
	if c.flags&k.slab.hwAlign != 0 {
		for align = cacheLine; c.size < align/2; {
			align /= 2
		}
		c.size = (c.size + align - 1) &^ (align - 1)
	}
	k.chooseOrder(&c)
	if c.num == 0 {
		return c, false
	}
	if overhead := slabOverhead(c.num); c.flags&cacheOffSlab != 0 && c.left >= overhead {
		c.flags &^= cacheOffSlab
		c.left -= overhead
	}
	c.colourOff = (s.offset + align - 1) &^ (align - 1)
	if c.colourOff == 0 {
		c.colourOff = cacheLine
	}
	if c.order == 0 && c.flags&cacheOffSlab == 0 {
		c.flags |= cacheOptimize
	}
	return c, true
}

// chooseOrder sets order, num and left.
func (k *Kernel) chooseOrder(c *cacheShape) {
	limit, preferred := k.mem.U32(k.sym.OffslabLimit), k.mem.U32(k.sym.SlabBreak)
	for ; ; c.order++ {
		c.num, c.left = slabCapacity(c.order, c.size, c.flags)
		switch {
		case c.order >= maxSlabOrder:
			return
		case c.num == 0:
			continue
		case c.flags&cacheOffSlab != 0 && c.num > limit:
			c.order--
			c.num, c.left = slabCapacity(c.order, c.size, c.flags)
			return
		case c.order >= preferred, c.left*8 <= abi.PageSize<<c.order:
			return
		}
	}
}

// kmemCacheShrink models int kmem_cache_shrink(kmem_cache_t *cachep): frees the slabs without objects in use. Returns how
// many pages that were.
func kmemCacheShrink(c *Call) {
	const senseBug = 972
	k, cache := c.Kernel, c.Arg(0)
	if cache == 0 || k.inInterrupt() {
		k.bug("kmem_cache_shrink", "slab.c", senseBug)
	}
	slabs := k.shrinkCache(cache)
	c.Return(slabs << (k.mem.Get(cache, k.lay.KmemCache.Gfporder) & 31))
}

// shrinkCache frees a cache's free slabs, unless it is growing, and returns how many.
func (k *Kernel) shrinkCache(cache uint32) (slabs uint32) {
	k.looking.check.releaseAll(cache)
	lay := &k.lay.KmemCache
	head := cache + lay.SlabsFree.Off
	for k.mem.Get(cache, lay.Growing) == 0 {
		slab := k.mem.U32(head + 4)
		if slab == head {
			break
		}
		k.listDel(slab)
		k.destroySlab(cache, slab)
		slabs++
	}
	return slabs
}

// kmemCacheDestroy models int kmem_cache_destroy(kmem_cache_t *cachep). Returns 1, with a complaint, when objects of it are
// still in use; the cache then stays.
func kmemCacheDestroy(c *Call) {
	const senseBug = 1001
	k, lay, cache := c.Kernel, &c.Kernel.lay.KmemCache, c.Arg(0)
	if cache == 0 || k.inInterrupt() || k.mem.Get(cache, lay.Growing) != 0 {
		k.bug("kmem_cache_destroy", "slab.c", senseBug)
	}
	link, chain := cache+lay.Next.Off, k.sym.CacheCache+lay.Next.Off
	if k.mem.U32(k.sym.ClockSearchp) == cache {
		k.mem.SetU32(k.sym.ClockSearchp, k.mem.U32(link)-lay.Next.Off)
	}
	k.listDel(link)
	k.shrinkCache(cache)
	if !k.listEmpty(cache+lay.SlabsFull.Off) || !k.listEmpty(cache+lay.SlabsPartial.Off) {
		k.Printk("<3>kmem_cache_destroy: Can't free all objects %08x\n", cache)
		k.listAdd(link, chain)
		c.Return(1)
		return
	}
	k.cacheFree(k.sym.CacheCache, cache)
	c.Return(0)
}

// reapCaches frees every slab without objects in use, but for caches that do not want it, and reports whether there were
// any. (2.4 takes a part of one cache at a time, and comes back for more.) Without a running task nothing can be
// destructed.
func (k *Kernel) reapCaches() bool {
	lay, any := &k.lay.KmemCache, k.looking.check.releaseAll(0)
	for cache := range k.caches() {
		if k.mem.Get(cache, lay.Flags)&k.slab.noReap != 0 || k.running == nil && k.mem.Get(cache, lay.Dtor) != 0 {
			continue
		}
		any = k.shrinkCache(cache) > 0 || any
	}
	return any
}

// CacheAddresses are the slab caches as kernel functions take them, the newest first.
func (k *Kernel) CacheAddresses() (all []uint32) {
	for cache := range k.caches() {
		all = append(all, cache)
	}
	return all
}

// A CacheStat tells how a slab cache stands.
type CacheStat struct {
	Name                   string
	Active, Objects, Slabs uint32 // objects in use, objects there are, slabs
	SlabPages              uint32 // pages of each slab
}

// Caches tells how the slab caches stand, the newest first.
func (k *Kernel) Caches() []CacheStat {
	var all []CacheStat
	lay, slay := &k.lay.KmemCache, &k.lay.Slab
	for cache := range k.caches() {
		var s CacheStat
		s.Name, _ = k.mem.CString(cache+lay.Name.Off, cacheNameLen)
		s.SlabPages = 1 << (k.mem.Get(cache, lay.Gfporder) & 31)
		for _, list := range []abi.Field{lay.SlabsFull, lay.SlabsPartial, lay.SlabsFree} {
			for slab := range k.listMembers("a list of slabs", cache+list.Off) {
				s.Active += k.mem.Get(slab, slay.Inuse)
				s.Objects += k.mem.Get(cache, lay.Num)
				s.Slabs++
			}
		}
		all = append(all, s)
	}
	return all
}
