// SPDX-License-Identifier: BSD-3-Clause
// select(2): waiting for sets of files (2.4.18 fs/select.c). The table through which drivers say what to wait for is in poll.go.

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

// What a file must have to be in one of the three sets: events of poll(2).
const (
	selectRead   = 0x0d9 // POLLRDNORM, POLLRDBAND, POLLIN, POLLHUP, POLLERR
	selectWrite  = 0x30c // POLLWRBAND, POLLWRNORM, POLLOUT, POLLERR
	selectExcept = 0x002 // POLLPRI
	selectSets   = 3
)

func selectFunctions() []Function {
	return []Function{
		{Name: "sys_select", Fn: func(c *Call) { c.sysSelect([5]uint32{c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3), c.Arg(4)}) }, Level: Full},
		{Name: "old_select", Fn: oldSelect, Level: Full},
	}
}

// oldSelect models int old_select(struct sel_arg_struct *arg): five words in memory.
func oldSelect(c *Call) {
	var a [5]uint32
	b := make([]byte, wordSize*len(a))
	if c.Kernel.CopyFromUser(b, c.Arg(0)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	for i := range a {
		a[i] = leWord(b[wordSize*i:])
	}
	c.sysSelect(a)
}

// fdSets are the three sets of a call: read, write, except.
type fdSets [selectSets][]byte

func (s *fdSets) has(set int, fd uint32) bool { return s[set][fd/8]>>(fd%8)&1 != 0 }
func (s *fdSets) add(set int, fd uint32)      { s[set][fd/8] |= 1 << (fd % 8) }

// sysSelect models long sys_select(int n, fd_set *inp, fd_set *outp, fd_set *exp, struct timeval *tvp): how many files are
// ready. EBADF for a number without a file. What is left of the time is written back.
//
// Context: process; sleeps.
func (c *Call) sysSelect(a [5]uint32) {
	k, n := c.Kernel, a[0]
	timeout, errno := c.selectTimeout(a[4])
	if errno != 0 {
		c.Fail(errno)
		return
	}
	if int32(n) < 0 {
		c.Fail(abi.EINVAL)
		return
	}
	n = min(n, fdSetSize)
	var wanted, found fdSets
	for i := range wanted {
		wanted[i], found[i] = make([]byte, (n+31)/32*4), make([]byte, (n+31)/32*4)
		if at := a[1+i]; at != 0 && k.CopyFromUser(wanted[i], at) != 0 {
			c.Fail(abi.EFAULT)
			return
		}
	}
	count := -int32(abi.EBADF)
	if k.selectable(&wanted, n) {
		table := c.Alloca(pollTableSize)
		k.mem.SetU64(table, 0)
		count, timeout = c.selectFiles(&wanted, &found, n, table, timeout)
		k.pollFree(table)
	}
	if a[4] != 0 {
		hz := uint32(k.profile.HZ)
		k.CopyToUser(a[4], words(timeout/hz, timeout%hz*(usecPerSec/hz)))
	}
	switch {
	case count < 0:
		c.Return(uint32(count))
		return
	case count == 0 && c.Task().Get(k.lay.Task.Sigpending) != 0:
		c.Return(errWord(abi.ERESTARTNOHAND))
		return
	}
	c.Return(uint32(count))
	for i := range found {
		if at := a[1+i]; at != 0 && k.CopyToUser(at, found[i]) != 0 {
			c.Fail(abi.EFAULT)
			return
		}
	}
}

// selectTimeout reads a struct timeval as ticks, rounded up; without one it is for ever.
func (c *Call) selectTimeout(at uint32) (ticks uint32, errno abi.Errno) {
	if at == 0 {
		return maxTimeout, 0
	}
	b := make([]byte, 2*wordSize)
	if c.Kernel.CopyFromUser(b, at) != 0 {
		return 0, abi.EFAULT
	}
	hz := uint32(c.Kernel.profile.HZ)
	sec, usec := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[wordSize:])
	switch {
	case int32(sec) < 0 || int32(usec) < 0:
		return 0, abi.EINVAL
	case sec >= maxTimeout/hz-1:
		return maxTimeout, 0
	}
	tick := usecPerSec / hz
	return (usec+tick-1)/tick + sec*hz, 0
}

// selectable tells whether all files of the sets are there.
func (k *Kernel) selectable(wanted *fdSets, n uint32) bool {
	for fd := range n {
		for set := range wanted {
			if wanted.has(set, fd) && k.fileAt(k.running, fd) == 0 {
				return false
			}
		}
	}
	return true
}

// selectFiles is do_select: asks all files, and sleeps and asks again until one has something, there is a signal, or time is
// over. It returns the time that is left.
func (c *Call) selectFiles(wanted, found *fdSets, n, table, timeout uint32) (count int32, left uint32) {
	k, t := c.Kernel, c.Task()
	wait := table
	if timeout == 0 {
		wait = 0
	}
	for {
		t.Set(k.lay.Task.State, abi.TaskInterruptible)
		for fd := range n {
			ready := k.selectOne(wanted, found, fd, wait)
			if count += ready; ready > 0 {
				wait = 0
			}
		}
		wait = 0 // the queues need entering once only
		if count == 0 {
			count = int32(k.mem.U32(table + pollTableError))
		}
		if count != 0 || timeout == 0 || t.Get(k.lay.Task.Sigpending) != 0 {
			t.Set(k.lay.Task.State, abi.TaskRunning)
			return count, timeout
		}
		timeout = c.sleepFor(timeout)
	}
}

// selectOne asks a file and enters it into the sets that it belongs to. It returns how many.
func (k *Kernel) selectOne(wanted, found *fdSets, fd, table uint32) (count int32) {
	if !wanted.has(0, fd) && !wanted.has(1, fd) && !wanted.has(2, fd) {
		return 0
	}
	f := k.useFile(fd)
	if f == 0 {
		return 0 // closed meanwhile
	}
	mask := uint32(pollAlways)
	if fn := k.fileOp(f, k.lay.FileOperations.Poll); fn != 0 {
		mask = k.Call(fn, f, table)
	}
	for set, events := range [selectSets]uint32{selectRead, selectWrite, selectExcept} {
		if wanted.has(set, fd) && mask&events != 0 {
			found.add(set, fd)
			count++
		}
	}
	k.fput(f)
	return count
}
