// SPDX-License-Identifier: BSD-3-Clause
// Which operation is explained by what.

package explain

import (
	"fmt"

	"ring0/vm"
	"ring0/vm/x86"
)

// instruction explains the instruction.
func (a *analysis) instruction() {
	op := a.in.Op
	if op == x86.Invalid || op == x86.UD2 {
		a.attempt = "is no instruction of this processor"
		if op == x86.UD2 {
			a.attempt = "ud2, which is there to fault"
		}
		a.fault(6, 0, "")
		return
	}
	for _, group := range []func(*analysis) bool{
		(*analysis).arithmetic, (*analysis).shifts, (*analysis).multiply, (*analysis).bits, (*analysis).moves,
		(*analysis).stack, (*analysis).flagBits, (*analysis).jumps, (*analysis).calls, (*analysis).interrupts,
		(*analysis).strings, (*analysis).ports, (*analysis).segments, (*analysis).system,
	} {
		if group(a) {
			return
		}
	}
	a.other()
}

// operand is a general operand: a register, the memory operand, or the immediate.
type operand struct {
	text string
	v    uint32
}

// source reads the source operand of a form.
func (a *analysis) source() (operand, bool) {
	in := a.in
	switch in.Form {
	case x86.FormRR, x86.FormMR, x86.FormRRI, x86.FormMRI:
		v := a.reg(in.Src, in.Size)
		return operand{fmt.Sprintf("%s (%s)", regName(in.Src, in.Size), a.value(v)), v}, true
	case x86.FormRI, x86.FormMI, x86.FormI:
		v := in.Imm & mask(in.Size)
		return operand{a.value(v), v}, true
	}
	off := a.offset()
	v, ok := a.load(in.Seg, off, uint32(in.Size))
	return operand{fmt.Sprintf("the %s at %s (%s)", bytesText(uint32(in.Size)), a.place(a.seg[in.Seg].Base+off), a.value(uint32(v)&mask(in.Size))),
		uint32(v) & mask(in.Size)}, ok
}

// dest is a destination that is read and written.
type dest struct {
	text     string
	old      uint32
	register bool
	la       uint32
}

// destination reads the destination operand of a form, asking for permission to write it.
func (a *analysis) destination() (dest, bool) {
	in := a.in
	switch in.Form {
	case x86.FormMR, x86.FormMI, x86.FormM, x86.FormMRI:
		off := a.offset()
		v, la, ok := a.modify(in.Seg, off, uint32(in.Size))
		return dest{text: fmt.Sprintf("the %s at %s", bytesText(uint32(in.Size)), a.place(la)), old: uint32(v) & mask(in.Size), la: la}, ok
	}
	return dest{text: regName(in.Dst, in.Size), old: a.reg(in.Dst, in.Size), register: true}, true
}

// write stores a result in a destination.
func (a *analysis) write(d dest, v uint32) {
	if d.register {
		a.setReg(a.in.Dst, a.in.Size, v)
		return
	}
	a.written(d.la, uint32(a.in.Size), uint64(v))
}

// other explains what has no words of its own: x87, MMX, SSE and the rare ones, by their text and their memory operand.
func (a *analysis) other() {
	in := a.in
	if a.fpuOff() {
		return
	}
	a.unknown()
	a.out.Next.Known = false // exceptions of their own are not foreseen
	a.say("%s", in.String())
	size := uint32(in.MemSize())
	if in.Flags&(x86.MemRead|x86.MemWrite) == 0 || size == 0 || !hasMemory(in.Form) {
		return
	}
	off := a.offset()
	what := "reads"
	if in.Flags&x86.MemWrite != 0 {
		what = "writes"
	}
	a.say("%s %s at %s", what, bytesText(size), a.place(a.seg[in.Seg].Base+off))
}

// fpuOff notes the fault of an x87, MMX or SSE instruction while the FPU is another task's (CR0.TS), or there is none
// (CR0.EM).
func (a *analysis) fpuOff() bool {
	op := a.in.Op
	switch {
	case op < x86.FADD && op != x86.EMMS:
		return false
	case op == x86.LFENCE, op == x86.MFENCE, op == x86.SFENCE, op == x86.CLFLUSH, op == x86.MOVNTI:
		return false
	}
	cr0 := a.m.CR(0)
	vector, why := uint8(vm.VecNM), "the FPU's state is another task's (CR0.TS)"
	switch {
	case cr0&vm.CR0EM != 0 && (op >= x86.MOVDTOMM || op == x86.EMMS):
		vector, why = vm.VecUD, "there is no FPU (CR0.EM)"
	case cr0&vm.CR0EM != 0:
		why = "there is no FPU (CR0.EM)"
	case cr0&vm.CR0TS == 0:
		return false
	}
	a.attempt = a.in.String()
	a.fault(vector, 0, why)
	if op >= x86.MOVDTOMM { // a processor that lacks the instruction says #UD first
		a.out.Fault.Known, a.out.Next.Known = false, false
	}
	return true
}

func hasMemory(f x86.Form) bool {
	switch f {
	case x86.FormM, x86.FormRM, x86.FormMR, x86.FormMI, x86.FormRMI, x86.FormMRI:
		return true
	}
	return false
}
