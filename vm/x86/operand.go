// SPDX-License-Identifier: BSD-3-Clause

// Operand codes: what the rows of the opcode tables are written in.
//
// Intel SDM vol. 2, appendix A.2 "Key to abbreviations". The first letter is
// the addressing method, the rest the operand type: Ev is "register or memory
// by ModRM.rm, 16 or 32 bits by operand size".

package x86

// An operand is one operand of a row.
type operand uint8

const (
	noOperand operand = iota

	// ModRM.rm: register or memory.
	oEb
	oEw
	oEd
	oEv
	oMwRv // memory 2 bytes, register by operand size

	// ModRM.rm: memory only.
	oM // an address, nothing accessed
	oMb
	oMw
	oMd
	oMq
	oMdq
	oMt     // 10 bytes
	oMs     // pseudo-descriptor, 2+4 bytes
	oMa     // a pair of Ev, for BOUND
	oMp     // far pointer
	oMenv   // x87 environment, 14 or 28 bytes
	oMstate // x87 state, 94 or 108 bytes
	oM512   // FXSAVE area

	// ModRM.rm: register only, whatever mod says.
	oRd

	// ModRM.reg.
	oGb
	oGw
	oGv
	oGd // beside MMX, XMM and control registers
	oCd
	oDd

	// The opcode's low three bits.
	oZb
	oZv

	// Fixed.
	oAL
	oAX
	oEAXv // AX or EAX
	oCL   // shift count
	oDX   // port
	oES
	oCS
	oSS
	oDS
	oFS
	oGS

	// Immediate.
	oIb  // sign-extended
	oIu  // not sign-extended
	oIw  // not sign-extended
	oIz  // by operand size
	oOne // the number 1, not encoded
	oJb
	oJz
	oAp
	oOb // an address, by address size
	oOv

	// Implied memory.
	oXb // Seg:(E)SI
	oXv
	oYb // ES:(E)DI
	oYv
	oXlatB // Seg:(E)BX+AL

	// Operand size without an operand.
	oVsize

	// x87.
	oST0
	oSTi

	// A condition.
	oCcB
	oCcE
	oCcBE
	oCcU
	oCcNB
	oCcNE
	oCcNBE
	oCcNU

	// MMX and XMM; P and V are ModRM.reg, Q and W ModRM.rm, N and U ModRM.rm
	// as a register only.
	oPq
	oQq
	oQd // 4 bytes of memory, of an 8-byte register
	oNq
	oVx
	oWd
	oWq
	oWdq
	oUq
	oUdq
	oEwMMX // register, or 2 bytes of memory, beside an MMX register
	oEwXMM

	numOperands
)

// A place is where in an instruction an operand is encoded.
type place uint8

const (
	atNowhere   place = iota // implied
	atReg                    // ModRM.reg
	atRM                     // ModRM.rm, register or memory
	atMem                    // ModRM.rm, memory only
	atRMReg                  // ModRM.rm, register only
	atAnyRM                  // ModRM.rm, a register whatever mod says
	atOpcode                 // opcode bits 0–2
	atFixed                  // register number in value
	atImm                    // immediate of kind value
	atMoffs                  // memory, address as immediate
	atString                 // implied memory of a string instruction
	atCondition              // value is the condition
)

// A file is a set of registers.
type file uint8

const (
	noFile file = iota
	general
	segment
	control
	debug
	stack // x87
	mmx
	xmm
)

// A sizeRule gives Inst.Size for 32- and for 16-bit operand size.
type sizeRule [2]uint8

var (
	size0     = sizeRule{}
	size1     = sizeRule{1, 1}
	size2     = sizeRule{2, 2}
	size4     = sizeRule{4, 4}
	size8     = sizeRule{8, 8}
	size10    = sizeRule{10, 10}
	size16    = sizeRule{16, 16}
	sizeV     = sizeRule{4, 2}
	sizeEnv   = sizeRule{28, 14}
	sizeState = sizeRule{108, 94}
)

// operandInfo says all there is to an operand code. Where a row has several
// operands with a size, Inst.Size is the first one's, an immediate's last.
type operandInfo struct {
	text  string
	place place
	file  file
	size  sizeRule
	value uint8
}

var operandTable = [numOperands]operandInfo{
	noOperand: {},

	oEb:   {"Eb", atRM, general, size1, 0},
	oEw:   {"Ew", atRM, general, size2, 0},
	oEd:   {"Ed", atRM, general, size4, 0},
	oEv:   {"Ev", atRM, general, sizeV, 0},
	oMwRv: {"Mw/Rv", atRM, general, sizeV, 0},

	oM:      {"M", atMem, noFile, size0, 0},
	oMb:     {"Mb", atMem, noFile, size1, 0},
	oMw:     {"Mw", atMem, noFile, size2, 0},
	oMd:     {"Md", atMem, noFile, size4, 0},
	oMq:     {"Mq", atMem, noFile, size8, 0},
	oMdq:    {"Mdq", atMem, noFile, size16, 0},
	oMt:     {"Mt", atMem, noFile, size10, 0},
	oMs:     {"Ms", atMem, noFile, sizeV, 0},
	oMa:     {"Ma", atMem, noFile, sizeV, 0},
	oMp:     {"Mp", atMem, noFile, sizeV, 0},
	oMenv:   {"M14/28", atMem, noFile, sizeEnv, 0},
	oMstate: {"M94/108", atMem, noFile, sizeState, 0},
	oM512:   {"M512", atMem, noFile, size0, 0},

	oRd: {"Rd", atAnyRM, general, size4, 0},
	oGb: {"Gb", atReg, general, size1, 0},
	oGw: {"Gw", atReg, general, size2, 0},
	oGv: {"Gv", atReg, general, sizeV, 0},
	oGd: {"Gd", atReg, general, size0, 0},
	oCd: {"Cd", atReg, control, size0, 0},
	oDd: {"Dd", atReg, debug, size0, 0},
	oZb: {"Zb", atOpcode, general, size1, 0},
	oZv: {"Zv", atOpcode, general, sizeV, 0},

	oAL:   {"AL", atFixed, general, size1, EAX},
	oAX:   {"AX", atFixed, general, size2, EAX},
	oEAXv: {"eAX", atFixed, general, sizeV, EAX},
	oCL:   {"CL", atNowhere, general, size0, 0},
	oDX:   {"DX", atNowhere, general, size0, 0},
	oES:   {"ES", atFixed, segment, size0, ES},
	oCS:   {"CS", atFixed, segment, size0, CS},
	oSS:   {"SS", atFixed, segment, size0, SS},
	oDS:   {"DS", atFixed, segment, size0, DS},
	oFS:   {"FS", atFixed, segment, size0, FS},
	oGS:   {"GS", atFixed, segment, size0, GS},

	oIb:  {"Ib", atImm, noFile, sizeV, uint8(immS8)},
	oIu:  {"Ib", atImm, noFile, size1, uint8(immU8)},
	oIw:  {"Iw", atImm, noFile, size2, uint8(immU16)},
	oIz:  {"Iz", atImm, noFile, sizeV, uint8(immZ)},
	oOne: {"1", atImm, noFile, size0, uint8(immOne)},
	oJb:  {"Jb", atImm, noFile, sizeV, uint8(immRel8)},
	oJz:  {"Jz", atImm, noFile, sizeV, uint8(immRelZ)},
	oAp:  {"Ap", atImm, noFile, sizeV, uint8(immFar)},
	oOb:  {"Ob", atMoffs, noFile, size1, 0},
	oOv:  {"Ov", atMoffs, noFile, sizeV, 0},

	oXb:    {"Xb", atString, noFile, size1, 0},
	oXv:    {"Xv", atString, noFile, sizeV, 0},
	oYb:    {"Yb", atString, noFile, size1, 0},
	oYv:    {"Yv", atString, noFile, sizeV, 0},
	oXlatB: {"BBb", atNowhere, noFile, size1, 0},
	oVsize: {"", atNowhere, noFile, sizeV, 0},

	oST0: {"ST(0)", atFixed, stack, size0, 0},
	oSTi: {"ST(i)", atRMReg, stack, size0, 0},

	oCcB:   {"", atCondition, noFile, size0, 2},
	oCcE:   {"", atCondition, noFile, size0, 4},
	oCcBE:  {"", atCondition, noFile, size0, 6},
	oCcU:   {"", atCondition, noFile, size0, 10},
	oCcNB:  {"", atCondition, noFile, size0, 3},
	oCcNE:  {"", atCondition, noFile, size0, 5},
	oCcNBE: {"", atCondition, noFile, size0, 7},
	oCcNU:  {"", atCondition, noFile, size0, 11},

	oPq:    {"Pq", atReg, mmx, size0, 0},
	oQq:    {"Qq", atRM, mmx, size8, 0},
	oQd:    {"Qd", atRM, mmx, size8, 0},
	oNq:    {"Nq", atRMReg, mmx, size8, 0},
	oVx:    {"Vx", atReg, xmm, size0, 0},
	oWd:    {"Wd", atRM, xmm, size4, 0},
	oWq:    {"Wq", atRM, xmm, size8, 0},
	oWdq:   {"Wdq", atRM, xmm, size16, 0},
	oUq:    {"Uq", atRMReg, xmm, size8, 0},
	oUdq:   {"Udq", atRMReg, xmm, size16, 0},
	oEwMMX: {"Mw/Rd", atRM, general, size8, 0},
	oEwXMM: {"Mw/Rd", atRM, general, size16, 0},
}
