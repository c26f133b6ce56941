// SPDX-License-Identifier: BSD-3-Clause
// Terminals: struct tty_struct, its driver and its line discipline (2.4.18 linux/tty.h, linux/tty_driver.h,
// linux/tty_ldisc.h, drivers/char/tty_io.c).
//
// A tty_struct is made when a line is opened first and holds copies of its driver's and its discipline's tables. The kernel's
// own terminals are not written: to open one stops the run by name. Nor are drivers of pairs of terminals.

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

type ttyLayout struct {
	Size          uint32    `c:"(sizeof)"`
	Magic         abi.Field `c:"magic"`
	Driver        abi.Field `c:"driver"`
	Ldisc         abi.Field `c:"ldisc"`
	Termios       abi.Field `c:"termios"`
	TermiosLocked abi.Field `c:"termios_locked"`
	Pgrp          abi.Field `c:"pgrp"`
	Session       abi.Field `c:"session"`
	Device        abi.Field `c:"device"`
	Flags         abi.Field `c:"flags"`
	Count         abi.Field `c:"count"`
	Winsize       abi.Field `c:"winsize"`
	Stopped       abi.Field `c:"stopped"`
	FlowStopped   abi.Field `c:"flow_stopped"`
	LowLatency    abi.Field `c:"low_latency"`
	Warned        abi.Field `c:"warned"`
	CtrlStatus    abi.Field `c:"ctrl_status"`
	Fasync        abi.Field `c:"fasync"`
	Flip          abi.Field `c:"flip"`
	AltSpeed      abi.Field `c:"alt_speed"`
	WriteWait     abi.Field `c:"write_wait"`
	ReadWait      abi.Field `c:"read_wait"`
	TqHangup      abi.Field `c:"tq_hangup"`
	Files         abi.Field `c:"tty_files"`
	Column        abi.Field `c:"column"`
	Lnext         abi.Field `c:"lnext"`
	Erasing       abi.Field `c:"erasing"`
	Raw           abi.Field `c:"raw"`
	RealRaw       abi.Field `c:"real_raw"`
	Icanon        abi.Field `c:"icanon"`
	Closing       abi.Field `c:"closing"`
	MinimumToWake abi.Field `c:"minimum_to_wake"`
	OverrunTime   abi.Field `c:"overrun_time"`
	NumOverrun    abi.Field `c:"num_overrun"`
	CharMap       abi.Field `c:"process_char_map"`
	ReadBuf       abi.Field `c:"read_buf"`
	ReadHead      abi.Field `c:"read_head"`
	ReadTail      abi.Field `c:"read_tail"`
	ReadCnt       abi.Field `c:"read_cnt"`
	ReadFlags     abi.Field `c:"read_flags"`
	CanonData     abi.Field `c:"canon_data"`
	CanonHead     abi.Field `c:"canon_head"`
	CanonColumn   abi.Field `c:"canon_column"`
	AtomicRead    abi.Field `c:"atomic_read"`
	AtomicWrite   abi.Field `c:"atomic_write"`
	SAKTq         abi.Field `c:"SAK_tq"`
}

type ttyDriverLayout struct {
	Size          uint32    `c:"(sizeof)"`
	DriverName    abi.Field `c:"driver_name"`
	Name          abi.Field `c:"name"`
	NameBase      abi.Field `c:"name_base"`
	Major         abi.Field `c:"major"`
	MinorStart    abi.Field `c:"minor_start"`
	Num           abi.Field `c:"num"`
	Type          abi.Field `c:"type"`
	Subtype       abi.Field `c:"subtype"`
	InitTermios   abi.Field `c:"init_termios"`
	Flags         abi.Field `c:"flags"`
	Refcount      abi.Field `c:"refcount"`
	ProcEntry     abi.Field `c:"proc_entry"`
	Table         abi.Field `c:"table"`
	Termios       abi.Field `c:"termios"`
	TermiosLocked abi.Field `c:"termios_locked"`
	Open          abi.Field `c:"open"`
	Close         abi.Field `c:"close"`
	Write         abi.Field `c:"write"`
	PutChar       abi.Field `c:"put_char"`
	FlushChars    abi.Field `c:"flush_chars"`
	WriteRoom     abi.Field `c:"write_room"`
	CharsInBuffer abi.Field `c:"chars_in_buffer"`
	Ioctl         abi.Field `c:"ioctl"`
	SetTermios    abi.Field `c:"set_termios"`
	Throttle      abi.Field `c:"throttle"`
	Unthrottle    abi.Field `c:"unthrottle"`
	Stop          abi.Field `c:"stop"`
	Start         abi.Field `c:"start"`
	Hangup        abi.Field `c:"hangup"`
	BreakCtl      abi.Field `c:"break_ctl"`
	FlushBuffer   abi.Field `c:"flush_buffer"`
	SetLdisc      abi.Field `c:"set_ldisc"`
	WaitUntilSent abi.Field `c:"wait_until_sent"`
	SendXchar     abi.Field `c:"send_xchar"`
	ReadProc      abi.Field `c:"read_proc"`
	WriteProc     abi.Field `c:"write_proc"`
	Next          abi.Field `c:"next"`
	Prev          abi.Field `c:"prev"`
}

type ttyLdiscLayout struct {
	Size          uint32    `c:"(sizeof)"`
	Magic         abi.Field `c:"magic"`
	Name          abi.Field `c:"name"`
	Num           abi.Field `c:"num"`
	Flags         abi.Field `c:"flags"`
	Open          abi.Field `c:"open"`
	Close         abi.Field `c:"close"`
	FlushBuffer   abi.Field `c:"flush_buffer"`
	CharsInBuffer abi.Field `c:"chars_in_buffer"`
	Read          abi.Field `c:"read"`
	Write         abi.Field `c:"write"`
	Ioctl         abi.Field `c:"ioctl"`
	SetTermios    abi.Field `c:"set_termios"`
	Poll          abi.Field `c:"poll"`
	ReceiveBuf    abi.Field `c:"receive_buf"`
	ReceiveRoom   abi.Field `c:"receive_room"`
	WriteWakeup   abi.Field `c:"write_wakeup"`
}

type ttyFlipLayout struct {
	Tqueue     abi.Field `c:"tqueue"`
	PtySem     abi.Field `c:"pty_sem"`
	CharBufPtr abi.Field `c:"char_buf_ptr"`
	FlagBufPtr abi.Field `c:"flag_buf_ptr"`
	Count      abi.Field `c:"count"`
	BufNum     abi.Field `c:"buf_num"`
	CharBuf    abi.Field `c:"char_buf"`
	FlagBuf    abi.Field `c:"flag_buf"`
}

// Bits of tty->flags.
const (
	ttyThrottled    = 1 << 0
	ttyIOError      = 1 << 1
	ttyOtherClosed  = 1 << 2
	ttyExclusive    = 1 << 3
	ttyDoWakeup     = 1 << 5
	ttyPush         = 1 << 6
	ttyClosing      = 1 << 7
	ttyDontFlip     = 1 << 8
	ttyHWCookOut    = 1 << 14
	ttyHWCookIn     = 1 << 15
	ttyNoWriteSplit = 1 << 17
)

// Other facts of these headers.
const (
	ttyMagic         = 0x5401
	ttyBufSize       = 4096 // N_TTY_BUF_SIZE
	ttyFlipSize      = 512
	ttyTypeSerial    = 3 // TTY_DRIVER_TYPE_SERIAL
	ttyTypePty       = 4
	ttyCallout       = 2 // SERIAL_TYPE_CALLOUT
	ttyResetTermios  = 2 // TTY_DRIVER_RESET_TERMIOS
	ttyRealRaw       = 4 // TTY_DRIVER_REAL_RAW
	termiosSize      = 36
	termiosLine      = 16
	termiosChars     = 17
	termiosCharCount = 19
	noPgrp           = ^uint32(0)
)

// A tty is a struct tty_struct.
type tty struct {
	k  *Kernel
	at uint32
}

func (t tty) lay() *ttyLayout           { return &t.k.drv.lay.TTY }
func (t tty) get(f abi.Field) uint32    { return t.k.mem.Get(t.at, f) }
func (t tty) set(f abi.Field, v uint32) { t.k.mem.Set(t.at, f, v) }
func (t tty) add(f abi.Field, n uint32) { t.set(f, t.get(f)+n) }

func (t tty) has(flag uint32) bool { return t.get(t.lay().Flags)&flag != 0 }
func (t tty) raise(flag uint32)    { t.set(t.lay().Flags, t.get(t.lay().Flags)|flag) }
func (t tty) lower(flag uint32)    { t.set(t.lay().Flags, t.get(t.lay().Flags)&^flag) }

// taken lowers a flag and reports whether it was up.
func (t tty) taken(flag uint32) bool {
	up := t.has(flag)
	t.lower(flag)
	return up
}

// driver reads a field of the line's copy of its driver.
func (t tty) driver(f abi.Field) uint32 { return t.k.mem.Get(t.at+t.lay().Driver.Off, f) }

// call calls a function of the driver, if it has that.
func (t tty) call(op abi.Field, args ...uint32) (result uint32, known bool) {
	fn := t.driver(op)
	if fn == 0 {
		return 0, false
	}
	return t.k.Call(fn, append([]uint32{t.at}, args...)...), true
}

// must calls a function that every driver has to have: without it the kernel jumps to 0.
func (t tty) must(op abi.Field, args ...uint32) uint32 {
	return t.k.Call(t.driver(op), append([]uint32{t.at}, args...)...)
}

// discipline calls a function of the line discipline, if it has that.
func (t tty) discipline(op abi.Field, args ...uint32) (result uint32, known bool) {
	fn := t.k.mem.Get(t.at+t.lay().Ldisc.Off, op)
	if fn == 0 {
		return 0, false
	}
	return t.k.Call(fn, append([]uint32{t.at}, args...)...), true
}

// setDiscipline copies a line of the table of disciplines.
func (t tty) setDiscipline(n uint32) {
	size := t.k.drv.lay.TTYLdisc.Size
	t.k.mem.Copy(t.at+t.lay().Ldisc.Off, t.k.drv.sym.Ldiscs+n*size, size)
}

func (t tty) disciplineNumber() uint32 {
	return t.k.mem.Get(t.at+t.lay().Ldisc.Off, t.k.drv.lay.TTYLdisc.Num)
}

// The settings: words of flags, control characters.
func (t tty) word(i uint32) uint32 { return t.k.mem.U32(t.get(t.lay().Termios) + i*wordSize) }
func (t tty) iflag() uint32        { return t.word(0) }
func (t tty) oflag() uint32        { return t.word(1) }
func (t tty) cflag() uint32        { return t.word(2) }
func (t tty) lflag() uint32        { return t.word(3) }

func (t tty) setLine(n uint32) { t.k.mem.SetU8(t.get(t.lay().Termios)+termiosLine, byte(n)) }

func (t tty) char(i uint32) byte { return t.k.mem.U8(t.get(t.lay().Termios) + termiosChars + i) }

// index is which of its driver's lines it is.
func (t tty) index() uint32 {
	return t.get(t.lay().Device)&0xff - t.driver(t.k.drv.lay.TTYDriver.MinorStart)
}

// name is the driver's name for the line (tty_name): a format with or without room for a number.
func (t tty) name() string {
	d := &t.k.drv.lay.TTYDriver
	number := fmt.Sprint(int32(t.index() + t.driver(d.NameBase)))
	return strings.Replace(t.k.kernelString(t.driver(d.Name)), "%d", number, 1)
}

// wake wakes who waits on a queue of the line and can be disturbed (wake_up_interruptible).
func (t tty) wake(queue abi.Field) { t.k.wakeQueue(t.at+queue.Off, abi.TaskInterruptible, 1) }

// waiting tells whether somebody waits on a queue of the line (waitqueue_active).
func (t tty) waiting(queue abi.Field) bool {
	return !t.k.listEmpty(t.at + queue.Off + t.k.lay.WaitQueueHead.TaskList.Off)
}

// fileTTY is the line of an open file, refused with a line in the log when there is none (tty_paranoia_check).
func (k *Kernel) fileTTY(f uint32, routine string) (t tty, ok bool) {
	t = tty{k, k.mem.Get(f, k.lay.File.PrivateData)}
	dev := k.mem.Get(k.fileInode(f), k.lay.Inode.Rdev)
	switch {
	case t.at == 0:
		k.Printk("<4>Warning: null TTY for (%s) in %s\n", kdevName(dev), routine)
	case t.get(t.lay().Magic) != ttyMagic:
		k.Printk("<4>Warning: bad magic number for tty struct (%s) in %s\n", kdevName(dev), routine)
	default:
		return t, true
	}
	return t, false
}

// bootTTY enters the operations of terminals and the usual line discipline.
func (k *Kernel) bootTTY() error {
	file, l := &k.lay.FileOperations, &k.drv.lay.TTYLdisc
	open, hungUp, ntty := k.drv.sym.TTYFops, k.symbol("hung_up_tty_fops"), k.symbol("tty_ldisc_N_TTY")
	for _, row := range []struct {
		table uint32
		f     abi.Field
		name  string
	}{
		{open, file.Llseek, "no_llseek"}, {open, file.Read, "tty_read"}, {open, file.Write, "tty_write"}, {open, file.Poll, "tty_poll"},
		{open, file.Ioctl, "tty_ioctl"}, {open, file.Open, "tty_open"}, {open, file.Release, "tty_release"}, {open, file.Fasync, "tty_fasync"},
		{hungUp, file.Llseek, "no_llseek"}, {hungUp, file.Read, "hung_up_tty_read"}, {hungUp, file.Write, "hung_up_tty_write"},
		{hungUp, file.Poll, "hung_up_tty_poll"}, {hungUp, file.Ioctl, "hung_up_tty_ioctl"}, {hungUp, file.Release, "tty_release"},
		{ntty, l.Open, "n_tty_open"}, {ntty, l.Close, "n_tty_close"}, {ntty, l.FlushBuffer, "n_tty_flush_buffer"},
		{ntty, l.CharsInBuffer, "n_tty_chars_in_buffer"}, {ntty, l.Read, "read_chan"}, {ntty, l.Write, "write_chan"},
		{ntty, l.Ioctl, "n_tty_ioctl"}, {ntty, l.SetTermios, "n_tty_set_termios"}, {ntty, l.Poll, "normal_poll"},
		{ntty, l.ReceiveBuf, "n_tty_receive_buf"}, {ntty, l.ReceiveRoom, "n_tty_receive_room"}, {ntty, l.WriteWakeup, "n_tty_write_wakeup"},
	} {
		if err := k.setOp(row.table, row.f, row.name); err != nil {
			return err
		}
	}
	k.mem.Set(ntty, l.Magic, ldiscMagic)
	k.mem.Set(ntty, l.Name, k.newString("n_tty"))
	k.mem.Copy(k.drv.sym.Ldiscs, ntty, l.Size)
	k.mem.Set(k.drv.sym.Ldiscs, l.Flags, ldiscDefined)
	k.initSemaphore(k.symbol("tty_sem"), 1)
	return nil
}
