// SPDX-License-Identifier: BSD-3-Clause
// How a system call, or a run, ended.

package guestkernel

import "fmt"

// OutcomeKind says how a system call ended.
type OutcomeKind uint8

// Outcome kinds. After those from KernelPanic on the machine stands still for good: it can be looked at, not run.
const (
	Returned      OutcomeKind = iota // back at CPL 3; Value is EAX
	Killed                           // the process is gone; Signal is what killed it, after an oops SIGSEGV
	Exited                           // the process called exit; Value is its status
	Blocked                          // the process sleeps and nothing is left that would wake it; Wait may go on later
	KernelPanic                      // panic(); Reason is its text
	TripleFault                      // the CPU shut down
	Halted                           // interrupts off and HLT: nothing can wake the CPU
	Limit                            // Config.MaxInsns instructions have run, or the log is longer than the host keeps
	Missing                          // guest code called a function that is not written; Reason names it, with arguments and caller
	Unwritten                        // an instruction that the machine lacks; Err names it
	Requested                        // somebody called vm.Machine.Stop
	InternalError                    // a broken invariant of ours; Err has the Go stack
	PoweredOff                       // a program switched the machine off
)

var outcomeNames = [...]string{"returned", "killed", "exited", "blocked", "kernel panic", "triple fault", "halted",
	"limit reached", "missing function", "unwritten instruction", "stop requested", "internal error", "powered off"}

func (o OutcomeKind) String() string { return outcomeNames[o] }

// Final says that the machine will not run any more.
func (o OutcomeKind) Final() bool { return o >= KernelPanic }

// Outcome is how a system call ended.
type Outcome struct {
	Kind   OutcomeKind
	Value  int32  // EAX, or the exit status
	Signal int    // of Killed
	EIP    uint32 // where the CPU was, for kinds that end the run
	Symbol string // what EIP lies in: "spin_init+0x2 [spin]"
	Reason string // in words
	Err    error  // of Unwritten and InternalError
}

func (o Outcome) String() string {
	s := o.Kind.String()
	switch o.Kind {
	case Returned, Exited:
		s = fmt.Sprintf("%s %d", s, o.Value)
	case Killed:
		s = fmt.Sprintf("%s by signal %d", s, o.Signal)
	}
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	if o.Err != nil {
		s += ": " + o.Err.Error()
	}
	if o.Symbol != "" {
		s += " at " + o.Symbol
	}
	return s
}
