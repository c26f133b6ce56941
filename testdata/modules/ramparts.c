// SPDX-License-Identifier: BSD-3-Clause
// A disk of 64 KB with a partition table: two primary partitions and two logical ones in an extended one. table=none leaves
// the disk empty, table=sun writes another kind of table, table=bad makes reading fail.
#include <linux/errno.h>
#include <linux/genhd.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define MAJOR_NUMBER 240
#define KILOBYTES 64
#define MINORS 8

char *table = "pc";
MODULE_PARM(table, "s");

static char *memory;
static int sizes[MINORS], block_sizes[MINORS];
static struct hd_struct parts[MINORS];
static struct block_device_operations operations = { .owner = THIS_MODULE };
static struct gendisk disk = {
	.major = MAJOR_NUMBER,
	.major_name = "rp",
	.minor_shift = 3,
	.max_p = MINORS,
	.part = parts,
	.sizes = sizes,
	.nr_real = 1,
	.fops = &operations,
};

static void ramparts_request(request_queue_t *q)
{
	while (q->queue_head.next != &q->queue_head) {
		struct request *req = (struct request *)q->queue_head.next;
		int good = strcmp(table, "bad");

		do {
			char *at = memory + (parts[req->rq_dev & (MINORS - 1)].start_sect + req->sector) * 512;
			unsigned long n = req->current_nr_sectors * 512;

			if (req->cmd == WRITE)
				memcpy(at, req->buffer, n);
			else
				memcpy(req->buffer, at, n);
		} while (end_that_request_first(req, good, "ramparts"));
		req->queue.next->prev = req->queue.prev;
		req->queue.prev->next = req->queue.next;
		end_that_request_last(req);
	}
}

static void entry(int sector, int i, int kind, __u32 start, __u32 count)
{
	unsigned char *at = (unsigned char *)memory + sector * 512;

	at[510] = 0x55;
	at[511] = 0xaa;
	at += 0x1be + i * 16;
	at[4] = kind;
	memcpy(at + 8, &start, 4);
	memcpy(at + 12, &count, 4);
}

static void partitions(void)
{
	entry(0, 0, 0x83, 8, 24);
	entry(0, 1, 0x82, 32, 16);	/* swap, or Solaris: looked at, found to be none */
	entry(0, 2, 0x05, 64, 64);
	entry(64, 0, 0x83, 2, 30);
	entry(64, 1, 0x05, 32, 32);
	entry(96, 0, 0x83, 2, 14);
	entry(96, 2, 0x83, 60, 100);	/* does not lie inside: not believed */
	strcpy(memory + 98 * 512, "the second logical partition\n");
}

int init_module(void)
{
	int i, error;

	memory = vmalloc(KILOBYTES * 1024);
	if (!memory)
		return -ENOMEM;
	memset(memory, 0, KILOBYTES * 1024);
	if (!strcmp(table, "pc"))
		partitions();
	else if (!strcmp(table, "sun"))
		memcpy(memory + 508, "\xda\xbe", 2);
	error = register_blkdev(MAJOR_NUMBER, "rp", &operations);
	if (error) {
		vfree(memory);
		return error;
	}
	for (i = 0; i < MINORS; i++)
		block_sizes[i] = 1024;
	blksize_size[MAJOR_NUMBER] = block_sizes;
	blk_init_queue(&blk_dev[MAJOR_NUMBER].request_queue, ramparts_request);
	add_gendisk(&disk);
	grok_partitions(&disk, 0, MINORS, KILOBYTES * 2);
	for (i = 0; i < MINORS; i++)
		if (parts[i].nr_sects)
			printk("ramparts: %d: %lu sectors at %lu, %d KB\n", i, parts[i].nr_sects, parts[i].start_sect, sizes[i]);
	return 0;
}

void cleanup_module(void)
{
	del_gendisk(&disk);
	blk_size[MAJOR_NUMBER] = NULL;
	blksize_size[MAJOR_NUMBER] = NULL;
	blk_cleanup_queue(&blk_dev[MAJOR_NUMBER].request_queue);
	unregister_blkdev(MAJOR_NUMBER, "rp");
	vfree(memory);
}

MODULE_LICENSE("Dual BSD/GPL");
