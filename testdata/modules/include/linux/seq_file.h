/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files whose text is made record by record.
 */
#ifndef _RING0_LINUX_SEQ_FILE_H
#define _RING0_LINUX_SEQ_FILE_H

#include <linux/fs.h>

struct seq_operations;

struct seq_file {
	char *buf;
	size_t size, from, count;
	loff_t index;
	char unused_24[16];
	struct seq_operations *op;
	void *private;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

int seq_open(struct file *file, struct seq_operations *op);
ssize_t seq_read(struct file *file, char *buf, size_t size, loff_t *pos);
loff_t seq_lseek(struct file *file, loff_t offset, int origin);
int seq_release(struct inode *inode, struct file *file);
int seq_printf(struct seq_file *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
int seq_escape(struct seq_file *m, const char *s, const char *special);

#endif
