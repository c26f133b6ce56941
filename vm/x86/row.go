// SPDX-License-Identifier: BSD-3-Clause

// A row of the opcode tables, and how its code is written.
//
// As in the manual's "Opcode" column:
//
//	"88"            an opcode
//	"0F A4"         a two-byte opcode
//	"40+", "70+cc"  8 opcodes, the low bits naming a register; 16, a condition
//	"80 /0"         a group member, by ModRM.reg
//	"D9 E0"         an opcode with one ModRM byte; "D8 C0+": with eight of them
//	"66 0F 58"      a mandatory prefix: 66, F2, F3, or NP for none of them

package x86

import (
	"iter"
	"strconv"
	"strings"
)

// operands of a row, in the manual's order. A third register operand is
// implied and goes to Inst.Imm2.
type operands [3]operand

// A row is one encoding of an operation.
type row struct {
	code     string
	op       Op
	operands operands
}

// A Row describes one encoding of an operation, for documentation and tests.
type Row struct {
	Code     string // as in the manual's Opcode column, see above
	Op       Op
	Operands string // the manual's operand codes, "Ev, Gv"
	Memory   bool   // some instruction of this row has an explicit memory operand
	Lock     bool   // LOCK is legal with the memory form
	Priv     bool   // needs CPL 0
}

// Rows lists every encoding in opcode order of each map: one byte, two bytes,
// x87, then MMX and SSE. What is not listed is #UD; so are the rows of
// Invalid, opcodes that are meant to be (UD0, UD1).
func Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for r := range allRows() {
			if !yield(r.describe()) {
				return
			}
		}
	}
}

func allRows() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for _, rows := range [...][]row{oneByteRows, twoByteRows, fpuRows, sseRows} {
			for i := range rows {
				if !yield(&rows[i]) {
					return
				}
			}
		}
	}
}

func (r *row) describe() Row {
	var texts []string
	memory := false
	for _, o := range r.operands {
		info := &operandTable[o]
		if info.text != "" {
			texts = append(texts, info.text)
		}
		memory = memory || info.canBeMemory()
	}
	return Row{
		Code:     r.code,
		Op:       r.op,
		Operands: strings.Join(texts, ", "),
		Memory:   memory,
		Lock:     opTable[r.op].access == locks && operandTable[r.operands[0]].canBeMemory(),
		Priv:     opTable[r.op].flags&Priv != 0,
	}
}

// canBeMemory says whether the operand may be an explicit memory operand.
func (o *operandInfo) canBeMemory() bool {
	return o.place == atRM || o.place == atMem || o.place == atMoffs
}

// An opcodeRange is a row's code, parsed.
type opcodeRange struct {
	prefix string // "", "NP", "66", "F3", "F2"
	two    bool   // 0F
	opcode uint8  // the first opcode
	count  int    // how many opcodes: 1, 8 or 16
	group  int    // ModRM.reg, or -1
	modrm  int    // the first ModRM byte, or -1
	modrms int    // how many ModRM bytes
}

// parse reads the row's code. It panics on one that is not well-formed: rows
// are constants.
func (r *row) parse() opcodeRange {
	c := opcodeRange{group: -1, modrm: -1}
	word, rest, _ := strings.Cut(r.code, " ")
	if strings.HasPrefix(rest, "0F") {
		c.prefix = word
		word, rest, _ = strings.Cut(rest, " ")
	}
	if word == "0F" {
		c.two = true
		word, rest, _ = strings.Cut(rest, " ")
	}
	opcode := r.hexBytes(word)
	c.opcode, c.count = uint8(opcode.first), opcode.count
	switch {
	case rest == "":
	case rest[0] == '/' && len(rest) == 2:
		c.group = int(rest[1] - '0')
	default:
		modrm := r.hexBytes(rest)
		c.modrm, c.modrms = modrm.first, modrm.count
	}
	return c
}

// hexBytes is a run of consecutive byte values.
type hexBytes struct {
	first, count int
}

// hexBytes parses "D8", "C0+" or "70+cc".
func (r *row) hexBytes(word string) hexBytes {
	v, err := strconv.ParseUint(word[:min(2, len(word))], 16, 8)
	b := hexBytes{first: int(v)}
	switch word[min(2, len(word)):] {
	case "":
		b.count = 1
	case "+":
		b.count = 8
	case "+cc":
		b.count = 16
	}
	if err != nil || len(word) < 2 || b.count == 0 {
		panic("x86: row " + r.code + " is malformed")
	}
	return b
}
