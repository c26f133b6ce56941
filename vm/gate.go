// SPDX-License-Identifier: BSD-3-Clause

// Interrupt, trap and task gates: what happens between an event and the
// first instruction of its handler.
//
// Intel SDM vol. 2, "INT n/INTO/INT3/INT1", operation; vol. 3, 6.12
// "Exception and interrupt handling". The checks stand in the order of the
// manual's pseudo-code, its rule above each.

package vm

import "ring0/vm/x86"

// idtErr is the error code that names an IDT entry.
const idtErr = 1 << 1

// gateFault raises vec with the event's IDT entry as error code.
func (c *CPU) gateFault(vec uint8, ev *event) bool {
	return c.raiseErr(vec, uint32(ev.vector)<<3|idtErr|c.sys.ext)
}

// throughGate delivers ev in protected mode.
func (c *CPU) throughGate(ev *event) bool {
	// The entry must lie within the IDT.
	at := uint32(ev.vector) * 8
	if at+7 > uint32(c.idtr.limit) {
		return c.gateFault(VecGP, ev)
	}
	v, ok := c.readSys64(c.idtr.base + at)
	if !ok {
		return false
	}
	gate := descriptor(v)
	if c.fastGate(ev, gate) {
		return true
	}
	// It must be an interrupt, trap or task gate.
	switch gate.kind() {
	case sysTaskGate, sysInt16, sysTrap16, sysInt32, sysTrap32:
	default:
		return c.gateFault(VecGP, ev)
	}
	// INT n, INT3 and INTO need the gate's DPL.
	if ev.kind == evSoftware && gate.dpl() < c.cpl {
		return c.gateFault(VecGP, ev)
	}
	// The gate must be present.
	if !gate.present() {
		return c.gateFault(VecNP, ev)
	}
	if gate.kind() == sysTaskGate {
		return c.throughTaskGate(ev, gate)
	}
	return c.toHandler(ev, gate)
}

// toHandler checks the gate's code segment and chooses the stack.
func (c *CPU) toHandler(ev *event, gate descriptor) bool {
	// The selector must not be null.
	sel := gate.gateSelector()
	if nullSel(sel) {
		return c.zeroFault(VecGP)
	}
	// It must lie within its table.
	code, ok := c.fetchDesc(sel, VecGP)
	if !ok {
		return false
	}
	// It must be a code segment, of CPL's or an inner ring.
	if !code.isCode() || code.dpl() > c.cpl {
		return c.selFault(VecGP, sel)
	}
	// It must be present.
	if !code.present() {
		return c.selFault(VecNP, sel)
	}
	inner := !code.isConforming() && code.dpl() < c.cpl
	// From virtual-8086 mode the way leads to ring 0 and nowhere else.
	if c.flags&FlagVM != 0 && (!inner || code.dpl() != 0) {
		return c.selFault(VecGP, sel)
	}
	if code, ok = c.markAccessed(sel, code); !ok {
		return false
	}
	h := handlerFrame{ev: ev, gate: gate, code: code, cpl: c.cpl}
	if !inner {
		c.currentStack(&h.top)
		return c.enterHandler(&h)
	}
	h.cpl = code.dpl()
	h.inner = true
	if !c.innerStack(h.cpl, &h.top) {
		return false
	}
	return c.enterHandler(&h)
}

// handlerFrame gathers what entering a handler needs.
type handlerFrame struct {
	ev    *event
	gate  descriptor
	code  descriptor
	cpl   uint8
	inner bool // the stack is switched to top
	top   stackTop
}

// innerStack finds the stack of ring cpl in the TSS (SDM vol. 3, 5.8.5).
func (c *CPU) innerStack(cpl uint8, t *stackTop) bool {
	sel, sp, ok := c.tssStack(cpl)
	if !ok {
		return false
	}
	d, ok := c.checkStackSel(sel, cpl, VecTS)
	if !ok {
		return false
	}
	t.seg.load(sel, d)
	t.sp, t.cpl, t.err, t.real = sp, cpl, uint32(sel&^3)|c.sys.ext, false
	return true
}

// tssStack reads SS:ESP of ring cpl from the current TSS.
func (c *CPU) tssStack(cpl uint8) (ss uint16, sp uint32, ok bool) {
	wide := c.tr.attr&sys32 != 0
	at, last := uint32(cpl)*4+2, uint32(3)
	if wide {
		at, last = uint32(cpl)*8+4, 5
	}
	// Both fields must lie within the TSS.
	if c.tr.null() || at+last > c.tr.limit {
		return 0, 0, c.selFault(VecTS, c.tr.sel)
	}
	if !wide {
		v, ok := c.readSys(c.tr.base+at, 4)
		return uint16(v >> 16), uint32(v & 0xffff), ok
	}
	v, ok := c.readSys64(c.tr.base + at)
	return uint16(v >> 32), uint32(v), ok
}

// enterHandler builds the frame and goes to the handler.
//
//	V86 only:           GS FS DS ES
//	with stack switch:  SS ESP
//	always:             EFLAGS CS EIP
//	some exceptions:    error code
func (c *CPU) enterHandler(h *handlerFrame) bool {
	var vals [10]uint32
	n := 0
	v86 := c.flags&FlagVM != 0
	if v86 {
		for i, s := range [...]uint8{x86.GS, x86.FS, x86.DS, x86.ES} {
			vals[i] = uint32(c.seg[s].sel)
		}
		n = 4
	}
	if h.inner {
		vals[n], vals[n+1] = uint32(c.seg[x86.SS].sel), c.gpr[x86.ESP]
		n += 2
	}
	vals[n], vals[n+1], vals[n+2] = c.pushedFlags(h.ev), uint32(c.seg[x86.CS].sel), h.ev.next
	n += 3
	if h.ev.hasErr {
		vals[n] = h.ev.err
		n++
	}
	// The stack must have room, then the handler's first instruction must lie
	// within its segment.
	target := h.gate.gateOffset()
	size := h.gate.gateSize()
	if target > h.code.limit() {
		if !c.roomFor(&h.top, size, n) {
			return false
		}
		return c.zeroFault(VecGP)
	}
	if !c.pushAll(&h.top, size, vals[:n]) {
		return false
	}
	c.recordEvent(target)
	if v86 {
		for _, s := range [...]uint8{x86.GS, x86.FS, x86.DS, x86.ES} {
			c.seg[s].load(0, nullDesc)
		}
	}
	if h.inner {
		c.seg[x86.SS].copySegment(&h.top.seg)
	}
	c.gpr[x86.ESP] = h.top.sp
	c.flags &^= FlagTF | FlagNT | FlagRF | FlagVM
	if h.gate.kind()&1 == 0 { // an interrupt gate
		c.flags &^= FlagIF
	}
	c.setCode(h.gate.gateSelector(), h.code, h.cpl)
	c.eip = target
	return true
}

// pushedFlags is the EFLAGS image of ev's frame. RF is set where going back
// executes an instruction again that has begun already (SDM vol. 3, 17.3.1.1).
func (c *CPU) pushedFlags(ev *event) uint32 {
	f := c.eflags()
	if ev.kind == evFault || c.sys.midRep {
		f |= FlagRF
	}
	return f
}

// setCode loads CS and CPL and what follows from them.
func (c *CPU) setCode(sel uint16, d descriptor, cpl uint8) {
	c.seg[x86.CS].load(sel&^3|uint16(cpl), d)
	c.cpl = cpl
	c.updateMode()
}

// roomFor checks that n words of size bytes can be pushed on a stack: limit
// first, then pages, as the processor does before it looks at the target.
func (c *CPU) roomFor(t *stackTop, size uint8, n int) bool {
	sp := t.sp
	for range n {
		sp -= uint32(size)
		if !t.holds(sp&t.mask(), uint32(size)) {
			return c.raiseErr(VecSS, t.err)
		}
	}
	sp = t.sp
	for range n {
		sp -= uint32(size)
		if _, ok := c.resolve(t.seg.base+sp&t.mask(), size, t.access(accWrite)); !ok {
			return false
		}
	}
	return true
}
