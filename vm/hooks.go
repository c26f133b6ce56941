// SPDX-License-Identifier: BSD-3-Clause

// Looking on: instruction hook, breakpoints, watched ranges. What is off
// costs nothing: breakpoints cut blocks, watched lines leave the fast memory
// path, and only the instruction hook makes the machine step.

package vm

import "ring0/vm/x86"

type hooks struct {
	instr func(in *x86.Inst)
}

// SetInstrHook calls fn before each instruction (nil switches it off). The
// machine may be read and changed, and Stop called, from fn; the record is
// valid during the call.
func (m *Machine) SetInstrHook(fn func(in *x86.Inst)) {
	m.hooks.instr = fn
	m.cpu.endSliceBy(m.cpu.now())
}

// SetBreakpoint makes Run return StopBreakpoint when execution reaches
// linear address la.
func (m *Machine) SetBreakpoint(la uint32) {
	bc := &m.cpu.cache
	if bc.breaks == nil {
		bc.breaks = make(map[uint32]struct{})
	}
	bc.breaks[la] = struct{}{}
	bc.flush(m.phys)
}

// ClearBreakpoint removes a breakpoint.
func (m *Machine) ClearBreakpoint(la uint32) {
	delete(m.cpu.cache.breaks, la)
	m.cpu.cache.flush(m.phys)
}

// WatchEvent is one access to a watched range.
type WatchEvent struct {
	Addr  uint32 // linear address of the access
	Size  uint8
	Value uint64 // of 16 bytes the lower half
	Write bool
	EIP   uint32 // of the instruction
}

// watchList holds the watched linear ranges.
type watchList struct {
	ranges []watchRange
}

type watchRange struct {
	first, last uint32
	fn          func(WatchEvent)
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
		if la <= r.last && r.first <= last {
			r.fn(WatchEvent{la, size, v, acc&accWrite != 0, m.cpu.eip})
		}
	}
}
