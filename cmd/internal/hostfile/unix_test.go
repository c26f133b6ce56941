// SPDX-License-Identifier: BSD-3-Clause

//go:build unix

package hostfile

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadDevice(t *testing.T) {
	for _, name := range []string{"/dev/zero", "/dev/null"} {
		_, err := Read(name, Object)
		require.EqualError(t, err, name+": a device or socket, want a file")
	}
}

// TestReadPipe is what a shell does for <(command): a pipe that is written while it is read. It is bounded too.
func TestReadPipe(t *testing.T) {
	const size = 300 << 10 // more than a pipe holds
	for _, limit := range []int64{size, size - 1} {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		go func() {
			w.Write(make([]byte, size))
			w.Close()
		}()
		have, err := Read("/dev/fd/"+strconv.Itoa(int(r.Fd())), limit)
		if limit == size {
			require.NoError(t, err)
			require.Len(t, have, size)
		} else {
			require.ErrorContains(t, err, "larger than")
		}
		r.Close()
	}
}

// TestReadPipeOfNobody must not wait for somebody to write.
func TestReadPipeOfNobody(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	have, err := Read(name, Object)
	require.NoError(t, err)
	require.Empty(t, have)
}
