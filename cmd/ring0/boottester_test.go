// SPDX-License-Identifier: BSD-3-Clause
// ROMs that others wrote, under ring0 boot.

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBootCPUTester assembles and runs the CPU tester test386.asm, whose source
// folder RING0_TEST386 names: in real, protected and virtual-8086 mode, with
// paging and task switches. It shows its progress on port 190, FF at the end,
// and writes the results of arithmetic to COM1.
func TestBootCPUTester(t *testing.T) {
	dir := os.Getenv("RING0_TEST386")
	if dir == "" {
		t.Skip("RING0_TEST386 names no source folder of test386.asm")
	}
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	work := t.TempDir()
	require.NoError(t, os.CopyFS(work, os.DirFS(dir)))
	configuration := filepath.Join(work, "src", "configuration.asm")
	text, err := os.ReadFile(configuration)
	require.NoError(t, err)
	for _, set := range [][2]string{{"POST_PORT", "0x190"}, {"COM_PORT", "1"}, {"ROM128", "1"}, {"LPT_PORT", "0"}, {"OUT_PORT", "0"}} {
		text = regexp.MustCompile(`(?m)^`+set[0]+` equ .*$`).ReplaceAll(text, []byte(set[0]+" equ "+set[1]))
	}
	require.NoError(t, os.WriteFile(configuration, text, 0o644))
	rom := filepath.Join(work, "test386.bin")
	build := exec.Command(nasm, "-i./src/", "-f", "bin", "src/test386.asm", "-w-all", "-o", rom)
	build.Dir = work
	message, err := build.CombinedOutput()
	require.NoError(t, err, string(message))

	out, talk, err := bootAndTalk("--bios", rom, "--max-insns", "1000000000")
	require.NoError(t, err)
	require.Contains(t, talk, "last progress code ff (port 190)")
	reference, err := os.ReadFile(filepath.Join(dir, "test386-EE-reference.txt"))
	require.NoError(t, err)
	got, want := strings.Split(out, "\n"), strings.Split(string(reference), "\n")
	require.Len(t, got, len(want))
	undefined := 0
	for i := range got {
		if got[i] == want[i] {
			continue
		}
		require.Equal(t, withoutOF(want[i]), withoutOF(got[i]), "line %d", i+1)
		undefined++
	}
	require.Equal(t, 64, undefined)
}

// withoutOF leaves OF out of a result where the manual leaves it undefined:
// RCL and RCR by more than one, which the reference gives as one processor does,
// ring0 as the one that the vectors were recorded on.
func withoutOF(line string) string {
	if !strings.HasPrefix(line, "C0 RC") && !strings.HasPrefix(line, "C1 RC") {
		return line
	}
	return overflow.ReplaceAllStringFunc(line, func(ps string) string {
		return ps[:4] + string("0123456701234567"[strings.IndexByte("0123456789ABCDEF", ps[4])]) + ps[5:]
	})
}

// overflow is a flags word, OF the top bit of its second digit.
var overflow = regexp.MustCompile(`PS=[0-9A-F]{4}`)

// TestBootSeaBIOS runs SeaBIOS through its power-on self-test, both its 128 KB
// and its 256 KB image: it finds the chipset, tells its results on the debug
// port, and gives up as there is nothing to boot.
func TestBootSeaBIOS(t *testing.T) {
	dir := os.Getenv("RING0_SEABIOS")
	if dir == "" {
		dir = "/usr/share/seabios" // Debian's package
	}
	for _, name := range []string{"bios.bin", "bios-256k.bin"} {
		t.Run(name, func(t *testing.T) {
			rom := filepath.Join(dir, name)
			if _, err := os.Stat(rom); err != nil {
				t.Skip("no SeaBIOS: RING0_SEABIOS does not name the folder of " + name)
			}
			out, talk, err := bootAndTalk("--bios", rom, "--mem", "32M", "--rate", "10000000", "--max-insns", "2000000000")
			require.NoError(t, err)
			for _, want := range []string{
				"SeaBIOS (version ", "RamSize: 0x02000000 [cmos]", "PCI: init bdf=00:00.0 id=8086:1237", "PCI: init bdf=00:01.0 id=8086:7000",
				"CPU Mhz=10\n", "PS2 keyboard initialized", "Found 1 serial ports", "All threads complete.",
				"0000000000100000 - 0000000002000000 = 1 RAM", "No bootable device.",
			} {
				require.Contains(t, out, want)
			}
			require.Contains(t, talk, "ring0: reset at ", "which it asks for after a minute")
		})
	}
}

// TestBootMemoryTester runs Memtest86+ 6.10 for one pass over 5 MB, none of
// whose tests finds an error. RING0_MEMTEST names its image for 32 bits; this
// takes minutes.
func TestBootMemoryTester(t *testing.T) {
	image := os.Getenv("RING0_MEMTEST")
	if image == "" {
		t.Skip("RING0_MEMTEST names no image of Memtest86+")
	}
	out, err := bootRing0("--kernel", image, "--mem", "5M", "--rate", "2000000", "--screen",
		"--append", "nopause nosmp nosm nobench nobigstatus", "--max-insns", "9000000000")
	require.Equal(t, exitLimit, codeOf(err), "it runs for ever")
	require.Contains(t, out, "Memtest86+ v6")
	require.Contains(t, out, "Status: Pass")
	require.Regexp(t, `Pass:  1 +Errors: 0`, out)
}
