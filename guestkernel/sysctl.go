// SPDX-License-Identifier: BSD-3-Clause
// sysctl tables (2.4.18 kernel/sysctl.c): registration.

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
		{Name: "register_sysctl_table", Fn: registerSysctlTable, Level: Partial, Note: "nothing appears in /proc/sys; no sysctl(2)"},
		{Name: "unregister_sysctl_table", Fn: unregisterSysctlTable, Level: Full},
	}
}

func (k *Kernel) bootSysctl() error {
	lay := &k.drv.lay.SysctlHead
	k.mem.Set(k.drv.sym.RootTable, lay.CtlTable, k.symbol("root_table"))
	k.listInit(k.drv.sym.RootTable + lay.CtlEntry.Off)
	return nil
}

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
}

// unregisterSysctlTable models void unregister_sysctl_table(struct ctl_table_header *table).
func unregisterSysctlTable(c *Call) {
	c.Kernel.listDel(c.Arg(0) + c.Kernel.drv.lay.SysctlHead.CtlEntry.Off)
	c.Kernel.Kfree(c.Arg(0))
}
