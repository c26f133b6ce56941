// SPDX-License-Identifier: BSD-3-Clause

// Arithmetic, logic, shifts and rotates (SDM vol. 2: ADD ADC SUB SBB CMP AND
// OR XOR TEST INC DEC NEG NOT SHL SHR SAR ROL ROR IMUL).

package main

import "fmt"

// A row is an operation: how r comes from the operands, and the flags it leaves.
type row struct{ op, compute, flags string }

// binary lists r = a op b. {T} is the operands' type, {D} one that is wider.
var binary = []row{
	{"ADD", "s := {D}(a) + {D}(b)\nr := {T}(s)", "c.flagsAdd{W}(a, b, s)"},
	{"OR", "r := a | b", "c.flagsLogic{W}(r)"},
	{"ADC", "s := {D}(a) + {D}(b) + {D}(c.cfBit())\nr := {T}(s)", "c.flagsAdd{W}(a, b, s)"},
	{"SBB", "s := {D}(a) - {D}(b) - {D}(c.cfBit())\nr := {T}(s)", "c.flagsSub{W}(a, b, s)"},
	{"AND", "r := a & b", "c.flagsLogic{W}(r)"},
	{"SUB", "s := {D}(a) - {D}(b)\nr := {T}(s)", "c.flagsSub{W}(a, b, s)"},
	{"XOR", "r := a ^ b", "c.flagsLogic{W}(r)"},
}

// compare lists the operations that only set flags.
var compare = []row{
	{"CMP", "", "c.flagsSub{W}(a, b, {D}(a)-{D}(b))"},
	{"TEST", "", "c.flagsLogic{W}(a & b)"},
}

// unary lists r = op a.
var unary = []row{
	{"INC", "s := {D}(a) + 1\nr := {T}(s)", "c.flagsInc{W}(a, s)"},
	{"DEC", "s := {D}(a) - 1\nr := {T}(s)", "c.flagsDec{W}(a, s)"},
	{"NEG", "s := -{D}(a)\nr := {T}(s)", "c.flagsSub{W}(0, a, s)"},
	{"NOT", "r := ^a", ""},
}

// shifts lists r = a shifted by n, 1 ≤ n ≤ 31. OF for n > 1 and AF are
// UNDEFINED.
//
// For operands of 8 and 16 bits n may exceed the width: Go's shifts then give
// 0, as the manual says; rotates use n modulo the width.
var shifts = []row{
	{"SHL", "r := a << n",
		"cf := uint32(a<<(n-1)) >> {top}\nc.flagsShift(uint32({S}(r)), cf, cf^uint32(r)>>{top})"},
	{"SHR", "r := a >> n",
		"c.flagsShift(uint32({S}(r)), uint32(a>>(n-1))&1, uint32(r^r<<1)>>{top})"},
	{"SAR", "r := {T}({S}(a) >> n)",
		"c.flagsShift(uint32({S}(r)), uint32({S}(a)>>(n-1))&1, 0)"},
	{"ROL", "r := bits.RotateLeft{W}(a, int(n))",
		"c.flagsRotate(uint32(r)&1, uint32(r)&1^uint32(r)>>{top})"},
	{"ROR", "r := bits.RotateLeft{W}(a, -int(n))",
		"c.flagsRotate(uint32(r)>>{top}, uint32(r^r<<1)>>{top})"},
}

func genALU(f *file) {
	for _, o := range binary {
		genBinary(f, o)
	}
	for _, o := range compare {
		genCompare(f, o)
	}
	for _, o := range unary {
		genUnary(f, o)
	}
	for _, o := range shifts {
		genShift(f, o.op, "n := in.Imm & 31\n", "RI", "MI", o)
		genShift(f, o.op+"CL", "n := c.gpr[x86.ECX] & 31\n", "R", "M", o)
	}
	genIMUL(f)
	genWide(f)
	genDouble(f)
	f.chapter("aluOps")
}

// body is the operation on a (and b), from {compute} and {flags}.
func (o row) body(w width) string { return w.expand(o.compute + "\n" + o.flags) }

// bodyDead is the same without flags.
func (o row) bodyDead(w width) string { return w.expand(o.compute) }

func genBinary(f *file, o row) {
	s := f.op(o.op)
	for _, w := range widths {
		set := "\n" + w.setReg("d", "r") + "\nreturn true\n"
		a := "a := " + w.reg("d") + "\n"
		src, imm := "b := "+w.reg("s")+"\n", "b := "+w.imm()+"\n"
		s.add("RR", w, a+src+o.body(w)+set)
		s.add("RI", w, a+imm+o.body(w)+set)
		s.addDead("RR", w, a+src+o.bodyDead(w)+set)
		s.addDead("RI", w, a+imm+o.bodyDead(w)+set)
		s.addMem("RM", w, func(p path) string { return w.load(p, "b") + a + o.body(w) + set })
		s.addMem("MR", w, func(p path) string { return src + w.modify(p, o.body(w)) })
		s.addMem("MI", w, func(p path) string { return imm + w.modify(p, o.body(w)) })
	}
	s.done()
}

func genCompare(f *file, o row) {
	s := f.op(o.op)
	for _, w := range widths {
		end := o.body(w) + "\nreturn true\n"
		a := "a := " + w.reg("d") + "\n"
		src, imm := "b := "+w.reg("s")+"\n", "b := "+w.imm()+"\n"
		s.add("RR", w, a+src+end)
		s.add("RI", w, a+imm+end)
		s.addMem("RM", w, func(p path) string { return w.load(p, "b") + a + end })
		s.addMem("MR", w, func(p path) string { return w.load(p, "a") + src + end })
		s.addMem("MI", w, func(p path) string { return w.load(p, "a") + imm + end })
	}
	s.done()
}

func genUnary(f *file, o row) {
	s := f.op(o.op)
	for _, w := range widths {
		a, set := "a := "+w.reg("d")+"\n", "\n"+w.setReg("d", "r")+"\nreturn true\n"
		s.add("R", w, a+o.body(w)+set)
		if o.flags != "" {
			s.addDead("R", w, a+o.bodyDead(w)+set)
		}
		s.addMem("M", w, func(p path) string { return w.modify(p, o.body(w)) })
	}
	s.done()
}

// genShift emits a shift whose count is an immediate (forms RI, MI; not 0: see
// shiftHandlers) or CL (forms R, M). A count of 0 changes nothing, but a memory
// operand is still checked for writing.
func genShift(f *file, op, count, regForm, memForm string, o row) {
	s := f.op(op)
	byCL := regForm == "R"
	for _, w := range widths {
		get := count
		if byCL {
			get += "if n == 0 {\nreturn true\n}\n"
		}
		get += "a := " + w.reg("d") + "\n"
		set := "\n" + w.setReg("d", "r") + "\nreturn true\n"
		s.add(regForm, w, get+o.body(w)+set)
		s.addDead(regForm, w, get+o.bodyDead(w)+set)
		zero := fmt.Sprintf("if n == 0 {\n_, ok := c.rmwRead(in, %d)\nreturn ok\n}\n", w.bytes)
		s.addMem(memForm, w, func(p path) string {
			switch {
			case p.slow:
				return count + zero + w.modify(p, o.body(w))
			case byCL:
				return count + "if n == 0 {\nreturn miss\n}\n" + w.modify(p, o.body(w))
			}
			return count + w.modify(p, o.body(w))
		})
	}
	s.done()
}

// genIMUL emits the two- and three-operand IMUL: CF and OF say that the
// product did not fit; the other flags are UNDEFINED (here those of the result).
func genIMUL(f *file) {
	s := f.op("IMUL")
	for _, w := range widths[1:] {
		wide := map[int]string{16: "int32", 32: "int64"}[w.bits]
		set := "\n" + w.setReg("d", "r") + "\nreturn true\n"
		full := w.expand(fmt.Sprintf("p := %s({S}(a)) * %s({S}(b))\nr := {T}(p)\nover := uint32(0)\n"+
			"if p != %s({S}(r)) {\nover = 1\n}\nc.flagsShift(uint32({S}(r)), over, over)\n", wide, wide, wide)) + set
		a, src, imm := "a := "+w.reg("d")+"\n", "b := "+w.reg("s")+"\n", "b := "+w.imm()+"\n"
		s.add("RR", w, a+src+full)
		s.add("RRI", w, "a := "+w.reg("s")+"\n"+imm+full)
		s.addDead("RR", w, a+src+"r := a * b"+set)
		s.addDead("RRI", w, "a := "+w.reg("s")+"\n"+imm+"r := a * b"+set)
		s.addMem("RM", w, func(p path) string { return w.load(p, "b") + a + full })
		s.addMem("RMI", w, func(p path) string { return w.load(p, "a") + imm + full })
	}
	s.done()
}

// wide lists the 32-bit multiplications and divisions with EDX:EAX; v is the
// operand. A division that would fault leaves to the full handler.
var wide = []row{
	{"MUL", "p := uint64(c.gpr[x86.EAX]) * uint64(v)\nover := p>>32 != 0", product},
	{"IMUL1", "p := int64(int32(c.gpr[x86.EAX])) * int64(int32(v))\nover := p != int64(int32(p))", product},
	{"DIV", "if v <= c.gpr[x86.EDX] {\nreturn miss\n}\n" +
		"n := uint64(c.gpr[x86.EDX])<<32 | uint64(c.gpr[x86.EAX])\n" +
		"c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(n/uint64(v)), uint32(n%uint64(v))", ""},
	{"IDIV", "n := int64(uint64(c.gpr[x86.EDX])<<32 | uint64(c.gpr[x86.EAX]))\nd := int64(int32(v))\n" +
		"if d == 0 || n/d != int64(int32(n/d)) {\nreturn miss\n}\n" +
		"c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(n/d), uint32(n%d)", ""},
}

// product stores p and sets CF and OF to over; the other flags are UNDEFINED
// and as setMulFlags leaves them.
const product = "c.gpr[x86.EAX], c.gpr[x86.EDX] = uint32(p), uint32(p>>32)\n" +
	"r, carry := uint32(p), uint32(0)\nif r == 0 {\nr = 1 << 8\n}\nif over {\ncarry = 1\n}\nc.flagsShift(r, carry, carry)"

// genWide emits fastTables for operations whose full handlers are in muldiv.go.
func genWide(f *file) {
	w := widths[2]
	for _, o := range wide {
		var t table
		end := "\nreturn true\n"
		t.set("R", w, f.fastHandler(fmt.Sprintf("op%s32R", o.op), "v := "+w.reg("d")+"\n"+o.body(w)+end))
		t.set("M", w, f.fastHandler(fmt.Sprintf("op%s32M", o.op), w.load(fastPath, "v")+o.body(w)+end))
		t.emit(f, "fast"+o.op, "fastTable")
	}
}

// genDouble emits SHLD and SHRD of 32-bit registers by an immediate; shift.go
// has the full ones. OF is that of a shift by one.
func genDouble(f *file) {
	w := widths[2]
	for _, o := range []row{
		{"SHLD", "r := a<<n | b>>(32-n)", "cf, of := a>>(32-n)&1, (a^a<<1)>>31"},
		{"SHRD", "r := a>>n | b<<(32-n)", "cf, of := a>>(n-1)&1, a>>31^b&1"},
	} {
		var t table
		t.set("RRI", w, f.fastHandler("op"+o.op+"32RRI",
			"n := in.Imm & 31\nif n == 0 {\nreturn true\n}\na, b := "+w.reg("d")+", "+w.reg("s")+"\n"+o.body(w)+
				"\nc.flagsShift(r, cf, of)\n"+w.setReg("d", "r")+"\nreturn true\n"))
		t.emit(f, "fast"+o.op, "fastTable")
	}
}
