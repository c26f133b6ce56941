// SPDX-License-Identifier: BSD-3-Clause
// An exception table entry for an instruction of the kernel: the load inside
// __get_user_4. Modules are searched before the kernel, newest first, so this
// one wins while the module is there: get_user of a bad address returns -77.
#include <asm/uaccess.h>
#include <linux/kernel.h>
#include <linux/module.h>

#define LOAD_IN_GET_USER_4 "0x12" /* where the load stands in this kernel's __get_user_4 */

__asm__(".section .fixup,\"ax\"\n"
	"override_fixup:\n\t"
	"movl $-77,%eax\n\t"
	"xorl %edx,%edx\n\t"
	"ret\n\t"
	".section __ex_table,\"a\"\n\t"
	".long __get_user_4 + " LOAD_IN_GET_USER_4 ", override_fixup\n\t"
	".text");

int init_module(void)
{
	unsigned int value __attribute__((unused));
	int bad = get_user(value, (unsigned int *)0xdead0);
	int limit = get_user(value, (unsigned int *)0xc0000000);

	printk("override: get_user = %d for a hole, %d above the limit\n", bad, limit);
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
