// SPDX-License-Identifier: BSD-3-Clause
// For the guided tour of the debugger: a hook in sys_call_table, as rootkits
// of the time had it. delete_module(2) of this module is answered with ENOENT,
// as if there were none, until it has been asked three times.
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>

#define PATIENCE 3

long table;
MODULE_PARM(table, "l");

typedef long (*call_t)(const char *);

static call_t *calls;
static call_t original;
static int asked;

static long hooked_delete(const char *name)
{
	if (++asked < PATIENCE)
		return -ENOENT;
	calls[__NR_delete_module] = original;
	return original(name);
}

int init_module(void)
{
	if (!table)
		return -EINVAL;
	calls = (call_t *)table;
	original = calls[__NR_delete_module];
	calls[__NR_delete_module] = hooked_delete;
	return 0;
}

void cleanup_module(void)
{
	printk("tour_hook: gone after %d times\n", asked);
}

MODULE_LICENSE("Dual BSD/GPL");
