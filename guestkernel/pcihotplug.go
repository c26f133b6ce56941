// SPDX-License-Identifier: BSD-3-Clause
// PCI devices that come and go (2.4.18 drivers/pci/pci.c): what a bus driver does for the cards it finds.

package guestkernel

// Header types and classes.
const (
	pciHeaderNormal  = 0
	pciHeaderBridge  = 1
	pciHeaderCardBus = 2

	pciClassBridgePCI     = 0x0604
	pciClassBridgeCardBus = 0x0607

	pciIntPin             = 0x3d
	pciBridgeROM          = 0x38 // PCI_ROM_ADDRESS1
	pciCardBusSubsystem   = 0x40 // PCI_CB_SUBSYSTEM_VENDOR_ID
	pciAllResources       = 12   // DEVICE_COUNT_RESOURCE
	resourceReadOnly      = 0x2000
	resourceCacheable     = 0x4000
	pciUnknownPower       = 4
	pciMemType            = 6 // of a base address register: how wide it is
	pciMemType64          = 4
	pciROMMask            = ^uint32(0x7ff)
	pciIOSizeMask         = pciIOMask & 0xffff
	pciNothing            = 0xffffffff
	pciClassShift         = 8
	unknownDevice, asMade = 0xffffffff, 0 // what pci_setup_device answers
)

func pciHotplugFunctions() []Function {
	const noProc = "no file in /proc/bus/pci"
	return []Function{
		{Name: "pci_setup_device", Fn: func(c *Call) { c.Return(c.Kernel.setupPCIDevice(c.Arg(0))) }, Level: Full},
		{Name: "pci_insert_device", Fn: pciInsertDevice, Level: Partial, Note: noProc},
		{Name: "pci_remove_device", Fn: pciRemoveDevice, Level: Partial, Note: noProc},
		{Name: "pci_announce_device_to_drivers", Fn: func(c *Call) { c.Kernel.announceToDrivers(c.Arg(0)) }, Level: Full},
	}
}

// readConfig reads a register of a device; all ones where nothing answers.
func (k *Kernel) readConfig(dev, reg, size uint32) uint32 {
	return readPCI(k.pciFunctionOf(dev), reg, size)
}

// writeConfig writes a register of a device, if something answers there.
func (k *Kernel) writeConfig(dev, reg, size, v uint32) {
	if f := k.pciFunctionOf(dev); f != nil {
		f.write(reg, size, v)
	}
}

// setupPCIDevice is int pci_setup_device(struct pci_dev *dev): fills in what a device says of itself, by the type of its
// header, which the caller has entered with bus, devfn, vendor and device. -1 for a type that is not known; a class that does
// not go with the type counts as none.
func (k *Kernel) setupPCIDevice(dev uint32) uint32 {
	lay := &k.drv.lay.PCIDev
	devfn := k.mem.Get(dev, lay.Devfn)
	k.setText(dev+lay.SlotName.Off, lay.SlotName.Size, "%02x:%02x.%d", k.pciBusNumber(dev), devfn>>3&0x1f, devfn&7)
	k.setText(dev+lay.Name.Off, lay.Name.Size, "PCI device %04x:%04x", k.mem.Get(dev, lay.Vendor), k.mem.Get(dev, lay.Device))
	class := k.readConfig(dev, pciRevision, 4) >> pciClassShift
	k.mem.Set(dev, lay.Class, class)
	k.mem.Set(dev, lay.CurrentState, pciUnknownPower)
	kind, header := class>>pciClassShift, k.mem.Get(dev, lay.HdrType)
	switch {
	case header > pciHeaderCardBus:
		k.Printk("<3>PCI: device %s has unknown header type %02x, ignoring.\n", k.pciSlotName(dev), header)
		return unknownDevice
	case (header == pciHeaderBridge) != (kind == pciClassBridgePCI), header == pciHeaderCardBus && kind != pciClassBridgeCardBus:
		k.Printk("<3>PCI: %s: class %x doesn't match header type %02x. Ignoring class.\n", k.pciSlotName(dev), kind, header)
		k.mem.Set(dev, lay.Class, 0)
	case header == pciHeaderNormal:
		k.readPCIIRQ(dev)
		k.readPCIBars(dev, pciResources, pciROM)
		k.readPCISubsystem(dev, pciSubsystem)
	case header == pciHeaderBridge:
		const bars = 2
		k.readPCIBars(dev, bars, pciBridgeROM)
	case header == pciHeaderCardBus:
		k.readPCIIRQ(dev)
		k.readPCIBars(dev, 1, 0)
		k.readPCISubsystem(dev, pciCardBusSubsystem)
	}
	return asMade
}

// readPCIIRQ enters the interrupt line of a device that has a pin for one.
func (k *Kernel) readPCIIRQ(dev uint32) {
	line := k.readConfig(dev, pciIntPin, 1)
	if line != 0 {
		line = k.readConfig(dev, pciIntLine, 1)
	}
	k.mem.Set(dev, k.drv.lay.PCIDev.IRQ, line)
}

func (k *Kernel) readPCISubsystem(dev, reg uint32) {
	lay := &k.drv.lay.PCIDev
	k.mem.Set(dev, lay.SubsystemVendor, k.readConfig(dev, reg, 2))
	k.mem.Set(dev, lay.SubsystemDevice, k.readConfig(dev, reg+2, 2))
}

// pciProbe writes ones into an address register to see which bits stay, and puts back what was there. ok is false for a
// register without an address.
func (k *Kernel) pciProbe(dev, reg, ones uint32) (value, bits uint32, ok bool) {
	value = k.readConfig(dev, reg, 4)
	k.writeConfig(dev, reg, 4, ones)
	bits = k.readConfig(dev, reg, 4)
	k.writeConfig(dev, reg, 4, value)
	if value == pciNothing {
		value = 0
	}
	return value, bits, bits != 0 && bits != pciNothing
}

// pciLength is the length that the address bits of a register stand for, less one.
func pciLength(bits, mask uint32) uint32 {
	bits &= mask
	return bits&-bits - 1
}

// readPCIBars enters a device's first ranges, and its ROM unless rom is 0 (pci_read_bases).
func (k *Kernel) readPCIBars(dev, n, rom uint32) {
	lay, res := &k.drv.lay.PCIDev, &k.lay.Resource
	name := dev + lay.Name.Off
	for i := uint32(0); i < n; i++ {
		at, reg := dev+lay.Resource.Off+i*res.Size, pciBar0+i*wordSize
		k.mem.Set(at, res.Name, name)
		value, bits, ok := k.pciProbe(dev, reg, 0xffffffff)
		if !ok {
			continue
		}
		mask, sizeMask, kind := pciMemMask, pciMemMask, uint32(resourceMem)
		switch {
		case value&pciBarSpaceIO != 0:
			mask, sizeMask, kind = pciIOMask, pciIOSizeMask, resourceIO
		case value&8 != 0:
			kind |= resourcePrefetch
		}
		k.mem.Set(at, res.Start, value&mask)
		k.mem.Set(at, res.End, value&mask+pciLength(bits, sizeMask))
		k.mem.Set(at, res.Flags, k.mem.Get(at, res.Flags)|value&^mask|kind)
		if value&(pciBarSpaceIO|pciMemType) != pciMemType64 {
			continue
		}
		i++ // the upper half of an address
		if k.readConfig(dev, reg+wordSize, 4) != 0 {
			k.Printk("<3>PCI: Unable to handle 64-bit address for device %s\n", k.pciSlotName(dev))
			k.mem.Set(at, res.Start, 0)
			k.mem.Set(at, res.Flags, 0)
		}
	}
	if rom != 0 {
		k.readPCIROM(dev, rom)
	}
}

// readPCIROM enters where a device's ROM is.
func (k *Kernel) readPCIROM(dev, reg uint32) {
	lay, res := &k.drv.lay.PCIDev, &k.lay.Resource
	at := dev + lay.Resource.Off + pciROMResource*res.Size
	k.mem.Set(dev, lay.RomBaseReg, reg)
	if value, bits, ok := k.pciProbe(dev, reg, ^uint32(pciROMEnable)); ok {
		k.mem.Set(at, res.Flags, value&pciROMEnable|resourceMem|resourcePrefetch|resourceReadOnly|resourceCacheable)
		k.mem.Set(at, res.Start, value&pciROMMask)
		k.mem.Set(at, res.End, value&pciROMMask+pciLength(bits, pciROMMask))
	}
	k.mem.Set(at, res.Name, dev+lay.Name.Off)
}

// pciInsertDevice models void pci_insert_device(struct pci_dev *dev, struct pci_bus *bus): the device joins its bus and is
// offered to the drivers.
//
// Context: may sleep.
func pciInsertDevice(c *Call) {
	k, dev, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.PCIDev
	k.listAddTail(dev+lay.BusList.Off, c.Arg(1)+k.drv.lay.PCIBus.Devices.Off)
	k.listAddTail(dev+lay.GlobalList.Off, k.drv.sym.PCIDevices)
	k.announceToDrivers(dev)
}

// announceToDrivers is pci_announce_device_to_drivers: the first driver that can also let go of a device and wants this one
// gets it. Then the hotplug program is started.
func (k *Kernel) announceToDrivers(dev uint32) {
	lay := &k.drv.lay.PCIDriver
	for node := range k.listMembers("pci_drivers", k.drv.sym.PCIDrivers) {
		if drv := node - lay.Node.Off; k.mem.Get(drv, lay.Remove) != 0 && k.announcePCI(drv, dev) {
			break
		}
	}
	k.startHotplug()
}

// startHotplug starts the program at hotplug_path, if a path is set.
func (k *Kernel) startHotplug() {
	if k.mem.U8(k.sym.HotplugPath) != 0 {
		k.startHelper()
	}
}

// pciRemoveDevice models void pci_remove_device(struct pci_dev *dev): its driver lets go of it, and it leaves its bus and the
// trees of resources. Its memory stays the caller's.
//
// Context: may sleep.
func pciRemoveDevice(c *Call) {
	k, dev, lay, drv := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.PCIDev, &c.Kernel.drv.lay.PCIDriver
	if driver := k.mem.Get(dev, lay.Driver); driver != 0 {
		if remove := k.mem.Get(driver, drv.Remove); remove != 0 {
			k.Call(remove, dev)
		}
		k.mem.Set(dev, lay.Driver, 0)
	}
	k.listDel(dev + lay.BusList.Off)
	k.listDel(dev + lay.GlobalList.Off)
	res := &k.lay.Resource
	for i := range uint32(pciAllResources) {
		at := dev + lay.Resource.Off + i*res.Size
		if k.mem.Get(at, res.Parent) != 0 {
			k.removeResource(at)
		}
	}
	k.startHotplug()
}
