// SPDX-License-Identifier: BSD-3-Clause
// PCI devices and their drivers (2.4.18 drivers/pci/pci.c, arch/i386/kernel/pci-pc.c): pci_dev and pci_bus in guest memory.

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

// What IORESOURCE_ flags a base address register becomes, and other facts of linux/pci.h.
const (
	resourceIO       = 0x100
	resourceMem      = 0x200
	resourcePrefetch = 0x1000
	resourceBusy     = 0x80000000
	pciAnyID         = 0xffffffff
	pciResources     = 6
	pciROMResource   = 6
	pciBadRegister   = 0x87 // PCIBIOS_BAD_REGISTER_NUMBER
	pciCapEnd        = 0xff
	pciCapFirst      = 0x40
	pciCapLimit      = 48
	pciLatency       = 0x0d
)

func pciFunctions() []Function {
	const unmapped = "the device itself is not modelled: it is only seen in configuration space"
	return []Function{
		{Name: "pcibios_present", Fn: func(c *Call) { c.Return(1) }, Level: Full},
		{Name: "pci_find_slot", Fn: pciFindSlot, Level: Full},
		{Name: "pci_find_device", Fn: func(c *Call) { c.pciFind(c.Arg(0), c.Arg(1), pciAnyID, pciAnyID, c.Arg(2)) }, Level: Full},
		{Name: "pci_find_subsys", Fn: func(c *Call) { c.pciFind(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3), c.Arg(4)) }, Level: Full},
		{Name: "pci_find_class", Fn: pciFindClass, Level: Full},
		{Name: "pci_find_capability", Fn: func(c *Call) { c.Return(c.Kernel.pciCapability(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "pci_match_device", Fn: func(c *Call) { c.Return(c.Kernel.pciMatch(c.Arg(0), c.Arg(1))) }, Level: Full},
		{Name: "pci_register_driver", Fn: pciRegisterDriver, Level: Full},
		{Name: "pci_unregister_driver", Fn: pciUnregisterDriver, Level: Full},
		{Name: "pci_dev_driver", Fn: func(c *Call) { c.Return(c.Kernel.pciDriverOf(c.Arg(0))) }, Level: Full},
		{Name: "pci_read_config_byte", Fn: pciRead(1), Level: Full},
		{Name: "pci_read_config_word", Fn: pciRead(2), Level: Full},
		{Name: "pci_read_config_dword", Fn: pciRead(4), Level: Full},
		{Name: "pci_write_config_byte", Fn: pciWrite(1), Level: Full},
		{Name: "pci_write_config_word", Fn: pciWrite(2), Level: Full},
		{Name: "pci_write_config_dword", Fn: pciWrite(4), Level: Full},
		{Name: "pcibios_read_config_byte", Fn: pcibiosRead(1), Level: Full},
		{Name: "pcibios_read_config_word", Fn: pcibiosRead(2), Level: Full},
		{Name: "pcibios_read_config_dword", Fn: pcibiosRead(4), Level: Full},
		{Name: "pcibios_write_config_byte", Fn: pcibiosWrite(1), Level: Full},
		{Name: "pcibios_write_config_word", Fn: pcibiosWrite(2), Level: Full},
		{Name: "pcibios_write_config_dword", Fn: pcibiosWrite(4), Level: Full},
		{Name: "pcibios_find_device", Fn: pcibiosFindDevice, Level: Full},
		{Name: "pcibios_find_class", Fn: pcibiosFindClass, Level: Full},
		{Name: "pci_enable_device", Fn: pciEnableDevice, Level: Partial, Note: unmapped},
		{Name: "pci_disable_device", Fn: pciDisableDevice, Level: Partial, Note: unmapped},
		{Name: "pci_set_master", Fn: pciSetMaster, Level: Full},
		{Name: "pci_set_dma_mask", Fn: pciSetDMAMask, Level: Full},
		{Name: "pci_set_power_state", Fn: pciSetPowerState, Level: Partial, Note: "the PC's devices have no power management capability"},
	}
}

// bootPCI scans the bus: structures for it and for every function.
func (k *Kernel) bootPCI() error {
	s, lay := &k.drv.sym, &k.drv.lay.PCIBus
	k.drv.pci.functions = pcFunctions()
	for _, head := range []uint32{s.PCIDevices, s.PCIRootBuses, s.PCIDrivers} {
		k.listInit(head)
	}
	k.mem.SetU32(s.PCIProbe, 3)
	k.mem.SetU32(s.PCIRootOps, s.PCIConf1)
	bus := k.mustKmalloc(lay.Size)
	k.listInit(bus + lay.Children.Off)
	k.listInit(bus + lay.Devices.Off)
	k.listAddTail(bus+lay.Node.Off, s.PCIRootBuses)
	k.mem.SetU32(s.PCIRootBus, bus)
	k.mem.Set(bus, lay.Ops, s.PCIConf1)
	k.mem.SetU32(bus+lay.Resource.Off, k.symbol("ioport_resource"))
	k.mem.SetU32(bus+lay.Resource.Off+wordSize, k.symbol("iomem_resource"))
	k.mem.SetU32(k.symbol("pci_mem_start"), k.pciMemoryStart())
	for _, f := range k.drv.pci.functions {
		k.addPCIDevice(bus, f)
	}
	k.mem.SetU32(k.symbol("pci_pci_problems"), k.constant("PCIPCI_NATOMA")) // the host bridge is one
	k.mem.SetU32(k.symbol("isa_dma_bridge_buggy"), 1)                       // a PIIX3 is
	return nil
}

// mustKmalloc allocates zeroed memory while booting.
func (k *Kernel) mustKmalloc(size uint32) uint32 {
	at := k.Kmalloc(size, k.pages.gfp.kernel)
	if at == 0 {
		panicf("no memory for %d bytes while booting", size)
	}
	k.mem.Fill(at, size, 0)
	return at
}

// addPCIDevice makes the pci_dev of a function that the scan of a bus found (pci_scan_device).
func (k *Kernel) addPCIDevice(bus uint32, f *pciFunction) {
	lay := &k.drv.lay.PCIDev
	dev := k.mustKmalloc(lay.Size)
	k.mem.Set(dev, lay.Bus, bus)
	k.mem.Set(dev, lay.Devfn, f.devfn)
	k.mem.Set(dev, lay.HdrType, f.read(pciHeaderType, 1)&^pciMultiFunc)
	k.mem.Set(dev, lay.Vendor, f.read(pciVendorID, 2))
	k.mem.Set(dev, lay.Device, f.read(pciVendorID+2, 2))
	k.mem.SetU32(dev+lay.DMAMask.Off, 0xffffffff)
	k.setupPCIDevice(dev)
	k.setText(dev+lay.Name.Off, lay.Name.Size, "%s", f.name)
	k.listAddTail(dev+lay.GlobalList.Off, k.drv.sym.PCIDevices)
	k.listAddTail(dev+lay.BusList.Off, bus+k.drv.lay.PCIBus.Devices.Off)
}

// pciDevices walks the devices, in the order of the scan.
func (k *Kernel) pciDevices(from uint32) func(yield func(uint32) bool) {
	lay, head := &k.drv.lay.PCIDev, k.drv.sym.PCIDevices
	first := head
	if from != 0 {
		first = from + lay.GlobalList.Off
	}
	return func(yield func(uint32) bool) {
		for at := range k.ring("pci_devices", k.mem.U32(first), head, k.lay.ListHead.Next) {
			if !yield(at - lay.GlobalList.Off) {
				return
			}
		}
	}
}

// pciFind answers pci_find_device and pci_find_subsys: the first device behind from that fits.
func (c *Call) pciFind(vendor, device, subVendor, subDevice, from uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.PCIDev
	fits := func(want, have uint32) bool { return want == pciAnyID || want == have }
	c.Return(0)
	for dev := range k.pciDevices(from) {
		if fits(vendor, k.mem.Get(dev, lay.Vendor)) && fits(device, k.mem.Get(dev, lay.Device)) &&
			fits(subVendor, k.mem.Get(dev, lay.SubsystemVendor)) && fits(subDevice, k.mem.Get(dev, lay.SubsystemDevice)) {
			c.Return(dev)
			return
		}
	}
}

// pciFindClass models struct pci_dev *pci_find_class(unsigned int class, const struct pci_dev *from).
func pciFindClass(c *Call) {
	c.Return(0)
	for dev := range c.Kernel.pciDevices(c.Arg(1)) {
		if c.Kernel.mem.Get(dev, c.Kernel.drv.lay.PCIDev.Class) == c.Arg(0) {
			c.Return(dev)
			return
		}
	}
}

// pciFindSlot models struct pci_dev *pci_find_slot(unsigned int bus, unsigned int devfn).
func pciFindSlot(c *Call) {
	c.Return(0)
	for dev := range c.Kernel.pciDevices(0) {
		if c.Kernel.pciBusNumber(dev) == c.Arg(0) && c.Kernel.mem.Get(dev, c.Kernel.drv.lay.PCIDev.Devfn) == c.Arg(1) {
			c.Return(dev)
			return
		}
	}
}

func (k *Kernel) pciBusNumber(dev uint32) uint32 {
	return k.mem.Get(k.mem.Get(dev, k.drv.lay.PCIDev.Bus), k.drv.lay.PCIBus.Number)
}

// pciFunctionOf is the configuration space behind a pci_dev, nil where nothing answers.
func (k *Kernel) pciFunctionOf(dev uint32) *pciFunction {
	return k.drv.pci.function(k.pciBusNumber(dev), k.mem.Get(dev, k.drv.lay.PCIDev.Devfn))
}

// readPCI reads a register; all ones where nothing answers.
func readPCI(f *pciFunction, reg, size uint32) uint32 {
	if f == nil {
		return 1<<(8*size) - 1
	}
	return f.read(reg, size)
}

// storeConfig stores what was read, as wide as it is.
func (k *Kernel) storeConfig(at, size, v uint32) {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], v)
	k.mem.Write(at, b[:size])
}

// pciRegister is the function and the register that a pci_*_config_* call is about. One that is not aligned to its width, or
// beyond the configuration space, is refused: then ok is false and the call has its result.
func (c *Call) pciRegister(size uint32) (f *pciFunction, where uint32, ok bool) {
	where = c.Arg(1)
	if where&(size-1) != 0 {
		c.Return(pciBadRegister)
		return nil, where, false
	}
	f = c.Kernel.pciFunctionOf(c.Arg(0))
	if where >= pciConfigSize {
		c.Fail(abi.EINVAL)
		return nil, where, false
	}
	return f, where, true
}

// pciRead models int pci_read_config_byte(struct pci_dev *dev, int where, u8 *val) and the wider ones.
func pciRead(size uint32) func(*Call) {
	return func(c *Call) {
		if f, where, ok := c.pciRegister(size); ok {
			c.Kernel.storeConfig(c.Arg(2), size, readPCI(f, where, size))
			c.Return(0)
		}
	}
}

// pciWrite models int pci_write_config_byte(struct pci_dev *dev, int where, u8 val) and the wider ones.
func pciWrite(size uint32) func(*Call) {
	return func(c *Call) {
		if f, where, ok := c.pciRegister(size); ok {
			if f != nil {
				f.write(where, size, c.Arg(2))
			}
			c.Return(0)
		}
	}
}

// pcibiosRead models int pcibios_read_config_byte(unsigned char bus, unsigned char dev_fn, unsigned char where, unsigned char *val)
// and the wider ones (drivers/pci/compat.c): all ones and PCIBIOS_DEVICE_NOT_FOUND for a device that is not there.
func pcibiosRead(size uint32) func(*Call) {
	const notFound = 0x86
	return func(c *Call) {
		f := c.Kernel.drv.pci.function(c.Arg(0)&0xff, c.Arg(1)&0xff)
		where := c.Arg(2) & 0xff
		c.Return(0)
		switch {
		case f == nil:
			c.Kernel.storeConfig(c.Arg(3), size, 0xffffffff)
			c.Return(notFound)
		case where&(size-1) != 0:
			c.Return(pciBadRegister)
		default:
			c.Kernel.storeConfig(c.Arg(3), size, f.read(where, size))
		}
	}
}

// pcibiosWrite models int pcibios_write_config_byte(unsigned char bus, unsigned char dev_fn, unsigned char where, unsigned char val).
func pcibiosWrite(size uint32) func(*Call) {
	const notFound = 0x86
	return func(c *Call) {
		f := c.Kernel.drv.pci.function(c.Arg(0)&0xff, c.Arg(1)&0xff)
		where := c.Arg(2) & 0xff
		c.Return(0)
		switch {
		case f == nil:
			c.Return(notFound)
		case where&(size-1) != 0:
			c.Return(pciBadRegister)
		default:
			f.write(where, size, c.Arg(3))
		}
	}
}

// pcibiosFindDevice models int pcibios_find_device(unsigned short vendor, unsigned short device, unsigned short index,
// unsigned char *bus, unsigned char *devfn).
func pcibiosFindDevice(c *Call) {
	lay := &c.Kernel.drv.lay.PCIDev
	c.pcibiosFind(2, func(dev uint32) bool {
		return c.Kernel.mem.Get(dev, lay.Vendor) == c.Arg(0)&0xffff && c.Kernel.mem.Get(dev, lay.Device) == c.Arg(1)&0xffff
	})
}

// pcibiosFindClass models int pcibios_find_class(unsigned int class, unsigned short index, unsigned char *bus, unsigned
// char *devfn).
func pcibiosFindClass(c *Call) {
	c.pcibiosFind(1, func(dev uint32) bool {
		return c.Kernel.mem.Get(dev, c.Kernel.drv.lay.PCIDev.Class) == c.Arg(0)
	})
}

// pcibiosFind answers for the index-th device that fits, where argument number arg is the index, and the next two say where
// its bus and its slot go.
func (c *Call) pcibiosFind(arg int, fits func(dev uint32) bool) {
	const notFound = 0x86
	k, left, busAt, devfnAt := c.Kernel, c.Arg(arg)&0xffff, c.Arg(arg+1), c.Arg(arg+2)
	for dev := range k.pciDevices(0) {
		if !fits(dev) {
			continue
		}
		if left == 0 {
			k.mem.SetU8(busAt, byte(k.pciBusNumber(dev)))
			k.mem.SetU8(devfnAt, byte(k.mem.Get(dev, k.drv.lay.PCIDev.Devfn)))
			c.Return(0)
			return
		}
		left--
	}
	c.Return(notFound)
}

// pciCapability returns where a device's capability lies, 0 when it has none (pci_find_capability).
func (k *Kernel) pciCapability(dev, capability uint32) uint32 {
	f := k.pciFunctionOf(dev)
	if f == nil || f.read(pciStatus, 2)&pciCapListFlag == 0 {
		return 0
	}
	at := f.read(pciCapList, 1)
	for range pciCapLimit {
		if at < pciCapFirst {
			break
		}
		at &^= 3
		switch id := f.read(at, 1); id {
		case pciCapEnd:
			return 0
		case capability:
			return at
		}
		at = f.read(at+1, 1)
	}
	return 0
}

// pciMatch returns the row of a driver's table that fits a device, 0 when none does (pci_match_device).
func (k *Kernel) pciMatch(ids, dev uint32) uint32 {
	id, lay := &k.drv.lay.PCIID, &k.drv.lay.PCIDev
	fits := func(want, have uint32) bool { return want == pciAnyID || want == have }
	for ; k.mem.Get(ids, id.Vendor)|k.mem.Get(ids, id.Subvendor)|k.mem.Get(ids, id.ClassMask) != 0; ids += id.Size {
		if fits(k.mem.Get(ids, id.Vendor), k.mem.Get(dev, lay.Vendor)) && fits(k.mem.Get(ids, id.Device), k.mem.Get(dev, lay.Device)) &&
			fits(k.mem.Get(ids, id.Subvendor), k.mem.Get(dev, lay.SubsystemVendor)) &&
			fits(k.mem.Get(ids, id.Subdevice), k.mem.Get(dev, lay.SubsystemDevice)) &&
			(k.mem.Get(ids, id.Class)^k.mem.Get(dev, lay.Class))&k.mem.Get(ids, id.ClassMask) == 0 {
			return ids
		}
	}
	return 0
}

// pciDriverOf returns the driver of a device; one whose resources are busy has an old one without a structure.
func (k *Kernel) pciDriverOf(dev uint32) uint32 {
	lay, res := &k.drv.lay.PCIDev, &k.lay.Resource
	if driver := k.mem.Get(dev, lay.Driver); driver != 0 {
		return driver
	}
	for i := range uint32(pciROMResource + 1) {
		if k.mem.Get(dev+lay.Resource.Off+i*res.Size, res.Flags)&resourceBusy != 0 {
			return k.drv.sym.PCICompat
		}
	}
	return 0
}

// pciRegisterDriver models int pci_register_driver(struct pci_driver *drv): how many devices the driver took.
func pciRegisterDriver(c *Call) {
	k, drv, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.PCIDriver
	k.listAddTail(drv+lay.Node.Off, k.drv.sym.PCIDrivers)
	count := uint32(0)
	for dev := range k.pciDevices(0) {
		if k.pciDriverOf(dev) == 0 && k.announcePCI(drv, dev) {
			count++
		}
	}
	c.Return(count)
}

// announcePCI offers a device to a driver.
func (k *Kernel) announcePCI(drv, dev uint32) bool {
	lay, id := &k.drv.lay.PCIDriver, uint32(0)
	if table := k.mem.Get(drv, lay.IDTable); table != 0 {
		if id = k.pciMatch(table, dev); id == 0 {
			return false
		}
	}
	if int32(k.Call(k.mem.Get(drv, lay.Probe), dev, id)) < 0 {
		return false
	}
	k.mem.Set(dev, k.drv.lay.PCIDev.Driver, drv)
	return true
}

// pciUnregisterDriver models void pci_unregister_driver(struct pci_driver *drv).
func pciUnregisterDriver(c *Call) {
	k, drv, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.PCIDriver
	k.listDel(drv + lay.Node.Off)
	for dev := range k.pciDevices(0) {
		if k.mem.Get(dev, k.drv.lay.PCIDev.Driver) != drv {
			continue
		}
		if remove := k.mem.Get(drv, lay.Remove); remove != 0 {
			k.Call(remove, dev)
		}
		k.mem.Set(dev, k.drv.lay.PCIDev.Driver, 0)
	}
}

// pciEnableDevice models int pci_enable_device(struct pci_dev *dev): ports and memory on as far as the device has them.
func pciEnableDevice(c *Call) {
	k := c.Kernel
	c.Return(0)
	f := k.pciFunctionOf(c.Arg(0))
	if f == nil {
		return
	}
	k.mem.Set(c.Arg(0), k.drv.lay.PCIDev.CurrentState, k.mem.Get(c.Arg(0), k.drv.lay.PCIDev.CurrentState))
	old := f.read(pciCommand, 2)
	command := old
	for _, b := range f.bars {
		if b.flags&1 != 0 {
			command |= 1
		} else {
			command |= 2
		}
	}
	if command != old {
		k.Printk("PCI: Enabling device %s (%04x -> %04x)\n", k.pciSlotName(c.Arg(0)), old, command)
		f.write(pciCommand, 2, command)
	}
}

// pciDisableDevice models void pci_disable_device(struct pci_dev *dev): no bus mastering any more.
func pciDisableDevice(c *Call) {
	if f := c.Kernel.pciFunctionOf(c.Arg(0)); f != nil {
		f.write(pciCommand, 2, f.read(pciCommand, 2)&^pciMaster)
	}
}

// pciSetMaster models void pci_set_master(struct pci_dev *dev): bus mastering, and a latency timer that is neither too short
// nor too long.
func pciSetMaster(c *Call) {
	const shortest, usual = 16, 64
	f := c.Kernel.pciFunctionOf(c.Arg(0))
	if f == nil {
		return
	}
	f.write(pciCommand, 2, f.read(pciCommand, 2)|pciMaster)
	if f.read(pciLatency, 1) < shortest {
		c.Kernel.Printk("PCI: Setting latency timer of device %s to %d\n", c.Kernel.pciSlotName(c.Arg(0)), usual)
		f.write(pciLatency, 1, usual)
	}
}

// pciSetDMAMask models int pci_set_dma_mask(struct pci_dev *dev, u64 mask): EIO below 24 bits.
func pciSetDMAMask(c *Call) {
	const isa = 0x00ffffff
	k, mask := c.Kernel, c.Arg64(1)
	if mask < isa {
		c.Fail(abi.EIO)
		return
	}
	k.mem.SetU64(c.Arg(0)+k.drv.lay.PCIDev.DMAMask.Off, mask)
	c.Return(0)
}

// pciSetPowerState models int pci_set_power_state(struct pci_dev *dev, int state): EIO without the capability.
func pciSetPowerState(c *Call) {
	const deepest, capability = 3, 1
	k, state := c.Kernel, min(int32(c.Arg(1)), deepest)
	now := int32(k.mem.Get(c.Arg(0), k.drv.lay.PCIDev.CurrentState))
	switch {
	case state > 0 && now > state:
		c.Fail(abi.EINVAL)
	case now == state:
		c.Return(0)
	case k.pciCapability(c.Arg(0), capability) == 0:
		c.Fail(abi.EIO)
	default:
		k.mem.Set(c.Arg(0), k.drv.lay.PCIDev.CurrentState, uint32(state))
		c.Return(0)
	}
}
