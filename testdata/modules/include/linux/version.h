/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The release this tree's modules say they were built for, and its number.
 */
#ifndef _RING0_LINUX_VERSION_H
#define _RING0_LINUX_VERSION_H

#define UTS_RELEASE "2.4.18-14custom"
#define LINUX_VERSION_CODE 0x020412
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))

#endif
