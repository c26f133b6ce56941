// SPDX-License-Identifier: BSD-3-Clause
// Read-write semaphores: what the inline functions call when somebody has to wait (2.4.18 lib/rwsem.c).
//
// The low half of the count is how many hold or are about to take the semaphore; every waiter, and a writer that has it,
// takes 0x10000 off. Waiters lie on their stacks and are served in order: a writer alone, readers together.

package guestkernel

import "ring0/guestkernel/abi"

// Parts of the count.
const (
	rwsemActive     = 1
	rwsemActiveMask = 0xffff
	rwsemWaiting    = ^uint32(0xffff) // -0x10000

	rwsemWaiterToActive = 0x10001 // turns a waiter into one that has it
)

// struct rwsem_waiter: list head, task, what for. The last becomes 0 when it has been served.
const (
	rwsemTask   = 8
	rwsemFlags  = 12
	rwsemSize   = 16
	rwsemReader = 1
	rwsemWriter = 2
)

func rwsemFunctions() []Function {
	return []Function{
		{Name: "rwsem_down_read_failed", Level: Full, Conv: Regparm3,
			Fn: func(c *Call) { c.rwsemWait(rwsemReader, rwsemWaiting-rwsemActive) }},
		{Name: "rwsem_down_write_failed", Level: Full, Conv: Regparm3,
			Fn: func(c *Call) { c.rwsemWait(rwsemWriter, ^uint32(0)) }},
		{Name: "rwsem_wake", Fn: rwsemWake, Level: Full, Conv: Regparm3},
	}
}

// rwsemAdd adds d to the count and returns it.
func (k *Kernel) rwsemAdd(sem, d uint32) uint32 {
	count := k.mem.Get(sem, k.lay.RwSemaphore.Count) + d
	k.mem.Set(sem, k.lay.RwSemaphore.Count, count)
	return count
}

// rwsemWait waits in the queue of the semaphore, the first argument, until it has been served. adjust turns the caller's
// attempt in the count into a waiter. Returns the semaphore.
func (c *Call) rwsemWait(kind, adjust uint32) {
	k, sem, t := c.Kernel, c.Arg(0), c.Task()
	t.Set(k.lay.Task.State, abi.TaskUninterruptible)
	waiter := c.Alloca(rwsemSize)
	k.mem.SetU32(waiter+rwsemTask, t.addr)
	k.mem.SetU32(waiter+rwsemFlags, kind)
	k.listAddTail(waiter, sem+k.lay.RwSemaphore.WaitList.Off)
	if k.rwsemAdd(sem, adjust)&rwsemActiveMask == 0 {
		k.rwsemServe(sem)
	}
	for k.mem.U32(waiter+rwsemFlags) != 0 {
		k.scheduleCall()
		t.Set(k.lay.Task.State, abi.TaskUninterruptible)
	}
	t.Set(k.lay.Task.State, abi.TaskRunning)
	c.Return(sem)
}

// rwsemWake models struct rw_semaphore *FASTCALL(rwsem_wake(struct rw_semaphore *sem)).
func rwsemWake(c *Call) {
	k, sem := c.Kernel, c.Arg(0)
	if !k.listEmpty(sem + k.lay.RwSemaphore.WaitList.Off) {
		k.rwsemServe(sem)
	}
	c.Return(sem)
}

// rwsemServe gives the semaphore to those who wait at the front, unless somebody is faster (__rwsem_do_wake).
func (k *Kernel) rwsemServe(sem uint32) {
	for (k.rwsemAdd(sem, rwsemActive)-rwsemActive)&rwsemActiveMask != 0 {
		if k.rwsemAdd(sem, ^uint32(0))&rwsemActiveMask != 0 {
			return
		}
	}
	list := sem + k.lay.RwSemaphore.WaitList.Off
	first := k.mem.U32(list)
	if k.mem.U32(first+rwsemFlags)&rwsemWriter != 0 {
		k.rwsemRelease(first)
		return
	}
	var readers []uint32
	for waiter := range k.listMembers("a semaphore's wait list", list) {
		if k.mem.U32(waiter+rwsemFlags)&rwsemReader == 0 {
			break
		}
		readers = append(readers, waiter)
	}
	k.rwsemAdd(sem, uint32(len(readers))*rwsemWaiterToActive-rwsemActive)
	for _, waiter := range readers {
		k.rwsemRelease(waiter)
	}
}

// rwsemRelease takes a waiter off the list and lets it go on.
func (k *Kernel) rwsemRelease(waiter uint32) {
	k.listDel(waiter)
	t := k.taskAt(k.mem.U32(waiter + rwsemTask))
	k.mem.SetU32(waiter+rwsemFlags, 0)
	if t != nil {
		k.Wake(t)
	}
}
