// SPDX-License-Identifier: BSD-3-Clause
// Signals: handlers and what they see, masks, stacks, interrupted calls,
// children that stop, and wrong arguments.
#include "user.h"

#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_ONESHOT 0x80000000

struct sigaction {
	void (*handler)();
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask[2];
};

/* As asm-i386/sigcontext.h has it. */
struct sigcontext {
	unsigned long gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip, cs, eflags, esp_at_signal, ss;
	void *fpstate;
	unsigned long oldmask, cr2;
};

static volatile int seen, depth, again;
static volatile unsigned long where;
static unsigned char other_stack[8192];

static long on(int signal, void (*handler)(), unsigned long flags, unsigned long mask)
{
	struct sigaction act = {handler, flags, 0, {mask, 0}};

	return CALL(NR_RT_SIGACTION, signal, &act, 0, 8);
}

static void count(int signal)
{
	seen = seen * 100 + signal;
	where = (unsigned long)__builtin_frame_address(0);
}

static void nested(int signal)
{
	depth++;
	if (again) {
		again = 0;
		kill_self(signal);
	}
	seen = seen * 10 + depth;
	depth--;
}

static void informed(int signal, int *info, int *context)
{
	struct sigcontext *sc = (struct sigcontext *)(context + 5);

	put_result("signal", signal);
	put_result("si_signo", info[0]);
	put_result("si_code", info[2]);
	put_result("si_pid is mine", info[3] == CALL(NR_GETPID, 0, 0, 0, 0));
	put_result("uc_sigmask", context[5 + 22]);
	put_result("cs", sc->cs);
	put_result("ss", sc->ss);
	put_result("eax of kill", sc->eax);
}

/* A fault whose handler steps over the instruction: two bytes. */
static void skip(int signal, struct sigcontext sc)
{
	put_result("fault", signal);
	put_result("trapno", sc.trapno);
	put_result("err", sc.err);
	put("cr2 ");
	put_hex(sc.cr2);
	put("\n");
	(&sc)->eip += 2;
	__asm__ __volatile__("" : : "m"(sc));
}

/* The same with what is known about the fault. */
static void explained(int signal, int *info, int *context)
{
	put_result("fault", signal);
	put_result("si_code", info[2]);
	put_result("si_addr is the address or the instruction", info[3] == 0x1234 || info[3] == context[5 + 14]);
	context[5 + 14] += 2;
}

static void break_fpu(int signal)
{
	(void)signal;
	__asm__ __volatile__("fldz; fldz");
	seen = 1;
}

static void children(void)
{
	long child = fork();
	int status;

	if (!child) {
		kill_self(SIGSTOP);
		leave(3);
	}
	put_result("stopped, waited", CALL(NR_WAIT4, child, &status, 2, 0) == child);
	put_result("status", status);
	put_result("not again", CALL(NR_WAIT4, child, &status, 3, 0));
	CALL(NR_KILL, child, SIGCONT, 0, 0);
	put_status("continued, ended", child);

	on(SIGCHLD, (void (*)())1, 0, 0);
	child = fork();
	if (!child)
		leave(0);
	put_result("SIGCHLD ignored, waited", CALL(NR_WAIT4, child, &status, 0, 0) == child);
	seen = 0;
	on(SIGCHLD, count, SA_RESTART, 0);
	child = fork();
	if (!child)
		leave(9);
	put_status("SIGCHLD handled", child);
	put_result("seen", seen);
	on(SIGCHLD, 0, 0, 0);
}

static void interrupted(void)
{
	int ends[2], time[2] = {5, 0}, rest[2] = {0, 0};
	long child, parent = CALL(NR_GETPID, 0, 0, 0, 0);
	char c = '-';

	CALL(NR_PIPE, ends, 0, 0, 0);
	on(SIGUSR1, count, 0, 0);
	seen = 0;
	child = fork();
	if (!child) {
		sleep_ms(100);
		CALL(NR_KILL, parent, SIGUSR1, 0, 0);
		leave(0);
	}
	put_result("nanosleep", CALL(NR_NANOSLEEP, time, rest, 0, 0));
	put_result("left", rest[0]);
	put_status("child", child);
	child = fork();
	if (!child) {
		sleep_ms(100);
		CALL(NR_KILL, parent, SIGUSR1, 0, 0);
		leave(0);
	}
	put_result("read", CALL(NR_READ, ends[0], &c, 1, 0));
	put_status("child", child);
	on(SIGUSR1, count, SA_RESTART, 0);
	child = fork();
	if (!child) {
		sleep_ms(100);
		CALL(NR_KILL, parent, SIGUSR1, 0, 0);
		sleep_ms(100);
		CALL(NR_WRITE, ends[1], "x", 1, 0);
		leave(0);
	}
	put_result("read, restarted", CALL(NR_READ, ends[0], &c, 1, 0));
	put_result("byte", c);
	put_status("child", child);
	put_result("seen", seen);
	on(SIGALRM, count, 0, 0);
	seen = 0;
	put_result("alarm", CALL(NR_ALARM, 1, 0, 0, 0));
	put_result("pause", CALL(NR_PAUSE, 0, 0, 0, 0));
	put_result("seen", seen);
	CALL(NR_ALARM, 100, 0, 0, 0);
	put_result("alarm called off", CALL(NR_ALARM, 0, 0, 0, 0));
}

int run(int *stack)
{
	unsigned long set = 1 << (SIGUSR1 - 1), old = 99, stack_t[3] = {(unsigned long)other_stack, 0, sizeof(other_stack)};
	long child;
	int one;

	(void)stack;
	put_result("sigaction", on(SIGUSR1, count, 0, 0));
	kill_self(SIGUSR1);
	put_result("seen", seen);
	put_result("of SIGKILL", on(SIGKILL, count, 0, 0));
	put_result("of 0", on(0, count, 0, 0));
	put_result("of 65", on(65, count, 0, 0));
	put_result("bad size", CALL(NR_RT_SIGACTION, SIGUSR1, 0, 0, 4));
	put_result("bad address", CALL(NR_RT_SIGACTION, SIGUSR1, 8, 0, 8));
	put_result("kill 0", CALL(NR_KILL, CALL(NR_GETPID, 0, 0, 0, 0), 0, 0, 0));
	put_result("kill with 65", CALL(NR_KILL, CALL(NR_GETPID, 0, 0, 0, 0), 65, 0, 0));
	put_result("kill of nobody", CALL(NR_KILL, 31999, SIGUSR1, 0, 0));

	seen = 0;
	put_result("block", CALL(NR_SIGPROCMASK, 0, &set, &old, 0));
	put_result("old", old);
	kill_self(SIGUSR1);
	put_result("blocked, seen", seen);
	CALL(NR_SIGPENDING, &old, 0, 0, 0);
	put_result("pending", old);
	put_result("unblock", CALL(NR_SIGPROCMASK, 1, &set, 0, 0));
	put_result("seen", seen);
	put_result("bad how", CALL(NR_SIGPROCMASK, 3, &set, 0, 0));

	seen = 0;
	again = 1;
	on(SIGUSR1, nested, 0, 0);
	kill_self(SIGUSR1);
	put_result("deferred", seen);
	seen = 0;
	again = 1;
	on(SIGUSR1, nested, SA_NODEFER, 0);
	kill_self(SIGUSR1);
	put_result("not deferred", seen);

	on(SIGUSR2, informed, SA_SIGINFO, 0);
	kill_self(SIGUSR2);

	on(SIGSEGV, skip, 0, 0);
	__asm__ __volatile__("movl %%eax,(%%ecx)" : : "a"(0), "c"(0x1234) : "memory");
	__asm__ __volatile__("movl (%%ecx),%%eax" : : "a"(0), "c"(0xc0100000) : "memory");
	put("behind the faults\n");
	on(SIGSEGV, explained, SA_SIGINFO, 0);
	on(4, explained, SA_SIGINFO, 0);
	on(5, explained, SA_SIGINFO, 0);
	on(8, explained, SA_SIGINFO, 0);
	__asm__ __volatile__("movl %%eax,(%%ecx)" : : "a"(0), "c"(0x1234) : "memory");
	__asm__ __volatile__("movl %%eax,(%%ecx)" : : "a"(0), "c"(run) : "memory");
	__asm__ __volatile__("divl %%ecx" : : "a"(1), "d"(0), "c"(0) : "memory");
	__asm__ __volatile__("ud2");
	__asm__ __volatile__("cli; nop");
	__asm__ __volatile__("int3; nop; nop");

	put_result("sigaltstack", CALL(NR_SIGALTSTACK, stack_t, 0, 0, 0));
	on(SIGUSR1, count, SA_ONSTACK, 0);
	kill_self(SIGUSR1);
	put_result("on the other stack", where - (unsigned long)other_stack < sizeof(other_stack));
	stack_t[2] = 100;
	put_result("too small", CALL(NR_SIGALTSTACK, stack_t, 0, 0, 0));

	on(SIGUSR1, break_fpu, 0, 0);
	__asm__ __volatile__("fld1");
	kill_self(SIGUSR1);
	__asm__ __volatile__("fistpl %0" : "=m"(one));
	put_result("the FPU is as before", one);

	child = fork();
	if (!child) {
		CALL(NR_SIGNAL, SIGUSR1, count, 0, 0);
		kill_self(SIGUSR1);
		kill_self(SIGUSR1);
		leave(0);
	}
	put_status("the second of one shot", child);
	child = fork();
	if (!child) {
		on(SIGSEGV, count, 0, 0);
		__asm__ __volatile__("movl $0,%%esp; pushl %%eax" : : : "memory");
	}
	put_status("no room for the frame", child);
	children();
	interrupted();
	return 0;
}
