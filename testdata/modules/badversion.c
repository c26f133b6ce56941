// SPDX-License-Identifier: BSD-3-Clause
// Wants a printk with another checksum than this kernel's: to insmod that is
// an unresolved symbol.
#define MODVERSIONS
#define printk printk_Rdeadbeef
#include <linux/kernel.h>
#include <linux/module.h>

int init_module(void)
{
	printk("badversion: cannot get here\n");
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("GPL");
EXPORT_NO_SYMBOLS;
