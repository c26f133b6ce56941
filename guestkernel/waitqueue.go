// SPDX-License-Identifier: BSD-3-Clause
// Wait queues, sleeping on them, completions (2.4.18 kernel/sched.c, kernel/fork.c, linux/wait.h). Entries lie on the
// sleepers' stacks.

package guestkernel

import "ring0/guestkernel/abi"

func waitFunctions() []Function {
	fast := func(name string, fn func(*Call)) Function {
		return Function{Name: name, Fn: fn, Level: Full, Conv: Regparm3}
	}
	return []Function{
		fast("add_wait_queue", func(c *Call) { c.Kernel.enterQueue(c.Arg(0), c.Arg(1), 0) }),
		fast("add_wait_queue_exclusive", func(c *Call) { c.Kernel.enterQueue(c.Arg(0), c.Arg(1), abi.WQFlagExclusive) }),
		fast("remove_wait_queue", func(c *Call) { c.Kernel.leaveQueue(c.Arg(1)) }),
		fast("__wake_up", func(c *Call) { c.Kernel.wakeQueue(c.Arg(0), c.Arg(1), int32(c.Arg(2))) }),
		fast("sleep_on", func(c *Call) { c.sleepOn(abi.TaskUninterruptible, maxTimeout) }),
		fast("interruptible_sleep_on", func(c *Call) { c.sleepOn(abi.TaskInterruptible, maxTimeout) }),
		fast("sleep_on_timeout", func(c *Call) { c.Return(c.sleepOn(abi.TaskUninterruptible, c.Arg(1))) }),
		fast("interruptible_sleep_on_timeout", func(c *Call) { c.Return(c.sleepOn(abi.TaskInterruptible, c.Arg(1))) }),
		fast("wait_for_completion", func(c *Call) { c.waitFor(c.Arg(0)) }),
		fast("complete", func(c *Call) { c.Kernel.complete(c.Arg(0)) }),
	}
}

// enterQueue puts an entry on a queue: exclusive ones at its end, others at its head.
func (k *Kernel) enterQueue(queue, entry, flags uint32) {
	lay, head := &k.lay.WaitQueue, queue+k.lay.WaitQueueHead.TaskList.Off
	saved := k.irqSave()
	k.mem.Set(entry, lay.Flags, k.mem.Get(entry, lay.Flags)&^abi.WQFlagExclusive|flags)
	if flags != 0 {
		k.listAddTail(entry+lay.TaskList.Off, head)
	} else {
		k.listAdd(entry+lay.TaskList.Off, head)
	}
	k.irqRestore(saved)
}

func (k *Kernel) leaveQueue(entry uint32) {
	flags := k.irqSave()
	k.listDel(entry + k.lay.WaitQueue.TaskList.Off)
	k.irqRestore(flags)
}

// initWaitQueue makes an empty queue.
func (k *Kernel) initWaitQueue(queue uint32) { k.listInit(queue + k.lay.WaitQueueHead.TaskList.Off) }

// waitEntry makes a queue's entry for the running task, on its stack.
func (c *Call) waitEntry() uint32 {
	k, lay := c.Kernel, &c.Kernel.lay.WaitQueue
	entry := c.Alloca(lay.Size)
	k.mem.Set(entry, lay.Flags, 0)
	k.mem.Set(entry, lay.Task, k.Current())
	return entry
}

// wakeQueue wakes the tasks of a queue whose state is in mode: all that are not exclusive, and up to the given number of
// exclusive ones; 0 wakes all of these, too (__wake_up_common).
func (k *Kernel) wakeQueue(queue, mode uint32, exclusive int32) {
	if queue == 0 {
		return
	}
	lay := &k.lay.WaitQueue
	flags := k.irqSave()
	for link := range k.listMembers("a wait queue", queue+k.lay.WaitQueueHead.TaskList.Off) {
		entry := link - lay.TaskList.Off
		task := k.mem.Get(entry, lay.Task)
		if k.mem.Get(task, k.lay.Task.State)&mode == 0 {
			continue
		}
		t := k.taskAt(task)
		if t == nil || !k.Wake(t) || k.mem.Get(entry, lay.Flags)&abi.WQFlagExclusive == 0 {
			continue
		}
		if exclusive--; exclusive == 0 {
			break
		}
	}
	k.irqRestore(flags)
}

// wakeAny is wake_up: sleepers of both kinds, one exclusive one.
func (k *Kernel) wakeAny(queue uint32) {
	k.wakeQueue(queue, abi.TaskInterruptible|abi.TaskUninterruptible, 1)
}

// sleepOn sleeps on the queue that is the call's first argument until somebody wakes it, for at most so many ticks. Returns
// the ticks left. Interrupts are on afterwards if they were before, and meanwhile whatever they were.
func (c *Call) sleepOn(state, ticks uint32) (left uint32) {
	k, queue := c.Kernel, c.Arg(0)
	entry := c.waitEntry()
	c.Task().Set(k.lay.Task.State, state)
	flags := k.irqSave()
	k.enterQueue(queue, entry, 0)
	left = c.sleepFor(ticks)
	k.leaveQueue(entry)
	k.irqRestore(flags)
	return left
}

// waitFor models void FASTCALL(wait_for_completion(struct completion *x)).
func (c *Call) waitFor(done uint32) {
	k, lay := c.Kernel, &c.Kernel.lay.Completion
	if k.mem.Get(done, lay.Done) == 0 {
		entry := c.waitEntry()
		k.enterQueue(done+lay.Wait.Off, entry, abi.WQFlagExclusive)
		for {
			c.Task().Set(k.lay.Task.State, abi.TaskUninterruptible)
			k.scheduleCall()
			if k.mem.Get(done, lay.Done) != 0 {
				break
			}
		}
		k.leaveQueue(entry)
	}
	k.mem.Set(done, lay.Done, k.mem.Get(done, lay.Done)-1)
}

// complete models void FASTCALL(complete(struct completion *x)).
func (k *Kernel) complete(done uint32) {
	lay := &k.lay.Completion
	k.mem.Set(done, lay.Done, k.mem.Get(done, lay.Done)+1)
	k.wakeAny(done + lay.Wait.Off)
}
