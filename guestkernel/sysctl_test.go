// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// sysctlLine makes a line of a sysctl table over words of data, with limits.
func (g *guest) sysctlLine(data []uint32, low, high []uint32) (table, at uint32) {
	words := func(v []uint32) uint32 {
		if v == nil {
			return 0
		}
		var b []byte
		for _, w := range v {
			b = append(b, le(w)...)
		}
		return g.put(b...)
	}
	k, ctl := g.k, &g.k.drv.fs.ctl
	table, at = g.put(make([]byte, k.drv.lay.CtlTable.Size)...), words(data)
	k.mem.Set(table, ctl.Data, at)
	k.mem.Set(table, ctl.Maxlen, uint32(len(data)*wordSize))
	k.mem.Set(table, ctl.Extra1, words(low))
	k.mem.Set(table, ctl.Extra2, words(high))
	return table, at
}

func (g *guest) words(at uint32, n int) (all []uint32) {
	for i := range uint32(n) {
		all = append(all, g.k.mem.U32(at+i*wordSize))
	}
	return all
}

func TestProcULongVector(t *testing.T) {
	g := newGuest(t, Config{})
	k, file, length := g.k, g.put(make([]byte, 128)...), g.put(0, 0, 0, 0)
	buffer, err := g.p.Alloc(64)
	require.NoError(t, err)
	call := func(fn string, table, write uint32, text string, room int) (string, int32, uint32) {
		require.NoError(t, g.p.WriteUser(buffer, append([]byte(text), make([]byte, 64-len(text))...)))
		k.mem.SetU32(length, uint32(room))
		k.mem.SetU64(file+k.lay.File.Pos.Off, 0)
		result := g.callKernel(t, fn, table, write, file, buffer, length)
		b := make([]byte, min(64, k.mem.U32(length)))
		require.NoError(t, g.p.ReadUser(buffer, b))
		return string(b), result, k.mem.U32(length)
	}
	const plain, ms = "proc_doulongvec_minmax", "proc_doulongvec_ms_jiffies_minmax"
	table, at := g.sysctlLine([]uint32{7, 512, 0xffffffff}, []uint32{2, 2, 2}, []uint32{100, 200, 300})
	text, result, _ := call(plain, table, 0, "", 64)
	require.Zero(t, result)
	require.Equal(t, "7\t512\t4294967295\n", text)
	text, _, _ = call(plain, table, 0, "", 3)
	require.Equal(t, "7\t5", text)
	text, _, _ = call(ms, table, 0, "", 7)
	require.Equal(t, "13\t1000", text, "512 ticks a second")
	k.mem.SetU64(file+k.lay.File.Pos.Off, 1)
	k.mem.SetU32(length, 64)
	require.Zero(t, g.callKernel(t, plain, table, 0, file, buffer, length))
	require.Zero(t, k.mem.U32(length), "the second read")

	for _, c := range []struct {
		text   string
		result int32
		taken  uint32
		want   []uint32
	}{
		{" 0x10 020\n", 0, 10, []uint32{16, 16, 3}},
		{"5 6 7 8\n", 0, 6, []uint32{5, 6, 7}},
		{"1 50 60", 0, 7, []uint32{1, 50, 60}}, // 1 is below its limit: passed over
		{"101 5", 0, 5, []uint32{1, 5, 3}},
		{"9x", -int32(abi.EINVAL), 2, []uint32{1, 2, 3}},
		{"9 8x", 0, 2, []uint32{9, 2, 3}},
		{"", -int32(abi.EINVAL), 1, []uint32{1, 2, 3}},
		{"-5 7 ", 0, 5, []uint32{1, 7, 3}},
	} {
		for i, v := range []uint32{1, 2, 3} {
			k.mem.SetU32(at+uint32(i)*wordSize, v)
		}
		_, result, taken := call(plain, table, 1, c.text, max(len(c.text), 1))
		require.Equal(t, c.result, result, "%q", c.text)
		require.Equal(t, c.want, g.words(at, 3), "%q", c.text)
		if result == 0 {
			require.Equal(t, c.taken, taken, "%q", c.text)
		}
	}
	table, at = g.sysctlLine([]uint32{0}, nil, nil)
	_, result, _ = call(ms, table, 1, "2500\n", 5)
	require.Zero(t, result)
	require.Equal(t, []uint32{1280}, g.words(at, 1))
	require.Equal(t, -int32(abi.EFAULT), g.callKernel(t, plain, table, 1, file, 0x10, length))
}

func TestSysctlStrategies(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	user, err := g.p.Alloc(64)
	require.NoError(t, err)
	old, oldLen, new := user, user+32, user+40
	set := func(at uint32, b ...byte) { require.NoError(t, g.p.WriteUser(at, b)) }
	get := func(at, n uint32) []byte {
		b := make([]byte, n)
		require.NoError(t, g.p.ReadUser(at, b))
		return b
	}
	call := func(fn string, table, old, oldLen, new, newLen uint32) int32 {
		return g.callKernel(t, fn, table, 0, 0, old, oldLen, new, newLen, 0)
	}
	table, at := g.sysctlLine([]uint32{0, 0}, nil, nil)
	k.mem.Write(at, []byte("eight\x00"))
	set(oldLen, 4, 0, 0, 0)
	set(new, []byte("longer than that")...)
	require.Zero(t, call("sysctl_string", table, old, oldLen, new, 16))
	require.Equal(t, "eigh\x00", string(get(old, 5)))
	require.Equal(t, "longer \x00", string(k.mem.Bytes(at, 8)), "cut off and terminated")
	require.Equal(t, -int32(abi.EFAULT), call("sysctl_string", table, 0x10, oldLen, 0, 0))
	k.mem.Set(table, k.drv.fs.ctl.Maxlen, 0)
	require.Equal(t, -int32(abi.ENOTDIR), call("sysctl_string", table, old, oldLen, 0, 0))

	table, at = g.sysctlLine([]uint32{5, 5}, []uint32{0xffffffff, 0}, []uint32{10, 20})
	set(new, append(le(0xffffffff), le(20)...)...)
	require.Zero(t, call("sysctl_intvec", table, 0, 0, new, 8))
	require.Equal(t, []uint32{5, 5}, g.words(at, 2), "the caller copies")
	require.Equal(t, -int32(abi.EINVAL), call("sysctl_intvec", table, 0, 0, new, 7))
	set(new, append(le(3), le(21)...)...)
	require.Equal(t, -int32(abi.EINVAL), call("sysctl_intvec", table, 0, 0, new, 8))
	require.Zero(t, call("sysctl_intvec", table, 0, 0, new, 4))

	table, at = g.sysctlLine([]uint32{1024}, nil, nil)
	set(oldLen, 4, 0, 0, 0)
	set(new, le(3)...)
	require.EqualValues(t, 1, call("sysctl_jiffies", table, old, oldLen, new, 4))
	require.Equal(t, le(2), get(old, 4))
	require.Equal(t, []uint32{1536}, g.words(at, 1))
	require.Equal(t, -int32(abi.EINVAL), call("sysctl_jiffies", table, 0, 0, new, 3))
	set(oldLen, 5, 0, 0, 0)
	require.Equal(t, -int32(abi.EINVAL), call("sysctl_jiffies", table, old, oldLen, 0, 0))
}
