// SPDX-License-Identifier: BSD-3-Clause
// Takes something, finds no hardware, gives it back and returns -ENODEV.
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>

#define FAILS_MAJOR 240

static struct file_operations fails_fops = {.owner = THIS_MODULE};

int init_module(void)
{
	void *buffer = kmalloc(2000, GFP_KERNEL);
	int err = register_chrdev(FAILS_MAJOR, "fails", &fails_fops);

	printk(KERN_ERR "fails: no device (register_chrdev said %d)\n", err);
	if (!err)
		unregister_chrdev(FAILS_MAJOR, "fails");
	kfree(buffer);
	return -ENODEV;
}

void cleanup_module(void)
{
	printk("fails: cleanup must not be called\n");
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
