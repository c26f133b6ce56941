// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// sending makes a device keep the last packet that is sent.
func (g *guest) sending(t *testing.T) (dev, last uint32) {
	last = g.put(0, 0, 0, 0)
	dev = uint32(g.callKernel(t, "alloc_etherdev", 0))
	// hard_start_xmit(skb, dev): mov eax,[esp+4]; mov [last],eax; xor eax,eax; ret
	g.k.mem.Set(dev, g.k.drv.core.Device.HardStartXmit, g.put(code(0x8b, 0x44, 0x24, 0x04, 0xa3, last, 0x31, 0xc0, 0xc3)...))
	g.k.mem.Write(dev+g.k.drv.lay.NetDevice.DevAddr.Off, []byte{2, 0, 0, 0, 0, 9})
	require.EqualValues(t, 0, g.callKernel(t, "register_netdev", dev))
	require.EqualValues(t, 0, g.callKernel(t, "dev_open", dev))
	return dev, last
}

func (g *guest) bytesOf(skb uint32) []byte {
	lay := &g.k.drv.core.Skb
	return g.k.mem.Bytes(g.k.mem.Get(skb, lay.Data), g.k.mem.Get(skb, lay.Len))
}

func TestARPSend(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	dev, last := g.sending(t)
	g.callKernel(t, "arp_send", 1, etherARP, 0x0200000a, dev, 0x0100000a, 0, 0, 0)
	skb := k.mem.U32(last)
	require.NotZero(t, skb)
	require.Equal(t, []byte{
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2}, g.bytesOf(skb))
	k.mem.SetU32(last, 0)
	hook := g.put(make([]byte, 32)...)
	drop, asked := g.counting(verdictDrop)
	k.mem.Set(hook, k.drv.lay.NFHook.PF, hookARP)
	k.mem.Set(hook, k.drv.lay.NFHook.Hooknum, hookARPOut)
	k.mem.Set(hook, k.drv.proto.Hook.Hook, drop)
	g.callKernel(t, "nf_register_hook", hook)
	g.callKernel(t, "arp_send", 1, etherARP, 0x0200000a, dev, 0x0100000a, 0, 0, 0)
	require.Zero(t, k.mem.U32(last), "a hook dropped it")
	require.EqualValues(t, 1, k.mem.U32(asked))
}

func TestEthernetHeaders(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.core.Skb
	dev, _ := g.sending(t)
	to := g.put(2, 0, 0, 0, 0, 5)
	packet := func() uint32 {
		skb := g.packet([]byte("0123456789abcdefdata")...)
		k.pullSkb(skb, 16)
		k.mem.Set(skb, lay.Dev, dev)
		return skb
	}
	skb := packet()
	require.EqualValues(t, etherHeader, g.callKernel(t, "eth_header", skb, dev, etherIP, to, 0, 4))
	require.Equal(t, append([]byte{2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 9, 8, 0}, "data"...), g.bytesOf(skb))
	k.mem.Set(skb, lay.Mac, k.mem.Get(skb, lay.Data))
	require.EqualValues(t, 6, g.callKernel(t, "eth_header_parse", skb, to))
	require.Equal(t, []byte{2, 0, 0, 0, 0, 9}, k.mem.Bytes(to, 6))
	require.EqualValues(t, 1, g.callKernel(t, "eth_rebuild_header", skb))
	require.Contains(t, k.LogText(), "arp_find is called with dst==NULL\n")
	skb = packet()
	require.EqualValues(t, -etherHeader, g.callKernel(t, "eth_header", skb, dev, ether8023, 0, to, 4), "no destination")
	require.Equal(t, []byte{0, 4}, g.bytesOf(skb)[12:14], "a length")
	require.EqualValues(t, 0, g.callKernel(t, "eth_rebuild_header", skb))
	require.Contains(t, k.LogText(), "eth0: unable to resolve type 400 addresses.\n")
}

// What IPX, AppleTalk and others put in front of what they send.
func TestLinkLayerHeaders(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.core.Skb
	dev, _ := g.sending(t)
	to := g.put(2, 0, 0, 0, 0, 5)
	ether := []byte{2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 9}
	for _, row := range []struct {
		name   string
		client uint32
		want   []byte
	}{
		{"802.2", uint32(g.callKernel(t, "register_8022_client", 0xe0, 0)), []byte{0, 7, 0xe0, 0xe0, 3}},
		{"SNAP", uint32(g.callKernel(t, "register_snap_client", g.put(8, 0, 7, 0x80, 0x9b), 0)), []byte{0, 12, 0xaa, 0xaa, 3, 8, 0, 7, 0x80, 0x9b}},
		{"802.3", uint32(g.callKernel(t, "make_8023_client")), []byte{0, 4}},
		{"Ethernet II", uint32(g.callKernel(t, "make_EII_client")), []byte{0x81, 0x37}},
	} {
		skb := g.packet(append(make([]byte, 32), "data"...)...)
		k.pullSkb(skb, 32)
		k.mem.Set(skb, lay.Dev, dev)
		g.run(k.mem.Get(row.client, k.drv.lay.Datalink.DatalinkHeader), row.client, skb, to)
		require.Equal(t, append(append(append([]byte{}, ether...), row.want...), "data"...), g.bytesOf(skb), row.name)
	}
}

func TestARPReceive(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.core.Skb
	dev, _ := g.sending(t)
	packet := func(hln, pln byte) uint32 {
		skb := g.packet(append([]byte{0, 1, 8, 0, hln, pln, 0, 1}, make([]byte, 20)...)...)
		k.mem.Set(skb, lay.Nh, k.mem.Get(skb, lay.Data))
		k.add(skb, lay.Users, 1)
		return skb
	}
	for _, pair := range [][2]byte{{7, 4}, {6, 16}} {
		skb := packet(pair[0], pair[1])
		require.EqualValues(t, 0, g.callKernel(t, "arp_rcv", skb, dev, 0))
		require.EqualValues(t, 1, k.mem.Get(skb, lay.Users), "dropped")
	}
	skb := packet(6, 4)
	o := g.run(symbolAddr(t, k, "arp_rcv"), skb, dev, 0)
	require.Equal(t, Missing, o.Kind)
	require.Contains(t, o.Reason, "arp_process")
}

func TestAddressTypes(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	dev, _ := g.sending(t)
	address := func(text ...byte) uint32 { return leWord(text) }
	require.EqualValues(t, 0, g.callKernel(t, "inet_select_addr", dev, 0, 0))
	mask := ChangeMask(netip.MustParseAddr("255.255.255.0"))
	for _, a := range [][2]string{{"eth0", "10.0.0.7"}, {"eth0:1", "10.0.1.7"}, {"eth0:2", "10.0.0.8"}} {
		require.NoError(t, g.p.ChangeInterface(a[0], ChangeAddress(netip.MustParseAddr(a[1])), mask))
	}
	ip := k.inDeviceOf(dev)
	kinds := func() (all []int32) {
		for _, a := range []uint32{address(10, 0, 0, 7), address(10, 0, 0, 8), address(10, 0, 0, 9), address(10, 0, 0, 255), address(10, 0, 0, 0),
			address(11, 0, 0, 1), address(224, 0, 0, 5), address(240, 1, 1, 1), address(0, 0, 0, 1), address(255, 255, 255, 255)} {
			all = append(all, g.callKernel(t, "inet_addr_type", a))
		}
		return all
	}
	require.Equal(t, []int32{2, 2, 1, 3, 3, 1, 5, 3, 3, 3}, kinds())
	g.callKernel(t, "dev_close", dev)
	require.Equal(t, []int32{2, 2, 1, 1, 1, 1, 5, 3, 3, 3}, kinds(), "down: no broadcasts, but its own addresses")
	require.EqualValues(t, 1, g.callKernel(t, "inet_addr_type", address(127, 0, 0, 1)))

	for dst, want := range map[uint32]uint32{0: address(10, 0, 0, 7), address(10, 0, 1, 200): address(10, 0, 1, 7), address(99, 0, 0, 1): address(10, 0, 0, 7)} {
		require.Equal(t, want, uint32(g.callKernel(t, "inet_select_addr", dev, dst, 0)), "%08x", dst)
	}
	before := k.mem.Get(ip, k.drv.core.InDevice.Refcnt)
	require.Equal(t, ip, uint32(g.callKernel(t, "inetdev_by_index", k.mem.Get(dev, k.drv.lay.NetDevice.Ifindex))))
	require.Equal(t, before+1, k.mem.Get(ip, k.drv.core.InDevice.Refcnt))
	require.EqualValues(t, 0, g.callKernel(t, "inetdev_by_index", 1), "lo has none")
}

func TestPacketsWithoutRoutes(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	skb := g.packet(make([]byte, 20)...)
	g.callKernel(t, "icmp_send", skb, 3, 1, 0)
	require.EqualValues(t, 1, k.mem.Get(skb, k.drv.core.Skb.Users), "nothing happens to it")
	header := k.mem.Get(skb, k.drv.core.Skb.Data)
	g.callKernel(t, "__ip_select_ident", header, 0)
	require.Contains(t, k.LogText(), "<7>rt_bind_peer(0) @")
	rt, peer := g.put(make([]byte, 256)...), g.put(make([]byte, 64)...)
	k.mem.Set(rt, k.drv.proto.Route.Peer, peer)
	k.mem.SetU16(peer+k.drv.proto.InetPeer.IDCount.Off, 0x1234)
	g.callKernel(t, "__ip_select_ident", header, rt)
	require.Equal(t, []byte{0x12, 0x34}, k.mem.Bytes(header+4, 2))
	require.EqualValues(t, 0x1235, k.mem.U16(peer+k.drv.proto.InetPeer.IDCount.Off))
	k.mem.Set(skb, k.drv.core.Skb.Dst, rt)
	k.mem.Set(skb, k.drv.core.Skb.Nh, header)
	k.mem.Fill(header, 20, 0)
	require.Equal(t, Missing, g.run(symbolAddr(t, k, "icmp_send"), skb, 3, 1, 0).Kind)
}
