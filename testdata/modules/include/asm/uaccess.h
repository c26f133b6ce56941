/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * User memory. A fault on a user address is expected: each instruction that may fault has an
 * entry (its address, where to go on) in section __ex_table, and the code to go on with stands in
 * section .fixup.
 *
 * get_user calls the kernel: __get_user_1, 2 and 4 take the address in EAX, return 0 or -EFAULT
 * there and the value in EDX. put_user is inline. The names with two underscores do not check the
 * address against the task's limit.
 */
#ifndef _RING0_ASM_UACCESS_H
#define _RING0_ASM_UACCESS_H

#include <linux/errno.h>
#include <linux/sched.h>

struct exception_table_entry {
	unsigned long insn, fixup;
};

#define VERIFY_READ 0
#define VERIFY_WRITE 1

#define KERNEL_DS ((mm_segment_t){0xffffffffUL})
#define USER_DS ((mm_segment_t){PAGE_OFFSET})
#define get_fs() (current->addr_limit)
#define set_fs(limit) (current->addr_limit = (limit))

/* The assembler lines for one entry: a fault at label insn continues at label fixup. */
#define EX_TABLE(insn, fixup)                                                                      \
	".section __ex_table,\"a\"\n\t"                                                            \
	".balign 4\n\t"                                                                            \
	".long " #insn "," #fixup "\n\t"                                                           \
	".previous\n"

static inline int access_ok(int type, const void *addr, unsigned long size)
{
	unsigned long start = (unsigned long)addr;
	unsigned long end = start + size;

	(void)type; /* an i686 honours write protection in kernel mode: both kinds are checked alike */
	return end >= start && end <= current->addr_limit.seg;
}

static inline int verify_area(int type, const void *addr, unsigned long size)
{
	return access_ok(type, addr, size) ? 0 : -EFAULT;
}

/* Called from the assembler lines below only: no C prototype tells their convention. */
void __get_user_1(void);
void __get_user_2(void);
void __get_user_4(void);

#define CALL_GET_USER(width, err, value, ptr)                                                      \
	__asm__ __volatile__("call __get_user_" #width                                             \
			     : "=a"(err), "=d"(value)                                              \
			     : "0"(ptr)                                                            \
			     : "cc")

#define get_user(x, ptr)                                                                           \
	({                                                                                         \
		int gu_err_;                                                                       \
		unsigned long gu_value_;                                                           \
		if (sizeof(*(ptr)) == 1)                                                           \
			CALL_GET_USER(1, gu_err_, gu_value_, ptr);                                 \
		else if (sizeof(*(ptr)) == 2)                                                      \
			CALL_GET_USER(2, gu_err_, gu_value_, ptr);                                 \
		else                                                                               \
			CALL_GET_USER(4, gu_err_, gu_value_, ptr);                                 \
		(x) = (__typeof__(*(ptr)))gu_value_;                                               \
		gu_err_;                                                                           \
	})

#define LOAD_USER(insn, err, value, ptr)                                                           \
	__asm__ __volatile__("1:\t" insn "\n"                                                      \
			     "2:\n\t"                                                              \
			     ".section .fixup,\"ax\"\n"                                            \
			     "3:\tmovl %[efault],%[e]\n\t"                                         \
			     "xorl %[v],%[v]\n\t"                                                  \
			     "jmp 2b\n\t"                                                          \
			     ".previous\n\t"                                                       \
			     EX_TABLE(1b, 3b)                                                      \
			     : [e] "=r"(err), [v] "=q"(value)                                      \
			     : [p] "m"(*(ptr)), [efault] "i"(-EFAULT), "0"(0))

#define __get_user(x, ptr)                                                                         \
	({                                                                                         \
		int gu_err_;                                                                       \
		unsigned long gu_value_;                                                           \
		if (sizeof(*(ptr)) == 1)                                                           \
			LOAD_USER("movzbl %[p],%[v]", gu_err_, gu_value_, ptr);                    \
		else if (sizeof(*(ptr)) == 2)                                                      \
			LOAD_USER("movzwl %[p],%[v]", gu_err_, gu_value_, ptr);                    \
		else                                                                               \
			LOAD_USER("movl %[p],%[v]", gu_err_, gu_value_, ptr);                      \
		(x) = (__typeof__(*(ptr)))gu_value_;                                               \
		gu_err_;                                                                           \
	})

#define STORE_USER(insn, err, value, ptr)                                                          \
	__asm__ __volatile__("1:\t" insn "\n"                                                      \
			     "2:\n\t"                                                              \
			     ".section .fixup,\"ax\"\n"                                            \
			     "3:\tmovl %[efault],%[e]\n\t"                                         \
			     "jmp 2b\n\t"                                                          \
			     ".previous\n\t"                                                       \
			     EX_TABLE(1b, 3b)                                                      \
			     : [e] "=r"(err), [p] "=m"(*(ptr))                                     \
			     : [v] "q"(value), [efault] "i"(-EFAULT), "0"(0))

/* Eight bytes go as two stores: a fault on the second leaves the first done, as on 2.4. */
#define STORE_USER_8(err, value, ptr)                                                              \
	__asm__ __volatile__("1:\tmovl %%eax,0(%[a])\n"                                            \
			     "2:\tmovl %%edx,4(%[a])\n"                                            \
			     "3:\n\t"                                                              \
			     ".section .fixup,\"ax\"\n"                                            \
			     "4:\tmovl %[efault],%[e]\n\t"                                         \
			     "jmp 3b\n\t"                                                          \
			     ".previous\n\t"                                                       \
			     EX_TABLE(1b, 4b)                                                      \
			     EX_TABLE(2b, 4b)                                                      \
			     : [e] "=r"(err)                                                       \
			     : "A"(value), [a] "r"(ptr), [efault] "i"(-EFAULT), "0"(0)             \
			     : "memory")

#define __put_user(x, ptr)                                                                         \
	({                                                                                         \
		int pu_err_;                                                                       \
		__typeof__(*(ptr)) *pu_ptr_ = (ptr);                                               \
		__typeof__(*(ptr)) pu_value_ = (x);                                                \
		if (sizeof(*pu_ptr_) == 1)                                                         \
			STORE_USER("movb %b[v],%[p]", pu_err_, (unsigned long)pu_value_, pu_ptr_); \
		else if (sizeof(*pu_ptr_) == 2)                                                    \
			STORE_USER("movw %w[v],%[p]", pu_err_, (unsigned long)pu_value_, pu_ptr_); \
		else if (sizeof(*pu_ptr_) == 4)                                                    \
			STORE_USER("movl %[v],%[p]", pu_err_, (unsigned long)pu_value_, pu_ptr_);  \
		else                                                                               \
			STORE_USER_8(pu_err_, (unsigned long long)pu_value_, pu_ptr_);             \
		pu_err_;                                                                           \
	})

#define put_user(x, ptr)                                                                           \
	(access_ok(VERIFY_WRITE, (ptr), sizeof(*(ptr))) ? __put_user(x, ptr) : -EFAULT)

/* These return how many bytes were not copied, never an error number. */
unsigned long __generic_copy_from_user(void *to, const void *from, unsigned long n);
unsigned long __generic_copy_to_user(void *to, const void *from, unsigned long n);
#define copy_from_user(to, from, n) __generic_copy_from_user(to, from, n)
#define copy_to_user(to, from, n) __generic_copy_to_user(to, from, n)

/* Byte by byte: a fault leaves in ECX how many are missing, and execution goes on behind the copy. */
static inline unsigned long __copy_user_inline(void *to, const void *from, unsigned long n)
{
	__asm__ __volatile__("1:\trep; movsb\n"
			     "2:\n\t"
			     EX_TABLE(1b, 2b)
			     : "+c"(n), "+D"(to), "+S"(from)
			     :
			     : "memory");
	return n;
}
#define __copy_from_user(to, from, n) __copy_user_inline(to, from, n)
#define __copy_to_user(to, from, n) __copy_user_inline(to, from, n)

unsigned long clear_user(void *to, unsigned long n);
unsigned long __clear_user(void *to, unsigned long n);
long strncpy_from_user(char *to, const char *from, long n);
long __strncpy_from_user(char *to, const char *from, long n);
long strnlen_user(const char *s, long n);
#define strlen_user(s) strnlen_user(s, ~0UL >> 1)

#endif
