/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bits of an inode's mode: the kind of file, who may do what.
 */
#ifndef _RING0_LINUX_STAT_H
#define _RING0_LINUX_STAT_H

#define S_IFMT 0xf000
#define S_IFREG 0x8000
#define S_IFDIR 0x4000

#define S_IRUGO 0444
#define S_IXUGO 0111

#define S_ISREG(mode) (((mode) & S_IFMT) == S_IFREG)
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)

#endif
