// SPDX-License-Identifier: BSD-3-Clause

// Why the debuggee stands still.

package debugger

import (
	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

// Reason is why a move ended.
type Reason uint8

// Reasons.
const (
	ReasonStart       Reason = iota // the start of history: nothing has run, or a backward move found nothing
	ReasonStep                      // the move has got where it was going
	ReasonBreakpoint                // a breakpoint: Stop.Breakpoint
	ReasonWatch                     // watched memory was accessed: Stop.Hits
	ReasonException                 // an exception somebody waits for: Stop.Exception
	ReasonOops                      // the kernel is about to print an oops
	ReasonPanic                     // panic()
	ReasonTripleFault               // the CPU has shut down
	ReasonStandstill                // the machine cannot go on: Stop.Outcome
	ReasonEnded                     // the run is over: Stop.Outcome, Stop.Result
	ReasonInterrupted               // Interrupt was called
)

func (r Reason) String() string {
	return [...]string{"start of history", "step", "breakpoint", "watchpoint", "exception", "oops", "kernel panic",
		"triple fault", "standstill", "run ended", "interrupted"}[r]
}

// Stop says where and why the debuggee stands still.
type Stop struct {
	Reason     Reason
	Position   Position
	EIP        uint32
	Breakpoint int          // number of the breakpoint; 0: none
	Hits       []WatchHit   // watched accesses of the instruction just executed
	Exception  *Exception   // of an exception, an oops, a triple fault; else nil
	Module     *ModuleEvent // of a stop at a module's loading, init or exit; else nil
	Text       string       // of an oops or panic: its first line; of a condition that could not be evaluated: why; of a run that the host ended: why
	Frame      uint32       // of an oops: the pt_regs of the faulting code
	Outcome    *guestkernel.Outcome
	Result     *session.Result // of ReasonEnded
}

// WatchHit is one access to a watched range. Position is before the
// instruction that made it; the stop itself is behind it.
type WatchHit struct {
	Watchpoint int
	Addr       uint32 // of the access
	Size       uint32
	Write      bool
	Old, New   []byte   // content of the watched range, for writes
	EIP        uint32   // the instruction, or the function of the kernel that did it
	Host       string   // name of the modelled kernel function that wrote; empty for an instruction
	Position   Position // before the access
}

// Exception describes an exception about to be delivered.
type Exception struct {
	Vector    uint8
	HasCode   bool
	ErrorCode uint32
	CR2       uint32 // of a page fault: the address
	EIP       uint32 // the instruction
}

// ModuleEvent is a step in a module's life.
type ModuleEvent struct {
	Name string
	Addr uint32 // of its struct module
	Size uint32
	Fn   uint32 // the init or exit function
}
