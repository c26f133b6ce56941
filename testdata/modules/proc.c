// SPDX-License-Identifier: BSD-3-Clause
// A directory in /proc with a number in it that can be read and written, and a
// longer file that is read in pieces.
#include <asm/uaccess.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/proc_fs.h>

#define LINES 600

static struct proc_dir_entry *directory;
static int value = 42;

static int read_value(char *page, char **start, off_t off, int count, int *eof, void *data)
{
	(void)start;
	(void)off;
	(void)count;
	*eof = 1;
	return sprintf(page, "%d\n", *(int *)data);
}

static int write_value(struct file *file, const char *buffer, unsigned long count, void *data)
{
	char text[16];
	unsigned long n = count < sizeof(text) - 1 ? count : sizeof(text) - 1;

	(void)file;
	if (copy_from_user(text, buffer, n))
		return -EFAULT;
	text[n] = 0;
	*(int *)data = simple_strtol(text, NULL, 0);
	printk("proc: value is now %d\n", *(int *)data);
	return count;
}

/* Eight bytes a line; start tells where in the page the piece from off on begins. */
static int read_lines(char *page, char **start, off_t off, int count, int *eof, void *data)
{
	int first = off / 8, n = 0;

	(void)data;
	while (n + 8 <= count && first + n / 8 < LINES)
		n += sprintf(page + n, "line%03d\n", first + n / 8);
	*start = page + off % 8;
	if (first + n / 8 >= LINES)
		*eof = 1;
	return n - off % 8 > 0 ? n - off % 8 : 0;
}

int init_module(void)
{
	struct proc_dir_entry *number, *lines;

	directory = proc_mkdir("ring0", NULL);
	if (!directory)
		return -ENOMEM;
	number = create_proc_entry("value", 0644, directory);
	lines = create_proc_entry("lines", 0, directory);
	if (!number || !lines)
		return -ENOMEM;
	number->data = &value;
	number->read_proc = read_value;
	number->write_proc = write_value;
	number->owner = THIS_MODULE;
	lines->read_proc = read_lines;
	lines->owner = THIS_MODULE;
	printk("proc: %s mode %o links %d, %s mode %o links %d namelen %d\n", directory->name, directory->mode,
	       directory->nlink, lines->name, lines->mode, lines->nlink, lines->namelen);
	printk("proc: parent %s, first in it %s\n", number->parent == directory ? "right" : "wrong",
	       directory->subdir->name);
	return 0;
}

void cleanup_module(void)
{
	remove_proc_entry("lines", directory);
	remove_proc_entry("value", directory);
	remove_proc_entry("ring0", NULL);
	printk("proc: gone with value %d\n", value);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
