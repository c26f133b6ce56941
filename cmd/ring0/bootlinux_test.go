// SPDX-License-Identifier: BSD-3-Clause
// A real 2.4.18-14 kernel under ring0 boot. RING0_BZIMAGE names its image, or
// RING0_CORPUS the tree that it was built in. Nothing here knows the modelled
// kernel: it is the processor and the board that are tested.

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/cmd/internal/ext2image"
)

// bzImage finds the real kernel.
func bzImage(t *testing.T) string {
	t.Helper()
	image := os.Getenv("RING0_BZIMAGE")
	if dir := os.Getenv("RING0_CORPUS"); image == "" && dir != "" {
		image = filepath.Join(dir, "arch", "i386", "boot", "bzImage")
	}
	if _, err := os.Stat(image); err != nil {
		t.Skip("no real kernel: RING0_BZIMAGE names no image, RING0_CORPUS no built tree")
	}
	return image
}

// userProgram reads a committed user program.
func userProgram(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "user", name))
	require.NoError(t, err)
	return b
}

// diskFile makes an initial RAM disk.
func diskFile(t *testing.T, init []byte, more ...ext2image.File) string {
	t.Helper()
	disk, err := initialDisk(init, more...)
	require.NoError(t, err)
	return tempFile(t, "initrd.gz", disk)
}

// bootLinux runs ring0 boot with a real kernel. Its console ends lines with
// carriage returns, before or behind the line feed.
func bootLinux(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := bootRing0(append(args, "--kernel", bzImage(t), "--max-insns", "6000000000")...)
	return strings.ReplaceAll(out, "\r", ""), err
}

// TestBootLinuxNoRoot boots the kernel until it finds no root file system.
func TestBootLinuxNoRoot(t *testing.T) {
	out, err := bootLinux(t, "--append", "console=ttyS0")
	require.Equal(t, exitCrash, codeOf(err), "a panic")
	require.Contains(t, out, "Linux version 2.4")
	require.Contains(t, out, "VFS: Unable to mount root fs")
}

// steps are what init runs: everything that testdata/user/expect tells of, one
// line per run. insraw needs a fresh boot and gets one: it is the first to
// load modules.
func steps(t *testing.T) (lines []string, want string) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/user/expect/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	result := ""
	finish := func() {
		if result != "" {
			want += "= " + result + "\n"
		}
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if len(line) > 2 && line[0] == '<' && line[2] == '>' { // the console shows no levels
				line = line[3:]
			}
			run, status, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if command, isRun := strings.CutPrefix(run, "run "); ok && isRun {
				finish()
				lines, result = append(lines, command), status
				line = run + "\n"
			}
			want += line
		}
		finish()
		result = ""
	}
	return lines, want
}

// programs are the programs that steps run.
func programs(lines []string) (names []string) {
	for _, line := range lines {
		words := strings.Fields(line)
		for strings.Contains(words[0], "=") { // its environment
			words = words[1:]
		}
		if !slices.Contains(names, words[0]) {
			names = append(names, words[0])
		}
	}
	return names
}

// TestBootLinuxInit boots the kernel to its first process, by both entries and
// with each way to end the machine. That process runs the programs whose output
// on another machine's 2.4.18-14 is in testdata/user/expect.
func TestBootLinuxInit(t *testing.T) {
	bzImage(t)
	lines, want := steps(t)
	for _, c := range []struct{ entry, end, last string }{
		{"16", ".off", "Power down.\n"},
		{"32", ".restart", "Restarting system.\n"},
		{"32", ".port", "ioperm = 0\n"},
	} {
		t.Run(c.entry+c.end, func(t *testing.T) {
			t.Parallel()
			files := []ext2image.File{{
				Path: "etc/steps", Mode: ext2image.Regular | 0o644,
				Data: []byte(strings.Join(append(lines, c.end), "\n") + "\n"),
			}}
			for _, name := range programs(lines) {
				files = append(files, ext2image.File{
					Path: "bin/" + name, Mode: ext2image.Regular | 0o755, Data: userProgram(t, name),
				})
			}
			out, err := bootLinux(t, "--entry", c.entry, "--mem", "128M", "--append", "root=/dev/ram0 console=ttyS0",
				"--initrd", diskFile(t, userProgram(t, "init"), files...))
			require.NoError(t, err, out)
			_, got, ok := strings.Cut(out, "init: pid = 1\n")
			require.True(t, ok, out)
			ran, end, ok := strings.Cut(got, "run .")
			require.True(t, ok, got)
			require.Equal(t, want, ran)
			require.True(t, strings.HasSuffix(end, c.last), end)
		})
	}
}

// TestBootLinuxInitFlag gives the program with --init; twice, and the output
// and the number of instructions are the same.
func TestBootLinuxInitFlag(t *testing.T) {
	boot := func() (out, talk string) {
		out, talk, err := bootAndTalk("--kernel", bzImage(t), "--init", "../../testdata/user/init", "--append", "console=ttyS0")
		require.NoError(t, err)
		return out, talk
	}
	out, talk := boot()
	require.Contains(t, out, "init: hello, kernel\r\ninit: pid = 1\r\n")
	require.Contains(t, out, "Restarting system.\n")
	again, talkAgain := boot()
	require.Equal(t, out, again)
	require.Regexp(t, `^ring0: reset at \S+, instruction \d+,`, talk)
	require.Equal(t, talk, talkAgain)
}

// probeGroups are the probe's runs whose lines do not depend on what else lies
// in memory.
var probeGroups = []string{
	"create", "delete", "deps", "extra", "init", "perm", "proc", "query", "ret", "sleep", "vmalloc",
	"h-cleanup-oops", "h-symbad", "h-symnull",
}

// machineOwn is what of a line belongs to the machine that it was recorded on:
// where a task's stack and page directory lie.
var machineOwn = regexp.MustCompile(`(esp|cr3)=[0-9a-f]{8}`)

// TestBootLinuxProbe runs the reference's probe as init: what it prints about
// the module system calls is what it printed on the machine it was recorded on.
func TestBootLinuxProbe(t *testing.T) {
	bzImage(t)
	shared := os.Getenv("RING0_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	probe, err := os.ReadFile(filepath.Join(shared, "probe", "p"))
	if err != nil {
		t.Skipf("probe absent: %v (RING0_SHARED names its place)", err)
	}
	initrd := diskFile(t, probe)
	for _, group := range probeGroups {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			log, err := os.ReadFile(filepath.Join(shared, "probe", "logs", group+".log"))
			require.NoError(t, err)
			out, err := bootLinux(t, "--initrd", initrd, "--cpu", "qemu32", "--mem", "128M", "--append",
				"root=/dev/ram0 console=ttyS0 probe="+group)
			require.NoError(t, err, out)
			require.NotEmpty(t, probeLines(out), out)
			require.Equal(t, probeLines(string(log)), probeLines(out))
		})
	}
}

// probeLines are the results in a console log.
func probeLines(log string) []string {
	var lines []string
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "@@") {
			lines = append(lines, machineOwn.ReplaceAllString(line, "$1=…"))
		}
	}
	return lines
}
