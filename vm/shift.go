// SPDX-License-Identifier: BSD-3-Clause

// Rotates through carry and double shifts: C0 C1 D0–D3 /2 /3 and
// 0F A4 A5 AC AD. The other shifts are generated.
//
// SDM vol. 2, "RCL/RCR/ROL/ROR", "SHLD", "SHRD". Counts are masked to 5 bits
// before use. UNDEFINED: for counts above 1 OF is here what a count of 1 would
// have made it, as the vectors show.

package vm

import "ring0/vm/x86"

const countMask = 31

// opRCL, opRCLCL rotate left through CF.
//
//	C0 /2 ib, C1 /2 ib   RCL Ev, Ib
//	D0 /2, D1 /2         RCL Ev, 1
//	D2 /2, D3 /2         RCL Ev, CL
//
// Flags: a count of 0, or of a whole turn, changes nothing. CF takes part in
// the rotation; OF = the sign changed (count 1; above that UNDEFINED); the
// others stay.
func opRCL(c *CPU, in *inst) bool { return c.rotateCarry(in, in.Imm, rotateLeft) }

func opRCLCL(c *CPU, in *inst) bool { return c.rotateCarry(in, c.gpr[x86.ECX], rotateLeft) }

// opRCR, opRCRCL rotate right through CF.
//
//	C0 /3 ib, C1 /3 ib   RCR Ev, Ib
//	D0 /3, D1 /3         RCR Ev, 1
//	D2 /3, D3 /3         RCR Ev, CL
//
// Flags: as RCL.
func opRCR(c *CPU, in *inst) bool { return c.rotateCarry(in, in.Imm, rotateRight) }

func opRCRCL(c *CPU, in *inst) bool { return c.rotateCarry(in, c.gpr[x86.ECX], rotateRight) }

// A direction of rotation.
type rotation uint8

const (
	rotateLeft rotation = iota
	rotateRight
)

func (c *CPU) rotateCarry(in *inst, count uint32, dir rotation) bool {
	v, ok := c.readDst(in)
	if !ok {
		return false
	}
	width := uint32(in.Size)*8 + 1 // CF is the operand's extra top bit
	n := count & countMask % width
	if n == 0 {
		c.writeDst(in, v)
		return true
	}
	if dir == rotateRight {
		n = width - n
	}
	x := uint64(c.cfBit())<<(width-1) | uint64(v)
	x = x<<n | x>>(width-n)
	r, cf := uint32(x)&sizeMask(in.Size), uint32(x>>(width-1)&1)
	c.writeDst(in, r)
	next := topBit(v<<1, in.Size) // the top bit after rotating by one
	if dir == rotateRight {
		next = c.cfBit()
	}
	c.setCFOF(cf != 0, next != topBit(v, in.Size))
	return true
}

// opSHLD, opSHLDCL shift the destination left and fill it from Src's top.
//
//	0F A4 /r ib   SHLD Ev, Gv, Ib
//	0F A5 /r      SHLD Ev, Gv, CL
//
// Flags: count 0 changes nothing. Else CF = last bit shifted out; SF ZF PF
// from the result; OF = the sign changed (count 1; above that UNDEFINED);
// AF UNDEFINED, 0. Result and flags of a 16-bit shift by more than 16 are
// UNDEFINED; see doubleLeft.
func opSHLD(c *CPU, in *inst) bool { return c.doubleShift(in, in.Imm, doubleLeft) }

func opSHLDCL(c *CPU, in *inst) bool { return c.doubleShift(in, c.gpr[x86.ECX], doubleLeft) }

// opSHRD, opSHRDCL shift the destination right and fill it from Src's bottom.
//
//	0F AC /r ib   SHRD Ev, Gv, Ib
//	0F AD /r      SHRD Ev, Gv, CL
//
// Flags: as SHLD.
func opSHRD(c *CPU, in *inst) bool { return c.doubleShift(in, in.Imm, doubleRight) }

func opSHRDCL(c *CPU, in *inst) bool { return c.doubleShift(in, c.gpr[x86.ECX], doubleRight) }

// A doubleShiftFunc shifts dst by 1 ≤ n ≤ 31, filling from src.
type doubleShiftFunc func(dst, src, n, width uint32) (r uint32, cf bool)

func (c *CPU) doubleShift(in *inst, count uint32, shift doubleShiftFunc) bool {
	v, ok := c.readDst(in)
	if !ok {
		return false
	}
	count &= countMask
	if count == 0 {
		c.writeDst(in, v)
		return true
	}
	src, width := c.regSized(in.Src, in.Size), uint32(in.Size)*8
	r, cf := shift(v, src, count, width)
	c.writeDst(in, r)
	once, _ := shift(v, src, 1, width)
	c.setResult(signExtend(r, in.Size))
	c.setCFOF(cf, topBit(v^once, in.Size) != 0)
	return true
}

// doubleLeft shifts the chain dst:src:dst left. The second dst matters only
// for 16-bit operands and n > 16 (UNDEFINED; so do the vectors).
func doubleLeft(dst, src, n, width uint32) (r uint32, cf bool) {
	if width == 32 {
		return dst<<n | src>>(32-n), dst>>(32-n)&1 != 0
	}
	chain := uint64(dst)<<32 | uint64(src)<<16 | uint64(dst)
	return uint32(chain>>(32-n)) & 0xffff, chain>>(48-n)&1 != 0
}

// doubleRight is doubleLeft the other way.
func doubleRight(dst, src, n, width uint32) (r uint32, cf bool) {
	if width == 32 {
		return dst>>n | src<<(32-n), dst>>(n-1)&1 != 0
	}
	chain := uint64(dst)<<32 | uint64(src)<<16 | uint64(dst)
	return uint32(chain>>n) & 0xffff, chain>>(n-1)&1 != 0
}
