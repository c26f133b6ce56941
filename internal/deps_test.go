// SPDX-License-Identifier: BSD-3-Clause

// Package internal holds what is asserted of the repository as a whole.
package internal

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDirection asserts cmd → loader → guestkernel → vm, and that these three
// import the standard library and golang.org/x only.
func TestDirection(t *testing.T) {
	for _, p := range []struct {
		tree  string
		above []string // what it must not depend on
	}{
		{"ring0/vm", []string{"ring0/guestkernel", "ring0/loader", "ring0/cmd"}},
		{"ring0/guestkernel", []string{"ring0/loader", "ring0/cmd"}},
		{"ring0/loader", []string{"ring0/cmd"}},
	} {
		for dep := range dependencies(t, p.tree) {
			for _, above := range p.above {
				require.False(t, within(dep, above), "%s depends on %s", p.tree, dep)
			}
			known := !strings.Contains(strings.Split(dep, "/")[0], ".") || strings.HasPrefix(dep, "golang.org/x/")
			require.True(t, known, "%s depends on %s: only the standard library and golang.org/x are allowed", p.tree, dep)
		}
	}
}

func within(pkg, tree string) bool { return pkg == tree || strings.HasPrefix(pkg, tree+"/") }

// dependencies lists what the packages of a tree import, however far.
func dependencies(t *testing.T, tree string) map[string]bool {
	out, err := exec.Command("go", "list", "-deps", tree+"/...").Output()
	require.NoError(t, err)
	deps := map[string]bool{}
	for _, line := range strings.Fields(string(out)) {
		deps[line] = true
	}
	require.True(t, deps[tree], "go list does not know %s", tree)
	return deps
}
