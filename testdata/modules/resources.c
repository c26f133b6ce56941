// SPDX-License-Identifier: BSD-3-Clause
// Claims that conflict: I/O ports, misc device minors, names between modules.
#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/notifier.h>

#define PORTS 0x330

static struct file_operations fops = {.owner = THIS_MODULE};
static struct miscdevice chosen = {.minor = 200, .name = "ring0", .fops = &fops};
static struct miscdevice same = {.minor = 200, .name = "ring0b", .fops = &fops};
static struct miscdevice dynamic = {.minor = MISC_DYNAMIC_MINOR, .name = "ring0c", .fops = &fops};

static int on_reboot(struct notifier_block *block, unsigned long event, void *data)
{
	(void)block;
	(void)event;
	(void)data;
	return NOTIFY_DONE;
}

static struct notifier_block reboot = {.notifier_call = on_reboot};

static void ports(void)
{
	struct resource *r = request_region(PORTS, 16, "ring0");

	printk("resources: %s %lx-%lx flags %lx\n", r->name, r->start, r->end, r->flags);
	printk("resources: overlap %s", request_region(PORTS + 8, 16, "b") ? "given" : "refused");
	printk(", keyboard %s", request_region(0x60, 1, "c") ? "given" : "refused");
	printk(", beside %s\n", request_region(PORTS + 16, 8, "d") ? "given" : "refused");
	release_region(PORTS, 16);
	release_region(PORTS + 16, 8);
	printk("resources: again %s\n", request_region(PORTS + 8, 16, "e") ? "given" : "refused");
	release_region(PORTS + 8, 16);
	release_region(PORTS, 16);
}

int init_module(void)
{
	const void *data;

	ports();
	printk("resources: misc %d", misc_register(&chosen));
	printk(", same minor %d", misc_register(&same));
	printk(", dynamic %d", misc_register(&dynamic));
	printk(" gives %d\n", dynamic.minor);
	inter_module_register("ring0_data", THIS_MODULE, &fops);
	data = inter_module_get("ring0_data");
	printk("resources: %s data, use count %d, unknown name %s\n", data == &fops ? "right" : "wrong",
	       atomic_read(&THIS_MODULE->uc.usecount), inter_module_get("ring0_none") ? "found" : "not found");
	inter_module_put("ring0_data");
	printk("resources: use count %d, notifier %d\n", atomic_read(&THIS_MODULE->uc.usecount),
	       register_reboot_notifier(&reboot));
	return 0;
}

void cleanup_module(void)
{
	inter_module_unregister("ring0_data");
	printk("resources: misc %d, dynamic %d, never registered %d, notifier %d\n", misc_deregister(&chosen),
	       misc_deregister(&dynamic), misc_deregister(&same), unregister_reboot_notifier(&reboot));
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
