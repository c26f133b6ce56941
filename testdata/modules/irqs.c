// SPDX-License-Identifier: BSD-3-Clause
// A handler that counts its calls, on line 5. Memory that may wait is asked for
// in it when wait=1, which is wrong.
#include <asm/ptrace.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define LINE 5

int wait;
MODULE_PARM(wait, "i");

int calls;

static void handler(int irq, void *dev_id, struct pt_regs *regs)
{
	(void)irq;
	(void)dev_id;
	(void)regs;
	calls++;
	if (wait)
		kfree(kmalloc(10, GFP_KERNEL));
}

int init_module(void)
{
	return request_irq(LINE, handler, 0, "irqs", NULL);
}

void cleanup_module(void)
{
	free_irq(LINE, NULL);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
