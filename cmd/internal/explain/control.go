// SPDX-License-Identifier: BSD-3-Clause
// Jumps, calls, returns, interrupts.

package explain

import (
	"fmt"

	"ring0/guestkernel"
	"ring0/vm"
	"ring0/vm/x86"
)

// conditions are what the even condition codes test; the odd ones are their opposites.
var conditions = [8]struct{ name, opposite, flags string }{
	{"overflow", "no overflow", "OF=1"},
	{"below", "above or equal", "CF=1"},
	{"equal or zero", "not equal or not zero", "ZF=1"},
	{"below or equal", "above", "CF=1 or ZF=1"},
	{"negative", "not negative", "SF=1"},
	{"parity even", "parity odd", "PF=1"},
	{"less", "greater or equal", "SF≠OF"},
	{"less or equal", "greater", "ZF=1 or SF≠OF"},
}

var oppositeFlags = [8]string{"OF=0", "CF=0", "ZF=0", "CF=0 and ZF=0", "SF=0", "PF=0", "SF=OF", "ZF=0 and SF=OF"}

// condition evaluates a condition code.
func (a *analysis) condition(code uint8) bool {
	f := a.eflags
	less := (f&vm.FlagSF != 0) != (f&vm.FlagOF != 0)
	holds := [8]bool{f&vm.FlagOF != 0, f&vm.FlagCF != 0, f&vm.FlagZF != 0, f&(vm.FlagCF|vm.FlagZF) != 0,
		f&vm.FlagSF != 0, f&vm.FlagPF != 0, less, less || f&vm.FlagZF != 0}[code>>1&7]
	return holds == (code&1 == 0)
}

// conditionText says what a condition code asks and what the flags are.
func (a *analysis) conditionText(code uint8) string {
	c := conditions[code>>1&7]
	name, flags := c.name, c.flags
	if code&1 != 0 {
		name, flags = c.opposite, oppositeFlags[code>>1&7]
	}
	text := fmt.Sprintf("if %s (%s), and ", name, flags)
	bit := func(flag uint32) int { return int(truth(a.eflags&flag != 0)) }
	switch code >> 1 & 7 {
	case 0:
		return text + fmt.Sprintf("OF is %d", bit(vm.FlagOF))
	case 1:
		return text + fmt.Sprintf("CF is %d", bit(vm.FlagCF))
	case 2:
		return text + fmt.Sprintf("ZF is %d", bit(vm.FlagZF))
	case 3:
		return text + fmt.Sprintf("CF is %d, ZF %d", bit(vm.FlagCF), bit(vm.FlagZF))
	case 4:
		return text + fmt.Sprintf("SF is %d", bit(vm.FlagSF))
	case 5:
		return text + fmt.Sprintf("PF is %d", bit(vm.FlagPF))
	case 6:
		return text + fmt.Sprintf("SF is %d, OF %d", bit(vm.FlagSF), bit(vm.FlagOF))
	}
	return text + fmt.Sprintf("ZF is %d, SF %d, OF %d", bit(vm.FlagZF), bit(vm.FlagSF), bit(vm.FlagOF))
}

func truth(v bool) uint32 {
	if v {
		return 1
	}
	return 0
}

// jumps explains near jumps, and the far one without going into gates.
func (a *analysis) jumps() bool {
	in := a.in
	switch in.Op {
	case x86.JMP:
		a.attempt = "jumps to " + a.place(in.Imm)
		a.goTo(in.Imm, "jumps to "+a.place(in.Imm))
	case x86.JMPIND:
		if t, ok := a.target(); ok {
			a.attempt = "jumps to " + t.text
			a.goTo(t.v, "jumps to "+t.text)
		}
	case x86.JCC:
		a.conditional(a.condition(in.Cond), "jumps "+a.conditionText(in.Cond))
	case x86.JCXZ:
		count, name := a.counter()
		a.conditional(count == 0, fmt.Sprintf("jumps if %s is 0, and it is %s", name, a.value(count)))
	case x86.LOOP, x86.LOOPE, x86.LOOPNE:
		a.loop()
	case x86.JMPFAR:
		a.say("jumps far: %s", in.String())
		a.unforeseen()
	default:
		return false
	}
	return true
}

// counter is ECX or CX by address size.
func (a *analysis) counter() (uint32, string) {
	if a.in.Flags&x86.Addr16 != 0 {
		return a.gpr[vm.ECX] & 0xffff, "cx"
	}
	return a.gpr[vm.ECX], "ecx"
}

// goTo makes an address in CS the next one, or faults behind its limit.
func (a *analysis) goTo(eip uint32, text string) bool {
	if eip > a.seg[vm.CS].Limit {
		a.fault(vm.VecGP, 0, "behind the limit of the code segment")
		return false
	}
	a.attempt = ""
	a.say("%s", text)
	a.next(eip)
	return true
}

// conditional explains a jump that is taken or not.
func (a *analysis) conditional(taken bool, text string) {
	if !taken {
		a.say("%s: not taken", text)
		return
	}
	a.attempt = text
	if a.goTo(a.in.Imm, fmt.Sprintf("%s: jumps to %s", text, a.place(a.in.Imm))) {
		a.out.Next.Taken = true
	}
}

func (a *analysis) loop() {
	in := a.in
	count, name := a.counter()
	size := uint8(4)
	if name == "cx" {
		size = 2
	}
	count = (count - 1) & mask(size)
	taken, also := count != 0, ""
	if in.Op != x86.LOOP {
		zero := a.eflags&vm.FlagZF != 0
		taken = taken && zero == (in.Op == x86.LOOPE)
		also = fmt.Sprintf(", ZF is %d", truth(zero))
	}
	a.conditional(taken, fmt.Sprintf("counts %s down to %s%s", name, a.value(count), also))
	if a.out.Fault == nil {
		a.setReg(vm.ECX, size, count)
	}
}

// target reads where an indirect jump or call goes.
func (a *analysis) target() (operand, bool) {
	s, ok := a.single()
	if !ok {
		return s, false
	}
	s.text = fmt.Sprintf("%s, which %s holds", a.place(s.v), a.holder())
	return s, true
}

// holder names the register or memory word that an indirect transfer goes by.
func (a *analysis) holder() string {
	if a.in.Form == x86.FormR {
		return regName(a.in.Dst, a.in.Size)
	}
	return a.place(a.seg[a.in.Seg].Base + a.offset())
}

// calls explains near calls and returns.
func (a *analysis) calls() bool {
	in := a.in
	switch in.Op {
	case x86.CALL:
		a.call(in.Imm, a.place(in.Imm))
	case x86.CALLIND:
		if t, ok := a.target(); ok {
			a.call(t.v, t.text)
		}
	case x86.RET:
		a.ret()
	case x86.CALLFAR, x86.RETFAR:
		a.say("transfers far: %s", in.String())
		a.unforeseen()
	default:
		return false
	}
	return true
}

// call explains a call: the return address goes to the stack.
func (a *analysis) call(target uint32, text string) {
	a.attempt = "calls " + text
	if target > a.seg[vm.CS].Limit {
		a.fault(vm.VecGP, 0, "behind the limit of the code segment")
		return
	}
	if !a.push(a.in.Size, a.in.Next()) {
		return
	}
	a.attempt = ""
	a.next(target)
	if k := a.x.Kernel; k != nil && a.cpl == 0 {
		if described, ok := k.DescribeCall(target, a.gpr[vm.ESP]); ok {
			a.say("calls the kernel: %s", described)
			return
		}
	}
	a.say("calls %s, to return to %s", text, a.place(a.in.Next()))
}

func (a *analysis) ret() {
	in := a.in
	t, ok := a.top(in.Size, 0)
	if !ok {
		return
	}
	text := "returns to " + a.place(t)
	if in.Imm != 0 {
		text += fmt.Sprintf(" and takes %s more off the stack", bytesText(in.Imm))
	}
	a.attempt = text
	if a.goTo(t, text) {
		a.setSP(a.gpr[vm.ESP] + uint32(in.Size) + in.Imm)
		a.returnsToKernel(t)
	}
}

// returnsToKernel adds what a return address of the kernel's means.
func (a *analysis) returnsToKernel(to uint32) {
	if k := a.x.Kernel; k != nil && k.IsReturnSite(to) {
		a.say("where the kernel waits for this call, with eax = %s", a.value(a.gpr[vm.EAX]))
	}
}

// interrupts explains INT and its relatives, and IRET.
func (a *analysis) interrupts() bool {
	in := a.in
	switch in.Op {
	case x86.INT:
		a.softwareInterrupt(uint8(in.Imm))
	case x86.INT3:
		a.softwareInterrupt(vm.VecBP)
	case x86.INTO:
		if a.eflags&vm.FlagOF == 0 {
			a.say("does nothing, because OF is 0")
			return true
		}
		a.softwareInterrupt(vm.VecOF)
	case x86.ICEBP:
		a.say("raises a debug exception")
		a.unforeseen()
	case x86.IRET:
		a.iret()
	case x86.SYSENTER, x86.SYSEXIT, x86.RSM:
		a.say("%s", in.String())
		a.unforeseen()
	default:
		return false
	}
	return true
}

// softwareInterrupt explains going through a gate of the IDT.
func (a *analysis) softwareInterrupt(vector uint8) {
	text := fmt.Sprintf("interrupt %#x", vector)
	if vector == 0x80 && a.x.Kernel != nil {
		text = "system call " + a.x.Kernel.SyscallText(a.gpr[vm.EAX], guestkernel.Registers(a.gpr))
	}
	g, ok := a.gateWords(vector)
	if a.eflags&vm.FlagVM != 0 || a.realMode() {
		a.say("%s", text)
		a.unforeseen()
		return
	}
	const present = 1 << 47
	a.attempt = text
	code := uint32(vector)*8 + 2
	switch kind := g >> 40 & 0x1f; {
	case !ok:
		a.fault(vm.VecGP, code, "behind the limit of the IDT")
		return
	case kind != 0xe && kind != 0xf:
		a.say("%s", text)
		a.unforeseen()
		return
	case int(g>>45&3) < a.cpl:
		a.fault(vm.VecGP, code, fmt.Sprintf("its gate is for ring %d and below", g>>45&3))
		return
	case g&present == 0:
		a.fault(vm.VecNP, code, "its gate is not present")
		return
	}
	a.attempt = ""
	handler, _ := a.gate(vector)
	a.say("%s: enters the kernel at %s", text, a.place(handler))
	a.next(handler)
	a.out.Next.Known = a.frameFits()
	a.out.WritesKnown, a.out.RegsKnown = false, false
}

// iret explains the return from an interrupt by the frame on the stack.
func (a *analysis) iret() {
	in := a.in
	a.unknown()
	eip, ok := a.top(in.Size, 0)
	if !ok {
		return
	}
	cs, ok := a.top(in.Size, uint32(in.Size))
	if !ok {
		return
	}
	flags, ok := a.top(in.Size, 2*uint32(in.Size))
	if !ok {
		return
	}
	where := "in this ring"
	if ring := int(cs & 3); ring != a.cpl {
		where = fmt.Sprintf("in ring %d", ring)
	}
	a.say("returns from the interrupt to %s %s, eflags %s", a.place(eip), where, flagsText(flags))
	// Selectors and limits are checked on the way; those of a frame that entry code has made are in order.
	a.next(eip)
	sameRing := uint16(cs) == a.seg[vm.CS].Selector && eip <= a.seg[vm.CS].Limit
	a.out.Next.Known = sameRing && flags&vm.FlagVM == 0 && a.eflags&(vm.FlagNT|vm.FlagVM) == 0 && flags&vm.FlagTF == 0 && !a.realMode()
}
