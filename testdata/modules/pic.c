// SPDX-License-Identifier: BSD-3-Clause
// Built with -fpic, which no kernel build does, for the relocation kinds that
// insmod handles and other modules do not have: R_386_GOTPC, R_386_GOTOFF,
// R_386_GOT32 and R_386_PLT32.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

int pic_global = 5;
static int local = 6;
static int table[3] = {7, 8, 9};

int pic_sum(int n)
{
	return pic_global + local + table[n];
}

int init_module(void)
{
	local++;
	printk("pic: sum %d, jiffies %s\n", pic_sum(2), jiffies ? "running" : "at 0");
	return 0;
}

void cleanup_module(void)
{
	printk("pic: sum %d\n", pic_sum(0));
}

MODULE_LICENSE("GPL");
