// SPDX-License-Identifier: BSD-3-Clause
// The x87, MMX, SSE and SSE2 instructions of random sequences: every row of
// the opcode tables, with operands that its operand codes allow.

package conformance

import (
	"strconv"
	"strings"

	"ring0/vm/x86"
)

// fpuForm is a row to make instructions from.
type fpuForm struct {
	row         x86.Row
	kind        string // x87, mmx: with an MMX operand, or sse
	head        []byte // prefix and opcode
	reg         int    // ModRM.reg, or -1: an operand's
	modrm, runs int    // the first ModRM byte of so many, or none
	operands    []string
}

// aliasOfFSTP is undocumented. It stores an empty ST(0) as any other on some
// makers' processors, and with a stack fault, as vectors have it, on others.
const aliasOfFSTP = "D9 D8+"

// fpuForms are the rows of floating point and vectors, by kind.
func fpuForms() map[string][]fpuForm {
	forms := map[string][]fpuForm{}
	for r := range x86.Rows() {
		words := strings.Fields(r.Code)
		f := fpuForm{row: r, reg: -1}
		kind := ""
		switch {
		case len(words) > 2 && words[1] == "0F": // mandatory prefix
			if words[0] != "NP" {
				f.head = hexByte(words[0])
			}
			f.head = append(f.head, 0x0f)
			kind, words = "sse", words[2:]
			if strings.ContainsAny(r.Operands, "PQN") || r.Op == x86.EMMS {
				kind = "mmx"
			}
		case words[0] >= "D8" && words[0] <= "DF":
			kind = "x87"
		default:
			continue
		}
		if r.Code == aliasOfFSTP {
			continue
		}
		f.head = append(f.head, hexByte(words[0])...)
		f.setModRM(words[1:])
		if r.Operands != "" {
			f.operands = strings.Split(r.Operands, ", ")
		}
		f.kind = kind
		forms[kind] = append(forms[kind], f)
	}
	return forms
}

func hexByte(s string) []byte {
	v, err := strconv.ParseUint(strings.TrimSuffix(s, "+"), 16, 8)
	if err != nil {
		panic(err)
	}
	return []byte{byte(v)}
}

// setModRM reads what follows the opcode: "/4", "D9", "C0+" or nothing.
func (f *fpuForm) setModRM(words []string) {
	if len(words) == 0 {
		return
	}
	if words[0][0] == '/' {
		f.reg = int(words[0][1] - '0')
		return
	}
	f.modrm, f.runs = int(hexByte(words[0])[0]), 1
	if strings.HasSuffix(words[0], "+") {
		f.runs = 8
	}
}

// fpuMix chooses what a sequence is made of: a kind or two, and some integer
// instructions.
func (g *generator) fpuMix() func() {
	weights := [...][4]int{{20, 0, 0, 4}, {0, 20, 0, 3}, {0, 0, 20, 3}, {8, 8, 8, 4}}[g.Intn(4)]
	kinds := [...]string{"x87", "mmx", "sse"}
	return func() {
		n := g.Intn(weights[0] + weights[1] + weights[2] + weights[3])
		for i, kind := range kinds {
			if n -= weights[i]; n < 0 {
				forms := g.forms[kind]
				g.fpu(&forms[g.Intn(len(forms))])
				return
			}
		}
		g.add()
	}
}

// fpu appends an instruction of a form, with what it does to condition codes.
func (g *generator) fpu(f *fpuForm) {
	n := len(g.items)
	g.instruction(f)
	if n == len(g.items) {
		return
	}
	it := &g.items[len(g.items)-1]
	switch f.row.Op {
	case x86.FNSTSW, x86.FNSTENV, x86.FNSAVE, x86.FXSAVE:
		it.reads = flConditions
	case x86.FCMOVCC:
		it.reads = [...]uint32{flCF, flZF, flCF | flZF, flPF}[it.code[1]>>3&3]
	case x86.FFREE, x86.FFREEP:
		it.undefines = flConditions
	case x86.FCOM, x86.FCOMP, x86.FCOMPP, x86.FUCOM, x86.FUCOMP, x86.FUCOMPP, x86.FICOM, x86.FICOMP, x86.FTST, x86.FXAM,
		x86.FNINIT, x86.FLDENV, x86.FRSTOR, x86.FXRSTOR:
		it.defines = flConditions
	case x86.FLD, x86.FILD, x86.FLD1, x86.FLDZ, x86.FLDPI, x86.FXCH, x86.FINCSTP, x86.FDECSTP, x86.FABS, x86.FCHS,
		x86.FADD, x86.FSUB, x86.FMUL, x86.FDIV, x86.FSUBR, x86.FDIVR, x86.FSQRT, x86.FRNDINT:
		it.defines = flC1
	}
	if f.kind == "mmx" && strings.HasPrefix(f.row.Op.String(), "cvt") {
		it.converts = true
	}
	if it.approximate {
		it.undefines = flConditions &^ flC2
	}
}

// Condition codes among the flags of items.
const (
	flC1         = fswC1 << 16
	flC2         = fswC2 << 16
	flConditions = fswConditions << 16
)

// instruction appends one, or a few that belong together, or none.
func (g *generator) instruction(f *fpuForm) {
	switch f.row.Op {
	case x86.FXSAVE, x86.FXRSTOR:
		g.atImage(f, imageFX+g.Intn(2)*fxSize)
	case x86.FNSAVE, x86.FRSTOR:
		g.inFormat(f, imageSave, saveSize)
	case x86.FNSTENV, x86.FLDENV:
		g.inFormat(f, imageEnv, envSize)
	case x86.LDMXCSR:
		g.atImage(f, imageMXCSR+g.Intn(imageValues)*4)
	case x86.FLDCW:
		g.atImage(f, imageFCW+g.Intn(imageValues)*2)
	case x86.FBLD: // digits above 9 are UNDEFINED
		g.atImage(f, imageBCD+g.Intn(imageValues)*fxReg)
	case x86.MASKMOVQ, x86.MASKMOVDQU:
		// Of one piece: whether bytes that are not stored can fault is the
		// processor's, so EDI must be good.
		it := g.any(f)
		it.code = join([]byte{0xbf}, le32(seqData+uint32(g.Intn(seqDataSize-16))), it.code)
	case x86.F2XM1, x86.FYL2X, x86.FYL2XP1, x86.FPATAN, x86.FPTAN, x86.FSIN, x86.FCOS, x86.FSINCOS:
		if g.Intn(12) > 0 { // it ends the sequence
			return
		}
		for range 2 {
			g.plain(join([]byte{0xdb, 0x2d}, le32(seqImage+imageUnit+uint32(g.Intn(imageValues))*fxReg))...).memory = true
		}
		g.any(f).approximate = true
	case x86.FPREM, x86.FPREM1, x86.RCPPS, x86.RCPSS, x86.RSQRTPS, x86.RSQRTSS:
		if g.Intn(12) == 0 {
			g.any(f).approximate = true
		}
	default:
		g.any(f)
	}
}

// atImage appends an instruction of a form with a place in the image page.
func (g *generator) atImage(f *fpuForm, at int) *item {
	it := g.plain(join(f.head, []byte{byte(f.reg)<<3 | 5}, le32(uint32(seqImage+at)))...)
	it.memory = true
	return it
}

// inFormat is atImage for one of four slots: 32-bit operand size has the first two.
func (g *generator) inFormat(f *fpuForm, at, size int) {
	slot := g.Intn(4)
	it := g.atImage(f, at+slot*size)
	if slot >= 2 {
		it.code = join([]byte{0x66}, it.code)
	}
}

// any appends an instruction of a form with random operands.
func (g *generator) any(f *fpuForm) *item {
	switch {
	case f.runs > 0:
		return g.plain(join(f.head, []byte{byte(f.modrm + g.Intn(f.runs))})...)
	case f.reg < 0 && len(f.operands) == 0:
		return g.plain(f.head...)
	}
	reg, tail, memory := byte(max(f.reg, 0)), []byte(nil), false
	var rm []byte
	for i, o := range f.operands {
		switch o[0] {
		case 'G':
			reg = g.register()
		case 'P', 'V':
			reg = byte(g.Intn(8))
		case 'I':
			tail = []byte{g.immediate(f.row.Op)}
		default:
			rm = g.fpuRM(f, o, i == 0)
			memory = rm[0] < 0xc0
		}
	}
	rm[0] |= reg << 3
	it := g.plain(join(f.head, rm, tail)...)
	it.memory = memory
	return it
}

// immediate is a byte; the upper bits of a predicate are UNDEFINED.
func (g *generator) immediate(op x86.Op) byte {
	switch op {
	case x86.CMPPS, x86.CMPPD, x86.CMPSS, x86.CMPSD:
		return byte(g.Intn(8))
	}
	return byte(g.value())
}

// fpuRM is a ModRM operand, reg left 0, that operand code o allows.
func (g *generator) fpuRM(f *fpuForm, o string, written bool) []byte {
	general := o[0] == 'E' || strings.HasSuffix(o, "/Rd")
	register := general || strings.Contains("QWNU", o[:1])
	switch {
	case register && (!f.row.Memory || g.Intn(2) == 0):
		if general && written {
			return []byte{0xc0 | g.register()}
		}
		return []byte{0xc0 | byte(g.Intn(8))}
	case g.Intn(6) == 0:
		return g.mem(0)
	}
	at := seqData + uint32(g.Intn(seqDataSize/fxReg))*fxReg
	if size := operandSize(o); size < fxReg {
		at += uint32(g.Intn(fxReg/size) * size)
	}
	return append([]byte{5}, le32(at)...)
}

// operandSize is the size of a memory operand by its code.
func operandSize(o string) int {
	switch strings.TrimSuffix(o[1:], "/Rd") {
	case "b":
		return 1
	case "w":
		return 2
	case "d":
		return 4
	case "q":
		return 8
	}
	return fxReg
}
