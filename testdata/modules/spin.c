// SPDX-License-Identifier: BSD-3-Clause
// An init function that does not come back.
#include <linux/kernel.h>
#include <linux/module.h>

static volatile unsigned long rounds;

int init_module(void)
{
	printk("spin: spinning\n");
	for (;;)
		rounds++;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
