// SPDX-License-Identifier: BSD-3-Clause

// The integer and system part of the two-byte opcode map (SDM vol. 2,
// tables ). 66, F2 and F3 select nothing here; F2 and F3 are
// ignored. The MMX and SSE part is in rows_sse.go.

package x86

var twoByteRows = []row{
	// 00–0F. Prefetch hints of other makers (0D) are #UD before the Pentium 4.
	{"0F 00 /0", SLDT, operands{oMwRv}},
	{"0F 00 /1", STR, operands{oMwRv}},
	{"0F 00 /2", LLDT, operands{oEw}},
	{"0F 00 /3", LTR, operands{oEw}},
	{"0F 00 /4", VERR, operands{oEw}},
	{"0F 00 /5", VERW, operands{oEw}},
	{"0F 01 /0", SGDT, operands{oMs}},
	{"0F 01 /1", SIDT, operands{oMs}},
	{"0F 01 /2", LGDT, operands{oMs}},
	{"0F 01 /3", LIDT, operands{oMs}},
	{"0F 01 /4", SMSW, operands{oMwRv}},
	{"0F 01 /6", LMSW, operands{oEw}},
	{"0F 01 /7", INVLPG, operands{oM}},
	{"0F 01 C1", VMCALL, operands{}},
	{"0F 02", LAR, operands{oGv, oEw}},
	{"0F 03", LSL, operands{oGv, oEw}},
	{"0F 06", CLTS, operands{}},
	{"0F 08", INVD, operands{}},
	{"0F 09", WBINVD, operands{}},
	{"0F 0B", UD2, operands{}},

	// 18–1F: prefetch (18 /0–3) and the reserved hints, which do nothing.
	{"0F 18", NOP, operands{oEv}},
	{"0F 19", NOP, operands{oEv}},
	{"0F 1A", NOP, operands{oEv}},
	{"0F 1B", NOP, operands{oEv}},
	{"0F 1C", NOP, operands{oEv}},
	{"0F 1D", NOP, operands{oEv}},
	{"0F 1E", NOP, operands{oEv}},
	{"0F 1F", NOP, operands{oEv}},

	// 20–3F. Of the control registers there are 0, 2, 3 and 4.
	{"0F 20 /0", MOVFROMCR, operands{oRd, oCd}},
	{"0F 20 /2", MOVFROMCR, operands{oRd, oCd}},
	{"0F 20 /3", MOVFROMCR, operands{oRd, oCd}},
	{"0F 20 /4", MOVFROMCR, operands{oRd, oCd}},
	{"0F 21", MOVFROMDR, operands{oRd, oDd}},
	{"0F 22 /0", MOVTOCR, operands{oCd, oRd}},
	{"0F 22 /2", MOVTOCR, operands{oCd, oRd}},
	{"0F 22 /3", MOVTOCR, operands{oCd, oRd}},
	{"0F 22 /4", MOVTOCR, operands{oCd, oRd}},
	{"0F 23", MOVTODR, operands{oDd, oRd}},
	{"0F 30", WRMSR, operands{}},
	{"0F 31", RDTSC, operands{}},
	{"0F 32", RDMSR, operands{}},
	{"0F 33", RDPMC, operands{}},
	{"0F 34", SYSENTER, operands{}},
	{"0F 35", SYSEXIT, operands{}},

	// 40–4F, 80–9F
	{"0F 40+cc", CMOVCC, operands{oGv, oEv}},
	{"0F 80+cc", JCC, operands{oJz}},
	{"0F 90+cc", SETCC, operands{oEb}},

	// A0–AF
	{"0F A0", PUSHSEG, operands{oFS, oVsize}},
	{"0F A1", POPSEG, operands{oFS, oVsize}},
	{"0F A2", CPUID, operands{}},
	{"0F A3", BT, operands{oEv, oGv}},
	{"0F A4", SHLD, operands{oEv, oGv, oIu}},
	{"0F A5", SHLDCL, operands{oEv, oGv, oCL}},
	{"0F A8", PUSHSEG, operands{oGS, oVsize}},
	{"0F A9", POPSEG, operands{oGS, oVsize}},
	{"0F AA", RSM, operands{}},
	{"0F AB", BTS, operands{oEv, oGv}},
	{"0F AC", SHRD, operands{oEv, oGv, oIu}},
	{"0F AD", SHRDCL, operands{oEv, oGv, oCL}},
	{"0F AF", IMUL, operands{oGv, oEv}},

	// B0–BF. B9 is UD1: #UD, with a ModRM byte.
	{"0F B0", CMPXCHG, operands{oEb, oGb}},
	{"0F B1", CMPXCHG, operands{oEv, oGv}},
	{"0F B2", LDSEG, operands{oGv, oMp, oSS}},
	{"0F B3", BTR, operands{oEv, oGv}},
	{"0F B4", LDSEG, operands{oGv, oMp, oFS}},
	{"0F B5", LDSEG, operands{oGv, oMp, oGS}},
	{"0F B6", MOVZX8, operands{oGv, oEb}},
	{"0F B7", MOVZX16, operands{oGv, oEw}},
	{"0F B9", Invalid, operands{oGv, oEv}},
	{"0F BA /4", BT, operands{oEv, oIu}},
	{"0F BA /5", BTS, operands{oEv, oIu}},
	{"0F BA /6", BTR, operands{oEv, oIu}},
	{"0F BA /7", BTC, operands{oEv, oIu}},
	{"0F BB", BTC, operands{oEv, oGv}},
	{"0F BC", BSF, operands{oGv, oEv}},
	{"0F BD", BSR, operands{oGv, oEv}},
	{"0F BE", MOVSX8, operands{oGv, oEb}},
	{"0F BF", MOVSX16, operands{oGv, oEw}},

	// C0–CF, FF. FF is UD0: #UD, with a ModRM byte.
	{"0F C0", XADD, operands{oEb, oGb}},
	{"0F C1", XADD, operands{oEv, oGv}},
	{"0F C7 /1", CMPXCHG8B, operands{oMq}},
	{"0F C8+", BSWAP, operands{oZv}},
	{"0F FF", Invalid, operands{oGv, oEv}},
}
