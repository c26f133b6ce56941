/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks: the fields of task_struct and mm_struct that the modules here look at, at the offsets of
 * Red Hat's 2.4.18-14 (layout.c checks them), and the scheduler's calls.
 */
#ifndef _RING0_LINUX_SCHED_H
#define _RING0_LINUX_SCHED_H

#include <asm/atomic.h>
#include <asm/current.h>
#include <asm/page.h>
#include <asm/param.h>
#include <asm/ptrace.h>
#include <linux/wait.h>

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2

#define CLONE_VM 0x100
#define CLONE_FS 0x200
#define CLONE_FILES 0x400
#define CLONE_SIGHAND 0x800

#define SIGKILL 9
#define SIGTERM 15

typedef struct {
	unsigned long seg;
} mm_segment_t;

typedef __u32 kernel_cap_t;

struct rw_semaphore {
	long count;
	spinlock_t wait_lock;
	struct list_head wait_list;
};

struct mm_struct {
	char unused_0[12];
	void *pgd;
	atomic_t mm_users;
	atomic_t mm_count;
	int map_count;
	struct rw_semaphore mmap_sem;
	char unused_40[32];
	unsigned long start_stack;
	unsigned long arg_start, arg_end;
	unsigned long env_start, env_end;
	char unused_92[36];
};

struct task_struct {
	volatile long state;
	unsigned long flags;
	int sigpending;
	mm_segment_t addr_limit;
	void *exec_domain;
	volatile long need_resched;
	char unused_24[56];
	struct task_struct *next_task, *prev_task;
	struct mm_struct *mm, *active_mm;
	char unused_96[24];
	pid_t pid;
	pid_t pgrp;
	char unused_128[20];
	struct task_struct *p_pptr;
	char unused_152[148];
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	char unused_332[132];
	kernel_cap_t cap_effective, cap_inheritable, cap_permitted;
	char unused_476[98];
	char comm[16];
	char unused_590[866];
};
typedef struct task_struct task_t;

#define set_current_state(to)                                                                      \
	do {                                                                                       \
		current->state = (to);                                                             \
		barrier();                                                                         \
	} while (0)

static inline int signal_pending(struct task_struct *task)
{
	return task->sigpending != 0;
}

extern unsigned long volatile jiffies;
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)

void schedule(void);
long FASTCALL(schedule_timeout(long ticks));
int FASTCALL(wake_up_process(struct task_struct *task));
int kernel_thread(int (*fn)(void *), void *arg, unsigned long flags);
void daemonize(void);
void reparent_to_init(void);
void flush_signals(struct task_struct *task);
int kill_proc(pid_t pid, int signal, int privileged);
int task_nice(struct task_struct *task);

int request_irq(unsigned int irq, void (*handler)(int, void *, struct pt_regs *),
		unsigned long flags, const char *name, void *dev_id);
void free_irq(unsigned int irq, void *dev_id);

#endif
