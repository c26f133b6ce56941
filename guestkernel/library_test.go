// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestUTF8(t *testing.T) {
	g := newGuest(t, Config{})
	out := g.put(make([]byte, 64)...)
	for _, c := range []struct {
		text string
		room uint32
		char uint16
		used int32
	}{
		{"a", 1, 'a', 1}, {"é", 2, 0xe9, 2}, {"é", 1, 0, -1}, {"€", 3, 0x20ac, 3}, {"\x80", 4, 0, -1},
		{"\xc0\x80", 4, 0, -1}, {"\xe2\x28\xa1", 4, 0, -1}, {"\xff", 9, 0, -1},
	} {
		require.Equal(t, c.used, g.callKernel(t, "utf8_mbtowc", out, g.text(c.text), c.room), "%q", c.text)
		if c.used > 0 {
			require.Equal(t, c.char, g.k.mem.U16(out))
			require.Equal(t, c.used, g.callKernel(t, "utf8_wctomb", out, uint32(c.char), 6))
			require.Equal(t, c.text, string(g.k.mem.Bytes(out, uint32(c.used))))
			require.EqualValues(t, -1, g.callKernel(t, "utf8_wctomb", out, uint32(c.char), uint32(c.used)-1))
		}
	}
	require.EqualValues(t, 0, g.callKernel(t, "utf8_wctomb", 0, 'a', 6))
	require.EqualValues(t, 3, g.callKernel(t, "utf8_mbstowcs", out, g.text("aé\xff€"), 20))
	require.Equal(t, []byte{'a', 0, 0xe9, 0, 0xac, 0x20}, g.k.mem.Bytes(out, 6))
	wide := g.put('a', 0, 0xe9, 0, 0xac, 0x20, 0, 0)
	require.EqualValues(t, 6, g.callKernel(t, "utf8_wcstombs", out, wide, 20))
	require.Equal(t, "aé€", string(g.k.mem.Bytes(out, 6)))
}

func TestChecksums(t *testing.T) {
	g := newGuest(t, Config{})
	fold := func(sum int32) uint32 {
		v := uint32(sum)
		v = v&0xffff + v>>16
		return v&0xffff + v>>16
	}
	data := g.put(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x99) // RFC 1071's example, and an odd byte
	require.EqualValues(t, 0xf2dd, fold(g.callKernel(t, "csum_partial", data, 8, 0)))
	require.EqualValues(t, 0xf2dd+0x99, fold(g.callKernel(t, "csum_partial", data, 9, 0)))
	require.EqualValues(t, 1, fold(g.callKernel(t, "csum_partial", data, 0, 1)))
	to, errs := g.put(make([]byte, 16)...), g.put(make([]byte, 8)...)
	require.EqualValues(t, 0xf2dd, fold(g.callKernel(t, "csum_partial_copy_generic", data, to, 8, 0, errs, errs+4)))
	require.Equal(t, g.k.mem.Bytes(data, 8), g.k.mem.Bytes(to, 8))
	g.callKernel(t, "csum_partial_copy_generic", 0x10, to, 8, 0, errs, errs+4)
	require.EqualValues(t, -abi.EFAULT, int32(g.k.mem.U32(errs)))
	require.Zero(t, g.k.mem.U64(to))
	require.Zero(t, g.k.mem.U32(errs+4))
}

func TestDMAChannels(t *testing.T) {
	g := newGuest(t, Config{})
	name := g.text("sound")
	require.EqualValues(t, 0, g.callKernel(t, "request_dma", 1, name))
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "request_dma", 1, name))
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "request_dma", dmaCascade, name))
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "request_dma", dmaChannels, name))
	require.Equal(t, " 1: sound\n 4: cascade\n", g.k.DMAList())
	for _, channel := range []uint32{1, 1, 8} {
		g.run(symbolAddr(t, g.k, "free_dma"), channel)
	}
	require.Equal(t, "<4>Trying to free free DMA1\n<4>Trying to free DMA8\n", g.k.LogText())
}

func TestIoremap(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	remap := func(start, size, flags uint32) uint32 {
		return uint32(g.callKernel(t, "__ioremap", start, size, flags))
	}
	free := k.freePageCount()
	require.EqualValues(t, uint32(0xc00b8000), remap(0xb8000, 0x1000, 0), "adapter memory is always there")
	require.Zero(t, remap(physical(g.k.newString("")), 1, 0), "RAM in use")
	require.Zero(t, remap(0xfe000000, 0, 0))
	require.Zero(t, remap(0xfffff000, 0x2000, 0))
	at := remap(0xfe000123, 0x1800, abi.PagePCD)
	require.EqualValues(t, 0x123, at&^abi.PageMask)
	pte := k.pteAddr(k.sym.SwapperPgDir, at)
	require.EqualValues(t, uint32(0xfe000000)|abi.PageKernelBits|abi.PagePCD, k.mem.U32(pte))
	require.EqualValues(t, uint32(0xfe001000)|abi.PageKernelBits|abi.PagePCD, k.mem.U32(pte+4))
	require.Zero(t, k.mem.U32(pte+8), "the guard page")
	require.EqualValues(t, uint32(0xffffffff), k.mem.U32(at), "no device")
	g.run(symbolAddr(t, k, "iounmap"), at)
	require.Zero(t, k.mem.U32(pte))
	require.InDelta(t, free, k.freePageCount(), 2, "a page table, and a slab")
	last := remap(k.cfg.Mem-1, 0x1000, 0) // reserved: the firmware's
	require.NotZero(t, last)
	require.EqualValues(t, 1, g.callKernel(t, "page_is_ram", 0x100))
	require.EqualValues(t, 0, g.callKernel(t, "page_is_ram", 0xa0))
	require.EqualValues(t, 0, g.callKernel(t, "page_is_ram", 0x9f), "only a part of it")
}

func TestNetRatelimit(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	for range 10 {
		require.EqualValues(t, 1, g.callKernel(t, "net_ratelimit"))
	}
	for range 3 {
		require.EqualValues(t, 0, g.callKernel(t, "net_ratelimit"))
	}
	k.mem.SetU32(k.sym.Jiffies, k.mem.U32(k.sym.Jiffies)+netMessageCost*uint32(k.profile.HZ))
	require.EqualValues(t, 1, g.callKernel(t, "net_ratelimit"))
	require.Equal(t, "<4>NET: 3 messages suppressed.\n", k.LogText())
}

func TestSonetCounters(t *testing.T) {
	g := newGuest(t, Config{})
	from, to := g.put(make([]byte, 40)...), g.put(make([]byte, 40)...)
	g.k.mem.SetU32(from+36, 7)
	g.run(symbolAddr(t, g.k, "sonet_copy_stats"), from, to)
	require.EqualValues(t, 7, g.k.mem.U32(to+36))
	g.k.mem.SetU32(from+36, 9)
	g.run(symbolAddr(t, g.k, "sonet_subtract_stats"), from, to)
	require.EqualValues(t, 2, g.k.mem.U32(from+36))
}
