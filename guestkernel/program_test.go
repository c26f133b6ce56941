// SPDX-License-Identifier: BSD-3-Clause
// The user programs of testdata/user, and what a real 2.4.18-14 let them do: testdata/user/expect.

package guestkernel

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const userPrograms = "../testdata/user"

// A programRun is one run of an expect file: "run [NAME=VALUE…] PROGRAM [ARGUMENT…]: exit STATUS", or "signal NUMBER", and
// behind it what the program wrote and the kernel logged, in this order.
type programRun struct {
	line, output string
}

var runLine = regexp.MustCompile(`^run ((?:\w+=\S* )*)(\S+)((?: \S+)*): (exit|signal) (\d+)$`)

func readRuns(t *testing.T, name string) (runs []programRun) {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if bare := strings.TrimSuffix(line, "\n"); runLine.MatchString(bare) {
			runs = append(runs, programRun{line: bare})
			continue
		}
		require.NotEmpty(t, runs, "%s begins with %q", name, line)
		runs[len(runs)-1].output += line
	}
	return runs
}

// startProgram starts one of the programs on a fresh kernel. Its output and the kernel's log go to out.
func startProgram(t *testing.T, out *bytes.Buffer, cfg ProgramConfig) (*Kernel, *Program) {
	k := boot(t, Config{MaxInsns: 200_000_000})
	k.SetObserver(func(n Notice) {
		if n.Kind == LogWritten {
			out.WriteString(n.Text)
		}
	})
	file, err := os.ReadFile(filepath.Join(userPrograms, cfg.Path))
	require.NoError(t, err)
	cfg.File, cfg.Stdout, cfg.Stderr = file, out, out
	p, err := k.StartProgram(cfg)
	require.NoError(t, err)
	return k, p
}

func TestPrograms(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(userPrograms, "expect", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		for _, run := range readRuns(t, file) {
			t.Run(run.line, func(t *testing.T) {
				m := runLine.FindStringSubmatch(run.line)
				var out bytes.Buffer
				_, p := startProgram(t, &out, ProgramConfig{
					Path: m[2], Args: append([]string{m[2]}, strings.Fields(m[3])...), Env: strings.Fields(m[1]),
				})
				number, _ := strconv.Atoi(m[5])
				want := Outcome{Kind: Exited, Value: int32(number)}
				if m[4] == "signal" {
					want = Outcome{Kind: Killed, Signal: number}
				}
				require.Equal(t, want, p.Wait())
				require.Equal(t, run.output, out.String())
			})
		}
	}
}

// A program leaves nothing behind: pages, tasks, open files.
func TestProgramsLeaveNothing(t *testing.T) {
	for _, name := range []string{"fork", "segv", "hello"} {
		var out bytes.Buffer
		k, p := startProgram(t, &out, ProgramConfig{Path: name})
		p.Wait()
		count := func() [3]uint32 {
			k.reapCaches()
			return [3]uint32{k.freePageCount(), uint32(len(k.tasks)), k.mem.U32(k.sym.FilesStat)}
		}
		before := count()
		file, err := os.ReadFile(filepath.Join(userPrograms, name))
		require.NoError(t, err)
		for range 5 {
			p, err := k.StartProgram(ProgramConfig{Path: name, File: file})
			require.NoError(t, err)
			p.Wait()
		}
		require.Equal(t, before, count(), name)
		require.Empty(t, k.mms.contents)
		require.Empty(t, k.streams)
	}
}

// What the kernel cannot do for the host, because the guest has damaged it, is an error: here it thinks it is in an interrupt,
// where no memory may be waited for.
func TestProgramInADamagedKernel(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(userPrograms, "hello"))
	require.NoError(t, err)
	k := boot(t, Config{})
	k.mem.Set(k.sym.IRQStat, k.lay.IRQCPUStat.LocalIRQCount, 1)
	var refused error
	for range 1000 { // until a cache must grow
		if _, refused = k.NewProcess(ProcessConfig{}); refused != nil {
			break
		}
	}
	require.EqualError(t, refused, "guestkernel: kernel BUG at slab.c:1131")
	_, err = k.StartProgram(ProgramConfig{Path: "hello", File: file})
	require.Error(t, err)
}

// What is no program is refused with a reason, and nothing is left of it.
func TestFormatErrors(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(userPrograms, "hello"))
	require.NoError(t, err)
	change := func(at int, b ...byte) []byte {
		bad := bytes.Clone(good)
		copy(bad[at:], b)
		return bad
	}
	const header = 52
	k := boot(t, Config{})
	for _, c := range []struct {
		what string
		file []byte
		want string
	}{
		{"empty", nil, "no ELF file"},
		{"text", bytes.Repeat([]byte("#!/bin/sh\n"), 10), "no ELF file"},
		{"64 bits", change(4, 2), "no ELF file for a 32-bit i386"},
		{"another machine", change(18, 40), "no ELF file for a 32-bit i386"},
		{"an object", change(16, 1), "ELF file of type 1"},
		{"position independent", change(16, 3), "ELF file of type 3"},
		{"headers outside", change(28, 0, 0, 1), "do not fit into the file"},
		{"no headers", change(44, 0), "do not fit into the file"},
		{"dynamic", change(header, 3), "dynamically linked"},
		{"nothing to load", change(44, 1, 0), ""},
		{"longer than the file", change(header+16, 0, 0, 1), "does not fit"},
		{"in kernel memory", change(header+8, 0, 0, 0, 0xc0), "does not fit"},
		{"elsewhere in a page", change(header+8, 4), "elsewhere in a page"},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := k.StartProgram(ProgramConfig{Path: "x", File: c.file})
			if c.want == "" {
				return
			}
			var format *FormatError
			require.ErrorAs(t, err, &format)
			require.Contains(t, err.Error(), c.want)
		})
	}
}
