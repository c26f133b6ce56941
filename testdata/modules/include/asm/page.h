/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages and page protection of i386 without PAE.
 */
#ifndef _RING0_ASM_PAGE_H
#define _RING0_ASM_PAGE_H

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_OFFSET 0xc0000000UL

typedef struct {
	unsigned long pgprot;
} pgprot_t;

#define _PAGE_PRESENT 0x001
#define _PAGE_RW 0x002
#define _PAGE_ACCESSED 0x020
#define _PAGE_DIRTY 0x040
#define _PAGE_GLOBAL 0x100

/*
 * The kernel proper adds _PAGE_GLOBAL where the processor has it; vmalloc works without.
 */
#define PAGE_KERNEL                                                                                \
	((pgprot_t){_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY})

/* BUG: an undefined instruction, then the line and a pointer to the file name for the console. */
#define BUG()                                                                                      \
	__asm__ __volatile__("ud2\n\t.word %c0\n\t.long %c1" : : "i"(__LINE__), "i"(__FILE__))

#endif
