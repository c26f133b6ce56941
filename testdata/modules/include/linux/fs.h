/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files and file systems: struct file, inode, super_block and their tables of operations in the real
 * layout, and the registration of character devices and of file system types.
 */
#ifndef _RING0_LINUX_FS_H
#define _RING0_LINUX_FS_H

#include <linux/module.h>
#include <linux/types.h>

struct inode;
struct dentry;
struct file;
struct address_space;

struct inode_operations;
struct file_operations;
struct super_block;

struct inode {
	char unused_0[40];
	unsigned long i_ino;
	atomic_t i_count;
	kdev_t i_dev;
	umode_t i_mode;
	nlink_t i_nlink;
	uid_t i_uid;
	gid_t i_gid;
	kdev_t i_rdev;
	loff_t i_size;
	time_t i_atime, i_mtime, i_ctime;
	unsigned int i_blkbits;
	unsigned long i_blksize, i_blocks;
	char unused_100[40];
	struct inode_operations *i_op;
	struct file_operations *i_fop;
	struct super_block *i_sb;
	char unused_152[12];
	struct address_space *i_mapping;
	char unused_168[232];
};

struct page {
	struct list_head list;
	struct address_space *mapping;
	unsigned long index;
	struct page *next_hash;
	atomic_t count;
	unsigned long flags;
	char unused_28[24];
	void *virtual; /* where it is in kernel memory */
};

#define PG_uptodate 3

struct address_space_operations {
	int (*writepage)(struct page *);
	int (*readpage)(struct file *, struct page *);
	int (*sync_page)(struct page *);
	int (*prepare_write)(struct file *, struct page *, unsigned, unsigned);
	int (*commit_write)(struct file *, struct page *, unsigned, unsigned);
	char unused_20[20];
};

struct address_space {
	struct list_head clean_pages, dirty_pages, locked_pages;
	unsigned long nrpages;
	struct address_space_operations *a_ops;
	struct inode *host;
	char unused_36[12];
};

static inline void SetPageUptodate(struct page *page)
{
	page->flags |= 1UL << PG_uptodate;
}

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

/* What readdir calls for each name: its length, its place, the inode's number and its kind. Below 0: no more room. */
typedef int (*filldir_t)(void *, const char *, int, loff_t, unsigned long, unsigned);
struct poll_table_struct;
struct vm_area_struct;
struct file_lock;
struct iovec;
struct page;
struct address_space;

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

struct iattr;
struct nameidata;

struct inode_operations {
	int (*create)(struct inode *, struct dentry *, int);
	struct dentry *(*lookup)(struct inode *, struct dentry *);
	int (*link)(struct dentry *, struct inode *, struct dentry *);
	int (*unlink)(struct inode *, struct dentry *);
	int (*symlink)(struct inode *, struct dentry *, const char *);
	int (*mkdir)(struct inode *, struct dentry *, int);
	int (*rmdir)(struct inode *, struct dentry *);
	int (*mknod)(struct inode *, struct dentry *, int, int);
	int (*rename)(struct inode *, struct dentry *, struct inode *, struct dentry *);
	int (*readlink)(struct dentry *, char *, int);
	int (*follow_link)(struct dentry *, struct nameidata *);
	void (*truncate)(struct inode *);
	int (*permission)(struct inode *, int);
	int (*revalidate)(struct dentry *);
	int (*setattr)(struct dentry *, struct iattr *);
	int (*getattr)(struct dentry *, struct iattr *);
};

/* Those that modules here fill in. */
struct super_operations {
	char unused_0[8];
	void (*read_inode)(struct inode *);
	char unused_12[12];
	void (*put_inode)(struct inode *);
	void (*delete_inode)(struct inode *);
	void (*put_super)(struct super_block *);
	char unused_36[20];
	void (*clear_inode)(struct inode *);
	char unused_60[16];
};

struct file_system_type {
	const char *name;
	int fs_flags;
	struct super_block *(*read_super)(struct super_block *, void *, int);
	struct module *owner;
	struct file_system_type *next;
	struct list_head fs_supers;
};

struct super_block {
	struct list_head s_list;
	kdev_t s_dev;
	unsigned long s_blocksize;
	unsigned char s_blocksize_bits;
	unsigned char s_dirt;
	unsigned long long s_maxbytes;
	struct file_system_type *s_type;
	struct super_operations *s_op;
	void *dq_op;
	unsigned long s_flags;
	unsigned long s_magic;
	struct dentry *s_root;
	char unused_52[824];
};

#define MS_RDONLY 1
#define FS_REQUIRES_DEV 1
#define DT_DIR 4
#define DT_REG 8

/* A type that lies on no device has the flags 0. */
#define DECLARE_FSTYPE(var, type, read, flags)                                                     \
	struct file_system_type var = {                                                            \
		.name = type,                                                                      \
		.fs_flags = flags,                                                                 \
		.read_super = read,                                                                \
		.owner = THIS_MODULE,                                                              \
	}

/* 0, -EINVAL without a type, -EBUSY for a name that is taken; unregistering: -EINVAL for one that is not registered. */
int register_filesystem(struct file_system_type *type);
int unregister_filesystem(struct file_system_type *type);

typedef int (*find_inode_t)(struct inode *, unsigned long, void *);
struct inode *iget4(struct super_block *sb, unsigned long ino, find_inode_t find, void *opaque);
void iput(struct inode *inode);
void make_bad_inode(struct inode *inode);
ssize_t generic_file_read(struct file *file, char *buf, size_t size, loff_t *pos);
ssize_t generic_file_write(struct file *file, const char *buf, size_t size, loff_t *pos);
int generic_file_mmap(struct file *file, struct vm_area_struct *vma);
void unlock_page(struct page *page) __attribute__((regparm(3)));
void set_page_dirty(struct page *page) __attribute__((regparm(3)));
ssize_t generic_read_dir(struct file *file, char *buf, size_t size, loff_t *pos);

/* The inode of a number, with one more user; read_inode has filled it in. */
static inline struct inode *iget(struct super_block *sb, unsigned long ino)
{
	return iget4(sb, ino, NULL, NULL);
}

/* major 0 asks for a free one, which is returned; otherwise 0 or a negated error. */
int register_chrdev(unsigned int major, const char *name, struct file_operations *fops);
int unregister_chrdev(unsigned int major, const char *name);

#endif
