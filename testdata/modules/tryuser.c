// SPDX-License-Identifier: BSD-3-Clause
// Calls get_user with a bad address when it comes and when it goes: beside
// override.o, which answer it gets tells whose exception table was searched.
#include <asm/uaccess.h>
#include <linux/kernel.h>
#include <linux/module.h>

static int try(void)
{
	unsigned int value __attribute__((unused));

	return get_user(value, (unsigned int *)0xdead0);
}

int init_module(void)
{
	printk("tryuser: get_user = %d\n", try());
	return 0;
}

void cleanup_module(void)
{
	printk("tryuser: get_user = %d at the end\n", try());
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
