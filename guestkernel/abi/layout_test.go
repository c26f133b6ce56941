// SPDX-License-Identifier: BSD-3-Clause
// Structure layouts: spot values, nested paths, and everything against the reference where that is present.

package abi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// Rows of testdata/fields.txt: profile, structure, path, and the field as Go prints it, or the error.
func TestField(t *testing.T) {
	for _, row := range testdataRows(t, "fields.txt", 4) {
		s, err := profile(t, row[0]).Struct(row[1])
		require.NoError(t, err)
		field, err := s.Field(row[2])
		got := fmt.Sprintf("%+v", field)
		if err != nil {
			got = err.Error()
		}
		require.Equal(t, row[3], got, "%s %s.%s", row[0], row[1], row[2])
	}
}

func TestStructNames(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for given, want := range map[string]string{
		"module":             "struct module",
		"struct module":      "struct module",
		"task_union":         "union task_union",
		"mm_segment_t":       "mm_segment_t",
		"list_t":             "struct list_head",
		"wait_queue_head_t":  "struct __wait_queue_head",
		"struct zone_struct": "struct zone_struct",
	} {
		s, err := p.Struct(given)
		require.NoError(t, err)
		require.Equal(t, want, s.Name)
	}
	for _, name := range abi.ProfileNames() {
		for _, full := range profile(t, name).StructNames() {
			_, bare, hasKeyword := strings.Cut(full, " ")
			if !hasKeyword {
				bare = full
			}
			s, err := profile(t, name).Struct(bare)
			require.NoError(t, err)
			require.Equal(t, full, s.Name, "no name stands for two structures")
		}
	}
	for _, name := range []string{"", "struct", "struct ", "union module", "struct modul", "modulee", "~", "="} {
		_, err := p.Struct(name)
		require.EqualError(t, err, fmt.Sprintf("abi: profile 2.4.18-14 has no structure %q", name))
	}
}

func TestModuleStructSize(t *testing.T) {
	for _, name := range abi.ProfileNames() {
		s, err := profile(t, name).Struct("module")
		require.NoError(t, err)
		require.EqualValues(t, 96, s.Size)
		require.Equal(t, abi.Member{Path: "size_of_struct", Size: 4, Type: "long unsigned int"}, s.Members()[0])
	}
}

// The typedefs this package resolves itself must have the size the compiler gave them.
func TestTypesHaveTheirMeasuredSize(t *testing.T) {
	checked := 0
	for _, name := range abi.ProfileNames() {
		p := profile(t, name)
		for _, structName := range p.StructNames() {
			s, err := p.Struct(structName)
			require.NoError(t, err)
			for _, m := range s.Members() {
				if m.Bits > 0 || strings.ContainsAny(m.Type, "[{*") {
					continue
				}
				if inner, err := p.Struct(m.Type); err == nil {
					require.Equal(t, inner.Size, m.Size, "%s: %s.%s", name, structName, m.Path)
					checked++
				}
				known, err := abi.ParseType(m.Type)
				require.NoError(t, err)
				if known.Size > 0 {
					require.Equal(t, known.Size, m.Size, "%s: %s.%s %s", name, structName, m.Path, m.Type)
					checked++
				}
			}
		}
	}
	require.Greater(t, checked, 15000)
}

// A field lies within its structure, and what a bit field's bytes hold includes the bits.
func TestMembersLieInTheirStructure(t *testing.T) {
	for _, name := range abi.ProfileNames() {
		p := profile(t, name)
		for _, structName := range p.StructNames() {
			s, err := p.Struct(structName)
			require.NoError(t, err)
			for _, m := range s.Members() {
				require.LessOrEqual(t, m.Offset+m.Size, s.Size, "%s: %s.%s", name, structName, m.Path)
				require.LessOrEqual(t, uint32(m.Bit)+uint32(m.Bits), m.Size*8, "%s: %s.%s", name, structName, m.Path)
				if m.Bits > 0 {
					require.Contains(t, []uint32{1, 2, 4}, m.Size, "%s: %s.%s", name, structName, m.Path)
				}
			}
		}
	}
}

func TestLayoutsAgainstReference(t *testing.T) {
	for _, name := range abi.ProfileNames() {
		p := profile(t, name)
		members := map[string][]abi.Member{}
		structs := 0
		for _, row := range referenceRows(t, "layouts-"+name+".tsv") {
			if row[1] == "(sizeof)" {
				s, err := p.Struct(row[0])
				require.NoError(t, err)
				require.Equal(t, row[3], fmt.Sprint(s.Size), row[0])
				members[row[0]] = s.Members()
				structs++
				continue
			}
			require.NotEmpty(t, members[row[0]], row[0])
			m := members[row[0]][0]
			members[row[0]] = members[row[0]][1:]
			offset, size := m.Offset, fmt.Sprint(m.Size)
			if m.Bits > 0 { // the table counts from the byte the field begins in
				offset += uint32(m.Bit) / 8
				size = fmt.Sprintf("%d bits at bit %d", m.Bits, m.Bit%8)
			}
			require.Equal(t, row, []string{row[0], m.Path, fmt.Sprint(offset), size, m.Type})
		}
		for structName, left := range members {
			require.Empty(t, left, structName)
		}
		require.Len(t, p.StructNames(), structs)
	}
}
