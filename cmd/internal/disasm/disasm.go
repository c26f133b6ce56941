// SPDX-License-Identifier: BSD-3-Clause
// Package disasm shows instructions as text. Lengths and meaning are those of ring0's own decoder; AT&T syntax is x86asm's, where
// the two agree on the length.
package disasm

import (
	"fmt"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"ring0/vm/x86"
)

// Syntax is a way of writing instructions.
type Syntax uint8

// Syntaxes.
const (
	Intel Syntax = iota
	ATT
)

// Source reads code and names addresses.
type Source struct {
	Read func(addr uint32, b []byte) int // linear memory; returns how many bytes are there
	Name func(addr uint32) string        // "symbol+0x12", or "" for an address without a name
	Mode x86.Mode
}

// Line is one instruction.
type Line struct {
	Addr  uint32
	Bytes []byte
	Text  string // mnemonic and operands; "(bad)" for what is no instruction, "(not mapped)" where nothing is
	Note  string // the name of the address it refers to, or ""
	Inst  x86.Inst
	OK    bool // Inst holds
}

// Mnemonic is the first word of the text.
func (l Line) Mnemonic() string {
	m, _, _ := strings.Cut(l.Text, " ")
	return m
}

// At disassembles the instruction at addr. Its length is at least 1.
func (s Source) At(addr uint32, syntax Syntax) Line {
	var buf [x86.MaxLen]byte
	n := s.Read(addr, buf[:])
	line := Line{Addr: addr}
	if n == 0 {
		line.Text, line.Bytes = "(not mapped)", []byte{}
		return line
	}
	if x86.Decode(buf[:n], addr, s.Mode, &line.Inst) != x86.OK || line.Inst.Op == x86.Invalid {
		line.Text, line.Bytes = "(bad)", buf[:1:1]
		return line
	}
	line.OK, line.Bytes = true, buf[:line.Inst.Len:line.Inst.Len]
	line.Text = intelText(line.Inst)
	if syntax == ATT {
		if text, ok := attText(line.Bytes, addr, s.Mode); ok {
			line.Text = text
		}
	}
	if target, ok := Refers(&line.Inst); ok && s.Name != nil {
		line.Note = s.Name(target)
	}
	return line
}

// intelText leaves out the stack segment where ESP and EBP mean it anyway.
func intelText(in x86.Inst) string {
	if in.Flags&x86.SegPfx == 0 && in.Seg == x86.SS {
		in.Seg = x86.DS
	}
	return in.String()
}

// Next is the address behind the line.
func (l Line) Next() uint32 { return l.Addr + uint32(max(1, len(l.Bytes))) }

// Range disassembles n instructions from addr on.
func (s Source) Range(addr uint32, n int, syntax Syntax) []Line {
	lines := make([]Line, 0, n)
	for range n {
		l := s.At(addr, syntax)
		lines = append(lines, l)
		addr = l.Next()
	}
	return lines
}

// Before disassembles the n instructions that end at addr. Code has no marks between instructions: start, when it lies below addr, is where
// one begins for certain (the function's entry); else the longest run of instructions that meets addr is taken.
func (s Source) Before(addr, start uint32, n int, syntax Syntax) []Line {
	const far = 4096
	if start == 0 || start >= addr || addr-start > far {
		start = s.meet(addr, n)
	}
	var lines []Line
	for at := start; at < addr; {
		l := s.At(at, syntax)
		lines = append(lines, l)
		at = l.Next()
	}
	return lines[max(0, len(lines)-n):]
}

// meet finds a start from which decoding arrives at addr after n instructions or more, or else after as many as possible.
func (s Source) meet(addr uint32, n int) uint32 {
	best, most := addr, 0
	for back := uint32(1); back <= uint32(n)*8 && back <= addr; back++ {
		at, count := addr-back, 0
		for at < addr {
			l := s.At(at, Intel)
			if !l.OK {
				break
			}
			at = l.Next()
			count++
		}
		if at == addr && count > most {
			best, most = addr-back, count
			if count >= n+4 {
				break
			}
		}
	}
	return best
}

// Refers is the address an instruction names: a branch's target, or a memory operand without registers.
func Refers(in *x86.Inst) (uint32, bool) {
	switch {
	case in.Form == x86.FormJ:
		return in.Imm, true
	case in.Flags&(x86.MemRead|x86.MemWrite) != 0 && in.Base == x86.NoReg && in.Index == x86.NoReg:
		return in.Disp, true
	}
	return 0, false
}

// attText is x86asm's rendering, if it sees the same instruction.
func attText(code []byte, addr uint32, mode x86.Mode) (string, bool) {
	bits := 16
	if mode&x86.Code32 != 0 {
		bits = 32
	}
	in, err := x86asm.Decode(code, bits)
	if err != nil || in.Len != len(code) {
		return "", false
	}
	return x86asm.GNUSyntax(in, uint64(addr), nil), true
}

// String is the line as objdump would show it.
func (l Line) String() string {
	text := fmt.Sprintf("%08x:  %-21x %s", l.Addr, l.Bytes, l.Text)
	if l.Note != "" {
		text += " <" + l.Note + ">"
	}
	return text
}
