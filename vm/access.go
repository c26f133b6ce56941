// SPDX-License-Identifier: BSD-3-Clause

// Data accesses off the fast path: segment limits and types, alignment,
// page crossing, devices, pages that hold code or are watched
// (SDM vol. 3, 5.3 "Limit checking", 5.5 "Privilege levels", 6.15 "#AC").

package vm

import (
	"encoding/binary"

	"ring0/vm/x86"
)

// effAddr is the effective address (offset in its segment) of in's memory operand.
func (c *CPU) effAddr(in *inst) uint32 {
	a := c.gpr[in.Base&15] + c.gpr[in.Index&15]<<(in.Scale&3) + in.Disp
	if in.Flags&x86.Addr16 != 0 {
		return a & 0xffff
	}
	return a
}

// segFault is #SS(0) for the stack segment, #GP(0) for the others.
func (c *CPU) segFault(seg uint8) bool {
	if seg == x86.SS {
		return c.raiseErr(VecSS, 0)
	}
	return c.gp0()
}

// linear checks an access of size bytes at off in segment seg and returns its
// linear address. On false the fault has been raised.
func (c *CPU) linear(seg uint8, off, size uint32, acc access) (la uint32, ok bool) {
	s := &c.seg[seg]
	if c.realMode() {
		if off > s.limit || s.limit-off < size-1 {
			return 0, c.segFault(seg)
		}
		return s.base + off, true
	}
	if s.null() || !segAllows(s, acc) || !segLimitOK(s, off, size) {
		return 0, c.segFault(seg)
	}
	return s.base + off, true
}

// segAllows checks the descriptor type: writes need writable data, reads
// anything but execute-only code.
func segAllows(s *segment, acc access) bool {
	if acc&accWrite != 0 {
		return s.attr&(attrCode|attrWritable) == attrWritable
	}
	return s.attr&(attrCode|attrReadable) != attrCode
}

// segLimitOK checks [off, off+size) against the limit. An expand-down data
// segment holds the offsets above its limit, up to 64 KB or 4 GB.
func segLimitOK(s *segment, off, size uint32) bool {
	last := off + size - 1
	if s.attr&(attrCode|attrDown) == attrDown {
		top := uint32(0xffff)
		if s.attr&attrDB != 0 {
			top = 0xffffffff
		}
		return off > s.limit && last >= off && last <= top
	}
	// With a limit of 4 GB an operand may wrap around: the manual leaves that to
	// the implementation, and processors check nothing.
	return last >= off && last <= s.limit || s.limit == 0xffffffff
}

// realMode reports real-address or virtual-8086 mode, where segment
// registers have no types.
func (c *CPU) realMode() bool { return c.cr0&CR0PE == 0 || c.flags&FlagVM != 0 }

// checkAlign raises #AC for a misaligned user access while CR0.AM and
// EFLAGS.AC are set.
func (c *CPU) checkAlign(la, size uint32) bool {
	if c.cpl == 3 && la&(size-1) != 0 && c.cr0&CR0AM != 0 && c.flags&FlagAC != 0 {
		return c.raiseErr(VecAC, 0)
	}
	return true
}

// rmwRef remembers where a read-modify-write operand lies, so that the write
// cannot fault any more.
type rmwRef struct {
	pa, pa2 uint32 // pa2: second page's part, when the operand crosses
	n       uint8  // bytes in the first part
	quiet   bool   // pa is a slab offset that quietWrite has approved
}

// quietWrite returns the slab offset of size bytes at la when they can be
// written without further ado although their page holds code or is watched:
// they lie in one page, translated for writing, and none of their own lines
// has a state. The page's other data pays no more than this look.
func (c *CPU) quietWrite(la, size uint32) (off uint32, ok bool) {
	const want = tlbValid | tlbWritable | tlbPlain
	e := &c.tlb.info[tlbSlot(la)]
	if e.phys&want != want || e.lin != la&^pageMask || la&pageMask > pageSize-size ||
		c.sys.attn&attnData != 0 {
		return 0, false
	}
	off = la + e.delta
	lines := c.m.phys.lines
	return off, lines[off>>lineShift]|lines[(off+size-1)>>lineShift] == 0
}

// resolve translates [la, la+size) for acc; both parts are checked before
// either is used.
func (c *CPU) resolve(la uint32, size uint8, acc access) (r rmwRef, ok bool) {
	r.n = size
	if r.pa, ok = c.translate(la, acc); !ok {
		return r, false
	}
	if first := pageSize - la&pageMask; first < uint32(size) {
		r.n = uint8(first)
		if r.pa2, ok = c.translate(la+first, acc); !ok {
			return r, false
		}
	}
	return r, true
}

// load reads size bytes (1–8) from a resolved place.
func (c *CPU) load(r rmwRef, size uint8) uint64 {
	switch {
	case r.n >= size && size <= 4:
		return uint64(c.m.readPhys(r.pa, size))
	case r.n >= 8 && size == 8:
		return uint64(c.m.readPhys(r.pa, 4)) | uint64(c.m.readPhys(r.pa+4, 4))<<32
	}
	var b [8]byte
	for i := range size {
		b[i] = uint8(c.m.readPhys(r.at(i), 1))
	}
	return binary.LittleEndian.Uint64(b[:])
}

// store writes size bytes (1–8) to a resolved place.
func (c *CPU) store(r rmwRef, size uint8, v uint64) {
	switch {
	case r.n >= size && size <= 4:
		c.m.writePhys(r.pa, size, uint32(v))
		return
	case r.n >= 8 && size == 8:
		c.m.writePhys(r.pa, 4, uint32(v))
		c.m.writePhys(r.pa+4, 4, uint32(v>>32))
		return
	}
	for i := range size {
		c.m.writePhys(r.at(i), 1, uint32(v>>(8*i))&0xff)
	}
}

// at is the physical address of the operand's byte i.
func (r *rmwRef) at(i uint8) uint32 {
	if i < r.n {
		return r.pa + uint32(i)
	}
	return r.pa2 + uint32(i-r.n)
}

// readSeg reads size bytes (1–8) at seg:off with all checks.
func (c *CPU) readSeg(seg uint8, off uint32, size uint8) (uint64, bool) {
	la, ok := c.linear(seg, off, uint32(size), 0)
	if !ok || !c.checkAlign(la, uint32(size)) {
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

// writeSeg writes size bytes (1–8) at seg:off with all checks.
func (c *CPU) writeSeg(seg uint8, off uint32, size uint8, v uint64) bool {
	la, ok := c.linear(seg, off, uint32(size), accWrite)
	if !ok || !c.checkAlign(la, uint32(size)) {
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

// probeWrite checks that size bytes at seg:off can be written, and does not.
func (c *CPU) probeWrite(seg uint8, off uint32, size uint8) bool {
	la, ok := c.linear(seg, off, uint32(size), accWrite)
	if !ok || !c.checkAlign(la, uint32(size)) {
		return false
	}
	_, ok = c.resolve(la, size, c.dataAccess(accWrite))
	return ok
}

// The memory operand of a record, by width. These are what the generated
// fast paths fall back to, and what other handlers call.

func (c *CPU) readMem8(in *inst) (uint8, bool) {
	v, ok := c.readSeg(in.Seg, c.effAddr(in), 1)
	return uint8(v), ok
}

func (c *CPU) readMem16(in *inst) (uint16, bool) {
	v, ok := c.readSeg(in.Seg, c.effAddr(in), 2)
	return uint16(v), ok
}

func (c *CPU) readMem32(in *inst) (uint32, bool) {
	v, ok := c.readSeg(in.Seg, c.effAddr(in), 4)
	return uint32(v), ok
}

func (c *CPU) readMem64(in *inst) (uint64, bool) { return c.readSeg(in.Seg, c.effAddr(in), 8) }

func (c *CPU) writeMem8(in *inst, v uint8) bool {
	if in.slow == 0 {
		if off, ok := c.quietWrite(c.effAddr(in), 1); ok {
			*(*uint8)(c.at(off)) = v
			return true
		}
	}
	return c.writeSeg(in.Seg, c.effAddr(in), 1, uint64(v))
}

func (c *CPU) writeMem16(in *inst, v uint16) bool {
	if in.slow == 0 {
		if off, ok := c.quietWrite(c.effAddr(in), 2); ok {
			*(*uint16)(c.at(off)) = v
			return true
		}
	}
	return c.writeSeg(in.Seg, c.effAddr(in), 2, uint64(v))
}

func (c *CPU) writeMem32(in *inst, v uint32) bool {
	if in.slow == 0 {
		if off, ok := c.quietWrite(c.effAddr(in), 4); ok {
			*(*uint32)(c.at(off)) = v
			return true
		}
	}
	return c.writeSeg(in.Seg, c.effAddr(in), 4, uint64(v))
}

func (c *CPU) writeMem64(in *inst, v uint64) bool {
	return c.writeSeg(in.Seg, c.effAddr(in), 8, v)
}

// rmwRead reads the memory operand of a read-modify-write instruction with
// write permission already asked for; rmwWrite then completes it and cannot
// fault.
func (c *CPU) rmwRead(in *inst, size uint8) (uint32, bool) {
	if in.slow == 0 {
		if off, ok := c.quietWrite(c.effAddr(in), uint32(size)); ok {
			c.rmw = rmwRef{pa: off, quiet: true}
			return c.m.phys.fetch(off, size), true
		}
	}
	v, ok := c.rmwReadAt(in.Seg, c.effAddr(in), size)
	return uint32(v), ok
}

// rmwReadAt is rmwRead for an operand of 1–8 bytes at seg:off.
func (c *CPU) rmwReadAt(seg uint8, off uint32, size uint8) (uint64, bool) {
	la, ok := c.linear(seg, off, uint32(size), accWrite)
	if !ok || !c.checkAlign(la, uint32(size)) {
		return 0, false
	}
	if c.rmw, ok = c.resolve(la, size, c.dataAccess(accWrite)); !ok || c.mustStep(la, uint32(size), 0) || c.mustStep(la, uint32(size), accWrite) {
		return 0, false
	}
	c.rmwLin = la
	v := c.load(c.rmw, size)
	c.m.watchHit(la, size, v, 0)
	return v, true
}

func (c *CPU) rmwWrite(size uint8, v uint64) {
	if c.rmw.quiet {
		c.m.phys.store(c.rmw.pa, size, uint32(v))
		return
	}
	c.store(c.rmw, size, v)
	c.m.watchHit(c.rmwLin, size, v, accWrite)
}

// readRM reads an r/m operand of 1, 2 or 4 bytes: the Src register for
// register forms, memory otherwise. For one-operand forms the register is Dst.
func (c *CPU) readRM(in *inst) (uint32, bool) {
	switch in.Form {
	case x86.FormRR, x86.FormRRI:
		return c.regSized(in.Src, in.Size), true
	case x86.FormR, x86.FormRI:
		return c.regSized(in.Dst, in.Size), true
	}
	v, ok := c.readSeg(in.Seg, c.effAddr(in), in.Size)
	return uint32(v), ok
}

// readSys reads a system structure (descriptor table, TSS) as the supervisor.
func (c *CPU) readSys(la uint32, size uint8) (uint64, bool) {
	r, ok := c.resolve(la, size, 0)
	if !ok {
		return 0, false
	}
	return c.load(r, size), true
}

// writeSys writes a system structure as the supervisor.
func (c *CPU) writeSys(la uint32, size uint8, v uint64) bool {
	r, ok := c.resolve(la, size, accWrite)
	if ok {
		c.store(r, size, v)
	}
	return ok
}

// Stack accesses. Offsets are taken from ESP or SP by SS.B.

// stackMask is ffffffff for a 32-bit stack, ffff for a 16-bit one.
func (c *CPU) stackMask() uint32 {
	if c.seg[x86.SS].attr&attrDB != 0 {
		return 0xffffffff
	}
	return 0xffff
}

// setSP writes ESP, or SP on a 16-bit stack.
func (c *CPU) setSP(sp uint32) {
	m := c.stackMask()
	c.gpr[x86.ESP] = c.gpr[x86.ESP]&^m | sp&m
}

// push stores v (2 or 4 bytes) and moves the stack pointer, or faults and
// changes nothing.
func (c *CPU) push(size uint8, v uint32) bool {
	sp := c.gpr[x86.ESP] - uint32(size)
	if c.mode&modeFlat != 0 {
		if off, ok := c.quietWrite(sp, uint32(size)); ok {
			c.m.phys.store(off, size, v)
			c.gpr[x86.ESP] = sp
			return true
		}
	}
	if !c.writeSeg(x86.SS, sp&c.stackMask(), size, uint64(v)) {
		return false
	}
	c.setSP(sp)
	return true
}

// peek reads the word of size bytes that lies depth bytes above the top.
func (c *CPU) peek(size uint8, depth uint32) (uint32, bool) {
	v, ok := c.readSeg(x86.SS, (c.gpr[x86.ESP]+depth)&c.stackMask(), size)
	return uint32(v), ok
}

// drop moves the stack pointer up by n bytes.
func (c *CPU) drop(n uint32) { c.setSP(c.gpr[x86.ESP] + n) }
