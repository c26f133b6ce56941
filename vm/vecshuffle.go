// SPDX-License-Identifier: BSD-3-Clause

// Elements of MMX and XMM registers in another order: PUNPCK* UNPCK* PACK*
// PSHUF* SHUFPS SHUFPD, and those that come from or go to a general register:
// PMOVMSKB MOVMSKPS PEXTRW PINSRW (SDM vol. 2 under these names).

package vm

import "math/bits"

// unpack interleaves the elements of the low or high halves.
func unpack(width, high int) func(a, b xmmReg, in *inst) xmmReg {
	return func(a, b xmmReg, in *inst) (r xmmReg) {
		n := vecBits(in) / width
		for i := range n / 2 {
			from := i + high*n/2
			r.setElem(2*i, width, a.elem64(from, width))
			r.setElem(2*i+1, width, b.elem64(from, width))
		}
		return r
	}
}

// pack narrows a's then b's elements with saturation.
func pack(width int, sat func(v int) uint64) func(a, b xmmReg, in *inst) xmmReg {
	return func(a, b xmmReg, in *inst) (r xmmReg) {
		n := vecBits(in) / width
		signed := func(v xmmReg, i int) int { return int(int64(v.elem(i, width)<<(64-width)) >> (64 - width)) }
		for i := range n {
			r.setElem(i, width/2, sat(signed(a, i)))
			r.setElem(n+i, width/2, sat(signed(b, i)))
		}
		return r
	}
}

func satS8E(v int) uint64  { return uint64(satS8(v)) }
func satU8E(v int) uint64  { return uint64(satU8(v)) }
func satS16E(v int) uint64 { return uint64(satS16(v)) }

// shuffle picks n elements of width from source, starting at element first of
// both, by 2-bit fields of imm.
func shuffle(width, n, first int) func(a, b xmmReg, in *inst) xmmReg {
	return func(a, b xmmReg, in *inst) xmmReg {
		r := xmmReg{}
		total := vecBits(in) / width
		for i := range total {
			from := i
			if i >= first && i < first+n {
				from = first + int(in.Imm>>(2*(i-first))&3)
			}
			r.setElem(i, width, b.elem(from, width))
		}
		return r
	}
}

// shufps takes two elements of a, then two of b, by 2-bit fields of imm.
func shufps(a, b xmmReg, in *inst) (r xmmReg) {
	for i := range 4 {
		from := a
		if i >= 2 {
			from = b
		}
		r.setElem(i, 32, from.elem(int(in.Imm>>(2*i)&3), 32))
	}
	return r
}

func shufpd(a, b xmmReg, in *inst) xmmReg { return xmmReg{a[in.Imm&1], b[in.Imm>>1&1]} }

// opPMOVMSKB gathers the top bits of all bytes.
func opPMOVMSKB(c *CPU, in *inst) bool {
	return c.moveMask(in, 8)
}

// opMOVMSKPS and opMOVMSKPD gather the signs of all elements.
func opMOVMSKPS(c *CPU, in *inst) bool { return c.moveMask(in, 32) }
func opMOVMSKPD(c *CPU, in *inst) bool { return c.moveMask(in, 64) }

func (c *CPU) moveMask(in *inst, width int) bool {
	if !c.needVec(in) {
		return false
	}
	v := c.vec(in, in.Src)
	r := uint32(0)
	for i := range vecBits(in) / width {
		r |= uint32(v.elem64(i, width)>>(width-1)) << i
	}
	c.gpr[in.Dst&7] = r
	if !isXMM(in) {
		c.enterMMX()
	}
	return true
}

// opPEXTRW and opPINSRW move one word; imm picks it, modulo their number.
func opPEXTRW(c *CPU, in *inst) bool {
	if !c.needVec(in) {
		return false
	}
	v := c.vec(in, in.Src)
	c.gpr[in.Dst&7] = uint32(v.elem(wordIndex(in), 16))
	if !isXMM(in) {
		c.enterMMX()
	}
	return true
}

func opPINSRW(c *CPU, in *inst) bool {
	if !c.needVec(in) {
		return false
	}
	w, ok := c.readGeneral(in, 2)
	if !ok {
		return false
	}
	v := c.vec(in, in.Dst)
	i := wordIndex(in)
	v[i>>2] &^= 0xffff << (i & 3 * 16)
	v.setElem(i, 16, uint64(w))
	c.setVec(in, in.Dst, v)
	return true
}

func wordIndex(in *inst) int { return int(in.Imm) & (1<<bits.Len(uint(vecBits(in)/16-1)) - 1) }
