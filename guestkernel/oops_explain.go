// SPDX-License-Identifier: BSD-3-Clause
// One remark with every oops: which exception tables were searched for the instruction, and why none had it.

package guestkernel

import (
	"encoding/binary"
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// explainTables walks the list as searchExceptions does and says what it met.
func (k *Kernel) explainTables(eip uint32) string {
	var b strings.Builder
	fmt.Fprintf(&b, "no fixup for %08x; exception tables searched:", eip)
	separator, kernel := " ", false
	if !k.mem.try(func() {
		for m := range k.modules() {
			kernel = m.addr == k.sym.KernelModule
			fmt.Fprintf(&b, "%s%s", separator, k.explainTable(m, eip))
			separator = ", "
		}
	}) {
		b.WriteString(separator + "then a bad address on module_list")
	} else if !kernel {
		b.WriteString(separator + "the kernel's own not: module_list does not lead to it")
	}
	return b.String()
}

// explainTable describes one table: how many entries it has, or why it does not count; and when eip is in it all the same,
// why it was not found.
func (k *Kernel) explainTable(m module, eip uint32) string {
	lay := &k.lay.Module
	name := k.text(m.get(lay.Name), symbolBuffer)
	if m.addr == k.sym.KernelModule {
		name = "kernel"
	}
	start, end := m.get(lay.ExTableStart), m.get(lay.ExTableEnd)
	switch {
	case start == 0:
		return name + " (no table)"
	case m.flags()&(abi.ModRunning|abi.ModInitializing) == 0:
		return name + " (not asked: neither running nor initialising)"
	}
	entries := (end - start) / k.lay.ExceptionEntry.Size
	if why := k.explainEntry(start, entries, eip); why != "" {
		return fmt.Sprintf("%s (%d entries; %s)", name, entries, why)
	}
	return fmt.Sprintf("%s (%d entries)", name, entries)
}

// explainEntry looks for eip in a table entry by entry.
func (k *Kernel) explainEntry(start, entries, eip uint32) (why string) {
	lay, index := &k.lay.ExceptionEntry, 0
	k.mem.try(func() {
		k.eachRow(start, entries, lay.Size, func(row []byte) bool {
			index++
			if binary.LittleEndian.Uint32(row[lay.Insn.Off:]) != eip {
				return true
			}
			why = fmt.Sprintf("entry %d is for it, but halving the table misses it: the table is not sorted", index)
			if binary.LittleEndian.Uint32(row[lay.Fixup.Off:]) == 0 {
				why = fmt.Sprintf("entry %d is for it, but its fixup is 0, which means none", index)
			}
			return false
		})
	})
	return why
}
