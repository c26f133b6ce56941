// SPDX-License-Identifier: BSD-3-Clause
// Address spaces: the heap, mappings, protections, what fork shares, and wrong
// arguments.
#include "user.h"

#define PRIVATE 0x22 /* MAP_PRIVATE | MAP_ANONYMOUS */
#define SHARED 0x21
#define FIXED 0x10

static void put_address(const char *what, unsigned long value)
{
	put(what);
	put(" ");
	put_hex(value);
	put("\n");
}

/* What becomes of a child that touches at, and of one that writes there. */
static void touch(const char *what, volatile char *at)
{
	long child = fork();

	if (!child)
		leave(*at);
	put(what);
	put_status(": read", child);
	child = fork();
	if (!child) {
		*at = 1;
		leave(7);
	}
	put_status("written", child);
}

int run(int *stack)
{
	long start = CALL(NR_BRK, 0, 0, 0, 0), page, zero, child;
	volatile int *shared, *mine;

	(void)stack;
	put_result("brk below the code", CALL(NR_BRK, 0x1000, 0, 0, 0) == start);
	start = CALL(NR_BRK, (start + 4095) & -4096, 0, 0, 0);
	put_result("brk aligned", start & 4095);
	put_result("brk up", CALL(NR_BRK, start + 0x2345, 0, 0, 0) - start);
	*(volatile char *)(start + 0x2fff) = 1;
	put_result("brk down", CALL(NR_BRK, start + 0x1000, 0, 0, 0) - start);
	touch("given back", (char *)start + 0x2000);
	put_result("brk too far", CALL(NR_BRK, 0xbfff0000, 0, 0, 0) - start);

	page = map(0, 4096, 3, PRIVATE, -1, 0);
	put_address("mmap", page);
	put_address("mmap, next", map(0, 5000, 3, PRIVATE, -1, 0));
	put_address("mmap with a wish", map(0x50000123, 4096, 3, PRIVATE, -1, 0));
	put_address("mmap fixed", map(0x60000000, 4096, 1, PRIVATE | FIXED, -1, 0));
	put_result("mmap fixed, askew", map(0x60000100, 4096, 1, PRIVATE | FIXED, -1, 0));
	put_result("mmap fixed, too high", map(0xbffff000, 8192, 1, PRIVATE | FIXED, -1, 0));
	put_address("mmap of nothing", map(0x1234, 0, 3, PRIVATE, -1, 0));
	put_result("mmap of all", map(0, 0xc0001000, 3, PRIVATE, -1, 0));
	put_result("mmap of too much", map(0, 0xa0000000, 1, PRIVATE, -1, 0));
	put_result("mmap neither shared nor private", map(0, 4096, 3, 0x20, -1, 0));
	put_result("mmap askew", map(0, 4096, 3, PRIVATE, -1, 100));
	put_result("mmap of no file", map(0, 4096, 3, 2, 77, 0));
	put_result("mmap bad words", CALL(NR_MMAP, 4, 0, 0, 0));
	touch("read only", (char *)0x60000000);
	put_result("mprotect", CALL(NR_MPROTECT, 0x60000000, 4096, 3, 0));
	touch("writable", (char *)0x60000000);
	put_result("mprotect none", CALL(NR_MPROTECT, 0x60000000, 4096, 0, 0));
	touch("none", (char *)0x60000000);
	put_result("mprotect askew", CALL(NR_MPROTECT, 0x60000001, 4096, 3, 0));
	put_result("mprotect of a gap", CALL(NR_MPROTECT, 0x60000000, 8192, 3, 0));
	put_result("mprotect with other bits", CALL(NR_MPROTECT, 0x60000000, 4096, 8, 0));
	put_result("munmap", CALL(NR_MUNMAP, 0x60000000, 4096, 0, 0));
	put_result("munmap again", CALL(NR_MUNMAP, 0x60000000, 4096, 0, 0));
	put_result("munmap askew", CALL(NR_MUNMAP, 0x60000001, 4096, 0, 0));
	put_result("munmap of nothing", CALL(NR_MUNMAP, 0x60000000, 0, 0, 0));
	put_result("munmap of the kernel", CALL(NR_MUNMAP, 0xbffff000, 0x2000, 0, 0));

	put_result("three pages", map(0x70000000, 0x3000, 3, PRIVATE | FIXED, -1, 0) == 0x70000000);
	put_result("the middle", CALL(NR_MUNMAP, 0x70001000, 0x1000, 0, 0));
	touch("middle", (char *)0x70001000);
	touch("behind", (char *)0x70002000);
	CALL(NR_MPROTECT, 0x70000000, 0x1000, 2, 0);
	touch("write only", (char *)0x70000000);

	zero = CALL(NR_OPEN, "/dev/zero", 2, 0, 0);
	if (zero >= 0)
		CALL(NR_CLOSE, zero, 0, 0, 0);

	mine = (volatile int *)page;
	shared = (volatile int *)map(0, 8192, 3, SHARED, -1, 0);
	*mine = *shared = 1;
	child = fork();
	if (!child) {
		*mine = *shared = 2;
		shared[1024] = 3;
		leave(*mine + *shared);
	}
	put_status("child", child);
	put_result("private", *mine);
	put_result("shared", *shared);
	put_result("shared, first touched by the child", shared[1024]);
	return 0;
}
