// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// What drivers register with, called as guest code calls it.

func TestNLSTables(t *testing.T) {
	g := newGuest(t, Config{})
	table, name := g.put(make([]byte, 64)...), g.text("cp437")
	g.k.mem.Set(table, g.k.drv.lay.NLS.Charset, name)
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "register_nls", 0))
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "unregister_nls", table), "it is not registered")
	require.EqualValues(t, 0, g.callKernel(t, "register_nls", table))
	require.EqualValues(t, 0, g.callKernel(t, "unregister_nls", table))
	require.EqualValues(t, 0, g.callKernel(t, "register_nls", table))
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "register_nls", table), "twice")
	require.Equal(t, table, uint32(g.callKernel(t, "load_nls", name)))
	require.EqualValues(t, 0, g.callKernel(t, "load_nls", g.text("cp850")))
	require.Contains(t, g.k.LogText(), "modprobe -s -k nls_cp850")
}

func TestFilesystemNames(t *testing.T) {
	g := newGuest(t, Config{})
	lay := &g.k.drv.lay.FileSystem
	first, second := g.put(make([]byte, 64)...), g.put(make([]byte, 64)...)
	g.k.mem.Set(first, lay.Name, g.text("udf"))
	g.k.mem.Set(second, lay.Name, g.text("udf"))
	require.EqualValues(t, 0, g.callKernel(t, "register_filesystem", first))
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "register_filesystem", second), "the name is taken")
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "unregister_filesystem", second))
	require.EqualValues(t, 0, g.callKernel(t, "unregister_filesystem", first))
	require.EqualValues(t, 0, g.callKernel(t, "register_filesystem", second))
}

func TestNetDevices(t *testing.T) {
	g := newGuest(t, Config{})
	lay := &g.k.drv.lay.NetDevice
	first := uint32(g.callKernel(t, "alloc_etherdev", 64))
	require.Equal(t, "eth%d", g.k.netName(first))
	require.Zero(t, g.k.mem.Get(first, lay.Priv)%32)
	require.EqualValues(t, 0, g.callKernel(t, "register_netdev", first))
	require.Equal(t, "eth0", g.k.netName(first))
	require.EqualValues(t, 2, g.k.mem.Get(first, lay.Ifindex), "1 is the loopback device")
	second := uint32(g.callKernel(t, "init_etherdev", 0, 0))
	require.Equal(t, "eth1", g.k.netName(second))
	third := uint32(g.callKernel(t, "alloc_etherdev", 0))
	g.k.setText(third, ifNameSize, "eth1")
	require.EqualValues(t, -abi.EEXIST, g.callKernel(t, "register_netdev", third))
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "dev_alloc_name", third, g.text("eth%s")))
	g.callKernel(t, "unregister_netdev", first)
	require.EqualValues(t, 0, g.callKernel(t, "__dev_get_by_name", g.text("eth0")))
	require.Equal(t, second, uint32(g.callKernel(t, "__dev_get_by_name", g.text("eth1"))))
	require.EqualValues(t, -abi.ENODEV, g.callKernel(t, "unregister_netdevice", first))
	require.Contains(t, g.k.LogText(), "divert: freeing divert_blk for eth0\n")
	require.EqualValues(t, 1, g.k.mem.Get(g.k.drv.sym.RtnlSem, g.k.lay.Semaphore.Count))
}

// Token ring devices are registered when they are made. register_trdev only runs the driver's init function, which it has by then.
func TestTokenRingDevices(t *testing.T) {
	g := newGuest(t, Config{})
	lay := &g.k.drv.lay.NetDevice
	dev := uint32(g.callKernel(t, "init_trdev", 0, 0))
	require.Equal(t, "tr0", g.k.netName(dev))
	require.EqualValues(t, 0, g.callKernel(t, "register_trdev", dev))
	var result uint32
	g.k.mem.Set(dev, lay.Init, g.modelled(func(c *Call) {
		require.Equal(t, dev, c.Arg(0))
		c.Return(result)
	}))
	require.EqualValues(t, 0, g.callKernel(t, "register_trdev", dev))
	require.Equal(t, dev, uint32(g.callKernel(t, "__dev_get_by_name", g.text("tr0"))))
	result = 1
	require.EqualValues(t, -abi.EIO, g.callKernel(t, "register_trdev", dev))
	require.Zero(t, g.callKernel(t, "__dev_get_by_name", g.text("tr0")))
	require.Equal(t, 1, strings.Count(g.k.LogText(), "divert: not allocating divert_blk for non-ethernet device tr0\n"))
	require.Equal(t, 1, strings.Count(g.k.LogText(), "divert: no divert_blk to free, tr0 not ethernet\n"))
}

func TestPCIBus(t *testing.T) {
	g := newGuest(t, Config{})
	lay, out := &g.k.drv.lay.PCIDev, g.put(0, 0, 0, 0)
	require.EqualValues(t, 1, g.callKernel(t, "pcibios_present"))
	var found []uint32
	for dev := uint32(0); ; {
		dev = uint32(g.callKernel(t, "pci_find_device", pciAnyID, pciAnyID, dev))
		if dev == 0 {
			break
		}
		found = append(found, g.k.mem.Get(dev, lay.Vendor)<<16|g.k.mem.Get(dev, lay.Device))
	}
	require.Equal(t, []uint32{0x80861237, 0x80867000, 0x80867010, 0x80867113, 0x12341111}, found)
	ide := uint32(g.callKernel(t, "pci_find_class", 0x010180, 0))
	require.Equal(t, "00:01.1", g.k.text16(ide+lay.SlotName.Off))
	require.Equal(t, "Intel Corp. 82371SB PIIX3 IDE [Natoma/Triton II]", g.k.kernelString(ide+lay.Name.Off))
	require.EqualValues(t, 4, g.k.mem.U32(g.k.symbol("pci_pci_problems")), "PCIPCI_NATOMA")
	require.EqualValues(t, 1, g.k.mem.U32(g.k.symbol("isa_dma_bridge_buggy")))
	g.callKernel(t, "pci_enable_device", ide)
	g.callKernel(t, "pci_set_master", ide)
	g.callKernel(t, "pci_set_master", ide)
	g.callKernel(t, "pci_write_config_word", ide, pciCommand, 0)
	g.callKernel(t, "pci_enable_device", ide)
	require.Contains(t, g.k.LogText(), "PCI: Setting latency timer of device 00:01.1 to 64\n<4>PCI: Enabling device 00:01.1 (0000 -> 0001)\n")
	require.EqualValues(t, 0, g.callKernel(t, "pci_read_config_word", ide, 2, out))
	require.EqualValues(t, 0x7010, g.k.mem.U32(out))
	require.EqualValues(t, pciBadRegister, g.callKernel(t, "pci_read_config_word", ide, 3, out))
	require.EqualValues(t, 0, g.callKernel(t, "pci_write_config_dword", ide, 0x20, 0xffffffff))
	require.EqualValues(t, 0, g.callKernel(t, "pci_read_config_dword", ide, 0x20, out))
	require.Equal(t, uint32(0xfffffff1), g.k.mem.U32(out), "16 ports")
}

// A driver's probe is called for the devices of its table.
func TestPCIDriver(t *testing.T) {
	g := newGuest(t, Config{})
	lay, id := &g.k.drv.lay.PCIDriver, &g.k.drv.lay.PCIID
	calls := g.put(0, 0, 0, 0)
	probe := g.put(code(0xff, 0x05, calls, movEax(0), 0xc3)...) // incl calls; return 0
	table := g.put(make([]byte, 2*id.Size)...)
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{{id.Vendor, 0x8086}, {id.Device, pciAnyID}, {id.Subvendor, pciAnyID}, {id.Subdevice, pciAnyID}, {id.Class, 0x010100}, {id.ClassMask, 0xffff00}} {
		g.k.mem.Set(table, f.f, f.v)
	}
	drv := g.put(make([]byte, 64)...)
	g.k.mem.Set(drv, lay.IDTable, table)
	g.k.mem.Set(drv, lay.Probe, probe)
	require.EqualValues(t, 1, g.callKernel(t, "pci_register_driver", drv))
	require.EqualValues(t, 1, g.k.mem.U32(calls))
	g.callKernel(t, "pci_unregister_driver", drv)
	ide := uint32(g.callKernel(t, "pci_find_device", 0x8086, 0x7010, 0))
	require.Zero(t, g.k.mem.Get(ide, g.k.drv.lay.PCIDev.Driver))
}

func TestProtocols(t *testing.T) {
	g := newGuest(t, Config{})
	ops := g.put(make([]byte, 64)...)
	for _, c := range []struct {
		family uint32
		answer abi.Errno
	}{{2, abi.EEXIST}, {10, 0}, {10, abi.EEXIST}, {32, abi.ENOBUFS}} {
		g.k.mem.Set(ops, g.k.drv.lay.NetFamily.Family, c.family)
		require.EqualValues(t, -c.answer, g.callKernel(t, "sock_register", ops), "family %d", c.family)
	}
	require.EqualValues(t, 0, g.callKernel(t, "sock_unregister", 10))
	require.EqualValues(t, -1, g.callKernel(t, "sock_unregister", 32))
	require.Contains(t, g.k.LogText(), "protocol 32 >= NPROTO(32)\n")

	hook := &g.k.drv.lay.NFHook
	var hooks []uint32
	for _, priority := range []int32{0, -100, 100, 0} {
		at := g.put(make([]byte, 32)...)
		g.k.mem.Set(at, hook.PF, 2)
		g.k.mem.Set(at, hook.Priority, uint32(priority))
		require.EqualValues(t, 0, g.callKernel(t, "nf_register_hook", at))
		hooks = append(hooks, at)
	}
	var order []uint32
	for at := range g.k.listMembers("nf_hooks", g.k.drv.sym.NFHooks+2*netfilterMax*8) {
		order = append(order, at)
	}
	require.Equal(t, []uint32{hooks[1], hooks[0], hooks[3], hooks[2]}, order)
}

func TestRandomBytesAreRepeatable(t *testing.T) {
	var runs [2]string
	for i := range runs {
		g := newGuest(t, Config{})
		buf := g.put(make([]byte, 16)...)
		g.callKernel(t, "get_random_bytes", buf, 13)
		runs[i] = string(g.k.mem.Bytes(buf, 16))
		require.Equal(t, "\x00\x00\x00", runs[i][13:])
		require.NotEqual(t, make([]byte, 13), g.k.mem.Bytes(buf, 13))
	}
	require.Equal(t, runs[0], runs[1])
}

func TestNetlinkSockets(t *testing.T) {
	g := newGuest(t, Config{})
	lay := &g.k.drv.lay.Sock
	table := g.k.drv.sym.NetlinkTable
	require.EqualValues(t, 0, g.callKernel(t, "netlink_kernel_create", netlinkUnits, 0))
	first := uint32(g.callKernel(t, "netlink_kernel_create", 3, 0))
	second := uint32(g.callKernel(t, "netlink_kernel_create", 3, 0))
	require.NotZero(t, second)
	require.Equal(t, first, g.k.mem.U32(table+3*4), "the unit's address is taken: the second hears nothing")
	require.Zero(t, g.k.mem.Get(first, lay.Next))
	socket := g.k.mem.Get(first, lay.Socket)
	require.Equal(t, first, g.k.mem.Get(socket, g.k.drv.lay.Socket.Sk))
	g.callKernel(t, "sock_release", socket)
	require.Zero(t, g.k.mem.U32(table+3*4))
	g.callKernel(t, "sock_release", g.k.mem.Get(second, lay.Socket))
	require.Zero(t, g.k.mem.U32(g.k.symbol("netlink_sock_nr")))
}

func TestLinkLayerClients(t *testing.T) {
	g := newGuest(t, Config{})
	kind := g.put(8, 0, 7, 0x80, 0x9b)
	first := uint32(g.callKernel(t, "register_snap_client", kind, 0))
	require.NotZero(t, first)
	require.EqualValues(t, 8, g.k.mem.Get(first, g.k.drv.lay.Datalink.HeaderLength))
	require.EqualValues(t, 0, g.callKernel(t, "register_snap_client", kind, 0), "the number is taken")
	g.callKernel(t, "unregister_snap_client", kind)
	require.Zero(t, g.k.mem.U32(g.k.drv.sym.SNAPList))
}
