// SPDX-License-Identifier: BSD-3-Clause
// Device memory in the kernel's address space (2.4.18 arch/i386/mm/ioremap.c).

package guestkernel

import "ring0/guestkernel/abi"

func ioremapFunctions() []Function {
	return []Function{
		{Name: "__ioremap", Fn: ioremap, Level: Full},
		{Name: "iounmap", Fn: iounmap, Level: Full},
		{Name: "page_is_ram", Fn: pageIsRAM, Level: Full},
	}
}

// isaMemory is the memory of adapters on the ISA bus, which is always mapped.
const (
	isaMemory    = 0xa0000
	isaMemoryEnd = 0x100000
)

// ioremap models void *__ioremap(unsigned long phys_addr, unsigned long size, unsigned long flags). Returns an address that
// reaches the device, or NULL: without memory, for nothing, and for RAM that is in use. As in 2.4.18 a range that ends
// with the first byte of a page lacks that page.
func ioremap(c *Call) {
	k, start, size, flags := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2)
	c.Return(0)
	last := start + size - 1
	switch {
	case size == 0 || last < start:
		return
	case start >= isaMemory && last < isaMemoryEnd:
		c.Return(abi.PageOffset + start)
		return
	case start < physical(k.mem.U32(k.sym.HighMemory)) && !k.allReserved(start, last):
		return
	}
	base := start & abi.PageMask
	area := k.getVMArea((last+abi.PageSize-1)&abi.PageMask-base, abi.VMIoremap)
	if area == 0 {
		return
	}
	addr := k.mem.Get(area, k.lay.VMStruct.Addr)
	end := k.mem.Get(area, k.lay.VMStruct.AreaSize) - abi.PageSize
	const bits = abi.PageKernelBits
	for off := uint32(0); off < end; off += abi.PageSize {
		pte := k.pteAlloc(k.sym.SwapperPgDir, addr+off)
		if pte == 0 {
			k.Vfree(addr)
			return
		}
		k.setPTE(pte, addr+off, (base+off)|bits|flags)
	}
	c.Return(addr + start - base)
}

// allReserved tells whether every page of a range of RAM is reserved: not in anybody's use.
func (k *Kernel) allReserved(start, last uint32) bool {
	for frame := start >> abi.PageShift; frame <= last>>abi.PageShift; frame++ {
		if k.mem.Get(k.pageOf(frame), k.lay.Page.Flags)>>k.reservedBit&1 == 0 {
			return false
		}
	}
	return true
}

// iounmap models void iounmap(void *addr). Addresses of always mapped memory are ignored.
func iounmap(c *Call) {
	k := c.Kernel
	if c.Arg(0) > k.mem.U32(k.sym.HighMemory) && !k.Vfree(c.Arg(0)&abi.PageMask) {
		k.showStack(c.SP())
	}
}

// pageIsRAM models int page_is_ram(unsigned long pagenr): the whole page is RAM by the BIOS's map.
func pageIsRAM(c *Call) {
	c.Return(0)
	start := uint64(c.Arg(0)) << abi.PageShift
	for _, r := range c.Kernel.memoryMap() {
		first := (uint64(r.start) + abi.PageSize - 1) &^ (abi.PageSize - 1)
		if r.name == ramName && start >= first && start+abi.PageSize <= uint64(r.end)+1 {
			c.Return(1)
		}
	}
}
