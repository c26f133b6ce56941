// SPDX-License-Identifier: BSD-3-Clause
// For the guided tour of the debugger: a wrong pointer that the exception
// table catches. Reads through three pointers, one of them NULL plus a field's
// offset; the load that faults has an entry in the module's own table, so the
// module survives and counts a bad one.
#include <asm/uaccess.h>
#include <linux/kernel.h>
#include <linux/module.h>

struct sensor {
	const char *name;
	long offset;
	long value;
};

static struct sensor inner = { "inner", 10, 32 };
static struct sensor outer = { "outer", -5, 47 };
static struct sensor *sensors[3] = { &inner, 0, &outer };

/* Loads *from into *to; -EFAULT when it cannot be read. */
static int __attribute__((noinline)) careful_load(const long *from, long *to)
{
	int err = 0;
	long value = 0;

	__asm__ __volatile__("1:	movl %2,%1\n"
			     "2:\n"
			     ".section .fixup,\"ax\"\n"
			     "3:	movl %3,%0\n"
			     "	jmp 2b\n"
			     ".previous\n"
			     EX_TABLE(1b, 3b)
			     : "+r"(err), "=r"(value)
			     : "m"(*from), "i"(-EFAULT), "1"(value));
	*to = value;
	return err;
}

int init_module(void)
{
	long sum = 0;
	int bad = 0;
	int i;

	for (i = 0; i < 3; i++) {
		long value;

		if (careful_load(&sensors[i]->value, &value))
			bad++;
		else
			sum += value + sensors[i]->offset;
	}
	printk("tour_pointer: sum %ld, %d bad\n", sum, bad);
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
