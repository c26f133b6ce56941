// SPDX-License-Identifier: BSD-3-Clause

// MMX and XMM registers and operands, and what every operation on them does
// around its work; the table of their moves, shuffles and integer operations.
//
// An MMX register is the significand of a physical x87 register. Any MMX
// instruction makes TOP 0 and all registers valid, and one that writes a
// register sets its sign and exponent to ones (SDM vol. 1, 9.6).

package vm

import (
	"ring0/vm/float80"
	"ring0/vm/x86"
)

// isXMM tells the register files of the packed-integer operations apart.
func isXMM(in *inst) bool { return in.Size == 16 }

// needVec checks CR0, CR4 and pending exceptions for the file in works on.
func (c *CPU) needVec(in *inst) bool {
	if isXMM(in) {
		return c.needSSE()
	}
	return c.needMMX()
}

// enterMMX is the effect every MMX instruction has on the x87 state.
func (c *CPU) enterMMX() { c.fpu.top, c.fpu.used = 0, 0xff }

func (c *CPU) mm(r uint8) uint64 { return c.fpu.r[r&7].Man }

func (c *CPU) setMM(r uint8, v uint64) {
	c.enterMMX()
	c.fpu.r[r&7] = float80.F80{Man: v, SE: 0xffff}
}

// vec reads register r of in's file; of an MMX register the high half is 0.
func (c *CPU) vec(in *inst, r uint8) xmmReg {
	if isXMM(in) {
		return c.fpu.xmm[r&7]
	}
	return xmmReg{c.mm(r)}
}

func (c *CPU) setVec(in *inst, r uint8, v xmmReg) {
	if isXMM(in) {
		c.fpu.xmm[r&7] = v
		return
	}
	c.setMM(r, v[0])
}

// vecSrc reads the source operand: register Src, or memory of the size the
// instruction reads. 16-byte operands must be aligned.
func (c *CPU) vecSrc(in *inst) (xmmReg, bool) {
	if in.Form == x86.FormRR || in.Form == x86.FormRRI {
		return c.vec(in, in.Src), true
	}
	return c.readVec(in, alignedVec)
}

// readVec reads the memory operand of 4, 8 or 16 bytes.
func (c *CPU) readVec(in *inst, align vecAlign) (v xmmReg, ok bool) {
	if in.Size == 16 {
		return c.read128(in, align)
	}
	if in.MemSize() == 4 {
		low, ok := c.read32(in)
		return xmmReg{uint64(low)}, ok
	}
	v[0], ok = c.read64(in)
	return v, ok
}

// writeVec writes the memory operand of 8 or 16 bytes.
func (c *CPU) writeVec(in *inst, align vecAlign, v xmmReg) bool {
	if in.Size == 16 {
		return c.write128(in, align, v)
	}
	return c.write64(in, v[0])
}

// elements of a register of either file.

func (v xmmReg) elem(i, width int) uint64 {
	at := i * width
	return v[at>>6] >> (at & 63) & (1<<width - 1)
}

func (v *xmmReg) setElem(i, width int, e uint64) {
	at := i * width
	v[at>>6] |= e & (1<<width - 1) << (at & 63)
}

// elem64 is elem for widths up to 64.
func (v xmmReg) elem64(i, width int) uint64 {
	if width == 64 {
		return v[i]
	}
	return v.elem(i, width)
}

// vecBits is the width of in's register file.
func vecBits(in *inst) int {
	if isXMM(in) {
		return 128
	}
	return 64
}

// opHalves runs an operation that works on each 64-bit half alone.
func opHalves(f halfOp) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needVec(in) {
			return false
		}
		b, ok := c.vecSrc(in)
		if !ok {
			return false
		}
		a := c.vec(in, in.Dst)
		r := xmmReg{f(a[0], b[0])}
		if isXMM(in) {
			r[1] = f(a[1], b[1])
		}
		c.setVec(in, in.Dst, r)
		return true
	}
}

// opWhole runs an operation that mixes the halves; xmm says which file.
func opWhole(f func(a, b xmmReg, in *inst) xmmReg) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needVec(in) {
			return false
		}
		b, ok := c.vecSrc(in)
		if !ok {
			return false
		}
		c.setVec(in, in.Dst, f(c.vec(in, in.Dst), b, in))
		return true
	}
}

// opVecShift shifts by an immediate or by the low 64 bits of the source.
func opVecShift(f vecShift) handler {
	return opWholeImm(func(a xmmReg, n uint64) xmmReg { return xmmReg{f(a[0], n), f(a[1], n)} })
}

func opWholeImm(f func(a xmmReg, n uint64) xmmReg) handler {
	return func(c *CPU, in *inst) bool {
		if !c.needVec(in) {
			return false
		}
		n := uint64(in.Imm)
		if in.Form != x86.FormRI {
			b, ok := c.vecSrc(in)
			if !ok {
				return false
			}
			n = b[0]
		}
		c.setVec(in, in.Dst, f(c.vec(in, in.Dst), n))
		return true
	}
}

// readGeneral reads a source that is a general register (all of it) or
// memory of size bytes.
func (c *CPU) readGeneral(in *inst, size uint8) (uint32, bool) {
	if in.Form == x86.FormRR || in.Form == x86.FormRRI {
		return c.gpr[in.Src&7], true
	}
	v, ok := c.readSeg(in.Seg, c.effAddr(in), size)
	return uint32(v), ok
}

// writeGeneral writes 32 bits to a general register or memory.
func (c *CPU) writeGeneral(in *inst, v uint32) bool {
	if in.Form == x86.FormRR {
		c.gpr[in.Dst&7] = v
		return true
	}
	return c.writeSeg(in.Seg, c.effAddr(in), 4, uint64(v))
}

// vecOps are the moves, shuffles and packed integer operations of MMX and SSE.
var vecOps = makeVecOps()

func makeVecOps() *opTable {
	t := &opTable{
		x86.MOVDTOMM: {any: opMOVDTOMM}, x86.MOVDFROMMM: {any: opMOVDFROMMM},
		x86.MOVDTOX: {any: opMOVDTOX}, x86.MOVDFROMX: {any: opMOVDFROMX},
		x86.MOVQX: {any: opMOVQX}, x86.MOVQ2DQ: {any: opMOVQ2DQ}, x86.MOVDQ2Q: {any: opMOVDQ2Q},
		x86.MOVNTI: {any: opMOVNTI}, x86.MASKMOVQ: {any: opMASKMOV}, x86.MASKMOVDQU: {any: opMASKMOV},
		x86.PMOVMSKB: {any: opPMOVMSKB}, x86.MOVMSKPS: {any: opMOVMSKPS}, x86.MOVMSKPD: {any: opMOVMSKPD},
		x86.PEXTRW: {any: opPEXTRW}, x86.PINSRW: {any: opPINSRW},
		x86.MOVHLPS: {any: opMOVHLPS}, x86.MOVLHPS: {any: opMOVLHPS},
		x86.MOVSS: {any: opMOVSS}, x86.MOVSD: {any: opMOVSD},

		x86.PUNPCKLBW: {any: opWhole(unpack(8, 0))}, x86.PUNPCKHBW: {any: opWhole(unpack(8, 1))},
		x86.PUNPCKLWD: {any: opWhole(unpack(16, 0))}, x86.PUNPCKHWD: {any: opWhole(unpack(16, 1))},
		x86.PUNPCKLDQ: {any: opWhole(unpack(32, 0))}, x86.PUNPCKHDQ: {any: opWhole(unpack(32, 1))},
		x86.PUNPCKLQDQ: {any: opWhole(unpack(64, 0))}, x86.PUNPCKHQDQ: {any: opWhole(unpack(64, 1))},
		x86.UNPCKLPS: {any: opWhole(unpack(32, 0))}, x86.UNPCKHPS: {any: opWhole(unpack(32, 1))},
		x86.UNPCKLPD: {any: opWhole(unpack(64, 0))}, x86.UNPCKHPD: {any: opWhole(unpack(64, 1))},
		x86.PACKSSWB: {any: opWhole(pack(16, satS8E))}, x86.PACKUSWB: {any: opWhole(pack(16, satU8E))},
		x86.PACKSSDW: {any: opWhole(pack(32, satS16E))},
		x86.PSHUFW:   {any: opWhole(shuffle(16, 4, 0))}, x86.PSHUFLW: {any: opWhole(shuffle(16, 4, 0))},
		x86.PSHUFHW: {any: opWhole(shuffle(16, 4, 4))}, x86.PSHUFD: {any: opWhole(shuffle(32, 4, 0))},
		x86.SHUFPS: {any: opWhole(shufps)}, x86.SHUFPD: {any: opWhole(shufpd)},
		x86.PSLLDQ: {any: opWholeImm(func(a xmmReg, n uint64) xmmReg { return shiftLeftBytes(a, uint32(n)) })},
		x86.PSRLDQ: {any: opWholeImm(func(a xmmReg, n uint64) xmmReg { return shiftRightBytes(a, uint32(n)) })},
	}
	for _, op := range []x86.Op{x86.MOVQMM, x86.MOVDQA, x86.MOVAPS, x86.MOVAPD, x86.MOVNTQ, x86.MOVNTDQ, x86.MOVNTPS, x86.MOVNTPD} {
		t[op] = opImpl{any: opVecMove(alignedVec)}
	}
	for _, op := range []x86.Op{x86.MOVDQU, x86.MOVUPS, x86.MOVUPD} {
		t[op] = opImpl{any: opVecMove(unalignedVec)}
	}
	for _, op := range []x86.Op{x86.MOVLPS, x86.MOVLPD} {
		t[op] = opImpl{any: opMoveHalf(0)}
	}
	for _, op := range []x86.Op{x86.MOVHPS, x86.MOVHPD} {
		t[op] = opImpl{any: opMoveHalf(1)}
	}
	for op, f := range halfOps {
		t[op] = opImpl{any: opHalves(f)}
	}
	for op, f := range vecShifts {
		t[op] = opImpl{any: opVecShift(f)}
	}
	return t
}
