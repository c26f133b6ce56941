// SPDX-License-Identifier: BSD-3-Clause
// Writing files back: msync, fsync, and what programs have written to mapped pages (2.4.18 mm/filemap.c, fs/buffer.c,
// mm/memory.c vmtruncate_list).

package guestkernel

import "ring0/guestkernel/abi"

// Flags of msync(2).
const (
	msAsync      = 1
	msInvalidate = 2
	msSync       = 4
	vmLocked     = 0x2000 // VM_LOCKED
)

func fileSyncFunctions() []Function {
	return []Function{
		{Name: "sys_msync", Fn: sysMsync, Level: Full},
		{Name: "sys_fsync", Fn: func(c *Call) { c.fsync(0) }, Level: Full},
		{Name: "sys_fdatasync", Fn: func(c *Call) { c.fsync(1) }, Level: Full},
	}
}

// fsync is sys_fsync and sys_fdatasync: EBADF, EINVAL for a file that has nothing to write to.
func (c *Call) fsync(dataOnly uint32) {
	k := c.Kernel
	f := k.useFile(c.Arg(0))
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	sync := k.fileOp(f, k.lay.FileOperations.Fsync)
	if sync == 0 {
		c.Fail(abi.EINVAL)
		k.fput(f)
		return
	}
	sem := k.fileInode(f) + k.lay.Inode.Sem.Off
	k.down(c, sem)
	c.Return(k.syncFile(f, sync, dataOnly))
	k.up(sem)
	k.fput(f)
}

// syncFile writes a file's pages and waits for them; sync, if not 0, is the file's own function. It returns the first error.
func (k *Kernel) syncFile(f, sync, dataOnly uint32) uint32 {
	mapping := k.mem.Get(k.fileInode(f), k.lay.Inode.Mapping)
	result := k.writePages(mapping)
	if sync != 0 {
		if r := k.Call(sync, f, k.mem.Get(f, k.lay.File.Dentry), dataOnly); result == 0 {
			result = r
		}
	}
	if r := k.awaitPages(mapping); result == 0 {
		result = r
	}
	return result
}

// sysMsync models long sys_msync(unsigned long start, size_t len, int flags). ENOMEM for a hole, after all else is written.
func sysMsync(c *Call) {
	k, lay, start, flags := c.Kernel, &c.Kernel.lay.VMA, c.Arg(0), c.Arg(2)
	end := start + pageAlign(c.Arg(1))
	c.Return(0)
	switch {
	case start%abi.PageSize != 0, end < start, flags&^(msAsync|msInvalidate|msSync) != 0, flags&msAsync != 0 && flags&msSync != 0:
		c.Fail(abi.EINVAL)
		return
	case start == end:
		return
	}
	result := uint32(0)
	for vma := k.findVMA(c.Task().MM(), start); ; vma = k.mem.Get(vma, lay.Next) {
		if vma == 0 {
			c.Fail(abi.ENOMEM)
			return
		}
		if from := k.mem.Get(vma, lay.Start); start < from {
			result, start = errWord(abi.ENOMEM), from
		}
		until := min(end, k.mem.Get(vma, lay.End))
		if start < until {
			if r := c.syncRange(vma, start, until, flags); r != 0 {
				c.Return(r)
				return
			}
		}
		if start = until; end <= k.mem.Get(vma, lay.End) {
			c.Return(result)
			return
		}
	}
}

// syncRange is msync_interval.
func (c *Call) syncRange(vma, start, end, flags uint32) uint32 {
	k := c.Kernel
	f, has := k.mem.Get(vma, k.lay.VMA.File), k.mem.Get(vma, k.lay.VMA.Flags)
	switch {
	case flags&msInvalidate != 0 && has&vmLocked != 0:
		return errWord(abi.EBUSY)
	case f == 0 || has&abi.VMShared == 0:
		return 0
	}
	k.collectDirty(k.mem.Get(vma, k.lay.VMA.MM), start, end)
	if flags&(msSync|msAsync) == 0 {
		return 0
	}
	inode := k.fileInode(f)
	sem := inode + k.lay.Inode.Sem.Off
	k.down(c, sem)
	defer func() { k.up(sem) }()
	if flags&msSync == 0 {
		return k.writePages(k.mem.Get(inode, k.lay.Inode.Mapping))
	}
	return k.syncFile(f, k.fileOp(f, k.lay.FileOperations.Fsync), 1)
}

// collectDirty makes the pages dirty that were written through a range (filemap_sync).
func (k *Kernel) collectDirty(mm, start, end uint32) {
	k.eachPTE(mm, start, end, func(pte, addr, v uint32) {
		frame := v >> abi.PageShift
		if v&abi.PagePresent == 0 || v&abi.PageDirty == 0 || frame >= k.pages.count {
			return
		}
		page := k.pageOf(frame)
		if k.mem.Get(page, k.lay.Page.Flags)>>k.reservedBit&1 != 0 {
			return
		}
		k.mms.cleaned = true
		k.setPTE(pte, addr, v&^abi.PageDirty)
		k.dirtyPage(page)
	})
}

// writtenByKernel marks the page of a user address as written: the processor does that when guest code writes. Until a page
// has been cleaned every writable one is marked anyway.
func (k *Kernel) writtenByKernel(addr uint32) {
	if !k.mms.cleaned || addr >= abi.TaskSize || k.running == nil || k.running.MM() == 0 {
		return
	}
	pte := k.pteAddr(k.mem.Get(k.running.MM(), k.lay.MM.Pgd), addr)
	if pte == 0 {
		return
	}
	if v := k.mem.U32(pte); v&abi.PagePresent != 0 && v&abi.PageDirty == 0 {
		k.setPTE(pte, addr, v|abi.PageDirty|abi.PageAccessed)
	}
}

// unmapFile takes the pages of a file from a place on out of every address space (vmtruncate_list).
func (k *Kernel) unmapFile(mapping, first uint32) {
	lay, seen := &k.lay.VMA, map[uint32]bool{}
	for _, t := range k.everyTask() {
		mm := t.MM()
		if mm == 0 || seen[mm] {
			continue
		}
		seen[mm] = true
		for vma := range k.chain("the ranges of an address space", k.mem.Get(mm, k.lay.MM.Mmap), lay.Next) {
			f := k.mem.Get(vma, lay.File)
			if f == 0 || k.mem.Get(k.fileInode(f), k.lay.Inode.Mapping) != mapping {
				continue
			}
			start, page := k.mem.Get(vma, lay.Start), k.mem.Get(vma, lay.Pgoff)
			if first > page {
				start += (first - page) << abi.PageShift
			}
			if end := k.mem.Get(vma, lay.End); start < end {
				k.zapRange(mm, start, end)
			}
		}
	}
}
