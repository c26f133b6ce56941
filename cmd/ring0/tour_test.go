// SPDX-License-Identifier: BSD-3-Clause
// The transcripts of docs/debugging.md are what the debugger says.

package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var updateTour = flag.Bool("update", false, "write the transcripts in docs/debugging.md anew")

// What begins and ends a transcript in the page, and how its lines begin.
const (
	tourBegin  = "```tour\n"
	tourEnd    = "```\n"
	tourShell  = "$ ring0 "
	tourPrompt = "(ring0) "
)

func TestTour(t *testing.T) {
	const page = "../../docs/debugging.md"
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	var fresh strings.Builder
	rest, n := string(data), 0
	for {
		before, after, found := strings.Cut(rest, tourBegin)
		fresh.WriteString(before)
		if !found {
			break
		}
		block, behind, closed := strings.Cut(after, tourEnd)
		require.True(t, closed, "a transcript without end")
		now := transcriptAgain(t, block)
		if !*updateTour {
			require.Equal(t, now, block, "go test ./cmd/ring0 -run Tour -update writes the page anew")
		}
		fresh.WriteString(tourBegin + now + tourEnd)
		rest, n = behind, n+1
	}
	require.GreaterOrEqual(t, n, 3)
	if *updateTour {
		require.NoError(t, os.WriteFile(page, []byte(fresh.String()), 0o644))
	}
}

// transcriptAgain executes the commands of a transcript and returns the transcript of that.
func transcriptAgain(t *testing.T, block string) string {
	t.Helper()
	var args []string
	var script strings.Builder
	for line := range strings.Lines(block) {
		if text, ok := strings.CutPrefix(line, tourShell); ok {
			args = strings.Fields(text)
		}
		if text, ok := strings.CutPrefix(line, tourPrompt); ok {
			script.WriteString(text)
		}
	}
	require.NotEmpty(t, args, block)
	file := filepath.Join(t.TempDir(), "commands")
	require.NoError(t, os.WriteFile(file, []byte(script.String()), 0o644))
	cmd := exec.Command("ring0", append([]string{args[0], "--commands", file}, args[1:]...)...)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return tourShell + strings.Join(args, " ") + "\n" + string(out)
}
