/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Busy waiting, in microseconds.
 */
#ifndef _RING0_LINUX_DELAY_H
#define _RING0_LINUX_DELAY_H

void __udelay(unsigned long usecs);
void __const_udelay(unsigned long xloops);
/* A longer constant delay fails to link: no kernel has this symbol. */
void __bad_udelay(void);

/* 0x10c6 is 2^32 / 10^6: __const_udelay takes fractions of a second in units of 2^-32. */
#define udelay(usecs)                                                                              \
	(__builtin_constant_p(usecs)                                                               \
		 ? ((usecs) > 20000 ? __bad_udelay() : __const_udelay((usecs)*0x10c6UL))           \
		 : __udelay(usecs))

#endif
