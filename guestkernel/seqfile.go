// SPDX-License-Identifier: BSD-3-Clause
// Files whose text is made record by record: struct seq_file (2.4.18 fs/seq_file.c), and the one of them that the kernel
// itself has, /proc/ksyms (kernel/module.c, fs/proc/proc_misc.c).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// seqLayouts are struct seq_file and struct seq_operations (linux/seq_file.h).
type seqLayouts struct {
	file seqFileLayout
	ops  seqOpsLayout
}

type seqFileLayout struct {
	Size  uint32    `c:"(sizeof)"`
	Buf   abi.Field `c:"buf"`
	Room  abi.Field `c:"size"`
	From  abi.Field `c:"from"` // of what is in the buffer and has not been read
	Count abi.Field `c:"count"`
	Index abi.Field `c:"index"` // of the record that comes next
	Sem   abi.Field `c:"sem"`
	Op    abi.Field `c:"op"`
}

type seqOpsLayout struct {
	Start abi.Field `c:"start"`
	Stop  abi.Field `c:"stop"`
	Next  abi.Field `c:"next"`
	Show  abi.Field `c:"show"`
}

func seqFunctions() []Function {
	return []Function{
		{Name: "seq_open", Fn: func(c *Call) { c.Return(uint32(-c.Kernel.seqOpen(c.Arg(0), c.Arg(1)))) }, Level: Full},
		{Name: "seq_read", Fn: seqRead, Level: Full},
		{Name: "seq_lseek", Fn: seqLseek, Level: Full},
		{Name: "seq_release", Fn: seqRelease, Level: Full},
		{Name: "seq_escape", Fn: seqEscape, Level: Full},
		{Name: "seq_printf", Fn: seqPrintf, Level: Full},
		{Name: "ksyms_open", Fn: func(c *Call) { c.Return(uint32(-c.Kernel.seqOpen(c.Arg(1), c.Kernel.symbol("ksyms_op")))) }, Level: Full},
		{Name: "s_start", Fn: ksymsStart, Level: Full},
		{Name: "s_next", Fn: ksymsNext, Level: Full},
		{Name: "s_stop", Fn: ksymsStop, Level: Full},
		{Name: "s_show", Fn: ksymsShow, Level: Full},
	}
}

// bootSeqFiles fills the operations of /proc/ksyms.
func (k *Kernel) bootSeqFiles() error {
	lay := &k.seq
	if err := k.profile.Bind("struct seq_file", &lay.file); err != nil {
		return err
	}
	if err := k.profile.Bind("struct seq_operations", &lay.ops); err != nil {
		return err
	}
	file := &k.lay.FileOperations
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"proc_ksyms_operations", file.Open, "ksyms_open"}, {"proc_ksyms_operations", file.Read, "seq_read"},
		{"proc_ksyms_operations", file.Llseek, "seq_lseek"}, {"proc_ksyms_operations", file.Release, "seq_release"},
	} {
		if err := k.setOp(k.symbol(row.table), row.f, row.name); err != nil {
			return err
		}
	}
	// slab.c has functions of the same names: those of module.c lie first.
	for _, row := range []struct {
		f    abi.Field
		name string
	}{{lay.ops.Start, "s_start"}, {lay.ops.Next, "s_next"}, {lay.ops.Stop, "s_stop"}, {lay.ops.Show, "s_show"}} {
		at, ok := k.slotOf(row.name)
		if !ok {
			return fmt.Errorf("guestkernel: no function %s", row.name)
		}
		k.mem.Set(k.symbol("ksyms_op"), row.f, at)
	}
	return nil
}

// slotOf is where the function behind a row lies. System.map may have others of the name.
func (k *Kernel) slotOf(name string) (addr uint32, ok bool) {
	for at, s := range k.slots {
		if s.fn != nil && s.fn.Name == name {
			return at, true // a row has one slot
		}
	}
	return 0, false
}

// seqOpen gives an open file its seq_file.
func (k *Kernel) seqOpen(f, op uint32) abi.Errno {
	lay := &k.seq.file
	m := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if m == 0 {
		return abi.ENOMEM
	}
	k.mem.Fill(m, lay.Size, 0)
	k.initSemaphore(m+lay.Sem.Off, 1)
	k.mem.Set(m, lay.Op, op)
	k.mem.Set(f, k.lay.File.PrivateData, m)
	return 0
}

// A sequence is a seq_file at work.
type sequence struct {
	c   *Call
	k   *Kernel
	lay *seqFileLayout
	at  uint32
	pos uint32 // a loff_t for the operations, on the stack
}

func (c *Call) sequence(f uint32) sequence {
	const posSize = 8
	k := c.Kernel
	return sequence{c, k, &k.seq.file, k.mem.Get(f, k.lay.File.PrivateData), c.Alloca(posSize)}
}

func (s *sequence) get(f abi.Field) uint32    { return s.k.mem.Get(s.at, f) }
func (s *sequence) set(f abi.Field, v uint32) { s.k.mem.Set(s.at, f, v) }

func (s *sequence) index() uint64       { return s.k.mem.U64(s.at + s.lay.Index.Off) }
func (s *sequence) setIndex(pos uint64) { s.k.mem.SetU64(s.at+s.lay.Index.Off, pos) }

// call calls one of the operations with further arguments.
func (s *sequence) call(op abi.Field, args ...uint32) uint32 {
	return s.k.Call(s.k.mem.Get(s.get(s.lay.Op), op), append([]uint32{s.at}, args...)...)
}

// start and next yield a record, 0 at the end, or a negative error number as an address.
func (s *sequence) start(pos uint64) uint32 {
	s.k.mem.SetU64(s.pos, pos)
	return s.call(s.k.seq.ops.Start, s.pos)
}

func (s *sequence) next(record uint32, pos uint64) (uint32, uint64) {
	s.k.mem.SetU64(s.pos, pos)
	record = s.call(s.k.seq.ops.Next, record, s.pos)
	return record, s.k.mem.U64(s.pos)
}

func isErrWord(v uint32) bool { return v > ^uint32(1000) } // IS_ERR: the last thousand addresses

// room makes the buffer, the first time, or one twice as large.
func (s *sequence) room(more bool) bool {
	switch {
	case s.get(s.lay.Buf) == 0:
		s.set(s.lay.Room, abi.PageSize)
	case more:
		s.k.Kfree(s.get(s.lay.Buf))
		s.set(s.lay.Room, 2*s.get(s.lay.Room))
	default:
		return true
	}
	s.set(s.lay.Count, 0)
	s.set(s.lay.Buf, s.k.Kmalloc(s.get(s.lay.Room), s.k.pages.gfp.kernel))
	return s.get(s.lay.Buf) != 0
}

// seqRead models ssize_t seq_read(struct file *file, char *buf, size_t size, loff_t *ppos): what is left in the buffer, then
// as many whole records as there is room for, at least one.
func seqRead(c *Call) {
	k, f, pos := c.Kernel, c.Arg(0), c.Arg(3)
	if pos != f+k.lay.File.Pos.Off {
		c.Fail(abi.EPIPE)
		return
	}
	s := c.sequence(f)
	k.down(c, s.at+s.lay.Sem.Off)
	copied, result := s.read(c.Arg(1), c.Arg(2))
	if copied != 0 {
		k.mem.SetU64(pos, k.mem.U64(pos)+uint64(copied))
		result = copied
	}
	k.up(s.at + s.lay.Sem.Off)
	c.Return(result)
}

// read returns how many bytes were copied; result says why none were.
func (s *sequence) read(buf, size uint32) (copied, result uint32) {
	if !s.room(false) {
		return 0, errWord(abi.ENOMEM)
	}
	if count := s.get(s.lay.Count); count != 0 {
		n := min(count, size)
		if !s.copyOut(buf, s.get(s.lay.From), n) {
			return 0, errWord(abi.EFAULT)
		}
		s.set(s.lay.Count, count-n)
		s.set(s.lay.From, s.get(s.lay.From)+n)
		if count == n {
			s.setIndex(s.index() + 1)
		}
		buf, size, copied = buf+n, size-n, n
		if size == 0 {
			return copied, 0
		}
	}
	record, result := s.first()
	if result != 0 || record == 0 {
		return copied, result
	}
	pos := s.fill(record, size)
	n := min(s.get(s.lay.Count), size)
	if !s.copyOut(buf, 0, n) {
		return copied, errWord(abi.EFAULT)
	}
	left := s.get(s.lay.Count) - n
	s.set(s.lay.Count, left)
	if left != 0 {
		s.set(s.lay.From, n)
	} else {
		pos++
	}
	s.setIndex(pos)
	return copied + n, 0
}

func (s *sequence) copyOut(to, from, n uint32) bool {
	return s.k.CopyToUser(to, s.k.mem.Bytes(s.get(s.lay.Buf)+from, n)) == 0
}

// first shows the next record, in a buffer that is large enough. 0: there is none, and it has been stopped.
func (s *sequence) first() (record, result uint32) {
	for {
		record = s.start(s.index())
		if record == 0 || isErrWord(record) {
			result = record
			break
		}
		if result = s.call(s.k.seq.ops.Show, record); result != 0 {
			break
		}
		if s.get(s.lay.Count) < s.get(s.lay.Room) {
			return record, 0
		}
		s.call(s.k.seq.ops.Stop, record)
		if !s.room(true) {
			return 0, errWord(abi.ENOMEM)
		}
	}
	s.call(s.k.seq.ops.Stop, record)
	return 0, result
}

// fill shows more records until there are size bytes, and stops. It returns the position of the last one that fits.
func (s *sequence) fill(record, size uint32) (pos uint64) {
	pos = s.index()
	for s.get(s.lay.Count) < size {
		before := s.get(s.lay.Count)
		next := uint64(0)
		if record, next = s.next(record, pos); record == 0 || isErrWord(record) {
			break
		}
		if s.call(s.k.seq.ops.Show, record) != 0 || s.get(s.lay.Count) == s.get(s.lay.Room) {
			s.set(s.lay.Count, before)
			break
		}
		pos = next
	}
	s.call(s.k.seq.ops.Stop, record)
	return pos
}

// seqLseek models loff_t seq_lseek(struct file *file, loff_t offset, int origin): by making the text up to there.
func seqLseek(c *Call) {
	k, f, offset := c.Kernel, c.Arg(0), c.Arg64(1)
	s := c.sequence(f)
	pos := f + k.lay.File.Pos.Off
	if c.Arg(3) == seekCur {
		offset += k.mem.U64(pos)
	}
	if c.Arg(3) > seekCur || int64(offset) < 0 {
		c.Return64(errno64(abi.EINVAL))
		return
	}
	k.down(c, s.at+s.lay.Sem.Off)
	c.Return64(offset)
	if offset != k.mem.U64(pos) {
		errno := s.traverse(offset)
		for errno == abi.EAGAIN {
			errno = s.traverse(offset)
		}
		k.mem.SetU64(pos, offset)
		if errno != 0 {
			k.mem.SetU64(pos, 0)
			s.setIndex(0)
			s.set(s.lay.Count, 0)
			c.Return64(errno64(errno))
		}
	}
	k.up(s.at + s.lay.Sem.Off)
}

// traverse goes to an offset in the text. EAGAIN: a record did not fit, now it will.
func (s *sequence) traverse(offset uint64) abi.Errno {
	s.setIndex(0)
	s.set(s.lay.Count, 0)
	s.set(s.lay.From, 0)
	if offset == 0 {
		return 0
	}
	if !s.room(false) {
		return abi.ENOMEM
	}
	record, text, errno := s.start(0), uint64(0), abi.Errno(0)
	for record != 0 {
		result := record
		if !isErrWord(record) {
			result = s.call(s.k.seq.ops.Show, record)
		}
		if result != 0 {
			errno = abi.Errno(-int32(result))
			break
		}
		count := s.get(s.lay.Count)
		if count == s.get(s.lay.Room) {
			s.call(s.k.seq.ops.Stop, record)
			if !s.room(true) {
				return abi.ENOMEM
			}
			return abi.EAGAIN
		}
		if text+uint64(count) > offset {
			s.set(s.lay.From, uint32(offset-text))
			s.set(s.lay.Count, count-uint32(offset-text))
			break
		}
		text += uint64(count)
		s.set(s.lay.Count, 0)
		if text == offset {
			s.setIndex(s.index() + 1)
			break
		}
		var pos uint64
		record, pos = s.next(record, s.index())
		s.setIndex(pos)
	}
	s.call(s.k.seq.ops.Stop, record)
	return errno
}

// seqRelease models int seq_release(struct inode *inode, struct file *file).
func seqRelease(c *Call) {
	k, m := c.Kernel, c.Kernel.mem.Get(c.Arg(1), c.Kernel.lay.File.PrivateData)
	k.Kfree(k.mem.Get(m, k.seq.file.Buf))
	k.Kfree(m)
	c.Return(0)
}

// seqPut appends text to a seq_file's buffer: 0, or -1 when there is no room; then the buffer counts as full.
func (k *Kernel) seqPut(m uint32, text string) uint32 {
	lay := &k.seq.file
	count, room := k.mem.Get(m, lay.Count), k.mem.Get(m, lay.Room)
	if count+uint32(len(text)) >= room {
		k.mem.Set(m, lay.Count, room)
		return ^uint32(0)
	}
	k.mem.Write(k.mem.Get(m, lay.Buf)+count, append([]byte(text), 0))
	k.mem.Set(m, lay.Count, count+uint32(len(text)))
	return 0
}

// seqPrintf models int seq_printf(struct seq_file *m, const char *f, ...).
func seqPrintf(c *Call) {
	k, m, lay := c.Kernel, c.Arg(0), &c.Kernel.seq.file
	count, room := k.mem.Get(m, lay.Count), k.mem.Get(m, lay.Room)
	if count < room {
		n := k.vsnprintf(k.mem.Get(m, lay.Buf)+count, room-count, c.Arg(1), c.ArgAddr(2))
		if count+n < room {
			k.mem.Set(m, lay.Count, count+n)
			c.Return(0)
			return
		}
	}
	k.mem.Set(m, lay.Count, room)
	c.Return(^uint32(0))
}

// seqEscape models int seq_escape(struct seq_file *m, const char *s, const char *esc): the characters of esc come out as
// three octal digits behind a backslash.
func seqEscape(c *Call) {
	k := c.Kernel
	special := k.kernelString(c.Arg(2))
	var text strings.Builder
	for _, b := range []byte(k.kernelString(c.Arg(1))) {
		if strings.IndexByte(special, b) >= 0 {
			fmt.Fprintf(&text, `\%03o`, b)
		} else {
			text.WriteByte(b)
		}
	}
	c.Return(k.seqPut(c.Arg(0), text.String()))
}

// A record of /proc/ksyms: a module and the number of one of its symbols.
const (
	ksymModule = 0
	ksymNumber = 4
	ksymSize   = 8
)

// ksymsStart models static void *s_start(struct seq_file *m, loff_t *pos): the symbol of that number, counted over all
// modules.
func ksymsStart(c *Call) {
	k := c.Kernel
	n := k.mem.U64(c.Arg(1))
	c.Return(0)
	for m := range k.modules() {
		count := uint64(m.get(k.lay.Module.Nsyms))
		if n >= count {
			n -= count
			continue
		}
		record := k.Kmalloc(ksymSize, k.pages.gfp.kernel)
		if record == 0 {
			c.Fail(abi.ENOMEM)
			return
		}
		k.mem.SetU32(record+ksymModule, m.addr)
		k.mem.SetU32(record+ksymNumber, uint32(n))
		c.Return(record)
		return
	}
}

// ksymsNext models static void *s_next(struct seq_file *m, void *p, loff_t *pos).
func ksymsNext(c *Call) {
	k, record, lay := c.Kernel, c.Arg(1), &c.Kernel.lay.Module
	k.mem.SetU64(c.Arg(2), k.mem.U64(c.Arg(2))+1)
	c.Return(record)
	m := module{k, k.mem.U32(record + ksymModule)}
	n := k.mem.U32(record+ksymNumber) + 1
	for n >= m.get(lay.Nsyms) {
		next := m.get(lay.Next)
		if next == 0 {
			k.Kfree(record)
			c.Return(0)
			return
		}
		m, n = module{k, next}, 0
	}
	k.mem.SetU32(record+ksymModule, m.addr)
	k.mem.SetU32(record+ksymNumber, n)
}

// ksymsStop models static void s_stop(struct seq_file *m, void *p).
func ksymsStop(c *Call) {
	if record := c.Arg(1); record != 0 && !isErrWord(record) {
		c.Kernel.Kfree(record)
	}
}

// ksymsShow models static int s_show(struct seq_file *m, void *p): address, name, and whose it is unless it is the kernel's.
func ksymsShow(c *Call) {
	k, record := c.Kernel, c.Arg(1)
	m := module{k, k.mem.U32(record + ksymModule)}
	at := m.get(k.lay.Module.Syms) + k.mem.U32(record+ksymNumber)*k.lay.ModuleSymbol.Size
	k.seqPut(c.Arg(0), k.symbolLine(m, at))
	c.Return(0)
}
