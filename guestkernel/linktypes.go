// SPDX-License-Identifier: BSD-3-Clause
// Frames of Token Ring and FDDI as they come in, and the source routes that Token Ring learns from them (2.4.18
// net/802/tr.c, net/802/fddi.c).

package guestkernel

import "bytes"

// Parts of a Token Ring frame: control, destination, source, and, when the source says so, a source route.
const (
	trDest        = 2
	trSource      = 8
	trRoute       = 14 // its control word, big-endian: length, kind, direction
	trHeader      = 14 // without a route
	trLongest     = 32
	trRouted      = 0x80 // in the source: there is a route
	trGroup       = 0x80 // in the destination
	trRouteLen    = 0x1f00
	trRouteSpread = 0xc000 // broadcast: nobody in particular
	llcSize       = 8
	extendedSAP   = 0xaa
	linkAddrLen   = 6
	llcFrames     = 0x0004 // ETH_P_802_2
)

// struct rif_cache_s, which only tr.c knows: what was learned about a station.
const (
	rifSize     = 44
	rifIface    = 8
	rifControl  = 12
	rifSegments = 14
	rifNext     = 32
	rifLastUsed = 36
	rifLocal    = 40
	rifBuckets  = 32
	rifMinutes  = 10
)

func linkTypeFunctions() []Function {
	return []Function{
		{Name: "tr_type_trans", Fn: func(c *Call) { c.Return(c.Kernel.tokenRingType(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "fddi_type_trans", Fn: func(c *Call) { c.Return(c.Kernel.fddiType(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "rif_check_expire", Fn: rifExpire, Level: Full, Proto: "void rif_check_expire(unsigned long dummy)"},
	}
}

// bootRouteCache sets up the timer that forgets routes. It runs while there are any: what a kernel does by itself for nothing
// must not keep a run alive in which everybody sleeps for good.
func (k *Kernel) bootRouteCache() error {
	timeout := rifMinutes * 60 * uint32(k.profile.HZ)
	k.mem.SetU32(k.symbol("sysctl_tr_rif_timeout"), timeout)
	timer := k.symbol("rif_timer")
	k.initTimer(timer, k.symbol("rif_check_expire"), 0)
	return nil
}

// pullSkb is skb_pull: takes bytes off the front of a packet that has as many.
func (k *Kernel) pullSkb(skb, n uint32) {
	lay := &k.drv.core.Skb
	if length := k.mem.Get(skb, lay.Len); n <= length {
		k.mem.Set(skb, lay.Len, length-n)
		k.mem.Set(skb, lay.Data, k.mem.Get(skb, lay.Data)+n)
	}
}

// swap16 is ntohs.
func swap16(v uint32) uint32 { return v>>8&0xff | v<<8&0xff00 }

// markGroup sets the kind of a packet to a group: all, or some.
func (k *Kernel) markGroup(skb, dev uint32, to []byte) {
	kind := uint32(packetMulticast)
	if bytes.Equal(to, k.mem.Bytes(dev+k.drv.lay.NetDevice.Broadcast.Off, linkAddrLen)) {
		kind = packetBroadcast
	}
	k.mem.Set(skb, k.drv.core.Skb.PktType, kind)
}

// markOther tells whether a packet to one station is for another: only a device that hears all looks.
func (k *Kernel) markOther(skb, dev uint32, to []byte) {
	nd := &k.drv.lay.NetDevice
	if k.mem.Get(dev, nd.Flags)&ifPromisc != 0 && !bytes.Equal(to, k.mem.Bytes(dev+nd.DevAddr.Off, linkAddrLen)) {
		k.mem.Set(skb, k.drv.core.Skb.PktType, packetOther)
	}
}

// tokenRingType is unsigned short tr_type_trans(struct sk_buff *skb, struct net_device *dev): takes the header off, learns
// the route that it has, and says what the packet is, in network order. Of frames with a SNAP header only IP and ARP are told
// apart; they lose it.
func (k *Kernel) tokenRingType(skb, dev uint32) uint32 {
	const snapType, etherIP, etherARP = 6, 0x0800, 0x0806
	lay := &k.drv.core.Skb
	frame := k.mem.Get(skb, lay.Data)
	k.mem.Set(skb, lay.Mac, frame)
	header := uint32(trHeader)
	if k.mem.U8(frame+trSource)&trRouted != 0 {
		header += swap16(uint32(k.mem.U16(frame+trRoute))) & trRouteLen >> 8
	}
	k.pullSkb(skb, header)
	to := k.mem.Bytes(frame+trDest, linkAddrLen)
	if to[0]&trGroup != 0 {
		k.markGroup(skb, dev, to)
	} else {
		k.markOther(skb, dev, to)
	}
	if kind := k.mem.Get(skb, lay.PktType); kind != packetBroadcast && kind != packetMulticast {
		k.learnRoute(frame, dev)
	}
	llc := frame + header
	kind := uint32(k.mem.U16(llc + snapType))
	if k.mem.U8(llc) == extendedSAP && (kind == swap16(etherIP) || kind == swap16(etherARP)) {
		k.pullSkb(skb, llcSize)
		return kind
	}
	return swap16(llcFrames)
}

// learnRoute is tr_add_rif_info. The bit in the source address that says "there is a route" is cleared in the frame, and set
// again only when the station was not known and the route leads somewhere.
func (k *Kernel) learnRoute(frame, dev uint32) {
	source, routed := frame+trSource, false
	control := uint32(k.mem.U16(frame + trRoute))
	if first := k.mem.U8(source); first&trRouted != 0 {
		k.mem.SetU8(source, first&^trRouted)
		routed = swap16(control)&trRouteLen>>8 > 2
	}
	addr := k.mem.Bytes(source, linkAddrLen)
	bucket, sum := k.symbol("rif_table"), uint32(0)
	for _, b := range addr {
		sum += uint32(b)
	}
	bucket += sum % rifBuckets * wordSize
	kept := control &^ swap16(trRouteSpread)
	for entry := k.mem.U32(bucket); entry != 0; entry = k.mem.U32(entry + rifNext) {
		if !bytes.Equal(k.mem.Bytes(entry, linkAddrLen), addr) {
			continue
		}
		if k.mem.U8(entry+rifLocal) == 0 && uint32(k.mem.U16(entry+rifControl)) != kept && control&swap16(trRouteSpread) == 0 {
			k.setRoute(entry, frame, kept)
		}
		k.mem.SetU32(entry+rifLastUsed, k.jiffies())
		return
	}
	entry := k.Kmalloc(rifSize, k.pages.gfp.atomic)
	if entry == 0 {
		k.Printk("<7>tr.c: Couldn't malloc rif cache entry !\n")
		return
	}
	k.mem.Write(entry, addr)
	k.mem.SetU32(entry+rifIface, k.mem.Get(dev, k.drv.lay.NetDevice.Ifindex))
	k.mem.SetU32(entry+rifNext, k.mem.U32(bucket))
	k.mem.SetU32(entry+rifLastUsed, k.jiffies())
	k.mem.SetU32(bucket, entry)
	if timer := k.symbol("rif_timer"); !k.timerPending(timer) {
		k.startTimer(timer, k.jiffies()+k.mem.U32(k.symbol("sysctl_tr_rif_timeout")))
	}
	k.mem.SetU8(entry+rifLocal, uint8(boolWord(!routed)))
	if routed {
		k.setRoute(entry, frame, kept)
		k.mem.SetU8(source, k.mem.U8(source)|trRouted)
	}
}

func (k *Kernel) setRoute(entry, frame, control uint32) {
	k.mem.SetU16(entry+rifControl, uint16(control))
	k.mem.Copy(entry+rifSegments, frame+trRoute+2, trLongest-trRoute-2)
}

// rifExpire models static void rif_check_expire(unsigned long dummy): forgets stations not heard of for ten minutes.
func rifExpire(c *Call) {
	k := c.Kernel
	left := false
	timeout := k.mem.U32(k.symbol("sysctl_tr_rif_timeout"))
	for i := range uint32(rifBuckets) {
		for word := k.symbol("rif_table") + i*wordSize; k.mem.U32(word) != 0; {
			entry := k.mem.U32(word)
			if k.jiffies()-k.mem.U32(entry+rifLastUsed) <= timeout {
				word, left = entry+rifNext, true
				continue
			}
			k.mem.SetU32(word, k.mem.U32(entry+rifNext))
			k.Kfree(entry)
		}
	}
	if left {
		k.startTimer(k.symbol("rif_timer"), k.jiffies()+timeout)
	}
}

// fddiType is unsigned short fddi_type_trans(struct sk_buff *skb, struct net_device *dev): control byte, destination,
// source, then 802.2, which is a SNAP header unless it is Novell's.
func (k *Kernel) fddiType(skb, dev uint32) uint32 {
	const dest, llc, snapType, plainLen, snapLen, novell = 1, 13, 19, 13, 21, 0xe0
	lay := &k.drv.core.Skb
	frame := k.mem.Get(skb, lay.Data)
	k.mem.Set(skb, lay.Mac, frame)
	kind, header := uint32(k.mem.U16(frame+snapType)), uint32(snapLen)
	if k.mem.U8(frame+llc) == novell {
		kind, header = swap16(llcFrames), plainLen
	}
	k.pullSkb(skb, header)
	if to := k.mem.Bytes(frame+dest, linkAddrLen); to[0]&1 != 0 {
		k.markGroup(skb, dev, to)
	} else {
		k.markOther(skb, dev, to)
	}
	return kind
}
