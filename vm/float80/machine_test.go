// SPDX-License-Identifier: BSD-3-Clause
// The least x87 that can execute a vector: register stack, status word and one instruction.

package float80_test

import (
	"encoding/binary"

	. "ring0/vm/float80"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

// machine executes one instruction on a state. Stack faults, control
// instructions and moves are not its business: step returns false for them.
type machine struct {
	vectors.State
	mem    func(addr uint32, n int) []byte
	stored []byte // what the instruction wrote at its memory operand
}

func (m *machine) ctl() Control       { return Control(m.FCW) }
func (m *machine) st(i int) F80       { return FromBytes(m.ST(i)) }
func (m *machine) setST(i int, v F80) { m.R[(m.Top()+i)&7] = v.Bytes() }
func (m *machine) hasST(is ...int) bool {
	for _, i := range is {
		if m.STEmpty(i) {
			return false
		}
	}
	return true
}

func (m *machine) pop() {
	m.Tag &^= 1 << m.Top()
	m.FSW = m.FSW&^0x3800 | uint16(m.Top()+1)&7<<11
}

func (m *machine) push(v F80) {
	m.FSW = m.FSW&^0x3800 | uint16(m.Top()-1)&7<<11
	m.Tag |= 1 << m.Top()
	m.setST(0, v)
}

// raise puts a status into the status word; codes are the condition codes it defines.
func (m *machine) raise(st, codes Status) {
	m.FSW = m.FSW&^uint16(codes) | uint16(st)
	if m.ctl().Unmasked(Status(m.FSW)) != 0 {
		m.FSW |= 0x8080
	}
}

const allCodes = C0 | C1 | C2 | C3

// arith is the operation of a ModRM reg field in D8, DC, DE, DA: a op b.
func arith(n int, a, b F80, c Control) (F80, Status) {
	switch n {
	case 0:
		return Add(a, b, c)
	case 1:
		return Mul(a, b, c)
	case 4:
		return Sub(a, b, c)
	case 5:
		return Sub(b, a, c)
	case 6:
		return Div(a, b, c)
	default:
		return Div(b, a, c)
	}
}

// result delivers v to ST(i) and pops as often as said, unless st forbids.
func (m *machine) result(i int, v F80, st, codes Status, pops int) {
	m.raise(st, codes)
	if m.ctl().Keeps(st) {
		return
	}
	m.setST(i, v)
	for range pops {
		m.pop()
	}
}

func (m *machine) compared(r Relation, st Status, pops int) {
	m.raise(st|r.Codes(), allCodes)
	if m.ctl().Keeps(st) {
		return
	}
	for range pops {
		m.pop()
	}
}

// comparedFlags is compared for FCOMI.
func (m *machine) comparedFlags(r Relation, st Status, pops int) {
	m.raise(st, 0)
	m.EFLAGS = m.EFLAGS&^0x8d5 | uint32(r.Codes()>>8)
	if m.ctl().Keeps(st) {
		return
	}
	for range pops {
		m.pop()
	}
}

// step executes i; false means that it is outside the machine's business.
func (m *machine) step(i vectorstest.Insn) bool {
	if i.Memory() {
		return m.stepMemory(i)
	}
	switch i.Opcode {
	case 0xd8, 0xdc, 0xde:
		return m.stepArith(i)
	case 0xd9:
		return m.stepD9(i)
	}
	return m.stepCompare(i)
}

func (m *machine) stepArith(i vectorstest.Insn) bool {
	if !m.hasST(0, i.RM()) {
		return false
	}
	a, b, c := m.st(0), m.st(i.RM()), m.ctl()
	if i.Reg()&^1 == 2 {
		r, st := Compare(a, b, c)
		pops := i.Reg() - 2
		if i.Opcode == 0xde {
			pops++
		}
		m.compared(r, st, min(pops, 2))
		return true
	}
	v, st := arith(i.Reg(), a, b, c)
	switch i.Opcode {
	case 0xd8:
		m.result(0, v, st, C1, 0)
	case 0xdc:
		m.result(i.RM(), v, st, C1, 0)
	default:
		m.result(i.RM(), v, st, C1, 1)
	}
	return true
}

// stepCompare does the comparisons outside the arithmetic opcodes.
func (m *machine) stepCompare(i vectorstest.Insn) bool {
	which := uint16(i.Opcode)<<8 | uint16(i.ModRM&0xf8)
	if which == 0xdae8 && i.ModRM != 0xe9 || !m.hasST(0, i.RM()) {
		return false
	}
	a, b, c := m.st(0), m.st(i.RM()), m.ctl()
	quiet, qst := CompareQuiet(a, b, c)
	loud, lst := Compare(a, b, c)
	switch which {
	case 0xdae8:
		m.compared(quiet, qst, 2)
	case 0xdde0:
		m.compared(quiet, qst, 0)
	case 0xdde8:
		m.compared(quiet, qst, 1)
	case 0xdbe8:
		m.comparedFlags(quiet, qst, 0)
	case 0xdbf0:
		m.comparedFlags(loud, lst, 0)
	case 0xdfe8:
		m.comparedFlags(quiet, qst, 1)
	case 0xdff0:
		m.comparedFlags(loud, lst, 1)
	default:
		return false
	}
	return true
}

// stepD9 does D9 C0 to D9 FF.
func (m *machine) stepD9(i vectorstest.Insn) bool {
	c := m.ctl()
	if k := i.ModRM - 0xe8; k <= byte(ConstZero) {
		if !m.STEmpty(7) {
			return false
		}
		m.raise(0, C1)
		m.push(Constant(k).Load(c))
		return true
	}
	if i.ModRM < 0xe0 || !m.hasST(0) {
		return false
	}
	if two := map[byte]func(F80, F80, Control) (F80, Status){
		0xf1: YLog2X, 0xf3: Atan, 0xf5: Prem1, 0xf8: Prem, 0xf9: YLog2XP1, 0xfd: Scale,
	}; true {
		if fn, ok := two[i.ModRM]; ok {
			return m.hasST(1) && m.binary(i, fn)
		}
	}
	a := m.st(0)
	switch i.ModRM {
	case 0xe0:
		m.result(0, a.ChangeSign(), 0, C1, 0)
	case 0xe1:
		m.result(0, a.Abs(), 0, C1, 0)
	case 0xe4:
		r, st := Compare(a, Zero(), c)
		m.compared(r, st, 0)
	case 0xe5:
		m.raise(Examine(a), allCodes)
	case 0xf0:
		v, st := Exp2M1(a, c)
		m.result(0, v, st, C1, 0)
	case 0xf2, 0xf4, 0xfb:
		return m.twoResults(i, a)
	case 0xfa:
		v, st := Sqrt(a, c)
		m.result(0, v, st, C1, 0)
	case 0xfc:
		v, st := RoundToInt(a, c)
		m.result(0, v, st, C1, 0)
	case 0xfe:
		v, st := Sin(a, c)
		m.result(0, v, st, C1|C2, 0)
	case 0xff:
		v, st := Cos(a, c)
		m.result(0, v, st, C1|C2, 0)
	default:
		return false
	}
	return true
}

func (m *machine) binary(i vectorstest.Insn, fn func(F80, F80, Control) (F80, Status)) bool {
	switch i.ModRM {
	case 0xf1, 0xf3, 0xf9:
		v, st := fn(m.st(1), m.st(0), m.ctl())
		m.result(1, v, st, C1, 1)
		return true
	}
	v, st := fn(m.st(0), m.st(1), m.ctl())
	codes := C1
	if i.ModRM == 0xf5 || i.ModRM == 0xf8 {
		codes = allCodes
		if m.ctl().Keeps(st) {
			codes = C1 | C2
		}
	}
	m.result(0, v, st, codes, 0)
	return true
}

// twoResults does the instructions that replace ST(0) and push another result.
func (m *machine) twoResults(i vectorstest.Insn, a F80) bool {
	if !m.STEmpty(7) {
		return false
	}
	var v, push F80
	var st Status
	codes := C1 | C2
	switch i.ModRM {
	case 0xf2:
		v, push, st = Tan(a, m.ctl())
	case 0xf4:
		push, v, st = Extract(a, m.ctl())
		codes = C1
	default:
		v, push, st = SinCos(a, m.ctl())
	}
	m.result(0, v, st, codes, 0)
	if !m.ctl().Keeps(st) && st&C2 == 0 {
		m.push(push)
	}
	return true
}

// stepMemory does the forms with a memory operand.
func (m *machine) stepMemory(i vectorstest.Insn) bool {
	switch i.Opcode {
	case 0xd8, 0xda, 0xdc, 0xde:
		return m.memoryArith(i)
	case 0xd9, 0xdb, 0xdd, 0xdf:
		if i.Reg() == 0 || i.Opcode >= 0xdb && i.Reg() >= 4 && i.Reg() <= 5 && i.Opcode != 0xdd {
			return m.load(i)
		}
		return m.store(i)
	}
	return false
}

// operand reads the memory operand of the D8, DA, DC and DE forms.
func (m *machine) operand(i vectorstest.Insn) (F80, Status) {
	b := m.mem(i.Addr, 8)
	switch i.Opcode {
	case 0xd8:
		return Widen32(binary.LittleEndian.Uint32(b))
	case 0xda:
		return FromInt(int64(int32(binary.LittleEndian.Uint32(b)))), 0
	case 0xdc:
		return Widen64(binary.LittleEndian.Uint64(b))
	}
	return FromInt(int64(int16(binary.LittleEndian.Uint16(b)))), 0
}

func (m *machine) memoryArith(i vectorstest.Insn) bool {
	if !m.hasST(0) {
		return false
	}
	b, pending := m.operand(i)
	c := m.ctl().With(pending)
	if i.Reg()&^1 == 2 {
		r, st := Compare(m.st(0), b, c)
		m.compared(r, st, i.Reg()-2)
		return true
	}
	v, st := arith(i.Reg(), m.st(0), b, c)
	m.result(0, v, st, C1, 0)
	return true
}

func (m *machine) load(i vectorstest.Insn) bool {
	if !m.STEmpty(7) {
		return false
	}
	b := m.mem(i.Addr, 10)
	var v F80
	var st Status
	switch uint16(i.Opcode)<<8 | uint16(i.Reg()) {
	case 0xd900:
		v, st = FromFloat32(binary.LittleEndian.Uint32(b))
	case 0xdd00:
		v, st = FromFloat64(binary.LittleEndian.Uint64(b))
	case 0xdb00:
		v = FromInt(int64(int32(binary.LittleEndian.Uint32(b))))
	case 0xdf00:
		v = FromInt(int64(int16(binary.LittleEndian.Uint16(b))))
	case 0xdf05:
		v = FromInt(int64(binary.LittleEndian.Uint64(b)))
	case 0xdf04:
		v = FromBCD([10]byte(b))
	case 0xdb05:
		v = FromBytes([10]byte(b))
	default:
		return false
	}
	m.raise(st, C1)
	if !m.ctl().KeepsLoad(st) {
		m.push(v)
	}
	return true
}

func (m *machine) store(i vectorstest.Insn) bool {
	if !m.hasST(0) {
		return false
	}
	v, c, le := m.st(0), m.ctl(), binary.LittleEndian
	var b []byte
	var st Status
	pops := i.Reg() & 1
	switch uint16(i.Opcode)<<8 | uint16(i.Reg()) {
	case 0xd902, 0xd903:
		var n uint32
		n, st = ToFloat32(v, c)
		b = le.AppendUint32(b, n)
	case 0xdd02, 0xdd03:
		var n uint64
		n, st = ToFloat64(v, c)
		b = le.AppendUint64(b, n)
	case 0xdf02, 0xdf03:
		var n int16
		n, st = ToInt16(v, c)
		b = le.AppendUint16(b, uint16(n))
	case 0xdb02, 0xdb03:
		var n int32
		n, st = ToInt32(v, c)
		b = le.AppendUint32(b, uint32(n))
	case 0xdf07:
		var n int64
		n, st = ToInt64(v, c)
		b = le.AppendUint64(b, uint64(n))
	case 0xdf06:
		var bcd [10]byte
		bcd, st = ToBCD(v, c)
		b, pops = bcd[:], 1
	case 0xdb07:
		all := v.Bytes()
		b = all[:]
	default:
		return false
	}
	m.raise(st, C1)
	if c.KeepsMemory(st) {
		return true
	}
	m.stored = b
	for range pops {
		m.pop()
	}
	return true
}
