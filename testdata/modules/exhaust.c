// SPDX-License-Identifier: BSD-3-Clause
// Takes memory until there is no more, and gives all back. how= kmalloc,
// atomic, dma: 4000 bytes each from kmalloc with GFP_KERNEL, GFP_ATOMIC,
// GFP_DMA; page, block: from the page allocator, one page and eight; area: from
// vmalloc, 64 KB; object: from a slab cache. Blocks are linked through their
// first words.
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

char *how = "";
MODULE_PARM(how, "s");

struct block {
	struct block *next;
};

static kmem_cache_t *cache;
static int constructed;

static void construct(void *p, kmem_cache_t *c, unsigned long flags)
{
	(void)c;
	(void)flags;
	memset(p, 0x5a, 200);
	constructed++;
}

static void *take(void)
{
	switch (how[0]) {
	case 'k':
		return kmalloc(4000, GFP_KERNEL);
	case 'a':
		return how[1] == 't' ? kmalloc(4000, GFP_ATOMIC) : vmalloc(65536);
	case 'd':
		return kmalloc(4000, GFP_KERNEL | GFP_DMA);
	case 'p':
		return (void *)__get_free_pages(GFP_KERNEL, 0);
	case 'b':
		return (void *)__get_free_pages(GFP_ATOMIC, 3);
	}
	return kmem_cache_alloc(cache, SLAB_KERNEL);
}

static void give(void *p)
{
	switch (how[0]) {
	case 'p':
		free_pages((unsigned long)p, 0);
		return;
	case 'b':
		free_pages((unsigned long)p, 3);
		return;
	case 'o':
		*(int *)p = 0x5a5a5a5a; /* as constructed */
		kmem_cache_free(cache, p);
		return;
	case 'a':
		if (how[1] == 'r') {
			vfree(p);
			return;
		}
	}
	kfree(p);
}

int init_module(void)
{
	struct block *all = NULL, *b;
	int n = 0, wrong = 0;

	if (how[0] == 'o')
		cache = kmem_cache_create("exhaust", 200, 0, 0, construct, NULL);
	while ((b = take())) {
		if (how[0] == 'o' && ((unsigned char *)b)[199] != 0x5a)
			wrong++;
		if (how[0] == 'd' && (unsigned long)b >= PAGE_OFFSET + (16 << 20))
			wrong++;
		b->next = all;
		all = b;
		n++;
	}
	printk("exhaust: %s %d, wrong %d\n", how, n, wrong);
	while (all) {
		b = all;
		all = b->next;
		give(b);
	}
	if (cache)
		printk("exhaust: destroy %d, constructed %s\n", kmem_cache_destroy(cache), constructed >= n ? "all" : "some");
	return 0;
}

void cleanup_module(void) {}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
