// SPDX-License-Identifier: BSD-3-Clause
// Devices that are not registered yet, masters and slaves (2.4.18 net/core/dev.c), and helpers of protocols: a limit on
// packets, header checksums, moving queues (net/ipv4/icmp.c, ip_output.c, net/atm/ipcommon.c).

package guestkernel

import "ring0/guestkernel/abi"

const ifSlave = 0x800 // IFF_SLAVE

func protocolHelperFunctions() []Function {
	const unheard = "rtnetlink has no listener"
	return []Function{
		{Name: "dev_alloc", Fn: devAlloc, Level: Full},
		{Name: "netdev_set_master", Fn: netdevSetMaster, Level: Partial, Note: unheard},
		{Name: "xrlim_allow", Fn: xrlimAllow, Level: Full},
		{Name: "ip_send_check", Fn: ipSendCheck, Level: Full},
		{Name: "skb_migrate", Fn: skbMigrate, Level: Full},
	}
}

// devAlloc models struct net_device *dev_alloc(const char *name, int *err): a device with a name of that form, not yet
// registered. NULL with *err ENOBUFS, or what dev_alloc_name says.
func devAlloc(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.NetDevice
	c.Return(0)
	dev := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if dev == 0 {
		k.mem.SetU32(c.Arg(1), errWord(abi.ENOBUFS))
		return
	}
	k.mem.Fill(dev, lay.Size, 0)
	number := k.allocName(dev, k.kernelString(c.Arg(0)))
	k.mem.SetU32(c.Arg(1), uint32(number))
	if number < 0 {
		k.Kfree(dev)
		return
	}
	c.Return(dev)
}

// netdevSetMaster models int netdev_set_master(struct net_device *slave, struct net_device *master): EBUSY for a slave that
// has one. NULL sets it free.
func netdevSetMaster(c *Call) {
	k, slave, master, flags := c.Kernel, c.Arg(0), c.Arg(1), c.Kernel.drv.lay.NetDevice.Flags
	old := k.mem.Get(slave, k.drv.proto.Device.Master)
	if master != 0 {
		if old != 0 {
			c.Fail(abi.EBUSY)
			return
		}
		k.holdDevice(master, 1)
	}
	k.mem.Set(slave, k.drv.proto.Device.Master, master)
	if old != 0 {
		k.putDevice(old)
	}
	now := k.mem.Get(slave, flags) &^ ifSlave
	if master != 0 {
		now |= ifSlave
	}
	k.mem.Set(slave, flags, now)
	c.Return(0)
}

// xrlimAllow models int xrlim_allow(struct dst_entry *dst, int timeout): 1 when a packet may be sent along a route, which is
// one in so many ticks on average and six at once.
func xrlimAllow(c *Call) {
	const burst = 6
	k, dst, timeout, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.drv.proto.Dst
	now := k.jiffies()
	tokens := min(k.mem.Get(dst, lay.RateTokens)+now-k.mem.Get(dst, lay.RateLast), burst*timeout)
	k.mem.Set(dst, lay.RateLast, now)
	allowed := tokens >= timeout
	if allowed {
		tokens -= timeout
	}
	k.mem.Set(dst, lay.RateTokens, tokens)
	c.Return(boolWord(allowed))
}

// ipSendCheck models void ip_send_check(struct iphdr *iph): the header's checksum, over as many words as it says it has. Of
// one with less than five the first half-word is the sum.
func ipSendCheck(c *Call) { c.Kernel.setIPCheck(c.Arg(0)) }

func (k *Kernel) setIPCheck(iph uint32) {
	const checkAt, fewest = 10, 5
	k.mem.SetU16(iph+checkAt, 0)
	sum := k.mem.U16(iph)
	if words := uint32(k.mem.U8(iph) & 0xf); words >= fewest {
		sum = foldSum(sumBytes(k.mem.Bytes(iph, words*wordSize), 0))
	}
	k.mem.SetU16(iph+checkAt, sum)
}

// foldSum is csum_fold: a partial sum as it goes into a header.
func foldSum(sum uint32) uint16 {
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	return ^uint16(sum)
}

// skbMigrate models void skb_migrate(struct sk_buff_head *from, struct sk_buff_head *to): all packets of a queue to the end
// of another.
func skbMigrate(c *Call) {
	k, from, to := c.Kernel, c.Arg(0), c.Arg(1)
	for skb := k.dequeueSkb(from); skb != 0; skb = k.dequeueSkb(from) {
		k.enqueueSkb(to, skb)
	}
}
