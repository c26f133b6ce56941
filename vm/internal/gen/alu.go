// SPDX-License-Identifier: BSD-3-Clause

// Arithmetic, logic, shifts and rotates (SDM vol. 2: ADD ADC SUB SBB CMP AND
// OR XOR TEST INC DEC NEG NOT SHL SHR SAR ROL ROR IMUL).

package main

import "fmt"

// binary lists r = a op b with flags.
var binary = []struct{ op, body string }{
	{"ADD", "r := a + b\nc.flagsAdd{W}(a, b, r)"},
	{"OR", "r := a | b\nc.flagsLogic{W}(r)"},
	{"ADC", "r := a + b + {T}(c.cfBit())\nc.flagsAdd{W}(a, b, r)"},
	{"SBB", "r := a - b - {T}(c.cfBit())\nc.flagsSub{W}(a, b, r)"},
	{"AND", "r := a & b\nc.flagsLogic{W}(r)"},
	{"SUB", "r := a - b\nc.flagsSub{W}(a, b, r)"},
	{"XOR", "r := a ^ b\nc.flagsLogic{W}(r)"},
}

// compare lists the operations that only set flags.
var compare = []struct{ op, body string }{
	{"CMP", "c.flagsSub{W}(a, b, a-b)"},
	{"TEST", "c.flagsLogic{W}(a & b)"},
}

// unary lists r = op a.
var unary = []struct{ op, body string }{
	{"INC", "r := a + 1\nc.flagsInc{W}(a, r)"},
	{"DEC", "r := a - 1\nc.flagsDec{W}(a, r)"},
	{"NEG", "r := -a\nc.flagsSub{W}(0, a, r)"},
	{"NOT", "r := ^a"},
}

// shifts lists r = a shifted by n, 1 ≤ n ≤ 31. OF for n > 1 and AF are
// UNDEFINED. Bits 31 and 30 of faux become CF and CF ^ OF.
//
// For operands of 8 and 16 bits n may exceed the width: Go's shifts then give
// 0, as the manual says; rotates use n modulo the width.
var shifts = []struct{ op, body string }{
	{"SHL", "r := a << n\n" +
		"c.fres, c.faux = uint32({S}(r)), uint32(a<<(n-1))>>{top}<<31|uint32(r)>>{top}<<30"},
	{"SHR", "r := a >> n\ncf := uint32(a>>(n-1)) & 1\n" +
		"c.fres, c.faux = uint32({S}(r)), cf<<31|(cf^uint32(r^r<<1)>>{top})<<30"},
	{"SAR", "r := {T}({S}(a) >> n)\ncf := uint32({S}(a)>>(n-1)) & 1\n" +
		"c.fres, c.faux = uint32({S}(r)), cf<<31|cf<<30"},
	{"ROL", "r := bits.RotateLeft{W}(a, int(n))\n" +
		"c.faux = c.faux&^(auxCF|auxCF2) | uint32(r)<<31 | uint32(r)>>{top}<<30"},
	{"ROR", "r := bits.RotateLeft{W}(a, -int(n))\n" +
		"c.faux = c.faux&^(auxCF|auxCF2) | uint32(r)<<{up}&(auxCF|auxCF2)"},
}

func genALU(f *file) {
	for _, o := range binary {
		genBinary(f, o.op, o.body)
	}
	for _, o := range compare {
		genCompare(f, o.op, o.body)
	}
	for _, o := range unary {
		genUnary(f, o.op, o.body)
	}
	for _, o := range shifts {
		genShift(f, o.op, "n := in.Imm & 31\n", "RI", "MI", o.body)
		genShift(f, o.op+"CL", "n := c.gpr[x86.ECX] & 31\n", "R", "M", o.body)
	}
	genIMUL(f)
	f.chapter("aluOps")
}

func genBinary(f *file, op, text string) {
	s := f.op(op)
	for _, w := range widths {
		body := w.expand(text)
		set := w.setReg("Dst", "r") + "\nreturn true\n"
		a := "a := " + w.reg("Dst") + "\n"
		s.add("RR", w, a+"b := "+w.reg("Src")+"\n"+body+"\n"+set)
		s.add("RI", w, a+"b := "+w.imm()+"\n"+body+"\n"+set)
		s.add("RM", w, w.load("b")+a+body+"\n"+set)
		s.add("MR", w, "b := "+w.reg("Src")+"\n"+w.modify(body))
		s.add("MI", w, "b := "+w.imm()+"\n"+w.modify(body))
	}
	s.done()
}

func genCompare(f *file, op, text string) {
	s := f.op(op)
	for _, w := range widths {
		body := w.expand(text) + "\nreturn true\n"
		a := "a := " + w.reg("Dst") + "\n"
		s.add("RR", w, a+"b := "+w.reg("Src")+"\n"+body)
		s.add("RI", w, a+"b := "+w.imm()+"\n"+body)
		s.add("RM", w, w.load("b")+a+body)
		s.add("MR", w, w.load("a")+"b := "+w.reg("Src")+"\n"+body)
		s.add("MI", w, w.load("a")+"b := "+w.imm()+"\n"+body)
	}
	s.done()
}

func genUnary(f *file, op, text string) {
	s := f.op(op)
	for _, w := range widths {
		body := w.expand(text)
		s.add("R", w, "a := "+w.reg("Dst")+"\n"+body+"\n"+w.setReg("Dst", "r")+"\nreturn true\n")
		s.add("M", w, w.modify(body))
	}
	s.done()
}

// genShift emits a shift whose count is an immediate (forms RI, MI) or CL
// (forms R, M). A count of 0 changes nothing, but a memory operand is still
// checked for writing.
func genShift(f *file, op, count, regForm, memForm, text string) {
	s := f.op(op)
	for _, w := range widths {
		body := w.expand(text)
		reg := count + "if n == 0 {\nreturn true\n}\na := " + w.reg("Dst") + "\n" + body + "\n" + w.setReg("Dst", "r") + "\nreturn true\n"
		mem := count + fmt.Sprintf("if n == 0 {\n_, ok := c.rmwRead(in, %d)\nreturn ok\n}\n", w.bytes) + w.modify(body)
		s.add(regForm, w, reg)
		s.add(memForm, w, mem)
	}
	s.done()
}

// genIMUL emits the two- and three-operand IMUL: CF and OF say that the
// product did not fit; the other flags are UNDEFINED (here those of the result).
func genIMUL(f *file) {
	s := f.op("IMUL")
	for _, w := range widths[1:] {
		wide := map[int]string{16: "int32", 32: "int64"}[w.bits]
		body := w.expand(fmt.Sprintf("p := %s({S}(a)) * %s({S}(b))\nr := {T}(p)\nc.fres, c.faux = uint32({S}(r)), 0\nif p != %s({S}(r)) {\nc.faux = auxCF\n}\n", wide, wide, wide)) +
			w.setReg("Dst", "r") + "\nreturn true\n"
		s.add("RR", w, "a, b := "+w.reg("Dst")+", "+w.reg("Src")+"\n"+body)
		s.add("RM", w, w.load("b")+"a := "+w.reg("Dst")+"\n"+body)
		s.add("RRI", w, "a, b := "+w.reg("Src")+", "+w.imm()+"\n"+body)
		s.add("RMI", w, w.load("a")+"b := "+w.imm()+"\n"+body)
	}
	s.done()
}
