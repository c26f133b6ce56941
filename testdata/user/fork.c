// SPDX-License-Identifier: BSD-3-Clause
// Processes: children that exit and that are killed, their status in the
// parent, and that each has memory of its own after fork.
#include "user.h"

static volatile int shared = 1;

static long wait_for(long pid, int *status)
{
	return CALL(NR_WAIT4, pid, status, 0, 0);
}

int run(int *stack)
{
	int status = 0;
	long self = CALL(NR_GETPID, 0, 0, 0, 0), child, waited;

	(void)stack;
	child = CALL(NR_FORK, 0, 0, 0, 0);
	if (!child) {
		shared = 2;
		put(CALL(NR_GETPPID, 0, 0, 0, 0) == self ? "child of its parent\n" : "child of another\n");
		return 5;
	}
	waited = wait_for(child, &status);
	put(waited == child ? "waited for it\n" : "waited for another\n");
	put_result("status", status);
	put_result("shared", shared);

	child = CALL(NR_FORK, 0, 0, 0, 0);
	if (!child) {
		*(volatile int *)0 = 0;
		return 0;
	}
	wait_for(child, &status);
	put_result("killed by a fault, status", status);

	child = CALL(NR_FORK, 0, 0, 0, 0);
	if (!child)
		for (;;)
			;
	put_result("kill", CALL(NR_KILL, child, 9, 0, 0));
	wait_for(child, &status);
	put_result("killed, status", status);
	put_result("no child left", wait_for(-1, &status));
	return 0;
}
