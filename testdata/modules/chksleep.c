// SPDX-License-Identifier: BSD-3-Clause
// What must not be done where nobody may sleep. 2.4 notices none of these. how=
// timer, cli, bh: kmalloc that may wait in a timer, with interrupts off, with
// bottom halves off; schedule: schedule_timeout with interrupts off; user:
// user memory with interrupts off, by the kernel's copy and by put_user;
// left: init returns with interrupts off; idiom: sleep_on with interrupts off,
// which is right.
#include <asm/system.h>
#include <asm/uaccess.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/wait.h>

char *how = "";
MODULE_PARM(how, "s");

static struct timer_list timer;
static wait_queue_head_t queue;

static void take(void)
{
	kfree(kmalloc(40, GFP_KERNEL));
}

static void on_timer(unsigned long data)
{
	if (data)
		take();
	wake_up(&queue);
}

static void arm(unsigned long data)
{
	init_timer(&timer);
	timer.function = on_timer;
	timer.data = data;
	timer.expires = jiffies + 3;
	add_timer(&timer);
}

static void wait_a_little(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	schedule_timeout(6);
}

static void reach_for_user(void)
{
	char text[8];

	copy_to_user((void *)0xbffff000, text, 3 + (unsigned long)how % 2);
	put_user(1, (int *)0xbffff000);
}

int init_module(void)
{
	unsigned long flags;

	init_waitqueue_head(&queue);
	if (!strcmp(how, "timer")) {
		arm(1);
		wait_a_little();
	} else if (!strcmp(how, "bh")) {
		irq_stat[0].__local_bh_count++;
		take();
		irq_stat[0].__local_bh_count--;
	} else if (!strcmp(how, "left")) {
		cli();
	} else {
		save_flags(flags);
		cli();
		if (!strcmp(how, "cli"))
			take();
		else if (!strcmp(how, "schedule"))
			wait_a_little();
		else if (!strcmp(how, "user"))
			reach_for_user();
		else if (!strcmp(how, "idiom")) {
			arm(0);
			interruptible_sleep_on(&queue);
		}
		restore_flags(flags);
	}
	return 0;
}

void cleanup_module(void) {}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
