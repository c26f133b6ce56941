// SPDX-License-Identifier: BSD-3-Clause
// Built as distributions built theirs: each imported name ends in _R and the
// checksum of its type in this kernel, exported names likewise, and .modinfo
// says so with using_checksums=1.
#define EXPORT_SYMTAB
#define MODVERSIONS
#define printk printk_R1b7d4074
#define kmalloc kmalloc_R93d4cfe6
#define kfree kfree_R037a0cba
#define sprintf sprintf_R1d26aa98
#define jiffies jiffies_R0da02d67
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

int versioned_answer(void)
{
	return 42;
}

EXPORT_AS(versioned_answer, versioned_answer_R1234abcd);

int init_module(void)
{
	char *text = kmalloc(64, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	sprintf(text, "answer %d, jiffies %s", versioned_answer(), jiffies ? "running" : "at 0");
	printk("versioned: %s\n", text);
	kfree(text);
	return 0;
}

void cleanup_module(void)
{
	printk("versioned: gone\n");
}

MODULE_LICENSE("GPL");
