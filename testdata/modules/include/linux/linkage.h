/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calling conventions. Functions that the kernel declares FASTCALL take their first three arguments
 * in EAX, EDX and ECX; all others take them on the stack.
 */
#ifndef _RING0_LINUX_LINKAGE_H
#define _RING0_LINUX_LINKAGE_H

#define asmlinkage __attribute__((regparm(0)))
#define FASTCALL(declarator) declarator __attribute__((regparm(3)))

#endif
