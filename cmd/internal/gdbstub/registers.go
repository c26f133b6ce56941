// SPDX-License-Identifier: BSD-3-Clause
// Registers as gdb numbers them, and the description that tells it so (gdb manual, appendix G.5.6 "i386 Features").

package gdbstub

import (
	"encoding/binary"
	"fmt"
	"strings"

	"ring0/cmd/internal/debugger"
	"ring0/vm"
)

// register is a row of the target description. Its number is its place in the table.
type register struct {
	name    string
	bits    int
	kind    string // type in the description
	feature string
	get     func(r *debugger.Registers) []byte
	set     debugger.Register // of those that can be changed
	fixed   string            // of the others: why not
}

// Features of the description.
const (
	coreFeature   = "org.gnu.gdb.i386.core"
	sseFeature    = "org.gnu.gdb.i386.sse"
	systemFeature = "org.ring0.i386.system"
)

func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// registers are all registers in gdb's order.
func registers() (list []register) {
	word := func(name, kind string, get func(*debugger.Registers) uint32) {
		row := wordRegister(coreFeature, name, get)
		row.kind = kind
		list = append(list, row)
	}
	word("eax", "int32", func(r *debugger.Registers) uint32 { return r.EAX })
	word("ecx", "int32", func(r *debugger.Registers) uint32 { return r.ECX })
	word("edx", "int32", func(r *debugger.Registers) uint32 { return r.EDX })
	word("ebx", "int32", func(r *debugger.Registers) uint32 { return r.EBX })
	word("esp", "data_ptr", func(r *debugger.Registers) uint32 { return r.ESP })
	word("ebp", "data_ptr", func(r *debugger.Registers) uint32 { return r.EBP })
	word("esi", "int32", func(r *debugger.Registers) uint32 { return r.ESI })
	word("edi", "int32", func(r *debugger.Registers) uint32 { return r.EDI })
	word("eip", "code_ptr", func(r *debugger.Registers) uint32 { return r.EIP })
	word("eflags", "i386_eflags", func(r *debugger.Registers) uint32 { return r.EFLAGS })
	list = append(list, segmentRegisters()...)
	list = append(list, x87Registers()...)
	list = append(list, sseRegisters()...)
	list = append(list, systemRegisters()...)
	for i := range list {
		list[i].editable()
	}
	return list
}

// editable finds out how a register is changed.
func (r *register) editable() {
	set, ok := debugger.RegisterNamed(strings.TrimSuffix(r.name, "_base"))
	switch {
	case ok:
		r.set = set
	case r.name == "cpl":
		r.fixed = "the privilege level follows from cs"
	default:
		r.fixed = r.name + " cannot be changed"
	}
}

// wordRegister is a register of 32 bits.
func wordRegister(feature, name string, get func(*debugger.Registers) uint32) register {
	return register{name: name, bits: 32, kind: "int32", feature: feature, get: func(r *debugger.Registers) []byte { return le32(get(r)) }}
}

func segmentRegisters() (list []register) {
	for _, s := range []struct {
		name string
		get  func(*debugger.Registers) vm.Segment
	}{
		{"cs", func(r *debugger.Registers) vm.Segment { return r.CS }}, {"ss", func(r *debugger.Registers) vm.Segment { return r.SS }},
		{"ds", func(r *debugger.Registers) vm.Segment { return r.DS }}, {"es", func(r *debugger.Registers) vm.Segment { return r.ES }},
		{"fs", func(r *debugger.Registers) vm.Segment { return r.FS }}, {"gs", func(r *debugger.Registers) vm.Segment { return r.GS }},
	} {
		list = append(list, wordRegister(coreFeature, s.name, func(r *debugger.Registers) uint32 { return uint32(s.get(r).Selector) }))
	}
	return list
}

// x87Registers are the stack by its top and the control words. A tag is 11 (empty) or by content, as FSAVE has it.
func x87Registers() (list []register) {
	for i := range 8 {
		list = append(list, register{name: fmt.Sprintf("st%d", i), bits: 80, kind: "i387_ext", feature: coreFeature,
			get: func(r *debugger.Registers) []byte {
				b := r.FPU.R[(int(r.FPU.FSW>>11)+i)&7].Bytes()
				return b[:]
			}})
	}
	row := func(name string, get func(*vm.FPU) uint32) {
		list = append(list, wordRegister(coreFeature, name, func(r *debugger.Registers) uint32 { return get(&r.FPU) }))
	}
	row("fctrl", func(f *vm.FPU) uint32 { return uint32(f.FCW) })
	row("fstat", func(f *vm.FPU) uint32 { return uint32(f.FSW) })
	row("ftag", fullTag)
	row("fiseg", func(f *vm.FPU) uint32 { return uint32(f.FCS) })
	row("fioff", func(f *vm.FPU) uint32 { return f.FIP })
	row("foseg", func(f *vm.FPU) uint32 { return uint32(f.FDS) })
	row("fooff", func(f *vm.FPU) uint32 { return f.FDP })
	row("fop", func(f *vm.FPU) uint32 { return uint32(f.FOP) })
	return list
}

// fullTag is the tag word of two bits a register: valid, zero, special, empty.
func fullTag(f *vm.FPU) (tag uint32) {
	const valid, zero, special, empty = 0, 1, 2, 3
	for i, r := range f.R {
		t := uint32(valid)
		switch exponent := r.SE & 0x7fff; {
		case f.Tag>>i&1 == 0:
			t = empty
		case exponent == 0 && r.Man == 0:
			t = zero
		case exponent == 0 || exponent == 0x7fff || r.Man>>63 == 0:
			t = special
		}
		tag |= t << (2 * i)
	}
	return tag
}

// abridgedTag makes a bit for each register that is not empty of a tag word.
func abridgedTag(tag uint32) (used byte) {
	const empty = 3
	for i := range 8 {
		if tag>>(2*i)&3 != empty {
			used |= 1 << i
		}
	}
	return used
}

func sseRegisters() (list []register) {
	for i := range 8 {
		list = append(list, register{name: fmt.Sprintf("xmm%d", i), bits: 128, kind: "vec128", feature: sseFeature,
			get: func(r *debugger.Registers) []byte {
				b := binary.LittleEndian.AppendUint64(nil, r.FPU.XMM[i][0])
				return binary.LittleEndian.AppendUint64(b, r.FPU.XMM[i][1])
			}})
	}
	mxcsr := wordRegister(sseFeature, "mxcsr", func(r *debugger.Registers) uint32 { return r.FPU.MXCSR })
	mxcsr.kind = "i386_mxcsr"
	return append(list, mxcsr)
}

func systemRegisters() (list []register) {
	row := func(name string, get func(*debugger.Registers) uint32) {
		list = append(list, wordRegister(systemFeature, name, get))
		switch name {
		case "cr0", "cr4":
			list[len(list)-1].kind = "i386_" + name
		case "cr2", "cr3", "dr0", "dr1", "dr2", "dr3", "gdtr_base", "idtr_base":
			list[len(list)-1].kind = "data_ptr"
		}
	}
	row("cr0", func(r *debugger.Registers) uint32 { return r.CR0 })
	row("cr2", func(r *debugger.Registers) uint32 { return r.CR2 })
	row("cr3", func(r *debugger.Registers) uint32 { return r.CR3 })
	row("cr4", func(r *debugger.Registers) uint32 { return r.CR4 })
	for _, i := range []int{0, 1, 2, 3, 6, 7} {
		row(fmt.Sprintf("dr%d", i), func(r *debugger.Registers) uint32 { return r.DR[i] })
	}
	row("gdtr_base", func(r *debugger.Registers) uint32 { return r.GDTR.Base })
	row("gdtr_limit", func(r *debugger.Registers) uint32 { return uint32(r.GDTR.Limit) })
	row("idtr_base", func(r *debugger.Registers) uint32 { return r.IDTR.Base })
	row("idtr_limit", func(r *debugger.Registers) uint32 { return uint32(r.IDTR.Limit) })
	row("ldtr", func(r *debugger.Registers) uint32 { return uint32(r.LDTR.Selector) })
	row("tr", func(r *debugger.Registers) uint32 { return uint32(r.TR.Selector) })
	row("cpl", func(r *debugger.Registers) uint32 { return uint32(r.CPL) })
	return list
}

// flagTypes are the types that the description's registers refer to.
var flagTypes = map[string]string{
	coreFeature: flags("i386_eflags", "CF", "", "PF", "", "AF", "", "ZF", "SF", "TF", "IF", "DF", "OF", "", "", "NT", "", "RF", "VM", "AC",
		"VIF", "VIP", "ID"),
	systemFeature: flags("i386_cr0", "PE", "MP", "EM", "TS", "ET", "NE", "", "", "", "", "", "", "", "", "", "", "WP", "", "AM", "", "", "", "", "",
		"", "", "", "", "", "NW", "CD", "PG") +
		flags("i386_cr4", "VME", "PVI", "TSD", "DE", "PSE", "PAE", "MCE", "PGE", "PCE", "OSFXSR", "OSXMMEXCPT"),
	sseFeature: vectors + flags("i386_mxcsr", "IE", "DE", "ZE", "OE", "UE", "PE", "DAZ", "IM", "DM", "ZM", "OM", "UM", "PM", "", "", "FZ"),
}

// vectors are the types of an XMM register.
const vectors = `<vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>` +
	`<vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/><vector id="v4i32" type="int32" count="4"/>` +
	`<vector id="v2i64" type="int64" count="2"/><union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>` +
	`<field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/>` +
	`<field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>`

// flags is a flags type; the names are those of its bits from bit 0 up.
func flags(id string, names ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<flags id="%s" size="4">`, id)
	for i, name := range names {
		if name != "" {
			fmt.Fprintf(&b, `<field name="%s" start="%d" end="%d"/>`, name, i, i)
		}
	}
	return b.String() + "</flags>"
}

// targetXML is the target description. The system is none gdb knows: so it asks for the list of libraries.
func targetXML(list []register) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">`)
	b.WriteString(`<architecture>i386</architecture><osabi>none</osabi>`)
	feature := ""
	for i, r := range list {
		if r.feature != feature {
			if feature != "" {
				b.WriteString("</feature>")
			}
			feature = r.feature
			fmt.Fprintf(&b, `<feature name="%s">%s`, feature, flagTypes[feature])
		}
		fmt.Fprintf(&b, `<reg name="%s" bitsize="%d" type="%s" regnum="%d"/>`, r.name, r.bits, r.kind, i)
	}
	b.WriteString("</feature></target>")
	return b.String()
}
