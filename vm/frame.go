// SPDX-License-Identifier: BSD-3-Clause

// Several registers on the stack at once, and stack frames: 60 61 C8
// (SDM vol. 2, "PUSHA/PUSHAD", "POPA/POPAD", "ENTER").
//
// Each of them makes several accesses. All are checked before the first one
// writes, so a fault leaves memory and registers as they were.

package vm

import "ring0/vm/x86"

// opPUSHA pushes all general registers, ESP as it was before.
//
//	60   PUSHA, PUSHAD
//
// Flags: none. Each register wraps on a 16-bit stack by itself. Faults: in
// real and virtual-8086 mode #GP with an odd SP of 7 to 15, where one of the
// words would lie over the segment's end; below 7 the fault's own frame has no
// room and the processor shuts down.
func opPUSHA(c *CPU, in *inst) bool {
	size := uint32(in.Size)
	sp, mask := c.gpr[x86.ESP], c.stackMask()
	if c.realMode() && sp&1 != 0 && sp&mask-7 <= 15-7 {
		return c.gp0()
	}
	for r := range uint32(8) {
		if !c.probeWrite(x86.SS, (sp-(r+1)*size)&mask, in.Size) {
			return false
		}
	}
	for r := range uint32(8) {
		v := uint64(c.gpr[r] & sizeMask(in.Size))
		if !c.writeSeg(x86.SS, (sp-(r+1)*size)&mask, in.Size, v) {
			return false
		}
	}
	c.setSP(sp - 8*size)
	return true
}

// opPOPA pops all general registers but ESP, whose slot is skipped.
//
//	61   POPA, POPAD
//
// Flags: none.
func opPOPA(c *CPU, in *inst) bool {
	var regs [8]uint32
	for slot := range uint32(8) {
		v, ok := c.peek(in.Size, slot*uint32(in.Size))
		if !ok {
			return false
		}
		regs[7-slot] = v
	}
	for r, v := range regs {
		if r != x86.ESP {
			c.setRegSized(uint8(r), in.Size, v)
		}
	}
	c.drop(8 * uint32(in.Size))
	return true
}

// opENTER makes a stack frame: it saves (E)BP, copies the frame pointers of
// the enclosing procedures and reserves space.
//
//	C8 iw ib   ENTER Iw, Ib
//
// Flags: none. Faults: #SS or #PF also when memory at the final stack
// pointer could not be written.
func opENTER(c *CPU, in *inst) bool {
	f := enterFrame{c: c, size: in.Size, level: uint32(in.Imm2 & 31), alloc: in.Imm & 0xffff, mask: c.stackMask()}
	if !f.check() || !f.build() {
		return false
	}
	frame := f.pointer()
	c.setSP(frame - f.pushed() - f.alloc)
	c.setRegSized(x86.EBP, in.Size, frame)
	return true
}

// enterFrame is the frame that an ENTER builds.
type enterFrame struct {
	c     *CPU
	size  uint8
	level uint32
	alloc uint32
	mask  uint32 // of stack addresses
}

// pushed is the size of the display: the copied frame pointers and the new one.
func (f *enterFrame) pushed() uint32 { return f.level * uint32(f.size) }

// slot is the offset of what is pushed as number i; 0 is the old (E)BP.
func (f *enterFrame) slot(i uint32) uint32 {
	return (f.c.gpr[x86.ESP] - (i+1)*uint32(f.size)) & f.mask
}

// outer is the offset of the enclosing frame's pointer number i, from 1.
func (f *enterFrame) outer(i uint32) uint32 {
	return (f.c.gpr[x86.EBP] - i*uint32(f.size)) & f.mask
}

// check asks for every access without making one.
func (f *enterFrame) check() bool {
	for i := range f.level + 1 {
		if !f.c.probeWrite(x86.SS, f.slot(i), f.size) {
			return false
		}
	}
	for i := uint32(1); i < f.level; i++ {
		if _, ok := f.c.readSeg(x86.SS, f.outer(i), f.size); !ok {
			return false
		}
	}
	last := (f.c.gpr[x86.ESP] - uint32(f.size) - f.pushed() - f.alloc) & f.mask
	return f.c.probeWrite(x86.SS, last, f.size)
}

// build writes the frame, in the order of the manual: a display that lies
// over the new frame is copied from what was just written.
func (f *enterFrame) build() bool {
	c := f.c
	if !c.writeSeg(x86.SS, f.slot(0), f.size, uint64(c.gpr[x86.EBP]&sizeMask(f.size))) {
		return false
	}
	for i := uint32(1); i < f.level; i++ {
		v, ok := c.readSeg(x86.SS, f.outer(i), f.size)
		if !ok || !c.writeSeg(x86.SS, f.slot(i), f.size, v) {
			return false
		}
	}
	if f.level == 0 {
		return true
	}
	return c.writeSeg(x86.SS, f.slot(f.level), f.size, uint64(f.pointer()&sizeMask(f.size)))
}

// pointer is the new frame pointer: ESP as pushing (E)BP leaves it, which on a
// 16-bit stack changes SP only.
func (f *enterFrame) pointer() uint32 {
	sp := f.c.gpr[x86.ESP]
	return sp&^f.mask | (sp-uint32(f.size))&f.mask
}
