// SPDX-License-Identifier: BSD-3-Clause

// Lazy arithmetic flags (SDM vol. 1, 3.4.3 "EFLAGS register").
//
// An arithmetic instruction leaves its result and its carries; nobody
// computes a flag until somebody reads it. Two words hold everything:
//
//	fres  the result, sign-extended to 32 bits: ZF, SF and PF are read from it
//	faux  bit 31     CF: carry out of the top bit
//	      bit 30     carry into the top bit; OF is bit 31 ^ bit 30
//	      bit 3      AF: carry out of bit 3
//	      bits 8–15  xor-ed into the result's low byte before PF's parity
//	      bit 0      xor-ed into SF
//
// The two corrections exist because POPF, SAHF and the shifts can produce
// ZF, SF and PF that no single result has.

package vm

import "math/bits"

const (
	auxCF    = 1 << 31
	auxCF2   = 1 << 30
	auxAF    = 1 << 3
	auxSD    = 1 << 0
	auxCarry = auxCF | auxCF2 | auxAF
)

func (c *CPU) cf() bool { return int32(c.faux) < 0 }
func (c *CPU) of() bool { return int32(c.faux^c.faux<<1) < 0 }
func (c *CPU) af() bool { return c.faux&auxAF != 0 }
func (c *CPU) zf() bool { return c.fres == 0 }
func (c *CPU) sf() bool { return int32(c.fres^c.faux<<31) < 0 }
func (c *CPU) pf() bool { return bits.OnesCount8(uint8(c.fres)^uint8(c.faux>>8))&1 == 0 }

// cfBit is CF as 0 or 1.
func (c *CPU) cfBit() uint32 { return c.faux >> 31 }

// Flags from an operation's operands and result, by width. The carry vectors
// of add and sub have in bit i the carry (borrow) out of bit i.

func addCarries(a, b, r uint32) uint32 { return a&b | (a|b)&^r }
func subCarries(a, b, r uint32) uint32 { return ^a&b | ^(a^b)&r }

func (c *CPU) flagsAdd32(a, b, r uint32) {
	c.fres, c.faux = r, addCarries(a, b, r)&auxCarry
}

func (c *CPU) flagsSub32(a, b, r uint32) {
	c.fres, c.faux = r, subCarries(a, b, r)&auxCarry
}

func (c *CPU) flagsAdd16(a, b, r uint16) {
	v := addCarries(uint32(a), uint32(b), uint32(r))
	c.fres, c.faux = uint32(int16(r)), v<<16&(auxCF|auxCF2)|v&auxAF
}

func (c *CPU) flagsSub16(a, b, r uint16) {
	v := subCarries(uint32(a), uint32(b), uint32(r))
	c.fres, c.faux = uint32(int16(r)), v<<16&(auxCF|auxCF2)|v&auxAF
}

func (c *CPU) flagsAdd8(a, b, r uint8) {
	v := addCarries(uint32(a), uint32(b), uint32(r))
	c.fres, c.faux = uint32(int8(r)), v<<24&(auxCF|auxCF2)|v&auxAF
}

func (c *CPU) flagsSub8(a, b, r uint8) {
	v := subCarries(uint32(a), uint32(b), uint32(r))
	c.fres, c.faux = uint32(int8(r)), v<<24&(auxCF|auxCF2)|v&auxAF
}

// Logic clears CF and OF; AF is UNDEFINED and becomes 0 here.
func (c *CPU) flagsLogic32(r uint32) { c.fres, c.faux = r, 0 }
func (c *CPU) flagsLogic16(r uint16) { c.fres, c.faux = uint32(int16(r)), 0 }
func (c *CPU) flagsLogic8(r uint8)   { c.fres, c.faux = uint32(int8(r)), 0 }

// incFlags is faux after INC or DEC, which keep CF: over has OF in bit 31,
// changed has the bits in which operand and result differ.
func incFlags(old, over, changed uint32) uint32 {
	return old&auxCF | (old^over)>>1&auxCF2 | changed>>1&auxAF
}

func (c *CPU) flagsInc32(a, r uint32) { c.fres, c.faux = r, incFlags(c.faux, r&^a, a^r) }
func (c *CPU) flagsDec32(a, r uint32) { c.fres, c.faux = r, incFlags(c.faux, a&^r, a^r) }

func (c *CPU) flagsInc16(a, r uint16) {
	c.fres, c.faux = uint32(int16(r)), incFlags(c.faux, uint32(r&^a)<<16, uint32(a^r))
}

func (c *CPU) flagsDec16(a, r uint16) {
	c.fres, c.faux = uint32(int16(r)), incFlags(c.faux, uint32(a&^r)<<16, uint32(a^r))
}

func (c *CPU) flagsInc8(a, r uint8) {
	c.fres, c.faux = uint32(int8(r)), incFlags(c.faux, uint32(r&^a)<<24, uint32(a^r))
}

func (c *CPU) flagsDec8(a, r uint8) {
	c.fres, c.faux = uint32(int8(r)), incFlags(c.faux, uint32(a&^r)<<24, uint32(a^r))
}

// setCFOF sets CF and OF and keeps the others.
func (c *CPU) setCFOF(cf, of bool) {
	aux := c.faux &^ (auxCF | auxCF2)
	if cf {
		aux |= auxCF
	}
	if cf != of {
		aux |= auxCF2
	}
	c.faux = aux
}

// setCF sets CF and keeps the others.
func (c *CPU) setCF(cf bool) { c.setCFOF(cf, c.of()) }

// setResult makes ZF, SF and PF those of r (sign-extended) and clears AF,
// keeping CF and OF.
func (c *CPU) setResult(r uint32) {
	c.fres = r
	c.faux &= auxCF | auxCF2
}

// arithFlags composes CF PF AF ZF SF OF.
func (c *CPU) arithFlags() uint32 {
	f := c.faux>>31 | c.faux>>3&1<<4
	if c.pf() {
		f |= FlagPF
	}
	if c.fres == 0 {
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
	res, aux := uint32(1), uint32(0)
	if f&FlagZF != 0 {
		res = 0
	}
	if natural := res == 0; natural != (f&FlagPF != 0) {
		aux |= 1 << 8
	}
	if f&FlagSF != 0 {
		aux |= auxSD
	}
	if f&FlagAF != 0 {
		aux |= auxAF
	}
	c.fres, c.faux = res, aux
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
		v = c.sf() != c.of()
	case 7:
		v = c.zf() || c.sf() != c.of()
	}
	return v != (cc&1 != 0)
}
