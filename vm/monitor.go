// SPDX-License-Identifier: BSD-3-Clause

// The monitor: somebody who has the machine stand still between two
// instructions or at an exception, and who may then look at everything, change
// it, take a snapshot or go back to one.
//
// It is called from inside Run, at the last moment before an instruction:
// events that were due have happened, and an interrupt that wanted to be taken
// has been. So what it sees at a count does not depend on how the machine got
// there, and while nobody waits for anything it costs a comparison per slice.

package vm

// Place is a place in the history of a run: the number of instructions
// retired, and how many exceptions, interrupts and marks there have been at
// that number. Every call of the monitor has another one.
type Place struct {
	Count uint64
	Sub   uint32
}

// Monitor is called while the machine stands still. Either may be nil.
type Monitor struct {
	// Boundary is called before an instruction that somebody waits for:
	// see MonitorAt, MonitorEach, SetBreakpoint and Watch.
	Boundary func(Boundary)
	// Fault is called before an exception is delivered. EIP is that of the
	// instruction, which has changed nothing.
	Fault func(Fault)
}

// Boundary tells why the monitor is called before an instruction.
type Boundary struct {
	Break bool         // a breakpoint lies on the instruction
	Hits  []WatchEvent // watched accesses since the last call; valid during the call
}

// Fault is an exception about to be delivered.
type Fault struct {
	Vector  uint8
	HasCode bool
	Code    uint32
}

// monitor is the machine's side of it.
type monitor struct {
	on    bool
	calls Monitor
	at    uint64 // call before the first instruction at or after this count
	each  bool   // call before every instruction
	place Place  // of the last exception, interrupt or mark
	seen  Place  // of the last call
	known bool   // seen holds
	hits  []WatchEvent
}

// SetMonitor attaches a monitor; one with neither function detaches it. Run
// then no longer returns at breakpoints: the monitor is called instead.
func (m *Machine) SetMonitor(calls Monitor) {
	m.mon = monitor{on: calls.Boundary != nil || calls.Fault != nil, calls: calls, at: Forever}
	m.cpu.endSliceBy(m.cpu.now())
}

// MonitorAt has the monitor called before the first instruction at or after
// count. It replaces an earlier count; Forever is none.
func (m *Machine) MonitorAt(count uint64) {
	m.mon.at = count
	m.cpu.endSliceBy(count)
}

// MonitorEach has the monitor called before every instruction.
func (m *Machine) MonitorEach(on bool) {
	m.mon.each = on
	m.cpu.endSliceBy(m.cpu.now())
}

// Place is where the machine stands.
func (m *Machine) Place() Place {
	now := m.cpu.now()
	if m.mon.place.Count == now {
		return m.mon.place
	}
	return Place{Count: now}
}

// Mark makes what follows another place, for an event of the host's.
func (m *Machine) Mark() {
	if m.mon.on {
		m.mon.place = m.Place()
		m.mon.place.Sub++
	}
}

// look calls the monitor before the next instruction if it waits for it. mid
// says that the instruction is a repetition that goes on: breakpoints on it
// have been met. It reports whether the monitor has dealt with this place, so
// that a breakpoint here is over.
func (m *Machine) look(mid bool) (dealt bool) {
	mon, here := &m.mon, m.Place()
	if mon.known && mon.seen == here {
		return true
	}
	b := Boundary{Break: !mid && m.cpu.breakAt(), Hits: mon.hits}
	if !b.Break && !mon.each && here.Count < mon.at && len(b.Hits) == 0 {
		return false
	}
	mon.seen, mon.known = here, true
	if mon.calls.Boundary != nil {
		mon.calls.Boundary(b)
	}
	mon.hits = mon.hits[:0]
	return true
}

// lookAtFault calls the monitor before ev is delivered.
func (m *Machine) lookAtFault(ev *event) {
	m.Mark()
	if ev.kind != evFault || m.mon.calls.Fault == nil {
		return
	}
	m.mon.calls.Fault(Fault{ev.vector, ev.hasErr, ev.err})
	ev.next = m.cpu.eip
}
