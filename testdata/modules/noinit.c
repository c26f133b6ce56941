// SPDX-License-Identifier: BSD-3-Clause
// A library module: it has neither init_module nor cleanup_module.
#define EXPORT_SYMTAB
#include <linux/module.h>

int noinit_twice(int n)
{
	return 2 * n;
}

EXPORT_SYMBOL(noinit_twice);
MODULE_LICENSE("Dual BSD/GPL");
