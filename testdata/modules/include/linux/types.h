/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Integer types of the 2.4 kernel on i386. uid_t and gid_t are the kernel-side 32-bit kind.
 */
#ifndef _RING0_LINUX_TYPES_H
#define _RING0_LINUX_TYPES_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;

typedef __u8 u8;
typedef __s8 s8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;

typedef unsigned int __kernel_size_t;
typedef __kernel_size_t size_t;
typedef int ssize_t;
typedef int pid_t;
typedef long off_t;
typedef long long loff_t;
typedef long time_t;
typedef long suseconds_t;
typedef unsigned short mode_t;
typedef unsigned short umode_t;
typedef unsigned short nlink_t;
typedef unsigned short kdev_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef __builtin_va_list va_list;

#define NULL ((void *)0)

#endif
