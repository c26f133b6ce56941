// SPDX-License-Identifier: BSD-3-Clause
// Layouts of the slab allocator's own structures (mm/slab.c).

package abi

// KmemCacheLayout is struct kmem_cache_s, kmem_cache_t: a cache of equal objects.
type KmemCacheLayout struct {
	Size         uint32 `c:"(sizeof)"` // bytes
	SlabsFull    Field  `c:"slabs_full"`
	SlabsPartial Field  `c:"slabs_partial"`
	SlabsFree    Field  `c:"slabs_free"`
	Objsize      Field  `c:"objsize"`
	Flags        Field  `c:"flags"`    // SLAB_* and CFLGS_*
	Num          Field  `c:"num"`      // objects of a slab
	Gfporder     Field  `c:"gfporder"` // pages of a slab
	Gfpflags     Field  `c:"gfpflags"` // added to every allocation of pages
	Colour       Field  `c:"colour"`   // how many offsets there are
	ColourOff    Field  `c:"colour_off"`
	ColourNext   Field  `c:"colour_next"`
	SlabpCache   Field  `c:"slabp_cache"` // where slabs are described that have no room for it
	Growing      Field  `c:"growing"`
	Dflags       Field  `c:"dflags"`
	Ctor         Field  `c:"ctor"`
	Dtor         Field  `c:"dtor"`
	Failures     Field  `c:"failures"`
	Name         Field  `c:"name"`
	Next         Field  `c:"next"` // in the chain of all caches
}

// SlabLayout is struct slab_s: some pages cut into objects. An array of kmem_bufctl_t follows, the free list.
type SlabLayout struct {
	Size      uint32 `c:"(sizeof)"` // bytes
	List      Field  `c:"list"`
	Colouroff Field  `c:"colouroff"` // from the start of the pages to the first object
	SMem      Field  `c:"s_mem"`     // the first object
	Inuse     Field  `c:"inuse"`
	Free      Field  `c:"free"` // number of the first free object
}

// CacheSizesLayout is struct cache_sizes: the caches of one size behind kmalloc.
type CacheSizesLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	Bytes    Field  `c:"cs_size"`
	Cache    Field  `c:"cs_cachep"`
	DMACache Field  `c:"cs_dmacachep"`
}
