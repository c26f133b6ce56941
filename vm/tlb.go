// SPDX-License-Identifier: BSD-3-Clause

// The software TLB: linear page → place in the host, one array per privilege
// (SDM vol. 3, 4.10 "Caching translation information").

package vm

import "unsafe"

const tlbEntries = 1024

// tlbEntry caches one translation. A tag is the linear page address when the
// access may go straight to memory, tagNone otherwise: not present, not
// permitted, not plain memory, or (writes) a page that holds cached code or
// watched bytes and so needs a look first.
type tlbEntry struct {
	rd, wr uint32
	delta  uint32 // slab offset - linear address
	phys   uint32 // physical page | entry flags
}

// tagNone is no page's address, whatever inst.slow is or-ed in.
const tagNone = 1<<1 | 1<<2

// Flags in tlbEntry.phys.
const (
	tlbValid    = 1 << 0
	tlbGlobal   = 1 << 1 // survives a CR3 load (page global bit with CR4.PGE)
	tlbWritable = 1 << 2 // the guest may write, and the page table says dirty
	tlbPlain    = 1 << 3 // bytes in the slab
	tlbLook     = 1 << 4 // some line of the page is code or watched
	tlbReadLook = 1 << 5 // some line of the page is watched: reads need a look too
)

func (e *tlbEntry) clear() { *e = tlbEntry{rd: tagNone, wr: tagNone} }

// setTags derives the tags of a valid entry for linear page lp.
func (e *tlbEntry) setTags(lp uint32) {
	e.rd, e.wr = tagNone, tagNone
	if e.phys&tlbPlain == 0 {
		return
	}
	if e.phys&tlbReadLook == 0 {
		e.rd = lp
	}
	if e.phys&(tlbWritable|tlbLook) == tlbWritable {
		e.wr = lp
	}
}

// flushTLB drops every translation; flushTLBLocal keeps global pages.
func (c *CPU) flushTLB() {
	for i := range c.tlbs {
		for j := range c.tlbs[i] {
			c.tlbs[i][j].clear()
		}
	}
	c.known.large = [16]uint64{}
	c.newEpoch()
}

func (c *CPU) flushTLBLocal() {
	for i := range c.tlbs {
		for j := range c.tlbs[i] {
			if e := &c.tlbs[i][j]; e.phys&tlbGlobal == 0 {
				e.clear()
			}
		}
	}
	c.newEpoch()
}

// flushPage drops the translations of one linear address (INVLPG). An entry
// holds 4 KB of a large page; all parts of that go together.
func (c *CPU) flushPage(la uint32) {
	if c.mayBeLarge(la) {
		c.flushRegion(la)
	}
	for i := range c.tlbs {
		c.tlbs[i][la>>pageShift%tlbEntries].clear()
	}
	c.newEpoch()
}

// The TLB splits large pages, so INVLPG must know where there may be some:
// one bit for each 4 MB of linear addresses.

func (c *CPU) noteLarge(la uint32) { c.known.large[la>>28] |= 1 << (la >> 22 & 63) }

func (c *CPU) mayBeLarge(la uint32) bool { return c.known.large[la>>28]>>(la>>22&63)&1 != 0 }

// flushRegion drops the translations of the 4 MB around la.
func (c *CPU) flushRegion(la uint32) {
	for i := range c.tlbs {
		for j := range c.tlbs[i] {
			if c.tlbLin[i][j]>>22 == la>>22 {
				c.tlbs[i][j].clear()
			}
		}
	}
}

// retagPhys recomputes the tags of every entry that maps the physical page
// pa, after its line states changed.
func (c *CPU) retagPhys(pa uint32) {
	look, read := c.pageLooks(pa)
	for i := range c.tlbs {
		for j := range c.tlbs[i] {
			e := &c.tlbs[i][j]
			if e.phys&tlbValid == 0 || e.phys&^pageMask != pa&^pageMask {
				continue
			}
			e.phys &^= tlbLook | tlbReadLook
			e.phys |= look | read
			c.tagEntry(e, c.tlbLin[i][j])
		}
	}
}

// pageLooks returns tlbLook and tlbReadLook as the line states of pa's page ask.
func (c *CPU) pageLooks(pa uint32) (look, read uint32) {
	off, _ := c.m.phys.offset(pa &^ pageMask)
	if off == noBytes {
		return 0, 0
	}
	s := c.m.phys.lineStates(off, pageSize)
	if s != 0 {
		look = tlbLook
	}
	if s&lineWatched != 0 {
		read = tlbReadLook
	}
	return look, read
}

// An access is what a translation is asked for.
type access uint8

const (
	accWrite access = 1 << iota // else read
	accUser                     // at CPL 3; system structures are always read as supervisor
	accFetch                    // instruction fetch
	accProbe                    // a debugger's look: no fault raised, no A/D bit set, no entry filled
)

// dataAccess is the access of an ordinary data operand at the current CPL.
func (c *CPU) dataAccess(write access) access {
	if c.cpl == 3 {
		return write | accUser
	}
	return write
}

// translate returns the physical address of la. On false the page fault has
// been raised (CR2 set), unless acc has accProbe.
func (c *CPU) translate(la uint32, acc access) (pa uint32, ok bool) {
	e := &c.tlbs[acc>>1&1][la>>pageShift%tlbEntries]
	if e.phys&tlbValid != 0 && acc&accProbe == 0 && c.tlbLin[acc>>1&1][la>>pageShift%tlbEntries] == la&^pageMask &&
		(acc&accWrite == 0 || e.phys&tlbWritable != 0) {
		return e.phys&^pageMask | la&pageMask, true
	}
	return c.translateSlow(la, acc)
}

// translateSlow walks the page tables and fills the TLB.
func (c *CPU) translateSlow(la uint32, acc access) (pa uint32, ok bool) {
	w := c.walk(la, acc)
	if w.fault {
		if acc&accProbe == 0 {
			c.cr2 = la
			c.raiseErr(VecPF, w.err)
		}
		return 0, false
	}
	pa = w.pa & c.m.phys.a20
	if acc&accProbe == 0 {
		c.fillTLB(la, pa, w, acc)
	}
	return pa, true
}

// fillTLB enters the translation la → pa.
func (c *CPU) fillTLB(la, pa uint32, w walkResult, acc access) {
	page := pa &^ pageMask
	e := &c.tlbs[acc>>1&1][la>>pageShift%tlbEntries]
	c.tlbLin[acc>>1&1][la>>pageShift%tlbEntries] = la &^ pageMask
	e.phys = page | tlbValid
	if w.global {
		e.phys |= tlbGlobal
	}
	if w.writable {
		e.phys |= tlbWritable
	}
	if w.large {
		c.noteLarge(la)
	}
	off, plainWrite := c.m.phys.offset(page)
	if off == noBytes {
		e.setTags(0)
		return
	}
	e.phys |= tlbPlain
	e.delta = off - la&^pageMask
	look, read := c.pageLooks(page)
	e.phys |= look | read
	if !plainWrite {
		e.phys &^= tlbWritable // ROM
	}
	c.tagEntry(e, la&^pageMask)
}

// at is the host address of slab offset off.
func (c *CPU) at(off uint32) unsafe.Pointer { return unsafe.Add(c.mem, uintptr(off)) }
