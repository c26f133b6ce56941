// SPDX-License-Identifier: BSD-3-Clause
// Says nothing about exports, so insmod exports each of its global symbols.
#include <linux/kernel.h>
#include <linux/module.h>

char exportall_text[] = "said by exportall";
int exportall_count;

const char *exportall_say(void)
{
	exportall_count++;
	return exportall_text;
}

int init_module(void)
{
	return 0;
}

void cleanup_module(void)
{
	printk("exportall: called %d times\n", exportall_count);
}

MODULE_LICENSE("Dual BSD/GPL");
