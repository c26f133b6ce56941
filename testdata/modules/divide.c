// SPDX-License-Identifier: BSD-3-Clause
// Divides by zero.
#include <linux/kernel.h>
#include <linux/module.h>

static volatile int dividend = 1000, zero;

int init_module(void)
{
	printk("divide: about to divide\n");
	printk("divide: the quotient is %d\n", dividend / zero);
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
