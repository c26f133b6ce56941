// SPDX-License-Identifier: BSD-3-Clause
// Network devices up and down, their flags, and /proc/net/dev (2.4.18 net/core/dev.c).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// Events of netdev_chain, flags.
const (
	netdevUp     = 1 // NETDEV_UP
	netdevChange = 4 // NETDEV_CHANGE
	ifPromisc    = 0x100
	ifAllmulti   = 0x200
	gifconfs     = 32 // NPROTO
)

func netUpFunctions() []Function {
	return []Function{
		{Name: "dev_open", Fn: func(c *Call) { c.Return(c.Kernel.devOpen(c.Arg(0))) }, Level: Full},
		{Name: "dev_close", Fn: func(c *Call) { c.Return(c.Kernel.devClose(c.Arg(0))) }, Level: Full},
		{Name: "netdev_state_change", Fn: netdevStateChange, Level: Partial, Note: "rtnetlink has no listener"},
		{Name: "netdev_finish_unregister", Fn: netdevFinishUnregister, Level: Full},
		{Name: "dev_set_promiscuity", Fn: func(c *Call) { c.Kernel.setPromiscuity(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "dev_set_allmulti", Fn: func(c *Call) { c.Kernel.setAllmulti(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "register_gifconf", Fn: registerGifconf, Level: Full},
		{Name: "dev_get_info", Fn: procInfo((*Kernel).netDevText), Level: Full, Proto: "int dev_get_info(char *buffer, char **start, off_t offset, int length)"},
		{Name: "dev_load", Fn: func(c *Call) { c.Kernel.loadDevice(c.Task(), c.Kernel.text16(c.Arg(0))) }, Level: Full},
	}
}

// bootNetProc makes /proc/net/dev.
func (k *Kernel) bootNetProc() error {
	e := k.newProcEntry(k.mem.U32(k.sym.ProcNet), "dev", procSpec{mode: modeRegular | 0o444, links: 1})
	if e == 0 {
		return errNoMemory
	}
	return k.setOp(e, k.lay.ProcDirEntry.GetInfo, "dev_get_info")
}

// procInfo makes a get_info function of a text: int f(char *buffer, char **start, off_t offset, int length).
func procInfo(text func(*Kernel) string) func(*Call) {
	return func(c *Call) {
		k, buffer, offset, length := c.Kernel, c.Arg(0), int(int32(c.Arg(2))), int(int32(c.Arg(3)))
		s := text(k)
		s = s[min(max(offset, 0), len(s)):]
		s = s[:min(len(s), max(length, 0))]
		k.mem.Write(buffer, []byte(s))
		k.mem.SetU32(c.Arg(1), buffer)
		c.Return(uint32(len(s)))
	}
}

// netDevText is a line of counters for each device.
func (k *Kernel) netDevText() string {
	var b strings.Builder
	b.WriteString("Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n")
	for _, dev := range k.links("dev_base", k.drv.sym.DevBase, k.drv.lay.NetDevice.Next) {
		if dev != 0 {
			b.WriteString(k.netDevLine(dev))
		}
	}
	return b.String()
}

// netDevLine is one device's. Its counters are struct net_device_stats, 23 words.
func (k *Kernel) netDevLine(dev uint32) string {
	name, stats := k.netName(dev), uint32(0)
	if get := k.mem.Get(dev, k.drv.core.Device.GetStats); get != 0 {
		stats = k.Call(get, dev)
	} else if dev == k.drv.sym.Loopback { // its own function only says where they are
		stats = k.mem.Get(dev, k.drv.lay.NetDevice.Priv)
	}
	if stats == 0 {
		return fmt.Sprintf("%6s: No statistics available.\n", name)
	}
	const (
		rxPackets, txPackets, rxBytes, txBytes, rxErrors, txErrors, rxDropped, txDropped, multicast, collisions = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
		rxLength, rxOver, rxCrc, rxFrame, rxFifo, rxMissed, txAborted, txCarrier, txFifo, txHeartbeat, txWindow = 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
		rxCompressed, txCompressed                                                                              = 21, 22
	)
	n := func(words ...uint32) (sum uint32) {
		for _, w := range words {
			sum += k.mem.U32(stats + w*wordSize)
		}
		return sum
	}
	return fmt.Sprintf("%6s:%8d %7d %4d %4d %4d %5d %10d %9d %8d %7d %4d %4d %4d %5d %7d %10d\n", name,
		n(rxBytes), n(rxPackets), n(rxErrors), n(rxDropped, rxMissed), n(rxFifo), n(rxLength, rxOver, rxCrc, rxFrame), n(rxCompressed), n(multicast),
		n(txBytes), n(txPackets), n(txErrors), n(txDropped), n(txFifo), n(collisions), n(txCarrier, txAborted, txWindow, txHeartbeat), n(txCompressed))
}

// devOpen is dev_open: ENODEV for a device that is taken out or whose module is going, else what the driver's open says.
func (k *Kernel) devOpen(dev uint32) uint32 {
	lay, path := &k.drv.lay.NetDevice, &k.drv.core.Device
	switch {
	case k.mem.Get(dev, lay.Flags)&ifUp != 0:
		return 0
	case k.mem.Get(dev, lay.State)&linkPresent == 0, !k.tryModule(k.mem.Get(dev, path.Owner)):
		return errWord(abi.ENODEV)
	}
	if open := k.mem.Get(dev, path.Open); open != 0 {
		if result := k.Call(open, dev); result != 0 {
			k.putModule(k.mem.Get(dev, path.Owner))
			return result
		}
	}
	k.mem.Set(dev, lay.Flags, k.mem.Get(dev, lay.Flags)|ifUp)
	k.mem.Set(dev, lay.State, k.mem.Get(dev, lay.State)|linkStart)
	k.uploadMulticast(dev)
	k.activateDev(dev)
	k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevUp, dev)
	return 0
}

// devClose is dev_close: takes a device down that is up.
func (k *Kernel) devClose(dev uint32) uint32 {
	lay := &k.drv.lay.NetDevice
	if k.mem.Get(dev, lay.Flags)&ifUp == 0 {
		return 0
	}
	k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevGoing, dev)
	k.deactivateDev(dev)
	k.mem.Set(dev, lay.State, k.mem.Get(dev, lay.State)&^linkStart)
	if stop := k.mem.Get(dev, lay.Stop); stop != 0 {
		k.Call(stop, dev)
	}
	k.mem.Set(dev, lay.Flags, k.mem.Get(dev, lay.Flags)&^ifUp)
	k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevDown, dev)
	k.putModule(k.mem.Get(dev, k.drv.core.Device.Owner))
	return 0
}

// uploadMulticast tells the driver of a device that is up which multicast addresses it has (dev_mc_upload).
func (k *Kernel) uploadMulticast(dev uint32) {
	lay := &k.drv.lay.NetDevice
	if set := k.mem.Get(dev, lay.SetMulticastList); set != 0 && k.mem.Get(dev, lay.Flags)&ifUp != 0 && k.mem.Get(dev, lay.State)&linkPresent != 0 {
		k.Call(set, dev)
	}
}

// netdevStateChange models void netdev_state_change(struct net_device *dev).
func netdevStateChange(c *Call) {
	k := c.Kernel
	if k.mem.Get(c.Arg(0), k.drv.lay.NetDevice.Flags)&ifUp != 0 {
		k.callNotifiers("netdev_chain", k.drv.sym.NetdevChain, netdevChange, c.Arg(0))
	}
}

// netdevFinishUnregister models int netdev_finish_unregister(struct net_device *dev): the last reference is gone.
func netdevFinishUnregister(c *Call) {
	k, dev, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.NetDevice
	c.Return(0)
	if k.mem.Get(dev, lay.Deadbeaf) == 0 {
		k.Printk("<3>Freeing alive device %08x, %s\n", dev, k.netName(dev))
		return
	}
	k.finishDevice(dev)
}

// countFlag adds to a counter of who wants a mode and sets the flag for it while there is one. It tells whether the flag
// changed, in which case the driver has been told.
func (k *Kernel) countFlag(dev uint32, counter abi.Field, flag, inc uint32) (on, changed bool) {
	lay := &k.drv.lay.NetDevice
	before := k.mem.Get(dev, lay.Flags)
	n := k.mem.Get(dev, counter) + inc
	k.mem.Set(dev, counter, n)
	after := before | flag
	if n == 0 {
		after &^= flag
	}
	k.mem.Set(dev, lay.Flags, after)
	if after != before {
		k.uploadMulticast(dev)
	}
	return n != 0, after != before
}

// setPromiscuity is dev_set_promiscuity.
func (k *Kernel) setPromiscuity(dev, inc uint32) {
	on, changed := k.countFlag(dev, k.drv.core.Device.Promiscuity, ifPromisc, inc)
	if changed {
		word := "left"
		if on {
			word = "entered"
		}
		k.Printk("<6>device %s %s promiscuous mode\n", k.netName(dev), word)
	}
}

// setAllmulti is dev_set_allmulti.
func (k *Kernel) setAllmulti(dev, inc uint32) {
	k.countFlag(dev, k.drv.core.Device.Allmulti, ifAllmulti, inc)
}

// registerGifconf models int register_gifconf(unsigned int family, gifconf_func_t *gifconf).
func registerGifconf(c *Call) {
	if c.Arg(0) >= gifconfs {
		c.Fail(abi.EINVAL)
		return
	}
	c.Kernel.mem.SetU32(c.Kernel.symbol("gifconf_list")+c.Arg(0)*wordSize, c.Arg(1))
	c.Return(0)
}

// loadDevice is dev_load: asks for the module of a device that is not there.
func (k *Kernel) loadDevice(t *Task, name string) {
	if k.netDeviceNamed(name) == 0 && t.Capable(abi.CapSysModule) {
		k.requestModule(name)
	}
}
