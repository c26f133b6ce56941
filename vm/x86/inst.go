// SPDX-License-Identifier: BSD-3-Clause

// Package x86 decodes IA-32 instructions into one compact record.
//
// Intel SDM vol. 2, chapter 2 "Instruction format" and appendix A "Opcode
// map". The record says what an instruction does (operation, operand form,
// sizes, registers, address parts, immediate); what that means for a machine
// is written in package vm. The interpreter, the tracer, coverage and the
// debugger all read the same records.
package x86

// A Form says where an instruction's operands are, after ModRM is known.
// ModRM's direction bit is folded in: the destination is always first.
type Form uint8

// Operand forms. "reg" operands are Inst.Dst and Inst.Src, "mem" is the one
// memory operand (Base, Index, Scale, Disp, Seg), "imm" is Inst.Imm.
const (
	FormNone Form = iota // no explicit operand, or all implied
	FormR                // Dst
	FormM                // mem
	FormI                // imm
	FormRR               // Dst, Src
	FormRM               // Dst, mem
	FormMR               // mem, Src
	FormRI               // Dst, imm
	FormMI               // mem, imm
	FormRRI              // Dst, Src, imm     (IMUL, SHLD by imm8, PSHUFD …)
	FormRMI              // Dst, mem, imm
	FormMRI              // mem, Src, imm
	FormJ                // relative branch: Imm is the target offset in CS
	FormFar              // ptr16:32 or ptr16:16: Imm2 selector, Imm offset

	NumForms
)

// Flag bits of a record.
type Flag uint16

const (
	Lock     Flag = 1 << iota // LOCK prefix present (and legal: the decoder makes the rest #UD)
	Rep                       // F3
	Repne                     // F2
	Addr16                    // effective address size is 16 bits
	SegPfx                    // an explicit segment override is present
	EndBlock                  // control transfer, or may change mode, mapping or time: last record of a block
	CondJump                  // EndBlock, and falls through when not taken
	Priv                      // needs CPL 0
	FlagsIn                   // reads some arithmetic flag
	FlagsOut                  // writes every arithmetic flag it does not leave UNDEFINED
	MemRead                   // reads its memory operand
	MemWrite                  // writes its memory operand
	OpPfx                     // 66 present (redundant on some instructions, mandatory on SSE2)
)

// NoReg is the Base or Index of an address that has none. It is the number
// of a register that always reads as zero.
const NoReg = 8

// Segment register numbers as ModRM.reg of MOV Sreg encodes them.
const (
	ES = iota
	CS
	SS
	DS
	FS
	GS
)

// General register numbers. For 1-byte operands 4–7 are AH CH DH BH.
const (
	EAX = iota
	ECX
	EDX
	EBX
	ESP
	EBP
	ESI
	EDI
)

// Inst is one decoded instruction.
type Inst struct {
	Op    Op     // what it does
	Flags Flag   // prefixes and properties
	Form  Form   // where its operands are
	Size  uint8  // operand size in bytes: 1, 2, 4 (8, 10, 16 and more for FPU and SSE memory operands)
	Len   uint8  // length in bytes, 1–15
	Seg   uint8  // segment of the memory operand, after defaults and overrides
	Dst   uint8  // register operands; which file (general, segment, control, ST, MM, XMM) the Op says
	Src   uint8  //
	Base  uint8  // of the memory operand: 0–7 or NoReg
	Index uint8  // 0–7 or NoReg
	Scale uint8  // shift count 0–3
	Cond  uint8  // condition code 0–15 of Jcc, SETcc, CMOVcc
	Imm2  uint16 // far selector; ENTER's nesting level; of x87 instructions the opcode as FOP has it
	Disp  uint32 // sign-extended displacement
	Imm   uint32 // sign-extended immediate; branch target (absolute offset in CS, truncated for 16-bit operand size)
	EIP   uint32 // offset of the first byte in CS
}

// Next is the offset of the following instruction in a 32-bit code segment.
func (in *Inst) Next() uint32 { return in.EIP + uint32(in.Len) }
