// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Machines that are used no longer make room for others, and more than there is room for is an error.
func TestMemoryOfA32BitHost(t *testing.T) {
	if math.MaxInt > math.MaxInt32 {
		t.Skip("a 64-bit host: GOARCH=386 go test")
	}
	for range 4 {
		_, err := New(Config{RAM: 512 << 20})
		require.NoError(t, err)
	}
	m, err := New(Config{RAM: 1 << 30})
	require.NoError(t, err)
	for _, ram := range []uint32{1 << 30, 2 << 30, 3 << 30} {
		_, err = New(Config{RAM: ram})
		require.ErrorContains(t, err, "MB of memory: a 32-bit host has room for 1536 MB, and 10")
	}
	_, err = m.addBytes(2 * slabRoom)
	require.ErrorContains(t, err, "vm: 1026 MB of memory", "growing means copying")
	runtime.KeepAlive(m)
}

func TestMemorySize(t *testing.T) {
	for _, ram := range []uint32{1, pageSize + 1, 3<<30 + pageSize, 1<<32 - pageSize} {
		_, err := New(Config{RAM: ram})
		require.ErrorContains(t, err, "want a multiple of 4096 up to 3 GB")
	}
}
