// SPDX-License-Identifier: BSD-3-Clause
// A kernel thread as drivers of the time had them: it gives up its process's
// resources, names itself, works until a signal comes, and says when it ends.
#include <linux/completion.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

static DECLARE_COMPLETION(started);
static DECLARE_COMPLETION(ended);
static int pid;
static int rounds;

static int thread(void *arg)
{
	daemonize();
	reparent_to_init();
	strcpy(current->comm, "kringd");
	printk("kthread: %s runs, argument %s, mm %s, uid %u\n", current->comm, (const char *)arg,
	       current->mm ? "kept" : "none", current->uid);
	complete(&started);
	while (!signal_pending(current)) {
		rounds++;
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout(4);
	}
	printk("kthread: signal, parent is pid %d\n", current->p_pptr->pid);
	flush_signals(current);
	printk("kthread: pending %s\n", signal_pending(current) ? "still" : "no more");
	complete_and_exit(&ended, 0);
}

int init_module(void)
{
	pid = kernel_thread(thread, "word", CLONE_FS | CLONE_FILES | CLONE_SIGHAND);
	if (pid < 0)
		return pid;
	printk("kthread: started %s\n", pid > 1 ? "a thread" : "nothing");
	wait_for_completion(&started);
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(20);
	printk("kthread: works %s\n", rounds > 2 ? "on" : "not");
	return 0;
}

void cleanup_module(void)
{
	printk("kthread: kill_proc = %d\n", kill_proc(pid, SIGTERM, 1));
	wait_for_completion(&ended);
	printk("kthread: gone\n");
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
