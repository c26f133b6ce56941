// SPDX-License-Identifier: BSD-3-Clause
// Checks of context: who sleeps, or reaches for user memory, where neither may be.
//
// On one processor spin_lock is no code at all. What can be seen is what holds others off: EFLAGS.IF (cli, spin_lock_irq and
// spin_lock_irqsave), local_bh_count (spin_lock_bh, local_bh_disable, softirqs, timers, tasklets) and local_irq_count
// (interrupt handlers). A plain spin_lock cannot be seen.

package guestkernel

import "strings"

// sleepers lists functions that may sleep. A number is the argument, from 1, that says so with __GFP_WAIT.
func sleepers() map[string]int {
	all := map[string]int{
		"kmalloc": 2, "kmem_cache_alloc": 2, "__vmalloc": 2, "__get_free_pages": 1, "get_zeroed_page": 1, "_alloc_pages": 1,
		"alloc_skb": 2, "skb_clone": 2, "skb_copy": 2, "pskb_copy": 2, "mempool_alloc": 2, "pci_pool_alloc": 2,
	}
	const always = `schedule schedule_timeout sleep_on sleep_on_timeout interruptible_sleep_on interruptible_sleep_on_timeout
		wait_for_completion __down __down_interruptible __down_failed __down_failed_interruptible rwsem_down_read_failed
		rwsem_down_write_failed kmem_cache_create kmem_cache_destroy kmem_cache_shrink request_irq create_proc_entry
		proc_mkdir remove_proc_entry register_netdev unregister_netdev unregister_netdevice kernel_thread request_module
		__ioremap iounmap vfree filp_open filp_close register_chrdev misc_register register_sysctl_table
		register_filesystem flush_scheduled_tasks call_usermodehelper tasklet_kill __wait_on_buffer bread
		pci_enable_device dev_open dev_close`
	for name := range strings.FieldsSeq(always) {
		all[name] = 0
	}
	return all
}

// sleepOn are functions for which interrupts may be off: `cli(); if (!condition) sleep_on(&queue); sti();` is how drivers of
// 2.4 wait without missing the event.
const sleepOn = " sleep_on sleep_on_timeout interruptible_sleep_on interruptible_sleep_on_timeout "

// An atomicState is what keeps a CPU from sleeping.
type atomicState struct {
	irq, bh uint32 // local_irq_count, local_bh_count
	off     bool   // interrupts
}

func (k *Kernel) atomicState() (s atomicState) {
	lay := &k.lay.IRQCPUStat
	k.quietly(func() {
		s.irq, s.bh = k.mem.Get(k.sym.IRQStat, lay.LocalIRQCount), k.mem.Get(k.sym.IRQStat, lay.LocalBHCount)
	})
	s.off = k.m.Eflags()&eflagsIF == 0
	return s
}

// reason says in words why nobody may sleep; "" when one may.
func (s atomicState) reason() string {
	switch {
	case s.irq != 0:
		return "in an interrupt handler"
	case s.bh != 0:
		return "in a softirq, timer or tasklet, or with bottom halves off"
	case s.off:
		return "with interrupts off"
	}
	return ""
}

// mayNotSleep reports a call of a function that may sleep.
func (ch *checker) mayNotSleep(c *Call, call moduleCall) {
	gfp, sleeps := ch.sleepers[c.Fn.Name]
	if !sleeps || gfp != 0 && c.Arg(gfp-1)&ch.k.pages.gfp.wait == 0 {
		return
	}
	state := ch.k.atomicState()
	if strings.Contains(sleepOn, " "+c.Fn.Name+" ") {
		state.off = false
	}
	why := state.reason()
	if why == "" {
		return
	}
	what := c.Fn.Name
	if gfp != 0 {
		what += " with __GFP_WAIT"
	}
	ch.report(Finding{Kind: SleepInAtomic, Module: call.from.name, Text: what + " " + why, At: ch.place(call.caller)})
}

// userAccess is told that a module reaches for user memory.
func (ch *checker) userAccess(what string, at uint32) {
	if why := ch.k.atomicState().reason(); why != "" {
		ch.report(Finding{Kind: UserInAtomic, Module: ch.k.callingModule(at).name, Text: what + " " + why, At: ch.place(at)})
	}
}

// enters remembers the context in which a guest function is called; leaves compares.
func (ch *checker) enters(fn uint32) (before atomicState, owner codeOwner) {
	if ch == nil {
		return before, owner
	}
	return ch.k.atomicState(), ch.k.callingModule(fn)
}

func (ch *checker) leaves(fn uint32, before atomicState, owner codeOwner) {
	if ch == nil || owner.addr == 0 {
		return
	}
	after, what := ch.k.atomicState(), ""
	switch {
	case after.off && !before.off:
		what = "returned with interrupts off"
	case after.bh > before.bh:
		what = "returned with bottom halves off"
	case after.bh < before.bh:
		what = "returned with bottom halves enabled once too often"
	default:
		return
	}
	ch.report(Finding{Kind: LeftAtomic, Module: owner.name, Text: what, At: ch.place(fn)})
}
