// SPDX-License-Identifier: BSD-3-Clause
// The system calls that change an address space: mmap, munmap, mprotect, brk (2.4.18 mm/mmap.c, mm/mprotect.c,
// arch/i386/kernel/sys_i386.c).

package guestkernel

import "ring0/guestkernel/abi"

// Flags of mmap(2).
const (
	mapShared    = 1
	mapPrivate   = 2
	mapType      = 0xf
	mapFixed     = 0x10
	mapAnon      = 0x20
	mapGrowsDown = 0x100
	mapLocked    = 0x2000
	mapNoReserve = 0x4000

	mayAll      = abi.VMMayRead | abi.VMMayWrite | abi.VMMayExec
	accessFlags = abi.VMRead | abi.VMWrite | abi.VMExec
	maxMapCount = 65536
)

// Limits by RLIMIT_ number.
const (
	rlimitData = 2
	rlimitAS   = 9
)

// A mapRequest is what mmap is asked for.
type mapRequest struct {
	file              uint32 // 0: anonymous
	addr, size        uint32
	prot, flags, page uint32 // page: of the file, where the range begins
}

// oldMmap models int old_mmap(struct mmap_arg_struct *arg): six words in memory.
func oldMmap(c *Call) {
	k := c.Kernel
	var words [6]uint32
	for i := range words {
		v, ok := k.GetUser(c.Arg(0)+4*uint32(i), 4)
		if !ok {
			c.Fail(abi.EFAULT)
			return
		}
		words[i] = v
	}
	if words[5]%abi.PageSize != 0 {
		c.Fail(abi.EINVAL)
		return
	}
	c.mmap(mapRequest{addr: words[0], size: words[1], prot: words[2], flags: words[3], page: words[5] >> abi.PageShift}, words[4])
}

// sysMmap2 models long sys_mmap2(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags, unsigned
// long fd, unsigned long pgoff).
func sysMmap2(c *Call) {
	c.mmap(mapRequest{addr: c.Arg(0), size: c.Arg(1), prot: c.Arg(2), flags: c.Arg(3), page: c.Arg(5)}, c.Arg(4))
}

// mmap is do_mmap2.
func (c *Call) mmap(r mapRequest, fd uint32) {
	k := c.Kernel
	if r.flags&mapAnon == 0 {
		if r.file = k.useFile(fd); r.file == 0 {
			c.Fail(abi.EBADF)
			return
		}
		defer func() { k.fput(r.file) }()
	}
	c.returnMapped(r)
}

// doMmapPgoff models unsigned long do_mmap_pgoff(struct file *file, unsigned long addr, unsigned long len, unsigned long
// prot, unsigned long flags, unsigned long pgoff).
func doMmapPgoff(c *Call) {
	c.returnMapped(mapRequest{c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3), c.Arg(4), c.Arg(5)})
}

func (c *Call) returnMapped(r mapRequest) {
	addr, errno := c.Kernel.mapRange(c.Task().MM(), r)
	if c.Return(addr); errno != 0 {
		c.Fail(errno)
	}
}

func pageAlign(n uint32) uint32 { return (n + abi.PageSize - 1) & abi.PageMask }

// mapRange is do_mmap_pgoff, its checks in its order.
func (k *Kernel) mapRange(mm uint32, r mapRequest) (addr uint32, errno abi.Errno) {
	mmapOp := uint32(0)
	if r.file != 0 {
		if mmapOp = k.fileOp(r.file, k.lay.FileOperations.Mmap); mmapOp == 0 {
			return 0, abi.ENODEV
		}
	}
	size := pageAlign(r.size)
	switch {
	case size == 0:
		return r.addr, 0
	case size > abi.TaskSize, r.page+size>>abi.PageShift < r.page:
		return 0, abi.EINVAL
	case k.mem.Get(mm, k.lay.MM.MapCount) > maxMapCount:
		return 0, abi.ENOMEM
	}
	if addr, errno = k.unmappedArea(mm, r, size); errno != 0 {
		return 0, errno
	}
	flags, errno := k.rangeFlags(mm, r)
	if errno != 0 {
		return 0, errno
	}
	if errno = k.munmap(mm, addr, size); errno != 0 {
		return 0, abi.ENOMEM
	}
	limit := k.rlimit(k.running, rlimitAS)
	if uint64(k.mem.Get(mm, k.lay.MM.TotalVm))<<abi.PageShift+uint64(size) > uint64(limit) {
		return 0, abi.ENOMEM
	}
	if r.flags&mapNoReserve == 0 && flags&(abi.VMShared|abi.VMWrite) == abi.VMWrite && !k.enoughMemory(size) {
		return 0, abi.ENOMEM
	}
	if r.file == 0 && flags&abi.VMShared == 0 {
		if !k.mapAnonymous(mm, addr, addr+size, flags) {
			return 0, abi.ENOMEM
		}
		return addr, 0
	}
	return k.mapFile(mm, r, mmapOp, addr, size, flags)
}

// enoughMemory is vm_enough_memory: what is free now covers a promise of size bytes.
func (k *Kernel) enoughMemory(size uint32) bool { return size>>abi.PageShift < k.freePageCount() }

// unmappedArea finds a place (get_unmapped_area): the wished one, if it is free or must be; else the lowest one from
// TASK_UNMAPPED_BASE up.
func (k *Kernel) unmappedArea(mm uint32, r mapRequest, size uint32) (addr uint32, errno abi.Errno) {
	lay := &k.lay.VMA
	switch {
	case r.flags&mapFixed != 0 && r.addr > abi.TaskSize-size:
		return 0, abi.ENOMEM
	case r.flags&mapFixed != 0 && r.addr%abi.PageSize != 0:
		return 0, abi.EINVAL
	case r.flags&mapFixed != 0:
		return r.addr, 0
	}
	if wish := pageAlign(r.addr); wish != 0 && abi.TaskSize-size >= wish {
		if vma := k.findVMA(mm, wish); vma == 0 || wish+size <= k.mem.Get(vma, lay.Start) {
			return wish, 0
		}
	}
	addr = abi.UnmappedBase
	for vma := k.findVMA(mm, addr); ; vma = k.mem.Get(vma, lay.Next) {
		if abi.TaskSize-size < addr {
			return 0, abi.ENOMEM
		}
		if vma == 0 || addr+size <= k.mem.Get(vma, lay.Start) {
			return addr, 0
		}
		addr = k.mem.Get(vma, lay.End)
	}
}

// rangeFlags are the VM_* flags of a new range.
func (k *Kernel) rangeFlags(mm uint32, r mapRequest) (flags uint32, errno abi.Errno) {
	flags = r.prot&accessFlags | r.flags&(mapGrowsDown|mapLocked) | k.mem.Get(mm, k.lay.MM.DefFlags) | mayAll
	mode := uint32(fileRead | fileWrite)
	if r.file != 0 {
		mode = k.mem.Get(r.file, k.lay.File.Mode)
	}
	switch r.flags & mapType {
	case mapShared:
		if r.prot&abi.VMWrite != 0 && mode&fileWrite == 0 {
			return 0, abi.EACCES
		}
		flags |= abi.VMShared | abi.VMMayShare
		if mode&fileWrite == 0 {
			flags &^= abi.VMMayWrite | abi.VMShared
		}
	case mapPrivate:
	default:
		return 0, abi.EINVAL
	}
	if mode&fileRead == 0 {
		return 0, abi.EACCES
	}
	return flags, 0
}

// mapFile makes a range of a file, or of shared memory, which is a file without a name.
func (k *Kernel) mapFile(mm uint32, r mapRequest, mmapOp, addr, size, flags uint32) (uint32, abi.Errno) {
	vma := k.newVMA(mm, addr, addr+size, flags)
	if vma == 0 {
		return 0, abi.ENOMEM
	}
	k.mem.Set(vma, k.lay.VMA.Pgoff, r.page)
	switch {
	case r.file == 0:
		f := k.sharedMemory(size)
		if f == 0 {
			k.Kfree(vma)
			return 0, abi.ENOMEM
		}
		k.mem.Set(vma, k.lay.VMA.Pgoff, 0)
		k.mem.Set(vma, k.lay.VMA.File, f)
	default:
		k.mem.Set(vma, k.lay.VMA.File, r.file)
		k.mem.Set(r.file, k.lay.File.Count, k.mem.Get(r.file, k.lay.File.Count)+1)
		if e := int32(k.Call(mmapOp, r.file, vma)); e != 0 {
			k.zapRange(mm, addr, addr+size)
			k.freeVMA(vma)
			return 0, abi.Errno(-e)
		}
	}
	addr = k.mem.Get(vma, k.lay.VMA.Start) // a driver may have moved it
	k.linkVMA(mm, vma)
	k.addTotalVM(mm, size)
	return addr, 0
}

// sharedMemory makes the file behind a shared anonymous range (shmem_file_setup): 0 without memory.
func (k *Kernel) sharedMemory(size uint32) (f uint32) {
	f = k.contentFile("zero", modeRegular|0o777, &content{pages: map[uint32]uint32{}}, uint64(size))
	if f != 0 {
		k.mem.Set(f, k.lay.File.Mode, fileRead|fileWrite)
	}
	return f
}

// contentFile makes an open file that is in no directory; 0 without memory.
func (k *Kernel) contentFile(name string, mode uint32, has *content, length uint64) (f uint32) {
	const anonymous = 0xffff // no inode number that means anything
	inode := k.newInode(anonymous, mode)
	if inode == 0 {
		return 0
	}
	k.mem.SetU64(inode+k.lay.Inode.Length.Off, length)
	d := k.newDentry(0, name, inode)
	if d == 0 {
		k.iput(inode)
		return 0
	}
	if f = k.newFile(); f == 0 {
		k.dput(d)
		return 0
	}
	k.mem.Set(f, k.lay.File.Dentry, d)
	k.mem.Set(f, k.lay.File.Mode, fileRead)
	k.mms.contents[inode] = has
	return f
}

// munmap is do_munmap: takes [addr, addr+size) out of every range that it touches.
func (k *Kernel) munmap(mm, addr, size uint32) abi.Errno {
	lay := &k.lay.VMA
	if addr%abi.PageSize != 0 || addr > abi.TaskSize || size > abi.TaskSize-addr {
		return abi.EINVAL
	}
	if size = pageAlign(size); size == 0 {
		return abi.EINVAL
	}
	end := addr + size
	for vma := k.findVMA(mm, addr); vma != 0 && k.mem.Get(vma, lay.Start) < end; vma = k.findVMA(mm, addr) {
		if k.mem.Get(vma, lay.Start) < addr {
			if vma = k.splitVMA(vma, addr); vma == 0 {
				return abi.ENOMEM
			}
		}
		if k.mem.Get(vma, lay.End) > end && k.splitVMA(vma, end) == 0 {
			return abi.ENOMEM
		}
		from, to := k.mem.Get(vma, lay.Start), k.mem.Get(vma, lay.End)
		k.unlinkVMA(mm, vma)
		k.zapRange(mm, from, to)
		k.closeVMA(vma)
		k.freeVMA(vma)
		k.addTotalVM(mm, from-to)
	}
	return 0
}

// mprotect is sys_mprotect: everything in [start, start+size) must be mapped and may be given the protection.
func (k *Kernel) mprotect(start, size, prot uint32) abi.Errno {
	lay, mm := &k.lay.VMA, k.running.MM()
	if start%abi.PageSize != 0 {
		return abi.EINVAL
	}
	size = pageAlign(size)
	end := start + size
	switch {
	case end < start, prot&^accessFlags != 0:
		return abi.EINVAL
	case end == start:
		return 0
	}
	vma := k.findVMA(mm, start)
	if vma == 0 || k.mem.Get(vma, lay.Start) > start {
		return abi.ENOMEM
	}
	for at := start; ; {
		flags := k.mem.Get(vma, lay.Flags)&^accessFlags | prot
		if flags&^(flags>>4)&0xf != 0 { // what it may be is four bits higher than what it is
			return abi.EACCES
		}
		until := min(end, k.mem.Get(vma, lay.End))
		if !k.protectRange(mm, vma, at, until, flags) {
			return abi.ENOMEM
		}
		if at = until; at >= end {
			return 0
		}
		if vma = k.findVMA(mm, at); vma == 0 || k.mem.Get(vma, lay.Start) != at {
			return abi.ENOMEM
		}
	}
}

// protectRange gives the part [start, end) of a range other flags (mprotect_fixup, change_protection).
func (k *Kernel) protectRange(mm, vma, start, end, flags uint32) bool {
	lay := &k.lay.VMA
	if k.mem.Get(vma, lay.Flags) == flags {
		return true
	}
	if k.mem.Get(vma, lay.Start) < start {
		if vma = k.splitVMA(vma, start); vma == 0 {
			return false
		}
	}
	if k.mem.Get(vma, lay.End) > end && k.splitVMA(vma, end) == 0 {
		return false
	}
	prot := pageProt(flags)
	k.mem.Set(vma, lay.Flags, flags)
	k.mem.Set(vma, lay.PageProt, prot)
	const kept = abi.PageMask | abi.PageAccessed | abi.PageDirty
	k.eachPTE(mm, start, end, func(pte, addr, v uint32) { k.setPTE(pte, addr, v&kept|prot) })
	return true
}

// sysBrk models unsigned long sys_brk(unsigned long brk): the end of the heap, moved if that was possible.
func sysBrk(c *Call) {
	k, mm, lay, brk := c.Kernel, c.Task().MM(), &c.Kernel.lay.MM, c.Arg(0)
	old := k.mem.Get(mm, lay.Brk)
	c.Return(old)
	if brk < k.mem.Get(mm, lay.EndCode) {
		return
	}
	to, from := pageAlign(brk), pageAlign(old)
	switch {
	case to == from:
	case brk <= old:
		if k.munmap(mm, to, from-to) != 0 {
			return
		}
	default:
		if brk-k.mem.Get(mm, lay.StartData) > k.rlimit(c.Task(), rlimitData) {
			return
		}
		if vma := k.findVMA(mm, from); vma != 0 && k.mem.Get(vma, k.lay.VMA.Start) < to+abi.PageSize {
			return
		}
		if !k.enoughMemory(to-from) || k.growHeap(mm, from, to-from) != 0 {
			return
		}
	}
	k.mem.Set(mm, lay.Brk, brk)
	c.Return(brk)
}

// doBrk models unsigned long do_brk(unsigned long addr, unsigned long len).
func doBrk(c *Call) {
	size := pageAlign(c.Arg(1))
	c.Return(c.Arg(0))
	if size == 0 {
		return
	}
	if errno := c.Kernel.growHeap(c.Task().MM(), c.Arg(0), size); errno != 0 {
		c.Fail(errno)
	}
}

// growHeap maps size bytes at addr.
func (k *Kernel) growHeap(mm, addr, size uint32) abi.Errno {
	if k.munmap(mm, addr, size) != 0 {
		return abi.ENOMEM
	}
	total := uint64(k.mem.Get(mm, k.lay.MM.TotalVm))<<abi.PageShift + uint64(size)
	switch {
	case total > uint64(k.rlimit(k.running, rlimitAS)), k.mem.Get(mm, k.lay.MM.MapCount) > maxMapCount, !k.enoughMemory(size),
		!k.mapAnonymous(mm, addr, addr+size, dataFlags|k.mem.Get(mm, k.lay.MM.DefFlags)):
		return abi.ENOMEM
	}
	return 0
}
