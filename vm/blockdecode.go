// SPDX-License-Identifier: BSD-3-Clause

// Filling a block: fetch, decode, choose handlers.

package vm

import "ring0/vm/x86"

// blockDecoder walks code from one address on.
type blockDecoder struct {
	c        *CPU
	la, off  uint32 // next byte: linear, slab offset
	eip      uint32
	recs     []inst
	n        int64
	start    uint32
	size     uint32
	off2     uint32 // second page of an instruction that crosses
	size2    uint32
	fault    bool
	uncached bool
	lookup   bool // the successor may run in another mode: look it up
}

// run decodes until the block ends. Afterwards fault means that nothing was
// decoded and an exception is pending.
func (d *blockDecoder) run() {
	c := d.c
	d.start = d.off
	d.uncached = d.off == noBytes || c.cache.churned(d.off)
	for d.n < maxBlock {
		if d.n > 0 && d.breakHere() {
			return
		}
		var in x86.Inst
		status := d.fetch(&in)
		if status == fetchLater || status == fetchFault {
			d.fault = d.n == 0
			return
		}
		d.append(&in, status == fetchCrossed)
		if in.Flags&x86.EndBlock != 0 || status == fetchCrossed || d.uncached ||
			c.mode&modeSingle != 0 || d.off&pageMask == 0 {
			return
		}
	}
}

// churned reports code that is rewritten so often that caching it is waste.
// Every so often its page gets another chance: what is there now may stay.
func (bc *blockCache) churned(off uint32) bool {
	p := bc.pages[off>>pageShift]
	if p == nil || p.churn <= maxChurn {
		return false
	}
	p.uncached++
	if p.uncached < maxUncached {
		return true
	}
	p.churn, p.uncached = 0, 0
	return false
}

func (d *blockDecoder) breakHere() bool {
	return d.c.cache.stopsAt(d.la)
}

type fetchStatus uint8

const (
	fetchOK      fetchStatus = iota
	fetchCrossed             // decoded, with bytes in two pages
	fetchLater               // crosses a page and is not the block's first: give it a block of its own
	fetchFault               // exception pending
)

// fetch decodes the instruction at d.la.
func (d *blockDecoder) fetch(in *x86.Inst) fetchStatus {
	c := d.c
	avail := min(pageSize-d.la&pageMask, 15)
	limit := d.segRoom()
	var buf [15]byte
	code := c.codeBytes(buf[:min(avail, limit)], d.off)
	switch x86.Decode(code, d.eip, c.decodeMode(), in) {
	case x86.OK:
		return fetchOK
	case x86.TooLong:
		return d.faultHere(func() { c.gp0() })
	}
	if limit <= avail {
		return d.faultHere(func() { c.gp0() }) // runs past the segment limit
	}
	if d.n > 0 {
		return fetchLater
	}
	return d.fetchCross(in, code, limit)
}

// faultHere is an exception on fetching: at once when the instruction is the
// block's first, otherwise when execution gets there.
func (d *blockDecoder) faultHere(raise func()) fetchStatus {
	if d.n > 0 {
		return fetchLater
	}
	raise()
	return fetchFault
}

// segRoom is the number of code bytes up to the segment limit, at most 15.
func (d *blockDecoder) segRoom() uint32 {
	if d.c.mode&modeFlat != 0 {
		return 15
	}
	return uint32(min(uint64(d.c.seg[x86.CS].limit)-uint64(d.eip)+1, 15))
}

// fetchCross decodes an instruction whose bytes go on in the next page.
func (d *blockDecoder) fetchCross(in *x86.Inst, head []byte, limit uint32) fetchStatus {
	c := d.c
	off2, ok := c.fetchOffset(d.la&^pageMask + pageSize)
	if !ok {
		return fetchFault
	}
	var buf [15]byte
	n := copy(buf[:], head)
	n2 := copy(buf[n:limit], c.codeBytes(buf[n:limit], off2))
	switch x86.Decode(buf[:n+n2], d.eip, c.decodeMode(), in) {
	case x86.OK:
	default: // too long, or past the segment limit
		c.gp0()
		return fetchFault
	}
	d.off2, d.size2 = off2, uint32(in.Len)-uint32(n)
	d.uncached = d.uncached || off2 == noBytes
	return fetchCrossed
}

// codeBytes fills buf with the code at slab offset off.
func (c *CPU) codeBytes(buf []byte, off uint32) []byte {
	if off == noBytes {
		for i := range buf {
			buf[i] = 0xff
		}
		return buf
	}
	return c.m.phys.slab[off : off+uint32(len(buf))]
}

func (c *CPU) decodeMode() x86.Mode {
	if c.mode&modeCode32 != 0 {
		return x86.Code32
	}
	return 0
}

// append adds in as a record.
func (d *blockDecoder) append(in *x86.Inst, crossed bool) {
	r := inst{Inst: *in, n: 1}
	if !d.c.model.Has(in) {
		r.Op = x86.Invalid
	}
	if d.c.mode&modeFlat == 0 || in.Flags&x86.Addr16 != 0 || !alwaysFlat[in.Seg&7] {
		r.slow = 1
	}
	r.place()
	r.fn, r.full = handlersFor(&r)
	if d.c.mode&modeSingle == 0 && len(d.recs) > 0 && fuse(&d.recs[len(d.recs)-1], &r) {
		d.n++
	} else {
		d.recs = append(d.recs, r)
		d.n++
	}
	n := uint32(in.Len)
	if crossed {
		d.size = n - d.size2
	} else {
		d.size += n
	}
	d.la += n
	d.off += n
	d.eip += n
	d.lookup = in.Flags&x86.EndBlock != 0
}

// alwaysFlat are the segments that a flat mode vouches for. CS is not one:
// it cannot be written, and perhaps not read.
var alwaysFlat = [8]bool{x86.ES: true, x86.SS: true, x86.DS: true}

// place turns register numbers into byte offsets in CPU.gpr.
func (r *inst) place() {
	r.d, r.s = r.Dst&15*4, r.Src&15*4
	if r.Size == 1 {
		r.d = byteReg(r.Dst)
	}
	if r.Size == 1 || r.Op == x86.MOVZX8 || r.Op == x86.MOVSX8 {
		r.s = byteReg(r.Src)
	}
	r.b, r.x = r.Base&15*4, r.Index&15*4
}

// byteReg is the byte offset of AL CL DL BL AH CH DH BH.
func byteReg(r uint8) uint8 { return r&3*4 + r>>2&1 }

// dropDeadFlags switches records whose flags nobody can see to handlers that
// make none. Flags are dead when a later record of the block writes all of
// them before anything reads them, faults, leaves the block, or lets someone
// look: so only records that work on registers alone may stand between.
func (d *blockDecoder) dropDeadFlags() {
	dead := false
	for i := len(d.recs) - 1; i >= 0; i-- {
		r := &d.recs[i]
		if !registersOnly(r) {
			dead = false
			continue
		}
		if dead {
			if h := deadHandler(r); h != nil && !(shiftsByImmediate[r.Op] && r.Imm&countMask == 0) {
				r.fn = h
			}
		}
		switch {
		case r.Flags&x86.FlagsIn != 0 || r.n != 1:
			dead = false
		case r.Flags&x86.FlagsOut != 0:
			dead = true
		}
	}
}

// registersOnly reports a record that can neither fault nor leave the block.
func registersOnly(r *inst) bool {
	if r.Flags&(x86.EndBlock|x86.MemRead|x86.MemWrite) != 0 {
		return false
	}
	switch r.Op {
	case x86.ADD, x86.OR, x86.ADC, x86.SBB, x86.AND, x86.SUB, x86.XOR, x86.CMP, x86.TEST,
		x86.INC, x86.DEC, x86.NOT, x86.NEG, x86.IMUL,
		x86.SHL, x86.SHR, x86.SAR, x86.ROL, x86.ROR,
		x86.SHLCL, x86.SHRCL, x86.SARCL, x86.ROLCL, x86.RORCL,
		x86.MOV, x86.MOVZX8, x86.MOVZX16, x86.MOVSX8, x86.MOVSX16, x86.LEA, x86.XCHG, x86.BSWAP, x86.NOP:
		return true
	}
	return false
}

// finish makes the block. The terminator goes on at the next instruction.
func (d *blockDecoder) finish() *block {
	d.dropDeadFlags()
	pairRecords(d.recs)
	term := inst{fn: opNextBlock}
	if d.lookup {
		term.fn = opNextLookup
	}
	term.EIP = d.eip
	d.recs = append(d.recs, term)
	rest := uint8(0)
	for i := len(d.recs) - 1; i >= 0; i-- {
		r := &d.recs[i]
		rest += r.n
		r.rest = rest
		r.to = [2]*inst{&noBlock, &noBlock}
	}
	cs := &d.c.seg[x86.CS]
	first := d.recs[0].EIP
	b := &block{
		recs: d.recs, eip: first, mode: d.c.mode,
		off: d.start, size: d.size, off2: d.off2, size2: d.size2,
		csBase: cs.base, csLimit: cs.limit,
	}
	b.stop = d.c.cache.stopsAt(cs.base + first)
	b.setTag(d.c)
	return b
}

// opNextBlock ends a block that was cut: execution goes on at EIP.
func opNextBlock(c *CPU, in *inst) *inst {
	if n := c.chained(in, linkNext); n != nil {
		return n
	}
	c.eip, c.link = in.EIP, linkNext
	return c.park(in)
}

// opNextLookup ends a block after an instruction that may have changed mode,
// mapping or interruptibility.
func opNextLookup(c *CPU, in *inst) *inst {
	c.eip, c.link = in.EIP, linkLookup
	return c.park(in)
}

// opStale replaces the handlers of a block whose bytes were overwritten.
func opStale(c *CPU, in *inst) *inst {
	c.eip, c.exit = in.EIP, exitStale
	return c.park(in)
}

// runFull is the fast handler of an instruction that has none.
func runFull(c *CPU, in *inst) *inst {
	if in.full(c, in) {
		return nextRec(in)
	}
	return c.park(in)
}
