// SPDX-License-Identifier: BSD-3-Clause
// Every conversion, flag, width and precision of this kernel's vsprintf, what
// it makes of the ones it does not know, and printk's log levels and pieces of
// lines.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

static void integers(void)
{
	printk("d: [%d] [%d] [%i] [%u]\n", 0, -2147483647 - 1, 2147483647, -1);
	printk("d: [%5d] [%-5d] [%05d] [%+d] [% d] [%+5d] [%-+5d]\n", 42, 42, 42, 42, 42, 42, 42);
	printk("d: [%5d] [%-5d] [%05d] [%+d] [% d] [%+5d]\n", -42, -42, -42, -42, -42, -42);
	printk("d: [%.5d] [%8.5d] [%-8.5d] [%08.5d] [%.0d] [%.d]\n", 42, 42, 42, 42, 0, 0);
	printk("d: [%*d] [%*d] [%.*d] [%*.*d]\n", 6, 42, -6, 42, 4, 42, 7, 3, 42);
	printk("x: [%x] [%X] [%#x] [%#X] [%o] [%#o]\n", 0xdeadbeef, 0xdeadbeef, 0xdeadbeef, 0xdeadbeef,
	       0755, 0755);
	printk("x: [%8x] [%08x] [%-8x] [%#8x] [%#08x] [%#-8x] [%#x] [%#o]\n", 0xab, 0xab, 0xab, 0xab, 0xab,
	       0xab, 0, 0);
	printk("x: [%.4x] [%8.4x] [%#8.4x] [%+x] [% x] [%x]\n", 0xab, 0xab, 0xab, 0xab, 0xab, -1);
}

static void sizes(void)
{
	printk("h: [%hd] [%hu] [%hx] [%hd]\n", 70000, 70000, -1, -1);
	printk("l: [%ld] [%lu] [%lx] [%lo]\n", -1L, ~0UL, ~0UL, 8L);
	printk("ll: [%lld] [%llu] [%llx] [%Ld] [%qd]\n", -1234567890123LL, 0xffffffffffffffffULL,
	       0x0123456789abcdefULL, 1LL << 62, -(1LL << 62));
	printk("ll: [%20lld] [%-20lld] [%020lld] [%+lld] [%#llx]\n", 5000000000LL, 5000000000LL, 5000000000LL,
	       5000000000LL, 5000000000LL);
	printk("Z: [%Zd] [%zd] [%Zx]\n", (size_t)77, (size_t)78, (size_t)79);
}

static void texts(void)
{
	const char *none = NULL;

	printk("s: [%s] [%8s] [%-8s] [%.3s] [%8.3s] [%-8.3s]\n", "ring0", "ring0", "ring0", "ring0",
	       "ring0", "ring0");
	printk("s: [%.*s] [%*s] [%-*s] [%.0s] [%*s]\n", 2, "ring0", 7, "ring0", 7, "ring0", "ring0", -7,
	       "ring0");
	printk("s: [%s] [%10s] [%.3s] [%s]\n", none, none, none, "");
	printk("c: [%c] [%3c] [%-3c] [%c%c%c] [%03c]\n", 'a', 'b', 'c', 'x', 'y', 'z', 'd');
	printk("p: [%p] [%p] [%12p] [%-12p] [%#p]\n", NULL, (void *)0xc0100000, (void *)0x1234,
	       (void *)0x1234, (void *)0xabcd);
	printk("%%: [%%] [%5%] [%-%]\n");
}

static void unknown(void)
{
	printk("unknown: [%y] [%5k] [%b] [%ly]\n");
	printk("float: [%f] [%g] [%e]\n");
	printk("end: [%");
	printk("]\n");
}

static void results(void)
{
	char text[16];
	int n;

	memset(text, '#', sizeof(text));
	n = sprintf(text, "%s-%d", "abc", 123);
	printk("sprintf: %d [%s]\n", n, text);
	memset(text, '#', sizeof(text));
	n = snprintf(text, 8, "%s", "0123456789");
	printk("snprintf 8: %d [%s] next %c\n", n, text, text[8]);
	memset(text, '#', sizeof(text));
	n = snprintf(text, 1, "%d", 12345);
	printk("snprintf 1: %d [%s] next %c\n", n, text, text[1]);
	memset(text, '#', sizeof(text));
	n = snprintf(text, 0, "%d", 12345);
	printk("snprintf 0: %d first %c\n", n, text[0]);
	n = printk("printk: returns\n");
	printk("printk: returned %d\n", n);
}

static void levels(void)
{
	printk(KERN_EMERG "level 0\n" KERN_ALERT "level 1\n" KERN_CRIT "level 2\n");
	printk(KERN_ERR "level 3\n");
	printk(KERN_WARNING "level 4\n");
	printk(KERN_NOTICE "level 5\n");
	printk(KERN_INFO "level 6\n");
	printk(KERN_DEBUG "level 7\n");
	printk("no level\n");
	printk("<8>level 8\n");
	printk("<x>no level either\n");
	printk(KERN_INFO "pieces: ");
	printk("one, ");
	printk(KERN_ERR "two, ");
	printk("three\n");
	printk(KERN_INFO "two\nlines\n");
	printk("%s", KERN_CRIT "level from an argument\n");
	printk("\n");
	printk("");
	printk("tab\tend\n");
}

int init_module(void)
{
	integers();
	sizes();
	texts();
	unknown();
	results();
	levels();
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
