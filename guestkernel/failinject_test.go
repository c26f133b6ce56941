// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseFault(t *testing.T) {
	for _, c := range []struct {
		text string
		want Fault
		err  string
	}{
		{"kmalloc:3", Fault{"kmalloc", 3, 3, ""}, ""},
		{"kmalloc:3-5", Fault{"kmalloc", 3, 5, ""}, ""},
		{"kmalloc:3-", Fault{"kmalloc", 3, EveryCall, ""}, ""},
		{"kmalloc:*", Fault{"kmalloc", 1, EveryCall, ""}, ""},
		{"copy_from_user:1@scull", Fault{"copy_from_user", 1, 1, "scull"}, ""},
		{"kmalloc", Fault{}, "want FUNCTION:CALL"},
		{"kmalloc:1@", Fault{}, "want FUNCTION:CALL"},
		{":1", Fault{}, "want FUNCTION:CALL"},
		{"kmalloc:0", Fault{}, "want the number of a call"},
		{"kmalloc:x", Fault{}, "want the number of a call"},
		{"kmalloc:5-3", Fault{}, "from 5 on"},
		{"kmaloc:1", Fault{}, "did you mean"},
		{"vmaloc:1", Fault{}, "vmalloc"},
		{"printk:1", Fault{}, "cannot be made to fail"},
		{"inline get_user:1", Fault{}, "did you mean"},
	} {
		got, err := ParseFault(c.text)
		if c.err != "" {
			require.ErrorContains(t, err, c.err, c.text)
			continue
		}
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, got)
		back, err := ParseFault(got.String())
		require.NoError(t, err)
		require.Equal(t, got, back, "%s and back", got)
	}
}

// Every name in the tables of failures, sleepers and resources is an export of the kernel, or a function that the model has.
func TestTablesNameFunctions(t *testing.T) {
	k := boot(t, Config{})
	defer k.Close()
	known := func(name, table string) {
		_, exported := k.profile.Export(name)
		_, function := k.profile.Symbol(name)
		require.True(t, exported || function, "%s names %s, which 2.4.18-14 does not have", table, name)
	}
	for name := range failures() {
		if !strings.HasPrefix(name, "inline ") {
			known(name, "failures")
		}
	}
	for alias, behind := range failAliases() {
		for _, name := range behind {
			_, ok := failures()[name]
			require.True(t, ok, "%s stands for %s, which has no failure", alias, name)
		}
	}
	for name := range sleepers() {
		known(name, "sleepers")
	}
	for _, row := range resourceRows() {
		known(row.take, "resourceRows")
		known(row.give, "resourceRows")
		if row.all != "" {
			known(row.all, "resourceRows")
		}
	}
}

// A fault counts calls by modules alone, and one that is over changes nothing.
func TestInjectCountsModulesOnly(t *testing.T) {
	k := boot(t, Config{})
	defer k.Close()
	require.NoError(t, k.Inject(Fault{Function: "kmalloc", First: 1, Last: EveryCall}))
	require.NotZero(t, k.Kmalloc(100, k.pages.gfp.kernel))
	require.Equal(t, uint64(0), k.Faults()[0].Calls)
	require.ErrorContains(t, k.Inject(Fault{Function: "kmalloc"}), "counted from 1")
	require.Error(t, k.Inject(Fault{Function: "printk", First: 1}))
	k.ClearFaults()
	require.Empty(t, k.Faults())
}

// docs/checks.md has the table of functions that can fail, and all kinds of findings.
func TestChecksPage(t *testing.T) {
	page, err := os.ReadFile("../docs/checks.md")
	require.NoError(t, err)
	by, order := map[string][]string{}, []string{}
	for _, name := range FailableFunctions() {
		meaning, ok := FailureOf(name)
		require.True(t, ok)
		if by[meaning] == nil {
			order = append(order, meaning)
		}
		by[meaning] = append(by[meaning], "`"+name+"`")
	}
	slices.Sort(order)
	table := "| fails with | functions |\n|---|---|\n"
	for _, meaning := range order {
		table += "| " + meaning + " | " + strings.Join(by[meaning], " ") + " |\n"
	}
	require.Contains(t, string(page), table)
	for _, kind := range FindingKinds() {
		require.Contains(t, string(page), "| `"+string(kind)+"` |")
	}
}
