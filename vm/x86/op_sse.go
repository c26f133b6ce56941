// SPDX-License-Identifier: BSD-3-Clause

// MMX, SSE and SSE2 operations (SDM vol. 1, chapters 9–11).
//
// An integer operation that exists for MMX and XMM registers is one operation:
// Size 8 says MMX registers, Size 16 says XMM. Elsewhere the operation names
// the file, and Size is that of the memory operand (MOVSS 4, ADDPS 16,
// CVTPS2PD 8). Inst.MemSize gives the bytes accessed, also where they are
// fewer than Size (PINSRW, PUNPCKL.. mm).
//
// CMPPS, CMPPD, CMPSS and CMPSD have their predicate in Imm (all eight bits
// of it). MOVSD and CMPSD are SSE2's: the string operations are MOVS and CMPS.

package x86

// MMX, SSE and SSE2 operations. EMMS is with the integer operations.
const (
	// MMX and XMM integer moves. "MM" is an MMX register, "X" an XMM one.
	MOVDTOMM   Op = firstMMX + iota // MOVD mm, r/m32
	MOVDFROMMM                      // MOVD r/m32, mm
	MOVDTOX                         // MOVD xmm, r/m32
	MOVDFROMX                       // MOVD r/m32, xmm
	MOVQMM                          // MOVQ mm, mm/m64 and back
	MOVQX                           // MOVQ xmm, xmm/m64 and back
	MOVDQA
	MOVDQU
	MOVQ2DQ // Dst is XMM, Src is MMX
	MOVDQ2Q // Dst is MMX, Src is XMM
	MOVNTI  // general register to memory
	MOVNTQ
	MOVNTDQ
	MASKMOVQ   // FormRR data Dst, mask Src; memory is Seg:(E)DI
	MASKMOVDQU // likewise
	PMOVMSKB   // Dst is a general register
	PEXTRW     // Dst is a general register
	PINSRW     // Src is a general register, or 2 bytes of memory

	// Packing and shuffling.
	PUNPCKLBW
	PUNPCKLWD
	PUNPCKLDQ
	PUNPCKLQDQ
	PUNPCKHBW
	PUNPCKHWD
	PUNPCKHDQ
	PUNPCKHQDQ
	PACKSSWB
	PACKSSDW
	PACKUSWB
	PSHUFW
	PSHUFD
	PSHUFHW
	PSHUFLW

	// Integer arithmetic.
	PADDB
	PADDW
	PADDD
	PADDQ
	PADDSB
	PADDSW
	PADDUSB
	PADDUSW
	PSUBB
	PSUBW
	PSUBD
	PSUBQ
	PSUBSB
	PSUBSW
	PSUBUSB
	PSUBUSW
	PMULLW
	PMULHW
	PMULHUW
	PMULUDQ
	PMADDWD
	PSADBW
	PAVGB
	PAVGW
	PMINUB
	PMINSW
	PMAXUB
	PMAXSW
	PCMPEQB
	PCMPEQW
	PCMPEQD
	PCMPGTB
	PCMPGTW
	PCMPGTD
	PAND
	PANDN
	POR
	PXOR

	// Integer shifts; the count is Src, mem or imm by Form.
	PSRLW
	PSRLD
	PSRLQ
	PSRLDQ
	PSRAW
	PSRAD
	PSLLW
	PSLLD
	PSLLQ
	PSLLDQ

	// Floating-point moves.
	MOVUPS
	MOVUPD
	MOVAPS
	MOVAPD
	MOVSS
	MOVSD
	MOVLPS
	MOVLPD
	MOVHPS
	MOVHPD
	MOVHLPS
	MOVLHPS
	MOVNTPS
	MOVNTPD
	MOVMSKPS // Dst is a general register
	MOVMSKPD
	UNPCKLPS
	UNPCKLPD
	UNPCKHPS
	UNPCKHPD
	SHUFPS
	SHUFPD

	// Floating-point arithmetic.
	ADDPS
	ADDPD
	ADDSS
	ADDSD
	SUBPS
	SUBPD
	SUBSS
	SUBSD
	MULPS
	MULPD
	MULSS
	MULSD
	DIVPS
	DIVPD
	DIVSS
	DIVSD
	MINPS
	MINPD
	MINSS
	MINSD
	MAXPS
	MAXPD
	MAXSS
	MAXSD
	SQRTPS
	SQRTPD
	SQRTSS
	SQRTSD
	RSQRTPS
	RSQRTSS
	RCPPS
	RCPSS
	ANDPS
	ANDPD
	ANDNPS
	ANDNPD
	ORPS
	ORPD
	XORPS
	XORPD
	CMPPS
	CMPPD
	CMPSS
	CMPSD
	COMISS
	COMISD
	UCOMISS
	UCOMISD

	// Conversions. "SI" is a general register, "PI" an MMX register.
	CVTPI2PS
	CVTPI2PD
	CVTSI2SS
	CVTSI2SD
	CVTPS2PI
	CVTPD2PI
	CVTTPS2PI
	CVTTPD2PI
	CVTSS2SI
	CVTSD2SI
	CVTTSS2SI
	CVTTSD2SI
	CVTPS2PD
	CVTPD2PS
	CVTSS2SD
	CVTSD2SS
	CVTDQ2PS
	CVTPS2DQ
	CVTTPS2DQ
	CVTDQ2PD
	CVTPD2DQ
	CVTTPD2DQ

	// State, caches and order.
	LDMXCSR
	STMXCSR
	LFENCE
	MFENCE
	SFENCE
	CLFLUSH

	NumOps // how many operations there are
)
