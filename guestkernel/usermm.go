// SPDX-License-Identifier: BSD-3-Clause
// Address spaces of processes: mm_struct, vm_area_struct, demand-zero pages (2.4.18 mm/memory.c, mm/mmap.c, kernel/fork.c).
//
// Ranges are anonymous and private; they lie on mm->mmap, sorted by address. mm->mm_rb stays empty. Copy on write between
// processes and ranges of files come with fork and exec.

package guestkernel

import "ring0/guestkernel/abi"

const (
	protAnonymous = abi.PagePresent | abi.PageUser | abi.PageAccessed // PAGE_READONLY, PAGE_COPY
	stackExpand   = 32                                                // how far below ESP an instruction may push
)

// newMM makes an address space whose directory has the kernel's half; 0 without memory.
func (k *Kernel) newMM() uint32 {
	lay := &k.lay.MM
	gfp := k.pages.gfp.kernel
	mm, pgd := k.Kmalloc(lay.Size, gfp), k.zeroedPage(gfp)
	if mm == 0 || pgd == 0 {
		k.Kfree(mm)
		k.FreePages(pgd, 0)
		return 0
	}
	kernelHalf := pgdOffset(abi.PageOffset)
	k.mem.Copy(pgd+kernelHalf, k.sym.SwapperPgDir+kernelHalf, abi.PageSize-kernelHalf)
	k.mem.Fill(mm, lay.Size, 0)
	k.mem.Set(mm, lay.Pgd, pgd)
	k.mem.Set(mm, lay.MmUsers, 1)
	k.mem.Set(mm, lay.MmCount, 1)
	k.listInit(mm + lay.MmapSem.Off + k.lay.RwSemaphore.WaitList.Off)
	k.listInit(mm + lay.Mmlist.Off)
	return mm
}

// freeMM gives back an address space: ranges, pages, page tables, directory.
func (k *Kernel) freeMM(mm uint32) {
	lay := &k.lay.VMA
	for vma := k.mem.Get(mm, k.lay.MM.Mmap); vma != 0; {
		next := k.mem.Get(vma, lay.Next)
		k.zapRange(mm, k.mem.Get(vma, lay.Start), k.mem.Get(vma, lay.End))
		k.Kfree(vma)
		vma = next
	}
	pgd := k.mem.Get(mm, k.lay.MM.Pgd)
	for i := range uint32(abi.TaskSize >> abi.PgdirShift) {
		if pde := k.mem.U32(pgd + 4*i); pde&abi.PagePresent != 0 {
			k.FreePages(abi.PageOffset+pde&abi.PageMask, 0)
		}
	}
	k.FreePages(pgd, 0)
	k.Kfree(mm)
}

// zapRange frees the pages mapped in [start, end).
func (k *Kernel) zapRange(mm, start, end uint32) {
	pgd := k.mem.Get(mm, k.lay.MM.Pgd)
	for addr := start; addr < end; addr += abi.PageSize {
		pte := k.pteAddr(pgd, addr)
		if pte == 0 {
			addr |= abi.PgdirSize - abi.PageSize // no table: on to the last page it would have mapped
			continue
		}
		v := k.mem.U32(pte)
		if v == 0 {
			continue
		}
		k.setPTE(pte, addr, 0)
		if frame := v >> abi.PageShift; frame < k.pages.count {
			k.freePage(k.pageOf(frame), 0)
		}
		k.mem.Set(mm, k.lay.MM.Rss, k.mem.Get(mm, k.lay.MM.Rss)-1)
	}
}

// mapAnonymous adds a private range [start, end) of demand-zero pages. It must not overlap another. flags are VM_* bits.
func (k *Kernel) mapAnonymous(mm, start, end, flags uint32) bool {
	lay := &k.lay.VMA
	vma := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if vma == 0 {
		return false
	}
	k.mem.Fill(vma, lay.Size, 0)
	k.mem.Set(vma, lay.MM, mm)
	k.mem.Set(vma, lay.Start, start)
	k.mem.Set(vma, lay.End, end)
	k.mem.Set(vma, lay.Flags, flags)
	k.mem.Set(vma, lay.PageProt, protAnonymous)
	link := mm + k.lay.MM.Mmap.Off
	for next := k.mem.U32(link); next != 0 && k.mem.Get(next, lay.Start) < start; next = k.mem.U32(link) {
		link = next + lay.Next.Off
	}
	k.mem.Set(vma, lay.Next, k.mem.U32(link))
	k.mem.SetU32(link, vma)
	k.mem.Set(mm, k.lay.MM.MapCount, k.mem.Get(mm, k.lay.MM.MapCount)+1)
	k.mem.Set(mm, k.lay.MM.TotalVm, k.mem.Get(mm, k.lay.MM.TotalVm)+(end-start)>>abi.PageShift)
	return true
}

// findVMA returns the first range that ends above addr, 0 when there is none (find_vma).
func (k *Kernel) findVMA(mm, addr uint32) uint32 {
	lay := &k.lay.VMA
	vma := k.mem.Get(mm, k.lay.MM.Mmap)
	for vma != 0 && k.mem.Get(vma, lay.End) <= addr {
		vma = k.mem.Get(vma, lay.Next)
	}
	return vma
}

// userFault makes addr accessible if it lies in a range that permits the access. A stack grows down to addr when that is
// not far below the user's stack pointer sp. It reports whether the access may be tried again.
func (k *Kernel) userFault(mm, addr uint32, write bool, sp uint32) bool {
	lay := &k.lay.VMA
	vma := k.findVMA(mm, addr)
	if vma == 0 {
		return false
	}
	flags := k.mem.Get(vma, lay.Flags)
	if start := k.mem.Get(vma, lay.Start); start > addr {
		if flags&abi.VMGrowsDown == 0 || addr+stackExpand < sp || !k.growStack(mm, vma, addr&abi.PageMask) {
			return false
		}
	}
	if write && flags&abi.VMWrite == 0 || !write && flags&(abi.VMRead|abi.VMWrite|abi.VMExec) == 0 {
		return false
	}
	return k.pageIn(mm, vma, addr, write)
}

// growStack moves the start of a stack's range down, within the stack limit.
func (k *Kernel) growStack(mm, vma, start uint32) bool {
	lay := &k.lay.VMA
	if limit := uint32(8 << 20); k.mem.Get(vma, lay.End)-start > limit {
		return false
	}
	grown := (k.mem.Get(vma, lay.Start) - start) >> abi.PageShift
	k.mem.Set(vma, lay.Start, start)
	k.mem.Set(mm, k.lay.MM.TotalVm, k.mem.Get(mm, k.lay.MM.TotalVm)+grown)
	return true
}

// pageIn maps a page of a private anonymous range: reading maps the shared page of zeros, writing a page of one's own,
// writable if the range is.
func (k *Kernel) pageIn(mm, vma, addr uint32, write bool) bool {
	own := uint32(protAnonymous | abi.PageDirty)
	if k.mem.Get(vma, k.lay.VMA.Flags)&abi.VMWrite != 0 {
		own |= abi.PageRW
	}
	pte := k.pteAlloc(k.mem.Get(mm, k.lay.MM.Pgd), addr)
	if pte == 0 {
		return false
	}
	old := k.mem.U32(pte)
	if old&abi.PagePresent != 0 && !(write && old&abi.PageRW == 0) {
		return true // somebody else was faster
	}
	if !write {
		k.setPTE(pte, addr, physical(k.sym.EmptyZero)|protAnonymous)
		k.mem.Set(mm, k.lay.MM.Rss, k.mem.Get(mm, k.lay.MM.Rss)+1)
		return true
	}
	if old&abi.PagePresent != 0 && old&abi.PageMask != physical(k.sym.EmptyZero) { // a page of one's own, so far read-only
		k.setPTE(pte, addr, old|own)
		return true
	}
	page := k.AllocPages(k.pages.gfp.kernel|k.pages.gfp.highmem, 0)
	if page == noPage {
		return false
	}
	frame := k.frameOf(page)
	k.m.WritePhys(frame<<abi.PageShift, make([]byte, abi.PageSize))
	if old&abi.PagePresent == 0 {
		k.mem.Set(mm, k.lay.MM.Rss, k.mem.Get(mm, k.lay.MM.Rss)+1)
	}
	k.setPTE(pte, addr, frame<<abi.PageShift|own)
	return true
}
