// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// Memory for a device: zeroed, contiguous, where the device can reach it, and all of it comes back.
func TestConsistentMemory(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	handle := g.put(0, 0, 0, 0)
	g.inKernel(func(*Call) {
		free := k.freePageCount()
		for _, c := range []struct{ size, pages uint32 }{{1, 1}, {abi.PageSize, 1}, {abi.PageSize + 1, 2}, {5 * abi.PageSize, 8}} {
			addr := g.export("pci_alloc_consistent", 0, c.size, handle)
			require.NotZero(t, addr)
			require.Equal(t, physical(addr), k.mem.U32(handle))
			require.Less(t, physical(addr), uint32(16<<20))
			require.Equal(t, make([]byte, c.size), k.mem.Bytes(addr, c.size))
			require.Equal(t, free-c.pages, k.freePageCount())
			k.mem.Fill(addr, c.size, 0xaa)
			g.export("pci_free_consistent", 0, c.size, addr, k.mem.U32(handle))
			require.Equal(t, free, k.freePageCount())
		}
		require.Zero(t, g.export("pci_alloc_consistent", 0, 64<<20, handle))
	})
}

// remap_page_range maps reserved pages and what is no RAM, and nothing else.
func TestRemapPageRange(t *testing.T) {
	const at = 0x50000000
	g := newGuest(t, Config{})
	k := g.k
	require.NoError(t, g.p.Map(at, 4*abi.PageSize, ProtRead))
	g.inKernel(func(c *Call) {
		page := k.GetFreePages(k.pages.gfp.kernel, 0)
		flags := k.pageOf(physical(page)>>abi.PageShift) + k.lay.Page.Flags.Off
		prot := uint32(protAnonymous)
		require.Zero(t, g.export("remap_page_range", at, physical(page), abi.PageSize, prot))
		pte := k.pteAddr(k.mem.Get(c.Task().MM(), k.lay.MM.Pgd), at)
		require.Zero(t, k.mem.U32(pte), "RAM in use")
		k.mem.SetU32(flags, k.mem.U32(flags)|1<<k.reservedBit)
		require.Zero(t, g.export("remap_page_range", at, physical(page), abi.PageSize, prot))
		require.Equal(t, physical(page)|prot, k.mem.U32(pte))
		require.Zero(t, g.export("remap_page_range", at+abi.PageSize, 0xfd000000, 2*abi.PageSize, prot))
		require.Equal(t, 0xfd001000|prot, k.mem.U32(pte+8))
	})
}

// Nice values are what priorities say.
func TestNice(t *testing.T) {
	g := newGuest(t, Config{})
	g.inKernel(func(c *Call) {
		self := c.Task().addr
		for _, n := range []struct{ set, want int32 }{{5, 5}, {-20, -20}, {20, -20}, {0, 0}} {
			g.export("set_user_nice", self, uint32(n.set))
			require.Equal(t, n.want, int32(g.export("task_nice", self)))
		}
		require.Equal(t, uint32(0), g.export("idle_cpu", 0))
		require.Equal(t, uint32(1), g.export("nr_running"))
	})
}
