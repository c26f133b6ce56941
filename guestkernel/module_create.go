// SPDX-License-Identifier: BSD-3-Clause
// create_module(2): room and an entry for a module that is to come (2.4.18 kernel/module.c).

package guestkernel

import "ring0/guestkernel/abi"

// sysCreateModule models
//
//	unsigned long sys_create_module(const char *name_user, size_t size)
//
// Returns the address of the new module's memory, or an errno. The header there is zero but for size_of_struct, next, name
// and size; the name lies right behind it. The rest of the memory is whatever its pages held.
//
// Context: process; may sleep.
func sysCreateModule(c *Call) {
	k := c.Kernel
	// EPERM comes before a look at any argument.
	if !c.Task().Capable(abi.CapSysModule) {
		c.Fail(abi.EPERM)
		return
	}
	name, errno := k.getModName(c.Arg(0))
	if errno != 0 {
		c.Fail(errno)
		return
	}
	addr, errno := k.createModule(name, c.Arg(1))
	name.put()
	if errno != 0 {
		c.Fail(errno)
		return
	}
	c.Return(addr)
}

// createModule checks name and size and makes the module.
func (k *Kernel) createModule(name modName, size uint32) (addr uint32, errno abi.Errno) {
	// EINVAL: no room for header, name and NUL.
	if size < k.lay.Module.Size+name.length()+1 {
		return 0, abi.EINVAL
	}
	// EEXIST, also for absurd sizes: the list is searched before memory is asked for.
	if _, exists := k.findModule(name.text); exists {
		return 0, abi.EEXIST
	}
	if addr = k.ModuleMap(size); addr == 0 {
		k.noteShortage(size)
		return 0, abi.ENOMEM
	}
	k.layModule(addr, size, name)
	return addr, 0
}

// noteShortage says that 2.4.18 would not have answered: what it gives up for is a lack of address space; for pages that are
// not there, unless they are more than all of memory, it waits.
func (k *Kernel) noteShortage(size uint32) {
	pages, possible := k.vmallocPages(size)
	if _, _, space := k.findGap((pages + 1) << abi.PageShift); possible && space {
		k.note("create_module: %d pages, of %d free ones: 2.4.18 would kill processes for them for ever", pages, k.freePageCount())
	}
}

// layModule writes the header and the name of a created module and puts it in front of the list.
func (k *Kernel) layModule(addr, size uint32, name modName) {
	m, lay := module{k, addr}, &k.lay.Module
	k.mem.Fill(addr, lay.Size, 0)
	m.set(lay.SizeOfStruct, lay.Size)
	m.set(lay.Name, addr+lay.Size)
	m.set(lay.ModuleSize, size)
	k.mem.Copy(addr+lay.Size, name.page, name.length()+1)
	m.set(lay.Next, k.mem.U32(k.sym.ModuleList))
	k.mem.SetU32(k.sym.ModuleList, addr)
}
