// SPDX-License-Identifier: BSD-3-Clause
// From entry code to what it interrupted (struct pt_regs, which guestkernel/entry/entry.S lays out).

package unwind

import (
	"fmt"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Words of pt_regs as entry.S pushes them, by byte offset.
const (
	ptEBX     = 0x00
	ptECX     = 0x04
	ptEDX     = 0x08
	ptESI     = 0x0c
	ptEDI     = 0x10
	ptEBP     = 0x14
	ptEAX     = 0x18
	ptOrigEAX = 0x24
	ptEIP     = 0x28
)

// interrupted finds the code that an interrupt, exception or system call has interrupted. Wherever in the entry code the
// frame is, the instructions from there to IRET say where the CPU's own frame lies: they are followed.
func (u *Unwinder) interrupted(f *Frame, s state) (state, bool) {
	p := newPath(u, s, entryLimits)
	end, ok := p.run()
	if !ok {
		return state{}, false
	}
	if end.returned { // a function of the entry code, called from a module: a user copy
		f.Trap, f.Kind = "", Call
		return end.state, true
	}
	frame := end.frame
	var words [5]uint32 // EIP CS EFLAGS [ESP SS]
	for i := range words {
		words[i], ok = u.word(frame + uint32(4*i))
		if !ok && i < 3 {
			return state{}, false
		}
	}
	next := end.state
	next.pc, next.called, next.method = words[0], false, TrapFrame
	next.ring = int(words[1] & 3)
	if words[2]&vm.FlagVM != 0 {
		next.ring = 3
	}
	next.set(vm.ESP, frame+12)
	if next.ring != 0 {
		next.set(vm.ESP, words[3])
	}
	f.Trap = u.trapName(f, frame, next)
	f.CFA = frame
	return next, true
}

// trapName says what led into the entry code.
func (u *Unwinder) trapName(f *Frame, frame uint32, next state) string {
	orig, _ := u.word(frame - ptEIP + ptOrigEAX)
	name := f.Function
	switch {
	case name == "system_call" || name == "system_call_return" || name == "tracesys" || name == "ret_from_sys_call" && int32(orig) >= 0:
		if call, ok := abi.SyscallByNumber(int(int32(orig))); ok {
			return "system call " + call.Name
		}
		return fmt.Sprintf("system call %d", int32(orig))
	case int32(orig) < -1 && int32(orig) >= -256:
		return fmt.Sprintf("interrupt %d", int32(orig)+256)
	case name == "error_code" || name == "error_code_return":
		return "exception"
	}
	return name
}
