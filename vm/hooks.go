// SPDX-License-Identifier: BSD-3-Clause

// Looking on: instruction hook and breakpoints. What is off costs nothing:
// breakpoints cut blocks, and only the instruction hook makes the machine step.

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

// SetBreakpoint makes Run return StopBreakpoint, or call the monitor, when
// execution reaches linear address la.
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
