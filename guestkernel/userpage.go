// SPDX-License-Identifier: BSD-3-Clause
// Pages of processes: brought in when they are touched, copied when they are written (2.4.18 arch/i386/mm/fault.c,
// mm/memory.c).

package guestkernel

import "ring0/guestkernel/abi"

const (
	protAnonymous = abi.PagePresent | abi.PageUser | abi.PageAccessed // PAGE_READONLY, PAGE_COPY
	stackExpand   = 32                                                // how far below ESP an instruction may push
)

// content is what an inode without a file system holds: the bytes of a program from the host, or pages of shared memory.
type content struct {
	data  []byte
	pages map[uint32]uint32 // struct page by number; nil: not shared memory
}

// dropContent frees what a dying inode holds.
func (k *Kernel) dropContent(inode uint32) {
	if has := k.mms.contents[inode]; has != nil {
		for i := range k.filePages(inode) {
			if page, there := has.pages[i]; there {
				k.freePage(page, 0)
			}
		}
		delete(k.mms.contents, inode)
	}
}

// filePages is how many pages an inode's length makes.
func (k *Kernel) filePages(inode uint32) uint32 {
	return uint32((k.mem.U64(inode+k.lay.Inode.Length.Off) + abi.PageSize - 1) >> abi.PageShift)
}

// userFault makes addr accessible if it lies in a range that permits the access. A stack grows down to addr when that is
// not far below the user's stack pointer sp. code is the page fault's error code. It returns the signal that the access
// deserves, 0 when it may be tried again.
func (k *Kernel) userFault(mm, addr, code, sp uint32) (signal int) {
	lay := &k.lay.VMA
	vma := k.findVMA(mm, addr)
	if vma == 0 {
		return abi.SIGSEGV
	}
	flags := k.mem.Get(vma, lay.Flags)
	if start := k.mem.Get(vma, lay.Start); start > addr {
		if flags&abi.VMGrowsDown == 0 || addr+stackExpand < sp || !k.growStack(mm, vma, addr&abi.PageMask) {
			return abi.SIGSEGV
		}
	}
	write := code&faultWrite != 0
	switch {
	case write && flags&abi.VMWrite == 0:
		return abi.SIGSEGV
	case !write && code&faultPresent != 0: // it is there: not for this one
		return abi.SIGSEGV
	case !write && flags&(abi.VMRead|abi.VMExec) == 0:
		return abi.SIGSEGV
	}
	if signal = k.pageIn(mm, vma, addr, write); signal == 0 && k.running != nil {
		k.running.Set(k.lay.Task.MinFlt, k.running.Get(k.lay.Task.MinFlt)+1)
	}
	return signal
}

// growStack moves the start of a stack's range down, within the stack limit of the running task.
func (k *Kernel) growStack(mm, vma, start uint32) bool {
	const stack = 3 // RLIMIT_STACK
	lay, limit := &k.lay.VMA, uint32(8<<20)
	if t := k.running; t != nil {
		limit = k.rlimit(t, stack)
	}
	if k.mem.Get(vma, lay.End)-start > limit {
		return false
	}
	k.addTotalVM(mm, k.mem.Get(vma, lay.Start)-start)
	k.mem.Set(vma, lay.Start, start)
	return true
}

// rlimit is the soft limit of a task, by RLIMIT_ number.
func (k *Kernel) rlimit(t *Task, which uint32) uint32 {
	return k.mem.U32(t.addr + k.lay.Task.Rlim.Off + 8*which)
}

// pageIn brings in a page of a range, for writing or for reading (handle_mm_fault). It returns the signal for a page that
// cannot be had: SIGBUS behind the end of a file, SIGKILL without memory.
func (k *Kernel) pageIn(mm, vma, addr uint32, write bool) (signal int) {
	pte := k.pteAlloc(k.mem.Get(mm, k.lay.MM.Pgd), addr)
	if pte == 0 {
		return abi.SIGKILL
	}
	old := k.mem.U32(pte)
	switch {
	case old&abi.PagePresent != 0 && (!write || old&abi.PageRW != 0):
		return 0 // somebody else was faster
	case old&abi.PagePresent != 0:
		return k.copyOnWrite(vma, pte, addr, old)
	case k.vmaOp(vma, k.mms.ops.Nopage) != 0, k.contentOf(vma) != nil:
		return k.filePage(mm, vma, pte, addr, write)
	case !write:
		k.setPTE(pte, addr, physical(k.sym.EmptyZero)|protAnonymous)
		k.addRss(mm, 1)
		return 0
	}
	page := k.userPage()
	if page == noPage {
		return abi.SIGKILL
	}
	k.m.WritePhys(k.physOf(page), make([]byte, abi.PageSize))
	k.setPTE(pte, addr, k.physOf(page)|k.writtenProt(vma))
	k.addRss(mm, 1)
	return 0
}

// userPage takes a page for a process.
func (k *Kernel) userPage() uint32 { return k.AllocPages(k.pages.gfp.kernel|k.pages.gfp.highmem, 0) }

// physOf is the physical address of a struct page.
func (k *Kernel) physOf(page uint32) uint32 { return k.frameOf(page) << abi.PageShift }

// writtenProt are the bits of a page of one's own, which has just been written.
func (k *Kernel) writtenProt(vma uint32) uint32 {
	prot := k.mem.Get(vma, k.lay.VMA.PageProt) | abi.PageDirty
	if k.mem.Get(vma, k.lay.VMA.Flags)&abi.VMWrite != 0 {
		prot |= abi.PageRW
	}
	return prot
}

// copyOnWrite gives a range a page of its own in place of one that it shares, and lets it write to one that nobody else
// has any more (do_wp_page).
func (k *Kernel) copyOnWrite(vma, pte, addr, old uint32) (signal int) {
	frame := old >> abi.PageShift
	if frame >= k.pages.count {
		return 0 // a device's memory: there is nothing to copy
	}
	was := k.pageOf(frame)
	if reserved := k.mem.Get(was, k.lay.Page.Flags)>>k.reservedBit&1 != 0; !reserved && k.mem.Get(was, k.lay.Page.Count) == 1 {
		k.setPTE(pte, addr, old|k.writtenProt(vma))
		return 0
	}
	page := k.userPage()
	if page == noPage {
		return abi.SIGKILL
	}
	bytes := make([]byte, abi.PageSize)
	k.m.ReadPhys(frame<<abi.PageShift, bytes)
	k.m.WritePhys(k.physOf(page), bytes)
	k.setPTE(pte, addr, k.physOf(page)|k.writtenProt(vma))
	k.freePage(was, 0)
	return 0
}

// filePage brings in a page that a driver or a file has (do_no_page). Written privately, it is copied.
func (k *Kernel) filePage(mm, vma, pte, addr uint32, write bool) (signal int) {
	page, signal := k.pageOfFile(vma, addr, write)
	if signal != 0 {
		return signal
	}
	shared := k.mem.Get(vma, k.lay.VMA.Flags)&abi.VMShared != 0
	prot := k.mem.Get(vma, k.lay.VMA.PageProt)
	switch {
	case write && !shared:
		own := k.userPage()
		if own == noPage {
			k.freePage(page, 0)
			return abi.SIGKILL
		}
		bytes := make([]byte, abi.PageSize)
		k.m.ReadPhys(k.physOf(page), bytes)
		k.m.WritePhys(k.physOf(own), bytes)
		k.freePage(page, 0)
		page, prot = own, k.writtenProt(vma)
	case write:
		prot = k.writtenProt(vma)
	}
	k.setPTE(pte, addr, k.physOf(page)|prot)
	k.addRss(mm, 1)
	return 0
}

// pageOfFile asks a driver's nopage function, or the content of an inode of ours, for a page, which gets one more user.
func (k *Kernel) pageOfFile(vma, addr uint32, write bool) (page uint32, signal int) {
	const noPageSigbus, noPageOOM = 0, 0xffffffff
	if fn := k.vmaOp(vma, k.mms.ops.Nopage); fn != 0 {
		switch page = k.Call(fn, vma, addr&abi.PageMask, boolWord(write)); page {
		case noPageSigbus:
			return 0, abi.SIGBUS
		case noPageOOM:
			return 0, abi.SIGKILL
		}
		return page, 0
	}
	lay := &k.lay.VMA
	has := k.contentOf(vma)
	index := k.mem.Get(vma, lay.Pgoff) + (addr-k.mem.Get(vma, lay.Start))>>abi.PageShift
	if index >= k.filePages(k.fileInode(k.mem.Get(vma, lay.File))) {
		return 0, abi.SIGBUS
	}
	if page, there := has.pages[index]; there {
		k.mem.Set(page, k.lay.Page.Count, k.mem.Get(page, k.lay.Page.Count)+1)
		return page, 0
	}
	if page = k.userPage(); page == noPage {
		return 0, abi.SIGKILL
	}
	bytes := make([]byte, abi.PageSize)
	if at := uint64(index) << abi.PageShift; at < uint64(len(has.data)) {
		copy(bytes, has.data[at:])
	}
	k.m.WritePhys(k.physOf(page), bytes)
	if has.pages != nil {
		has.pages[index] = page
		k.mem.Set(page, k.lay.Page.Count, k.mem.Get(page, k.lay.Page.Count)+1)
	}
	return page, 0
}

// contentOf is what the file of a range holds, nil when it is not one of ours.
func (k *Kernel) contentOf(vma uint32) *content {
	f := k.mem.Get(vma, k.lay.VMA.File)
	if f == 0 || kept(k, func() bool { return len(k.mms.contents) == 0 }) {
		return nil
	}
	inode := k.fileInode(f)
	return kept(k, func() *content { return k.mms.contents[inode] })
}

// eachUserPage calls f for the page-sized parts of a range of user memory, bringing the pages in as if they were written.
// It returns the address at which there is no memory.
func (k *Kernel) eachUserPage(mm, addr uint32, b []byte, f func(pa uint32, part []byte)) (bad uint32, ok bool) {
	for len(b) > 0 {
		vma := k.findVMA(mm, addr)
		if vma == 0 || k.mem.Get(vma, k.lay.VMA.Start) > addr || k.pageIn(mm, vma, addr, true) != 0 {
			return addr, false
		}
		pte := k.pteAddr(k.mem.Get(mm, k.lay.MM.Pgd), addr)
		n := min(int(abi.PageSize-addr%abi.PageSize), len(b))
		f(k.mem.U32(pte)&abi.PageMask|addr%abi.PageSize, b[:n])
		addr, b = addr+uint32(n), b[n:]
	}
	return 0, true
}
