// SPDX-License-Identifier: BSD-3-Clause
// Holding a process's pages, for drivers that reach them by other ways (2.4.18 mm/memory.c get_user_pages).

package guestkernel

import "ring0/guestkernel/abi"

func userPagesFunctions() []Function {
	return []Function{{Name: "get_user_pages", Fn: getUserPages, Level: Full}}
}

// getUserPages models
//
//	int get_user_pages(struct task_struct *tsk, struct mm_struct *mm, unsigned long start, int len, int write, int force,
//			   struct page **pages, struct vm_area_struct **vmas)
//
// Brings len pages from start on in, for writing if write is set, takes a reference to each and stores it in pages, its range
// in vmas; both may be NULL. force goes by what a range may become instead of what it is. Returns how many, or, when the
// first cannot be had, -EFAULT or -ENOMEM. A page that is no RAM ends it: all references are given back, -EFAULT.
func getUserPages(c *Call) {
	g := userPages{c: c, k: c.Kernel, mm: c.Arg(1), write: c.Arg(4) != 0, want: abi.VMRead}
	switch force := c.Arg(5) != 0; {
	case g.write && force:
		g.want = abi.VMMayWrite
	case g.write:
		g.want = abi.VMWrite
	case force:
		g.want = abi.VMMayRead
	}
	at, n := c.Arg(2), c.Arg(3)
	for i := uint32(0); ; {
		errno := g.take(at+i<<abi.PageShift, i)
		if errno == 0 {
			i++
		}
		switch {
		case errno != 0 && (i == 0 || g.broken):
			c.Fail(errno)
			return
		case errno != 0 || i == n:
			c.Return(i)
			return
		}
	}
}

// userPages is a call of get_user_pages.
type userPages struct {
	c      *Call
	k      *Kernel
	mm     uint32
	write  bool
	want   uint32 // of a range's flags
	broken bool   // a page was no RAM
}

// take takes the i-th page.
func (g *userPages) take(at, i uint32) abi.Errno {
	k, pages, vmas := g.k, g.c.Arg(6), g.c.Arg(7)
	vma := k.findVMA(g.mm, at)
	if vma != 0 && k.mem.Get(vma, k.lay.VMA.Start) > at {
		if k.mem.Get(vma, k.lay.VMA.Flags)&abi.VMGrowsDown == 0 || !k.growStack(g.mm, vma, at&abi.PageMask) {
			vma = 0
		}
	}
	if vma == 0 {
		return abi.EFAULT
	}
	flags := k.mem.Get(vma, k.lay.VMA.Flags)
	if pages != 0 && flags&abi.VMIO != 0 || flags&g.want == 0 {
		return abi.EFAULT
	}
	switch k.pageIn(g.mm, vma, at, g.write) {
	case 0:
	case abi.SIGKILL:
		return abi.ENOMEM
	default:
		return abi.EFAULT
	}
	if pages != 0 {
		frame := k.mem.U32(k.pteAddr(k.mem.Get(g.mm, k.lay.MM.Pgd), at)) >> abi.PageShift
		if frame >= k.pages.count {
			for g.broken = true; i > 0; {
				i--
				k.freePage(k.mem.U32(pages+4*i), 0)
			}
			return abi.EFAULT
		}
		page := k.pageOf(frame)
		k.mem.Set(page, k.lay.Page.Count, k.mem.Get(page, k.lay.Page.Count)+1)
		k.mem.SetU32(pages+4*i, page)
	}
	if vmas != 0 {
		k.mem.SetU32(vmas+4*i, vma)
	}
	return 0
}
