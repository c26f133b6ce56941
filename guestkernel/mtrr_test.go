// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestMTRR(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	add := func(base, size, kind, shared uint32) int32 {
		return g.callKernel(t, "mtrr_add", base, size, kind, shared)
	}
	del := func(reg int32, base, size uint32) int32 { return g.callKernel(t, "mtrr_del", uint32(reg), base, size) }
	text := func() string {
		b, err := newProcess(t, k, ProcessConfig{}).ReadFile("/proc/mtrr", 4096)
		require.NoError(t, err)
		return string(b)
	}
	require.Empty(t, text())
	require.EqualValues(t, 0, add(0xfd000000, 16<<20, mtrrWriteComb, 1))
	base, _ := k.m.MSR(0x200)
	mask, _ := k.m.MSR(0x201)
	require.EqualValues(t, uint64(0xfd000001), base)
	require.EqualValues(t, uint64(0xfff000800), mask)
	require.EqualValues(t, 0, add(0xfd000000, 1<<20, mtrrWriteComb, 1), "inside it")
	require.EqualValues(t, 1, add(0xfd800000, 64<<10, mtrrUncachable, 1))
	require.Equal(t, "reg00: base=0xfd000000 (4048MB), size=  16MB: write-combining, count=2\n"+
		"reg01: base=0xfd800000 (4056MB), size=  64KB: uncachable, count=1\n", text())
	for _, c := range []struct {
		base, size, kind uint32
		errno            abi.Errno
		log              string
	}{
		{0xfd000001, 4096, 1, abi.EINVAL, "mtrr: size: 0x1000  base: 0xfd000001\n"},
		{0, 0x80000, 1, abi.EINVAL, "<4>mtrr: cannot set region below 1 MiB (0x0000,0x80000)\n"},
		{0xfd100000, 2 << 20, 1, abi.EINVAL, "<4>mtrr: base(0xfd100000) is not aligned on a size(0x200000) boundary\n"},
		{0xfc000000, 64 << 20, 1, abi.EINVAL, "<4>mtrr: 0xfc000000,0x4000000 overlaps existing 0xfd000000,0x1000000\n"},
		{0xfd100000, 1 << 20, 6, abi.EINVAL, "mtrr: type mismatch for fd100000,100000 old: write-combining new: write-back\n"},
		{0xe0000000, 1 << 20, 7, abi.EINVAL, "mtrr: type: 7 illegal\n"},
	} {
		require.Equal(t, -int32(c.errno), add(c.base, c.size, c.kind, 1))
		require.Contains(t, k.LogText(), c.log)
	}
	require.EqualValues(t, 0, del(-1, 0xfd000000, 16<<20))
	require.EqualValues(t, 0, del(0, 0, 0))
	require.EqualValues(t, -abi.EINVAL, del(0, 0, 0))
	require.Contains(t, k.LogText(), "mtrr: MTRR 0 not used\n")
	require.EqualValues(t, -abi.EINVAL, del(-1, 0xfd000000, 16<<20))
	require.Contains(t, k.LogText(), "mtrr: no MTRR for fd000000,1000000 found\n")
	require.EqualValues(t, -abi.EINVAL, del(8, 0, 0))
	for i, want := range []int32{0, 2, 3, 4, 5, 6, 7, -int32(abi.ENOSPC)} {
		require.Equal(t, want, add(0xe0000000+uint32(i)<<20, 1<<20, mtrrWriteComb, 0))
	}
}
