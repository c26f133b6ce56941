/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Disks with partitions, with the counters that the vendor's kernel keeps.
 */
#ifndef _RING0_LINUX_GENHD_H
#define _RING0_LINUX_GENHD_H

#include <linux/blkdev.h>

struct hd_struct {
	unsigned long start_sect, nr_sects;
	void *de;
	int number;
	unsigned int ios_in_flight, io_ticks, last_idle_time, last_queue_change, aveq;
	unsigned int rd_ios, rd_merges, rd_ticks, rd_sectors;
	unsigned int wr_ios, wr_merges, wr_ticks, wr_sectors;
};

struct gendisk {
	int major;
	const char *major_name;
	int minor_shift, max_p;
	struct hd_struct *part;
	int *sizes;
	int nr_real;
	void *real_devices;
	struct gendisk *next;
	struct block_device_operations *fops;
	void **de_arr;
	char *flags;
};

void add_gendisk(struct gendisk *gp);
void del_gendisk(struct gendisk *gp);
void grok_partitions(struct gendisk *dev, int drive, unsigned int minors, long size);

#endif
