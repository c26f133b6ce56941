// SPDX-License-Identifier: BSD-3-Clause
// Two children that compute and write a letter after every round: who has
// the processor shows in the order.
#include "user.h"

static void rounds(const char *letter)
{
	volatile unsigned n;
	int i;

	for (i = 0; i < 6; i++) {
		for (n = 0; n < 1000000; n++)
			;
		put(letter);
	}
	leave(0);
}

int run(int *stack)
{
	int status;

	(void)stack;
	if (!fork())
		rounds("a");
	if (!fork())
		rounds("b");
	CALL(NR_WAIT4, -1, &status, 0, 0);
	CALL(NR_WAIT4, -1, &status, 0, 0);
	put("\n");
	return 0;
}
