/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The current task: task_struct lies at the bottom of the 8 KB kernel stack.
 */
#ifndef _RING0_ASM_CURRENT_H
#define _RING0_ASM_CURRENT_H

struct task_struct;

static inline struct task_struct *get_current(void)
{
	unsigned long esp;

	__asm__("movl %%esp,%0" : "=r"(esp));
	return (struct task_struct *)(esp & ~8191UL);
}

#define current get_current()

#endif
