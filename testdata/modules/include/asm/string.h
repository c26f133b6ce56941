/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inline string functions. Written in C, not with string instructions: strings.c uses the
 * instructions where it tests them. Only memcpy, memset and strstr are exported by the kernel.
 */
#ifndef _RING0_ASM_STRING_H
#define _RING0_ASM_STRING_H

#include <linux/types.h>

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
char *strstr(const char *s, const char *part);

static inline size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return end - s;
}

static inline size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

static inline char *strcpy(char *to, const char *from)
{
	char *out = to;

	while ((*out++ = *from++) != 0)
		;
	return to;
}

static inline char *strncpy(char *to, const char *from, size_t n)
{
	size_t i = 0;

	for (; i < n && from[i]; i++)
		to[i] = from[i];
	for (; i < n; i++)
		to[i] = 0;
	return to;
}

static inline char *strcat(char *to, const char *from)
{
	strcpy(to + strlen(to), from);
	return to;
}

static inline int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		if (!*a)
			return 0;
	}
	return 0;
}

static inline int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, ~(size_t)0);
}

static inline char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

static inline char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	do
		if (*s == (char)c)
			last = s;
	while (*s++);
	return (char *)last;
}

static inline int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

static inline void *memmove(void *to, const void *from, size_t n)
{
	char *out = to;
	const char *in = from;

	if (out < in)
		while (n--)
			*out++ = *in++;
	else
		while (n--)
			out[n] = in[n];
	return to;
}

#endif
