// SPDX-License-Identifier: BSD-3-Clause

// Package explain says in one line what the instruction at which a machine stands is about to do, with the values it will
// do it with:
//
//	loads 4 bytes from 0x00000008: not mapped → page fault, error code 0; in the module's exception table → continues at fixup 0xc8801140
//
// It reads our own decoder's record and the machine's state, and changes nothing. What it says is also there as data, which
// the tests hold against what then happens.
package explain

import (
	"ring0/cmd/internal/debuginfo"
	"ring0/guestkernel"
	"ring0/vm"
	"ring0/vm/x86"
)

// Explainer explains instructions of one machine. Kernel and Symbols may be nil: a bare machine has neither.
type Explainer struct {
	Machine *vm.Machine
	Kernel  *guestkernel.Kernel
	Symbols *debuginfo.Table
}

// Explanation is what the next instruction does.
type Explanation struct {
	Text        string // one line, no full stop
	Inst        x86.Inst
	OK          bool // there is an instruction: it could be fetched and decoded
	Next        Next
	Fault       *Fault // the exception it ends in, or nil
	Reads       []Access
	Writes      []Access // in the order they happen; complete when WritesKnown
	WritesKnown bool
	Regs        []Register // general registers it changes, with their new values; complete when RegsKnown
	RegsKnown   bool
}

// Next is where execution goes on.
type Next struct {
	EIP   uint32
	Known bool
	Taken bool // of a conditional jump
}

// Fault is an exception.
type Fault struct {
	Vector  uint8
	Code    uint32 // error code
	HasCode bool
	Addr    uint32 // of a page fault: CR2
	Fixup   uint32 // where the exception table makes it continue; 0 for none
}

// Access is a memory access of the instruction, by linear address.
type Access struct {
	Addr  uint32
	Size  uint32
	Value uint64 // of a write of at most 8 bytes
	Known bool   // Value holds
}

// Register is a general register with its new value.
type Register struct {
	Number uint8
	Value  uint32
}
