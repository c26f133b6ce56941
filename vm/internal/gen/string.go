// SPDX-License-Identifier: BSD-3-Clause

// One element of a string instruction, not repeated, in a flat mode with
// 32-bit addresses (SDM vol. 2: LODS STOS MOVS SCAS CMPS). string.go has the
// full ones.

package main

import "fmt"

func genString(f *file) {
	rows := []struct {
		op   string
		body func(w width) string
	}{
		{"LODS", func(w width) string {
			return w.element("ESI", "rd", "v") + acc(w) + " = v\n" + w.advance("ESI")
		}},
		{"STOS", func(w width) string {
			return w.element("EDI", "wr", "") + "*" + w.host("") + " = " + acc(w) + "\n" + w.advance("EDI")
		}},
		{"MOVS", func(w width) string {
			return w.loadFirst("c.gpr[x86.ESI]", "v") + w.element("EDI", "wr", "") + "*" + w.host("") + " = v\n" + w.advance("ESI", "EDI")
		}},
		{"SCAS", func(w width) string {
			return w.element("EDI", "rd", "b") + "a := " + acc(w) + "\n" + w.expand("c.flagsSub{W}(a, b, {D}(a)-{D}(b))\n") + w.advance("EDI")
		}},
		{"CMPS", func(w width) string {
			return w.loadFirst("c.gpr[x86.ESI]", "a") + w.element("EDI", "rd", "b") + w.expand("c.flagsSub{W}(a, b, {D}(a)-{D}(b))\n") + w.advance("ESI", "EDI")
		}},
	}
	for _, r := range rows {
		var t table
		for _, w := range widths {
			t.set("None", w, f.fastHandler(fmt.Sprintf("op%s%dOne", r.op, w.bits), r.body(w)))
		}
		t.emit(f, "fast"+r.op, "fastTable")
	}
}

// element finds the element at index, and declares v with its value unless v
// is empty.
func (w width) element(index, tag, v string) string {
	s := w.access("c.gpr[x86."+index+"]", tag, "")
	if v != "" {
		s += v + " := *" + w.host("") + "\n"
	}
	return s
}

// acc is AL, AX or EAX.
func acc(w width) string { return fmt.Sprintf("*c.at%d(0)", w.bits) }

// advance moves index registers by one element, up or down by EFLAGS.DF.
func (w width) advance(indices ...string) string {
	s := fmt.Sprintf("step := %d - c.flags>>10&1*%d\n", w.bytes, 2*w.bytes)
	for _, i := range indices {
		s += "c.gpr[x86." + i + "] += step\n"
	}
	return s + "return true\n"
}
