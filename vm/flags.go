// SPDX-License-Identifier: BSD-3-Clause

// Lazy arithmetic flags (SDM vol. 1, 3.4.3 "EFLAGS register").
//
// An arithmetic instruction leaves its result and its operands' difference;
// nobody computes a flag until somebody reads it. Two words hold everything:
//
//	fres  bits 0–31   the result, sign-extended: ZF, SF and PF are read from it
//	      bit 32      the carry (borrow) out of the top bit
//	faux  bits 0–31   operand ^ operand, sign-extended, so that fres ^ faux has
//	                  in bit i the carry into bit i: AF is bit 4, and OF is bit
//	                  31 ^ the carry out
//	      bit 32      xor-ed into the carry out gives CF; only INC and DEC, which
//	                  keep CF, set it
//	      bit 33      xor-ed into SF
//	      bits 40–47  xor-ed into the result's low byte before PF's parity
//
// Bits 33–63 of fres mean nothing. The corrections in faux exist because POPF
// and SAHF can produce ZF, SF and PF that no single result has.

package vm

import "math/bits"

const (
	fresCarry = 1 << 32 // in fres
	fauxCF    = 1 << 32 // in faux, as are the next two
	fauxSF    = 1 << 33
	fauxPF    = 40
	carryAF   = 1 << 4 // in fres ^ faux
)

func (c *CPU) cf() bool { return (c.fres^c.faux)&fresCarry != 0 }
func (c *CPU) of() bool { return (c.fres>>32^(c.fres^c.faux)>>31)&1 != 0 }
func (c *CPU) af() bool { return (c.fres^c.faux)&carryAF != 0 }
func (c *CPU) zf() bool { return uint32(c.fres) == 0 }
func (c *CPU) sf() bool { return (c.fres>>31^c.faux>>33)&1 != 0 }
func (c *CPU) pf() bool { return bits.OnesCount8(uint8(c.fres)^uint8(c.faux>>fauxPF))&1 == 0 }

// less is SF != OF, the signed comparison's "less than".
func (c *CPU) less() bool {
	return (c.fres>>31^c.faux>>33^c.fres>>32^(c.fres^c.faux)>>31)&1 != 0
}

// cfBit is CF as 0 or 1.
func (c *CPU) cfBit() uint32 { return uint32((c.fres^c.faux)>>32) & 1 }

// Flags from an operation's operands and sum or difference, by width. The
// last argument of add and sub is computed in one width more than the
// operands': in 64 bits for those of 32, in 32 bits for the others, so that
// the carry or borrow shows. A carry that went in does not matter.

func (c *CPU) flagsAdd32(a, b uint32, sum uint64) { c.fres, c.faux = sum, uint64(a^b) }
func (c *CPU) flagsSub32(a, b uint32, dif uint64) { c.fres, c.faux = dif, uint64(a^b) }

func (c *CPU) flagsAdd16(a, b uint16, sum uint32) {
	c.fres, c.faux = uint64(uint32(int16(sum)))|uint64(sum>>16)<<32, uint64(uint32(int16(a^b)))
}

func (c *CPU) flagsSub16(a, b uint16, dif uint32) {
	c.fres, c.faux = uint64(uint32(int16(dif)))|uint64(dif>>31)<<32, uint64(uint32(int16(a^b)))
}

func (c *CPU) flagsAdd8(a, b uint8, sum uint32) {
	c.fres, c.faux = uint64(uint32(int8(sum)))|uint64(sum>>8)<<32, uint64(uint32(int8(a^b)))
}

func (c *CPU) flagsSub8(a, b uint8, dif uint32) {
	c.fres, c.faux = uint64(uint32(int8(dif)))|uint64(dif>>31)<<32, uint64(uint32(int8(a^b)))
}

// flagsResult makes ZF, SF and PF those of r and clears CF, OF and AF.
func (c *CPU) flagsResult(r uint32) { c.fres, c.faux = uint64(r), uint64(r) }

// Logic clears CF and OF; AF is UNDEFINED and becomes 0 here.
func (c *CPU) flagsLogic32(r uint32) { c.fres, c.faux = uint64(r), uint64(r) }
func (c *CPU) flagsLogic16(r uint16) { c.flagsResult(uint32(int16(r))) }
func (c *CPU) flagsLogic8(r uint8)   { c.flagsResult(uint32(int8(r))) }

// flagsShift sets the flags of a shift with the sign-extended result r: cf
// and over are CF and OF in bit 0. AF is UNDEFINED and becomes 0 here.
func (c *CPU) flagsShift(r, cf, over uint32) {
	c.fres, c.faux = uint64(r)|uint64(cf)<<32, uint64(r^(cf^over)<<31)
}

// flagsRotate sets CF and OF, in bit 0 of its arguments, and keeps the others.
func (c *CPU) flagsRotate(cf, over uint32) {
	const top = 1<<31 | fauxCF
	c.fres = c.fres&^fresCarry | uint64(cf)<<32
	c.faux = c.faux&^top | (c.fres^uint64(cf^over)<<31)&(1<<31)
}

// flagsKeepCF is for INC and DEC, which keep CF: r is a ± 1, sum the same in
// one width more, all sign-extended to 32 bits and with the carry in bit 32.
func (c *CPU) flagsKeepCF(changed uint32, sum uint64) {
	c.faux = (c.fres^c.faux^sum)&fauxCF | uint64(changed)
	c.fres = sum
}

func (c *CPU) flagsInc32(a uint32, sum uint64) { c.flagsKeepCF(a^1, sum) }
func (c *CPU) flagsDec32(a uint32, dif uint64) { c.flagsKeepCF(a^1, dif) }

func (c *CPU) flagsInc16(a uint16, sum uint32) {
	c.flagsKeepCF(uint32(int16(a^1)), uint64(uint32(int16(sum)))|uint64(sum>>16)<<32)
}

func (c *CPU) flagsDec16(a uint16, dif uint32) {
	c.flagsKeepCF(uint32(int16(a^1)), uint64(uint32(int16(dif)))|uint64(dif>>31)<<32)
}

func (c *CPU) flagsInc8(a uint8, sum uint32) {
	c.flagsKeepCF(uint32(int8(a^1)), uint64(uint32(int8(sum)))|uint64(sum>>8)<<32)
}

func (c *CPU) flagsDec8(a uint8, dif uint32) {
	c.flagsKeepCF(uint32(int8(a^1)), uint64(uint32(int8(dif)))|uint64(dif>>31)<<32)
}

// setCFOF sets CF and OF and keeps the others.
func (c *CPU) setCFOF(cf, of bool) {
	var carry, over uint32
	if cf {
		carry = 1
	}
	if of {
		over = 1
	}
	c.flagsRotate(carry, over)
}

// setCF sets CF and keeps the others.
func (c *CPU) setCF(cf bool) { c.setCFOF(cf, c.of()) }

// setAF sets AF and keeps the others.
func (c *CPU) setAF() { c.faux = c.faux&^carryAF | ^c.fres&carryAF }

// setResult makes ZF, SF and PF those of r (sign-extended) and clears AF,
// keeping CF and OF.
func (c *CPU) setResult(r uint32) {
	cf, of := c.cf(), c.of()
	c.flagsResult(r)
	c.setCFOF(cf, of)
}

// arithFlags composes CF PF AF ZF SF OF.
func (c *CPU) arithFlags() uint32 {
	f := c.cfBit() | uint32(c.fres^c.faux)&carryAF
	if c.pf() {
		f |= FlagPF
	}
	if c.zf() {
		f |= FlagZF
	}
	if c.sf() {
		f |= FlagSF
	}
	if c.of() {
		f |= FlagOF
	}
	return f
}

// setArithFlags takes CF PF AF ZF SF OF from f.
func (c *CPU) setArithFlags(f uint32) {
	res := uint32(1)
	if f&FlagZF != 0 {
		res = 0
	}
	c.flagsResult(res)
	if natural := res == 0; natural != (f&FlagPF != 0) {
		c.faux |= 1 << fauxPF
	}
	if f&FlagSF != 0 {
		c.faux |= fauxSF
	}
	if f&FlagAF != 0 {
		c.setAF()
	}
	c.setCFOF(f&FlagCF != 0, f&FlagOF != 0)
}

// eflags composes the whole register.
func (c *CPU) eflags() uint32 { return c.flags | c.arithFlags() }

// setEflags loads the whole register as given; who may change which bit is
// the caller's to decide.
func (c *CPU) setEflags(f uint32) {
	c.setArithFlags(f)
	c.flags = f&^flagsArith | flagsFixed
}

// cond evaluates a condition code (SDM vol. 1, appendix B).
func (c *CPU) cond(cc uint8) bool {
	var v bool
	switch cc >> 1 & 7 {
	case 0:
		v = c.of()
	case 1:
		v = c.cf()
	case 2:
		v = c.zf()
	case 3:
		v = c.cf() || c.zf()
	case 4:
		v = c.sf()
	case 5:
		v = c.pf()
	case 6:
		v = c.less()
	case 7:
		v = c.zf() || c.less()
	}
	return v != (cc&1 != 0)
}
