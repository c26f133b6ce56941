// SPDX-License-Identifier: BSD-3-Clause
// What a vector's x87 instruction names: opcode, ModRM, effective address, memory before and after.

package float80_test

import (
	"encoding/binary"

	"ring0/vm/vectors"
)

// insn is a decoded x87 instruction.
type insn struct {
	op    byte // D8 to DF
	modrm byte
	addr  uint32 // linear address of a memory operand
}

func (i insn) memory() bool { return i.modrm < 0xc0 }
func (i insn) reg() int     { return int(i.modrm >> 3 & 7) }
func (i insn) rm() int      { return int(i.modrm & 7) }

// decode reads prefixes, opcode and ModRM; ok is false if the instruction is not an x87 one.
func decode(f *vectors.File, rec *vectors.Record) (i insn, ok bool) {
	code, seg, addr16 := rec.Code, -1, rec.Flags&vectors.Code16 != 0
	for {
		switch code[0] {
		case 0x26, 0x2e, 0x36, 0x3e:
			seg = int(code[0] >> 3 & 3)
		case 0x64, 0x65:
			seg = int(code[0] & 7)
		case 0x67:
			addr16 = !addr16
		case 0x66, 0xf2, 0xf3:
		default:
			if code[0]&0xf8 != 0xd8 || len(code) < 2 {
				return i, false
			}
			i.op, i.modrm = code[0], code[1]
			if i.memory() {
				i.addr = effective(f, rec, code[1:], seg, addr16)
			}
			return i, true
		}
		code = code[1:]
	}
}

// effective is the linear address of the operand whose ModRM byte begins code.
func effective(f *vectors.File, rec *vectors.Record, code []byte, seg int, addr16 bool) uint32 {
	address := address32
	if addr16 {
		address = address16
	}
	offset, base := address(&rec.In, code)
	if seg < 0 {
		seg = vectors.DS
		if base == vectors.ESP || base == vectors.EBP {
			seg = vectors.SS
		}
	}
	return segmentBase(f, rec.In.Seg[seg]) + offset
}

func address32(s *vectors.State, code []byte) (offset uint32, base int) {
	mod, rm, rest := code[0]>>6, int(code[0]&7), code[1:]
	base = rm
	if rm == 4 {
		sib := rest[0]
		rest, base = rest[1:], int(sib&7)
		if index := sib >> 3 & 7; index != 4 {
			offset = s.GPR[index] << (sib >> 6)
		}
	}
	switch {
	case mod == 0 && base == vectors.EBP:
		return offset + binary.LittleEndian.Uint32(rest), -1
	case mod == 1:
		offset += uint32(int8(rest[0]))
	case mod == 2:
		offset += binary.LittleEndian.Uint32(rest)
	}
	return offset + s.GPR[base], base
}

func address16(s *vectors.State, code []byte) (offset uint32, base int) {
	mod, rm, rest := code[0]>>6, code[0]&7, code[1:]
	if mod == 0 && rm == 6 {
		return uint32(binary.LittleEndian.Uint16(rest)), -1
	}
	regs := [8][]int{
		{vectors.EBX, vectors.ESI}, {vectors.EBX, vectors.EDI}, {vectors.EBP, vectors.ESI}, {vectors.EBP, vectors.EDI},
		{vectors.ESI}, {vectors.EDI}, {vectors.EBP}, {vectors.EBX},
	}[rm]
	for _, r := range regs {
		offset += s.GPR[r]
	}
	switch mod {
	case 1:
		offset += uint32(int8(rest[0]))
	case 2:
		offset += uint32(binary.LittleEndian.Uint16(rest))
	}
	return offset & 0xffff, regs[0]
}

// segmentBase reads the base out of the LDT; the other selectors are flat.
func segmentBase(f *vectors.File, sel uint16) uint32 {
	if n := int(sel >> 3); sel&4 != 0 && n < len(f.LDT) {
		d := f.LDT[n]
		return uint32(d[2]) | uint32(d[3])<<8 | uint32(d[4])<<16 | uint32(d[7])<<24
	}
	return 0
}

// memory is what lies at an address before or after a vector.
type memory struct {
	file   *vectors.File
	layers [][]vectors.Memory
}

func (m memory) read(addr uint32, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = m.at(addr + uint32(i))
	}
	return b
}

func (m memory) at(addr uint32) (v byte) {
	for _, r := range m.file.Regions {
		if o := addr - r.Addr; o < r.Size && r.Content != nil {
			v = r.Content[o]
		}
	}
	for _, layer := range m.layers {
		for _, run := range layer {
			if o := addr - run.Addr; o < uint32(len(run.Data)) {
				v = run.Data[o]
			}
		}
	}
	return v
}
