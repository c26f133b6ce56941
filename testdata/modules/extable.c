// SPDX-License-Identifier: BSD-3-Clause
// Exception tables beyond the simple case: which traps they cover, a fixup that
// faults itself, a fixup address of 0 (which counts as none) and one that leads
// nowhere. how= chooses one; without it all that survive are tried.
#include <asm/uaccess.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

char *how = "all";
MODULE_PARM(how, "s");

/*
 * Each instruction sets EAX to -33 when its fixup is taken. insn is the address the entry names:
 * for a fault the instruction's own, for a trap that of the next instruction.
 */
#define COVERED(before, insn, after, fixup_at, ...)                                                \
	({                                                                                         \
		int r_ = 1;                                                                        \
		__asm__ __volatile__(before "\n"                                                   \
				     "1:\t" insn "\n"                                              \
				     "2:\t" after "\n"                                             \
				     "3:\n\t"                                                      \
				     ".section .fixup,\"ax\"\n"                                    \
				     "4:\tmovl $-33,%0\n\t"                                        \
				     "jmp 3b\n\t"                                                  \
				     ".previous\n\t"                                               \
				     ".section __ex_table,\"a\"\n\t"                               \
				     ".balign 4\n\t"                                               \
				     ".long " fixup_at "\n\t"                                      \
				     ".previous\n"                                                 \
				     : "+a"(r_)                                                    \
				     : __VA_ARGS__                                                 \
				     : "edx", "cc", "memory");                                     \
		r_;                                                                                \
	})

static const int limits[2] = {0, 7};

static int divide(void) { return COVERED("xorl %%edx,%%edx", "divl %1", "", "1b,4b", "r"(0)); }
static int ud2(void) { return COVERED("", "ud2", "", "1b,4b", "r"(0)); }
static int gpf(void) { return COVERED("", "movw %w1,%%es", "", "1b,4b", "r"(0x1234)); }
static int bound(void) { return COVERED("", "boundl %1,%2", "", "1b,4b", "r"(9), "m"(limits)); }
static int int3(void) { return COVERED("", "int3", "nop", "2b,4b", "r"(0)); }

static int into(void)
{
	return COVERED("movl $0x7fffffff,%%edx; addl %%edx,%%edx", "into", "nop", "2b,4b", "r"(0));
}


/* The fixup of the first load faults at a second one, which has a fixup too. */
static int __attribute__((noinline, noclone)) loop(void)
{
	int r = 1;

	__asm__ __volatile__("1:\tmovl 0xdead0,%0\n"
			     "2:\n\t"
			     ".section .fixup,\"ax\"\n"
			     "extable_first:\n\t"
			     "extable_second: movl 0xdead4,%0\n\t"
			     "extable_third: movl $-99,%0\n\t"
			     "jmp 2b\n\t"
			     ".previous\n\t"
			     EX_TABLE(1b, extable_first)
			     : "=a"(r)
			     : "0"(r));
	return r;
}

static int zero(void) { return COVERED("", "movl 0xdead0,%%edx", "", "1b,0", "r"(0)); }
static int nowhere(void) { return COVERED("", "movl 0xdead0,%%edx", "", "1b,0x666", "r"(0)); }

static const struct way {
	const char *name;
	int (*go)(void);
	int survives;
} ways[] = {
	{"divide", divide, 1}, {"ud2", ud2, 1},	  {"gpf", gpf, 1},   {"bound", bound, 1},	{"int3", int3, 1},
	{"into", into, 1},     {"loop", loop, 1}, {"zero", zero, 0}, {"nowhere", nowhere, 0},
};

int init_module(void)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(how, ways[i].name) || (!strcmp(how, "all") && ways[i].survives))
			printk("extable: %s = %d\n", ways[i].name, ways[i].go());
	return 0;
}

void cleanup_module(void)
{
}

/*
 * The table is searched by halves and nobody sorts it: entries must stand in the order of their
 * addresses. Those of .text do, for this file is built with -fno-toplevel-reorder; .fixup lies
 * behind .text, so its one entry comes last.
 */
__asm__(".section __ex_table,\"a\"\n\t"
	".long extable_second,extable_third\n\t"
	".previous");

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
