// SPDX-License-Identifier: BSD-3-Clause
// Memory used behind its end. how= write, read: by the module's instructions;
// memset: by a function of the kernel; cache: an object of a slab cache; exact:
// kmalloc of a power of two, behind whose end lies the next object.
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

char *how = "";
MODULE_PARM(how, "s");

static void set(volatile char *p, int at)
{
	p[at] = 1;
}

static int get(volatile char *p, int at)
{
	return p[at];
}

static void with_cache(void)
{
	kmem_cache_t *cache = kmem_cache_create("chkbounds", 48, 0, SLAB_HWCACHE_ALIGN, NULL, NULL);
	char *p = kmem_cache_alloc(cache, GFP_KERNEL);

	set(p, 47);
	set(p, 48);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

int init_module(void)
{
	char *p = kmalloc(100, GFP_KERNEL), *q = kmalloc(64, GFP_KERNEL);

	set(p, 99);
	memset(p, 0, 100);
	set(q, 63);
	if (!strcmp(how, "write"))
		set(p, 100);
	else if (!strcmp(how, "read"))
		get(p, 103);
	else if (!strcmp(how, "memset"))
		memset(p + 96, 0, 8);
	else if (!strcmp(how, "exact"))
		set(q, 64);
	else if (!strcmp(how, "cache"))
		with_cache();
	kfree(q);
	kfree(p);
	return 0;
}

void cleanup_module(void) {}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
