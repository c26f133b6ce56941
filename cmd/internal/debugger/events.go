// SPDX-License-Identifier: BSD-3-Clause

// The timeline: what happened when, as far as it has been explored.

package debugger

import "ring0/guestkernel"

// EventKind says what an Event is.
type EventKind uint8

// Kinds of events.
const (
	EventModuleLoad    EventKind = iota
	EventModuleInit              // its init is called
	EventModuleRunning           // its init has returned 0
	EventModuleFailed            // its init has returned something else
	EventModuleExit              // its cleanup is called
	EventModuleGone
	EventSyscall
	EventPrintk
	EventException // one raised by code at CPL 0
	EventOops
	EventPanic
	EventTripleFault
	EventStandstill // the machine cannot go on
	EventEnded
	EventEdit
	EventStop // somebody stopped here
)

func (k EventKind) String() string {
	return [...]string{"module load", "module init", "module running", "module failed", "module exit", "module gone", "system call", "printk",
		"exception", "oops", "panic", "triple fault", "standstill", "run ended", "edit", "stop"}[k]
}

// Event is one thing on the timeline.
type Event struct {
	Kind     EventKind
	Position Position
	Text     string // in words: the module's name, the log line, the decoded system call
}

// KernelCall is a call of a modelled function, decoded.
type KernelCall struct {
	guestkernel.TraceEvent
	Position Position
}
