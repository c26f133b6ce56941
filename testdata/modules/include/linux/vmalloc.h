/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmalloc: contiguous addresses over scattered pages. The kernel exports only __vmalloc; vmalloc is
 * inline.
 */
#ifndef _RING0_LINUX_VMALLOC_H
#define _RING0_LINUX_VMALLOC_H

#include <asm/page.h>
#include <linux/slab.h>

void *__vmalloc(unsigned long size, int gfp, pgprot_t prot);
void vfree(void *p);

static inline void *vmalloc(unsigned long size)
{
	return __vmalloc(size, GFP_KERNEL | __GFP_HIGHMEM, PAGE_KERNEL);
}

#endif
