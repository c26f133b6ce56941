// SPDX-License-Identifier: BSD-3-Clause
// Processes that wait for each other all the time: a child that sleeps in a pipe's read, another that writes to it, their
// parent in wait4, and a child of vfork. With an argument the writer works for ever.
#include "user.h"

static volatile unsigned long rounds;

static void work(unsigned long n)
{
	while (n--)
		rounds++;
}

static int reader(int fd)
{
	char c;
	int sum = 0;

	while (CALL(NR_READ, fd, &c, 1, 0) == 1)
		sum += c;
	return sum & 0x7f;
}

static int writer(int fd, int for_ever)
{
	long pause[2] = {0, 3000000};
	int i;

	for (i = 0; i < 20 || for_ever; i++) {
		CALL(NR_WRITE, fd, "a", 1, 0);
		work(for_ever ? 20000 : 3000);
		if (i % 4 == 3)
			CALL(NR_NANOSLEEP, pause, 0, 0, 0);
	}
	return 0;
}

int run(int *stack)
{
	int ends[2], status, i;

	if (CALL(NR_VFORK, 0, 0, 0, 0) == 0) {
		work(1000);
		CALL(NR_EXIT, 3, 0, 0, 0);
	}
	CALL(NR_PIPE, ends, 0, 0, 0);
	for (i = 0; i < 2; i++) {
		if (CALL(NR_FORK, 0, 0, 0, 0) == 0) {
			CALL(NR_CLOSE, ends[!i], 0, 0, 0);
			return i ? writer(ends[1], stack[0] > 1) : reader(ends[0]);
		}
	}
	CALL(NR_CLOSE, ends[0], 0, 0, 0);
	CALL(NR_CLOSE, ends[1], 0, 0, 0);
	for (i = 0; i < 3; i++) {
		CALL(NR_WAIT4, -1, &status, 0, 0);
		put_result("status", status);
	}
	return 0;
}
