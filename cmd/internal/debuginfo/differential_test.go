// SPDX-License-Identifier: BSD-3-Clause
// Our reader against the standard library's, on files that can be trusted.

package debuginfo

import (
	"debug/dwarf"
	"errors"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAgainstStandardLibrary(t *testing.T) {
	for _, format := range []string{"dwarf2", "dwarf3", "dwarf4", "dwarf5"} {
		t.Run(format, func(t *testing.T) {
			img, s, _ := sectionsOf(t, format)
			m := Load(img)
			d, err := dwarf.New(s[".debug_abbrev"], nil, nil, s[".debug_info"], s[".debug_line"], nil, s[".debug_ranges"], s[".debug_str"])
			require.NoError(t, err)
			for name, data := range s {
				if strings.HasPrefix(name, ".debug_") {
					require.NoError(t, d.AddSection(name, data))
				}
			}
			compareEntries(t, m, d)
		})
	}
}

func compareEntries(t *testing.T, m *Module, d *dwarf.Data) {
	rows, functions, structures := 0, 0, 0
	for r := d.Reader(); ; {
		e, err := r.Next()
		require.NoError(t, err)
		if e == nil {
			break
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		switch e.Tag {
		case dwarf.TagCompileUnit:
			rows += compareLines(t, m, d, e)
		case dwarf.TagSubprogram:
			ranges, err := d.Ranges(e)
			require.NoError(t, err)
			if len(ranges) == 0 {
				continue
			}
			functions++
			f := m.FunctionAt(uint32(ranges[0][0]))
			require.NotNil(t, f)
			require.Len(t, f.Ranges, len(ranges))
			for i, r := range ranges {
				require.Equal(t, Range{uint32(r[0]), uint32(r[1])}, f.Ranges[i])
			}
			if name != "" {
				require.Equal(t, name, f.Name)
			}
		case dwarf.TagStructType:
			if name == "" || e.Val(dwarf.AttrDeclaration) != nil {
				continue
			}
			structures++
			typ, err := d.Type(e.Offset)
			require.NoError(t, err)
			compareStruct(t, m, typ.(*dwarf.StructType))
		}
	}
	require.Equal(t, len(m.Lines.rows), rows)
	require.Equal(t, len(m.Functions), functions)
	require.Positive(t, structures)
}

// compareLines finds every row of the standard library's among ours, at its address.
func compareLines(t *testing.T, m *Module, d *dwarf.Data, unit *dwarf.Entry) (count int) {
	lines, err := d.LineReader(unit)
	require.NoError(t, err)
	at := map[uint32][]lineRow{}
	for _, r := range m.Lines.rows {
		at[r.addr] = append(at[r.addr], r)
	}
	var e dwarf.LineEntry
	for {
		if err := lines.Next(&e); errors.Is(err, io.EOF) {
			return count
		} else {
			require.NoError(t, err)
		}
		count++
		list := at[uint32(e.Address)]
		require.NotEmpty(t, list)
		r := list[0]
		at[uint32(e.Address)] = list[1:]
		require.Equal(t, e.EndSequence, r.flags&rowEnd != 0)
		require.Equal(t, e.IsStmt, r.flags&rowStmt != 0 || e.EndSequence && e.IsStmt)
		if !e.EndSequence {
			require.Equal(t, e.Line, int(r.line))
			require.Equal(t, e.Column, int(r.col))
			require.True(t, strings.HasSuffix(m.Lines.files[r.file], path.Clean(e.File.Name)), e.File.Name) // ours begins at the root
		}
	}
}

func compareStruct(t *testing.T, m *Module, want *dwarf.StructType) {
	got, ok := m.Type("struct " + want.StructName)
	require.True(t, ok, want.StructName)
	require.Equal(t, uint32(want.ByteSize), got.Size)
	require.Len(t, got.Members, len(want.Field))
	for i, f := range want.Field {
		g := got.Members[i]
		require.Equal(t, f.Name, g.Name)
		require.Equal(t, uint8(f.BitSize), g.Bits)
		switch {
		case f.BitSize == 0:
			require.Equal(t, uint32(f.ByteOffset), g.Offset)
		case f.DataBitOffset != 0:
			require.Equal(t, uint32(f.DataBitOffset), g.Offset*8+uint32(g.Bit), f.Name)
		}
		if f.Type.Size() > 0 {
			require.Equal(t, uint32(f.Type.Size()), g.Type.Sizeof(), f.Name)
		}
	}
}
