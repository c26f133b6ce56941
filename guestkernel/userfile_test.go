// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// Every row is one file of the booted kernel: its text begins so, or reading it ends so.
func TestReadFile(t *testing.T) {
	k := boot(t, Config{})
	p := newProcess(t, k, ProcessConfig{})
	for _, row := range []struct {
		path, begins string
		errno        abi.Errno
	}{
		{"/proc/version", "Linux version 2.4.18", 0},
		{"/proc/devices", "Character devices:\n  1 mem\n", 0},
		{"/proc/ioports", "0000-001f : dma1\n", 0},
		{"/proc/misc", "135 rtc\n  1 psaux\n", 0},
		{"/proc/dma", " 4: cascade\n", 0},
		{"/dev/null", "", 0},
		{"/dev/zero", "\x00\x00", 0},
		{"/proc/nothing", "", abi.ENOENT},
		{"/proc/version/deeper", "", abi.ENOTDIR},
		{"/proc", "", abi.EISDIR},
		{"/dev/char:200:1", "", abi.ENODEV},
		{"/dev/nothing", "", abi.ENOENT},
		{"/etc/passwd", "", abi.ENOENT},
	} {
		text, err := p.ReadFile(row.path, 8192)
		if row.errno != 0 {
			var failed *SyscallError
			require.True(t, errors.As(err, &failed), "%s: %v", row.path, err)
			require.Equal(t, row.errno, failed.Errno(), row.path)
			continue
		}
		require.NoError(t, err, row.path)
		require.GreaterOrEqual(t, len(text), len(row.begins), row.path)
		require.Equal(t, row.begins, string(text[:len(row.begins)]), row.path)
	}
}

// Files leave nothing behind, closed or left to the end of the process.
func TestFilesAreGivenBack(t *testing.T) {
	k := boot(t, Config{})
	once := func() {
		p := newProcess(t, k, ProcessConfig{})
		_, err := p.ReadFile("/proc/version", 8192)
		require.NoError(t, err)
		_, err = p.Open("/proc/devices", OpenRead, 0)
		require.NoError(t, err)
		_, err = p.WriteFile("/dev/full", []byte("x"))
		require.ErrorContains(t, err, "ENOSPC")
		require.NoError(t, p.Close())
	}
	once() // the caches keep a slab each
	pages, open := k.freePageCount(), k.mem.U32(k.sym.FilesStat)
	once()
	require.Equal(t, pages, k.freePageCount())
	require.Equal(t, open, k.mem.U32(k.sym.FilesStat))
	require.Zero(t, open)
	require.True(t, k.listEmpty(k.sym.AnonList))
}
