// SPDX-License-Identifier: BSD-3-Clause
// Exception tables (2.4.18 arch/i386/mm/extable.c).
//
// The modules of module_list are asked in its order, newest first, the kernel itself last. A module counts while it is
// running or initialising. Tables are searched by halving as they are: in one that is not sorted some entries are never
// found. A fixup of 0 is none.

package guestkernel

import "ring0/guestkernel/abi"

// searchExceptionTable models unsigned long search_exception_table(unsigned long addr).
func searchExceptionTable(c *Call) { c.Return(c.Kernel.searchExceptions(c.Arg(0))) }

// searchExceptions returns where a fault at eip continues, or 0.
func (k *Kernel) searchExceptions(eip uint32) uint32 {
	lay := &k.lay.Module
	for m := range k.modules() {
		start := m.get(lay.ExTableStart)
		if start == 0 || m.flags()&(abi.ModRunning|abi.ModInitializing) == 0 {
			continue
		}
		if fixup := k.searchOneTable(start, m.get(lay.ExTableEnd)-k.lay.ExceptionEntry.Size, eip); fixup != 0 {
			return fixup
		}
	}
	return 0
}

// searchOneTable halves the entries first … last until one is for eip. As in the kernel the middle is found by signed
// division of the distance, so that a table whose end lies before its start is empty.
func (k *Kernel) searchOneTable(first, last, eip uint32) uint32 {
	lay := &k.lay.ExceptionEntry
	for first <= last {
		mid := first + uint32(int32(last-first)/2/int32(lay.Size))*lay.Size
		insn := k.mem.Get(mid, lay.Insn)
		switch {
		case insn == eip:
			return k.mem.Get(mid, lay.Fixup)
		case insn < eip:
			first = mid + lay.Size
		default:
			last = mid - lay.Size
		}
	}
	return 0
}
