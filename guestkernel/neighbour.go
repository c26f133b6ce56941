// SPDX-License-Identifier: BSD-3-Clause
// Neighbour tables: who has which address on a link (2.4.18 net/core/neighbour.c). Tables and parameters are kept; there is
// never a neighbour in them.

package guestkernel

import "ring0/guestkernel/abi"

type neighTableLayout struct {
	Next       abi.Field `c:"next"`
	EntrySize  abi.Field `c:"entry_size"`
	ID         abi.Field `c:"id"`
	Parms      abi.Field `c:"parms"`
	GCInterval abi.Field `c:"gc_interval"`
	LastFlush  abi.Field `c:"last_flush"`
	GCTimer    abi.Field `c:"gc_timer"`
	ProxyTimer abi.Field `c:"proxy_timer"`
	ProxyQueue abi.Field `c:"proxy_queue"`
	Entries    abi.Field `c:"entries"`
	LastRand   abi.Field `c:"last_rand"`
	Cache      abi.Field `c:"kmem_cachep"`
	PHash      abi.Field `c:"phash_buckets"`
}

type neighParmsLayout struct {
	Size              uint32    `c:"(sizeof)"`
	Next              abi.Field `c:"next"`
	NeighSetup        abi.Field `c:"neigh_setup"`
	Tbl               abi.Field `c:"tbl"`
	SysctlTable       abi.Field `c:"sysctl_table"`
	BaseReachableTime abi.Field `c:"base_reachable_time"`
	ReachableTime     abi.Field `c:"reachable_time"`
}

func neighbourFunctions() []Function {
	const empty = "no neighbour is ever in a table"
	return []Function{
		{Name: "neigh_table_init", Fn: neighTableInit, Level: Full},
		{Name: "neigh_table_clear", Fn: neighTableClear, Level: Partial, Note: empty},
		{Name: "neigh_ifdown", Fn: func(c *Call) { c.Return(0) }, Level: Partial, Note: empty},
		{Name: "neigh_rand_reach_time", Fn: func(c *Call) { c.Return(c.Kernel.neighReachTime(c.Arg(0))) }, Level: Full},
		{Name: "neigh_parms_alloc", Fn: neighParmsAlloc, Level: Full},
		{Name: "neigh_parms_release", Fn: neighParmsRelease, Level: Full},
		{Name: "neigh_periodic_timer", Fn: neighPeriodicTimer, Level: Partial, Note: empty, Proto: "void neigh_periodic_timer(unsigned long arg)"},
		{Name: "neigh_lookup", Fn: func(c *Call) { c.Return(0) }, Level: Partial, Note: empty},
		{Name: "neigh_sysctl_register", Fn: func(c *Call) { c.Return(0) }, Level: Partial, Note: "makes no files"},
		{Name: "neigh_sysctl_unregister", Fn: func(*Call) {}, Level: Partial, Note: "there are no files"},
	}
}

// neighReachTime is neigh_rand_reach_time: a half of base and up to as much again.
func (k *Kernel) neighReachTime(base uint32) uint32 {
	if base == 0 {
		return 0
	}
	return k.netRandom()%base + base>>1
}

// neighTableInit models void neigh_table_init(struct neigh_table *tbl): the collector's timer runs from now on.
func neighTableInit(c *Call) {
	k, tbl, lay, parms := c.Kernel, c.Arg(0), &c.Kernel.drv.core.NeighTable, &c.Kernel.drv.core.NeighParms
	const slack = 15
	reach := k.neighReachTime(k.mem.Get(tbl+lay.Parms.Off, parms.BaseReachableTime))
	k.mem.Set(tbl+lay.Parms.Off, parms.ReachableTime, reach)
	if k.mem.Get(tbl, lay.Cache) == 0 {
		size := (k.mem.Get(tbl, lay.EntrySize) + slack) &^ slack
		k.mem.Set(tbl, lay.Cache, k.createCache(cacheSpec{name: k.kernelString(k.mem.Get(tbl, lay.ID)), size: size, flags: k.slab.hwAlign}))
	}
	k.initTimer(tbl+lay.GCTimer.Off, k.symbol("neigh_periodic_timer"), tbl)
	k.startTimer(tbl+lay.GCTimer.Off, k.jiffies()+k.mem.Get(tbl, lay.GCInterval)+reach)
	k.initTimer(tbl+lay.ProxyTimer.Off, k.symbol("neigh_proxy_process"), tbl)
	k.initSkbQueue(tbl + lay.ProxyQueue.Off)
	k.mem.Set(tbl, lay.LastFlush, k.jiffies())
	k.mem.Set(tbl, lay.LastRand, k.jiffies()+reach*20)
	k.push(k.symbol("neigh_tables"), tbl, lay.Next)
}

// neighPeriodicTimer models static void neigh_periodic_timer(unsigned long arg): with nobody in the table it only starts again.
func neighPeriodicTimer(c *Call) {
	k, tbl, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.core.NeighTable
	k.startTimer(tbl+lay.GCTimer.Off, k.jiffies()+k.mem.Get(tbl, lay.GCInterval))
}

// neighTableClear models int neigh_table_clear(struct neigh_table *tbl).
func neighTableClear(c *Call) {
	k, tbl, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.core.NeighTable
	k.deleteTimer(tbl + lay.GCTimer.Off)
	k.deleteTimer(tbl + lay.ProxyTimer.Off)
	if int32(k.mem.Get(tbl, lay.Entries)) > 0 {
		k.Printk("<2>neighbour leakage\n")
	}
	if word := k.wordOf("neigh_tables", k.symbol("neigh_tables"), lay.Next, tbl); word != 0 {
		k.mem.SetU32(word, k.mem.Get(tbl, lay.Next))
	}
	c.Return(0)
}

// neighParmsAlloc models struct neigh_parms *neigh_parms_alloc(struct net_device *dev, struct neigh_table *tbl): a copy of
// the table's own parameters, which the device may refuse. NULL: no memory, or refused.
func neighParmsAlloc(c *Call) {
	k, dev, tbl, lay, parms := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.NeighTable, &c.Kernel.drv.core.NeighParms
	p := k.Kmalloc(parms.Size, k.pages.gfp.kernel)
	c.Return(0)
	if p == 0 {
		return
	}
	own := tbl + lay.Parms.Off
	k.mem.Copy(p, own, parms.Size)
	k.mem.Set(p, parms.Tbl, tbl)
	k.mem.Set(p, parms.ReachableTime, k.neighReachTime(k.mem.Get(p, parms.BaseReachableTime)))
	if dev != 0 {
		if setup := k.mem.Get(dev, k.drv.core.Device.NeighSetup); setup != 0 && k.Call(setup, dev, p) != 0 {
			k.Kfree(p)
			return
		}
	}
	k.push(own+parms.Next.Off, p, parms.Next)
	c.Return(p)
}

// neighParmsRelease models void neigh_parms_release(struct neigh_table *tbl, struct neigh_parms *parms). The table's own
// stay.
func neighParmsRelease(c *Call) {
	k, tbl, p, lay, parms := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.NeighTable, &c.Kernel.drv.core.NeighParms
	if p == 0 || p == tbl+lay.Parms.Off {
		return
	}
	word := k.wordOf("the parameters of a neighbour table", tbl+lay.Parms.Off+parms.Next.Off, parms.Next, p)
	if word == 0 {
		return
	}
	k.mem.SetU32(word, k.mem.Get(p, parms.Next))
	k.Kfree(p)
}
