// SPDX-License-Identifier: BSD-3-Clause
// Sleeping and waking: wait queues with and without a timeout, semaphores by
// their inline fast path and by the slow one, completions. A kernel thread
// plays the other side.
#include <asm/semaphore.h>
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_MUTEX(mutex);
static DECLARE_MUTEX_LOCKED(locked);
static DECLARE_COMPLETION(ended);
static volatile int condition;

static void nap(long ticks)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(ticks);
}

static int other_side(void *arg)
{
	(void)arg;
	daemonize();
	printk("waitqueue: other side waits\n");
	wait_event(queue, condition == 1);
	printk("waitqueue: other side woken\n");
	down(&mutex);
	printk("waitqueue: other side has the mutex\n");
	up(&mutex);
	nap(5);
	printk("waitqueue: other side ups\n");
	up(&locked);
	complete_and_exit(&ended, 0);
}

int init_module(void)
{
	long left;
	int first;

	left = interruptible_sleep_on_timeout(&queue, 10);
	printk("waitqueue: nobody woke us, %ld ticks left\n", left);
	first = down_trylock(&mutex);
	printk("waitqueue: trylock = %d, again = %d\n", first, down_trylock(&mutex));
	if (kernel_thread(other_side, NULL, CLONE_FS | CLONE_FILES | CLONE_SIGHAND) < 0)
		return -EAGAIN;
	nap(5);
	wake_up(&queue);
	nap(5);
	printk("waitqueue: waking for good\n");
	condition = 1;
	wake_up(&queue);
	nap(5);
	printk("waitqueue: giving the mutex\n");
	up(&mutex);
	printk("waitqueue: down_interruptible = %d\n", down_interruptible(&locked));
	wait_for_completion(&ended);
	printk("waitqueue: counts %d %d, queue %s\n", atomic_read(&mutex.count), atomic_read(&locked.count),
	       list_empty(&queue.task_list) ? "empty" : "not empty");
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
