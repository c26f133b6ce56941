// SPDX-License-Identifier: BSD-3-Clause
// Pages read and written through buffers, by a file system's own get_block (2.4.18 fs/buffer.c).

package guestkernel

import "ring0/guestkernel/abi"

func pageBufferFunctions() []Function {
	get := func(f func(k *Kernel, page, getBlock uint32) uint32) func(*Call) {
		return func(c *Call) { c.Return(f(c.Kernel, c.Arg(0), c.Arg(1))) }
	}
	return []Function{
		{Name: "block_read_full_page", Fn: get((*Kernel).readFullPage), Level: Full},
		{Name: "block_write_full_page", Fn: get((*Kernel).writeFullPage), Level: Full},
		{Name: "block_prepare_write", Fn: func(c *Call) { c.Return(c.Kernel.prepareWrite(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3))) }, Level: Full},
		{Name: "cont_prepare_write", Fn: contPrepareWrite, Level: Partial, Note: "writing beyond the end of a file stops the run"},
		{Name: "generic_commit_write", Fn: genericCommitWrite, Level: Full},
		{Name: "block_commit_write", Fn: func(c *Call) { c.Kernel.commitWrite(c.Arg(0), c.Arg(1), c.Arg(2)); c.Return(0) }, Level: Full},
		{Name: "block_symlink", Fn: blockSymlink, Level: Full},
		{Name: "writeout_one_page", Fn: writeoutOnePage, Level: Full},
		{Name: "waitfor_one_page", Fn: waitforOnePage, Level: Full},
		{Name: "create_bounce", Fn: func(c *Call) { c.Return(c.Arg(1)) }, Level: Partial, Note: "there is no high memory"},
		{Name: "block_truncate_page", Fn: blockTruncatePage, Level: Full},
		{Name: "discard_bh_page", Fn: blockFlushpage, Level: Full},
		{Name: "block_sync_page", Fn: func(c *Call) { c.Kernel.unplugDisks(); c.Return(0) }, Level: Full},
		{Name: "generic_block_bmap", Fn: genericBlockBmap, Level: Full},
		{Name: "bmap", Fn: bmap, Level: Full},
		{Name: "create_empty_buffers", Fn: func(c *Call) { c.Kernel.createBuffers(c.Arg(0), c.Arg(1)&0xffff, c.Arg(2)) }, Level: Full},
		{Name: "try_to_free_buffers", Fn: func(c *Call) { c.Return(boolWord(c.Kernel.freePageBuffers(c.Arg(0)))) }, Level: Full, Conv: Regparm3},
		{Name: "end_buffer_io_async", Fn: func(c *Call) { c.Kernel.endBlockAsync(c.Arg(0), c.Arg(1) != 0) }, Level: Full, Proto: "void end_buffer_io_async(struct buffer_head *bh, int uptodate)"},
	}
}

// pageInode is the inode whose page it is.
func (k *Kernel) pageInode(page uint32) uint32 {
	return k.mem.Get(k.mem.Get(page, k.lay.Page.Mapping), k.drv.fs.lay.Space.Host)
}

// blocksOf returns the buffers of a page, made if need be, the number of the first block and the size of all.
func (k *Kernel) blocksOf(page, inode uint32) (all []uint32, block, size uint32) {
	shift := k.mem.Get(inode, k.lay.Inode.Blkbits)
	size = 1 << shift
	if k.mem.Get(page, k.lay.Page.Buffers) == 0 && !k.createBuffers(page, k.mem.Get(inode, k.lay.Inode.Dev), size) {
		panicf("no memory for buffers")
	}
	return k.pageBuffers(page), k.mem.Get(page, k.lay.Page.Index) << (abi.PageShift - shift), size
}

// mapBlock asks the file system where a block is.
func (k *Kernel) mapBlock(getBlock, inode, block, bh, create uint32) uint32 {
	return k.Call(getBlock, inode, block, bh, create)
}

// readFullPage is block_read_full_page: of a locked page, which is unlocked when all its blocks are there. Blocks beyond the
// end and holes are zeros.
func (k *Kernel) readFullPage(page, getBlock uint32) uint32 {
	const notLocked = 1702
	if !k.pageFlag(page, pgLocked) {
		k.bug("block_read_full_page", "buffer.c", notLocked)
	}
	inode := k.pageInode(page)
	all, block, size := k.blocksOf(page, inode)
	last := (k.mem.U64(inode+k.lay.Inode.Length.Off) + uint64(size) - 1) / uint64(size)
	var wanted []uint32
	for i, bh := range all {
		number := block + uint32(i)
		if k.blockState(bh)&bhUptodate != 0 {
			continue
		}
		if k.blockState(bh)&bhMapped == 0 {
			if uint64(number) < last && k.mapBlock(getBlock, inode, number, bh, 0) != 0 {
				continue // it stays not up to date: the page will be in error
			}
			if k.blockState(bh)&bhMapped == 0 {
				k.mem.Fill(k.pageAddress(page)+uint32(i)*size, size, 0)
				k.setBlockState(bh, bhUptodate, 0)
			}
		}
		if k.blockState(bh)&bhUptodate == 0 {
			wanted = append(wanted, bh)
		}
	}
	if len(wanted) == 0 {
		k.setPageFlags(page, pgUptodate, 0)
		k.unlockPage(page)
		return 0
	}
	k.submitPage(ioRead, wanted)
	return 0
}

// submitPage locks buffers of one page and transfers them; the last one unlocks the page.
func (k *Kernel) submitPage(rw uint32, all []uint32) {
	for _, bh := range all {
		k.lockBlock(bh)
		k.mem.Set(bh, k.drv.fs.lay.BH.EndIO, k.symbol("end_buffer_io_async"))
		k.setBlockState(bh, bhAsync, 0)
	}
	for _, bh := range all {
		if rw == ioRead && k.blockState(bh)&bhUptodate != 0 {
			k.endBlockAsync(bh, true)
			continue
		}
		k.submitBlock(rw, bh)
	}
}

// endBlockAsync is end_buffer_io_async: one buffer of a page is done. The last one says whether the page is good.
func (k *Kernel) endBlockAsync(bh uint32, uptodate bool) {
	page := k.mem.Get(bh, k.drv.fs.lay.BH.Page)
	if uptodate {
		k.setBlockState(bh, bhUptodate, 0)
	} else {
		k.setBlockState(bh, 0, bhUptodate)
		k.setPageFlags(page, pgError, 0)
	}
	k.setBlockState(bh, 0, bhAsync)
	k.unlockBlock(bh)
	for _, other := range k.pageBuffers(page) {
		if k.blockState(other)&(bhAsync|bhLock) == bhAsync|bhLock {
			return
		}
	}
	if !k.pageFlag(page, pgError) {
		k.setPageFlags(page, pgUptodate, 0)
	}
	k.unlockPage(page)
}

// writeFullPage is block_write_full_page: of a locked page, as far as the file goes. EIO beyond its end.
func (k *Kernel) writeFullPage(page, getBlock uint32) uint32 {
	inode := k.pageInode(page)
	length := k.mem.U64(inode + k.lay.Inode.Length.Off)
	start := uint64(k.mem.Get(page, k.lay.Page.Index)) << abi.PageShift
	if start >= length {
		k.unlockPage(page)
		return errWord(abi.EIO)
	}
	if length-start < abi.PageSize {
		rest := uint32(length - start)
		k.mem.Fill(k.pageAddress(page)+rest, abi.PageSize-rest, 0)
	}
	all, block, size := k.blocksOf(page, inode)
	var wanted []uint32
	for i, bh := range all {
		if start+uint64(i)*uint64(size) >= length {
			break
		}
		if k.blockState(bh)&bhMapped == 0 {
			if result := k.mapBlock(getBlock, inode, block+uint32(i), bh, 1); result != 0 {
				k.setPageFlags(page, 0, pgUptodate)
				k.unlockPage(page)
				return result
			}
			k.settleNew(bh)
		}
		wanted = append(wanted, bh)
	}
	for _, bh := range wanted {
		k.setBlockState(bh, bhUptodate, bhDirty)
		k.refileBlock(bh)
	}
	k.submitPage(ioWrite, wanted)
	k.setPageFlags(page, pgUptodate, 0)
	return 0
}

// settleNew makes sure that no old buffer of a newly allocated block is written over it (unmap_underlying_metadata).
func (k *Kernel) settleNew(bh uint32) {
	lay := &k.drv.fs.lay.BH
	if k.blockState(bh)&bhNew == 0 {
		return
	}
	k.setBlockState(bh, 0, bhNew)
	old := k.findBlock(k.mem.Get(bh, lay.Dev), k.mem.Get(bh, lay.Blocknr), k.mem.Get(bh, lay.Length))
	if old != 0 && old != bh {
		k.setBlockState(old, 0, bhDirty)
		k.refileBlock(old)
		k.waitOnBlock(old)
		k.setBlockState(old, 0, bhReq)
	}
	k.brelse(old)
}

// prepareWrite is block_prepare_write: makes the blocks of a page ready in which bytes from to to-1 will be written; what is
// written in part is read first.
func (k *Kernel) prepareWrite(page, from, to, getBlock uint32) uint32 {
	inode := k.pageInode(page)
	all, block, size := k.blocksOf(page, inode)
	var read []uint32
	for i, bh := range all {
		start := uint32(i) * size
		end := start + size
		if end <= from || start >= to {
			continue
		}
		isNew := false
		if k.blockState(bh)&bhMapped == 0 {
			if result := k.mapBlock(getBlock, inode, block+uint32(i), bh, 1); result != 0 {
				return result
			}
			if isNew = k.blockState(bh)&bhNew != 0; isNew {
				k.settleNew(bh)
				k.mem.Fill(k.pageAddress(page)+start, size, 0)
			}
		}
		switch {
		case isNew || k.pageFlag(page, pgUptodate):
			k.setBlockState(bh, bhUptodate, 0)
		case k.blockState(bh)&bhUptodate == 0 && (start < from || end > to):
			read = append(read, bh)
		}
	}
	k.transferBlocks(ioRead, read)
	for _, bh := range read {
		k.waitOnBlock(bh)
		if k.blockState(bh)&bhUptodate == 0 {
			return errWord(abi.EIO)
		}
	}
	return 0
}

// commitWrite marks the blocks between from and to as written (__block_commit_write).
func (k *Kernel) commitWrite(page, from, to uint32) {
	inode := k.pageInode(page)
	all, _, size := k.blocksOf(page, inode)
	complete := true
	for i, bh := range all {
		start := uint32(i) * size
		if start+size <= from || start >= to {
			complete = complete && k.blockState(bh)&bhUptodate != 0
			continue
		}
		k.setBlockState(bh, bhUptodate|bhDirty, 0)
		if k.mem.Get(bh, k.drv.fs.lay.BH.Pprev) == 0 {
			k.hashBlock(bh) // this is how it is found when the device is synchronized
		}
		k.refileBlock(bh)
	}
	if complete {
		k.setPageFlags(page, pgUptodate, 0)
	}
}

// genericCommitWrite models int generic_commit_write(struct file *file, struct page *page, unsigned from, unsigned to): the
// file becomes longer.
func genericCommitWrite(c *Call) {
	k, page := c.Kernel, c.Arg(1)
	inode := k.pageInode(page)
	k.commitWrite(page, c.Arg(2), c.Arg(3))
	end := uint64(k.mem.Get(page, k.lay.Page.Index))<<abi.PageShift + uint64(c.Arg(3))
	if at := inode + k.lay.Inode.Length.Off; end > k.mem.U64(at) {
		k.mem.SetU64(at, end)
		k.dirtyInode(inode, inodeDirtySync|inodeDirtyData)
	}
	c.Return(0)
}

// contPrepareWrite models int cont_prepare_write(struct page *page, unsigned from, unsigned to, get_block_t *get_block,
// unsigned long *bytes): for file systems that cannot have holes.
func contPrepareWrite(c *Call) {
	k, page, from, bytes := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(4)
	start := k.mem.Get(page, k.lay.Page.Index) << abi.PageShift
	if start+from > k.mem.U32(bytes) {
		k.stop(Outcome{Kind: Missing, Reason: "cont_prepare_write beyond the end of a file: filling the gap is not written"})
	}
	result := k.prepareWrite(page, from, c.Arg(2), c.Arg(3))
	if end := start + c.Arg(2); result == 0 && end > k.mem.U32(bytes) {
		k.mem.SetU32(bytes, end)
	}
	c.Return(result)
}

// blockTruncatePage models int block_truncate_page(struct address_space *mapping, loff_t from, get_block_t *get_block): the
// rest of the block that a file ends in becomes zeros.
func blockTruncatePage(c *Call) {
	k, mapping, from, getBlock := c.Kernel, c.Arg(0), c.Arg64(1), c.Arg(3)
	inode := k.mem.Get(mapping, k.drv.fs.lay.Space.Host)
	shift := k.mem.Get(inode, k.lay.Inode.Blkbits)
	offset := uint32(from) & (1<<shift - 1)
	c.Return(0)
	if offset == 0 {
		return
	}
	page := k.grabPage(mapping, uint32(from>>abi.PageShift))
	if page == 0 {
		c.Fail(abi.ENOMEM)
		return
	}
	at := uint32(from) & (abi.PageSize - 1)
	end := at - offset + 1<<shift
	if result := k.prepareWrite(page, at, end, getBlock); result != 0 {
		c.Return(result)
	} else {
		k.mem.Fill(k.pageAddress(page)+at, end-at, 0)
		k.commitWrite(page, at, end)
	}
	k.unlockPage(page)
	k.putPage(page)
}

// blockFlushpage models int discard_bh_page(struct page *page, unsigned long offset, int drop_pagecache), which is block_flushpage: buffers behind offset are no more. 1
// when the page has none left.
func blockFlushpage(c *Call) {
	k, page := c.Kernel, c.Arg(0)
	at := uint32(0)
	for _, bh := range k.pageBuffers(page) {
		if at >= c.Arg(1) {
			k.waitOnBlock(bh)
			k.setBlockState(bh, 0, bhDirty|bhUptodate|bhMapped|bhReq|bhNew)
			k.refileBlock(bh)
			k.unhashBlock(bh)
		}
		at += k.mem.Get(bh, k.drv.fs.lay.BH.Length)
	}
	c.Return(1)
	if c.Arg(1) == 0 && !k.freePageBuffers(page) {
		c.Return(0)
	}
}

// genericBlockBmap models int generic_block_bmap(struct address_space *mapping, long block, get_block_t *get_block).
func genericBlockBmap(c *Call) {
	k := c.Kernel
	bh := k.newBlock()
	if bh == 0 {
		c.Return(0)
		return
	}
	k.mapBlock(c.Arg(2), k.mem.Get(c.Arg(0), k.drv.fs.lay.Space.Host), c.Arg(1), bh, 0)
	c.Return(k.mem.Get(bh, k.drv.fs.lay.BH.Blocknr))
	k.freeBlockHead(bh)
}

// bmap models int bmap(struct inode *inode, int block): where a block of a file lies; 0 when its file system does not say.
func bmap(c *Call) {
	k := c.Kernel
	mapping := k.mem.Get(c.Arg(0), k.lay.Inode.Mapping)
	c.Return(0)
	if fn := k.mem.Get(k.mem.Get(mapping, k.drv.fs.lay.Space.AOps), k.drv.fs.lay.AOps.Bmap); fn != 0 {
		c.Return(k.Call(fn, mapping, c.Arg(1)))
	}
}

// blockSymlink models int block_symlink(struct inode *inode, const char *symname, int len): writes a symbolic link's target,
// whose length with its end is len, into the first page of its inode.
func blockSymlink(c *Call) {
	k, inode, n := c.Kernel, c.Arg(0), c.Arg(2)-1
	mapping := k.mem.Get(inode, k.lay.Inode.Mapping)
	aops, lay := k.mem.Get(mapping, k.drv.fs.lay.Space.AOps), &k.drv.fs.lay.AOps
	page := k.grabPage(mapping, 0)
	if page == 0 {
		c.Fail(abi.ENOMEM)
		return
	}
	if result := k.Call(k.mem.Get(aops, lay.PrepareWrite), 0, page, 0, n); result != 0 {
		k.unlockPage(page)
		k.putPage(page)
		c.Return(result)
		return
	}
	k.mem.Copy(k.pageAddress(page), c.Arg(1), n)
	k.Call(k.mem.Get(aops, lay.CommitWrite), 0, page, 0, n)
	result := k.Call(k.mem.Get(aops, lay.Readpage), 0, page) // it makes the rest of the page zeros, and unlocks it
	k.waitOnPage(page)
	k.putPage(page)
	if c.Return(result); int32(result) >= 0 {
		k.dirtyInode(inode, inodeDirtySync|inodeDirtyData)
		c.Return(0)
	}
}

// writeoutOnePage models int writeout_one_page(struct page *page): starts writing the dirty buffers of a locked page.
func writeoutOnePage(c *Call) {
	const notLocked = 2140
	k, page := c.Kernel, c.Arg(0)
	if !k.pageFlag(page, pgLocked) {
		k.bug("writeout_one_page", "buffer.c", notLocked)
	}
	for _, bh := range k.pageBuffers(page) {
		if k.blockState(bh)&(bhLock|bhDirty|bhUptodate) == bhDirty|bhUptodate {
			k.mem.Set(bh, k.drv.fs.lay.BH.Flushtime, k.jiffies())
			k.transferBlocks(ioWrite, []uint32{bh})
		}
	}
	c.Return(0)
}

// waitforOnePage models int waitfor_one_page(struct page *page): EIO when a buffer of the page could not be transferred.
func waitforOnePage(c *Call) {
	k := c.Kernel
	c.Return(0)
	for _, bh := range k.pageBuffers(c.Arg(0)) {
		k.waitOnBlock(bh)
		if k.blockState(bh)&(bhReq|bhUptodate) == bhReq {
			c.Fail(abi.EIO)
		}
	}
}
