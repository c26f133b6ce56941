/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * String functions: the few that the kernel exports, and the rest inline, as on i386.
 */
#ifndef _RING0_LINUX_STRING_H
#define _RING0_LINUX_STRING_H

#include <asm/string.h>

char *strpbrk(const char *s, const char *accept);
char *strtok(char *s, const char *separators);
char *strsep(char **s, const char *separators);
__kernel_size_t strspn(const char *s, const char *accept);
int strnicmp(const char *a, const char *b, __kernel_size_t n);

#endif
