// SPDX-License-Identifier: BSD-3-Clause

// String instructions: A4–A7, AA–AF, 6C–6F, with REP, REPE and REPNE
// (SDM vol. 1, 7.3.9 "String operations"; vol. 2, "REP/REPE/REPZ/REPNE/REPNZ").
//
// Each instruction is one function that does one element; repeat.go runs it
// (E)CX times, and stringbulk.go does many elements at a time where that
// cannot be told from one at a time.
//
// The source is Seg:(E)SI, the destination ES:(E)DI; the address size chooses
// 16 or 32 bits of index and count, EFLAGS.DF the direction.

package vm

import (
	"unsafe"

	"ring0/vm/x86"
)

// element is one element of a string.
type element interface{ uint8 | uint16 | uint32 }

var stringOps = opTable{
	x86.MOVS: {by: &formTable{x86.FormNone: {opMOVS[uint8], opMOVS[uint16], opMOVS[uint32]}}, fast: &fastMOVS},
	x86.CMPS: {by: &formTable{x86.FormNone: {opCMPS[uint8], opCMPS[uint16], opCMPS[uint32]}}, fast: &fastCMPS},
	x86.STOS: {by: &formTable{x86.FormNone: {opSTOS[uint8], opSTOS[uint16], opSTOS[uint32]}}, fast: &fastSTOS},
	x86.LODS: {by: &formTable{x86.FormNone: {opLODS[uint8], opLODS[uint16], opLODS[uint32]}}, fast: &fastLODS},
	x86.SCAS: {by: &formTable{x86.FormNone: {opSCAS[uint8], opSCAS[uint16], opSCAS[uint32]}}, fast: &fastSCAS},
	x86.INS:  {any: opINS},
	x86.OUTS: {any: opOUTS},
}

// opMOVS copies an element.
//
//	A4   MOVSB
//	A5   MOVSW, MOVSD
//
// Flags: none.
func opMOVS[T element](c *CPU, in *inst) bool {
	if repeated(in) {
		return c.repeat(in, movsOne[T], movsBulk[T])
	}
	return movsOne[T](c, in)
}

func movsOne[T element](c *CPU, in *inst) bool {
	v, ok := loadElement[T](c, in, in.Seg, c.index(in, x86.ESI))
	if !ok || !storeElement(c, in, c.index(in, x86.EDI), v) {
		return false
	}
	step := stepOf[T](c)
	c.advance(in, x86.ESI, step)
	c.advance(in, x86.EDI, step)
	return true
}

// opCMPS compares the source element with the destination's.
//
//	A6   CMPSB
//	A7   CMPSW, CMPSD
//
// Flags: as CMP source, destination.
func opCMPS[T element](c *CPU, in *inst) bool {
	if repeated(in) {
		return c.repeat(in, cmpsOne[T], cmpsBulk[T])
	}
	return cmpsOne[T](c, in)
}

func cmpsOne[T element](c *CPU, in *inst) bool {
	a, ok := loadElement[T](c, in, in.Seg, c.index(in, x86.ESI))
	if !ok {
		return false
	}
	b, ok := loadElement[T](c, in, x86.ES, c.index(in, x86.EDI))
	if !ok {
		return false
	}
	compareElements(c, a, b)
	step := stepOf[T](c)
	c.advance(in, x86.ESI, step)
	c.advance(in, x86.EDI, step)
	return true
}

// opSTOS stores the accumulator.
//
//	AA   STOSB
//	AB   STOSW, STOSD
//
// Flags: none.
func opSTOS[T element](c *CPU, in *inst) bool {
	if repeated(in) {
		return c.repeat(in, stosOne[T], stosBulk[T])
	}
	return stosOne[T](c, in)
}

func stosOne[T element](c *CPU, in *inst) bool {
	if !storeElement(c, in, c.index(in, x86.EDI), T(c.gpr[x86.EAX])) {
		return false
	}
	c.advance(in, x86.EDI, stepOf[T](c))
	return true
}

// opLODS loads the accumulator.
//
//	AC   LODSB
//	AD   LODSW, LODSD
//
// Flags: none.
func opLODS[T element](c *CPU, in *inst) bool {
	if repeated(in) {
		return c.repeat(in, lodsOne[T], lodsBulk[T])
	}
	return lodsOne[T](c, in)
}

func lodsOne[T element](c *CPU, in *inst) bool {
	v, ok := loadElement[T](c, in, in.Seg, c.index(in, x86.ESI))
	if !ok {
		return false
	}
	setAccumulator(c, v)
	c.advance(in, x86.ESI, stepOf[T](c))
	return true
}

// opSCAS compares the accumulator with the destination element.
//
//	AE   SCASB
//	AF   SCASW, SCASD
//
// Flags: as CMP accumulator, destination.
func opSCAS[T element](c *CPU, in *inst) bool {
	if repeated(in) {
		return c.repeat(in, scasOne[T], scasBulk[T])
	}
	return scasOne[T](c, in)
}

func scasOne[T element](c *CPU, in *inst) bool {
	v, ok := loadElement[T](c, in, x86.ES, c.index(in, x86.EDI))
	if !ok {
		return false
	}
	compareElements(c, T(c.gpr[x86.EAX]), v)
	c.advance(in, x86.EDI, stepOf[T](c))
	return true
}

// opINS stores an element read from port DX.
//
//	6C   INSB
//	6D   INSW, INSD
//
// Flags: none. Faults: #GP(0) when the port is not allowed; the destination's,
// before the port is read.
func opINS(c *CPU, in *inst) bool {
	if repeated(in) {
		return c.repeat(in, insOne, nil)
	}
	return insOne(c, in)
}

func insOne(c *CPU, in *inst) bool {
	port := c.reg16(x86.EDX)
	if !c.ioAllowed(port, in.Size) {
		return false
	}
	off := c.index(in, x86.EDI)
	if !c.probeWrite(x86.ES, off, in.Size) || !c.writeSeg(x86.ES, off, in.Size, uint64(c.m.in(port, in.Size))) {
		return false
	}
	c.advance(in, x86.EDI, c.step(in.Size))
	return true
}

// opOUTS writes an element to port DX.
//
//	6E   OUTSB
//	6F   OUTSW, OUTSD
//
// Flags: none. Faults: #GP(0) when the port is not allowed; the source's.
func opOUTS(c *CPU, in *inst) bool {
	if repeated(in) {
		return c.repeat(in, outsOne, nil)
	}
	return outsOne(c, in)
}

func outsOne(c *CPU, in *inst) bool {
	port := c.reg16(x86.EDX)
	if !c.ioAllowed(port, in.Size) {
		return false
	}
	v, ok := c.readSeg(in.Seg, c.index(in, x86.ESI), in.Size)
	if !ok {
		return false
	}
	c.m.out(port, in.Size, uint32(v))
	c.advance(in, x86.ESI, c.step(in.Size))
	return true
}

// repeated says whether the instruction has a repeat prefix. Where nothing
// is compared REPNE is the same as REP.
func repeated(in *inst) bool { return in.Flags&(x86.Rep|x86.Repne) != 0 }

// index is the offset in index register r.
func (c *CPU) index(in *inst, r uint8) uint32 { return c.gpr[r&7] & addrMask(in) }

// step is what one element of size bytes adds to an index register.
func (c *CPU) step(size uint8) uint32 {
	if c.flags&FlagDF != 0 {
		return -uint32(size)
	}
	return uint32(size)
}

func stepOf[T element](c *CPU) uint32 { return c.step(sizeOf[T]()) }

// advance adds step to index register r, 16 or 32 bits of it.
func (c *CPU) advance(in *inst, r uint8, step uint32) {
	p, mask := &c.gpr[r&7], addrMask(in)
	*p = *p&^mask | (*p+step)&mask
}

func sizeOf[T element]() uint8 { return uint8(unsafe.Sizeof(T(0))) }

// loadElement reads the element at seg:off.
func loadElement[T element](c *CPU, in *inst, seg uint8, off uint32) (T, bool) {
	e := c.entry(off)
	if e.rd == (off+uint32(sizeOf[T]()-1))&^pageMask|uint32(in.slow) {
		return *(*T)(e.at(off)), true
	}
	v, ok := c.readSeg(seg, off, sizeOf[T]())
	return T(v), ok
}

// storeElement writes the element at ES:off.
func storeElement[T element](c *CPU, in *inst, off uint32, v T) bool {
	e := c.entry(off)
	if e.wr == (off+uint32(sizeOf[T]()-1))&^pageMask|uint32(in.slow) {
		*(*T)(e.at(off)) = v
		return true
	}
	return c.writeSeg(x86.ES, off, sizeOf[T](), uint64(v))
}

// compareElements sets the flags of a - b.
func compareElements[T element](c *CPU, a, b T) {
	c.flagsSub(uint32(a), uint32(b), sizeOf[T]())
}

// setAccumulator writes AL, AX or EAX.
func setAccumulator[T element](c *CPU, v T) {
	c.setRegSized(x86.EAX, sizeOf[T](), uint32(v))
}
