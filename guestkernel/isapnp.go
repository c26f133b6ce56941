// SPDX-License-Identifier: BSD-3-Clause
// ISA Plug & Play (2.4.18 drivers/pnp/isapnp.c) on a PC without such cards, and memory statistics.

package guestkernel

func pnpFunctions() []Function {
	none := func(c *Call) { c.Return(0) }
	return []Function{
		{Name: "isapnp_find_card", Fn: none, Level: Full},
		{Name: "isapnp_find_dev", Fn: none, Level: Full},
		{Name: "isapnp_present", Fn: none, Level: Full},
		{Name: "si_meminfo", Fn: siMeminfo, Level: Partial, Note: "no shared or buffer memory"},
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
