// SPDX-License-Identifier: BSD-3-Clause
// What is read from the test modules, as text: one golden file for each format.

package debuginfo

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/loader"
)

var update = flag.Bool("update", false, "write the golden files again")

const modules = "../../../testdata/modules/"

// place loads a test module at an address, linked to nothing.
func place(t testing.TB, file string) *loader.Image {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	object, err := loader.Parse(filepath.Base(file), data)
	require.NoError(t, err)
	var kernel loader.Provider
	for i, name := range object.Undefined() {
		kernel.Exports = append(kernel.Exports, loader.Export{Name: name, Value: 0xc0100000 + uint32(i)*16})
	}
	img, err := loader.Link(object, 0xc8831000, []loader.Provider{kernel}, loader.Options{})
	require.NoError(t, err)
	return img
}

func TestDump(t *testing.T) {
	for _, format := range []string{"dwarf2", "dwarf3", "dwarf4", "dwarf5", "stabs"} {
		t.Run(format, func(t *testing.T) {
			m := Load(place(t, modules+"source_"+format+".o"))
			require.Empty(t, m.Problems)
			golden(t, "testdata/"+format+".txt", dump(m))
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// dump writes everything a module knows.
func dump(m *Module) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", m.Name, m.Format)
	for _, f := range m.Functions {
		fmt.Fprintf(&b, "\nfunction %s %s:%d %s external=%v body %x\n", declareFunc(f), f.File, f.Line, ranges(f.Ranges), f.External, m.Lines.PrologueEnd(f))
		for _, v := range f.Vars {
			fmt.Fprintf(&b, "  %s\n", variable(v))
		}
		for _, in := range f.Inlined {
			fmt.Fprintf(&b, "  inlined %s %s at %s:%d depth %d\n", in.Name, ranges(in.Ranges), in.CallFile, in.CallLine, in.Depth)
			for _, v := range in.Vars {
				fmt.Fprintf(&b, "    %s\n", variable(v))
			}
		}
	}
	b.WriteString("\n")
	for _, v := range m.Globals {
		fmt.Fprintf(&b, "global %s\n", variable(v))
	}
	b.WriteString("\n")
	for _, name := range []string{"struct point", "struct shape", "enum colour", "port_t", "struct timer_list"} {
		typ, ok := m.Type(name)
		if !ok {
			fmt.Fprintf(&b, "no type %s\n", name)
			continue
		}
		fmt.Fprintf(&b, "type %s size %d\n", typ, typ.Sizeof())
		members(&b, typ, "  ")
	}
	b.WriteString("\n")
	for _, r := range m.Lines.rows {
		fmt.Fprintf(&b, "%08x %s:%d flags %d\n", r.addr, m.Lines.files[r.file], r.line, r.flags)
	}
	return b.String()
}

func members(b *strings.Builder, t *Type, indent string) {
	t = t.Strip()
	for _, e := range t.Enums {
		fmt.Fprintf(b, "%s%s = %d\n", indent, e.Name, e.Value)
	}
	for _, m := range t.Members {
		fmt.Fprintf(b, "%s%d %s", indent, m.Offset, m.Type.Declare(m.Name))
		if m.Bits != 0 {
			fmt.Fprintf(b, " bits %d..%d", m.Bit, m.Bit+m.Bits-1)
		}
		b.WriteString("\n")
	}
}

func declareFunc(f *Function) string { return f.Result.Declare(f.Name) }

func ranges(list []Range) string {
	var parts []string
	for _, r := range list {
		parts = append(parts, fmt.Sprintf("%x-%x", r.Low, r.High))
	}
	return strings.Join(parts, ",")
}

func variable(v *Variable) string {
	text := v.Type.Declare(v.Name)
	if v.Param {
		text += " parameter"
	}
	if v.Static {
		text += " static"
	}
	if v.Scope != nil {
		text += " in " + ranges(v.Scope)
	}
	if v.Loc.always != nil {
		text += fmt.Sprintf(" at % x", v.Loc.always)
	}
	for _, e := range v.Loc.list {
		text += fmt.Sprintf(" [%x-%x: % x]", e.Low, e.High, e.expr)
	}
	return text
}
