// SPDX-License-Identifier: BSD-3-Clause

// MMX and XMM operands, moves and shuffles (SDM vol. 2: MOVD MOVQ MOVDQA
// MOVUPS MOVSS …, PUNPCK*, PACK*, PSHUF*, SHUFPS, UNPCK*, PINSRW, MASKMOVQ).
//
// An MMX register is the significand of a physical x87 register. Any MMX
// instruction makes TOP 0 and all registers valid, and one that writes a
// register sets its sign and exponent to ones (SDM vol. 1, 9.6).

package vm

import (
	"math/bits"

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

// elements of a register of either file.

func (v xmmReg) elem(i, width int) uint64 {
	at := i * width
	return v[at>>6] >> (at & 63) & (1<<width - 1)
}

func (v *xmmReg) setElem(i, width int, e uint64) {
	at := i * width
	v[at>>6] |= e & (1<<width - 1) << (at & 63)
}

// vecBits is the width of in's register file.
func vecBits(in *inst) int {
	if isXMM(in) {
		return 128
	}
	return 64
}

// unpack interleaves the elements of the low or high halves.
func unpack(width, high int) func(a, b xmmReg, in *inst) xmmReg {
	return func(a, b xmmReg, in *inst) (r xmmReg) {
		n := vecBits(in) / width
		for i := range n / 2 {
			from := i + high*n/2
			r.setElem(2*i, width, a.elem64(from, width))
			r.setElem(2*i+1, width, b.elem64(from, width))
		}
		return r
	}
}

// elem64 is elem for widths up to 64.
func (v xmmReg) elem64(i, width int) uint64 {
	if width == 64 {
		return v[i]
	}
	return v.elem(i, width)
}

// pack narrows a's then b's elements with saturation.
func pack(width int, sat func(v int) uint64) func(a, b xmmReg, in *inst) xmmReg {
	return func(a, b xmmReg, in *inst) (r xmmReg) {
		n := vecBits(in) / width
		signed := func(v xmmReg, i int) int { return int(int64(v.elem(i, width)<<(64-width)) >> (64 - width)) }
		for i := range n {
			r.setElem(i, width/2, sat(signed(a, i)))
			r.setElem(n+i, width/2, sat(signed(b, i)))
		}
		return r
	}
}

// shuffle picks n elements of width from source, starting at element first of
// both, by 2-bit fields of imm.
func shuffle(width, n, first int) func(a, b xmmReg, in *inst) xmmReg {
	return func(a, b xmmReg, in *inst) xmmReg {
		r := xmmReg{}
		total := vecBits(in) / width
		for i := range total {
			from := i
			if i >= first && i < first+n {
				from = first + int(in.Imm>>(2*(i-first))&3)
			}
			r.setElem(i, width, b.elem(from, width))
		}
		return r
	}
}

// shufps takes two elements of a, then two of b, by 2-bit fields of imm.
func shufps(a, b xmmReg, in *inst) (r xmmReg) {
	for i := range 4 {
		from := a
		if i >= 2 {
			from = b
		}
		r.setElem(i, 32, from.elem(int(in.Imm>>(2*i)&3), 32))
	}
	return r
}

func shufpd(a, b xmmReg, in *inst) xmmReg { return xmmReg{a[in.Imm&1], b[in.Imm>>1&1]} }

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

// opPMOVMSKB gathers the top bits of all bytes.
func opPMOVMSKB(c *CPU, in *inst) bool {
	return c.moveMask(in, 8)
}

// opMOVMSKPS and opMOVMSKPD gather the signs of all elements.
func opMOVMSKPS(c *CPU, in *inst) bool { return c.moveMask(in, 32) }
func opMOVMSKPD(c *CPU, in *inst) bool { return c.moveMask(in, 64) }

func (c *CPU) moveMask(in *inst, width int) bool {
	if !c.needVec(in) {
		return false
	}
	v := c.vec(in, in.Src)
	r := uint32(0)
	for i := range vecBits(in) / width {
		r |= uint32(v.elem64(i, width)>>(width-1)) << i
	}
	c.gpr[in.Dst&7] = r
	if !isXMM(in) {
		c.enterMMX()
	}
	return true
}

// opPEXTRW and opPINSRW move one word; imm picks it, modulo their number.
func opPEXTRW(c *CPU, in *inst) bool {
	if !c.needVec(in) {
		return false
	}
	v := c.vec(in, in.Src)
	c.gpr[in.Dst&7] = uint32(v.elem(wordIndex(in), 16))
	if !isXMM(in) {
		c.enterMMX()
	}
	return true
}

func opPINSRW(c *CPU, in *inst) bool {
	if !c.needVec(in) {
		return false
	}
	w, ok := c.readGeneral(in, 2)
	if !ok {
		return false
	}
	v := c.vec(in, in.Dst)
	i := wordIndex(in)
	v[i>>2] &^= 0xffff << (i & 3 * 16)
	v.setElem(i, 16, uint64(w))
	c.setVec(in, in.Dst, v)
	return true
}

func wordIndex(in *inst) int { return int(in.Imm) & (1<<bits.Len(uint(vecBits(in)/16-1)) - 1) }

func satS8E(v int) uint64  { return uint64(satS8(v)) }
func satU8E(v int) uint64  { return uint64(satU8(v)) }
func satS16E(v int) uint64 { return uint64(satS16(v)) }

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
