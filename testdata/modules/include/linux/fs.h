/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files: struct file and file_operations in their real layout, and the registration of character
 * devices.
 */
#ifndef _RING0_LINUX_FS_H
#define _RING0_LINUX_FS_H

#include <linux/module.h>
#include <linux/types.h>

struct inode;
struct dentry;
struct file;

struct inode {
	char unused_0[64];
	kdev_t i_rdev;
	char unused_66[334];
};

#define MAJOR(dev) ((unsigned int)(dev) >> 8)
#define MINOR(dev) ((unsigned int)(dev)&255)

struct file {
	struct list_head f_list;
	struct dentry *f_dentry;
	void *f_vfsmnt;
	struct file_operations *f_op;
	atomic_t f_count;
	unsigned int f_flags;
	mode_t f_mode;
	loff_t f_pos;
	char unused_40[36];
	unsigned int f_uid, f_gid;
	int f_error;
	unsigned long f_version;
	void *private_data;
	char unused_96[8];
};

typedef int (*filldir_t)(void *, const char *, int, loff_t, unsigned long, unsigned);
struct poll_table_struct;
struct vm_area_struct;
struct file_lock;
struct iovec;
struct page;

struct file_operations {
	struct module *owner;
	loff_t (*llseek)(struct file *, loff_t, int);
	ssize_t (*read)(struct file *, char *, size_t, loff_t *);
	ssize_t (*write)(struct file *, const char *, size_t, loff_t *);
	int (*readdir)(struct file *, void *, filldir_t);
	unsigned int (*poll)(struct file *, struct poll_table_struct *);
	int (*ioctl)(struct inode *, struct file *, unsigned int, unsigned long);
	int (*mmap)(struct file *, struct vm_area_struct *);
	int (*open)(struct inode *, struct file *);
	int (*flush)(struct file *);
	int (*release)(struct inode *, struct file *);
	int (*fsync)(struct file *, struct dentry *, int);
	int (*fasync)(int, struct file *, int);
	int (*lock)(struct file *, int, struct file_lock *);
	ssize_t (*readv)(struct file *, const struct iovec *, unsigned long, loff_t *);
	ssize_t (*writev)(struct file *, const struct iovec *, unsigned long, loff_t *);
	ssize_t (*sendpage)(struct file *, struct page *, int, size_t, loff_t *, int);
	unsigned long (*get_unmapped_area)(struct file *, unsigned long, unsigned long,
					   unsigned long, unsigned long);
};

/* major 0 asks for a free one, which is returned; otherwise 0 or a negated error. */
int register_chrdev(unsigned int major, const char *name, struct file_operations *fops);
int unregister_chrdev(unsigned int major, const char *name);

#endif
