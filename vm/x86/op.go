// SPDX-License-Identifier: BSD-3-Clause

// Operations, one per mnemonic (SDM vol. 2, chapters 3–4). A mnemonic that
// names several different things has several operations: MOV to a segment
// register is MOVSEG, string MOVS is apart from SSE2's MOVSD.

package x86

// An Op is an operation: a mnemonic, not an encoding.
type Op uint16

// Integer operations. Order is free; the FPU, MMX and SSE operations follow
// in op_fpu.go and op_sse.go.
const (
	Invalid Op = iota // by the manual this is #UD

	// Arithmetic and logic.
	ADD
	OR
	ADC
	SBB
	AND
	SUB
	XOR
	CMP
	TEST
	INC
	DEC
	NOT
	NEG
	MUL
	IMUL1 // IMUL r/m: EDX:EAX = EAX * r/m
	IMUL  // IMUL r, r/m and IMUL r, r/m, imm
	DIV
	IDIV

	// Shifts and rotates; count is imm, or CL for form R/M with OpCL.
	ROL
	ROR
	RCL
	RCR
	SHL
	SHR
	SAR
	ROLCL
	RORCL
	RCLCL
	RCRCL
	SHLCL
	SHRCL
	SARCL
	SHLD // imm8
	SHRD
	SHLDCL
	SHRDCL

	// Bits.
	BT
	BTS
	BTR
	BTC
	BSF
	BSR
	BSWAP
	SETCC
	CMOVCC

	// Moves.
	MOV
	MOVZX8 // source is 1 byte, destination Size
	MOVZX16
	MOVSX8
	MOVSX16
	LEA
	XCHG
	XADD
	CMPXCHG
	CMPXCHG8B
	PUSH
	POP
	PUSHA
	POPA
	PUSHF
	POPF
	LAHF
	SAHF
	CBW // CBW, CWDE by Size
	CWD // CWD, CDQ by Size
	XLAT
	ENTER
	LEAVE
	BOUND
	NOP // also the multi-byte 0F 1F and the prefetch hints

	// Decimal.
	DAA
	DAS
	AAA
	AAS
	AAM
	AAD

	// Flag bits.
	CLC
	STC
	CMC
	CLD
	STD
	CLI
	STI
	SALC // D6

	// Control transfer.
	JMP     // FormJ
	JMPIND  // FormR, FormM
	JMPFAR  // FormFar, FormM
	JCC     // FormJ
	JCXZ    // by address size
	LOOP    //
	LOOPE   //
	LOOPNE  //
	CALL    // FormJ
	CALLIND // FormR, FormM
	CALLFAR // FormFar, FormM
	RET     // FormNone, FormI
	RETFAR  // FormNone, FormI
	IRET
	INT // FormI
	INT3
	INTO
	ICEBP // F1
	UD2

	// Strings; Rep and Repne in Flags.
	MOVS
	CMPS
	STOS
	LODS
	SCAS
	INS
	OUTS

	// I/O.
	IN  // FormRI (imm8 port) or FormR (DX)
	OUT // FormRI or FormR

	// Segments.
	MOVSEG     // MOV Sreg, r/m16: Dst is the segment register
	MOVFROMSEG // MOV r/m, Sreg: Src is the segment register
	PUSHSEG    // Dst
	POPSEG     // Dst
	LDSEG      // LES LDS LSS LFS LGS: Imm2 is the segment register, Dst the general one

	// System.
	HLT
	CLTS
	INVLPG
	INVD
	WBINVD
	LGDT
	SGDT
	LIDT
	SIDT
	LLDT
	SLDT
	LTR
	STR
	SMSW
	LMSW
	LAR
	LSL
	VERR
	VERW
	ARPL
	MOVTOCR   // Dst is the control register, Src the general one
	MOVFROMCR // Dst is the general register, Src the control one
	MOVTODR
	MOVFROMDR
	CPUID
	RDTSC
	RDMSR
	WRMSR
	RDPMC
	SYSENTER
	SYSEXIT
	RSM
	VMCALL // 0F 01 C1: the door to the host

	WAIT // 9B
	EMMS // 0F 77

	firstFPU // the FPU operations start here
)
