// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// cacheStat finds the state of one cache.
func cacheStat(k *Kernel, name string) (found CacheStat) {
	for _, s := range k.Caches() {
		if s.Name == name {
			return s
		}
	}
	return CacheStat{}
}

// The general caches as a 2.4.18 with more than 32 MB has them: objects and pages of a slab, and whether a slab is described
// in front of its objects. (From the rules of kmem_cache_create; a real /proc/slabinfo shows the same shapes.)
func TestGeneralCaches(t *testing.T) {
	k := boot(t, Config{})
	lay, sizes := &k.lay.KmemCache, &k.lay.CacheSizes
	for i, want := range []struct {
		size, num, order uint32
		offSlab          bool
	}{
		{32, 113, 0, false}, {64, 59, 0, false}, {128, 30, 0, false}, {256, 15, 0, false},
		{512, 8, 0, true}, {1024, 4, 0, true}, {2048, 2, 0, true}, {4096, 1, 0, true},
		{8192, 1, 1, true}, {16384, 1, 2, true}, {32768, 1, 3, true}, {65536, 1, 4, true}, {131072, 1, 5, true},
	} {
		at := k.sym.CacheSizes + uint32(i)*sizes.Size
		require.Equal(t, want.size, k.mem.Get(at, sizes.Bytes))
		for _, cache := range []uint32{k.mem.Get(at, sizes.Cache), k.mem.Get(at, sizes.DMACache)} {
			require.Equal(t, want.size, k.mem.Get(cache, lay.Objsize))
			require.Equal(t, want.num, k.mem.Get(cache, lay.Num), "size %d", want.size)
			require.Equal(t, want.order, k.mem.Get(cache, lay.Gfporder), "size %d", want.size)
			require.Equal(t, want.offSlab, k.mem.Get(cache, lay.Flags)&cacheOffSlab != 0, "size %d", want.size)
		}
	}
	newest := k.createCache(cacheSpec{name: "newest", size: 8})
	require.NotZero(t, newest)
	require.Equal(t, "newest", k.Caches()[0].Name)
}

func TestKmalloc(t *testing.T) {
	k := boot(t, Config{})
	kernel, dma := k.constant("GFP_KERNEL"), k.constant("GFP_DMA")
	before := k.freePageCount()
	var all []uint32
	for _, c := range []struct {
		size, gfp uint32
		from      string
	}{
		{0, kernel, "size-32"}, {1, kernel, "size-32"}, {32, kernel, "size-32"}, {33, kernel, "size-64"},
		{131072, kernel, "size-131072"}, {100, kernel | dma, "size-128(DMA)"}, {5000, k.constant("GFP_ATOMIC"), "size-8192"},
	} {
		active := cacheStat(k, c.from).Active
		addr := k.Kmalloc(c.size, c.gfp)
		require.NotZero(t, addr)
		require.Equal(t, active+1, cacheStat(k, c.from).Active, "%d bytes", c.size)
		if c.gfp&dma != 0 {
			require.Less(t, addr, uint32(abi.PageOffset+16<<20))
		}
		all = append(all, addr)
	}
	for _, size := range []uint32{131073, 1 << 20, 0xffffffff} {
		require.Zero(t, k.Kmalloc(size, kernel))
	}
	for _, addr := range all {
		k.Kfree(addr)
	}
	k.Kfree(0)
	k.reapCaches()
	require.InDelta(t, before, k.freePageCount(), 3, "what else is in use of slabs made for this")
}

// Objects come last freed first, from the partial slab before the free one.
func TestKmallocOrder(t *testing.T) {
	k := boot(t, Config{})
	kernel := k.constant("GFP_KERNEL")
	a, b, c := k.Kmalloc(2000, kernel), k.Kmalloc(2000, kernel), k.Kmalloc(2000, kernel)
	require.Equal(t, a&abi.PageMask, b&abi.PageMask)
	require.NotEqual(t, a&abi.PageMask, c&abi.PageMask)
	k.Kfree(a)
	k.Kfree(b)
	k.Kfree(c)
	require.Equal(t, c, k.Kmalloc(2000, kernel))
}

// Memory that is used up is NULL, not an end; and free slabs come back when pages are short.
func TestKmallocExhausted(t *testing.T) {
	k := boot(t, Config{Mem: 20 << 20})
	kernel := k.constant("GFP_KERNEL")
	var all []uint32
	for {
		addr := k.Kmalloc(4096, kernel)
		if addr == 0 {
			break
		}
		all = append(all, addr)
	}
	require.Greater(t, len(all), 500)
	require.Zero(t, k.Kmalloc(4096, kernel))
	last := k.GetFreePages(kernel, 0) // a slab may lack only the page for its description
	require.Zero(t, k.GetFreePages(kernel, 0))
	k.FreePages(last, 0)
	for _, addr := range all {
		k.Kfree(addr)
	}
	require.Less(t, k.freePageCount(), uint32(300), "the slabs keep their pages")
	require.NotZero(t, k.GetFreePages(kernel, 2), "until somebody needs them")
}

// A double free makes a slab's free list circular, as without debugging in 2.4: the next two objects are one.
func TestDoubleFree(t *testing.T) {
	k := boot(t, Config{})
	kernel := k.constant("GFP_KERNEL")
	a, b := k.Kmalloc(100, kernel), k.Kmalloc(100, kernel)
	k.Kfree(a)
	k.Kfree(a)
	require.Equal(t, a, k.Kmalloc(100, kernel))
	require.Equal(t, a, k.Kmalloc(100, kernel))
	_ = b
}

// Calls that make no sense are a BUG() with 2.4.18-14's line, and the task dies.
func TestSlabBugs(t *testing.T) {
	name := func(g *guest, s string) uint32 { return g.put(append([]byte(s), 0)...) }
	for _, c := range []struct {
		what string
		fn   string
		args func(g *guest) []uint32
		line int
	}{
		{"no name", "kmem_cache_create", func(g *guest) []uint32 { return []uint32{0, 32, 0, 0, 0, 0} }, 640},
		{"too long a name", "kmem_cache_create", func(g *guest) []uint32 { return []uint32{name(g, "0123456789012345678"), 32, 0, 0, 0, 0} }, 640},
		{"too small", "kmem_cache_create", func(g *guest) []uint32 { return []uint32{name(g, "x"), 3, 0, 0, 0, 0} }, 640},
		{"too large", "kmem_cache_create", func(g *guest) []uint32 { return []uint32{name(g, "x"), 131073, 0, 0, 0, 0} }, 640},
		{"destructor alone", "kmem_cache_create", func(g *guest) []uint32 { return []uint32{name(g, "x"), 32, 0, 0, 0, 1} }, 640},
		{"debugging flag", "kmem_cache_create", func(g *guest) []uint32 { return []uint32{name(g, "x"), 32, 0, 0x800, 0, 0} }, 670},
		{"name taken", "kmem_cache_create", func(g *guest) []uint32 { return []uint32{name(g, "size-32"), 32, 0, 0, 0, 0} }, 815},
		{"destroy nothing", "kmem_cache_destroy", func(g *guest) []uint32 { return []uint32{0} }, 1001},
		{"shrink nothing", "kmem_cache_shrink", func(g *guest) []uint32 { return []uint32{0} }, 972},
		{"highmem", "kmalloc", func(g *guest) []uint32 { return []uint32{131072, 0x1f2} }, 1120},
		{"DMA of another cache", "kmem_cache_alloc", func(g *guest) []uint32 { return []uint32{g.k.sym.CacheCache, 0x1f1} }, 1236},
		{"none of a DMA cache", "kmem_cache_alloc", func(g *guest) []uint32 { return []uint32{g.k.generalCache(32, true), 0x1f0} }, 1239},
	} {
		t.Run(c.what, func(t *testing.T) {
			g := newGuest(t, Config{})
			at, ok := g.k.profile.Symbol(c.fn)
			require.True(t, ok)
			o := g.run(at, c.args(g)...)
			require.Equal(t, Killed, o.Kind, "%v", o)
			require.Contains(t, g.k.LogText(), fmt.Sprintf("<4>kernel BUG at slab.c:%d!\n<4>invalid operand: 0000\n", c.line))
		})
	}
}
