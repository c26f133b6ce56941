// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// The stat calls agree with each other, whichever way the file is named; access asks for the real user.
func TestStat(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	text := func(s string) uint32 {
		at, err := g.p.Alloc(uint32(len(s)) + 1)
		require.NoError(t, err)
		require.NoError(t, g.p.WriteUser(at, append([]byte(s), 0)))
		return at
	}
	out, err := g.p.Alloc(256)
	require.NoError(t, err)
	plain, large := &k.mms.stat.plain, &k.mms.stat.large
	field := func(f abi.Field) uint32 {
		b := make([]byte, 4)
		require.NoError(t, g.p.ReadUser(out+f.Off, b))
		if f.Size == 2 {
			b[2], b[3] = 0, 0
		}
		return leWord(b)
	}
	for _, c := range []struct {
		path       string
		mode, rdev uint32
	}{
		{"/dev/null", 0o020666, 0x103}, {"/proc/version", 0o100444, 0}, {"/proc", 0o040555, 0}, {"/dev/kmem", 0o020666, 0x102},
	} {
		at := text(c.path)
		for _, call := range []uint32{abi.NrStat, abi.NrLstat, abi.NrStat64, abi.NrLstat64} {
			require.Equal(t, Outcome{Kind: Returned}, g.p.Syscall(call, at, out), c.path)
			if call == abi.NrStat || call == abi.NrLstat {
				require.Equal(t, [2]uint32{c.mode, c.rdev}, [2]uint32{field(plain.Mode), field(plain.Rdev)}, c.path)
			} else {
				require.Equal(t, [2]uint32{c.mode, c.rdev}, [2]uint32{field(large.Mode), field(large.Rdev)}, c.path)
			}
		}
	}
	fd, err := g.p.Open("/dev/null", OpenBoth, 0)
	require.NoError(t, err)
	require.Equal(t, Outcome{Kind: Returned}, g.p.Syscall(abi.NrFstat64, fd, out))
	require.EqualValues(t, 0o020666, field(large.Mode))
	require.Equal(t, errnoOutcome(abi.EFAULT), g.p.Syscall(abi.NrFstat, fd, 8))
	require.Equal(t, errnoOutcome(abi.EBADF), g.p.Syscall(abi.NrFstat, 77, out))
	require.Equal(t, errnoOutcome(abi.ENOENT), g.p.Syscall(abi.NrStat, text("/dev/nothing"), out))
	require.Equal(t, errnoOutcome(abi.EFAULT), g.p.Syscall(abi.NrStat, 8, out))
	require.Equal(t, errnoOutcome(abi.EINVAL), g.p.Syscall(abi.NrReadlink, text("/dev/null"), out, 100))
	access := func(path string, mode uint32) Outcome { return g.p.Syscall(abi.NrAccess, text(path), mode) }
	require.Equal(t, Outcome{Kind: Returned}, access("/proc/kmsg", mayRead))
	require.Equal(t, errnoOutcome(abi.EINVAL), access("/proc/kmsg", 8))
	g.p.task.Set(k.lay.Task.Uid, 500) // as a setuid program
	require.Equal(t, errnoOutcome(abi.EACCES), access("/proc/kmsg", mayRead))
	require.EqualValues(t, 0, g.p.task.Get(k.lay.Task.Fsuid))
	require.Equal(t, uint32(rootCaps), g.p.task.Get(k.lay.Task.CapEffective))
}
