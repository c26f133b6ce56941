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

/* "what = value\n" */
static inline void put_result(const char *what, long value)
{
	put(what);
	put(" = ");
	put_number(value);
	put("\n");
}

#endif
