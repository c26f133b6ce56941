// SPDX-License-Identifier: BSD-3-Clause
// One x87 instruction each; the assembler has no names for some of them.

#include "textflag.h"

// FNINIT first: exceptions cleared, registers empty.
#define BEGIN \
	BYTE $0xdb; BYTE $0xe3 // fninit

// DONE keeps the status word in AX and forgets everything else.
#define DONE \
	BYTE $0xdb; BYTE $0xe3

// STUB makes func name(a, b, r *float80.F80, cw uint16) (sw uint16).
#define STUB(name, insn) \
TEXT name(SB), NOSPLIT, $0-34 \
	MOVQ a+0(FP), AX \
	MOVQ b+8(FP), BX \
	MOVQ r+16(FP), CX \
	BEGIN \
	FMOVX (BX), F0 \
	FMOVX (AX), F0 \
	FLDCW cw+24(FP) \
	insn \
	FSTSW AX \
	FMOVXP F0, (CX) \
	DONE \
	MOVW AX, sw+32(FP) \
	RET

#define FADD BYTE $0xd8; BYTE $0xc1
#define FMUL BYTE $0xd8; BYTE $0xc9
#define FSUB BYTE $0xd8; BYTE $0xe1
#define FDIV BYTE $0xd8; BYTE $0xf1
#define FPREM1X BYTE $0xd9; BYTE $0xf5
#define FPREMX BYTE $0xd9; BYTE $0xf8
#define FSQRTX BYTE $0xd9; BYTE $0xfa
#define FRNDINTX BYTE $0xd9; BYTE $0xfc
#define FSCALEX BYTE $0xd9; BYTE $0xfd

STUB(·fadd, FADD)
STUB(·fsub, FSUB)
STUB(·fmul, FMUL)
STUB(·fdiv, FDIV)
STUB(·fsqrt, FSQRTX)
STUB(·frndint, FRNDINTX)
STUB(·fscale, FSCALEX)
STUB(·fprem, FPREMX)
STUB(·fprem1, FPREM1X)

// func fld32(v *uint32, r *float80.F80) (sw uint16)
TEXT ·fld32(SB), NOSPLIT, $0-18
	MOVQ v+0(FP), AX
	MOVQ r+8(FP), CX
	BEGIN
	FMOVF (AX), F0
	FSTSW AX
	FMOVXP F0, (CX)
	DONE
	MOVW AX, sw+16(FP)
	RET

// func fld64(v *uint64, r *float80.F80) (sw uint16)
TEXT ·fld64(SB), NOSPLIT, $0-18
	MOVQ v+0(FP), AX
	MOVQ r+8(FP), CX
	BEGIN
	FMOVD (AX), F0
	FSTSW AX
	FMOVXP F0, (CX)
	DONE
	MOVW AX, sw+16(FP)
	RET

// func fst32(a *float80.F80, v *uint32, cw uint16) (sw uint16)
TEXT ·fst32(SB), NOSPLIT, $0-26
	MOVQ a+0(FP), AX
	MOVQ v+8(FP), CX
	BEGIN
	FMOVX (AX), F0
	FLDCW cw+16(FP)
	FMOVFP F0, (CX)
	FSTSW AX
	DONE
	MOVW AX, sw+24(FP)
	RET

// func fst64(a *float80.F80, v *uint64, cw uint16) (sw uint16)
TEXT ·fst64(SB), NOSPLIT, $0-26
	MOVQ a+0(FP), AX
	MOVQ v+8(FP), CX
	BEGIN
	FMOVX (AX), F0
	FLDCW cw+16(FP)
	FMOVDP F0, (CX)
	FSTSW AX
	DONE
	MOVW AX, sw+24(FP)
	RET
