// SPDX-License-Identifier: BSD-3-Clause
// select: sets, times, bad arguments, both calls.
#include "user.h"

#define NR_OLD_SELECT 82
#define NR_SELECT 142

static long old(int n, unsigned *in, unsigned *out, unsigned *ex, int *time)
{
	long words[5] = {n, (long)in, (long)out, (long)ex, (long)time};

	return CALL(NR_OLD_SELECT, words, 0, 0, 0);
}

static long newer(int n, unsigned *in, unsigned *out, unsigned *ex, int *time)
{
	long result;

	__asm__ __volatile__("int $0x80"
			     : "=a"(result)
			     : "0"(NR_SELECT), "b"(n), "c"(in), "d"(out), "S"(ex), "D"(time)
			     : "memory");
	return result;
}

static void sets(const char *what, long result, unsigned *in, unsigned *out)
{
	put_result(what, result);
	put("sets ");
	put_hex(*in);
	put(" ");
	put_hex(*out);
	put("\n");
}

int run(int *stack)
{
	int fds[2], time[2] = {0, 0};
	unsigned in, out, bits, none = 0;
	long child;

	(void)stack;
	CALL(NR_PIPE, fds, 0, 0, 0);
	bits = 1u << fds[0] | 1u << fds[1];
	in = 1u << fds[0], out = 1u << fds[1];
	sets("an empty pipe", newer(8, &in, &out, 0, 0), &in, &out);
	in = 1u << fds[0];
	sets("nothing to read", newer(8, &in, 0, 0, time), &in, &none);
	time[1] = 5000;
	in = 1u << fds[0];
	sets("for a while", newer(8, &in, 0, 0, time), &in, &none);
	put_result("seconds left", time[0]);
	put_result("microseconds left", time[1]);
	CALL(NR_WRITE, fds[1], "x", 1, 0);
	in = bits, out = bits;
	sets("a byte", old(32, &in, &out, 0, 0), &in, &out);
	in = bits;
	sets("below its number", newer(fds[0], &in, 0, 0, time), &in, &none);
	in = 1u << 30;
	sets("no file", newer(32, &in, 0, 0, time), &in, &none);
	sets("n below 0", newer(-1, &in, 0, 0, time), &in, &none);
	time[1] = -1;
	sets("time below 0", newer(8, 0, 0, 0, time), &none, &none);
	sets("bad set", newer(8, (unsigned *)4, 0, 0, 0), &none, &none);
	sets("bad time", newer(8, 0, 0, 0, (int *)4), &none, &none);
	put_result("bad words", CALL(NR_OLD_SELECT, 4, 0, 0, 0));
	CALL(NR_READ, fds[0], &bits, 1, 0);
	child = fork();
	if (child == 0) {
		sleep_ms(10);
		CALL(NR_WRITE, fds[1], "y", 1, 0);
		leave(0);
	}
	in = 1u << fds[0];
	time[0] = 5, time[1] = 0;
	sets("somebody writes", newer(8, &in, 0, 0, time), &in, &none);
	put_result("seconds left", time[0]);
	put_status("child", child);
	return 0;
}
