/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices that share character major 10.
 */
#ifndef _RING0_LINUX_MISCDEVICE_H
#define _RING0_LINUX_MISCDEVICE_H

#include <linux/fs.h>

#define MISC_DYNAMIC_MINOR 255

struct miscdevice {
	int minor;
	const char *name;
	struct file_operations *fops;
	struct miscdevice *next, *prev;
	void *devfs_handle;
};

int misc_register(struct miscdevice *misc);
int misc_deregister(struct miscdevice *misc);

#endif
