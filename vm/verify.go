// SPDX-License-Identifier: BSD-3-Clause

// Asking about selectors without loading them: LAR, LSL, VERR, VERW, ARPL.
//
// Intel SDM vol. 2, one section per mnemonic; vol. 3, 5.10 "Pointer
// validation". In real and virtual-8086 mode all five are #UD.

package vm

import "ring0/vm/x86"

// setZF sets ZF and keeps the other flags.
func (c *CPU) setZF(zf bool) {
	f := c.arithFlags() &^ FlagZF
	if zf {
		f |= FlagZF
	}
	c.setArithFlags(f)
}

// askedDescriptor reads the selector operand and its descriptor. A null
// selector, or one beyond its table, has none: not found, and no fault.
func (c *CPU) askedDescriptor(in *inst) (d descriptor, sel uint16, found, ok bool) {
	if c.realMode() {
		return 0, 0, false, c.ud()
	}
	sel, ok = c.readWordRM(in)
	if !ok || nullSel(sel) {
		return 0, sel, false, ok
	}
	la, inTable := c.descAddr(sel)
	if !inTable {
		return 0, sel, false, true
	}
	v, ok := c.readSys64(la)
	return descriptor(v), sel, ok, ok
}

// reaches reports that CPL and RPL may use the segment; conforming code is
// open to all.
func (c *CPU) reaches(d descriptor, sel uint16) bool {
	if d.isCode() && d.isConforming() {
		return true
	}
	return c.cpl <= d.dpl() && uint8(sel&3) <= d.dpl()
}

// System descriptor types that LAR and LSL accept, as sets of kinds.
const (
	larKinds = 1<<sysTSS16 | 1<<sysLDT | 1<<sysTSS16Busy | 1<<sysCall16 | 1<<sysTaskGate |
		1<<sysTSS32 | 1<<sysTSS32Busy | 1<<sysCall32
	lslKinds = 1<<sysTSS16 | 1<<sysLDT | 1<<sysTSS16Busy | 1<<sysTSS32 | 1<<sysTSS32Busy
)

// acceptable reports a segment, or a system descriptor of one of kinds.
func acceptable(d descriptor, kinds uint32) bool {
	return d>>40&attrS != 0 || kinds>>d.kind()&1 != 0
}

// opLAR loads the access rights of a selector's descriptor.
//
//	0F 02 /r   LAR r, r/m16
//
// Flags: ZF says whether the selector was good; otherwise r stays.
// Bits 16–19 of a 32-bit result are UNDEFINED; they are those of the descriptor.
func opLAR(c *CPU, in *inst) bool {
	d, sel, found, ok := c.askedDescriptor(in)
	if !ok {
		return false
	}
	good := found && acceptable(d, larKinds) && c.reaches(d, sel)
	if good {
		c.setRegSized(in.Dst, in.Size, uint32(d>>32)&0x00ffff00)
	}
	c.setZF(good)
	return true
}

// opLSL loads the limit of a selector's segment, in bytes.
//
//	0F 03 /r   LSL r, r/m16
//
// Flags: ZF as LAR.
func opLSL(c *CPU, in *inst) bool {
	d, sel, found, ok := c.askedDescriptor(in)
	if !ok {
		return false
	}
	good := found && acceptable(d, lslKinds) && c.reaches(d, sel)
	if good {
		c.setRegSized(in.Dst, in.Size, d.limit())
	}
	c.setZF(good)
	return true
}

// opVERR is 0F 00 /4: ZF says whether the segment can be read from here.
func opVERR(c *CPU, in *inst) bool {
	d, sel, found, ok := c.askedDescriptor(in)
	if !ok {
		return false
	}
	c.setZF(found && d.isReadable() && c.reaches(d, sel))
	return true
}

// opVERW is 0F 00 /5: ZF says whether the segment can be written from here.
func opVERW(c *CPU, in *inst) bool {
	d, sel, found, ok := c.askedDescriptor(in)
	if !ok {
		return false
	}
	c.setZF(found && d.isWritable() && c.reaches(d, sel))
	return true
}

// opARPL raises a selector's RPL to that of its user. Memory is written, and
// asked whether it can be, only where the RPL is raised: the manual names no
// order, processors do this.
//
//	63 /r   ARPL r/m16, r16
//
// Flags: ZF = 1 and RPL raised when it was below; else ZF = 0.
func opARPL(c *CPU, in *inst) bool {
	if c.realMode() {
		return c.ud()
	}
	sel, ok := c.reg16(in.Dst), true
	if in.Form != x86.FormRR {
		if sel, ok = c.readMem16(in); !ok {
			return false
		}
	}
	want := c.reg16(in.Src) & 3
	if sel&3 >= want {
		c.setZF(false)
		return true
	}
	sel = sel&^3 | want
	if in.Form == x86.FormRR {
		c.setReg16(in.Dst, sel)
	} else {
		if _, ok := c.rmwRead(in, 2); !ok {
			return false
		}
		c.rmwWrite(2, uint64(sel))
	}
	c.setZF(true)
	return true
}
