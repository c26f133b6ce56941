/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of files: struct dentry in its real layout.
 */
#ifndef _RING0_LINUX_DCACHE_H
#define _RING0_LINUX_DCACHE_H

#include <linux/fs.h>

struct dentry_operations;

struct qstr {
	const unsigned char *name;
	unsigned int len;
	unsigned int hash;
};

struct dentry {
	atomic_t d_count;
	unsigned int d_flags;
	struct inode *d_inode;
	struct dentry *d_parent;
	struct list_head d_hash, d_lru, d_child, d_subdirs, d_alias;
	int d_mounted;
	struct qstr d_name;
	unsigned long d_time;
	struct dentry_operations *d_op;
	struct super_block *d_sb;
	unsigned long d_vfs_flags;
	void *d_fsdata;
	void *d_extra_attributes;
	unsigned char d_iname[24];
};

/* Both take over the caller's use of the inode. The root's name is "/". */
struct dentry *d_alloc_root(struct inode *root);
void d_instantiate(struct dentry *entry, struct inode *inode);
void d_rehash(struct dentry *entry);

/* The name is found from now on: as that of an inode, or, with none, as one that is not there. */
static inline void d_add(struct dentry *entry, struct inode *inode)
{
	d_instantiate(entry, inode);
	d_rehash(entry);
}

#endif
