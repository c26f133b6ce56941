// SPDX-License-Identifier: BSD-3-Clause
// Network devices: names, numbers and the list dev_base (2.4.18 net/core/dev.c, net/core/dv.c, drivers/net/net_init.c).
//
// Opening devices is in netup.go, packets are in netpath.go.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// netState is what ring0 counts.
type netState struct {
	Received uint64            // packets handed to netif_rx
	names    map[string]uint32 // addresses of the names of header formats

	warnedOfPackets bool // somebody has used SOCK_PACKET of AF_INET
}

// Facts of linux/netdevice.h and friends.
const (
	ifUp           = 1
	ifBroadcast    = 2
	ifNoARP        = 0x80
	ifMulticast    = 0x1000
	netdevRegister = 5  // NETDEV_REGISTER
	netdevUnreg    = 6  // NETDEV_UNREGISTER
	netdevDown     = 2  // NETDEV_DOWN
	netdevGoing    = 9  // NETDEV_GOING_DOWN
	linkPresent    = 4  // 1 << __LINK_STATE_PRESENT
	linkStart      = 2  // 1 << __LINK_STATE_START
	dynAlloc       = 16 // NETIF_F_DYNALLOC
	arphrdEther    = 1
	ifNameSize     = 16
	maxDeviceNames = 100
	divertBlkSize  = 1024
)

func netDeviceFunctions() []Function {
	const unheard = "of the kernel's own protocols only IP hears of it"
	setup := func(s linkType) func(*Call) { return func(c *Call) { c.Kernel.setupLink(c.Arg(0), s) } }
	initDev := func(s linkType) func(*Call) { return func(c *Call) { initNetdev(c, s) } }
	alloc := func(s linkType) func(*Call) { return func(c *Call) { allocNetdev(c, s) } }
	register := Function{Fn: registerNetdev, Level: Partial, Note: unheard}
	initAgain := Function{Fn: registerInitialised, Level: Full}
	unregister := Function{Fn: unregisterNetdev, Level: Partial, Note: unheard}
	netdev := func(k *Kernel) uint32 { return k.drv.sym.NetdevChain }
	inet := func(k *Kernel) uint32 { return k.drv.sym.InetChain }
	type chain = func(*Kernel) uint32
	join := func(head chain) func(*Call) {
		return func(c *Call) { c.Kernel.addNotifier(head(c.Kernel), c.Arg(0)); c.Return(0) }
	}
	leave := func(head chain) func(*Call) { return func(c *Call) { c.removeNotifier(head(c.Kernel), c.Arg(0)) } }
	as := func(f Function, name string) Function { f.Name = name; return f }
	return []Function{
		{Name: "register_netdevice", Fn: func(c *Call) { c.Return(c.Kernel.registerNetdevice(c.Arg(0))) }, Level: Partial, Note: unheard},
		{Name: "unregister_netdevice", Fn: func(c *Call) { c.Return(c.Kernel.unregisterNetdevice(c.Arg(0))) }, Level: Partial, Note: unheard},
		as(register, "register_netdev"), as(unregister, "unregister_netdev"),
		as(initAgain, "register_trdev"), as(unregister, "unregister_trdev"),
		as(initAgain, "register_fcdev"), as(unregister, "unregister_fcdev"),
		{Name: "dev_alloc_name", Fn: devAllocName, Level: Full},
		{Name: "dev_new_index", Fn: func(c *Call) { c.Return(c.Kernel.newIfindex()) }, Level: Full},
		{Name: "__dev_get_by_name", Fn: devGetByName, Level: Full},
		{Name: "dev_get_by_name", Fn: holdResult(devGetByName), Level: Full},
		{Name: "dev_get", Fn: devGet, Level: Full},
		{Name: "__dev_get_by_index", Fn: devGetByIndex, Level: Full},
		{Name: "dev_get_by_index", Fn: holdResult(devGetByIndex), Level: Full},
		{Name: "ether_setup", Fn: setup(etherLink()), Level: Full},
		{Name: "tr_setup", Fn: setup(tokenRingLink()), Level: Full},
		{Name: "fddi_setup", Fn: setup(fddiLink()), Level: Full},
		{Name: "fc_setup", Fn: setup(fibreLink()), Level: Full},
		{Name: "ltalk_setup", Fn: setup(localTalkLink()), Level: Full},
		{Name: "init_etherdev", Fn: initDev(etherLink()), Level: Partial, Note: unheard},
		{Name: "init_trdev", Fn: initDev(tokenRingLink()), Level: Partial, Note: unheard},
		{Name: "init_fddidev", Fn: initDev(fddiLink()), Level: Partial, Note: unheard},
		{Name: "init_fcdev", Fn: initDev(fibreLink()), Level: Partial, Note: unheard},
		{Name: "alloc_etherdev", Fn: alloc(etherLink()), Level: Full},
		{Name: "alloc_trdev", Fn: alloc(tokenRingLink()), Level: Full},
		{Name: "alloc_fddidev", Fn: alloc(fddiLink()), Level: Full},
		{Name: "alloc_fcdev", Fn: alloc(fibreLink()), Level: Full},
		{Name: "register_netdevice_notifier", Fn: join(netdev), Level: Partial, Note: "of the kernel's own members only IP's is on the chain"},
		{Name: "unregister_netdevice_notifier", Fn: leave(netdev), Level: Full},
		{Name: "register_inetaddr_notifier", Fn: join(inet), Level: Full},
		{Name: "unregister_inetaddr_notifier", Fn: leave(inet), Level: Full},
		{Name: "rtnl_lock", Fn: func(c *Call) { c.Kernel.down(c, c.Kernel.drv.sym.RtnlSem) }, Level: Full},
		{Name: "rtnl_unlock", Fn: func(c *Call) { c.Kernel.up(c.Kernel.drv.sym.RtnlSem) }, Level: Partial, Note: "nothing waits for rtnetlink"},
	}
}

// bootNetDevices puts the loopback device on the list.
func (k *Kernel) bootNetDevices() error {
	lay, lo := &k.drv.lay.NetDevice, k.drv.sym.Loopback
	k.setText(lo+lay.Name.Off, ifNameSize, "lo")
	k.mem.Set(lo, lay.Ifindex, 1)
	k.mem.Set(lo, lay.Iflink, 1)
	k.mem.Set(lo, lay.Refcnt, 1)
	const loopback, headerLen, mtu, arphrdLoopback = 8, 14, 16436, 772
	k.mem.Set(lo, lay.Flags, loopback)
	k.mem.Set(lo, lay.Type, arphrdLoopback)
	k.mem.Set(lo, lay.Mtu, mtu)
	k.mem.Set(lo, lay.HardHeaderLen, headerLen)
	k.mem.Set(lo, lay.State, linkPresent)
	k.mem.SetU32(k.drv.sym.DevBase, lo)
	k.mem.SetU32(k.drv.sym.IfIndex, 1)
	k.initSemaphore(k.drv.sym.RtnlSem, 1)
	return nil
}

// linkType is what a device of one kind has.
type linkType struct {
	mask        string // its name
	arphrd      uint32
	headerLen   uint32
	mtu         uint32
	addrLen     uint32
	queueLen    uint32
	flags       uint32
	broadcast   int // how many bytes of the broadcast address are 0xff
	operations  []linkOperation
	noOperation []func(*netDeviceLayout) abi.Field
}

// linkOperation is a field of the device and the kernel function it is set to.
type linkOperation struct {
	field    func(*netDeviceLayout) abi.Field
	function string
}

func hardHeader(l *netDeviceLayout) abi.Field        { return l.HardHeader }
func rebuildHeader(l *netDeviceLayout) abi.Field     { return l.RebuildHeader }
func changeMtu(l *netDeviceLayout) abi.Field         { return l.ChangeMtu }
func setMacAddress(l *netDeviceLayout) abi.Field     { return l.SetMacAddress }
func hardHeaderCache(l *netDeviceLayout) abi.Field   { return l.HardHeaderCache }
func headerCacheUpdate(l *netDeviceLayout) abi.Field { return l.HeaderCacheUpdate }
func hardHeaderParse(l *netDeviceLayout) abi.Field   { return l.HardHeaderParse }

func etherLink() linkType {
	return linkType{mask: "eth%d", arphrd: arphrdEther, headerLen: 14, mtu: 1500, addrLen: 6, queueLen: 100, flags: ifBroadcast | ifMulticast,
		broadcast: 6, operations: []linkOperation{{changeMtu, "eth_change_mtu"}, {hardHeader, "eth_header"}, {rebuildHeader, "eth_rebuild_header"},
			{setMacAddress, "eth_mac_addr"}, {hardHeaderCache, "eth_header_cache"}, {headerCacheUpdate, "eth_header_cache_update"}, {hardHeaderParse, "eth_header_parse"}}}
}

func tokenRingLink() linkType {
	return linkType{mask: "tr%d", arphrd: 800, headerLen: 40, mtu: 2000, addrLen: 6, queueLen: 100, flags: ifBroadcast | ifMulticast,
		broadcast: 6, operations: []linkOperation{{hardHeader, "tr_header"}, {rebuildHeader, "tr_rebuild_header"}}}
}

func fddiLink() linkType {
	return linkType{mask: "fddi%d", arphrd: 774, headerLen: 24, mtu: 4470, addrLen: 6, queueLen: 100, flags: ifBroadcast | ifMulticast,
		broadcast: 6, operations: []linkOperation{{changeMtu, "fddi_change_mtu"}, {hardHeader, "fddi_header"}, {rebuildHeader, "fddi_rebuild_header"}}}
}

func fibreLink() linkType {
	return linkType{mask: "fc%d", arphrd: 6, headerLen: 24, mtu: 2024, addrLen: 6, queueLen: 100, flags: ifBroadcast,
		broadcast: 6, operations: []linkOperation{{hardHeader, "fc_header"}, {rebuildHeader, "fc_rebuild_header"}}}
}

func localTalkLink() linkType {
	return linkType{mask: "lt%d", arphrd: 773, headerLen: 1, mtu: 600, addrLen: 1, queueLen: 10, flags: ifBroadcast | ifMulticast | ifNoARP,
		broadcast: 1, operations: []linkOperation{{changeMtu, "ltalk_change_mtu"}, {setMacAddress, "ltalk_mac_addr"}},
		noOperation: []func(*netDeviceLayout) abi.Field{hardHeader, rebuildHeader, hardHeaderCache, headerCacheUpdate}}
}

// setupLink fills in what devices of a kind have in common: ether_setup and its like.
func (k *Kernel) setupLink(dev uint32, s linkType) {
	lay := &k.drv.lay.NetDevice
	for _, op := range s.operations {
		k.mem.Set(dev, op.field(lay), k.symbol(op.function))
	}
	for _, field := range s.noOperation {
		k.mem.Set(dev, field(lay), 0)
	}
	k.mem.Set(dev, lay.Type, s.arphrd)
	k.mem.Set(dev, lay.HardHeaderLen, s.headerLen)
	k.mem.Set(dev, lay.Mtu, s.mtu)
	k.mem.Set(dev, lay.AddrLen, s.addrLen)
	k.mem.Set(dev, lay.TxQueueLen, s.queueLen)
	k.mem.Fill(dev+lay.Broadcast.Off, uint32(s.broadcast), 0xff)
	k.mem.Set(dev, lay.Flags, s.flags)
}

func (k *Kernel) netName(dev uint32) string { return k.text16(dev + k.drv.lay.NetDevice.Name.Off) }

// netDeviceNamed returns the device on dev_base with a name, or 0.
func (k *Kernel) netDeviceNamed(name string) uint32 {
	for _, dev := range k.links("dev_base", k.drv.sym.DevBase, k.drv.lay.NetDevice.Next) {
		if dev != 0 && k.netName(dev) == name {
			return dev
		}
	}
	return 0
}

// allocName gives a device the first free name of a pattern with %d in it, and returns its number (dev_alloc_name).
func (k *Kernel) allocName(dev uint32, pattern string) int32 {
	before, after, number := strings.Cut(pattern, "%")
	if number && (!strings.HasPrefix(after, "d") || strings.Contains(after, "%")) {
		return -int32(abi.EINVAL)
	}
	for i := range maxDeviceNames {
		name := pattern
		if number {
			name = fmt.Sprint(before, i, after[1:])
		}
		if k.netDeviceNamed(name) == 0 {
			k.mem.Write(dev+k.drv.lay.NetDevice.Name.Off, append([]byte(name), 0))
			return int32(i)
		}
	}
	return -int32(abi.ENFILE)
}

// devAllocName models int dev_alloc_name(struct net_device *dev, const char *name).
func devAllocName(c *Call) {
	const longest = 31
	pattern, _ := c.Kernel.mem.CString(c.Arg(1), longest)
	c.Return(uint32(c.Kernel.allocName(c.Arg(0), pattern)))
}

func devGetByName(c *Call) { c.Return(c.Kernel.netDeviceNamed(c.Kernel.text16(c.Arg(0)))) }

// devGet models int dev_get(const char *name): is there such a device?
func devGet(c *Call) {
	c.Return(0)
	if c.Kernel.netDeviceNamed(c.Kernel.text16(c.Arg(0))) != 0 {
		c.Return(1)
	}
}

func devGetByIndex(c *Call) { c.Return(c.Kernel.netDeviceNumber(c.Arg(0))) }

func (k *Kernel) netDeviceNumber(ifindex uint32) uint32 {
	lay := &k.drv.lay.NetDevice
	for _, dev := range k.links("dev_base", k.drv.sym.DevBase, lay.Next) {
		if dev != 0 && k.mem.Get(dev, lay.Ifindex) == ifindex {
			return dev
		}
	}
	return 0
}

// holdResult adds a reference to the device that a function finds.
func holdResult(find func(*Call)) func(*Call) {
	return func(c *Call) {
		find(c)
		if dev := c.Result(); dev != 0 {
			c.Kernel.holdDevice(dev, 1)
		}
	}
}

func (k *Kernel) holdDevice(dev uint32, n int32) {
	f := k.drv.lay.NetDevice.Refcnt
	k.mem.Set(dev, f, k.mem.Get(dev, f)+uint32(n))
}

// newIfindex returns the next interface number that is free.
func (k *Kernel) newIfindex() uint32 {
	at := k.drv.sym.IfIndex
	for {
		n := k.mem.U32(at) + 1
		if int32(n) <= 0 {
			n = 1
		}
		k.mem.SetU32(at, n)
		if k.netDeviceNumber(n) == 0 {
			return n
		}
	}
}

// registerNetdevice models int register_netdevice(struct net_device *dev): its init is called before the name is known to
// be free, and may choose it.
func (k *Kernel) registerNetdevice(dev uint32) uint32 {
	lay := &k.drv.lay.NetDevice
	k.mem.Set(dev, lay.XmitLockOwner, 0xffffffff)
	if !k.allocDivert(dev) {
		return errWord(abi.ENOMEM)
	}
	k.mem.Set(dev, lay.Iflink, 0xffffffff)
	if init := k.mem.Get(dev, lay.Init); init != 0 && k.Call(init, dev) != 0 {
		k.freeDivert(dev)
		return errWord(abi.EIO)
	}
	k.mem.Set(dev, lay.Ifindex, k.newIfindex())
	if k.mem.Get(dev, lay.Iflink) == 0xffffffff {
		k.mem.Set(dev, lay.Iflink, k.mem.Get(dev, lay.Ifindex))
	}
	name, end := k.netName(dev), k.drv.sym.DevBase
	for word, d := range k.links("dev_base", k.drv.sym.DevBase, lay.Next) {
		if d != 0 && (d == dev || k.netName(d) == name) {
			k.freeDivert(dev)
			return errWord(abi.EEXIST)
		}
		end = word
	}
	if k.mem.Get(dev, lay.RebuildHeader) == 0 {
		k.mem.Set(dev, lay.RebuildHeader, k.symbol("default_rebuild_header"))
	}
	k.mem.Set(dev, lay.State, k.mem.Get(dev, lay.State)|linkPresent)
	k.mem.Set(dev, lay.Next, 0)
	k.initDevQueue(dev)
	k.mem.SetU32(end, dev)
	k.holdDevice(dev, 1)
	k.mem.Set(dev, lay.Deadbeaf, 0)
	k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevRegister, dev)
	return 0
}

// allocDivert gives an Ethernet device its block for frame diversion, and says what it does (CONFIG_NET_DIVERT).
func (k *Kernel) allocDivert(dev uint32) bool {
	lay := &k.drv.lay.NetDevice
	if k.mem.Get(dev, lay.Type) != arphrdEther {
		k.Printk("<7>divert: not allocating divert_blk for non-ethernet device %s\n", k.netName(dev))
		k.mem.Set(dev, lay.Divert, 0)
		return true
	}
	k.Printk("<7>divert: allocating divert_blk for %s\n", k.netName(dev))
	block := k.Kmalloc(divertBlkSize, k.pages.gfp.kernel)
	k.mem.Set(dev, lay.Divert, block)
	if block == 0 {
		k.Printk("<7>divert: unable to allocate divert_blk for %s\n", k.netName(dev))
		return false
	}
	k.mem.Fill(block, divertBlkSize, 0)
	k.holdDevice(dev, 1)
	return true
}

func (k *Kernel) freeDivert(dev uint32) {
	lay := &k.drv.lay.NetDevice
	block := k.mem.Get(dev, lay.Divert)
	if block == 0 {
		k.Printk("<7>divert: no divert_blk to free, %s not ethernet\n", k.netName(dev))
		return
	}
	k.Kfree(block)
	k.mem.Set(dev, lay.Divert, 0)
	k.putDevice(dev)
	k.Printk("<7>divert: freeing divert_blk for %s\n", k.netName(dev))
}

// putDevice gives a reference back; the last one of a device that is off the list calls its destructor (netdev_finish_unregister).
func (k *Kernel) putDevice(dev uint32) {
	lay := &k.drv.lay.NetDevice
	k.holdDevice(dev, -1)
	if k.mem.Get(dev, lay.Refcnt) != 0 || k.mem.Get(dev, lay.Deadbeaf) == 0 {
		return
	}
	k.finishDevice(dev)
}

// finishDevice calls the destructor of a device that nobody refers to, and frees it when it asks for that.
func (k *Kernel) finishDevice(dev uint32) {
	lay := &k.drv.lay.NetDevice
	destructor, dynamic := k.mem.Get(dev, lay.Destructor), k.mem.Get(dev, lay.Features)&dynAlloc != 0
	if destructor != 0 {
		k.Call(destructor, dev)
	}
	if dynamic {
		k.Kfree(dev)
	}
}

// unregisterNetdevice models int unregister_netdevice(struct net_device *dev).
func (k *Kernel) unregisterNetdevice(dev uint32) uint32 {
	lay := &k.drv.lay.NetDevice
	k.devClose(dev)
	k.mem.Set(dev, lay.Deadbeaf, 1)
	word := k.wordOf("dev_base", k.drv.sym.DevBase, lay.Next, dev)
	if word == 0 {
		k.Printk("<7>unregister_netdevice: device %s/%08x never was registered\n", k.netName(dev), dev)
		return errWord(abi.ENODEV)
	}
	k.mem.SetU32(word, k.mem.Get(dev, lay.Next))
	k.dropDevQueue(dev)
	k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevUnreg, dev)
	k.discardMulticast(dev)
	if uninit := k.mem.Get(dev, lay.Uninit); uninit != 0 {
		k.Call(uninit, dev)
	}
	k.freeDivert(dev)
	if n := k.mem.Get(dev, lay.Refcnt); n != 1 && k.mem.Get(dev, lay.Features)&dynAlloc == 0 {
		k.note("unregister_netdevice: %s has %d references: 2.4.18 would wait until they are given back", k.netName(dev), int32(n))
	}
	k.putDevice(dev)
	return 0
}

// registerNetdev models int register_netdev(struct net_device *dev): a name with a % in it, or none, is chosen first.
func registerNetdev(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	k.down(c, k.drv.sym.RtnlSem)
	c.Return(k.registerNamed(dev))
	k.up(k.drv.sym.RtnlSem)
}

// registerNamed chooses a name and registers.
func (k *Kernel) registerNamed(dev uint32) uint32 {
	if name := k.netName(dev); strings.Contains(name, "%") {
		if n := k.allocName(dev, name); n < 0 {
			return uint32(n)
		}
	}
	if name := k.netName(dev); name == "" || name[0] == ' ' {
		if n := k.allocName(dev, "eth%d"); n < 0 {
			return uint32(n)
		}
	}
	return k.registerNetdevice(dev)
}

// registerInitialised models int register_trdev(struct net_device *dev), and register_fcdev: the device has been registered by
// init_trdev, before its driver could give it an init function. That runs now; when it fails the device goes, with EIO.
func registerInitialised(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	c.Return(0)
	if init := k.mem.Get(dev, k.drv.lay.NetDevice.Init); init != 0 && k.Call(init, dev) != 0 {
		unregisterNetdev(c)
		c.Fail(abi.EIO)
	}
}

// unregisterNetdev models void unregister_netdev(struct net_device *dev).
func unregisterNetdev(c *Call) {
	k := c.Kernel
	k.down(c, k.drv.sym.RtnlSem)
	k.unregisterNetdevice(c.Arg(0))
	k.up(k.drv.sym.RtnlSem)
}

// newNetdev allocates a device with private data behind it; 0 without memory.
func (k *Kernel) newNetdev(private uint32) uint32 {
	const align = 31
	lay := &k.drv.lay.NetDevice
	size := lay.Size + private + align
	dev := k.Kmalloc(size, k.pages.gfp.kernel)
	if dev == 0 {
		k.Printk("<3>alloc_dev: Unable to allocate device memory.\n")
		return 0
	}
	k.mem.Fill(dev, size, 0)
	if private != 0 {
		k.mem.Set(dev, lay.Priv, (dev+lay.Size+align)&^align)
	}
	return dev
}

// initNetdev models struct net_device *init_etherdev(struct net_device *dev, int sizeof_priv) and its like: a device that
// it makes itself it also registers.
func initNetdev(c *Call, s linkType) {
	k, dev, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.NetDevice
	made := dev == 0
	c.Return(0)
	if made {
		if dev = k.newNetdev(c.Arg(1)); dev == 0 {
			return
		}
	}
	if first := k.mem.U8(dev + lay.Name.Off); first == 0 || first == ' ' {
		k.mem.Write(dev+lay.Name.Off, append([]byte(s.mask), 0))
		if k.allocName(dev, s.mask) < 0 {
			if made {
				k.Kfree(dev)
			}
			return
		}
	}
	k.setupLink(dev, s)
	if made {
		k.down(c, k.drv.sym.RtnlSem)
		failed := int32(k.registerNetdevice(dev)) < 0
		k.up(k.drv.sym.RtnlSem)
		if failed {
			k.Kfree(dev)
			return
		}
	}
	c.Return(dev)
}

// allocNetdev models struct net_device *alloc_etherdev(int sizeof_priv) and its like.
func allocNetdev(c *Call, s linkType) {
	k := c.Kernel
	dev := k.newNetdev(c.Arg(0))
	if dev != 0 {
		k.setupLink(dev, s)
		k.mem.Write(dev+k.drv.lay.NetDevice.Name.Off, append([]byte(s.mask), 0))
	}
	c.Return(dev)
}
