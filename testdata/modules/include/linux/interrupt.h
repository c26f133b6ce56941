/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupt handlers' flags, tasklets, bottom halves, and the question where we are.
 */
#ifndef _RING0_LINUX_INTERRUPT_H
#define _RING0_LINUX_INTERRUPT_H

#include <linux/sched.h>

#define SA_INTERRUPT 0x20000000
#define SA_SHIRQ 0x04000000

static inline int test_and_set_bit(int nr, volatile unsigned long *word)
{
	int was;

	__asm__ __volatile__("btsl %2,%1; sbbl %0,%0" : "=r"(was), "+m"(*word) : "Ir"(nr) : "memory");
	return was;
}

struct tasklet_struct {
	struct tasklet_struct *next;
	unsigned long state; /* bit 0: waits to run */
	atomic_t count;      /* above 0: disabled */
	void (*func)(unsigned long);
	unsigned long data;
};

#define DECLARE_TASKLET(name, fn, arg) struct tasklet_struct name = {.func = (fn), .data = (arg)}

void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long), unsigned long data);
void tasklet_kill(struct tasklet_struct *t);
void FASTCALL(__tasklet_schedule(struct tasklet_struct *t));
void FASTCALL(__tasklet_hi_schedule(struct tasklet_struct *t));
void FASTCALL(cpu_raise_softirq(unsigned int cpu, unsigned int nr));

static inline void tasklet_schedule(struct tasklet_struct *t)
{
	if (!test_and_set_bit(0, &t->state))
		__tasklet_schedule(t);
}

static inline void tasklet_hi_schedule(struct tasklet_struct *t)
{
	if (!test_and_set_bit(0, &t->state))
		__tasklet_hi_schedule(t);
}

#define tasklet_disable(t) atomic_inc(&(t)->count)
#define tasklet_enable(t) atomic_dec(&(t)->count)

#define IMMEDIATE_BH 9
extern struct tasklet_struct bh_task_vec[];
#define mark_bh(nr) tasklet_hi_schedule(&bh_task_vec[nr])

typedef struct {
	unsigned int __softirq_pending;
	unsigned int __local_irq_count;
	unsigned int __local_bh_count;
	unsigned int __syscall_count;
	struct task_struct *__ksoftirqd_task;
	unsigned long idle_timestamp;
	unsigned int __nmi_count;
	unsigned int fill_to_cache_line;
} irq_cpustat_t;

extern irq_cpustat_t irq_stat[];

/* True in an interrupt handler and in a bottom half, softirq or timer. */
#define in_interrupt() (irq_stat[0].__local_irq_count + irq_stat[0].__local_bh_count != 0)

unsigned long probe_irq_on(void);
int probe_irq_off(unsigned long mask);
void disable_irq(unsigned int irq);
void enable_irq(unsigned int irq);

#endif
