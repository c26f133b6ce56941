// SPDX-License-Identifier: BSD-3-Clause
// Mapping physical memory into a process (2.4.18 mm/memory.c remap_page_range).

package guestkernel

import "ring0/guestkernel/abi"

func remapFunctions() []Function {
	return []Function{
		{Name: "remap_page_range", Fn: remapPageRange, Level: Full},
	}
}

// remapPageRange models
//
//	int remap_page_range(unsigned long from, unsigned long phys_addr, unsigned long size, pgprot_t prot)
//
// Maps [phys_addr, phys_addr+size) at the running process's address from. RAM that is not reserved stays out: its place is
// left empty. Returns 0, or ENOMEM for page tables. An empty range, or one that wraps, is a BUG().
func remapPageRange(c *Call) {
	const line = 884 // not measured
	k, from, phys, prot := c.Kernel, c.Arg(0), c.Arg(1)&abi.PageMask, c.Arg(3)
	end := from + c.Arg(2)
	if from >= end {
		k.bug("remap_page_range", "memory.c", line)
	}
	pgd := k.mem.Get(c.Task().MM(), k.lay.MM.Pgd)
	for addr := from & abi.PageMask; addr < end; addr, phys = addr+abi.PageSize, phys+abi.PageSize {
		pte := k.pteAlloc(pgd, addr)
		if pte == 0 {
			c.Fail(abi.ENOMEM)
			return
		}
		if old := k.mem.U32(pte); old&abi.PagePresent != 0 {
			if frame := old >> abi.PageShift; frame < k.pages.count {
				k.freePage(k.pageOf(frame), 0)
			}
		}
		v := uint32(0)
		if frame := phys >> abi.PageShift; frame >= k.pages.count || k.mem.Get(k.pageOf(frame), k.lay.Page.Flags)>>k.reservedBit&1 != 0 {
			v = phys | prot
		}
		k.setPTE(pte, addr, v)
		if addr+abi.PageSize < addr {
			break
		}
	}
	c.Return(0)
}
