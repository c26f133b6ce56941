// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Counts of 2 GB and more, which are negative in an int of 32 bits: there is room for all of the text.
func TestHugeCounts(t *testing.T) {
	const huge = 0xffffffff
	g := newGuest(t, Config{})
	k, file, length := g.k, g.put(make([]byte, 128)...), g.put(le(0)...)
	buffer, err := g.p.Alloc(64)
	require.NoError(t, err)
	text := func(n int32) string {
		b := make([]byte, n)
		require.NoError(t, g.p.ReadUser(buffer, b))
		return string(b)
	}
	require.Equal(t, "target", text(g.callKernel(t, "vfs_readlink", 0, buffer, huge, g.text("target"))))

	line, at := g.sysctlLine([]uint32{7, 512}, nil, nil)
	for _, fn := range []string{"proc_dointvec", "proc_doulongvec_minmax"} {
		k.mem.SetU32(length, huge)
		k.mem.SetU64(file+k.lay.File.Pos.Off, 0)
		require.Zero(t, g.callKernel(t, fn, line, 0, file, buffer, length))
		require.Equal(t, "7\t512\n", text(int32(k.mem.U32(length))), fn)
	}
	k.mem.Set(line, k.drv.fs.ctl.Maxlen, huge)
	k.mem.Write(at, []byte("name\x00"))
	k.mem.SetU32(length, huge)
	k.mem.SetU64(file+k.lay.File.Pos.Off, 0)
	require.Zero(t, g.callKernel(t, "proc_dostring", line, 0, file, buffer, length))
	require.Equal(t, "name\n", text(int32(k.mem.U32(length))))
	k.mem.SetU64(file+k.lay.File.Pos.Off, 0)
	k.mem.SetU32(length, 5)
	require.NoError(t, g.p.WriteUser(buffer, []byte("other")))
	require.Zero(t, g.callKernel(t, "proc_dostring", line, 1, file, buffer, length))
	require.Equal(t, "other", k.kernelString(at))
}
