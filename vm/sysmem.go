// SPDX-License-Identifier: BSD-3-Clause

// Memory accesses of interrupts, far transfers and task switches: system
// tables, and stack frames that are written or read as a whole.

package vm

import (
	"unsafe"

	"ring0/vm/x86"
)

// readSys64 reads 8 bytes of a system table as the supervisor.
func (c *CPU) readSys64(la uint32) (uint64, bool) {
	e := c.systemEntry(la)
	if e.rd == (la+7)&^pageMask {
		return *(*uint64)(e.at(la)), true
	}
	return c.readSys(la, 8)
}

// push16 is PUSH of two bytes that moves the stack pointer by size.
func (c *CPU) push16(size uint8, v uint16) bool {
	sp := c.gpr[x86.ESP] - uint32(size)
	e := c.entry(sp)
	if c.mode&modeFlat != 0 && e.wr == (sp+1)&^pageMask {
		*(*uint16)(e.at(sp)) = v
		c.gpr[x86.ESP] = sp
		return true
	}
	if !c.writeSeg(x86.SS, sp&c.stackMask(), 2, uint64(v)) {
		return false
	}
	c.setSP(sp)
	return true
}

// peek16 reads the two bytes on top of the stack.
func (c *CPU) peek16() (uint16, bool) {
	sp := c.gpr[x86.ESP]
	e := c.entry(sp)
	if c.mode&modeFlat != 0 && e.rd == (sp+1)&^pageMask {
		return *(*uint16)(e.at(sp)), true
	}
	v, ok := c.peek(2, 0)
	return uint16(v), ok
}

// maxFrame is the longest frame: a call gate with 31 parameters.
const maxFrame = 31 + 4

// stackTop is a stack that a frame goes on: the current one or the one of an
// inner ring that is about to be entered.
type stackTop struct {
	seg  segment
	sp   uint32
	err  uint32 // error code of #SS when there is no room
	cpl  uint8  // privilege of the accesses
	real bool   // a stack of real or virtual-8086 mode: the limit alone counts
}

func (t *stackTop) mask() uint32 {
	if t.seg.attr&attrDB != 0 {
		return 0xffffffff
	}
	return 0xffff
}

// currentStack is where PUSH would go on.
func (c *CPU) currentStack(t *stackTop) {
	t.seg.copySegment(&c.seg[x86.SS])
	t.sp, t.cpl, t.err, t.real = c.gpr[x86.ESP], c.cpl, c.sys.ext, c.realMode()
}

// access is what a translation for this stack asks for.
func (t *stackTop) access(write access) access {
	if t.cpl == 3 {
		return write | accUser
	}
	return write
}

// pushAll pushes vals, the first one first, each size bytes wide. All of
// them are stored, or a fault is raised and none is. t.sp is the new top.
func (c *CPU) pushAll(t *stackTop, size uint8, vals []uint32) bool {
	n := uint32(len(vals)) * uint32(size)
	mask := t.mask()
	off := (t.sp - n) & mask
	la := t.seg.base + off
	e := &c.tlbs[t.cpl>>1&t.cpl&1].entry[tlbSlot(la)]
	if off > mask-(n-1) || e.wr != la&^pageMask || la&pageMask > pageSize-n ||
		!t.holds(off, n) || c.alignChecked(t.cpl) {
		return c.pushSlow(t, size, vals)
	}
	at := la + n
	for _, v := range vals {
		at -= uint32(size)
		if size == 4 {
			*(*uint32)(e.at(at)) = v
		} else {
			*(*uint16)(e.at(at)) = uint16(v)
		}
	}
	t.sp = t.sp&^mask | off
	return true
}

// holds checks type and limit of a stack segment.
func (t *stackTop) holds(off, n uint32) bool {
	s := &t.seg
	if t.real {
		return off <= s.limit && s.limit-off >= n-1
	}
	return !s.null() && segAllows(s, accWrite) && segLimitOK(s, off, n)
}

// alignChecked reports that accesses at cpl are subject to #AC.
func (c *CPU) alignChecked(cpl uint8) bool {
	return cpl == 3 && c.cr0&CR0AM != 0 && c.flags&FlagAC != 0
}

// pushSlow is pushAll for frames that cross a page, wrap around the end of a
// 16-bit stack, lie in watched memory, or do not fit at all.
func (c *CPU) pushSlow(t *stackTop, size uint8, vals []uint32) bool {
	mask := t.mask()
	sp := t.sp
	for range vals {
		sp -= uint32(size)
		if !t.holds(sp&mask, uint32(size)) {
			return c.raiseErr(VecSS, t.err)
		}
	}
	var refs [maxFrame]rmwRef
	sp = t.sp
	for i := range vals {
		sp -= uint32(size)
		la := t.seg.base + sp&mask
		if c.alignChecked(t.cpl) && la&uint32(size-1) != 0 {
			return c.zeroFault(VecAC)
		}
		var ok bool
		if refs[i], ok = c.resolve(la, size, t.access(accWrite)); !ok {
			return false
		}
	}
	for i, v := range vals {
		t.sp = t.sp&^mask | (t.sp-uint32(size))&mask
		c.store(refs[i], size, uint64(v))
		c.m.watchHit(t.seg.base+t.sp&mask, size, uint64(v)&uint64(sizeMask(size)), accWrite)
	}
	return true
}

// peekAll reads len(out) words of size bytes from the current stack, from
// depth bytes above its top.
func (c *CPU) peekAll(size uint8, depth uint32, out []uint32) bool {
	n := uint32(len(out)) * uint32(size)
	p := c.stackWords(depth, n)
	if size != 4 || p == nil {
		return c.peekSlow(size, depth, out)
	}
	for i := range out {
		out[i] = *(*uint32)(unsafe.Add(p, 4*i))
	}
	return true
}

// stackWords is where n bytes of the current stack lie, from depth bytes
// above its top, when they can be read without any more ado; nil otherwise.
func (c *CPU) stackWords(depth, n uint32) unsafe.Pointer {
	off := c.gpr[x86.ESP] + depth
	e := c.entry(off)
	if c.mode&modeFlat == 0 || e.rd != off&^pageMask || off&pageMask > pageSize-n {
		return nil
	}
	return e.at(off)
}

// peekSlow is peekAll word by word. Like the processor it checks that the
// stack holds all of them before it touches the first.
func (c *CPU) peekSlow(size uint8, depth uint32, out []uint32) bool {
	for i := range out {
		off := (c.gpr[x86.ESP] + depth + uint32(i)*uint32(size)) & c.stackMask()
		if _, ok := c.linear(x86.SS, off, uint32(size), 0); !ok {
			return false
		}
	}
	for i := range out {
		v, ok := c.peek(size, depth+uint32(i)*uint32(size))
		if !ok {
			return false
		}
		out[i] = v
	}
	return true
}

// readAligned reads size bytes (1–8) whose alignment #AC checks as align
// bytes: far pointers and pseudo-descriptors.
func (c *CPU) readAligned(seg uint8, off uint32, size, align uint8) (uint64, bool) {
	la, ok := c.linear(seg, off, uint32(size), 0)
	if !ok || !c.checkAlign(la, uint32(align)) {
		return 0, false
	}
	r, ok := c.resolve(la, size, c.dataAccess(0))
	if !ok || c.mustStep(la, uint32(size), 0) {
		return 0, false
	}
	v := c.load(r, size)
	c.m.watchHit(la, size, v, 0)
	return v, true
}

// writeAligned is readAligned's counterpart.
func (c *CPU) writeAligned(seg uint8, off uint32, size, align uint8, v uint64) bool {
	la, ok := c.linear(seg, off, uint32(size), accWrite)
	if !ok || !c.checkAlign(la, uint32(align)) {
		return false
	}
	r, ok := c.resolve(la, size, c.dataAccess(accWrite))
	if !ok || c.mustStep(la, uint32(size), accWrite) {
		return false
	}
	c.store(r, size, v)
	c.m.watchHit(la, size, v, accWrite)
	return true
}
