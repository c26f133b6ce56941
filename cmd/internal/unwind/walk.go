// SPDX-License-Identifier: BSD-3-Clause
// The walk up the stack.

package unwind

import (
	"encoding/binary"
	"fmt"

	"ring0/cmd/internal/debuginfo"
	"ring0/guestkernel"
	"ring0/guestkernel/abi"
	"ring0/vm"
)

const allKnown = 0xff

// calleeSaved are EBX, ESP, EBP, ESI and EDI: what a C function gives back as it found it.
const calleeSaved = 1<<vm.EBX | 1<<vm.ESP | 1<<vm.EBP | 1<<vm.ESI | 1<<vm.EDI

// state is a place in the chain of calls: where it goes on, with which registers.
type state struct {
	pc     uint32
	regs   Registers
	ring   int
	called bool // pc is a return address
	method Method
}

func (s *state) esp() uint32 { return s.regs.GPR[vm.ESP] }

// known says whether a register's value is certain.
func (s *state) known(r int) bool { return s.regs.Known>>r&1 != 0 }

// set gives a register a certain value.
func (s *state) set(r int, v uint32) {
	s.regs.GPR[r] = v
	s.regs.Known |= 1 << r
}

// walk follows the calls from a state.
func (u *Unwinder) walk(s state, limit int) (frames []*Frame, truncated bool) {
	limit = max(1, min(limit, MaxFrames))
	for {
		physical := u.frame(s)
		first := len(frames)
		frames = append(frames, u.inlined(physical)...)
		for i, f := range frames {
			f.u = u
			if i >= first {
				f.Level = i
			} else if f.up == nil {
				f.up = physical
			}
		}
		next, ok := u.caller(physical, s)
		for _, f := range frames[first:] {
			f.CFA = physical.CFA
		}
		if len(frames) > limit || len(frames) == limit && ok {
			return frames[:limit], true
		}
		if !ok {
			return frames, false
		}
		s = next
	}
}

// frame makes the frame of a state.
func (u *Unwinder) frame(s state) *Frame {
	f := &Frame{PC: s.pc, Regs: s.regs, Ring: s.ring, Method: s.method, called: s.called}
	at := f.lookupPC()
	if u.Symbols != nil {
		f.Fn = u.Symbols.FunctionAt(at)
		if symbol, _, ok := u.Symbols.SymbolAt(at); ok {
			f.Function, f.Module, f.Offset = symbol.Name, symbol.Module, s.pc-symbol.Addr
		} else if m := u.Symbols.ModuleAt(at); m != nil {
			f.Module, f.Offset = m.Name, s.pc-m.Base
		}
		if f.Fn != nil {
			f.Function, f.Offset = f.Fn.Name, s.pc-f.Fn.Entry()
		}
		if l, ok := u.Symbols.LineOf(at); ok {
			f.File, f.Line = l.File, l.Line
		}
	}
	if s.ring != 3 {
		f.Kind = u.kindOf(at)
	}
	return f
}

// lookupPC is an address in the instruction that the frame is at: of a call, which is in front of the return address, any
// byte of it will do.
func (f *Frame) lookupPC() uint32 {
	if f.called {
		return f.PC - 1
	}
	return f.PC
}

// kindOf tells modelled functions and entry code from other code.
func (u *Unwinder) kindOf(at uint32) Kind {
	switch {
	case u.Kernel == nil || at < abi.PageOffset:
	case u.modelled(at):
		return Modelled
	case u.Kernel.InEntryCode(at):
		return EntryCode
	}
	return Call
}

// modelled tells whether an address lies in a function that is written in Go: at its slot, or at one of the places in it
// to which guest code returns.
func (u *Unwinder) modelled(at uint32) bool {
	k := u.Kernel
	if k.IsReturnSite(at+1) || k.IsReturnSite(at) {
		return true
	}
	_, offset, ok := k.Profile().Lookup(at)
	return ok && !k.InEntryCode(at) && k.IsSlot(at-offset)
}

// inlined puts frames for the calls that were compiled into a function in front of its own.
func (u *Unwinder) inlined(physical *Frame) []*Frame {
	if physical.Fn == nil {
		return []*Frame{physical}
	}
	calls := physical.Fn.InlinedAt(physical.lookupPC())
	if len(calls) == 0 || !physical.called && physical.PC == calls[0].Entry && physical.PC == physical.Fn.Entry() {
		return []*Frame{physical}
	}
	var list []*Frame
	file, line := physical.File, physical.Line
	for i := len(calls) - 1; i >= 0; i-- {
		f := *physical
		f.Kind, f.Inline, f.Function = Inlined, calls[i], calls[i].Name
		f.Offset = physical.PC - calls[i].Entry
		f.File, f.Line = file, line
		list = append(list, &f)
		file, line = calls[i].CallFile, calls[i].CallLine
	}
	physical.File, physical.Line = file, line
	return append(list, physical)
}

// caller finds the state of the calling code. The stack pointer has to go up within bounds, whatever the stack holds.
func (u *Unwinder) caller(f *Frame, s state) (state, bool) {
	next, ok := u.step(f, s)
	if !ok || next.pc == 0 {
		return state{}, false
	}
	if next.ring == s.ring && s.ring == 0 {
		up := next.esp() - s.esp()
		if up == 0 || up > abi.ThreadSize {
			return state{}, false
		}
	}
	if f.CFA == 0 {
		f.CFA = next.esp()
	}
	return next, true
}

// step finds the caller by the surest way there is.
func (u *Unwinder) step(f *Frame, s state) (state, bool) {
	switch f.Kind {
	case Modelled:
		return u.modelCaller(f, s)
	case EntryCode:
		return u.interrupted(f, s)
	}
	if next, ok := u.byFrameInfo(f, s); ok {
		return next, true
	}
	if next, ok := u.byCode(s); ok {
		return next, true
	}
	if s.ring == 3 {
		return state{}, false
	}
	if next, ok := u.byFramePointer(s); ok {
		return next, true
	}
	return u.byScan(s)
}

// word reads a word of memory.
func (u *Unwinder) word(addr uint32) (uint32, bool) {
	var b [4]byte
	ok := u.read(addr, b[:]) == len(b)
	return binary.LittleEndian.Uint32(b[:]), ok
}

func (u *Unwinder) read(addr uint32, b []byte) int {
	if u.Kernel != nil {
		return u.Kernel.Peek(addr, b)
	}
	return u.Machine.ReadLinear(addr, b)
}

// modelCaller finds who called a modelled function. The kernel knows where the return address is, whatever the function
// has put on the stack since; at the slot itself, before and after, it is on top.
func (u *Unwinder) modelCaller(f *Frame, s state) (state, bool) {
	at, regs := s.esp(), s.regs
	if call, ok := u.served(f, s); ok {
		at, regs = call.Regs[vm.ESP], Registers{GPR: call.Regs, Known: allKnown}
		if name, offset, ok := u.Kernel.Profile().Lookup(call.Slot); ok && offset == 0 && f.Function == "guest_return" {
			f.Function, f.Offset = name, 0 // the common place to return to says nothing of who called
		}
	} else if s.called {
		return state{}, false
	}
	pc, ok := u.word(at)
	if !ok {
		return state{}, false
	}
	next := state{pc: pc, regs: regs, ring: s.ring, called: true, method: Model}
	next.regs.Known &= calleeSaved
	next.set(vm.ESP, at+4)
	return next, true
}

// served is the call by which the task is inside the modelled function of a frame: of those whose frames lie above the
// stack pointer the nearest.
func (u *Unwinder) served(f *Frame, s state) (guestkernel.ServedCall, bool) {
	t := u.Kernel.TaskOf(s.esp())
	if t == nil {
		return guestkernel.ServedCall{}, false
	}
	calls := t.ServedCalls()
	for i := len(calls) - 1; i >= 0; i-- {
		call := calls[i]
		if call.Regs[vm.ESP] < s.esp() {
			continue
		}
		_, offset, _ := u.Kernel.Profile().Lookup(f.lookupPC())
		inSlot := f.PC-call.Slot < 4 && f.PC != call.Slot
		if s.called || inSlot || f.lookupPC()-offset == call.Slot && f.PC != call.Slot {
			return call, true
		}
		return guestkernel.ServedCall{}, false
	}
	return guestkernel.ServedCall{}, false
}

// byFrameInfo uses call frame information.
func (u *Unwinder) byFrameInfo(f *Frame, s state) (state, bool) {
	if u.Symbols == nil {
		return state{}, false
	}
	m := u.Symbols.ModuleAt(f.lookupPC())
	if m == nil {
		return state{}, false
	}
	rules, ok, err := m.FrameRulesAt(f.lookupPC())
	if !ok || err != nil {
		return state{}, false
	}
	f.u = u
	cfa, ok := rules.EvalCFA(f)
	if !ok {
		return state{}, false
	}
	f.CFA = cfa
	next := state{regs: s.regs, ring: s.ring, called: !rules.Signal, method: CFI}
	next.regs.Known &= calleeSaved
	for r := range 8 {
		u.apply(&next, r, rules.Regs[r], f, cfa)
	}
	if rules.Regs[vm.ESP].Kind == debuginfo.Same {
		next.set(vm.ESP, cfa)
	}
	pc, ok := u.ruleValue(rules.Regs[rules.ReturnReg], f, cfa)
	next.pc = pc
	return next, ok && u.isCode(pc)
}

// apply sets a register of the caller by its rule.
func (u *Unwinder) apply(next *state, r int, rule debuginfo.Rule, f *Frame, cfa uint32) {
	if rule.Kind == debuginfo.Same {
		return
	}
	next.regs.Known &^= 1 << r
	if v, ok := u.ruleValue(rule, f, cfa); ok {
		next.set(r, v)
	}
}

// ruleValue is what a rule yields.
func (u *Unwinder) ruleValue(rule debuginfo.Rule, f *Frame, cfa uint32) (uint32, bool) {
	switch rule.Kind {
	case debuginfo.AtOffset:
		return u.word(cfa + uint32(rule.Offset))
	case debuginfo.ValOffset:
		return cfa + uint32(rule.Offset), true
	case debuginfo.InReg:
		return f.Register(rule.Reg)
	case debuginfo.AtExpr:
		addr, ok := rule.EvalExpr(f, cfa)
		if !ok {
			return 0, false
		}
		return u.word(addr)
	case debuginfo.ValExpr:
		return rule.EvalExpr(f, cfa)
	}
	return 0, false
}

// String is the frame as a line of a backtrace: "#1  0xc8831045 in hello_init+0x15 [hello] at hello.c:12".
func (f *Frame) String() string {
	text := fmt.Sprintf("#%-2d 0x%08x", f.Level, f.PC)
	name := f.Function
	if name == "" {
		name = "??"
	}
	text += " in " + name
	if f.Offset != 0 && f.Kind != Inlined {
		text += fmt.Sprintf("+%#x", f.Offset)
	}
	if f.Module != "" {
		text += " [" + f.Module + "]"
	}
	if f.File != "" {
		text += fmt.Sprintf(" at %s:%d", f.File, f.Line)
	}
	switch f.Kind {
	case Inlined:
		text += " (inlined)"
	case Modelled:
		text += " (kernel)"
	case EntryCode:
		text += " <" + f.Trap + ">"
	}
	if f.Ring != 0 {
		text += fmt.Sprintf(" (ring %d)", f.Ring)
	}
	if f.Method == Scan {
		text += " (guessed)"
	}
	return text
}
