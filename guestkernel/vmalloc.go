// SPDX-License-Identifier: BSD-3-Clause
// Virtually contiguous memory: vmlist and its page tables (2.4.18 mm/vmalloc.c, include/asm-i386/module.h).
//
// An area is a vm_struct on vmlist, sorted by address, its size including one unmapped guard page behind it. New areas go
// into the first gap that fits. Page tables are built in swapper_pg_dir alone; other page directories get the entry when
// they first fault on it (see fault.go). Page tables of the area are never given back.

package guestkernel

import "ring0/guestkernel/abi"

// vmallocSpace is the part of vmalloc that never changes.
type vmallocSpace struct{ start, end uint32 }

// The areas that exist when the first process runs: sizes without guard page.
const (
	bootArea0 = 12 * abi.PageSize
	bootArea1 = abi.PageSize
)

func vmallocFunctions() []Function {
	return []Function{
		{Name: "__vmalloc", Fn: vmallocGFP, Level: Full},
		{Name: "vfree", Fn: vfree, Level: Full},
		{Name: "vmalloc_to_page", Fn: vmallocToPage, Level: Full},
	}
}

// vmallocGFP models void *__vmalloc(unsigned long size, int gfp_mask, pgprot_t prot). Returns the address or NULL; a size
// of 0 or of more than all memory is a BUG().
func vmallocGFP(c *Call) {
	const sizeBug = 249
	k := c.Kernel
	if pages, ok := k.vmallocPages(c.Arg(0)); !ok {
		k.bug("__vmalloc", "vmalloc.c", sizeBug)
	} else {
		c.Return(k.vmallocArea(pages, c.Arg(1), c.Arg(2)))
	}
}

// vfree models void vfree(void *addr).
func vfree(c *Call) {
	k, addr := c.Kernel, c.Arg(0)
	if addr != 0 && addr&^abi.PageMask == 0 && k.inInterrupt() {
		k.Printk("<4>vfree(): sleeping in interrupt!! \n")
		k.showStack(c.SP())
	}
	if !k.Vfree(addr) {
		k.showStack(c.SP())
	}
}

// vmallocToPage models struct page *vmalloc_to_page(void *addr): the page that is mapped at a vmalloc address, or NULL.
func vmallocToPage(c *Call) {
	k, addr := c.Kernel, c.Arg(0)
	c.Return(0)
	if pte := k.pteAddr(k.sym.SwapperPgDir, addr); pte != 0 {
		if v := k.mem.U32(pte); v&abi.PagePresent != 0 {
			c.Return(k.pageOf(v >> abi.PageShift))
		}
	}
}

// bootVmalloc finds the bounds (VMALLOC_START, VMALLOC_END) and makes the areas of boot time.
func (k *Kernel) bootVmalloc() error {
	high := k.mem.U32(k.sym.HighMemory)
	k.vm.start = (high + 2*abi.VmallocOffset - 1) &^ (abi.VmallocOffset - 1)
	k.vm.end = abi.VmallocEnd
	k.mem.SetU32(k.sym.Vmlist, 0)
	for _, size := range []uint32{bootArea0, bootArea1} {
		if k.Vmalloc(size) == 0 {
			panicf("no memory for the vmalloc areas of boot time")
		}
	}
	return nil
}

// Vmalloc returns size bytes, rounded up to pages, of virtually contiguous memory, or 0. The memory is not cleared.
func (k *Kernel) Vmalloc(size uint32) uint32 {
	return k.vmalloc(size, k.pages.gfp.kernel|k.pages.gfp.highmem, abi.PageKernelBits|abi.PageGlobal)
}

// ModuleMap and ModuleUnmap are where modules live (asm/module.h: module_map is vmalloc).
func (k *Kernel) ModuleMap(size uint32) uint32 { return k.Vmalloc(size) }

// ModuleUnmap frees what ModuleMap returned; 0 is ignored.
func (k *Kernel) ModuleUnmap(addr uint32) { k.Vfree(addr) }

// vmallocPages is how many pages size bytes take; ok is false for none and for more than there are.
func (k *Kernel) vmallocPages(size uint32) (pages uint32, ok bool) {
	pages = size>>abi.PageShift + (size&^abi.PageMask+abi.PageSize-1)>>abi.PageShift
	return pages, pages != 0 && pages <= k.mem.U32(k.sym.NumPhyspages)
}

// vmalloc makes an area of size bytes. For sizes of 0 and above all of memory 2.4.18 stops with BUG() in vmalloc.c; the
// system calls that come here have no memory for them.
func (k *Kernel) vmalloc(size, gfp, prot uint32) uint32 {
	pages, ok := k.vmallocPages(size)
	if !ok {
		k.note("vmalloc of %d bytes: 2.4.18 stops at a BUG() in mm/vmalloc.c here", size)
		return 0
	}
	return k.vmallocArea(pages, gfp, prot)
}

// vmallocArea makes an area and maps fresh pages into it; 0 without memory or space.
func (k *Kernel) vmallocArea(pages, gfp, prot uint32) uint32 {
	area := k.getVMArea(pages<<abi.PageShift, abi.VMAlloc)
	if area == 0 {
		return 0
	}
	addr := k.mem.Get(area, k.lay.VMStruct.Addr)
	for i := range pages {
		if !k.mapVmallocPage(addr+i<<abi.PageShift, gfp, prot) {
			k.Vfree(addr)
			return 0
		}
	}
	return addr
}

// mapVmallocPage maps one fresh page at addr.
func (k *Kernel) mapVmallocPage(addr, gfp, prot uint32) bool {
	pte := k.pteAlloc(k.sym.SwapperPgDir, addr)
	if pte == 0 {
		return false
	}
	page := k.AllocPages(gfp, 0)
	if page == noPage {
		return false
	}
	k.setPTE(pte, addr, k.frameOf(page)<<abi.PageShift|prot)
	return true
}

// getVMArea reserves address space for size bytes and a guard page and returns its vm_struct, or 0 (get_vm_area).
func (k *Kernel) getVMArea(size, flags uint32) uint32 {
	lay := &k.lay.VMStruct
	area := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if area == 0 {
		return 0
	}
	size += abi.PageSize
	link, addr, ok := k.findGap(size)
	if !ok {
		k.Kfree(area)
		return 0
	}
	k.mem.Set(area, lay.Flags, flags)
	k.mem.Set(area, lay.Addr, addr)
	k.mem.Set(area, lay.AreaSize, size)
	k.mem.Set(area, lay.Next, k.mem.U32(link))
	k.mem.SetU32(link, area)
	return area
}

// findGap returns the first gap of size bytes and the link behind which its area belongs.
func (k *Kernel) findGap(size uint32) (link, addr uint32, ok bool) {
	lay := &k.lay.VMStruct
	addr = k.vm.start
	for link = k.sym.Vmlist; ; {
		if size+addr < addr || addr > k.vm.end-size {
			return 0, 0, false
		}
		area := k.mem.U32(link)
		if area == 0 || size+addr <= k.mem.Get(area, lay.Addr) {
			return link, addr, true
		}
		addr = max(addr, k.mem.Get(area, lay.Addr)+k.mem.Get(area, lay.AreaSize))
		link = area + lay.Next.Off
	}
}

// Vfree unmaps and frees an area by its address; 0 is ignored. Addresses that are no area's are only complained about; it
// returns false for one that might have been.
func (k *Kernel) Vfree(addr uint32) bool {
	if addr == 0 {
		return true
	}
	if addr&^abi.PageMask != 0 {
		k.Printk("<3>Trying to vfree() bad address (%08x)\n", addr)
		return true
	}
	lay := &k.lay.VMStruct
	for link := k.sym.Vmlist; ; {
		area := k.mem.U32(link)
		if area == 0 {
			k.Printk("<3>Trying to vfree() nonexistent vm area (%08x)\n", addr)
			return false
		}
		if k.mem.Get(area, lay.Addr) == addr {
			k.mem.SetU32(link, k.mem.Get(area, lay.Next))
			k.looking.check.areaFreed(addr)
			k.freeAreaPages(addr, k.mem.Get(area, lay.AreaSize))
			k.Kfree(area)
			return true
		}
		link = area + lay.Next.Off
	}
}

// freeAreaPages frees the pages mapped in [addr, addr+size).
func (k *Kernel) freeAreaPages(addr, size uint32) {
	for end := addr + size; addr != end; addr += abi.PageSize {
		pte := k.pteAddr(k.sym.SwapperPgDir, addr)
		if pte == 0 {
			continue
		}
		v := k.mem.U32(pte)
		if v&abi.PagePresent == 0 {
			continue
		}
		k.setPTE(pte, addr, 0)
		if frame := v >> abi.PageShift; frame < k.pages.count {
			k.freePage(k.pageOf(frame), 0)
		}
	}
}
