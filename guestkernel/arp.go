// SPDX-License-Identifier: BSD-3-Clause
// Ethernet headers and ARP, as far as they go without routes and neighbours (2.4.18 net/ethernet/eth.c, net/ipv4/arp.c,
// icmp.c, route.c): what is sent is sent, nobody is asked and nobody answers.

package guestkernel

import "ring0/guestkernel/abi"

type inetPeerLayout struct {
	IDCount abi.Field `c:"ip_id_count"`
}

type routeLayout struct {
	Flags abi.Field `c:"rt_flags"`
	Peer  abi.Field `c:"peer"`
}

// Ethernet's and ARP's headers, types of links.
const (
	etherHeader   = 14
	etherSource   = 6
	etherProtocol = 12
	ether8023     = 1 // ETH_P_802_3: the field is a length
	etherIP       = 0x0800
	etherARP      = 0x0806
	arpHeader     = 8
	arpHlnAt      = 4
	arpPlnAt      = 5
	linkNetrom    = 0
	linkAX25      = 3
	linkIEEE802   = 6
	linkFDDI      = 774
	linkTokenRing = 800
	ax25IP        = 0xcc
	hookARP       = 3
	hookARPIn     = 0
	hookARPOut    = 1
	packetLoop    = 5
	ifLoopback    = 8
)

func arpFunctions() []Function {
	const noRoute = "with a route it stops the run by name"
	return []Function{
		{Name: "eth_header", Fn: ethHeader, Level: Full},
		{Name: "eth_rebuild_header", Fn: ethRebuildHeader, Level: Full},
		{Name: "eth_header_parse", Fn: ethHeaderParse, Level: Full},
		{Name: "arp_find", Fn: func(c *Call) { c.Return(c.arpFind(c.Arg(1))) }, Level: Partial, Note: noRoute},
		{Name: "arp_send", Fn: arpSend, Level: Full},
		{Name: "arp_rcv", Fn: arpReceive, Level: Partial, Note: "what is not dropped at once stops the run in arp_process"},
		{Name: "icmp_send", Fn: icmpSend, Level: Partial, Note: noRoute},
		{Name: "__ip_select_ident", Fn: ipSelectIdent, Level: Partial, Note: "there is no entropy pool: the numbers are the same in every run; a route without a peer stops the run by name",
			Proto: "void __ip_select_ident(struct iphdr *iph, struct dst_entry *dst)"},
	}
}

// pushSkb is skb_push: room in front of a packet, which must be there.
func (c *Call) pushSkb(skb, n uint32) (data uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.core.Skb
	data = k.mem.Get(skb, lay.Data) - n
	k.mem.Set(skb, lay.Data, data)
	k.mem.Set(skb, lay.Len, k.mem.Get(skb, lay.Len)+n)
	if data < k.mem.Get(skb, lay.Head) {
		k.Call(k.functionAt("skb_under_panic"), skb, n, c.Slot)
	}
	return data
}

// ethHeader models int eth_header(struct sk_buff *skb, struct net_device *dev, unsigned short type, void *daddr, void *saddr,
// unsigned len): the header's length, negative when the destination is still to be filled in.
func ethHeader(c *Call) {
	k, dev, kind, to, from, nd := c.Kernel, c.Arg(1), c.Arg(2)&0xffff, c.Arg(3), c.Arg(4), &c.Kernel.drv.lay.NetDevice
	eth := c.pushSkb(c.Arg(0), etherHeader)
	if kind == ether8023 {
		kind = c.Arg(5)
	}
	k.mem.SetU16(eth+etherProtocol, uint16(swap16(kind)))
	length, addr := k.mem.Get(dev, nd.HardHeaderLen), k.mem.Get(dev, nd.AddrLen)
	if from == 0 {
		from = dev + nd.DevAddr.Off
	}
	k.mem.Copy(eth+etherSource, from, addr)
	switch {
	case k.mem.Get(dev, nd.Flags)&(ifLoopback|ifNoARP) != 0:
		k.mem.Fill(eth, addr, 0)
	case to != 0:
		k.mem.Copy(eth, to, addr)
	default:
		length = -length
	}
	c.Return(length)
}

// ethRebuildHeader models int eth_rebuild_header(struct sk_buff *skb): 0 when the header has its destination now.
func ethRebuildHeader(c *Call) {
	k, skb := c.Kernel, c.Arg(0)
	eth, dev := k.mem.Get(skb, k.drv.core.Skb.Data), k.mem.Get(skb, k.drv.core.Skb.Dev)
	if kind := uint32(k.mem.U16(eth + etherProtocol)); kind != swap16(etherIP) {
		k.Printk("<7>%s: unable to resolve type %X addresses.\n", k.netName(dev), kind)
		k.mem.Copy(eth+etherSource, dev+k.drv.lay.NetDevice.DevAddr.Off, k.mem.Get(dev, k.drv.lay.NetDevice.AddrLen))
		c.Return(0)
		return
	}
	c.Return(c.arpFind(skb))
}

// ethHeaderParse models int eth_header_parse(struct sk_buff *skb, unsigned char *haddr): who sent a packet.
func ethHeaderParse(c *Call) {
	k := c.Kernel
	k.mem.Copy(c.Arg(1), k.mem.Get(c.Arg(0), k.drv.core.Skb.Mac)+etherSource, linkAddrLen)
	c.Return(linkAddrLen)
}

// arpFind is int arp_find(unsigned char *haddr, struct sk_buff *skb): a packet without a route is dropped, 1. No route leads
// anywhere here but those that modules make.
func (c *Call) arpFind(skb uint32) uint32 {
	k := c.Kernel
	if k.mem.Get(skb, k.drv.core.Skb.Dst) != 0 {
		k.stop(Outcome{Kind: Missing, Reason: "arp_find of a packet with a route (neigh_lookup, __neigh_event_send)"})
	}
	k.Printk("<7>arp_find is called with dst==NULL\n")
	k.freeSkb(skb)
	return 1
}

// netHook is NF_HOOK: a packet goes on to a function of the kernel's, past the hooks of a place if there are any.
func (k *Kernel) netHook(place [2]uint32, skb, in, out uint32, function string) uint32 {
	head := k.drv.sym.NFHooks + (place[0]*netfilterMax+place[1])*k.lay.ListHead.Size
	if k.listEmpty(head) {
		return k.Call(k.functionAt(function), skb)
	}
	return k.Call(k.functionAt("nf_hook_slow"), place[0], place[1], skb, in, out, k.functionAt(function))
}

// arpSend models void arp_send(int type, int ptype, u32 dest_ip, struct net_device *dev, u32 src_ip, unsigned char *dest_hw,
// unsigned char *src_hw, unsigned char *target_hw): a packet of ARP's. Without memory, and on devices without ARP, nothing
// happens.
//
// Context: any.
func arpSend(c *Call) {
	const align = 15
	k, dev, nd, lay := c.Kernel, c.Arg(3), &c.Kernel.drv.lay.NetDevice, &c.Kernel.drv.core.Skb
	addr, header := k.mem.Get(dev, nd.AddrLen), k.mem.Get(dev, nd.HardHeaderLen)
	if k.mem.Get(dev, nd.Flags)&ifNoARP != 0 {
		return
	}
	size := arpHeader + 2*(addr+wordSize)
	skb := k.allocSkb(size+header+align, k.pages.gfp.atomic)
	if skb == 0 {
		return
	}
	data := k.mem.Get(skb, lay.Data) + (header+align)&^align
	k.mem.Set(skb, lay.Data, data)
	k.mem.Set(skb, lay.Tail, data)
	k.mem.Set(skb, lay.Nh, data)
	arp := c.putSkb(skb, size)
	k.mem.Set(skb, lay.Dev, dev)
	k.mem.Set(skb, lay.Protocol, swap16(etherARP))
	to, from := c.Arg(5), c.Arg(6)
	if from == 0 {
		from = dev + nd.DevAddr.Off
	}
	if to == 0 {
		to = dev + nd.Broadcast.Off
	}
	if fn := k.mem.Get(dev, nd.HardHeader); fn != 0 && int32(k.Call(fn, skb, dev, c.Arg(1), to, from, size)) < 0 {
		k.freeSkb(skb)
		return
	}
	link, protocol := arpLink(k.mem.Get(dev, nd.Type))
	k.mem.SetU16(arp, uint16(swap16(link)))
	k.mem.SetU16(arp+2, uint16(swap16(protocol)))
	k.mem.Write(arp+arpHlnAt, []byte{byte(addr), wordSize, byte(c.Arg(0) >> 8), byte(c.Arg(0))})
	at := arp + arpHeader
	k.mem.Copy(at, from, addr)
	k.mem.SetU32(at+addr, c.Arg(4))
	at += addr + wordSize
	if target := c.Arg(7); target != 0 {
		k.mem.Copy(at, target, addr)
	} else {
		k.mem.Fill(at, addr, 0)
	}
	k.mem.SetU32(at+addr, c.Arg(2))
	k.netHook([2]uint32{hookARP, hookARPOut}, skb, 0, dev, "dev_queue_xmit")
}

// arpLink is how ARP names a type of links, and IP on them.
func arpLink(kind uint32) (link, protocol uint32) {
	switch kind {
	case linkAX25, linkNetrom:
		return kind, ax25IP
	case linkFDDI:
		return arphrdEther, etherIP
	case linkTokenRing:
		return linkIEEE802, etherIP
	}
	return kind, etherIP
}

// arpReceive models int arp_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt): what is not for this
// device, or no address of four bytes, is dropped.
func arpReceive(c *Call) {
	k, skb, dev, lay, nd := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.Skb, &c.Kernel.drv.lay.NetDevice
	c.Return(0)
	arp, kind := k.mem.Get(skb, lay.Nh), k.mem.Get(skb, lay.PktType)
	if uint32(k.mem.U8(arp+arpHlnAt)) != k.mem.Get(dev, nd.AddrLen) || k.mem.Get(dev, nd.Flags)&ifNoARP != 0 ||
		kind == packetOther || kind == packetLoop || k.mem.U8(arp+arpPlnAt) != wordSize {
		k.freeSkb(skb)
		return
	}
	if k.mem.Get(skb, lay.Users) != 1 {
		own := k.cloneSkb(skb, k.pages.gfp.atomic)
		k.freeSkb(skb)
		if skb = own; skb == 0 {
			return
		}
	}
	if k.mem.Get(skb, lay.DataLen) != 0 && !k.linearizeSkb(skb, k.pages.gfp.atomic) {
		k.freeSkb(skb)
		return
	}
	c.Return(k.netHook([2]uint32{hookARP, hookARPIn}, skb, dev, 0, "arp_process"))
}

// icmpSend models void icmp_send(struct sk_buff *skb_in, int type, int code, u32 info): nobody is told of a packet without a
// route, of one to many, and of a fragment but the first.
func icmpSend(c *Call) {
	const toMany, offsetAt, offsetBits = 0x30000000, 6, 0x1fff // RTCF_BROADCAST, RTCF_MULTICAST
	k, skb, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.core.Skb
	rt, ip := k.mem.Get(skb, lay.Dst), k.mem.Get(skb, lay.Nh)
	switch {
	case rt == 0, k.mem.Get(skb, lay.PktType) != packetHost, k.mem.Get(rt, k.drv.proto.Route.Flags)&toMany != 0,
		swap16(uint32(k.mem.U16(ip+offsetAt)))&offsetBits != 0:
	default:
		k.stop(Outcome{Kind: Missing, Reason: "icmp_send about a packet with a route (ip_route_output_key)"})
	}
}

// ipSelectIdent models void __ip_select_ident(struct iphdr *iph, struct dst_entry *dst): the number of a datagram, by whom it
// is for.
func ipSelectIdent(c *Call) {
	const idAt, destinationAt = 4, 16
	k, ip, rt := c.Kernel, c.Arg(0), c.Arg(1)
	if rt == 0 {
		k.Printk("<7>rt_bind_peer(0) @%08x\n", c.Caller())
		k.stirNetRandom(k.mem.U32(ip + destinationAt))
		k.mem.SetU16(ip+idAt, uint16(k.netRandom()))
		return
	}
	peer := k.mem.Get(rt, k.drv.proto.Route.Peer)
	if peer == 0 {
		k.Call(k.functionAt("rt_bind_peer"), rt, 1)
		return
	}
	count := peer + k.drv.proto.InetPeer.IDCount.Off
	id := k.mem.U16(count)
	k.mem.SetU16(count, id+1)
	k.mem.SetU16(ip+idAt, uint16(swap16(uint32(id))))
}
