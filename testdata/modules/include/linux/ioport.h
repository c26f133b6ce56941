/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trees of claimed I/O ports and memory ranges.
 */
#ifndef _RING0_LINUX_IOPORT_H
#define _RING0_LINUX_IOPORT_H

struct resource {
	const char *name;
	unsigned long start, end;
	unsigned long flags;
	struct resource *parent, *sibling, *child;
};

extern struct resource ioport_resource, iomem_resource;

struct resource *__request_region(struct resource *parent, unsigned long start, unsigned long n,
				  const char *name);
void __release_region(struct resource *parent, unsigned long start, unsigned long n);

#define request_region(start, n, name) __request_region(&ioport_resource, start, n, name)
#define release_region(start, n) __release_region(&ioport_resource, start, n)

#endif
