/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timer frequency of this kernel.
 */
#ifndef _RING0_ASM_PARAM_H
#define _RING0_ASM_PARAM_H

#define HZ 512

#endif
