// SPDX-License-Identifier: BSD-3-Clause
// Work put off: tasklets (scheduled twice they run once, disabled they wait),
// the immediate task queue, and the kernel's own thread for work that sleeps.
#include <asm/system.h>
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/tqueue.h>

static void on_tasklet(unsigned long data)
{
	printk("tasklet: %s, in interrupt %s\n", (const char *)data, in_interrupt() ? "yes" : "no");
}

static DECLARE_TASKLET(low, on_tasklet, (unsigned long)"low");
static DECLARE_TASKLET(high, on_tasklet, (unsigned long)"high");
static struct tasklet_struct late;
static DECLARE_COMPLETION(done);

static void on_queue(void *data)
{
	printk("tasklet: queue %s, in interrupt %s\n", (const char *)data, in_interrupt() ? "yes" : "no");
}

static void in_process(void *data)
{
	printk("tasklet: %s in process context of %s\n", (const char *)data, current->comm);
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(3);
	complete(&done);
}

static struct tq_struct immediate = {.routine = on_queue, .data = "immediate"};
static struct tq_struct process = {.routine = in_process, .data = "scheduled"};

static void nap(long ticks)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(ticks);
}

int init_module(void)
{
	unsigned long flags;
	int first;

	save_and_cli(flags);
	tasklet_schedule(&low);
	tasklet_schedule(&low);
	tasklet_hi_schedule(&high);
	printk("tasklet: both scheduled\n");
	restore_flags(flags);
	nap(5);

	tasklet_init(&late, on_tasklet, (unsigned long)"late");
	tasklet_disable(&late);
	tasklet_schedule(&late);
	nap(5);
	printk("tasklet: enabling late\n");
	tasklet_enable(&late);
	nap(5);

	save_and_cli(flags);
	first = queue_task(&immediate, &tq_immediate);
	printk("tasklet: queue_task = %d, again = %d\n", first, queue_task(&immediate, &tq_immediate));
	mark_bh(IMMEDIATE_BH);
	restore_flags(flags);
	nap(5);

	printk("tasklet: schedule_task = %d\n", schedule_task(&process));
	wait_for_completion(&done);
	flush_scheduled_tasks();
	return 0;
}

void cleanup_module(void)
{
	tasklet_kill(&low);
	tasklet_kill(&high);
	tasklet_kill(&late);
	printk("tasklet: gone\n");
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
