// SPDX-License-Identifier: BSD-3-Clause
// sysctl tables and their place in /proc/sys (2.4.18 kernel/sysctl.c).

package guestkernel

import "ring0/guestkernel/abi"

type ctlTableLayout struct {
	Size        uint32    `c:"(sizeof)"`
	CtlName     abi.Field `c:"ctl_name"`
	Procname    abi.Field `c:"procname"`
	Mode        abi.Field `c:"mode"`
	Child       abi.Field `c:"child"`
	ProcHandler abi.Field `c:"proc_handler"`
	De          abi.Field `c:"de"`
}

type sysctlHeadLayout struct {
	Size     uint32    `c:"(sizeof)"`
	CtlTable abi.Field `c:"ctl_table"`
	CtlEntry abi.Field `c:"ctl_entry"`
}

func sysctlFunctions() []Function {
	return []Function{
		{Name: "register_sysctl_table", Fn: registerSysctlTable, Level: Partial, Note: "no sysctl(2)"},
		{Name: "unregister_sysctl_table", Fn: unregisterSysctlTable, Level: Full},
	}
}

// bootSysctl makes the list of tables and the directories of the kernel's own.
func (k *Kernel) bootSysctl() error {
	lay := &k.drv.lay.SysctlHead
	k.mem.Set(k.drv.sym.RootTable, lay.CtlTable, k.symbol("root_table"))
	k.listInit(k.drv.sym.RootTable + lay.CtlEntry.Off)
	for _, name := range []string{"kernel", "vm", "net", "proc", "fs", "debug", "dev"} {
		if k.procFind(k.sysctlRoot(), name) == 0 {
			k.newProcEntry(k.sysctlRoot(), name, procSpec{mode: modeDir | 0o555, links: 2})
		}
	}
	return nil
}

// sysctlRoot is /proc/sys.
func (k *Kernel) sysctlRoot() uint32 { return k.mem.U32(k.drv.sym.ProcSysRoot) }

// registerSysctlTable models struct ctl_table_header *register_sysctl_table(ctl_table *table, int insert_at_head).
func registerSysctlTable(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.SysctlHead
	at := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	c.Return(at)
	if at == 0 {
		return
	}
	k.mem.Set(at, lay.CtlTable, c.Arg(0))
	head := k.drv.sym.RootTable + lay.CtlEntry.Off
	if c.Arg(1) != 0 {
		k.listAdd(at+lay.CtlEntry.Off, head)
	} else {
		k.listAddTail(at+lay.CtlEntry.Off, head)
	}
	k.showSysctls(c.Arg(0), k.sysctlRoot())
}

// showSysctls makes the entries of a table in a directory. A directory that is there already is shared.
func (k *Kernel) showSysctls(table, dir uint32) {
	lay, proc := &k.drv.lay.CtlTable, &k.lay.ProcDirEntry
	for ; k.mem.Get(table, lay.CtlName) != 0; table += lay.Size {
		nameAt, handler, child := k.mem.Get(table, lay.Procname), k.mem.Get(table, lay.ProcHandler), k.mem.Get(table, lay.Child)
		if nameAt == 0 {
			continue
		}
		name := k.kernelString(nameAt)
		if handler == 0 && child == 0 {
			k.Printk("<4>SYSCTL: Can't register %s\n", name)
			continue
		}
		de := uint32(0)
		if handler == 0 {
			de = k.procFind(dir, name)
		}
		if de == 0 {
			if de = k.newSysctlEntry(dir, name, table); de == 0 {
				continue
			}
		}
		k.mem.Set(table, lay.De, de)
		if k.mem.Get(de, proc.Mode)&modeDir != 0 {
			k.showSysctls(child, de)
		}
	}
}

// newSysctlEntry makes the file or directory of one line of a table.
func (k *Kernel) newSysctlEntry(dir uint32, name string, table uint32) uint32 {
	lay, proc := &k.drv.lay.CtlTable, &k.lay.ProcDirEntry
	spec := procSpec{mode: k.mem.Get(table, lay.Mode) | modeDir, links: 2}
	handler := k.mem.Get(table, lay.ProcHandler) != 0
	if handler {
		spec = procSpec{mode: k.mem.Get(table, lay.Mode) | modeRegular, links: 1}
	}
	de := k.newProcEntry(dir, name, spec)
	if de == 0 {
		return 0
	}
	k.mem.Set(de, proc.Data, table)
	if handler {
		k.mem.Set(de, proc.ProcFops, k.symbol("proc_sys_file_operations"))
		k.mem.Set(de, proc.ProcIops, k.symbol("proc_sys_inode_operations"))
	}
	return de
}

// unregisterSysctlTable models void unregister_sysctl_table(struct ctl_table_header *table).
func unregisterSysctlTable(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.SysctlHead
	k.listDel(c.Arg(0) + lay.CtlEntry.Off)
	k.hideSysctls(k.mem.Get(c.Arg(0), lay.CtlTable), k.sysctlRoot())
	k.Kfree(c.Arg(0))
}

// hideSysctls removes the entries of a table; directories in which others have entries stay, and what is open.
func (k *Kernel) hideSysctls(table, dir uint32) {
	lay, proc := &k.drv.lay.CtlTable, &k.lay.ProcDirEntry
	for ; k.mem.Get(table, lay.CtlName) != 0; table += lay.Size {
		de := k.mem.Get(table, lay.De)
		if de == 0 {
			continue
		}
		if k.mem.Get(de, proc.Mode)&modeDir != 0 {
			child := k.mem.Get(table, lay.Child)
			if child == 0 {
				k.Printk("<1>Help - malformed sysctl tree on free\n")
				continue
			}
			k.hideSysctls(child, de)
			if k.mem.Get(de, proc.Subdir) != 0 {
				continue
			}
		}
		if k.mem.Get(de, proc.Count) != 0 {
			continue
		}
		k.mem.Set(table, lay.De, 0)
		if e := k.procFind(dir, k.kernelString(k.mem.Get(table, lay.Procname))); e != 0 {
			k.removeSysctl(dir, e)
		}
	}
}

// removeSysctl takes an entry that nobody has open out of its directory.
func (k *Kernel) removeSysctl(dir, e uint32) {
	lay := &k.lay.ProcDirEntry
	k.unlinkProc(dir, e)
	if k.mem.Get(e, lay.Mode)&modeKind == modeDir {
		k.mem.Set(dir, lay.Nlink, k.mem.Get(dir, lay.Nlink)-1)
	}
	k.giveProcInode(k.mem.Get(e, lay.LowIno))
	k.freeProcEntry(e, false)
}
