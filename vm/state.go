// SPDX-License-Identifier: BSD-3-Clause

// The processor's state from outside: loading it for a start, whole copies
// for snapshots and test harnesses. Nothing here raises an exception.

package vm

import (
	"encoding/binary"

	"ring0/vm/x86"
)

// Segment is a segment register, LDTR or TR with its hidden part.
type Segment struct {
	Selector uint16
	Attr     uint16 // descriptor bytes 5 and 6: type, S, DPL, P in bits 0–7; AVL, D/B, G in 12, 14, 15
	Base     uint32
	Limit    uint32 // in bytes, granularity applied
}

// Table is GDTR or IDTR.
type Table struct {
	Base  uint32
	Limit uint16
}

// State is all of a processor's state. The exported part may be changed
// before SetState; the rest goes with it unseen.
type State struct {
	GPR                [8]uint32 // EAX ECX EDX EBX ESP EBP ESI EDI
	EIP, Eflags        uint32
	Seg                [6]Segment // ES CS SS DS FS GS
	LDTR, TR           Segment
	GDTR, IDTR         Table
	CR0, CR2, CR3, CR4 uint32
	DR                 [8]uint32 // 4 and 5 unused
	CPL                uint8
	Halted             bool
	Now                uint64 // instructions retired, as Machine.Now

	msr                   msrState
	fpu                   fpuState
	sys                   sysState
	shadow, nmi, intrLine bool
}

func (s segment) state() Segment    { return Segment{s.sel, s.attr, s.base, s.limit} }
func (s Segment) register() segment { return segment{s.Selector, s.Attr, s.Base, s.Limit} }
func (t tableReg) state() Table     { return Table{t.base, t.limit} }
func (t Table) register() tableReg  { return tableReg{t.Base, t.Limit} }

// State returns a copy of the processor's state. It may be asked for only
// while no instruction is being executed, but for a hypercall's.
func (m *Machine) State() State {
	c := &m.cpu
	s := State{
		EIP: c.eip, Eflags: c.eflags(),
		LDTR: c.ldtr.state(), TR: c.tr.state(), GDTR: c.gdtr.state(), IDTR: c.idtr.state(),
		CR0: c.cr0, CR2: c.cr2, CR3: c.cr3, CR4: c.cr4,
		DR: c.dr, CPL: c.cpl, Halted: c.halted, Now: c.now(),
		msr: c.msr, fpu: c.fpu, sys: c.sys, shadow: c.shadow, nmi: c.nmi, intrLine: c.intrLine,
	}
	s.sys.hits, s.sys.noStep = 0, false // of the instruction that has ended
	copy(s.GPR[:], c.gpr[:])
	for i := range s.Seg {
		s.Seg[i] = c.seg[i].state()
	}
	return s
}

// SetState makes s the processor's state, clock included. Guest memory and
// scheduled events are not touched.
func (m *Machine) SetState(s *State) {
	c := &m.cpu
	copy(c.gpr[:8], s.GPR[:])
	c.eip = s.EIP
	c.setEflags(s.Eflags)
	for i := range s.Seg {
		c.seg[i] = s.Seg[i].register()
	}
	c.ldtr, c.tr = s.LDTR.register(), s.TR.register()
	c.gdtr, c.idtr = s.GDTR.register(), s.IDTR.register()
	c.cr0, c.cr2, c.cr3, c.cr4 = s.CR0, s.CR2, s.CR3, s.CR4
	c.dr, c.cpl, c.halted = s.DR, s.CPL, s.Halted
	c.msr, c.fpu, c.sys = s.msr, s.fpu, s.sys
	c.shadow, c.nmi, c.intrLine = s.shadow, s.nmi, s.intrLine
	c.setNow(s.Now)
	c.debugChanged()
	c.flushTLB()
	c.updateMode()
}

// SetCPL sets the current privilege level. The segment registers are the
// caller's to match.
func (m *Machine) SetCPL(cpl int) {
	m.cpu.cpl = uint8(cpl & 3)
	m.cpu.updateMode()
}

// SegmentRaw returns a segment register with its hidden part.
func (m *Machine) SegmentRaw(seg int) Segment { return m.cpu.seg[seg].state() }

// SetSegmentRaw sets a segment register, hidden part included.
func (m *Machine) SetSegmentRaw(seg int, s Segment) {
	m.cpu.seg[seg] = s.register()
	m.cpu.updateMode()
}

// LoadSegment sets a segment register from its descriptor in guest memory,
// or as real and virtual-8086 mode do. Nothing is checked: a null selector,
// or one without a descriptor, leaves the register unusable. Loading CS sets
// CPL to the selector's RPL.
func (m *Machine) LoadSegment(seg int, sel uint16) {
	c := &m.cpu
	if c.realMode() {
		c.seg[seg] = c.realSegment(c.seg[seg], sel)
	} else {
		c.seg[seg] = m.segmentOf(sel)
		if seg == x86.CS {
			c.cpl = uint8(sel & 3)
		}
	}
	c.updateMode()
}

// segmentOf makes a segment register from sel's descriptor.
func (m *Machine) segmentOf(sel uint16) segment {
	la, ok := m.cpu.descAddr(sel)
	var b [8]byte
	d := nullDesc
	if ok && !nullSel(sel) && m.ReadLinear(la, b[:]) == len(b) {
		d = descriptor(binary.LittleEndian.Uint64(b[:]))
	}
	var s segment
	s.load(sel, d)
	return s
}

// LoadLDTR sets LDTR from its descriptor in the GDT.
func (m *Machine) LoadLDTR(sel uint16) { m.cpu.ldtr = m.segmentOf(sel) }

// LoadTR sets TR from its descriptor in the GDT and, like LTR, marks the TSS
// busy there.
func (m *Machine) LoadTR(sel uint16) {
	c := &m.cpu
	c.tr = m.segmentOf(sel)
	if c.tr.null() {
		return
	}
	c.tr.attr |= sysBusy
	la, _ := c.descAddr(sel)
	m.WriteLinear(la+5, []byte{uint8(c.tr.attr)})
}

// LDTR returns the local descriptor table register.
func (m *Machine) LDTR() Segment { return m.cpu.ldtr.state() }

// TR returns the task register.
func (m *Machine) TR() Segment { return m.cpu.tr.state() }

// GDTR returns the GDT's place.
func (m *Machine) GDTR() Table { return m.cpu.gdtr.state() }

// IDTR returns the IDT's place.
func (m *Machine) IDTR() Table { return m.cpu.idtr.state() }

// DR returns debug register n (0–3, 6, 7).
func (m *Machine) DR(n int) uint32 { return m.cpu.dr[n&7] }

// SetDR sets debug register n (0–3, 6, 7) with the side effects of MOV.
func (m *Machine) SetDR(n int, v uint32) { m.cpu.setDR(uint8(n&7), v) }

// MSR returns a model-specific register; false when the CPU model has no
// register n.
func (m *Machine) MSR(n uint32) (uint64, bool) { return m.cpu.readMSR(n) }

// SetMSR sets a model-specific register as WRMSR would; false when it would
// fault.
func (m *Machine) SetMSR(n uint32, v uint64) bool { return m.cpu.writeMSR(n, v) }

// Wake ends a HLT as an interrupt would, without one.
func (m *Machine) Wake() { m.cpu.halted = false }

// Halted reports that the processor waits in HLT.
func (m *Machine) Halted() bool { return m.cpu.halted }
