/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kmalloc, slab caches, and the GFP bits.
 */
#ifndef _RING0_LINUX_SLAB_H
#define _RING0_LINUX_SLAB_H

#include <linux/linkage.h>
#include <linux/types.h>

#define __GFP_DMA 0x01
#define __GFP_HIGHMEM 0x02
#define __GFP_WAIT 0x10
#define __GFP_HIGH 0x20
#define __GFP_IO 0x40
#define __GFP_HIGHIO 0x80
#define __GFP_FS 0x100

#define GFP_ATOMIC __GFP_HIGH
#define GFP_KERNEL (__GFP_HIGH | __GFP_WAIT | __GFP_IO | __GFP_HIGHIO | __GFP_FS)
#define GFP_DMA __GFP_DMA

void *kmalloc(size_t size, int gfp);
void kfree(const void *p);

typedef struct kmem_cache_s kmem_cache_t;

#define SLAB_KERNEL GFP_KERNEL
#define SLAB_HWCACHE_ALIGN 0x2000
#define SLAB_CTOR_CONSTRUCTOR 1

kmem_cache_t *kmem_cache_create(const char *name, size_t size, size_t offset, unsigned long flags,
				void (*ctor)(void *, kmem_cache_t *, unsigned long),
				void (*dtor)(void *, kmem_cache_t *, unsigned long));
int kmem_cache_destroy(kmem_cache_t *cache);
int kmem_cache_shrink(kmem_cache_t *cache);
void *kmem_cache_alloc(kmem_cache_t *cache, int gfp);
void kmem_cache_free(kmem_cache_t *cache, void *object);

unsigned long FASTCALL(__get_free_pages(unsigned int gfp, unsigned int order));
unsigned long FASTCALL(get_zeroed_page(unsigned int gfp));
void FASTCALL(free_pages(unsigned long addr, unsigned int order));

#endif
