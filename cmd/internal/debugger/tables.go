// SPDX-License-Identifier: BSD-3-Clause

// The user's tables: breakpoints, watchpoints, bookmarks, edits.

package debugger

import (
	"errors"
	"fmt"
	"slices"
)

// Break adds an enabled breakpoint at a location and returns its number. A
// location that is nowhere yet is looked for again whenever a module is linked.
func (d *Debugger) Break(at Location) (int, error) { return d.AddBreakpoint(Breakpoint{Location: at}) }

// AddBreakpoint adds a breakpoint.
func (d *Debugger) AddBreakpoint(b Breakpoint) (int, error) {
	if b.Location.Kind > AtCount {
		return 0, fmt.Errorf("debugger: no such kind of location: %d", b.Location.Kind)
	}
	d.lastID++
	b.ID, b.Addrs = d.lastID, d.resolve(b.Location)
	d.points = append(d.points, &breakpoint{b})
	d.armed++
	return b.ID, nil
}

// AddWatchpoint adds a watchpoint. Numbers are common to both.
func (d *Debugger) AddWatchpoint(p Watchpoint) (int, error) {
	if err := p.Range.check(); err != nil {
		return 0, err
	}
	d.lastID++
	p.ID = d.lastID
	d.watched = append(d.watched, &watchpoint{p})
	d.armed++
	return p.ID, nil
}

// check refuses a range that is none.
func (r Range) check() error {
	if r.Size == 0 || r.Addr+r.Size-1 < r.Addr {
		return fmt.Errorf("debugger: %d bytes at %08x cannot be watched", r.Size, r.Addr)
	}
	return nil
}

// UpdateBreakpoint replaces what may be changed of the breakpoint b.ID.
func (d *Debugger) UpdateBreakpoint(b Breakpoint) error {
	i := slices.IndexFunc(d.points, func(p *breakpoint) bool { return p.ID == b.ID })
	if i < 0 {
		return noPoint(b.ID)
	}
	b.Hits, b.Addrs = d.points[i].Hits, d.resolve(b.Location)
	d.points[i].Breakpoint = b
	d.armed++
	return nil
}

// UpdateWatchpoint replaces what may be changed of the watchpoint p.ID.
func (d *Debugger) UpdateWatchpoint(p Watchpoint) error {
	i := slices.IndexFunc(d.watched, func(q *watchpoint) bool { return p.ID == q.ID })
	if i < 0 {
		return noPoint(p.ID)
	}
	if err := p.Range.check(); err != nil {
		return err
	}
	p.Hits = d.watched[i].Hits
	d.watched[i] = &watchpoint{p}
	d.armed++
	return nil
}

func noPoint(id int) error {
	return fmt.Errorf("debugger: there is no breakpoint or watchpoint number %d", id)
}

// Enable switches a breakpoint or watchpoint on.
func (d *Debugger) Enable(id int) error { return d.disable(id, false) }

// Disable switches one off.
func (d *Debugger) Disable(id int) error { return d.disable(id, true) }

func (d *Debugger) disable(id int, off bool) error {
	d.armed++
	for _, b := range d.points {
		if b.ID == id {
			b.Disabled = off
			return nil
		}
	}
	for _, p := range d.watched {
		if p.ID == id {
			p.Disabled = off
			return nil
		}
	}
	return noPoint(id)
}

// Delete removes one.
func (d *Debugger) Delete(id int) error {
	if !d.remove(id) {
		return noPoint(id)
	}
	return nil
}

func (d *Debugger) remove(id int) bool {
	n := len(d.points) + len(d.watched)
	d.points = slices.DeleteFunc(d.points, func(b *breakpoint) bool { return b.ID == id })
	d.watched = slices.DeleteFunc(d.watched, func(p *watchpoint) bool { return p.ID == id })
	d.armed++
	return len(d.points)+len(d.watched) < n
}

// Breakpoints are all breakpoints by number.
func (d *Debugger) Breakpoints() (all []Breakpoint) {
	for _, b := range d.points {
		all = append(all, b.Breakpoint)
	}
	return all
}

// Watchpoints are all watchpoints by number.
func (d *Debugger) Watchpoints() (all []Watchpoint) {
	for _, p := range d.watched {
		all = append(all, p.Watchpoint)
	}
	return all
}

// Bookmark is a named position.
type Bookmark struct {
	Name     string
	Position Position
}

// SetBookmark names the present position; an empty name makes one up. It
// returns the name.
func (d *Debugger) SetBookmark(name string) string {
	for n := 1; name == ""; n++ {
		made := fmt.Sprintf("mark%d", n)
		if !slices.ContainsFunc(d.bookmarks, func(b Bookmark) bool { return b.Name == made }) {
			name = made
		}
	}
	d.bookmarks = slices.DeleteFunc(d.bookmarks, func(b Bookmark) bool { return b.Name == name })
	d.bookmarks = append(d.bookmarks, Bookmark{name, d.at.place})
	slices.SortStableFunc(d.bookmarks, func(a, b Bookmark) int { return a.Position.Compare(b.Position) })
	return name
}

// DeleteBookmark forgets a name.
func (d *Debugger) DeleteBookmark(name string) error {
	i := slices.IndexFunc(d.bookmarks, func(b Bookmark) bool { return b.Name == name })
	if i < 0 {
		return fmt.Errorf("debugger: there is no bookmark %q", name)
	}
	d.bookmarks = slices.Delete(d.bookmarks, i, i+1)
	return nil
}

// Bookmarks are all bookmarks by position.
func (d *Debugger) Bookmarks() []Bookmark { return slices.Clone(d.bookmarks) }

// Edit is a change the user made. It belongs to the history: going back
// before it undoes it, executing past it makes it again. Making one forgets
// everything after its position.
type Edit struct {
	Position Position
	Register Register // of a register edit
	Value    []byte   // its content, little-endian
	Addr     uint32   // of a memory edit, with Data
	Physical bool
	Data     []byte // nil: a register edit
}

// WriteMem changes linear memory, write protected or not.
func (d *Debugger) WriteMem(addr uint32, data []byte) error {
	if n := d.w.k.Peek(addr, make([]byte, len(data))); n < len(data) {
		return fmt.Errorf("debugger: %08x is not mapped", addr+uint32(n))
	}
	return d.edit(Edit{Addr: addr, Data: slices.Clone(data)})
}

// WritePhys changes physical memory.
func (d *Debugger) WritePhys(addr uint32, data []byte) error {
	if size := d.w.m.RAMSize(); addr >= size || uint32(len(data)) > size-addr {
		return fmt.Errorf("debugger: physical %08x is not RAM", addr)
	}
	return d.edit(Edit{Addr: addr, Data: slices.Clone(data), Physical: true})
}

var (
	errNoEdit  = errors.New("debugger: the run is over: go back to change something")
	errMidCall = errors.New("debugger: the kernel's own code, which is modelled, is at work here: registers can be changed before and behind it")
)

// edit makes a change here and forgets what came after.
func (d *Debugger) edit(e Edit) error {
	switch {
	case d.at.kind == atEnd:
		return errNoEdit
	case d.at.kind == atNotice && e.Data == nil:
		return errMidCall
	case len(e.Data) == 0 && e.Data != nil:
		return nil
	}
	e.Position = d.at.place
	if err := d.w.apply(e); err != nil {
		return err
	}
	d.forgetAfter(e.Position)
	d.edits, d.stale = append(d.edits, e), true
	d.changes++
	d.stop.EIP = d.w.m.EIP()
	return nil
}

// Edits are the edits by position.
func (d *Debugger) Edits() []Edit { return slices.Clone(d.edits) }

// Changes counts the edits ever made, those that have been forgotten included: it tells that something was changed.
func (d *Debugger) Changes() int { return d.changes }
