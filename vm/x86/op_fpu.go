// SPDX-License-Identifier: BSD-3-Clause

// x87 operations (SDM vol. 2, escape opcodes D8–DF; vol. 1, chapter 8).
//
// Stack registers are numbers 0–7 in Dst and Src:
//
//	FormRR  FADD ST(Dst), ST(Src); FCMOVcc
//	FormR   FLD, FST, FXCH, FCOM, FUCOM, FCOMI, FFREE … ST(Dst), ST(0) implied;
//	        FNSTSW AX has Dst EAX
//	FormM   Size bytes of memory, ST(0) implied. Real: 4, 8, 10. Integer
//	        (FIxxx): 2, 4, 8. FBLD, FBSTP: 10. FLDENV, FNSTENV: 14 or 28;
//	        FRSTOR, FNSAVE: 94 or 108, by operand size.
//
// Imm2 is the last-instruction opcode: the low three bits of the escape byte
// and the ModRM byte (SDM vol. 1, 8.1.9).
//
// Direction follows Intel's mnemonics: DC E0 is FSUBR ST(i), ST(0).

package x86

// x87 operations.
const (
	// Arithmetic.
	FADD Op = firstFPU + iota
	FADDP
	FIADD
	FSUB
	FSUBP
	FISUB
	FSUBR
	FSUBRP
	FISUBR
	FMUL
	FMULP
	FIMUL
	FDIV
	FDIVP
	FIDIV
	FDIVR
	FDIVRP
	FIDIVR
	FSQRT
	FSCALE
	FPREM
	FPREM1
	FRNDINT
	FXTRACT
	FABS
	FCHS

	// Comparison.
	FCOM
	FCOMP
	FCOMPP
	FUCOM
	FUCOMP
	FUCOMPP
	FICOM
	FICOMP
	FCOMI
	FCOMIP
	FUCOMI
	FUCOMIP
	FTST
	FXAM

	// Moves.
	FLD
	FILD
	FBLD
	FST
	FSTP
	FIST
	FISTP
	FBSTP
	FXCH
	FCMOVCC // Cond as in CMOVCC

	// Constants.
	FLD1
	FLDL2T
	FLDL2E
	FLDPI
	FLDLG2
	FLDLN2
	FLDZ

	// Transcendentals.
	F2XM1
	FYL2X
	FYL2XP1
	FPTAN
	FPATAN
	FSIN
	FCOS
	FSINCOS

	// Control.
	FINCSTP
	FDECSTP
	FFREE
	FFREEP
	FNOP
	FNINIT
	FNCLEX
	FNSTCW
	FLDCW
	FNSTSW
	FNSTENV
	FLDENV
	FNSAVE
	FRSTOR
	FNENI   // 8087's enable interrupts: nothing on a 387 and later
	FNDISI  // 8087's disable interrupts: likewise
	FNSETPM // 287's set protected mode: likewise
	FXSAVE  // Size 0: always 512 bytes
	FXRSTOR

	firstMMX // the MMX and SSE operations start here
)
