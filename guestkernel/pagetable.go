// SPDX-License-Identifier: BSD-3-Clause
// Page tables in guest memory (2.4.18 include/asm-i386/pgtable.h, pgalloc.h; arch/i386/mm/init.c pagetable_init).

package guestkernel

import "ring0/guestkernel/abi"

// layPageTables maps low memory at PAGE_OFFSET with 4 MB pages, global as CR4.PGE allows.
func (k *Kernel) layPageTables() {
	const bits = abi.PageKernelBits | abi.PagePSE | abi.PageGlobal
	end := min(k.cfg.Mem, lowFramesMax<<abi.PageShift)
	dir := physical(k.sym.SwapperPgDir)
	for pa := uint32(0); pa < end; pa += abi.PgdirSize {
		k.m.WritePhys32(dir+pgdOffset(abi.PageOffset+pa), pa|bits)
	}
}

// pgdOffset is where in a page directory the entry for addr lies, pteOffset the same for a page table.
func pgdOffset(addr uint32) uint32 { return addr >> abi.PgdirShift * 4 }

func pteOffset(addr uint32) uint32 { return addr >> abi.PageShift % abi.PtrsPerPTE * 4 }

// pteAddr returns the kernel address of the table entry for addr under page directory pgd, 0 when there is no table.
func (k *Kernel) pteAddr(pgd, addr uint32) uint32 {
	pde := k.mem.U32(pgd + pgdOffset(addr))
	if pde&abi.PagePresent == 0 || pde&abi.PagePSE != 0 {
		return 0
	}
	return abi.PageOffset + pde&abi.PageMask + pteOffset(addr)
}

// pteAlloc is pteAddr that makes the table when there is none; 0 without memory.
func (k *Kernel) pteAlloc(pgd, addr uint32) uint32 {
	if pte := k.pteAddr(pgd, addr); pte != 0 {
		return pte
	}
	table := k.zeroedPage(k.pages.gfp.kernel)
	if table == 0 {
		return 0
	}
	k.mem.SetU32(pgd+pgdOffset(addr), physical(table)|abi.PageTableBits)
	return table + pteOffset(addr)
}

// setPTE writes a table entry and forgets the old translation.
func (k *Kernel) setPTE(pte, addr, v uint32) {
	k.mem.SetU32(pte, v)
	k.m.InvalidatePage(addr)
}
