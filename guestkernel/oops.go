// SPDX-License-Identifier: BSD-3-Clause
// The end of a task by a kernel fault (2.4.18 arch/i386/kernel/traps.c die, show_registers).

package guestkernel

import "ring0/guestkernel/abi"

// pageFaultReport is what an oops prints about a page fault before the registers.
type pageFaultReport struct{ addr uint32 }

// oops prints the oops text of an exception in kernel mode and kills the running task with SIGSEGV. It does not return.
// For a page fault that nobody handled pf says where; else it is nil.
func (k *Kernel) oops(t trap, pf *pageFaultReport) {
	k.note("oops: %s at %s", t.title, k.Symbolize(t.frame.EIP()))
	k.exit(abi.SIGSEGV)
}
