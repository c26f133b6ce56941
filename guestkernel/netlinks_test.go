// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// Frames and masters of devices, called as drivers call them.

// device is a registered network device that is all the test's.
func (g *guest) device(t *testing.T) uint32 {
	dev := uint32(g.callKernel(t, "alloc_etherdev", 0))
	require.NotZero(t, dev)
	require.EqualValues(t, 0, g.callKernel(t, "register_netdev", dev))
	return dev
}

// packet is a buffer with that content.
func (g *guest) packet(b ...byte) uint32 {
	skb := g.k.allocSkb(uint32(len(b))+64, g.k.pages.gfp.kernel)
	lay := &g.k.drv.core.Skb
	at := g.k.mem.Get(skb, lay.Data)
	g.k.mem.Write(at, b)
	g.k.mem.Set(skb, lay.Len, uint32(len(b)))
	g.k.mem.Set(skb, lay.Tail, at+uint32(len(b)))
	return skb
}

func TestTokenRingFrames(t *testing.T) {
	g := newGuest(t, Config{})
	dev, lay := g.device(t), &g.k.drv.core.Skb
	g.k.mem.Fill(dev+g.k.drv.lay.NetDevice.Broadcast.Off, 6, 0xff)
	frame := func(to byte, route ...byte) []byte {
		b := []byte{0x10, 0x40, to, to, to, to, to, to, 1, 2, 3, 4, 5, 6}
		if len(route) > 0 {
			b[8] |= 0x80
			b = append(b, route...)
		}
		return append(b, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 'i', 'p')
	}
	for _, row := range []struct {
		name  string
		bytes []byte
		kind  uint32
		left  uint32
		pkt   uint32
	}{
		{"to all", frame(0xff), 0x0008, 2, packetBroadcast},
		{"to some", frame(0xc0), 0x0008, 2, packetMulticast},
		{"to one", frame(0x02), 0x0008, 2, packetHost},
		{"to one along a route", frame(0x02, 0x06, 0x10, 0, 0x12, 0, 0x20), 0x0008, 2, packetHost},
		{"not SNAP", append(frame(0x02)[:14], 0xe0, 0xe0, 3, 0, 0, 0, 8, 0), 0x0400, 8, packetHost},
		{"SNAP of another protocol", append(frame(0x02)[:20], 0x80, 0x9b, 'x'), 0x0400, 9, packetHost},
	} {
		skb := g.packet(row.bytes...)
		require.EqualValues(t, row.kind, g.callKernel(t, "tr_type_trans", skb, dev), row.name)
		require.EqualValues(t, row.left, g.k.mem.Get(skb, lay.Len), row.name)
		require.EqualValues(t, row.pkt, g.k.mem.Get(skb, lay.PktType), row.name)
	}
	g.k.mem.Set(dev, g.k.drv.lay.NetDevice.Flags, ifPromisc)
	skb := g.packet(frame(0x02)...)
	g.callKernel(t, "tr_type_trans", skb, dev)
	require.EqualValues(t, packetOther, g.k.mem.Get(skb, lay.PktType), "heard in promiscuous mode only")
}

func TestTokenRingLearnsRoutes(t *testing.T) {
	g := newGuest(t, Config{})
	k, dev := g.k, g.device(t)
	require.False(t, k.timersPending(), "nothing to forget")
	b := []byte{0x10, 0x40, 2, 2, 2, 2, 2, 2, 0x81, 2, 3, 4, 5, 6, 0xc6, 0x10, 0, 0x12, 0, 0x20, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}
	skb := g.packet(b...)
	frame := k.mem.Get(skb, k.drv.core.Skb.Data)
	g.callKernel(t, "tr_type_trans", skb, dev)
	require.EqualValues(t, 0x81, k.mem.U8(frame+trSource), "the bit is back: the station was new")
	entry := k.mem.U32(k.symbol("rif_table") + (1+2+3+4+5+6)%rifBuckets*4)
	require.NotZero(t, entry)
	require.EqualValues(t, []byte{1, 2, 3, 4, 5, 6}, k.mem.Bytes(entry, 6))
	require.EqualValues(t, []byte{0x06, 0x10, 0, 0x12, 0, 0x20}, k.mem.Bytes(entry+rifControl, 6), "without the broadcast bits")
	require.Zero(t, k.mem.U8(entry+rifLocal))
	g.callKernel(t, "tr_type_trans", g.packet(b...), dev)
	require.Equal(t, entry, k.mem.U32(k.symbol("rif_table")+(1+2+3+4+5+6)%rifBuckets*4), "the same station")
	require.True(t, k.timerPending(k.symbol("rif_timer")))
	k.detachTimer(k.symbol("rif_timer"))
	g.callKernel(t, "rif_check_expire", 0)
	require.True(t, k.timerPending(k.symbol("rif_timer")), "one station left")
	k.mem.SetU32(k.symbol("sysctl_tr_rif_timeout"), 5)
	k.mem.SetU32(entry+rifLastUsed, k.jiffies()-100)
	k.detachTimer(k.symbol("rif_timer"))
	g.callKernel(t, "rif_check_expire", 0)
	require.Zero(t, k.mem.U32(k.symbol("rif_table")+(1+2+3+4+5+6)%rifBuckets*4), "forgotten")
	require.False(t, k.timersPending())
}

func TestFDDIFrames(t *testing.T) {
	g := newGuest(t, Config{})
	dev, lay := g.device(t), &g.k.drv.core.Skb
	header := []byte{0x50, 2, 2, 2, 2, 2, 2, 1, 2, 3, 4, 5, 6}
	snap := g.packet(append(header, 0xaa, 0xaa, 3, 0, 0, 0, 8, 6, 'x')...)
	require.EqualValues(t, 0x0608, g.callKernel(t, "fddi_type_trans", snap, dev))
	require.EqualValues(t, 1, g.k.mem.Get(snap, lay.Len))
	novell := g.packet(append(header, 0xe0, 0xe0, 3, 0, 0, 0, 0, 0, 'x')...)
	require.EqualValues(t, 0x0400, g.callKernel(t, "fddi_type_trans", novell, dev))
	require.EqualValues(t, 9, g.k.mem.Get(novell, lay.Len), "the 802.2 header stays")
}

func TestMastersAndSlaves(t *testing.T) {
	g := newGuest(t, Config{})
	k, err := g.k, g.put(0, 0, 0, 0)
	lay := &k.drv.lay.NetDevice
	slave := uint32(g.callKernel(t, "dev_alloc", g.text("bond%d"), err))
	require.Equal(t, "bond0", k.netName(slave))
	require.EqualValues(t, 0, k.mem.U32(err))
	require.EqualValues(t, 0, g.callKernel(t, "dev_alloc", g.text("bond%s"), err))
	require.EqualValues(t, -abi.EINVAL, int32(k.mem.U32(err)))

	master, refs := g.device(t), func(dev uint32) uint32 { return k.mem.Get(dev, lay.Refcnt) }
	before := refs(master)
	require.EqualValues(t, 0, g.callKernel(t, "netdev_set_master", slave, master))
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "netdev_set_master", slave, master))
	require.NotZero(t, k.mem.Get(slave, lay.Flags)&ifSlave)
	require.Equal(t, before+1, refs(master))
	require.EqualValues(t, 0, g.callKernel(t, "netdev_set_master", slave, 0))
	require.Equal(t, before, refs(master))
	require.Zero(t, k.mem.Get(slave, lay.Flags)&ifSlave)
}

func TestProtocolHelpers(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	header := g.put(0x45, 0, 0, 0x54, 0, 0, 0x40, 0, 0x40, 1, 0xff, 0xff, 10, 0, 0, 1, 10, 0, 0, 2)
	g.callKernel(t, "ip_send_check", header)
	require.EqualValues(t, []byte{0x26, 0xa7}, k.mem.Bytes(header+10, 2))

	dst := g.put(make([]byte, 128)...)
	k.mem.Set(dst, k.drv.proto.Dst.RateLast, k.jiffies()-100000)
	for i := range 8 {
		require.EqualValues(t, boolWord(i < 6), g.callKernel(t, "xrlim_allow", dst, 100), "packet %d", i)
	}

	from, to := g.put(make([]byte, 12)...), g.put(make([]byte, 12)...)
	k.initSkbQueue(from)
	k.initSkbQueue(to)
	first, second := g.packet(1), g.packet(2)
	k.enqueueSkb(to, first)
	k.enqueueSkb(from, second)
	g.callKernel(t, "skb_migrate", from, to)
	require.Zero(t, k.dequeueSkb(from))
	require.Equal(t, first, k.dequeueSkb(to))
	require.Equal(t, second, k.dequeueSkb(to))
}
