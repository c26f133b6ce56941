// SPDX-License-Identifier: BSD-3-Clause

// Page tables (SDM vol. 3, chapter 4 "Paging"): 4 KB and 4 MB pages of
// 32-bit paging, with accessed, dirty, user, writable and global bits.

package vm

// Page-table entry bits.
const (
	pteP   = 1 << 0
	pteW   = 1 << 1
	pteU   = 1 << 2
	pteA   = 1 << 5
	pteD   = 1 << 6
	ptePS  = 1 << 7
	pteG   = 1 << 8
	pse4MB = 1<<22 - 1
)

// Page-fault error code bits.
const (
	pfPresent = 1 << 0 // protection violation, not a missing page
	pfWrite   = 1 << 1
	pfUser    = 1 << 2
	pfRsvd    = 1 << 3
)

// walkResult is the outcome of a page walk.
type walkResult struct {
	pa       uint32
	writable bool // a write needs no further walk: permitted, and the dirty bit is set
	large    bool // part of a page of 2 or 4 MB
	global   bool
	fault    bool
	err      uint32 // page-fault error code
}

// walk translates la through the tables at CR3, setting accessed and dirty
// bits as the access asks (not with accProbe).
func (c *CPU) walk(la uint32, acc access) walkResult {
	if c.cr0&CR0PG == 0 {
		return walkResult{pa: la, writable: true}
	}
	if c.cr4&CR4PAE != 0 {
		return c.walkPAE(la, acc)
	}
	pdeAt := c.cr3&^pageMask | la>>22<<2
	pde := c.m.phys.read(pdeAt, 4)
	if pde&pteP == 0 {
		return pageFault(acc, 0)
	}
	if pde&ptePS != 0 && c.cr4&CR4PSE != 0 {
		return c.walk4MB(la, pdeAt, pde, acc)
	}
	pteAt := pde&^pageMask | la>>12&0x3ff<<2
	pte := c.m.phys.read(pteAt, 4)
	if pte&pteP == 0 {
		return pageFault(acc, 0)
	}
	both := pte & (pde | ^uint32(pteW|pteU))
	if !c.permits(both, acc) {
		return pageFault(acc, pfPresent)
	}
	c.markUsed(pdeAt, pde, acc, false)
	pte = c.markUsed(pteAt, pte, acc, true)
	return c.mapped(pte&^pageMask|la&pageMask, both&pteW|pte&^pteW, acc)
}

// walk4MB ends the walk at a page-directory entry that maps 4 MB. With PSE-36
// its bits 13–16 are bits 32–35 of the physical address, where this machine
// has nothing; the rest up to bit 21 is reserved. Without, all of it is.
func (c *CPU) walk4MB(la, pdeAt, pde uint32, acc access) walkResult {
	reserved, high := uint32(0x3ff000), uint32(0)
	if c.model.has(featPSE36) {
		reserved, high = 0x3e0000, 0x1e000
	}
	if c.model.has(featPAT) {
		reserved &^= 1 << 12
	}
	if pde&reserved != 0 {
		return pageFault(acc, pfPresent|pfRsvd)
	}
	if !c.permits(pde, acc) {
		return pageFault(acc, pfPresent)
	}
	pde = c.markUsed(pdeAt, pde, acc, true)
	pa := pde&^pse4MB | la&pse4MB
	if pde&high != 0 {
		pa = physNowhere | la&pageMask
	}
	w := c.mapped(pa, pde, acc)
	w.large = true
	return w
}

// permits checks U/S and R/W of the combined entry: user code needs both;
// the supervisor may write read-only pages while CR0.WP is clear.
func (c *CPU) permits(e uint32, acc access) bool {
	user, write := acc&accUser != 0, acc&accWrite != 0
	switch {
	case user && e&pteU == 0:
		return false
	case write && e&pteW == 0:
		return !user && c.cr0&CR0WP == 0
	}
	return true
}

// markUsed sets the accessed bit, and the dirty bit of a leaf that is written.
func (c *CPU) markUsed(at, e uint32, acc access, leaf bool) uint32 {
	want := e | pteA
	if leaf && acc&accWrite != 0 {
		want |= pteD
	}
	if want != e && acc&accProbe == 0 {
		c.m.writePhys(at, 4, want)
	}
	return want
}

// mapped is a successful walk that ended at leaf entry e.
func (c *CPU) mapped(pa, e uint32, acc access) walkResult {
	return walkResult{
		pa:       pa,
		writable: e&pteD != 0 && c.permits(e, acc|accWrite),
		global:   e&pteG != 0 && c.cr4&CR4PGE != 0,
	}
}

func pageFault(acc access, code uint32) walkResult {
	if acc&accWrite != 0 {
		code |= pfWrite
	}
	if acc&accUser != 0 {
		code |= pfUser
	}
	return walkResult{fault: true, err: code}
}
