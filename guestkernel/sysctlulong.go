// SPDX-License-Identifier: BSD-3-Clause
// Files of /proc/sys that hold unsigned numbers within limits, plain or as milliseconds (2.4.18 kernel/sysctl.c
// do_proc_doulongvec_minmax).

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

func sysctlULongFunctions() []Function {
	const msPerSecond = 1000
	return []Function{
		{Name: "proc_doulongvec_minmax", Fn: func(c *Call) { ulongVector{c: c, mul: 1, div: 1}.handle() }, Level: Full},
		{Name: "proc_doulongvec_ms_jiffies_minmax", Fn: func(c *Call) {
			ulongVector{c: c, mul: uint32(c.Kernel.profile.HZ), div: msPerSecond}.handle()
		}, Level: Full},
	}
}

// ulongVector is a call of such a handler. What is stored is what is shown × mul ÷ div, in 32 bits.
type ulongVector struct {
	c        *Call
	mul, div uint32
}

func (v ulongVector) handle() {
	k, table, write, f, lenAt := v.c.Kernel, v.c.Arg(0), v.c.Arg(1) != 0, v.c.Arg(2), v.c.Arg(4)
	data, n := k.mem.Get(table, k.drv.fs.ctl.Data), k.mem.Get(table, k.drv.fs.ctl.Maxlen)/wordSize
	pos := f + k.lay.File.Pos.Off
	v.c.Return(0)
	if data == 0 || k.mem.Get(table, k.drv.fs.ctl.Maxlen) == 0 || k.mem.U32(lenAt) == 0 || k.mem.U64(pos) != 0 && !write {
		k.mem.SetU32(lenAt, 0)
		return
	}
	var left uint32
	var errno abi.Errno
	if write {
		left, errno = v.store(table, data, n)
	} else {
		left, errno = v.show(data, n)
	}
	if errno != 0 {
		v.c.Fail(errno)
		return
	}
	done := k.mem.U32(lenAt) - left
	k.mem.SetU32(lenAt, done)
	k.mem.SetU64(pos, k.mem.U64(pos)+uint64(done))
}

// show hands out the numbers, apart by tabs, as far as there is room, and returns the room that is left.
func (v ulongVector) show(data, n uint32) (left uint32, errno abi.Errno) {
	k, buffer := v.c.Kernel, v.c.Arg(3)
	text := ""
	for i := range n {
		if i > 0 {
			text += "\t"
		}
		text += fmt.Sprint(v.div * k.mem.U32(data+i*wordSize) / v.mul)
	}
	if n > 0 {
		text += "\n"
	}
	room := k.mem.U32(v.c.Arg(4))
	text = atMost(text, room)
	if k.CopyToUser(buffer, []byte(text)) != 0 {
		return 0, abi.EFAULT
	}
	return room - uint32(len(text)), 0
}

// store takes numbers out of a text, as many as there is room for. A number with a minus sign or beyond its limits is passed
// over: the table keeps what it has. EINVAL when the text begins with none. Returns what was not taken.
//
// Limits are counted by comparisons, as there: one that was not reached is the next number's.
func (v ulongVector) store(table, data, n uint32) (left uint32, errno abi.Errno) {
	k := v.c.Kernel
	in := &numberText{k: k, scratch: v.c.Alloca(numberRoom), at: v.c.Arg(3), left: k.mem.U32(v.c.Arg(4))}
	low, high := k.mem.Get(table, k.drv.fs.ctl.Extra1), k.mem.Get(table, k.drv.fs.ctl.Extra2)
	taken := false
	for end := data + n*wordSize; data < end && in.left != 0; data += wordSize {
		if in.skipSpace(); in.left == 0 || in.bad {
			break
		}
		number, negative, ok := in.number(v.mul, v.div)
		if !ok {
			break
		}
		taken = true
		within := !negative
		if within && low != 0 {
			within = number >= k.mem.U32(low)
			low += wordSize
		}
		if within && high != 0 {
			within = number <= k.mem.U32(high)
			high += wordSize
		}
		if within {
			k.mem.SetU32(data, number)
		}
	}
	in.skipSpace()
	switch {
	case in.bad:
		return 0, abi.EFAULT
	case !taken:
		return 0, abi.EINVAL
	}
	return in.left, 0
}

// numberText is what is left of a text in user memory.
type numberText struct {
	k        *Kernel
	at, left uint32
	scratch  uint32 // where a number is put to be read
	bad      bool   // some of the text cannot be read
}

const numberRoom = 20

// skipSpace goes to the next character that is none.
func (t *numberText) skipSpace() {
	for t.left != 0 && !t.bad {
		ch, ok := t.k.GetUser(t.at, 1)
		if t.bad = !ok; !ok || !isSpace(byte(ch)) {
			return
		}
		t.at, t.left = t.at+1, t.left-1
	}
}

// number takes a number, which must end with the text or before white space, and converts it. 19 characters are looked at.
// 2.4.18 counts a minus sign twice, so that the text seems one character shorter.
func (t *numberText) number(mul, div uint32) (v uint32, negative, ok bool) {
	k := t.k
	b := make([]byte, min(t.left, numberRoom-1))
	if k.CopyFromUser(b, t.at) != 0 {
		t.bad = true
		return 0, false, false
	}
	buf := t.scratch
	k.mem.Write(buf, append(b, 0))
	p := buf
	if negative = b[0] == '-' && t.left > 1; negative {
		p, t.left = p+1, t.left-1
	}
	if !isDigit(k.mem.U8(p)) {
		return 0, negative, false
	}
	parsed, end := k.strtoull(p, 0)
	n := end - buf
	if next := k.mem.U8(end); n < t.left && next != 0 && !isSpace(next) {
		return 0, negative, false
	}
	t.at, t.left = t.at+n, t.left-n
	return uint32(parsed) * mul / div, negative, true
}
