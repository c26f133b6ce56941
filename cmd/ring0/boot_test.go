// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBootROM starts a 64 KB ROM at the reset vector: a far jump, two bytes to
// the debug port, HLT.
func TestBootROM(t *testing.T) {
	rom := bytes.Repeat([]byte{0xff}, 64<<10)
	copy(rom, []byte{0xb0, 'H', 0xe6, 0xe9, 0xb0, 'I', 0xe6, 0xe9, 0xf4})
	copy(rom[0xfff0:], []byte{0xea, 0x00, 0x00, 0x00, 0xf0})
	file := filepath.Join(t.TempDir(), "hi.rom")
	require.NoError(t, os.WriteFile(file, rom, 0o644))

	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs([]string{"boot", "--bios", file})
	root.SetOut(&out)
	root.SetErr(new(bytes.Buffer))
	require.NoError(t, root.Execute())
	require.Equal(t, "HI", out.String())
}

// TestBootKernel boots the kernel that RING0_BZIMAGE names until it finds no
// root file system.
func TestBootKernel(t *testing.T) {
	image := os.Getenv("RING0_BZIMAGE")
	if image == "" {
		t.Skip("RING0_BZIMAGE names no 2.4 kernel image")
	}
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs([]string{"boot", "--kernel", image, "--append", "console=ttyS0", "--max-insns", "6000000000"})
	root.SetOut(&out)
	root.SetErr(new(bytes.Buffer))
	require.Error(t, root.Execute(), "a panic is exit code 3")
	require.Contains(t, out.String(), "Linux version 2.4")
	require.Contains(t, out.String(), "VFS: Unable to mount root fs")
}
