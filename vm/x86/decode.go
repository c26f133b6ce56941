// SPDX-License-Identifier: BSD-3-Clause

// Decoding one instruction: prefixes, opcode, ModRM, immediate.
//
// Intel SDM vol. 2, 2.1 "Instruction format for protected mode, real-address
// mode, and virtual-8086 mode". What each opcode is stands in the tables
// (rows_*.go); build.go turns them into what is read here.

package x86

import "encoding/binary"

// MaxLen is the length of the longest instruction. A longer one is #GP.
const MaxLen = 15

// A Mode holds what decoding depends on besides the bytes.
type Mode uint8

// Code32 is CS.D: operands and addresses are 32 bits by default.
const Code32 Mode = 1 << 0

// An Error says why there is no record.
type Error uint8

// Results of Decode.
const (
	OK       Error = iota
	NeedMore       // the bytes given end before the instruction does
	TooLong        // more than MaxLen bytes: #GP
)

func (e Error) String() string {
	return [...]string{"ok", "need more bytes", "too long"}[e]
}

// window is where instruction bytes are read from: the bytes given, then
// zeros. An instruction that ends beyond the bytes given has read a zero in
// place of a byte not given, so reading itself cannot fail: prefixes, opcode,
// ModRM, SIB, displacement and immediate never begin beyond windowMask.
type window [windowMask + 5]byte

const windowMask = 31

func (w *window) u8(p int) uint8   { return w[p&windowMask] }
func (w *window) u16(p int) uint16 { return binary.LittleEndian.Uint16(w[p&windowMask:]) }
func (w *window) u32(p int) uint32 { return binary.LittleEndian.Uint32(w[p&windowMask:]) }

// Decode decodes the instruction whose bytes begin code and lie at offset
// eip in the code segment. More than MaxLen bytes are never looked at.
//
// What is #UD by the manual is no error: the record says Invalid and its
// length. After an error out holds nothing of use.
func Decode(code []byte, eip uint32, mode Mode, out *Inst) Error {
	var w window
	given := copy(w[:MaxLen], code)

	flags, seg, p := w.prefixes()
	size := 0 // index of the operand size: 0 is 32 bits, 1 is 16 bits
	if flags&OpPfx != 0 {
		size = 1
	}
	if mode&Code32 == 0 {
		flags ^= Addr16
		size ^= 1
	}

	opcode := w.u8(p)
	p++
	cells := &decoding.oneByte
	if opcode == 0x0F {
		cells = &decoding.twoByte[mandatoryPrefix(flags)]
		opcode = w.u8(p)
		p++
	}
	cell := cells[opcode]
	modrm := w.u8(p)
	e := &decoding.entries[int(cell.first)+int(selections[cell.sel&3][modrm])]
	if cell.sel != selNone {
		p++
	}

	fields := numbers | uint64(opcode)<<8 | uint64(modrm)
	*out = Inst{
		Op:    e.op,
		Flags: flags | e.flags,
		Form:  e.form,
		Size:  e.size[size],
		Seg:   seg,
		Dst:   uint8(fields>>(e.dst&63)) & 7,
		Src:   uint8(fields>>(e.src&63)) & 7,
		Base:  NoReg,
		Index: NoReg,
		Cond:  e.cond,
		Imm2:  uint16(e.imm2) | uint16(fields)&e.fop,
		EIP:   eip,
	}
	if e.props&hasModRMMem != 0 {
		p = out.address(&w, p, modrm)
	}
	if e.imm != immNone {
		p = out.immediate(&w, p, e.imm, size)
	}
	if e.props&needsAdjusting != 0 || flags&Lock != 0 {
		out.adjust(e.props)
	}
	out.Len = uint8(p)
	if p > given {
		return ends(given)
	}
	return OK
}

// ends is the error of an instruction that goes on after the bytes given.
func ends(given int) Error {
	if given == MaxLen {
		return TooLong
	}
	return NeedMore
}

// A prefixEffect is what one prefix byte does to the flags gathered so far.
type prefixEffect struct {
	clear, set Flag
}

// prefixEffects has a zero entry for a byte that is no prefix. Addr16 means
// "67 present" until the code segment's default is known.
var prefixEffects = [256]prefixEffect{
	0x26: {0, SegPfx}, 0x2E: {0, SegPfx}, 0x36: {0, SegPfx},
	0x3E: {0, SegPfx}, 0x64: {0, SegPfx}, 0x65: {0, SegPfx},
	0x66: {0, OpPfx},
	0x67: {0, Addr16},
	0xF0: {0, Lock},
	0xF2: {Rep, Repne},
	0xF3: {Repne, Rep},
}

// prefixes reads any number of prefixes in any order. Of segment overrides,
// and of F2 and F3, the last one counts. It returns where the opcode is.
func (w *window) prefixes() (flags Flag, seg uint8, p int) {
	seg = DS
	for {
		b := w.u8(p)
		effect := &prefixEffects[b]
		if effect.set == 0 {
			return flags, seg, p
		}
		flags = flags&^effect.clear | effect.set
		if effect.set == SegPfx {
			seg = segmentOf(b)
		}
		p++
	}
}

// segmentOf gives the register a segment override names:
// 26 2E 36 3E are ES CS SS DS, 64 65 are FS GS.
func segmentOf(prefix uint8) uint8 {
	if prefix >= 0x64 {
		return FS + prefix&1
	}
	return prefix >> 3 & 3
}

// Which prefix selects among the meanings of a two-byte opcode.
const (
	mandatoryNone = iota
	mandatory66
	mandatoryF3
	mandatoryF2
)

// mandatoryPrefix applies the manual's precedence: F2 and F3 over 66.
func mandatoryPrefix(flags Flag) int {
	switch {
	case flags&(Rep|Repne|OpPfx) == 0:
		return mandatoryNone
	case flags&Rep != 0:
		return mandatoryF3
	case flags&Repne != 0:
		return mandatoryF2
	}
	return mandatory66
}

// immediate reads the immediate operand and returns the position after it.
func (in *Inst) immediate(w *window, p int, kind immKind, size int) int {
	switch kind {
	case immS8:
		in.Imm = uint32(int8(w.u8(p)))
		return p + 1
	case immU8:
		in.Imm = uint32(w.u8(p))
		return p + 1
	case immU16:
		in.Imm = uint32(w.u16(p))
		return p + 2
	case immZ:
		in.Imm, p = w.operandSized(p, size)
		return p
	case immRel8:
		in.branchTo(uint32(int8(w.u8(p))), p+1, size)
		return p + 1
	case immRelZ:
		rel, p := w.operandSized(p, size)
		in.branchTo(rel, p, size)
		return p
	}
	return in.rareImmediate(w, p, kind, size)
}

// rareImmediate is immediate for the kinds that few opcodes have.
func (in *Inst) rareImmediate(w *window, p int, kind immKind, size int) int {
	switch kind {
	case immOne:
		in.Imm = 1
	case immFar:
		in.Imm, p = w.operandSized(p, size)
		if size != 0 {
			in.Imm = uint32(uint16(in.Imm))
		}
		in.Imm2 = w.u16(p)
		p += 2
	case immEnter:
		in.Imm = uint32(w.u16(p))
		in.Imm2 = uint16(w.u8(p + 2))
		p += 3
	case immMoffs:
		if in.Flags&Addr16 != 0 {
			in.Disp = uint32(w.u16(p))
			return p + 2
		}
		in.Disp = w.u32(p)
		p += 4
	}
	return p
}

// operandSized reads two or four bytes, sign-extended, by the operand size.
func (w *window) operandSized(p, size int) (uint32, int) {
	if size != 0 {
		return uint32(int16(w.u16(p))), p + 2
	}
	return w.u32(p), p + 4
}

// branchTo sets the target of a relative branch that ends at position p.
// With 16-bit operand size the upper half of EIP is cleared.
func (in *Inst) branchTo(rel uint32, p, size int) {
	in.Imm = in.EIP + uint32(p) + rel
	if size != 0 {
		in.Imm = uint32(uint16(in.Imm))
	}
}

// adjust applies what depends on prefixes or on the immediate together with
// the operation.
func (in *Inst) adjust(props prop) {
	if props&isInvalid != 0 || in.Flags&Lock != 0 && props&lockable == 0 {
		in.makeInvalid()
		return
	}
	// A repeated string instruction may be left between two elements, and
	// changes no flag when its count is zero.
	if props&isString != 0 && in.Flags&(Rep|Repne) != 0 {
		in.Flags = in.Flags&^FlagsOut | EndBlock
	}
	// A shift by zero leaves the flags alone.
	if props&flagsByCount != 0 && in.Imm&31 != 0 {
		in.Flags |= FlagsOut
	}
}

// makeInvalid turns a record into #UD: of the rest only the prefixes stay.
func (in *Inst) makeInvalid() {
	const prefixes = Lock | Rep | Repne | Addr16 | SegPfx | OpPfx
	*in = Inst{Op: Invalid, Flags: in.Flags&prefixes | EndBlock, Base: NoReg, Index: NoReg, Seg: DS, EIP: in.EIP}
}
