// SPDX-License-Identifier: BSD-3-Clause
// A file in memory: mapfile mounts pagefs on /mnt and maps its file, privately and shared; writing back, the file's end,
// fork, what is refused.
#include "user.h"

#define NR_MOUNT 21
#define NR_UMOUNT2 52
#define NR_FSYNC 118
#define NR_MSYNC 144
#define NR_FDATASYNC 148

#define PAGE 4096
#define RDONLY 0
#define WRONLY 1
#define RDWR 2
#define READ 1
#define WRITE 2
#define SHARED 1
#define PRIVATE 2
#define ASYNC 1
#define INVALIDATE 2
#define SYNC 4

static void show(const char *what, int c)
{
	char text[2] = {c ? c : '0', 0};

	put(what);
	put(": ");
	put(text);
	put("\n");
}

static long open_data(int flags)
{
	return CALL(NR_OPEN, "/mnt/data", flags, 0, 0);
}

static int byte_at(long fd, int offset)
{
	char c = '?';

	if (call(NR_PREAD, fd, (long)&c, 1, offset) != 1)
		return '!';
	return c;
}

static void refused(void)
{
	long fd = open_data(RDONLY), wr = open_data(WRONLY), at;

	put_result("shared writable of a file for reading", map(0, PAGE, READ | WRITE, SHARED, fd, 0));
	put_result("of a file for writing", map(0, PAGE, WRITE, SHARED, wr, 0));
	put_result("neither shared nor private", map(0, PAGE, READ, 0, fd, 0));
	put_result("inside a page", map(0, PAGE, READ, PRIVATE, fd, 1));
	put_result("of nothing", map(0, PAGE, READ, PRIVATE, 77, 0));
	at = map(0, PAGE, READ, SHARED, fd, 0);
	show("shared for reading", *(char *)at);
	put_result("mprotect to write", CALL(NR_MPROTECT, at, PAGE, READ | WRITE, 0));
	put_result("msync of it", CALL(NR_MSYNC, at, PAGE, SYNC, 0));
	put_result("msync inside a page", CALL(NR_MSYNC, at + 1, PAGE, SYNC, 0));
	put_result("msync both ways", CALL(NR_MSYNC, at, PAGE, SYNC | ASYNC, 0));
	put_result("msync another way", CALL(NR_MSYNC, at, PAGE, 8, 0));
	put_result("msync of nothing", CALL(NR_MSYNC, at, 0, SYNC, 0));
	put_result("munmap", CALL(NR_MUNMAP, at, PAGE, 0, 0));
	put_result("msync of a hole", CALL(NR_MSYNC, at, PAGE, SYNC, 0));
	put_result("directory", map(0, PAGE, READ, PRIVATE, CALL(NR_OPEN, "/mnt", RDONLY, 0, 0), 0));
	CALL(NR_CLOSE, 5, 0, 0, 0);
	CALL(NR_CLOSE, wr, 0, 0, 0);
	CALL(NR_CLOSE, fd, 0, 0, 0);
}

static void behind_the_end(volatile char *at)
{
	long child;

	show("behind the end, in its page", at[2 * PAGE + 200]);
	child = fork();
	if (child == 0) {
		show("a page behind it", at[3 * PAGE]);
		leave(0);
	}
	put_status("killed", child);
}

int run(int *stack)
{
	volatile char *private, *shared;
	long fd, child;

	(void)stack;
	put_result("mount", call(NR_MOUNT, (long)"none", (long)"/mnt", (long)"pagefs", 0));
	refused();
	fd = open_data(RDWR);
	private = (char *)map(0, 4 * PAGE, READ | WRITE, PRIVATE, fd, 0);
	shared = (char *)map(0, 4 * PAGE, READ | WRITE, SHARED, fd, 0);
	CALL(NR_CLOSE, fd, 0, 0, 0);
	put_result("umount", CALL(NR_UMOUNT2, "/mnt", 0, 0, 0));
	fd = open_data(RDWR);
	private[0] = 'P';
	show("private", private[0]);
	show("file", byte_at(fd, 0));
	shared[0] = 'S';
	shared[PAGE] = 'T';
	show("private, written", private[0]);
	show("private, not written", private[PAGE]);
	show("file", byte_at(fd, 0));
	put_result("msync without waiting", CALL(NR_MSYNC, shared, 3 * PAGE, ASYNC, 0));
	put_result("msync of what is clean", CALL(NR_MSYNC, shared, 3 * PAGE, SYNC, 0));
	shared[PAGE] = 'U';
	put_result("msync", CALL(NR_MSYNC, shared, 3 * PAGE, SYNC, 0));
	put_result("msync of the private one", CALL(NR_MSYNC, private, PAGE, SYNC, 0));
	show("private, not written", private[PAGE]);
	put("read into the mapping\n");
	call(NR_PREAD, fd, (long)(shared + 2 * PAGE), 1, PAGE);
	put_result("msync", CALL(NR_MSYNC, shared, 3 * PAGE, SYNC | INVALIDATE, 0));
	put("write to the file\n");
	CALL(NR_WRITE, fd, "W", 1, 0);
	show("shared", shared[0]);
	put_result("fdatasync", CALL(NR_FDATASYNC, fd, 0, 0, 0));
	behind_the_end(shared);
	child = fork();
	if (child == 0) {
		private[0] = 'C';
		shared[0] = 'D';
		leave(0);
	}
	put_status("child", child);
	show("private", private[0]);
	show("shared", shared[0]);
	shared[PAGE] = 'V';
	put_result("munmap", CALL(NR_MUNMAP, shared, 4 * PAGE, 0, 0));
	put_result("fsync", CALL(NR_FSYNC, fd, 0, 0, 0));
	put_result("fsync of a pipe", CALL(NR_FSYNC, 1000, 0, 0, 0));
	show("file", byte_at(fd, PAGE));
	put_result("munmap", CALL(NR_MUNMAP, private, 4 * PAGE, 0, 0));
	CALL(NR_CLOSE, fd, 0, 0, 0);
	put_result("umount", CALL(NR_UMOUNT2, "/mnt", 0, 0, 0));
	return 0;
}
