// SPDX-License-Identifier: BSD-3-Clause

// Registers changed by hand, between two instructions: with the checks of the
// instruction that loads them, and without its side effects where it faults.
//
// Intel SDM vol. 2, "MOV" (to segment, control and debug registers), "JMP"
// (for CS), "LLDT", "LTR", "LDMXCSR", "FLDCW", "POPF"; vol. 3, 5.6 to 5.8.

package vm

import (
	"encoding/binary"
	"fmt"

	"ring0/vm/x86"
)

// A Refusal says why the processor would not load a value into a register.
// Nothing has changed.
type Refusal struct {
	Vector  uint8
	HasCode bool
	Code    uint32
	Reason  string // in words
}

func (r *Refusal) Error() string {
	name := fmt.Sprintf("#%d", r.Vector)
	switch r.Vector {
	case VecUD:
		name = "#UD"
	case VecNP:
		name = "#NP"
	case VecSS:
		name = "#SS"
	case VecGP:
		name = "#GP"
	case VecPF:
		name = "#PF"
	}
	if r.HasCode {
		name += fmt.Sprintf("(%#x)", r.Code)
	}
	return name + ": " + r.Reason
}

// refuse makes a refusal with an error code.
func refuse(vector uint8, code uint32, format string, args ...any) error {
	return &Refusal{vector, true, code, fmt.Sprintf(format, args...)}
}

// refuseSel is a refusal for a selector.
func refuseSel(vector uint8, sel uint16, format string, args ...any) error {
	return refuse(vector, uint32(sel&^3), "selector %#04x %s", sel, fmt.Sprintf(format, args...))
}

// EditSegment loads segment register seg as MOV does, CS as a far jump to EIP
// would: at the present privilege level, and not through a gate.
func (m *Machine) EditSegment(seg int, sel uint16) error {
	c := &m.cpu
	if c.realMode() {
		s := c.realSegment(c.seg[seg], sel)
		if seg == x86.CS && c.eip > s.limit {
			return refuse(VecGP, 0, "EIP lies behind the limit %#x", s.limit)
		}
		c.seg[seg] = s
		c.updateMode()
		return nil
	}
	d, err := m.checkSegment(seg, sel)
	if err != nil {
		return err
	}
	if d != nullDesc && d>>40&attrAccessed == 0 {
		if d, err = m.accessed(sel, d); err != nil {
			return err
		}
	}
	if seg == x86.CS {
		c.setCode(sel, d, c.cpl)
		return nil
	}
	c.seg[seg].load(sel, d)
	c.updateMode()
	return nil
}

// checkSegment is checkDataSel, checkStackSel and checkDirect in words.
func (m *Machine) checkSegment(seg int, sel uint16) (descriptor, error) {
	c := &m.cpu
	switch {
	case !nullSel(sel):
	case seg == x86.CS:
		return 0, refuse(VecGP, 0, "a null selector is no code")
	case seg == x86.SS:
		return 0, refuse(VecGP, 0, "a null selector is no stack")
	default:
		return nullDesc, nil
	}
	d, err := m.peekDescriptor(sel)
	if err != nil {
		return 0, err
	}
	switch seg {
	case x86.CS:
		return d, c.codeRefusal(sel, d)
	case x86.SS:
		return d, c.stackRefusal(sel, d)
	}
	return d, c.dataRefusal(sel, d)
}

// peekDescriptor reads a descriptor without touching anything.
func (m *Machine) peekDescriptor(sel uint16) (descriptor, error) {
	la, ok := m.cpu.descAddr(sel)
	if !ok {
		if sel&4 != 0 {
			return 0, refuseSel(VecGP, sel, "lies behind the end of the LDT")
		}
		return 0, refuseSel(VecGP, sel, "lies behind the end of the GDT")
	}
	var b [8]byte
	if n := m.ReadLinear(la, b[:]); n != len(b) {
		return 0, refuse(VecPF, 0, "the descriptor of selector %#04x at %#08x is not mapped", sel, la+uint32(n))
	}
	return descriptor(binary.LittleEndian.Uint64(b[:])), nil
}

// accessed sets the accessed bit in the descriptor table.
func (m *Machine) accessed(sel uint16, d descriptor) (descriptor, error) {
	la, _ := m.cpu.descAddr(sel)
	if _, ok := m.Translate(la+5, Write); !ok {
		const presentWrite = 3
		return d, refuse(VecPF, presentWrite, "the descriptor of selector %#04x is write protected", sel)
	}
	d |= attrAccessed << 40
	m.WriteLinear(la+5, []byte{uint8(d >> 40)})
	return d, nil
}

// codeRefusal says why a descriptor will not do for CS.
func (c *CPU) codeRefusal(sel uint16, d descriptor) error {
	switch {
	case !d.isCode():
		return refuseSel(VecGP, sel, "is no code segment")
	case d.isConforming() && d.dpl() > c.cpl:
		return refuseSel(VecGP, sel, "is code of privilege level %d, this is level %d", d.dpl(), c.cpl)
	case !d.isConforming() && (uint8(sel&3) > c.cpl || d.dpl() != c.cpl):
		return refuseSel(VecGP, sel, "is code of privilege level %d, this is level %d", max(d.dpl(), uint8(sel&3)), c.cpl)
	case !d.present():
		return refuseSel(VecNP, sel, "names a segment that is not present")
	case c.eip > d.limit():
		return refuse(VecGP, 0, "EIP lies behind the limit %#x of selector %#04x", d.limit(), sel)
	}
	return nil
}

// stackRefusal says why a descriptor will not do for SS.
func (c *CPU) stackRefusal(sel uint16, d descriptor) error {
	switch {
	case uint8(sel&3) != c.cpl:
		return refuseSel(VecGP, sel, "asks for privilege level %d, a stack must have the present one, %d", sel&3, c.cpl)
	case !d.isWritable():
		return refuseSel(VecGP, sel, "is no data segment that may be written")
	case d.dpl() != c.cpl:
		return refuseSel(VecGP, sel, "is of privilege level %d, a stack must have the present one, %d", d.dpl(), c.cpl)
	case !d.present():
		return refuseSel(VecSS, sel, "names a segment that is not present")
	}
	return nil
}

// dataRefusal says why a descriptor will not do for DS, ES, FS and GS.
func (c *CPU) dataRefusal(sel uint16, d descriptor) error {
	switch {
	case !d.isReadable():
		return refuseSel(VecGP, sel, "is no data segment, nor code that may be read")
	case d.shielded() && (uint8(sel&3) > d.dpl() || c.cpl > d.dpl()):
		return refuseSel(VecGP, sel, "is of privilege level %d, out of reach for level %d", d.dpl(), max(c.cpl, uint8(sel&3)))
	case !d.present():
		return refuseSel(VecNP, sel, "names a segment that is not present")
	}
	return nil
}

// EditLDTR loads LDTR as LLDT does, at any privilege level.
func (m *Machine) EditLDTR(sel uint16) error {
	c := &m.cpu
	if c.realMode() {
		return &Refusal{Vector: VecUD, Reason: "there is no LDT in real and virtual-8086 mode"}
	}
	if nullSel(sel) {
		c.ldtr = segment{sel: sel}
		return nil
	}
	d, err := m.systemDescriptor(sel)
	switch {
	case err != nil:
		return err
	case d.kind() != sysLDT:
		return refuseSel(VecGP, sel, "names no LDT")
	case !d.present():
		return refuseSel(VecNP, sel, "names an LDT that is not present")
	}
	c.ldtr.load(sel, d)
	return nil
}

// systemDescriptor reads a descriptor that must be of the GDT.
func (m *Machine) systemDescriptor(sel uint16) (descriptor, error) {
	if sel&4 != 0 {
		return 0, refuseSel(VecGP, sel, "is not of the GDT")
	}
	return m.peekDescriptor(sel)
}

// EditCR sets control register n (0, 2, 3, 4) as MOV does. CR0's bits that do
// not exist are ignored, as it does.
func (m *Machine) EditCR(n int, v uint32) error {
	c := &m.cpu
	switch n {
	case 0:
		v = v&cr0Defined | CR0ET
		switch {
		case v&(CR0PG|CR0PE) == CR0PG:
			return refuse(VecGP, 0, "paging (PG) needs protected mode (PE)")
		case v&(CR0NW|CR0CD) == CR0NW:
			return refuse(VecGP, 0, "NW needs CD")
		case c.flags&FlagVM != 0 && v&CR0PE == 0:
			return refuse(VecGP, 0, "virtual-8086 mode (EFLAGS.VM) needs protected mode (PE)")
		case v&CR0PG != 0 && c.cr0&CR0PG == 0 && c.cr4&CR4PAE != 0:
			return m.editPaging(n, v, c.cr3)
		}
	case 3:
		if c.cr0&CR0PG != 0 {
			return m.editPaging(n, v, v)
		}
	case 4:
		if bad := v &^ c.model.CR4Bits(); bad != 0 {
			return refuse(VecGP, 0, "the processor has no bits %#x in CR4", bad)
		}
		if c.cr0&CR0PG != 0 && (v^c.cr4)&v&CR4PAE != 0 {
			if _, ok := c.pdptesAt(c.cr3); !ok {
				return refuse(VecGP, 0, "the page-directory-pointer table at %#x has reserved bits set", c.cr3)
			}
		}
	}
	m.SetCR(n, v)
	return nil
}

// editPaging sets a register on which the page-directory-pointer table at cr3
// is loaded, if there is one.
func (m *Machine) editPaging(n int, v, cr3 uint32) error {
	if _, ok := m.cpu.readPDPTEs(cr3); !ok {
		return refuse(VecGP, 0, "the page-directory-pointer table at %#x has reserved bits set", cr3)
	}
	m.SetCR(n, v)
	return nil
}

// EditEflags sets EFLAGS. Bits that do not exist are ignored, as POPF does;
// VM cannot be changed so: only IRET and a task switch enter and leave
// virtual-8086 mode, with other segments.
func (m *Machine) EditEflags(v uint32) error {
	if (v^m.cpu.flags)&FlagVM != 0 {
		return refuse(VecGP, 0, "only IRET and a task switch change VM")
	}
	m.SetEflags(v & flagsDefined)
	return nil
}

// EditFPU sets the x87, MMX and SSE state. Bits of the control word and of the
// opcode that do not exist are ignored, as FLDCW and FRSTOR do; of MXCSR they
// are refused, as LDMXCSR does. ES and B follow from the exceptions and their
// masks.
func (m *Machine) EditFPU(s FPU) error {
	if bad := s.MXCSR &^ m.cpu.model.mxcsrBits(); bad != 0 {
		return refuse(VecGP, 0, "the processor has no bits %#x in MXCSR", bad)
	}
	s.FCW = s.FCW&fcwDefined | fcwOne
	s.FOP &= fopDefined
	m.SetFPU(&s)
	return nil
}
