// SPDX-License-Identifier: BSD-3-Clause
// The conversions on small inputs, and the committed tables against a fresh run where the reference is present.

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const dataDir = "../../data"

func TestCommittedTablesAreCurrent(t *testing.T) {
	shared := os.Getenv("RING0_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	reference := filepath.Join(shared, "reference")
	if _, err := os.Stat(reference); err != nil {
		t.Skipf("reference absent: %v (RING0_SHARED names its folder)", err)
	}
	out := t.TempDir()
	for _, s := range sources {
		require.NoError(t, generate(reference, out, s))
		fresh, err := os.ReadFile(filepath.Join(out, s.to))
		require.NoError(t, err)
		committed, err := os.ReadFile(filepath.Join(dataDir, s.to))
		require.NoError(t, err)
		require.True(t, string(fresh) == string(committed), "%s is stale: run the generator", s.to)
	}
}

func TestEveryTableHasASource(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dataDir, "*.txt"))
	require.NoError(t, err)
	handwritten := filepath.Join(dataDir, "syscalls.txt")
	want := []string{handwritten}
	for _, s := range sources {
		want = append(want, filepath.Join(dataDir, s.to))
	}
	require.ElementsMatch(t, want, files)
}

func TestConversions(t *testing.T) {
	for _, row := range []struct {
		name    string
		convert func(string) (string, error)
		in, out string
		err     string
	}{
		{"structures in byte order", layouts,
			"# title\nstruct\tfield\toffset\tsize\ttype\nstruct b\t(sizeof)\t0\t4\t\nstruct b\tx\t0\t4\tint\nstruct a\t(sizeof)\t0\t0\t\n",
			"=struct a\t0\n=struct b\t4\nx\t0\t4\tint\n", ""},
		{"bit field", layouts, "struct b\t(sizeof)\t0\t4\t\nstruct b\tx\t3\t1 bits at bit 7\tint\n", "=struct b\t4\nx\t3\t1@7\tint\n", ""},
		{"bit field too wide", layouts, "s\t(sizeof)\t0\t4\t\ns\tx\t3\t33 bits at bit 7\tint\n", "", "s.x: bit field of 33 bits"},
		{"field before its structure", layouts, "struct b\tx\t0\t4\tint\n", "", "struct b: field x before (sizeof)"},
		{"structure twice", layouts, "s\t(sizeof)\t0\t4\t\ns\t(sizeof)\t0\t4\t\n", "", "s: described twice"},
		{"marker in a cell", layouts, "s\t(sizeof)\t0\t4\t=\n", "", "an equals sign, which marks a structure's line"},
		{"columns", layouts, "s\t(sizeof)\t0\t4\n", "", "line 1: 4 columns, want 5"},
		{"constants", constants, "constant\tvalue\thex\na\t1\t0x1\nB\t-1\t\nc\t\"x\\0\" \"y\\n\"\t\n", "B\t-1\na\t1\nc\t\"x\\0\" \"y\\n\"\n", ""},
		{"constant twice", constants, "a\t1\t\na\t2\t\n", "", "a: listed twice"},
		{"constant of no kind", constants, "a\tx\t\n", "", `a: value "x" is neither a number nor a string`},
		{"constant with an unknown escape", constants, "a\t\"\\q\"\t\n", "", `a: value "\"\\q\"" is neither a number nor a string`},
		{"export", exports, "# symbol\t\t\t\t\t\t\t\t\t\t\nf\t1\t1\tfunction\t\t\tf.c\tf_R00000001\tc0100000\tf.h\tint f (void)\n",
			"f\tf\t00000001\tc0100000\tf.c\tf.h\tint f (void)\n", ""},
		{"export without a version", exports, "d\t1\t1\tdata\t\t\td.c\td\tc0100000\t\t\n", "d\td\t-\tc0100000\td.c\t\t\n", ""},
		{"export under another's name", exports, "d\t1\t1\tdata\t\t\td.c\te_R00000001\tc0100000\t\t\n", "", `d: versioned name "e_R00000001"`},
		{"export of no kind", exports, "d\t1\t1\tthing\t\t\td.c\td\tc0100000\t\t\n", "", `d: unknown kind "thing"`},
		{"symbols", symbols, "c0100000 T _text\nc0100000 t a.1\n", "c0100000 T _text\nc0100000 t a.1\n", ""},
		{"symbols by name", symbolNames, "c0100000 T b\nc0100000 t a\nc0100004 t b\n", "0000d\n00000\n0001a\n", ""},
		{"symbols out of order", symbols, "c0100001 T b\nc0100000 T a\n", "", "line 2: c0100000 after c0100001"},
		{"no symbol", symbols, "c010000 T b\n", "", `line 1: "c010000 T b" is not a System.map line`},
	} {
		out, err := row.convert(row.in)
		if row.err != "" {
			require.EqualError(t, err, row.err, row.name)
			continue
		}
		require.NoError(t, err, row.name)
		require.Equal(t, row.out, out, row.name)
	}
}
