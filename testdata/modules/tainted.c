// SPDX-License-Identifier: BSD-3-Clause
// A licence that insmod does not know as free: it warns, and taints the kernel.
#include <linux/kernel.h>
#include <linux/module.h>

int init_module(void)
{
	printk("tainted: here\n");
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Proprietary");
EXPORT_NO_SYMBOLS;
