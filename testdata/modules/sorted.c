// SPDX-License-Identifier: BSD-3-Clause
// Five covered loads and a table of five entries. The kernel searches it by
// halves and neither it nor insmod sorts it: here it is sorted and all five are
// found; in unsorted.o it stands in the order 5 1 4 2 3, and only the entry
// that the search looks at first, the one for load 4, is. which= says which
// load faults.
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>

int which = 1;
MODULE_PARM(which, "i");

typedef int load_fn(int addr) __attribute__((regparm(1)));

/* load_N reads address EAX; faulting there it returns -N in EAX. */
load_fn load_1, load_2, load_3, load_4, load_5;

#define LOAD(n)                                                                                    \
	"load_" #n ":\n"                                                                           \
	"at_" #n ":\tmovl (%eax),%eax\n\t"                                                         \
	"ret\n"                                                                                    \
	"fixup_" #n ":\tmovl $-" #n ",%eax\n\t"                                                    \
	"ret\n\t"
#define ENTRY(n) ".long at_" #n ",fixup_" #n "\n\t"

#ifdef UNSORTED
#define ORDER ENTRY(5) ENTRY(1) ENTRY(4) ENTRY(2) ENTRY(3)
#else
#define ORDER ENTRY(1) ENTRY(2) ENTRY(3) ENTRY(4) ENTRY(5)
#endif

__asm__(".text\n\t"
	LOAD(1) LOAD(2) LOAD(3) LOAD(4) LOAD(5)
	".section __ex_table,\"a\"\n\t"
	ORDER
	".text");

int init_module(void)
{
	static load_fn *const loads[] = {load_1, load_2, load_3, load_4, load_5};

	if (which < 1 || which > 5)
		return -EINVAL;
	printk("sorted: load %d\n", which);
	printk("sorted: result %d\n", loads[which - 1](0xdead0));
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
