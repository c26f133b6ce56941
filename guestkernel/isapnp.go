// SPDX-License-Identifier: BSD-3-Clause
// ISA Plug & Play (2.4.18 drivers/pnp/isapnp.c) on a PC without such cards, and memory statistics.

package guestkernel

import "ring0/guestkernel/abi"

func pnpFunctions() []Function {
	none := func(c *Call) { c.Return(0) }
	return []Function{
		{Name: "isapnp_find_card", Fn: none, Level: Full},
		{Name: "isapnp_find_dev", Fn: none, Level: Full},
		{Name: "isapnp_present", Fn: none, Level: Full},
		{Name: "isapnp_probe_devs", Fn: isapnpProbeDevs, Level: Full},
		{Name: "isapnp_resource_change", Fn: isapnpResourceChange, Level: Full},
		{Name: "isapnp_register_driver", Fn: isapnpRegisterDriver, Level: Full},
		{Name: "isapnp_unregister_driver", Fn: func(c *Call) { c.Kernel.listDel(c.Arg(0)) }, Level: Full},
		{Name: "si_meminfo", Fn: siMeminfo, Level: Partial, Note: "no shared or buffer memory"},
	}
}

// isapnpProbeDevs models int isapnp_probe_devs(const struct isapnp_device_id *ids, int (*probe)(…)): how many devices it
// found, EINVAL without a table or a function.
func isapnpProbeDevs(c *Call) {
	c.Return(0)
	if c.Arg(0) == 0 || c.Arg(1) == 0 {
		c.Fail(abi.EINVAL)
	}
}

// isapnpRegisterDriver models int isapnp_register_driver(struct isapnp_driver *drv), whose first field is its list entry.
func isapnpRegisterDriver(c *Call) {
	head := c.Kernel.symbol("isapnp_drivers")
	if c.Kernel.mem.U32(head) == 0 {
		c.Kernel.listInit(head)
	}
	c.Kernel.listAddTail(c.Arg(0), head)
	c.Return(0)
}

// isapnpResourceChange models void isapnp_resource_change(struct resource *resource, unsigned long start, unsigned long
// size): a place that was chosen by hand.
func isapnpResourceChange(c *Call) {
	const auto = 0x40000000 // IORESOURCE_AUTO
	k, at, start, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.lay.Resource
	if at != 0 {
		k.mem.Set(at, lay.Flags, k.mem.Get(at, lay.Flags)&^auto)
		k.mem.Set(at, lay.Start, start)
		k.mem.Set(at, lay.End, start+c.Arg(2)-1)
	}
}

// siMeminfo models void si_meminfo(struct sysinfo *val).
func siMeminfo(c *Call) {
	const pageSize = 4096
	k, lay, at := c.Kernel, &c.Kernel.drv.lay.Sysinfo, c.Arg(0)
	k.mem.Set(at, lay.Totalram, k.mem.U32(k.sym.TotalRAM))
	k.mem.Set(at, lay.Sharedram, 0)
	k.mem.Set(at, lay.Freeram, uint32(k.freePageCount()))
	k.mem.Set(at, lay.Bufferram, 0)
	k.mem.Set(at, lay.Totalhigh, 0)
	k.mem.Set(at, lay.Freehigh, 0)
	k.mem.Set(at, lay.MemUnit, pageSize)
}
