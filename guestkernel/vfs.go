// SPDX-License-Identifier: BSD-3-Clause
// Inodes and names: struct inode and struct dentry as file operations see them (2.4.18 fs/inode.c, fs/dcache.c).
//
// There are two trees, /proc and the device files of /dev, and neither is cached: an inode and its name live as long as a
// file is open on it, as 2.4.18 has it for /proc. There is no super_block and no vfsmount: their pointers are NULL.

package guestkernel

import "ring0/guestkernel/abi"

// fileState is what files need besides guest memory.
type fileState struct {
	lay fileLayouts
}

// fileLayouts are layouts that only this part of the kernel needs.
type fileLayouts struct {
	InodeOps inodeOperationsLayout
	Inode    inodeListsLayout
}

// inodeOperationsLayout is struct inode_operations (linux/fs.h).
type inodeOperationsLayout struct {
	Lookup     abi.Field `c:"lookup"`
	Readlink   abi.Field `c:"readlink"`
	FollowLink abi.Field `c:"follow_link"`
	Setattr    abi.Field `c:"setattr"`
}

// inodeListsLayout is what abi.InodeLayout leaves out of struct inode.
type inodeListsLayout struct {
	Hash             abi.Field `c:"i_hash"`
	List             abi.Field `c:"i_list"`
	Dentries         abi.Field `c:"i_dentry"`
	DirtyBuffers     abi.Field `c:"i_dirty_buffers"`
	DirtyDataBuffers abi.Field `c:"i_dirty_data_buffers"`
	Zombie           abi.Field `c:"i_zombie"`
	Wait             abi.Field `c:"i_wait"`
	Data             abi.Field `c:"i_data"`
	Devices          abi.Field `c:"i_devices"`
	Writecount       abi.Field `c:"i_writecount"`
}

// bootFiles makes the caches that files come from.
func (k *Kernel) bootFiles() error {
	fl := &k.files.lay
	if err := k.profile.Bind("struct inode_operations", &fl.InodeOps); err != nil {
		return err
	}
	if err := k.profile.Bind("struct inode", &fl.Inode); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		size uint32
		at   uint32
	}{
		{"files_cache", k.lay.Files.Size, k.sym.FilesCachep},
		{"names_cache", abi.PageSize, k.sym.NamesCachep},
		{"filp", k.lay.File.Size, k.sym.FilpCachep},
		{"dentry_cache", k.lay.Dentry.Size, k.sym.DentryCache},
		{"inode_cache", k.lay.Inode.Size, k.sym.InodeCachep},
	} {
		cache := k.createCache(cacheSpec{name: c.name, size: c.size, flags: k.slab.hwAlign})
		if cache == 0 {
			return errNoMemory
		}
		k.mem.SetU32(c.at, cache)
	}
	k.listInit(k.sym.AnonList)
	k.mem.SetU32(k.sym.FilesStat+maxFilesOff, maxFiles)
	return nil
}

// fromCache takes a zeroed object from the cache whose address is at a symbol.
func (k *Kernel) fromCache(cachep, size uint32) uint32 {
	at := k.cacheAlloc(k.mem.U32(cachep), k.pages.gfp.kernel)
	if at != 0 {
		k.mem.Fill(at, size, 0)
	}
	return at
}

// newInode makes an inode with one user; 0 without memory (get_empty_inode, clean_inode).
func (k *Kernel) newInode(number, mode uint32) uint32 {
	lay, lists := &k.lay.Inode, &k.files.lay.Inode
	inode := k.fromCache(k.sym.InodeCachep, lay.Size)
	if inode == 0 {
		return 0
	}
	for _, head := range []abi.Field{lists.Hash, lists.List, lists.Dentries, lists.DirtyBuffers, lists.DirtyDataBuffers, lists.Devices} {
		k.listInit(inode + head.Off)
	}
	k.listInit(inode + lists.Wait.Off + k.lay.WaitQueueHead.TaskList.Off)
	for _, sem := range []abi.Field{lay.Sem, lists.Zombie} {
		k.mem.Set(inode+sem.Off, k.lay.Semaphore.Count, 1)
		k.listInit(inode + sem.Off + k.lay.Semaphore.Wait.Off + k.lay.WaitQueueHead.TaskList.Off)
	}
	now := k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec)
	for _, f := range []abi.Field{lay.Atime, lay.Mtime, lay.Ctime} {
		k.mem.Set(inode, f, now)
	}
	k.mem.Set(inode, lay.Ino, number)
	k.mem.Set(inode, lay.Count, 1)
	k.mem.Set(inode, lay.Mode, mode)
	k.mem.Set(inode, lay.Nlink, 1)
	k.mem.Set(inode, lay.Blkbits, 10)
	k.mem.Set(inode, lay.Blksize, 1024)
	k.mem.Set(inode, lay.Mapping, inode+lists.Data.Off)
	return inode
}

// newDentry makes a name with one user for an inode, which it takes over; 0 without memory (d_alloc, d_instantiate). The
// parent, 0 for a root, gets another user.
func (k *Kernel) newDentry(parent uint32, name string, inode uint32) uint32 {
	lay := &k.lay.Dentry
	d := k.fromCache(k.sym.DentryCache, lay.Size)
	if d == 0 {
		return 0
	}
	text := d + lay.Iname.Off
	if uint32(len(name)) >= lay.Iname.Size {
		if text = k.Kmalloc(uint32(len(name))+1, k.pages.gfp.kernel); text == 0 {
			k.cacheFree(k.mem.U32(k.sym.DentryCache), d)
			return 0
		}
	}
	k.mem.Write(text, append([]byte(name), 0))
	k.mem.Set(d, lay.NameString, text)
	k.mem.Set(d, lay.NameLen, uint32(len(name)))
	k.mem.Set(d, lay.Count, 1)
	k.mem.Set(d, lay.Inode, inode)
	for _, head := range []abi.Field{lay.Hash, lay.LRU, lay.Child, lay.Subdirs, lay.Alias} {
		k.listInit(d + head.Off)
	}
	k.listAdd(d+lay.Alias.Off, inode+k.files.lay.Inode.Dentries.Off)
	k.mem.Set(d, lay.Parent, d)
	if parent != 0 {
		k.mem.Set(d, lay.Parent, parent)
		k.mem.Set(parent, lay.Count, k.mem.Get(parent, lay.Count)+1)
		k.listAdd(d+lay.Child.Off, parent+lay.Subdirs.Off)
	}
	return d
}

// dput gives up a use of a name. With the last one it goes, and its inode, and its use of its parent.
func (k *Kernel) dput(d uint32) {
	lay := &k.lay.Dentry
	for d != 0 {
		count := k.mem.Get(d, lay.Count) - 1
		k.mem.Set(d, lay.Count, count)
		if count != 0 {
			return
		}
		parent := k.mem.Get(d, lay.Parent)
		k.listDel(d + lay.Alias.Off)
		if parent != d {
			k.listDel(d + lay.Child.Off)
		}
		k.iput(k.mem.Get(d, lay.Inode))
		if text := k.mem.Get(d, lay.NameString); text != d+lay.Iname.Off {
			k.Kfree(text)
		}
		k.cacheFree(k.mem.U32(k.sym.DentryCache), d)
		if parent == d {
			return
		}
		d = parent
	}
}

// iput gives up a use of an inode. The last one frees it; an entry of /proc learns of it.
func (k *Kernel) iput(inode uint32) {
	lay := &k.lay.Inode
	count := k.mem.Get(inode, lay.Count) - 1
	k.mem.Set(inode, lay.Count, count)
	if count != 0 {
		return
	}
	if e := k.mem.Get(inode, lay.GenericIP); e != 0 {
		k.leaveProcEntry(e)
	}
	k.dropContent(inode)
	k.cacheFree(k.mem.U32(k.sym.InodeCachep), inode)
}
