// SPDX-License-Identifier: BSD-3-Clause
// Exports a function and a variable by name, and keeps a third symbol to itself.
#define EXPORT_SYMTAB
#include <linux/kernel.h>
#include <linux/module.h>

int exporter_total = 100;

int exporter_add(int a, int b)
{
	exporter_total += a + b;
	return a + b;
}

int exporter_private(void)
{
	return -1;
}

EXPORT_SYMBOL(exporter_total);
EXPORT_SYMBOL(exporter_add);

int init_module(void)
{
	printk("exporter: total %d\n", exporter_total);
	return 0;
}

void cleanup_module(void)
{
	printk("exporter: total %d at the end\n", exporter_total);
}

MODULE_LICENSE("Dual BSD/GPL");
