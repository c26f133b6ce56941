// SPDX-License-Identifier: BSD-3-Clause
// What a module leaves behind. how= memory: three objects of kmalloc, one of a
// slab cache and the cache, a page, an area; device: a major, a file in /proc;
// timer, irq, tasklet, thread: what will call the module when it is gone; fail:
// init fails and gives nothing back; none: gives all back.
#include <asm/system.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

#define LINE 5
#define OBJECTS 3
#define CHKLEAK_MAJOR 241

char *how = "";
MODULE_PARM(how, "s");

static struct timer_list timer;
static struct file_operations fops = {.owner = THIS_MODULE};
static void *objects[OBJECTS], *area, *object;
static unsigned long page;
static kmem_cache_t *cache;

static void nothing(unsigned long data)
{
	(void)data;
}

static DECLARE_TASKLET(tasklet, nothing, 0);

static void handler(int irq, void *dev_id, struct pt_regs *regs)
{
	(void)irq;
	(void)dev_id;
	(void)regs;
}

static int thread(void *data)
{
	(void)data;
	daemonize();
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(1000);
	}
	return 0;
}

static int read_proc(char *p, char **start, off_t off, int count, int *eof, void *data)
{
	(void)p, (void)start, (void)off, (void)count, (void)eof, (void)data;
	return 0;
}

static void take_memory(void)
{
	int i;

	for (i = 0; i < OBJECTS; i++)
		objects[i] = kmalloc(20 + i, GFP_KERNEL);
	page = __get_free_pages(GFP_KERNEL, 2);
	area = vmalloc(5000);
	cache = kmem_cache_create("chkleak", 40, 0, 0, NULL, NULL);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
}

static void give_memory(void)
{
	int i;

	for (i = 0; i < OBJECTS; i++)
		kfree(objects[i]);
	free_pages(page, 2);
	vfree(area);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

static void take_device(void)
{
	register_chrdev(CHKLEAK_MAJOR, "chkleak", &fops);
	create_proc_entry("chkleak", 0, NULL)->read_proc = read_proc;
}

static void give_device(void)
{
	unregister_chrdev(CHKLEAK_MAJOR, "chkleak");
	remove_proc_entry("chkleak", NULL);
}

int init_module(void)
{
	if (!strcmp(how, "memory") || !strcmp(how, "fail") || !strcmp(how, "none"))
		take_memory();
	if (!strcmp(how, "fail"))
		return -EIO;
	if (!strcmp(how, "none")) {
		take_device();
		give_device();
		give_memory();
	}
	if (!strcmp(how, "device"))
		take_device();
	if (!strcmp(how, "timer") || !strcmp(how, "none")) {
		init_timer(&timer);
		timer.function = nothing;
		timer.expires = jiffies + 1000;
		add_timer(&timer);
	}
	if (!strcmp(how, "irq"))
		request_irq(LINE, handler, 0, "chkleak", NULL);
	if (!strcmp(how, "thread"))
		kernel_thread(thread, NULL, 0);
	if (!strcmp(how, "none"))
		del_timer(&timer);
	return 0;
}

void cleanup_module(void)
{
	if (!strcmp(how, "tasklet")) {
		cli(); /* else it runs right away */
		tasklet_schedule(&tasklet);
	}
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
