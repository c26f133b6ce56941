// SPDX-License-Identifier: BSD-3-Clause

// Near branches (SDM vol. 2: JMP Jcc CALL RET) and the fused pairs of a
// compare and the conditional jump behind it.

package main

import (
	"fmt"
	"strings"
)

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
		for _, way := range p.paths() {
			for cc := range 16 {
				if p.cond(cc) != "" {
					f.printf("func op%s%s(c *CPU, in *inst) bool {\n%s}\n\n", p.name(cc), way.suffix, p.body(way, cc))
				}
			}
		}
	}
	f.printf("// fusedOps has the handlers of a compare and the jump behind it, by condition.\n" +
		"var fusedOps = [...]fusedOp{\n")
	for _, p := range pairs {
		f.printf("{x86.%s, x86.Form%s, %d, [16]handler{%s}, [16]handler{%s}},\n", p.op, p.form, p.w.bytes,
			p.names(paths[0]), p.names(paths[1]))
	}
	f.printf("}\n\n")
}

// paths are the ways p reaches its operands: one without memory, else two.
func (p pair) paths() []path {
	if strings.Contains(p.form, "M") {
		return paths
	}
	return paths[:1]
}

// names lists the handlers of p by condition, or nothing where way is not p's.
func (p pair) names(way path) string {
	list := ""
	for cc := range 16 {
		if p.cond(cc) != "" && (!way.slow || len(p.paths()) > 1) {
			list += fmt.Sprintf("%d: op%s%s, ", cc, p.name(cc), way.suffix)
		}
	}
	return list
}

func (p pair) name(cc int) string { return fmt.Sprintf("%s%d%sJ%X", p.op, p.w.bits, p.form, cc) }

func (p pair) cond(cc int) string {
	list := cmpConds
	if p.op == "TEST" {
		list = testConds
	}
	return p.w.expand(list[cc>>1])
}

func (p pair) body(way path, cc int) string {
	w := p.w
	get := ""
	if p.form[0] == 'M' {
		get = w.load(way, "a")
	}
	switch p.form[1] {
	case 'R':
		get += "b := " + w.reg("s") + "\n"
	case 'I':
		get += "b := " + w.imm() + "\n"
	case 'M':
		get += w.load(way, "b")
	}
	if p.form[0] == 'R' {
		get += "a := " + w.reg("d") + "\n"
	}
	flags := w.expand("c.flagsSub{W}(a, b, a-b)\n")
	if p.op == "TEST" {
		flags = w.expand("t := a & b\nc.flagsLogic{W}(t)\n")
	}
	return get + flags + take(p.cond(cc), cc, "in.target", "in.EIP + uint32(in.len2)")
}

// genJump emits the unconditional near branches of 32-bit operand size in a
// flat mode; everything else goes through branch.go.
func genJump(f *file) {
	w16, w := widths[1], widths[2]
	go2 := func(target, link string) string {
		return "c.eip, c.link = " + target + ", " + link + "\nreturn false\n"
	}
	const next = "in.EIP + uint32(in.Len)"

	s := f.op("JMP")
	s.addMem("J", w, func(p path) string {
		if p.slow {
			return "return c.jumpSlow(in)\n"
		}
		return go2("in.Imm", "linkTaken")
	})
	s.add("J", w16, "return c.jumpSlow(in)\n")
	s.done()

	s = f.op("JMPIND")
	s.addMem("R", w, func(p path) string {
		if p.slow {
			return "return c.jumpIndirectSlow(in)\n"
		}
		return go2(w.reg("d"), "linkIndirect")
	})
	s.addMem("M", w, func(p path) string {
		if p.slow {
			return "return c.jumpIndirectSlow(in)\n"
		}
		return w.load(p, "v") + go2("v", "linkIndirect")
	})
	s.add("R", w16, "return c.jumpIndirectSlow(in)\n")
	s.add("M", w16, "return c.jumpIndirectSlow(in)\n")
	s.done()

	s = f.op("CALL")
	s.addMem("J", w, func(p path) string {
		if p.slow {
			return "return c.callSlow(in)\n"
		}
		return push(p, next, go2("in.Imm", "linkTaken"))
	})
	s.add("J", w16, "return c.callSlow(in)\n")
	s.done()

	s = f.op("CALLIND")
	s.addMem("R", w, func(p path) string {
		if p.slow {
			return "return c.callIndirectSlow(in)\n"
		}
		return "t := " + w.reg("d") + "\n" + push(p, next, go2("t", "linkIndirect"))
	})
	s.add("M", w, "return c.callIndirectSlow(in)\n")
	s.add("R", w16, "return c.callIndirectSlow(in)\n")
	s.add("M", w16, "return c.callIndirectSlow(in)\n")
	s.done()

	s = f.op("RET")
	for _, x := range []struct{ form, up string }{{"None", "la + 4"}, {"I", "la + 4 + in.Imm"}} {
		s.addMem(x.form, w, func(p path) string {
			if p.slow {
				return "return c.retSlow(in)\n"
			}
			return pop(p) + "c.gpr[x86.ESP] = " + x.up + "\n" + go2("v", "linkIndirect")
		})
		s.add(x.form, w16, "return c.retSlow(in)\n")
	}
	s.done()
}
