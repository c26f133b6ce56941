// SPDX-License-Identifier: BSD-3-Clause
// Modules: struct module in guest memory, the list of them, and what every one of the module system calls needs
// (2.4.18 kernel/module.c, include/linux/module.h).
//
//	module.go         the structure, the list, names
//	module_create.go  create_module
//	module_init.go    init_module and its checks
//	module_delete.go  delete_module, free_module
//	module_query.go   query_module, get_kernel_syms
//	module_proc.go    /proc/modules, /proc/ksyms
//	module_boot.go    kernel_module and the kernel's symbol table
//
// The list begins at module_list, is newest first and ends with kernel_module, the kernel's own entry. Everything is read
// from guest memory every time: a module that unlinks itself is gone, one that edits a neighbour has edited it.
//
// What the kernel's loops would do for ever, on a list that somebody has made circular, ends here behind the last
// distinct member, with a remark.

package guestkernel

import (
	"iter"

	"ring0/guestkernel/abi"
)

func moduleFunctions() []Function {
	return []Function{
		{Name: "sys_create_module", Fn: sysCreateModule, Level: Full},
		{Name: "sys_init_module", Fn: sysInitModule, Level: Full},
		{Name: "sys_delete_module", Fn: sysDeleteModule, Level: Full},
		{Name: "sys_query_module", Fn: sysQueryModule, Level: Full},
		{Name: "sys_get_kernel_syms", Fn: sysGetKernelSyms, Level: Full},
		{Name: "try_inc_mod_count", Fn: tryIncModCount, Level: Full},
	}
}

// module is a struct module in guest memory.
type module struct {
	k    *Kernel
	addr uint32
}

func (m module) get(f abi.Field) uint32    { return m.k.mem.Get(m.addr, f) }
func (m module) set(f abi.Field, v uint32) { m.k.mem.Set(m.addr, f, v) }

// lay is the layout of struct module.
func (m module) lay() *abi.ModuleLayout { return &m.k.lay.Module }

func (m module) flags() uint32           { return m.get(m.lay().Flags) }
func (m module) setFlags(on, off uint32) { m.set(m.lay().Flags, m.flags()&^off|on) }

// name is the module's name, as strlen and strcpy find it.
func (m module) name() string { return m.k.kernelString(m.get(m.lay().Name)) }

// present is mod_member_present: the header that user space gave reaches to the end of the field.
func (m module) present(f abi.Field) bool { return f.Off+f.Size <= m.get(m.lay().SizeOfStruct) }

// bound is mod_bound: [p, p+size) lies between the end of the header and the end of the module, where an end may be
// the module's end. The sum wraps as the kernel's does.
func (m module) bound(p, size uint32) bool {
	return p >= m.addr+m.get(m.lay().SizeOfStruct) && p+size <= m.addr+m.get(m.lay().ModuleSize)
}

// canQuery is MOD_CAN_QUERY: symbols and dependencies are only valid between the beginning of init and cleanup.
func (m module) canQuery() bool {
	flags := m.flags()
	return flags&(abi.ModRunning|abi.ModInitializing) != 0 && flags&abi.ModDeleted == 0
}

// canUnload is the address of the module's can_unload function, 0 when it counts its users.
func (m module) canUnload() uint32 {
	if !m.present(m.lay().CanUnload) {
		return 0
	}
	return m.get(m.lay().CanUnload)
}

// addUse changes the use count.
func (m module) addUse(n int32) { m.set(m.lay().Usecount, m.get(m.lay().Usecount)+uint32(n)) }

// kernelString reads a string as kernel code does: up to its NUL, wherever that is.
func (k *Kernel) kernelString(addr uint32) string {
	for limit := 64; ; limit *= 2 {
		if s, ok := k.mem.CString(addr, limit); ok {
			return s
		}
	}
}

// atMost is the beginning of a text that fits a guest's buffer of n bytes.
func atMost(text string, n uint32) string { return text[:min(uint64(len(text)), uint64(n))] }

// equals is strcmp(addr, s) == 0: it reads no further than to the first difference.
func (k *Kernel) equals(addr uint32, s string) bool {
	for i := range len(s) {
		if k.mem.U8(addr+uint32(i)) != s[i] {
			return false
		}
	}
	return k.mem.U8(addr+uint32(len(s))) == 0
}

// chain walks a list that is linked through a field, from its first member to NULL. A member seen before ends it.
func (k *Kernel) chain(what string, first uint32, next abi.Field) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		seen := map[uint32]bool{}
		for at := first; at != 0; at = k.mem.Get(at, next) {
			if seen[at] {
				k.note("%s is circular: 2.4.18 would follow it for ever", what)
				return
			}
			seen[at] = true
			if !yield(at) {
				return
			}
		}
	}
}

// modules walks module_list to its end, kernel_module included.
func (k *Kernel) modules() iter.Seq[module] {
	return func(yield func(module) bool) {
		for at := range k.chain("module_list", k.mem.U32(k.sym.ModuleList), k.lay.Module.Next) {
			if !yield(module{k, at}) {
				return
			}
		}
	}
}

// loaded walks module_list up to kernel_module, which it leaves out. On a list that no longer ends there it yields the
// NULL at its end too: the kernel's loops have no other end in mind and fault on it.
func (k *Kernel) loaded() iter.Seq[module] {
	return func(yield func(module) bool) {
		last := uint32(0)
		for m := range k.modules() {
			if m.addr == k.sym.KernelModule || !yield(m) {
				return
			}
			last = m.addr
		}
		// At NULL, or where a circular list begins again, of which modules has told.
		if (last == 0 || k.mem.Get(last, k.lay.Module.Next) == 0) && yield(module{k, 0}) {
			k.mem.Get(0, k.lay.Module.Next)
		}
	}
}

// kernelModule is the kernel's own entry.
func (k *Kernel) kernelModule() module { return module{k, k.sym.KernelModule} }

// findModule returns the newest module of that name that is not being deleted; found is false when there is none.
func (k *Kernel) findModule(name string) (m module, found bool) {
	lay := &k.lay.Module
	k.faultsAt(k.sym.FindModule + 0x1b)
	for each := range k.modules() {
		if each.flags()&abi.ModDeleted == 0 && k.equals(each.get(lay.Name), name) {
			m, found = each, true
			break
		}
	}
	k.faultsAt(0)
	return m, found
}

// refs walks the references to a module: addresses of struct module_ref.
func (m module) refs() iter.Seq[uint32] {
	return m.k.chain("the reference list of a module", m.get(m.lay().Refs), m.k.lay.ModuleRef.NextRef)
}

// getModName copies a module's name from user space into a page of its own (get_mod_name). The errors, in order: no page,
// EFAULT, no NUL within a page, nothing before the NUL.
func (k *Kernel) getModName(from uint32) (name modName, errno abi.Errno) {
	page := k.GetFreePages(k.constant("GFP_KERNEL"), 0)
	if page == 0 {
		return modName{}, abi.ENOMEM
	}
	s, ok := k.StrncpyFromUser(from, abi.PageSize)
	switch {
	case !ok:
		errno = abi.EFAULT
	case len(s) == abi.PageSize:
		errno = abi.ENAMETOOLONG
	case len(s) == 0:
		errno = abi.EINVAL
	}
	if errno != 0 {
		k.FreePages(page, 0)
		return modName{}, errno
	}
	k.mem.Write(page, append(s, 0))
	return modName{k, string(s), page}, 0
}

// modName is a name in the page that getModName took for it.
type modName struct {
	k    *Kernel
	text string
	page uint32
}

// put gives the page back (put_mod_name).
func (n modName) put() { n.k.FreePages(n.page, 0) }

// length is the name's length without its NUL.
func (n modName) length() uint32 { return uint32(len(n.text)) }

// tryIncModCount models int try_inc_mod_count(struct module *mod): takes a use of a module unless it is being deleted.
// Returns 1 when it did, and for NULL, which stands for code that is no module.
func tryIncModCount(c *Call) {
	m := module{c.Kernel, c.Arg(0)}
	c.Return(boolWord(c.Kernel.tryUse(m)))
}

// tryUse takes a use of a module unless it is being deleted. Code that is no module (address 0) can always be used.
func (k *Kernel) tryUse(m module) bool {
	switch {
	case m.addr == 0:
		return true
	case m.flags()&abi.ModDeleted != 0:
		return false
	}
	m.addUse(1)
	m.setFlags(abi.ModVisited|abi.ModUsedOnce, 0)
	return true
}
