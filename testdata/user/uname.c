// SPDX-License-Identifier: BSD-3-Clause
// What the kernel says it is, the answer to a call that does not exist, and the
// answer to one with a bad pointer.
#include "user.h"

struct utsname {
	char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

int run(int *stack)
{
	struct utsname u;
	long err = CALL(NR_UNAME, &u, 0, 0, 0);

	(void)stack;
	if (err)
		return 1;
	put(u.sysname);
	put(" ");
	put(u.release);
	put(" ");
	put(u.machine);
	put("\n");
	put_result("uname(0xdead0)", CALL(NR_UNAME, 0xdead0, 0, 0, 0));
	put_result("call 255", CALL(255, 0, 0, 0, 0));
	put_result("call -1", CALL(-1, 0, 0, 0, 0));
	put_result("write(9)", CALL(NR_WRITE, 9, "x", 1, 0));
	return 0;
}
