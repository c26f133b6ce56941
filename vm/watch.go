// SPDX-License-Identifier: BSD-3-Clause

// Watched memory: accesses reported once each, after they have happened, with
// the exact EIP.
//
// Pages with watched bytes leave the fast memory path. An access that meets
// some makes its instruction leave the block before it has changed anything,
// as a fault would; it is then executed by itself, and what it accesses is
// reported when it is done.

package vm

import "bytes"

// WatchEvent is one access to a watched range.
type WatchEvent struct {
	Range *Watched
	Addr  uint32 // linear address of the access
	Size  uint8
	Value uint64 // of 16 bytes the lower half
	Write bool
	EIP   uint32 // of the instruction; of an interrupt's or exception's frame, where that came

	// For the monitor only.
	Place    Place  // of the instruction
	Old, New []byte // of a write: the range's content before and after, as far as it was mapped
	Host     bool   // a hypercall wrote: Addr and Size are the range's, EIP is behind the hypercall
}

// Watched is a range of linear addresses that is watched.
type Watched struct {
	First, Last uint32 // inclusive
	Read, Write bool   // which accesses

	Fn func(WatchEvent) // told at once, inside the instruction; nil: the monitor is, at the next one

	content []byte // of a range of the monitor's, when it was last looked at; nil: not mapped
}

// watchList holds the watched ranges.
type watchList struct {
	ranges []*Watched
	single bool  // one instruction is executed by itself: accesses may happen
	from   Place // of that instruction
}

// Watch watches [first, last] until Unwatch. Accesses are reported to the
// monitor at the next instruction.
func (m *Machine) Watch(w Watched) *Watched {
	m.watch.ranges = append(m.watch.ranges, &w)
	m.watchChanged()
	w.content = m.watchedContent(&w)
	return &w
}

// Unwatch ends what Watch began.
func (m *Machine) Unwatch(w *Watched) {
	keep := m.watch.ranges[:0]
	for _, r := range m.watch.ranges {
		if r != w {
			keep = append(keep, r)
		}
	}
	clear(m.watch.ranges[len(keep):])
	m.watch.ranges = keep
	m.watchChanged()
}

// watchChanged gives the pages their tags.
func (m *Machine) watchChanged() {
	m.cpu.debugChanged()
	m.cpu.flushTLB()
}

// meets reports that [la, la+size) is watched for the kind of access.
func (w *watchList) meets(la, size uint32, acc access) bool {
	last := la + size - 1
	for _, r := range w.ranges {
		if la <= r.Last && r.First <= last && r.wants(acc) {
			return true
		}
	}
	return false
}

func (r *Watched) wants(acc access) bool {
	return acc&accWrite != 0 && r.Write || acc&accWrite == 0 && r.Read
}

// watchesPage reports that the page at lp has watched bytes.
func (w *watchList) watchesPage(lp uint32) bool {
	for _, r := range w.ranges {
		if lp <= r.Last && r.First <= lp|pageMask {
			return true
		}
	}
	return false
}

// mustStep makes the instruction leave its block when it is about to access
// watched memory and is not executed by itself. It comes where a page fault
// would.
func (c *CPU) mustStep(la, size uint32, acc access) bool {
	w := &c.m.watch
	if len(w.ranges) == 0 || w.single || !w.meets(la, size, acc) {
		return false
	}
	c.exit = exitWatch
	return true
}

// stepWatched executes the one instruction that left with exitWatch.
func (c *CPU) stepWatched() {
	c.exit = exitNone
	c.stepInst()
}

// watchHit reports a completed access to whoever watches it.
func (m *Machine) watchHit(la uint32, size uint8, v uint64, acc access) {
	if m.cpu.sys.attn&attnData != 0 {
		m.cpu.noteData(la, size, acc)
	}
	if len(m.watch.ranges) == 0 {
		return
	}
	last := la + uint32(size) - 1
	for _, r := range m.watch.ranges {
		if la > r.Last || r.First > last || !r.wants(acc) {
			continue
		}
		e := WatchEvent{Range: r, Addr: la, Size: size, Value: v, Write: acc&accWrite != 0, EIP: m.cpu.eip}
		if r.Fn != nil {
			r.Fn(e)
			continue
		}
		e.Place = m.Place()
		if m.watch.single {
			e.Place = m.watch.from
		}
		if e.Write {
			e.Old, e.New = r.content, m.watchedContent(r)
			r.content = e.New
		}
		m.mon.hits = append(m.mon.hits, e)
		m.cpu.endSliceBy(m.cpu.now())
	}
}

// watchedContent reads a range of the monitor's that is watched for writing;
// nil when not all of it is mapped.
func (m *Machine) watchedContent(r *Watched) []byte {
	if r.Fn != nil || !r.Write {
		return nil
	}
	b := make([]byte, r.Last-r.First+1)
	if m.ReadLinear(r.First, b) < len(b) {
		return nil
	}
	return b
}

// hostWrites reports what hypercalls have written into watched ranges. What
// was not mapped before, or is not now, has not been written.
func (m *Machine) hostWrites() {
	for _, r := range m.watch.ranges {
		now := m.watchedContent(r)
		if now == nil {
			continue
		}
		if r.content != nil && !bytes.Equal(r.content, now) {
			m.mon.hits = append(m.mon.hits, WatchEvent{Range: r, Addr: r.First, Size: uint8(min(len(now), 255)), Write: true,
				EIP: m.cpu.eip, Place: m.Place(), Old: r.content, New: now, Host: true})
			m.cpu.endSliceBy(m.cpu.now())
		}
		r.content = now
	}
}

// rereadWatched forgets what has been written: the machine is in another state.
func (m *Machine) rereadWatched() {
	for _, r := range m.watch.ranges {
		r.content = m.watchedContent(r)
	}
}
