// SPDX-License-Identifier: BSD-3-Clause
// Use counts: a character device without owner that counts its users itself, as
// drivers before 2.4 did. how= open: forgets to give up a use when open fails;
// release: forgets it in release; less: gives one up too many; right: does it
// right. Minor 1 cannot be opened.
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/string.h>

#define CHKCOUNT_MAJOR 242

char *how = "";
MODULE_PARM(how, "s");

static int count_open(struct inode *inode, struct file *file)
{
	(void)file;
	MOD_INC_USE_COUNT;
	if (MINOR(inode->i_rdev) == 1) {
		if (strcmp(how, "open"))
			MOD_DEC_USE_COUNT;
		return -EIO;
	}
	return 0;
}

static int count_release(struct inode *inode, struct file *file)
{
	(void)inode;
	(void)file;
	if (strcmp(how, "release"))
		MOD_DEC_USE_COUNT;
	if (!strcmp(how, "less"))
		MOD_DEC_USE_COUNT;
	return 0;
}

static struct file_operations fops = {.open = count_open, .release = count_release};

int init_module(void)
{
	return register_chrdev(CHKCOUNT_MAJOR, "chkcount", &fops);
}

void cleanup_module(void)
{
	unregister_chrdev(CHKCOUNT_MAJOR, "chkcount");
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
