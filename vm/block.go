// SPDX-License-Identifier: BSD-3-Clause

// The block cache: decoded straight-line code, keyed by where it lies in
// physical memory and by what its decoding depends on.
//
// A block ends at a control transfer, at an instruction that may change how
// the next one is decoded or fetched, and at the end of a page. Blocks know
// their successors; a link holds while the successor's epoch is the cache's.

package vm

import (
	"unsafe"

	"ring0/vm/x86"
)

const (
	maxBlock    = 64      // instructions of one block
	jumpEntries = 1 << 12 // direct-mapped by EIP
	maxChurn    = 32      // rewritten this often, a page's code is no longer cached
	maxUncached = 4096    // … for so many instructions
)

// block is a run of decoded instructions and a terminator. What its execution
// needs stands in the first record: tag, EIP, and rest, the number of
// instructions.
type block struct {
	recs []inst
	eip  uint32
	mode mode
	stop bool // a breakpoint lies on its first instruction
	// Where its bytes lie: slab offsets. An instruction that crosses a page is
	// a block of its own, with bytes in a second page.
	off, size   uint32
	off2, size2 uint32
	csBase      uint32 // compared when the mode is not flat
	csLimit     uint32
}

func (b *block) first() *inst { return &b.recs[0] }

type blockKey struct {
	off, eip uint32
	mode     mode
}

// codePage lists the blocks with bytes in one page.
type codePage struct {
	blocks   []*block
	churn    uint32 // how often it was rewritten
	uncached uint32 // instructions that ran without the cache since it was too often
}

type blockCache struct {
	epoch  uint32 // changes whenever a linear address may mean another place
	jump   [jumpEntries]*inst
	byKey  map[blockKey]*block
	pages  map[uint32]*codePage // by slab page number
	breaks map[uint32]struct{}  // linear addresses with a breakpoint
	probes map[uint32]func()    // and with a probe
	single block                // for code that is not cached
	gone   []*block             // dropped, and perhaps still running: CPU.last keeps nothing alive
}

func (bc *blockCache) init() {
	bc.epoch = 1
	bc.byKey = make(map[blockKey]*block)
	bc.pages = make(map[uint32]*codePage)
	bc.forget()
}

// forget empties the jump table. Slots are never nil.
func (bc *blockCache) forget() {
	for i := range bc.jump {
		bc.jump[i] = &noBlock
	}
}

// noBlock stands for no block: its tag is one that no CPU has. It is not
// written to.
var noBlock inst

// maxEpoch leaves room in a tag for the mode and tagStop.
const maxEpoch = 1 << 23

// newEpoch makes every link and every jump table entry look again at where
// its code lies now.
func (c *CPU) newEpoch() {
	c.cache.epoch++
	c.setTag()
}

// setTag combines mode and epoch after either changed.
func (c *CPU) setTag() {
	if c.cache.epoch >= maxEpoch {
		c.cache.flush(c.m.phys)
		c.cache.epoch = 1
	}
	c.tag = c.cache.epoch<<8 | uint32(c.mode)
}

func jumpSlot(eip uint32) uint32 { return (eip ^ eip>>12) % jumpEntries }

// tagStop in a block's tag keeps everybody but find from running it: a
// breakpoint lies on its first instruction.
const tagStop = 1 << 31

func (b *block) setTag(c *CPU) {
	r := b.first()
	r.tag = c.tag
	if b.stop {
		r.tag |= tagStop
	}
}

// chained is the first record of the successor that in is linked to, charged
// to the budget; nil when there is none or it may not run now. The generated
// branches do the same in line.
func (c *CPU) chained(in *inst, link uint32) *inst {
	next := in.to[link&1]
	if next.tag != c.tag || c.budget < int64(next.rest) {
		return nil
	}
	c.budget -= int64(next.rest)
	return next
}

// parked is where execution waits, once a handler has left its block, until
// the loop looks. It is not written to.
var parked = inst{fn: func(c *CPU, in *inst) *inst { return in }}

// park leaves the block of in. It makes no write barrier, which would cost
// every handler a stack frame; the block cache keeps the record alive.
func (c *CPU) park(in *inst) *inst {
	c.last = uintptr(unsafe.Pointer(in))
	return &parked
}

// miss leaves in to its full handler.
func (c *CPU) miss(in *inst) *inst {
	c.exit = exitSlow
	c.last = uintptr(unsafe.Pointer(in))
	return &parked
}

// leaver is the record that called park or miss.
func (c *CPU) leaver() *inst { return *(**inst)(unsafe.Pointer(&c.last)) }

// nextRec is the record after r. Every block ends in a terminator, whose
// handler returns false, so there always is one.
func nextRec(r *inst) *inst {
	return (*inst)(unsafe.Add(unsafe.Pointer(r), unsafe.Sizeof(inst{})))
}

// isSingle reports that r is code that is not cached: nothing is linked to it.
func (bc *blockCache) isSingle(r *inst) bool {
	return len(bc.single.recs) > 0 && r == bc.single.first()
}

// find returns the first record of the block at c.eip for c.mode, decoding it
// when needed. It returns nil with c.exit set when the first byte cannot be
// fetched.
func (c *CPU) find() *inst {
	if r := c.cache.jump[jumpSlot(c.eip)]; r.EIP == c.eip && r.tag == c.tag {
		return r
	}
	return c.findSlow()
}

// sameCS compares what a block's code segment was with what it is; flat
// modes have only one.
func (c *CPU) sameCS(b *block) bool {
	cs := &c.seg[x86.CS]
	return b.mode&modeFlat != 0 || b.csBase == cs.base && b.csLimit == cs.limit
}

func (c *CPU) findSlow() *inst {
	la, off, ok := c.fetchStart()
	if !ok {
		return nil
	}
	key := blockKey{off, c.eip, c.mode}
	b := c.cache.byKey[key]
	if b != nil && b.first().tag != 0 && c.sameCS(b) && c.stillMapped(b, la) {
		b.setTag(c)
	} else {
		if b != nil {
			c.cache.drop(c.m.phys, b)
		}
		if b = c.decodeBlock(la, off); b == nil {
			return nil
		}
	}
	if b != &c.cache.single {
		c.cache.jump[jumpSlot(c.eip)] = b.first()
	}
	return b.first()
}

// fetchStart translates CS:EIP. off is noBytes when code is fetched from
// something that has no bytes.
func (c *CPU) fetchStart() (la, off uint32, ok bool) {
	cs := &c.seg[x86.CS]
	if c.mode&modeFlat == 0 && c.eip > cs.limit {
		return 0, 0, c.gp0()
	}
	la = cs.base + c.eip
	off, ok = c.fetchOffset(la)
	return la, off, ok
}

// fetchOffset is the slab offset of the code byte at la.
func (c *CPU) fetchOffset(la uint32) (uint32, bool) {
	pa, ok := c.translate(la, c.dataAccess(accFetch))
	if !ok {
		return 0, false
	}
	off, _ := c.m.phys.offset(pa)
	return off, true
}

// stillMapped checks the second page of a block that has one.
func (c *CPU) stillMapped(b *block, la uint32) bool {
	if b.size2 == 0 {
		return true
	}
	off, ok := c.fetchOffset(la&^pageMask + pageSize)
	if !ok {
		c.exit = exitNone // it faults when it is decoded again
		return false
	}
	return off == b.off2
}

// decodeBlock decodes from la on. It returns nil with a fault pending when
// not even the first instruction can be fetched.
func (c *CPU) decodeBlock(la, off uint32) *block {
	d := blockDecoder{c: c, la: la, off: off, eip: c.eip}
	d.run()
	if d.fault {
		return nil
	}
	b := d.finish()
	if d.uncached {
		c.cache.single = *b
		return &c.cache.single
	}
	c.cache.add(c, b)
	return b
}

// add registers b and marks its lines as code.
func (bc *blockCache) add(c *CPU, b *block) {
	bc.byKey[blockKey{b.off, b.eip, b.mode}] = b
	bc.addPart(c, b, b.off, b.size)
	if b.size2 != 0 {
		bc.addPart(c, b, b.off2, b.size2)
	}
}

func (bc *blockCache) addPart(c *CPU, b *block, off, size uint32) {
	p := bc.pages[off>>pageShift]
	if p == nil {
		p = &codePage{}
		bc.pages[off>>pageShift] = p
	}
	fresh := len(p.blocks) == 0
	p.blocks = append(p.blocks, b)
	markLines(c.m.phys, off, size)
	if fresh {
		c.retagOffset(off)
	}
}

func markLines(p *physMemory, off, size uint32) {
	for l := off >> lineShift; l <= (off+size-1)>>lineShift; l++ {
		p.lines[l] |= lineCode
	}
}

// invalidate forgets the blocks with bytes in [off, off+n). A block that is
// running right now notices at its next record.
func (bc *blockCache) invalidate(p *physMemory, off, n uint32) {
	page := bc.pages[off>>pageShift]
	if page == nil {
		return
	}
	var hit []*block
	for _, b := range page.blocks {
		if overlaps(off, n, b.off, b.size) || overlaps(off, n, b.off2, b.size2) {
			hit = append(hit, b)
		}
	}
	for _, b := range hit {
		bc.drop(p, b)
	}
	if len(hit) > 0 {
		page.churn++
	}
}

func overlaps(a, an, b, bn uint32) bool { return bn != 0 && a < b+bn && b < a+an }

// makeStale keeps b's records from running.
func (b *block) makeStale() {
	b.first().tag = 0
	for i := range b.recs {
		b.recs[i].fn = opStale
	}
}

// drop removes b everywhere and makes its records stale.
func (bc *blockCache) drop(p *physMemory, b *block) {
	b.makeStale()
	bc.gone = append(bc.gone, b)
	key := blockKey{b.off, b.eip, b.mode}
	if bc.byKey[key] == b {
		delete(bc.byKey, key)
	}
	bc.dropPart(p, b, b.off)
	if b.size2 != 0 {
		bc.dropPart(p, b, b.off2)
	}
}

// dropPart takes b off its page's list and works out which lines still hold code.
func (bc *blockCache) dropPart(p *physMemory, b *block, off uint32) {
	page := bc.pages[off>>pageShift]
	if page == nil {
		return
	}
	keep := page.blocks[:0]
	for _, o := range page.blocks {
		if o != b {
			keep = append(keep, o)
		}
	}
	clear(page.blocks[len(keep):])
	page.blocks = keep
	first := off &^ pageMask
	for l := first >> lineShift; l < (first+pageSize)>>lineShift; l++ {
		p.lines[l] &^= lineCode
	}
	for _, o := range keep {
		if o.off>>pageShift == off>>pageShift {
			markLines(p, o.off, o.size)
		}
		if o.size2 != 0 && o.off2>>pageShift == off>>pageShift {
			markLines(p, o.off2, o.size2)
		}
	}
}

// flush forgets every block.
func (bc *blockCache) flush(p *physMemory) {
	for _, page := range bc.pages {
		for _, b := range page.blocks {
			b.makeStale()
			bc.gone = append(bc.gone, b)
		}
	}
	clear(bc.byKey)
	clear(bc.pages)
	bc.forget()
	for i := range p.lines {
		p.lines[i] &^= lineCode
	}
	bc.epoch++
}

// retagOffset renews the TLB tags of the page at slab offset off.
func (c *CPU) retagOffset(off uint32) {
	c.m.phys.eachPhys(off, c.retagPhys)
}
