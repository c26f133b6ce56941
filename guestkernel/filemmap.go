// SPDX-License-Identifier: BSD-3-Clause
// Files in address spaces: those of file systems through the page cache, and the kernel's own devices (2.4.18 mm/filemap.c
// generic_file_mmap, filemap_nopage; drivers/char/mem.c mmap_zero, mmap_mem; mm/shmem.c shmem_zero_setup). Writing back is in
// filesync.go.

package guestkernel

import "ring0/guestkernel/abi"

func fileMapFunctions() []Function {
	return []Function{
		{Name: "generic_file_mmap", Fn: genericFileMmap, Level: Full},
		{Name: "filemap_nopage", Fn: filemapNopage, Level: Full},
		{Name: "mmap_zero", Fn: mmapZero, Level: Full},
		{Name: "shmem_zero_setup", Fn: func(c *Call) { c.Return(uint32(-c.Kernel.shmemZeroSetup(c.Arg(0)))) }, Level: Full},
		{Name: "mmap_mem", Fn: mmapMem, Level: Full},
	}
}

// bootFileMaps fills in where the kernel's tables name these functions.
func (k *Kernel) bootFileMaps() error {
	if err := k.setOp(k.symbol("zero_fops"), k.lay.FileOperations.Mmap, "mmap_zero"); err != nil {
		return err
	}
	return k.setOp(k.symbol("generic_file_vm_ops"), k.mms.ops.Nopage, "filemap_nopage")
}

// genericFileMmap models int generic_file_mmap(struct file *file, struct vm_area_struct *vma).
func genericFileMmap(c *Call) {
	k, f, vma := c.Kernel, c.Arg(0), c.Arg(1)
	mapping := k.mem.Get(k.fileInode(f), k.lay.Inode.Mapping)
	aops := k.mem.Get(mapping, k.drv.fs.lay.Space.AOps)
	const shared = abi.VMShared | abi.VMMayWrite
	switch {
	case k.mem.Get(vma, k.lay.VMA.Flags)&shared == shared && k.mem.Get(aops, k.drv.fs.lay.AOps.Writepage) == 0:
		c.Fail(abi.EINVAL)
	case k.mem.Get(aops, k.drv.fs.lay.AOps.Readpage) == 0:
		c.Fail(abi.ENOEXEC)
	default:
		k.mem.Set(vma, k.lay.VMA.Ops, k.symbol("generic_file_vm_ops"))
		c.Return(0)
	}
}

// filemapNopage models struct page *filemap_nopage(struct vm_area_struct *area, unsigned long address, int unused): NULL, which
// is SIGBUS, behind the file's end and when the page cannot be read; -1 without memory. Of a page that is not in the cache the
// whole cluster is read, as far as file and range go.
func filemapNopage(c *Call) {
	const pageOOM = 0xffffffff
	k, vma, lay := c.Kernel, c.Arg(0), &c.Kernel.lay.VMA
	f := k.mem.Get(vma, lay.File)
	mapping := k.mem.Get(k.fileInode(f), k.lay.Inode.Mapping)
	inode, first, start := k.mem.Get(mapping, k.drv.fs.lay.Space.Host), k.mem.Get(vma, lay.Pgoff), k.mem.Get(vma, lay.Start)
	index, end := first+(c.Arg(1)-start)>>abi.PageShift, first+(k.mem.Get(vma, lay.End)-start)>>abi.PageShift
	size := k.filePages(inode)
	c.Return(0)
	if index >= size && k.mem.Get(vma, lay.MM) == c.Task().MM() {
		return
	}
	if k.cachedPage(k.pageBucket(mapping, index), mapping, index) == 0 {
		switch k.readCluster(f, mapping, index, min(size, end)) {
		case 0:
		case abi.ENOMEM:
			c.Return(pageOOM)
			return
		default:
			return
		}
	}
	page, errno := k.readPage(f, mapping, index)
	if errno == abi.EIO { // once more
		page, errno = k.readPage(f, mapping, index)
	}
	switch errno {
	case 0:
		c.Return(page)
	case abi.ENOMEM:
		c.Return(pageOOM)
	}
}

// readCluster starts reading the pages around a place of a file that are not in the cache (read_cluster_nonblocking); behind
// end only the place itself.
func (k *Kernel) readCluster(f, mapping, index, end uint32) abi.Errno {
	const cluster = 8 // 1 << page_cluster
	at, until := index&^(cluster-1), min(index&^(cluster-1)+cluster, end)
	if index >= end {
		at, until = index, index+1
	}
	for ; at < until; at++ {
		if errno := k.startPage(f, mapping, at); errno != 0 {
			return errno
		}
	}
	return 0
}

// startPage starts reading a page, unless it is in the cache (page_cache_read).
func (k *Kernel) startPage(f, mapping, index uint32) abi.Errno {
	if k.cachedPage(k.pageBucket(mapping, index), mapping, index) != 0 {
		return 0
	}
	page := k.AllocPages(k.pages.gfp.kernel, 0)
	if page == noPage {
		return abi.ENOMEM
	}
	k.addPage(page, mapping, index)
	result := int32(k.Call(k.mem.Get(k.mem.Get(mapping, k.drv.fs.lay.Space.AOps), k.drv.fs.lay.AOps.Readpage), f, page))
	k.putPage(page)
	return abi.Errno(max(-result, 0))
}

// mmapZero models static int mmap_zero(struct file *file, struct vm_area_struct *vma): pages of zeros, or shared memory.
func mmapZero(c *Call) {
	k, vma := c.Kernel, c.Arg(1)
	c.Return(0)
	if k.mem.Get(vma, k.lay.VMA.Flags)&abi.VMShared != 0 {
		c.Return(uint32(-k.shmemZeroSetup(vma)))
	}
}

// shmemZeroSetup makes a range one of shared memory instead of the file it has.
func (k *Kernel) shmemZeroSetup(vma uint32) abi.Errno {
	lay := &k.lay.VMA
	f := k.sharedMemory(k.mem.Get(vma, lay.End) - k.mem.Get(vma, lay.Start))
	if f == 0 {
		return abi.ENOMEM
	}
	if old := k.mem.Get(vma, lay.File); old != 0 {
		k.fput(old)
	}
	k.mem.Set(vma, lay.File, f)
	k.mem.Set(vma, lay.Pgoff, 0)
	return 0
}

// mmapMem models static int mmap_mem(struct file *file, struct vm_area_struct *vma): physical memory. Behind RAM it is a
// device's.
func mmapMem(c *Call) {
	k, vma, lay := c.Kernel, c.Arg(1), &c.Kernel.lay.VMA
	start, phys := k.mem.Get(vma, lay.Start), k.mem.Get(vma, lay.Pgoff)<<abi.PageShift
	flags := k.mem.Get(vma, lay.Flags) | abi.VMReserved
	if phys >= physical(k.mem.U32(k.sym.HighMemory)) {
		flags |= abi.VMIO
	}
	k.mem.Set(vma, lay.Flags, flags)
	c.Return(0)
	if k.Call(k.functionAt("remap_page_range"), start, phys, k.mem.Get(vma, lay.End)-start, k.mem.Get(vma, lay.PageProt)) != 0 {
		c.Fail(abi.EAGAIN)
	}
}
