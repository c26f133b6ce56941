// SPDX-License-Identifier: BSD-3-Clause
// A file in /proc made record by record: 1000 numbers, of which some records are larger than a page's rest.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define RECORDS 1000

static void *numbers_start(struct seq_file *m, loff_t *pos)
{
	(void)m;
	return *pos < RECORDS ? (void *)(unsigned long)(*pos + 1) : NULL;
}

static void *numbers_next(struct seq_file *m, void *v, loff_t *pos)
{
	(void)v;
	++*pos;
	return numbers_start(m, pos);
}

static void numbers_stop(struct seq_file *m, void *v)
{
	(void)m;
	(void)v;
}

static int numbers_show(struct seq_file *m, void *v)
{
	unsigned long n = (unsigned long)v;

	if (n == RECORDS) {
		seq_escape(m, "a b\tc", " \t");
		return seq_printf(m, "\n");
	}
	return seq_printf(m, "number %lu\n", n);
}

static struct seq_operations numbers = { numbers_start, numbers_stop, numbers_next, numbers_show };

static int numbers_open(struct inode *inode, struct file *file)
{
	(void)inode;
	return seq_open(file, &numbers);
}

static struct file_operations operations = {
	.owner = THIS_MODULE,
	.llseek = seq_lseek,
	.read = seq_read,
	.open = numbers_open,
	.release = seq_release,
};

int init_module(void)
{
	struct proc_dir_entry *entry = create_proc_entry("numbers", 0, NULL);

	if (!entry)
		return -ENOMEM;
	entry->proc_fops = &operations;
	return 0;
}

void cleanup_module(void)
{
	remove_proc_entry("numbers", NULL);
}

MODULE_LICENSE("Dual BSD/GPL");
