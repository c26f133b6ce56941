// SPDX-License-Identifier: BSD-3-Clause

// Memory operands of MMX and SSE instructions: 4, 8 or 16 bytes.
//
// Each access tries the fast path first: one page of plain memory that the
// TLB knows. Everything else is access.go's.

package vm

import "unsafe"

// vecAlign says whether a 16-byte operand must be aligned.
type vecAlign bool

const (
	alignedVec   vecAlign = true
	unalignedVec vecAlign = false
)

// fastAddr is the linear address of in's memory operand where in.slow is 0.
func (c *CPU) fastAddr(in *inst) uint32 {
	return *c.at32(in.b) + *c.at32(in.x)<<(in.Scale&3) + in.Disp
}

// fastRead is the host address of size bytes of in's memory operand, nil
// where the fast path does not hold for reading them.
func (c *CPU) fastRead(in *inst, size uint32) unsafe.Pointer {
	la := c.fastAddr(in)
	e := c.entry(la)
	if e.rd != (la+size-1)&^pageMask|uint32(in.slow) {
		return nil
	}
	return e.at(la)
}

// fastWrite is fastRead for writing.
func (c *CPU) fastWrite(in *inst, size uint32) unsafe.Pointer {
	la := c.fastAddr(in)
	e := c.entry(la)
	if e.wr == (la+size-1)&^pageMask|uint32(in.slow) {
		return e.at(la)
	}
	if at := e.beside(la, size); at < pageSize && in.slow == 0 {
		return unsafe.Add(e.page, at)
	}
	return nil
}

// read32 and its kin read and write in's memory operand.

func (c *CPU) read32(in *inst) (uint32, bool) {
	if p := c.fastRead(in, 4); p != nil {
		return *(*uint32)(p), true
	}
	return c.readMem32(in)
}

func (c *CPU) read64(in *inst) (uint64, bool) {
	if p := c.fastRead(in, 8); p != nil {
		return *(*uint64)(p), true
	}
	return c.readMem64(in)
}

func (c *CPU) write32(in *inst, v uint32) bool {
	if p := c.fastWrite(in, 4); p != nil {
		*(*uint32)(p) = v
		return true
	}
	return c.writeMem32(in, v)
}

func (c *CPU) write64(in *inst, v uint64) bool {
	if p := c.fastWrite(in, 8); p != nil {
		*(*uint64)(p) = v
		return true
	}
	return c.writeMem64(in, v)
}

func (c *CPU) read128(in *inst, align vecAlign) (v xmmReg, ok bool) {
	if align == unalignedVec || c.fastAddr(in)&15 == 0 {
		if p := c.fastRead(in, 16); p != nil {
			return *(*xmmReg)(p), true
		}
	}
	la, r, ok := c.resolve128(in, align, 0)
	if !ok {
		return v, false
	}
	step := r.step()
	for i := uint8(0); i < 16; i += step {
		v[i>>3] |= uint64(c.m.readPhys(r.at(i), step)) << (i & 7 * 8)
	}
	c.m.watchHit(la, 16, v[0], 0)
	return v, true
}

func (c *CPU) write128(in *inst, align vecAlign, v xmmReg) bool {
	if align == unalignedVec || c.fastAddr(in)&15 == 0 {
		if p := c.fastWrite(in, 16); p != nil {
			*(*xmmReg)(p) = v
			return true
		}
	}
	la, r, ok := c.resolve128(in, align, accWrite)
	if !ok {
		return false
	}
	step := r.step()
	for i := uint8(0); i < 16; i += step {
		c.m.writePhys(r.at(i), step, uint32(v[i>>3]>>(i&7*8))&sizeMask(step))
	}
	c.m.watchHit(la, 16, v[0], accWrite)
	return true
}

// step is in what pieces 16 bytes move: of 4, or of 1 where they cross a page.
func (r *rmwRef) step() uint8 {
	if r.n < 16 {
		return 1
	}
	return 4
}

// resolve128 checks and translates a 16-byte operand: segment, then alignment
// (#GP where it is a must, #AC else), then paging.
func (c *CPU) resolve128(in *inst, align vecAlign, acc access) (la uint32, r rmwRef, ok bool) {
	if la, ok = c.linear(in.Seg, c.effAddr(in), 16, acc); !ok {
		return la, r, false
	}
	if align == alignedVec && la&15 != 0 {
		return la, r, c.gp0()
	}
	if align == unalignedVec && !c.checkAlign(la, 16) {
		return la, r, false
	}
	r, ok = c.resolve(la, 16, c.dataAccess(acc))
	return la, r, ok && !c.mustStep(la, 16, acc)
}
