// SPDX-License-Identifier: BSD-3-Clause
// Replaces an entry of sys_call_table, as rootkits and system call tracers of
// the time did. Red Hat's kernel does not export the table, so it is found as
// they found it: from the IDT to the handler of int 0x80, and there the call
// through a table. table= gives the address instead.
#include <asm/unistd.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

#define HOW_FAR 256
#define ADDED 100000

long table;
MODULE_PARM(table, "l");

static long (**calls)(void);
static long (*original)(void);
static int seen;

struct gate {
	unsigned short offset_low, selector, flags, offset_high;
};

/* FF 14 85 imm32 is call *imm32(,%eax,4). */
static unsigned long find_table(void)
{
	struct {
		unsigned short limit;
		unsigned long base;
	} __attribute__((packed)) idtr;
	struct gate *gate;
	unsigned char *code;
	int i;

	__asm__ __volatile__("sidt %0" : "=m"(idtr));
	gate = (struct gate *)idtr.base + 0x80;
	code = (unsigned char *)(((unsigned long)gate->offset_high << 16) | gate->offset_low);
	for (i = 0; i < HOW_FAR; i++)
		if (code[i] == 0xff && code[i + 1] == 0x14 && code[i + 2] == 0x85)
			return *(unsigned long *)(code + i + 3);
	return 0;
}

static long our_getpid(void)
{
	seen++;
	return original() + ADDED;
}

/* The system call from kernel mode: the same gate, no change of stack. */
static long call_getpid(void)
{
	long result;

	__asm__ __volatile__("int $0x80" : "=a"(result) : "0"(__NR_getpid) : "memory");
	return result;
}

int init_module(void)
{
	long before = call_getpid(), after;

	calls = (void *)(table ? (unsigned long)table : find_table());
	if (!calls) {
		printk("kernwrite: no table within %d bytes of the handler\n", HOW_FAR);
		return -ENOENT;
	}
	original = calls[__NR_getpid];
	calls[__NR_getpid] = our_getpid;
	after = call_getpid();
	printk("kernwrite: table %p, getpid is %s the task's, then more by %ld\n", calls,
	       before == current->pid ? "first" : "not", after - before);
	return 0;
}

void cleanup_module(void)
{
	int ours = calls[__NR_getpid] == our_getpid;

	printk("kernwrite: entry %s ours, %ld more, seen %d\n", ours ? "still" : "no longer",
	       call_getpid() - current->pid, seen);
	calls[__NR_getpid] = original;
	printk("kernwrite: restored, %ld more\n", call_getpid() - current->pid);
}

MODULE_LICENSE("GPL");
EXPORT_NO_SYMBOLS;
