// SPDX-License-Identifier: BSD-3-Clause
// Calls through a null function pointer: EIP itself is 0, and the oops can show
// no code.
#include <linux/kernel.h>
#include <linux/module.h>

static int (*volatile hook)(int);

int init_module(void)
{
	printk("nullcall: about to call\n");
	return hook(1) + 1;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
