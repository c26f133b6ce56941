// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// bootRing0 runs ring0 boot and returns what the machine wrote.
func bootRing0(args ...string) (string, error) {
	out, _, err := bootAndTalk(args...)
	return out, err
}

// bootAndTalk also returns what ring0 says of the run.
func bootAndTalk(args ...string) (out, talk string, err error) {
	var stdout, stderr bytes.Buffer
	root := rootCommand()
	root.SetArgs(append([]string{"boot"}, args...))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err = root.Execute()
	return stdout.String(), stderr.String(), err
}

// romFile is a 64 KB ROM: code at F000:0000, and a far jump to it at the reset
// vector.
func romFile(t *testing.T, code ...byte) string {
	t.Helper()
	rom := bytes.Repeat([]byte{0xff}, 64<<10)
	copy(rom, code)
	copy(rom[0xfff0:], []byte{0xea, 0x00, 0x00, 0x00, 0xf0})
	return tempFile(t, "test.rom", rom)
}

// codeOf is the exit code that an error becomes.
func codeOf(err error) int {
	var exit *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return exit.code
	}
	return exitUsage
}

func tempFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, data, 0o644))
	return file
}

// TestBootROM starts a ROM at the reset vector: two bytes to the debug port, HLT.
func TestBootROM(t *testing.T) {
	out, err := bootRing0("--bios", romFile(t, 0xb0, 'H', 0xe6, 0xe9, 0xb0, 'I', 0xe6, 0xe9, 0xf4))
	require.NoError(t, err)
	require.Equal(t, "HI", out)
}

// TestBootScreen prints the text screen: one character stored to B800:0000.
func TestBootScreen(t *testing.T) {
	out, err := bootRing0("--screen", "--bios", romFile(t,
		0xb8, 0x00, 0xb8, // mov ax,b800
		0x8e, 0xd8, // mov ds,ax
		0xc7, 0x06, 0x02, 0x00, 0x58, 0x07, // mov word [2],0758
		0xf4))
	require.NoError(t, err)
	require.Equal(t, " X"+string(bytes.Repeat([]byte{'\n'}, 25)), out)
}

// TestBootExitCodes is how runs end.
func TestBootExitCodes(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		args []string
		want int
		text string
	}{
		{"halted", []byte{0xfa, 0xf4}, nil, exitOK, ""},
		{"exit port 0", []byte{0xb0, 0x00, 0xe6, 0xf4}, nil, exitOK, ""},
		{"exit port 3", []byte{0xb0, 0x03, 0xe6, 0xf4}, nil, exitFailed, "debug exit with 3"},
		{"reset", []byte{0xb0, 0xfe, 0xe6, 0x64, 0xf4}, nil, exitOK, ""},
		{"limit", []byte{0xeb, 0xfe}, []string{"--max-insns", "1000"}, exitLimit, "instruction limit reached"},
		// An IDT of one byte in protected mode, and an interrupt.
		{"triple fault", []byte{0x2e, 0x0f, 0x01, 0x1e, 0x20, 0x00, 0xb0, 0x01, 0x0f, 0x01, 0xf0, 0xcd, 0x03},
			nil, exitCrash, "triple fault"},
		{"no such CPU", nil, []string{"--cpu", "z80"}, exitUsage, "z80"},
		{"too little RAM", nil, []string{"--mem", "64K"}, exitUsage, "at least 1 MB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := bootRing0(append(c.args, "--bios", romFile(t, c.code...))...)
			require.Empty(t, out)
			if c.want == exitOK {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.want, codeOf(err))
		})
	}
}
