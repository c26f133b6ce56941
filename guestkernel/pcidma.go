// SPDX-License-Identifier: BSD-3-Clause
// Memory that a PCI device and the processor share (2.4.18 arch/i386/kernel/pci-dma.c).

package guestkernel

import "ring0/guestkernel/abi"

func pciDMAFunctions() []Function {
	return []Function{
		{Name: "pci_alloc_consistent", Fn: pciAllocConsistent, Level: Full},
		{Name: "pci_free_consistent", Fn: pciFreeConsistent, Level: Full},
	}
}

// pagesOrder is get_order: the smallest block of 2^order pages that holds size bytes.
func pagesOrder(size uint32) (order uint32) {
	for pages := (size - 1) >> abi.PageShift; pages != 0; pages >>= 1 {
		order++
	}
	return order
}

// pciAllocConsistent models
//
//	void *pci_alloc_consistent(struct pci_dev *hwdev, size_t size, dma_addr_t *dma_handle)
//
// Returns zeroed pages, and in dma_handle their physical address; 0 without memory. For no device, or one that cannot reach
// all of memory, they lie below 16 MB.
//
// Context: any.
func pciAllocConsistent(c *Call) { c.Return(c.Kernel.allocConsistent(c.Arg(0), c.Arg(1), c.Arg(2))) }

func (k *Kernel) allocConsistent(dev, size, handle uint32) uint32 {
	gfp := k.pages.gfp.atomic
	if dev == 0 || k.mem.U32(dev+k.drv.lay.PCIDev.DMAMask.Off) != ^uint32(0) {
		gfp |= k.pages.gfp.dma
	}
	addr := k.GetFreePages(gfp, pagesOrder(size))
	if addr != 0 {
		k.mem.Fill(addr, size, 0)
		k.mem.SetU32(handle, physical(addr))
	}
	return addr
}

// pciFreeConsistent models
//
//	void pci_free_consistent(struct pci_dev *hwdev, size_t size, void *vaddr, dma_addr_t dma_handle)
func pciFreeConsistent(c *Call) {
	c.Kernel.FreePages(c.Arg(2), pagesOrder(c.Arg(1)))
}
