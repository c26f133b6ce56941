/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registers an interrupt or system call leaves on the kernel stack.
 */
#ifndef _RING0_ASM_PTRACE_H
#define _RING0_ASM_PTRACE_H

struct pt_regs {
	long ebx;
	long ecx;
	long edx;
	long esi;
	long edi;
	long ebp;
	long eax;
	int xds;
	int xes;
	long orig_eax;
	long eip;
	int xcs;
	long eflags;
	long esp;
	int xss;
};

#endif
