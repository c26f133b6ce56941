// SPDX-License-Identifier: BSD-3-Clause
// The first process of a real kernel: says who it is, runs what /etc/steps
// says, and ends the machine. A line of that file is
//
//	[VARIABLE=VALUE ...] NAME [ARGUMENT ...]    run /bin/NAME, then say how it ended
//	.off      switch off          .restart    restart
//	.port     debug exit port F4, with value 0
//
// At its end, and without the file, the machine is restarted.
#include "user.h"

#define NR_EXECVE 11
#define NR_REBOOT 88
#define NR_IOPERM 101

#define MAGIC1 0xfee1deadul
#define MAGIC2 672274793ul
#define RESTART 0x01234567ul
#define POWER_OFF 0x4321fedcul

#define EXIT_PORT 0xf4
#define WORDS 16

static char steps[4096];

static void reboot(unsigned long command)
{
	put_result("reboot", CALL(NR_REBOOT, MAGIC1, MAGIC2, command, 0));
}

static void exit_port(void)
{
	put_result("ioperm", CALL(NR_IOPERM, EXIT_PORT, 4, 1, 0));
	__asm__ __volatile__("outl %0,%w1" : : "a"(0), "d"(EXIT_PORT));
}

/* Cuts a line at its spaces. Returns the number of words. */
static int split(char *line, char **words)
{
	int n = 0;

	while (*line && n < WORDS) {
		while (*line == ' ')
			*line++ = 0;
		if (!*line)
			break;
		words[n++] = line;
		while (*line && *line != ' ')
			line++;
	}
	words[n] = 0;
	return n;
}

static int is_variable(const char *word)
{
	while (*word && *word != '=')
		word++;
	return *word != 0;
}

static void execute(char **words, int variables)
{
	char *environment[WORDS + 1], path[64] = "/bin/", *to = path + 5;
	const char *name = words[variables];
	int i;

	for (i = 0; i < variables; i++)
		environment[i] = words[i];
	environment[i] = 0;
	while (*name && to < path + sizeof(path) - 1)
		*to++ = *name++;
	*to = 0;
	put_result("execve", CALL(NR_EXECVE, path, words + variables, environment, 0));
	CALL(NR_EXIT, 127, 0, 0, 0);
}

static void step(char **words)
{
	int variables = 0, status = 0;
	long child;

	while (words[variables] && is_variable(words[variables]))
		variables++;
	if (!words[variables])
		return;
	child = CALL(NR_FORK, 0, 0, 0, 0);
	if (!child)
		execute(words, variables);
	if (CALL(NR_WAIT4, child, &status, 0, 0) != child)
		put("wait4: another child\n");
	put(status & 0x7f ? "= signal " : "= exit ");
	put_number(status & 0x7f ? status & 0x7f : status >> 8);
	put("\n");
}

static void line(char *text)
{
	char *words[WORDS + 1];

	put("run ");
	put(text);
	put("\n");
	if (!split(text, words))
		return;
	if (words[0][0] != '.')
		step(words);
	else if (words[0][1] == 'o')
		reboot(POWER_OFF);
	else if (words[0][1] == 'p')
		exit_port();
	else
		reboot(RESTART);
}

int run(int *stack)
{
	long file = CALL(NR_OPEN, "/etc/steps", 0, 0, 0), n = 0, i, start = 0;

	(void)stack;
	put("init: hello, kernel\n");
	put_result("init: pid", CALL(NR_GETPID, 0, 0, 0, 0));
	if (file >= 0) {
		n = CALL(NR_READ, file, steps, sizeof(steps) - 1, 0);
		CALL(NR_CLOSE, file, 0, 0, 0);
	}
	for (i = 0; i < n; i++)
		if (steps[i] == '\n') {
			steps[i] = 0;
			line(steps + start);
			start = i + 1;
		}
	reboot(RESTART);
	for (;;)
		;
}
