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
	"c.sf()", "c.pf()", "c.less()", "c.zf() || c.less()",
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
func take(p path, cond string, cc int, target, next string) string {
	if cc&1 != 0 {
		cond = "!(" + cond + ")"
	}
	return "if " + cond + " {\n" + goTo(p, target, "linkTaken") + "}\n" + goTo(p, next, "linkNext")
}

// goTo ends a block at a direct branch. The fast way is straight into the
// next block, where the record is linked to it.
func goTo(p path, target, link string) string {
	leave := "c.eip, c.link = " + target + ", " + link + "\nreturn false\n"
	if p.slow {
		return leave
	}
	return "next := in.to[" + link + "]\nif left := c.budget - int64(next.rest); left >= 0 && next.tag == c.tag {\n" +
		"c.budget = left\nreturn next\n}\n" + leave
}

// goIndirect ends a block at a branch whose target v is only known now.
func goIndirect(p path, v string) string {
	set := "c.eip, c.link = " + v + ", linkIndirect\n"
	if p.slow {
		return set + "return false\n"
	}
	return "next := c.cache.jump[jumpSlot(" + v + ")]\n" +
		"if left := c.budget - int64(next.rest); left >= 0 && next.tag == c.tag && next.EIP == " + v + " {\n" +
		"c.budget = left\nreturn next\n}\n" + set + "return false\n"
}

func genBranch(f *file) {
	genJcc(f)
	genFused(f)
	genJump(f)
	f.chapter("branchOps")
}

// genJcc emits one fast handler per condition, for flat modes.
func genJcc(f *file) {
	f.printf("var jccOps = [16]fastHandler{\n")
	for cc := range 16 {
		f.printf("opJCC%X,", cc)
	}
	f.printf("\n}\n\n")
	for cc := range 16 {
		f.fastHandler(fmt.Sprintf("opJCC%X", cc), take(fastPath, conds[cc>>1], cc, "in.Imm", "in.EIP + uint32(in.Len)"))
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
			if p.cond(cc) == "" {
				continue
			}
			f.fastHandler("op"+p.name(cc), p.body(fastPath, cc))
			if p.hasMemory() {
				f.fastHandler("op"+p.name(cc)+"B", p.body(basePath, cc))
			}
		}
	}
	f.printf("// fusedOps has the handlers of a compare and the jump behind it, by condition.\n" +
		"var fusedOps = [...]fusedOp{\n")
	for _, p := range pairs {
		base := ""
		if p.hasMemory() {
			base = p.names("B")
		}
		f.printf("{x86.%s, x86.Form%s, %d, [16]fastHandler{%s}, [16]fastHandler{%s}},\n", p.op, p.form, p.w.bytes, p.names(""), base)
	}
	f.printf("}\n\n")
}

// hasMemory reports a pair that has a variant without an index.
func (p pair) hasMemory() bool { return strings.Contains(p.form, "M") && p.w.bits != 16 }

// names lists the handlers of p by condition.
func (p pair) names(suffix string) string {
	list := ""
	for cc := range 16 {
		if p.cond(cc) != "" {
			list += fmt.Sprintf("%d: op%s%s, ", cc, p.name(cc), suffix)
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
	flags := w.expand("c.flagsSub{W}(a, b, {D}(a)-{D}(b))\n")
	if p.op == "TEST" {
		flags = w.expand("t := a & b\nc.flagsLogic{W}(t)\n")
	}
	return get + flags + take(way, p.cond(cc), cc, "in.target", "in.EIP + uint32(in.len2)")
}

// genJump emits the unconditional near branches of 32-bit operand size in a
// flat mode; everything else goes through branch.go.
func genJump(f *file) {
	w16, w := widths[1], widths[2]
	const next = "in.EIP + uint32(in.Len)"
	orSlow := func(slow string, fast func(path) string) func(path) string {
		return func(p path) string {
			if p.slow {
				return "return " + slow + "\n"
			}
			return fast(p)
		}
	}

	s := f.op("JMP")
	s.addMem("J", w, orSlow("c.jumpSlow(in)", func(p path) string { return goTo(p, "in.Imm", "linkTaken") }))
	s.addFull("J", w16, "return c.jumpSlow(in)\n")
	s.done()

	s = f.op("JMPIND")
	s.addMem("R", w, orSlow("c.jumpIndirectSlow(in)", func(p path) string { return goIndirect(p, w.reg("d")) }))
	s.addMem("M", w, orSlow("c.jumpIndirectSlow(in)", func(p path) string { return w.load(p, "v") + goIndirect(p, "v") }))
	s.addFull("R", w16, "return c.jumpIndirectSlow(in)\n")
	s.addFull("M", w16, "return c.jumpIndirectSlow(in)\n")
	s.done()

	s = f.op("CALL")
	s.addMem("J", w, orSlow("c.callSlow(in)", func(p path) string { return push(p, next, goTo(p, "in.Imm", "linkTaken")) }))
	s.addFull("J", w16, "return c.callSlow(in)\n")
	s.done()

	s = f.op("CALLIND")
	s.addMem("R", w, orSlow("c.callIndirectSlow(in)", func(p path) string {
		return "t := " + w.reg("d") + "\n" + push(p, next, goIndirect(p, "t"))
	}))
	s.addMem("M", w, orSlow("c.callIndirectSlow(in)", func(p path) string {
		return w.loadFirst(p.ea(), "t") + push(p, next, goIndirect(p, "t"))
	}))
	s.addFull("R", w16, "return c.callIndirectSlow(in)\n")
	s.addFull("M", w16, "return c.callIndirectSlow(in)\n")
	s.done()

	s = f.op("RET")
	for _, x := range []struct{ form, up string }{{"None", "la + 4"}, {"I", "la + 4 + in.Imm"}} {
		s.addMem(x.form, w, orSlow("c.retSlow(in)", func(p path) string {
			return pop(p) + "c.gpr[x86.ESP] = " + x.up + "\n" + goIndirect(p, "v")
		}))
		s.addFull(x.form, w16, "return c.retSlow(in)\n")
	}
	s.done()
}
