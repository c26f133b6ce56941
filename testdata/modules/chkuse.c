// SPDX-License-Identifier: BSD-3-Clause
// Memory used after it was given back. how= read, write: by the module's own
// instructions; memset: by a function of the kernel that the module calls;
// cache: an object of a slab cache; late: in cleanup, long after.
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

char *how = "";
MODULE_PARM(how, "s");

struct thing {
	int a, b;
	char name[24];
};

static struct thing *kept;

static int look_at(volatile struct thing *p)
{
	return p->b;
}

static void change(volatile struct thing *p)
{
	p->a = 1;
}

static void with_cache(void)
{
	kmem_cache_t *cache = kmem_cache_create("chkuse", sizeof(struct thing), 0, 0, NULL, NULL);
	struct thing *p = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, p);
	look_at(p);
	kmem_cache_destroy(cache);
}

int init_module(void)
{
	struct thing *p = kmalloc(sizeof(*p), GFP_KERNEL);

	change(p);
	look_at(p);
	kfree(p);
	if (!strcmp(how, "read"))
		look_at(p);
	else if (!strcmp(how, "write"))
		change(p);
	else if (!strcmp(how, "memset"))
		memset(p->name, 0, sizeof(p->name));
	else if (!strcmp(how, "cache"))
		with_cache();
	kept = p;
	return 0;
}

void cleanup_module(void)
{
	if (!strcmp(how, "late"))
		look_at(kept);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
