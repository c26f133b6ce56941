// SPDX-License-Identifier: BSD-3-Clause
// Takes memory of many sizes from kmalloc and vmalloc, fills all of it, checks
// that no block touches another, and gives all back in another order. show=1
// prints the addresses too.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define DMA_LIMIT (PAGE_OFFSET + 16 * 1024 * 1024)

int show;
MODULE_PARM(show, "i");

struct block {
	unsigned long size;
	unsigned char *at;
};

static struct block small[] = {{1},    {32},    {33},    {64},    {100},   {129},    {1000},   {2048},
			       {4096}, {5000},  {16384}, {32769}, {65536}, {100000}, {131072}};
static unsigned long too_big[] = {131073, 262144, 1048576};
static struct block large[] = {{1}, {4096}, {4097}, {8192}, {65536}, {300000}, {1048576}, {16777216}};

static int bad;

static void check(int holds, const char *what, unsigned long size)
{
	if (holds)
		return;
	bad++;
	printk("bigalloc: %s is wrong for %lu\n", what, size);
}

/* The first and last byte, and one in each page: another block's mark would show. */
static void mark(struct block *b, int with)
{
	unsigned long i;

	for (i = 0; i < b->size; i += PAGE_SIZE)
		b->at[i] = with;
	b->at[b->size - 1] = with;
}

static int marked(const struct block *b, int with)
{
	unsigned long i;

	for (i = 0; i < b->size; i += PAGE_SIZE)
		if (b->at[i] != with)
			return 0;
	return b->at[b->size - 1] == with;
}

static int fill(struct block *blocks, int n, void *(*take)(unsigned long), const char *name, int first)
{
	int i, got = 0;

	for (i = 0; i < n; i++) {
		blocks[i].at = take(blocks[i].size);
		if (show)
			printk("bigalloc: %s(%lu) = %p\n", name, blocks[i].size, blocks[i].at);
		if (!blocks[i].at)
			continue;
		got++;
		if (blocks[i].size < PAGE_SIZE)
			memset(blocks[i].at, first + i, blocks[i].size);
		mark(&blocks[i], first + i);
	}
	return got;
}

static void *take_kmalloc(unsigned long size)
{
	return kmalloc(size, GFP_KERNEL);
}

static void *take_vmalloc(unsigned long size)
{
	return vmalloc(size);
}

static void verify(struct block *blocks, int n, int first)
{
	int i;

	for (i = 0; i < n; i++)
		if (blocks[i].at)
			check(marked(&blocks[i], first + i), "a byte", blocks[i].size);
}

/* vmalloc starts each area on a page of its own and leaves at least one page unmapped behind it. */
static void check_guards(void)
{
	unsigned i, j;

	for (i = 0; i < ARRAY_SIZE(large); i++) {
		unsigned long start = (unsigned long)large[i].at;
		unsigned long end = ((start + large[i].size - 1) | ~PAGE_MASK) + 1;

		check((start & ~PAGE_MASK) == 0, "the alignment", large[i].size);
		for (j = 0; j < ARRAY_SIZE(large); j++)
			check((unsigned long)large[j].at != end, "the guard page", large[i].size);
	}
}

static void release(void)
{
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(small); i += 2)
		kfree(small[i].at);
	for (i = ARRAY_SIZE(large) - 1; i >= 0; i--)
		vfree(large[i].at);
	for (i = 1; i < (int)ARRAY_SIZE(small); i += 2)
		kfree(small[i].at);
	kfree(NULL);
	vfree(NULL);
}

int init_module(void)
{
	int got_small = fill(small, ARRAY_SIZE(small), take_kmalloc, "kmalloc", 1);
	int got_large = fill(large, ARRAY_SIZE(large), take_vmalloc, "vmalloc", 101);
	unsigned char *dma, *atomic;
	unsigned i;

	printk("bigalloc: kmalloc gave %d of %d, vmalloc %d of %d\n", got_small, (int)ARRAY_SIZE(small),
	       got_large, (int)ARRAY_SIZE(large));
	for (i = 0; i < ARRAY_SIZE(too_big); i++)
		printk("bigalloc: kmalloc(%lu) = %s\n", too_big[i],
		       kmalloc(too_big[i], GFP_KERNEL) ? "memory" : "NULL");
	dma = kmalloc(5000, GFP_KERNEL | GFP_DMA);
	atomic = kmalloc(500, GFP_ATOMIC);
	check(dma && (unsigned long)dma < DMA_LIMIT, "the DMA zone", 5000);
	check(atomic != NULL, "GFP_ATOMIC", 500);
	check_guards();
	verify(small, ARRAY_SIZE(small), 1);
	verify(large, ARRAY_SIZE(large), 101);
	kfree(dma);
	kfree(atomic);
	release();
	printk("bigalloc: %d wrong, all given back\n", bad);
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
