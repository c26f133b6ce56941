// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// The zones of the real kernel, and the free memory of its line "Memory: 124900k/130944k available", give or take a few
// pages; it counts before the init section is given back. With high memory 1 MB more is in use there, for what is not known.
func TestZonesOfTheRealKernel(t *testing.T) {
	const initSection = 43
	for _, c := range []struct{ mb, normal, high, availableKB uint32 }{
		{32, 4064, 0, 28712},
		{64, 12256, 0, 60776},
		{128, 28640, 0, 124900},
		{256, 61408, 0, 253144},
		{512, 126944, 0, 511556},
		{1024, 225280, 32736, 1027620},
	} {
		t.Run(fmt.Sprint(c.mb, " MB"), func(t *testing.T) { // the kernel is closed before the next boots
			k := boot(t, Config{Mem: c.mb << 20})
			lay := &k.lay.Zone
			for i, want := range []uint32{4096, c.normal, c.high} {
				require.Equal(t, want, k.mem.Get(k.pages.zones[i].addr, lay.ZoneSize), "zone %d", i)
			}
			used := k.pages.count - (k.freePageCount() - initSection)
			require.InDelta(t, k.pages.count-c.availableKB/4, used, float64(64+c.high/128), "used at boot")
		})
	}
}

// blocks counts the free blocks of each order in each zone.
func blocks(k *Kernel) (n [3][maxOrder]int) {
	for i := range k.pages.zones {
		for order := range uint32(maxOrder) {
			head := k.freeList(&k.pages.zones[i], order)
			for e := k.mem.U32(head); e != head; e = k.mem.U32(e) {
				n[i][order]++
			}
		}
	}
	return n
}

// Every frame is in one free block or in use, and freeing merges blocks to what they were.
func TestBuddyMergesWhatItSplit(t *testing.T) {
	k := boot(t, Config{})
	before, free := blocks(k), k.freePageCount()
	gfp := k.pages.gfp
	type block struct{ page, order uint32 }
	var taken []block
	for i := range uint32(400) {
		mask := []uint32{gfp.kernel, gfp.dma | gfp.kernel, gfp.atomic}[i%3]
		page := k.AllocPages(mask, i%6)
		require.NotZero(t, page)
		require.Zero(t, k.frameOf(page)%(1<<(i%6)), "aligned")
		require.Equal(t, uint32(1), k.mem.Get(page, k.lay.Page.Count))
		taken = append(taken, block{page, i % 6})
	}
	for i := range taken { // in another order than taken
		b := taken[i*7%len(taken)]
		k.freePage(b.page, b.order)
	}
	require.Equal(t, free, k.freePageCount())
	require.Equal(t, before, blocks(k))
}

func TestAllocationStopsAtTheZonesMarks(t *testing.T) {
	k := boot(t, Config{Mem: 32 << 20})
	before, gfp := blocks(k), k.pages.gfp
	var pages []uint32
	take := func(mask uint32) {
		for page := k.AllocPages(mask, 0); page != noPage; page = k.AllocPages(mask, 0) {
			pages = append(pages, page)
		}
	}
	take(gfp.kernel)
	left := k.freePageCount()
	require.InDelta(t, 4096/128+4064/128, left, 2, "both zones at their minimum")
	require.Zero(t, k.AllocPages(gfp.kernel, 1))
	take(gfp.atomic)
	require.Less(t, k.freePageCount(), left/2, "atomic requests may go on to a quarter of it")
	require.Zero(t, k.AllocPages(gfp.kernel, maxOrder))
	for _, page := range pages {
		k.freePage(page, 0)
	}
	require.Equal(t, before, blocks(k))
}

// What inline functions of modules rely on: virt_to_page, page_address, the zone in the flags, reserved pages.
func TestMemMap(t *testing.T) {
	k := boot(t, Config{})
	lay := &k.lay.Page
	addr := k.GetFreePages(k.pages.gfp.kernel, 0)
	page := k.mem.U32(k.sym.MemMap) + physical(addr)>>abi.PageShift*lay.Size
	require.Equal(t, addr, k.mem.Get(page, lay.Virtual))
	require.Equal(t, uint32(1), k.mem.Get(page, lay.Flags)>>zoneShift)
	require.Equal(t, uint32(0), k.mem.Get(page, lay.Flags)>>k.reservedBit&1)
	kernelText := k.pageOf(0x100)
	require.Equal(t, uint32(1), k.mem.Get(kernelText, lay.Flags)>>k.reservedBit&1)
	k.freePage(kernelText, 0)
	require.Zero(t, k.mem.Get(kernelText, lay.Count), "reserved pages are left alone")
	require.Equal(t, uint32(0xc1000030), k.pages.memMap)
}
