// SPDX-License-Identifier: BSD-3-Clause
// Stabs as compilers of the time wrote them, stab by stab: what today's gcc has no reason to write.

package debuginfo

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/loader"
)

// written is one stab to write.
type written struct {
	kind  uint8
	desc  uint16
	value uint32
	text  string
}

// unitOf encodes the stabs of a compilation unit, with the head that gives the size of its strings.
func unitOf(stabs ...written) (stab, str []byte) {
	str = []byte{0}
	var body []byte
	for _, s := range stabs {
		strx := uint32(0)
		if s.text != "" {
			strx = uint32(len(str))
			str = append(append(str, s.text...), 0)
		}
		body = encodeStab(body, strx, s)
	}
	head := encodeStab(nil, 1, written{kind: nUndf, desc: uint16(len(stabs)), value: uint32(len(str))})
	return append(head, body...), str
}

func encodeStab(b []byte, strx uint32, s written) []byte {
	b = binary.LittleEndian.AppendUint32(b, strx)
	b = append(b, s.kind, 0)
	b = binary.LittleEndian.AppendUint16(b, s.desc)
	return binary.LittleEndian.AppendUint32(b, s.value)
}

func readUnits(units ...[]written) *Module {
	m := &Module{Name: "test", Base: 0x1000, Size: 0x1000, Lines: &LineTable{},
		Sections: []loader.PlacedSection{{Name: ".text", Addr: 0x1000, Size: 0x800, Flags: 4}},
		Symbols:  []Symbol{{Name: "shared", Addr: 0x1900, Size: 4, Type: 'D'}}}
	var stab, str []byte
	for _, u := range units {
		a, b := unitOf(u...)
		stab, str = append(stab, a...), append(str, b...)
	}
	readStabs(m, stab, str)
	m.finish()
	return m
}

func TestStabTypes(t *testing.T) {
	for _, c := range []struct{ stab, want string }{
		{"x:(0,1)=r(0,1);-2147483648;2147483647;", "<unnamed> x"},
		{"x:-1", "int x"},
		{"x:-10", "unsigned long x"},
		{"x:-16", "_Bool x"},
		{"x:1=*-2", "char *x"},
		{"x:1=ar-1;0;9;-3", "short x[10]"},
		{"x:1=ar-1;0;1;2=ar-1;0;2;-1", "int x[2][3]"},
		{"x:1=*2=f-1", "int (*x)()"},
		{"x:1=*2=ar-1;0;3;-1", "int (*x)[4]"},
		{"x:1=xssome_tag:", "struct some_tag x"},
		{"x:1=xusome_tag:", "union some_tag x"},
		{"x:1=s8a:-1,0,32;b:2=*1,32,32;;", "struct {...} x"},
		{"x:1=k-2", "char x"},
		{"x:1=*2=B-4", "long *x"},
		{"x:1=ered:0,green:1,;", "enum {...} x"},
		{"x:1=bs4;0;32;", "<unnamed> x"},
	} {
		m := readUnits([]written{{kind: nSO, value: 0x1000, text: "a.c"}, {kind: nFUN, value: 0x1000, text: "f:F-1"},
			{kind: nLSYM, value: 4, text: c.stab}})
		require.Empty(t, m.Problems, c.stab)
		require.Len(t, m.Functions[0].Vars, 1)
		v := m.Functions[0].Vars[0]
		require.Equal(t, c.want, v.Type.Declare(v.Name), c.stab)
	}
}

// The ranges that stand for numbers.
func TestStabRanges(t *testing.T) {
	for _, c := range []struct {
		stab string
		kind Kind
		size uint32
	}{
		{"int:t1=r1;-2147483648;2147483647;", Int, 4},
		{"char:t1=r1;0;127;", Int, 1},
		{"unsigned char:t1=r1;0;255;", Uint, 1},
		{"short unsigned int:t1=r1;0;65535;", Uint, 2},
		{"short int:t1=r1;-32768;32767;", Int, 2},
		{"unsigned int:t1=r1;0;-1;", Uint, 4},
		{"unsigned int:t1=r1;0;4294967295;", Uint, 4},
		{"unsigned int:t1=r1;0000000000000;0037777777777;", Uint, 4},
		{"long long int:t1=@s64;r1;01000000000000000000000;0777777777777777777777;", Int, 8},
		{"long long unsigned int:t1=@s64;r1;0000000000000;01777777777777777777777;", Uint, 8},
		{"float:t1=r1;4;0;", Float, 4},
		{"double:t1=r1;8;0;", Float, 8},
		{"long double:t1=r1;12;0;", Float, 12},
		{"void:t1=1", Void, 0},
	} {
		m := readUnits([]written{{kind: nSO, value: 0x1000, text: "a.c"}, {kind: nLSYM, text: c.stab}})
		require.Empty(t, m.Problems, c.stab)
		name, _, _, _ := splitStab(c.stab)
		typ, ok := m.Type(name)
		require.True(t, ok, c.stab)
		require.Equal(t, c.kind, typ.Strip().Kind, c.stab)
		require.Equal(t, c.size, typ.Sizeof(), c.stab)
	}
}

// Two units share a header: the second one only says so. Strings go on in the next stab; a function ends with an empty
// one; blocks have variables of their own.
func TestStabUnits(t *testing.T) {
	const header = "/usr/src/linux/include/linux/list.h"
	m := readUnits([]written{
		{kind: nSO, value: 0x1000, text: "/usr/src/drivers/"},
		{kind: nSO, value: 0x1000, text: "one.c"},
		{kind: nLSYM, text: "int:t(0,1)=r(0,1);-2147483648;2147483647;"},
		{kind: nBINCL, value: 0x1234, text: header},
		{kind: nLSYM, text: `list_head:T(1,1)=s8next:(1,2)=*(1,1),0,32;\`},
		{kind: nLSYM, text: "prev:(1,2),32,32;;"},
		{kind: nEINCL},
		{kind: nGSYM, text: "shared:G(0,1)"},
		{kind: nFUN, desc: 10, value: 0x1000, text: "one:F(0,1)"},
		{kind: nPSYM, value: 8, text: "arg:p(1,2)"},
		{kind: nSLINE, desc: 11, value: 0},
		{kind: nSLINE, desc: 12, value: 6},
		{kind: nLSYM, value: 0xfffffffc, text: "outer:(0,1)"},
		{kind: nLBRAC, value: 6},
		{kind: nRSYM, value: 3, text: "inner:r(0,1)"},
		{kind: nLBRAC, value: 0x10},
		{kind: nRBRAC, value: 0x18},
		{kind: nRBRAC, value: 0x20},
		{kind: nFUN, value: 0x24},
		{kind: nSO, value: 0x1024},
	}, []written{
		{kind: nSO, value: 0x1030, text: "/usr/src/drivers/"},
		{kind: nSO, value: 0x1030, text: "two.c"},
		{kind: nEXCL, value: 0x1234, text: header},
		{kind: nFUN, desc: 5, value: 0x1030, text: "two:f(0,1)=r(0,1);-2147483648;2147483647;"},
		{kind: nPSYM, value: 8, text: "list:p(1,2)"},
		{kind: nSLINE, desc: 6, value: 0},
	})
	require.Empty(t, m.Problems)
	require.Len(t, m.Functions, 2)
	one, two := m.Functions[0], m.Functions[1]
	require.Equal(t, []Range{{0x1000, 0x1024}}, one.Ranges)
	require.Equal(t, []Range{{0x1030, 0x1800}}, two.Ranges)
	require.Equal(t, "struct list_head *", one.Vars[0].Type.String())
	require.Same(t, one.Vars[0].Type, two.Vars[0].Type)
	next, ok := two.Vars[0].Type.Target().Member("prev")
	require.True(t, ok)
	require.Equal(t, uint32(4), next.Offset)

	var names []string
	for _, v := range one.VarsAt(0x1012) {
		names = append(names, v.Name)
	}
	require.Equal(t, []string{"arg", "outer", "inner"}, names)
	require.Len(t, one.VarsAt(0x1002), 2)
	l, ok := m.Lines.LineOf(0x1008)
	require.True(t, ok)
	require.Equal(t, "/usr/src/drivers/one.c", l.File)
	require.Equal(t, 12, l.Line)
	require.Equal(t, Range{0x1006, 0x1024}, l.Range)
	_, ok = m.Lines.LineOf(0x1028)
	require.False(t, ok)
	shared := m.GlobalsNamed("shared")
	require.Len(t, shared, 1)
	addr, _ := shared[0].StaticAddr()
	require.Equal(t, uint32(0x1900), addr)
}

func TestStabMistakes(t *testing.T) {
	for _, stab := range []string{"x:(0,1", "x:1=", "x:1=*", "x:1=s8a", "x:1=s8a:-1,0", "x:1=ar", "x:1=r1;a;b;", "x:1=?", "x:99999999999999999999",
		"x:1=e:", "x:1=xq:", "x:1=@s;"} {
		m := readUnits([]written{{kind: nSO, value: 0x1000, text: "a.c"}, {kind: nFUN, value: 0x1000, text: "f:F-1"}, {kind: nLSYM, value: 4, text: stab}})
		require.NotEmpty(t, m.Problems, stab)
		require.Len(t, m.Functions, 1, stab)
	}
}
