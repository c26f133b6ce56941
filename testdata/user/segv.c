// SPDX-License-Identifier: BSD-3-Clause
// Dies of SIGSEGV: by default it writes through a null pointer. The argument
// "kernel" reads the kernel's memory, "text" writes to its own code, "gp"
// executes a privileged instruction, "stack" recurses without end.
#include "user.h"

static int deeper(volatile int *above)
{
	volatile int here[1024];

	here[0] = *above;
	return deeper(here) + here[0];
}

int run(int *stack)
{
	char **argv = (char **)(stack + 1);
	char way = *stack > 1 ? argv[1][0] : 'n';

	put("about to die\n");
	switch (way) {
	case 'k':
		put_number(*(volatile char *)0xc0100000);
		break;
	case 't':
		*(volatile char *)run = 0x90;
		break;
	case 'g':
		__asm__ __volatile__("cli");
		break;
	case 's':
		return deeper(stack);
	default:
		*(volatile int *)0 = 1;
	}
	put("still alive\n");
	return 1;
}
