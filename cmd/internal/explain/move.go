// SPDX-License-Identifier: BSD-3-Clause
// Moves, the stack, and the flag bits.

package explain

import (
	"fmt"
	"strings"

	"ring0/vm"
	"ring0/vm/x86"
)

// moves explains MOV and its relatives, LEA, exchanges, CMOVcc, sign extension, XLAT, BOUND and NOP.
func (a *analysis) moves() bool {
	in := a.in
	switch in.Op {
	case x86.MOV:
		a.mov()
	case x86.MOVZX8, x86.MOVZX16, x86.MOVSX8, x86.MOVSX16:
		a.extend()
	case x86.LEA:
		v := a.offset() & mask(in.Size)
		if v == a.reg(in.Dst, in.Size) {
			a.say("does nothing: %s is %s already", regName(in.Dst, in.Size), a.value(v))
			return true
		}
		a.say("%s becomes the address %s; memory is not touched", regName(in.Dst, in.Size), a.value(v))
		a.setReg(in.Dst, in.Size, v)
	case x86.XCHG, x86.XADD, x86.CMPXCHG:
		a.exchange()
	case x86.CMPXCHG8B:
		a.cmpxchg8b()
	case x86.CMOVCC:
		s, ok := a.source()
		if !ok {
			return true
		}
		if !a.condition(in.Cond) {
			a.say("moves nothing: %s", a.conditionText(in.Cond))
			return true
		}
		a.say("%s becomes %s: %s", regName(in.Dst, in.Size), s.text, a.conditionText(in.Cond))
		a.setReg(in.Dst, in.Size, s.v)
	case x86.CBW:
		v := uint32(signExtend(a.gpr[vm.EAX], in.Size/2))
		a.say("extends the sign of %s into %s: %s", regName(vm.EAX, in.Size/2), regName(vm.EAX, in.Size), a.value(v&mask(in.Size)))
		a.setReg(vm.EAX, in.Size, v)
	case x86.CWD:
		v := uint32(signExtend(a.gpr[vm.EAX], in.Size) >> 31)
		a.say("extends the sign of %s into %s: %s", regName(vm.EAX, in.Size), regName(vm.EDX, in.Size), a.value(v&mask(in.Size)))
		a.setReg(vm.EDX, in.Size, v)
	case x86.XLAT:
		off := a.gpr[vm.EBX] + a.gpr[vm.EAX]&0xff
		if in.Flags&x86.Addr16 != 0 {
			off &= 0xffff
		}
		if v, ok := a.load(in.Seg, off, 1); ok {
			a.say("al becomes the byte at %s: %s", a.place(a.seg[in.Seg].Base+off), a.value(uint32(v)&0xff))
			a.setReg(vm.EAX, 1, uint32(v))
		}
	case x86.BOUND:
		a.bound()
	case x86.NOP:
		a.say("does nothing")
	default:
		return false
	}
	return true
}

func (a *analysis) mov() {
	in := a.in
	switch in.Form {
	case x86.FormRM:
		off := a.offset()
		v, ok := a.load(in.Seg, off, uint32(in.Size))
		if ok {
			v &= wide(uint32(in.Size))
			a.say("loads %s from %s into %s: %s", bytesText(uint32(in.Size)), a.place(a.seg[in.Seg].Base+off),
				regName(in.Dst, in.Size), a.value(uint32(v)))
			a.setReg(in.Dst, in.Size, uint32(v))
		}
	case x86.FormMR, x86.FormMI:
		off := a.offset()
		s, _ := a.source()
		if a.store(in.Seg, off, uint32(in.Size), uint64(s.v)) {
			a.say("stores %s to the %s at %s%s", s.text, bytesText(uint32(in.Size)), a.place(a.seg[in.Seg].Base+off), a.before(uint32(in.Size)))
		}
	default:
		s, ok := a.source()
		if ok {
			a.say("%s becomes %s", regName(in.Dst, in.Size), s.text)
			a.setReg(in.Dst, in.Size, s.v)
		}
	}
}

// before says what the memory that the last write goes to holds now, when that is something else.
func (a *analysis) before(size uint32) string {
	w := a.out.Writes[len(a.out.Writes)-1]
	var b [8]byte
	if a.m.ReadLinear(w.Addr, b[:size]) != int(size) {
		return ""
	}
	old := uint64(0)
	for i, c := range b[:size] {
		old |= uint64(c) << (8 * i)
	}
	if old == w.Value {
		return ", which it holds already"
	}
	return ", now " + a.value(uint32(old))
}

// extend explains MOVZX and MOVSX.
func (a *analysis) extend() {
	in := a.in
	size := uint8(1)
	if in.Op == x86.MOVZX16 || in.Op == x86.MOVSX16 {
		size = 2
	}
	v, text := uint32(0), ""
	if in.Form == x86.FormRM {
		off := a.offset()
		loaded, ok := a.load(in.Seg, off, uint32(size))
		if !ok {
			return
		}
		v, text = uint32(loaded)&mask(size), "the "+bytesText(uint32(size))+" at "+a.place(a.seg[in.Seg].Base+off)
	} else {
		v, text = a.reg(in.Src, size), regName(in.Src, size)
	}
	how := "zeros before it"
	if in.Op == x86.MOVSX8 || in.Op == x86.MOVSX16 {
		v, how = uint32(signExtend(v, size)), "its sign extended"
	}
	a.say("%s becomes %s with %s: %s", regName(in.Dst, in.Size), text, how, a.value(v&mask(in.Size)))
	a.setReg(in.Dst, in.Size, v)
}

// exchange explains XCHG, XADD and CMPXCHG.
func (a *analysis) exchange() {
	in := a.in
	d, ok := a.destination()
	if !ok {
		return
	}
	src := a.reg(in.Src, in.Size)
	switch in.Op {
	case x86.XCHG:
		a.say("exchanges %s (%s) with %s (%s)", d.text, a.value(d.old), regName(in.Src, in.Size), a.value(src))
		a.setReg(in.Src, in.Size, d.old)
		a.write(d, src)
	case x86.XADD:
		sum := (d.old + src) & mask(in.Size)
		a.say("adds %s (%s) to %s: %s becomes %s, and goes to %s", regName(in.Src, in.Size), a.value(src), d.text, a.value(d.old),
			a.value(sum), regName(in.Src, in.Size))
		a.setReg(in.Src, in.Size, d.old)
		a.write(d, sum)
	case x86.CMPXCHG:
		acc := a.reg(vm.EAX, in.Size)
		if acc == d.old {
			a.say("%s is %s as expected, becomes %s", d.text, a.value(d.old), a.value(src))
			a.write(d, src)
			return
		}
		a.say("%s is %s, not %s as expected: it goes to %s", d.text, a.value(d.old), a.value(acc), regName(vm.EAX, in.Size))
		if !d.register {
			a.written(d.la, uint32(in.Size), uint64(d.old)) // the old value is written back
		}
		a.setReg(vm.EAX, in.Size, d.old)
	}
}

func (a *analysis) cmpxchg8b() {
	off := a.offset()
	v, la, ok := a.modify(a.in.Seg, off, 8)
	if !ok {
		return
	}
	expected := uint64(a.gpr[vm.EDX])<<32 | uint64(a.gpr[vm.EAX])
	if v == expected {
		a.say("the 8 bytes at %s are %#x as expected, become ecx:ebx", a.place(la), v)
		a.written(la, 8, uint64(a.gpr[vm.ECX])<<32|uint64(a.gpr[vm.EBX]))
		return
	}
	a.say("the 8 bytes at %s are %#x, not %#x as expected: they go to edx:eax", a.place(la), v, expected)
	a.written(la, 8, v)
	a.setReg(vm.EAX, 4, uint32(v))
	a.setReg(vm.EDX, 4, uint32(v>>32))
}

func (a *analysis) bound() {
	in := a.in
	off := a.offset()
	v, ok := a.loadAligned(in.Seg, off, 2*uint32(in.Size), uint32(in.Size))
	if !ok {
		return
	}
	index := signExtend(a.reg(in.Dst, in.Size), in.Size)
	low, high := signExtend(uint32(v), in.Size), signExtend(uint32(v>>(8*in.Size)), in.Size)
	text := fmt.Sprintf("checks that %s (%d) lies in %d…%d", regName(in.Dst, in.Size), index, low, high)
	if index < low || index > high {
		a.attempt = text
		a.fault(vm.VecBR, 0, "it does not")
		return
	}
	a.say("%s: it does", text)
}

// stack explains PUSH and POP in all their forms, ENTER and LEAVE.
func (a *analysis) stack() bool {
	in := a.in
	switch in.Op {
	case x86.PUSH:
		a.pushOne()
	case x86.POP:
		a.popOne()
	case x86.PUSHA:
		a.pushAll()
	case x86.POPA:
		a.popAll()
	case x86.PUSHF:
		v := a.eflags &^ (vm.FlagVM | vm.FlagRF)
		if a.push(in.Size, v&mask(in.Size)) {
			a.say("pushes eflags (%s)", flagsText(a.eflags))
		}
		if a.eflags&vm.FlagVM != 0 {
			a.unforeseen()
		}
	case x86.POPF:
		if v, ok := a.top(in.Size, 0); ok {
			a.say("pops eflags: %s", flagsText(v))
			a.setSP(a.gpr[vm.ESP] + uint32(in.Size))
			if (a.eflags^v)&vm.FlagTF != 0 || a.eflags&vm.FlagVM != 0 {
				a.unforeseen()
			}
		}
	case x86.LEAVE:
		m := a.stackMask()
		if v, ok := a.load(vm.SS, a.gpr[vm.EBP]&m, uint32(in.Size)); ok {
			a.say("gives up the stack frame: esp becomes %s, ebp the word there, %s", a.value(a.gpr[vm.EBP]+uint32(in.Size)), a.value(uint32(v)&mask(in.Size)))
			a.setSP(a.gpr[vm.EBP] + uint32(in.Size))
			a.setReg(vm.EBP, in.Size, uint32(v))
		}
	case x86.ENTER:
		a.say("makes a stack frame of %s", bytesText(in.Imm))
		if in.Imm2&31 != 0 || in.Size != 4 || a.stackMask() != 0xffffffff {
			a.unforeseen()
			return true
		}
		if a.push(4, a.gpr[vm.EBP]) {
			frame := a.newReg(vm.ESP)
			a.setReg(vm.EBP, 4, frame)
			a.noteReg(vm.ESP, frame-in.Imm, true)
			a.out.Next.Known = false // the new top of the stack must be writable
		}
	default:
		return false
	}
	return true
}

// unforeseen gives up foreseeing anything.
func (a *analysis) unforeseen() {
	a.unknown()
	a.out.Next.Known = false
}

func (a *analysis) pushOne() {
	in := a.in
	v, text := in.Imm, ""
	switch in.Form {
	case x86.FormI:
		text = a.value(in.Imm & mask(in.Size))
	case x86.FormR:
		v = a.reg(in.Dst, in.Size)
		text = fmt.Sprintf("%s (%s)", regName(in.Dst, in.Size), a.value(v))
	default:
		off := a.offset()
		loaded, ok := a.load(in.Seg, off, uint32(in.Size))
		if !ok {
			return
		}
		v = uint32(loaded) & mask(in.Size)
		text = fmt.Sprintf("the value at %s (%s)", a.place(a.seg[in.Seg].Base+off), a.value(v))
	}
	if a.push(in.Size, v) {
		a.say("pushes %s to the stack at %s", text, a.place(a.out.Writes[0].Addr))
	}
}

func (a *analysis) popOne() {
	in := a.in
	v, ok := a.top(in.Size, 0)
	if !ok {
		return
	}
	sp := a.gpr[vm.ESP] + uint32(in.Size)
	if in.Form == x86.FormR {
		a.say("pops %s into %s", a.value(v), regName(in.Dst, in.Size))
		a.setSP(sp)
		a.setReg(in.Dst, in.Size, v)
		return
	}
	old := a.gpr[vm.ESP]
	m := a.stackMask()
	a.gpr[vm.ESP] = old&^m | sp&m // an address by ESP uses it moved already
	off := a.offset()
	ok = a.store(in.Seg, off, uint32(in.Size), uint64(v))
	a.gpr[vm.ESP] = old
	if ok {
		a.say("pops %s to %s", a.value(v), a.place(a.out.Writes[0].Addr))
		a.setSP(sp)
	}
}

func (a *analysis) pushAll() {
	in := a.in
	for r := range uint8(8) {
		if !a.push(in.Size, a.reg(r, in.Size)) {
			return
		}
	}
	a.say("pushes all eight general registers to the stack at %s", a.place(a.seg[vm.SS].Base+a.newReg(vm.ESP)))
}

func (a *analysis) popAll() {
	in := a.in
	values := [8]uint32{}
	for i := range uint8(8) {
		v, ok := a.top(in.Size, uint32(i)*uint32(in.Size))
		if !ok {
			return
		}
		values[7-i] = v
	}
	for r, v := range values {
		if r != vm.ESP {
			a.setReg(uint8(r), in.Size, v)
		}
	}
	a.setSP(a.gpr[vm.ESP] + 8*uint32(in.Size))
	a.say("pops all general registers but esp")
}

// flagBits explains the instructions on single flags, LAHF and SAHF.
func (a *analysis) flagBits() bool {
	switch a.in.Op {
	case x86.CLC:
		a.say("clears the carry flag")
	case x86.STC:
		a.say("sets the carry flag")
	case x86.CMC:
		a.say("inverts the carry flag, now %d", a.carry())
	case x86.CLD:
		a.say("string instructions will go upwards")
	case x86.STD:
		a.say("string instructions will go downwards")
	case x86.LAHF:
		v := a.eflags&0xd5 | 2
		a.say("ah becomes the low byte of eflags, %s", a.value(v))
		a.setReg(4, 1, v)
	case x86.SAHF:
		a.say("the low byte of eflags becomes ah, %s", a.value(a.reg(4, 1)))
	case x86.CLI, x86.STI:
		what := map[x86.Op]string{x86.CLI: "switches interrupts off", x86.STI: "switches interrupts on, from the instruction after the next"}[a.in.Op]
		if a.realMode() {
			a.say("%s", what)
			a.out.Next.Known = a.eflags&vm.FlagVM == 0
			return true
		}
		if iopl := int(a.eflags & vm.FlagIOPL >> 12); a.cpl > iopl {
			a.attempt = what
			a.fault(vm.VecGP, 0, fmt.Sprintf("at ring %d with I/O privilege level %d", a.cpl, iopl))
			return true
		}
		if (a.eflags&vm.FlagIF != 0) == (a.in.Op == x86.STI) {
			what += ", which they are already"
		}
		a.say("%s", what)
	default:
		return false
	}
	return true
}

// flagsText names the flags that are set.
func flagsText(f uint32) string {
	var list []string
	for _, flag := range []struct {
		bit  uint32
		name string
	}{{vm.FlagCF, "CF"}, {vm.FlagPF, "PF"}, {vm.FlagAF, "AF"}, {vm.FlagZF, "ZF"}, {vm.FlagSF, "SF"}, {vm.FlagTF, "TF"},
		{vm.FlagIF, "IF"}, {vm.FlagDF, "DF"}, {vm.FlagOF, "OF"}, {vm.FlagNT, "NT"}, {vm.FlagRF, "RF"}, {vm.FlagVM, "VM"},
		{vm.FlagAC, "AC"}, {vm.FlagID, "ID"}} {
		if f&flag.bit != 0 {
			list = append(list, flag.name)
		}
	}
	if len(list) == 0 {
		return "no flag set"
	}
	return strings.Join(list, " ")
}
