// SPDX-License-Identifier: BSD-3-Clause

// Package unwind finds the calls that led to where a machine stands: through functions with call frame information, with a
// frame pointer and without; through interrupts, exceptions and system calls; through the kernel functions that are
// modelled and have no code; up to user mode. Stacks are hostile: every step is bounded and goes upwards.
package unwind

import (
	"ring0/cmd/internal/debuginfo"
	"ring0/guestkernel"
	"ring0/vm"
)

// Kind says what made a frame.
type Kind uint8

// Kinds of frames.
const (
	Call      Kind = iota // a function that was called, or the one the machine stands in
	Inlined               // a function compiled into the frame after it
	Modelled              // a kernel function that is written in Go: at its slot, or where it called guest code
	EntryCode             // guest entry code behind an interrupt, exception or system call; what it interrupted comes next
)

// Method says how a frame's caller was found.
type Method uint8

// Methods, the surest first.
const (
	Start        Method = iota // the machine's own state
	CFI                        // call frame information
	Model                      // what the kernel model knows of its calls
	TrapFrame                  // the registers that entry code saved
	Code                       // the instructions up to the function's return
	FramePointer               // EBP
	Scan                       // the nearest word on the stack that a call can have left: a guess
)

var methodNames = [...]string{"state", "frame information", "kernel model", "saved registers", "code", "frame pointer", "guess"}

func (m Method) String() string { return methodNames[m] }

// Registers are EAX ECX EDX EBX ESP EBP ESI EDI as they were in a frame; Known has a bit for each that is certain.
type Registers struct {
	GPR   [8]uint32
	Known uint8
}

// Frame is one line of a backtrace.
type Frame struct {
	Level    int
	Kind     Kind
	PC       uint32 // the instruction that runs, or that a called function returns to
	CFA      uint32 // the stack pointer before the call of this function; 0 when not known
	Regs     Registers
	Ring     int    // CPL the frame runs at
	Method   Method // how it was found
	Function string // "" when no symbol is known
	Offset   uint32 // of PC in Function
	Module   string // "" for the kernel
	File     string // "" without line numbers
	Line     int
	Trap     string              // of EntryCode: "page fault", "interrupt 4", "system call getpid"
	Fn       *debuginfo.Function // nil without debug information
	Inline   *debuginfo.Inline   // of an Inlined frame: the call it is

	called bool // PC is a return address: what runs is the call before it
	u      *Unwinder
	up     *Frame // the caller, nil for the outermost frame found
	lazy   *state // of Top's frame: from where to look for CFA and up
}

// Unwinder reads one machine. Kernel may be nil: then only frames of plain code are found.
type Unwinder struct {
	Machine *vm.Machine
	Kernel  *guestkernel.Kernel
	Symbols *debuginfo.Table
}

// MaxFrames bounds a backtrace.
const MaxFrames = 256

// Backtrace lists the frames of the running code, innermost first: at most limit, and at most MaxFrames. There is always
// one. truncated says that there are more.
func (u *Unwinder) Backtrace(limit int) (frames []*Frame, truncated bool) {
	return u.walk(u.here(), limit)
}

// Top is the innermost frame alone. What is above it is looked for when somebody asks: conditions of breakpoints are
// evaluated often and mostly ask for registers.
func (u *Unwinder) Top() *Frame {
	s := u.here()
	f := u.frame(s)
	f.u, f.lazy = u, &s
	return u.inlined(f)[0]
}

// here is the machine's own state.
func (u *Unwinder) here() state {
	m := u.Machine
	s := state{pc: m.EIP() + m.SegmentRaw(vm.CS).Base, ring: m.CPL()}
	for r := range s.regs.GPR {
		s.regs.GPR[r] = m.Reg(r)
	}
	s.regs.Known = allKnown
	return s
}

// BacktraceTask lists the frames of a task that does not run.
func (u *Unwinder) BacktraceTask(t *guestkernel.Task, limit int) (frames []*Frame, truncated bool) {
	if t == u.Kernel.Running() {
		return u.Backtrace(limit)
	}
	regs, eip := t.Waiting()
	return u.walk(state{pc: eip, regs: Registers{GPR: regs, Known: allKnown}}, limit)
}
