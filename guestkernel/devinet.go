// SPDX-License-Identifier: BSD-3-Clause
// IP addresses of devices: struct in_device, struct in_ifaddr, and the ioctls that set them (2.4.18 net/ipv4/devinet.c).
//
// Addresses are kept and announced on inetaddr_chain. There are no routes, so that none comes and goes with them.

package guestkernel

import (
	"encoding/binary"
	"math/bits"
	"strings"

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

// addressRequest is one call of devinet_ioctl.
type addressRequest struct {
	c     *Call
	cmd   uint32
	ifr   []byte // the caller's struct ifreq
	label string // name of the address: that of the device, or with a colon and a number behind it
	dev   uint32
	ip    uint32 // 0: none
	word  uint32 // points to the address
	ifa   uint32 // 0: none
}

// devinetIoctl is devinet_ioctl.
func (c *Call) devinetIoctl(cmd, arg uint32) uint32 {
	k := c.Kernel
	r := &addressRequest{c: c, cmd: cmd, ifr: make([]byte, ifreqSize)}
	if k.CopyFromUser(r.ifr, arg) != 0 {
		return errWord(abi.EFAULT)
	}
	r.ifr[ifNameSize-1] = 0
	r.label = textOf(r.ifr[:ifNameSize])
	name, _, alias := strings.Cut(r.label, ":")
	k.loadDevice(c.Task(), name)
	reads := cmd == siocGIFAddr || cmd == siocGIFBrdAddr || cmd == siocGIFDstAddr || cmd == siocGIFNetmask
	sets := cmd == siocSIFAddr || cmd == siocSIFBrdAddr || cmd == siocSIFDstAddr || cmd == siocSIFNetmask
	inet := binary.LittleEndian.Uint16(r.ifr[ifreqData:]) == familyInet
	switch {
	case (sets || cmd == siocSIFFlags) && !c.Task().Capable(abi.CapNetAdmin):
		return errWord(abi.EACCES)
	case sets && !inet, !sets && !reads && cmd != siocSIFFlags:
		return errWord(abi.EINVAL)
	}
	k.down(c, k.drv.sym.RtnlSem)
	result := errWord(abi.ENODEV)
	if r.dev = k.netDeviceNamed(name); r.dev != 0 {
		r.find(reads && inet)
		switch {
		case r.ifa == 0 && cmd != siocSIFAddr && cmd != siocSIFFlags:
			result = errWord(abi.EADDRNOTAVAIL)
		case reads:
			result = r.read()
		case cmd == siocSIFFlags:
			result = r.flags(alias)
		default:
			result = r.set()
		}
	}
	k.up(k.drv.sym.RtnlSem)
	if reads && result == 0 && k.CopyToUser(arg, r.ifr) != 0 {
		return errWord(abi.EFAULT)
	}
	return result
}

// sent is the address in the request.
func (r *addressRequest) sent() uint32 { return leWord(r.ifr[ifreqData+sinAddr:]) }

// find looks for the address that is meant: by label and address if that is asked for, then by label alone.
func (r *addressRequest) find(byAddress bool) {
	k := r.c.Kernel
	lay := &k.drv.core.InAddress
	if r.ip = k.inDeviceOf(r.dev); r.ip == 0 {
		return
	}
	list := r.ip + k.drv.core.InDevice.IfaList.Off
	for _, strict := range []bool{true, false} {
		if strict && !byAddress {
			continue
		}
		for word, ifa := range k.links("ifa_list", list, lay.Next) {
			if ifa == 0 || k.text16(ifa+lay.Label.Off) != r.label || strict && k.mem.Get(ifa, lay.Address) != r.sent() {
				continue
			}
			r.word, r.ifa = word, ifa
			return
		}
	}
}

// read puts what is asked for into the request.
func (r *addressRequest) read() uint32 {
	k := r.c.Kernel
	lay := &k.drv.core.InAddress
	f := map[uint32]abi.Field{siocGIFAddr: lay.Local, siocGIFBrdAddr: lay.Broadcast, siocGIFDstAddr: lay.Address, siocGIFNetmask: lay.Mask}[r.cmd]
	sin := r.ifr[ifreqData : ifreqData+sockaddrInLen]
	clear(sin)
	sin[0] = familyInet
	binary.LittleEndian.PutUint32(sin[sinAddr:], k.mem.Get(r.ifa, f))
	return 0
}

// flags is SIOCSIFFLAGS: an alias that is not up is an address that goes.
func (r *addressRequest) flags(alias bool) uint32 {
	k := r.c.Kernel
	flags := uint32(binary.LittleEndian.Uint16(r.ifr[ifreqData:]))
	switch {
	case !alias:
		return r.c.changeFlags(r.dev, flags)
	case r.ifa == 0:
		return errWord(abi.EADDRNOTAVAIL)
	case flags&ifUp == 0:
		k.removeAddress(r.word, r.ifa)
		k.freeAddress(r.ifa)
		if k.mem.Get(r.ip, k.drv.core.InDevice.IfaList) == 0 {
			k.destroyInDevice(r.ip)
		}
	}
	return 0
}

// set changes an address, or makes it.
func (r *addressRequest) set() uint32 {
	k := r.c.Kernel
	lay, v := &k.drv.core.InAddress, r.sent()
	change := func(f abi.Field) uint32 {
		if k.mem.Get(r.ifa, f) != v {
			k.removeAddress(r.word, r.ifa)
			k.mem.Set(r.ifa, f, v)
			if f == lay.Mask {
				k.mem.Set(r.ifa, lay.Prefixlen, uint32(bits.LeadingZeros32(^hostOrder(v))))
			}
			k.insertAddress(r.ifa)
		}
		return 0
	}
	switch r.cmd {
	case siocSIFBrdAddr:
		return change(lay.Broadcast)
	case siocSIFDstAddr:
		if k.mem.Get(r.ifa, lay.Address) != v && classLen(v) < 0 {
			return errWord(abi.EINVAL)
		}
		return change(lay.Address)
	case siocSIFNetmask:
		if inverse := ^hostOrder(v); inverse&(inverse+1) != 0 {
			return errWord(abi.EINVAL)
		}
		return change(lay.Mask)
	}
	return r.setAddress(v)
}

// setAddress is SIOCSIFADDR: mask and broadcast address are those of the address's class.
func (r *addressRequest) setAddress(v uint32) uint32 {
	const pointToPoint, single, loopbackNet = 0x10, 32, 0x7f
	k := r.c.Kernel
	lay, length := &k.drv.core.InAddress, classLen(v)
	switch {
	case length < 0:
		return errWord(abi.EINVAL)
	case r.ifa == 0:
		if r.ifa = k.newAddress(r.label); r.ifa == 0 {
			return errWord(abi.ENOBUFS)
		}
	case k.mem.Get(r.ifa, lay.Local) == v:
		return 0
	default:
		k.removeAddress(r.word, r.ifa)
		k.mem.Set(r.ifa, lay.Broadcast, 0)
		k.mem.Set(r.ifa, lay.Anycast, 0)
	}
	k.mem.Set(r.ifa, lay.Local, v)
	k.mem.Set(r.ifa, lay.Address, v)
	flags := k.mem.Get(r.dev, k.drv.lay.NetDevice.Flags)
	if flags&pointToPoint != 0 {
		length = single
	} else if flags&ifBroadcast != 0 && length < single-1 {
		k.mem.Set(r.ifa, lay.Broadcast, v|^maskOf(length))
	}
	k.mem.Set(r.ifa, lay.Prefixlen, uint32(length))
	k.mem.Set(r.ifa, lay.Mask, maskOf(length))
	if r.ip == 0 {
		if r.ip = k.newInDevice(r.dev); r.ip == 0 {
			k.freeAddress(r.ifa)
			return errWord(abi.ENOBUFS)
		}
	}
	if k.mem.Get(r.ifa, lay.Dev) != r.ip {
		k.joinInDevice(r.ifa, r.ip)
	}
	if v&0xff == loopbackNet {
		k.mem.Set(r.ifa, lay.Scope, scopeHost)
	}
	return k.insertAddress(r.ifa)
}
