// SPDX-License-Identifier: BSD-3-Clause
// Writes through a null pointer three calls deep, so that the oops has a call
// trace to show.
#include <linux/kernel.h>
#include <linux/module.h>

struct device {
	int unused[7];
	int status; /* at 0x1c */
};

static int marks[4];

static __attribute__((noinline)) void oops_write(struct device *dev, int value)
{
	marks[2] = value;
	dev->status = value;
	marks[3] = value;
}

static __attribute__((noinline)) int oops_middle(struct device *dev, int value)
{
	marks[1] = value;
	oops_write(dev, value + 1);
	return marks[2];
}

static __attribute__((noinline)) int oops_outer(struct device *dev)
{
	marks[0] = 1;
	return oops_middle(dev, 0x2a) + marks[0];
}

int init_module(void)
{
	struct device *dev = NULL;

	__asm__("" : "+r"(dev)); /* the compiler must not see that it is null */
	printk("oops: about to write\n");
	return oops_outer(dev) == 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
