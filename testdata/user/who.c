// SPDX-License-Identifier: BSD-3-Clause
// Who a process is: user and group ids with their capabilities, groups,
// sessions, limits; and wrong arguments. Begins as root.
#include "user.h"

static void put_ids(const char *what)
{
	unsigned real, effective, saved, header[2] = {0x19980330, 0}, caps[3];

	CALL(NR_GETRESUID, &real, &effective, &saved, 0);
	CALL(NR_CAPGET, header, caps, 0, 0);
	put(what);
	put(": ");
	put_number(real);
	put(" ");
	put_number(effective);
	put(" ");
	put_number(saved);
	put(", effective ");
	put_hex(caps[0]);
	put(" permitted ");
	put_hex(caps[1]);
	put("\n");
}

/* One child for each experiment: ids cannot be taken back. */
static int begins(const char *what)
{
	long child;

	put("-- ");
	put(what);
	put("\n");
	child = fork();
	if (child)
		put_status("status", child);
	return !child;
}

int run(int *stack)
{
	unsigned header[2] = {0x19980330, 0}, caps[3] = {0, 0, 0}, groups[40], limit[2], three[3], i;
	int status;

	(void)stack;
	caps[0] = caps[1] = 0xfffffeff; /* init may have CAP_SETPCAP, other programs have not */
	CALL(NR_CAPSET, header, caps, 0, 0);
	put_ids("begin");
	if (begins("setuid")) {
		put_result("setuid", CALL(NR_SETUID, 1000, 0, 0, 0));
		put_ids("1000");
		put_result("back", CALL(NR_SETUID, 0, 0, 0, 0));
		put_result("kill init", CALL(NR_KILL, 1, SIGCONT, 0, 0));
		leave(1);
	}
	if (begins("setresuid")) {
		put_result("effective", CALL(NR_SETRESUID, -1, 1000, -1, 0));
		put_ids("effective 1000");
		put_result("another", CALL(NR_SETRESUID, -1, 2000, -1, 0));
		put_result("back", CALL(NR_SETRESUID, -1, 0, -1, 0));
		put_ids("root again");
		put_result("all", CALL(NR_SETRESUID, 1, 2, 3, 0));
		put_ids("1 2 3");
		put_result("among them", CALL(NR_SETRESUID, 3, 1, 2, 0));
		put_ids("3 1 2");
		leave(2);
	}
	if (begins("setreuid")) {
		put_result("real", CALL(NR_SETREUID, 500, -1, 0, 0));
		put_ids("500");
		put_result("swap", CALL(NR_SETREUID, 0, 500, 0, 0));
		put_ids("swapped");
		put_result("swap", CALL(NR_SETREUID, 500, 0, 0, 0));
		put_ids("swapped again");
		leave(3);
	}
	if (begins("setfsuid")) {
		put_result("setfsuid", CALL(NR_SETFSUID, 1000, 0, 0, 0));
		put_ids("fsuid 1000");
		put_result("setfsuid", CALL(NR_SETFSUID, 0, 0, 0, 0));
		put_ids("fsuid 0");
		leave(4);
	}
	if (begins("keep capabilities")) {
		put_result("prctl", CALL(NR_PRCTL, 8, 1, 0, 0));
		put_result("prctl", CALL(NR_PRCTL, 7, 0, 0, 0));
		put_result("prctl 2", CALL(NR_PRCTL, 8, 2, 0, 0));
		put_result("prctl of nothing", CALL(NR_PRCTL, 99, 0, 0, 0));
		CALL(NR_SETUID, 1000, 0, 0, 0);
		put_ids("kept");
		caps[0] = caps[1] = 1 << 16;
		put_result("capset", CALL(NR_CAPSET, header, caps, 0, 0));
		put_ids("one");
		caps[1] = 3 << 16;
		put_result("more", CALL(NR_CAPSET, header, caps, 0, 0));
		caps[0] = 3;
		put_result("effective without permitted", CALL(NR_CAPSET, header, caps, 0, 0));
		header[0] = 1;
		put_result("bad version", CALL(NR_CAPGET, header, caps, 0, 0));
		put_hex(header[0]);
		put("\n");
		header[1] = -1;
		put_result("bad pid", CALL(NR_CAPGET, header, caps, 0, 0));
		header[1] = 31999;
		put_result("nobody's", CALL(NR_CAPGET, header, caps, 0, 0));
		put_result("bad address", CALL(NR_CAPGET, 8, caps, 0, 0));
		leave(5);
	}
	if (begins("groups")) {
		for (i = 0; i < 40; i++)
			groups[i] = 100 + i;
		put_result("none", CALL(NR_GETGROUPS, 0, 0, 0, 0));
		put_result("setgroups", CALL(NR_SETGROUPS, 3, groups, 0, 0));
		put_result("how many", CALL(NR_GETGROUPS, 0, 0, 0, 0));
		put_result("too few", CALL(NR_GETGROUPS, 2, groups, 0, 0));
		put_result("getgroups", CALL(NR_GETGROUPS, 10, groups + 10, 0, 0));
		put_result("the third", groups[12]);
		put_result("33", CALL(NR_SETGROUPS, 33, groups, 0, 0));
		put_result("setresgid", CALL(NR_SETRESGID, 5, 6, 7, 0));
		CALL(NR_GETRESGID, three, three + 1, three + 2, 0);
		put_result("gids", three[0] * 100 + three[1] * 10 + three[2]);
		CALL(NR_SETUID, 1000, 0, 0, 0);
		put_result("not root", CALL(NR_SETGROUPS, 1, groups, 0, 0));
		put_result("other gid", CALL(NR_SETRESGID, 8, -1, -1, 0));
		leave(6);
	}
	if (begins("sessions")) {
		long self = CALL(NR_GETPID, 0, 0, 0, 0);

		put_result("setsid", CALL(NR_SETSID, 0, 0, 0, 0) == self);
		put_result("again", CALL(NR_SETSID, 0, 0, 0, 0));
		put_result("getsid", CALL(NR_GETSID, 0, 0, 0, 0) == self);
		put_result("getpgrp", CALL(NR_GETPGRP, 0, 0, 0, 0) == self);
		put_result("leader's group", CALL(NR_SETPGID, 0, 0, 0, 0));
		put_result("nobody's group", CALL(NR_GETPGID, 31999, 0, 0, 0));
		put_result("negative", CALL(NR_SETPGID, 0, -1, 0, 0));
		put_result("wait for the group", CALL(NR_WAIT4, 0, &status, 1, 0));
		leave(7);
	}
	if (begins("limits")) {
		put_result("getrlimit", CALL(NR_GETRLIMIT, 7, limit, 0, 0));
		put_result("files", limit[0] * 10000 + limit[1]);
		put_result("of nothing", CALL(NR_GETRLIMIT, 11, limit, 0, 0));
		limit[0] = 100;
		limit[1] = 200;
		put_result("setrlimit", CALL(NR_SETRLIMIT, 4, limit, 0, 0));
		CALL(NR_SETUID, 1000, 0, 0, 0);
		limit[1] = 300;
		put_result("raised", CALL(NR_SETRLIMIT, 4, limit, 0, 0));
		put_result("umask", CALL(NR_UMASK, 0777777, 0, 0, 0));
		put_result("umask", CALL(NR_UMASK, 0, 0, 0, 0));
		leave(8);
	}
	put_ids("end");
	put_result("wait4 with other options", CALL(NR_WAIT4, -1, &status, 0x100, 0));
	put_result("wait4 without a child", CALL(NR_WAIT4, -1, &status, 1, 0));
	return 0;
}
