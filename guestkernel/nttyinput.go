// SPDX-License-Identifier: BSD-3-Clause
// The usual line discipline: what a line's driver receives (2.4.18 drivers/char/n_tty.c). Input is put into a buffer of 4096
// bytes, echoed and edited line by line.

package guestkernel

import "ring0/guestkernel/abi"

// What a driver says of a byte (TTY_NORMAL …).
const (
	inputNormal  = 0
	inputBreak   = 1
	inputFrame   = 2
	inputParity  = 3
	inputOverrun = 4
)

func nttyInputFunctions() []Function {
	return []Function{
		{Name: "n_tty_receive_buf", Fn: nttyReceiveBuf, Level: Full, Proto: "void n_tty_receive_buf(struct tty_struct *tty, const unsigned char *cp, char *fp, int count)"},
		{Name: "n_tty_receive_room", Fn: func(c *Call) { c.Return(tty{c.Kernel, c.Arg(0)}.room()) }, Level: Full, Proto: "int n_tty_receive_room(struct tty_struct *tty)"},
		{Name: "n_tty_write_wakeup", Fn: nttyWriteWakeup, Level: Full, Proto: "void n_tty_write_wakeup(struct tty_struct *tty)"},
	}
}

// room is n_tty_receive_room: a line that has no end yet has no limit, so that it can be edited.
func (t tty) room() uint32 {
	lay := t.lay()
	if t.get(lay.Icanon) != 0 && t.get(lay.CanonData) == 0 {
		return ttyBufSize
	}
	return uint32(max(ttyBufSize-int32(t.get(lay.ReadCnt))-1, 0))
}

// signalIO sends who wants it a signal for input or output.
func (t tty) signalIO(reason uint32) {
	if list := t.at + t.lay().Fasync.Off; t.k.mem.U32(list) != 0 {
		t.k.Call(t.k.functionAt("kill_fasync"), list, abi.SIGIO, reason)
	}
}

// nttyWriteWakeup models static void n_tty_write_wakeup(struct tty_struct *tty).
func nttyWriteWakeup(c *Call) {
	t := tty{c.Kernel, c.Arg(0)}
	if t.get(t.lay().Fasync) != 0 {
		t.raise(ttyDoWakeup)
		t.signalIO(reasonOutput)
	}
}

// nttyReceiveBuf models static void n_tty_receive_buf(struct tty_struct *tty, const unsigned char *cp, char *fp, int count): fp
// says of each byte how it came, NULL that all are good. Readers that have enough now wake, and a driver whose reader is slow
// is held back.
func nttyReceiveBuf(c *Call) {
	k, t, lay := c.Kernel, tty{c.Kernel, c.Arg(0)}, &c.Kernel.drv.lay.TTY
	if t.get(lay.ReadBuf) == 0 {
		return
	}
	if t.get(lay.RealRaw) != 0 {
		for i := range c.Arg(3) {
			t.queue(k.mem.U8(c.Arg(1) + i))
		}
	} else {
		flag := byte(inputNormal)
		for i := range c.Arg(3) {
			if c.Arg(2) != 0 {
				flag = k.mem.U8(c.Arg(2) + i)
			}
			t.receive(k.mem.U8(c.Arg(1)+i), flag)
		}
		t.call(k.drv.lay.TTYDriver.FlushChars)
	}
	if t.get(lay.Icanon) == 0 && t.get(lay.ReadCnt) >= t.get(lay.MinimumToWake) {
		t.signalIO(reasonInput)
		t.wake(lay.ReadWait)
	}
	if t.room() < ttyThreshold && !t.has(ttyThrottled) {
		t.raise(ttyThrottled)
		t.call(k.drv.lay.TTYDriver.Throttle)
	}
}

// queue puts a byte into the buffer, if there is room.
func (t tty) queue(c byte) {
	lay := t.lay()
	if t.get(lay.ReadCnt) >= ttyBufSize {
		return
	}
	head := t.get(lay.ReadHead)
	t.k.mem.SetU8(t.get(lay.ReadBuf)+head, c)
	t.set(lay.ReadHead, (head+1)%ttyBufSize)
	t.add(lay.ReadCnt, 1)
}

// receive takes a byte with what the driver says of it.
func (t tty) receive(c, flag byte) {
	const marker = 0xff
	i, lay := t.iflag(), t.lay()
	mark := func(bytes ...byte) {
		for _, b := range bytes {
			t.queue(b)
		}
		t.wake(lay.ReadWait)
	}
	switch flag {
	case inputNormal:
		t.receiveChar(c)
	case inputBreak:
		switch {
		case i&iIgnBrk != 0:
		case i&iBrkInt != 0:
			t.signal(abi.SIGINT, true)
		case i&iParMrk != 0:
			mark(marker, 0, 0)
		default:
			mark(0)
		}
	case inputParity, inputFrame:
		switch {
		case i&iIgnPar != 0:
		case i&iParMrk != 0:
			mark(marker, 0, c)
		case i&iInpck != 0:
			mark(0)
		default:
			mark(c)
		}
	case inputOverrun:
		t.add(lay.NumOverrun, 1)
		if now := t.k.jiffies(); int32(t.get(lay.OverrunTime)-(now-uint32(t.k.profile.HZ))) < 0 {
			t.k.Printk("%s: %d input overrun(s)\n", t.name(), int32(t.get(lay.NumOverrun)))
			t.set(lay.OverrunTime, now)
			t.set(lay.NumOverrun, 0)
		}
	default:
		t.k.Printk("%s: unknown flag %d\n", t.name(), int8(flag))
	}
}

// signal sends one to the process group in the foreground (isig); what was typed before is forgotten with it.
func (t tty) signal(signal uint32, flush bool) {
	t.k.signalGroup(t.get(t.lay().Pgrp), signal)
	if flush || t.lflag()&lNoFlsh == 0 {
		t.resetBuffer()
		t.call(t.k.drv.lay.TTYDriver.FlushBuffer)
	}
}

// receiveChar takes a good byte (n_tty_receive_char).
func (t tty) receiveChar(c byte) {
	lay, i, l := t.lay(), t.iflag(), t.lflag()
	if t.get(lay.Raw) != 0 {
		t.queue(c)
		return
	}
	if t.get(lay.Stopped) != 0 && t.get(lay.FlowStopped) == 0 && i&(iXon|iXany) == iXon|iXany {
		t.start()
		return
	}
	if i&iStrip != 0 {
		c &= 0x7f
	}
	if i&iUCLC != 0 && l&lIExten != 0 {
		c = toLower(c)
	}
	switch {
	case t.get(lay.Closing) != 0:
		t.flowControl(c)
	case !t.special(c) || t.get(lay.Lnext) != 0:
		t.finishErasing()
		t.set(lay.Lnext, 0)
		t.keep(c, t.echoTyped)
	default:
		t.receiveSpecial(c)
	}
}

// flowControl stops and starts output by characters; true for one of them.
func (t tty) flowControl(c byte) bool {
	switch {
	case t.iflag()&iXon == 0:
		return false
	case c == t.char(vStart):
		t.start()
	case c == t.char(vStop):
		t.stop()
	default:
		return false
	}
	return true
}

// receiveSpecial takes a character that means something.
func (t tty) receiveSpecial(c byte) {
	i, l := t.iflag(), t.lflag()
	switch {
	case c == '\r' && i&iIgnCR != 0:
		return
	case c == '\r' && i&iCRNL != 0:
		c = '\n'
	case c == '\n' && i&iNLCR != 0:
		c = '\r'
	}
	if t.flowControl(c) {
		return
	}
	if l&lISig != 0 {
		for _, s := range []struct{ char, signal uint32 }{{vIntr, abi.SIGINT}, {vQuit, abi.SIGQUIT}, {vSusp, abi.SIGTSTP}} {
			if c == t.char(s.char) {
				t.signal(s.signal, false)
				return
			}
		}
	}
	if t.get(t.lay().Icanon) != 0 && t.edit(c) {
		return
	}
	t.finishErasing()
	t.keep(c, t.echoSpecial)
}

// full beeps when there is no room for another character.
func (t tty) full() bool {
	if t.get(t.lay().ReadCnt) < ttyBufSize-1 {
		return false
	}
	t.put('\a')
	return true
}

// keep shows a character, if characters are echoed, and puts it into the buffer.
func (t tty) keep(c byte, show func(byte)) {
	if t.lflag()&lEcho != 0 {
		if t.full() {
			return
		}
		show(c)
	}
	t.queueMarked(c)
}

// echoTyped echoes a character of a line.
func (t tty) echoTyped(c byte) {
	t.noteColumn()
	t.echo(c)
}

// echoSpecial is the same for one that means something in other places.
func (t tty) echoSpecial(c byte) {
	if c == '\n' {
		t.output(c)
		return
	}
	t.echoTyped(c)
}

// queueMarked puts a character into the buffer, twice if it is the one that marks errors.
func (t tty) queueMarked(c byte) {
	if t.iflag()&iParMrk != 0 && c == 0xff {
		t.queue(c)
	}
	t.queue(c)
}

// noteColumn remembers where a line begins that is about to be typed.
func (t tty) noteColumn() {
	lay := t.lay()
	if t.get(lay.CanonHead) == t.get(lay.ReadHead) {
		t.set(lay.CanonColumn, t.get(lay.Column))
	}
}

// echo shows a character that was typed; controls as ^X if ECHOCTL says so.
func (t tty) echo(c byte) {
	if t.lflag()&lEchoCtl != 0 && isControl(c) && c != '\t' {
		t.put('^')
		t.put(c ^ echoedControl)
		t.add(t.lay().Column, 2)
		return
	}
	t.output(c)
}

// edit treats the characters that edit or end a line; false for others.
func (t tty) edit(c byte) bool {
	lay, l := t.lay(), t.lflag()
	extended, echo := l&lIExten != 0, l&lEcho != 0
	switch {
	case c == t.char(vErase), c == t.char(vKill), c == t.char(vWErase) && extended:
		t.erase(c)
	case c == t.char(vLNext) && extended:
		t.set(lay.Lnext, 1)
		if echo {
			t.finishErasing()
			if l&lEchoCtl != 0 {
				t.put('^')
				t.put('\b')
			}
		}
	case c == t.char(vReprint) && echo && extended:
		t.reprint(c)
	case c == '\n':
		if l&(lEcho|lEchoNL) != 0 {
			if t.full() {
				return true
			}
			t.output(c)
		}
		t.endLine(c)
	case c == t.char(vEOF):
		if t.get(lay.CanonHead) != t.get(lay.ReadHead) {
			t.raise(ttyPush)
		}
		t.endLine(charDisabled)
	case c == t.char(vEOL), c == t.char(vEOL2) && extended:
		if echo {
			if t.full() {
				return true
			}
			t.echoTyped(c)
		}
		if t.iflag()&iParMrk != 0 && c == 0xff {
			t.queue(c)
		}
		t.endLine(c)
	default:
		return false
	}
	return true
}

// reprint shows again what has been typed of a line.
func (t tty) reprint(c byte) {
	lay := t.lay()
	t.finishErasing()
	t.echo(c)
	t.output('\n')
	for at := t.get(lay.CanonHead); at != t.get(lay.ReadHead); at = (at + 1) % ttyBufSize {
		t.echo(t.k.mem.U8(t.get(lay.ReadBuf) + at))
	}
}

// endLine puts the last character of a line into the buffer, which readers can have now.
func (t tty) endLine(c byte) {
	lay := t.lay()
	head := t.get(lay.ReadHead)
	word := t.at + lay.ReadFlags.Off + head/32*wordSize
	t.k.mem.SetU32(word, t.k.mem.U32(word)|1<<(head%32))
	t.queue(c)
	t.set(lay.CanonHead, t.get(lay.ReadHead))
	t.add(lay.CanonData, 1)
	t.signalIO(reasonInput)
	t.wake(lay.ReadWait)
}

// finishErasing ends what ECHOPRT shows of erased characters.
func (t tty) finishErasing() {
	if lay := t.lay(); t.get(lay.Erasing) != 0 {
		t.put('/')
		t.add(lay.Column, 2)
		t.set(lay.Erasing, 0)
	}
}

// What an editing character erases.
type erasure int

const (
	eraseChar erasure = iota
	eraseWord
	eraseLine
)

// erase takes back what was typed of a line (eraser).
func (t tty) erase(c byte) {
	const visible = lEchoK | lEchoKE | lEchoE
	lay, l, what := t.lay(), t.lflag(), eraseLine
	if t.get(lay.ReadHead) == t.get(lay.CanonHead) {
		return
	}
	switch {
	case c == t.char(vErase):
		what = eraseChar
	case c == t.char(vWErase):
		what = eraseWord
	case l&lEcho == 0 || l&visible != visible:
		t.add(lay.ReadCnt, -((t.get(lay.ReadHead) - t.get(lay.CanonHead)) % ttyBufSize))
		t.set(lay.ReadHead, t.get(lay.CanonHead))
		if l&lEcho != 0 {
			t.finishErasing()
			t.echo(t.char(vKill))
			if l&lEchoK != 0 {
				t.output('\n')
			}
		}
		return
	}
	inWord := false
	for t.get(lay.ReadHead) != t.get(lay.CanonHead) {
		head := (t.get(lay.ReadHead) - 1) % ttyBufSize
		ch := t.k.mem.U8(t.get(lay.ReadBuf) + head)
		if what == eraseWord {
			if isAlnum(ch) || ch == '_' {
				inWord = true
			} else if inWord {
				break
			}
		}
		t.set(lay.ReadHead, head)
		t.add(lay.ReadCnt, ^uint32(0))
		if l&lEcho != 0 {
			t.echoErased(ch, what)
		}
		if what == eraseChar {
			break
		}
	}
	if t.get(lay.ReadHead) == t.get(lay.CanonHead) {
		t.finishErasing()
	}
}

// echoErased shows that a character is gone.
func (t tty) echoErased(c byte, what erasure) {
	lay, l := t.lay(), t.lflag()
	switch {
	case l&lEchoPrt != 0:
		if t.get(lay.Erasing) == 0 {
			t.put('\\')
			t.add(lay.Column, 1)
			t.set(lay.Erasing, 1)
		}
		t.echo(c)
	case what == eraseChar && l&lEchoE == 0:
		t.echo(t.char(vErase))
	case c == '\t':
		t.backTo(t.typedColumn())
	default:
		if isControl(c) && l&lEchoCtl != 0 {
			t.rubOut()
		}
		if !isControl(c) || l&lEchoCtl != 0 {
			t.rubOut()
		}
	}
}

// rubOut clears the character before the cursor.
func (t tty) rubOut() {
	for _, c := range []byte("\b \b") {
		t.put(c)
	}
	if column := t.lay().Column; t.get(column) > 0 {
		t.add(column, ^uint32(0))
	}
}

// typedColumn is where the cursor stands behind what has been typed of a line.
func (t tty) typedColumn() uint32 {
	lay := t.lay()
	column := t.get(lay.CanonColumn)
	for at := t.get(lay.CanonHead); at != t.get(lay.ReadHead); at = (at + 1) % ttyBufSize {
		switch c := t.k.mem.U8(t.get(lay.ReadBuf) + at); {
		case c == '\t':
			column = column | (tabWidth - 1) + 1
		case isControl(c):
			if t.lflag()&lEchoCtl != 0 {
				column += 2
			}
		default:
			column++
		}
	}
	return column
}

// backTo moves the cursor back to a column.
func (t tty) backTo(column uint32) {
	const absurd = 0x80000000
	lay := t.lay()
	if t.get(lay.Column) > absurd {
		t.set(lay.Column, 0)
	}
	for t.get(lay.Column) > column {
		t.put('\b')
		t.add(lay.Column, ^uint32(0))
	}
}
