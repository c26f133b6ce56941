/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * printk and its log levels, formatting, number parsing, panic.
 */
#ifndef _RING0_LINUX_KERNEL_H
#define _RING0_LINUX_KERNEL_H

#include <linux/linkage.h>
#include <linux/types.h>

#define KERN_EMERG "<0>"
#define KERN_ALERT "<1>"
#define KERN_CRIT "<2>"
#define KERN_ERR "<3>"
#define KERN_WARNING "<4>"
#define KERN_NOTICE "<5>"
#define KERN_INFO "<6>"
#define KERN_DEBUG "<7>"

/* No format attribute on the printers: printkfmt.c prints what no compiler would accept. */
int printk(const char *fmt, ...);
int sprintf(char *buf, const char *fmt, ...);
int snprintf(char *buf, size_t size, const char *fmt, ...);
int vsprintf(char *buf, const char *fmt, va_list args);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int sscanf(const char *buf, const char *fmt, ...);
int vsscanf(const char *buf, const char *fmt, va_list args);

unsigned long simple_strtoul(const char *s, char **end, unsigned int base);
long simple_strtol(const char *s, char **end, unsigned int base);
unsigned long long simple_strtoull(const char *s, char **end, unsigned int base);
unsigned long long memparse(char *s, char **end);
int get_option(char **s, int *value);
char *get_options(char *s, int n, int *ints);

void panic(const char *fmt, ...) __attribute__((noreturn));

#define va_start(ap, last) __builtin_va_start(ap, last)
#define va_arg(ap, type) __builtin_va_arg(ap, type)
#define va_end(ap) __builtin_va_end(ap)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define barrier() __asm__ __volatile__("" ::: "memory")

#endif
