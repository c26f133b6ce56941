// SPDX-License-Identifier: BSD-3-Clause
// Pipes and file numbers: what is read and written, who waits, who dies, and
// wrong arguments.
#include "user.h"

static char buffer[70000];

struct piece {
	void *base;
	unsigned size;
};

static void end(int fd)
{
	CALL(NR_CLOSE, fd, 0, 0, 0);
}

int run(int *stack)
{
	int ends[2], status = 0, waiting = -1;
	struct piece pieces[2] = {{"ab", 2}, {"cde", 3}};
	long child, sum = 0, n;

	(void)stack;
	put_result("pipe", CALL(NR_PIPE, ends, 0, 0, 0));
	put_result("ends", ends[0] * 10 + ends[1]);
	put_result("bad address", CALL(NR_PIPE, 8, 0, 0, 0));
	put_result("write to the reading end", CALL(NR_WRITE, ends[0], "x", 1, 0));
	put_result("read from the writing end", CALL(NR_READ, ends[1], buffer, 1, 0));
	put_result("lseek", CALL(NR_LSEEK, ends[0], 0, 0, 0));
	put_result("pread", call(NR_PREAD, ends[0], (long)buffer, 1, 0));
	put_result("write", CALL(NR_WRITE, ends[1], "hello", 5, 0));
	CALL(NR_IOCTL, ends[0], 0x541b, &waiting, 0);
	put_result("waiting", waiting);
	put_result("other ioctl", CALL(NR_IOCTL, ends[0], 0x5401, buffer, 0));
	put_result("read part", CALL(NR_READ, ends[0], buffer, 3, 0));
	put_result("read rest", CALL(NR_READ, ends[0], buffer, 100, 0));
	put_result("writev", CALL(NR_WRITEV, ends[1], pieces, 2, 0));
	pieces[0].base = buffer;
	pieces[1].base = buffer + 10;
	pieces[0].size = 4;
	pieces[1].size = 4;
	put_result("readv", CALL(NR_READV, ends[0], pieces, 2, 0));
	put_result("writev of nothing", CALL(NR_WRITEV, ends[1], pieces, 0, 0));
	put_result("writev of too much", CALL(NR_WRITEV, ends[1], pieces, 1025, 0));
	put_result("write from nowhere", CALL(NR_WRITE, ends[1], 8, 5, 0));
	put_result("write of nothing", CALL(NR_WRITE, ends[1], 8, 0, 0));

	put_result("O_NONBLOCK", CALL(NR_FCNTL, ends[0], 4, 0x800, 0));
	put_result("flags", CALL(NR_FCNTL, ends[0], 3, 0, 0));
	put_result("empty", CALL(NR_READ, ends[0], buffer, 1, 0));
	CALL(NR_FCNTL, ends[1], 4, 0x800, 0);
	put_result("5000", CALL(NR_WRITE, ends[1], buffer, 5000, 0));
	put_result("full", CALL(NR_WRITE, ends[1], buffer, 1, 0));
	put_result("emptied", CALL(NR_READ, ends[0], buffer, 70000, 0));
	CALL(NR_FCNTL, ends[0], 4, 0, 0);
	CALL(NR_FCNTL, ends[1], 4, 0, 0);

	/* More than it holds, to a child that adds it up. */
	child = fork();
	if (!child) {
		end(ends[1]);
		while ((n = CALL(NR_READ, ends[0], buffer, 1000, 0)) > 0)
			sum += n;
		leave(sum == 70000 && n == 0 ? 1 : 2);
	}
	end(ends[0]);
	for (n = 0; n < 70000; n++)
		buffer[n] = n;
	put_result("70000", CALL(NR_WRITE, ends[1], buffer, 70000, 0));
	end(ends[1]);
	put_status("added up", child);

	CALL(NR_PIPE, ends, 0, 0, 0);
	end(ends[0]);
	child = fork();
	if (!child) {
		CALL(NR_WRITE, ends[1], "x", 1, 0);
		leave(1);
	}
	put_status("no reader", child);
	CALL(NR_SIGNAL, SIGPIPE, 1, 0, 0);
	put_result("no reader, SIGPIPE ignored", CALL(NR_WRITE, ends[1], "x", 1, 0));
	end(ends[1]);

	put_result("dup", CALL(NR_DUP, 1, 0, 0, 0));
	put_result("dup2", CALL(NR_DUP2, 1, 20, 0, 0));
	put_result("dup2 to itself", CALL(NR_DUP2, 20, 20, 0, 0));
	put_result("dup2 too high", CALL(NR_DUP2, 1, 1024, 0, 0));
	put_result("dup2 of nothing", CALL(NR_DUP2, 15, 21, 0, 0));
	put_result("F_DUPFD", CALL(NR_FCNTL, 1, 0, 10, 0));
	put_result("F_DUPFD too high", CALL(NR_FCNTL, 1, 0, 1024, 0));
	put_result("F_GETFD", CALL(NR_FCNTL, 20, 1, 0, 0));
	put_result("F_SETFD", CALL(NR_FCNTL, 20, 2, 1, 0));
	put_result("F_GETFD", CALL(NR_FCNTL, 20, 1, 0, 0));
	put_result("bad command", CALL(NR_FCNTL, 20, 99, 0, 0));
	put_result("of nothing", CALL(NR_FCNTL, 25, 3, 0, 0));
	put_result("close", CALL(NR_CLOSE, 20, 0, 0, 0));
	put_result("close again", CALL(NR_CLOSE, 20, 0, 0, 0));
	(void)status;
	return 0;
}
