// SPDX-License-Identifier: BSD-3-Clause

package syscase_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm"
	"ring0/vm/syscase"
)

// A case that expects anything else than what happens fails.
func TestExpectationsCanFail(t *testing.T) {
	m, err := vm.New(vm.Config{RAM: 4 << 20})
	require.NoError(t, err)
	const right = "c | ring3 | eax=10; d b000 5 | 8ed8 | gp:10 eax=10 cs=1b [b000]=5 hcs=8"
	for _, change := range [][2]string{
		{"", ""}, {"gp:10", "gp:12"}, {"gp:10", "np:10"}, {"gp:10", "ok"}, {"gp:10", "shutdown"}, {"gp:10", "int:40"},
		{"eax=10 cs", "eax=11 cs"}, {"cs=1b", "cs=8"}, {"[b000]=5", "[b000]=6"}, {"[b000]=5", "[w:b000]=6"}, {"hcs=8", "hcs=10"},
		{"hcs=8", "+1"}, {"hcs=8", "eip=a001"}, {"hcs=8", "frame:1=0"}, {"hcs=8", "nonsense"}, {"hcs=8", "nonsense=1"},
		{"hcs=8", "eflags=0/10000"}, {"hcs=8", "dr6=0"}, {"hcs=8", "cr0=0/1"}, {"hcs=8", "tr=50"},
	} {
		text := strings.Replace(right, change[0], change[1], 1)
		cases, err := syscase.Parse(strings.NewReader(text))
		require.NoError(t, err)
		img, err := cases[0].Build()
		require.NoError(t, err)
		diffs := cases[0].Check(runVM(t, m, img))
		require.Equal(t, change[0] == "", len(diffs) == 0, "%s: %v", text, diffs)
	}
}

func TestBadCases(t *testing.T) {
	for _, text := range []string{
		"a | ring0 | | 90",                 // a field is missing
		"a | ring0 | | 9 | ok",             // half a byte
		"a | ring0 | | 90 |",               // nothing expected
		"a | ring0 | | 90 | ok\na|||90|ok", // a name twice
	} {
		_, err := syscase.Parse(strings.NewReader(text))
		require.Error(t, err, text)
	}
	for _, setup := range []string{
		"zz=1", "eax=x", "gdt 90", "gdt 90 code what", "gdt 90 code limit=100000", "mem b000 9", "mem b000", "mem 13fff 9090",
		"d 20000 1", "what 1 2", "what 1", "what", "msr 10", "dr9=1",
	} {
		cases, err := syscase.Parse(strings.NewReader("a | ring0 | " + setup + " | 90 | ok"))
		require.NoError(t, err)
		_, err = cases[0].Build()
		require.Error(t, err, setup)
	}
	cases, err := syscase.Parse(strings.NewReader("a | ring4 | | 90 | ok"))
	require.NoError(t, err)
	_, err = cases[0].Build()
	require.Error(t, err)
}
