// SPDX-License-Identifier: BSD-3-Clause

// Paging with physical address extension (SDM vol. 3, 4.4 "PAE paging"):
// 4 KB and 2 MB pages, 36-bit physical addresses.
//
// This machine has nothing above 4 GB. Tables said to lie there read as all
// ones, so that using them is a reserved-bit page fault; pages there read as
// all ones and lose what is written.

package vm

const (
	paePhysBits = 36
	paeRsvd     = ^uint64(1<<paePhysBits - 1) // in every entry
	pdpteRsvd   = paeRsvd | 0x1e6             // bits 1, 2, 5–8
	pae2MB      = 1<<21 - 1
	paeAddr     = uint64(1<<paePhysBits-1) &^ pageMask
)

// physNowhere is a physical page that never has anything behind it: RAM ends
// below. It stands for every page above 4 GB.
const physNowhere = 0xc0000000

// readPDPTEs reads the page-directory-pointer table that cr3 names, when PAE
// paging is selected. On false some present entry has a reserved bit set.
func (c *CPU) readPDPTEs(cr3 uint32) (p [4]uint64, ok bool) {
	if c.cr4&CR4PAE == 0 {
		return p, true
	}
	return c.pdptesAt(cr3)
}

func (c *CPU) pdptesAt(cr3 uint32) (p [4]uint64, ok bool) {
	for i := range p {
		p[i] = c.readEntry64(uint64(cr3&^31) + uint64(i)*8)
		if p[i]&pteP != 0 && p[i]&pdpteRsvd != 0 {
			return p, false
		}
	}
	return p, true
}

// readEntry64 reads a paging-structure entry anywhere in 36 bits.
func (c *CPU) readEntry64(pa uint64) uint64 {
	if pa>>32 != 0 {
		return ^uint64(0)
	}
	return uint64(c.m.phys.read(uint32(pa), 4)) | uint64(c.m.phys.read(uint32(pa)+4, 4))<<32
}

// walkPAE is walk for PAE paging. The four top-level entries were read when
// CR3 was loaded.
func (c *CPU) walkPAE(la uint32, acc access) walkResult {
	pdpte := c.sys.pdpte[la>>30]
	if pdpte&pteP == 0 {
		return pageFault(acc, 0)
	}
	pdeAt := pdpte&paeAddr | uint64(la>>21&0x1ff*8)
	pde := c.readEntry64(pdeAt)
	if pde&pteP == 0 {
		return pageFault(acc, 0)
	}
	large := pde&ptePS != 0
	// Bits above the physical address, and bits 13–20 of a 2 MB page's entry,
	// are reserved.
	if pde&paeRsvd != 0 || large && pde&(pae2MB&^(1<<13-1)) != 0 {
		return pageFault(acc, pfPresent|pfRsvd)
	}
	if large {
		if !c.permits(uint32(pde), acc) {
			return pageFault(acc, pfPresent)
		}
		low := c.markUsed(uint32(pdeAt), uint32(pde), acc, true)
		w := c.mapped(paePage(pde, pae2MB, la), low, acc)
		w.large = true
		return w
	}
	pteAt := pde&paeAddr | uint64(la>>12&0x1ff*8)
	pte := c.readEntry64(pteAt)
	if pte&pteP == 0 {
		return pageFault(acc, 0)
	}
	if pte&paeRsvd != 0 {
		return pageFault(acc, pfPresent|pfRsvd)
	}
	both := uint32(pte) & (uint32(pde) | ^uint32(pteW|pteU))
	if !c.permits(both, acc) {
		return pageFault(acc, pfPresent)
	}
	c.markUsed(uint32(pdeAt), uint32(pde), acc, false)
	low := c.markUsed(uint32(pteAt), uint32(pte), acc, true)
	return c.mapped(paePage(pte, pageMask, la), both&pteW|low&^pteW, acc)
}

// paePage is the physical address of la in the page whose entry is e and
// whose offset mask is mask.
func paePage(e uint64, mask, la uint32) uint32 {
	if e&paeAddr>>32 != 0 {
		return physNowhere | la&pageMask
	}
	return uint32(e)&^(mask|pageMask) | la&mask
}
