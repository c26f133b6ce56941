// SPDX-License-Identifier: BSD-3-Clause
// Waiting for files: poll(2), and the table through which drivers say what to wait for (2.4.18 fs/select.c, linux/poll.h).
//
// A driver's poll function calls poll_wait, which is inline and calls __pollwait with the wait queue: an entry in a page of
// the poll table goes onto the queue. The pages are guest memory; the table itself lies on the stack.

package guestkernel

import "ring0/guestkernel/abi"

func pollFunctions() []Function {
	return []Function{
		{Name: "__pollwait", Fn: func(c *Call) { c.Kernel.pollWait(c.Arg(0), c.Arg(1), c.Arg(2)) }, Level: Full},
		{Name: "sys_poll", Fn: sysPoll, Level: Full},
	}
}

// struct poll_table_struct, struct poll_table_page and its entries, which only fs/select.c knows.
const (
	pollTableSize  = 8 // error, page
	pollTablePage  = 4
	pollPageNext   = 0
	pollPageEntry  = 4 // the next free one
	pollPageFirst  = 8
	pollEntrySize  = 24 // file, wait_queue_t, queue
	pollEntryWait  = 4
	pollEntryQueue = 20
)

// struct pollfd, and events.
const (
	pollfdSize     = 8
	pollfdEvents   = 4
	pollfdRevents  = 6
	pollErr        = 0x008
	pollHup        = 0x010
	pollNval       = 0x020
	pollAlways     = 0x145 // DEFAULT_POLLMASK: a file without a poll function can be read and written
	maxPollfds     = 1 << 14
	pollTableError = 0
)

// pollWait is __pollwait: the running task waits on a queue on behalf of a file, until the table is given up.
func (k *Kernel) pollWait(file, queue, table uint32) {
	page := k.mem.U32(table + pollTablePage)
	if page == 0 || k.mem.U32(page+pollPageEntry)+pollEntrySize > page+abi.PageSize {
		fresh := k.GetFreePages(k.pages.gfp.kernel, 0)
		if fresh == 0 {
			k.mem.SetU32(table+pollTableError, errnoWord(abi.ENOMEM))
			k.running.Set(k.lay.Task.State, abi.TaskRunning)
			return
		}
		k.mem.SetU32(fresh+pollPageNext, page)
		k.mem.SetU32(fresh+pollPageEntry, fresh+pollPageFirst)
		k.mem.SetU32(table+pollTablePage, fresh)
		page = fresh
	}
	entry, lay := k.mem.U32(page+pollPageEntry), &k.lay.WaitQueue
	k.mem.SetU32(page+pollPageEntry, entry+pollEntrySize)
	k.mem.Set(file, k.lay.File.Count, k.mem.Get(file, k.lay.File.Count)+1)
	k.mem.SetU32(entry, file)
	k.mem.SetU32(entry+pollEntryQueue, queue)
	k.mem.Set(entry+pollEntryWait, lay.Flags, 0)
	k.mem.Set(entry+pollEntryWait, lay.Task, k.running.addr)
	k.enterQueue(queue, entry+pollEntryWait, 0)
}

// pollFree is poll_freewait: off all queues, newest first.
func (k *Kernel) pollFree(table uint32) {
	for page := k.mem.U32(table + pollTablePage); page != 0; {
		for entry := k.mem.U32(page + pollPageEntry); entry > page+pollPageFirst; {
			entry -= pollEntrySize
			k.leaveQueue(entry + pollEntryWait)
			k.fput(k.mem.U32(entry))
		}
		next := k.mem.U32(page + pollPageNext)
		k.FreePages(page, 0)
		page = next
	}
}

// sysPoll models long sys_poll(struct pollfd *ufds, unsigned int nfds, long timeout). Returns how many have events; EINVAL
// for too many, EFAULT, EINTR when there is a signal and nothing else. The timeout is in milliseconds and rounded up.
//
// Context: process; sleeps.
func sysPoll(c *Call) {
	k, n, timeout := c.Kernel, c.Arg(1), c.Arg(2)
	if n > maxPollfds {
		c.Fail(abi.EINVAL)
		return
	}
	fds := make([]byte, n*pollfdSize)
	if k.CopyFromUser(fds, c.Arg(0)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	if timeout != 0 {
		hz := uint32(k.profile.HZ)
		if timeout < maxTimeout/hz {
			timeout = (timeout*hz+999)/1000 + 1
		} else {
			timeout = maxTimeout
		}
	}
	table := c.Alloca(pollTableSize)
	k.mem.SetU64(table, 0)
	count := c.poll(fds, table, timeout)
	k.pollFree(table)
	for i := range n {
		at := c.Arg(0) + i*pollfdSize + pollfdRevents
		revents := fds[i*pollfdSize+pollfdRevents:]
		if !k.PutUser(at, uint32(revents[0])|uint32(revents[1])<<8, 2) {
			c.Fail(abi.EFAULT)
			return
		}
	}
	if count == 0 && c.Task().Get(k.lay.Task.Sigpending) != 0 {
		c.Fail(abi.EINTR)
		return
	}
	c.Return(uint32(count))
}

// poll is do_poll: it asks all files, and sleeps and asks again until one has something, there is a signal, or time is over.
func (c *Call) poll(fds []byte, table, timeout uint32) int32 {
	k, t := c.Kernel, c.Task()
	wait := table // the queues need entering once only
	if timeout == 0 {
		wait = 0
	}
	for {
		t.Set(k.lay.Task.State, abi.TaskInterruptible)
		count := int32(0)
		for i := 0; i < len(fds); i += pollfdSize {
			if k.pollOne(fds[i:i+pollfdSize], wait) {
				count++
				wait = 0
			}
		}
		wait = 0
		if count == 0 {
			count = int32(k.mem.U32(table + pollTableError))
		}
		if count != 0 || timeout == 0 || t.Get(k.lay.Task.Sigpending) != 0 {
			t.Set(k.lay.Task.State, abi.TaskRunning)
			return count
		}
		timeout = c.sleepFor(timeout)
	}
}

// pollOne is do_pollfd: it asks one file and sets what it has of what is wanted. table 0: nobody waits.
func (k *Kernel) pollOne(fd []byte, table uint32) bool {
	number := int32(uint32(fd[0]) | uint32(fd[1])<<8 | uint32(fd[2])<<16 | uint32(fd[3])<<24)
	mask := uint32(0)
	if number >= 0 {
		mask = pollNval
		if f := k.useFile(uint32(number)); f != 0 {
			mask = pollAlways
			if fn := k.fileOp(f, k.lay.FileOperations.Poll); fn != 0 {
				mask = k.Call(fn, f, table)
			}
			mask &= uint32(fd[pollfdEvents]) | uint32(fd[pollfdEvents+1])<<8 | pollErr | pollHup
			k.fput(f)
		}
	}
	fd[pollfdRevents], fd[pollfdRevents+1] = byte(mask), byte(mask>>8)
	return mask != 0
}
