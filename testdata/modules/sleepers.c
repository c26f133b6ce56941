// SPDX-License-Identifier: BSD-3-Clause
// Tasks that sleep in as many functions of the kernel as there are threads here: each works a little when it is woken
// and sleeps again. A timer wakes them all, every tick. With spin=1 init then works, gives way to the others again and
// again, and does not come back.
#include <asm/semaphore.h>
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/timer.h>

#define GFP_KERNEL 0x1f0
#define SYS_RESTART 1

struct page;
struct page *FASTCALL(_alloc_pages(unsigned int gfp, unsigned int order));
void FASTCALL(__free_pages(struct page *page, unsigned int order));
void FASTCALL(lock_page(struct page *page));
void FASTCALL(unlock_page(struct page *page));
void FASTCALL(interruptible_sleep_on(wait_queue_head_t *queue));
void FASTCALL(__wake_up(wait_queue_head_t *queue, unsigned int mode, int n));
int notifier_call_chain(struct notifier_block **list, unsigned long event, void *data);

int spin, work = 500;
MODULE_PARM(spin, "i");
MODULE_PARM(work, "i");

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_MUTEX_LOCKED(sem);
static DECLARE_COMPLETION(event);
static DECLARE_COMPLETION(ended);
static struct notifier_block *chain;
static struct page *page;
static int page_is_locked;
static struct timer_list timer;
static volatile int stopping;
static volatile unsigned long rounds;

static void sleeps_on_a_queue(void)
{
	interruptible_sleep_on(&queue);
}

static void sleeps_for_a_time(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	schedule_timeout(2);
}

static void takes_a_semaphore(void)
{
	down(&sem);
}

static void waits_for_an_event(void)
{
	wait_for_completion(&event);
}

static void locks_a_page(void)
{
	lock_page(page);
	page_is_locked = 1;
}

/* The kernel calls back, and the function that it calls sleeps. */
static void is_called_back(void)
{
	notifier_call_chain(&chain, SYS_RESTART, NULL);
}

static int called_back(struct notifier_block *block, unsigned long what, void *data)
{
	(void)block, (void)what, (void)data;
	sleeps_for_a_time();
	return NOTIFY_DONE;
}

static struct notifier_block block = {.notifier_call = called_back};

static void gives_way(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	schedule();
}

struct sleeper {
	const char *name;
	void (*sleep)(void);
	int turns;
	struct task_struct *task;
};

static struct sleeper sleepers[] = {
	{"queue", sleeps_on_a_queue, 0, NULL},	  {"time", sleeps_for_a_time, 0, NULL},
	{"semaphore", takes_a_semaphore, 0, NULL}, {"completion", waits_for_an_event, 0, NULL},
	{"page", locks_a_page, 0, NULL},	  {"notifier", is_called_back, 0, NULL},
	{"schedule", gives_way, 0, NULL},
};
#define SLEEPERS (int)(sizeof(sleepers) / sizeof(sleepers[0]))

static int thread(void *arg)
{
	struct sleeper *me = arg;
	int i;

	daemonize();
	me->task = current;
	while (!stopping) {
		me->sleep();
		me->turns++;
		for (i = 0; i < work; i++)
			rounds++;
	}
	complete_and_exit(&ended, 0);
}

static void tick(unsigned long data)
{
	(void)data;
	__wake_up(&queue, TASK_INTERRUPTIBLE, 1);
	up(&sem);
	complete(&event);
	if (page_is_locked) {
		page_is_locked = 0;
		unlock_page(page);
	}
	wake_up_process(sleepers[SLEEPERS - 1].task);
	mod_timer(&timer, jiffies + 1);
}

int init_module(void)
{
	int i;

	page = _alloc_pages(GFP_KERNEL, 0);
	if (!page)
		return -12;
	lock_page(page);
	page_is_locked = 1;
	chain = &block;
	for (i = 0; i < SLEEPERS; i++)
		kernel_thread(thread, &sleepers[i], CLONE_FS | CLONE_FILES | CLONE_SIGHAND);
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(1);
	init_timer(&timer);
	timer.function = tick;
	timer.expires = jiffies + 1;
	add_timer(&timer);
	printk("sleepers: %d\n", SLEEPERS);
	while (spin)
		if (++rounds % 16384 == 0)
			schedule();
	return 0;
}

void cleanup_module(void)
{
	int i;

	stopping = 1;
	for (i = 0; i < SLEEPERS; i++)
		wait_for_completion(&ended);
	del_timer_sync(&timer);
	for (i = 0; i < SLEEPERS; i++)
		printk("sleepers: %s %s\n", sleepers[i].name, sleepers[i].turns > 1 ? "goes on" : "hangs");
	if (page_is_locked)
		unlock_page(page);
	__free_pages(page, 0);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
