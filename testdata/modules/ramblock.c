// SPDX-License-Identifier: BSD-3-Clause
// A block device with 64 KB of memory and a request queue: its driver takes requests from the queue and ends them buffer by
// buffer, as drivers of disks do.
#include <linux/blkdev.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define MAJOR_NUMBER 240
#define KILOBYTES 64

static char *memory;
static int sizes[1] = { KILOBYTES };
static int block_sizes[1] = { 1024 };
static int requests, buffers;

static void transfer(struct request *req)
{
	char *at = memory + req->sector * 512;
	unsigned long n = req->current_nr_sectors * 512;

	buffers++;
	if (req->cmd == WRITE)
		memcpy(at, req->buffer, n);
	else
		memcpy(req->buffer, at, n);
}

static void ramblock_request(request_queue_t *q)
{
	while (q->queue_head.next != &q->queue_head) {
		struct request *req = (struct request *)q->queue_head.next;

		requests++;
		printk("ramblock: %s %lu sectors at %lu\n", req->cmd == WRITE ? "write" : "read", req->nr_sectors,
		       req->sector);
		do
			transfer(req);
		while (end_that_request_first(req, req->sector + req->current_nr_sectors <= KILOBYTES * 2, "ramblock"));
		req->queue.next->prev = req->queue.prev;
		req->queue.prev->next = req->queue.next;
		end_that_request_last(req);
	}
}

static struct block_device_operations operations = { .owner = THIS_MODULE };

int init_module(void)
{
	int i, error;

	memory = vmalloc(KILOBYTES * 1024);
	if (!memory)
		return -ENOMEM;
	memset(memory, '\n', KILOBYTES * 1024);
	for (i = 0; i < KILOBYTES; i++)
		memory[i * 1024 + sprintf(memory + i * 1024, "kilobyte %d", i)] = '\n';
	error = register_blkdev(MAJOR_NUMBER, "ramblock", &operations);
	if (error) {
		vfree(memory);
		return error;
	}
	blk_init_queue(&blk_dev[MAJOR_NUMBER].request_queue, ramblock_request);
	blk_size[MAJOR_NUMBER] = sizes;
	blksize_size[MAJOR_NUMBER] = block_sizes;
	printk("ramblock: %d KB\n", KILOBYTES);
	return 0;
}

void cleanup_module(void)
{
	blk_size[MAJOR_NUMBER] = NULL;
	blksize_size[MAJOR_NUMBER] = NULL;
	blk_cleanup_queue(&blk_dev[MAJOR_NUMBER].request_queue);
	unregister_blkdev(MAJOR_NUMBER, "ramblock");
	vfree(memory);
	printk("ramblock: gone after %d requests of %d buffers\n", requests, buffers);
}

MODULE_LICENSE("Dual BSD/GPL");
