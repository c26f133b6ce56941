// SPDX-License-Identifier: BSD-3-Clause
// A file system whose one file, of two pages and a bit or as long as one likes, is read and written page by page through the page cache, so that it
// can be mapped. The pages' home is the module's own memory; each way there and back is logged.
#include <asm/page.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/stat.h>
#include <linux/string.h>

#define ROOT 1
#define DATA 2
#define PAGES 3
#define LENGTH (2 * PAGE_SIZE + 100)

int length = LENGTH; /* of the file: pages without a home have a letter each, and what is written to them is lost */
MODULE_PARM(length, "i");
int quiet;
MODULE_PARM(quiet, "i");

static char home[PAGES][PAGE_SIZE];

#define LOG(...) do { if (!quiet) printk(__VA_ARGS__); } while (0)

static int pagefs_readpage(struct file *file, struct page *page)
{
	(void)file;
	LOG("pagefs: readpage %lu\n", page->index);
	if (page->index < PAGES)
		memcpy(page->virtual, home[page->index], PAGE_SIZE);
	else
		memset(page->virtual, 'a' + page->index % 26, PAGE_SIZE);
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

static int pagefs_writepage(struct page *page)
{
	LOG("pagefs: writepage %lu begins with %c\n", page->index, *(char *)page->virtual);
	if (page->index < PAGES)
		memcpy(home[page->index], page->virtual, PAGE_SIZE);
	unlock_page(page);
	return 0;
}

static int pagefs_prepare_write(struct file *file, struct page *page, unsigned from, unsigned to)
{
	(void)file;
	printk("pagefs: prepare_write %lu, %u to %u\n", page->index, from, to);
	if (page->index >= PAGES)
		return -ENOSPC;
	if (!(page->flags & 1UL << PG_uptodate)) {
		memcpy(page->virtual, home[page->index], PAGE_SIZE);
		SetPageUptodate(page);
	}
	return 0;
}

static int pagefs_commit_write(struct file *file, struct page *page, unsigned from, unsigned to)
{
	(void)file;
	(void)from;
	(void)to;
	set_page_dirty(page);
	return 0;
}

static int pagefs_fsync(struct file *file, struct dentry *dentry, int data)
{
	(void)file;
	(void)dentry;
	printk("pagefs: fsync %d\n", data);
	return 0;
}

static struct address_space_operations mapping_operations = {
	.writepage = pagefs_writepage,
	.readpage = pagefs_readpage,
	.prepare_write = pagefs_prepare_write,
	.commit_write = pagefs_commit_write,
};
static struct file_operations file_operations = {
	.read = generic_file_read,
	.write = generic_file_write,
	.mmap = generic_file_mmap,
	.fsync = pagefs_fsync,
};

static struct dentry *pagefs_lookup(struct inode *dir, struct dentry *entry)
{
	struct inode *inode = NULL;

	if (entry->d_name.len == 4 && !strncmp("data", (const char *)entry->d_name.name, 4)) {
		inode = iget(dir->i_sb, DATA);
		if (!inode)
			return (struct dentry *)-ENOMEM;
	}
	d_add(entry, inode);
	return NULL;
}

static struct file_operations dir_operations = { .read = generic_read_dir };
static struct inode_operations dir_inode_operations = { .lookup = pagefs_lookup };

static void pagefs_read_inode(struct inode *inode)
{
	inode->i_uid = inode->i_gid = 0;
	inode->i_atime = inode->i_mtime = inode->i_ctime = 0;
	inode->i_blksize = PAGE_SIZE;
	if (inode->i_ino == DATA) {
		inode->i_mode = S_IFREG | 0666;
		inode->i_size = length;
		inode->i_fop = &file_operations;
		inode->i_mapping->a_ops = &mapping_operations;
	} else {
		inode->i_mode = S_IFDIR | S_IRUGO | S_IXUGO;
		inode->i_nlink = 2;
		inode->i_op = &dir_inode_operations;
		inode->i_fop = &dir_operations;
	}
}

static void pagefs_put_super(struct super_block *sb)
{
	(void)sb;
	printk("pagefs: unmounted; pages begin with %c %c %c\n", home[0][0], home[1][0], home[2][0]);
}

static struct super_operations super_operations = {
	.read_inode = pagefs_read_inode,
	.put_super = pagefs_put_super,
};

static struct super_block *pagefs_read_super(struct super_block *sb, void *options, int silent)
{
	struct inode *root;

	(void)options;
	(void)silent;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = 0x70616765;
	sb->s_maxbytes = length;
	sb->s_op = &super_operations;
	root = iget(sb, ROOT);
	if (!root)
		return NULL;
	sb->s_root = d_alloc_root(root);
	if (!sb->s_root) {
		iput(root);
		return NULL;
	}
	return sb;
}

static DECLARE_FSTYPE(pagefs_type, "pagefs", pagefs_read_super, 0);

int init_module(void)
{
	int i;

	for (i = 0; i < PAGES; i++)
		memset(home[i], 'a' + i, PAGE_SIZE);
	return register_filesystem(&pagefs_type);
}

void cleanup_module(void)
{
	unregister_filesystem(&pagefs_type);
}

MODULE_LICENSE("Dual BSD/GPL");
