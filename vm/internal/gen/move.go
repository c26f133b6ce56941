// SPDX-License-Identifier: BSD-3-Clause

// Moves and the stack (SDM vol. 2: MOV MOVZX MOVSX LEA XCHG PUSH POP LEAVE
// SETcc CMOVcc).

package main

import "fmt"

func genMove(f *file) {
	genMOV(f)
	for _, x := range []struct {
		op   string
		from width
		conv string // how the source becomes 32 bits
	}{
		{"MOVZX8", widths[0], "uint32(v)"},
		{"MOVSX8", widths[0], "uint32(int8(v))"},
		{"MOVZX16", widths[1], "uint32(v)"},
		{"MOVSX16", widths[1], "uint32(int16(v))"},
	} {
		genExtend(f, x.op, x.from, x.conv)
	}
	genLEA(f)
	genPush(f)
	genPop(f)
	genCond(f)
	f.chapter("moveOps")
}

func genMOV(f *file) {
	s := f.op("MOV")
	for _, w := range widths {
		s.add("RR", w, w.setReg("Dst", w.reg("Src"))+"\nreturn true\n")
		s.add("RI", w, w.setReg("Dst", w.imm())+"\nreturn true\n")
		s.add("RM", w, w.load("v")+w.setReg("Dst", "v")+"\nreturn true\n")
		s.add("MR", w, "v := "+w.reg("Src")+"\n"+w.store("v"))
		s.add("MI", w, "v := "+w.imm()+"\n"+w.store("v"))
	}
	s.done()
	s = f.op("XCHG")
	for _, w := range widths {
		s.add("RR", w, "a, b := "+w.reg("Dst")+", "+w.reg("Src")+"\n"+w.setReg("Dst", "b")+"\n"+w.setReg("Src", "a")+"\nreturn true\n")
	}
	s.done()
}

// genExtend emits a widening move from a source of width from into 16 or 32 bits.
func genExtend(f *file, op string, from width, conv string) {
	s := f.op(op)
	for _, to := range widths[1:] {
		set := to.setReg("Dst", to.typ+"("+conv+")") + "\nreturn true\n"
		s.add("RR", to, "v := "+from.reg("Src")+"\n"+set)
		s.add("RM", to, from.load("v")+set)
	}
	s.done()
}

func genLEA(f *file) {
	s := f.op("LEA")
	s.add("RM", widths[1], "c.setReg16(in.Dst, uint16(c.effAddr(in)))\nreturn true\n")
	s.add("RM", widths[2], "c.gpr[in.Dst&15] = c.effAddr(in)\nreturn true\n")
	s.done()
}

// pushFast pushes the 32-bit v.
const pushFast = "la := c.gpr[x86.ESP] - 4\n" + entry +
	"if e.wr == (la+3)&^pageMask|in.slow {\n" +
	"*(*uint32)(unsafe.Add(c.mem, uintptr(la+e.delta))) = v\n" +
	"c.gpr[x86.ESP] = la\n} else if !c.push(4, v) {\nreturn false\n}\n"

// popFast declares v, popped but with ESP not moved yet; the caller drops it.
const popFast = "la := c.gpr[x86.ESP]\n" + entry +
	"var v uint32\nif e.rd == (la+3)&^pageMask|in.slow {\n" +
	"v = *(*uint32)(unsafe.Add(c.mem, uintptr(la+e.delta)))\n" +
	"} else {\nvar ok bool\nif v, ok = c.peek(4, 0); !ok {\nreturn false\n}\n}\n"

// genPush emits PUSH r, imm and r/m. PUSH ESP stores the value before.
func genPush(f *file) {
	s := f.op("PUSH")
	w16, w32 := widths[1], widths[2]
	s.add("R", w16, "return c.push(2, uint32(c.reg16(in.Dst)))\n")
	s.add("I", w16, "return c.push(2, in.Imm&0xffff)\n")
	s.add("M", w16, "v, ok := c.readMem16(in)\nreturn ok && c.push(2, uint32(v))\n")
	s.add("R", w32, "v := c.gpr[in.Dst&15]\n"+pushFast+"return true\n")
	s.add("I", w32, "v := in.Imm\n"+pushFast+"return true\n")
	s.add("M", w32, "v, ok := c.readMem32(in)\nif !ok {\nreturn false\n}\n"+pushFast+"return true\n")
	s.done()
}

// genPop emits POP r and r/m. The address of a memory operand is computed
// with ESP already moved; POP ESP ends with the value popped.
func genPop(f *file) {
	s := f.op("POP")
	w32 := widths[2]
	s.add("R", w32, popFast+"if in.slow == 0 {\nc.gpr[x86.ESP] = la + 4\n} else {\nc.drop(4)\n}\nc.gpr[in.Dst&15] = v\nreturn true\n")
	s.add("R", widths[1], "v, ok := c.peek(2, 0)\nif !ok {\nreturn false\n}\nc.drop(2)\nc.setReg16(in.Dst, uint16(v))\nreturn true\n")
	for _, w := range widths[1:] {
		s.add("M", w, fmt.Sprintf("v, ok := c.peek(%d, 0)\nif !ok {\nreturn false\n}\n"+
			"sp := c.gpr[x86.ESP]\nc.drop(%d)\nif !c.writeMem%d(in, %s(v)) {\nc.gpr[x86.ESP] = sp\nreturn false\n}\nreturn true\n",
			w.bytes, w.bytes, w.bits, w.typ))
	}
	s.done()
	s = f.op("LEAVE")
	s.add("None", widths[1], "return c.leave16(in)\n")
	s.add("None", w32, "if in.slow != 0 {\nreturn c.leave32(in)\n}\nla := c.gpr[x86.EBP]\n"+entry+
		"if e.rd != (la+3)&^pageMask {\nreturn c.leave32(in)\n}\n"+
		"c.gpr[x86.EBP] = *(*uint32)(unsafe.Add(c.mem, uintptr(la+e.delta)))\nc.gpr[x86.ESP] = la + 4\nreturn true\n")
	s.done()
}

// genCond emits SETcc and CMOVcc. CMOV reads its memory operand whether or
// not the condition holds.
func genCond(f *file) {
	s := f.op("SETCC")
	w8 := widths[0]
	const v = "v := uint8(0)\nif c.cond(in.Cond) {\nv = 1\n}\n"
	s.add("R", w8, v+w8.setReg("Dst", "v")+"\nreturn true\n")
	s.add("M", w8, v+w8.store("v"))
	s.done()
	s = f.op("CMOVCC")
	for _, w := range widths[1:] {
		set := "if c.cond(in.Cond) {\n" + w.setReg("Dst", "v") + "\n}\nreturn true\n"
		s.add("RR", w, "v := "+w.reg("Src")+"\n"+set)
		s.add("RM", w, w.load("v")+set)
	}
	s.done()
}
