// SPDX-License-Identifier: BSD-3-Clause

// Which feature an instruction belongs to (SDM vol. 1, table 5-1 "Instruction
// groups and processors" and the "CPUID" lines of vol. 2). On a model without
// the feature it is #UD. What every i686 has is not listed.

package vm

import "ring0/vm/x86"

// featureOf gives the feature of an operation. Of those that exist for both
// register files it is that of the XMM form.
var featureOf = makeFeatureOf()

// mmFeatureOf gives the feature of the MMX form of an operation that exists
// for both register files.
var mmFeatureOf = makeMMFeatureOf()

// features are the ones that in needs.
func features(in *x86.Inst) uint32 {
	if f := mmFeatureOf[in.Op]; f != 0 && in.Size == 8 {
		return f
	}
	return featureOf[in.Op]
}

// Has reports whether the model has the instruction: one that it lacks is
// #UD, whatever else is wrong with it.
func (m *Model) Has(in *x86.Inst) bool { return m.has(features(in)) }

// Feature names the feature that in belongs to, as the manual does; empty for
// what every i686 has.
func Feature(in *x86.Inst) string {
	switch features(in) {
	case featSEP:
		return "SEP"
	case featMMX:
		return "MMX"
	case featFXSR:
		return "FXSR"
	case featSSE:
		return "SSE"
	case featSSE2:
		return "SSE2"
	case featCLFSH:
		return "CLFSH"
	}
	return ""
}

type featureTable [x86.NumOps]uint32

// set gives all of ops feature f.
func (t *featureTable) set(f uint32, ops ...x86.Op) {
	for _, op := range ops {
		t[op] = f
	}
}

// setRange gives first to last feature f.
func (t *featureTable) setRange(f uint32, first, last x86.Op) {
	for op := first; op <= last; op++ {
		t[op] = f
	}
}

func makeFeatureOf() (t featureTable) {
	t.setRange(featSSE2, x86.MOVDTOMM, x86.CLFLUSH)
	t.set(featSSE, sseOnly...)
	t.set(featMMX, x86.EMMS, x86.MOVDTOMM, x86.MOVDFROMMM, x86.MOVQMM)
	t.set(featCLFSH, x86.CLFLUSH)
	t.set(featFXSR, x86.FXSAVE, x86.FXRSTOR)
	t.set(featSEP, x86.SYSENTER, x86.SYSEXIT)
	return t
}

// sseOnly are the operations of SSE. All others on XMM registers are SSE2's.
var sseOnly = []x86.Op{
	x86.MOVUPS, x86.MOVAPS, x86.MOVSS, x86.MOVLPS, x86.MOVHPS, x86.MOVHLPS, x86.MOVLHPS, x86.MOVNTPS, x86.MOVMSKPS,
	x86.UNPCKLPS, x86.UNPCKHPS, x86.SHUFPS, x86.ANDPS, x86.ANDNPS, x86.ORPS, x86.XORPS,
	x86.ADDPS, x86.ADDSS, x86.SUBPS, x86.SUBSS, x86.MULPS, x86.MULSS, x86.DIVPS, x86.DIVSS,
	x86.MINPS, x86.MINSS, x86.MAXPS, x86.MAXSS, x86.SQRTPS, x86.SQRTSS,
	x86.RCPPS, x86.RCPSS, x86.RSQRTPS, x86.RSQRTSS, x86.CMPPS, x86.CMPSS, x86.COMISS, x86.UCOMISS,
	x86.CVTPI2PS, x86.CVTPS2PI, x86.CVTTPS2PI, x86.CVTSI2SS, x86.CVTSS2SI, x86.CVTTSS2SI,
	x86.LDMXCSR, x86.STMXCSR, x86.SFENCE, x86.PSHUFW, x86.MOVNTQ, x86.MASKMOVQ,
}

func makeMMFeatureOf() (t featureTable) {
	t.setRange(featMMX, x86.PUNPCKLBW, x86.PSLLDQ)
	t.set(0, x86.PUNPCKLQDQ, x86.PUNPCKHQDQ, x86.PSHUFD, x86.PSHUFHW, x86.PSHUFLW, x86.PSRLDQ, x86.PSLLDQ)
	// What SSE and SSE2 added to MMX.
	t.set(featSSE, x86.PMOVMSKB, x86.PEXTRW, x86.PINSRW, x86.PSHUFW,
		x86.PAVGB, x86.PAVGW, x86.PMINUB, x86.PMINSW, x86.PMAXUB, x86.PMAXSW, x86.PMULHUW, x86.PSADBW)
	t.set(featSSE2, x86.PADDQ, x86.PSUBQ, x86.PMULUDQ)
	return t
}
