// SPDX-License-Identifier: BSD-3-Clause
// Taking memory back: pages of files, names and inodes that nobody uses go when an allocation finds too little (2.4.18
// mm/vmscan.c, fs/dcache.c shrink_dcache_memory, fs/inode.c prune_icache).
//
// Which page goes first differs: 2.4.18 keeps lists by age, here a hand goes round over all page frames. There is no swap, so
// that pages of programs which no file has stay.

package guestkernel

import "ring0/guestkernel/abi"

const (
	reclaimBatch = 32    // page frames in one go
	nameBatch    = 512   // names or inodes
	gfpIO        = 0x40  // __GFP_IO: disks may be waited for
	gfpFS        = 0x100 // __GFP_FS: file systems may be called
)

// reclaim makes page frames free that the request can use. It is false when none became free, or when this is no place to wait.
func (k *Kernel) reclaim(gfp uint32) bool {
	before := k.freePageCount()
	if t := k.running; t != nil && !k.inInterrupt() && t.Get(k.lay.Task.Flags)&abi.PFMemalloc == 0 {
		// What file systems allocate meanwhile must not come back here, and may use the last pages.
		flags := k.lay.Task.Flags
		t.Set(flags, t.Get(flags)|abi.PFMemalloc)
		defer func() { t.Set(flags, t.Get(flags)&^abi.PFMemalloc) }()
		if k.shrinkPages(gfp) == 0 && k.unmapPages() > 0 {
			k.shrinkPages(gfp)
		}
		if gfp&gfpFS != 0 {
			k.shrinkNames()
			k.shrinkInodes()
		}
	}
	reaped := k.reapCaches()
	return k.freePageCount() > before || reaped
}

// shrinkPages takes pages out of the page cache, from where the last call has stopped. It returns how many.
func (k *Kernel) shrinkPages(gfp uint32) (freed int) {
	top := &k.pages.zones[k.topZone(gfp)]
	limit := min(top.start+top.size, k.pages.count)
	for range limit {
		if k.pages.hand++; k.pages.hand >= limit {
			k.pages.hand = 0
		}
		if !k.reclaimPage(k.pageOf(k.pages.hand), gfp) {
			continue
		}
		if freed++; freed >= reclaimBatch {
			break
		}
	}
	return freed
}

// reclaimPage frees a page of the page cache that nobody but its buffers uses. A dirty one is written first.
func (k *Kernel) reclaimPage(page, gfp uint32) bool {
	lay := &k.lay.Page
	mapping := k.mem.Get(page, lay.Mapping)
	if mapping == 0 || k.pageFlag(page, pgLocked) || !k.idlePage(page, 1) {
		return false
	}
	k.getPage(page)
	defer func() { k.putPage(page) }()
	if k.pageFlag(page, pgDirty) && (gfp&gfpFS == 0 || !k.launderPage(page, mapping)) {
		return false
	}
	if !k.releaseBuffers(page, mapping, gfp) || k.mem.Get(page, lay.Mapping) != mapping || k.pageFlag(page, pgLocked|pgDirty) || !k.idlePage(page, 2) {
		return false
	}
	k.removePage(page)
	return true
}

// idlePage tells whether a page of the cache has so many users besides its buffers.
func (k *Kernel) idlePage(page, users uint32) bool {
	lay := &k.lay.Page
	if k.mem.Get(page, lay.Buffers) != 0 {
		users++
	}
	return k.mem.Get(page, lay.Count) == users
}

// launderPage has a dirty page written and waits for it. It is false for one that has no other place.
func (k *Kernel) launderPage(page, mapping uint32) bool {
	write := k.mem.Get(k.mem.Get(mapping, k.drv.fs.lay.Space.AOps), k.drv.fs.lay.AOps.Writepage)
	if write == 0 || write == k.symbol("ramfs_writepage") {
		return false
	}
	k.lockPage(page)
	k.setPageFlags(page, 0, pgDirty)
	if k.Call(write, page) != 0 {
		if k.pageFlag(page, pgLocked) {
			k.unlockPage(page)
		}
		return false
	}
	k.waitOnPage(page)
	return !k.pageFlag(page, pgDirty|pgError)
}

// releaseBuffers frees a page's buffers: dirty ones are written first, and a file system that has something to do with them is
// asked (try_to_release_page).
func (k *Kernel) releaseBuffers(page, mapping, gfp uint32) bool {
	if k.mem.Get(page, k.lay.Page.Buffers) == 0 {
		return true
	}
	var dirty []uint32
	for _, bh := range k.pageBuffers(page) {
		switch state := k.blockState(bh); {
		case k.mem.Get(bh, k.drv.fs.lay.BH.Count) != 0 && state&bhDirty != 0:
			return false
		case state&bhDirty != 0:
			dirty = append(dirty, bh)
		}
	}
	if len(dirty) > 0 {
		if gfp&gfpIO == 0 || k.writeBlocks(dirty) != 0 {
			return false
		}
	}
	if release := k.mem.Get(k.mem.Get(mapping, k.drv.fs.lay.Space.AOps), k.drv.fs.lay.AOps.Releasepage); release != 0 && !k.pageFlag(page, pgLocked) {
		k.lockPage(page)
		ok := k.Call(release, page, gfp) != 0
		k.unlockPage(page)
		if !ok {
			return false
		}
	}
	return k.freePageBuffers(page)
}

// unmapPages takes pages of files out of the address spaces that have them mapped and have not used them since the hand came by
// last (swap_out). They come back when they are touched.
func (k *Kernel) unmapPages() (n int) {
	lay, seen := &k.lay.VMA, map[uint32]bool{}
	nopage := k.symbol("filemap_nopage")
	for pass := range 2 {
		clear(seen)
		for _, t := range k.everyTask() {
			mm := t.MM()
			if mm == 0 || seen[mm] || n >= reclaimBatch {
				continue
			}
			seen[mm] = true
			for vma := range k.chain("the ranges of an address space", k.mem.Get(mm, k.lay.MM.Mmap), lay.Next) {
				if k.vmaOp(vma, k.mms.ops.Nopage) == nopage && k.mem.Get(vma, lay.Flags)&vmLocked == 0 {
					n += k.unmapRange(mm, vma, pass > 0)
				}
			}
		}
	}
	return n
}

// unmapRange does it for a range. At first it only takes note of which pages are used.
func (k *Kernel) unmapRange(mm, vma uint32, again bool) (n int) {
	k.eachPTE(mm, k.mem.Get(vma, k.lay.VMA.Start), k.mem.Get(vma, k.lay.VMA.End), func(pte, addr, v uint32) {
		frame := v >> abi.PageShift
		if v&abi.PagePresent == 0 || frame >= k.pages.count {
			return
		}
		page := k.pageOf(frame)
		switch {
		case k.mem.Get(page, k.lay.Page.Mapping) == 0 || k.pageFlag(page, pgLocked):
		case v&abi.PageAccessed != 0 && !again:
			k.setPTE(pte, addr, v&^abi.PageAccessed)
		default:
			if v&abi.PageDirty != 0 {
				k.dirtyPage(page)
			}
			k.setPTE(pte, addr, 0)
			k.addRss(mm, ^uint32(0))
			k.freePage(page, 0)
			n++
		}
	})
	return n
}

// shrinkNames frees names that nobody uses, the oldest first (prune_dcache).
func (k *Kernel) shrinkNames() {
	lay, head := &k.lay.Dentry, k.symbol("dentry_unused")
	for range nameBatch {
		last := k.mem.U32(head + wordSize)
		if last == head {
			return
		}
		d := last - lay.LRU.Off
		if k.mem.Get(d, lay.Count) != 0 { // it is used again
			k.listDelInit(last)
			continue
		}
		k.pruneDentry(d)
	}
}

// shrinkInodes frees inodes that nobody uses, have nothing to write and no pages, the oldest first (prune_icache).
func (k *Kernel) shrinkInodes() {
	s, lay := &k.drv.fs.lay, &k.lay.Inode
	var all []uint32
	for at := range k.listMembers("inode_unused", k.symbol("inode_unused")) {
		inode := at - s.Inode.List.Off
		if k.mem.Get(inode, lay.State) == 0 && k.mem.Get(inode, lay.Count) == 0 && k.mem.Get(inode+s.Inode.Data.Off, s.Space.NrPages) == 0 &&
			k.listEmpty(inode+s.Inode.DirtyBuffers.Off) && k.listEmpty(inode+s.Inode.DataBuffers.Off) {
			all = append(all, inode)
		}
	}
	for _, inode := range all[max(0, len(all)-nameBatch):] {
		k.listDelInit(inode + s.Inode.Hash.Off)
		k.listDelInit(inode + s.Inode.List.Off)
		k.mem.Set(inode, lay.State, inodeFreeing)
	}
	for _, inode := range all[max(0, len(all)-nameBatch):] {
		k.clearInode(inode)
		k.destroyInode(inode)
	}
}
