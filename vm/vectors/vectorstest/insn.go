// SPDX-License-Identifier: BSD-3-Clause
// What a vector's instruction names, for tests of arithmetic that have no CPU: prefixes, opcode, ModRM, address.

package vectorstest

import (
	"encoding/binary"

	"ring0/vm/vectors"
)

// Insn is a decoded instruction with a ModRM byte.
type Insn struct {
	Mandatory byte // F3 or F2, whichever is last; else 66; else 0
	Opcode    uint16
	ModRM     byte
	Addr      uint32 // linear address of a memory operand
	Imm       []byte // what follows the operand
}

// Memory says whether the operand is in memory.
func (i Insn) Memory() bool { return i.ModRM < 0xc0 }

// Reg is the ModRM reg field.
func (i Insn) Reg() int { return int(i.ModRM >> 3 & 7) }

// RM is the ModRM r/m field.
func (i Insn) RM() int { return int(i.ModRM & 7) }

// Decode reads an instruction that has a ModRM byte; ok is false if there is no room for one.
func Decode(f *vectors.File, rec *vectors.Record) (i Insn, ok bool) {
	code, seg, addr16 := rec.Code, -1, rec.Flags&vectors.Code16 != 0
	for ; len(code) > 0; code = code[1:] {
		switch b := code[0]; b {
		case 0x26, 0x2e, 0x36, 0x3e:
			seg = int(b >> 3 & 3)
		case 0x64, 0x65:
			seg = int(b & 7)
		case 0x67:
			addr16 = !addr16
		case 0x66:
			i.Mandatory = max(i.Mandatory, b)
		case 0xf2, 0xf3:
			i.Mandatory = b
		case 0xf0:
		default:
			return i.decodeOpcode(f, rec, code, seg, addr16)
		}
	}
	return i, false
}

func (i Insn) decodeOpcode(f *vectors.File, rec *vectors.Record, code []byte, seg int, addr16 bool) (Insn, bool) {
	i.Opcode = uint16(code[0])
	if code[0] == 0x0f && len(code) > 1 {
		code = code[1:]
		i.Opcode = 0x0f00 | uint16(code[0])
	}
	if len(code) < 2 {
		return i, false
	}
	i.ModRM, i.Imm = code[1], code[2:]
	if i.Memory() {
		i.address(f, rec, seg, addr16)
	}
	return i, true
}

// address takes SIB and displacement off Imm and sets Addr.
func (i *Insn) address(f *vectors.File, rec *vectors.Record, seg int, addr16 bool) {
	address := i.address32
	if addr16 {
		address = i.address16
	}
	offset, base := address(&rec.In)
	if seg < 0 {
		seg = vectors.DS
		if base == vectors.ESP || base == vectors.EBP {
			seg = vectors.SS
		}
	}
	i.Addr = segmentBase(f, rec.In.Seg[seg]) + offset
}

// displacement takes n bytes, sign-extended.
func (i *Insn) displacement(n int) uint32 {
	var b [4]byte
	copy(b[:], i.Imm[:n])
	i.Imm = i.Imm[n:]
	v := int32(binary.LittleEndian.Uint32(b[:]))
	return uint32(v << (32 - 8*n) >> (32 - 8*n))
}

// noBase is the base of an address without one.
const noBase = -1

func (i *Insn) address32(s *vectors.State) (offset uint32, base int) {
	mod := i.ModRM >> 6
	base = i.RM()
	if base == vectors.ESP {
		sib := i.Imm[0]
		i.Imm, base = i.Imm[1:], int(sib&7)
		if index := sib >> 3 & 7; index != vectors.ESP {
			offset = s.GPR[index] << (sib >> 6)
		}
	}
	if mod == 0 && base == vectors.EBP {
		return offset + i.displacement(4), noBase
	}
	return offset + s.GPR[base] + i.displacement([]int{0, 1, 4}[mod]), base
}

func (i *Insn) address16(s *vectors.State) (offset uint32, base int) {
	mod := i.ModRM >> 6
	if mod == 0 && i.RM() == 6 {
		return i.displacement(2) & 0xffff, noBase
	}
	regs := [8][]int{
		{vectors.EBX, vectors.ESI}, {vectors.EBX, vectors.EDI}, {vectors.EBP, vectors.ESI}, {vectors.EBP, vectors.EDI},
		{vectors.ESI}, {vectors.EDI}, {vectors.EBP}, {vectors.EBX},
	}[i.RM()]
	for _, r := range regs {
		offset += s.GPR[r]
	}
	return (offset + i.displacement([]int{0, 1, 2}[mod])) & 0xffff, regs[0]
}

// segmentBase reads the base out of the LDT; the other selectors are flat.
func segmentBase(f *vectors.File, sel uint16) uint32 {
	if n := int(sel >> 3); sel&4 != 0 && n < len(f.LDT) {
		d := f.LDT[n]
		return uint32(d[2]) | uint32(d[3])<<8 | uint32(d[4])<<16 | uint32(d[7])<<24
	}
	return 0
}

// MemoryBefore is n bytes of memory as the instruction finds them.
func MemoryBefore(f *vectors.File, rec *vectors.Record, addr uint32, n int) []byte {
	return read(f, addr, n, rec.MemIn)
}

// MemoryAfter is n bytes of memory as the instruction leaves them.
func MemoryAfter(f *vectors.File, rec *vectors.Record, addr uint32, n int) []byte {
	return read(f, addr, n, rec.MemIn, rec.MemOut)
}

func read(f *vectors.File, addr uint32, n int, layers ...[]vectors.Memory) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byteAt(f, addr+uint32(i), layers)
	}
	return b
}

func byteAt(f *vectors.File, addr uint32, layers [][]vectors.Memory) (v byte) {
	for _, r := range f.Regions {
		if o := addr - r.Addr; o < r.Size && r.Content != nil {
			v = r.Content[o]
		}
	}
	for _, layer := range layers {
		for _, run := range layer {
			if o := addr - run.Addr; o < uint32(len(run.Data)) {
				v = run.Data[o]
			}
		}
	}
	return v
}
