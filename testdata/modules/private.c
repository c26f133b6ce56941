// SPDX-License-Identifier: BSD-3-Clause
// Needs a global symbol of exporter.o that exporter.o does not export: insmod
// must refuse although the name exists in a loaded module.
#include <linux/module.h>

int exporter_private(void);

int init_module(void)
{
	return exporter_private();
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
