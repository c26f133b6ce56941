// SPDX-License-Identifier: BSD-3-Clause

// x87 control instructions, WAIT and EMMS, and who is told of an error.
//
// Intel SDM vol. 2: FINCSTP, FDECSTP, FFREE, FNOP, FINIT, FCLEX, FLDCW,
// FSTCW, FSTSW, WAIT, EMMS; vol. 1, 8.7 "Handling x87 FPU exceptions in
// software"; vol. 3, 2.5 "CR0.NE", 13.1 "Emulating".
//
// The N forms do not wait: a pending exception does not stop them.

package vm

import "ring0/vm/x86"

// Control word bits that exist; bit 6 reads as 1.
const (
	fcwDefined = 0x1f3f
	fcwOne     = 0x0040
	fcwMasks   = 0x003f
)

// setControl loads the control word. An exception that it unmasks becomes
// pending.
func (f *fpuState) setControl(v uint16) {
	f.fcw = v&fcwDefined | fcwOne
	f.summarize()
}

// summarize makes ES and B say whether an unmasked exception is pending.
func (f *fpuState) summarize() {
	f.fsw &^= fswES | fswB
	if f.fsw&^f.fcw&fcwMasks != 0 {
		f.fsw |= fswES | fswB
	}
}

// opFINCSTP, opFDECSTP move the top of the stack; tags and registers stay.
//
//	D9 F7   FINCSTP
//	D9 F6   FDECSTP
func opFINCSTP(c *CPU, in *inst) bool { return c.moveTop(in, 1) }

func opFDECSTP(c *CPU, in *inst) bool { return c.moveTop(in, 7) }

func (c *CPU) moveTop(in *inst, by uint8) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	c.fpu.top = c.fpu.phys(by)
	c.fpu.fsw &^= fswC1
	return true
}

// opFFREE tags ST(i) empty.
//
//	DD C0+i   FFREE ST(i)
func opFFREE(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	c.fpu.used &^= 1 << c.fpu.phys(in.Dst)
	return true
}

// opFFREEP is FFREE, then the stack is popped.
//
//	DF C0+i   FFREEP ST(i)
func opFFREEP(c *CPU, in *inst) bool {
	if !opFFREE(c, in) {
		return false
	}
	c.fpu.pop(1)
	return true
}

// opFNOP waits and does nothing.
//
//	D9 D0   FNOP
func opFNOP(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	c.note(in)
	return true
}

// opFNENI is what 8087 and 287 instructions have become: nothing.
//
//	DB E0   FNENI
//	DB E1   FNDISI
//	DB E4   FNSETPM
func opFNENI(c *CPU, in *inst) bool { return c.needFPU() }

// opFNINIT initializes everything but the data registers' content.
//
//	DB E3   FNINIT
func opFNINIT(c *CPU, in *inst) bool {
	if !c.needFPU() {
		return false
	}
	c.fpu.init()
	c.errorGone()
	return true
}

func (f *fpuState) init() {
	f.fcw, f.fsw, f.top, f.used = fcwInit, 0, 0, 0
	f.fop, f.fip, f.fcs, f.fdp, f.fds = 0, 0, 0, 0, 0
}

// opFNCLEX clears the exceptions, SF, ES and B.
//
//	DB E2   FNCLEX
func opFNCLEX(c *CPU, in *inst) bool {
	if !c.needFPU() {
		return false
	}
	c.fpu.fsw &^= fcwMasks | fswSF | fswES | fswB
	c.errorGone()
	return true
}

// opFLDCW loads the control word.
//
//	D9 /5   FLDCW m16
func opFLDCW(c *CPU, in *inst) bool {
	if !c.needWait() {
		return false
	}
	v, ok := c.readMem16(in)
	if ok {
		c.fpu.setControl(v)
	}
	return ok
}

// opFNSTCW stores the control word.
//
//	D9 /7   FNSTCW m16
func opFNSTCW(c *CPU, in *inst) bool { return c.needFPU() && c.writeMem16(in, c.fpu.fcw) }

// opFNSTSW stores the status word.
//
//	DD /7   FNSTSW m16
//	DF E0   FNSTSW AX
func opFNSTSW(c *CPU, in *inst) bool {
	if !c.needFPU() {
		return false
	}
	if in.Form == x86.FormM {
		return c.writeMem16(in, c.fpu.statusWord())
	}
	c.setReg16(x86.EAX, c.fpu.statusWord())
	return true
}

// opWAIT reports a pending exception. CR0.MP makes CR0.TS count.
//
//	9B   WAIT
func opWAIT(c *CPU, in *inst) bool {
	if c.cr0&(CR0MP|CR0TS) == CR0MP|CR0TS {
		return c.raise(VecNM)
	}
	return c.reportError()
}

// opEMMS empties the stack after MMX code.
//
//	0F 77   EMMS
func opEMMS(c *CPU, in *inst) bool {
	if !c.needMMX() {
		return false
	}
	c.fpu.used, c.fpu.top = 0, 0
	return true
}
