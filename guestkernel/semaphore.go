// SPDX-License-Identifier: BSD-3-Clause
// Semaphores: what the inline down and up call when the count says somebody has to wait (2.4.18
// arch/i386/kernel/semaphore.c).
//
// The entry points take the semaphore in ECX and keep every register but EAX, in which two of them answer.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

func semaphoreFunctions() []Function {
	return []Function{
		{Name: "__down_failed", Level: Full, Conv: Special, Note: "semaphore in ECX; all registers keep their values",
			Fn: func(c *Call) { c.downSlow(c.Reg(vm.ECX), abi.TaskUninterruptible) }},
		{Name: "__down_failed_interruptible", Level: Full, Conv: Special,
			Note: "semaphore in ECX; 0 or -EINTR in EAX, other registers keep their values",
			Fn:   func(c *Call) { c.Return(uint32(-c.downSlow(c.Reg(vm.ECX), abi.TaskInterruptible))) }},
		{Name: "__down_failed_trylock", Level: Full, Conv: Special,
			Note: "semaphore in ECX; 1 in EAX, other registers keep their values",
			Fn:   func(c *Call) { c.Return(c.Kernel.tryDownSlow(c.Reg(vm.ECX))) }},
		{Name: "__up_wakeup", Level: Full, Conv: Special, Note: "semaphore in ECX; all registers keep their values",
			Fn: func(c *Call) { c.Kernel.wakeAny(c.Reg(vm.ECX) + c.Kernel.lay.Semaphore.Wait.Off) }},
		{Name: "__down", Fn: func(c *Call) { c.downSlow(c.Arg(0), abi.TaskUninterruptible) }, Level: Full},
		{Name: "__down_interruptible", Fn: func(c *Call) { c.Return(uint32(-c.downSlow(c.Arg(0), abi.TaskInterruptible))) }, Level: Full},
		{Name: "__down_trylock", Fn: func(c *Call) { c.Return(c.Kernel.tryDownSlow(c.Arg(0))) }, Level: Full},
		{Name: "__up", Fn: func(c *Call) { c.Kernel.wakeAny(c.Arg(0) + c.Kernel.lay.Semaphore.Wait.Off) }, Level: Full},
	}
}

// addCount adds d to a semaphore's count and reports whether the result is negative (atomic_add_negative).
func (k *Kernel) addCount(sem, d uint32) (negative bool) {
	count := k.mem.Get(sem, k.lay.Semaphore.Count) + d
	k.mem.Set(sem, k.lay.Semaphore.Count, count)
	return int32(count) < 0
}

// downSlow waits for a semaphore whose count the caller has already taken one off. The tasks that sleep are counted as one:
// the others' share goes back into the count, and each that leaves wakes the next. EINTR for a signal in an interruptible
// sleep.
func (c *Call) downSlow(sem, state uint32) (errno abi.Errno) {
	k, lay, t := c.Kernel, &c.Kernel.lay.Semaphore, c.Task()
	t.Set(k.lay.Task.State, state)
	entry := c.waitEntry()
	k.enterQueue(sem+lay.Wait.Off, entry, abi.WQFlagExclusive)
	k.cli()
	sleepers := k.mem.Get(sem, lay.Sleepers) + 1
	for {
		if state == abi.TaskInterruptible && t.Get(k.lay.Task.Sigpending) != 0 {
			k.mem.Set(sem, lay.Sleepers, 0)
			k.addCount(sem, sleepers)
			errno = abi.EINTR
			break
		}
		if !k.addCount(sem, sleepers-1) {
			k.mem.Set(sem, lay.Sleepers, 0)
			break
		}
		k.mem.Set(sem, lay.Sleepers, 1)
		k.sti()
		k.scheduleCall()
		t.Set(k.lay.Task.State, state)
		k.cli()
		sleepers = k.mem.Get(sem, lay.Sleepers)
	}
	k.sti()
	t.Set(k.lay.Task.State, abi.TaskRunning)
	k.leaveQueue(entry)
	k.wakeAny(sem + lay.Wait.Off)
	return errno
}

// tryDownSlow undoes the caller's decrement, and those of the sleepers. Always 1: no semaphore for you.
func (k *Kernel) tryDownSlow(sem uint32) uint32 {
	lay := &k.lay.Semaphore
	flags := k.irqSave()
	sleepers := k.mem.Get(sem, lay.Sleepers) + 1
	k.mem.Set(sem, lay.Sleepers, 0)
	if !k.addCount(sem, sleepers) {
		k.wakeAny(sem + lay.Wait.Off)
	}
	k.irqRestore(flags)
	return 1
}

// down and up are the inline functions, for modelled code.
func (k *Kernel) down(c *Call, sem uint32) {
	if k.addCount(sem, ^uint32(0)) {
		c.downSlow(sem, abi.TaskUninterruptible)
	}
}

func (k *Kernel) up(sem uint32) {
	k.addCount(sem, 1)
	if int32(k.mem.Get(sem, k.lay.Semaphore.Count)) <= 0 {
		k.wakeAny(sem + k.lay.Semaphore.Wait.Off)
	}
}

// initSemaphore makes a semaphore with a count.
func (k *Kernel) initSemaphore(sem, count uint32) {
	lay := &k.lay.Semaphore
	k.mem.Set(sem, lay.Count, count)
	k.mem.Set(sem, lay.Sleepers, 0)
	k.initWaitQueue(sem + lay.Wait.Off)
}
