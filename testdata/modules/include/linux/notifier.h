/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notifier chains, for the one that tells of a reboot.
 */
#ifndef _RING0_LINUX_NOTIFIER_H
#define _RING0_LINUX_NOTIFIER_H

struct notifier_block {
	int (*notifier_call)(struct notifier_block *, unsigned long, void *);
	struct notifier_block *next;
	int priority;
};

#define NOTIFY_DONE 0

int register_reboot_notifier(struct notifier_block *block);
int unregister_reboot_notifier(struct notifier_block *block);

#endif
