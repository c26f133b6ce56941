/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Task queues: tq_immediate is run by a bottom half, schedule_task by the kernel's own thread.
 */
#ifndef _RING0_LINUX_TQUEUE_H
#define _RING0_LINUX_TQUEUE_H

#include <linux/interrupt.h>

struct tq_struct {
	struct list_head list;
	unsigned long sync; /* bit 0: already queued */
	void (*routine)(void *);
	void *data;
};

typedef struct list_head task_queue;
extern task_queue tq_immediate, tq_timer;

static inline int queue_task(struct tq_struct *work, task_queue *queue)
{
	if (test_and_set_bit(0, &work->sync))
		return 0;
	list_add_tail(&work->list, queue);
	return 1;
}

int schedule_task(struct tq_struct *work);
void flush_scheduled_tasks(void);

#endif
