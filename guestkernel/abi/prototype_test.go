// SPDX-License-Identifier: BSD-3-Clause
// The C prototype parser: testdata/prototypes.txt, and every prototype of the exports.

package abi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestParsePrototype(t *testing.T) {
	for _, row := range testdataRows(t, "prototypes.txt", 4) {
		proto, err := abi.ParsePrototype(row[0])
		if row[1] == "error" {
			require.EqualError(t, err, row[3], row[0])
			continue
		}
		require.NoError(t, err)
		require.Equal(t, row[1:], []string{proto.Result.Kind.String(), describe(proto), proto.String()}, row[0])
	}
}

func describe(proto abi.Prototype) string {
	var params []string
	for _, param := range proto.Params {
		size := ""
		if param.Type.Size != 4 {
			size = fmt.Sprintf(":%d", param.Type.Size)
		}
		params = append(params, fmt.Sprintf("%s%s@%d", param.Type.Kind, size, param.Slot))
	}
	if proto.Variadic {
		params = append(params, "...")
	}
	return strings.Join(params, " ")
}

// Each parses, names the export, knows the size of all it passes, and reads back from its own text as the same.
func TestEveryExportsPrototypeParses(t *testing.T) {
	parsed := 0
	for _, e := range profile(t, "2.4.18-14").Exports() {
		if e.Prototype == "" {
			continue
		}
		parsed++
		proto, err := abi.ParsePrototype(e.Prototype)
		require.NoError(t, err)
		require.Equal(t, e.Name, proto.Name)
		require.Equal(t, abi.ExportFunction, e.Kind)
		for _, param := range proto.Params {
			require.NotZero(t, param.Type.Slots(), e.Prototype)
		}
		again, err := abi.ParsePrototype(proto.String())
		require.NoError(t, err)
		require.Equal(t, proto, again)
	}
	require.Equal(t, 733, parsed)
}

func TestPrototypeSlots(t *testing.T) {
	for text, want := range map[string]int{
		"int f(void)":                          0,
		"int f(const char *fmt, ...)":          1,
		"loff_t f(struct file *, loff_t, int)": 4,
	} {
		proto, err := abi.ParsePrototype(text)
		require.NoError(t, err)
		require.Equal(t, want, proto.Slots(), text)
	}
}

// A declaration nested without end is refused, not followed.
func TestParsePrototypeDepth(t *testing.T) {
	for _, nest := range []string{"(*", "int f(int (", "(("} {
		_, err := abi.ParsePrototype("int " + strings.Repeat(nest, 10000))
		require.ErrorContains(t, err, "nested too deeply")
	}
}

func TestParseType(t *testing.T) {
	for text, want := range map[string]abi.Type{
		"long unsigned int": {Name: "long unsigned int", Kind: abi.KindUlong, Size: 4},
		"pid_t":             {Name: "pid_t", Kind: abi.KindInt, Size: 4},
		"char*":             {Name: "char *", Kind: abi.KindString, Size: 4},
		"fn*":               {Name: "fn *", Kind: abi.KindFuncPointer, Size: 4},
		"char[16]":          {Name: "char[16]", Kind: abi.KindArray},
		"struct {...}":      {Name: "struct {...}", Kind: abi.KindAggregate},
		"get_info_t*":       {Name: "get_info_t *", Kind: abi.KindFuncPointer, Size: 4},
		"no_such_t":         {Name: "no_such_t"},
	} {
		got, err := abi.ParseType(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "int x", "*", "const"} {
		_, err := abi.ParseType(text)
		require.Error(t, err, text)
	}
}

func FuzzParsePrototype(f *testing.F) {
	for _, seed := range []string{"int printk (const char *, ...)", "void (*f(int))(char[3])", "int f(struct {...}*)", "(("} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		proto, err := abi.ParsePrototype(text)
		if err != nil {
			return
		}
		again, err := abi.ParsePrototype(proto.String())
		require.NoError(t, err, text)
		require.Equal(t, proto.Slots(), again.Slots(), text)
	})
}
