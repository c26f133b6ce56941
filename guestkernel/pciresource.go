// SPDX-License-Identifier: BSD-3-Clause
// The ports and memory of PCI devices: who reserves them, and where they go (2.4.18 drivers/pci/pci.c, setup-res.c,
// arch/i386/kernel/pci-i386.c).

package guestkernel

import "ring0/guestkernel/abi"

const (
	pciBusResources = 4      // struct pci_bus.resource
	pciMinIO        = 0x1000 // PCIBIOS_MIN_IO
	pciIOMask       = ^uint32(3)
	pciMemMask      = ^uint32(15)
	pciBarSpaceIO   = 1
	pciROMEnable    = 1
	lowMemoryLimit  = 0x10000000 // pci_mem_start, unless RAM reaches higher
)

func pciResourceFunctions() []Function {
	return []Function{
		{Name: "pci_request_regions", Fn: pciRequestRegions, Level: Full},
		{Name: "pci_release_regions", Fn: func(c *Call) { c.Kernel.releasePCIRegions(c.Arg(0)) }, Level: Full},
		{Name: "pci_find_parent_resource", Fn: pciFindParentResource, Level: Full},
		{Name: "pci_assign_resource", Fn: pciAssignResource, Level: Full},
		{Name: "pcibios_align_resource", Fn: pcibiosAlignResource, Level: Full, Proto: "void pcibios_align_resource(void *data, struct resource *res, unsigned long size)"},
	}
}

// pciMemoryStart is the lowest address that is given to memory of a device: above RAM, to a megabyte, and 256 MB.
func (k *Kernel) pciMemoryStart() uint32 {
	const megabyte = 1 << 20
	lowMemory := k.pages.low << abi.PageShift
	return max(lowMemoryLimit, (lowMemory+megabyte-1)&^(megabyte-1))
}

// A pciRange is one of the ranges of a pci_dev. A length of 0 stands for none: neither start nor end is set.
type pciRange struct {
	at                        uint32 // struct resource
	start, end, length, flags uint32
}

// tree is the root of the resources of its kind, 0 when it is of neither.
func (r pciRange) tree(k *Kernel) uint32 {
	switch {
	case r.flags&resourceIO != 0:
		return k.sym.IoportResource
	case r.flags&resourceMem != 0:
		return k.sym.IomemResource
	}
	return 0
}

// pciRange reads resource number i of a device.
func (k *Kernel) pciRange(dev, i uint32) pciRange {
	lay := &k.lay.Resource
	at := dev + k.drv.lay.PCIDev.Resource.Off + i*lay.Size
	r := pciRange{at: at, start: k.mem.Get(at, lay.Start), end: k.mem.Get(at, lay.End), flags: k.mem.Get(at, lay.Flags)}
	if r.start != 0 || r.end != r.start {
		r.length = r.end - r.start + 1
	}
	return r
}

// pciRequestRegions models int pci_request_regions(struct pci_dev *pdev, char *res_name): EBUSY when somebody has one of the
// six. Then all are given back, also those that somebody else has under the same bounds, as there.
//
// Context: may sleep.
func pciRequestRegions(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	c.Return(0)
	for i := range uint32(pciResources) {
		r := k.pciRange(dev, i)
		tree := r.tree(k)
		if r.length == 0 || tree == 0 || k.request(tree, r.start, r.length, c.Arg(1)) != 0 {
			continue
		}
		kind := "mem"
		if r.flags&resourceIO != 0 {
			kind = "I/O"
		}
		k.Printk("<4>PCI: Unable to reserve %s region #%d:%x@%x for device %s\n", kind, i+1, r.length, r.start, k.pciSlotName(dev))
		k.releasePCIRegions(dev)
		c.Fail(abi.EBUSY)
		return
	}
}

// releasePCIRegions is pci_release_regions.
func (k *Kernel) releasePCIRegions(dev uint32) {
	for i := range uint32(pciResources) {
		r := k.pciRange(dev, i)
		if tree := r.tree(k); r.length != 0 && tree != 0 {
			k.releaseRegion(tree, r.start, r.length)
		}
	}
}

func (k *Kernel) pciSlotName(dev uint32) string {
	return k.kernelString(dev + k.drv.lay.PCIDev.SlotName.Off)
}

// pciBusRange is the i-th range that a bus forwards to its devices, 0 for none.
func (k *Kernel) pciBusRange(dev, i uint32) uint32 {
	return k.mem.U32(k.mem.Get(dev, k.drv.lay.PCIDev.Bus) + k.drv.lay.PCIBus.Resource.Off + i*wordSize)
}

// pciFindParentResource models struct resource *pci_find_parent_resource(const struct pci_dev *dev, struct resource *res):
// the range of the device's bus that res lies in. One that has no start yet only has to be of the same kind. Prefetchable
// memory also fits where others do, if no range is better.
func pciFindParentResource(c *Call) {
	k, dev, res, lay := c.Kernel, c.Arg(0), c.Arg(1), &c.Kernel.lay.Resource
	start, end, flags := k.mem.Get(res, lay.Start), k.mem.Get(res, lay.End), k.mem.Get(res, lay.Flags)
	c.Return(0)
	for i := range uint32(pciBusResources) {
		r := k.pciBusRange(dev, i)
		if r == 0 || start != 0 && (start < k.mem.Get(r, lay.Start) || end > k.mem.Get(r, lay.End)) {
			continue
		}
		have := k.mem.Get(r, lay.Flags)
		switch differ := flags ^ have; {
		case differ&(resourceIO|resourceMem) != 0:
		case differ&resourcePrefetch == 0:
			c.Return(r)
			return
		case flags&resourcePrefetch != 0:
			c.Return(r)
		}
	}
}

// pciAssignResource models int pci_assign_resource(struct pci_dev *dev, int i): finds room on the device's bus and tells the
// device. EBUSY when there is none.
//
// Context: may sleep.
func pciAssignResource(c *Call) {
	k, dev, i := c.Kernel, c.Arg(0), c.Arg(1)
	r := k.pciRange(dev, i)
	c.Return(0)
	exact := k.assignOnBus(dev, i, r, resourcePrefetch)
	if exact || r.flags&resourcePrefetch != 0 && k.assignOnBus(dev, i, r, 0) {
		return
	}
	lay := &k.lay.Resource // what the search has left there
	k.Printk("<3>PCI: Failed to allocate resource %d(%x-%x) for %s\n", int32(i), k.mem.Get(r.at, lay.Start), k.mem.Get(r.at, lay.End), k.pciSlotName(dev))
	c.Fail(abi.EBUSY)
}

// assignOnBus looks for a gap as long as a range in those of the bus's ranges that agree with it in kind and in the flags
// of mask (pci_assign_bus_resource). A range is aligned to its own length.
func (k *Kernel) assignOnBus(dev, i uint32, want pciRange, mask uint32) bool {
	lay, low := &k.lay.Resource, uint32(pciMinIO)
	if want.flags&resourceIO == 0 {
		low = k.mem.U32(k.symbol("pci_mem_start"))
	}
	size := want.end - want.start + 1
	gap := gapSpec{size: size, low: low, high: 0xffffffff, align: size, alignf: k.symbol("pcibios_align_resource"), data: dev}
	for n := range uint32(pciBusResources) {
		r := k.pciBusRange(dev, n)
		if r == 0 {
			continue
		}
		have := k.mem.Get(r, lay.Flags)
		if (want.flags^have)&(mask|resourceIO|resourceMem) != 0 || have&resourcePrefetch != 0 && want.flags&resourcePrefetch == 0 {
			continue
		}
		if k.findGapBelow(r, want.at, gap) && k.placeResource(r, want.at) == 0 {
			k.updatePCIResource(dev, i, want.at)
			return true
		}
	}
	return false
}

// pcibiosAlignResource models void pcibios_align_resource(void *data, struct resource *res, unsigned long size): ports keep
// clear of what ISA cards that look at ten address lines take for their own.
func pcibiosAlignResource(c *Call) {
	const aliases, window = 0x300, 0x3ff
	k, res, lay := c.Kernel, c.Arg(1), &c.Kernel.lay.Resource
	start := k.mem.Get(res, lay.Start)
	if k.mem.Get(res, lay.Flags)&resourceIO != 0 && start&aliases != 0 {
		k.mem.Set(res, lay.Start, (start+window)&^window)
	}
}

// updatePCIResource writes a resource's address into the device's register (pcibios_update_resource). A ROM is enabled by
// that. A device whose register does not take it is complained about.
func (k *Kernel) updatePCIResource(dev, i, res uint32) {
	const regionFlags = 15
	lay := &k.lay.Resource
	flags := k.mem.Get(res, lay.Flags)
	value, reg := k.mem.Get(res, lay.Start)|flags&regionFlags, pciBar0+i*wordSize
	switch {
	case i < pciResources:
	case i == pciROMResource:
		k.mem.Set(res, lay.Flags, flags|pciROMEnable)
		value |= pciROMEnable
		reg = k.mem.Get(dev, k.drv.lay.PCIDev.RomBaseReg)
	default:
		return // a bridge's window: its own business
	}
	k.writeConfig(dev, reg, 4, value)
	check, mask := k.readConfig(dev, reg, 4), pciMemMask
	if value&pciBarSpaceIO != 0 {
		mask = pciIOMask
	}
	if (value^check)&mask != 0 {
		k.Printk("<3>PCI: Error while updating region %s/%d (%08x != %08x)\n", k.pciSlotName(dev), i, value, check)
	}
}
