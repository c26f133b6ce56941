/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupt flag and memory barriers.
 */
#ifndef _RING0_ASM_SYSTEM_H
#define _RING0_ASM_SYSTEM_H

#define cli() __asm__ __volatile__("cli" ::: "memory")
#define sti() __asm__ __volatile__("sti" ::: "memory")
#define save_flags(f) __asm__ __volatile__("pushfl; popl %0" : "=g"(f) : : "memory")
#define restore_flags(f) __asm__ __volatile__("pushl %0; popfl" : : "g"(f) : "memory", "cc")
#define save_and_cli(f)                                                                            \
	do {                                                                                       \
		save_flags(f);                                                                     \
		cli();                                                                             \
	} while (0)
#define local_irq_save(f) save_and_cli(f)
#define local_irq_restore(f) restore_flags(f)

#endif
