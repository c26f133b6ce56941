// SPDX-License-Identifier: BSD-3-Clause

// Registers that can be changed by hand. Each is loaded as the instruction for it would load it, and what that would
// fault at is refused (vm/edit.go).

package debugger

import (
	"encoding/binary"
	"fmt"
	"slices"

	"ring0/vm"
	"ring0/vm/float80"
)

// Register names a register that can be edited.
type Register uint8

// Registers that can be edited. ST0 is the top of the x87 stack, MM0 the significand of physical register 0.
const (
	EAX Register = iota
	ECX
	EDX
	EBX
	ESP
	EBP
	ESI
	EDI
	EIP
	EFLAGS
	ES
	CS
	SS
	DS
	FS
	GS
	LDTR
	CR0
	CR2
	CR3
	CR4
	DR0
	DR1
	DR2
	DR3
	DR6
	DR7
	GDTR // the base
	GDTRLimit
	IDTR
	IDTRLimit
	ST0
	MM0   = ST0 + 8
	XMM0  = MM0 + 8
	FCTRL = XMM0 + 8
)

// More registers of x87 and SSE.
const (
	FSTAT = FCTRL + 1 + iota
	FTAG  // a bit for each physical register: it is not empty
	FISEG
	FIOFF
	FOSEG
	FOOFF
	FOP
	MXCSR
	registerCount
)

// registerRow is how one is changed. A value of more than size bytes does not fit.
type registerRow struct {
	name string
	size int
	set  func(m *vm.Machine, b []byte) error
}

// word reads a value of up to 4 bytes.
func word(b []byte) uint32 {
	var whole [4]byte
	copy(whole[:], b)
	return binary.LittleEndian.Uint32(whole[:])
}

// registerRows are all registers by number.
var registerRows = makeRegisterRows()

func makeRegisterRows() (rows [registerCount]registerRow) {
	for i, name := range []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"} {
		rows[EAX+Register(i)] = registerRow{name, 4, func(m *vm.Machine, b []byte) error { m.SetReg(i, word(b)); return nil }}
	}
	rows[EIP] = registerRow{"eip", 4, func(m *vm.Machine, b []byte) error { m.SetEIP(word(b)); return nil }}
	rows[EFLAGS] = registerRow{"eflags", 4, func(m *vm.Machine, b []byte) error { return m.EditEflags(word(b)) }}
	for i, name := range []string{"es", "cs", "ss", "ds", "fs", "gs"} {
		rows[ES+Register(i)] = registerRow{name, 2, func(m *vm.Machine, b []byte) error { return m.EditSegment(i, uint16(word(b))) }}
	}
	rows[LDTR] = registerRow{"ldtr", 2, func(m *vm.Machine, b []byte) error { return m.EditLDTR(uint16(word(b))) }}
	for i, n := range []int{0, 2, 3, 4} {
		rows[CR0+Register(i)] = registerRow{fmt.Sprintf("cr%d", n), 4, func(m *vm.Machine, b []byte) error { return m.EditCR(n, word(b)) }}
	}
	for i, n := range []int{0, 1, 2, 3, 6, 7} {
		rows[DR0+Register(i)] = registerRow{fmt.Sprintf("dr%d", n), 4, func(m *vm.Machine, b []byte) error { m.SetDR(n, word(b)); return nil }}
	}
	table := func(r Register, name string, size int, set func(m *vm.Machine, v uint32)) {
		rows[r] = registerRow{name, size, func(m *vm.Machine, b []byte) error { set(m, word(b)); return nil }}
	}
	table(GDTR, "gdtr", 4, func(m *vm.Machine, v uint32) { m.SetGDTR(v, m.GDTR().Limit) })
	table(GDTRLimit, "gdtr_limit", 2, func(m *vm.Machine, v uint32) { m.SetGDTR(m.GDTR().Base, uint16(v)) })
	table(IDTR, "idtr", 4, func(m *vm.Machine, v uint32) { m.SetIDTR(v, m.IDTR().Limit) })
	table(IDTRLimit, "idtr_limit", 2, func(m *vm.Machine, v uint32) { m.SetIDTR(m.IDTR().Base, uint16(v)) })
	addFloatRows(&rows)
	return rows
}

// addFloatRows adds the registers of x87, MMX and SSE. A register's content does not change its tag: that is FTAG.
func addFloatRows(rows *[registerCount]registerRow) {
	row := func(r Register, name string, size int, set func(f *vm.FPU, b []byte)) {
		rows[r] = registerRow{name, size, func(m *vm.Machine, b []byte) error {
			f := m.FPU()
			set(&f, b)
			return m.EditFPU(f)
		}}
	}
	const topShift = 11
	for i := range 8 {
		n := Register(i)
		row(ST0+n, fmt.Sprintf("st%d", i), 10, func(f *vm.FPU, b []byte) {
			f.R[(int(f.FSW>>topShift)+i)&7] = float80.FromBytes([10]byte(b))
		})
		row(MM0+n, fmt.Sprintf("mm%d", i), 8, func(f *vm.FPU, b []byte) { f.R[i].Man = binary.LittleEndian.Uint64(b) })
		row(XMM0+n, fmt.Sprintf("xmm%d", i), 16, func(f *vm.FPU, b []byte) {
			f.XMM[i] = [2]uint64{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
		})
	}
	row(FCTRL, "fctrl", 2, func(f *vm.FPU, b []byte) { f.FCW = uint16(word(b)) })
	row(FSTAT, "fstat", 2, func(f *vm.FPU, b []byte) { f.FSW = uint16(word(b)) })
	row(FTAG, "ftag", 1, func(f *vm.FPU, b []byte) { f.Tag = b[0] })
	row(FISEG, "fiseg", 2, func(f *vm.FPU, b []byte) { f.FCS = uint16(word(b)) })
	row(FIOFF, "fioff", 4, func(f *vm.FPU, b []byte) { f.FIP = word(b) })
	row(FOSEG, "foseg", 2, func(f *vm.FPU, b []byte) { f.FDS = uint16(word(b)) })
	row(FOOFF, "fooff", 4, func(f *vm.FPU, b []byte) { f.FDP = word(b) })
	row(FOP, "fop", 2, func(f *vm.FPU, b []byte) { f.FOP = uint16(word(b)) })
	row(MXCSR, "mxcsr", 4, func(f *vm.FPU, b []byte) { f.MXCSR = word(b) })
}

func (r Register) String() string { return registerRows[r].name }

// Size is how many bytes the register has.
func (r Register) Size() int { return registerRows[r].size }

// RegisterNamed finds a register by its name.
func RegisterNamed(name string) (r Register, ok bool) {
	i := slices.IndexFunc(registerRows[:], func(row registerRow) bool { return row.name == name })
	return Register(max(i, 0)), i >= 0
}

// SetReg changes a register of up to 4 bytes.
func (d *Debugger) SetReg(r Register, v uint32) error {
	b := binary.LittleEndian.AppendUint32(nil, v)
	if r < registerCount && r.Size() < len(b) {
		b = fitted(b, r.Size())
	}
	return d.SetRegister(r, b)
}

// fitted cuts off zeros that are too many.
func fitted(b []byte, size int) []byte {
	for len(b) > size && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}

// SetRegister changes a register; the bytes are little-endian. A value that the processor would refuse changes nothing.
func (d *Debugger) SetRegister(r Register, b []byte) error {
	if r >= registerCount {
		return fmt.Errorf("debugger: no such register: %d", r)
	}
	if b = fitted(b, r.Size()); len(b) != r.Size() {
		return fmt.Errorf("debugger: a value of %d bytes does not fit %s, which has %d", len(b), r, r.Size())
	}
	return d.edit(Edit{Register: r, Value: slices.Clone(b)})
}
