// SPDX-License-Identifier: BSD-3-Clause
// A frame as what locations of variables are evaluated in.

package unwind

import "ring0/cmd/internal/debuginfo"

// The DWARF number of EIP; the general registers have their own.
const dwarfEIP = 8

// LookupPC implements debuginfo.FrameContext: an address inside the instruction the frame is at.
func (f *Frame) LookupPC() uint32 { return f.lookupPC() }

// Register implements debuginfo.FrameContext.
func (f *Frame) Register(n int) (uint32, bool) {
	switch {
	case n == dwarfEIP:
		return f.PC, true
	case n < 0 || n >= len(f.Regs.GPR) || f.Regs.Known>>n&1 == 0:
		return 0, false
	}
	return f.Regs.GPR[n], true
}

// FrameBase implements debuginfo.FrameContext.
func (f *Frame) FrameBase() (uint32, bool) {
	f.look()
	return f.CFA, f.CFA != 0
}

// look finds what Top has left out.
func (f *Frame) look() {
	s := f.lazy
	if s == nil {
		return
	}
	f.lazy = nil
	physical := f.u.frame(*s)
	if next, ok := f.u.caller(physical, *s); ok {
		f.up = f.u.frame(next)
		f.up.u = f.u
	}
	f.CFA = physical.CFA
}

// ReadMemory implements debuginfo.FrameContext.
func (f *Frame) ReadMemory(addr uint32, b []byte) int { return f.u.read(addr, b) }

// Caller implements debuginfo.FrameContext.
func (f *Frame) Caller() (debuginfo.FrameContext, *debuginfo.CallSite) {
	f.look()
	if f.up == nil || !f.up.called || f.u.Symbols == nil {
		return nil, nil
	}
	m := f.u.Symbols.ModuleAt(f.up.PC)
	if m == nil {
		return nil, nil
	}
	return f.up, m.CallSiteAt(f.up.PC)
}

// Vars lists the variables that code of the frame sees; of an inlined call and of the function around it only their own.
func (f *Frame) Vars() []*debuginfo.Variable {
	if f.Fn == nil {
		return nil
	}
	vars := f.Fn.Vars
	if f.Inline != nil {
		vars = f.Inline.Vars
	}
	return debuginfo.Visible(vars, f.lookupPC())
}

// Outer is the frame of the function, inlined or not, that an inlined one was compiled into.
func (f *Frame) Outer() *Frame {
	outer := *f
	outer.Inline, outer.Kind, outer.Function = nil, Call, f.Fn.Name
	for _, in := range f.Fn.InlinedAt(f.lookupPC()) {
		if in.Depth < f.Inline.Depth {
			outer.Inline, outer.Kind, outer.Function = in, Inlined, in.Name
		}
	}
	return &outer
}
