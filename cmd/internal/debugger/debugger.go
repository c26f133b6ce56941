// SPDX-License-Identifier: BSD-3-Clause

// The debugger: construction, its tables, and the small questions.

package debugger

import (
	"sync/atomic"

	"ring0/cmd/internal/hostfile"
	"ring0/cmd/internal/session"
	"ring0/guestkernel"
)

// Config says what to debug and how.
type Config struct {
	Session session.Config // modules, parameters, kernel, steps; Timeout and Trace are not used

	Resolver Resolver // nil: only symbols
	Lines    LineTable
	// Unwind finds the caller of where v stands: the return address, and ESP once it has returned. nil, or ok false:
	// Finish watches calls and returns instead, which is slower.
	Unwind func(v View) (ret, esp uint32, ok bool)
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
	files     map[string][]byte // modules as they were first read

	w    *world
	at   moment // where it stands
	stop Stop

	points  []*breakpoint
	watched []*watchpoint
	lastID  int
	armed   int          // changes with the tables
	modules []moduleInfo // whose init has been about to be called, by age

	every uint64 // instructions between checkpoints

	history
	samples   sampleWindow
	edits     []Edit
	changes   int // edits ever made
	bookmarks []Bookmark
}

// moduleInfo is what the core knows of a module's functions.
type moduleInfo struct {
	name          string
	addr, size    uint32
	init, cleanup uint32
}

// Start boots the session's kernel and stands at the start of history, before
// the first instruction.
func Start(cfg Config) (*Debugger, error) {
	d := &Debugger{cfg: cfg, files: map[string][]byte{}, every: checkpointEvery}
	if err := d.boot(); err != nil {
		return nil, err
	}
	d.settle(ReasonStart)
	return d, nil
}

// boot makes a world, in place of the one there was.
func (d *Debugger) boot() error {
	w, first, err := newWorld(d)
	if err != nil {
		return err // the old one still stands
	}
	if d.w != nil {
		d.w.abandon()
	}
	d.w, d.at = w, first
	return nil
}

// Close ends the debuggee.
func (d *Debugger) Close() error {
	if d.w != nil {
		d.w.abandon()
		d.w = nil
	}
	return nil
}

// readFile reads a module once: history must not change with the file.
func (d *Debugger) readFile(name string) ([]byte, error) {
	if data, known := d.files[name]; known {
		return data, nil
	}
	data, err := hostfile.Read(name, hostfile.Object)
	if err == nil {
		d.files[name] = data
	}
	return data, err
}

// Interrupt ends the move under way, soon. It may be called from any goroutine.
func (d *Debugger) Interrupt() { d.interrupt.Store(true) }

// LastStop is the stop at which the debuggee stands.
func (d *Debugger) LastStop() Stop { return d.stop }

// Position is where the debuggee stands.
func (d *Debugger) Position() Position { return d.stop.Position }

// Explored is the latest position that has been reached. What lies before it
// is known; an edit makes it the position of the edit.
func (d *Debugger) Explored() Position { return d.explored }

// SetDebugInfo sets or replaces what knows symbols and lines; breakpoints are
// resolved again.
func (d *Debugger) SetDebugInfo(r Resolver, lines LineTable) {
	d.cfg.Resolver, d.cfg.Lines = r, lines
	d.resolveAll()
}

// SetUnwind sets or replaces Config.Unwind.
func (d *Debugger) SetUnwind(f func(View) (ret, esp uint32, ok bool)) { d.cfg.Unwind = f }

// SetCatch replaces Config.Catch.
func (d *Debugger) SetCatch(c Catch) { d.cfg.Catch = c }

// Images are the modules linked so far.
func (d *Debugger) Images() []Image { return d.w.images }

// imageLinked is called on the debuggee's goroutine.
func (d *Debugger) imageLinked(w *world) {
	if d.cfg.Linked != nil {
		d.cfg.Linked(w.images[len(w.images)-1])
	}
	d.resolveAll()
}

// Kernel is the debuggee's kernel; another one after history was executed
// again from the start.
func (d *Debugger) Kernel() *guestkernel.Kernel { return d.w.k }
