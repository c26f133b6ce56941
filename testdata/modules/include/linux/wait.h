/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait queues.
 */
#ifndef _RING0_LINUX_WAIT_H
#define _RING0_LINUX_WAIT_H

#include <linux/linkage.h>
#include <linux/list.h>

/* On one processor a spin lock takes no room. */
typedef struct {
} spinlock_t;

#define SPIN_LOCK_UNLOCKED ((spinlock_t){})

struct task_struct;

struct __wait_queue {
	unsigned int flags;
	struct task_struct *task;
	struct list_head task_list;
};
typedef struct __wait_queue wait_queue_t;

struct __wait_queue_head {
	spinlock_t lock;
	struct list_head task_list;
};
typedef struct __wait_queue_head wait_queue_head_t;

#define DECLARE_WAIT_QUEUE_HEAD(name)                                                              \
	wait_queue_head_t name = {.task_list = LIST_HEAD_INIT((name).task_list)}
#define DECLARE_WAITQUEUE(name, waiter) wait_queue_t name = {.task = (waiter)}

static inline void init_waitqueue_head(wait_queue_head_t *queue)
{
	INIT_LIST_HEAD(&queue->task_list);
}

void FASTCALL(add_wait_queue(wait_queue_head_t *queue, wait_queue_t *entry));
void FASTCALL(remove_wait_queue(wait_queue_head_t *queue, wait_queue_t *entry));
void FASTCALL(__wake_up(wait_queue_head_t *queue, unsigned int mode, int how_many));
void FASTCALL(sleep_on(wait_queue_head_t *queue));
long FASTCALL(sleep_on_timeout(wait_queue_head_t *queue, long ticks));
void FASTCALL(interruptible_sleep_on(wait_queue_head_t *queue));
long FASTCALL(interruptible_sleep_on_timeout(wait_queue_head_t *queue, long ticks));

#define wake_up(queue) __wake_up(queue, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE, 1)
#define wake_up_all(queue) __wake_up(queue, TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE, 0)
#define wake_up_interruptible(queue) __wake_up(queue, TASK_INTERRUPTIBLE, 1)

/* Sleeps until the condition holds; it is looked at again each time the queue is woken. */
#define wait_event(queue, condition)                                                               \
	do {                                                                                       \
		DECLARE_WAITQUEUE(we_entry_, current);                                             \
		add_wait_queue(&(queue), &we_entry_);                                              \
		for (;;) {                                                                         \
			set_current_state(TASK_UNINTERRUPTIBLE);                                   \
			if (condition)                                                             \
				break;                                                             \
			schedule();                                                                \
		}                                                                                  \
		set_current_state(TASK_RUNNING);                                                   \
		remove_wait_queue(&(queue), &we_entry_);                                           \
	} while (0)

#endif
