// SPDX-License-Identifier: BSD-3-Clause
// Returns 1, which is neither success nor an error number: init_module(2) makes
// EBUSY of it.
#include <linux/kernel.h>
#include <linux/module.h>

int init_module(void)
{
	printk("positive: returning 1\n");
	return 1;
}

void cleanup_module(void)
{
	printk("positive: cleanup must not be called\n");
}

MODULE_LICENSE("Dual BSD/GPL");
