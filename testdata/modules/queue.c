// SPDX-License-Identifier: BSD-3-Clause
// A character device, queue, that is a pipe: read waits for what write puts in,
// poll tells of it, O_NONBLOCK is obeyed. late=TICKS: a timer writes a byte
// after that time.
#include <asm/system.h>
#include <asm/uaccess.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/wait.h>

#define QUEUE_MAJOR 243
#define ROOM 32
#define O_NONBLOCK 04000
#define POLLIN 0x001
#define POLLOUT 0x004

int late;
MODULE_PARM(late, "i");

void __pollwait(struct file *file, wait_queue_head_t *queue, struct poll_table_struct *table);

static char ring[ROOM];
static unsigned int in, out;
static wait_queue_head_t readers, writers;
static struct timer_list timer;

static ssize_t queue_read(struct file *file, char *to, size_t n, loff_t *pos)
{
	size_t got = 0;

	(void)pos;
	while (in == out) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		interruptible_sleep_on(&readers);
		if (signal_pending(current))
			return -EINTR;
	}
	for (; got < n && in != out; got++, out++)
		if (put_user(ring[out % ROOM], to + got))
			return -EFAULT;
	wake_up(&writers);
	return got;
}

static ssize_t queue_write(struct file *file, const char *from, size_t n, loff_t *pos)
{
	size_t put = 0;

	(void)file;
	(void)pos;
	for (; put < n && in - out < ROOM; put++, in++)
		if (get_user(ring[in % ROOM], from + put))
			return -EFAULT;
	wake_up(&readers);
	return put ? (ssize_t)put : -EAGAIN;
}

static unsigned int queue_poll(struct file *file, struct poll_table_struct *table)
{
	if (table) {
		__pollwait(file, &readers, table);
		__pollwait(file, &writers, table);
	}
	return (in != out ? POLLIN : 0) | (in - out < ROOM ? POLLOUT : 0);
}

static struct file_operations fops = {
	.owner = THIS_MODULE,
	.read = queue_read,
	.write = queue_write,
	.poll = queue_poll,
};

static void on_timer(unsigned long data)
{
	ring[in++ % ROOM] = data;
	wake_up(&readers);
}

int init_module(void)
{
	init_waitqueue_head(&readers);
	init_waitqueue_head(&writers);
	init_timer(&timer);
	timer.function = on_timer;
	timer.data = 'x';
	if (late) {
		timer.expires = jiffies + late;
		add_timer(&timer);
	}
	return register_chrdev(QUEUE_MAJOR, "queue", &fops);
}

void cleanup_module(void)
{
	del_timer(&timer);
	unregister_chrdev(QUEUE_MAJOR, "queue");
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
