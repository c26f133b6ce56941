// SPDX-License-Identifier: BSD-3-Clause
// Multicast addresses of devices, and the one group that every device with an IP address is in (2.4.18
// net/core/dev_mcast.c, net/ipv4/igmp.c).

package guestkernel

import (
	"bytes"

	"ring0/guestkernel/abi"
)

type devMCLayout struct {
	Size   uint32    `c:"(sizeof)"`
	Next   abi.Field `c:"next"`
	Addr   abi.Field `c:"dmi_addr"`
	Len    abi.Field `c:"dmi_addrlen"`
	Users  abi.Field `c:"dmi_users"`
	GUsers abi.Field `c:"dmi_gusers"`
}

// groupLayout is struct ip_mc_list.
type groupLayout struct {
	Size      uint32    `c:"(sizeof)"`
	Interface abi.Field `c:"interface"`
	Multiaddr abi.Field `c:"multiaddr"`
	Next      abi.Field `c:"next"`
	Timer     abi.Field `c:"timer"`
	Users     abi.Field `c:"users"`
	Refcnt    abi.Field `c:"refcnt"`
	Loaded    abi.Field `c:"loaded"`
}

// allHosts is 224.0.0.1 as it lies in memory.
const allHosts = 0x010000e0

func multicastFunctions() []Function {
	return []Function{
		{Name: "dev_mc_upload", Fn: func(c *Call) { c.Kernel.uploadMulticast(c.Arg(0)) }, Level: Full},
		{Name: "dev_mc_add", Level: Full, Fn: func(c *Call) {
			c.Return(c.Kernel.addMulticast(c.Arg(0), c.Kernel.mem.Bytes(c.Arg(1), c.Arg(2)), c.Arg(3) != 0))
		}},
		{Name: "dev_mc_delete", Level: Full, Fn: func(c *Call) {
			c.Return(c.Kernel.deleteMulticast(c.Arg(0), c.Kernel.mem.Bytes(c.Arg(1), c.Arg(2)), c.Arg(3) != 0))
		}},
		{Name: "dev_mc_discard", Fn: func(c *Call) { c.Kernel.discardMulticast(c.Arg(0)) }, Level: Full},
	}
}

// multicastEntry finds an address of a device: the word that points to its entry, and the entry, 0 without one.
func (k *Kernel) multicastEntry(dev uint32, addr []byte) (word, entry uint32) {
	lay := &k.drv.core.DevMC
	for word, entry := range k.links("mc_list", dev+k.drv.core.Device.McList.Off, lay.Next) {
		if entry != 0 && k.mem.Get(entry, lay.Len) == uint32(len(addr)) && bytes.Equal(k.mem.Bytes(entry+lay.Addr.Off, uint32(len(addr))), addr) {
			return word, entry
		}
	}
	return 0, 0
}

// addMulticast is dev_mc_add. A global user, the administrator, counts once.
func (k *Kernel) addMulticast(dev uint32, addr []byte, global bool) uint32 {
	lay, path := &k.drv.core.DevMC, &k.drv.core.Device
	if _, entry := k.multicastEntry(dev, addr); entry != 0 {
		if global {
			before := k.mem.Get(entry, lay.GUsers)
			if k.mem.Set(entry, lay.GUsers, 1); before != 0 {
				return 0
			}
		}
		k.mem.Set(entry, lay.Users, k.mem.Get(entry, lay.Users)+1)
		return 0
	}
	if len(addr) > int(lay.Addr.Size) {
		panicf("dev_mc_add of an address of %d bytes: there is room for %d", len(addr), lay.Addr.Size)
	}
	entry := k.Kmalloc(lay.Size, k.pages.gfp.atomic)
	if entry == 0 {
		return errWord(abi.ENOMEM)
	}
	k.mem.Write(entry+lay.Addr.Off, addr)
	k.mem.Set(entry, lay.Len, uint32(len(addr)))
	k.mem.Set(entry, lay.Users, 1)
	k.mem.Set(entry, lay.GUsers, boolWord(global))
	k.push(dev+path.McList.Off, entry, lay.Next)
	k.mem.Set(dev, path.McCount, k.mem.Get(dev, path.McCount)+1)
	k.uploadMulticast(dev)
	return 0
}

// deleteMulticast is dev_mc_delete: ENOENT for an address that is not there, or that no global user has.
func (k *Kernel) deleteMulticast(dev uint32, addr []byte, global bool) uint32 {
	lay, path := &k.drv.core.DevMC, &k.drv.core.Device
	word, entry := k.multicastEntry(dev, addr)
	if entry == 0 {
		return errWord(abi.ENOENT)
	}
	if global {
		before := k.mem.Get(entry, lay.GUsers)
		if k.mem.Set(entry, lay.GUsers, 0); before == 0 {
			return errWord(abi.ENOENT)
		}
	}
	n := k.mem.Get(entry, lay.Users) - 1
	if k.mem.Set(entry, lay.Users, n); n != 0 {
		return 0
	}
	k.mem.SetU32(word, k.mem.Get(entry, lay.Next))
	k.mem.Set(dev, path.McCount, k.mem.Get(dev, path.McCount)-1)
	k.Kfree(entry)
	k.uploadMulticast(dev)
	return 0
}

// discardMulticast is dev_mc_discard: a device that goes loses all its addresses.
func (k *Kernel) discardMulticast(dev uint32) {
	lay, path := &k.drv.core.DevMC, &k.drv.core.Device
	for entry := k.mem.Get(dev, path.McList); entry != 0; entry = k.mem.Get(dev, path.McList) {
		k.mem.Set(dev, path.McList, k.mem.Get(entry, lay.Next))
		if users := k.mem.Get(entry, lay.Users); int32(users) > int32(k.mem.Get(entry, lay.GUsers)) {
			k.Printk("dev_mc_discard: multicast leakage! dmi_users=%d\n", int32(users))
		}
		k.Kfree(entry)
	}
	k.mem.Set(dev, path.McCount, 0)
}

// groupAddress is a group's address on a kind of link; false where groups have none (arp_mc_map).
func (k *Kernel) groupAddress(dev, group uint32) ([]byte, bool) {
	const ieee802, fddi, tokenRing = 6, 774, 800
	switch k.mem.Get(dev, k.drv.lay.NetDevice.Type) {
	case arphrdEther, ieee802, fddi:
		return []byte{0x01, 0x00, 0x5e, byte(group>>8) & 0x7f, byte(group >> 16), byte(group >> 24)}, true
	case tokenRing:
		return []byte{0xc0, 0, 0, 4, 0, 0}, true
	}
	return nil, false
}

// joinAllHosts is ip_mc_inc_group of 224.0.0.1: nobody is told of it but the device.
func (k *Kernel) joinAllHosts(ip uint32) {
	lay, in := &k.drv.core.Group, &k.drv.core.InDevice
	for _, group := range k.links("mc_list of a device's addresses", ip+in.McList.Off, lay.Next) {
		if group != 0 && k.mem.Get(group, lay.Multiaddr) == allHosts {
			k.mem.Set(group, lay.Users, k.mem.Get(group, lay.Users)+1)
			return
		}
	}
	group := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if group == 0 {
		return
	}
	k.mem.Fill(group, lay.Size, 0)
	k.initTimer(group+lay.Timer.Off, k.symbol("igmp_timer_expire"), group)
	k.mem.Set(group, lay.Users, 1)
	k.mem.Set(group, lay.Refcnt, 1)
	k.mem.Set(group, lay.Interface, ip)
	k.mem.Set(group, lay.Multiaddr, allHosts)
	k.mem.Set(ip, in.Refcnt, k.mem.Get(ip, in.Refcnt)+1)
	k.push(ip+in.McList.Off, group, lay.Next)
	k.loadGroup(group)
}

// loadGroup and unloadGroup tell the device that packets of the group are wanted (igmp_group_added, igmp_group_dropped).
func (k *Kernel) loadGroup(group uint32) {
	lay := &k.drv.core.Group
	if k.mem.Get(group, lay.Loaded) != 0 {
		return
	}
	k.mem.Set(group, lay.Loaded, 1)
	k.tellDevice(group, k.addMulticast)
}

func (k *Kernel) unloadGroup(group uint32) {
	lay := &k.drv.core.Group
	if k.mem.Get(group, lay.Loaded) == 0 {
		return
	}
	k.mem.Set(group, lay.Loaded, 0)
	k.tellDevice(group, k.deleteMulticast)
}

// tellDevice gives a group's hardware address, if its device has such, to one of the device's functions.
func (k *Kernel) tellDevice(group uint32, tell func(dev uint32, addr []byte, global bool) uint32) {
	lay := &k.drv.core.Group
	dev := k.mem.Get(k.mem.Get(group, lay.Interface), k.drv.core.InDevice.Dev)
	if addr, ok := k.groupAddress(dev, k.mem.Get(group, lay.Multiaddr)); ok {
		tell(dev, addr, false)
	}
}

// groupsUp is ip_mc_up, groupsDown is ip_mc_down.
func (k *Kernel) groupsUp(ip uint32) {
	k.joinAllHosts(ip)
	for _, group := range k.links("mc_list of a device's addresses", ip+k.drv.core.InDevice.McList.Off, k.drv.core.Group.Next) {
		if group != 0 {
			k.loadGroup(group)
		}
	}
}

func (k *Kernel) groupsDown(ip uint32) {
	lay, in := &k.drv.core.Group, &k.drv.core.InDevice
	var all uint32 // the word that points to 224.0.0.1
	for word, group := range k.links("mc_list of a device's addresses", ip+in.McList.Off, lay.Next) {
		if group == 0 {
			break
		}
		k.unloadGroup(group)
		if k.mem.Get(group, lay.Multiaddr) == allHosts {
			all = word
		}
	}
	if all == 0 {
		return
	}
	group := k.mem.U32(all)
	n := k.mem.Get(group, lay.Users) - 1
	if k.mem.Set(group, lay.Users, n); n == 0 {
		k.mem.SetU32(all, k.mem.Get(group, lay.Next))
		k.dropGroup(group)
	}
}

// dropGroup frees a group that is on no list any more.
func (k *Kernel) dropGroup(group uint32) {
	ip := k.mem.Get(group, k.drv.core.Group.Interface)
	k.unloadGroup(group)
	k.Kfree(group)
	k.putInDevice(ip)
}

// dropGroups is ip_mc_destroy_dev.
func (k *Kernel) dropGroups(ip uint32) {
	lay, in := &k.drv.core.Group, &k.drv.core.InDevice
	for group := k.mem.Get(ip, in.McList); group != 0; group = k.mem.Get(ip, in.McList) {
		k.mem.Set(ip, in.McList, k.mem.Get(group, lay.Next))
		k.dropGroup(group)
	}
}
