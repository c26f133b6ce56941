// SPDX-License-Identifier: BSD-3-Clause
// IP addresses of devices: struct in_device, struct in_ifaddr (2.4.18 net/ipv4/devinet.c). The ioctls that set
// them are in devinetioctl.go.
//
// Addresses are kept and announced on inetaddr_chain. There are no routes, so that none comes and goes with them.

package guestkernel

import (
	"encoding/binary"
	"math/bits"

	"ring0/guestkernel/abi"
)

type inDeviceLayout struct {
	Size     uint32    `c:"(sizeof)"`
	Dev      abi.Field `c:"dev"`
	Refcnt   abi.Field `c:"refcnt"`
	Dead     abi.Field `c:"dead"`
	IfaList  abi.Field `c:"ifa_list"`
	McList   abi.Field `c:"mc_list"`
	ArpParms abi.Field `c:"arp_parms"`
	Cnf      abi.Field `c:"cnf"`
}

// inAddressLayout is struct in_ifaddr.
type inAddressLayout struct {
	Size      uint32    `c:"(sizeof)"`
	Next      abi.Field `c:"ifa_next"`
	Dev       abi.Field `c:"ifa_dev"`
	Local     abi.Field `c:"ifa_local"`
	Address   abi.Field `c:"ifa_address"`
	Mask      abi.Field `c:"ifa_mask"`
	Broadcast abi.Field `c:"ifa_broadcast"`
	Anycast   abi.Field `c:"ifa_anycast"`
	Scope     abi.Field `c:"ifa_scope"`
	Flags     abi.Field `c:"ifa_flags"`
	Prefixlen abi.Field `c:"ifa_prefixlen"`
	Label     abi.Field `c:"ifa_label"`
}

const (
	scopeHost     = 254 // RT_SCOPE_HOST
	secondary     = 1   // IFA_F_SECONDARY
	leastIPMtu    = 68
	loopbackIP    = 0x0100007f // 127.0.0.1 as it lies in memory
	sockaddrInLen = 16
)

func devinetFunctions() []Function {
	const noRoutes = "no route comes or goes with an address; there are no files in /proc/sys/net/ipv4/conf"
	return []Function{
		{Name: "devinet_ioctl", Fn: func(c *Call) { c.Return(c.devinetIoctl(c.Arg(0), c.Arg(1))) }, Level: Partial, Note: noRoutes},
		{Name: "inetdev_event", Fn: inetdevEvent, Level: Partial, Note: noRoutes},
		{Name: "inet_gifconf", Fn: inetGifconf, Level: Full},
		{Name: "in_dev_finish_destroy", Fn: func(c *Call) { c.Kernel.finishInDevice(c.Arg(0)) }, Level: Full},
	}
}

// bootDevinet makes the kernel hear of devices.
func (k *Kernel) bootDevinet() error {
	block := k.symbol("ip_netdev_notifier")
	k.mem.Set(block, k.lay.NotifierBlock.NotifierCall, k.functionAt("inetdev_event"))
	k.addNotifier(k.drv.sym.NetdevChain, block)
	k.mem.SetU32(k.symbol("gifconf_list")+familyInet*wordSize, k.functionAt("inet_gifconf"))
	return nil
}

// netOrder and hostOrder turn an address as it lies in memory into a number and back.
func hostOrder(addr uint32) uint32 { return bits.ReverseBytes32(addr) }
func netOrder(n uint32) uint32     { return bits.ReverseBytes32(n) }

// classLen is inet_abc_len: how long the network's part of an address is by its class; -1 for classes without networks.
func classLen(addr uint32) int {
	switch n := hostOrder(addr); {
	case n>>24 == 0:
		return 0
	case n>>31 == 0:
		return 8
	case n>>30 == 2:
		return 16
	case n>>29 == 6:
		return 24
	}
	return -1
}

// maskOf is the network mask of a length, as it lies in memory.
func maskOf(length int) uint32 {
	if length == 0 {
		return 0
	}
	return netOrder(^uint32(0) << (32 - length))
}

// inDeviceOf is what a device has for IP, 0 for nothing.
func (k *Kernel) inDeviceOf(dev uint32) uint32 { return k.mem.Get(dev, k.drv.core.Device.IPPtr) }

// newInDevice is inetdev_init: a device takes part in IP. 0 without memory, or when the driver refuses ARP.
func (k *Kernel) newInDevice(dev uint32) uint32 {
	in := &k.drv.core.InDevice
	ip := k.Kmalloc(in.Size, k.pages.gfp.kernel)
	if ip == 0 {
		return 0
	}
	k.mem.Fill(ip, in.Size, 0)
	k.mem.Copy(ip+in.Cnf.Off, k.symbol("ipv4_devconf_dflt"), uint32(in.Cnf.Size)-wordSize) // the last word is its files'
	k.mem.Set(ip, in.Dev, dev)
	parms := k.Call(k.functionAt("neigh_parms_alloc"), dev, k.symbol("arp_tbl"))
	if parms == 0 {
		k.Kfree(ip)
		return 0
	}
	k.mem.Set(ip, in.ArpParms, parms)
	k.countInDevices(1)
	k.holdDevice(dev, 1)
	k.mem.Set(dev, k.drv.core.Device.IPPtr, ip)
	k.mem.Set(ip, in.Refcnt, 1)
	if k.mem.Get(dev, k.drv.lay.NetDevice.Flags)&ifUp != 0 {
		k.groupsUp(ip)
	}
	return ip
}

func (k *Kernel) countInDevices(n int32) {
	at := k.symbol("inet_dev_count")
	k.mem.SetU32(at, k.mem.U32(at)+uint32(n))
}

// putInDevice gives up a use of a device's half of IP.
func (k *Kernel) putInDevice(ip uint32) {
	refcnt := k.drv.core.InDevice.Refcnt
	n := k.mem.Get(ip, refcnt) - 1
	if k.mem.Set(ip, refcnt, n); n == 0 {
		k.finishInDevice(ip)
	}
}

// finishInDevice is in_dev_finish_destroy.
func (k *Kernel) finishInDevice(ip uint32) {
	in := &k.drv.core.InDevice
	k.putDevice(k.mem.Get(ip, in.Dev))
	if k.mem.Get(ip, in.Dead) == 0 {
		k.Printk("Freeing alive in_device %08x\n", ip)
		return
	}
	k.countInDevices(-1)
	k.Kfree(ip)
}

// destroyInDevice is inetdev_destroy: the device has no address and no group any more.
func (k *Kernel) destroyInDevice(ip uint32) {
	in := &k.drv.core.InDevice
	k.mem.Set(ip, in.Dead, 1)
	k.dropGroups(ip)
	for first := k.mem.Get(ip, in.IfaList); first != 0; first = k.mem.Get(ip, in.IfaList) {
		k.removeAddress(ip+in.IfaList.Off, first)
		k.freeAddress(first)
	}
	k.mem.Set(k.mem.Get(ip, in.Dev), k.drv.core.Device.IPPtr, 0)
	k.Call(k.functionAt("neigh_parms_release"), k.symbol("arp_tbl"), k.mem.Get(ip, in.ArpParms))
	k.putInDevice(ip)
}

// newAddress makes an address with a label; 0 without memory.
func (k *Kernel) newAddress(label string) uint32 {
	lay := &k.drv.core.InAddress
	ifa := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if ifa != 0 {
		k.mem.Fill(ifa, lay.Size, 0)
		k.mem.Write(ifa+lay.Label.Off, []byte(label))
	}
	return ifa
}

// freeAddress is inet_free_ifa.
func (k *Kernel) freeAddress(ifa uint32) {
	if ip := k.mem.Get(ifa, k.drv.core.InAddress.Dev); ip != 0 {
		k.putInDevice(ip)
	}
	k.Kfree(ifa)
}

// sameNetwork tells whether two addresses have one mask and one network.
func (k *Kernel) sameNetwork(a, b uint32) bool {
	lay := &k.drv.core.InAddress
	mask := k.mem.Get(a, lay.Mask)
	return mask == k.mem.Get(b, lay.Mask) && (k.mem.Get(a, lay.Address)^k.mem.Get(b, lay.Address))&mask == 0
}

func (k *Kernel) isSecondary(ifa uint32) bool {
	return k.mem.Get(ifa, k.drv.core.InAddress.Flags)&secondary != 0
}

// removeAddress is inet_del_ifa without freeing: word points to the address. With a primary one all of its network go.
func (k *Kernel) removeAddress(word, ifa uint32) {
	lay := &k.drv.core.InAddress
	if !k.isSecondary(ifa) {
		for at := ifa + lay.Next.Off; k.mem.U32(at) != 0; {
			other := k.mem.U32(at)
			if !k.isSecondary(other) || !k.sameNetwork(ifa, other) {
				at = other + lay.Next.Off
				continue
			}
			k.mem.SetU32(at, k.mem.Get(other, lay.Next))
			k.callNotifiers("inetaddr_chain", k.drv.sym.InetChain, netdevDown, other)
			k.freeAddress(other)
		}
	}
	k.mem.SetU32(word, k.mem.Get(ifa, lay.Next))
	k.callNotifiers("inetaddr_chain", k.drv.sym.InetChain, netdevDown, ifa)
}

// insertAddress is inet_insert_ifa: a second one of a network is a secondary one, behind the primary ones. EEXIST for one that
// is there. An address 0 is none.
func (k *Kernel) insertAddress(ifa uint32) uint32 {
	lay := &k.drv.core.InAddress
	if k.mem.Get(ifa, lay.Local) == 0 {
		k.freeAddress(ifa)
		return 0
	}
	k.mem.Set(ifa, lay.Flags, k.mem.Get(ifa, lay.Flags)&^secondary)
	list := k.mem.Get(ifa, lay.Dev) + k.drv.core.InDevice.IfaList.Off
	behind, end := list, list
	for word, other := range k.links("ifa_list", list, lay.Next) {
		if end = word; other == 0 {
			break
		}
		if !k.isSecondary(other) && k.mem.Get(ifa, lay.Scope) <= k.mem.Get(other, lay.Scope) {
			behind = other + lay.Next.Off
		}
		if !k.sameNetwork(other, ifa) {
			continue
		}
		errno := abi.Errno(0)
		switch {
		case k.mem.Get(other, lay.Local) == k.mem.Get(ifa, lay.Local):
			errno = abi.EEXIST
		case k.mem.Get(other, lay.Scope) != k.mem.Get(ifa, lay.Scope):
			errno = abi.EINVAL
		}
		if errno != 0 {
			k.freeAddress(ifa)
			return errWord(errno)
		}
		k.mem.Set(ifa, lay.Flags, k.mem.Get(ifa, lay.Flags)|secondary)
	}
	if !k.isSecondary(ifa) {
		k.stirNetRandom(k.mem.Get(ifa, lay.Local))
		end = behind
	}
	k.mem.Set(ifa, lay.Next, k.mem.U32(end))
	k.mem.SetU32(end, ifa)
	k.callNotifiers("inetaddr_chain", k.drv.sym.InetChain, netdevUp, ifa)
	return 0
}

// inetdevEvent models static int inetdev_event(struct notifier_block *this, unsigned long event, void *ptr).
func inetdevEvent(c *Call) {
	k, event, dev := c.Kernel, c.Arg(1), c.Arg(2)
	ip, lay, ifa := k.inDeviceOf(dev), &k.drv.lay.NetDevice, &k.drv.core.InAddress
	c.Return(0)
	if ip == 0 {
		return
	}
	small := k.mem.Get(dev, lay.Mtu) < leastIPMtu
	switch {
	case event == netdevRegister:
		k.Printk("<7>inetdev_event: bug\n")
		k.mem.Set(dev, k.drv.core.Device.IPPtr, 0)
	case event == netdevUp && !small:
		if dev == k.drv.sym.Loopback {
			k.loopbackAddress(dev, ip)
		}
		k.groupsUp(ip)
	case event == netdevDown:
		k.groupsDown(ip)
	case event == netdevChangeMtu && small, event == netdevUnreg:
		k.destroyInDevice(ip)
	case event == netdevChangeName:
		for _, a := range k.links("ifa_list", ip+k.drv.core.InDevice.IfaList.Off, ifa.Next) {
			if a != 0 {
				k.mem.Copy(a+ifa.Label.Off, dev+lay.Name.Off, ifNameSize)
			}
		}
	}
}

// loopbackAddress gives lo 127.0.0.1 when it comes up.
func (k *Kernel) loopbackAddress(dev, ip uint32) {
	const prefix = 8
	lay := &k.drv.core.InAddress
	ifa := k.newAddress(k.netName(dev))
	if ifa == 0 {
		return
	}
	k.mem.Set(ifa, lay.Local, loopbackIP)
	k.mem.Set(ifa, lay.Address, loopbackIP)
	k.mem.Set(ifa, lay.Prefixlen, prefix)
	k.mem.Set(ifa, lay.Mask, maskOf(prefix))
	k.mem.Set(ifa, lay.Scope, scopeHost)
	k.joinInDevice(ifa, ip)
	k.insertAddress(ifa)
}

// joinInDevice makes an address refer to its device.
func (k *Kernel) joinInDevice(ifa, ip uint32) {
	refcnt := k.drv.core.InDevice.Refcnt
	k.mem.Set(ip, refcnt, k.mem.Get(ip, refcnt)+1)
	k.mem.Set(ifa, k.drv.core.InAddress.Dev, ip)
}

// inetGifconf models static int inet_gifconf(struct net_device *dev, char *buf, int len): a struct ifreq for each address,
// as many as there is room for; without a buffer only their size.
func inetGifconf(c *Call) {
	k, dev, buf, room, lay := c.Kernel, c.Arg(0), c.Arg(1), int32(c.Arg(2)), &c.Kernel.drv.core.InAddress
	c.Return(0)
	ip := k.inDeviceOf(dev)
	if ip == 0 {
		return
	}
	done := uint32(0)
	for _, ifa := range k.links("ifa_list", ip+k.drv.core.InDevice.IfaList.Off, lay.Next) {
		if ifa == 0 || buf != 0 && room < ifreqSize {
			break
		}
		if buf != 0 {
			b := make([]byte, ifreqSize)
			copy(b, k.mem.Bytes(ifa+lay.Label.Off, ifNameSize))
			if b[0] == 0 {
				copy(b, k.netName(dev))
			}
			b[ifreqData] = familyInet
			binary.LittleEndian.PutUint32(b[ifreqData+sinAddr:], k.mem.Get(ifa, lay.Local))
			if k.CopyToUser(buf+done, b) != 0 {
				c.Fail(abi.EFAULT)
				return
			}
			room -= ifreqSize
		}
		done += ifreqSize
	}
	c.Return(done)
}
