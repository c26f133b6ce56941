// SPDX-License-Identifier: BSD-3-Clause
// Address spaces of processes and their ranges: mm_struct, vm_area_struct (2.4.18 mm/mmap.c, kernel/fork.c). What happens
// when a page of a range is touched is in userpage.go, the system calls are in mmap.go.
//
// Ranges lie on mm->mmap, sorted by address. mm->mm_rb stays empty.

package guestkernel

import "ring0/guestkernel/abi"

// vmaOpsLayout is struct vm_operations_struct (linux/mm.h).
type vmaOpsLayout struct {
	Open   abi.Field `c:"open"`
	Close  abi.Field `c:"close"`
	Nopage abi.Field `c:"nopage"`
}

// vfsmountLayout is struct vfsmount as far as address spaces and tasks need it (linux/mount.h).
type vfsmountLayout struct {
	Count abi.Field `c:"mnt_count"`
}

// mmState is what address spaces need besides guest memory.
type mmState struct {
	ops      vmaOpsLayout
	mnt      vfsmountLayout
	pipe     pipeLayout
	stat     statLayouts
	inode    pipeInodeLayout
	contents map[uint32]*content // of inodes that have no file system, by their address
	cleaned  bool                // a page that is mapped has been marked as not written since: see writtenByKernel
}

func mmFunctions() []Function {
	return []Function{
		{Name: "old_mmap", Fn: oldMmap, Level: Partial, Note: mmapNote},
		{Name: "sys_mmap2", Fn: sysMmap2, Level: Partial, Note: mmapNote},
		{Name: "do_mmap_pgoff", Fn: doMmapPgoff, Level: Partial, Note: mmapNote},
		{Name: "sys_munmap", Fn: func(c *Call) { c.Return(uint32(-c.Kernel.munmap(c.Task().MM(), c.Arg(0), c.Arg(1)))) }, Level: Full},
		{Name: "do_munmap", Fn: func(c *Call) { c.Return(uint32(-c.Kernel.munmap(c.Arg(0), c.Arg(1), c.Arg(2)))) }, Level: Full},
		{Name: "sys_mprotect", Fn: func(c *Call) { c.Return(uint32(-c.Kernel.mprotect(c.Arg(0), c.Arg(1), c.Arg(2)))) }, Level: Full},
		{Name: "sys_brk", Fn: sysBrk, Level: Full},
		{Name: "do_brk", Fn: doBrk, Level: Full},
	}
}

const mmapNote = "MAP_LOCKED does not bring pages in"

func (k *Kernel) bootMM() error {
	k.mms.contents = map[uint32]*content{}
	if err := k.profile.Bind("struct vfsmount", &k.mms.mnt); err != nil {
		return err
	}
	return k.profile.Bind("struct vm_operations_struct", &k.mms.ops)
}

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
	k.initMMCounts(mm)
	return mm
}

// initMMCounts makes an address space one with a single user.
func (k *Kernel) initMMCounts(mm uint32) {
	lay := &k.lay.MM
	k.mem.Set(mm, lay.MmUsers, 1)
	k.mem.Set(mm, lay.MmCount, 1)
	k.listInit(mm + lay.MmapSem.Off + k.lay.RwSemaphore.WaitList.Off)
	k.listInit(mm + lay.Mmlist.Off)
}

// freeMM gives back an address space: ranges, pages, page tables, directory.
func (k *Kernel) freeMM(mm uint32) {
	for vma := k.mem.Get(mm, k.lay.MM.Mmap); vma != 0; {
		next := k.mem.Get(vma, k.lay.VMA.Next)
		k.closeVMA(vma)
		k.zapRange(mm, k.mem.Get(vma, k.lay.VMA.Start), k.mem.Get(vma, k.lay.VMA.End))
		k.freeVMA(vma)
		vma = next
	}
	k.mem.Set(mm, k.lay.MM.Mmap, 0)
	pgd := k.mem.Get(mm, k.lay.MM.Pgd)
	for i := range uint32(abi.TaskSize >> abi.PgdirShift) {
		if pde := k.mem.U32(pgd + 4*i); pde&abi.PagePresent != 0 {
			k.FreePages(abi.PageOffset+pde&abi.PageMask, 0)
		}
	}
	k.FreePages(pgd, 0)
	k.Kfree(mm)
}

// closeVMA tells a range's driver that it goes.
func (k *Kernel) closeVMA(vma uint32) {
	if fn := k.vmaOp(vma, k.mms.ops.Close); fn != 0 {
		k.Call(fn, vma)
	}
}

// freeVMA gives back a range's memory and its use of a file.
func (k *Kernel) freeVMA(vma uint32) {
	if f := k.mem.Get(vma, k.lay.VMA.File); f != 0 {
		k.fput(f)
	}
	k.Kfree(vma)
}

// vmaOp is an operation of a range, 0 when it has none of that kind.
func (k *Kernel) vmaOp(vma uint32, op abi.Field) uint32 {
	ops := k.mem.Get(vma, k.lay.VMA.Ops)
	if ops == 0 {
		return 0
	}
	return k.mem.Get(ops, op)
}

// zapRange frees the pages mapped in [start, end).
func (k *Kernel) zapRange(mm, start, end uint32) {
	k.eachPTE(mm, start, end, func(pte, addr, v uint32) {
		k.setPTE(pte, addr, 0)
		if frame := v >> abi.PageShift; frame < k.pages.count {
			page := k.pageOf(frame)
			if v&abi.PageDirty != 0 && v&abi.PagePresent != 0 && k.mem.Get(page, k.lay.Page.Mapping) != 0 {
				k.dirtyPage(page)
			}
			k.freePage(page, 0)
		}
		k.addRss(mm, ^uint32(0))
	})
}

// eachPTE calls f for the entries in [start, end) that are not empty.
func (k *Kernel) eachPTE(mm, start, end uint32, f func(pte, addr, v uint32)) {
	pgd := k.mem.Get(mm, k.lay.MM.Pgd)
	for addr := start; addr < end; addr += abi.PageSize {
		pte := k.pteAddr(pgd, addr)
		if pte == 0 {
			addr |= abi.PgdirSize - abi.PageSize // no table: on to the last page it would have mapped
			continue
		}
		if v := k.mem.U32(pte); v != 0 {
			f(pte, addr, v)
		}
	}
}

func (k *Kernel) addRss(mm, d uint32) {
	k.mem.Set(mm, k.lay.MM.Rss, k.mem.Get(mm, k.lay.MM.Rss)+d)
}

// Page protections by the low four bits of a range's flags: read, write, execute, shared (protection_map). Private
// writable memory is read-only until it is written.
func pageProt(flags uint32) uint32 {
	switch {
	case flags&(abi.VMRead|abi.VMWrite|abi.VMExec) == 0:
		return abi.PageProtNone | abi.PageAccessed
	case flags&(abi.VMWrite|abi.VMShared) == abi.VMWrite|abi.VMShared:
		return protAnonymous | abi.PageRW
	}
	return protAnonymous
}

// newVMA makes a range that is not yet in its address space; 0 without memory.
func (k *Kernel) newVMA(mm, start, end, flags uint32) uint32 {
	lay := &k.lay.VMA
	vma := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if vma == 0 {
		return 0
	}
	k.mem.Fill(vma, lay.Size, 0)
	k.mem.Set(vma, lay.MM, mm)
	k.mem.Set(vma, lay.Start, start)
	k.mem.Set(vma, lay.End, end)
	k.mem.Set(vma, lay.Flags, flags)
	k.mem.Set(vma, lay.PageProt, pageProt(flags))
	return vma
}

// linkVMA puts a range into its address space. It must not overlap another.
func (k *Kernel) linkVMA(mm, vma uint32) {
	lay, start := &k.lay.VMA, k.mem.Get(vma, k.lay.VMA.Start)
	link := mm + k.lay.MM.Mmap.Off
	for next := k.mem.U32(link); next != 0 && k.mem.Get(next, lay.Start) < start; next = k.mem.U32(link) {
		link = next + lay.Next.Off
	}
	k.mem.Set(vma, lay.Next, k.mem.U32(link))
	k.mem.SetU32(link, vma)
	k.mem.Set(mm, k.lay.MM.MapCount, k.mem.Get(mm, k.lay.MM.MapCount)+1)
}

// unlinkVMA is the reverse.
func (k *Kernel) unlinkVMA(mm, vma uint32) {
	lay := &k.lay.VMA
	link := mm + k.lay.MM.Mmap.Off
	for at := k.mem.U32(link); at != 0; at = k.mem.U32(link) {
		if at == vma {
			k.mem.SetU32(link, k.mem.Get(vma, lay.Next))
			k.mem.Set(mm, k.lay.MM.MapCount, k.mem.Get(mm, k.lay.MM.MapCount)-1)
			return
		}
		link = at + lay.Next.Off
	}
}

func (k *Kernel) addTotalVM(mm, bytes uint32) {
	total := k.mem.Get(mm, k.lay.MM.TotalVm) + uint32(int32(bytes)>>abi.PageShift)
	k.mem.Set(mm, k.lay.MM.TotalVm, total)
}

// mapAnonymous adds a private range [start, end) of demand-zero pages, or grows one that ends there. It must not overlap
// another. flags are VM_* bits.
func (k *Kernel) mapAnonymous(mm, start, end, flags uint32) bool {
	if !k.mergeVMA(mm, start, end, flags) {
		vma := k.newVMA(mm, start, end, flags)
		if vma == 0 {
			return false
		}
		k.linkVMA(mm, vma)
	}
	k.addTotalVM(mm, end-start)
	return true
}

// mergeVMA makes an anonymous private range part of its neighbours when they are alike (vma_merge).
func (k *Kernel) mergeVMA(mm, start, end, flags uint32) bool {
	lay := &k.lay.VMA
	alike := func(vma uint32) bool {
		return vma != 0 && k.mem.Get(vma, lay.Flags) == flags && k.mem.Get(vma, lay.File) == 0 && k.mem.Get(vma, lay.Ops) == 0
	}
	if flags&(abi.VMShared|abi.VMGrowsDown) != 0 {
		return false
	}
	next, before := k.findVMA(mm, start), uint32(0)
	for vma := k.mem.Get(mm, k.lay.MM.Mmap); vma != next; vma = k.mem.Get(vma, lay.Next) {
		before = vma
	}
	joinsNext := alike(next) && k.mem.Get(next, lay.Start) == end
	switch {
	case alike(before) && k.mem.Get(before, lay.End) == start:
		k.mem.Set(before, lay.End, end)
		if joinsNext {
			k.mem.Set(before, lay.End, k.mem.Get(next, lay.End))
			k.unlinkVMA(mm, next)
			k.freeVMA(next)
		}
	case joinsNext:
		k.mem.Set(next, lay.Start, start)
	default:
		return false
	}
	return true
}

// splitVMA cuts a range in two at addr. It returns the upper part, 0 without memory.
func (k *Kernel) splitVMA(vma, addr uint32) uint32 {
	lay := &k.lay.VMA
	upper := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if upper == 0 {
		return 0
	}
	k.mem.Copy(upper, vma, lay.Size)
	k.mem.Set(upper, lay.Start, addr)
	k.mem.Set(upper, lay.Pgoff, k.mem.Get(vma, lay.Pgoff)+(addr-k.mem.Get(vma, lay.Start))>>abi.PageShift)
	k.mem.Set(vma, lay.End, addr)
	k.useVMAFile(upper)
	k.linkVMA(k.mem.Get(vma, lay.MM), upper)
	return upper
}

// useVMAFile counts a new range's use of its file and tells its driver.
func (k *Kernel) useVMAFile(vma uint32) {
	if f := k.mem.Get(vma, k.lay.VMA.File); f != 0 {
		k.mem.Set(f, k.lay.File.Count, k.mem.Get(f, k.lay.File.Count)+1)
	}
	if fn := k.vmaOp(vma, k.mms.ops.Open); fn != 0 {
		k.Call(fn, vma)
	}
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
