// SPDX-License-Identifier: BSD-3-Clause
// The settings of terminals: struct termios for programs (2.4.18 drivers/char/tty_ioctl.c).

package guestkernel

import (
	"encoding/binary"
	"slices"

	"ring0/guestkernel/abi"
)

// Commands (asm/ioctls.h).
const (
	tcGets          = 0x5401
	tcSets          = 0x5402
	tcSetsw         = 0x5403
	tcSetsf         = 0x5404
	tcGeta          = 0x5405
	tcSeta          = 0x5406
	tcSetaw         = 0x5407
	tcSetaf         = 0x5408
	tcXonc          = 0x540a
	tcFlsh          = 0x540b
	tiocOutq        = 0x5411
	tiocGSoftcar    = 0x5419
	tiocSSoftcar    = 0x541a
	tiocInq         = 0x541b
	tiocPkt         = 0x5420
	tiocGLckTrmios  = 0x5456
	tiocSLckTrmios  = 0x5457
	termioSize      = 17 // struct termio without its padding: four words of 16 bits, line, eight characters
	termioLine      = 8
	termioChars     = 9
	termioCharCount = 8
)

func nttyIoctlFunctions() []Function {
	return []Function{{Name: "n_tty_ioctl", Fn: nttyIoctl, Level: Full}}
}

// nttyIoctl models int n_tty_ioctl(struct tty_struct *tty, struct file *file, unsigned int cmd, unsigned long arg): ENOIOCTLCMD
// for what it does not know. Other disciplines and drivers call it, too.
//
// Context: may sleep.
func nttyIoctl(c *Call) {
	k, t, cmd, arg, lay := c.Kernel, tty{c.Kernel, c.Arg(0)}, c.Arg(2), c.Arg(3), &c.Kernel.drv.lay.TTY
	c.Return(0)
	switch cmd {
	case tcGets:
		c.copyTermios(arg, t.get(lay.Termios))
	case tiocGLckTrmios:
		c.copyTermios(arg, t.get(lay.TermiosLocked))
	case tiocSLckTrmios:
		b := make([]byte, termiosSize)
		if !c.Task().Capable(abi.CapSysAdmin) {
			c.Fail(abi.EPERM)
		} else if k.CopyFromUser(b, arg) != 0 {
			c.Fail(abi.EFAULT)
		} else {
			k.mem.Write(t.get(lay.TermiosLocked), b)
		}
	case tcGeta:
		if k.CopyToUser(arg, toTermio(k.mem.Bytes(t.get(lay.Termios), termiosSize))) != 0 {
			c.Fail(abi.EFAULT)
		}
	case tcSets, tcSetsw, tcSetsf, tcSeta, tcSetaw, tcSetaf:
		c.setTermios(t, cmd, arg)
	case tcXonc:
		c.flowCommand(t, arg)
	case tcFlsh:
		c.flushCommand(t, arg)
	case tiocOutq:
		n, _ := t.call(k.drv.lay.TTYDriver.CharsInBuffer)
		c.putUser(arg, uint64(n), wordSize)
	case tiocInq:
		c.putUser(arg, uint64(t.inputWaiting()), wordSize)
	case tiocPkt:
		c.Fail(abi.ENOTTY) // it is not the controlling side of a pair
	case tiocGSoftcar:
		c.putUser(arg, uint64(boolWord(t.cflag()&cClocal != 0)), wordSize)
	case tiocSSoftcar:
		c.setSoftCarrier(t, arg)
	default:
		c.Return(unknownCommand)
	}
}

func (c *Call) copyTermios(to, from uint32) {
	if c.Kernel.CopyToUser(to, c.Kernel.mem.Bytes(from, termiosSize)) != 0 {
		c.Fail(abi.EFAULT)
	}
}

func (c *Call) setSoftCarrier(t tty, arg uint32) {
	on, ok := c.Kernel.GetUser(arg, wordSize)
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	flags := t.cflag() &^ cClocal
	if on != 0 {
		flags |= cClocal
	}
	c.Kernel.mem.SetU32(t.get(t.lay().Termios)+2*wordSize, flags)
}

// toTermio makes struct termio of struct termios; fromTermio changes what it has of one.
func toTermio(b []byte) []byte {
	out := make([]byte, termioSize)
	for i := range 4 {
		copy(out[2*i:], b[wordSize*i:wordSize*i+2])
	}
	out[termioLine] = b[termiosLine]
	copy(out[termioChars:], b[termiosChars:termiosChars+termioCharCount])
	return out
}

func fromTermio(b, termio []byte) {
	for i := range 4 {
		copy(b[wordSize*i:], termio[2*i:2*i+2])
	}
	copy(b[termiosChars:], termio[termioChars:termioChars+termioCharCount])
}

// inputWaiting is how much a reader could have: of whole lines, without the characters that end a file.
func (t tty) inputWaiting() (n uint32) {
	lay := t.lay()
	if t.lflag()&lICanon == 0 {
		return t.get(lay.ReadCnt)
	}
	if t.get(lay.CanonData) == 0 || t.get(lay.ReadBuf) == 0 {
		return 0
	}
	for at := t.get(lay.ReadTail); at != t.get(lay.CanonHead); at = (at + 1) % ttyBufSize {
		ends := t.k.mem.U32(t.at+lay.ReadFlags.Off+at/32*wordSize)>>(at%32)&1 != 0
		if !ends || t.k.mem.U8(t.get(lay.ReadBuf)+at) != charDisabled {
			n++
		}
	}
	return n
}

// setTermios is TCSETS and its relatives: those with a W wait until all is sent, those with an F also forget what came in.
func (c *Call) setTermios(t tty, cmd, arg uint32) {
	k, b := c.Kernel, slices.Clone(c.Kernel.mem.Bytes(t.get(t.lay().Termios), termiosSize))
	if result := c.mayChange(t); result != 0 {
		c.Return(uint32(result))
		return
	}
	if cmd >= tcSeta {
		termio := make([]byte, termioSize)
		if k.CopyFromUser(termio, arg) != 0 {
			c.Fail(abi.EFAULT)
			return
		}
		fromTermio(b, termio)
	} else if k.CopyFromUser(b, arg) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	if cmd == tcSetsf || cmd == tcSetaf {
		t.discipline(k.drv.lay.TTYLdisc.FlushBuffer)
	}
	if cmd != tcSets && cmd != tcSeta {
		c.waitUntilSent(t, 0)
		if c.Task().Get(k.lay.Task.Sigpending) != 0 {
			c.Fail(abi.EINTR)
			return
		}
	}
	t.changeTermios(b)
}

// changeTermios gives a line other settings, but for those that are locked, and tells driver and discipline (change_termios).
func (t tty) changeTermios(b []byte) {
	k, lay := t.k, t.lay()
	at := t.get(lay.Termios)
	old := slices.Clone(k.mem.Bytes(at, termiosSize))
	k.mem.Write(at, unlockedTermios(b, old, k.mem.Bytes(t.get(lay.TermiosLocked), termiosSize)))
	if wasCanon := binary.LittleEndian.Uint32(old[3*wordSize:]) & lICanon; wasCanon != t.lflag()&lICanon {
		k.mem.Fill(t.at+lay.ReadFlags.Off, lay.ReadFlags.Size, 0)
		t.set(lay.CanonHead, t.get(lay.ReadTail))
		t.set(lay.CanonData, 0)
		t.set(lay.Erasing, 0)
		if wasCanon != 0 && t.get(lay.ReadCnt) != 0 {
			t.wake(lay.ReadWait)
		}
	}
	k.onStack(old, func(at uint32) {
		t.call(k.drv.lay.TTYDriver.SetTermios, at)
		t.discipline(k.drv.lay.TTYLdisc.SetTermios, at)
	})
}

// unlockedTermios is new settings with the old ones where a bit, or a character, is locked.
func unlockedTermios(b, old, locked []byte) []byte {
	out := slices.Clone(b)
	for i := range termiosLine {
		out[i] = b[i]&^locked[i] | old[i]&locked[i]
	}
	for i := termiosLine; i < termiosChars+termiosCharCount; i++ {
		if locked[i] != 0 {
			out[i] = old[i]
		}
	}
	return out
}

// flowCommand is TCXONC: output off and on, and the characters that ask the other side for it.
func (c *Call) flowCommand(t tty, arg uint32) {
	const outputOff, outputOn, inputOff, inputOn = 0, 1, 2, 3
	lay := t.lay()
	if result := c.mayChange(t); result != 0 {
		c.Return(uint32(result))
		return
	}
	switch arg {
	case outputOff:
		if t.get(lay.FlowStopped) == 0 {
			t.set(lay.FlowStopped, 1)
			t.stop()
		}
	case outputOn:
		if t.get(lay.FlowStopped) != 0 {
			t.set(lay.FlowStopped, 0)
			t.start()
		}
	case inputOff:
		t.sendUrgent(t.char(vStop))
	case inputOn:
		t.sendUrgent(t.char(vStart))
	default:
		c.Fail(abi.EINVAL)
	}
}

// sendUrgent sends a character before all others, also while output is stopped; 0 is none (send_prio_char).
func (t tty) sendUrgent(ch byte) {
	d, stopped := &t.k.drv.lay.TTYDriver, t.get(t.lay().Stopped) != 0
	if ch == charDisabled {
		return
	}
	if _, known := t.call(d.SendXchar, uint32(ch)); known {
		return
	}
	if stopped {
		t.start()
	}
	t.k.onStack([]byte{ch}, func(at uint32) { t.must(d.Write, 0, at, 1) })
	if stopped {
		t.stop()
	}
}

// flushCommand is TCFLSH: forgets input, output or both.
func (c *Call) flushCommand(t tty, arg uint32) {
	const input, output, both = 0, 1, 2
	if result := c.mayChange(t); result != 0 {
		c.Return(uint32(result))
		return
	}
	if arg > both {
		c.Fail(abi.EINVAL)
		return
	}
	if arg != output {
		t.discipline(c.Kernel.drv.lay.TTYLdisc.FlushBuffer)
	}
	if arg != input {
		t.call(c.Kernel.drv.lay.TTYDriver.FlushBuffer)
	}
}
