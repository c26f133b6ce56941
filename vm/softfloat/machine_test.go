// SPDX-License-Identifier: BSD-3-Clause
// The least SSE unit that can execute a vector: registers in, lanes computed, register out.

package softfloat_test

import (
	"encoding/binary"

	. "ring0/vm/softfloat"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

var le = binary.LittleEndian

// unit executes one instruction. The flags of its lanes, and what it would
// write to the one destination it has, are left in it.
type unit struct {
	c        Control
	imm      Predicate
	dst, src [16]byte

	flags  Flags
	xmm    []byte // new low bytes of the destination XMM register
	mmx    []byte // new destination MMX register
	gpr    []byte // new destination general register
	eflags []byte
}

// execute runs the instruction; ok is false if it is not arithmetic.
func execute(f *vectors.File, rec *vectors.Record, i vectorstest.Insn) (u *unit, ok bool) {
	if i.Opcode>>8 != 0x0f {
		return nil, false
	}
	u = &unit{c: Control(rec.In.MXCSR), dst: rec.In.XMM[i.Reg()]}
	copy(u.src[:], source(f, rec, i))
	if len(i.Imm) > 0 {
		u.imm = Predicate(i.Imm[0] & 7)
	}
	op := byte(i.Opcode)
	switch i.Mandatory {
	case 0x66:
		return u, arith[uint64](u, op, 2) || u.convert(0x66, op)
	case 0xf2:
		return u, arith[uint64](u, op, 1) || u.convert(0xf2, op)
	case 0xf3:
		return u, arith[uint32](u, op, 1) || u.convert(0xf3, op)
	}
	return u, arith[uint32](u, op, 4) || u.convert(0, op)
}

// source is the source operand: memory, XMM, MMX or general register.
func source(f *vectors.File, rec *vectors.Record, i vectorstest.Insn) []byte {
	switch {
	case i.Memory():
		return vectorstest.MemoryBefore(f, rec, i.Addr, 16)
	case i.Opcode == 0x0f2a && i.Mandatory >= 0xf2:
		return le.AppendUint32(nil, rec.In.GPR[i.RM()])
	case i.Opcode == 0x0f2a:
		return rec.In.R[i.RM()][:8]
	}
	return rec.In.XMM[i.RM()][:]
}

// lane is an element of a register.
func lane[F Float](reg [16]byte, n int) F {
	if _, ok := any(F(0)).(uint32); ok {
		return F(le.Uint32(reg[4*n:]))
	}
	return F(le.Uint64(reg[8*n:]))
}

func appendLane[F Float](b []byte, v F) []byte {
	if w, ok := any(v).(uint32); ok {
		return le.AppendUint32(b, w)
	}
	return le.AppendUint64(b, uint64(v))
}

// each computes n lanes of the source and joins results and flags.
func each[To, From Float](u *unit, n int, fn func(v From, c Control) (To, Flags)) (all []byte) {
	for i := range n {
		v, f := fn(lane[From](u.src, i), u.c)
		all = appendLane(all, v)
		u.flags |= f
	}
	return all
}

// arith does the operations on lanes of one format.
func arith[F Float](u *unit, op byte, lanes int) bool {
	if op == 0x2e || op == 0x2f {
		compare := map[byte]func(a, b F, c Control) (Relation, Flags){0x2e: CompareQuiet[F], 0x2f: Compare[F]}[op]
		r, f := compare(lane[F](u.dst, 0), lane[F](u.src, 0), u.c)
		u.eflags, u.flags = le.AppendUint32(nil, r.EFLAGS()), f
		return true
	}
	test := func(a, b F, c Control) (v F, f Flags) {
		holds, f := Test(u.imm, a, b, c)
		if holds {
			v = ^F(0)
		}
		return v, f
	}
	unary := func(fn func(F, Control) (F, Flags)) func(a, b F, c Control) (F, Flags) {
		return func(_, b F, c Control) (F, Flags) { return fn(b, c) }
	}
	approximate := func(fn func(uint32) uint32) func(a, b F, c Control) (F, Flags) {
		return func(_, b F, c Control) (F, Flags) { return F(fn(uint32(b))), 0 }
	}
	fn, ok := map[byte]func(a, b F, c Control) (F, Flags){
		0x51: unary(Sqrt[F]), 0x52: approximate(ReciprocalRoot), 0x53: approximate(Reciprocal),
		0x58: Add[F], 0x59: Mul[F], 0x5c: Sub[F], 0x5d: Min[F], 0x5e: Div[F], 0x5f: Max[F], 0xc2: test,
	}[op]
	if !ok {
		return false
	}
	for i := range lanes {
		v, f := fn(lane[F](u.dst, i), lane[F](u.src, i), u.c)
		u.xmm = appendLane(u.xmm, v)
		u.flags |= f
	}
	return true
}

func toInt[F Float](v F, c Control) (uint32, Flags) {
	n, f := ToInt32(v, c)
	return uint32(n), f
}

func fromInt[F Float](n uint32, c Control) (F, Flags) { return FromInt32[F](int32(n), c) }

// convert does the conversions.
func (u *unit) convert(prefix, op byte) bool {
	which := int(prefix)<<8 | int(op)
	switch which {
	case 0x2c, 0x662c, 0xf32c, 0xf22c, 0xf35b, 0x66e6:
		u.c = u.c.Chop()
	}
	upper := make([]byte, 8) // zeroed half of the destination
	switch which {
	case 0x2a:
		u.xmm = each(u, 2, fromInt[uint32])
	case 0x662a, 0xf3e6:
		u.xmm = each(u, 2, fromInt[uint64])
	case 0xf32a:
		u.xmm = each(u, 1, fromInt[uint32])
	case 0xf22a:
		u.xmm = each(u, 1, fromInt[uint64])
	case 0x2c, 0x2d:
		u.mmx = each(u, 2, toInt[uint32])
	case 0x662c, 0x662d:
		u.mmx = each(u, 2, toInt[uint64])
	case 0xf32c, 0xf32d:
		u.gpr = each(u, 1, toInt[uint32])
	case 0xf22c, 0xf22d:
		u.gpr = each(u, 1, toInt[uint64])
	case 0x5b:
		u.xmm = each(u, 4, fromInt[uint32])
	case 0x665b, 0xf35b:
		u.xmm = each(u, 4, toInt[uint32])
	case 0x66e6, 0xf2e6:
		u.xmm = append(each(u, 2, toInt[uint64]), upper...)
	case 0x5a:
		u.xmm = each(u, 2, Widen)
	case 0x665a:
		u.xmm = append(each(u, 2, Narrow), upper...)
	case 0xf35a:
		u.xmm = each(u, 1, Widen)
	case 0xf25a:
		u.xmm = each(u, 1, Narrow)
	default:
		return false
	}
	return true
}
