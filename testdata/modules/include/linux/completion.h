/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Completions.
 */
#ifndef _RING0_LINUX_COMPLETION_H
#define _RING0_LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done;
	wait_queue_head_t wait;
};

#define DECLARE_COMPLETION(name)                                                                   \
	struct completion name = {0, {.task_list = LIST_HEAD_INIT((name).wait.task_list)}}

void FASTCALL(wait_for_completion(struct completion *c));
void FASTCALL(complete(struct completion *c));
void complete_and_exit(struct completion *c, long code) __attribute__((noreturn));

#endif
