// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// A testLine is a terminal, /dev/char:240:0, whose driver keeps what is sent to it.
type testLine struct {
	g     *guest
	sent  []byte
	calls []string
	room  uint32
	d     uint32 // struct tty_driver
}

func newTestLine(t *testing.T, g *guest) *testLine {
	k, lay := g.k, &g.k.drv.lay.TTYDriver
	l := &testLine{g: g, room: 100, d: g.put(make([]byte, lay.Size)...)}
	for f, v := range map[abi.Field]uint32{
		lay.Name: g.text("ttyT%d"), lay.Major: 240, lay.Num: 1, lay.Type: ttyTypeSerial, lay.Refcount: g.put(0, 0, 0, 0),
		lay.Table: g.put(0, 0, 0, 0), lay.Termios: g.put(0, 0, 0, 0), lay.TermiosLocked: g.put(0, 0, 0, 0),
	} {
		k.mem.Set(l.d, f, v)
	}
	k.mem.Copy(l.d+lay.InitTermios.Off, k.symbol("tty_std_termios"), termiosSize)
	note := func(name string) uint32 {
		return g.modelled(func(c *Call) { l.calls = append(l.calls, name); c.Return(0) })
	}
	for f, name := range map[abi.Field]string{
		lay.Open: "open", lay.Close: "close", lay.Throttle: "throttle", lay.Unthrottle: "unthrottle", lay.Stop: "stop",
		lay.Start: "start", lay.FlushBuffer: "flush", lay.BreakCtl: "break", lay.Hangup: "hangup",
	} {
		k.mem.Set(l.d, f, note(name))
	}
	k.mem.Set(l.d, lay.Write, g.modelled(func(c *Call) {
		b := make([]byte, min(c.Arg(3), l.room))
		if c.Arg(1) != 0 {
			k.CopyFromUser(b, c.Arg(2))
		} else {
			k.mem.Read(c.Arg(2), b)
		}
		l.sent = append(l.sent, b...)
		l.room -= uint32(len(b))
		c.Return(uint32(len(b)))
	}))
	k.mem.Set(l.d, lay.WriteRoom, g.modelled(func(c *Call) { c.Return(l.room) }))
	k.mem.Set(l.d, lay.CharsInBuffer, g.modelled(func(c *Call) { c.Return(0) }))
	require.EqualValues(t, 0, g.callKernel(t, "tty_register_driver", l.d))
	return l
}

// tty is the line, once it is open.
func (l *testLine) tty() tty {
	k := l.g.k
	return tty{k, k.mem.U32(k.mem.Get(l.d, k.drv.lay.TTYDriver.Table))}
}

// types has the driver receive bytes.
func (l *testLine) types(t *testing.T, text string, flags ...byte) {
	k, line := l.g.k, l.tty()
	at := l.g.put([]byte(text)...)
	fp := uint32(0)
	if flags != nil {
		fp = l.g.put(flags...)
	}
	l.g.run(k.mem.Get(line.at+line.lay().Ldisc.Off, k.drv.lay.TTYLdisc.ReceiveBuf), line.at, at, fp, uint32(len(text)))
}

// took returns what was sent since it was asked last.
func (l *testLine) took() string {
	s := string(l.sent)
	l.sent, l.room = nil, 100
	return s
}

// termios sets flags and control characters.
func (l *testLine) termios(iflag, oflag, lflag uint32, chars map[uint32]byte) {
	k, line := l.g.k, l.tty()
	at := line.get(line.lay().Termios)
	k.mem.SetU32(at, iflag)
	k.mem.SetU32(at+wordSize, oflag)
	k.mem.SetU32(at+3*wordSize, lflag)
	for n, c := range chars {
		k.mem.SetU8(at+termiosChars+n, c)
	}
	l.g.run(k.symbol("n_tty_set_termios"), line.at, 0)
}

// read is what a reader gets who does not wait.
func (l *testLine) read(p *Process, fd uint32, n int) string {
	b := make([]byte, n)
	got, err := p.Read(fd, b)
	if err != nil {
		return err.Error()
	}
	return string(b[:got])
}

func TestTerminalEditing(t *testing.T) {
	const cooked = lICanon | lEcho | lEchoE | lEchoK | lEchoKE | lEchoCtl | lIExten | lISig
	g := newGuest(t, Config{})
	l := newTestLine(t, g)
	fd, err := g.p.Open("/dev/char:240:0", OpenRead|abi.ONonblock, 0)
	require.NoError(t, err)
	require.Contains(t, l.read(g.p, fd, 9), "EAGAIN")
	for _, c := range []struct {
		name                string
		iflag, oflag, lflag uint32
		typed, echoed, read string
	}{
		{"a line", iCRNL, oPost | oNLCR, cooked, "one\r", "one\r\n", "one\n"},
		{"erase", iCRNL, oPost, cooked, "ab\x7fc\n", "ab\b \bc\n", "ac\n"},
		{"erase a control", 0, oPost, cooked, "\x01\x7f\n", "^A\b \b\b \b\n", "\n"},
		{"erase a tab", 0, oPost, cooked, "a\t\x7fb\n", "a\t\b\b\b\b\b\b\bb\n", "ab\n"},
		{"erase without ECHOE", 0, oPost, cooked &^ lEchoE, "ab\x7f\n", "ab^?\n", "a\n"},
		{"erase printed", 0, oPost, cooked | lEchoPrt, "ab\x7f\x7fc\n", "ab\\ba/c\n", "c\n"},
		{"a word", 0, oPost, cooked, "one two_3. \x17\n", "one two_3. \b \b\b \b\b \b\b \b\b \b\b \b\b \b\n", "one \n"},
		{"kill", 0, oPost, cooked, "abc\x15d\n", "abc\b \b\b \b\b \bd\n", "d\n"},
		{"kill without ECHOKE", 0, oPost, cooked &^ lEchoKE, "abc\x15d\n", "abc^U\nd\n", "d\n"},
		{"nothing to erase", 0, oPost, cooked, "\x7f\x15\x17x\n", "x\n", "x\n"},
		{"literal", 0, oPost, cooked, "a\x16\x7f\n", "a^\b^?\n", "a\x7f\n"},
		{"reprint", 0, oPost, cooked, "ab\x12c\n", "ab^R\nabc\n", "abc\n"},
		{"no echo", 0, oPost, cooked &^ lEcho, "secret\x7f\n", "", "secre\n"},
		{"only newlines", 0, oPost, cooked&^lEcho | lEchoNL, "secret\n", "\n", "secret\n"},
		{"cases", iUCLC, oPost | oLCUC, cooked, "aB\n", "AB\n", "ab\n"},
		{"columns", iNLCR | iIgnCR, oPost | oCRNL, cooked, "a\rb\x04", "ab", "ab"},
		{"end of file", 0, oPost, cooked, "\x04", "", ""},
		{"stripped", iStrip, oPost, cooked, "\xe1\n", "a\n", "a\n"},
	} {
		l.termios(c.iflag, c.oflag, c.lflag, map[uint32]byte{vErase: 0x7f, vWErase: 0x17, vKill: 0x15, vLNext: 0x16, vReprint: 0x12, vEOF: 4})
		l.tty().set(l.tty().lay().Column, 0)
		l.types(t, c.typed)
		require.Equal(t, c.echoed, l.took(), c.name)
		require.Equal(t, c.read, l.read(g.p, fd, 99), c.name)
	}
	l.termios(0, oPost, cooked, nil)
	l.types(t, "first\nsecond\nthi")
	require.Equal(t, "fir", l.read(g.p, fd, 3))
	require.Equal(t, "st\n", l.read(g.p, fd, 99))
	require.Equal(t, "second\n", l.read(g.p, fd, 99))
	require.Contains(t, l.read(g.p, fd, 99), "EAGAIN", "a line is not over")
	l.took()

	l.termios(iXon, oPost, cooked, map[uint32]byte{vStart: 17, vStop: 19})
	l.calls = nil
	l.types(t, "\x13")
	require.NotZero(t, l.tty().get(l.tty().lay().Stopped))
	l.types(t, "\x11")
	require.Equal(t, []string{"stop", "start"}, l.calls)
}

func TestRawTerminal(t *testing.T) {
	g := newGuest(t, Config{})
	l := newTestLine(t, g)
	fd, err := g.p.Open("/dev/char:240:0", OpenRead|abi.ONonblock, 0)
	require.NoError(t, err)
	l.termios(iParMrk, 0, 0, map[uint32]byte{vMin: 1, vTime: 0})
	l.types(t, "a\x03\xffb", inputNormal, inputBreak, inputNormal, inputParity)
	require.Equal(t, "a\xff\x00\x00\xff\xff\xff\x00b", l.read(g.p, fd, 99))
	l.termios(iInpck, 0, 0, nil)
	l.types(t, "abc", inputParity, inputOverrun, 9)
	require.Equal(t, "\x00", l.read(g.p, fd, 99))
	require.Contains(t, g.k.LogText(), "ttyT0: 1 input overrun(s)\n")
	require.Contains(t, g.k.LogText(), "ttyT0: unknown flag 9\n")
	require.Empty(t, l.took(), "nothing is echoed")

	l.termios(0, 0, 0, map[uint32]byte{vMin: 0, vTime: 0})
	require.Empty(t, l.read(g.p, fd, 99), "VMIN 0: there is nothing")
	l.calls = nil
	for range 40 {
		l.types(t, string(make([]byte, 100)))
	}
	require.Equal(t, []string{"throttle"}, l.calls)
	require.Len(t, l.read(g.p, fd, 4096), 4000)
	require.Equal(t, []string{"throttle", "unthrottle"}, l.calls)
}

func TestTerminalOutput(t *testing.T) {
	g := newGuest(t, Config{})
	l := newTestLine(t, g)
	fd, err := g.p.Open("/dev/char:240:0", OpenBoth|abi.ONonblock, 0)
	require.NoError(t, err)
	write := func(text string, room uint32) string {
		l.took()
		l.room = room
		n, err := g.p.Write(fd, []byte(text))
		if err != nil {
			return err.Error()
		}
		require.LessOrEqual(t, n, len(text))
		return string(l.sent)
	}
	for _, c := range []struct {
		oflag      uint32
		text, want string
	}{
		{0, "a\nb\t", "a\nb\t"}, {oPost | oNLCR, "a\n\nb", "a\r\n\r\nb"}, {oPost | oTabs, "a\tb", "a       b"}, {oPost | oLCUC, "aB", "AB"},
		{oPost | oCRNL, "a\rb", "a\nb"}, {oPost | oNoCR | oNLRet, "\na\r\rb", "\na\rb"},
	} {
		l.termios(0, c.oflag, 0, nil)
		l.tty().set(l.tty().lay().Column, 0)
		require.Equal(t, c.want, write(c.text, 100), "%o", c.oflag)
	}
	l.termios(0, oPost|oNLCR, 0, nil)
	require.Equal(t, "abc", write("abcdef", 3))
	require.Contains(t, write("\n", 1), "EAGAIN", "a new line needs room for two")
}

func TestTerminalCommands(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	l := newTestLine(t, g)
	fd, err := g.p.Open("/dev/char:240:0", OpenBoth|abi.ONonblock, 0)
	require.NoError(t, err)
	user, err := g.p.Alloc(abi.PageSize)
	require.NoError(t, err)
	ioctl := func(cmd, arg uint32) error {
		_, err := g.p.Ioctl(fd, cmd, arg)
		return err
	}
	get := func(n uint32) []byte {
		b := make([]byte, n)
		require.NoError(t, g.p.ReadUser(user, b))
		return b
	}
	require.NoError(t, ioctl(tcGets, user))
	require.Equal(t, k.mem.Bytes(k.symbol("tty_std_termios"), termiosSize), get(termiosSize))
	settings := get(termiosSize)
	settings[12] &^= lEcho
	require.NoError(t, g.p.WriteUser(user, settings))
	require.NoError(t, ioctl(tcSetsw, user))
	require.Zero(t, l.tty().lflag()&lEcho)
	k.mem.SetU8(l.tty().get(l.tty().lay().TermiosLocked)+12, lEcho)
	settings[12] |= lEcho
	require.NoError(t, g.p.WriteUser(user, settings))
	require.NoError(t, ioctl(tcSets, user))
	require.Zero(t, l.tty().lflag()&lEcho, "locked")
	require.NoError(t, ioctl(tcGeta, user))
	require.Equal(t, settings[4:6], get(17)[2:4])

	l.types(t, "ab\nc")
	require.NoError(t, ioctl(tiocInq, user))
	require.Equal(t, le(3), get(4))
	require.NoError(t, ioctl(tcFlsh, 0))
	require.NoError(t, ioctl(tiocInq, user))
	require.Equal(t, le(0), get(4))
	require.ErrorContains(t, ioctl(tcFlsh, 3), "EINVAL")
	l.calls = nil
	require.NoError(t, ioctl(tcXonc, 0))
	require.NoError(t, ioctl(tcXonc, 1))
	require.NoError(t, ioctl(tcSbrkp, 1))
	require.Equal(t, []string{"stop", "start", "break", "break"}, l.calls)
	require.NoError(t, g.p.WriteUser(user, []byte("12345678")))
	require.NoError(t, ioctl(tiocSWinsz, user))
	require.NoError(t, g.p.WriteUser(user, make([]byte, 8)))
	require.NoError(t, ioctl(tiocGWinsz, user))
	require.Equal(t, "12345678", string(get(8)))
	require.ErrorContains(t, ioctl(0x9999, 0), "EINVAL")
	require.ErrorContains(t, ioctl(tiocGPgrp, user), "ENOTTY")
	require.NoError(t, g.p.WriteUser(user, le(9)))
	require.ErrorContains(t, ioctl(tiocSetd, user), "EINVAL", "nobody brings discipline 9")
	require.Contains(t, k.LogText(), "tty-ldisc-9")

	flags := l.tty().get(l.tty().lay().Termios) + 2*wordSize
	for _, c := range []struct{ cflag, want uint32 }{{0o15, 9600}, {0o17, 38400}, {0o10002, 115200}, {0o10017, 4000000}, {0o10000, 0}} {
		k.mem.SetU32(flags, c.cflag)
		require.EqualValues(t, c.want, g.callKernel(t, "tty_get_baud_rate", l.tty().at), "%o", c.cflag)
	}
	l.tty().set(l.tty().lay().AltSpeed, 12345)
	k.mem.SetU32(flags, 0o17)
	require.EqualValues(t, 12345, g.callKernel(t, "tty_get_baud_rate", l.tty().at))
	require.NoError(t, ioctl(tiocExcl, 0))
	other := newProcess(t, k, ProcessConfig{UID: 500})
	_, err = other.Open("/dev/char:240:0", OpenRead, 0)
	require.ErrorContains(t, err, "EBUSY")
}

// Sessions and process groups: who may do what, who gets which signal, and the end of it all.
func TestControllingTerminal(t *testing.T) {
	g := newGuest(t, Config{})
	k, task := g.k, &g.k.lay.Task
	l := newTestLine(t, g)
	leader, other := newProcess(t, k, ProcessConfig{}), newProcess(t, k, ProcessConfig{})
	pid := uint32(leader.task.Pid())
	for _, p := range []*Process{leader, other} {
		p.task.Set(task.Session, pid)
		p.task.Set(task.Pgrp, uint32(p.task.Pid()))
	}
	leader.task.Set(task.Leader, 1)
	pending := func(p *Process) uint64 {
		set := k.mem.U64(p.task.addr + task.PendingSignal.Off)
		k.flushSignals(p.task)
		return set
	}
	fd, err := leader.Open("/dev/char:240:0", OpenBoth|abi.ONonblock, 0)
	require.NoError(t, err)
	line := l.tty()
	require.Equal(t, []uint32{line.at, pid, pid}, []uint32{leader.task.Get(task.Tty), line.get(line.lay().Session), line.get(line.lay().Pgrp)})
	l.types(t, "\x03")
	require.EqualValues(t, 1<<(abi.SIGINT-1), pending(leader))
	require.Zero(t, pending(other))

	// In the background: no reading, no changes.
	other.task.Set(task.Tty, line.at)
	parent := other.task.Get(task.PPptr)
	other.task.Set(task.PPptr, leader.task.addr)
	g.inKernel(func(c *Call) {
		k.running = other.task
		require.Equal(t, failed(abi.ERESTARTSYS), c.mayRead(line))
		require.EqualValues(t, 1<<(abi.SIGTTIN-1), pending(other))
		require.Equal(t, failed(abi.ERESTARTSYS), c.mayChange(line))
		require.EqualValues(t, 1<<(abi.SIGTTOU-1), pending(other))
		require.Zero(t, c.mayChange(tty{k, line.at + 4}), "not its own terminal")
		set, bit := k.signalBit(other.task.addr+task.Blocked.Off, abi.SIGTTOU)
		k.mem.SetU32(set, bit)
		require.Zero(t, c.mayChange(line), "it does not want to know")
		k.mem.SetU32(set, 0)
		k.running = g.p.task
	})
	other.task.Set(task.PPptr, parent)
	at, err := leader.Alloc(4)
	require.NoError(t, err)
	require.NoError(t, leader.WriteUser(at, le(uint32(other.task.Pid()))))
	_, err = leader.Ioctl(fd, tiocSPgrp, at)
	require.NoError(t, err)
	require.EqualValues(t, other.task.Pid(), line.get(line.lay().Pgrp))
	_, err = leader.Ioctl(fd, tiocGsid, at)
	require.NoError(t, err)
	require.NoError(t, leader.WriteUser(at, le(99)))
	_, err = leader.Ioctl(fd, tiocSctty, 0)
	require.NoError(t, err, "it has it already")

	// Hanging up. The signals wait until they are looked at.
	l.calls = nil
	k.mem.SetU32(leader.task.addr+task.Blocked.Off, 1<<(abi.SIGHUP-1)|1<<(abi.SIGCONT-1))
	g.callKernel(t, "tty_hangup", line.at)
	g.callKernel(t, "flush_scheduled_tasks")
	require.Contains(t, l.calls, "hangup")
	require.EqualValues(t, 1<<(abi.SIGHUP-1)|1<<(abi.SIGCONT-1), pending(leader))
	require.Zero(t, leader.task.Get(task.Tty))
	require.EqualValues(t, 1, g.callKernel(t, "tty_hung_up_p", k.fileAt(leader.task, fd)))
	require.Empty(t, l.read(leader, fd, 9), "the end")
	_, err = leader.Write(fd, []byte("x"))
	require.ErrorContains(t, err, "EIO")
	_, err = leader.Ioctl(fd, tcGets, at)
	require.ErrorContains(t, err, "EIO")
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "tty_unregister_driver", l.d))
	require.NoError(t, leader.CloseFile(fd))
	require.NotContains(t, k.LogText(), "tty->count")

	// The secure attention key.
	fd, err = g.p.Open("/dev/char:240:0", OpenRead, 0)
	require.NoError(t, err)
	victim := newProcess(t, k, ProcessConfig{})
	_, err = victim.Open("/dev/char:240:0", OpenRead, 0)
	require.NoError(t, err)
	require.NoError(t, g.p.CloseFile(fd))
	g.callKernel(t, "do_SAK", l.tty().at)
	g.callKernel(t, "flush_scheduled_tasks")
	require.True(t, victim.task.dead)
	require.False(t, leader.task.dead)
	require.EqualValues(t, 0, g.callKernel(t, "tty_unregister_driver", l.d))
}
