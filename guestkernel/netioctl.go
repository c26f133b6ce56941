// SPDX-License-Identifier: BSD-3-Clause
// The ioctls on network devices: struct ifreq (2.4.18 net/core/dev.c dev_ioctl, net/core/wireless.c).

package guestkernel

import (
	"bytes"
	"encoding/binary"
	"strings"

	"ring0/guestkernel/abi"
)

// Commands of linux/sockios.h, asm/sockios.h and linux/wireless.h.
const (
	fioSetOwn, siocSPgrp, fioGetOwn, siocGPgrp, siocGStamp = 0x8901, 0x8902, 0x8903, 0x8904, 0x8906
	siocInQ, siocOutQ                                      = 0x541b, 0x5411
	siocAddRt, siocDelRt, siocRtMsg                        = 0x890b, 0x890c, 0x890d
	siocGIFName, siocSIFLink, siocGIFConf                  = 0x8910, 0x8911, 0x8912
	siocGIFFlags, siocSIFFlags, siocGIFAddr, siocSIFAddr   = 0x8913, 0x8914, 0x8915, 0x8916
	siocGIFDstAddr, siocSIFDstAddr                         = 0x8917, 0x8918
	siocGIFBrdAddr, siocSIFBrdAddr                         = 0x8919, 0x891a
	siocGIFNetmask, siocSIFNetmask                         = 0x891b, 0x891c
	siocGIFMetric, siocSIFMetric, siocGIFMem, siocSIFMem   = 0x891d, 0x891e, 0x891f, 0x8920
	siocGIFMtu, siocSIFMtu, siocSIFName                    = 0x8921, 0x8922, 0x8923
	siocSIFHwaddr, siocGIFHwaddr, siocGIFSlave             = 0x8924, 0x8927, 0x8929
	siocSIFSlave, siocAddMulti, siocDelMulti               = 0x8930, 0x8931, 0x8932
	siocGIFIndex, siocSIFPFlags, siocGIFPFlags             = 0x8933, 0x8934, 0x8935
	siocSIFHwBroadcast                                     = 0x8937
	siocGIFBr, siocSIFBr, siocGIFTxQLen, siocSIFTxQLen     = 0x8940, 0x8941, 0x8942, 0x8943
	siocGIFDivert, siocSIFDivert                           = 0x8944, 0x8945
	siocEthtool, siocGMIIPhy, siocGMIIReg, siocSMIIReg     = 0x8946, 0x8947, 0x8948, 0x8949
	siocDARP, siocGARP, siocSARP                           = 0x8953, 0x8954, 0x8955
	siocGIFMap, siocSIFMap                                 = 0x8970, 0x8971
	siocAddDLCI, siocDelDLCI, siocGIFVlan, siocSIFVlan     = 0x8980, 0x8981, 0x8982, 0x8983
	siocBondFirst, siocBondLast                            = 0x8990, 0x8995
	siocDevPrivate                                         = 0x89f0
	siocIWFirst, siocIWLast                                = 0x8b00, 0x8bff
	siocGIWPriv, siocGIWStats, siocGIWEncode               = 0x8b0d, 0x8b0f, 0x8b2b
)

// struct ifreq: a name, then what the command is about.
const (
	ifreqSize = 32
	ifreqData = 16
	sinAddr   = 4 // of struct sockaddr_in
	hwLen     = 8 // MAX_ADDR_LEN
)

// Events and flags.
const (
	netdevChangeMtu  = 7  // NETDEV_CHANGEMTU
	netdevChangeAddr = 8  // NETDEV_CHANGEADDR
	netdevChangeName = 10 // NETDEV_CHANGENAME
	ifRunning        = 0x40
	ifVolatile       = 0xc5a         // what only the kernel sets
	ifSettable       = 0xf000 | 0xa4 // NOARP, NOTRAILERS, DEBUG, MULTICAST, PORTSEL, AUTOMEDIA, DYNAMIC
	linkNoCarrier    = 1 << 4        // 1 << __LINK_STATE_NOCARRIER
)

func netIoctlFunctions() []Function {
	return []Function{
		{Name: "dev_ioctl", Fn: func(c *Call) { c.Return(c.devIoctl(c.Arg(0), c.Arg(1))) }, Level: Partial, Note: "wireless statistics and tables of wireless handlers stop the run by name"},
		{Name: "dev_change_flags", Fn: func(c *Call) { c.Return(c.changeFlags(c.Arg(0), c.Arg(1))) }, Level: Partial, Note: "rtnetlink has no listener"},
	}
}

// textOf is a string up to its NUL.
func textOf(b []byte) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// An ioctlKind is how a command on a device is treated: who may, and whether the answer goes back.
type ioctlKind uint8

const (
	ioctlNone     ioctlKind = iota // EINVAL
	ioctlGet                       // for everybody
	ioctlAdminGet                  // for administrators
	ioctlSet                       // for administrators, without an answer
	ioctlPrivate                   // the driver decides who
	ioctlWireless
)

func kindOfIoctl(cmd uint32) ioctlKind {
	switch cmd {
	case siocGIFFlags, siocGIFMetric, siocGIFMtu, siocGIFHwaddr, siocGIFSlave, siocGIFMap, siocGIFIndex, siocGIFTxQLen:
		return ioctlGet
	case siocEthtool, siocGMIIPhy, siocGMIIReg:
		return ioctlAdminGet
	case siocSIFFlags, siocSIFMetric, siocSIFMtu, siocSIFMap, siocSIFHwaddr, siocSIFSlave, siocAddMulti, siocDelMulti, siocSIFHwBroadcast,
		siocSIFTxQLen, siocSIFName, siocSMIIReg:
		return ioctlSet
	}
	switch {
	case cmd >= siocBondFirst && cmd <= siocBondLast:
		return ioctlSet
	case cmd >= siocDevPrivate && cmd <= siocDevPrivate+15:
		return ioctlPrivate
	case cmd >= siocIWFirst && cmd <= siocIWLast:
		return ioctlWireless
	}
	return ioctlNone
}

// devIoctl is int dev_ioctl(unsigned int cmd, void *arg).
//
// Context: process; sleeps.
func (c *Call) devIoctl(cmd, arg uint32) uint32 {
	k, t := c.Kernel, c.Task()
	switch cmd {
	case siocGIFConf:
		k.down(c, k.drv.sym.RtnlSem)
		result := k.devIfconf(arg)
		k.up(k.drv.sym.RtnlSem)
		return result
	case siocGIFName:
		return k.devIfname(arg)
	}
	b := make([]byte, ifreqSize)
	if k.CopyFromUser(b, arg) != 0 {
		return errWord(abi.EFAULT)
	}
	kind := kindOfIoctl(cmd)
	const odd = 1 // wireless commands that set something are even
	admin := kind == ioctlAdminGet || kind == ioctlSet || kind == ioctlWireless && (cmd&odd == 0 || cmd == siocGIWEncode)
	switch {
	case kind == ioctlNone:
		return errWord(abi.EINVAL)
	case admin && !t.Capable(abi.CapNetAdmin):
		return errWord(abi.EPERM)
	}
	b[ifNameSize-1] = 0
	name, _, alias := strings.Cut(textOf(b[:ifNameSize]), ":")
	b[len(name)] = 0
	k.loadDevice(t, name)
	ifr := c.Alloca(ifreqSize)
	k.mem.Write(ifr, b)
	result := uint32(0)
	if kind == ioctlGet {
		result = c.deviceIoctl(ifr, cmd)
	} else {
		k.down(c, k.drv.sym.RtnlSem)
		if kind == ioctlWireless {
			result = k.wirelessIoctl(ifr, cmd)
		} else {
			result = c.deviceIoctl(ifr, cmd)
		}
		k.up(k.drv.sym.RtnlSem)
	}
	if result != 0 || kind == ioctlSet || kind == ioctlWireless && cmd&odd == 0 {
		return result
	}
	if alias && (kind == ioctlGet || kind == ioctlAdminGet) {
		k.mem.SetU8(ifr+uint32(len(name)), ':')
	}
	if k.CopyToUser(arg, k.mem.Bytes(ifr, ifreqSize)) != 0 {
		return errWord(abi.EFAULT)
	}
	return 0
}

// devIfconf is SIOCGIFCONF: every protocol's addresses of every device, one behind the other.
func (k *Kernel) devIfconf(arg uint32) uint32 {
	const size = 8 // struct ifconf: length, buffer
	b := make([]byte, size)
	if k.CopyFromUser(b, arg) != 0 {
		return errWord(abi.EFAULT)
	}
	room, buf, total := leWord(b), leWord(b[wordSize:]), uint32(0)
	list := k.symbol("gifconf_list")
	for _, dev := range k.links("dev_base", k.drv.sym.DevBase, k.drv.lay.NetDevice.Next) {
		for i := uint32(0); dev != 0 && i < gifconfs; i++ {
			fn := k.mem.U32(list + i*wordSize)
			if fn == 0 {
				continue
			}
			at, left := uint32(0), uint32(0)
			if buf != 0 {
				at, left = buf+total, room-total
			}
			done := k.Call(fn, dev, at, left)
			if int32(done) < 0 {
				return errWord(abi.EFAULT)
			}
			total += done
		}
	}
	binary.LittleEndian.PutUint32(b, total)
	if k.CopyToUser(arg, b) != 0 {
		return errWord(abi.EFAULT)
	}
	return 0
}

// devIfname is SIOCGIFNAME: the name of a number.
func (k *Kernel) devIfname(arg uint32) uint32 {
	b := make([]byte, ifreqSize)
	if k.CopyFromUser(b, arg) != 0 {
		return errWord(abi.EFAULT)
	}
	dev := k.netDeviceNumber(leWord(b[ifreqData:]))
	if dev == 0 {
		return errWord(abi.ENODEV)
	}
	copy(b, k.netName(dev)+"\x00")
	if k.CopyToUser(arg, b) != 0 {
		return errWord(abi.EFAULT)
	}
	return 0
}

// deviceIoctl is dev_ifsioc: a command on the device whose name is in a struct ifreq in kernel memory.
func (c *Call) deviceIoctl(ifr, cmd uint32) uint32 {
	k := c.Kernel
	dev := k.netDeviceNamed(k.text16(ifr))
	if dev == 0 {
		return errWord(abi.ENODEV)
	}
	lay, data := &k.drv.lay.NetDevice, ifr+ifreqData
	switch cmd {
	case siocGIFFlags:
		k.mem.SetU16(data, uint16(k.shownFlags(dev)))
	case siocSIFFlags:
		return c.changeFlags(dev, uint32(k.mem.U16(data)))
	case siocGIFMetric:
		k.mem.SetU32(data, 0)
	case siocSIFMetric:
		return errWord(abi.EOPNOTSUPP)
	case siocGIFMtu:
		k.mem.SetU32(data, k.mem.Get(dev, lay.Mtu))
	case siocSIFMtu:
		return k.setMtu(dev, k.mem.U32(data))
	case siocGIFHwaddr:
		k.mem.Copy(data+2, dev+lay.DevAddr.Off, hwLen)
		k.mem.SetU16(data, uint16(k.mem.Get(dev, lay.Type)))
	case siocSIFHwaddr, siocSIFHwBroadcast:
		return k.setHardwareAddress(dev, data, cmd)
	case siocGIFMap:
		k.deviceMap(dev, data)
	case siocSIFMap:
		return k.deviceOp(dev, k.drv.core.Device.SetConfig, dev, data)
	case siocAddMulti, siocDelMulti:
		return k.changeMulticast(dev, data, cmd)
	case siocGIFIndex:
		k.mem.SetU32(data, k.mem.Get(dev, lay.Ifindex))
	case siocGIFTxQLen:
		k.mem.SetU32(data, k.mem.Get(dev, lay.TxQueueLen))
	case siocSIFTxQLen:
		if int32(k.mem.U32(data)) < 0 {
			return errWord(abi.EINVAL)
		}
		k.mem.Set(dev, lay.TxQueueLen, k.mem.U32(data))
	case siocSIFName:
		return k.renameDevice(dev, data)
	case siocGIFSlave, siocSIFSlave:
		return errWord(abi.EINVAL)
	default: // the driver's own
		return k.deviceOp(dev, k.drv.core.Device.DoIoctl, dev, ifr, cmd)
	}
	return 0
}

// present tells whether a device is there: netif_device_present.
func (k *Kernel) present(dev uint32) bool {
	return k.mem.Get(dev, k.drv.lay.NetDevice.State)&linkPresent != 0
}

// deviceOp calls an operation that a driver may have: EOPNOTSUPP without it, ENODEV for a device that is taken out.
func (k *Kernel) deviceOp(dev uint32, op abi.Field, args ...uint32) uint32 {
	fn := k.mem.Get(dev, op)
	switch {
	case fn == 0:
		return errWord(abi.EOPNOTSUPP)
	case !k.present(dev):
		return errWord(abi.ENODEV)
	}
	return k.Call(fn, args...)
}

// shownFlags are a device's flags as users see them: what they have asked for, and whether it runs.
func (k *Kernel) shownFlags(dev uint32) uint32 {
	const asked = ifPromisc | ifAllmulti
	lay := &k.drv.lay.NetDevice
	flags := k.mem.Get(dev, lay.Flags)&^(asked|ifRunning) | k.mem.Get(dev, k.drv.core.Device.GFlags)&asked
	if state := k.mem.Get(dev, lay.State); state&linkStart != 0 && state&linkNoCarrier == 0 {
		flags |= ifRunning
	}
	return flags
}

// changeFlags is dev_change_flags: up and down is opening and closing; promiscuous mode is counted.
func (c *Call) changeFlags(dev, flags uint32) (result uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.NetDevice
	before := k.mem.Get(dev, lay.Flags)
	k.mem.Set(dev, lay.Flags, flags&ifSettable|before&(ifUp|ifVolatile|ifPromisc|ifAllmulti))
	k.uploadMulticast(dev)
	if (before^flags)&ifUp != 0 {
		if before&ifUp != 0 {
			result = k.devClose(dev)
		} else {
			result = k.devOpen(dev)
		}
		if result == 0 {
			k.uploadMulticast(dev)
		}
	}
	if now := k.mem.Get(dev, lay.Flags); now&ifUp != 0 && (before^now)&^(ifUp|ifPromisc|ifAllmulti|ifVolatile) != 0 {
		k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevChange, dev)
	}
	k.askFor(dev, flags, ifPromisc, k.setPromiscuity)
	k.askFor(dev, flags, ifAllmulti, k.setAllmulti)
	return result
}

// askFor counts the users' wish for a mode, when it changes, as one.
func (k *Kernel) askFor(dev, flags, mode uint32, set func(dev, inc uint32)) {
	gflags := k.drv.core.Device.GFlags
	before := k.mem.Get(dev, gflags)
	if (flags^before)&mode == 0 {
		return
	}
	k.mem.Set(dev, gflags, before^mode)
	if flags&mode != 0 {
		set(dev, 1)
	} else {
		set(dev, ^uint32(0))
	}
}

// setMtu is SIOCSIFMTU: the driver decides, if it has a function for it.
func (k *Kernel) setMtu(dev, mtu uint32) uint32 {
	lay, result := &k.drv.lay.NetDevice, uint32(0)
	switch change := k.mem.Get(dev, lay.ChangeMtu); {
	case mtu == k.mem.Get(dev, lay.Mtu):
		return 0
	case int32(mtu) < 0:
		return errWord(abi.EINVAL)
	case !k.present(dev):
		return errWord(abi.ENODEV)
	case change != 0:
		result = k.Call(change, dev, mtu)
	default:
		k.mem.Set(dev, lay.Mtu, mtu)
	}
	if result == 0 && k.mem.Get(dev, lay.Flags)&ifUp != 0 {
		k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevChangeMtu, dev)
	}
	return result
}

// setHardwareAddress is SIOCSIFHWADDR and SIOCSIFHWBROADCAST: a struct sockaddr of the device's type.
func (k *Kernel) setHardwareAddress(dev, addr, cmd uint32) uint32 {
	lay := &k.drv.lay.NetDevice
	set := k.mem.Get(dev, lay.SetMacAddress)
	switch {
	case cmd == siocSIFHwaddr && set == 0:
		return errWord(abi.EOPNOTSUPP)
	case uint32(k.mem.U16(addr)) != k.mem.Get(dev, lay.Type):
		return errWord(abi.EINVAL)
	case cmd == siocSIFHwBroadcast:
		k.mem.Copy(dev+lay.Broadcast.Off, addr+2, hwLen)
	case !k.present(dev):
		return errWord(abi.ENODEV)
	default:
		if result := k.Call(set, dev, addr); result != 0 {
			return result
		}
	}
	k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevChangeAddr, dev)
	return 0
}

// deviceMap is SIOCGIFMAP: struct ifmap.
func (k *Kernel) deviceMap(dev, to uint32) {
	const memEnd, baseAddr, irq, dma, port = 4, 8, 10, 11, 12
	path := &k.drv.core.Device
	k.mem.SetU32(to, k.mem.Get(dev, path.MemStart))
	k.mem.SetU32(to+memEnd, k.mem.Get(dev, path.MemEnd))
	k.mem.SetU16(to+baseAddr, uint16(k.mem.Get(dev, path.BaseAddr)))
	k.mem.SetU8(to+irq, uint8(k.mem.Get(dev, path.IRQ)))
	k.mem.SetU8(to+dma, uint8(k.mem.Get(dev, path.DMA)))
	k.mem.SetU8(to+port, uint8(k.mem.Get(dev, path.IfPort)))
}

// changeMulticast is SIOCADDMULTI and SIOCDELMULTI: a struct sockaddr of no family.
func (k *Kernel) changeMulticast(dev, addr, cmd uint32) uint32 {
	lay := &k.drv.lay.NetDevice
	switch {
	case k.mem.Get(dev, lay.SetMulticastList) == 0, k.mem.U16(addr) != 0:
		return errWord(abi.EINVAL)
	case !k.present(dev):
		return errWord(abi.ENODEV)
	}
	b := k.mem.Bytes(addr+2, min(k.mem.Get(dev, lay.AddrLen), hwLen))
	if cmd == siocAddMulti {
		k.addMulticast(dev, b, true)
	} else {
		k.deleteMulticast(dev, b, true)
	}
	return 0
}

// renameDevice is SIOCSIFNAME, for a device that is down.
func (k *Kernel) renameDevice(dev, name uint32) uint32 {
	lay := &k.drv.lay.NetDevice
	b := k.mem.Bytes(name, ifNameSize)
	switch {
	case k.mem.Get(dev, lay.Flags)&ifUp != 0:
		return errWord(abi.EBUSY)
	case k.netDeviceNamed(textOf(b)) != 0:
		return errWord(abi.EEXIST)
	}
	b[ifNameSize-1] = 0
	k.mem.Write(dev+lay.Name.Off, b)
	k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevChangeName, dev)
	return 0
}

// wirelessIoctl is wireless_process_ioctl for drivers that do all of it in their do_ioctl.
func (k *Kernel) wirelessIoctl(ifr, cmd uint32) uint32 {
	const handlers = 76 // offset in struct net_device
	dev := k.netDeviceNamed(k.text16(ifr))
	switch {
	case dev == 0:
		return errWord(abi.ENODEV)
	case cmd == siocGIWStats, k.mem.U32(dev+handlers) != 0:
		return k.Call(k.functionAt("wireless_process_ioctl"), ifr, cmd)
	}
	return k.deviceOp(dev, k.drv.core.Device.DoIoctl, dev, ifr, cmd)
}
