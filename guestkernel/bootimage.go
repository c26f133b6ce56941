// SPDX-License-Identifier: BSD-3-Clause
// The kernel's image in guest memory: slots, real guest code, system call table, exception table.

package guestkernel

import (
	"encoding/binary"
	"fmt"

	"ring0/guestkernel/abi"
)

// layImage reads System.map once. Every function of the kernel's text gets a slot; then the real guest code and the return
// sites are laid over them, and the system call table is filled.
func (k *Kernel) layImage() error {
	k.slots = make(map[uint32]slot, len(k.functions)+64)
	b := newBinder(k.functions, k.profile.SyscallTable(), returnSites())
	k.exports = newExportPlaces()
	ram := k.m.RAM()
	stext, ok := k.profile.Symbol("_stext") // before it lie the page tables of head.S, text by nm's letter alone
	if !ok {
		return fmt.Errorf("guestkernel: profile %s has no symbol _stext", k.profile.Name)
	}
	for s := range k.profile.EachSymbol() {
		fn := b.see(s)
		k.exports.see(s)
		if !isText(s) || s.Addr < stext {
			continue
		}
		copy(ram[physical(s.Addr):], vmcallRet[:])
		if fn != nil && fn.Fn != nil && b.want[s.Name].addr == s.Addr { // not another one of its name
			k.slots[s.Addr] = slot{fn: fn}
		}
	}
	if err := b.done(k.profile); err != nil {
		return err
	}
	k.sym = b.place
	for _, site := range returnSites() {
		addr := b.want[site.function].addr + site.offset
		copy(ram[physical(addr):], vmcallRet[:vmcallLen])
		k.sites[site] = addr
		k.slots[addr] = slot{isSite: true}
	}
	for _, part := range k.image.Parts {
		k.m.WritePhys(physical(part.Addr), part.Bytes)
	}
	k.guestReturn = k.stub("guest_return")
	k.slots[k.guestReturn] = slot{isSite: true}
	k.laySyscallTable(b)
	return nil
}

// isText tells functions from data.
func isText(s abi.Symbol) bool { return s.Type|0x20 == 't' || s.Type|0x20 == 'w' }

// laySyscallTable fills sys_call_table. Kernels from 2.6 on have none of the old module calls.
func (k *Kernel) laySyscallTable(b *binder) {
	table := make([]byte, 4*abi.NrSyscalls)
	for nr, name := range k.profile.SyscallTable() {
		if k.release26() && removedIn26(nr) {
			name = "sys_ni_syscall"
		}
		binary.LittleEndian.PutUint32(table[4*nr:], b.want[name].addr)
	}
	k.m.WritePhys(physical(k.sym.SysCallTable), table)
}

// release26 tells whether the kernel is asked to be 2.6 or later.
func (k *Kernel) release26() bool {
	var major, minor int
	if n, _ := fmt.Sscanf(k.cfg.Release, "%d.%d", &major, &minor); n < 2 {
		return false
	}
	return major > 2 || major == 2 && minor >= 5
}

// removedIn26 lists the calls that went away with the new module loader.
func removedIn26(nr int) bool {
	return nr == abi.NrCreateModule || nr == abi.NrGetKernelSyms || nr == abi.NrQueryModule
}

// layExceptionTable writes the entries of the guest code at the start of the kernel's exception table. The table keeps its
// real size: what the real kernel's other instructions have there is filled with entries that sort last and match no
// instruction.
func (k *Kernel) layExceptionTable() {
	table := make([]byte, k.sym.StopExTab-k.sym.StartExTab)
	for i := range len(table) / 8 {
		insn, fixup := uint32(0xffffffff), uint32(0)
		if i < len(k.image.Exceptions) {
			insn, fixup = k.image.Exceptions[i].Insn, k.image.Exceptions[i].Fixup
		}
		binary.LittleEndian.PutUint32(table[8*i:], insn)
		binary.LittleEndian.PutUint32(table[8*i+4:], fixup)
	}
	k.mem.Write(k.sym.StartExTab, table)
}
