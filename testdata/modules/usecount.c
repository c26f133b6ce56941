// SPDX-License-Identifier: BSD-3-Clause
// A module that says itself when it may go. By default it holds its use count
// for ever; with ask=N the kernel asks its can_unload function, which refuses N
// times.
#include <linux/kernel.h>
#include <linux/module.h>

int ask;
MODULE_PARM(ask, "i");

static int can_unload(void)
{
	printk("usecount: asked, %d refusals left\n", ask);
	return ask-- > 0 ? -EBUSY : 0;
}

int init_module(void)
{
	printk("usecount: %d flags %lx before\n", MOD_IN_USE, THIS_MODULE->flags);
	if (ask) {
		THIS_MODULE->can_unload = can_unload;
		return 0;
	}
	MOD_INC_USE_COUNT;
	printk("usecount: %d flags %lx\n", atomic_read(&THIS_MODULE->uc.usecount), THIS_MODULE->flags);
	return 0;
}

void cleanup_module(void)
{
	printk("usecount: gone, flags %lx\n", THIS_MODULE->flags);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
