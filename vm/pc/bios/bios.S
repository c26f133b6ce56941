/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The service ROM: what real-mode software expects at F000:0000. Every service
 * is a call of the host; the code here is only the doors.
 *
 * A door is VMCALL followed by the number of the service. The host reads the
 * number, serves the call by changing registers and the flags on the stack, and
 * goes on behind the number, or at the wait behind that: interrupts on, idle
 * until one comes, ask again.
 *
 * `go run ./vm/pc/bios/internal/build` assembles this file to bios.txt.
 */
	.macro	door number
	.byte	0x0f, 0x01, 0xc1	/* vmcall */
	.byte	\number
	.endm

	.code16
	.org	0

/* Doors of the interrupt vectors 00-7F, sixteen bytes each. */
	.set	n, 0
	.rept	0x80
0:	door	n
	iret
	sti
	hlt
	jmp	0b
	.balign	16, 0xf4
	.set	n, n + 1
	.endr

/* 0800: interrupt 8, the timer: count, then the user's handler. */
	.org	0x800
	door	0x08
	int	$0x1c
	iret

/* 0810: an interrupt that does nothing. */
	.org	0x810
	iret

/* 0820: APM 1.2, 16-bit protected-mode entry. */
	.org	0x820
	door	0x81
	lretw

/* 0830: APM 1.2, 32-bit protected-mode entry; at 0835 the way out for CPU Idle. */
	.org	0x830
	.code32
	door	0x80
	lret
	pushf
	sti
	hlt
	popf
	clc
	lret

/* 0840: the system configuration table (INT 15 AH=C0). */
	.org	0x840
	.word	8			/* bytes that follow */
	.byte	0xfc, 0x01, 0x00	/* model: AT */
	.byte	0x74			/* slave 8259, clock, keyboard intercept, EBDA */
	.byte	0, 0, 0, 0

/* 0850: a drive parameter table of zeros, for drives that are not there. */
	.org	0x850
	.fill	16, 1, 0

/* FFF0: the reset vector. The host lays out the machine before anything runs;
   whoever gets here has been reset. */
	.org	0xfff0
	.code16
	door	0xff
	hlt
	.org	0xfff5
	.ascii	"10/23/03"
	.org	0xfffe
	.byte	0xfc
	.byte	0
