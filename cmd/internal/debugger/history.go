// SPDX-License-Identifier: BSD-3-Clause

// The history as far as it is known: events, kernel calls, edits.

package debugger

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strings"

	"ring0/guestkernel"
)

// maxCalls bounds the calls kept; beyond it the older half goes.
const maxCalls = 200_000

// history is what has been seen up to explored. Executing again adds nothing.
type history struct {
	explored Position
	events   []Event
	calls    []KernelCall
	stops    []Event // EventStop; not events of the run

	timeline []Event // all of them in order, as Events gives them
	stale    bool    // it has to be made again
}

// record adds what happens at m, if it is new.
func (d *Debugger) record(w *world, m *moment) {
	if m.kind == atNotice {
		d.noteModule(m.notice)
	}
	if !d.explored.Before(m.place) {
		return
	}
	d.explored = m.place
	if kind, text, ok := eventOf(w, m); ok {
		d.addEvent(Event{kind, m.place, text})
	}
}

// addEvent adds one of the run.
func (d *Debugger) addEvent(e Event) { d.events, d.stale = append(d.events, e), true }

// eventOf is the event that a moment is.
func eventOf(w *world, m *moment) (kind EventKind, text string, ok bool) {
	switch m.kind {
	case atEnd:
		if m.err != nil {
			return EventEnded, m.err.Error(), true
		}
		return EventEnded, m.result.Verdict.String(), true
	case atFault:
		if w.m.CPL() != 0 {
			return 0, "", false
		}
		return EventException, w.exception(m).String(), true
	case atNotice:
		kinds := map[guestkernel.NoticeKind]EventKind{
			guestkernel.ModuleLoaded: EventModuleLoad, guestkernel.ModuleRunning: EventModuleRunning,
			guestkernel.ModuleFailed: EventModuleFailed, guestkernel.ModuleLeaves: EventModuleExit,
			guestkernel.ModuleGone: EventModuleGone, guestkernel.LogWritten: EventPrintk,
			guestkernel.OopsBegins: EventOops, guestkernel.PanicBegins: EventPanic, guestkernel.RunEnds: EventStandstill,
		}
		kind = kinds[m.notice.Kind]
		if o := m.notice.Outcome; o != nil && o.Kind == guestkernel.TripleFault {
			kind = EventTripleFault
		}
		return kind, strings.TrimRight(m.notice.Describe(), "\n"), true
	}
	return 0, "", false
}

// traced records a call of a modelled function.
func (w *world) traced(e guestkernel.TraceEvent) {
	d, here := w.d, w.here()
	if !d.explored.Before(here) || w.abandoned {
		return
	}
	if len(d.calls) >= maxCalls {
		d.calls = slices.Clone(d.calls[maxCalls/2:])
	}
	d.calls = append(d.calls, KernelCall{e, here})
	if e.Kind == guestkernel.TraceCall && strings.HasPrefix(e.Name, "sys_") {
		d.addEvent(Event{EventSyscall, here, e.Name + "(" + e.Args + ")"})
	}
}

// forgetAfter drops what lies behind p: it will not happen any more.
func (d *Debugger) forgetAfter(p Position) {
	d.explored, d.stale = p, true
	d.events = dropBehind(d.events, p, func(e Event) Position { return e.Position })
	d.calls = dropBehind(d.calls, p, func(c KernelCall) Position { return c.Position })
	d.stops = dropBehind(d.stops, p, func(e Event) Position { return e.Position })
	d.edits = dropBehind(d.edits, p, func(e Edit) Position { return e.Position })
	d.bookmarks = slices.DeleteFunc(d.bookmarks, func(b Bookmark) bool { return p.Before(b.Position) })
	d.samples = sampleWindow{}
}

// dropBehind cuts an ordered list behind p.
func dropBehind[T any](list []T, p Position, at func(T) Position) []T {
	n := len(list)
	for n > 0 && p.Before(at(list[n-1])) {
		n--
	}
	clear(list[n:])
	return list[:n]
}

// Events are all events explored so far, in order, those after the present
// position included. The list is not to be changed.
func (d *Debugger) Events() []Event {
	if !d.stale {
		return d.timeline
	}
	all := slices.Concat(d.events, d.stops)
	for _, e := range d.edits {
		all = append(all, Event{EventEdit, e.Position, e.String()})
	}
	slices.SortStableFunc(all, func(a, b Event) int { return a.Position.Compare(b.Position) })
	d.timeline, d.stale = all, false
	return all
}

// Calls are the calls of modelled functions up to here, in order; of very many
// the last ones.
func (d *Debugger) Calls() []KernelCall {
	n := sort.Search(len(d.calls), func(i int) bool { return d.at.place.Before(d.calls[i].Position) })
	return d.calls[:n:n]
}

// nextEdit is the position of the first edit at or after p.
func (d *Debugger) nextEdit(p Position) (Position, bool) {
	for _, e := range d.edits {
		if !e.Position.Before(p) {
			return e.Position, true
		}
	}
	return Position{}, false
}

// replayEdits makes the edits of a place again.
func (w *world) replayEdits(at Position) {
	for _, e := range w.d.edits {
		if e.Position != at {
			continue
		}
		if err := w.apply(e); err != nil {
			panic(fmt.Sprintf("debugger: history is not what it was: %v at %v: %v", e, at, err))
		}
	}
}

// apply makes a change. One that is refused has changed nothing.
func (w *world) apply(e Edit) error {
	switch {
	case e.Data != nil && e.Physical:
		w.m.WritePhys(e.Addr, e.Data)
	case e.Data != nil:
		w.k.Poke(e.Addr, e.Data)
	default:
		return registerRows[e.Register].set(w.m, e.Value)
	}
	return nil
}

// String is the edit as it would be typed.
func (e Edit) String() string {
	switch {
	case e.Data == nil:
		value := slices.Clone(e.Value)
		slices.Reverse(value)
		digits := strings.TrimLeft(hex.EncodeToString(value), "0")
		return fmt.Sprintf("%s = 0x%s", e.Register, cmp.Or(digits, "0"))
	case e.Physical:
		return fmt.Sprintf("physical %#x = % x", e.Addr, e.Data)
	}
	return fmt.Sprintf("%#x = % x", e.Addr, e.Data)
}
