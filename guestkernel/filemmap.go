// SPDX-License-Identifier: BSD-3-Clause
// Files in address spaces: those of file systems through the page cache, and the kernel's own devices (2.4.18 mm/filemap.c
// generic_file_mmap, filemap_nopage; drivers/char/mem.c mmap_zero, mmap_mem; mm/shmem.c shmem_zero_setup).
//
// Left out: pages written through a shared mapping are not written back to the file.

package guestkernel

import "ring0/guestkernel/abi"

func fileMapFunctions() []Function {
	return []Function{
		{Name: "generic_file_mmap", Fn: genericFileMmap, Level: Partial, Note: "what is written to a shared mapping stays in the page cache"},
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
// is SIGBUS, behind the file's end and when the page cannot be read.
func filemapNopage(c *Call) {
	k, vma, lay := c.Kernel, c.Arg(0), &c.Kernel.lay.VMA
	f := k.mem.Get(vma, lay.File)
	inode := k.fileInode(f)
	index := k.mem.Get(vma, lay.Pgoff) + (c.Arg(1)-k.mem.Get(vma, lay.Start))>>abi.PageShift
	c.Return(0)
	if index >= k.filePages(inode) && k.mem.Get(vma, lay.MM) == c.Task().MM() {
		return
	}
	if page, errno := k.readPage(f, k.mem.Get(inode, k.lay.Inode.Mapping), index); errno == 0 {
		c.Return(page)
	}
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
