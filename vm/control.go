// SPDX-License-Identifier: BSD-3-Clause

// Control registers: MOV CRn, LMSW, SMSW, CLTS, and what follows from a
// change.
//
// Intel SDM vol. 3, 2.5 "Control registers"; vol. 2, "MOV – move to/from
// control registers", "LMSW", "SMSW", "CLTS".

package vm

import "ring0/vm/x86"

// cr0Defined are the bits CR0 has; the others read as 0 and are ignored.
const cr0Defined = CR0PE | CR0MP | CR0EM | CR0TS | CR0ET | CR0NE | CR0WP | CR0AM | CR0NW | CR0CD | CR0PG

// flagsDefined are the bits EFLAGS has.
const flagsDefined = flagsArith | FlagTF | FlagIF | FlagDF | FlagIOPL | FlagNT | FlagRF | FlagVM | FlagAC | FlagVIF | FlagVIP | FlagID

// opMOVTOCR is 0F 22: CPL 0 only.
func opMOVTOCR(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	v := c.gpr[in.Src&7]
	old := c.mode
	ok := true
	switch in.Dst {
	case 0:
		ok = c.loadCR0(v)
	case 2:
		c.cr2 = v
	case 3:
		ok = c.loadCR3(v)
	case 4:
		ok = c.loadCR4(v)
	default:
		return c.ud()
	}
	if !ok {
		return false
	}
	return c.proceed(in, old)
}

// opMOVFROMCR is 0F 20: CPL 0 only.
func opMOVFROMCR(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	switch in.Src {
	case 0, 2, 3, 4:
		c.gpr[in.Dst&7] = c.m.CR(int(in.Src))
		return true
	}
	return c.ud()
}

// loadCR0 changes CR0 as an instruction does.
func (c *CPU) loadCR0(v uint32) bool {
	v = v&cr0Defined | CR0ET
	// Paging needs protection; NW needs CD.
	if v&(CR0PG|CR0PE) == CR0PG || v&(CR0NW|CR0CD) == CR0NW {
		return c.gp0()
	}
	// Switching PAE paging on loads the page-directory-pointer table.
	if v&CR0PG != 0 && c.cr0&CR0PG == 0 && c.cr4&CR4PAE != 0 {
		if _, ok := c.readPDPTEs(c.cr3); !ok {
			return c.gp0()
		}
	}
	c.setCR0(v)
	return true
}

// setCR0 is loadCR0 without checks.
func (c *CPU) setCR0(v uint32) {
	changed := v ^ c.cr0
	c.cr0 = v
	if changed&(CR0PG|CR0WP|CR0PE) != 0 {
		c.sys.pdpte, _ = c.readPDPTEs(c.cr3)
		c.flushTLB()
	}
	c.updateMode()
}

// loadCR3 changes the page-table base. Global pages keep their translations.
func (c *CPU) loadCR3(v uint32) bool {
	if c.cr0&CR0PG != 0 {
		if _, ok := c.readPDPTEs(v); !ok {
			return c.gp0()
		}
	}
	c.setCR3(v)
	return true
}

// setCR3 is loadCR3 without checks.
func (c *CPU) setCR3(v uint32) {
	c.cr3 = v
	c.sys.pdpte, _ = c.readPDPTEs(v)
	c.flushTLBLocal()
}

// loadCR4 changes CR4 as an instruction does. Bits the CPU model does not
// have are reserved.
func (c *CPU) loadCR4(v uint32) bool {
	if v&^c.model.CR4Bits() != 0 {
		return c.gp0()
	}
	if c.cr0&CR0PG != 0 && (v^c.cr4)&v&CR4PAE != 0 {
		if _, ok := c.pdptesAt(c.cr3); !ok {
			return c.gp0()
		}
	}
	c.setCR4(v)
	return true
}

// setCR4 is loadCR4 without checks.
func (c *CPU) setCR4(v uint32) {
	changed := v ^ c.cr4
	c.cr4 = v
	if changed&(CR4PSE|CR4PAE|CR4PGE) != 0 {
		c.sys.pdpte, _ = c.readPDPTEs(c.cr3)
		c.flushTLB()
	}
	c.debugChanged() // CR4.DE
}

// opLMSW loads the low four bits of CR0; it can set PE but not clear it.
//
//	0F 01 /6   LMSW r/m16
func opLMSW(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	v, ok := c.readWordRM(in)
	if !ok {
		return false
	}
	const low = CR0PE | CR0MP | CR0EM | CR0TS
	old := c.mode
	c.setCR0(c.cr0&^(low&^CR0PE) | uint32(v)&low)
	return c.proceed(in, old)
}

// opSMSW stores the low half of CR0, at any CPL.
//
//	0F 01 /4   SMSW r/m16; SMSW r32
//
// A 32-bit register gets all of CR0 (the upper half is UNDEFINED).
func opSMSW(c *CPU, in *inst) bool {
	if in.Form == x86.FormR {
		c.setRegSized(in.Dst, in.Size, c.cr0)
		return true
	}
	return c.writeMem16(in, uint16(c.cr0))
}

// opCLTS is 0F 06: CPL 0 only.
func opCLTS(c *CPU, in *inst) bool {
	if c.cpl != 0 {
		return c.gp0()
	}
	c.cr0 &^= CR0TS
	return c.proceed(in, c.mode)
}
