// SPDX-License-Identifier: BSD-3-Clause
// What the checks find in the modules made for them: testdata/modules/findings.txt has a line for each run, as for ring0 run
// --check --rmmod, and below it what is to be found.

package session

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
)

var update = flag.Bool("update", false, "write findings.txt again")

const modulesDir = "../../../testdata/modules"

// checkedRun is one paragraph of findings.txt.
type checkedRun struct {
	comment []string
	command string
	found   string
}

func readChecked(t *testing.T, file string) (runs []checkedRun) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for paragraph := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		var r checkedRun
		for line := range strings.SplitSeq(paragraph, "\n") {
			switch {
			case strings.HasPrefix(line, "#"):
				r.comment = append(r.comment, line)
			case r.command == "":
				r.command = line
			default:
				r.found += line + "\n"
			}
		}
		runs = append(runs, r)
	}
	return runs
}

// config makes of "chkuse.o how=read; cat /dev/x" a run.
func (r checkedRun) config() Config {
	load, steps, _ := strings.Cut(r.command, ";")
	cfg := Config{Kernel: guestkernel.Config{Check: true}, Then: steps, Rmmod: true}
	for group := range strings.SplitSeq(load, " -- ") {
		words := strings.Fields(group)
		cfg.Modules = append(cfg.Modules, Module{File: filepath.Join(modulesDir, words[0]), Parameters: words[1:]})
	}
	return cfg
}

func TestFindings(t *testing.T) {
	file := filepath.Join(modulesDir, "findings.txt")
	runs := readChecked(t, file)
	kinds := map[guestkernel.FindingKind]bool{}
	for i := range runs {
		r := &runs[i]
		t.Run(r.command, func(t *testing.T) {
			result, err := Run(r.config())
			require.NoError(t, err)
			defer result.Kernel.Close()
			for _, f := range result.Findings() {
				kinds[f.Kind] = true
			}
			var found strings.Builder
			result.WriteFindings(&found)
			if *update {
				r.found = found.String()
				return
			}
			require.Equal(t, r.found, found.String())
		})
	}
	for _, kind := range guestkernel.FindingKinds() {
		require.True(t, kinds[kind], "no module shows %s", kind)
	}
	if *update {
		var out []string
		for _, r := range runs {
			out = append(out, strings.Join(append(r.comment, r.command, strings.TrimSpace(r.found)), "\n"))
		}
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(out, "\n\n")+"\n"), 0o644))
	}
}

// Modules without mistakes give no findings, and the checks do not change what they do.
func TestNoFindings(t *testing.T) {
	for _, module := range []string{"hello", "exporter", "slab", "proc", "timer", "irq", "kthread", "bigalloc", "chardev",
		"resources", "tasklet", "waitqueue", "strings", "usercopy", "fixup", "printkfmt"} {
		t.Run(module, func(t *testing.T) {
			cfg := Config{Kernel: guestkernel.Config{Check: true}, Rmmod: true,
				Modules: []Module{{File: filepath.Join(modulesDir, module+".o")}}}
			result, err := Run(cfg)
			require.NoError(t, err)
			defer result.Kernel.Close()
			require.NoError(t, result.Cause)
			require.Empty(t, result.Findings())
			cfg.Kernel.Check = false
			plain, err := Run(cfg)
			require.NoError(t, err)
			defer plain.Kernel.Close()
			require.Equal(t, len(plain.Kernel.Log()), len(result.Kernel.Log()))
		})
	}
}
