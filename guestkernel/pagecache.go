// SPDX-License-Identifier: BSD-3-Clause
// The page cache: pages of files and devices in memory (2.4.18 mm/filemap.c).
//
// A page is found by its mapping and index in page_hash_table, whose hash the inline functions of modules know. What happens
// when memory runs short is in reclaim.go.

package guestkernel

import "ring0/guestkernel/abi"

// Flags of struct page.
const (
	pgLocked   = 1 << 0
	pgError    = 1 << 1
	pgUptodate = 1 << 3
	pgDirty    = 1 << 4
)

const (
	pageHashBits  = 12
	mappingSpread = 16 // sizeof(struct inode) & ~(sizeof(struct inode) - 1)
)

func pageCacheFunctions() []Function {
	return []Function{
		{Name: "lock_page", Fn: func(c *Call) { c.Kernel.lockPage(c.Arg(0)) }, Level: Full, Conv: Regparm3},
		{Name: "unlock_page", Fn: func(c *Call) { c.Kernel.unlockPage(c.Arg(0)) }, Level: Full, Conv: Regparm3},
		{Name: "___wait_on_page", Fn: func(c *Call) { c.Kernel.waitOnPage(c.Arg(0)) }, Level: Full},
		{Name: "__find_get_page", Fn: findGetPage, Level: Full},
		{Name: "__find_lock_page", Fn: findLockPage, Level: Full},
		{Name: "find_or_create_page", Fn: func(c *Call) { c.Return(c.Kernel.grabPage(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "grab_cache_page", Fn: func(c *Call) { c.Return(c.Kernel.grabPage(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "add_to_page_cache", Fn: func(c *Call) { c.Kernel.addPage(c.Arg(0), c.Arg(1), c.Arg(2)) }, Level: Full},
		{Name: "add_to_page_cache_unique", Fn: addPageUnique, Level: Full},
		{Name: "read_cache_page", Fn: readCachePage, Level: Full},
		{Name: "truncate_inode_pages", Fn: func(c *Call) { c.Kernel.truncatePages(c.Arg(0), c.Arg64(1)) }, Level: Full},
		{Name: "invalidate_inode_pages", Fn: func(c *Call) {
			c.Kernel.invalidatePages(c.Kernel.mem.Get(c.Arg(0), c.Kernel.lay.Inode.Mapping))
		}, Level: Full},
		{Name: "set_page_dirty", Fn: func(c *Call) { c.Kernel.dirtyPage(c.Arg(0)) }, Level: Full, Conv: Regparm3},
		{Name: "filemap_fdatasync", Fn: func(c *Call) { c.Return(c.Kernel.writePages(c.Arg(0))) }, Level: Full},
		{Name: "filemap_fdatawait", Fn: func(c *Call) { c.Return(c.Kernel.awaitPages(c.Arg(0))) }, Level: Full},
		{Name: "kmap_high", Fn: func(c *Call) { c.Return(c.Kernel.pageAddress(c.Arg(0))) }, Level: Partial, Note: "there is no high memory", Conv: Regparm3},
		{Name: "kunmap_high", Fn: func(*Call) {}, Level: Partial, Note: "there is no high memory", Conv: Regparm3},
	}
}

// bootPageCache makes the hash table.
func (k *Kernel) bootPageCache() error {
	table := k.GetFreePages(k.pages.gfp.kernel, pageHashBits+2-abi.PageShift)
	if table == 0 {
		return errNoMemory
	}
	k.mem.Fill(table, 1<<pageHashBits*wordSize, 0)
	k.mem.SetU32(k.symbol("page_hash_table"), table)
	k.mem.SetU32(k.symbol("page_hash_bits"), pageHashBits)
	return nil
}

// pageBucket is where a page's hash list begins (page_hash).
func (k *Kernel) pageBucket(mapping, index uint32) uint32 {
	x := mapping/mappingSpread + index
	x += x >> pageHashBits
	return k.mem.U32(k.symbol("page_hash_table")) + x&(1<<pageHashBits-1)*wordSize
}

func (k *Kernel) pageFlag(page, flag uint32) bool {
	return k.mem.Get(page, k.lay.Page.Flags)&flag != 0
}

func (k *Kernel) setPageFlags(page, set, clear uint32) {
	flags := k.lay.Page.Flags
	k.mem.Set(page, flags, k.mem.Get(page, flags)&^clear|set)
}

// cachedPage finds the page of a mapping on a hash list; 0 when there is none.
func (k *Kernel) cachedPage(bucket, mapping, index uint32) uint32 {
	lay := &k.lay.Page
	for _, page := range k.links("a list of pages", bucket, lay.NextHash) {
		if page != 0 && k.mem.Get(page, lay.Mapping) == mapping && k.mem.Get(page, lay.Index) == index {
			return page
		}
	}
	return 0
}

// findGetPage models struct page *__find_get_page(struct address_space *mapping, unsigned long offset, struct page **hash).
func findGetPage(c *Call) {
	k := c.Kernel
	page := k.cachedPage(c.Arg(2), c.Arg(0), c.Arg(1))
	if page != 0 {
		k.getPage(page)
	}
	c.Return(page)
}

// findLockPage models struct page *__find_lock_page(struct address_space *mapping, unsigned long offset, struct page **hash).
func findLockPage(c *Call) {
	k, mapping, index := c.Kernel, c.Arg(0), c.Arg(1)
	c.Return(0)
	for page := k.cachedPage(c.Arg(2), mapping, index); page != 0; page = k.cachedPage(c.Arg(2), mapping, index) {
		k.getPage(page)
		k.lockPage(page)
		if k.mem.Get(page, k.lay.Page.Mapping) == mapping {
			c.Return(page)
			return
		}
		k.unlockPage(page)
		k.putPage(page)
	}
}

// lockPage waits until the page is its own; waitOnPage only until it is nobody's.
func (k *Kernel) lockPage(page uint32) {
	k.waitOnPage(page)
	k.setPageFlags(page, pgLocked, 0)
}

// waitOnPage unplugs devices and sleeps until a page is unlocked.
func (k *Kernel) waitOnPage(page uint32) {
	k.waitFor(k.drv.fs.pageWait, func() bool {
		if k.pageFlag(page, pgLocked) {
			k.unplugDisks()
		}
		return !k.pageFlag(page, pgLocked)
	})
}

// unlockPage is unlock_page.
func (k *Kernel) unlockPage(page uint32) {
	const notLocked = 735
	if !k.pageFlag(page, pgLocked) {
		k.bug("unlock_page", "filemap.c", notLocked)
	}
	k.setPageFlags(page, 0, pgLocked)
	k.wakeQueue(k.drv.fs.pageWait, abi.TaskInterruptible|abi.TaskUninterruptible, 0)
}

// addPage enters a new page, which becomes locked, for a place of a mapping (add_to_page_cache).
func (k *Kernel) addPage(page, mapping, index uint32) {
	lay, space := &k.lay.Page, &k.drv.fs.lay.Space
	k.setPageFlags(page, pgLocked, pgUptodate|pgError|pgDirty)
	k.getPage(page)
	k.mem.Set(page, lay.Index, index)
	k.mem.Set(page, lay.Mapping, mapping)
	k.listAdd(page+lay.List.Off, mapping+space.CleanPages.Off)
	k.mem.Set(mapping, space.NrPages, k.mem.Get(mapping, space.NrPages)+1)
	bucket := k.pageBucket(mapping, index)
	next := k.mem.U32(bucket)
	k.mem.Set(page, lay.NextHash, next)
	k.mem.Set(page, lay.PprevHash, bucket)
	k.mem.SetU32(bucket, page)
	if next != 0 {
		k.mem.Set(next, lay.PprevHash, page+lay.NextHash.Off)
	}
	n := k.symbol("page_cache_size")
	k.mem.SetU32(n, k.mem.U32(n)+1)
}

// addPageUnique models int add_to_page_cache_unique(struct page *page, struct address_space *mapping, unsigned long offset,
// struct page **hash): 1 when there is one already.
func addPageUnique(c *Call) {
	k := c.Kernel
	c.Return(1)
	if k.cachedPage(c.Arg(3), c.Arg(1), c.Arg(2)) == 0 {
		k.addPage(c.Arg(0), c.Arg(1), c.Arg(2))
		c.Return(0)
	}
}

// removePage takes a page out of its mapping (remove_inode_page).
func (k *Kernel) removePage(page uint32) {
	lay, space := &k.lay.Page, &k.drv.fs.lay.Space
	mapping := k.mem.Get(page, lay.Mapping)
	word, next := k.mem.Get(page, lay.PprevHash), k.mem.Get(page, lay.NextHash)
	k.mem.SetU32(word, next)
	if next != 0 {
		k.mem.Set(next, lay.PprevHash, word)
	}
	k.mem.Set(page, lay.PprevHash, 0)
	k.mem.Set(page, lay.NextHash, 0)
	k.listDel(page + lay.List.Off)
	k.mem.Set(mapping, space.NrPages, k.mem.Get(mapping, space.NrPages)-1)
	k.mem.Set(page, lay.Mapping, 0)
	n := k.symbol("page_cache_size")
	k.mem.SetU32(n, k.mem.U32(n)-1)
	k.putPage(page)
}

// grabPage is grab_cache_page: the page of a place, locked, with one more user; made when there is none. 0: no memory.
func (k *Kernel) grabPage(mapping, index uint32) uint32 {
	for {
		page := k.cachedPage(k.pageBucket(mapping, index), mapping, index)
		if page == 0 {
			if page = k.AllocPages(k.pages.gfp.kernel, 0); page == noPage {
				return 0
			}
			k.addPage(page, mapping, index)
			return page
		}
		k.getPage(page)
		k.lockPage(page)
		if k.mem.Get(page, k.lay.Page.Mapping) == mapping {
			return page
		}
		k.unlockPage(page)
		k.putPage(page)
	}
}

// readCachePage models struct page *read_cache_page(struct address_space *mapping, unsigned long index, int (*filler)(void *,
// struct page *), void *data): a page with its content, or an error. Reading may not be over yet.
func readCachePage(c *Call) {
	k, mapping, index, filler, data := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)
	page := k.grabPage(mapping, index)
	if page == 0 {
		c.Fail(abi.ENOMEM)
		return
	}
	c.Return(page)
	if k.pageFlag(page, pgUptodate) {
		k.unlockPage(page)
		return
	}
	if result := k.Call(filler, data, page); int32(result) < 0 {
		k.putPage(page)
		c.Return(result)
	}
}

// readPage is the page of a file with its content: ENOMEM, EIO, or what the file system says. The page has one more user.
func (k *Kernel) readPage(f, mapping, index uint32) (page uint32, errno abi.Errno) {
	if page = k.grabPage(mapping, index); page == 0 {
		return 0, abi.ENOMEM
	}
	if k.pageFlag(page, pgUptodate) {
		k.unlockPage(page)
		return page, 0
	}
	k.setPageFlags(page, 0, pgError)
	read := k.mem.Get(k.mem.Get(mapping, k.drv.fs.lay.Space.AOps), k.drv.fs.lay.AOps.Readpage)
	if read == 0 {
		k.unlockPage(page)
		k.putPage(page)
		return 0, abi.EINVAL
	}
	if result := int32(k.Call(read, f, page)); result != 0 {
		k.putPage(page)
		return 0, abi.Errno(-result)
	}
	k.waitOnPage(page)
	if !k.pageFlag(page, pgUptodate) {
		k.putPage(page)
		return 0, abi.EIO
	}
	return page, 0
}

// mappedPages are the pages of a mapping, newest first on each list.
func (k *Kernel) mappedPages(mapping uint32) (all []uint32) {
	space := &k.drv.fs.lay.Space
	for _, list := range []abi.Field{space.CleanPages, space.DirtyPages, space.LockedPages} {
		for at := range k.listMembers("the pages of a mapping", mapping+list.Off) {
			all = append(all, at-k.lay.Page.List.Off)
		}
	}
	return all
}

// dropPage takes a locked page out of the cache with its buffers, which go unwritten.
func (k *Kernel) dropPage(page uint32) {
	for _, bh := range k.pageBuffers(page) {
		k.waitOnBlock(bh)
		k.setBlockState(bh, 0, bhDirty|bhUptodate|bhMapped|bhReq|bhNew)
		k.refileBlock(bh)
		k.unhashBlock(bh)
	}
	k.freePageBuffers(page)
	k.setPageFlags(page, 0, pgDirty|pgUptodate)
	k.removePage(page)
}

// truncatePages is truncate_inode_pages: what lies behind a position is no more; the rest of the page it is in becomes
// zeros.
func (k *Kernel) truncatePages(mapping uint32, from uint64) {
	first := uint32((from + abi.PageSize - 1) >> abi.PageShift)
	for _, page := range k.mappedPages(mapping) {
		index := k.mem.Get(page, k.lay.Page.Index)
		offset := uint32(from) & (abi.PageSize - 1)
		switch {
		case index >= first:
			k.getPage(page)
			k.lockPage(page)
			k.dropPage(page)
			k.unlockPage(page)
			k.putPage(page)
		case offset != 0 && index == first-1:
			k.lockPage(page)
			k.mem.Fill(k.pageAddress(page)+offset, abi.PageSize-offset, 0)
			k.unlockPage(page)
		}
	}
}

// invalidatePages drops the clean pages that nobody uses.
func (k *Kernel) invalidatePages(mapping uint32) {
	for _, page := range k.mappedPages(mapping) {
		users := uint32(1)
		if k.mem.Get(page, k.lay.Page.Buffers) != 0 {
			users = 2
		}
		if k.mem.Get(page, k.lay.Page.Flags)&(pgDirty|pgLocked) != 0 || k.mem.Get(page, k.lay.Page.Count) != users || !k.freePageBuffers(page) {
			continue
		}
		k.removePage(page)
	}
}

// dirtyPage is set_page_dirty: the page is to be written, and its inode with it.
func (k *Kernel) dirtyPage(page uint32) {
	lay, space := &k.lay.Page, &k.drv.fs.lay.Space
	if k.pageFlag(page, pgDirty) {
		return
	}
	k.setPageFlags(page, pgDirty, 0)
	mapping := k.mem.Get(page, lay.Mapping)
	if mapping == 0 {
		return
	}
	k.moveTo(page+lay.List.Off, mapping+space.DirtyPages.Off)
	if host := k.mem.Get(mapping, space.Host); host != 0 {
		k.dirtyInode(host, inodeDirtyPages)
	}
}

// moveTo puts an entry at the head of another list.
func (k *Kernel) moveTo(entry, head uint32) {
	k.listDel(entry)
	k.listAdd(entry, head)
}

// writePages starts writing the dirty pages of a mapping, oldest first (filemap_fdatasync). It returns the first error.
func (k *Kernel) writePages(mapping uint32) (result uint32) {
	lay, space := &k.lay.Page, &k.drv.fs.lay.Space
	write := k.mem.Get(k.mem.Get(mapping, space.AOps), k.drv.fs.lay.AOps.Writepage)
	if write == 0 {
		return 0
	}
	for dirty := mapping + space.DirtyPages.Off; !k.listEmpty(dirty); {
		entry := k.mem.U32(dirty + wordSize)
		page := entry - lay.List.Off
		k.moveTo(entry, mapping+space.LockedPages.Off)
		if !k.pageFlag(page, pgDirty) {
			continue
		}
		k.getPage(page)
		k.lockPage(page)
		if k.pageFlag(page, pgDirty) {
			k.setPageFlags(page, 0, pgDirty)
			if r := k.Call(write, page); result == 0 {
				result = r
			}
		} else {
			k.unlockPage(page)
		}
		k.putPage(page)
	}
	return result
}

// awaitPages waits for the pages of a mapping that are being written (filemap_fdatawait). EIO for one that was not.
func (k *Kernel) awaitPages(mapping uint32) (result uint32) {
	lay, space := &k.lay.Page, &k.drv.fs.lay.Space
	for locked := mapping + space.LockedPages.Off; !k.listEmpty(locked); {
		entry := k.mem.U32(locked)
		page := entry - lay.List.Off
		k.moveTo(entry, mapping+space.CleanPages.Off)
		if !k.pageFlag(page, pgLocked) {
			continue
		}
		k.getPage(page)
		k.waitOnPage(page)
		if k.pageFlag(page, pgError) {
			result = errWord(abi.EIO)
		}
		k.putPage(page)
	}
	return result
}
