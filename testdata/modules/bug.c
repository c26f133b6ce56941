// SPDX-License-Identifier: BSD-3-Clause
// BUG(): the kernel names this file and the line.
#include <asm/page.h>
#include <linux/kernel.h>
#include <linux/module.h>

static int answer = 42;

int init_module(void)
{
	printk("bug: the answer is %d\n", answer);
#line 1234
	if (answer != 43)
		BUG();
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
