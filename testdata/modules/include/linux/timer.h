/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel timers: a function called in interrupt context when jiffies has reached expires.
 */
#ifndef _RING0_LINUX_TIMER_H
#define _RING0_LINUX_TIMER_H

#include <linux/sched.h>

struct timer_list {
	struct list_head list;
	unsigned long expires;
	unsigned long data;
	void (*function)(unsigned long);
};

static inline void init_timer(struct timer_list *timer)
{
	timer->list.next = NULL;
	timer->list.prev = NULL;
}

static inline int timer_pending(const struct timer_list *timer)
{
	return timer->list.next != NULL;
}

void add_timer(struct timer_list *timer);
int del_timer(struct timer_list *timer);
int mod_timer(struct timer_list *timer, unsigned long expires);
/* On one processor no handler can be running elsewhere. */
#define del_timer_sync(timer) del_timer(timer)

#endif
