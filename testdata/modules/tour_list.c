// SPDX-License-Identifier: BSD-3-Clause
// For the guided tour of the debugger: a list corrupted because a lock is
// missing. Jobs wait in a list; the module's init takes one after the other, and
// so does a timer. Taking one is reading the head and then writing it, and the
// timer may come in between: then both have the same job.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/timer.h>

#define JOBS 6

struct job {
	int number;
	int done;
	struct job *next;
};

static struct job jobs[JOBS];
static struct job *queue;
static struct timer_list ticker;

/* Takes the first job. There should be a lock around this. */
static struct job *__attribute__((noinline)) take(int effort)
{
	struct job *first = queue;
	volatile int work;

	for (work = 0; work < effort; work++)
		; /* looks whether the job suits */
	if (first)
		queue = first->next;
	return first;
}

static void __attribute__((noinline)) finish_job(struct job *job, const char *who)
{
	job->done++;
	printk("tour_list: job %d by %s%s\n", job->number, who, job->done > 1 ? ", again!" : "");
}

static void on_tick(unsigned long effort)
{
	struct job *job = take(effort);

	if (job)
		finish_job(job, "the timer");
}

int init_module(void)
{
	struct job *job;
	int i;

	for (i = JOBS - 1; i >= 0; i--) {
		jobs[i].number = i + 1;
		jobs[i].next = queue;
		queue = &jobs[i];
	}
	init_timer(&ticker);
	ticker.function = on_tick;
	ticker.data = 10;
	ticker.expires = jiffies + 1;
	add_timer(&ticker);
	while ((job = take(100000)) != 0)
		finish_job(job, "init");
	return 0;
}

void cleanup_module(void)
{
	del_timer_sync(&ticker);
}

MODULE_LICENSE("Dual BSD/GPL");
