# SPDX-License-Identifier: BSD-3-Clause
# A module image laid by hand: what init_module(2) takes, with no object file
# and no insmod behind it. It begins with the structure of the manual page, 60
# bytes on i386, and every pointer in it is absolute: the Makefile links it for
# the address that create_module("rawimage", size of this file) returns on a
# machine with 128 MB that has loaded nothing before.

NOWHERE	= 0x000dead0	# no process has anything there

	.text
	.globl	image
image:
	.long	60		# size_of_struct
	.long	0		# next: the kernel's to fill
	.long	name
	.long	end - image	# size
	.long	0		# usecount
	.long	0		# flags
	.long	2		# nsyms
	.long	0		# ndeps
	.long	syms
	.long	0		# deps
	.long	0		# refs
	.long	init
	.long	cleanup
	.long	ex_table
	.long	ex_table_end

name:	.asciz	"rawimage"

	.balign	4
syms:	.long	image, image_name
	.long	answer, answer_name
image_name:
	.asciz	"rawimage_base"
answer_name:
	.asciz	"rawimage_answer"

	.balign	4
answer:	.long	42

	.balign	16
init:
	pushl	$image
	pushl	answer
	pushl	$hello
	call	printk
	addl	$12, %esp
fault:
	movl	NOWHERE, %eax	# goes on at fixup
	movl	$-22, %eax	# not reached
	ret
fixup:
	pushl	$fixed
	call	printk
	addl	$4, %esp
	xorl	%eax, %eax
	ret

	.balign	16
cleanup:
	pushl	image + 16	# the use count, in the kernel's copy of the structure
	pushl	$goodbye
	call	printk
	addl	$8, %esp
	ret

	.balign	4
ex_table:
	.long	fault, fixup
ex_table_end:

hello:	.asciz	"rawimage: answer %d at %08x\n"
fixed:	.asciz	"rawimage: fixup taken\n"
goodbye:
	.asciz	"rawimage: goodbye, use count %d\n"

	.balign	4
end:
