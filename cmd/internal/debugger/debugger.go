// SPDX-License-Identifier: BSD-3-Clause

// The debugger: construction, its tables, and the small questions.

package debugger

import (
	"errors"
	"sync/atomic"

	"ring0/cmd/internal/session"
)

// Config says what to debug and how.
type Config struct {
	Session session.Config // modules, parameters, kernel, steps; Timeout and Trace are not used

	Resolver Resolver // nil: only symbols
	Lines    LineTable
	// Linked is told of every module as it is linked, before its init runs, and
	// again when history is executed again from the start.
	Linked func(Image)
	// Progress is called now and then on the debuggee's goroutine during long
	// moves. It may call Interrupt and nothing else of the Debugger.
	Progress func(Progress)
	// Catch says what ends a forward Continue besides breakpoints.
	Catch Catch
}

// Catch says which events stop.
type Catch struct {
	NoOops, NoPanic bool // do not stop before an oops is printed, before panic()
}

// Progress is how far a move has come.
type Progress struct {
	Direction Direction
	Replaying bool // executing again what was executed before
	At        Position
	Goal      Position // zero: unknown
}

// Debugger drives one session.
type Debugger struct {
	cfg       Config
	interrupt atomic.Bool
	stop      Stop
}

// Start boots the session's kernel and stands at the start of history, before
// the first instruction.
func Start(cfg Config) (*Debugger, error) { return nil, errNotYet }

var errNotYet = errors.New("debugger: not written yet")

// Close ends the debuggee.
func (d *Debugger) Close() error { return nil }

// Interrupt ends the move under way, soon. It may be called from any goroutine.
func (d *Debugger) Interrupt() { d.interrupt.Store(true) }

// LastStop is the stop at which the debuggee stands.
func (d *Debugger) LastStop() Stop { return d.stop }

// Position is where the debuggee stands.
func (d *Debugger) Position() Position { return d.stop.Position }

// Explored is the latest position that has been reached. What lies before it
// is known; an edit makes it the position of the edit.
func (d *Debugger) Explored() Position { return Position{} }

// SetDebugInfo sets or replaces what knows symbols and lines; breakpoints are
// resolved again.
func (d *Debugger) SetDebugInfo(r Resolver, lines LineTable) {}

// Images are the modules linked so far.
func (d *Debugger) Images() []Image { return nil }
