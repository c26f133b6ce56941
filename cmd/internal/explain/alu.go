// SPDX-License-Identifier: BSD-3-Clause
// Arithmetic, logic, shifts, multiplication and division, bits.

package explain

import (
	"fmt"
	mathbits "math/bits"

	"ring0/vm"
	"ring0/vm/x86"
)

// arithmetic explains the operations with two operands, and INC DEC NEG NOT.
func (a *analysis) arithmetic() bool {
	switch a.in.Op {
	case x86.ADD, x86.ADC, x86.SUB, x86.SBB, x86.AND, x86.OR, x86.XOR:
		a.binary()
	case x86.CMP, x86.TEST:
		a.compare()
	case x86.INC, x86.DEC, x86.NEG, x86.NOT:
		d, ok := a.destination()
		if !ok {
			return true
		}
		v := map[x86.Op]uint32{x86.INC: d.old + 1, x86.DEC: d.old - 1, x86.NEG: -d.old, x86.NOT: ^d.old}[a.in.Op] & mask(a.in.Size)
		a.say("%s %s: %s becomes %s", map[x86.Op]string{x86.INC: "increments", x86.DEC: "decrements", x86.NEG: "negates",
			x86.NOT: "inverts"}[a.in.Op], d.text, a.value(d.old), a.value(v))
		a.write(d, v)
	default:
		return false
	}
	return true
}

func (a *analysis) carry() uint32 { return a.eflags & vm.FlagCF }

// binary explains dst = dst op src.
func (a *analysis) binary() {
	in := a.in
	var s operand
	var ok bool
	if in.Form == x86.FormRM {
		if s, ok = a.source(); !ok {
			return
		}
	}
	d, ok := a.destination()
	if !ok {
		return
	}
	if in.Form != x86.FormRM {
		s, _ = a.source()
	}
	v, sign := uint32(0), ""
	switch in.Op {
	case x86.ADD:
		v, sign = d.old+s.v, "+"
	case x86.ADC:
		v, sign = d.old+s.v+a.carry(), fmt.Sprintf("+ carry %d +", a.carry())
	case x86.SUB:
		v, sign = d.old-s.v, "−"
	case x86.SBB:
		v, sign = d.old-s.v-a.carry(), fmt.Sprintf("− borrow %d −", a.carry())
	case x86.AND:
		v, sign = d.old&s.v, "&"
	case x86.OR:
		v, sign = d.old|s.v, "|"
	case x86.XOR:
		v, sign = d.old^s.v, "^"
	}
	v &= mask(in.Size)
	if in.Op == x86.XOR && in.Form == x86.FormRR && in.Dst == in.Src {
		a.say("sets %s to 0", d.text)
	} else {
		a.say("%s becomes %s %s %s = %s", d.text, a.value(d.old), sign, s.text, a.value(v))
	}
	a.write(d, v)
	if in.Dst == x86.ESP && d.register && in.Size == 4 {
		a.say("%s", a.stackMoves(d.old, v))
	}
}

// stackMoves says what a change of ESP means.
func (a *analysis) stackMoves(from, to uint32) string {
	if to <= from {
		return fmt.Sprintf("making room for %s on the stack", bytesText(from-to))
	}
	return fmt.Sprintf("taking %s off the stack", bytesText(to-from))
}

// compare explains CMP and TEST.
func (a *analysis) compare() {
	in := a.in
	left := ""
	var x uint32
	switch in.Form {
	case x86.FormMR, x86.FormMI, x86.FormM:
		off := a.offset()
		v, ok := a.load(in.Seg, off, uint32(in.Size))
		if !ok {
			return
		}
		x = uint32(v) & mask(in.Size)
		left = fmt.Sprintf("the %s at %s (%s)", bytesText(uint32(in.Size)), a.place(a.seg[in.Seg].Base+off), a.value(x))
	default:
		x = a.reg(in.Dst, in.Size)
		left = fmt.Sprintf("%s (%s)", regName(in.Dst, in.Size), a.value(x))
	}
	s, ok := a.source()
	if !ok {
		return
	}
	if in.Op == x86.TEST {
		r := x & s.v
		what := "has none of these bits"
		if r != 0 {
			what = "has some: " + a.value(r)
		}
		if in.Form == x86.FormRR && in.Dst == in.Src {
			a.say("tests %s: %s", left, signText(x, in.Size))
			return
		}
		a.say("tests %s for the bits of %s: %s", left, s.text, what)
		return
	}
	a.say("compares %s with %s: %s", left, s.text, relation(x, s.v, in.Size))
}

func signText(v uint32, size uint8) string {
	switch s := signExtend(v, size); {
	case s == 0:
		return "zero"
	case s < 0:
		return "negative"
	}
	return "positive"
}

// relation says how two numbers compare, signed and unsigned.
func relation(x, y uint32, size uint8) string {
	if x == y {
		return "equal"
	}
	signed, unsigned := "greater", "above"
	if signExtend(x, size) < signExtend(y, size) {
		signed = "less"
	}
	if x < y {
		unsigned = "below"
	}
	return signed + " (unsigned: " + unsigned + ")"
}

// shifts explains shifts and rotates.
func (a *analysis) shifts() bool {
	in := a.in
	op, count := in.Op, in.Imm
	switch op {
	case x86.ROLCL, x86.RORCL, x86.RCLCL, x86.RCRCL, x86.SHLCL, x86.SHRCL, x86.SARCL, x86.SHLDCL, x86.SHRDCL:
		op = map[x86.Op]x86.Op{x86.ROLCL: x86.ROL, x86.RORCL: x86.ROR, x86.RCLCL: x86.RCL, x86.RCRCL: x86.RCR,
			x86.SHLCL: x86.SHL, x86.SHRCL: x86.SHR, x86.SARCL: x86.SAR, x86.SHLDCL: x86.SHLD, x86.SHRDCL: x86.SHRD}[op]
		count = a.gpr[vm.ECX]
	case x86.ROL, x86.ROR, x86.RCL, x86.RCR, x86.SHL, x86.SHR, x86.SAR, x86.SHLD, x86.SHRD:
	default:
		return false
	}
	d, ok := a.destination()
	if !ok {
		return true
	}
	count &= 31
	v, known := a.shifted(op, d.old, count)
	how := map[x86.Op]string{x86.ROL: "rotates %s left by %d", x86.ROR: "rotates %s right by %d",
		x86.RCL: "rotates %s left through the carry by %d", x86.RCR: "rotates %s right through the carry by %d",
		x86.SHL: "shifts %s left by %d", x86.SHR: "shifts %s right by %d", x86.SAR: "shifts %s right by %d, keeping its sign",
		x86.SHLD: "shifts %s left by %d, filling from " + regName(in.Src, in.Size),
		x86.SHRD: "shifts %s right by %d, filling from " + regName(in.Src, in.Size)}[op]
	a.say(how, d.text, count)
	if count == 0 && op != x86.RCL && op != x86.RCR && op != x86.SHLD && op != x86.SHRD {
		a.says[len(a.says)-1] += ": nothing changes"
		return true
	}
	if !known {
		a.unknown()
		return true
	}
	a.says[len(a.says)-1] += fmt.Sprintf(": %s becomes %s", a.value(d.old), a.value(v))
	a.write(d, v)
	return true
}

// shifted computes a shift or rotation.
func (a *analysis) shifted(op x86.Op, old, count uint32) (v uint32, known bool) {
	width := uint32(a.in.Size) * 8
	src := uint64(a.reg(a.in.Src, a.in.Size))
	switch op {
	case x86.SHL:
		v = uint32(uint64(old) << count)
	case x86.SHR:
		v = uint32(uint64(old) >> count)
	case x86.SAR:
		v = uint32(int64(signExtend(old, a.in.Size)) >> count)
	case x86.ROL:
		n := count % width
		v = uint32(uint64(old)<<n | uint64(old)>>(width-n))
	case x86.ROR:
		n := count % width
		v = uint32(uint64(old)>>n | uint64(old)<<(width-n))
	case x86.RCL, x86.RCR:
		n := count % (width + 1)
		if op == x86.RCR && n != 0 {
			n = width + 1 - n
		}
		x := uint64(a.carry())<<width | uint64(old)
		if n != 0 {
			x = x<<n | x>>(width+1-n)
		}
		v = uint32(x)
	case x86.SHLD, x86.SHRD:
		if count > width {
			return 0, false // the manual leaves it open
		}
		if op == x86.SHLD {
			v = uint32((uint64(old)<<width | src) << count >> width)
		} else {
			v = uint32((src<<width | uint64(old)) >> count)
		}
	}
	return v & mask(a.in.Size), true
}

// multiply explains MUL, IMUL, DIV and IDIV.
func (a *analysis) multiply() bool {
	switch a.in.Op {
	case x86.MUL, x86.IMUL1:
		a.widening()
	case x86.IMUL:
		a.imul()
	case x86.DIV, x86.IDIV:
		a.divide()
	default:
		return false
	}
	return true
}

// single reads the one operand of F6 and F7.
func (a *analysis) single() (operand, bool) {
	if a.in.Form == x86.FormR {
		v := a.reg(a.in.Dst, a.in.Size)
		return operand{fmt.Sprintf("%s (%s)", regName(a.in.Dst, a.in.Size), a.value(v)), v}, true
	}
	return a.source()
}

// setPair sets AX, DX:AX or EDX:EAX.
func (a *analysis) setPair(p uint64) {
	switch a.in.Size {
	case 1:
		a.setReg(vm.EAX, 2, uint32(p))
	default:
		a.setReg(vm.EAX, a.in.Size, uint32(p)&mask(a.in.Size))
		a.setReg(vm.EDX, a.in.Size, uint32(p>>(8*a.in.Size))&mask(a.in.Size))
	}
}

// pair names what setPair sets.
func (a *analysis) pair() string {
	return map[uint8]string{1: "ax", 2: "dx:ax", 4: "edx:eax"}[a.in.Size]
}

func (a *analysis) widening() {
	s, ok := a.single()
	if !ok {
		return
	}
	acc := a.reg(vm.EAX, a.in.Size)
	p := uint64(acc) * uint64(s.v)
	if a.in.Op == x86.IMUL1 {
		p = uint64(int64(signExtend(acc, a.in.Size)) * int64(signExtend(s.v, a.in.Size)))
	}
	a.say("multiplies %s (%s) by %s into %s", regName(vm.EAX, a.in.Size), a.value(acc), s.text, a.pair())
	a.setPair(p)
}

func (a *analysis) imul() {
	in := a.in
	s, ok := a.sourceOf2()
	if !ok {
		return
	}
	factor := a.reg(in.Dst, in.Size)
	text := fmt.Sprintf("%s (%s)", regName(in.Dst, in.Size), a.value(factor))
	if in.Form == x86.FormRRI || in.Form == x86.FormRMI {
		factor = in.Imm
		text = a.value(factor & mask(in.Size))
	}
	v := factor * s.v & mask(in.Size)
	a.say("%s becomes %s × %s = %s", regName(in.Dst, in.Size), s.text, text, a.value(v))
	a.setReg(in.Dst, in.Size, v)
}

// sourceOf2 is the source of a form with a register or memory source and an immediate beside it.
func (a *analysis) sourceOf2() (operand, bool) {
	if a.in.Form == x86.FormRMI || a.in.Form == x86.FormRM {
		off := a.offset()
		v, ok := a.load(a.in.Seg, off, uint32(a.in.Size))
		return operand{"the value at " + a.place(a.seg[a.in.Seg].Base+off), uint32(v) & mask(a.in.Size)}, ok
	}
	v := a.reg(a.in.Src, a.in.Size)
	return operand{fmt.Sprintf("%s (%s)", regName(a.in.Src, a.in.Size), a.value(v)), v}, true
}

// divide explains DIV and IDIV, which fault when the quotient does not fit.
func (a *analysis) divide() {
	size := a.in.Size
	s, ok := a.single()
	if !ok {
		return
	}
	low, high := a.reg(vm.EAX, size), a.reg(vm.EDX, size)
	dividend := uint64(high)<<(8*size) | uint64(low)
	if size == 1 {
		dividend = uint64(a.reg(vm.EAX, 2))
	}
	text := fmt.Sprintf("divides %s (%#x) by %s", a.pair(), dividend, s.text)
	quotient, rest, fits := divided(a.in.Op == x86.IDIV, dividend, s.v, size)
	if !fits {
		a.attempt = text
		why := "the quotient does not fit"
		if s.v == 0 {
			why = "division by zero"
		}
		a.fault(vm.VecDE, 0, why)
		return
	}
	a.say("%s: quotient %s, remainder %s", text, a.value(quotient), a.value(rest))
	if size == 1 {
		a.setReg(vm.EAX, 2, quotient|rest<<8)
		return
	}
	a.setReg(vm.EAX, size, quotient)
	a.setReg(vm.EDX, size, rest)
}

// divided computes quotient and remainder.
func divided(signed bool, dividend uint64, divisor uint32, size uint8) (quotient, rest uint32, fits bool) {
	m := mask(size)
	if divisor == 0 {
		return 0, 0, false
	}
	if !signed {
		q := dividend / uint64(divisor)
		return uint32(q), uint32(dividend % uint64(divisor)), q <= uint64(m)
	}
	n := int64(dividend)
	if size < 4 {
		shift := 64 - 16*uint(size)
		n = int64(dividend<<shift) >> shift
	}
	d := int64(signExtend(divisor, size))
	if d == -1 && n == -1<<63 {
		return 0, 0, false
	}
	q := n / d
	return uint32(q) & m, uint32(n%d) & m, q == int64(signExtend(uint32(q)&m, size))
}

// bits explains bit tests, scans, BSWAP and SETcc.
func (a *analysis) bits() bool {
	in := a.in
	switch in.Op {
	case x86.BT, x86.BTS, x86.BTR, x86.BTC:
		a.bitTest()
	case x86.BSF, x86.BSR:
		s, ok := a.source()
		if !ok {
			return true
		}
		if s.v == 0 {
			a.say("looks for a set bit in %s: there is none", s.text)
			a.out.RegsKnown = false
			return true
		}
		v := uint32(mathbits.TrailingZeros32(s.v))
		if in.Op == x86.BSR {
			v = uint32(31 - mathbits.LeadingZeros32(s.v))
		}
		a.say("%s becomes %d, the number of the %s set bit in %s", regName(in.Dst, in.Size), v,
			map[x86.Op]string{x86.BSF: "lowest", x86.BSR: "highest"}[in.Op], s.text)
		a.setReg(in.Dst, in.Size, v)
	case x86.BSWAP:
		v := mathbits.ReverseBytes32(a.gpr[in.Dst&7])
		a.say("reverses the bytes of %s: %s becomes %s", regName(in.Dst, 4), a.value(a.gpr[in.Dst&7]), a.value(v))
		if in.Size != 4 {
			a.out.RegsKnown = false
			return true
		}
		a.setReg(in.Dst, 4, v)
	case x86.SETCC:
		a.setcc()
	default:
		return false
	}
	return true
}

func (a *analysis) setcc() {
	holds := a.condition(a.in.Cond)
	v := uint32(0)
	if holds {
		v = 1
	}
	text := fmt.Sprintf("to %d: %s", v, a.conditionText(a.in.Cond))
	if a.in.Form == x86.FormM {
		off := a.offset()
		if a.store(a.in.Seg, off, 1, uint64(v)) {
			a.say("sets the byte at %s %s", a.place(a.seg[a.in.Seg].Base+off), text)
		}
		return
	}
	a.say("sets %s %s", regName(a.in.Dst, 1), text)
	a.setReg(a.in.Dst, 1, v)
}

// bitTest explains BT and its relatives. With a register's bit number the bit may lie far from the operand.
func (a *analysis) bitTest() {
	in := a.in
	width := uint32(in.Size) * 8
	number := in.Imm
	if in.Form == x86.FormRR || in.Form == x86.FormMR {
		number = a.reg(in.Src, in.Size)
	}
	change := in.Op != x86.BT
	d := dest{text: regName(in.Dst, in.Size), old: a.reg(in.Dst, in.Size), register: true}
	if in.Form == x86.FormMR || in.Form == x86.FormMI {
		off := a.offset()
		if in.Form == x86.FormMR {
			words := signExtend(number, in.Size) >> map[uint8]uint{2: 4, 4: 5}[in.Size]
			off += uint32(words) * uint32(in.Size)
			if in.Flags&x86.Addr16 != 0 {
				off &= 0xffff
			}
		}
		var v uint64
		var ok bool
		if change {
			v, d.la, ok = a.modify(in.Seg, off, uint32(in.Size))
		} else {
			v, ok = a.load(in.Seg, off, uint32(in.Size))
		}
		if !ok {
			return
		}
		d.register, d.old = false, uint32(v)&mask(in.Size)
		d.text = fmt.Sprintf("the %s at %s", bytesText(uint32(in.Size)), a.place(a.seg[in.Seg].Base+off))
	}
	bit := uint32(1) << (number % width)
	state := 0
	if d.old&bit != 0 {
		state = 1
	}
	text := fmt.Sprintf("bit %d of %s is %d", number%width, d.text, state)
	switch in.Op {
	case x86.BT:
		a.say("tests a bit: %s", text)
		return
	case x86.BTS:
		a.say("sets a bit: %s, becomes 1", text)
		a.write(d, d.old|bit)
	case x86.BTR:
		a.say("clears a bit: %s, becomes 0", text)
		a.write(d, d.old&^bit)
	case x86.BTC:
		a.say("inverts a bit: %s, becomes %d", text, 1-state)
		a.write(d, d.old^bit)
	}
}
