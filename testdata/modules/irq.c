// SPDX-License-Identifier: BSD-3-Clause
// Interrupt lines: who may have one, sharing, and a handler called through the
// line's own gate with a software interrupt, which the kernel cannot tell from
// one of the controller's.
#include <asm/ptrace.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

#define LINE 5 /* nothing of the PC's is there */

static int calls[2];

static void handler(int irq, void *dev_id, struct pt_regs *regs)
{
	int *count = dev_id;

	++*count;
	printk("irq: line %d device %d call %d, in interrupt %s, from ring %d\n", irq, (int)(count - calls),
	       *count, in_interrupt() ? "yes" : "no", regs->xcs & 3);
}

static void raise(void)
{
	__asm__ __volatile__("int %0" : : "i"(0x20 + LINE) : "memory");
}

int init_module(void)
{
	printk("irq: no handler = %d\n", request_irq(LINE, NULL, 0, "irq", NULL));
	printk("irq: line 16 = %d\n", request_irq(16, handler, 0, "irq", NULL));
	printk("irq: the timer's = %d\n", request_irq(0, handler, SA_SHIRQ, "irq", &calls[0]));
	printk("irq: shared = %d\n", request_irq(LINE, handler, SA_SHIRQ, "irq", &calls[0]));
	printk("irq: alone = %d\n", request_irq(LINE, handler, 0, "irq", &calls[1]));
	raise();
	printk("irq: shared too = %d\n", request_irq(LINE, handler, SA_SHIRQ, "irq2", &calls[1]));
	raise();
	free_irq(LINE, &calls[0]);
	raise();
	printk("irq: calls %d %d\n", calls[0], calls[1]);
	disable_irq(LINE);
	raise();
	printk("irq: disabled, calls %d %d\n", calls[0], calls[1]);
	return 0;
}

void cleanup_module(void)
{
	free_irq(LINE, &calls[1]);
	printk("irq: freed, calls %d %d\n", calls[0], calls[1]);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
