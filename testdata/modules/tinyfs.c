// SPDX-License-Identifier: BSD-3-Clause
// A read-only file system in memory: two files and a directory, on no device. Names are found and inodes read as the kernel
// asks for them; unmounting tells how many were read and let go by then, in all mounts together.
#include <asm/page.h>
#include <asm/uaccess.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/stat.h>
#include <linux/string.h>

#define TINYFS_MAGIC 0x74696e79
#define ROOT 1

struct tiny {
	unsigned long parent;
	const char *name;
	const char *text; /* of a file; a directory has none */
};

/* The number of an inode is its place here, from 1. */
static const struct tiny tree[] = {
	{ ROOT, "", NULL },
	{ ROOT, "hello", "hello from memory\n" },
	{ ROOT, "dir", NULL },
	{ 3, "deep", "one level down\n" },
};

static int inodes_read, inodes_gone;

static const struct tiny *tiny_of(const struct inode *inode)
{
	return &tree[inode->i_ino - 1];
}

static ssize_t tinyfs_read(struct file *file, char *buf, size_t size, loff_t *pos)
{
	const char *text = tiny_of(file->f_dentry->d_inode)->text;
	size_t length = strlen(text), at, n;

	if (*pos < 0)
		return -EINVAL;
	at = *pos < (loff_t)length ? (size_t)*pos : length;
	n = size < length - at ? size : length - at;
	if (copy_to_user(buf, text + at, n))
		return -EFAULT;
	*pos = at + n;
	printk("tinyfs: read %u at %u\n", n, at);
	return n;
}

/* Places 0 and 1 are the directory itself and the one above it; the inode with number N has the place N + 1. */
static int tinyfs_readdir(struct file *file, void *to, filldir_t fill)
{
	unsigned long ino = file->f_dentry->d_inode->i_ino, n;

	if (file->f_pos == 0) {
		if (fill(to, ".", 1, 0, ino, DT_DIR) < 0)
			return 0;
		file->f_pos = 1;
	}
	if (file->f_pos == 1) {
		if (fill(to, "..", 2, 1, tree[ino - 1].parent, DT_DIR) < 0)
			return 0;
		file->f_pos = ROOT + 2;
	}
	for (; file->f_pos <= (loff_t)ARRAY_SIZE(tree) + 1; file->f_pos++) {
		const struct tiny *t;

		n = (unsigned long)file->f_pos - 1;
		t = &tree[n - 1];
		if (t->parent != ino)
			continue;
		if (fill(to, t->name, strlen(t->name), file->f_pos, n, t->text ? DT_REG : DT_DIR) < 0)
			return 0;
	}
	return 0;
}

static struct dentry *tinyfs_lookup(struct inode *dir, struct dentry *entry)
{
	struct inode *inode = NULL;
	unsigned long n;

	for (n = ROOT + 1; n <= ARRAY_SIZE(tree); n++) {
		const struct tiny *t = &tree[n - 1];

		if (t->parent != dir->i_ino || strlen(t->name) != entry->d_name.len ||
		    strncmp(t->name, (const char *)entry->d_name.name, entry->d_name.len))
			continue;
		inode = iget(dir->i_sb, n);
		if (!inode)
			return (struct dentry *)-ENOMEM;
		break;
	}
	printk("tinyfs: lookup of %s in %lu: %lu\n", entry->d_name.name, dir->i_ino, inode ? n : 0);
	d_add(entry, inode);
	return NULL;
}

static struct file_operations file_operations = { .read = tinyfs_read };
static struct file_operations dir_operations = { .read = generic_read_dir, .readdir = tinyfs_readdir };
static struct inode_operations dir_inode_operations = { .lookup = tinyfs_lookup };

static void tinyfs_read_inode(struct inode *inode)
{
	const struct tiny *t;

	inodes_read++;
	if (inode->i_ino < ROOT || inode->i_ino > ARRAY_SIZE(tree)) {
		make_bad_inode(inode);
		return;
	}
	t = tiny_of(inode);
	inode->i_uid = inode->i_gid = 0;
	inode->i_atime = inode->i_mtime = inode->i_ctime = 0;
	inode->i_blksize = PAGE_SIZE;
	if (t->text) {
		inode->i_mode = S_IFREG | S_IRUGO;
		inode->i_size = strlen(t->text);
		inode->i_fop = &file_operations;
	} else {
		inode->i_mode = S_IFDIR | S_IRUGO | S_IXUGO;
		inode->i_nlink = 2;
		inode->i_op = &dir_inode_operations;
		inode->i_fop = &dir_operations;
	}
}

static void tinyfs_clear_inode(struct inode *inode)
{
	(void)inode;
	inodes_gone++;
}

static void tinyfs_put_super(struct super_block *sb)
{
	(void)sb;
	printk("tinyfs: unmounted; %d inodes read so far, %d let go\n", inodes_read, inodes_gone);
}

static struct super_operations super_operations = {
	.read_inode = tinyfs_read_inode,
	.put_super = tinyfs_put_super,
	.clear_inode = tinyfs_clear_inode,
};

static struct super_block *tinyfs_read_super(struct super_block *sb, void *options, int silent)
{
	struct inode *root;

	if (options && *(char *)options) {
		if (!silent)
			printk("tinyfs: no option is known, not \"%s\"\n", (char *)options);
		return NULL;
	}
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = TINYFS_MAGIC;
	sb->s_flags |= MS_RDONLY;
	sb->s_op = &super_operations;
	root = iget(sb, ROOT);
	if (!root)
		return NULL;
	sb->s_root = d_alloc_root(root);
	if (!sb->s_root) {
		iput(root);
		return NULL;
	}
	printk("tinyfs: mounted\n");
	return sb;
}

static DECLARE_FSTYPE(tinyfs_type, "tinyfs", tinyfs_read_super, 0);

int init_module(void)
{
	int error = register_filesystem(&tinyfs_type);

	printk("tinyfs: register_filesystem = %d, again %d\n", error, register_filesystem(&tinyfs_type));
	return error;
}

void cleanup_module(void)
{
	printk("tinyfs: unregister_filesystem = %d\n", unregister_filesystem(&tinyfs_type));
}

MODULE_LICENSE("Dual BSD/GPL");
