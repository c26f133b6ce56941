// SPDX-License-Identifier: BSD-3-Clause
// Bottom halves and task queues (2.4.18 kernel/softirq.c, linux/tqueue.h). A bottom half is a tasklet of the higher kind
// that calls what bh_base says; the inline mark_bh schedules bh_task_vec.

package guestkernel

// Numbers of bottom halves.
const (
	bhTimer     = 0
	bhTqueue    = 1
	bhImmediate = 9
	bhCount     = 32
)

func bottomHalfFunctions() []Function {
	return []Function{
		{Name: "bh_action", Fn: bhAction, Level: Full},
		{Name: "init_bh", Fn: func(c *Call) { c.Kernel.mem.SetU32(c.Kernel.sym.BHBase+4*c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "remove_bh", Fn: removeBH, Level: Full},
		{Name: "tqueue_bh", Fn: func(c *Call) { c.runTaskQueue(c.Kernel.sym.TqTimer) }, Level: Full},
		{Name: "immediate_bh", Fn: func(c *Call) { c.runTaskQueue(c.Kernel.sym.TqImmediate) }, Level: Full},
		{Name: "__run_task_queue", Fn: func(c *Call) { c.runTaskQueue(c.Arg(0)) }, Level: Full},
	}
}

// bootBottomHalves makes the tasklets and the two bottom halves that run task queues.
func (k *Kernel) bootBottomHalves() {
	action := k.functionAt("bh_action")
	for nr := range uint32(bhCount) {
		k.initTasklet(k.bhTasklet(nr), action, nr)
	}
	k.mem.SetU32(k.sym.BHBase+4*bhTqueue, k.functionAt("tqueue_bh"))
	k.mem.SetU32(k.sym.BHBase+4*bhImmediate, k.functionAt("immediate_bh"))
	for _, queue := range []uint32{k.sym.TqTimer, k.sym.TqImmediate, k.sym.TqDisk} {
		k.listInit(queue)
	}
}

func (k *Kernel) bhTasklet(nr uint32) uint32 { return k.sym.BHTaskVec + nr*k.lay.Tasklet.Size }

// markBH is mark_bh.
func (k *Kernel) markBH(nr uint32) {
	k.scheduleTasklet(k.bhTasklet(nr), k.sym.TaskletHiVec, softirqHi)
}

// bhAction models void bh_action(unsigned long nr): calls the bottom half, but not from within an interrupt handler.
func bhAction(c *Call) {
	k, nr := c.Kernel, c.Arg(0)
	if k.mem.Get(k.sym.IRQStat, k.lay.IRQCPUStat.LocalIRQCount) != 0 {
		k.markBH(nr)
		return
	}
	if fn := k.mem.U32(k.sym.BHBase + 4*nr); fn != 0 {
		k.Invoke(GuestCall{Fn: fn, ReturnTo: k.site("bh_action", bhActionFunc)})
	}
}

// removeBH models void remove_bh(int nr): waits until it has run, then takes it out.
func removeBH(c *Call) {
	c.killTasklet(c.Kernel.bhTasklet(c.Arg(0)))
	c.Kernel.mem.SetU32(c.Kernel.sym.BHBase+4*c.Arg(0), 0)
}

// runTaskQueue models void __run_task_queue(task_queue *list): empties the queue and calls what was on it, in order. Each
// entry may be queued again from the moment it is called.
func (c *Call) runTaskQueue(queue uint32) {
	k, lay := c.Kernel, &c.Kernel.lay.TaskQueue
	head := c.Alloca(listHeadSize)
	flags := k.irqSave()
	k.listAdd(head, queue)
	k.listDel(queue)
	k.listInit(queue)
	k.irqRestore(flags)
	for next := k.mem.U32(head); next != head; {
		entry := next - lay.List.Off
		next = k.mem.U32(next)
		routine, data := k.mem.Get(entry, lay.Routine), k.mem.Get(entry, lay.Data)
		k.mem.Set(entry, lay.Sync, 0)
		if routine != 0 {
			k.Call(routine, data)
		}
	}
}
