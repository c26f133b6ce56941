// SPDX-License-Identifier: BSD-3-Clause
// Recursion without end. Nothing in 2.4 guards the 8 KB stack: it grows over
// the task_struct below it and on into the next page, until the processor can
// no longer deliver a fault and resets.
#include <linux/kernel.h>
#include <linux/module.h>

static volatile int depth;

static __attribute__((noinline)) int deeper(int n)
{
	volatile int room[16];

	room[n & 15] = n;
	depth = n;
	if (n < 0)
		return 0; /* not in this life: the stack ends long before */
	return deeper(n + 1) + room[n & 15];
}

int init_module(void)
{
	printk("stackovf: about to recurse\n");
	return deeper(0);
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
