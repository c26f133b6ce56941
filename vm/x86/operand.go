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
	Eb
	Ew
	Ed
	Ev
	MwRv // memory 2 bytes, register by operand size

	// ModRM.rm: memory only.
	M // an address, nothing accessed
	Mb
	Mw
	Md
	Mq
	Mdq
	Mt     // 10 bytes
	Ms     // pseudo-descriptor, 2+4 bytes
	Ma     // a pair of Ev, for BOUND
	Mp     // far pointer
	Menv   // x87 environment, 14 or 28 bytes
	Mstate // x87 state, 94 or 108 bytes
	M512   // FXSAVE area

	// ModRM.rm: register only, whatever mod says.
	Rd

	// ModRM.reg.
	Gb
	Gw
	Gv
	Gd // beside MMX, XMM and control registers
	Cd
	Dd

	// The opcode's low three bits.
	Zb
	Zv

	// Fixed.
	AL
	AX
	EAXv // AX or EAX
	CL   // shift count
	DX   // port
	rES
	rCS
	rSS
	rDS
	rFS
	rGS

	// Immediate.
	Ib  // sign-extended
	Iu  // not sign-extended
	Iw  // not sign-extended
	Iz  // by operand size
	One // the number 1, not encoded
	Jb
	Jz
	Ap
	Ob // an address, by address size
	Ov

	// Implied memory.
	Xb // Seg:(E)SI
	Xv
	Yb // ES:(E)DI
	Yv
	XlatB // Seg:(E)BX+AL

	// Operand size without an operand.
	Vsize

	// x87.
	ST0
	STi

	// A condition.
	ccB
	ccE
	ccBE
	ccU
	ccNB
	ccNE
	ccNBE
	ccNU

	// MMX and XMM; P and V are ModRM.reg, Q and W ModRM.rm, N and U ModRM.rm
	// as a register only.
	Pq
	Qq
	Qd // 4 bytes of memory, of an 8-byte register
	Nq
	Vx
	Wd
	Wq
	Wdq
	Uq
	Udq
	EwMMX // register, or 2 bytes of memory, beside an MMX register
	EwXMM

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

	Eb:   {"Eb", atRM, general, size1, 0},
	Ew:   {"Ew", atRM, general, size2, 0},
	Ed:   {"Ed", atRM, general, size4, 0},
	Ev:   {"Ev", atRM, general, sizeV, 0},
	MwRv: {"Mw/Rv", atRM, general, sizeV, 0},

	M:      {"M", atMem, noFile, size0, 0},
	Mb:     {"Mb", atMem, noFile, size1, 0},
	Mw:     {"Mw", atMem, noFile, size2, 0},
	Md:     {"Md", atMem, noFile, size4, 0},
	Mq:     {"Mq", atMem, noFile, size8, 0},
	Mdq:    {"Mdq", atMem, noFile, size16, 0},
	Mt:     {"Mt", atMem, noFile, size10, 0},
	Ms:     {"Ms", atMem, noFile, sizeV, 0},
	Ma:     {"Ma", atMem, noFile, sizeV, 0},
	Mp:     {"Mp", atMem, noFile, sizeV, 0},
	Menv:   {"M14/28", atMem, noFile, sizeEnv, 0},
	Mstate: {"M94/108", atMem, noFile, sizeState, 0},
	M512:   {"M512", atMem, noFile, size0, 0},

	Rd: {"Rd", atAnyRM, general, size4, 0},
	Gb: {"Gb", atReg, general, size1, 0},
	Gw: {"Gw", atReg, general, size2, 0},
	Gv: {"Gv", atReg, general, sizeV, 0},
	Gd: {"Gd", atReg, general, size0, 0},
	Cd: {"Cd", atReg, control, size0, 0},
	Dd: {"Dd", atReg, debug, size0, 0},
	Zb: {"Zb", atOpcode, general, size1, 0},
	Zv: {"Zv", atOpcode, general, sizeV, 0},

	AL:   {"AL", atFixed, general, size1, EAX},
	AX:   {"AX", atFixed, general, size2, EAX},
	EAXv: {"eAX", atFixed, general, sizeV, EAX},
	CL:   {"CL", atNowhere, general, size0, 0},
	DX:   {"DX", atNowhere, general, size0, 0},
	rES:  {"ES", atFixed, segment, size0, ES},
	rCS:  {"CS", atFixed, segment, size0, CS},
	rSS:  {"SS", atFixed, segment, size0, SS},
	rDS:  {"DS", atFixed, segment, size0, DS},
	rFS:  {"FS", atFixed, segment, size0, FS},
	rGS:  {"GS", atFixed, segment, size0, GS},

	Ib:  {"Ib", atImm, noFile, sizeV, uint8(immS8)},
	Iu:  {"Ib", atImm, noFile, size1, uint8(immU8)},
	Iw:  {"Iw", atImm, noFile, size2, uint8(immU16)},
	Iz:  {"Iz", atImm, noFile, sizeV, uint8(immZ)},
	One: {"1", atImm, noFile, size0, uint8(immOne)},
	Jb:  {"Jb", atImm, noFile, sizeV, uint8(immRel8)},
	Jz:  {"Jz", atImm, noFile, sizeV, uint8(immRelZ)},
	Ap:  {"Ap", atImm, noFile, sizeV, uint8(immFar)},
	Ob:  {"Ob", atMoffs, noFile, size1, 0},
	Ov:  {"Ov", atMoffs, noFile, sizeV, 0},

	Xb:    {"Xb", atString, noFile, size1, 0},
	Xv:    {"Xv", atString, noFile, sizeV, 0},
	Yb:    {"Yb", atString, noFile, size1, 0},
	Yv:    {"Yv", atString, noFile, sizeV, 0},
	XlatB: {"BBb", atNowhere, noFile, size1, 0},
	Vsize: {"", atNowhere, noFile, sizeV, 0},

	ST0: {"ST(0)", atFixed, stack, size0, 0},
	STi: {"ST(i)", atRMReg, stack, size0, 0},

	ccB:   {"", atCondition, noFile, size0, 2},
	ccE:   {"", atCondition, noFile, size0, 4},
	ccBE:  {"", atCondition, noFile, size0, 6},
	ccU:   {"", atCondition, noFile, size0, 10},
	ccNB:  {"", atCondition, noFile, size0, 3},
	ccNE:  {"", atCondition, noFile, size0, 5},
	ccNBE: {"", atCondition, noFile, size0, 7},
	ccNU:  {"", atCondition, noFile, size0, 11},

	Pq:    {"Pq", atReg, mmx, size0, 0},
	Qq:    {"Qq", atRM, mmx, size8, 0},
	Qd:    {"Qd", atRM, mmx, size8, 0},
	Nq:    {"Nq", atRMReg, mmx, size8, 0},
	Vx:    {"Vx", atReg, xmm, size0, 0},
	Wd:    {"Wd", atRM, xmm, size4, 0},
	Wq:    {"Wq", atRM, xmm, size8, 0},
	Wdq:   {"Wdq", atRM, xmm, size16, 0},
	Uq:    {"Uq", atRMReg, xmm, size8, 0},
	Udq:   {"Udq", atRMReg, xmm, size16, 0},
	EwMMX: {"Mw/Rd", atRM, general, size8, 0},
	EwXMM: {"Mw/Rd", atRM, general, size16, 0},
}
