/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files in /proc made of callbacks.
 */
#ifndef _RING0_LINUX_PROC_FS_H
#define _RING0_LINUX_PROC_FS_H

#include <linux/fs.h>

typedef int(read_proc_t)(char *page, char **start, off_t off, int count, int *eof, void *data);
typedef int(write_proc_t)(struct file *file, const char *buffer, unsigned long count, void *data);
typedef int(get_info_t)(char *page, char **start, off_t off, int count);

struct proc_dir_entry {
	unsigned short low_ino;
	unsigned short namelen;
	const char *name;
	mode_t mode;
	nlink_t nlink;
	uid_t uid;
	gid_t gid;
	unsigned long size;
	void *proc_iops;
	struct file_operations *proc_fops;
	get_info_t *get_info;
	struct module *owner;
	struct proc_dir_entry *next, *parent, *subdir;
	void *data;
	read_proc_t *read_proc;
	write_proc_t *write_proc;
	atomic_t count;
	int deleted;
	kdev_t rdev;
};

struct proc_dir_entry *create_proc_entry(const char *name, mode_t mode,
					 struct proc_dir_entry *parent);
struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent);
void remove_proc_entry(const char *name, struct proc_dir_entry *parent);

#endif
