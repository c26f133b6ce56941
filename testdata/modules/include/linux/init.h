/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * init_module and cleanup_module under other names. In a module __init and __exit name no section:
 * 2.4 keeps all of a module for its whole life.
 */
#ifndef _RING0_LINUX_INIT_H
#define _RING0_LINUX_INIT_H

#define __init
#define __exit
#define __initdata

/* insmod looks for the symbols init_module and cleanup_module; these make them second names. */
#define module_init(fn) int init_module(void) __attribute__((alias(#fn)))
#define module_exit(fn) void cleanup_module(void) __attribute__((alias(#fn)))

#endif
