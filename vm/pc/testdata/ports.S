# SPDX-License-Identifier: BSD-3-Clause
# A ROM that does what a script in memory says. The script, at 0:1000:
#
#	1 port.w value.b    out
#	2 port.w            in; the value is stored at 0:8000 …
#	3 count.w           let time pass: that many loops
#	4                   let interrupts in; each stores EE there and is ended
#	other               halt
#
# After a reset it begins again.

	.code16
	.intel_syntax noprefix
start:
	cli
	cld
	xor	ax, ax
	mov	ss, ax
	mov	es, ax
	mov	ds, ax
	mov	sp, 0x7000
	mov	cx, 256
	xor	di, di
1:	mov	ax, offset interrupt
	stosw
	mov	ax, 0xf000
	stosw
	loop	1b
	mov	si, 0x1000
	mov	di, 0x8000
next:
	lodsb
	cmp	al, 1
	je	write
	cmp	al, 2
	je	read
	cmp	al, 3
	je	delay
	cmp	al, 4
	je	open
	hlt
write:
	lodsw
	xchg	dx, ax
	lodsb
	out	dx, al
	jmp	next
read:
	lodsw
	xchg	dx, ax
	in	al, dx
	stosb
	jmp	next
delay:
	lodsw
	xchg	cx, ax
1:	loop	1b
	jmp	next
open:
	sti
	nop
	nop
	cli
	jmp	next
interrupt:
	push	ax
	mov	al, 0xee
	stosb
	mov	al, 0x20
	out	0xa0, al
	out	0x20, al
	in	al, 0x60
	pop	ax
	iret

	.org	0xfff0
	.byte	0xea
	.word	start, 0xf000
	.org	0x10000
