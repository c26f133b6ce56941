// SPDX-License-Identifier: BSD-3-Clause

// The integer and system part of the two-byte opcode map (SDM vol. 2,
// tables ). 66, F2 and F3 select nothing here; F2 and F3 are
// ignored. The MMX and SSE part is in rows_sse.go.

package x86

var twoByteRows = []row{
	// 00–0F. Prefetch hints of other makers (0D) are #UD before the Pentium 4.
	{"0F 00 /0", SLDT, operands{MwRv}},
	{"0F 00 /1", STR, operands{MwRv}},
	{"0F 00 /2", LLDT, operands{Ew}},
	{"0F 00 /3", LTR, operands{Ew}},
	{"0F 00 /4", VERR, operands{Ew}},
	{"0F 00 /5", VERW, operands{Ew}},
	{"0F 01 /0", SGDT, operands{Ms}},
	{"0F 01 /1", SIDT, operands{Ms}},
	{"0F 01 /2", LGDT, operands{Ms}},
	{"0F 01 /3", LIDT, operands{Ms}},
	{"0F 01 /4", SMSW, operands{MwRv}},
	{"0F 01 /6", LMSW, operands{Ew}},
	{"0F 01 /7", INVLPG, operands{M}},
	{"0F 01 C1", VMCALL, operands{}},
	{"0F 02", LAR, operands{Gv, Ew}},
	{"0F 03", LSL, operands{Gv, Ew}},
	{"0F 06", CLTS, operands{}},
	{"0F 08", INVD, operands{}},
	{"0F 09", WBINVD, operands{}},
	{"0F 0B", UD2, operands{}},

	// 18–1F: prefetch (18 /0–3) and the reserved hints, which do nothing.
	{"0F 18", NOP, operands{Ev}},
	{"0F 19", NOP, operands{Ev}},
	{"0F 1A", NOP, operands{Ev}},
	{"0F 1B", NOP, operands{Ev}},
	{"0F 1C", NOP, operands{Ev}},
	{"0F 1D", NOP, operands{Ev}},
	{"0F 1E", NOP, operands{Ev}},
	{"0F 1F", NOP, operands{Ev}},

	// 20–3F. Of the control registers there are 0, 2, 3 and 4.
	{"0F 20 /0", MOVFROMCR, operands{Rd, Cd}},
	{"0F 20 /2", MOVFROMCR, operands{Rd, Cd}},
	{"0F 20 /3", MOVFROMCR, operands{Rd, Cd}},
	{"0F 20 /4", MOVFROMCR, operands{Rd, Cd}},
	{"0F 21", MOVFROMDR, operands{Rd, Dd}},
	{"0F 22 /0", MOVTOCR, operands{Cd, Rd}},
	{"0F 22 /2", MOVTOCR, operands{Cd, Rd}},
	{"0F 22 /3", MOVTOCR, operands{Cd, Rd}},
	{"0F 22 /4", MOVTOCR, operands{Cd, Rd}},
	{"0F 23", MOVTODR, operands{Dd, Rd}},
	{"0F 30", WRMSR, operands{}},
	{"0F 31", RDTSC, operands{}},
	{"0F 32", RDMSR, operands{}},
	{"0F 33", RDPMC, operands{}},
	{"0F 34", SYSENTER, operands{}},
	{"0F 35", SYSEXIT, operands{}},

	// 40–4F, 80–9F
	{"0F 40+cc", CMOVCC, operands{Gv, Ev}},
	{"0F 80+cc", JCC, operands{Jz}},
	{"0F 90+cc", SETCC, operands{Eb}},

	// A0–AF
	{"0F A0", PUSHSEG, operands{rFS, Vsize}},
	{"0F A1", POPSEG, operands{rFS, Vsize}},
	{"0F A2", CPUID, operands{}},
	{"0F A3", BT, operands{Ev, Gv}},
	{"0F A4", SHLD, operands{Ev, Gv, Iu}},
	{"0F A5", SHLDCL, operands{Ev, Gv, CL}},
	{"0F A8", PUSHSEG, operands{rGS, Vsize}},
	{"0F A9", POPSEG, operands{rGS, Vsize}},
	{"0F AA", RSM, operands{}},
	{"0F AB", BTS, operands{Ev, Gv}},
	{"0F AC", SHRD, operands{Ev, Gv, Iu}},
	{"0F AD", SHRDCL, operands{Ev, Gv, CL}},
	{"0F AF", IMUL, operands{Gv, Ev}},

	// B0–BF. B9 is UD1: #UD, with a ModRM byte.
	{"0F B0", CMPXCHG, operands{Eb, Gb}},
	{"0F B1", CMPXCHG, operands{Ev, Gv}},
	{"0F B2", LDSEG, operands{Gv, Mp, rSS}},
	{"0F B3", BTR, operands{Ev, Gv}},
	{"0F B4", LDSEG, operands{Gv, Mp, rFS}},
	{"0F B5", LDSEG, operands{Gv, Mp, rGS}},
	{"0F B6", MOVZX8, operands{Gv, Eb}},
	{"0F B7", MOVZX16, operands{Gv, Ew}},
	{"0F B9", Invalid, operands{Gv, Ev}},
	{"0F BA /4", BT, operands{Ev, Iu}},
	{"0F BA /5", BTS, operands{Ev, Iu}},
	{"0F BA /6", BTR, operands{Ev, Iu}},
	{"0F BA /7", BTC, operands{Ev, Iu}},
	{"0F BB", BTC, operands{Ev, Gv}},
	{"0F BC", BSF, operands{Gv, Ev}},
	{"0F BD", BSR, operands{Gv, Ev}},
	{"0F BE", MOVSX8, operands{Gv, Eb}},
	{"0F BF", MOVSX16, operands{Gv, Ew}},

	// C0–CF, FF. FF is UD0: #UD, with a ModRM byte.
	{"0F C0", XADD, operands{Eb, Gb}},
	{"0F C1", XADD, operands{Ev, Gv}},
	{"0F C7 /1", CMPXCHG8B, operands{Mq}},
	{"0F C8+", BSWAP, operands{Zv}},
	{"0F FF", Invalid, operands{Gv, Ev}},
}
