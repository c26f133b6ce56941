// SPDX-License-Identifier: BSD-3-Clause
// Inodes and names: struct inode and struct dentry as file operations see them (2.4.18 fs/inode.c, fs/dcache.c).
//
// The trees of /proc and of the device files of /dev are not cached: an inode and its name live as long as a file is open on
// it, as 2.4.18 has it for /proc. They have no super_block and no vfsmount: their pointers are NULL. File systems that are
// mounted are in super.go, inode.go and dcache.go.

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
	lay := &k.lay.Inode
	inode := k.cacheAlloc(k.mem.U32(k.sym.InodeCachep), k.pages.gfp.kernel)
	if inode == 0 {
		return 0
	}
	k.inodeInitOnce(inode)
	k.initMapping(inode)
	k.listInit(inode + k.files.lay.Inode.List.Off)
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
	return inode
}

// newDentry makes a name with one user for an inode, which it takes over; 0 without memory (d_alloc, d_instantiate). The
// parent, 0 for a root, gets another user.
func (k *Kernel) newDentry(parent uint32, name string, inode uint32) uint32 {
	d := k.allocDentry(parent, newQstr(name))
	if d == 0 {
		return 0
	}
	if parent == 0 {
		k.mem.Set(d, k.lay.Dentry.Parent, d)
	}
	k.instantiate(d, inode)
	return d
}

// iputPlain gives up a use of an inode that belongs to no file system. The last one frees it; an entry of /proc learns of it.
func (k *Kernel) iputPlain(inode uint32) {
	lay := &k.lay.Inode
	count := k.mem.Get(inode, lay.Count) - 1
	k.mem.Set(inode, lay.Count, count)
	if count != 0 {
		return
	}
	// A socket lies where others keep their entry of /proc.
	if e := k.mem.Get(inode, lay.GenericIP); e != 0 && k.mem.Get(inode, k.drv.lay.SocketInode.Sock) == 0 {
		k.leaveProcEntry(e)
	}
	k.dropContent(inode)
	k.cacheFree(k.mem.U32(k.sym.InodeCachep), inode)
}
