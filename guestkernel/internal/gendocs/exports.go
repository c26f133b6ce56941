// SPDX-License-Identifier: BSD-3-Clause
// The page of exports.

package main

import (
	"fmt"
	"strings"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

const intro = `# Exports

What the modelled kernel %s offers to modules. This page is written by ` + "`go generate ./guestkernel`" + ` from the rows of
package guestkernel and the profile's tables; a test fails when it is out of date.

Levels: **full** has everything a caller can observe; **partial** lacks what the note says; **stub** answers without
doing, as the note says. A call of a function without a level stops the run with its name, prototype, arguments and
caller (` + "`--stub-missing`" + ` goes on with 0). Functions marked † take their first three arguments in EAX, EDX and ECX; ‡ is a
convention of their own.

`

// exportsPage writes the whole page.
func exportsPage(p *abi.Profile, rows []guestkernel.Function) string {
	byName := map[string]guestkernel.Function{}
	for _, f := range rows {
		byName[f.Name] = f
	}
	var b strings.Builder
	fmt.Fprintf(&b, intro, p.Release)
	writeCounts(&b, p, byName)
	b.WriteString("\n## Functions\n\n| function | level | prototype | header | note |\n|---|---|---|---|---|\n")
	for _, e := range p.Exports() {
		if e.Kind == abi.ExportFunction {
			writeFunction(&b, e, byName[e.Name])
		}
	}
	b.WriteString("\n## Data\n\nGuest memory in the profile's layout, at the address it has in the real kernel.\n\n| name | address | defined in |\n|---|---|---|\n")
	for _, e := range p.Exports() {
		if e.Kind == abi.ExportData {
			fmt.Fprintf(&b, "| `%s` | %08x | %s |\n", e.Name, e.Addr, e.File)
		}
	}
	b.WriteString("\n## Not exported\n\nSystem calls, and functions that the kernel's own code in the guest calls.\n\n| function | level | note |\n|---|---|---|\n")
	for _, f := range rows {
		if _, exported := p.Export(f.Name); !exported {
			fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", f.Name, mark(f.Conv), f.Level, cell(f.Note))
		}
	}
	return b.String()
}

// writeCounts writes how many exported functions have each level.
func writeCounts(b *strings.Builder, p *abi.Profile, rows map[string]guestkernel.Function) {
	counts := map[guestkernel.Level]int{}
	functions, data := 0, 0
	for _, e := range p.Exports() {
		switch e.Kind {
		case abi.ExportFunction:
			functions++
			counts[rows[e.Name].Level]++
		case abi.ExportData:
			data++
		}
	}
	b.WriteString("| exports | number |\n|---|---|\n")
	fmt.Fprintf(b, "| functions | %d |\n", functions)
	for _, level := range []guestkernel.Level{guestkernel.Full, guestkernel.Partial, guestkernel.Stub, guestkernel.None} {
		fmt.Fprintf(b, "| … %s | %d |\n", level, counts[level])
	}
	fmt.Fprintf(b, "| data | %d |\n", data)
}

func writeFunction(b *strings.Builder, e abi.Export, row guestkernel.Function) {
	level, conv := "", row.Conv
	if row.Name != "" {
		level = row.Level.String()
	} else if abi.Regparm3(e.Name) {
		conv = guestkernel.Regparm3
	}
	text := e.Prototype
	if row.Proto != "" {
		text = row.Proto
	}
	if p, err := abi.ParsePrototype(text); err == nil {
		text = "`" + p.String() + "`"
	} else if text != "" {
		text = "`" + text + "`"
	}
	fmt.Fprintf(b, "| `%s`%s | %s | %s | %s | %s |\n", e.Name, mark(conv), level, cell(text), e.Header, cell(row.Note))
}

// mark is the sign of a calling convention.
func mark(c guestkernel.Conv) string {
	switch c {
	case guestkernel.Regparm3:
		return "†"
	case guestkernel.Special:
		return "‡"
	}
	return ""
}

// cell makes text fit into a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
