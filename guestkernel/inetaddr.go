// SPDX-License-Identifier: BSD-3-Clause
// What an IP address is to this machine (2.4.18 net/ipv4/fib_frontend.c, devinet.c). The routes of addresses are those that
// the kernel itself makes for each address of a device; there are no others.

package guestkernel

// Types of addresses (RTN_…) and scopes.
const (
	addrUnicast   = 1
	addrLocal     = 2
	addrBroadcast = 3
	addrMulticast = 5
	scopeLink     = 253
	singleHost    = 32
)

func inetAddressFunctions() []Function {
	return []Function{
		{Name: "inet_addr_type", Fn: func(c *Call) { c.Return(c.Kernel.addressType(c.Arg(0))) }, Level: Full, Proto: "unsigned int inet_addr_type(u32 addr)"},
		{Name: "inet_select_addr", Fn: func(c *Call) { c.Return(c.Kernel.selectAddress(c.Arg(0), c.Arg(1), c.Arg(2))) }, Level: Full,
			Proto: "u32 inet_select_addr(const struct net_device *dev, u32 dst, int scope)"},
		{Name: "inetdev_by_index", Fn: inetdevByIndex, Level: Full, Proto: "struct in_device *inetdev_by_index(int ifindex)"},
	}
}

// devAddresses calls f for the addresses of a device until it says that it has enough.
func (k *Kernel) devAddresses(dev uint32, f func(ifa uint32) (enough bool)) bool {
	ip := k.inDeviceOf(dev)
	if ip == 0 {
		return false
	}
	for _, ifa := range k.links("ifa_list", ip+k.drv.core.InDevice.IfaList.Off, k.drv.core.InAddress.Next) {
		if ifa != 0 && f(ifa) {
			return true
		}
	}
	return false
}

// allAddresses is devAddresses for all devices.
func (k *Kernel) allAddresses(f func(dev, ifa uint32) bool) bool {
	for _, dev := range k.links("dev_base", k.drv.sym.DevBase, k.drv.lay.NetDevice.Next) {
		if dev != 0 && k.devAddresses(dev, func(ifa uint32) bool { return f(dev, ifa) }) {
			return true
		}
	}
	return false
}

// addressType is unsigned inet_addr_type(u32 addr): by the table of local routes. A device's address is local whether it is
// up or not; its network has broadcast addresses while it is; the loopback device's network is all local.
func (k *Kernel) addressType(addr uint32) (kind uint32) {
	switch n := hostOrder(addr); {
	case n>>24 == 0, n>>28 == 0xf:
		return addrBroadcast
	case n>>28 == 0xe:
		return addrMulticast
	}
	lay := &k.drv.core.InAddress
	if k.allAddresses(func(_, ifa uint32) bool { return k.mem.Get(ifa, lay.Local) == addr }) {
		return addrLocal
	}
	kind = addrUnicast
	k.allAddresses(func(dev, ifa uint32) bool {
		flags := k.mem.Get(dev, k.drv.lay.NetDevice.Flags)
		if flags&ifUp == 0 {
			return false
		}
		switch mask := k.mem.Get(ifa, lay.Mask); {
		case k.isBroadcastOf(ifa, addr):
			kind = addrBroadcast
		case flags&ifLoopback != 0 && !k.isSecondary(ifa) && (addr^k.mem.Get(ifa, lay.Address))&mask == 0:
			kind = addrLocal
		}
		return kind != addrUnicast
	})
	return kind
}

// isBroadcastOf tells whether an address is the broadcast address of another, or one of its network, which a secondary
// address and one of two hosts do not have.
func (k *Kernel) isBroadcastOf(ifa, addr uint32) bool {
	lay := &k.drv.core.InAddress
	if addr == k.mem.Get(ifa, lay.Broadcast) {
		return true
	}
	mask := k.mem.Get(ifa, lay.Mask)
	network := k.mem.Get(ifa, lay.Address) & mask
	return !k.isSecondary(ifa) && k.mem.Get(ifa, lay.Prefixlen) < singleHost-1 && (addr == network || addr == network|^mask)
}

// selectAddress is u32 inet_select_addr(const struct net_device *dev, u32 dst, int scope): an address of the device to send
// from, of another one when it has none; 0 when nobody has one. One of the network of dst comes first.
func (k *Kernel) selectAddress(dev, dst, scope uint32) (addr uint32) {
	lay := &k.drv.core.InAddress
	fits := func(ifa uint32) bool {
		return !k.isSecondary(ifa) && int32(k.mem.Get(ifa, lay.Scope)) <= int32(scope)
	}
	if k.inDeviceOf(dev) == 0 {
		return 0
	}
	if k.devAddresses(dev, func(ifa uint32) bool {
		if !fits(ifa) {
			return false
		}
		match := dst == 0 || (dst^k.mem.Get(ifa, lay.Address))&k.mem.Get(ifa, lay.Mask) == 0
		if match || addr == 0 {
			addr = k.mem.Get(ifa, lay.Local)
		}
		return match
	}) || addr != 0 {
		return addr
	}
	k.allAddresses(func(_, ifa uint32) bool {
		if !fits(ifa) || k.mem.Get(ifa, lay.Scope) == scopeLink {
			return false
		}
		addr = k.mem.Get(ifa, lay.Local)
		return true
	})
	return addr
}

// inetdevByIndex models struct in_device *inetdev_by_index(int ifindex): with one more user; NULL when there is none.
func inetdevByIndex(c *Call) {
	k := c.Kernel
	c.Return(0)
	for _, dev := range k.links("dev_base", k.drv.sym.DevBase, k.drv.lay.NetDevice.Next) {
		if dev == 0 || k.mem.Get(dev, k.drv.lay.NetDevice.Ifindex) != c.Arg(0) {
			continue
		}
		if ip := k.inDeviceOf(dev); ip != 0 {
			k.add(ip, k.drv.core.InDevice.Refcnt, 1)
			c.Return(ip)
		}
		return
	}
}
