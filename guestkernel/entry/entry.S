/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The real guest code of the modelled kernel: the ways in and out of CPL 0, and the copies between kernel and user memory.
 * It runs in the guest so that frames, return addresses, faulting addresses and exception table entries are true.
 *
 * Every piece lies where the real kernel has the function of that name: the section .at.X is linked to address X. Names
 * that are not defined here are addresses from the profile's System.map. Numbers marked "seen" were read off the real
 * kernel's oopses: return addresses and instructions that faulted.
 *
 * Stack in CPL 0 (struct pt_regs), lowest first:
 *	ebx ecx edx esi edi ebp eax ds es orig_eax | eip cs eflags [esp ss]
 */

#define KERNEL_DS	0x18

/* Offsets in pt_regs. */
#define R_EAX		0x18
#define R_DS		0x1c
#define R_ES		0x20
#define R_ORIG_EAX	0x24
#define R_CS		0x2c
#define R_EFLAGS	0x30

/* Offsets in task_struct. */
#define T_SIGPENDING	8
#define T_ADDR_LIMIT	12
#define T_NEED_RESCHED	20
#define T_PTRACE	24
#define T_FLAGS		4
#define T_USED_MATH	572
#define T_I387		688		/* thread.i387, in FXSAVE's layout */

#define PT_TRACESYS	2
#define NR_SYSCALLS	256
#define ENOSYS		38
#define EFAULT		14
#define SIGSEGV		11
#define EFLAGS_VM	0x20000
#define PF_USEDFPU	0x100000
#define MXCSR_DEFAULT	0x1f80

#define VMCALL		.byte 0x0f, 0x01, 0xc1

.macro at address
	.section .at.\address, "ax", @progbits
	.set base, 0x\address
.endm

/* upto ADDRESS fills the section with nops up to there. */
.macro upto address
	.org 0x\address - base, 0x90
.endm

/* fixup FROM, TO: a fault at FROM continues at TO. Gathered and sorted for the kernel's exception table. */
.macro fixup from, to
	.pushsection .exceptions, "a", @progbits
	.long \from, \to
	.popsection
.endm

/* save pushes what the CPU and the caller have not: the lower nine words of pt_regs. */
.macro save
	cld
	pushl %es
	pushl %ds
	pushl %eax
	pushl %ebp
	pushl %edi
	pushl %esi
	pushl %edx
	pushl %ecx
	pushl %ebx
	movl $KERNEL_DS, %edx
	movl %edx, %ds
	movl %edx, %es
.endm

/* current finds the task_struct: the base of the 8 KB that ESP is in. */
.macro current reg
	movl $-8192, \reg
	andl %esp, \reg
.endm

	.text

/* ---- System calls and returns --------------------------------------------------------------------------------- */

	at c01090c4
	.globl ret_from_fork
ret_from_fork:				/* where a new task begins; its pt_regs lie at ESP */
	current %ebx
	testb $PT_TRACESYS, T_PTRACE(%ebx)
	jne tracesys_exit
	jmp ret_from_sys_call

	upto c01090dc
	.globl system_call
system_call:				/* int $0x80: EAX = number */
	pushl %eax
	save
	current %ebx
	testb $PT_TRACESYS, T_PTRACE(%ebx)
	jne tracesys
	cmpl $NR_SYSCALLS, %eax
	jae badsys
	call *sys_call_table(,%eax,4)
	.globl system_call_return
system_call_return:			/* seen: c010910f */
	movl %eax, R_EAX(%esp)

	nop
	upto c0109114
	.globl ret_from_sys_call
ret_from_sys_call:
	cli				/* nothing may come between these checks and iret */
	cmpl $0, T_NEED_RESCHED(%ebx)
	jne reschedule
	cmpl $0, T_SIGPENDING(%ebx)
	jne signal_return
	upto c0109125
	.globl restore_all
restore_all:
	popl %ebx
	popl %ecx
	popl %edx
	popl %esi
	popl %edi
	popl %ebp
	popl %eax
restore_ds:
	popl %ds
restore_es:
	popl %es
	addl $4, %esp
1:	iret
	fixup restore_ds, null_ds
	fixup restore_es, null_es
	fixup 1b, bad_iret

	upto c0109134
	.globl signal_return
signal_return:				/* deliver signals, then leave */
	sti
	movl %esp, %eax
	pushl $0			/* oldset */
	pushl %eax			/* regs */
	call do_signal
	addl $8, %esp
	jmp restore_all

	upto c010915c
	.globl tracesys
tracesys:				/* the tracer may change number and result */
	movl $-ENOSYS, R_EAX(%esp)
	call syscall_trace
	movl R_ORIG_EAX(%esp), %eax
	cmpl $NR_SYSCALLS, %eax
	jae tracesys_exit
	call *sys_call_table(,%eax,4)
	movl %eax, R_EAX(%esp)
	.globl tracesys_exit
tracesys_exit:
	call syscall_trace
	jmp ret_from_sys_call
	.globl badsys
badsys:
	movl $-ENOSYS, R_EAX(%esp)
	jmp ret_from_sys_call

	upto c0109198
	.globl ret_from_intr
ret_from_intr:
	current %ebx
	.globl ret_from_exception
ret_from_exception:			/* back to CPL 0 goes straight; to CPL 3 past scheduler and signals */
	movl R_EFLAGS(%esp), %eax
	movb R_CS(%esp), %al
	testl $(EFLAGS_VM | 3), %eax
	jne ret_from_sys_call
	jmp restore_all

	upto c01091b8
	.globl reschedule
reschedule:
	call schedule
	jmp ret_from_sys_call

/* ---- Exceptions ------------------------------------------------------------------------------------------------ */

	at c01091c4
	.globl divide_error
divide_error:
	pushl $0
	pushl $do_divide_error
	upto c01091cc

/*
 * error_code makes a pt_regs out of what an exception's stub left: error code, handler, nothing else saved. The handler's
 * address lies where ES belongs, the error code where orig_eax does, which becomes -1: no system call to restart.
 */
	.globl error_code
error_code:
	pushl %ds
	pushl %eax
	xorl %eax, %eax
	pushl %ebp
	pushl %edi
	pushl %esi
	pushl %edx
	decl %eax
	pushl %ecx
	pushl %ebx
	cld
	movl %es, %ecx
	movl R_ORIG_EAX(%esp), %esi
	movl R_ES(%esp), %edi
	movl %eax, R_ORIG_EAX(%esp)
	movl %ecx, R_ES(%esp)
	movl %esp, %edx
	pushl %esi			/* error code */
	pushl %edx			/* regs */
	movl $KERNEL_DS, %edx
	movl %edx, %ds
	movl %edx, %es
	current %ebx
	call *%edi
	.globl error_code_return
error_code_return:			/* seen: c0109200 */
	addl $8, %esp
	jmp ret_from_exception

/* exception ADDRESS, NAME, HANDLER: the stub of an exception; without an error code of the CPU's it pushes 0. */
.macro exception address, name, handler, pushes=0
	at \address
	.globl \name
\name:
	.ifeq \pushes
	pushl $0
	.endif
	pushl $\handler
	jmp error_code
.endm

	exception c0109208, coprocessor_error, do_coprocessor_error
	exception c0109214, simd_coprocessor_error, do_simd_coprocessor_error
	exception c0109260, debug, do_debug
	exception c010929c, int3, do_int3
	exception c01092a8, overflow, do_overflow
	exception c01092b4, bounds, do_bounds
	exception c01092c0, invalid_op, do_invalid_op
	exception c01092cc, coprocessor_segment_overrun, do_coprocessor_segment_overrun
	exception c01092d8, double_fault, do_double_fault, 1
	exception c01092e4, invalid_TSS, do_invalid_TSS, 1
	exception c01092f0, segment_not_present, do_segment_not_present, 1
	exception c01092fc, stack_segment, do_stack_segment, 1
	exception c0109308, general_protection, do_general_protection, 1
	exception c0109314, alignment_check, do_alignment_check, 1
	exception c0109320, page_fault, do_page_fault, 1
	exception c0109338, spurious_interrupt_bug, do_spurious_interrupt_bug

	at c0109220
	.globl device_not_available
device_not_available:			/* the FPU is used for the first time since the task was switched to */
	pushl $-1
	save
	current %ebx
	call math_state_restore
	jmp ret_from_exception

	at c010a200
	.globl math_state_restore
math_state_restore:			/* give the FPU to the current task: its own state, or at first use a fresh one */
	clts
	current %eax
	cmpw $0, T_USED_MATH(%eax)
	je 1f
	fxrstor T_I387(%eax)
	jmp 2f
1:	fninit
	pushl $MXCSR_DEFAULT
	ldmxcsr (%esp)
	popl %edx
	movw $1, T_USED_MATH(%eax)
2:	orl $PF_USEDFPU, T_FLAGS(%eax)
	ret

	at c010926c
	.globl nmi
nmi:
	pushl $-1
	save
	movl %esp, %edx
	pushl $0
	pushl %edx
	call do_nmi
	addl $8, %esp
	jmp restore_all

/* ---- Interrupts ------------------------------------------------------------------------------------------------ */

	at c010cee0
	.globl common_interrupt
common_interrupt:
	save
	.globl call_do_IRQ
call_do_IRQ:
	call do_IRQ			/* return address seen: c010cef8 */
	jmp ret_from_intr

/* An interrupt's orig_eax is its line minus 256: no system call. */
.macro irq address, line
	upto \address
	.globl IRQ0x0\line\()_interrupt
IRQ0x0\line\()_interrupt:
	pushl $(0x0\line - 256)
	jmp common_interrupt
.endm

	irq c010cf00, 0
	irq c010cf08, 1
	irq c010cf10, 2
	irq c010cf18, 3
	irq c010cf20, 4
	irq c010cf28, 5
	irq c010cf30, 6
	irq c010cf38, 7
	irq c010cf40, 8
	irq c010cf48, 9
	irq c010cf50, a
	irq c010cf58, b
	irq c010cf60, c
	irq c010cf6c, d
	irq c010cf78, e
	irq c010cf84, f

	at c01001ec
int_msg:
	.asciz "Unknown interrupt\n"

	at c0100200
	.globl ignore_int
ignore_int:				/* every vector that nobody has claimed */
	cld
	pushl %eax
	pushl %ecx
	pushl %edx
	pushl %es
	pushl %ds
	movl $KERNEL_DS, %eax
	jmp ignore_rest

	at c0244500
ignore_rest:				/* the real one ends before c0100222 by a shorter call */
	movl %eax, %ds
	movl %eax, %es
	pushl $int_msg
	call printk
	addl $4, %esp
	popl %ds
	popl %es
	popl %edx
	popl %ecx
	popl %eax
	iret

/* ---- The idle task --------------------------------------------------------------------------------------------- */

	at c0107040
	.globl default_idle
default_idle:				/* sleep until an interrupt, unless there is something to do already */
	current %eax
	cli
	cmpl $0, T_NEED_RESCHED(%eax)
	jne 1f
	jmp 2f
	upto c0107061
2:	sti				/* takes effect after the next instruction */
	hlt
	ret				/* seen: interrupted at c0107063 */
1:	sti
	ret

	at c01070b0
	.globl cpu_idle
cpu_idle:
	current %ebx
1:	cmpl $0, T_NEED_RESCHED(%ebx)
	jne 2f
	jmp 3f
	upto c01070cf
3:	call default_idle		/* return address seen: c01070d4 */
	jmp 1b
2:	call schedule
	jmp 1b

/* ---- Copies between kernel and user memory ---------------------------------------------------------------------- */

/*
 * user_range FROM, N, SUM, SCRATCH, BAD: goes to BAD unless [FROM, FROM+N] lies below the task's limit. Leaves FROM+N in SUM.
 */
.macro user_range from, n, sum, scratch, bad
	movl \from, \sum
	addl \n, \sum
	jc \bad
	current \scratch
	cmpl \sum, T_ADDR_LIMIT(\scratch)
	jb \bad
.endm

/* args3 takes three stack arguments into EDI, ESI, EBX, saving these registers. */
.macro args3
	pushl %edi
	pushl %esi
	pushl %ebx
	movl 16(%esp), %edi
	movl 20(%esp), %esi
	movl 24(%esp), %ebx
.endm

.macro leave3
	popl %ebx
	popl %esi
	popl %edi
	ret
.endm

	at c023c900
	.globl __generic_copy_to_user
__generic_copy_to_user:			/* (to, from, n): how many bytes were not copied */
	args3
	user_range %edi, %ebx, %edx, %eax, 3f
	movl %ebx, %eax
	andl $3, %eax
	movl %ebx, %ecx
	shrl $2, %ecx
1:	rep movsl
	movl %eax, %ecx
2:	rep movsb
to_user_left:
	movl %ecx, %ebx
3:	movl %ebx, %eax
	leave3
	fixup 1b, to_user_words
	fixup 2b, to_user_left

	at c023c950
	.globl __generic_copy_from_user
__generic_copy_from_user:		/* (to, from, n): how many bytes were not copied; these are zeroed in to */
	args3
	user_range %esi, %ebx, %edx, %eax, from_user_refused
	movl %ebx, %eax
	andl $3, %eax
	movl %ebx, %ecx
	jmp 1f
	upto c023c988
1:	shrl $2, %ecx
2:	rep movsl			/* seen faulting: c023c98b */
	movl %eax, %ecx
3:	rep movsb
from_user_left:
	movl %ecx, %ebx
from_user_done:				/* seen as jump target: c023c993 */
	movl %ebx, %eax
	leave3
from_user_refused:			/* bad range: nothing is read, all of to is zeroed, even where that faults */
	xorl %eax, %eax
	movl %ebx, %ecx
	jmp 4f
	upto c023c9a8
4:	shrl $2, %ecx
	rep stosl			/* seen faulting: c023c9ab */
	testb $2, %bl
	je 5f
	stosw
5:	testb $1, %bl
	je 6f
	stosb
6:	jmp from_user_done
	fixup 2b, from_user_words
	fixup 3b, from_user_zero

	at c023c9c0
	.globl __strncpy_from_user
__strncpy_from_user:			/* (to, from, n) without a look at the limit */
	jmp strncpy_unchecked

	at c023ca00
	.globl strncpy_from_user
strncpy_from_user:			/* (to, from, n): length without NUL, n when there was none, -EFAULT */
	pushl %ebp
	pushl %edi
	pushl %esi
	pushl %ebx
	movl 20(%esp), %edi
	movl 24(%esp), %esi
	movl 28(%esp), %edx
	movl $-EFAULT, %ebx
	current %eax
	cmpl T_ADDR_LIMIT(%eax), %esi	/* only the first byte is checked: below the limit it is */
	jae 3f
	movl %edx, %ecx
	testl %ecx, %ecx
	je 2f
	jmp 1f
	upto c023ca41
1:	lodsb				/* seen faulting: c023ca41 */
	stosb
	testb %al, %al
	je 2f
	decl %ecx
	jne 1b
2:	subl %ecx, %edx
	movl %edx, %ebx
3:	movl %ebx, %eax
	popl %ebx
	popl %esi
	popl %edi
	popl %ebp
	ret
	fixup 1b, 3b

	at c023ca70
	.globl clear_user
clear_user:				/* (to, n): how many bytes were not cleared */
	pushl %edi
	pushl %ebx
	movl 12(%esp), %edi
	movl 16(%esp), %ebx
	user_range %edi, %ebx, %edx, %eax, 1f
	jmp clear_checked
1:	movl %ebx, %eax
	popl %ebx
	popl %edi
	ret

	at c023cac0
	.globl __clear_user
__clear_user:				/* (to, n) without a look at the limit */
	pushl %edi
	pushl %ebx
	movl 12(%esp), %edi
	movl 16(%esp), %ebx
	jmp clear_checked

	at c023cae0
	.globl strnlen_user
strnlen_user:				/* (s, n): length with NUL, n+1 when there is none in n bytes, 0 on a fault */
	pushl %edi
	movl 8(%esp), %edi
	movl 12(%esp), %ecx
	movl %ecx, %edx
	current %eax
	cmpl T_ADDR_LIMIT(%eax), %edi
	jae 3f
	xorl %eax, %eax
	cmpl %eax, %ecx
	je 2f				/* nothing to look at: no NUL in 0 bytes */
1:	repne scasb
	je 4f
2:	incl %edx
4:	subl %ecx, %edx
	movl %edx, %eax
	popl %edi
	ret
3:	jmp strnlen_bad
	fixup 1b, strnlen_bad

/*
 * __get_user_N: address in EAX, value in EDX, 0 or -EFAULT in EAX; nothing else changes. Refused without touching memory
 * when the last byte is not below the task's limit.
 */
.macro current_edx			/* current, one byte longer: __get_user_4's load then lies at c023cb66 */
	movl %esp, %edx
	andl $-8192, %edx
.endm

	at c023cb24
	.globl __get_user_1
__get_user_1:
	current_edx
	cmpl T_ADDR_LIMIT(%edx), %eax
	jae bad_get_user
1:	movzbl (%eax), %edx
	xorl %eax, %eax
	ret
	fixup 1b, bad_get_user

	upto c023cb38
	.globl __get_user_2
__get_user_2:
	current_edx
	addl $1, %eax
	jc bad_get_user
	cmpl T_ADDR_LIMIT(%edx), %eax
	jae bad_get_user
1:	movzwl -1(%eax), %edx
	xorl %eax, %eax
	ret
	fixup 1b, bad_get_user

	upto c023cb54
	.globl __get_user_4
__get_user_4:
	current_edx
	addl $3, %eax
	jc bad_get_user
	cmpl T_ADDR_LIMIT(%edx), %eax
	jae bad_get_user
1:	movl -3(%eax), %edx
	xorl %eax, %eax
	ret
	fixup 1b, bad_get_user

	upto c023cb6c
	.globl bad_get_user
bad_get_user:
	xorl %edx, %edx
	movl $-EFAULT, %eax
	ret

/* ---- Fixups, and what found no room above; in the real kernel's .fixup -------------------------------------------- */

	at c0244540
to_user_words:				/* ECX words and EAX bytes were left */
	leal (%eax,%ecx,4), %ecx
	jmp to_user_left

null_ds:				/* a saved selector has become invalid: it becomes null */
	movl $0, (%esp)
	jmp restore_ds
null_es:
	movl $0, (%esp)
	jmp restore_es

bad_iret:				/* the way back to CPL 3 is broken: the process ends */
	movl $KERNEL_DS, %edx
	movl %edx, %ds
	movl %edx, %es
	pushl $SIGSEGV
	call do_exit

strncpy_unchecked:			/* __strncpy_from_user: like strncpy_from_user behind its check */
	args3
	movl %ebx, %edx
	testl %ebx, %ebx
	je 2f
1:	lodsb
	stosb
	testb %al, %al
	je 2f
	decl %ebx
	jne 1b
2:	subl %ebx, %edx
	movl %edx, %eax
	jmp 4f
3:	movl $-EFAULT, %eax
4:	leave3
	fixup 1b, 3b

clear_checked:				/* clear EBX bytes at EDI and return from clear_user */
	xorl %eax, %eax
	movl %ebx, %ecx
	andl $3, %ebx
	shrl $2, %ecx
1:	rep stosl
	movl %ebx, %ecx
2:	rep stosb
3:	movl %ecx, %eax
	popl %ebx
	popl %edi
	ret
4:	leal (%ebx,%ecx,4), %ecx
	jmp 3b
	fixup 1b, 4b
	fixup 2b, 3b

strnlen_bad:
	xorl %eax, %eax
	popl %edi
	ret

	at c024469a
from_user_words:			/* ECX words and EAX bytes were left */
	leal (%eax,%ecx,4), %ecx
	nop
	nop
from_user_zero:
	pushl %ecx
	pushl %eax
	xorl %eax, %eax
	rep stosb			/* seen faulting: c02446a1, on a bad kernel destination */
	popl %eax
	popl %ecx
	jmp from_user_left

/* ---- ring0's own ------------------------------------------------------------------------------------------------ */

	at c0244680
	.globl guest_return
guest_return:				/* where a function called by modelled code returns to */
	VMCALL
	ud2

	at c02444f0
	.globl save_fpu
save_fpu:				/* (task): keep the FPU's state when the task is switched away from */
	movl 4(%esp), %eax
	fxsave T_I387(%eax)
	fnclex
	ret
