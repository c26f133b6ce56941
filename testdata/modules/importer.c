// SPDX-License-Identifier: BSD-3-Clause
// Calls a function and changes a variable of exporter.o, which cannot be
// unloaded before this module is.
#include <linux/kernel.h>
#include <linux/module.h>

extern int exporter_total;
int exporter_add(int a, int b);

int init_module(void)
{
	int sum = exporter_add(20, 3);

	printk("importer: 20 + 3 = %d, total %d\n", sum, exporter_total);
	exporter_total *= 2;
	return 0;
}

void cleanup_module(void)
{
	printk("importer: total %d\n", exporter_total);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
