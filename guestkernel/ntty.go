// SPDX-License-Identifier: BSD-3-Clause
// The usual line discipline: reading and writing (2.4.18 drivers/char/n_tty.c). What comes in from the driver is in
// nttyinput.go.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Flags of struct termios (asm/termbits.h).
const (
	iIgnBrk = 0o1
	iBrkInt = 0o2
	iIgnPar = 0o4
	iParMrk = 0o10
	iInpck  = 0o20
	iStrip  = 0o40
	iNLCR   = 0o100
	iIgnCR  = 0o200
	iCRNL   = 0o400
	iUCLC   = 0o1000
	iXon    = 0o2000
	iXany   = 0o4000

	oPost   = 0o1
	oLCUC   = 0o2
	oNLCR   = 0o4
	oCRNL   = 0o10
	oNoCR   = 0o20
	oNLRet  = 0o40
	oTabs   = 0o14000 // XTABS: tabs become spaces
	cClocal = 0o4000

	lISig    = 0o1
	lICanon  = 0o2
	lEcho    = 0o10
	lEchoE   = 0o20
	lEchoK   = 0o40
	lEchoNL  = 0o100
	lNoFlsh  = 0o200
	lToStop  = 0o400
	lEchoCtl = 0o1000
	lEchoPrt = 0o2000
	lEchoKE  = 0o4000
	lIExten  = 0o100000
)

// Control characters, by their place in c_cc.
const (
	vIntr = iota
	vQuit
	vErase
	vKill
	vEOF
	vTime
	vMin
	vSwtc
	vStart
	vStop
	vSusp
	vEOL
	vReprint
	vDiscard
	vWErase
	vLNext
	vEOL2
)

const (
	charDisabled  = 0 // __DISABLED_CHAR
	ttyThreshold  = 128
	wakeupChars   = 256
	outputPiece   = 80 // what opost_block takes at a time
	reasonInput   = sigPollFirst
	reasonOutput  = sigPollFirst + 1
	tabWidth      = 8
	echoedControl = 0o100
)

func nttyFunctions() []Function {
	on := func(f func(tty)) func(*Call) { return func(c *Call) { f(tty{c.Kernel, c.Arg(0)}) } }
	return []Function{
		{Name: "n_tty_open", Fn: nttyOpen, Level: Full, Proto: "int n_tty_open(struct tty_struct *tty)"},
		{Name: "n_tty_close", Fn: on(tty.closeBuffer), Level: Full, Proto: "void n_tty_close(struct tty_struct *tty)"},
		{Name: "n_tty_flush_buffer", Fn: on(tty.resetBuffer), Level: Full, Proto: "void n_tty_flush_buffer(struct tty_struct *tty)"},
		{Name: "n_tty_chars_in_buffer", Fn: func(c *Call) { c.Return(tty{c.Kernel, c.Arg(0)}.buffered()) }, Level: Full, Proto: "ssize_t n_tty_chars_in_buffer(struct tty_struct *tty)"},
		{Name: "n_tty_set_termios", Fn: nttySetTermios, Level: Full, Proto: "void n_tty_set_termios(struct tty_struct *tty, struct termios *old)"},
		{Name: "read_chan", Fn: readChan, Level: Full, Proto: "ssize_t read_chan(struct tty_struct *tty, struct file *file, unsigned char *buf, size_t nr)"},
		{Name: "write_chan", Fn: writeChan, Level: Full, Proto: "ssize_t write_chan(struct tty_struct *tty, struct file *file, const unsigned char *buf, size_t nr)"},
		{Name: "normal_poll", Fn: normalPoll, Level: Full, Proto: "unsigned int normal_poll(struct tty_struct *tty, struct file *file, struct poll_table_struct *wait)"},
	}
}

// nttyOpen models static int n_tty_open(struct tty_struct *tty): EINVAL without a line, ENOMEM.
func nttyOpen(c *Call) {
	k, t := c.Kernel, tty{c.Kernel, c.Arg(0)}
	if t.at == 0 {
		c.Fail(abi.EINVAL)
		return
	}
	lay := t.lay()
	if t.get(lay.ReadBuf) == 0 {
		gfp := k.pages.gfp.kernel
		if k.inInterrupt() {
			gfp = k.pages.gfp.atomic
		}
		page := k.GetFreePages(gfp, 0)
		if page == 0 {
			c.Fail(abi.ENOMEM)
			return
		}
		t.set(lay.ReadBuf, page)
	}
	k.mem.Fill(t.get(lay.ReadBuf), ttyBufSize, 0)
	t.resetBuffer()
	t.set(lay.Column, 0)
	t.settle()
	t.set(lay.MinimumToWake, 1)
	t.set(lay.Closing, 0)
	c.Return(0)
}

// closeBuffer is n_tty_close.
func (t tty) closeBuffer() {
	t.resetBuffer()
	if page := t.get(t.lay().ReadBuf); page != 0 {
		t.k.FreePages(page, 0)
		t.set(t.lay().ReadBuf, 0)
	}
}

// resetBuffer forgets all input, and lets the driver send again (n_tty_flush_buffer).
func (t tty) resetBuffer() {
	lay := t.lay()
	for _, f := range []abi.Field{lay.ReadHead, lay.ReadTail, lay.ReadCnt, lay.CanonHead, lay.CanonData, lay.Erasing} {
		t.set(f, 0)
	}
	t.k.mem.Fill(t.at+lay.ReadFlags.Off, lay.ReadFlags.Size, 0)
	t.unthrottle()
}

// unthrottle lets a driver that was held back send again (check_unthrottle).
func (t tty) unthrottle() {
	if t.get(t.lay().Count) != 0 && t.taken(ttyThrottled) {
		t.call(t.k.drv.lay.TTYDriver.Unthrottle)
	}
}

// buffered is n_tty_chars_in_buffer: what a reader can have.
func (t tty) buffered() uint32 {
	lay := t.lay()
	head, tail := t.get(lay.CanonHead), t.get(lay.ReadTail)
	switch {
	case t.get(lay.Icanon) == 0:
		return t.get(lay.ReadCnt)
	case t.get(lay.CanonData) == 0:
		return 0
	case head > tail:
		return head - tail
	}
	return head + ttyBufSize - tail
}

// nttySetTermios models static void n_tty_set_termios(struct tty_struct *tty, struct termios *old).
func nttySetTermios(c *Call) {
	if c.Arg(0) != 0 {
		tty{c.Kernel, c.Arg(0)}.settle()
	}
}

// settle works out from the settings how input is to be treated: line by line or not, raw, or which characters mean something.
func (t tty) settle() {
	const cooked = iStrip | iUCLC | iIgnCR | iCRNL | iNLCR | iXon | iParMrk
	lay, i, l := t.lay(), t.iflag(), t.lflag()
	t.set(lay.Icanon, boolWord(l&lICanon != 0))
	raw := i&cooked == 0 && l&(lICanon|lISig|lEcho) == 0
	direct := (i&iIgnBrk != 0 || i&(iBrkInt|iParMrk) == 0) && (i&iIgnPar != 0 || i&iInpck == 0) &&
		t.driver(t.k.drv.lay.TTYDriver.Flags)&ttyRealRaw != 0
	if t.has(ttyHWCookIn) {
		raw, direct = true, true
	}
	t.set(lay.Raw, boolWord(raw))
	t.set(lay.RealRaw, boolWord(raw && direct))
	if raw {
		return
	}
	t.k.mem.Fill(t.at+lay.CharMap.Off, lay.CharMap.Size, 0)
	if i&(iIgnCR|iCRNL) != 0 {
		t.mark('\r')
	}
	if i&iNLCR != 0 || l&lICanon != 0 {
		t.mark('\n')
	}
	special := func(on bool, chars ...uint32) {
		for _, n := range chars {
			if on {
				t.mark(t.char(n))
			}
		}
	}
	canon := l&lICanon != 0
	special(canon, vErase, vKill, vEOF, vEOL)
	special(canon && l&lIExten != 0, vWErase, vLNext, vEOL2)
	special(canon && l&lIExten != 0 && l&lEcho != 0, vReprint)
	special(i&iXon != 0, vStart, vStop)
	special(l&lISig != 0, vIntr, vQuit, vSusp)
	first := t.at + lay.CharMap.Off
	t.k.mem.SetU32(first, t.k.mem.U32(first)&^1) // 0 is no character
}

// mark enters a character that means something; special asks for one.
func (t tty) mark(c byte) {
	word := t.at + t.lay().CharMap.Off + uint32(c)/32*wordSize
	t.k.mem.SetU32(word, t.k.mem.U32(word)|1<<(c%32))
}

func (t tty) special(c byte) bool {
	return t.k.mem.U32(t.at+t.lay().CharMap.Off+uint32(c)/32*wordSize)>>(c%32)&1 != 0
}

// available tells whether a reader who wants so many bytes can have some (input_available_p).
func (t tty) available(amount uint32) bool {
	if t.get(t.lay().Icanon) != 0 {
		return t.get(t.lay().CanonData) != 0
	}
	return t.get(t.lay().ReadCnt) >= max(amount, 1)
}

// A chanRead is one read of a line.
type chanRead struct {
	c                      *Call
	t                      tty
	f                      uint32
	buf, done, left        uint32
	minimum, time, timeout uint32
	errno                  abi.Errno
}

// readChan models static ssize_t read_chan(struct tty_struct *tty, struct file *file, unsigned char *buf, size_t nr): a line, or
// without line by line as VMIN and VTIME say. 0 is the end: an end-of-file character, or the line has hung up. EIO, EAGAIN,
// EFAULT, ERESTARTSYS.
//
// Context: may sleep.
func readChan(c *Call) {
	r := &chanRead{c: c, t: tty{c.Kernel, c.Arg(0)}, f: c.Arg(1), buf: c.Arg(2), left: c.Arg(3)}
	entry := c.waitEntry()
	for {
		if result := r.begin(); result != 0 {
			c.Return(uint32(result))
			return
		}
		if errno := c.claim(r.t.at+r.t.lay().AtomicRead.Off, r.f); errno != 0 {
			c.Fail(errno)
			return
		}
		r.wait(entry)
		c.Return(errWord(r.errno))
		if r.done != 0 {
			if c.Return(r.done); r.left != 0 {
				r.t.lower(ttyPush)
			}
			return
		}
		if !r.t.taken(ttyPush) {
			return
		}
		r.errno = 0 // an end of file that only ended a line: there is none yet
	}
}

// begin checks that the process may read, and works out how long to wait for how much.
func (r *chanRead) begin() int32 {
	c, k, t, lay := r.c, r.c.Kernel, r.t, r.t.lay()
	if t.get(lay.ReadBuf) == 0 {
		k.Printk("n_tty_read_chan: called with read_buf == NULL?!?\n")
		return failed(abi.EIO)
	}
	dev := k.mem.Get(k.fileInode(r.f), k.lay.Inode.Rdev)
	if dev != devForeground && dev != devConsole && c.Task().Get(k.lay.Task.Tty) == t.at {
		if result := c.mayRead(t); result != 0 {
			return result
		}
	}
	r.minimum, r.time, r.timeout = 0, 0, maxTimeout
	if t.get(lay.Icanon) != 0 {
		return 0
	}
	const tenths = 10
	r.time, r.minimum = uint32(k.profile.HZ)/tenths*uint32(t.char(vTime)), uint32(t.char(vMin))
	switch {
	case r.minimum == 0:
		r.timeout, r.time, r.minimum = r.time, 0, 1
		t.set(lay.MinimumToWake, 1)
	case r.time != 0:
		t.set(lay.MinimumToWake, 1)
	case !t.waiting(lay.ReadWait) || t.get(lay.MinimumToWake) > r.minimum:
		t.set(lay.MinimumToWake, r.minimum)
	}
	return 0
}

// mayRead stops a process in the background that reads from its terminal, by SIGTTIN.
func (c *Call) mayRead(t tty) int32 {
	k, own, pgrp := c.Kernel, c.Task().Get(c.Kernel.lay.Task.Pgrp), t.get(t.lay().Pgrp)
	switch {
	case int32(pgrp) <= 0:
		k.Printk("read_chan: tty->pgrp <= 0!\n")
		return 0
	case own == pgrp:
		return 0
	case c.ignores(abi.SIGTTIN), k.isOrphanedGroup(own):
		return failed(abi.EIO)
	}
	k.signalGroup(own, abi.SIGTTIN)
	return failed(abi.ERESTARTSYS)
}

// wait takes input as it comes until there is enough of it, or something else ends the read. Meanwhile the driver's buffer is
// not turned over but while it sleeps.
func (r *chanRead) wait(entry uint32) {
	c, k, t, lay, state := r.c, r.c.Kernel, r.t, r.t.lay(), r.c.Kernel.lay.Task.State
	k.enterQueue(t.at+lay.ReadWait.Off, entry, 0)
	t.raise(ttyDontFlip)
	for r.left != 0 {
		c.Task().Set(state, abi.TaskInterruptible)
		if want := r.minimum - r.done; int32(want) >= 1 && want < t.get(lay.MinimumToWake) {
			t.set(lay.MinimumToWake, want)
		}
		if !t.available(0) {
			if r.ends() {
				break
			}
			t.lower(ttyDontFlip)
			r.timeout = c.nap(r.timeout)
			t.raise(ttyDontFlip)
			continue
		}
		c.Task().Set(state, abi.TaskRunning)
		if t.get(lay.Icanon) != 0 {
			r.takeLine()
		} else if !r.takeBytes() {
			r.errno = abi.EFAULT
			break
		}
		if t.buffered() <= ttyThreshold {
			t.unthrottle()
		}
		if int32(r.done) >= int32(r.minimum) {
			break
		}
		if r.time != 0 {
			r.timeout = r.time
		}
	}
	t.lower(ttyDontFlip)
	k.up(t.at + lay.AtomicRead.Off)
	k.leaveQueue(entry)
	if !t.waiting(lay.ReadWait) {
		t.set(lay.MinimumToWake, r.minimum)
	}
	c.Task().Set(state, abi.TaskRunning)
}

// ends tells whether a read ends that has no input to take.
func (r *chanRead) ends() bool {
	k := r.c.Kernel
	switch {
	case r.t.has(ttyOtherClosed):
		r.errno = abi.EIO
	case k.hungUp(r.f), r.timeout == 0:
	case k.mem.Get(r.f, k.lay.File.Flags)&abi.ONonblock != 0:
		r.errno = abi.EAGAIN
	case r.c.Task().Get(k.lay.Task.Sigpending) != 0:
		r.errno = abi.ERESTARTSYS
	default:
		return false
	}
	return true
}

// takeLine takes bytes up to the end of a line. An end-of-file character is not part of it. Bytes that the reader's memory has
// no place for are lost.
func (r *chanRead) takeLine() {
	k, t, lay := r.c.Kernel, r.t, r.t.lay()
	for ends := false; r.left != 0 && t.get(lay.ReadCnt) != 0 && !ends; {
		tail := t.get(lay.ReadTail)
		word, bit := t.at+lay.ReadFlags.Off+tail/32*wordSize, uint32(1)<<(tail%32)
		flags := k.mem.U32(word)
		ends = flags&bit != 0
		k.mem.SetU32(word, flags&^bit)
		ch := k.mem.U8(t.get(lay.ReadBuf) + tail)
		t.set(lay.ReadTail, (tail+1)%ttyBufSize)
		t.add(lay.ReadCnt, ^uint32(0))
		if n := t.get(lay.CanonData); ends && int32(n) > 0 {
			t.set(lay.CanonData, n-1)
		}
		if !ends || ch != charDisabled {
			k.PutUser(r.buf+r.done, uint32(ch), 1)
			r.done, r.left = r.done+1, r.left-1
		}
	}
}

// takeBytes takes what there is, as far as the reader has room for it. False for a bad address.
func (r *chanRead) takeBytes() bool {
	k, t, lay := r.c.Kernel, r.t, r.t.lay()
	for range 2 { // up to the end of the buffer, and from its beginning
		tail := t.get(lay.ReadTail)
		n := min(r.left, t.get(lay.ReadCnt), ttyBufSize-tail)
		if n == 0 {
			return true
		}
		bad := uint32(k.CopyToUser(r.buf+r.done, k.mem.Bytes(t.get(lay.ReadBuf)+tail, n)))
		n -= bad
		t.set(lay.ReadTail, (tail+n)%ttyBufSize)
		t.add(lay.ReadCnt, -n)
		r.done, r.left = r.done+n, r.left-n
		if bad != 0 {
			return false
		}
	}
	return true
}

// writeChan models static ssize_t write_chan(struct tty_struct *tty, struct file *file, const unsigned char *buf, size_t nr).
//
// Context: may sleep.
func writeChan(c *Call) {
	k, t, f, buf, left := c.Kernel, tty{c.Kernel, c.Arg(0)}, c.Arg(1), c.Arg(2), c.Arg(3)
	state, done, errno := k.lay.Task.State, uint32(0), abi.Errno(0)
	dev := k.mem.Get(k.fileInode(f), k.lay.Inode.Rdev)
	if t.lflag()&lToStop != 0 && dev != devForeground && dev != devConsole {
		if result := c.mayChange(t); result != 0 {
			c.Return(uint32(result))
			return
		}
	}
	entry, piece := c.waitEntry(), c.Alloca(outputPiece)
	k.enterQueue(t.at+t.lay().WriteWait.Off, entry, 0)
	for {
		c.Task().Set(state, abi.TaskInterruptible)
		if c.Task().Get(k.lay.Task.Sigpending) != 0 {
			errno = abi.ERESTARTSYS
			break
		}
		if k.hungUp(f) {
			errno = abi.EIO
			break
		}
		n, result := t.send(buf+done, left, piece)
		if done, left = done+n, left-n; int32(result) < 0 {
			errno = abi.Errno(-int32(result))
			break
		}
		if left == 0 {
			break
		}
		if k.mem.Get(f, k.lay.File.Flags)&abi.ONonblock != 0 {
			errno = abi.EAGAIN
			break
		}
		k.scheduleCall()
	}
	c.Task().Set(state, abi.TaskRunning)
	k.leaveQueue(entry)
	if c.Return(done); done == 0 {
		c.Return(errWord(errno))
	}
}

// send gives the driver as much of a user's bytes as it takes, by way of output processing if that is on.
func (t tty) send(buf, count, piece uint32) (n, result uint32) {
	k, d := t.k, &t.k.drv.lay.TTYDriver
	if t.oflag()&oPost == 0 || t.has(ttyHWCookOut) {
		const fromUser = 1
		if result = t.must(d.Write, fromUser, buf, count); int32(result) < 0 {
			return 0, result
		}
		return result, 0
	}
	for n < count {
		took := t.sendPlain(buf+n, count-n, piece)
		if int32(took) < 0 {
			if took == errWord(abi.EAGAIN) {
				break
			}
			return n, took
		}
		if n += took; n == count {
			break
		}
		ch, _ := k.GetUser(buf+n, 1)
		if !t.output(byte(ch)) {
			break
		}
		n++
	}
	t.call(d.FlushChars)
	return n, 0
}

// sendPlain sends bytes up to one that becomes another number of bytes (opost_block), at most 80.
func (t tty) sendPlain(buf, count, piece uint32) uint32 {
	k, lay, d, flags := t.k, t.lay(), &t.k.drv.lay.TTYDriver, t.oflag()
	room := t.must(d.WriteRoom)
	if room == 0 {
		return 0
	}
	b := make([]byte, min(count, room, outputPiece))
	if k.CopyFromUser(b, buf) != 0 {
		return errWord(abi.EFAULT)
	}
	i := 0
scan:
	for ; i < len(b); i++ {
		switch c := b[i]; c {
		case '\n':
			if flags&oNLRet != 0 {
				t.set(lay.Column, 0)
			}
			if flags&oNLCR != 0 {
				break scan
			}
			t.set(lay.CanonColumn, t.get(lay.Column))
		case '\r':
			if flags&oNoCR != 0 && t.get(lay.Column) == 0 {
				break scan
			}
			b[i] = t.carriageReturn()
		case '\t':
			break scan
		default:
			b[i] = t.advance(c)
		}
	}
	k.mem.Write(piece, b)
	t.call(d.FlushChars)
	return t.must(d.Write, 0, piece, uint32(i))
}

// carriageReturn is what a return becomes, and moves the column.
func (t tty) carriageReturn() byte {
	lay, flags, c := t.lay(), t.oflag(), byte('\r')
	if flags&oCRNL != 0 {
		c = '\n'
	}
	if c == '\r' || flags&oNLRet != 0 {
		t.set(lay.CanonColumn, 0)
		t.set(lay.Column, 0)
	}
	return c
}

// advance moves the column by a character without a meaning of its own, or back, and returns what the character becomes.
func (t tty) advance(c byte) byte {
	column := t.lay().Column
	if c == '\b' {
		if t.get(column) > 0 {
			t.add(column, ^uint32(0))
		}
		return c
	}
	if t.oflag()&oLCUC != 0 {
		c = toUpper(c)
	}
	if !isControl(c) {
		t.add(column, 1)
	}
	return c
}

// output sends one character with output processing; false when the driver has no room for what it becomes (opost).
func (t tty) output(c byte) bool {
	k, lay, d, flags := t.k, t.lay(), &t.k.drv.lay.TTYDriver, t.oflag()
	room := t.must(d.WriteRoom)
	if room == 0 {
		return false
	}
	if flags&oPost == 0 {
		t.put(c)
		return true
	}
	switch c {
	case '\n':
		if flags&oNLRet != 0 {
			t.set(lay.Column, 0)
		}
		if flags&oNLCR != 0 {
			if room < 2 {
				return false
			}
			t.put('\r')
			t.set(lay.Column, 0)
		}
		t.set(lay.CanonColumn, t.get(lay.Column))
	case '\r':
		if flags&oNoCR != 0 && t.get(lay.Column) == 0 {
			return true
		}
		c = t.carriageReturn()
	case '\t':
		spaces := tabWidth - t.get(lay.Column)%tabWidth
		if flags&oTabs == oTabs {
			if room < spaces {
				return false
			}
			t.add(lay.Column, spaces)
			k.onStack([]byte("        "), func(at uint32) { t.must(d.Write, 0, at, spaces) })
			return true
		}
		t.add(lay.Column, spaces)
	default:
		c = t.advance(c)
	}
	t.put(c)
	return true
}

// onStack puts bytes on the guest's stack while f runs.
func (k *Kernel) onStack(b []byte, f func(at uint32)) {
	esp := k.m.Reg(vm.ESP)
	at := (esp - uint32(len(b))) &^ (wordSize - 1)
	k.m.SetReg(vm.ESP, at)
	k.mem.Write(at, b)
	f(at)
	k.m.SetReg(vm.ESP, esp)
}

// put gives the driver one character as it is.
func (t tty) put(c byte) { t.must(t.k.drv.lay.TTYDriver.PutChar, uint32(c)) }

// normalPoll models static unsigned int normal_poll(struct tty_struct *tty, struct file *file, poll_table *wait).
func normalPoll(c *Call) {
	const in, out, hup = 1 | 0x40, 4 | 0x100, 0x10
	k, t, f, lay := c.Kernel, tty{c.Kernel, c.Arg(0)}, c.Arg(1), &c.Kernel.drv.lay.TTY
	if table := c.Arg(2); table != 0 {
		k.pollWait(f, t.at+lay.ReadWait.Off, table)
		k.pollWait(f, t.at+lay.WriteWait.Off, table)
	}
	least, mask := uint32(t.char(vMin)), uint32(0)
	if t.char(vTime) != 0 {
		least = 0
	}
	if t.available(least) {
		mask |= in
	}
	if t.has(ttyOtherClosed) || k.hungUp(f) {
		mask |= hup
	}
	if mask == 0 {
		t.set(lay.MinimumToWake, max(least, 1))
	}
	if int32(t.must(k.drv.lay.TTYDriver.CharsInBuffer)) < wakeupChars {
		mask |= out
	}
	c.Return(mask)
}
