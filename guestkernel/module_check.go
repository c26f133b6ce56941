// SPDX-License-Identifier: BSD-3-Clause
// init_module's checks of the image's header and dependencies, in the kernel's order (2.4.18 kernel/module.c).
//
// A check answers with what the kernel logs, "" when it has no objection; all of them are EINVAL. Fields that size_of_struct
// leaves out are not looked at, although the memory behind the header has them.

package guestkernel

import "ring0/guestkernel/abi"

// checkHeader checks the header that has just been copied over the module's.
func (in *initModule) checkHeader() (complaint string) {
	m, lay := in.mod, &in.k.lay.Module
	// A module cannot grow into memory that create_module did not get.
	if m.get(lay.ModuleSize) > in.oldWord(lay.ModuleSize) {
		return "Size of initialized module exceeds size of created module."
	}
	// The name's NUL is not counted: it may lie behind the end.
	if !m.bound(m.get(lay.Name), in.name.length()) {
		return "mod->name out of bounds."
	}
	// The products wrap: 0x20000000 symbols need no room.
	if n := m.get(lay.Nsyms); n != 0 && !m.bound(m.get(lay.Syms), n*in.k.lay.ModuleSymbol.Size) {
		return "mod->syms out of bounds."
	}
	if n := m.get(lay.Ndeps); n != 0 && !m.bound(m.get(lay.Deps), n*in.k.lay.ModuleRef.Size) {
		return "mod->deps out of bounds."
	}
	// A function may lie at the very end of the module, where there is no code.
	if init := m.get(lay.Init); init != 0 && !m.bound(init, 0) {
		return "mod->init out of bounds."
	}
	if cleanup := m.get(lay.Cleanup); cleanup != 0 && !m.bound(cleanup, 0) {
		return "mod->cleanup out of bounds."
	}
	if !in.tableInside() {
		return "mod->ex_table_* invalid."
	}
	// The image chooses nothing but autoclean; the other flags are the kernel's.
	if m.get(lay.Flags)&^abi.ModAutoclean != 0 {
		return "mod->flags invalid."
	}
	if canUnload := m.canUnload(); canUnload != 0 && !m.bound(canUnload, 0) {
		return "mod->can_unload out of bounds."
	}
	if complaint = in.checkArea("kallsyms", lay.KallsymsStart, lay.KallsymsEnd); complaint != "" {
		return complaint
	}
	if complaint = in.checkArea("archdata", lay.ArchdataStart, lay.ArchdataEnd); complaint != "" {
		return complaint
	}
	if m.present(lay.KernelData) && m.get(lay.KernelData) != 0 {
		return "mod->kernel_data must be zero."
	}
	return ""
}

// tableInside checks the exception table: whole entries in the right order, and from behind the header to before the end,
// which it may not touch. A start of NULL needs no bounds.
func (in *initModule) tableInside() bool {
	m, lay := in.mod, &in.k.lay.Module
	start, end := m.get(lay.ExTableStart), m.get(lay.ExTableEnd)
	if start > end || (start-end)%in.k.lay.ExceptionEntry.Size != 0 {
		return false
	}
	return start == 0 || start >= m.addr+m.get(lay.SizeOfStruct) && end < m.addr+m.get(lay.ModuleSize)
}

// checkArea checks a range that the header has when it reaches to the range's end: with an end, both bounds lie inside; and
// they are in order.
func (in *initModule) checkArea(what string, from, to abi.Field) (complaint string) {
	m := in.mod
	if !m.present(to) {
		return ""
	}
	start, end := m.get(from), m.get(to)
	if end != 0 && (!m.bound(start, 0) || !m.bound(end, 0)) {
		return "mod->" + what + " out of bounds."
	}
	if start > end {
		return "mod->" + what + " invalid."
	}
	return ""
}

// checkDeps checks that every dependency is a module: another one, somewhere on the list, in whatever state, or the kernel.
func (in *initModule) checkDeps() (complaint string) {
	k, lay := in.k, &in.k.lay.ModuleRef
	at := in.mod.get(k.lay.Module.Deps)
	for range in.mod.get(k.lay.Module.Ndeps) {
		dep := k.mem.Get(at, lay.Dep)
		if dep == in.mod.addr {
			return "self-referential dependency in mod->deps."
		}
		if !k.isListed(dep) {
			return "found dependency that is (no longer?) a module."
		}
		at += lay.Size
	}
	return ""
}

// isListed tells whether module_list, up to kernel_module, has a module at that address.
func (k *Kernel) isListed(addr uint32) bool {
	for m := range k.loaded() {
		if m.addr == addr {
			return true
		}
	}
	return addr == k.sym.KernelModule
}
