// SPDX-License-Identifier: BSD-3-Clause

// The software TLB: linear page → place in the host, one array per privilege
// (SDM vol. 3, 4.10 "Caching translation information").

package vm

import "unsafe"

const tlbEntries = 1024

// tlbEntry caches one translation for the fast path. A tag is the linear page
// address when the access may go straight to memory, tagNone otherwise: not
// present, not permitted, not plain memory, or (writes) a page that holds cached
// code or watched bytes and so needs a look first.
type tlbEntry struct {
	rd, wr uint32
	_      [8 - pointerSize]byte
	page   unsafe.Pointer // the page in the host; valid while a tag is
}

// at is the host address of la, which the entry translates.
func (e *tlbEntry) at(la uint32) unsafe.Pointer { return unsafe.Add(e.page, la&pageMask) }

// tlbBeside is for writes to a page that tlbEntry sends to have a look: they may
// go straight to lines that nothing is known of, as data beside code does.
type tlbBeside struct {
	wr    uint32 // tag as in tlbEntry
	_     [12 - pointerSize]byte
	lines *[pageSize / lineSize]uint8
}

// Slots are reached by byte offsets: entry multiplies by slotSize, and second
// adds one distance for all. The structures have this size on 32-bit hosts too.
const (
	slotSize    = 16
	pointerSize = unsafe.Sizeof(uintptr(0))
)

var (
	_ = [1]struct{}{}[unsafe.Sizeof(tlbEntry{})-slotSize]
	_ = [1]struct{}{}[unsafe.Sizeof(tlbBeside{})-slotSize]
)

// beside is where in its page an operand of n bytes at la lies, when it may be
// written although the page holds code or is watched; at least pageSize
// otherwise.
func (e *tlbEntry) beside(la, n uint32) uint32 {
	b := e.second()
	at := la - b.wr
	if at > pageSize-n || b.lines[at>>lineShift]|b.lines[(at+n-1)>>lineShift] != 0 {
		return pageSize
	}
	return at
}

// second is the tlbBeside of the same slot.
func (e *tlbEntry) second() *tlbBeside {
	return (*tlbBeside)(unsafe.Add(unsafe.Pointer(e), unsafe.Offsetof(tlb{}.beside)-unsafe.Offsetof(tlb{}.entry)))
}

// tlbInfo is the rest of the translation.
type tlbInfo struct {
	lin   uint32 // linear page
	phys  uint32 // physical page | flags
	delta uint32 // slab offset - linear address, of a plain page
	used  bool   // the slot stands in tlb.used
}

// tagNone is the tag of slot i for no page: the address of one that has another
// slot, and so has the next.
func tagNone(i uint32) uint32 { return i<<pageShift ^ tlbEntries/2<<pageShift }

// Flags in tlbInfo.phys.
const (
	tlbValid    = 1 << 0
	tlbGlobal   = 1 << 1 // survives a CR3 load (page global bit with CR4.PGE)
	tlbWritable = 1 << 2 // the guest may write, and the page table says dirty
	tlbPlain    = 1 << 3 // bytes in the slab
	tlbLook     = 1 << 4 // some line of the page has a state: writes need a look
)

// tlb is the software TLB of one privilege.
type tlb struct {
	entry  [tlbEntries]tlbEntry
	beside [tlbEntries]tlbBeside
	info   [tlbEntries]tlbInfo
	used   []uint16 // the slots filled since they were last cleared, so that a flush need not look at all
}

func tlbSlot(la uint32) uint32 { return la >> pageShift % tlbEntries }

// entry is where the current privilege's translation of la would be.
func (c *CPU) entry(la uint32) *tlbEntry {
	return (*tlbEntry)(unsafe.Add(unsafe.Pointer(&c.tlb.entry), la/(pageSize/slotSize)%(tlbEntries*slotSize)&^(slotSize-1)))
}

// systemEntry is the same for accesses as the supervisor.
func (c *CPU) systemEntry(la uint32) *tlbEntry { return &c.tlbs[0].entry[tlbSlot(la)] }

// reset empties the whole TLB.
func (t *tlb) reset() {
	for i := range t.entry {
		t.clear(uint32(i))
	}
}

func (t *tlb) clear(i uint32) {
	t.entry[i].rd, t.entry[i].wr, t.beside[i].wr = tagNone(i), tagNone(i), tagNone(i)
	t.info[i].phys = 0
}

// fill is a slot that is about to be filled.
func (t *tlb) fill(i uint32) (*tlbEntry, *tlbInfo) {
	if !t.info[i].used {
		t.info[i].used = true
		t.used = append(t.used, uint16(i))
	}
	return &t.entry[i], &t.info[i]
}

// flush clears the slots whose flags have nothing of spare.
func (t *tlb) flush(spare uint32) {
	keep := t.used[:0]
	for _, slot := range t.used {
		if t.info[slot].phys&spare != 0 {
			keep = append(keep, slot)
			continue
		}
		t.clear(uint32(slot))
		t.info[slot].used = false
	}
	t.used = keep
}

// eachTranslation calls f with every valid entry.
func (c *CPU) eachTranslation(f func(e *tlbEntry, in *tlbInfo)) {
	for i := range c.tlbs {
		t := &c.tlbs[i]
		for _, slot := range t.used {
			if t.info[slot].phys&tlbValid != 0 {
				f(&t.entry[slot], &t.info[slot])
			}
		}
	}
}

// setNone keeps every access off the fast path.
func (e *tlbEntry) setNone(in *tlbInfo) {
	none := tagNone(tlbSlot(in.lin))
	e.rd, e.wr, e.second().wr = none, none, none
}

// setTags derives the tags of a valid entry.
func (c *CPU) setTags(e *tlbEntry, in *tlbInfo) {
	e.setNone(in)
	if in.phys&tlbPlain == 0 {
		return
	}
	e.rd = in.lin
	switch in.phys & (tlbWritable | tlbLook) {
	case tlbWritable:
		e.wr = in.lin
	case tlbWritable | tlbLook:
		b := e.second()
		b.wr = in.lin
		b.lines = (*[pageSize / lineSize]uint8)(c.m.phys.lines[(in.lin+in.delta)>>lineShift:])
	}
}

// flushTLB drops every translation; flushTLBLocal keeps global pages.
func (c *CPU) flushTLB() {
	for i := range c.tlbs {
		c.tlbs[i].flush(0)
	}
	c.known.large = [16]uint64{}
	c.newEpoch()
}

func (c *CPU) flushTLBLocal() {
	for i := range c.tlbs {
		c.tlbs[i].flush(tlbGlobal)
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
		c.tlbs[i].clear(tlbSlot(la))
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
		t := &c.tlbs[i]
		for _, slot := range t.used {
			if t.info[slot].lin>>22 == la>>22 {
				t.clear(uint32(slot))
			}
		}
	}
}

// retagPhys recomputes the tags of every entry that maps the physical page
// pa, after its line states changed.
func (c *CPU) retagPhys(pa uint32) {
	look := c.pageLook(pa)
	c.eachTranslation(func(e *tlbEntry, in *tlbInfo) {
		if in.phys&^pageMask == pa&^pageMask {
			in.phys = in.phys&^tlbLook | look
			c.tagEntry(e, in)
		}
	})
}

// pageLook returns tlbLook if a line of pa's page has a state.
func (c *CPU) pageLook(pa uint32) uint32 {
	off, _ := c.m.phys.offset(pa &^ pageMask)
	if off == noBytes || c.m.phys.lineStates(off, pageSize) == 0 {
		return 0
	}
	return tlbLook
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
	in := &c.tlbs[acc>>1&1].info[tlbSlot(la)]
	if in.phys&tlbValid != 0 && acc&accProbe == 0 && in.lin == la&^pageMask &&
		(acc&accWrite == 0 || in.phys&tlbWritable != 0) {
		return in.phys&^pageMask | la&pageMask, true
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
	e, in := c.tlbs[acc>>1&1].fill(tlbSlot(la))
	in.lin, in.phys = la&^pageMask, page|tlbValid
	if w.global {
		in.phys |= tlbGlobal
	}
	if w.writable {
		in.phys |= tlbWritable
	}
	if w.large {
		c.noteLarge(la)
	}
	off, plainWrite := c.m.phys.offset(page)
	if off == noBytes {
		c.setTags(e, in)
		return
	}
	in.phys |= tlbPlain
	in.delta = off - in.lin
	e.page = c.at(off)
	in.phys |= c.pageLook(page)
	if !plainWrite {
		in.phys &^= tlbWritable // ROM
	}
	c.tagEntry(e, in)
}

// at is the host address of slab offset off.
func (c *CPU) at(off uint32) unsafe.Pointer { return unsafe.Add(c.mem, uintptr(off)) }
