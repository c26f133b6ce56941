/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Block devices and their requests: the fields that modules here use, in their real places.
 */
#ifndef _RING0_LINUX_BLKDEV_H
#define _RING0_LINUX_BLKDEV_H

#include <linux/fs.h>
#include <linux/list.h>

struct buffer_head;

struct request {
	struct list_head queue;
	char unused_8[8];
	kdev_t rq_dev;
	int cmd;
	int errors;
	unsigned long start_time, sector, nr_sectors, hard_sector, hard_nr_sectors;
	unsigned int nr_segments, nr_hw_segments;
	unsigned long current_nr_sectors, hard_cur_sectors;
	void *special;
	char *buffer;
	void *waiting;
	struct buffer_head *bh, *bhtail;
	void *q;
};

typedef struct request_queue {
	char unused_0[24];
	struct list_head queue_head;
	char unused_32[100];
} request_queue_t;

struct blk_dev_struct {
	request_queue_t request_queue;
	void *queue, *data;
};

struct block_device_operations {
	int (*open)(struct inode *, struct file *);
	int (*release)(struct inode *, struct file *);
	int (*ioctl)(struct inode *, struct file *, unsigned int, unsigned long);
	int (*check_media_change)(kdev_t);
	int (*revalidate)(kdev_t);
	struct module *owner;
};

#define READ 0
#define WRITE 1

extern struct blk_dev_struct blk_dev[255];
extern int *blk_size[255];
extern int *blksize_size[255];

int register_blkdev(unsigned int major, const char *name, struct block_device_operations *ops);
int unregister_blkdev(unsigned int major, const char *name);
void blk_init_queue(request_queue_t *q, void (*fn)(request_queue_t *));
void blk_cleanup_queue(request_queue_t *q);
int end_that_request_first(struct request *req, int uptodate, char *name);
void end_that_request_last(struct request *req);

#endif
