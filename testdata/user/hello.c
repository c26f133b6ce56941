// SPDX-License-Identifier: BSD-3-Clause
// Greets, shows its arguments and environment, returns 7.
#include "user.h"

int run(int *stack)
{
	int argc = *stack, i;
	char **argv = (char **)(stack + 1), **envp = argv + argc + 1;

	put("hello, world\n");
	for (i = 1; i < argc; i++) {
		put("argument ");
		put(argv[i]);
		put("\n");
	}
	for (; *envp; envp++) {
		put("environment ");
		put(*envp);
		put("\n");
	}
	return 7;
}
