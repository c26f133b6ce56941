/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Atomic counters, as one instruction on this single processor.
 */
#ifndef _RING0_ASM_ATOMIC_H
#define _RING0_ASM_ATOMIC_H

typedef struct {
	volatile int counter;
} atomic_t;

#define ATOMIC_INIT(n) {(n)}
#define atomic_read(v) ((v)->counter)
#define atomic_set(v, n) ((v)->counter = (n))

static inline void atomic_inc(atomic_t *v)
{
	__asm__ __volatile__("incl %0" : "+m"(v->counter));
}

static inline void atomic_dec(atomic_t *v)
{
	__asm__ __volatile__("decl %0" : "+m"(v->counter));
}

static inline int atomic_dec_and_test(atomic_t *v)
{
	unsigned char zero;

	__asm__ __volatile__("decl %0; sete %1" : "+m"(v->counter), "=q"(zero) : : "memory");
	return zero;
}

#endif
