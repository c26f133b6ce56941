// SPDX-License-Identifier: BSD-3-Clause

// Decimal arithmetic: 27 2F 37 3F D4 D5
// (SDM vol. 2, "DAA", "DAS", "AAA", "AAS", "AAM", "AAD").

package vm

import "ring0/vm/x86"

// setDecimalFlags sets SF ZF PF from AL, and AF and CF; OF is UNDEFINED
// and becomes 0.
func (c *CPU) setDecimalFlags(af, cf bool) {
	c.flagsLogic8(c.reg8(x86.EAX))
	if af {
		c.setAF()
	}
	c.setCFOF(cf, false)
}

// opDAA makes AL packed decimal after an addition.
//
//	27   DAA
//
// Flags: AF and CF say which digit was adjusted; SF ZF PF from AL; OF UNDEFINED.
func opDAA(c *CPU, in *inst) bool {
	al, cf, af := c.reg8(x86.EAX), c.cf(), c.af()
	r := al
	if al&0xf > 9 || af {
		r += 6
		af = true
	}
	if al > 0x99 || cf {
		r += 0x60
		cf = true
	}
	c.setReg8(x86.EAX, r)
	c.setDecimalFlags(af, cf)
	return true
}

// opDAS makes AL packed decimal after a subtraction.
//
//	2F   DAS
//
// Flags: as DAA; CF is also set when adjusting the low digit borrows.
func opDAS(c *CPU, in *inst) bool {
	al, cf, af := c.reg8(x86.EAX), c.cf(), c.af()
	r, borrow := al, cf
	if al&0xf > 9 || af {
		r -= 6
		af = true
		borrow = cf || al < 6
	}
	if al > 0x99 || cf {
		r -= 0x60
		borrow = true
	}
	c.setReg8(x86.EAX, r)
	c.setDecimalFlags(af, borrow)
	return true
}

// opAAA makes AL an unpacked digit after an addition and carries into AH.
//
//	37   AAA
//
// Flags: AF = CF = adjusted; OF SF ZF PF UNDEFINED.
func opAAA(c *CPU, in *inst) bool {
	adjust := c.reg8(x86.EAX)&0xf > 9 || c.af()
	ax := c.reg16(x86.EAX)
	if adjust {
		ax += 0x106
	}
	c.setReg16(x86.EAX, ax&0xff0f)
	c.setDecimalFlags(adjust, adjust)
	return true
}

// opAAS makes AL an unpacked digit after a subtraction and borrows from AH.
//
//	3F   AAS
//
// Flags: as AAA.
func opAAS(c *CPU, in *inst) bool {
	adjust := c.reg8(x86.EAX)&0xf > 9 || c.af()
	ax := c.reg16(x86.EAX)
	if adjust {
		ax -= 0x106
	}
	c.setReg16(x86.EAX, ax&0xff0f)
	c.setDecimalFlags(adjust, adjust)
	return true
}

// opAAM splits AL into two digits: AH = AL / Ib, AL = AL mod Ib.
//
//	D4 ib   AAM Ib
//
// Flags: SF ZF PF from AL; OF AF CF UNDEFINED, 0. Faults: #DE when Ib is 0.
func opAAM(c *CPU, in *inst) bool {
	base := uint8(in.Imm)
	if base == 0 {
		return c.raise(VecDE)
	}
	al := c.reg8(x86.EAX)
	c.setReg16(x86.EAX, uint16(al/base)<<8|uint16(al%base))
	c.setDecimalFlags(false, false)
	return true
}

// opAAD joins two digits: AL = AL + AH * Ib, AH = 0.
//
//	D5 ib   AAD Ib
//
// Flags: SF ZF PF from AL; OF AF CF UNDEFINED, here those of the addition.
func opAAD(c *CPU, in *inst) bool {
	a, b := c.reg8(x86.EAX), c.reg8(regAH)*uint8(in.Imm)
	c.setReg16(x86.EAX, uint16(a+b))
	c.flagsAdd8(a, b, uint32(a)+uint32(b))
	return true
}
