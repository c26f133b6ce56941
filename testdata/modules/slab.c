// SPDX-License-Identifier: BSD-3-Clause
// Slab caches with a constructor, and whole pages by order.
#include <asm/page.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>

#define OBJECTS 100
#define READY 0x600dc0de

struct object {
	unsigned long state;
	char room[44];
};

static struct object *objects[OBJECTS];
static int constructed, destructed;

static void construct(void *p, kmem_cache_t *cache, unsigned long flags)
{
	struct object *o = p;

	(void)cache;
	if (flags & SLAB_CTOR_CONSTRUCTOR)
		constructed++;
	o->state = READY;
}

static void destruct(void *p, kmem_cache_t *cache, unsigned long flags)
{
	(void)p;
	(void)cache;
	(void)flags;
	destructed++;
}

static void pages(void)
{
	unsigned long at, zeroed = get_zeroed_page(GFP_KERNEL);
	unsigned int order, i, bad = 0;

	for (i = 0; zeroed && i < PAGE_SIZE / sizeof(long); i++)
		bad += ((unsigned long *)zeroed)[i] != 0;
	for (order = 0; order < 6; order++) {
		at = __get_free_pages(GFP_KERNEL, order);
		bad += !at || at & ((PAGE_SIZE << order) - 1);
		free_pages(at, order);
	}
	free_pages(zeroed, 0);
	printk("slab: pages, %u wrong; order 10 gives %s\n", bad,
	       __get_free_pages(GFP_KERNEL, 10) ? "memory" : "nothing");
}

int init_module(void)
{
	kmem_cache_t *cache = kmem_cache_create("ring0_object", sizeof(struct object), 0, SLAB_HWCACHE_ALIGN,
						construct, destruct);
	int i, err, bad = 0;

	if (!cache)
		return -ENOMEM;
	for (i = 0; i < OBJECTS; i++) {
		objects[i] = kmem_cache_alloc(cache, SLAB_KERNEL);
		bad += !objects[i] || objects[i]->state != READY || (unsigned long)objects[i] & 31;
	}
	printk("slab: %d wrong, constructed %s\n", bad, constructed >= OBJECTS ? "enough" : "too few");
	printk("slab: destroying a cache in use = %s\n", kmem_cache_destroy(cache) ? "refused" : "done");
	for (i = 0; i < OBJECTS; i++)
		kmem_cache_free(cache, objects[i]);
	err = kmem_cache_destroy(cache);
	printk("slab: destroying an empty one = %d, destructed %s\n", err,
	       destructed == constructed ? "all" : "not all");
	pages();
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
