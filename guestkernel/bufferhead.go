// SPDX-License-Identifier: BSD-3-Clause
// The buffer cache: blocks of devices in memory, struct buffer_head (2.4.18 fs/buffer.c).
//
// A block's buffer lies in a page of its device's page cache and in the hash table. There is no least-recently-used order
// and nobody writes dirty buffers back by and by: they go out when something is synchronized, unmounted or closed.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// States of a buffer.
const (
	bhUptodate = 1 << 0
	bhDirty    = 1 << 1
	bhLock     = 1 << 2
	bhReq      = 1 << 3
	bhMapped   = 1 << 4
	bhNew      = 1 << 5
	bhAsync    = 1 << 6
	bhLaunder  = 1 << 8
)

const (
	defaultBlockSize = 1024 // BLOCK_SIZE
	sectorBits       = 9
	bufferBuckets    = 4096
	minBlockSize     = 512
	bufDirtyList     = 2 // BUF_DIRTY
)

func bufferFunctions() []Function {
	blk := func(f func(k *Kernel, bh uint32)) func(*Call) { return func(c *Call) { f(c.Kernel, c.Arg(0)) } }
	return []Function{
		{Name: "getblk", Fn: func(c *Call) { c.Return(c.Kernel.getBlock(c.Arg(0)&0xffff, c.Arg(1), c.Arg(2))) }, Level: Full},
		{Name: "get_hash_table", Fn: func(c *Call) { c.Return(c.Kernel.findBlock(c.Arg(0)&0xffff, c.Arg(1), c.Arg(2))) }, Level: Full},
		{Name: "bread", Fn: func(c *Call) { c.Return(c.Kernel.readBlock(c.Arg(0)&0xffff, c.Arg(1), c.Arg(2))) }, Level: Full},
		{Name: "__brelse", Fn: blk((*Kernel).releaseBlock), Level: Full},
		{Name: "__bforget", Fn: blk((*Kernel).forgetBlock), Level: Full},
		{Name: "__wait_on_buffer", Fn: blk((*Kernel).waitOnBlock), Level: Full},
		{Name: "unlock_buffer", Fn: blk((*Kernel).unlockBlock), Level: Full, Conv: Regparm3},
		{Name: "mark_buffer_dirty", Fn: blk((*Kernel).dirtyBlock), Level: Full, Conv: Regparm3},
		{Name: "__mark_buffer_dirty", Fn: blk((*Kernel).markDirtyList), Level: Full, Conv: Regparm3},
		{Name: "__mark_dirty", Fn: blk((*Kernel).markDirtyList), Level: Full, Conv: Regparm3},
		{Name: "refile_buffer", Fn: blk((*Kernel).refileBlock), Level: Full},
		{Name: "set_buffer_flushtime", Fn: setFlushtime, Level: Full},
		{Name: "init_buffer", Fn: initBuffer, Level: Full},
		{Name: "set_bh_page", Fn: func(c *Call) { c.Kernel.setBlockPage(c.Arg(0), c.Arg(1), c.Arg(2)) }, Level: Full},
		{Name: "end_buffer_io_sync", Fn: endBufferSync, Level: Full},
		{Name: "buffer_insert_inode_queue", Fn: bufferInsertInode, Level: Full, Conv: Regparm3},
		{Name: "buffer_insert_inode_data_queue", Fn: bufferInsertInode, Level: Full, Conv: Regparm3},
		{Name: "fsync_buffers_list", Fn: fsyncBuffersList, Level: Full},
		{Name: "inode_has_buffers", Fn: inodeHasBuffers, Level: Full},
		{Name: "get_unused_buffer_head", Fn: func(c *Call) { c.Return(c.Kernel.newBlock()) }, Level: Full},
		{Name: "put_unused_buffer_head", Fn: func(c *Call) { c.Kernel.freeBlockHead(c.Arg(0)) }, Level: Full},
	}
}

// bootBuffers makes the cache of buffer heads and the hash table.
func (k *Kernel) bootBuffers() error {
	cache := k.createCache(cacheSpec{name: "buffer_head", size: k.drv.fs.lay.BH.Size, flags: k.slab.hwAlign})
	const order = 2
	table := k.GetFreePages(k.pages.gfp.kernel, order)
	if cache == 0 || table == 0 {
		return errNoMemory
	}
	k.mem.Fill(table, bufferBuckets*wordSize, 0)
	k.mem.SetU32(k.symbol("bh_cachep"), cache)
	k.mem.SetU32(k.symbol("hash_table"), table)
	k.mem.SetU32(k.symbol("bh_hash_mask"), bufferBuckets-1)
	return nil
}

// blockBucket is the head of the hash list that a block is on.
func (k *Kernel) blockBucket(dev, block uint32) uint32 {
	const spread = 0x9e370001
	h := (dev<<16 ^ block) * spread >> 20
	return k.mem.U32(k.symbol("hash_table")) + h%bufferBuckets*wordSize
}

// findBlock is get_hash_table: a block that is in the cache, with one more user; else 0.
func (k *Kernel) findBlock(dev, block, size uint32) uint32 {
	lay := &k.drv.fs.lay.BH
	for _, bh := range k.links("a list of buffers", k.blockBucket(dev, block), lay.Next) {
		if bh != 0 && k.mem.Get(bh, lay.Blocknr) == block && k.mem.Get(bh, lay.Dev) == dev && k.mem.Get(bh, lay.Length) == size {
			k.useBlock(bh, 1)
			return bh
		}
	}
	return 0
}

// useBlock changes the number of users.
func (k *Kernel) useBlock(bh, n uint32) {
	count := k.drv.fs.lay.BH.Count
	k.mem.Set(bh, count, k.mem.Get(bh, count)+n)
}

func (k *Kernel) blockState(bh uint32) uint32 { return k.mem.Get(bh, k.drv.fs.lay.BH.State) }

// setBlockState sets and clears bits of a buffer's state.
func (k *Kernel) setBlockState(bh, set, clear uint32) {
	k.mem.Set(bh, k.drv.fs.lay.BH.State, k.blockState(bh)&^clear|set)
}

// hashBlock enters a buffer; unhashBlock takes it out, if it is in.
func (k *Kernel) hashBlock(bh uint32) {
	lay := &k.drv.fs.lay.BH
	head := k.blockBucket(k.mem.Get(bh, lay.Dev), k.mem.Get(bh, lay.Blocknr))
	next := k.mem.U32(head)
	k.mem.Set(bh, lay.Next, next)
	k.mem.Set(bh, lay.Pprev, head)
	k.mem.SetU32(head, bh)
	if next != 0 {
		k.mem.Set(next, lay.Pprev, bh+lay.Next.Off)
	}
}

func (k *Kernel) unhashBlock(bh uint32) {
	lay := &k.drv.fs.lay.BH
	word, next := k.mem.Get(bh, lay.Pprev), k.mem.Get(bh, lay.Next)
	if word == 0 {
		return
	}
	k.mem.SetU32(word, next)
	if next != 0 {
		k.mem.Set(next, lay.Pprev, word)
	}
	k.mem.Set(bh, lay.Next, 0)
	k.mem.Set(bh, lay.Pprev, 0)
}

// newBlock makes a buffer head without a buffer; 0 without memory.
func (k *Kernel) newBlock() uint32 {
	lay := &k.drv.fs.lay.BH
	bh := k.cacheAlloc(k.mem.U32(k.symbol("bh_cachep")), k.pages.gfp.kernel)
	if bh != 0 {
		k.mem.Fill(bh, lay.Size, 0)
		k.initWaitQueue(bh + lay.Wait.Off)
	}
	return bh
}

func (k *Kernel) freeBlockHead(bh uint32) { k.cacheFree(k.mem.U32(k.symbol("bh_cachep")), bh) }

// setBlockPage says where a buffer's bytes are (set_bh_page).
func (k *Kernel) setBlockPage(bh, page, offset uint32) {
	const badOffset = 1315
	lay := &k.drv.fs.lay.BH
	if offset >= abi.PageSize {
		k.bug("set_bh_page", "buffer.c", badOffset)
	}
	k.mem.Set(bh, lay.Page, page)
	k.mem.Set(bh, lay.Data, k.pageAddress(page)+offset)
}

// initBuffer models void init_buffer(struct buffer_head *bh, bh_end_io_t *handler, void *private).
func initBuffer(c *Call) {
	lay := &c.Kernel.drv.fs.lay.BH
	c.Kernel.mem.Set(c.Arg(0), lay.List, 0)
	c.Kernel.mem.Set(c.Arg(0), lay.EndIO, c.Arg(1))
	c.Kernel.mem.Set(c.Arg(0), lay.Private, c.Arg(2))
}

// setFlushtime models void set_buffer_flushtime(struct buffer_head *bh): it is to be written after 30 seconds.
func setFlushtime(c *Call) {
	const age = 30
	c.Kernel.mem.Set(c.Arg(0), c.Kernel.drv.fs.lay.BH.Flushtime, c.Kernel.jiffies()+age*uint32(c.Kernel.profile.HZ))
}

// getBlock is getblk: the buffer of a block, with one more user; its content may not have been read.
func (k *Kernel) getBlock(dev, block, size uint32) uint32 {
	const badSize = 2598
	if size%k.sectorSize(dev) != 0 || size < minBlockSize || size > abi.PageSize {
		k.bug("grow_buffers", "buffer.c", badSize)
	}
	for {
		if bh := k.findBlock(dev, block, size); bh != 0 {
			return bh
		}
		if !k.growBuffers(dev, block, size) {
			k.stop(Outcome{Kind: Halted, Reason: fmt.Sprintf("no memory for block %d of device %04x: 2.4.18 waits for some for ever", block, dev)})
		}
	}
}

// growBuffers makes the buffers of the page that a block is in (grow_buffers).
func (k *Kernel) growBuffers(dev, block, size uint32) bool {
	perPage := abi.PageSize / size
	bdev := k.getBlockDevice(dev)
	if bdev == 0 {
		return false
	}
	mapping := k.mem.Get(k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode), k.lay.Inode.Mapping)
	k.putBlockDevice(bdev)
	page := k.grabPage(mapping, block/perPage)
	if page == 0 {
		return false
	}
	made := k.pageBuffersOf(page, dev, size)
	if made {
		k.hashPageBuffers(page, dev, block/perPage*perPage)
	}
	k.unlockPage(page)
	k.putPage(page)
	return made
}

// pageBuffersOf makes sure that a page has buffers of a size; those of another size go, if nobody uses them.
func (k *Kernel) pageBuffersOf(page, dev, size uint32) bool {
	lay := &k.drv.fs.lay.BH
	first := k.mem.Get(page, k.lay.Page.Buffers)
	if first != 0 && k.mem.Get(first, lay.Length) == size {
		return true
	}
	if first != 0 && !k.freePageBuffers(page) {
		return false
	}
	return k.createBuffers(page, dev, size)
}

// createBuffers gives a page empty buffers (create_empty_buffers).
func (k *Kernel) createBuffers(page, dev, size uint32) bool {
	lay := &k.drv.fs.lay.BH
	var all []uint32
	for offset := uint32(0); offset < abi.PageSize; offset += size {
		bh := k.newBlock()
		if bh == 0 {
			for _, b := range all {
				k.freeBlockHead(b)
			}
			return false
		}
		k.mem.Set(bh, lay.Dev, dev)
		k.mem.Set(bh, lay.Length, size)
		k.mem.Set(bh, lay.EndIO, k.symbol("end_buffer_io_async"))
		k.setBlockPage(bh, page, offset)
		all = append(all, bh)
	}
	for i, bh := range all {
		k.mem.Set(bh, lay.ThisPage, all[(i+1)%len(all)])
	}
	k.mem.Set(page, k.lay.Page.Buffers, all[0])
	k.getPage(page)
	return true
}

// hashPageBuffers says which blocks of the device a page's buffers are (hash_page_buffers).
func (k *Kernel) hashPageBuffers(page, dev, block uint32) {
	lay := &k.drv.fs.lay.BH
	uptodate := uint32(0)
	if k.pageFlag(page, pgUptodate) {
		uptodate = bhUptodate
	}
	for _, bh := range k.pageBuffers(page) {
		if k.blockState(bh)&bhMapped == 0 {
			k.mem.Set(bh, lay.Dev, dev)
			k.mem.Set(bh, lay.Blocknr, block)
			k.setBlockState(bh, bhMapped|uptodate, 0)
		}
		if k.mem.Get(bh, lay.Pprev) == 0 {
			k.hashBlock(bh)
		}
		block++
	}
}

// pageBuffers are the buffers of a page, in order.
func (k *Kernel) pageBuffers(page uint32) (all []uint32) {
	first := k.mem.Get(page, k.lay.Page.Buffers)
	for bh := first; bh != 0; {
		all = append(all, bh)
		if bh = k.mem.Get(bh, k.drv.fs.lay.BH.ThisPage); bh == first || len(all) > abi.PageSize/minBlockSize {
			break
		}
	}
	return all
}

// freePageBuffers takes the buffers from a page, unless one is in use, locked or dirty (try_to_free_buffers).
func (k *Kernel) freePageBuffers(page uint32) bool {
	lay := &k.drv.fs.lay.BH
	all := k.pageBuffers(page)
	for _, bh := range all {
		if k.mem.Get(bh, lay.Count) != 0 || k.blockState(bh)&(bhLock|bhDirty) != 0 {
			return false
		}
	}
	for _, bh := range all {
		k.unhashBlock(bh)
		k.leaveInodeQueue(bh)
		k.freeBlockHead(bh)
	}
	if len(all) > 0 {
		k.mem.Set(page, k.lay.Page.Buffers, 0)
		k.putPage(page)
	}
	return true
}

// releaseBlock is __brelse: one user less.
func (k *Kernel) releaseBlock(bh uint32) {
	if k.mem.Get(bh, k.drv.fs.lay.BH.Count) == 0 {
		k.Printk("<3>VFS: brelse: Trying to free free buffer\n")
		return
	}
	k.useBlock(bh, ^uint32(0))
}

// brelse is the inline function.
func (k *Kernel) brelse(bh uint32) {
	if bh != 0 {
		k.releaseBlock(bh)
	}
}

// forgetBlock is __bforget: what was to be written is not.
func (k *Kernel) forgetBlock(bh uint32) {
	k.setBlockState(bh, 0, bhDirty)
	k.refileBlock(bh)
	k.releaseBlock(bh)
}

// readBlock is bread: a block with its content, 0 when it cannot be read.
func (k *Kernel) readBlock(dev, block, size uint32) uint32 {
	bh := k.getBlock(dev, block, size)
	if k.blockState(bh)&bhUptodate != 0 {
		return bh
	}
	k.transferBlocks(ioRead, []uint32{bh})
	k.waitOnBlock(bh)
	if k.blockState(bh)&bhUptodate != 0 {
		return bh
	}
	k.releaseBlock(bh)
	return 0
}

// waitOnBlock is __wait_on_buffer: devices are unplugged, then it sleeps until the buffer is unlocked.
func (k *Kernel) waitOnBlock(bh uint32) {
	k.useBlock(bh, 1)
	k.waitFor(bh+k.drv.fs.lay.BH.Wait.Off, func() bool {
		k.unplugDisks()
		return k.blockState(bh)&bhLock == 0
	})
	k.useBlock(bh, ^uint32(0))
}

// lockBlock waits until the buffer is its own.
func (k *Kernel) lockBlock(bh uint32) {
	for k.blockState(bh)&bhLock != 0 {
		k.waitOnBlock(bh)
	}
	k.setBlockState(bh, bhLock, 0)
}

// unlockBlock is unlock_buffer.
func (k *Kernel) unlockBlock(bh uint32) {
	k.setBlockState(bh, 0, bhLock|bhLaunder)
	k.wakeAny(bh + k.drv.fs.lay.BH.Wait.Off)
}

// dirtyBlock is mark_buffer_dirty.
func (k *Kernel) dirtyBlock(bh uint32) {
	k.setBlockState(bh, bhDirty, 0)
	k.refileBlock(bh)
}

// markDirtyList is __mark_buffer_dirty: of a buffer that is marked already.
func (k *Kernel) markDirtyList(bh uint32) { k.refileBlock(bh) }

// refileBlock notes whether a buffer is dirty. A clean one is on no inode's list (__refile_buffer).
func (k *Kernel) refileBlock(bh uint32) {
	list := uint32(0)
	if k.blockState(bh)&bhDirty != 0 {
		list = bufDirtyList
	}
	k.mem.Set(bh, k.drv.fs.lay.BH.List, list)
	if list == 0 {
		k.leaveInodeQueue(bh)
	}
}

// leaveInodeQueue takes a buffer off the list of what an inode has to write.
func (k *Kernel) leaveInodeQueue(bh uint32) {
	lay := &k.drv.fs.lay.BH
	if k.mem.Get(bh, lay.Inode) != 0 {
		k.listDel(bh + lay.InodeBuffers.Off)
		k.mem.Set(bh, lay.Inode, 0)
	}
}

// bufferInsertInode models void buffer_insert_inode_queue(struct buffer_head *bh, struct inode *inode).
func bufferInsertInode(c *Call) {
	k, bh, inode, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.fs.lay
	k.leaveInodeQueue(bh)
	head := lay.Inode.DirtyBuffers
	if c.Fn.Name == "buffer_insert_inode_data_queue" {
		head = lay.Inode.DataBuffers
	}
	k.mem.Set(bh, lay.BH.Inode, inode)
	k.listAdd(bh+lay.BH.InodeBuffers.Off, inode+head.Off)
}

// inodeHasBuffers models int inode_has_buffers(struct inode *inode).
func inodeHasBuffers(c *Call) {
	lay := &c.Kernel.drv.fs.lay.Inode
	c.Return(boolWord(!c.Kernel.listEmpty(c.Arg(0)+lay.DirtyBuffers.Off) || !c.Kernel.listEmpty(c.Arg(0)+lay.DataBuffers.Off)))
}

// fsyncBuffersList models int fsync_buffers_list(struct list_head *list): writes them and waits. EIO when one failed.
func fsyncBuffersList(c *Call) { c.Return(c.Kernel.syncBuffersList(c.Arg(0))) }

func (k *Kernel) syncBuffersList(list uint32) uint32 {
	lay := &k.drv.fs.lay.BH
	var all []uint32
	for at := range k.listMembers("a list of dirty buffers", list) {
		all = append(all, at-lay.InodeBuffers.Off)
	}
	return k.writeBlocks(all)
}

// writeBlocks writes what is dirty among buffers and waits for it.
func (k *Kernel) writeBlocks(all []uint32) (result uint32) {
	for _, bh := range all {
		k.useBlock(bh, 1)
		k.leaveInodeQueue(bh)
	}
	k.transferBlocks(ioWrite, all)
	for _, bh := range all {
		k.waitOnBlock(bh)
		if k.blockState(bh)&bhUptodate == 0 {
			result = errWord(abi.EIO)
		}
		k.releaseBlock(bh)
	}
	return result
}

// dirtyBlocks are the dirty buffers of a device, 0 for all, by bucket.
func (k *Kernel) dirtyBlocks(dev uint32) (all []uint32) {
	for _, bh := range k.hashedBlocks(dev) {
		if k.blockState(bh)&bhDirty != 0 {
			all = append(all, bh)
		}
	}
	return all
}

// hashedBlocks are the buffers of a device, 0 for all, by bucket.
func (k *Kernel) hashedBlocks(dev uint32) (all []uint32) {
	lay, table := &k.drv.fs.lay.BH, k.mem.U32(k.symbol("hash_table"))
	for i := range uint32(bufferBuckets) {
		if k.mem.U32(table+i*wordSize) == 0 {
			continue
		}
		for _, bh := range k.links("a list of buffers", table+i*wordSize, lay.Next) {
			if bh != 0 && (dev == 0 || k.mem.Get(bh, lay.Dev) == dev) {
				all = append(all, bh)
			}
		}
	}
	return all
}

// endBufferSync models void end_buffer_io_sync(struct buffer_head *bh, int uptodate).
func endBufferSync(c *Call) { c.Kernel.endBlockSync(c.Arg(0), c.Arg(1) != 0) }

func (k *Kernel) endBlockSync(bh uint32, uptodate bool) {
	if uptodate {
		k.setBlockState(bh, bhUptodate, 0)
	} else {
		k.setBlockState(bh, 0, bhUptodate)
	}
	k.unlockBlock(bh)
	k.releaseBlock(bh)
}
