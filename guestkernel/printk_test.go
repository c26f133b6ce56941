// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestLogLines(t *testing.T) {
	k := boot(t, Config{})
	for _, text := range []string{"<6>one\ntwo\n", "<3>thr", "<6>ee\n", "<8>x\n", "<", "", "\n", "<7>debug\n", "open"} {
		k.Printk("%s", text)
	}
	require.Equal(t, "<6>one\n<4>two\n<3>thr<6>ee\n<4><8>x\n<4><\n<7>debug\n<4>open", k.LogText())
	require.Equal(t, []LogLine{{6, "one"}, {4, "two"}, {3, "thr<6>ee"}, {4, "<8>x"}, {4, "<"}, {7, "debug"}, {4, "open"}}, k.Log())
	require.Equal(t, "one\ntwo\nthr<6>ee\n<8>x\n<\nopen", k.ConsoleText(), "not what is for debugging")
}

// One printk is cut at its buffer's size, but says how long it would have been.
func TestLongPrintk(t *testing.T) {
	g := newGuest(t, Config{})
	require.EqualValues(t, 3000, g.callKernel(t, "printk", g.text("%3000d"), 7))
	require.Equal(t, "<4>"+strings.Repeat(" ", printkBufLen-1), g.k.LogText())
}

// The ring forgets, the host's copy does not.
func TestLogRing(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	var all strings.Builder
	for i := range 2000 {
		k.Printk("<5>line %d\n", i)
		fmt.Fprintf(&all, "<5>line %d\n", i)
		if i == 10 {
			require.EqualValues(t, all.Len(), k.mem.U32(k.sym.LoggedChars))
		}
	}
	require.Greater(t, all.Len(), logBufLen)
	require.Equal(t, all.String(), k.LogText())
	end := k.mem.U32(k.sym.LogEnd)
	require.EqualValues(t, all.Len(), end)
	require.Equal(t, end-logBufLen, k.mem.U32(k.sym.LogStart))
	require.EqualValues(t, logBufLen, k.mem.U32(k.sym.LoggedChars))
	require.Equal(t, all.String()[all.Len()-logBufLen:], string(k.ringText(end-logBufLen, end)))
}

func TestSyslog(t *testing.T) {
	k := boot(t, Config{})
	p := newProcess(t, k, ProcessConfig{})
	buf, err := p.Alloc(32 << 10)
	require.NoError(t, err)
	call := func(command uint32, buf, n uint32) int32 { return p.Syscall(abi.NrSyslog, command, buf, n).Value }
	text := func(n int32) string {
		b := make([]byte, n)
		require.NoError(t, p.ReadUser(buf, b))
		return string(b)
	}
	k.Printk("<6>first\n")
	require.EqualValues(t, 9, call(syslogUnread, 0, 0))
	require.EqualValues(t, 4, call(syslogRead, buf, 4))
	require.Equal(t, "<6>f", text(4))
	require.EqualValues(t, 5, call(syslogRead, buf, 1000))
	require.Equal(t, "irst\n", text(5))
	require.EqualValues(t, 9, call(syslogReadAll, buf, 1000), "what has been read is still there")
	require.EqualValues(t, 3, call(syslogReadClear, buf, 3))
	require.Equal(t, "st\n", text(3))
	require.EqualValues(t, 0, call(syslogReadAll, buf, 1000))
	k.Printk("<6>second\n")
	require.EqualValues(t, 10, call(syslogReadAll, buf, 20<<10))
	for _, c := range []struct {
		command, buf, n uint32
		want            abi.Errno
	}{
		{syslogRead, 0, 1, abi.EINVAL}, {syslogRead, buf, 0xffffffff, abi.EINVAL}, {syslogRead, 0xc0000000, 1, abi.EFAULT},
		{syslogReadAll, 0xbffffff0, 0x20, abi.EFAULT}, {syslogConsoleLevel, 0, 0, abi.EINVAL}, {syslogConsoleLevel, 0, 9, abi.EINVAL}, {10, 0, 0, abi.EINVAL},
	} {
		require.EqualValues(t, -c.want, call(c.command, c.buf, c.n), "%v", c)
	}
	require.EqualValues(t, 0, call(syslogRead, buf, 0))
	require.EqualValues(t, 0, call(syslogConsoleLevel, 0, 8))
	k.Printk("<7>seen\n")
	require.EqualValues(t, 0, call(syslogConsoleOff, 0, 0))
	k.Printk("<1>unseen\n")
	k.Printk("<0>seen too\n")
	require.Equal(t, "first\nsecond\nseen\nseen too\n", k.ConsoleText())

	user := newProcess(t, k, ProcessConfig{UID: 500})
	require.EqualValues(t, -abi.EPERM, user.Syscall(abi.NrSyslog, syslogUnread).Value)
	at, err := user.Alloc(64)
	require.NoError(t, err)
	require.EqualValues(t, 5, user.Syscall(abi.NrSyslog, syslogReadAll, at, 5).Value)
}

// Who reads an empty log sleeps until something is logged.
func TestSyslogWaits(t *testing.T) {
	k := boot(t, Config{})
	reader := newProcess(t, k, ProcessConfig{})
	buf, err := reader.Alloc(64)
	require.NoError(t, err)
	require.Equal(t, Blocked, reader.Syscall(abi.NrSyslog, syslogRead, buf, 64).Kind)
	k.Printk("<6>news\n")
	require.Equal(t, Outcome{Kind: Returned, Value: 8}, reader.Wait())
}

// A module's console gets every line, in pieces where the ring ends, and old ones if it asks.
func TestGuestConsole(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.lay.Console
	seen := g.put(make([]byte, 4096)...)
	at := g.put(le(seen)...)
	// write(con, s, n): memcpy(*at, s, n); *at += n
	write := g.put(code(0x56, 0x57, 0x8b, 0x74, 0x24, 0x10, 0x8b, 0x4c, 0x24, 0x14, 0x8b, 0x3d, at, 0xf3, 0xa4, 0x89, 0x3d, at, 0x5f, 0x5e, 0xc3)...)
	con := g.put(make([]byte, lay.Size)...)
	k.mem.Set(con, lay.Write, write)
	text := func() string { return string(k.mem.Bytes(seen, k.mem.U32(at)-seen)) }
	say := func(s string) { g.callKernel(t, "printk", g.text(s)) }

	say("<6>before\n")
	g.callKernel(t, "register_console", con)
	say("<6>not enabled\n")
	require.Empty(t, text())
	k.mem.Set(con, lay.Flags, conEnabled|conPrintBuffer)
	g.callKernel(t, "register_console", con)
	require.Equal(t, "before\nnot enabled\n", text())
	k.mem.SetU32(at, seen)
	k.Printk("%s", strings.Repeat("x", 900)+"\n") // from the host: nobody can be called, and it is not made up for
	for k.mem.U32(k.sym.LogEnd)%logBufLen < logBufLen-1000 {
		k.Printk("%s", strings.Repeat("x", 900)+"\n")
	}
	for k.mem.U32(k.sym.LogEnd)%logBufLen < logBufLen-10 {
		k.Printk("\n")
	}
	say("<6>round the end\n")
	say("<7>unseen\n")
	require.Equal(t, "round the end\n", text())
	require.EqualValues(t, 0, g.callKernel(t, "unregister_console", con))
	require.EqualValues(t, 1, g.callKernel(t, "unregister_console", con))
	say("<6>after\n")
	require.Equal(t, "round the end\n", text())
}
