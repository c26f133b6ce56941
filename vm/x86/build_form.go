// SPDX-License-Identifier: BSD-3-Clause

// From a row's operands to form, register places and flags of its records.

package x86

// A shape is which kinds of operands there are.
type shape struct {
	registers int
	memory    int // 0: none; 1: before the first register; 2: after it
	immediate bool
}

var forms = map[shape]Form{
	{0, 0, false}: FormNone,
	{1, 0, false}: FormR,
	{0, 1, false}: FormM,
	{0, 0, true}:  FormI,
	{2, 0, false}: FormRR,
	{1, 2, false}: FormRM,
	{1, 1, false}: FormMR,
	{1, 0, true}:  FormRI,
	{0, 1, true}:  FormMI,
	{2, 0, true}:  FormRRI,
	{1, 2, true}:  FormRMI,
	{1, 1, true}:  FormMRI,
}

// registers sets the entry's form and where Dst and Src come from.
func (p *placedRow) registers(e *entry, memory bool) {
	var s shape
	var shifts [2]uint8
	explicit := 0
	for _, o := range p.operands {
		info := &operandTable[o]
		switch {
		case info.isMemory(memory):
			s.memory = 1 + s.registers
		case info.place == atImm:
			s.immediate = true
		case info.file == noFile || info.place == atNowhere:
			continue
		case explicit == 2:
			e.imm2 = info.value
		default:
			shifts[s.registers] = info.shift()
			s.registers++
		}
		explicit++
	}
	e.form = p.form(s)
	switch {
	case s.memory == 1 && s.registers == 1:
		e.src = shifts[0]
	case s.registers > 0:
		e.dst = shifts[0]
		if s.registers == 2 {
			e.src = shifts[1]
		}
	}
}

func (p *placedRow) form(s shape) Form {
	switch p.operands[0] {
	case oJb, oJz:
		return FormJ
	case oAp:
		return FormFar
	}
	form, ok := forms[s]
	if !ok {
		panic("x86: row " + p.code + " has no form")
	}
	return form
}

// isMemory says whether the operand is the memory operand, given whether
// ModRM names one.
func (o *operandInfo) isMemory(memory bool) bool {
	return memory && (o.place == atRM || o.place == atMem) || o.place == atMoffs
}

// shift is the shift count that brings the register's number.
func (o *operandInfo) shift() uint8 {
	switch o.place {
	case atReg:
		return shiftReg
	case atOpcode:
		return shiftOpcode
	case atFixed:
		return shiftNumber + 3*o.value
	}
	return shiftRM
}

// flags sets the entry's flags and properties from its operation and form.
func (p *placedRow) flags(e *entry) {
	info := &opTable[p.op]
	e.flags = info.flags
	switch e.form {
	case FormM, FormMR, FormMI, FormMRI:
		e.flags |= info.access.flags()
		if info.access == locks {
			e.props |= lockable
		}
	case FormRM, FormRMI:
		if info.access != none {
			e.flags |= MemRead
		}
	}
	if info.access == counts {
		e.props |= flagsByCount
	}
	if operandTable[p.operands[0]].place == atString {
		e.props |= isString
	}
}

// flags is what an access as a destination does to memory.
func (a access) flags() Flag {
	switch a {
	case none:
		return 0
	case reads:
		return MemRead
	case writes:
		return MemWrite
	}
	return MemRead | MemWrite
}
