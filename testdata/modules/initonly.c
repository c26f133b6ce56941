// SPDX-License-Identifier: BSD-3-Clause
// Has init_module but no cleanup_module; 2.4 unloads it all the same.
#include <linux/kernel.h>
#include <linux/module.h>

int noinit_twice(int n);

int init_module(void)
{
	printk("initonly: twice 21 is %d\n", noinit_twice(21));
	return 0;
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
