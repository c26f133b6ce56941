// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestATMDevices(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.proto.ATMDev
	closed, calls := g.counting(0)
	// proc_read(dev, pos, page): mov eax,[esp+12]; mov dword [eax],"eni\n"; mov eax,4; ret
	read := g.put(code(0x8b, 0x44, 0x24, 0x0c, 0xc7, 0x00, []byte("eni\n"), movEax(4), 0xc3)...)
	ops, kind := g.put(make([]byte, 64)...), g.text("eni")
	k.mem.Set(ops, k.drv.proto.ATMOps.DevClose, closed)
	k.mem.Set(ops, k.drv.proto.ATMOps.ProcRead, read)
	register := func(number uint32) uint32 {
		return uint32(g.callKernel(t, "atm_dev_register", kind, ops, number, 0))
	}
	first, third := register(atmAny), register(2)
	require.NotZero(t, first)
	require.EqualValues(t, 2, k.mem.Get(third, lay.Number))
	require.Zero(t, register(2), "the number is taken")
	second := register(atmAny)
	require.EqualValues(t, 1, k.mem.Get(second, lay.Number))
	require.EqualValues(t, 353207, k.mem.Get(first, lay.LinkRate))
	require.Equal(t, third, uint32(g.callKernel(t, "atm_find_dev", 2)))
	text, err := g.p.ReadFile("/proc/net/atm/eni:1", 8)
	require.NoError(t, err)
	require.Equal(t, "eni\neni\n", string(text), "the driver has no end")

	vcc := g.put(make([]byte, 512)...)
	g.callKernel(t, "bind_vcc", vcc, 0)
	require.Equal(t, vcc, k.mem.U32(k.symbol("nodev_vccs")))
	g.callKernel(t, "bind_vcc", vcc, second)
	require.Zero(t, k.mem.U32(k.symbol("nodev_vccs")))
	require.Equal(t, vcc, k.mem.Get(second, lay.Vccs))
	g.callKernel(t, "shutdown_atm_dev", second)
	require.Zero(t, k.mem.U32(calls), "it has a channel")
	g.callKernel(t, "bind_vcc", vcc, 0)
	require.EqualValues(t, 1, k.mem.U32(calls), "now it goes")
	require.Zero(t, k.atmDevice(1))
	_, err = g.p.ReadFile("/proc/net/atm/eni:1", 8)
	require.Error(t, err)
	g.callKernel(t, "atm_dev_deregister", first)
	g.callKernel(t, "atm_dev_deregister", third)
	require.Zero(t, k.mem.U32(k.symbol("atm_devs"))|k.mem.U32(k.symbol("last_dev")))
}

func TestATMChannels(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.proto.ATMVcc
	ops := g.put(make([]byte, 64)...)
	dev := uint32(g.callKernel(t, "atm_dev_register", g.text("x"), ops, atmAny, 0))
	k.mem.Write(dev+k.drv.proto.ATMDev.CIRange.Off, []byte{1, 6}) // VPI 0 and 1, VCI up to 63
	channel := func(vpi, vci, class uint32) uint32 {
		vcc := k.Kmalloc(512, k.pages.gfp.kernel)
		k.mem.Fill(vcc, 512, 0)
		g.callKernel(t, "bind_vcc", vcc, dev)
		k.mem.Set(vcc, lay.TxClass, class)
		k.mem.Set(vcc, lay.VPI, vpi)
		k.mem.Set(vcc, lay.VCI, vci)
		k.mem.Set(vcc, lay.Flags, atmVccAddress)
		return vcc
	}
	channel(0, 32, 1)
	channel(0, 33, 0)
	vcc, vpi, vci := channel(9, 9, 1), g.put(0, 0, 0, 0), g.put(0, 0, 0, 0)
	find := func(p, c uint32) (errno int32, gotP, gotC uint32) {
		k.mem.SetU16(vpi, uint16(p))
		k.mem.SetU32(vci, c)
		errno = g.callKernel(t, "atm_find_ci", vcc, vpi, vci)
		return errno, uint32(k.mem.U16(vpi)), k.mem.U32(vci)
	}
	for _, row := range []struct {
		p, c         uint32
		errno        abi.Errno
		wantP, wantC uint32
	}{
		{0, 32, abi.EADDRINUSE, 0, 32}, {0, 33, 0, 0, 33}, {atmAny, 32, 0, 1, 32}, {0, atmAny, 0, 0, 33}, {atmAny, atmAny, 0, 0, 33},
	} {
		errno, p, c := find(row.p, row.c)
		require.Equal(t, []any{-int32(row.errno), row.wantP, row.wantC}, []any{errno, p, c}, "%+v", row)
	}
	for i := uint32(33); i < 64; i++ {
		channel(0, i, 1)
	}
	errno, _, _ := find(0, atmAny)
	require.EqualValues(t, -abi.EADDRINUSE, errno, "none is left")

	parm := g.put(make([]byte, 40)...)
	for _, row := range []struct{ pcr, least, most, goal uint32 }{
		{0, 0, atmMostPCR, 0}, {atmMostPCR, 5, atmMostPCR, 0}, {7, 5, 9, uint32(0xfffffff9)}, {0, 5, 9, 5}, {0, 0, 9, uint32(0xfffffff7)}, {atmMostPCR, 5, 9, uint32(0xfffffff7)},
	} {
		k.mem.Set(parm, k.drv.proto.ATMParm.PCR, row.pcr)
		k.mem.Set(parm, k.drv.proto.ATMParm.MinPCR, row.least)
		k.mem.Set(parm, k.drv.proto.ATMParm.MaxPCR, row.most)
		require.EqualValues(t, int32(row.goal), g.callKernel(t, "atm_pcr_goal", parm), "%+v", row)
	}
}

func TestATMMemory(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.proto.ATMVcc
	_, sk := g.sock(t, 2)
	vcc, stats := g.put(make([]byte, 512)...), g.put(make([]byte, 32)...)
	k.mem.Set(vcc, lay.Sk, sk)
	k.mem.Set(vcc, lay.Stats, stats)
	k.initSkbQueue(vcc + lay.Recvq.Off)
	k.initWaitQueue(vcc + lay.Sleep.Off)
	k.mem.Set(sk, k.drv.lay.Sock.Rcvbuf, 1000)
	require.EqualValues(t, 1, g.callKernel(t, "atm_charge", vcc, 600))
	require.EqualValues(t, 0, g.callKernel(t, "atm_charge", vcc, 600))
	require.EqualValues(t, 600, k.mem.Get(vcc, lay.RxInuse))
	require.EqualValues(t, 1, k.mem.Get(stats, k.drv.proto.ATMStats.RxDrop))
	skb := uint32(g.callKernel(t, "atm_alloc_charge", vcc, 48, k.pages.gfp.atomic))
	require.Equal(t, 600+k.mem.Get(skb, k.drv.core.Skb.Truesize), k.mem.Get(vcc, lay.RxInuse))
	require.EqualValues(t, 0, g.callKernel(t, "atm_alloc_charge", vcc, 480, k.pages.gfp.atomic))

	ops := g.put(make([]byte, 64)...)
	k.mem.Set(ops, k.drv.proto.ATMOps.Send, 0x1234)
	dev := uint32(g.callKernel(t, "atm_dev_register", g.text("x"), ops, atmAny, 0))
	k.mem.Set(vcc, lay.Dev, dev)
	require.EqualValues(t, 0, g.callKernel(t, "atm_init_aal5", vcc))
	require.EqualValues(t, 0x1234, k.mem.Get(vcc, lay.Send))
	g.run(k.mem.Get(vcc, lay.Push), vcc, skb)
	require.Equal(t, skb, k.dequeueSkb(vcc+lay.Recvq.Off))
	g.run(k.mem.Get(vcc, lay.Pop), vcc, skb)
	require.EqualValues(t, -int32(k.mem.Get(skb, k.drv.core.Skb.Truesize)), int32(k.mem.Get(vcc, lay.TxInuse)))
	g.callKernel(t, "atm_async_release_vcc", vcc, 5)
	require.EqualValues(t, atmVccClose, k.mem.Get(vcc, lay.Flags))
	require.EqualValues(t, 5, k.mem.Get(vcc, lay.Reply))
}
