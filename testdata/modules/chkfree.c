// SPDX-License-Identifier: BSD-3-Clause
// Memory given back wrongly. how= twice, cache, pages: two times, to kmalloc, a
// slab cache, the page allocator; middle: by an address inside; other: to
// another cache; order: with another order; area: to vfree, which notices.
#include <asm/system.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

char *how = "";
MODULE_PARM(how, "s");

static kmem_cache_t *make(const char *name)
{
	return kmem_cache_create(name, 48, 0, 0, NULL, NULL);
}

static void give_back(char *p)
{
	kfree(p);
}

static void with_caches(void)
{
	kmem_cache_t *one = make("chkfree-one"), *two = make("chkfree-two");
	void *p = kmem_cache_alloc(one, GFP_KERNEL);

	if (!strcmp(how, "cache"))
		kmem_cache_free(one, p);
	kmem_cache_free(strcmp(how, "other") ? one : two, p);
	kmem_cache_destroy(one);
	kmem_cache_destroy(two);
}

static void with_pages(void)
{
	unsigned long at = __get_free_pages(GFP_KERNEL, 1);

	if (!strcmp(how, "order")) {
		free_pages(at, 0);
		return;
	}
	free_pages(at, 1);
	free_pages(at, 1);
}

int init_module(void)
{
	char *p;

	if (!strcmp(how, "cache") || !strcmp(how, "other")) {
		with_caches();
		return 0;
	}
	if (!strcmp(how, "pages") || !strcmp(how, "order")) {
		with_pages();
		return 0;
	}
	p = kmalloc(100, GFP_KERNEL);
	if (!strcmp(how, "middle"))
		give_back(p + 8);
	if (!strcmp(how, "area"))
		vfree((void *)0xc9990000);
	give_back(p);
	if (!strcmp(how, "twice"))
		give_back(p);
	return 0;
}

void cleanup_module(void) {}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
