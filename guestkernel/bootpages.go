// SPDX-License-Identifier: BSD-3-Clause
// Setting up page allocation: the PC's memory map, boot-time allocations, mem_map, zones, the first free blocks
// (2.4.18 arch/i386/kernel/setup.c, mm/bootmem.c, mm/page_alloc.c free_area_init_core).

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

// The memory of the PC on which the profile was measured.
const (
	ebdaFrame    = 0x9fc00 >> abi.PageShift   // base memory ends inside this page
	dmaFrames    = 16 << 20 >> abi.PageShift  // zone DMA
	lowFramesMax = 896 << 20 >> abi.PageShift // the rest is high memory
	acpiReserved = 128 << 10                  // at the top of RAM
	bootGoal     = uint32(16 << 20)           // boot-time allocations keep clear of zone DMA
	pagesPerWait = 256                        // PAGES_PER_WAITQUEUE
	balanceRatio = 128                        // zone_balance_ratio, and the limits of what it yields
	balanceMin   = 20
	balanceMax   = 255
)

// bootPages lays out mem_map and the zones and frees everything that is not in use.
func (k *Kernel) bootPages() error {
	k.pages.gfp = gfpFlags{
		dma: k.constant("__GFP_DMA"), highmem: k.constant("__GFP_HIGHMEM"), wait: k.constant("__GFP_WAIT"),
		kernel: k.constant("GFP_KERNEL"), atomic: k.constant("GFP_ATOMIC"),
	}
	k.reservedBit = k.constant("PG_reserved")
	p := &k.pages
	p.count = (k.cfg.Mem - acpiReserved) >> abi.PageShift
	p.low = min(p.count, lowFramesMax)
	k.bootNext = bootGoal
	p.memMap = k.bootAlloc(p.count*k.lay.Page.Size + 2*k.lay.Page.Size)
	if rest := p.memMap % abi.PageOffset % k.lay.Page.Size; rest != 0 {
		p.memMap += k.lay.Page.Size - rest // MAP_ALIGN: a multiple of the entry from PAGE_OFFSET on
	}
	bounds := [...]uint32{0, min(dmaFrames, p.low), p.low, p.count}
	for i := range p.zones {
		size := bounds[i+1] - bounds[i]
		p.zones[i] = zone{addr: k.sym.ContigPgdat + k.lay.PgData.NodeZones.Off + uint32(i)*k.lay.Zone.Size, start: bounds[i], size: size}
		k.layZone(i)
	}
	k.layNode()
	k.bootReserve()
	free := k.unusedFrames()
	k.layMemMap(free)
	for _, r := range free {
		k.freeFrames(r)
	}
	k.mem.SetU32(k.sym.TotalRAM, k.freePageCount())
	return nil
}

// frameRange is page frames first … end-1.
type frameRange struct{ first, end uint32 }

// unusedFrames lists the memory that nobody has taken, in the order in which it is freed: base memory without page 0, the
// memory below and above the boot-time allocations with high memory, and the image's init section, which a booted kernel
// has given back.
func (k *Kernel) unusedFrames() []frameRange {
	up := func(addr uint32) uint32 { return (addr + abi.PageSize - 1) >> abi.PageShift }
	return []frameRange{
		{1, ebdaFrame},
		{up(physical(k.sym.End)), bootGoal >> abi.PageShift},
		{up(k.bootNext), k.pages.count},
		{up(physical(k.sym.InitBegin)), physical(k.sym.InitEnd) >> abi.PageShift},
	}
}

// bootAlloc takes zeroed memory that is never freed and returns its kernel address.
func (k *Kernel) bootAlloc(size uint32) uint32 {
	addr := (k.bootNext + 15) &^ 15
	k.bootNext = addr + size
	return abi.PageOffset + addr
}

// bootReserve takes what else the real kernel had allocated when it printed its memory line. The hash tables and buffers
// behind it are not modelled; the sum is, by what was measured with 32 to 1024 MB: 32 bytes for each of the first 65536
// page frames, a quarter byte for each frame, and 80 KB.
func (k *Kernel) bootReserve() {
	const perFrame, frames, fixed = 32, 65536, 80 << 10
	k.bootAlloc(min(k.pages.count, frames)*perFrame + fixed)
}

// layMemMap writes every struct page: list empty, zone in the flags, kernel address; reserved unless in one of the ranges.
func (k *Kernel) layMemMap(free []frameRange) {
	lay, p := &k.lay.Page, &k.pages
	table := k.m.RAM()[physical(p.memMap):]
	put := func(entry []byte, f abi.Field, v uint32) { binary.LittleEndian.PutUint32(entry[f.Off:], v) }
	for frame := range p.count {
		entry, self := table[frame*lay.Size:][:lay.Size], p.memMap+frame*lay.Size
		zone := uint32(1)
		switch {
		case frame < dmaFrames:
			zone = 0
		case frame >= p.low:
			zone = 2
		}
		put(entry, lay.List, self)
		binary.LittleEndian.PutUint32(entry[lay.List.Off+4:], self)
		reserved := uint32(1)
		if inRanges(free, frame) {
			reserved = 0
		}
		put(entry, lay.Flags, zone<<zoneShift|reserved<<k.reservedBit)
		if zone != 2 && lay.Virtual.Exists {
			put(entry, lay.Virtual, abi.PageOffset+frame<<abi.PageShift)
		}
	}
}

func inRanges(ranges []frameRange, frame uint32) bool {
	for _, r := range ranges {
		if frame >= r.first && frame < r.end {
			return true
		}
	}
	return false
}

// zoneShift is where page->flags keeps the zone's number (ZONE_SHIFT).
const zoneShift = 24

// layZone writes a zone_t.
func (k *Kernel) layZone(i int) {
	z, lay := &k.pages.zones[i], &k.lay.Zone
	set := func(f abi.Field, v uint32) { k.mem.Set(z.addr, f, v) }
	mark := min(max(z.size/balanceRatio, balanceMin), balanceMax)
	set(lay.PagesMin, mark)
	set(lay.PagesLow, mark*2)
	set(lay.PagesHigh, mark*3)
	set(lay.ZonePgdat, k.sym.ContigPgdat)
	set(lay.ZoneMemMap, k.pageOf(z.start))
	set(lay.ZoneStartPaddr, z.start<<abi.PageShift)
	set(lay.ZoneStartMapnr, z.start)
	set(lay.ZoneSize, z.size)
	set(lay.Name, k.bootString([...]string{"DMA", "Normal", "HighMem"}[i]))
	k.mem.SetU32(k.sym.ZoneTable+4*uint32(i), z.addr)
	for order := range uint32(maxOrder) {
		k.listInit(k.freeList(z, order))
		if z.size > 0 && order < maxOrder-1 {
			size := (z.size-1)>>(order+4) + 1 // a bit for two blocks, in bytes, rounded as the kernel does
			k.mem.SetU32(k.freeArea(z, order)+k.lay.FreeArea.Map.Off, k.bootAlloc((size+3)&^3))
		}
	}
	if z.size > 0 {
		k.layWaitTable(z)
	}
}

// layWaitTable gives a zone its hash table of wait queues for locked pages.
func (k *Kernel) layWaitTable(z *zone) {
	lay := &k.lay.Zone
	size, shift := uint32(1), uint32(32)
	for ; size < z.size/pagesPerWait && size < abi.PageSize; size <<= 1 {
		shift--
	}
	table := k.bootAlloc(size * k.lay.WaitQueueHead.Size)
	k.mem.Set(z.addr, lay.WaitTable, table)
	k.mem.Set(z.addr, lay.WaitTableSize, size)
	k.mem.Set(z.addr, lay.WaitTableShift, shift)
	for i := range size {
		k.listInit(table + i*k.lay.WaitQueueHead.Size + k.lay.WaitQueueHead.TaskList.Off)
	}
}

// layNode writes the one memory node and the kernel's counters.
func (k *Kernel) layNode() {
	p, lay, node := &k.pages, &k.lay.PgData, k.sym.ContigPgdat
	k.mem.Set(node, lay.NrZones, uint32(len(p.zones)))
	k.mem.Set(node, lay.NodeMemMap, p.memMap)
	k.mem.Set(node, lay.NodeSize, p.count)
	k.mem.SetU32(k.sym.PgdatList, node)
	for gfp := range uint32(16) {
		list := node + lay.NodeZonelists.Off + gfp*16
		for i := k.topZone(gfp); i >= 0; i-- {
			if p.zones[i].size > 0 {
				k.mem.SetU32(list, p.zones[i].addr)
				list += 4
			}
		}
	}
	k.mem.SetU32(k.sym.MemMap, p.memMap)
	k.mem.SetU32(k.sym.MaxMapnr, p.count)
	k.mem.SetU32(k.sym.NumPhyspages, p.count)
	k.mem.SetU32(k.sym.HighMemory, abi.PageOffset+p.low<<abi.PageShift)
}

// freeFrames gives a range to the buddy system in the largest aligned blocks.
func (k *Kernel) freeFrames(r frameRange) {
	for r.first < r.end {
		z := k.zoneOf(r.first)
		order, end := uint32(0), min(r.end, z.start+z.size)
		for order+1 < maxOrder && (r.first-z.start)%(2<<order) == 0 && r.first+2<<order <= end {
			order++
		}
		k.giveBlock(k.pageOf(r.first), order)
		r.first += 1 << order
	}
}

// bootString puts a string into boot-time memory.
func (k *Kernel) bootString(s string) uint32 {
	addr := k.bootAlloc(uint32(len(s)) + 1)
	k.mem.Write(addr, append([]byte(s), 0))
	return addr
}
