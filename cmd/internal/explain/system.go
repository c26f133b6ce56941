// SPDX-License-Identifier: BSD-3-Clause
// Strings, I/O ports, segment registers, system instructions.

package explain

import (
	"encoding/binary"
	"fmt"

	"ring0/vm"
	"ring0/vm/x86"
)

// strings explains string instructions: the text is about the whole repetition, the data about its next element.
func (a *analysis) strings() bool {
	in := a.in
	switch in.Op {
	case x86.MOVS, x86.CMPS, x86.STOS, x86.LODS, x86.SCAS:
	case x86.INS, x86.OUTS:
		a.stringIO()
		return true
	default:
		return false
	}
	size := uint32(in.Size)
	count, counter := uint32(1), ""
	if a.repeats() {
		count, counter = a.counter()
		if count == 0 {
			a.say("does nothing: the count in %s is 0", counter)
			return true
		}
	}
	if a.element(size) && a.repeats() {
		a.countDown(count)
	}
	if a.out.Fault == nil {
		a.stringText(count, size)
	}
	return true
}

func (a *analysis) repeats() bool { return a.in.Flags&(x86.Rep|x86.Repne) != 0 }

// indexSize is 2 or 4 by address size.
func (a *analysis) indexSize() uint8 {
	if a.in.Flags&x86.Addr16 != 0 {
		return 2
	}
	return 4
}

// advance moves an index register by one element.
func (a *analysis) advance(r uint8, size uint32) {
	if a.eflags&vm.FlagDF != 0 {
		size = -size
	}
	a.setReg(r, a.indexSize(), a.reg(r, a.indexSize())+size)
}

// element executes one element.
func (a *analysis) element(size uint32) bool {
	in := a.in
	si, di := a.reg(vm.ESI, a.indexSize()), a.reg(vm.EDI, a.indexSize())
	acc := a.reg(vm.EAX, in.Size)
	switch in.Op {
	case x86.MOVS:
		v, ok := a.load(in.Seg, si, size)
		if !ok || !a.store(vm.ES, di, size, v) {
			return false
		}
		a.advance(vm.ESI, size)
		a.advance(vm.EDI, size)
	case x86.STOS:
		if !a.store(vm.ES, di, size, uint64(acc)) {
			return false
		}
		a.advance(vm.EDI, size)
	case x86.LODS:
		v, ok := a.load(in.Seg, si, size)
		if !ok {
			return false
		}
		a.setReg(vm.EAX, in.Size, uint32(v))
		a.advance(vm.ESI, size)
	case x86.CMPS:
		v, ok := a.load(in.Seg, si, size)
		if !ok {
			return false
		}
		w, ok := a.load(vm.ES, di, size)
		if !ok {
			return false
		}
		a.compared(v&wide(size) == w&wide(size))
		a.advance(vm.ESI, size)
		a.advance(vm.EDI, size)
	case x86.SCAS:
		v, ok := a.load(vm.ES, di, size)
		if !ok {
			return false
		}
		a.compared(v&wide(size) == uint64(acc))
		a.advance(vm.EDI, size)
	}
	return true
}

// compared notes whether a comparison ends the repetition: by marking the next instruction.
func (a *analysis) compared(equal bool) {
	if a.repeats() && equal != (a.in.Flags&x86.Rep != 0) {
		a.out.Next.Taken = true // for countDown
	}
}

// countDown moves the counter and says where execution goes on.
func (a *analysis) countDown(count uint32) {
	a.setReg(vm.ECX, a.indexSize(), count-1)
	ended := a.out.Next.Taken
	a.out.Next.Taken = false
	if count > 1 && !ended {
		a.next(a.in.EIP)
	}
}

// stringText says what all of a string instruction does.
func (a *analysis) stringText(count, size uint32) {
	in := a.in
	src := a.place(a.seg[in.Seg].Base + a.reg(vm.ESI, a.indexSize()))
	dst := a.place(a.seg[vm.ES].Base + a.reg(vm.EDI, a.indexSize()))
	n := bytesText(size)
	if a.repeats() {
		n = fmt.Sprintf("%d × %s", count, bytesText(size))
		if size == 1 {
			n = bytesText(count)
		}
	}
	acc := fmt.Sprintf("%s (%s)", regName(vm.EAX, in.Size), a.value(a.reg(vm.EAX, in.Size)))
	switch in.Op {
	case x86.MOVS:
		a.say("copies %s from %s to %s", n, src, dst)
	case x86.STOS:
		a.say("fills %s at %s with %s", n, dst, acc)
	case x86.LODS:
		a.say("loads %s from %s into %s", n, src, regName(vm.EAX, in.Size))
	case x86.CMPS:
		a.say("compares %s at %s with those at %s%s", n, src, dst, a.until())
	case x86.SCAS:
		a.say("compares %s at %s with %s%s", n, dst, acc, a.until())
	}
	if a.eflags&vm.FlagDF != 0 {
		a.say("downwards")
	}
	a.stringFault(count, size)
}

// until says when a repeated comparison ends.
func (a *analysis) until() string {
	switch {
	case a.in.Flags&x86.Rep != 0:
		return ", up to the first that differs"
	case a.in.Flags&x86.Repne != 0:
		return ", up to the first that is equal"
	}
	return ""
}

// stringFault says where a repetition will meet memory it cannot use. Comparisons may end before.
func (a *analysis) stringFault(count, size uint32) {
	in := a.in
	if !a.repeats() || count < 2 || a.eflags&vm.FlagDF != 0 || in.Op == x86.CMPS || in.Op == x86.SCAS {
		return
	}
	look := func(base uint32, write bool) (uint32, bool) {
		want := vm.Access(0)
		if write {
			want |= vm.Write
		}
		if a.cpl == 3 {
			want |= vm.User
		}
		total := uint64(count) * uint64(size)
		for done := uint64(0x1000 - base&0xfff); done < min(total, 1<<24); done += 0x1000 {
			if _, ok := a.m.Translate(base+uint32(done), want); !ok {
				return uint32(done), true
			}
		}
		return 0, false
	}
	first, what := uint32(0xffffffff), ""
	if in.Op != x86.STOS {
		if n, bad := look(a.seg[in.Seg].Base+a.gpr[vm.ESI], false); bad && n < first {
			first, what = n, "read"
		}
	}
	if in.Op != x86.LODS {
		if n, bad := look(a.seg[vm.ES].Base+a.gpr[vm.EDI], true); bad && n < first {
			first, what = n, "written"
		}
	}
	if what != "" {
		a.say("after %s a page comes that cannot be %s", bytesText(first), what)
	}
}

// ports explains IN and OUT.
func (a *analysis) ports() bool {
	in := a.in
	if in.Op != x86.IN && in.Op != x86.OUT {
		return false
	}
	port := uint16(in.Imm)
	if in.Form == x86.FormR || in.Form == x86.FormNone {
		port = uint16(a.gpr[vm.EDX])
	}
	acc := regName(vm.EAX, in.Size)
	text := fmt.Sprintf("reads %s from port %#x%s into %s", bytesText(uint32(in.Size)), port, portName(port), acc)
	if in.Op == x86.OUT {
		text = fmt.Sprintf("writes %s (%s) to port %#x%s", acc, a.value(a.reg(vm.EAX, in.Size)), port, portName(port))
	}
	if !a.portAllowed(port, text) {
		return true
	}
	a.say("%s", text)
	if in.Op == x86.IN {
		a.noteReg(vm.EAX, 0, false)
		a.out.RegsKnown = false
	}
	a.out.WritesKnown = false // devices may
	return true
}

// portAllowed checks the I/O privilege level and the TSS's bitmap.
func (a *analysis) portAllowed(port uint16, text string) bool {
	if a.m.CR(0)&vm.CR0PE == 0 || a.eflags&vm.FlagVM == 0 && a.cpl <= int(a.eflags&vm.FlagIOPL>>12) {
		return true
	}
	tr := a.m.TR()
	var b [2]byte
	ok := a.m.ReadLinear(tr.Base+0x66, b[:]) == 2
	at := uint32(binary.LittleEndian.Uint16(b[:])) + uint32(port)/8
	if ok && tr.Limit >= 0x67 && at+1 <= tr.Limit && a.m.ReadLinear(tr.Base+at, b[:]) == 2 &&
		binary.LittleEndian.Uint16(b[:])>>(port&7)&(1<<a.in.Size-1) == 0 {
		return true
	}
	a.attempt = text
	a.fault(vm.VecGP, 0, fmt.Sprintf("ring %d may not use this port", a.cpl))
	return false
}

// portName names the ports of the standard devices.
func portName(port uint16) string {
	for _, r := range []struct {
		first, last uint16
		name        string
	}{{0x20, 0x21, "interrupt controller"}, {0xa0, 0xa1, "second interrupt controller"}, {0x40, 0x43, "timer"},
		{0x60, 0x60, "keyboard"}, {0x61, 0x61, "speaker"}, {0x64, 0x64, "keyboard controller"}, {0x70, 0x71, "real-time clock"},
		{0x80, 0x80, "delay"}, {0x3f8, 0x3ff, "serial port"}, {0x3c0, 0x3df, "display"}, {0xcf8, 0xcff, "PCI"}} {
		if port >= r.first && port <= r.last {
			return " (" + r.name + ")"
		}
	}
	return ""
}

// stringIO explains INS and OUTS.
func (a *analysis) stringIO() {
	in := a.in
	text := fmt.Sprintf("reads elements of %s from port %#x to %s", bytesText(uint32(in.Size)), uint16(a.gpr[vm.EDX]),
		a.place(a.seg[vm.ES].Base+a.reg(vm.EDI, a.indexSize())))
	if in.Op == x86.OUTS {
		text = fmt.Sprintf("writes elements of %s from %s to port %#x", bytesText(uint32(in.Size)),
			a.place(a.seg[in.Seg].Base+a.reg(vm.ESI, a.indexSize())), uint16(a.gpr[vm.EDX]))
	}
	if a.repeats() {
		if count, counter := a.counter(); count == 0 {
			a.say("does nothing: the count in %s is 0", counter)
			return
		}
	}
	if a.portAllowed(uint16(a.gpr[vm.EDX]), text) {
		a.say("%s", text)
		a.unforeseen()
	}
}

// segments explains moves of segment registers.
func (a *analysis) segments() bool {
	in := a.in
	switch in.Op {
	case x86.MOVFROMSEG:
		sel := uint32(a.seg[in.Src%6].Selector)
		text := fmt.Sprintf("%s (%#x)", segNames[in.Src%6], sel)
		if in.Form == x86.FormMR || in.Form == x86.FormM {
			off := a.offset()
			if a.store(in.Seg, off, 2, uint64(sel)) {
				a.say("stores %s to %s", text, a.place(a.seg[in.Seg].Base+off))
			}
			return true
		}
		a.say("%s becomes %s", regName(in.Dst, in.Size), text)
		a.setReg(in.Dst, in.Size, sel)
	case x86.PUSHSEG:
		sel := uint32(a.seg[in.Dst%6].Selector)
		sp := (a.gpr[vm.ESP] - uint32(in.Size)) & a.stackMask()
		if a.store(vm.SS, sp, 2, uint64(sel)) { // two bytes, whatever the operand size
			a.setSP(sp)
			a.say("pushes %s (%#x)", segNames[in.Dst%6], sel)
		}
	case x86.MOVSEG:
		sel := uint32(0)
		if in.Form == x86.FormRM || in.Form == x86.FormM {
			v, ok := a.load(in.Seg, a.offset(), 2)
			if !ok {
				return true
			}
			sel = uint32(v) & 0xffff
		} else {
			sel = a.gpr[in.Src&7] & 0xffff
		}
		a.loadSelector(in.Dst, sel)
	case x86.POPSEG:
		sel, ok := a.top(2, 0)
		if !ok {
			return true
		}
		if a.loadSelector(in.Dst, sel) {
			a.setSP(a.gpr[vm.ESP] + uint32(in.Size))
		}
	case x86.LDSEG:
		a.say("%s", in.String())
		a.unforeseen()
	default:
		return false
	}
	return true
}

// loadSelector says what loading a selector comes to. A fault is foreseen, and so is a selector that is fine: null, or
// the one that the register or another one holds already.
func (a *analysis) loadSelector(seg uint8, sel uint32) bool {
	seg %= 6
	a.say("%s becomes selector %#x", segNames[seg], sel)
	a.out.WritesKnown = false // the descriptor's accessed bit
	if a.realMode() {
		return true
	}
	fine := sel&^3 == 0 && seg != vm.SS
	for other, s := range a.seg {
		fine = fine || other != vm.CS && seg != vm.SS && uint32(s.Selector) == sel && s.Attr&attrP != 0
	}
	if seg == vm.SS {
		fine = uint32(a.seg[vm.SS].Selector) == sel
	}
	if !fine {
		a.out.Next.Known, a.out.RegsKnown = false, false
	}
	return true
}

// system explains the instructions for operating systems.
func (a *analysis) system() bool {
	in := a.in
	switch in.Op {
	case x86.HLT:
		if a.needRing0("halts the processor") {
			a.say("halts the processor until an interrupt comes")
		}
	case x86.VMCALL:
		a.hypercall()
	case x86.CLTS:
		if a.needRing0("clears the task-switched flag") {
			a.say("clears the task-switched flag: the FPU may be used")
		}
	case x86.INVLPG:
		if a.needRing0("drops a cached page translation") {
			a.say("drops the cached translation of %s", a.place(a.seg[in.Seg].Base+a.offset()))
		}
	case x86.INVD, x86.WBINVD:
		if a.needRing0("empties the caches") {
			a.say("empties the caches")
		}
	case x86.MOVFROMCR:
		name := fmt.Sprintf("cr%d", in.Src)
		if a.needRing0("reads " + name) {
			v := a.m.CR(int(in.Src))
			a.say("%s becomes %s (%#x)", regName(in.Dst, 4), name, v)
			a.setReg(in.Dst, 4, v)
			if in.Src != 0 && in.Src != 2 && in.Src != 3 && in.Src != 4 {
				a.unforeseen()
			}
		}
	case x86.MOVTOCR:
		if a.needRing0(fmt.Sprintf("writes cr%d", in.Dst)) {
			a.say("cr%d becomes %#x%s", in.Dst, a.gpr[in.Src&7], map[uint8]string{3: ": another address space", 2: ""}[in.Dst])
			a.out.Next.Known = in.Dst == 3 || in.Dst == 2
		}
	case x86.MOVFROMDR, x86.MOVTODR:
		if a.needRing0(in.String()) {
			a.say("%s", in.String())
			a.unforeseen()
		}
	case x86.RDTSC:
		a.say("edx:eax becomes the time stamp counter")
		a.noteReg(vm.EAX, 0, false)
		a.noteReg(vm.EDX, 0, false)
		a.out.RegsKnown = false
		a.out.Next.Known = a.cpl == 0 || a.m.CR(4)&vm.CR4TSD == 0
	case x86.CPUID:
		a.say("asks the processor about itself, leaf %#x", a.gpr[vm.EAX])
		v := a.m.CPUID(a.gpr[vm.EAX])
		for i, r := range [...]uint8{vm.EAX, vm.EBX, vm.ECX, vm.EDX} {
			a.setReg(r, 4, v[i])
		}
		a.out.RegsKnown = false
	case x86.RDMSR, x86.WRMSR, x86.LGDT, x86.LIDT, x86.LLDT, x86.LTR, x86.LMSW:
		if a.needRing0(in.String()) {
			a.say("%s", in.String())
			a.unforeseen()
		}
	default:
		return false
	}
	return true
}

// hypercall explains the slot of a modelled function.
func (a *analysis) hypercall() {
	if !a.needRing0("calls the machine's owner") {
		return
	}
	a.unforeseen()
	k := a.x.Kernel
	if k == nil {
		a.say("calls the machine's owner")
		return
	}
	if text, ok := k.DescribeCall(a.eip, a.gpr[vm.ESP]+4); ok {
		a.say("the kernel's own %s is executed", text)
		return
	}
	if k.IsReturnSite(a.eip) {
		a.say("the kernel goes on: the function it called has returned %s", a.value(a.gpr[vm.EAX]))
		return
	}
	a.attempt = "vmcall where the kernel has no function"
	a.fault(vm.VecUD, 0, "")
}
