// SPDX-License-Identifier: BSD-3-Clause

// Package vm is an i686 machine: CPU, MMU, memory, bus, devices and clock.
// It knows nothing of Linux.
//
// This file holds the architectural state (SDM vol. 1, chapter 3 "Basic
// execution environment"; vol. 3, chapter 2 "System architecture overview").
package vm

import (
	"unsafe"

	"ring0/vm/x86"
)

// CPU is the state of one i686 processor.
//
// The first fields are what every instruction touches. None of them is a Go
// pointer into Go-managed structures that move: memory is reached as
// ram + linear address + TLB delta.
type CPU struct {
	gpr  [16]uint32 // EAX ECX EDX EBX ESP EBP ESI EDI; [x86.NoReg] and above are always 0
	eip  uint32     // offset in CS of the next instruction; inside a block only records know it
	fres uint64     // lazy flags: see flags.go
	faux uint64
	link uint32 // which successor of the block a branch chose: linkTaken, linkNext, linkLookup

	budget int64          // instructions left in this slice; horizon - budget = retired
	tlb    *tlb           // the one of the current privilege
	mem    unsafe.Pointer // host address of guest physical memory (see memory.go)
	last   uintptr        // the record that left its block, an *inst that the cache keeps alive; see park
	exit   exitReason     // why a handler left its block; exitNone for branches
	mode   mode           // what decoding depends on
	tag    uint32         // mode and the cache's epoch: a block with another tag is not to run
	flags  uint32         // EFLAGS without the arithmetic flags (bit 1 set)
	cpl    uint8
	shadow bool // MOV SS, POP SS or STI just executed: no interrupt before the next instruction

	seg  [6]segment // ES CS SS DS FS GS
	ldtr segment
	tr   segment
	gdtr tableReg
	idtr tableReg

	cr0, cr2, cr3, cr4 uint32
	dr                 [8]uint32
	msr                msrState
	fpu                fpuState
	sys                sysState // see debug.go
	known              sysCache

	pending  fault  // valid while exit == exitFault
	rmw      rmwRef // where the last rmw… read came from
	rmwLin   uint32
	horizon  uint64 // instruction count at which budget becomes 0
	intrLine bool   // the interrupt controller asserts INTR
	nmi      bool
	halted   bool
	stopping bool // a host call asked Run to return

	tlbs   [2]tlb // [0] supervisor, [1] user
	cache  blockCache
	m      *Machine
	model  *Model
	hypErr error
}

// segment is a segment register with its hidden part.
type segment struct {
	sel   uint16
	attr  uint16 // descriptor bytes 5 and 6: type, S, DPL, P in 0–7; AVL, L, D/B, G in 12–15
	base  uint32
	limit uint32 // in bytes, granularity applied
}

// Bits of segment.attr, as they lie in a descriptor's second word >> 8.
const (
	attrAccessed = 1 << 0
	attrWritable = 1 << 1 // data; for code: readable
	attrReadable = 1 << 1
	attrDown     = 1 << 2 // data: expand-down; code: conforming
	attrConform  = 1 << 2
	attrCode     = 1 << 3
	attrS        = 1 << 4 // code or data, not system
	attrDPLShift = 5
	attrP        = 1 << 7
	attrAVL      = 1 << 12
	attrDB       = 1 << 14
	attrG        = 1 << 15
)

func (s *segment) dpl() uint8 { return uint8(s.attr >> attrDPLShift & 3) }

// null reports whether the register holds a null selector (or was emptied by
// a return to an outer ring): using it is #GP, or #SS for SS.
func (s *segment) null() bool { return s.attr&attrP == 0 }

// tableReg is GDTR or IDTR.
type tableReg struct {
	base  uint32
	limit uint16
}

// EFLAGS bits.
const (
	FlagCF   = 1 << 0
	FlagPF   = 1 << 2
	FlagAF   = 1 << 4
	FlagZF   = 1 << 6
	FlagSF   = 1 << 7
	FlagTF   = 1 << 8
	FlagIF   = 1 << 9
	FlagDF   = 1 << 10
	FlagOF   = 1 << 11
	FlagIOPL = 3 << 12
	FlagNT   = 1 << 14
	FlagRF   = 1 << 16
	FlagVM   = 1 << 17
	FlagAC   = 1 << 18
	FlagVIF  = 1 << 19
	FlagVIP  = 1 << 20
	FlagID   = 1 << 21

	flagsArith = FlagCF | FlagPF | FlagAF | FlagZF | FlagSF | FlagOF
	flagsFixed = 1 << 1
)

// Control register bits.
const (
	CR0PE = 1 << 0
	CR0MP = 1 << 1
	CR0EM = 1 << 2
	CR0TS = 1 << 3
	CR0ET = 1 << 4
	CR0NE = 1 << 5
	CR0WP = 1 << 16
	CR0AM = 1 << 18
	CR0NW = 1 << 29
	CR0CD = 1 << 30
	CR0PG = 1 << 31

	CR4VME        = 1 << 0
	CR4PVI        = 1 << 1
	CR4TSD        = 1 << 2
	CR4DE         = 1 << 3
	CR4PSE        = 1 << 4
	CR4PAE        = 1 << 5
	CR4MCE        = 1 << 6
	CR4PGE        = 1 << 7
	CR4PCE        = 1 << 8
	CR4OSFXSR     = 1 << 9
	CR4OSXMMEXCPT = 1 << 10
)

// Exception vectors (SDM vol. 3, table 6-1).
const (
	VecDE  = 0  // divide error
	VecDB  = 1  // debug
	VecNMI = 2  // non-maskable interrupt
	VecBP  = 3  // breakpoint
	VecOF  = 4  // overflow
	VecBR  = 5  // BOUND range exceeded
	VecUD  = 6  // invalid opcode
	VecNM  = 7  // device not available
	VecDF  = 8  // double fault
	VecTS  = 10 // invalid TSS
	VecNP  = 11 // segment not present
	VecSS  = 12 // stack-segment fault
	VecGP  = 13 // general protection
	VecPF  = 14 // page fault
	VecMF  = 16 // x87 floating-point error
	VecAC  = 17 // alignment check
	VecMC  = 18 // machine check
	VecXM  = 19 // SIMD floating-point exception
)

// A fault is an exception on its way to the IDT.
type fault struct {
	vector uint8
	hasErr bool
	err    uint32
}

// exitReason says why a record's handler returned false.
type exitReason uint8

const (
	exitNone      exitReason = iota // a branch: eip and link are set
	exitSlow                        // the fast path does not hold: run inst.full; nothing happened yet
	exitFault                       // pending holds the exception; the instruction changed nothing
	exitTrap                        // pending holds an exception that is reported after the instruction (INT n, INTO, #DB traps are delivered by their handlers; this is for traps only)
	exitStale                       // the record's code was overwritten: decode again at its EIP; not retired
	exitHalt                        // HLT retired
	exitHypercall                   // VMCALL retired
	exitUnwritten                   // an instruction this machine lacks: stop by name
	exitAgain                       // a repeated string instruction stopped between iterations: eip set by handler
	exitShutdown                    // triple fault
	exitBreak                       // a breakpoint lies at eip; nothing ran
	exitWatch                       // about to access watched memory; nothing happened yet: execute it by itself
)

// mode holds what a decoded record depends on besides its bytes.
type mode uint8

const (
	modeCode32 mode = 1 << iota // CS.D
	modeFlat                    // CS DS ES SS: base 0, limit 4 GB, 32-bit stack, no alignment checks: the fast memory path holds
	modeUser                    // CPL 3: instruction fetch needs user pages
	modeSingle                  // one instruction per block, nothing fused: stepping
)

// raise makes the current instruction fault without an error code.
// It returns false for the handler to return.
func (c *CPU) raise(vector uint8) bool {
	c.exit, c.pending = exitFault, fault{vector: vector}
	return false
}

// raiseErr makes the current instruction fault with an error code.
func (c *CPU) raiseErr(vector uint8, code uint32) bool {
	c.exit, c.pending = exitFault, fault{vector: vector, hasErr: true, err: code}
	return false
}

// gp0 is #GP(0), the most common of all.
func (c *CPU) gp0() bool { return c.raiseErr(VecGP, 0) }

// ud is #UD.
func (c *CPU) ud() bool { return c.raise(VecUD) }

// Register access by width. 8-bit registers 4–7 are AH CH DH BH.

// at8, at16 and at32 are registers by their byte offset in gpr, which is at
// the start of CPU (inst.d and so on). This needs a little-endian host.

func (c *CPU) at8(off uint8) *uint8   { return (*uint8)(unsafe.Add(unsafe.Pointer(c), off)) }
func (c *CPU) at16(off uint8) *uint16 { return (*uint16)(unsafe.Add(unsafe.Pointer(c), off)) }
func (c *CPU) at32(off uint8) *uint32 { return (*uint32)(unsafe.Add(unsafe.Pointer(c), off)) }

func (c *CPU) reg8(r uint8) uint8 { return uint8(c.gpr[r&3] >> (r & 4 << 1)) }

func (c *CPU) setReg8(r, v uint8) {
	sh := r & 4 << 1
	p := &c.gpr[r&3]
	*p = *p&^(0xff<<sh) | uint32(v)<<sh
}

func (c *CPU) reg16(r uint8) uint16 { return uint16(c.gpr[r&7]) }

func (c *CPU) setReg16(r uint8, v uint16) {
	p := &c.gpr[r&7]
	*p = *p&^0xffff | uint32(v)
}

func (c *CPU) reg32(r uint8) uint32 { return c.gpr[r&7] }

// regSized reads a general register of 1, 2 or 4 bytes, zero-extended.
func (c *CPU) regSized(r, size uint8) uint32 {
	switch size {
	case 1:
		return uint32(c.reg8(r))
	case 2:
		return uint32(c.reg16(r))
	}
	return c.gpr[r&7]
}

// setRegSized writes a general register of 1, 2 or 4 bytes.
func (c *CPU) setRegSized(r, size uint8, v uint32) {
	switch size {
	case 1:
		c.setReg8(r, uint8(v))
	case 2:
		c.setReg16(r, uint16(v))
	default:
		c.gpr[r&7] = v
	}
}

// inst is a decoded instruction ready to run: the record of package x86 with
// its handlers and what they need at once.
type inst struct {
	fn   fastHandler // runs it
	full handler     // runs it when fn left with exitSlow; all there is when fn is runFull
	d, s uint8       // byte offsets of the Dst and Src registers in CPU.gpr
	b, x uint8       // and of Base and Index
	rest uint8       // instructions of the block from this record on
	n    uint8       // instructions this record stands for: 2 when fused
	len2 uint8       // of a fused pair: length of both
	slow uint8       // 1 where the fast memory path does not hold; or-ed into TLB tags it makes them miss
	tag  uint32      // of a block's first record: may run while equal to CPU.tag; 0 when its bytes changed
	x86.Inst
	target uint32   // of a fused pair: where its jump goes
	to     [2]*inst // of a record that ends a block: the first records of its successors, by CPU.link
}

// A handler executes one record. It returns true to go on with the next
// record of the block, false to leave the block: c.exit then says why, and
// for exitNone c.eip and c.link say where to.
//
// Nothing the guest can see is written before the last possible fault.
type handler func(c *CPU, in *inst) bool

// A fastHandler does the same for the hot instructions where nothing special
// is in the way: it returns the record to go on with, or to leave what park
// returns. Where the fast way does not hold it leaves with miss, having done
// nothing.
//
// Returning the record rather than true keeps the loop's one variable in a
// register, which is worth a factor of two; see docs/rationale.md.
type fastHandler func(c *CPU, in *inst) *inst

// Values of CPU.link.
const (
	linkTaken    = 0 // a direct branch, taken: the block's first successor
	linkNext     = 1 // fell through: the second
	linkIndirect = 2 // a near indirect branch or return: look it up
	linkLookup   = 3 // mode, mapping or interruptibility may have changed: look around, then look it up
)
