// SPDX-License-Identifier: BSD-3-Clause

// Snapshots: going back to an earlier state of the machine.
//
// A snapshot keeps the processor's state, the events on the clock, and the
// content that pages had before they were first written after it. Memory is
// watched through the line states: a page nobody has saved yet has lineUnsaved
// on all its lines, so the first write leaves the fast path and saves it. While
// there is no snapshot no line has that state and nothing is different.

package vm

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
)

// lineUnsaved marks the lines of pages not written since the last snapshot.
const lineUnsaved = 1 << 1

// Snapshot is a state of a machine to go back to. Devices are not part of it:
// whoever owns them keeps their state beside it.
type Snapshot struct {
	state  State
	events []savedEvent
	seq    uint64
	place  Place
	hooks  savedHooks
	before map[uint32][]byte // by slab page: content at the time of the snapshot
}

// savedEvent is an event that was scheduled.
type savedEvent struct {
	event   *Event
	at, seq uint64
}

// Now is the instruction count at which the snapshot was taken.
func (s *Snapshot) Now() uint64 { return s.state.Now }

// Place is the place at which the snapshot was taken.
func (s *Snapshot) Place() Place {
	if s.place.Count == s.state.Now {
		return s.place
	}
	return Place{Count: s.state.Now}
}

// Holds tells whether s can be restored: it is this machine's and was not forgotten.
func (m *Machine) Holds(s *Snapshot) bool { return slices.Contains(m.snapshots, s) }

// Pages is how many pages have been saved for the snapshot so far.
func (s *Snapshot) Pages() int { return len(s.before) }

// Snapshot records the present state. It may be called while the machine
// stands still. Its cost is in proportion to the pages written afterwards.
func (m *Machine) Snapshot() *Snapshot {
	s := &Snapshot{state: m.State(), seq: m.events.seq, place: m.mon.place, hooks: m.saveHooks(), before: map[uint32][]byte{}}
	for _, e := range m.events.heap {
		s.events = append(s.events, savedEvent{e, e.at, e.seq})
	}
	m.snapshots = append(m.snapshots, s)
	m.markUnsaved()
	return s
}

// markUnsaved makes the first write to each page leave the fast path.
func (m *Machine) markUnsaved() {
	const everywhere = lineUnsaved * 0x0101010101010101
	lines := m.phys.lines
	for ; len(lines) >= 8; lines = lines[8:] {
		binary.NativeEndian.PutUint64(lines, binary.NativeEndian.Uint64(lines)|everywhere)
	}
	for i := range lines {
		lines[i] |= lineUnsaved
	}
	m.cpu.retagAll()
}

// savePages keeps the pages of [off, off+n) for the newest snapshot.
func (m *Machine) savePages(off, n uint32) {
	s := m.snapshots[len(m.snapshots)-1]
	for page := off >> pageShift; page <= (off+n-1)>>pageShift; page++ {
		at := page << pageShift
		if m.phys.lines[at>>lineShift]&lineUnsaved == 0 {
			continue
		}
		s.before[page] = slices.Clone(m.phys.slab[at : at+pageSize])
		for l := at >> lineShift; l < (at+pageSize)>>lineShift; l++ {
			m.phys.lines[l] &^= lineUnsaved
		}
		m.cpu.retagOffset(at)
	}
}

// Restore brings the machine back to s, which stays usable; snapshots taken
// after it are forgotten. It reports false when s is not this machine's or was
// forgotten.
func (m *Machine) Restore(s *Snapshot) bool {
	i := slices.Index(m.snapshots, s)
	if i < 0 {
		return false
	}
	for j := len(m.snapshots) - 1; j >= i; j-- {
		m.undo(m.snapshots[j])
	}
	clear(m.snapshots[i+1:])
	m.snapshots = m.snapshots[:i+1]
	m.SetState(&s.state)
	m.cpu.stopping, m.cpu.exit = false, exitNone
	m.events.restore(s)
	m.mon.place, m.mon.known, m.mon.hits = s.place, false, m.mon.hits[:0]
	m.watch.single = false
	m.restoreHooks(s.hooks)
	m.rereadWatched()
	return true
}

// undo writes back what pages held at the time of s.
func (m *Machine) undo(s *Snapshot) {
	for page, old := range s.before {
		at := page << pageShift
		m.dropChangedCode(at, old)
		copy(m.phys.slab[at:], old)
		for l := at >> lineShift; l < (at+pageSize)>>lineShift; l++ {
			m.phys.lines[l] |= lineUnsaved
		}
	}
	clear(s.before)
}

// dropChangedCode drops cached code of the page at slab offset at where it
// differs from old. That is no rewriting by the program: the page may be
// cached as before.
func (m *Machine) dropChangedCode(at uint32, old []byte) {
	cache := &m.cpu.cache
	page := cache.pages[at>>pageShift]
	if page == nil {
		return
	}
	churn := page.churn
	for off := uint32(0); off < pageSize; off += lineSize {
		if !bytes.Equal(old[off:off+lineSize], m.phys.slab[at+off:at+off+lineSize]) {
			cache.invalidate(m.phys, at+off, lineSize)
		}
	}
	page.churn = churn
}

// Forget drops s; what it would have brought back stays reachable from the
// snapshot before it.
func (m *Machine) Forget(s *Snapshot) {
	i := slices.Index(m.snapshots, s)
	if i < 0 {
		return
	}
	if i > 0 {
		earlier := m.snapshots[i-1].before
		for page, old := range s.before {
			if _, has := earlier[page]; !has {
				earlier[page] = old
			}
		}
	}
	m.snapshots = slices.Delete(m.snapshots, i, i+1)
	if len(m.snapshots) == 0 {
		for l := range m.phys.lines {
			m.phys.lines[l] &^= lineUnsaved
		}
		m.cpu.retagAll()
	}
}

// savedHooks are the probes and watches of who owns the machine's software.
// What the monitor waits for is its own affair.
type savedHooks struct {
	probes  map[uint32]func()
	watches []*Watched
}

func (m *Machine) saveHooks() (s savedHooks) {
	s.probes = maps.Clone(m.cpu.cache.probes)
	for _, w := range m.watch.ranges {
		if w.Fn != nil {
			s.watches = append(s.watches, w)
		}
	}
	return s
}

func (m *Machine) restoreHooks(s savedHooks) {
	ranges := slices.Clone(s.watches)
	for _, w := range m.watch.ranges {
		if w.Fn == nil {
			ranges = append(ranges, w)
		}
	}
	m.watch.ranges = ranges
	m.watchChanged()
	bc := &m.cpu.cache
	if len(s.probes)+len(bc.probes) > 0 {
		bc.probes = maps.Clone(s.probes)
		bc.flush(m.phys)
	}
}

// restore puts the queue back to what it was.
func (q *eventQueue) restore(s *Snapshot) {
	for _, e := range q.heap {
		e.index = -1
	}
	q.heap = q.heap[:0]
	q.seq = s.seq
	for _, e := range s.events {
		e.event.at, e.event.seq = e.at, e.seq
		q.push(e.event)
	}
}

// retagAll recomputes the tags of all TLB entries.
func (c *CPU) retagAll() {
	c.eachTranslation(func(e *tlbEntry, in *tlbInfo) {
		in.phys = in.phys&^tlbLook | c.pageLook(in.phys&^pageMask)
		c.tagEntry(e, in)
	})
}
