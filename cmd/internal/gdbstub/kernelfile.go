// SPDX-License-Identifier: BSD-3-Clause
// The kernel as a file that gdb can read: an ELF executable (System V ABI, chapter 4) of sections without content and a symbol
// table. gdb wants a main program before it asks for libraries by itself, and with it knows the kernel's functions by name.

package gdbstub

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"

	"ring0/guestkernel/abi"
)

// sectionAbsolute is where symbols are that lie in no section.
const sectionAbsolute = 0xfff1

// ELF's own numbers.
const (
	elfHeaderSize  = 52
	elfSectionSize = 40
	elfSymbolSize  = 16

	typeExecutable = 2
	machine386     = 3

	kindContent, kindSymbols, kindStrings, kindNoBits = 1, 2, 3, 8

	flagWrite, flagAlloc, flagExec = 1, 2, 4
)

type elfHeader struct {
	Ident                     [16]byte
	Type, Machine             uint16
	Version, Entry            uint32
	ProgramOff, SectionOff    uint32
	Flags                     uint32
	Size, ProgramSize         uint16
	Programs, SectionSize     uint16
	Sections, SectionNamesIdx uint16
}

type elfSection struct {
	Name, Kind, Flags, Addr, Off, Size, Link, Info, Align, EntrySize uint32
}

type elfSymbol struct {
	Name, Value, Size uint32
	Info, Other       byte
	Section           uint16
}

// kernelSymbols are the symbols of the profile, and those of the guest code that it does not name, by address.
func kernelSymbols(p *abi.Profile, entry map[string]uint32) []abi.Symbol {
	list := p.Symbols()
	for _, name := range slices.Sorted(maps.Keys(entry)) {
		if len(p.SymbolsNamed(name)) == 0 {
			list = append(list, abi.Symbol{Addr: entry[name], Type: 't', Name: name})
		}
	}
	slices.SortStableFunc(list, func(a, b abi.Symbol) int { return cmp.Compare(a.Addr, b.Addr) })
	return list
}

// isAbsolute says whether a symbol is a number, or the end of something.
func isAbsolute(s abi.Symbol) bool { return s.Type == 'A' || s.Type == 'a' }

// isText says whether a symbol is code.
func isText(s abi.Symbol) bool { return s.Type == 'T' || s.Type == 't' }

// area is a stretch of the kernel that is all code or all data: a section of the file.
type area struct {
	name       string
	text       bool
	start, end uint32
}

// areas are the stretches in the order of their addresses. Each ends where something else begins.
func areas(list []abi.Symbol) (all []area) {
	count := map[bool]int{}
	for i, s := range list {
		if isAbsolute(s) {
			continue
		}
		if n := len(all); n == 0 || all[n-1].text != isText(s) {
			name := map[bool]string{true: ".text", false: ".data"}[isText(s)]
			if count[isText(s)]++; count[isText(s)] > 1 {
				name += "." + strconv.Itoa(count[isText(s)])
			}
			all = append(all, area{name: name, text: isText(s), start: s.Addr})
		}
		all[len(all)-1].end = behind(list, i)
	}
	return all
}

// behind is where the i-th symbol ends: at the next one of a higher address.
func behind(list []abi.Symbol, i int) uint32 {
	for _, s := range list[i:] {
		if s.Addr != list[i].Addr {
			return s.Addr
		}
	}
	return list[i].Addr + 1
}

// kernelFile is the file: the areas, then the symbols, two tables of strings, the frames.
func kernelFile(list []abi.Symbol) []byte {
	memory := areas(list)
	symbols, names := symbolTable(list, memory)
	frames := frameTable(list)
	sections, titles, content := []elfSection{{}}, []byte{0}, []byte(nil)
	add := func(name string, s elfSection, data []byte) {
		s.Name = uint32(len(titles))
		titles = append(append(titles, name...), 0)
		if data != nil {
			s.Off, s.Size = elfHeaderSize+uint32(len(content)), uint32(len(data))
			content = append(content, data...)
			content = append(content, make([]byte, -len(content)&3)...)
		}
		sections = append(sections, s)
	}
	for _, a := range memory {
		flags := uint32(flagAlloc | flagWrite)
		if a.text {
			flags = flagAlloc | flagExec
		}
		add(a.name, elfSection{Kind: kindNoBits, Flags: flags, Addr: a.start, Size: a.end - a.start, Align: 1}, nil)
	}
	add(".symtab", elfSection{Kind: kindSymbols, Link: uint32(len(sections)) + 1, Info: localSymbols(list), Align: 4, EntrySize: elfSymbolSize}, symbols)
	add(".strtab", elfSection{Kind: kindStrings, Align: 1}, names)
	add(".debug_frame", elfSection{Kind: kindContent, Align: 1}, frames)
	add(".shstrtab", elfSection{Kind: kindStrings, Align: 1}, append(slices.Clone(titles), ".shstrtab\x00"...))
	header := elfHeader{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', 1, 1, 1}, Type: typeExecutable, Machine: machine386, Version: 1, Entry: memory[0].start,
		SectionOff: elfHeaderSize + uint32(len(content)), Size: elfHeaderSize, SectionSize: elfSectionSize,
		Sections: uint16(len(sections)), SectionNamesIdx: uint16(len(sections) - 1),
	}
	return appendLE(append(appendLE(nil, header), content...), sections)
}

// appendLE appends a value as it lies in the file.
func appendLE(b []byte, v any) []byte {
	b, err := binary.Append(b, binary.LittleEndian, v)
	if err != nil {
		panic(err) // only a type that has no fixed size is refused
	}
	return b
}

// isGlobal says whether other files see a symbol.
func isGlobal(s abi.Symbol) bool { return s.Type >= 'A' && s.Type <= 'Z' }

// localSymbols is the number of the first global symbol: local ones stand first, behind the null symbol.
func localSymbols(list []abi.Symbol) uint32 {
	n := uint32(1)
	for _, s := range list {
		if !isGlobal(s) {
			n++
		}
	}
	return n
}

// symbolTable is the symbol table and its strings. Sizes keep gdb from taking an address for one far behind a symbol.
func symbolTable(list []abi.Symbol, memory []area) (symbols, names []byte) {
	const global, object, function = 1 << 4, 1, 2
	symbols, names = appendLE(nil, elfSymbol{}), []byte{0}
	add := func(i int, s abi.Symbol) {
		row := elfSymbol{Name: uint32(len(names)), Value: s.Addr, Section: sectionAbsolute}
		if !isAbsolute(s) {
			in := slices.IndexFunc(memory, func(a area) bool { return s.Addr >= a.start && s.Addr < a.end })
			row.Section, row.Size, row.Info = uint16(in)+1, behind(list, i)-s.Addr, object
		}
		if isText(s) {
			row.Info = function
		}
		if isGlobal(s) {
			row.Info |= global
		}
		symbols = appendLE(symbols, row)
		names = append(append(names, s.Name...), 0)
	}
	for _, wanted := range []bool{false, true} {
		for i, s := range list {
			if isGlobal(s) == wanted {
				add(i, s)
			}
		}
	}
	return symbols, names
}

// slotSize is the code of a modelled function: VMCALL, RET.
const slotSize = 4

// frameTable is call frame information (DWARF 2, section 6.4): in a modelled function's slot the return address lies at ESP; anywhere
// else in the kernel nothing is known, and a backtrace ends.
func frameTable(list []abi.Symbol) []byte {
	const (
		version, noAugmentation, codeUnit, dataUnit = 1, 0, 1, 0x7c // data in units of -4
		returnColumn, espColumn                     = 8, 4
		defCFA, offset, undefined, advance          = 0x0c, 0x80, 0x07, 0x40
	)
	record := func(b []byte, id uint32, body ...byte) []byte {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(4+len(body)))
		b = binary.LittleEndian.AppendUint32(b, id)
		return append(b, body...)
	}
	b := record(nil, 0xffffffff, version, noAugmentation, codeUnit, dataUnit, returnColumn,
		defCFA, espColumn, 4, offset|returnColumn, 1)
	last := uint32(0)
	for i, s := range list {
		if !isText(s) || s.Addr == last {
			continue
		}
		last = s.Addr
		body := binary.LittleEndian.AppendUint32(nil, s.Addr)
		body = binary.LittleEndian.AppendUint32(body, behind(list, i)-s.Addr)
		b = record(b, 0, append(body, advance|slotSize, undefined, returnColumn)...)
	}
	return b
}
