// SPDX-License-Identifier: BSD-3-Clause

// The probe: a program that makes the calls of the matrix and more, with what
// a real 2.4.18-14 printed when it ran it. Every line that begins with @@ or
// %% must be the real one, but for what testdata/probe.tsv lists. The program
// and the logs are looked for in the folder that RING0_SHARED names, or in
// ../shared beside this module.

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/session"
)

// sharedFolder is where the probe lies; the test is skipped without it.
func sharedFolder(t *testing.T) string {
	dir := os.Getenv("RING0_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	if _, err := os.Stat(filepath.Join(dir, "probe", "p")); err != nil {
		t.Skip("no probe: ", err)
	}
	return filepath.Join(dir, "probe")
}

// A probeException is a line of probe.tsv.
type probeException struct{ log, row, kind, text, reason string }

// matches tells whether it is about a row of a log; either may be a pattern.
func (e probeException) matches(log, row string) bool {
	inLog, _ := filepath.Match(e.log, log)
	inRow, _ := filepath.Match(e.row, row)
	return inLog && inRow
}

func readProbeExceptions(t *testing.T) (all []probeException) {
	text, err := os.ReadFile("testdata/probe.tsv")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, f, 5, "%q", line)
		require.Contains(t, []string{"mask", "instead", "more"}, f[2])
		require.NotEmpty(t, f[4], "an exception without a reason: %q", line)
		all = append(all, probeException{f[0], f[1], f[2], f[3], f[4]})
	}
	return all
}

// rowsOfProbe are the lines that count: also those that the console began with something else.
func rowsOfProbe(text string) (lines []string) {
	for line := range strings.Lines(strings.ReplaceAll(text, "\r", "")) {
		line = strings.TrimSuffix(line, "\n")
		if at := strings.Index(line, "@@"); at >= 0 {
			lines = append(lines, line[at:])
		} else if strings.HasPrefix(line, "%%") {
			lines = append(lines, line)
		}
	}
	return lines
}

// rowOf is what a line begins with: "@@H001", "%%7".
func rowOf(line string) string {
	row, _, _ := strings.Cut(line, "\t")
	return row
}

// expectedProbe is what a log's lines are here: those with other answers, and those that the real kernel did not live to
// print.
func expectedProbe(log string, real []string, exceptions []probeException) (lines []string) {
	for _, line := range real {
		for _, e := range exceptions {
			if e.kind == "instead" && e.matches(log, rowOf(line)) {
				f := strings.SplitN(line, "\t", 4)
				line = strings.Join(f[:3], "\t") + "\t" + strings.ReplaceAll(e.text, " | ", "\t")
			}
		}
		lines = append(lines, line)
	}
	for _, e := range exceptions {
		if e.kind == "more" && e.log == log {
			line := e.row
			if e.text != "" {
				line += "\t" + strings.ReplaceAll(e.text, " | ", "\t")
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// maskProbe replaces what may differ.
func maskProbe(log, line string, exceptions []probeException, init bool) string {
	for _, e := range exceptions {
		if e.kind == "mask" && e.matches(log, rowOf(line)) {
			line = regexp.MustCompile(e.text).ReplaceAllString(line, "…")
		}
	}
	if !init { // as a program it has another name, pid and stack
		line = regexp.MustCompile(`Process \w+ \(pid: \d+|\b(?:000002[0-9a-f]{2} )?bfff[0-9a-f]{4}\b`).ReplaceAllString(line, "…")
	}
	return line
}

// probeRun is the configuration that a log was made with: NAME-mMEGABYTES, h-size-BYTES.
func probeRun(log string) (group string, env []string, mem uint32) {
	group = log
	if name, megabytes, ok := strings.Cut(log, "-m"); ok {
		if n, err := strconv.Atoi(megabytes); err == nil {
			group, mem = name, uint32(n)<<20
		}
	}
	if size, ok := strings.CutPrefix(log, "h-size-"); ok {
		group, env = "h-size", []string{"arg=" + size}
	}
	return group, append(env, "probe="+group), mem
}

func TestExecProbe(t *testing.T) {
	dir, exceptions := sharedFolder(t), readProbeExceptions(t)
	logs, err := filepath.Glob(filepath.Join(dir, "logs", "*.log"))
	require.NoError(t, err)
	require.NotEmpty(t, logs)
	for _, name := range logs {
		log := strings.TrimSuffix(filepath.Base(name), ".log")
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		want := expectedProbe(log, rowsOfProbe(string(text)), exceptions)
		modes := []bool{false}
		if slices.Contains([]string{"create", "extra", "ret", "h-nokill", "h-canunload-oops", "vmalloc-m32"}, log) {
			modes = []bool{false, true} // and as the first process, as it was
		}
		for _, init := range modes {
			t.Run(log+map[bool]string{true: " as init"}[init], func(t *testing.T) {
				got := rowsOfProbe(runProbe(t, dir, log, init))
				for i := range min(len(want), len(got)) {
					require.Equal(t, maskProbe(log, want[i], exceptions, init), maskProbe(log, got[i], exceptions, init))
				}
				require.Len(t, got, len(want))
			})
		}
	}
}

// runProbe runs the probe as a log's machine did.
func runProbe(t *testing.T, dir, log string, init bool) string {
	group, env, mem := probeRun(log)
	require.NotEmpty(t, group)
	var out, kernel bytes.Buffer
	cfg := session.Config{Program: &session.Program{File: filepath.Join(dir, "p"), Env: append(env, "HOME=/", "TERM=linux"), Init: init, Stdout: &out, Log: &kernel}}
	cfg.Kernel.Mem, cfg.Kernel.MaxInsns = mem, 2_000_000_000
	result, err := session.Run(cfg)
	require.NoError(t, err)
	defer result.Kernel.Close()
	require.NotEqual(t, session.Limited, result.Verdict, "%v", result.Cause)
	return out.String()
}
