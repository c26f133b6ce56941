// SPDX-License-Identifier: BSD-3-Clause
// Kernel timers and the tick (2.4.18 kernel/timer.c, arch/i386/kernel/time.c).
//
// Timers lie in the kernel's own five vectors in guest memory, by how far off they are: 256 lists of one tick each, then
// four times 64 lists of 2^8, 2^14, 2^20 and 2^26 ticks, which are sorted into the finer ones as their time comes.

package guestkernel

import (
	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Shape of the vectors: an index, then the lists.
const (
	timerVectors  = 5
	rootBits      = 8
	vectorBits    = 6
	rootLists     = 1 << rootBits
	vectorLists   = 1 << vectorBits
	listHeadSize  = 8
	vectorIndex   = 0
	vectorFirst   = 4
	maxTimeout    = 0x7fffffff // MAX_SCHEDULE_TIMEOUT
	timerListNext = 0xc7       // where in run_timer_list the next timer is read: seen
)

func timerFunctions() []Function {
	return []Function{
		{Name: "add_timer", Fn: addTimer, Level: Full},
		{Name: "mod_timer", Fn: modTimer, Level: Full},
		{Name: "del_timer", Fn: func(c *Call) { c.Return(boolWord(c.Kernel.deleteTimer(c.Arg(0)))) }, Level: Full},
		{Name: "schedule_timeout", Fn: scheduleTimeout, Level: Full, Conv: Regparm3},
		{Name: "process_timeout", Fn: processTimeout, Level: Full},
		{Name: "timer_interrupt", Fn: func(c *Call) { c.Kernel.tick(c.Kernel.Frame(c.Arg(2))) }, Level: Full},
		{Name: "do_timer", Fn: func(c *Call) { c.Kernel.tick(c.Kernel.Frame(c.Arg(0))) }, Level: Full},
		{Name: "timer_bh", Fn: timerBH, Level: Full},
	}
}

// bootTimers makes the vectors empty.
func (k *Kernel) bootTimers() error {
	for n := range timerVectors {
		for i := range vectorLength(n) {
			k.listInit(k.timerList(n, i))
		}
	}
	processTimeout, _ := k.profile.Symbol("process_timeout")
	k.timers.processTimeout = processTimeout
	now := k.jiffies()
	k.mem.SetU32(k.sym.TimerJiffies, now)
	k.mem.SetU32(k.timerVector(0)+vectorIndex, now%rootLists)
	for n, shift := 1, uint32(rootBits); n < timerVectors; n, shift = n+1, shift+vectorBits {
		k.mem.SetU32(k.timerVector(n)+vectorIndex, (now+1<<shift-1)>>shift%vectorLists) // the next one to be sorted
	}
	k.mem.SetU32(k.sym.WallJiffies, k.jiffies())
	k.mem.SetU32(k.sym.Tick, uint32(usecPerSec+k.profile.HZ/2)/uint32(k.profile.HZ))
	bh, _ := k.profile.Symbol("timer_bh")
	k.mem.SetU32(k.sym.BHBase+4*bhTimer, bh)
	return nil
}

// timerState is what the host remembers of addresses.
type timerState struct{ processTimeout uint32 }

func (k *Kernel) jiffies() uint32 { return k.mem.U32(k.sym.Jiffies) }

func vectorLength(n int) uint32 {
	if n == 0 {
		return rootLists
	}
	return vectorLists
}

// timerVector is the address of tv1 … tv5, counted from 0.
func (k *Kernel) timerVector(n int) uint32 {
	return [timerVectors]uint32{k.sym.TV1, k.sym.TV2, k.sym.TV3, k.sym.TV4, k.sym.TV5}[n]
}

func (k *Kernel) timerList(n int, i uint32) uint32 {
	return k.timerVector(n) + vectorFirst + i*listHeadSize
}

// timerPending is timer_pending(): the timer is on a list.
func (k *Kernel) timerPending(timer uint32) bool { return k.mem.U32(timer+k.lay.Timer.List.Off) != 0 }

// enterTimer puts a timer on the list for its time. While run_timer_list runs new ones wait until it is done with its
// tick. One that should have gone off already does at the next tick.
func (k *Kernel) enterTimer(timer uint32) {
	entry := timer + k.lay.Timer.List.Off
	if waiting := k.mem.U32(k.sym.RunTimerList); waiting != 0 {
		k.listAddTail(entry, waiting)
		return
	}
	expires := k.mem.Get(timer, k.lay.Timer.Expires)
	ahead := expires - k.mem.U32(k.sym.TimerJiffies)
	if int32(ahead) < 0 {
		k.listAddTail(entry, k.timerList(0, k.mem.U32(k.timerVector(0)+vectorIndex)%rootLists))
		return
	}
	if ahead < rootLists {
		k.listAddTail(entry, k.timerList(0, expires%rootLists))
		return
	}
	n, shift := 1, uint32(rootBits)
	for n < timerVectors-1 && ahead>>(shift+vectorBits) != 0 {
		n, shift = n+1, shift+vectorBits
	}
	k.listAddTail(entry, k.timerList(n, expires>>shift%vectorLists))
}

// detachTimer takes a timer off its list. False when it was on none. Its own pointers stay.
func (k *Kernel) detachTimer(timer uint32) bool {
	if !k.timerPending(timer) {
		return false
	}
	k.listDel(timer + k.lay.Timer.List.Off)
	return true
}

// deleteTimer is del_timer: it reports whether the timer was pending.
func (k *Kernel) deleteTimer(timer uint32) bool {
	pending := k.detachTimer(timer)
	k.mem.SetU64(timer+k.lay.Timer.List.Off, 0)
	return pending
}

// addTimer models void add_timer(struct timer_list *timer). One that is pending already is left alone, with a line in the
// log.
//
// Context: any.
func addTimer(c *Call) {
	k, timer := c.Kernel, c.Arg(0)
	if k.timerPending(timer) {
		k.Printk("bug: kernel timer added twice at %08x.\n", c.Caller())
		return
	}
	k.enterTimer(timer)
}

// modTimer models int mod_timer(struct timer_list *timer, unsigned long expires): 1 when the timer was pending.
func modTimer(c *Call) {
	k, timer := c.Kernel, c.Arg(0)
	k.mem.Set(timer, k.lay.Timer.Expires, c.Arg(1))
	pending := k.detachTimer(timer)
	k.enterTimer(timer)
	c.Return(boolWord(pending))
}

// scheduleTimeout models signed long FASTCALL(schedule_timeout(signed long timeout)): sleeps until woken, but no longer than
// that. Returns the ticks that were left, MAX_SCHEDULE_TIMEOUT for no limit.
//
// Context: process. The caller has set its state.
func scheduleTimeout(c *Call) { c.Return(c.sleepFor(c.Arg(0))) }

// sleepFor is schedule_timeout. The timer lies on the sleeper's stack.
func (c *Call) sleepFor(ticks uint32) (left uint32) {
	k := c.Kernel
	switch {
	case ticks == maxTimeout:
		k.scheduleCall()
		return ticks
	case int32(ticks) < 0:
		k.Printk("<3>schedule_timeout: wrong timeout value %x from %08x\n", ticks, c.Caller())
		c.Task().Set(k.lay.Task.State, abi.TaskRunning)
		return 0
	}
	lay := &k.lay.Timer
	timer, expires := c.Alloca(lay.Size), k.jiffies()+ticks
	k.mem.SetU64(timer+lay.List.Off, 0)
	k.mem.Set(timer, lay.Expires, expires)
	k.mem.Set(timer, lay.Data, k.Current())
	k.mem.Set(timer, lay.Function, k.timers.processTimeout)
	k.enterTimer(timer)
	k.scheduleCall()
	k.deleteTimer(timer)
	if left = expires - k.jiffies(); int32(left) < 0 {
		return 0
	}
	return left
}

// processTimeout models void process_timeout(unsigned long data): the timer of schedule_timeout.
func processTimeout(c *Call) {
	if t := c.Kernel.taskAt(c.Arg(0)); t != nil {
		c.Kernel.Wake(t)
	}
}

// tick is what the timer interrupt does at once: jiffies, accounting, the time slice; and it asks for the rest, which
// timer_bh does.
func (k *Kernel) tick(f Frame) {
	k.mem.SetU64(k.sym.Jiffies, k.mem.U64(k.sym.Jiffies)+1)
	k.account(f.User())
	k.tickTask()
	k.markBH(bhTimer)
	if !k.listEmpty(k.sym.TqTimer) {
		k.markBH(bhTqueue)
	}
}

// account counts a tick for the running task and the CPU.
func (k *Kernel) account(user bool) {
	t, stat, times := k.running, &k.lay.KernelStat, k.lay.Task.Times
	add := func(base uint32, f abi.Field) { k.mem.SetU32(base+f.Off, k.mem.U32(base+f.Off)+1) }
	switch {
	case user:
		add(t.addr, k.lay.Task.PerCpuUtime)
		add(t.addr+tmsUser, times)
		add(k.sym.Kstat, stat.PerCpuUser)
	default:
		add(t.addr, k.lay.Task.PerCpuStime)
		add(t.addr+tmsSystem, times)
		if t.Pid() != 0 {
			add(k.sym.Kstat, stat.PerCpuSystem)
		}
	}
}

// timerBH models void timer_bh(void): wall time and load average, then the timers that are due, tick by tick.
func timerBH(c *Call) {
	k := c.Kernel
	k.updateTimes()
	list, due, fn := c.Alloca(6*wordSize), k.sym.RunTimerList, k.functionAt("run_timer_list")
	k.cli()
	for int32(k.jiffies()-k.mem.U32(k.sym.TimerJiffies)) >= 0 {
		if k.mem.U32(k.timerVector(0)+vectorIndex) == 0 {
			k.cascadeTimers()
		}
		k.listInit(list)
		k.mem.SetU32(due, list)
		k.runTimers(fn)
		k.mem.SetU32(due, 0)
		k.mem.SetU32(k.sym.TimerJiffies, k.mem.U32(k.sym.TimerJiffies)+1)
		index := k.timerVector(0) + vectorIndex
		k.mem.SetU32(index, (k.mem.U32(index)+1)%rootLists)
		for entry := range k.listMembers("the list of timers that were added by timers", list) {
			k.enterTimer(entry - k.lay.Timer.List.Off)
		}
	}
	k.sti()
}

// runTimers runs the timers of the present tick, each taken off its list first. run is where run_timer_list begins.
func (k *Kernel) runTimers(run uint32) {
	lay := &k.lay.Timer
	head := k.timerList(0, k.mem.U32(k.timerVector(0)+vectorIndex)%rootLists)
	for {
		timer := k.mem.U32(head) - lay.List.Off
		if timer+lay.List.Off == head {
			return
		}
		k.faultsAt(run + timerListNext)
		fn, data := k.mem.Get(timer, lay.Function), k.mem.Get(timer, lay.Data)
		k.deleteTimer(timer)
		k.faultsAt(0)
		k.sti()
		regs := k.registers()
		regs[vm.EAX], regs[vm.EDX], regs[vm.ECX] = head, head, 0
		regs[vm.EBX], regs[vm.ESI] = timer, fn
		k.Invoke(GuestCall{Fn: fn, Args: []uint32{data}, ReturnTo: k.site("run_timer_list", runTimerListFn), Regs: &regs})
		k.cli()
	}
}

// cascadeTimers sorts the next list of the second vector into the first, and where that was the last one of a round, the
// next of the third into the second, and so on.
func (k *Kernel) cascadeTimers() {
	for n := 1; n < timerVectors; n++ {
		index := k.mem.U32(k.timerVector(n)+vectorIndex) % vectorLists
		head := k.timerList(n, index)
		for entry := range k.listMembers("a list of timers", head) {
			k.listDel(entry)
			k.enterTimer(entry - k.lay.Timer.List.Off)
		}
		k.listInit(head)
		index = (index + 1) % vectorLists
		k.mem.SetU32(k.timerVector(n)+vectorIndex, index)
		if index != 1 {
			return
		}
	}
}

// updateTimes moves xtime to the present tick (update_wall_time, calc_load). A second is exactly HZ ticks.
func (k *Kernel) updateTimes() {
	now, wall := k.jiffies(), k.mem.U32(k.sym.WallJiffies)
	hz := uint32(k.profile.HZ)
	sec, usec := k.sym.Xtime+k.lay.Timeval.Sec.Off, k.sym.Xtime+k.lay.Timeval.Usec.Off
	for ; wall != now; wall++ {
		n := wall % hz
		micros := k.mem.U32(usec) + (n+1)*usecPerSec/hz - n*usecPerSec/hz
		if micros >= usecPerSec {
			micros -= usecPerSec
			k.mem.SetU32(sec, k.mem.U32(sec)+1)
		}
		k.mem.SetU32(usec, micros)
		if (wall+1)%(5*hz) == 0 {
			k.calcLoad()
		}
	}
	k.mem.SetU32(k.sym.WallJiffies, wall)
	k.clock.lastTick = k.m.Now() - k.m.Now()%k.clock.perTick
}

// calcLoad moves the load averages of 1, 5 and 15 minutes, fixed-point numbers with 11 bits after the point.
func (k *Kernel) calcLoad() {
	const one = 1 << 11
	active := uint32(0)
	for _, t := range k.everyTask() {
		if s := t.Get(k.lay.Task.State); t.Pid() != 0 && (s == abi.TaskRunning || s == abi.TaskUninterruptible) {
			active += one
		}
	}
	for i, decay := range []uint32{1884, 2014, 2037} {
		at := k.sym.Avenrun + uint32(i)*4
		k.mem.SetU32(at, (k.mem.U32(at)*decay+active*(one-decay))/one)
	}
}

// timersPending tells whether any timer is on a list.
func (k *Kernel) timersPending() bool {
	for n := range timerVectors {
		for i := range vectorLength(n) {
			if !k.listEmpty(k.timerList(n, i)) {
				return true
			}
		}
	}
	return false
}

// functionAt is the address of a function of the kernel.
func (k *Kernel) functionAt(name string) uint32 {
	addr, ok := k.profile.Symbol(name)
	if !ok {
		panicf("profile %s has no function %s", k.profile.Name, name)
	}
	return addr
}
