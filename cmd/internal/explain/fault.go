// SPDX-License-Identifier: BSD-3-Clause
// Exceptions: what they are called, through which gate they go, and what the kernel makes of them.

package explain

import (
	"encoding/binary"
	"fmt"

	"ring0/guestkernel"
	"ring0/vm"
)

// exceptions are their names (SDM vol. 3, table 6-1).
var exceptions = map[uint8]string{
	vm.VecDE: "divide error (#DE)", vm.VecDB: "debug exception (#DB)", vm.VecBP: "breakpoint (#BP)", vm.VecOF: "overflow (#OF)",
	vm.VecBR: "bound range exceeded (#BR)", vm.VecUD: "invalid opcode (#UD)", vm.VecNM: "device not available (#NM)",
	vm.VecDF: "double fault (#DF)", vm.VecTS: "invalid TSS (#TS)", vm.VecNP: "segment not present (#NP)",
	vm.VecSS: "stack fault (#SS)", vm.VecGP: "general protection fault (#GP)", vm.VecPF: "page fault",
	vm.VecMF: "x87 error (#MF)", vm.VecAC: "alignment check (#AC)", vm.VecXM: "SIMD exception (#XM)",
}

// withCode are the exceptions that push an error code.
const withCode = 1<<vm.VecDF | 1<<vm.VecTS | 1<<vm.VecNP | 1<<vm.VecSS | 1<<vm.VecGP | 1<<vm.VecPF | 1<<vm.VecAC

// fault notes an exception other than a page fault.
func (a *analysis) fault(vector uint8, code uint32, why string) {
	a.out.Fault = &Fault{Vector: vector, Code: code, HasCode: withCode>>vector&1 != 0, Known: true}
	a.because = why
	a.raised()
}

// raised says what becomes of the exception: nothing of the instruction is done, and its handler runs.
func (a *analysis) raised() {
	f := a.out.Fault
	a.out.Writes, a.out.Regs = nil, nil
	a.out.WritesKnown, a.out.RegsKnown = false, false // the frame it pushes
	text := exceptions[f.Vector]
	if f.HasCode {
		text += fmt.Sprintf(", error code %d", f.Code)
	}
	a.then = append(a.then, text)
	handler, ok := a.gate(f.Vector)
	a.out.Next = Next{EIP: handler, Known: ok && a.frameFits()}
	if !a.out.Next.Known {
		a.then = append(a.then, "which cannot be delivered as usual")
		return
	}
	a.kernelActs(f)
}

// kernelActs says what the kernel will do.
func (a *analysis) kernelActs(f *Fault) {
	k := a.x.Kernel
	if k == nil {
		a.then = append(a.then, "its handler is at "+a.place(a.out.Next.EIP))
		return
	}
	end, fixup, table := k.FaultOutcome(f.Vector, a.eip, f.Addr, f.Code, a.cpl == 3)
	switch {
	case end == guestkernel.FaultFixed:
		f.Fixup = fixup
		whose := table + "'s"
		if table == "kernel" {
			whose = "the kernel's"
		} else if a.x.Symbols != nil {
			if m := a.x.Symbols.ModuleAt(a.eip); m != nil && m.Name == table {
				whose = "the module's"
			}
		}
		a.then = append(a.then, fmt.Sprintf("in %s exception table → continues at fixup %s", whose, a.place(fixup)))
	case end == guestkernel.FaultMapped:
		a.then = append(a.then, "the kernel makes the page present and the instruction begins again")
	case end == guestkernel.FaultHandled && f.Vector == vm.VecNM:
		a.then = append(a.then, "the kernel gives the task its FPU state and the instruction begins again")
	case end == guestkernel.FaultHandled && f.Vector == vm.VecGP:
		a.then = append(a.then, "here the process waits for its next system call")
	case end == guestkernel.FaultHandled:
	case a.cpl == 3:
		a.then = append(a.then, "the process gets a signal")
	default:
		a.then = append(a.then, "in no exception table → oops")
	}
}

// gate reads where the IDT leads a vector.
func (a *analysis) gate(vector uint8) (handler uint32, ok bool) {
	g, ok := a.gateWords(vector)
	const present, kind = 1 << 47, 0xf
	if !ok || g&present == 0 || g>>40&kind != 0xe && g>>40&kind != 0xf {
		return 0, false
	}
	return uint32(g&0xffff | g>>32&0xffff0000), true
}

// gateWords reads an entry of the IDT.
func (a *analysis) gateWords(vector uint8) (uint64, bool) {
	idt := a.m.IDTR()
	at := uint32(vector) * 8
	if at+7 > uint32(idt.Limit) || a.realMode() {
		return 0, false
	}
	var b [8]byte
	ok := a.m.ReadLinear(idt.Base+at, b[:]) == len(b)
	return binary.LittleEndian.Uint64(b[:]), ok
}

// frameFits says whether an exception in ring 0 finds room for its frame. From user mode it has the stack of the TSS.
func (a *analysis) frameFits() bool {
	if a.cpl == 3 {
		return true
	}
	base := a.seg[vm.SS].Base + a.gpr[vm.ESP]
	for _, depth := range []uint32{4, 16} {
		if _, ok := a.m.Translate(base-depth, vm.Write); !ok {
			return false
		}
	}
	return true
}

// needRing0 notes the fault of a privileged instruction in user mode.
func (a *analysis) needRing0(what string) bool {
	if a.cpl == 0 {
		return true
	}
	a.attempt = what
	a.fault(vm.VecGP, 0, fmt.Sprintf("a privileged instruction at ring %d", a.cpl))
	return false
}
