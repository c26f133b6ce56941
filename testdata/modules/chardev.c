// SPDX-License-Identifier: BSD-3-Clause
// A character device with a small buffer of its own: what is written can be
// read back, an ioctl counts. major=0 asks the kernel for a free number.
#include <asm/uaccess.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#define ROOM 64
#define CHARDEV_RESET 0x6300 /* forgets the contents, returns how long they were */
#define CHARDEV_LENGTH 0x6301 /* stores the length at arg */

int major = 240;
MODULE_PARM(major, "i");

static int number;
static char contents[ROOM];
static int length;
static int opened;

static int chardev_open(struct inode *inode, struct file *file)
{
	opened++;
	printk("chardev: open minor %u flags %o, %d so far\n", MINOR(inode->i_rdev), file->f_flags & 3,
	       opened);
	return 0;
}

static int chardev_release(struct inode *inode, struct file *file)
{
	(void)file;
	printk("chardev: release minor %u\n", MINOR(inode->i_rdev));
	return 0;
}

static ssize_t chardev_read(struct file *file, char *to, size_t n, loff_t *pos)
{
	int at = *pos;

	(void)file;
	if (at >= length)
		return 0;
	if (n > (size_t)(length - at))
		n = length - at;
	if (copy_to_user(to, contents + at, n))
		return -EFAULT;
	*pos += n;
	printk("chardev: read %u at %d\n", n, at);
	return n;
}

static ssize_t chardev_write(struct file *file, const char *from, size_t n, loff_t *pos)
{
	int at = *pos;

	(void)file;
	if (at >= ROOM)
		return -ENOSPC;
	if (n > (size_t)(ROOM - at))
		n = ROOM - at;
	if (copy_from_user(contents + at, from, n))
		return -EFAULT;
	*pos += n;
	if (*pos > length)
		length = *pos;
	printk("chardev: write %u at %d\n", n, at);
	return n;
}

static int chardev_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg)
{
	int was = length;

	(void)inode;
	(void)file;
	printk("chardev: ioctl %04x\n", cmd);
	switch (cmd) {
	case CHARDEV_RESET:
		length = 0;
		return was;
	case CHARDEV_LENGTH:
		return put_user(length, (int *)arg);
	}
	return -ENOTTY;
}

static struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.read = chardev_read,
	.write = chardev_write,
	.ioctl = chardev_ioctl,
	.open = chardev_open,
	.release = chardev_release,
};

static struct file_operations other_fops = {.owner = THIS_MODULE};

static int __init chardev_init(void)
{
	int err = register_chrdev(major, "chardev", &chardev_fops);

	if (err < 0) {
		printk(KERN_ERR "chardev: register_chrdev(%d) = %d\n", major, err);
		return err;
	}
	number = major ? major : err;
	printk(KERN_INFO "chardev: register_chrdev(%d) = %d, major %d\n", major, err, number);
	printk(KERN_INFO "chardev: another's major = %d, above 255 = %d, another's name = %d\n",
	       register_chrdev(number, "other", &other_fops), register_chrdev(256, "chardev", &other_fops),
	       unregister_chrdev(number, "other"));
	return 0;
}

static void __exit chardev_exit(void)
{
	printk(KERN_INFO "chardev: unregister_chrdev = %d\n", unregister_chrdev(number, "chardev"));
}

module_init(chardev_init);
module_exit(chardev_exit);

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
