// SPDX-License-Identifier: BSD-3-Clause

// Single bits, bit scans, byte swap: 0F A3 AB B3 BB BA /4–/7, 0F BC BD,
// 0F C8–CF (SDM vol. 2, "BT" … "BTS", "BSF", "BSR", "BSWAP").

package vm

import (
	"math/bits"

	"ring0/vm/x86"
)

// opBT copies the selected bit to CF.
//
//	0F A3 /r      BT Ev, Gv
//	0F BA /4 ib   BT Ev, Ib
//
// Flags: CF; ZF stays; OF SF AF PF are UNDEFINED and stay.
func opBT(c *CPU, in *inst) bool {
	off, bit := c.bitOperand(in)
	var v uint32
	if dstInMemory(in) {
		m, ok := c.readSeg(in.Seg, off, in.Size)
		if !ok {
			return false
		}
		v = uint32(m)
	} else {
		v = c.gpr[in.Dst]
	}
	c.setCF(v>>bit&1 != 0)
	return true
}

// opBTS, opBTR, opBTC copy the selected bit to CF and then set, clear or
// invert it.
//
//	0F AB /r, 0F BA /5 ib   BTS Ev, Gv; BTS Ev, Ib
//	0F B3 /r, 0F BA /6 ib   BTR
//	0F BB /r, 0F BA /7 ib   BTC
//
// Flags: as BT.
func opBTS(c *CPU, in *inst) bool {
	return c.changeBit(in, func(v, b uint32) uint32 { return v | b })
}

func opBTR(c *CPU, in *inst) bool {
	return c.changeBit(in, func(v, b uint32) uint32 { return v &^ b })
}

func opBTC(c *CPU, in *inst) bool {
	return c.changeBit(in, func(v, b uint32) uint32 { return v ^ b })
}

func (c *CPU) changeBit(in *inst, change func(v, bit uint32) uint32) bool {
	off, bit := c.bitOperand(in)
	if !dstInMemory(in) {
		v := c.regSized(in.Dst, in.Size)
		c.setRegSized(in.Dst, in.Size, change(v, 1<<bit))
		c.setCF(v>>bit&1 != 0)
		return true
	}
	v, ok := c.rmwReadAt(in.Seg, off, in.Size)
	if !ok {
		return false
	}
	c.rmwWrite(in.Size, uint64(change(uint32(v), 1<<bit)))
	c.setCF(v>>bit&1 != 0)
	return true
}

// bitOperand gives the number of the selected bit in its operand, and for a
// memory operand the operand's offset. An immediate is taken modulo the
// width. A register is, beside a memory operand, a signed index into a bit
// string that starts at the effective address.
func (c *CPU) bitOperand(in *inst) (off, bit uint32) {
	mask := uint32(in.Size)*8 - 1
	switch in.Form {
	case x86.FormRI:
		return 0, in.Imm & mask
	case x86.FormMI:
		return c.effAddr(in), in.Imm & mask
	case x86.FormRR:
		return 0, c.gpr[in.Src&7] & mask
	}
	index := signExtend(c.regSized(in.Src, in.Size), in.Size)
	words := uint32(int32(index&^mask) >> 3)
	return (c.effAddr(in) + words) & addrMask(in), index & mask
}

// opBSF finds the lowest set bit.
//
//	0F BC /r   BSF Gv, Ev
//
// Flags: ZF = the source is 0. UNDEFINED: PF is the result's (set without
// one), the others are 0; of a source of 0 the destination stays as it was.
func opBSF(c *CPU, in *inst) bool {
	return c.scanBits(in, func(v uint32) int { return bits.TrailingZeros32(v) })
}

// opBSR finds the highest set bit.
//
//	0F BD /r   BSR Gv, Ev
//
// Flags and UNDEFINED results: as BSF.
func opBSR(c *CPU, in *inst) bool {
	return c.scanBits(in, func(v uint32) int { return 31 - bits.LeadingZeros32(v) })
}

func (c *CPU) scanBits(in *inst, scan func(uint32) int) bool {
	v, ok := c.readRM(in)
	if !ok {
		return false
	}
	if v == 0 {
		c.flagsResult(0)
		return true
	}
	r := uint32(scan(v))
	c.setRegSized(in.Dst, in.Size, r)
	c.flagsResult(1<<8 | r) // not zero, and PF from the low byte
	return true
}

// opBSWAP reverses the bytes of a register.
//
//	0F C8+r   BSWAP r32
//
// Flags: none. UNDEFINED: with 16-bit operand size the low half becomes 0.
func opBSWAP(c *CPU, in *inst) bool {
	if in.Size == 2 {
		c.setReg16(in.Dst, 0)
		return true
	}
	c.gpr[in.Dst&7] = bits.ReverseBytes32(c.gpr[in.Dst&7])
	return true
}
