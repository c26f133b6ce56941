// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// symbolAddr is the address of a kernel function.
func symbolAddr(t testing.TB, k *Kernel, name string) uint32 {
	t.Helper()
	addr, ok := k.profile.Symbol(name)
	require.True(t, ok, name)
	return addr
}

// Waiting moves the clock; ticks come meanwhile, but not with interrupts off: then jiffies stands still and all ticks but
// one are lost.
func TestDelays(t *testing.T) {
	for _, c := range []struct {
		fn     string
		arg    uint32
		cycles uint64 // at 100 MHz and 512 ticks a second: 195312 a tick
		ticks  uint32
	}{
		{"__delay", 1000, 1000, 0},
		{"__delay", 1_000_000, 1_000_000, 5},
		{"__udelay", 1000, 99840, 0}, // 195 loops a tick, times 512
		{"__udelay", 10000, 999424, 5},
		{"__udelay", 1, 0, 0}, // too short to matter, as in 2.4.18
		{"__const_udelay", 100_000 * xloopsPerUsec, 9997312, 51},
	} {
		g := newGuest(t, Config{})
		fn, jiffies := symbolAddr(t, g.k, c.fn), g.k.sym.Jiffies
		now, before := g.k.m.Now(), g.k.mem.U32(jiffies)
		g.run(fn, c.arg)
		require.InDelta(t, c.cycles, g.k.m.Now()-now, 1000, "%s(%d)", c.fn, c.arg)
		require.InDelta(t, c.ticks, g.k.mem.U32(jiffies)-before, 1, "%s(%d)", c.fn, c.arg)

		quiet := g.put(code(0xfa, 0xff, 0x74, 0x24, 4, call(fn), 0x59, 0xa1, jiffies, 0xfb, 0xc3)...) // cli; call; jiffies; sti
		before = g.k.mem.U32(jiffies)
		require.EqualValues(t, before, g.result(quiet, c.arg))
		require.InDelta(t, before, g.k.mem.U32(jiffies), 1)
	}
}

// A delay does not outlast the limit of the run.
func TestDelayEndsAtTheLimit(t *testing.T) {
	g := newGuest(t, Config{MaxInsns: 1_000_000})
	require.Equal(t, Limit, g.run(symbolAddr(t, g.k, "__delay"), 0xffffffff).Kind)
	require.InDelta(t, 1_000_000, g.k.m.Now(), 10)
}

func TestTimeOfDay(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	tv := g.put(make([]byte, 8)...)
	usec := func() uint64 {
		g.run(symbolAddr(t, k, "do_gettimeofday"), tv)
		require.Less(t, k.mem.U32(tv+4), uint32(usecPerSec))
		return uint64(k.mem.U32(tv))*usecPerSec + uint64(k.mem.U32(tv+4))
	}
	last := usec()
	for range 50 {
		g.run(symbolAddr(t, k, "__delay"), 50_021)
		now := usec()
		require.InDelta(t, last+500, now, 20, "time goes on between ticks too")
		last = now
	}
	k.mem.SetU32(tv, 1000)
	k.mem.SetU32(tv+4, 17)
	g.run(symbolAddr(t, k, "do_settimeofday"), tv)
	require.InDelta(t, 1000*usecPerSec+17, usec(), 20)

	user := ProcessConfig{UID: 500}
	p := newProcess(t, k, user)
	addr, err := p.Alloc(16)
	require.NoError(t, err)
	require.EqualValues(t, 1000, p.Syscall(abi.NrTime, addr).Value)
	require.EqualValues(t, 0, p.Syscall(abi.NrGettimeofday, addr, addr+8).Value)
	require.EqualValues(t, -abi.EFAULT, p.Syscall(abi.NrGettimeofday, 0xc0000000, addr).Value)
	require.EqualValues(t, -abi.EPERM, p.Syscall(abi.NrSettimeofday, addr, 0).Value)
	require.EqualValues(t, -abi.EPERM, p.Syscall(abi.NrStime, addr).Value)
}

func TestBootCPUData(t *testing.T) {
	k := boot(t, Config{})
	lay, at := &k.lay.CPUInfo, k.sym.BootCPU
	text := func(off uint32) string { s, _ := k.mem.CString(at+off, 64); return s }
	require.EqualValues(t, 6, k.mem.Get(at, lay.Family))
	require.EqualValues(t, 8, k.mem.Get(at, lay.Model))
	require.EqualValues(t, 256, k.mem.Get(at, lay.CacheSize))
	require.Equal(t, "GenuineIntel", text(lay.VendorID.Off))
	require.Equal(t, "Pentium III (Coppermine)", text(lay.ModelID.Off))
	require.Equal(t, k.mem.U32(k.sym.LoopsPerJiffy), k.mem.Get(at, lay.LoopsPerJiffy))
	const tsc = 1 << 4
	require.NotZero(t, k.mem.Get(at, lay.Capability0)&tsc)
}
