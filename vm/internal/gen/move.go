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
		s.add("RR", w, w.setReg("d", w.reg("s"))+"\nreturn true\n")
		s.add("RI", w, w.setReg("d", w.imm())+"\nreturn true\n")
		s.addMem("RM", w, func(p path) string { return w.load(p, "v") + w.setReg("d", "v") + "\nreturn true\n" })
		s.addMem("MR", w, func(p path) string { return w.store(p, w.reg("s")) })
		s.addMem("MI", w, func(p path) string { return w.store(p, w.imm()) })
	}
	s.done()
	s = f.op("XCHG")
	for _, w := range widths {
		s.add("RR", w, w.reg("d")+", "+w.reg("s")+" = "+w.reg("s")+", "+w.reg("d")+"\nreturn true\n")
	}
	s.done()
}

// genExtend emits a widening move from a source of width from into 16 or 32 bits.
func genExtend(f *file, op string, from width, conv string) {
	s := f.op(op)
	for _, to := range widths[1:] {
		set := to.setReg("d", to.typ+"("+conv+")") + "\nreturn true\n"
		s.add("RR", to, "v := "+from.reg("s")+"\n"+set)
		s.addMem("RM", to, func(p path) string { return from.load(p, "v") + set })
	}
	s.done()
}

func genLEA(f *file) {
	s := f.op("LEA")
	for _, w := range widths[1:] {
		s.addMem("RM", w, func(p path) string {
			if p.slow {
				return w.setReg("d", w.typ+"(c.effAddr(in))") + "\nreturn true\n"
			}
			return w.setReg("d", w.typ+"("+p.ea()+")") + "\nreturn true\n"
		})
	}
	s.done()
}

// push is PUSH of the 32-bit expression v; then is what follows.
func push(p path, v, then string) string {
	if p.slow {
		return "if !c.push(4, " + v + ") {\nreturn false\n}\n" + then
	}
	return widths[2].access("c.gpr[x86.ESP] - 4", "wr", "") +
		"*" + widths[2].host("") + " = " + v + "\nc.gpr[x86.ESP] = la\n" + then
}

// pop declares v, read from the top of the stack, with ESP not moved yet.
func pop(p path) string {
	if p.slow {
		return "v, ok := c.peek(4, 0)\nif !ok {\nreturn false\n}\n"
	}
	return widths[2].access("c.gpr[x86.ESP]", "rd", "") + "v := *" + widths[2].host("") + "\n"
}

// genPush emits PUSH r, imm and r/m. PUSH ESP stores the value before.
func genPush(f *file) {
	s := f.op("PUSH")
	w16, w32 := widths[1], widths[2]
	s.addFull("R", w16, "return c.push(2, uint32(c.reg16(in.Dst)))\n")
	s.addFull("I", w16, "return c.push(2, in.Imm&0xffff)\n")
	s.addFull("M", w16, "v, ok := c.readMem16(in)\nreturn ok && c.push(2, uint32(v))\n")
	s.addMem("R", w32, func(p path) string { return push(p, w32.reg("d"), "return true\n") })
	s.addMem("I", w32, func(p path) string { return push(p, "in.Imm", "return true\n") })
	s.addMem("M", w32, func(p path) string {
		if p.slow {
			return "v, ok := c.readMem32(in)\nreturn ok && c.push(4, v)\n"
		}
		return w32.loadFirst(p.ea(), "v") + push(p, "v", "return true\n")
	})
	s.done()
}

// genPop emits POP r and r/m. The address of a memory operand is computed
// with ESP already moved; POP ESP ends with the value popped.
func genPop(f *file) {
	s := f.op("POP")
	w32 := widths[2]
	s.addMem("R", w32, func(p path) string {
		drop := "c.gpr[x86.ESP] = la + 4\n"
		if p.slow {
			drop = "c.drop(4)\n"
		}
		return pop(p) + drop + w32.setReg("d", "v") + "\nreturn true\n"
	})
	s.addFull("R", widths[1], "v, ok := c.peek(2, 0)\nif !ok {\nreturn false\n}\nc.drop(2)\nc.setReg16(in.Dst, uint16(v))\nreturn true\n")
	for _, w := range widths[1:] {
		s.addFull("M", w, fmt.Sprintf("v, ok := c.peek(%d, 0)\nif !ok {\nreturn false\n}\n"+
			"sp := c.gpr[x86.ESP]\nc.drop(%d)\nif !c.writeMem%d(in, %s(v)) {\nc.gpr[x86.ESP] = sp\nreturn false\n}\nreturn true\n",
			w.bytes, w.bytes, w.bits, w.typ))
	}
	s.done()
	s = f.op("LEAVE")
	s.addFull("None", widths[1], "return c.leaveSlow(2)\n")
	s.addMem("None", w32, func(p path) string {
		if p.slow {
			return "return c.leaveSlow(4)\n"
		}
		return w32.access("c.gpr[x86.EBP]", "rd", "") +
			"c.gpr[x86.EBP] = *" + w32.host("") + "\nc.gpr[x86.ESP] = la + 4\nreturn true\n"
	})
	s.done()
}

// genCond emits SETcc and CMOVcc. CMOV reads its memory operand whether or
// not the condition holds.
func genCond(f *file) {
	s := f.op("SETCC")
	w8 := widths[0]
	const v = "v := uint8(0)\nif c.cond(in.Cond) {\nv = 1\n}\n"
	s.add("R", w8, v+w8.setReg("d", "v")+"\nreturn true\n")
	s.addMem("M", w8, func(p path) string { return v + w8.store(p, "v") })
	s.done()
	s = f.op("CMOVCC")
	for _, w := range widths[1:] {
		set := "if c.cond(in.Cond) {\n" + w.setReg("d", "v") + "\n}\nreturn true\n"
		s.add("RR", w, "v := "+w.reg("s")+"\n"+set)
		s.addMem("RM", w, func(p path) string { return w.load(p, "v") + set })
	}
	s.done()
}
