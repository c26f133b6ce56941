/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Semaphores. The fast way is inline: one instruction on the count. Only when that says so are
 * __down_failed and friends called, with the semaphore in ECX and every register kept.
 */
#ifndef _RING0_ASM_SEMAPHORE_H
#define _RING0_ASM_SEMAPHORE_H

#include <asm/atomic.h>
#include <linux/wait.h>

struct semaphore {
	atomic_t count;
	int sleepers;
	wait_queue_head_t wait;
};

#define DECLARE_SEMAPHORE(name, n)                                                                 \
	struct semaphore name = {{n}, 0, {.task_list = LIST_HEAD_INIT((name).wait.task_list)}}
#define DECLARE_MUTEX(name) DECLARE_SEMAPHORE(name, 1)
#define DECLARE_MUTEX_LOCKED(name) DECLARE_SEMAPHORE(name, 0)

static inline void down(struct semaphore *sem)
{
	__asm__ __volatile__("decl %0\n\t"
			     "jns 1f\n\t"
			     "call __down_failed\n"
			     "1:"
			     : "+m"(sem->count.counter)
			     : "c"(sem)
			     : "memory", "cc");
}

/* 0, or -EINTR when a signal came first; the kernel returns it in EAX. */
static inline int down_interruptible(struct semaphore *sem)
{
	int result;

	__asm__ __volatile__("xorl %0,%0\n\t"
			     "decl %1\n\t"
			     "jns 1f\n\t"
			     "call __down_failed_interruptible\n"
			     "1:"
			     : "=&a"(result), "+m"(sem->count.counter)
			     : "c"(sem)
			     : "memory", "cc");
	return result;
}

/* 0 when taken, 1 when not. */
static inline int down_trylock(struct semaphore *sem)
{
	int result;

	__asm__ __volatile__("xorl %0,%0\n\t"
			     "decl %1\n\t"
			     "jns 1f\n\t"
			     "call __down_failed_trylock\n"
			     "1:"
			     : "=&a"(result), "+m"(sem->count.counter)
			     : "c"(sem)
			     : "memory", "cc");
	return result;
}

static inline void up(struct semaphore *sem)
{
	__asm__ __volatile__("incl %0\n\t"
			     "jg 1f\n\t"
			     "call __up_wakeup\n"
			     "1:"
			     : "+m"(sem->count.counter)
			     : "c"(sem)
			     : "memory", "cc");
}

#endif
