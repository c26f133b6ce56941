// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// pciDevice finds a device of the PC.
func (g *guest) pciDevice(t *testing.T, vendor, device uint32) uint32 {
	t.Helper()
	dev := uint32(g.callKernel(t, "pci_find_device", vendor, device, 0))
	require.NotZero(t, dev)
	return dev
}

func TestPCIRegions(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	vga, name := g.pciDevice(t, 0x1234, 0x1111), g.text("card")
	before := k.IOMem()
	require.EqualValues(t, 0, g.callKernel(t, "pci_request_regions", vga, name))
	require.Contains(t, k.IOMem(), "fd000000-fdffffff : card\nfebf0000-febf0fff : card\n")
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "pci_request_regions", vga, name))
	require.Contains(t, k.LogText(), "<4>PCI: Unable to reserve mem region #1:1000000@fd000000 for device 00:02.0\n")
	require.Equal(t, before, k.IOMem(), "what failed gives the first one's back, too")
	ide := g.pciDevice(t, 0x8086, 0x7010)
	require.EqualValues(t, 0, g.callKernel(t, "pci_request_regions", ide, name))
	require.Contains(t, k.IOPorts(), "c040-c04f : card\n")
	g.callKernel(t, "pci_release_regions", ide)
	require.Equal(t, bootIOPorts, k.IOPorts())
	g.callKernel(t, "pci_release_regions", ide)
	require.Contains(t, k.LogText(), "<4>Trying to free nonexistent resource <0000c040-0000c04f>\n")
}

func TestPCIParentResource(t *testing.T) {
	g := newGuest(t, Config{})
	k, res := g.k, &g.k.lay.Resource
	ide, r := g.pciDevice(t, 0x8086, 0x7010), g.put(make([]byte, res.Size)...)
	bus := k.mem.Get(ide, k.drv.lay.PCIDev.Bus) + k.drv.lay.PCIBus.Resource.Off
	find := func(start, end, flags uint32) uint32 {
		k.mem.Set(r, res.Start, start)
		k.mem.Set(r, res.End, end)
		k.mem.Set(r, res.Flags, flags)
		return uint32(g.callKernel(t, "pci_find_parent_resource", ide, r))
	}
	ports, memory := k.sym.IoportResource, k.sym.IomemResource
	require.Equal(t, ports, find(0x1000, 0x10ff, resourceIO))
	require.Zero(t, find(0x1000, 0x100000, resourceIO), "beyond the last port")
	require.Equal(t, memory, find(0xe0000000, 0xe0000fff, resourceMem))
	require.Equal(t, memory, find(0xe0000000, 0xe0000fff, resourceMem|resourcePrefetch), "fits where others do")
	window := g.put(make([]byte, res.Size)...)
	k.mem.Set(window, res.Start, 0xe0000000)
	k.mem.Set(window, res.End, 0xe00fffff)
	k.mem.Set(window, res.Flags, resourceMem|resourcePrefetch)
	k.mem.SetU32(bus+2*wordSize, window)
	require.Equal(t, window, find(0xe0000000, 0xe0000fff, resourceMem|resourcePrefetch), "better than the first")
	require.Equal(t, memory, find(0xe0000000, 0xe0000fff, resourceMem))
	require.Equal(t, window, find(0, 0xfffffff, resourceMem|resourcePrefetch), "no start yet: only the kind counts")
}

func TestPCIAssignResource(t *testing.T) {
	g := newGuest(t, Config{})
	k, res := g.k, &g.k.lay.Resource
	ide := g.pciDevice(t, 0x8086, 0x7010)
	bar := ide + k.drv.lay.PCIDev.Resource.Off + 4*res.Size
	set := func(length, flags uint32) {
		k.mem.Set(bar, res.Start, 0)
		k.mem.Set(bar, res.End, length-1)
		k.mem.Set(bar, res.Flags, flags)
	}
	set(16, resourceIO|1)
	require.NotZero(t, k.request(k.sym.IoportResource, 0x1000, 0x110, 0))
	require.EqualValues(t, 0, g.callKernel(t, "pci_assign_resource", ide, 4))
	require.EqualValues(t, 0x1400, k.mem.Get(bar, res.Start), "1110 is what ISA cards may take for 110")
	require.EqualValues(t, 0x140f, k.mem.Get(bar, res.End))
	require.EqualValues(t, 0x1401, k.pciFunctionOf(ide).read(pciBar0+16, 4))
	require.NotContains(t, k.LogText(), "updating")
	set(0x20000, resourceIO|1)
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "pci_assign_resource", ide, 4))
	require.Contains(t, k.LogText(), "<3>PCI: Failed to allocate resource 4(")
	vga := g.pciDevice(t, 0x1234, 0x1111)
	bar = vga + k.drv.lay.PCIDev.Resource.Off + 3*res.Size // a register that the card does not have
	set(0x1000, resourceMem)
	require.EqualValues(t, 0, g.callKernel(t, "pci_assign_resource", vga, 3))
	require.EqualValues(t, 0x10000000, k.mem.Get(bar, res.Start), "clear of RAM")
	require.Contains(t, k.LogText(), "<3>PCI: Error while updating region 00:02.0/3 (10000000 != 00000000)\n")
}

// A card behind a bridge, as CardBus services make it: set up, offered to drivers, removed.
func TestPCIHotplug(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay, drv := g.k, &g.k.drv.lay.PCIDev, &g.k.drv.lay.PCIDriver
	card := newPCIFunction(7, 0, 0xabcd1af4, 0x02000001, 0x00051af4)
	card.addBar(pciBar{number: 0, base: 0xd001, size: 32, flags: 1})
	card.addBar(pciBar{number: 1, base: 0xfb000000, size: 8192, flags: 8})
	card.interrupt(11, 1)
	k.drv.pci.functions = append(k.drv.pci.functions, card)
	bus := k.mem.U32(k.drv.sym.PCIRootBus)
	dev := g.put(make([]byte, lay.Size)...)
	k.mem.Set(dev, lay.Bus, bus)
	k.mem.Set(dev, lay.Devfn, 7<<3)
	k.mem.Set(dev, lay.Vendor, 0x1af4)
	k.mem.Set(dev, lay.Device, 0xabcd)
	require.EqualValues(t, 0, g.callKernel(t, "pci_setup_device", dev))
	require.EqualValues(t, 0x020000, k.mem.Get(dev, lay.Class))
	require.EqualValues(t, 11, k.mem.Get(dev, lay.IRQ))
	require.EqualValues(t, 5, k.mem.Get(dev, lay.SubsystemDevice))
	require.Equal(t, "00:07.0", k.pciSlotName(dev))
	r := k.pciRange(dev, 0)
	require.Equal(t, []uint32{0xd000, 32, resourceIO | 1}, []uint32{r.start, r.length, r.flags})
	r = k.pciRange(dev, 1)
	require.Equal(t, []uint32{0xfb000000, 8192, resourceMem | resourcePrefetch | 8}, []uint32{r.start, r.length, r.flags})
	require.Zero(t, k.pciRange(dev, 2).length)

	k.mem.Set(dev, lay.HdrType, pciHeaderBridge)
	require.EqualValues(t, 0, g.callKernel(t, "pci_setup_device", dev))
	require.Zero(t, k.mem.Get(dev, lay.Class))
	k.mem.Set(dev, lay.HdrType, 5)
	require.EqualValues(t, -1, g.callKernel(t, "pci_setup_device", dev))
	require.Equal(t, "<3>PCI: 00:07.0: class 200 doesn't match header type 01. Ignoring class.\n"+
		"<3>PCI: device 00:07.0 has unknown header type 05, ignoring.\n", k.LogText())

	removed := g.put(0, 0, 0, 0)
	driver := g.put(make([]byte, 64)...)
	k.mem.Set(driver, drv.Probe, g.put(code(movEax(0), 0xc3)...))
	k.mem.Set(driver, drv.Remove, g.put(code(0xff, 0x05, removed, 0xc3)...)) // incl removed
	g.callKernel(t, "pci_register_driver", driver)
	k.mem.SetU32(removed, 0)
	require.EqualValues(t, 0, k.mem.Get(dev, lay.Driver))
	g.callKernel(t, "pci_insert_device", dev, bus)
	require.Equal(t, driver, k.mem.Get(dev, lay.Driver))
	require.Equal(t, dev, g.pciDevice(t, 0x1af4, 0xabcd))
	require.Zero(t, k.placeResource(k.sym.IoportResource, dev+lay.Resource.Off))
	g.callKernel(t, "pci_remove_device", dev)
	require.EqualValues(t, 1, k.mem.U32(removed))
	require.Zero(t, k.mem.Get(dev, lay.Driver))
	require.Zero(t, g.callKernel(t, "pci_find_device", 0x1af4, 0xabcd, 0))
	require.Equal(t, bootIOPorts, k.IOPorts())
}

func TestPCIState(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	ide := g.pciDevice(t, 0x8086, 0x7010)
	f, buffer := k.pciFunctionOf(ide), g.put(make([]byte, 64)...)
	require.EqualValues(t, 0, g.callKernel(t, "pci_save_state", ide, buffer))
	require.EqualValues(t, 0x70108086, k.mem.U32(buffer))
	g.callKernel(t, "pci_generic_suspend_save", ide)
	require.EqualValues(t, 0, g.callKernel(t, "pci_generic_resume_compare", ide))
	f.write(pciBar0+16, 4, 0)
	require.EqualValues(t, 1, g.callKernel(t, "pci_generic_resume_compare", ide))
	g.callKernel(t, "pci_generic_resume_restore", ide)
	require.EqualValues(t, 0, g.callKernel(t, "pci_generic_resume_compare", ide))
	f.write(pciBar0+16, 4, 0)
	g.callKernel(t, "pci_restore_state", ide, 0)
	require.EqualValues(t, 0xc041, f.read(pciBar0+16, 4), "from the resource")

	require.EqualValues(t, -abi.EIO, g.callKernel(t, "pci_enable_wake", ide, 3, 1))
	require.EqualValues(t, 0, g.callKernel(t, "pci_enable_wake", ide, 3, 0))
	f.config[pciStatus], f.config[pciCapList] = pciCapListFlag, 0x50
	f.config[0x50], f.config[0x53] = pciCapPM, 0xf8
	for _, at := range []int{0x54, 0x55} {
		f.writable[at] = 0xff
	}
	require.EqualValues(t, 0, g.callKernel(t, "pci_enable_wake", ide, 3, 1))
	require.EqualValues(t, pciPMEEnable|pciPMEStatus, f.read(0x54, 2))
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "pci_enable_wake", ide, 4, 1), "one bit too low")
	require.EqualValues(t, 0, g.callKernel(t, "pci_enable_wake", ide, 3, 0))
	require.Zero(t, f.read(0x54, 2)&pciPMEEnable)

	require.EqualValues(t, 0, g.callKernel(t, "pci_set_mwi", ide))
	require.EqualValues(t, 8, f.read(pciCacheLineSize, 1))
	require.NotZero(t, f.read(pciCommand, 2)&pciInvalidate)
	require.EqualValues(t, 0, g.callKernel(t, "pci_set_mwi", ide))
	g.callKernel(t, "pci_clear_mwi", ide)
	require.Zero(t, f.read(pciCommand, 2)&pciInvalidate)
	f.write(pciCacheLineSize, 1, 16)
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "pci_set_mwi", ide))
	require.Equal(t, "<4>PCI: 00:01.1 PCI cache line size set incorrectly (0 bytes) by BIOS/FW, correcting to 32\n"+
		"<4>PCI: 00:01.1 PCI cache line size set incorrectly (64 bytes) by BIOS/FW, expecting 32\n", k.LogText())
}

func TestPCIPools(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	ide, handle := g.pciDevice(t, 0x8086, 0x7010), g.put(0, 0, 0, 0)
	create := func(size, align, extent, flags uint32) uint32 {
		return uint32(g.callKernel(t, "pci_pool_create", g.text("blocks"), ide, size, align, extent, flags))
	}
	gfp := k.pages.gfp.atomic
	require.Zero(t, create(0, 0, 0, gfp))
	require.Zero(t, create(64, 0, 32, gfp))
	pool := create(1000, 16, 0, gfp|slabPoison)
	free := k.freePageCount()
	alloc := func() uint32 { return uint32(g.callKernel(t, "pci_pool_alloc", pool, gfp, handle)) }
	var blocks []uint32
	for range 5 {
		at := alloc()
		require.Equal(t, physical(at), k.mem.U32(handle))
		require.EqualValues(t, poolPoison, k.mem.U8(at+1007))
		k.mem.Fill(at, 1008, 0)
		blocks = append(blocks, at)
	}
	require.Equal(t, []uint32{0, 1008, 2016, 3024}, []uint32{0, blocks[1] - blocks[0], blocks[2] - blocks[0], blocks[3] - blocks[0]})
	require.InDelta(t, free-2, k.freePageCount(), 1)
	g.callKernel(t, "pci_pool_free", pool, blocks[2], physical(blocks[2]))
	require.EqualValues(t, poolPoison, k.mem.U8(blocks[2]))
	require.Equal(t, blocks[4]+1008, alloc(), "the newest page is looked at first")
	g.callKernel(t, "pci_pool_free", pool, 0, 0x10)
	require.Contains(t, k.LogText(), "<3>pci_pool_free 00:01.1/blocks, 00000000/10 (bad dma)\n")
	for _, at := range []uint32{blocks[4], blocks[4] + 1008} {
		g.callKernel(t, "pci_pool_free", pool, at, physical(at))
	}
	g.callKernel(t, "pci_pool_destroy", pool)
	require.NotContains(t, k.LogText(), "<3>pci_pool_destroy 00:01.1/blocks, "+hex8(blocks[4]&^0xfff))
	require.Contains(t, k.LogText(), "<3>pci_pool_destroy 00:01.1/blocks, "+hex8(blocks[0])+" busy\n")
	require.InDelta(t, free-1, k.freePageCount(), 1)
}

func hex8(v uint32) string { return fmt.Sprintf("%08x", v) }
