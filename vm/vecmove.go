// SPDX-License-Identifier: BSD-3-Clause

// Moves between MMX and XMM registers, general registers and memory (SDM vol.
// 2: MOVD MOVQ MOVDQA MOVUPS MOVSS MOVHLPS MOVQ2DQ MOVNTI MASKMOVQ …).

package vm

import "ring0/vm/x86"

// opVecMove is a whole-register move between registers and memory in any form.
func opVecMove(align vecAlign) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needVec(in) {
			return false
		}
		switch in.Form {
		case x86.FormRR:
			c.setVec(in, in.Dst, c.vec(in, in.Src))
		case x86.FormRM:
			v, ok := c.readVec(in, align)
			if !ok {
				return false
			}
			c.setVec(in, in.Dst, v)
		default:
			if !c.writeVec(in, align, c.vec(in, in.Src)) {
				return false
			}
			if !isXMM(in) {
				c.enterMMX()
			}
		}
		return true
	}
}

// opMOVSS and opMOVSD: a load clears the rest of the register, a register
// move keeps it.
func opMOVSS(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	switch in.Form {
	case x86.FormRR:
		c.fpu.setSingle(in.Dst, uint32(c.fpu.xmm[in.Src&7][0]))
	case x86.FormRM:
		v, ok := c.read32(in)
		if !ok {
			return false
		}
		c.fpu.xmm[in.Dst&7] = xmmReg{uint64(v)}
	default:
		return c.write32(in, uint32(c.fpu.xmm[in.Src&7][0]))
	}
	return true
}

func opMOVSD(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	switch in.Form {
	case x86.FormRR:
		c.fpu.xmm[in.Dst&7][0] = c.fpu.xmm[in.Src&7][0]
	case x86.FormRM:
		v, ok := c.read64(in)
		if !ok {
			return false
		}
		c.fpu.xmm[in.Dst&7] = xmmReg{v}
	default:
		return c.write64(in, c.fpu.xmm[in.Src&7][0])
	}
	return true
}

// setSingle replaces the lowest element of XMM register r.
func (f *fpuState) setSingle(r uint8, v uint32) {
	d := &f.xmm[r&7][0]
	*d = *d&^0xffffffff | uint64(v)
}

// opMoveHalf is MOVLPS, MOVHPS and their PD twins: 8 bytes to or from a half.
func opMoveHalf(half int) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needSSE() {
			return false
		}
		if in.Form == x86.FormMR {
			return c.write64(in, c.fpu.xmm[in.Src&7][half])
		}
		v, ok := c.read64(in)
		if ok {
			c.fpu.xmm[in.Dst&7][half] = v
		}
		return ok
	}
}

// opMOVHLPS and opMOVLHPS move a half between registers.
func opMOVHLPS(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	c.fpu.xmm[in.Dst&7][0] = c.fpu.xmm[in.Src&7][1]
	return true
}

func opMOVLHPS(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	c.fpu.xmm[in.Dst&7][1] = c.fpu.xmm[in.Src&7][0]
	return true
}

// opMOVQX is MOVQ between XMM registers and 8 bytes: the high half becomes 0.
func opMOVQX(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	switch in.Form {
	case x86.FormRR:
		c.fpu.xmm[in.Dst&7] = xmmReg{c.fpu.xmm[in.Src&7][0]}
	case x86.FormRM:
		v, ok := c.read64(in)
		if !ok {
			return false
		}
		c.fpu.xmm[in.Dst&7] = xmmReg{v}
	default:
		return c.write64(in, c.fpu.xmm[in.Src&7][0])
	}
	return true
}

// opMOVD moves 32 bits between a general register or memory and MM or XMM.
func opMOVDTOMM(c *CPU, in *inst) bool {
	if !c.needMMX() {
		return false
	}
	v, ok := c.readGeneral(in, 4)
	if ok {
		c.setMM(in.Dst, uint64(v))
	}
	return ok
}

func opMOVDTOX(c *CPU, in *inst) bool {
	if !c.needSSE() {
		return false
	}
	v, ok := c.readGeneral(in, 4)
	if ok {
		c.fpu.xmm[in.Dst&7] = xmmReg{uint64(v)}
	}
	return ok
}

func opMOVDFROMMM(c *CPU, in *inst) bool {
	if !c.needMMX() || !c.writeGeneral(in, uint32(c.mm(in.Src))) {
		return false
	}
	c.enterMMX()
	return true
}

func opMOVDFROMX(c *CPU, in *inst) bool {
	return c.needSSE() && c.writeGeneral(in, uint32(c.fpu.xmm[in.Src&7][0]))
}

func opMOVQ2DQ(c *CPU, in *inst) bool {
	if !c.needSSE() || !c.needMMX() {
		return false
	}
	c.fpu.xmm[in.Dst&7] = xmmReg{c.mm(in.Src)}
	c.enterMMX()
	return true
}

func opMOVDQ2Q(c *CPU, in *inst) bool {
	if !c.needSSE() || !c.needMMX() {
		return false
	}
	c.setMM(in.Dst, c.fpu.xmm[in.Src&7][0])
	return true
}

// opMOVNTI is a plain store; the cache hint means nothing here.
func opMOVNTI(c *CPU, in *inst) bool {
	return c.writeSeg(in.Seg, c.effAddr(in), 4, uint64(c.gpr[in.Src&7]))
}

// opMASKMOV stores the bytes of Dst whose mask bit in Src is set to Seg:(E)DI.
// All of them are checked before any is written.
func opMASKMOV(c *CPU, in *inst) bool {
	if !c.needVec(in) {
		return false
	}
	data, m := c.vec(in, in.Dst), c.vec(in, in.Src)
	at := c.gpr[x86.EDI]
	n := uint8(vecBits(in) / 8)
	addrMask := uint32(0xffffffff)
	if in.Flags&x86.Addr16 != 0 {
		addrMask = 0xffff
	}
	set := func(i uint8) bool { return m.elem(int(i), 8)&0x80 != 0 }
	for i := range n {
		if set(i) && !c.probeWrite(in.Seg, (at+uint32(i))&addrMask, 1) {
			return false
		}
	}
	for i := range n {
		if set(i) && !c.writeSeg(in.Seg, (at+uint32(i))&addrMask, 1, data.elem(int(i), 8)) {
			return false
		}
	}
	if !isXMM(in) {
		c.enterMMX()
	}
	return true
}
