// SPDX-License-Identifier: BSD-3-Clause
// Faults that are expected. Each load or store below has an entry in this
// module's __ex_table, so the fault is silent: execution goes on at the fixup
// with every register as it was. Tried with a user address and with a kernel
// address where nothing is mapped, in init and in cleanup.
#include <asm/uaccess.h>
#include <linux/kernel.h>
#include <linux/module.h>

#define NOT_MAPPED_USER 0x000dead0UL
#define NOT_MAPPED_KERNEL 0xdeadbeecUL

struct registers {
	unsigned long eax, ebx, ecx, edx, esi, edi;
};

/* Loads from addr into EAX, with marks in the other registers; returns 0 or -EFAULT. */
static int load(unsigned long addr, struct registers *r)
{
	int err;

	__asm__ __volatile__("1:\tmovl (%%ebx),%%eax\n"
			     "2:\n\t"
			     ".section .fixup,\"ax\"\n"
			     "3:\tmovl %[efault],%%edx\n\t"
			     "jmp 2b\n\t"
			     ".previous\n\t"
			     EX_TABLE(1b, 3b)
			     : "=a"(r->eax), "=b"(r->ebx), "=c"(r->ecx), "=d"(err), "=S"(r->esi), "=D"(r->edi)
			     : [efault] "i"(-EFAULT), "0"(0x11111111), "1"(addr), "2"(0x33333333), "3"(0),
			       "4"(0x55555555), "5"(0x66666666));
	r->edx = err;
	return err;
}

/* Stores to addr with repeated string instructions: ECX and EDI tell how far they came. */
static int fill(unsigned long addr, struct registers *r)
{
	int err;

	__asm__ __volatile__("cld\n"
			     "1:\trep; stosl\n"
			     "2:\n\t"
			     ".section .fixup,\"ax\"\n"
			     "3:\tmovl %[efault],%%edx\n\t"
			     "jmp 2b\n\t"
			     ".previous\n\t"
			     EX_TABLE(1b, 3b)
			     : "=a"(r->eax), "=c"(r->ecx), "=d"(err), "=D"(r->edi)
			     : [efault] "i"(-EFAULT), "0"(0x77777777), "1"(5), "2"(0), "3"(addr)
			     : "memory");
	r->edx = err;
	return err;
}

static void try_both(const char *what, unsigned long addr)
{
	struct registers r;
	int err = load(addr, &r);

	printk("fixup: %s load = %d eax %08lx ebx %08lx ecx %08lx edx %08lx esi %08lx edi %08lx\n", what, err,
	       r.eax, r.ebx, r.ecx, r.edx, r.esi, r.edi);
	err = fill(addr, &r);
	printk("fixup: %s fill = %d eax %08lx ecx %08lx edi %08lx\n", what, err, r.eax, r.ecx, r.edi);
}

int init_module(void)
{
	static unsigned long here[5] = {0x12345678};
	struct registers r;
	int err = load((unsigned long)here, &r);

	printk("fixup: mapped load = %d eax %08lx ecx %08lx edx %08lx\n", err, r.eax, r.ecx, r.edx);
	err = fill((unsigned long)here, &r);
	printk("fixup: mapped fill = %d ecx %08lx moved %lu last %08lx\n", err, r.ecx,
	       r.edi - (unsigned long)here, here[4]);
	try_both("user", NOT_MAPPED_USER);
	try_both("kernel", NOT_MAPPED_KERNEL);
	return 0;
}

void cleanup_module(void)
{
	try_both("cleanup", NOT_MAPPED_USER);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
