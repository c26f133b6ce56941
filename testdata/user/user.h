/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that these programs have instead of a C library: the way in from _start
 * with the stack as the kernel leaves it, the system call by int $0x80 with its
 * arguments in EBX, ECX, EDX, ESI and EDI, and a few lines of printing. Errors
 * come back as the negated number.
 */
#ifndef RING0_USER_H
#define RING0_USER_H

#define NR_EXIT 1
#define NR_FORK 2
#define NR_READ 3
#define NR_WRITE 4
#define NR_OPEN 5
#define NR_CLOSE 6
#define NR_WAITPID 7
#define NR_GETPID 20
#define NR_KILL 37
#define NR_BRK 45
#define NR_GETPPID 64
#define NR_WAIT4 114
#define NR_UNAME 122
#define NR_CREATE_MODULE 127
#define NR_INIT_MODULE 128
#define NR_DELETE_MODULE 129

#define NR_LSEEK 19
#define NR_SETUID 213
#define NR_ALARM 27
#define NR_PAUSE 29
#define NR_DUP 41
#define NR_PIPE 42
#define NR_SIGNAL 48
#define NR_IOCTL 54
#define NR_FCNTL 55
#define NR_SETPGID 57
#define NR_UMASK 60
#define NR_DUP2 63
#define NR_GETPGRP 65
#define NR_SETSID 66
#define NR_SIGSUSPEND 72
#define NR_SIGPENDING 73
#define NR_SETRLIMIT 75
#define NR_MMAP 90
#define NR_MUNMAP 91
#define NR_CLONE 120
#define NR_MPROTECT 125
#define NR_SIGPROCMASK 126
#define NR_GETPGID 132
#define NR_READV 145
#define NR_WRITEV 146
#define NR_GETSID 147
#define NR_SCHED_YIELD 158
#define NR_NANOSLEEP 162
#define NR_PRCTL 172
#define NR_RT_SIGACTION 174
#define NR_PREAD 180
#define NR_CAPGET 184
#define NR_CAPSET 185
#define NR_SIGALTSTACK 186
#define NR_VFORK 190
#define NR_GETRLIMIT 191
#define NR_SETREUID 203
#define NR_GETGROUPS 205
#define NR_SETGROUPS 206
#define NR_SETRESUID 208
#define NR_GETRESUID 209
#define NR_SETRESGID 210
#define NR_GETRESGID 211
#define NR_SETFSUID 215

/* Gets the stack as it is at entry: argc, argv[0] … 0, envp[0] … 0. Returns the exit status. */
int run(int *entry_stack) __attribute__((used));

__asm__(".globl _start\n"
	"_start:\n\t"
	"xorl %ebp,%ebp\n\t"
	"movl %esp,%eax\n\t"
	"pushl %eax\n\t"
	"call run\n\t"
	"movl %eax,%ebx\n\t"
	"movl $1,%eax\n\t"
	"int $0x80\n\t"
	"hlt");

static inline long call(long number, long a, long b, long c, long d)
{
	long result;

	__asm__ __volatile__("int $0x80"
			     : "=a"(result)
			     : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0)
			     : "memory");
	return result;
}

#define CALL(number, a, b, c, d) call(number, (long)(a), (long)(b), (long)(c), (long)(d))

static inline unsigned length(const char *text)
{
	unsigned n = 0;

	while (text[n])
		n++;
	return n;
}

static inline void put(const char *text)
{
	CALL(NR_WRITE, 1, text, length(text), 0);
}

static inline void put_number(long value)
{
	char text[12], *p = text + sizeof(text) - 1;
	unsigned long n = value < 0 ? -(unsigned long)value : (unsigned long)value;

	*p = 0;
	do
		*--p = '0' + n % 10;
	while (n /= 10);
	if (value < 0)
		*--p = '-';
	put(p);
}

static inline void put_hex(unsigned long value)
{
	char text[9];
	int i;

	for (i = 0; i < 8; i++)
		text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	text[8] = 0;
	put(text);
}

#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19

/* "what = value\n" */
static inline void put_result(const char *what, long value)
{
	put(what);
	put(" = ");
	put_number(value);
	put("\n");
}

/* Waits for a child and says what became of it: the status word. */
static inline void put_status(const char *what, long child)
{
	int status = -1;

	if (CALL(NR_WAIT4, child, &status, 0, 0) != child)
		put("waited for another\n");
	put_result(what, status);
}

static inline long fork(void)
{
	return CALL(NR_FORK, 0, 0, 0, 0);
}

static inline void leave(int status)
{
	CALL(NR_EXIT, status, 0, 0, 0);
}

static inline void kill_self(int signal)
{
	CALL(NR_KILL, CALL(NR_GETPID, 0, 0, 0, 0), signal, 0, 0);
}

static inline void sleep_ms(int ms)
{
	int time[2] = {ms / 1000, ms % 1000 * 1000000};

	CALL(NR_NANOSLEEP, time, 0, 0, 0);
}

static inline long map(unsigned long at, unsigned long size, int prot, int flags, int fd, long offset)
{
	long words[6] = {at, size, prot, flags, fd, offset};

	return CALL(NR_MMAP, words, 0, 0, 0);
}

#endif
