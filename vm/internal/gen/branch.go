// SPDX-License-Identifier: BSD-3-Clause

// Near branches (SDM vol. 2: JMP Jcc CALL RET) and the fused pairs of a
// compare and the conditional jump behind it.

package main

import "fmt"

// conds are the condition codes on lazy flags; odd codes negate them.
var conds = []string{
	"c.of()", "c.cf()", "c.zf()", "c.cf() || c.zf()",
	"c.sf()", "c.pf()", "c.sf() != c.of()", "c.zf() || c.sf() != c.of()",
}

// cmpConds are the same after CMP a, b, read from the operands; {S} is the
// signed type. Empty: no shorter way than the flags.
var cmpConds = []string{
	"", "a < b", "a == b", "a <= b",
	"{S}(a-b) < 0", "", "{S}(a) < {S}(b)", "{S}(a) <= {S}(b)",
}

// testConds are the same after TEST: t is a & b, CF and OF are 0.
var testConds = []string{
	"", "", "t == 0", "t == 0", "{S}(t) < 0", "", "{S}(t) < 0", "{S}(t) <= 0",
}

// take ends a block at a conditional branch.
func take(cond string, cc int, target, next string) string {
	if cc&1 != 0 {
		cond = "!(" + cond + ")"
	}
	return fmt.Sprintf("if %s {\nc.eip, c.link = %s, linkTaken\nreturn false\n}\nc.eip, c.link = %s, linkNext\nreturn false\n", cond, target, next)
}

func genBranch(f *file) {
	genJcc(f)
	genFused(f)
	genJump(f)
	f.chapter("branchOps")
}

// genJcc emits one handler per condition. Outside flat modes the target must
// lie in the segment.
func genJcc(f *file) {
	f.printf("var jccOps = [16]handler{\n")
	for cc := range 16 {
		f.printf("opJCC%X,", cc)
	}
	f.printf("\n}\n\n")
	for cc := range 16 {
		f.printf("func opJCC%X(c *CPU, in *inst) bool {\nif in.slow != 0 {\nreturn c.jccSlow(in)\n}\n%s}\n\n",
			cc, take(conds[cc>>1], cc, "in.Imm", "in.EIP + uint32(in.Len)"))
	}
}

// A pair is the first half of a fused pair: how to get a and b.
type pair struct {
	op, form string
	w        width
}

func genFused(f *file) {
	var pairs []pair
	for _, w := range widths {
		for _, form := range []string{"RR", "RI", "RM", "MR", "MI"} {
			pairs = append(pairs, pair{"CMP", form, w})
		}
		for _, form := range []string{"RR", "RI", "MI"} {
			pairs = append(pairs, pair{"TEST", form, w})
		}
	}
	for _, p := range pairs {
		for cc := range 16 {
			if p.cond(cc) != "" {
				f.printf("func op%s(c *CPU, in *inst) bool {\n%s}\n\n", p.name(cc), p.body(cc))
			}
		}
	}
	f.printf("// fusedOps has the handler of a compare and the jump behind it, by condition.\nvar fusedOps = [...]struct {\nop x86.Op\nform x86.Form\nsize uint8\nby [16]handler\n}{\n")
	for _, p := range pairs {
		f.printf("{x86.%s, x86.Form%s, %d, [16]handler{", p.op, p.form, p.w.bytes)
		for cc := range 16 {
			if p.cond(cc) == "" {
				f.printf("nil,")
			} else {
				f.printf("op%s,", p.name(cc))
			}
		}
		f.printf("}},\n")
	}
	f.printf("}\n\n")
}

func (p pair) name(cc int) string { return fmt.Sprintf("%s%d%sJ%X", p.op, p.w.bits, p.form, cc) }

func (p pair) cond(cc int) string {
	list := cmpConds
	if p.op == "TEST" {
		list = testConds
	}
	return p.w.expand(list[cc>>1])
}

func (p pair) body(cc int) string {
	w := p.w
	var get string
	switch p.form {
	case "RR":
		get = "a, b := " + w.reg("Dst") + ", " + w.reg("Src") + "\n"
	case "RI":
		get = "a, b := " + w.reg("Dst") + ", " + w.imm() + "\n"
	case "RM":
		get = w.load("b") + "a := " + w.reg("Dst") + "\n"
	case "MR":
		get = w.load("a") + "b := " + w.reg("Src") + "\n"
	case "MI":
		get = w.load("a") + "b := " + w.imm() + "\n"
	}
	flags := w.expand("c.flagsSub{W}(a, b, a-b)\n")
	if p.op == "TEST" {
		flags = w.expand("t := a & b\nc.flagsLogic{W}(t)\n")
	}
	return get + flags + take(p.cond(cc), cc, "in.target", "in.after")
}

// genJump emits the unconditional near branches of 32-bit operand size in a
// flat mode; everything else goes through branch.go.
func genJump(f *file) {
	w := widths[2]
	s := f.op("JMP")
	s.add("J", w, "if in.slow != 0 {\nreturn c.jumpSlow(in)\n}\nc.eip, c.link = in.Imm, linkTaken\nreturn false\n")
	s.add("J", widths[1], "return c.jumpSlow(in)\n")
	s.done()

	s = f.op("JMPIND")
	s.add("R", w, "if in.slow != 0 {\nreturn c.jumpIndirectSlow(in)\n}\nc.eip, c.link = c.gpr[in.Dst&15], linkLookup\nreturn false\n")
	s.add("M", w, "if in.slow != 0 {\nreturn c.jumpIndirectSlow(in)\n}\n"+w.load("v")+"c.eip, c.link = v, linkLookup\nreturn false\n")
	s.add("R", widths[1], "return c.jumpIndirectSlow(in)\n")
	s.add("M", widths[1], "return c.jumpIndirectSlow(in)\n")
	s.done()

	const next = "v := in.EIP + uint32(in.Len)\n"
	s = f.op("CALL")
	s.add("J", w, "if in.slow != 0 {\nreturn c.callSlow(in)\n}\n"+next+pushFast+"c.eip, c.link = in.Imm, linkTaken\nreturn false\n")
	s.add("J", widths[1], "return c.callSlow(in)\n")
	s.done()

	s = f.op("CALLIND")
	s.add("R", w, "if in.slow != 0 {\nreturn c.callIndirectSlow(in)\n}\nt := c.gpr[in.Dst&15]\n"+next+pushFast+"c.eip, c.link = t, linkLookup\nreturn false\n")
	s.add("M", w, "if in.slow != 0 {\nreturn c.callIndirectSlow(in)\n}\nt, ok := c.readMem32(in)\nif !ok {\nreturn false\n}\n"+next+pushFast+"c.eip, c.link = t, linkLookup\nreturn false\n")
	s.add("R", widths[1], "return c.callIndirectSlow(in)\n")
	s.add("M", widths[1], "return c.callIndirectSlow(in)\n")
	s.done()

	s = f.op("RET")
	s.add("None", w, "if in.slow != 0 {\nreturn c.retSlow(in)\n}\n"+popFast+"c.gpr[x86.ESP] = la + 4\nc.eip, c.link = v, linkLookup\nreturn false\n")
	s.add("I", w, "if in.slow != 0 {\nreturn c.retSlow(in)\n}\n"+popFast+"c.gpr[x86.ESP] = la + 4 + in.Imm\nc.eip, c.link = v, linkLookup\nreturn false\n")
	s.add("None", widths[1], "return c.retSlow(in)\n")
	s.add("I", widths[1], "return c.retSlow(in)\n")
	s.done()
}
