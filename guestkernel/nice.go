// SPDX-License-Identifier: BSD-3-Clause
// Priorities, and questions about the scheduler (2.4.18-14 kernel/sched.c).

package guestkernel

// niceMin and niceMax bound nice values.
const (
	niceMin = -20
	niceMax = 19
)

func niceFunctions() []Function {
	return []Function{
		{Name: "task_nice", Fn: taskNice, Level: Full},
		{Name: "set_user_nice", Fn: setUserNice, Level: Partial, Note: "tasks run in turn, whatever their priority"},
		{Name: "idle_cpu", Fn: func(c *Call) { c.Return(boolWord(c.Task() == c.Kernel.sched.idle)) }, Level: Full},
		{Name: "nr_running", Fn: func(c *Call) { c.Return(c.Kernel.countRunning()) }, Level: Full},
	}
}

// taskNice models int task_nice(task_t *p): -20 to 19.
func taskNice(c *Call) {
	c.Return(c.Kernel.mem.Get(c.Arg(0), c.Kernel.lay.Task.StaticPrio) - defaultPrio)
}

// setUserNice models void set_user_nice(task_t *p, long nice). What is no nice value changes nothing.
func setUserNice(c *Call) {
	k, nice := c.Kernel, int32(c.Arg(1))
	if nice < niceMin || nice > niceMax {
		return
	}
	k.mem.Set(c.Arg(0), k.lay.Task.StaticPrio, uint32(defaultPrio+nice))
	k.mem.Set(c.Arg(0), k.lay.Task.Prio, uint32(defaultPrio+nice))
}

// countRunning is how many tasks run or could, without the idle task.
func (k *Kernel) countRunning() uint32 {
	n := uint32(len(k.sched.runnable))
	if k.running != k.sched.idle {
		n++
	}
	return n
}
