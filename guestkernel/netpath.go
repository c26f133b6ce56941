// SPDX-License-Identifier: BSD-3-Clause
// The way of a packet up and down: netif_rx, packet types, dev_queue_xmit (2.4.18 net/core/dev.c, net/ethernet/eth.c).
//
// A packet that no protocol wants is dropped; the kernel's own protocols (IP, ARP) are none here.

package guestkernel

import (
	"bytes"

	"ring0/guestkernel/abi"
)

// What netif_rx and packet handlers return.
const (
	rxSuccess = 0
	rxDrop    = 1
)

// Kinds of packets by their destination (pkt_type).
const (
	packetHost      = 0
	packetBroadcast = 1
	packetMulticast = 2
	packetOther     = 3
	packetOutgoing  = 4
)

func netPathFunctions() []Function {
	return []Function{
		{Name: "netif_rx", Fn: netifRx, Level: Full},
		{Name: "netif_receive_skb", Fn: func(c *Call) { c.Return(c.Kernel.receiveSkb(c.Arg(0))) }, Level: Partial, Note: "no frame diversion; IP and ARP do not listen"},
		{Name: "net_rx_action", Fn: netRxAction, Level: Full},
		{Name: "net_tx_action", Fn: netTxAction, Level: Full},
		{Name: "process_backlog", Fn: processBacklog, Level: Full},
		{Name: "dev_queue_xmit", Fn: func(c *Call) { c.Return(c.queueXmit(c.Arg(0))) }, Level: Full},
		{Name: "loopback_xmit", Fn: loopbackXmit, Level: Full},
		{Name: "eth_type_trans", Fn: ethTypeTrans, Level: Full},
		{Name: "net_call_rx_atomic", Fn: func(c *Call) { c.Kernel.Call(c.Arg(0)) }, Level: Full},
		{Name: "net_random", Fn: func(c *Call) { c.Return(c.Kernel.netRandom()) }, Level: Full},
		{Name: "net_srandom", Fn: netSrandom, Level: Full},
	}
}

// netSrandom models void net_srandom(unsigned long entropy).
func netSrandom(c *Call) { c.Kernel.stirNetRandom(c.Arg(0)) }

func (k *Kernel) stirNetRandom(entropy uint32) {
	at := k.symbol("net_rand_seed")
	k.mem.SetU32(at, k.mem.U32(at)^entropy)
	k.netRandom()
}

// disableBH and enableBH are local_bh_disable and local_bh_enable: on the way out raised softirqs run.
func (k *Kernel) disableBH() { k.countIRQ(k.lay.IRQCPUStat.LocalBHCount, 1) }

func (c *Call) enableBH() {
	c.Kernel.countIRQ(c.Kernel.lay.IRQCPUStat.LocalBHCount, ^uint32(0))
	if c.Kernel.softirqPending() != 0 {
		c.Kernel.doSoftirq(c)
	}
}

// stampSkb gives a packet its time.
func (k *Kernel) stampSkb(skb uint32) {
	k.mem.Copy(skb+k.drv.core.Skb.Stamp.Off, k.sym.Xtime, k.drv.core.Skb.Stamp.Size)
}

// netStat adds to one of this processor's counters (netdev_rx_stat): total, dropped, time_squeeze, throttled.
func (k *Kernel) netStat(word uint32) {
	at := k.symbol("netdev_rx_stat") + word*wordSize
	k.mem.SetU32(at, k.mem.U32(at)+1)
}

// netifRx models int netif_rx(struct sk_buff *skb): queues a packet for net_rx_action. Returns the level of congestion, or
// NET_RX_DROP with the packet freed.
//
// Context: any.
func netifRx(c *Call) { c.Return(c.Kernel.netifRx(c.Arg(0))) }

func (k *Kernel) netifRx(skb uint32) uint32 {
	const total, dropped, throttled = 0, 1, 3
	lay, soft := &k.drv.core.Skb, &k.drv.core.Softnet
	queue := k.symbol("softnet_data")
	k.drv.net.Received++
	if k.mem.Get(skb, lay.StampSec) == 0 {
		k.stampSkb(skb)
	}
	dev := k.mem.Get(skb, lay.Dev)
	if hook := k.mem.Get(dev, k.drv.core.Device.RxHook); hook != 0 && k.Call(hook, skb) == rxDrop {
		k.netStat(dropped)
		k.freeSkb(skb)
		return rxDrop
	}
	k.netStat(total)
	length := k.mem.Get(queue+soft.Input.Off, k.drv.core.SkbHead.Qlen)
	throttle := k.mem.Get(queue, soft.Throttle) != 0
	if length > k.mem.U32(k.symbol("netdev_max_backlog")) || length > 0 && throttle {
		if !throttle {
			k.mem.Set(queue, soft.Throttle, 1)
			k.netStat(throttled)
		}
		k.netStat(dropped)
		k.freeSkb(skb)
		return rxDrop
	}
	if length == 0 {
		k.mem.Set(queue, soft.Throttle, 0)
		k.schedulePoll(queue + soft.BlogDev.Off)
	}
	k.holdDevice(dev, 1)
	k.enqueueSkb(queue+soft.Input.Off, skb)
	return k.mem.Get(queue, soft.CngLevel)
}

// schedulePoll is netif_rx_schedule: a device that runs and waits for it not yet is polled.
func (k *Kernel) schedulePoll(dev uint32) {
	state, lay := k.drv.lay.NetDevice.State, &k.drv.core.Device
	if s := k.mem.Get(dev, state); s&linkStart == 0 || s&rxSched != 0 {
		return
	}
	k.mem.Set(dev, state, k.mem.Get(dev, state)|rxSched)
	k.holdDevice(dev, 1)
	k.listAddTail(dev+lay.PollList.Off, k.symbol("softnet_data")+k.drv.core.Softnet.PollList.Off)
	quota := k.mem.Get(dev, lay.Weight)
	if have := k.mem.Get(dev, lay.Quota); int32(have) < 0 {
		quota += have
	}
	k.mem.Set(dev, lay.Quota, quota)
	k.raiseSoftirq(softirqNetRx)
}

// netRxAction models static void net_rx_action(struct softirq_action *h): polls the devices in turn, for so many packets and
// so long.
func netRxAction(c *Call) {
	const squeezed = 2
	k, lay := c.Kernel, &c.Kernel.drv.core.Device
	list := k.symbol("softnet_data") + k.drv.core.Softnet.PollList.Off
	began, budget := k.jiffies(), c.Alloca(wordSize)
	k.mem.SetU32(budget, k.mem.U32(k.symbol("netdev_max_backlog")))
	for !k.listEmpty(list) {
		if int32(k.mem.U32(budget)) <= 0 || k.jiffies()-began > 1 {
			k.netStat(squeezed)
			k.setSoftirqPending(k.softirqPending() | 1<<softirqNetRx)
			return
		}
		dev := k.mem.U32(list) - lay.PollList.Off
		if int32(k.mem.Get(dev, lay.Quota)) > 0 && k.Call(k.mem.Get(dev, lay.Poll), dev, budget) == 0 {
			k.putDevice(dev)
			continue
		}
		k.listDel(dev + lay.PollList.Off)
		k.listAddTail(dev+lay.PollList.Off, list)
		quota := k.mem.Get(dev, lay.Weight)
		if have := k.mem.Get(dev, lay.Quota); int32(have) < 0 {
			quota += have
		}
		k.mem.Set(dev, lay.Quota, quota)
	}
}

// processBacklog models static int process_backlog(struct net_device *blog_dev, int *budget): what netif_rx queued. 0: the
// queue is empty.
func processBacklog(c *Call) {
	k, blog, budget, lay, soft := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.Device, &c.Kernel.drv.core.Softnet
	queue := k.symbol("softnet_data")
	quota := min(int32(k.mem.Get(blog, lay.Quota)), int32(k.mem.U32(budget)))
	began, work := k.jiffies(), int32(0)
	c.Return(0xffffffff)
	for {
		skb := k.dequeueSkb(queue + soft.Input.Off)
		if skb == 0 {
			k.listDel(blog + lay.PollList.Off)
			k.mem.Set(blog, k.drv.lay.NetDevice.State, k.mem.Get(blog, k.drv.lay.NetDevice.State)&^rxSched)
			k.mem.Set(queue, soft.Throttle, 0)
			c.Return(0)
			break
		}
		dev := k.mem.Get(skb, k.drv.core.Skb.Dev)
		k.receiveSkb(skb)
		k.putDevice(dev)
		if work++; work >= quota || k.jiffies()-began > 1 {
			break
		}
	}
	k.mem.Set(blog, lay.Quota, k.mem.Get(blog, lay.Quota)-uint32(work))
	k.mem.SetU32(budget, k.mem.U32(budget)-uint32(work))
}

// receiveSkb is netif_receive_skb: the packet goes to everybody who asked for its protocol or for all, the last of whom gets
// it for good.
func (k *Kernel) receiveSkb(skb uint32) (result uint32) {
	lay, pt := &k.drv.core.Skb, &k.drv.core.Packet
	if k.mem.Get(skb, lay.StampSec) == 0 {
		k.stampSkb(skb)
	}
	k.netStat(0)
	data, dev, protocol := k.mem.Get(skb, lay.Data), k.mem.Get(skb, lay.Dev), k.mem.Get(skb, lay.Protocol)
	k.mem.Set(skb, lay.H, data)
	k.mem.Set(skb, lay.Nh, data)
	wanted := func(head uint32, any bool) (found []uint32) {
		for _, p := range k.links("a list of packet types", head, pt.Next) {
			if p != 0 && (any || k.mem.Get(p, pt.Type) == protocol) && (k.mem.Get(p, pt.Dev) == 0 || k.mem.Get(p, pt.Dev) == dev) {
				found = append(found, p)
			}
		}
		return found
	}
	takers := wanted(k.drv.sym.PtypeAll, true)
	hook := k.mem.U32(k.symbol("br_handle_frame_hook"))
	bridged := k.mem.Get(dev, k.drv.core.Device.BrPort) != 0 && hook != 0
	if !bridged {
		number := protocol>>8&0xff | protocol<<8&0xff00
		takers = append(takers, wanted(k.drv.sym.PtypeBase+number%ptypeHash*wordSize, false)...)
	}
	result = rxDrop
	for i, p := range takers {
		last := i == len(takers)-1 && !bridged
		result = k.deliverSkb(p, skb, last)
	}
	switch {
	case bridged:
		k.Call(hook, skb)
		return rxSuccess
	case len(takers) == 0:
		k.freeSkb(skb)
	}
	return result
}

// deliverSkb hands a packet to a packet type. One without data is of an old kind, which gets a buffer of its own in one
// piece, and no timer runs meanwhile.
func (k *Kernel) deliverSkb(p, skb uint32, last bool) uint32 {
	pt, users := &k.drv.core.Packet, k.drv.core.Skb.Users
	old := k.mem.Get(p, pt.Data) == 0
	switch {
	case last:
	case old:
		if skb = k.cloneSkb(skb, k.pages.gfp.atomic); skb == 0 {
			return rxDrop
		}
	default:
		k.mem.Set(skb, users, k.mem.Get(skb, users)+1)
	}
	dev := k.mem.Get(skb, k.drv.core.Skb.Dev)
	if !old {
		return k.Call(k.mem.Get(p, pt.Func), skb, dev, p)
	}
	if k.mem.Get(skb, k.drv.core.Skb.DataLen) != 0 && !k.linearizeSkb(skb, k.pages.gfp.atomic) {
		k.freeSkb(skb)
		return rxDrop
	}
	timers, count := k.bhTasklet(bhTimer), k.lay.Tasklet.Count
	k.mem.Set(timers, count, k.mem.Get(timers, count)+1)
	result := k.Call(k.mem.Get(p, pt.Func), skb, dev, p)
	k.mem.Set(timers, count, k.mem.Get(timers, count)-1)
	return result
}

// netTxAction models static void net_tx_action(struct softirq_action *h): frees sent packets, runs queues that had to wait.
func netTxAction(c *Call) {
	k, soft := c.Kernel, &c.Kernel.drv.core.Softnet
	queue := k.symbol("softnet_data")
	list := k.mem.Get(queue, soft.CompletionQueue)
	k.mem.Set(queue, soft.CompletionQueue, 0)
	for list != 0 {
		skb := list
		list = k.mem.Get(skb, k.drv.core.Skb.Next)
		k.mem.Set(skb, k.drv.core.Skb.Next, 0)
		k.destroySkb(nil, skb)
	}
	dev := k.mem.Get(queue, soft.OutputQueue)
	k.mem.Set(queue, soft.OutputQueue, 0)
	for dev != 0 {
		next := k.mem.Get(dev, k.drv.core.Device.NextSched)
		k.mem.Set(dev, k.drv.lay.NetDevice.State, k.mem.Get(dev, k.drv.lay.NetDevice.State)&^txSched)
		k.runQdisc(dev)
		dev = next
	}
}

// showOutgoing hands a copy of a packet that leaves to those who want all (dev_queue_xmit_nit).
func (k *Kernel) showOutgoing(skb, dev uint32) {
	if k.mem.U32(k.drv.sym.NetdevNit) == 0 {
		return
	}
	lay, pt := &k.drv.core.Skb, &k.drv.core.Packet
	k.stampSkb(skb)
	for _, p := range k.links("ptype_all", k.drv.sym.PtypeAll, pt.Next) {
		if p == 0 || k.mem.Get(p, pt.Dev) != 0 && k.mem.Get(p, pt.Dev) != dev || k.mem.Get(p, pt.Data) == k.mem.Get(skb, lay.Sk) {
			continue
		}
		n := k.cloneSkb(skb, k.pages.gfp.atomic)
		if n == 0 {
			return
		}
		data := k.mem.Get(n, lay.Data)
		k.mem.Set(n, lay.Mac, data)
		if nh := k.mem.Get(n, lay.Nh); nh < data || nh > k.mem.Get(n, lay.Tail) {
			if k.netRatelimit() {
				k.Printk("<7>protocol %04x is buggy, dev %s\n", k.mem.Get(n, lay.Protocol), k.netName(dev))
			}
			k.mem.Set(n, lay.Nh, data)
		}
		k.mem.Set(n, lay.H, k.mem.Get(n, lay.Nh))
		k.mem.Set(n, lay.PktType, packetOutgoing)
		k.Call(k.mem.Get(p, pt.Func), n, dev, p)
	}
}

// Features of a device: pages, further buffers, checksums.
const (
	featureSG       = 1
	featureIPSum    = 2
	featureNoSum    = 4
	featureHWSum    = 8
	featureFragList = 0x40
)

// queueXmit is dev_queue_xmit: a packet goes to its device's queue, or, when it has none, right to the driver. Returns 0, a
// code of the queue's, or an error; the packet is gone in any case.
func (c *Call) queueXmit(skb uint32) uint32 {
	k, lay, sh := c.Kernel, &c.Kernel.drv.core.Skb, &c.Kernel.drv.core.Shared
	dev := k.mem.Get(skb, lay.Dev)
	features := k.mem.Get(dev, k.drv.lay.NetDevice.Features)
	info := k.skbShared(skb)
	pieces := k.mem.Get(info, sh.FragList) != 0 && features&featureFragList == 0 || k.mem.Get(info, sh.NrFrags) != 0 && features&featureSG == 0
	if pieces && !k.linearizeSkb(skb, k.pages.gfp.atomic) {
		k.freeSkb(skb)
		return errWord(abi.ENOMEM)
	}
	const etherIP = 0x0008
	sums := features&(featureHWSum|featureNoSum) != 0 || features&featureIPSum != 0 && k.mem.Get(skb, lay.Protocol) == etherIP
	if k.mem.Get(skb, lay.IPSummed) == checksumHW && !sums {
		k.completeChecksum(skb)
	}
	k.disableBH()
	defer c.enableBH()
	q := k.mem.Get(dev, k.drv.lay.NetDevice.Qdisc)
	if enqueue := k.mem.Get(q, k.drv.core.Qdisc.Enqueue); enqueue != 0 {
		const bypass = 4
		result := k.Call(enqueue, skb, q)
		k.runQdisc(dev)
		if result == bypass {
			result = 0
		}
		return result
	}
	return k.xmitDirectly(skb, dev)
}

// completeChecksum is skb_checksum_help: the sum from the transport header on goes to its place, which must be in the packet.
func (k *Kernel) completeChecksum(skb uint32) {
	const noHeader, noData, noPlace = 938, 943, 945
	lay := &k.drv.core.Skb
	start, tail := k.mem.Get(skb, lay.H), k.mem.Get(skb, lay.Tail)
	offset, length := int32(start-k.mem.Get(skb, lay.Data)), int32(k.mem.Get(skb, lay.Len))
	check := func(bad bool, line uint16) {
		if bad {
			k.bug("skb_checksum_help", "dev.c", line)
		}
	}
	check(offset > length, noHeader)
	b, ok := k.skbBytes(skb, offset, uint32(length-offset))
	check(!ok, noHeader)
	check(int32(tail-start) <= 0, noData)
	check(int32(k.mem.Get(skb, lay.Csum))+2 > int32(tail-start), noPlace)
	k.mem.SetU16(start+k.mem.Get(skb, lay.Csum), foldSum(sumBytes(b, 0)))
	k.mem.Set(skb, lay.IPSummed, 0)
}

// xmitDirectly hands a packet to the driver of a device without a queue.
func (k *Kernel) xmitDirectly(skb, dev uint32) uint32 {
	lay, owner := &k.drv.lay.NetDevice, k.drv.lay.NetDevice.XmitLockOwner
	switch {
	case k.mem.Get(dev, lay.Flags)&ifUp == 0:
	case k.mem.Get(dev, owner) == 0:
		if k.netRatelimit() {
			k.Printk("<7>Dead loop on virtual device %s, fix it urgently!\n", k.netName(dev))
		}
	default:
		k.mem.Set(dev, owner, 0)
		sent := false
		if k.mem.Get(dev, lay.State)&txStopped == 0 {
			k.showOutgoing(skb, dev)
			sent = k.Call(k.mem.Get(dev, k.drv.core.Device.HardStartXmit), skb, dev) == 0
		}
		k.mem.Set(dev, owner, 0xffffffff)
		if sent {
			return 0
		}
		if k.netRatelimit() {
			k.Printk("<7>Virtual device %s asks to queue packet!\n", k.netName(dev))
		}
	}
	k.freeSkb(skb)
	return errWord(abi.ENETDOWN)
}

// ethTypeTrans models unsigned short eth_type_trans(struct sk_buff *skb, struct net_device *dev): takes the Ethernet header
// off and says what the packet is, in network order.
func ethTypeTrans(c *Call) { c.Return(c.Kernel.ethTypeTrans(c.Arg(0), c.Arg(1))) }

func (k *Kernel) ethTypeTrans(skb, dev uint32) uint32 {
	const addrLen, protocolAt, headerLen, firstType, ipx, novell, llc = 6, 12, 14, 1536, 0xffff, 0x0001, 0x0004
	lay, nd := &k.drv.core.Skb, &k.drv.lay.NetDevice
	data, length := k.mem.Get(skb, lay.Data), k.mem.Get(skb, lay.Len)
	k.mem.Set(skb, lay.Mac, data)
	header := k.mem.Bytes(data, headerLen)
	if pull := k.mem.Get(dev, nd.HardHeaderLen); pull <= length {
		k.mem.Set(skb, lay.Data, data+pull)
		k.mem.Set(skb, lay.Len, length-pull)
	}
	to := header[:addrLen]
	switch {
	case to[0]&1 != 0 && bytes.Equal(to, k.mem.Bytes(dev+nd.Broadcast.Off, addrLen)):
		k.mem.Set(skb, lay.PktType, packetBroadcast)
	case to[0]&1 != 0:
		k.mem.Set(skb, lay.PktType, packetMulticast)
	case !bytes.Equal(to, k.mem.Bytes(dev+nd.DevAddr.Off, addrLen)):
		k.mem.Set(skb, lay.PktType, packetOther)
	}
	kind := uint32(header[protocolAt])<<8 | uint32(header[protocolAt+1])
	switch {
	case kind >= firstType:
		return kind>>8 | kind<<8&0xff00
	case k.mem.U16(k.mem.Get(skb, lay.Data)) == ipx:
		return novell << 8
	}
	return llc << 8
}

// loopbackXmit models static int loopback_xmit(struct sk_buff *skb, struct net_device *dev): what is sent is received.
func loopbackXmit(c *Call) {
	const rxPackets, txPackets, rxBytes, txBytes, unnecessary = 0, 4, 8, 12, 2
	k, skb, dev, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.core.Skb
	c.Return(0)
	if k.mem.Get(skb, lay.Users) != 1 {
		n := k.cloneSkb(skb, k.pages.gfp.atomic)
		k.freeSkb(skb)
		if skb = n; skb == 0 {
			return
		}
	} else if destructor := k.mem.Get(skb, lay.Destructor); destructor != 0 {
		k.Call(destructor, skb)
		k.mem.Set(skb, lay.Destructor, 0)
		k.mem.Set(skb, lay.Sk, 0)
	}
	k.mem.Set(skb, lay.Protocol, k.ethTypeTrans(skb, dev))
	k.mem.Set(skb, lay.Dev, dev)
	k.mem.Set(skb, lay.IPSummed, unnecessary)
	k.mem.Set(dev, k.drv.core.Device.LastRx, k.jiffies())
	stats := k.mem.Get(dev, k.drv.lay.NetDevice.Priv)
	for _, at := range []uint32{rxPackets, txPackets} {
		k.mem.SetU32(stats+at, k.mem.U32(stats+at)+1)
	}
	for _, at := range []uint32{rxBytes, txBytes} {
		k.mem.SetU32(stats+at, k.mem.U32(stats+at)+k.mem.Get(skb, lay.Len))
	}
	k.netifRx(skb)
}
