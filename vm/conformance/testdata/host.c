/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs code sequences on the host's own processor, for the differential test.
 *
 * Requests come on standard input, one answer to each goes to standard output,
 * both as the structures below. The code runs as a 32-bit user program does;
 * the exception it ends with becomes a signal, whose frame has the state.
 * Build: gcc -m32 -no-pie host.c
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum {
	CODE = 0x400000, CODE_SIZE = 0x10000,
	DATA = 0x600000, DATA_SIZE = 0x2000,
	RO = DATA + DATA_SIZE, RO_SIZE = 0x1000,
	IMAGE = 0x610000, IMAGE_SIZE = 0x1000,
	MAX_CODE = 1024,
	FX_SIZE = 512,
};

struct request {
	uint32_t gpr[8]; /* EAX ECX EDX EBX ESP EBP ESI EDI */
	uint32_t eflags, eip, length;
	uint8_t fx[FX_SIZE]; /* x87, MMX and SSE state as FXSAVE writes it */
	uint8_t code[MAX_CODE];
	uint8_t data[DATA_SIZE];
	uint8_t image[IMAGE_SIZE];
};

struct answer {
	uint32_t gpr[8];
	uint32_t eflags, eip, trap, error, cr2;
	uint8_t fx[FX_SIZE];
	uint8_t code[MAX_CODE];
	uint8_t data[DATA_SIZE];
	uint8_t image[IMAGE_SIZE];
};

/* In a signal frame: FSAVE's 108 bytes, two words, then the FXSAVE image. */
enum { FRAME_MAGIC = 110, FRAME_FX = 112 };

static struct request req;
static struct answer ans;

/* What enter needs, by name for the assembler. */
uint32_t enter_gpr[8], enter_eflags, enter_eip, home_esp;
uint8_t enter_fx[FX_SIZE] __attribute__((aligned(16)));
const uint32_t home_mxcsr = 0x1f80;

/* enter() loads the state and jumps; the signal handler comes back to `home`. */
void enter(void);
extern char home[];
__asm__(
	"enter:\n"
	"	pusha\n"
	"	mov %esp, home_esp\n"
	"	fxrstor enter_fx\n"
	"	push enter_eflags\n"
	"	popf\n"
	"	mov enter_gpr, %eax\n"
	"	mov enter_gpr+4, %ecx\n"
	"	mov enter_gpr+8, %edx\n"
	"	mov enter_gpr+12, %ebx\n"
	"	mov enter_gpr+16, %esp\n"
	"	mov enter_gpr+20, %ebp\n"
	"	mov enter_gpr+24, %esi\n"
	"	mov enter_gpr+28, %edi\n"
	"	jmp *enter_eip\n"
	"home:\n"
	"	popa\n"
	"	cld\n"
	"	fninit\n"
	"	ldmxcsr home_mxcsr\n"
	"	ret\n");

static void on_signal(int sig, siginfo_t *info, void *context)
{
	static const int order[8] = { REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI };
	ucontext_t *uc = context;
	greg_t *r = uc->uc_mcontext.gregs;
	int i;

	(void)sig;
	(void)info;
	for (i = 0; i < 8; i++)
		ans.gpr[i] = r[order[i]];
	ans.eflags = r[REG_EFL];
	ans.eip = r[REG_EIP];
	ans.trap = r[REG_TRAPNO];
	ans.error = r[REG_ERR];
	ans.cr2 = uc->uc_mcontext.cr2;
	if (*(uint16_t *)((uint8_t *)uc->uc_mcontext.fpregs + FRAME_MAGIC) != 0)
		_exit(5); /* no FXSAVE image */
	memcpy(ans.fx, (uint8_t *)uc->uc_mcontext.fpregs + FRAME_FX, FX_SIZE);
	r[REG_EIP] = (greg_t)(uintptr_t)home;
	r[REG_ESP] = home_esp;
	r[REG_EFL] = 0x202;
}

static void *map(uintptr_t at, size_t size, int prot)
{
	void *p = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)at) {
		perror("mmap");
		exit(2);
	}
	return p;
}

static void setup(void)
{
	static const int signals[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV };
	static uint8_t stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	size_t i;

	map(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
	map(DATA, DATA_SIZE, PROT_READ | PROT_WRITE);
	map(IMAGE, IMAGE_SIZE, PROT_READ | PROT_WRITE);
	/* A page that was never touched is not present, whatever it permits. */
	(void)*(volatile uint8_t *)map(RO, RO_SIZE, PROT_READ);
	sigaltstack(&ss, NULL);
	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &sa, NULL);
}

/* What goes wrong in a sequence must not reach the system. */
static void confine(void)
{
#define ALLOW(nr) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	static struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_read), ALLOW(SYS_write), ALLOW(SYS_alarm), ALLOW(SYS_exit), ALLOW(SYS_exit_group),
		ALLOW(SYS_sigreturn), ALLOW(SYS_rt_sigreturn),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
	};
	struct sock_fprog program = { sizeof rules / sizeof *rules, rules };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("seccomp");
		exit(2);
	}
}

static int transfer(void *buffer, size_t size, int out)
{
	uint8_t *p = buffer;

	while (size > 0) {
		ssize_t n = out ? write(1, p, size) : read(0, p, size);
		if (n <= 0)
			return 0;
		p += n;
		size -= n;
	}
	return 1;
}

int main(void)
{
	setup();
	confine();
	while (transfer(&req, sizeof req, 0)) {
		if (req.eip < CODE || req.eip > CODE + CODE_SIZE - MAX_CODE || req.length > MAX_CODE)
			return 3;
		memset((void *)CODE, 0xcc, CODE_SIZE);
		memcpy((void *)(uintptr_t)req.eip, req.code, req.length);
		memcpy((void *)DATA, req.data, DATA_SIZE);
		memcpy((void *)IMAGE, req.image, IMAGE_SIZE);
		memcpy(enter_fx, req.fx, FX_SIZE);
		memcpy(enter_gpr, req.gpr, sizeof enter_gpr);
		enter_eflags = req.eflags;
		enter_eip = req.eip;
		alarm(10); /* a sequence that does not end ends the helper */
		enter();
		alarm(0);
		memcpy(ans.code, (void *)(uintptr_t)req.eip, MAX_CODE);
		memcpy(ans.data, (void *)DATA, DATA_SIZE);
		memcpy(ans.image, (void *)IMAGE, IMAGE_SIZE);
		if (!transfer(&ans, sizeof ans, 1))
			return 4;
	}
	return 0;
}
