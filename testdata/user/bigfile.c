// SPDX-License-Identifier: BSD-3-Clause
// A file larger than memory: bigfile MEGABYTES mounts pagefs on /mnt, whose file is that long, reads all of it twice, maps it
// and touches every page, and writes to one page in four through the mapping.
#include "user.h"

#define NR_MOUNT 21
#define NR_UMOUNT2 52

#define PAGE 4096
#define PIECE 65536

static char buffer[PIECE];

static int letter(unsigned page)
{
	return page < 3 ? 'a' + page : 'a' + page % 26;
}

static unsigned read_all(void)
{
	unsigned page = 0, wrong = 0;
	long fd = CALL(NR_OPEN, "/mnt/data", 2, 0, 0), n;
	int i;

	while ((n = CALL(NR_READ, fd, buffer, PIECE, 0)) > 0)
		for (i = 0; i < n; i += PAGE, page++)
			wrong += buffer[i] != letter(page) || buffer[i + PAGE - 1] != letter(page);
	put_result("read ended with", n);
	put_result("pages", page);
	CALL(NR_CLOSE, fd, 0, 0, 0);
	return wrong;
}

int run(int *stack)
{
	const char *text = stack[0] > 1 ? ((char **)(stack + 1))[1] : "1";
	unsigned megabytes = 0, pages, page, wrong = 0;
	volatile char *at;
	long fd;

	while (*text)
		megabytes = megabytes * 10 + *text++ - '0';
	pages = megabytes * 256;
	put_result("mount", CALL(NR_MOUNT, "none", "/mnt", "pagefs", 0));
	put_result("wrong", read_all());
	put_result("wrong again", read_all());
	fd = CALL(NR_OPEN, "/mnt/data", 2, 0, 0);
	at = (char *)map(0, megabytes << 20, 3, 1, fd, 0);
	for (page = 0; page < pages; page++)
		wrong += at[page * PAGE + 100] != letter(page);
	put_result("wrong in memory", wrong);
	for (page = 0; page < pages; page += 4)
		at[page * PAGE] = 'X';
	put_result("first byte", at[0]);
	put_result("munmap", CALL(NR_MUNMAP, at, megabytes << 20, 0, 0));
	CALL(NR_CLOSE, fd, 0, 0, 0);
	put_result("umount", CALL(NR_UMOUNT2, "/mnt", 0, 0, 0));
	return 0;
}
