// SPDX-License-Identifier: BSD-3-Clause

// Integer instructions that are not generated: the table, operand helpers
// that work for every width, and the small ones without a chapter of their
// own (SDM vol. 2, chapters 3 and 4).

package vm

import "ring0/vm/x86"

// integerOps are the integer operations outside the generated chapters.
var integerOps = opTable{
	// muldiv.go
	x86.MUL:   {any: opMUL, fast: &fastMUL},
	x86.IMUL1: {any: opIMUL1, fast: &fastIMUL1},
	x86.DIV:   {any: opDIV, fast: &fastDIV},
	x86.IDIV:  {any: opIDIV, fast: &fastIDIV},

	// shift.go
	x86.RCL:    {any: opRCL},
	x86.RCR:    {any: opRCR},
	x86.RCLCL:  {any: opRCLCL},
	x86.RCRCL:  {any: opRCRCL},
	x86.SHLD:   {any: opSHLD, fast: &fastSHLD},
	x86.SHRD:   {any: opSHRD, fast: &fastSHRD},
	x86.SHLDCL: {any: opSHLDCL},
	x86.SHRDCL: {any: opSHRDCL},

	// bits.go
	x86.BT:    {any: opBT},
	x86.BTS:   {any: opBTS},
	x86.BTR:   {any: opBTR},
	x86.BTC:   {any: opBTC},
	x86.BSF:   {any: opBSF},
	x86.BSR:   {any: opBSR},
	x86.BSWAP: {any: opBSWAP},

	// exchange.go
	x86.XCHG:      {by: &formTable{x86.FormMR: {opXCHGMem, opXCHGMem, opXCHGMem}}},
	x86.XADD:      {any: opXADD},
	x86.CMPXCHG:   {any: opCMPXCHG},
	x86.CMPXCHG8B: {any: opCMPXCHG8B},

	// frame.go
	x86.PUSHA: {any: opPUSHA},
	x86.POPA:  {any: opPOPA},
	x86.ENTER: {any: opENTER},

	// bcd.go
	x86.DAA: {any: opDAA},
	x86.DAS: {any: opDAS},
	x86.AAA: {any: opAAA},
	x86.AAS: {any: opAAS},
	x86.AAM: {any: opAAM},
	x86.AAD: {any: opAAD},

	// loop.go
	x86.LOOP:   {any: opLOOP},
	x86.LOOPE:  {any: opLOOPE},
	x86.LOOPNE: {any: opLOOPNE},
	x86.JCXZ:   {any: opJCXZ},

	x86.XLAT: {any: opXLAT},
	x86.LAHF: {any: opLAHF},
	x86.SAHF: {any: opSAHF},
	x86.SALC: {any: opSALC},
}

// readDst reads the operand that an instruction reads and then writes.
// Permission to write is asked here, so that writeDst cannot fault.
func (c *CPU) readDst(in *inst) (uint32, bool) {
	if dstInMemory(in) {
		return c.rmwRead(in, in.Size)
	}
	return c.regSized(in.Dst, in.Size), true
}

// writeDst writes what readDst read.
func (c *CPU) writeDst(in *inst, v uint32) {
	if dstInMemory(in) {
		c.rmwWrite(in.Size, uint64(v))
		return
	}
	c.setRegSized(in.Dst, in.Size, v)
}

func dstInMemory(in *inst) bool {
	switch in.Form {
	case x86.FormM, x86.FormMR, x86.FormMI, x86.FormMRI:
		return true
	}
	return false
}

// signExtend widens an operand of 1, 2 or 4 bytes.
func signExtend(v uint32, size uint8) uint32 {
	switch size {
	case 1:
		return uint32(int8(v))
	case 2:
		return uint32(int16(v))
	}
	return v
}

// topBit is the sign bit of an operand of 1, 2 or 4 bytes, as 0 or 1.
func topBit(v uint32, size uint8) uint32 { return v >> (8*size - 1) & 1 }

// flagsAdd sets the flags of a+b for operands of 1, 2 or 4 bytes.
func (c *CPU) flagsAdd(a, b uint32, size uint8) {
	switch size {
	case 1:
		c.flagsAdd8(uint8(a), uint8(b), a&0xff+b&0xff)
	case 2:
		c.flagsAdd16(uint16(a), uint16(b), a&0xffff+b&0xffff)
	default:
		c.flagsAdd32(a, b, uint64(a)+uint64(b))
	}
}

// flagsSub sets the flags of a-b for operands of 1, 2 or 4 bytes.
func (c *CPU) flagsSub(a, b uint32, size uint8) {
	switch size {
	case 1:
		c.flagsSub8(uint8(a), uint8(b), a&0xff-b&0xff)
	case 2:
		c.flagsSub16(uint16(a), uint16(b), a&0xffff-b&0xffff)
	default:
		c.flagsSub32(a, b, uint64(a)-uint64(b))
	}
}

// addrMask is what in's address size lets through: 16 or 32 bits.
func addrMask(in *inst) uint32 {
	if in.Flags&x86.Addr16 != 0 {
		return 0xffff
	}
	return 0xffffffff
}

// opXLAT looks AL up in the table at (E)BX.
//
//	D7   XLAT m8
//
// Flags: none. The address is reduced to the address size.
func opXLAT(c *CPU, in *inst) bool {
	off := c.gpr[x86.EBX] + uint32(c.reg8(x86.EAX))
	v, ok := c.readSeg(in.Seg, off&addrMask(in), 1)
	if ok {
		c.setReg8(x86.EAX, uint8(v))
	}
	return ok
}

const regAH = x86.ESP // the byte register with number 4

// opLAHF copies SF ZF AF PF CF to AH, with bit 1 set.
//
//	9F   LAHF
func opLAHF(c *CPU, in *inst) bool {
	c.setReg8(regAH, uint8(c.arithFlags()|flagsFixed))
	return true
}

// opSAHF takes SF ZF AF PF CF from AH; OF stays.
//
//	9E   SAHF
func opSAHF(c *CPU, in *inst) bool {
	f := uint32(c.reg8(regAH))
	if c.of() {
		f |= FlagOF
	}
	c.setArithFlags(f)
	return true
}

// opSALC sets AL to FF when CF is set, to 0 when not. Intel does not
// document it; every i686 has it.
//
//	D6   SALC
//
// Flags: none.
func opSALC(c *CPU, in *inst) bool {
	c.setReg8(x86.EAX, uint8(-c.cfBit()))
	return true
}
