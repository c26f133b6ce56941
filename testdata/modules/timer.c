// SPDX-License-Identifier: BSD-3-Clause
// Kernel timers: one that fires three times, one that is deleted before it can,
// one that is moved. init sleeps meanwhile. With fail=1 init arms a timer and
// then fails, so that it fires into memory that is no longer there.
#include <asm/system.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/timer.h>

int fail;
MODULE_PARM(fail, "i");

static struct timer_list repeating, never, moved;
static int fired;
static unsigned long due;

static void on_repeating(unsigned long limit)
{
	fired++;
	printk("timer: %d of %lu, in interrupt %s, on time %s, pending %s\n", fired, limit,
	       in_interrupt() ? "yes" : "no", jiffies - due < 3 ? "yes" : "no",
	       timer_pending(&repeating) ? "yes" : "no");
	if (fired < (int)limit) {
		due = jiffies + 5;
		mod_timer(&repeating, due);
	}
}

static void on_never(unsigned long data)
{
	printk("timer: must not fire (%lu)\n", data);
}

static void on_moved(unsigned long data)
{
	printk("timer: moved one, data %lx\n", data);
}

static void arm(struct timer_list *timer, void (*function)(unsigned long), unsigned long data, int in)
{
	init_timer(timer);
	timer->function = function;
	timer->data = data;
	timer->expires = jiffies + in;
	add_timer(timer);
}

int init_module(void)
{
	int first;

	arm(&never, on_never, 1, 40);
	if (fail) {
		printk("timer: armed, failing\n");
		return -EIO;
	}
	due = jiffies + 5;
	arm(&repeating, on_repeating, 3, 5);
	arm(&moved, on_moved, 0xabcd, 1000);
	printk("timer: pending %s\n", timer_pending(&never) ? "yes" : "no");
	printk("timer: mod_timer of a pending one = %d\n", mod_timer(&moved, jiffies + 30));
	first = del_timer(&never);
	printk("timer: del_timer = %d, again = %d\n", first, del_timer(&never));
	set_current_state(TASK_UNINTERRUPTIBLE);
	printk("timer: slept, %ld ticks left\n", schedule_timeout(60));
	printk("timer: fired %d, del_timer of a fired one = %d\n", fired, del_timer_sync(&moved));
	return 0;
}

void cleanup_module(void)
{
	del_timer_sync(&repeating);
	printk("timer: gone\n");
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
