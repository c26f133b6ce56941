// SPDX-License-Identifier: BSD-3-Clause
// Uses two modules: exporter.o and exportall.o.
#include <linux/kernel.h>
#include <linux/module.h>

extern char exportall_text[];
const char *exportall_say(void);
int exporter_add(int a, int b);

int init_module(void)
{
	const char *said = exportall_say();

	printk("importall: \"%s\", %s, 1 + 2 = %d\n", said,
	       said == exportall_text ? "one text" : "two texts", exporter_add(1, 2));
	return 0;
}

void cleanup_module(void)
{
	exportall_say();
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
