// SPDX-License-Identifier: BSD-3-Clause
// delete_module(2): one module by name, or all that are unused and may go (2.4.18 kernel/module.c).

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// sysDeleteModule models
//
//	long sys_delete_module(const char *name_user)
//
// With a name: EBUSY while other modules refer to the module, while it is in use, or while its can_unload objects, whatever
// its state. NULL sweeps: see sweepModules.
//
// Context: process; may sleep, as may can_unload and cleanup.
func sysDeleteModule(c *Call) {
	k := c.Kernel
	// EPERM comes before a look at the argument.
	if !c.Task().Capable(abi.CapSysModule) {
		c.Fail(abi.EPERM)
		return
	}
	if c.Arg(0) == 0 {
		k.sweepModules(c)
		c.Return(0)
		return
	}
	name, errno := k.getModName(c.Arg(0))
	if errno != 0 {
		c.Fail(errno)
		return
	}
	m, found := k.findModule(name.text)
	name.put()
	// ENOENT, also for a module whose deletion has begun.
	if !found {
		c.Fail(abi.ENOENT)
		return
	}
	d := deletion{c: c, mod: m, name: name.page, base: k.m.Reg(vm.ESP)}
	if m.get(k.lay.Module.Refs) != 0 || d.inUse() {
		c.Fail(abi.EBUSY)
		return
	}
	m.setFlags(abi.ModDeleted, 0)
	d.free()
	c.Return(0)
}

// sweepModules deletes every module that is running, unreferenced and unused, and marked autoclean and used once. One
// that has been visited since the last sweep, and did not just lose its last dependent, is spared this time. Whatever went
// may have set others free: the list is gone through until nothing changes. At last the marks of the freed are wiped.
func (k *Kernel) sweepModules(c *Call) {
	for k.sweepOnce(c) {
	}
	for m := range k.loaded() {
		m.setFlags(0, abi.ModJustFreed)
	}
}

// sweepOnce goes through the list once and reports whether it deleted anything.
func (k *Kernel) sweepOnce(c *Call) (changed bool) {
	const wanted = abi.ModAutoclean | abi.ModRunning | abi.ModUsedOnce
	lay, base := &k.lay.Module, k.m.Reg(vm.ESP)
	seen := map[uint32]bool{}
	for at := k.mem.U32(k.sym.ModuleList); at != k.sym.KernelModule && !seen[at]; {
		seen[at] = true
		d := deletion{c: c, mod: module{k, at}, base: base, sweep: true}
		at = d.mod.get(lay.Next) // now: the module may be gone in a moment
		if d.mod.get(lay.Refs) != 0 || d.mod.flags()&(wanted|abi.ModDeleted) != wanted || d.inUse() {
			continue
		}
		if d.mod.flags()&(abi.ModVisited|abi.ModJustFreed) == abi.ModVisited {
			d.mod.setFlags(0, abi.ModVisited)
			continue
		}
		d.mod.setFlags(abi.ModDeleted, 0)
		d.free()
		changed = true
	}
	return changed
}

// deletion is one module on its way out.
type deletion struct {
	c     *Call
	mod   module
	name  uint32 // the page that had the name, 0 in a sweep
	base  uint32 // ESP at entry
	sweep bool   // a dependency that is no longer needed is marked
}

// inUse is __MOD_IN_USE: the module's can_unload decides alone when there is one, else the use count.
func (d *deletion) inUse() bool {
	canUnload := d.mod.canUnload()
	if canUnload == 0 {
		return d.mod.get(d.mod.lay().Usecount) != 0
	}
	k := d.c.Kernel
	d.layFrame()
	k.setArithFlags(vm.FlagSF | vm.FlagPF)
	eax, _ := k.Invoke(GuestCall{Fn: canUnload, ReturnTo: k.site("sys_delete_module", 0xb4), Regs: d.registers(canUnload)})
	k.m.SetReg(vm.ESP, d.base)
	return eax != 0
}

// layFrame lays out the frame of sys_delete_module: the arguments of get_mod_name and its own three saved registers.
func (d *deletion) layFrame() {
	regs := d.c.Kernel.registers()
	d.c.saveArea(d.name, d.c.Arg(0), abi.PageSize, regs[vm.EBX], regs[vm.ESI], regs[vm.EDI])
}

// registers are the general registers as the real kernel had them when it called can_unload.
func (d *deletion) registers(eax uint32) *Registers {
	k := d.c.Kernel
	zone := k.pages.zones[1].addr
	return &Registers{vm.EAX: eax, vm.EBX: d.mod.addr, vm.ECX: zone, vm.EDX: zone + 8, vm.ESI: errnoWord(abi.EBUSY),
		vm.EDI: d.name, vm.EBP: d.c.Reg(vm.EBP)}
}

// free runs the module's cleanup and takes it out of all lists (free_module). Its memory goes whatever the use count is.
func (d *deletion) free() {
	k, m, lay := d.c.Kernel, d.mod, d.mod.lay()
	if m.flags()&abi.ModRunning != 0 {
		if cleanup := m.get(lay.Cleanup); cleanup != 0 {
			k.tellOfModule(ModuleLeaves, m, cleanup, 0)
			d.callCleanup(cleanup)
		}
		m.setFlags(0, abi.ModRunning)
	}
	k.looking.check.moduleGoes(m)
	d.leaveDeps()
	d.unlink()
	k.tellOfModule(ModuleGone, m, 0, 0)
	k.ModuleUnmap(m.addr)
}

// callCleanup calls the module's cleanup from the frames of sys_delete_module and free_module.
func (d *deletion) callCleanup(cleanup uint32) {
	k, m := d.c.Kernel, d.mod
	zone, tag := k.pages.zones[1].addr, uint32(0)
	if d.sweep {
		tag = 1
	}
	regs := d.c.Kernel.registers()
	d.c.saveArea(m.addr, tag, abi.PageSize, regs[vm.EBX], regs[vm.ESI], regs[vm.EDI])
	d.c.saveArea(m.addr, m.addr, errnoWord(abi.EBUSY), d.name, k.site("sys_delete_module", 0xa7))
	k.setArithFlags(vm.FlagSF)
	k.Invoke(GuestCall{Fn: cleanup, ReturnTo: k.site("free_module", 0xba), Regs: &Registers{vm.EAX: m.flags(), vm.EBX: m.addr,
		vm.ECX: zone, vm.EDX: cleanup, vm.ESI: errnoWord(abi.EBUSY), vm.EDI: tag, vm.EBP: d.c.Reg(vm.EBP)}})
	k.m.SetReg(vm.ESP, d.base)
}

// leaveDeps takes the module off the reference lists of its dependencies. A sweep marks those that it sets free.
func (d *deletion) leaveDeps() {
	k, ref := d.c.Kernel, &d.c.Kernel.lay.ModuleRef
	at := d.mod.get(k.lay.Module.Deps)
	for range d.mod.get(k.lay.Module.Ndeps) {
		dep := module{k, k.mem.Get(at, ref.Dep)}
		if link, ok := k.linkOf(dep, at); ok {
			k.mem.SetU32(link, k.mem.Get(at, ref.NextRef))
		}
		if d.sweep && dep.get(k.lay.Module.Refs) == 0 {
			dep.setFlags(abi.ModJustFreed, 0)
		}
		at += ref.Size
	}
}

// linkOf finds the word that links to a module_ref on dep's list. The kernel takes it for granted that there is one: where
// the list ends without, it faults at NULL, and a circular list it would follow for ever; that one ends here without.
func (k *Kernel) linkOf(dep module, want uint32) (link uint32, ok bool) {
	next := k.lay.ModuleRef.NextRef.Off
	link = dep.addr + k.lay.Module.Refs.Off
	seen := map[uint32]bool{}
	k.faultsAt(k.sym.FreeModule + 0x55)
	for at := k.mem.U32(link); at != want; at = k.mem.U32(link) {
		if seen[at] {
			k.faultsAt(0)
			k.note("the reference list of a module is circular: 2.4.18 would follow it for ever")
			return 0, false
		}
		seen[at] = true
		link = at + next
	}
	k.faultsAt(0)
	return link, true
}

// unlink takes the module out of module_list.
func (d *deletion) unlink() {
	k, next := d.c.Kernel, d.mod.lay().Next
	following := d.mod.get(next)
	if k.mem.U32(k.sym.ModuleList) == d.mod.addr {
		k.mem.SetU32(k.sym.ModuleList, following)
		return
	}
	for m := range k.modules() {
		switch m.get(next) {
		case d.mod.addr:
			m.set(next, following)
			return
		case 0:
			_ = k.mem.Get(0, next) // the module has taken itself off the list: the kernel goes on to NULL and faults
		}
	}
}

// errnoWord is an error number as the kernel returns it.
func errnoWord(e abi.Errno) uint32 { return uint32(-e) }
