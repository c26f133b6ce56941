// SPDX-License-Identifier: BSD-3-Clause
// One fault per run, chosen by name with how=, that no exception table covers:
// each way to end a module in an oops, and some that only look like one. With
// late=1 it happens in cleanup_module instead of init_module.
#include <asm/system.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

char *how = "nullread";
MODULE_PARM(how, "s");
int late;
MODULE_PARM(late, "i");

static void load_from(unsigned long addr)
{
	unsigned long value;

	__asm__ __volatile__("movl (%1),%0" : "=r"(value) : "r"(addr));
}

static void call_to(unsigned long addr)
{
	__asm__ __volatile__("call *%0" : : "r"(addr) : "eax", "ecx", "edx", "memory");
}

static void nullread(void) { load_from(0); }
static void nullwrite(void) { __asm__ __volatile__("movl %%eax,(%0)" : : "r"(4) : "memory"); }
static void userread(void) { load_from(0x000dead0); }
static void kernread(void) { load_from(0xdeadbeef); }
static void callnull(void) { call_to(0); }
static void calluser(void) { call_to(0x1234); }
static void callbad(void) { call_to(0xdeadbee0); }
static void int3(void) { __asm__ __volatile__("int3"); }
static void into(void) { __asm__ __volatile__("addl %0,%0; into" : : "r"(0x7fffffff) : "cc"); }
static void badop(void) { __asm__ __volatile__(".byte 0x0f,0xff"); }
static void ud2(void) { __asm__ __volatile__("ud2; nop; nop; nop; nop; nop; nop"); }
static void gpf(void) { __asm__ __volatile__("movw %w0,%%es" : : "r"(0x1234)); }

static void bound(void)
{
	static const int limits[2] = {0, 7};

	__asm__ __volatile__("boundl %0,%1" : : "r"(9), "m"(limits));
}

/* The page behind the module's last one is never mapped. */
static void guard(void)
{
	unsigned long end = (unsigned long)THIS_MODULE + THIS_MODULE->size;

	load_from((end + 4095) & ~4095UL);
}

/* These two are no oops. */
static void int99(void) { __asm__ __volatile__("int $0x99"); }

static void trace(void)
{
	__asm__ __volatile__("pushfl; orl $0x100,(%%esp); popfl; nop; nop" : : : "memory", "cc");
}

/* And these do not come back. */
static void paniccall(void) { panic("faults: called with %d", 42); }
static void clihlt(void) { __asm__ __volatile__("cli; hlt"); }

static const struct way {
	const char *name;
	void (*go)(void);
} ways[] = {
	{"nullread", nullread}, {"nullwrite", nullwrite}, {"userread", userread}, {"kernread", kernread},
	{"callnull", callnull}, {"calluser", calluser},	  {"callbad", callbad},	  {"int3", int3},
	{"into", into},		{"badop", badop},	  {"ud2", ud2},		  {"gpf", gpf},
	{"bound", bound},	{"guard", guard},	  {"int99", int99},	  {"trace", trace},
	{"panic", paniccall},	{"clihlt", clihlt},
};

static int go(void)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(how, ways[i].name)) {
			printk("faults: %s\n", how);
			ways[i].go();
			printk("faults: %s survived\n", how);
			return 0;
		}
	printk("faults: what is %s?\n", how);
	return -EINVAL;
}

int init_module(void)
{
	return late ? 0 : go();
}

void cleanup_module(void)
{
	if (late)
		go();
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
