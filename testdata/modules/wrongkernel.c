// SPDX-License-Identifier: BSD-3-Clause
// Says it was built for another release: insmod refuses it unless forced.
#define MODULE_KERNEL_VERSION "2.4.20-8"
#include <linux/kernel.h>
#include <linux/module.h>

int init_module(void)
{
	printk("wrongkernel: loaded by force\n");
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("GPL");
EXPORT_NO_SYMBOLS;
