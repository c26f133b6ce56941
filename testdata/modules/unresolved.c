// SPDX-License-Identifier: BSD-3-Clause
// Needs two symbols that no kernel has: insmod names both.
#include <linux/kernel.h>
#include <linux/module.h>

int no_such_function(int n);
extern int no_such_variable;

int init_module(void)
{
	printk("unresolved: cannot get here\n");
	return no_such_function(no_such_variable);
}

void cleanup_module(void)
{
	no_such_variable = 0;
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
