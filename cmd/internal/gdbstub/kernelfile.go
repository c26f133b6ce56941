// SPDX-License-Identifier: BSD-3-Clause
// The kernel as a file that gdb can read: an ELF executable (System V ABI, chapter 4) of two sections without content and a symbol
// table. gdb wants a main program before it asks for libraries by itself, and with it knows the kernel's functions by name.

package gdbstub

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"ring0/guestkernel/abi"
)

// Sections of the file.
const (
	sectionText = 1 + iota
	sectionData
	sectionSymbols
	sectionStrings
	sectionNames
	sectionFrames
	sectionCount

	sectionAbsolute = 0xfff1
)

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

// isText says whether a symbol is code.
func isText(s abi.Symbol) bool { return s.Type == 'T' || s.Type == 't' }

// extent is the addresses of code and of the rest.
func extent(list []abi.Symbol) (text, data [2]uint32) {
	grow := func(r *[2]uint32, addr uint32) {
		if r[1] == 0 {
			r[0] = addr
		}
		r[0], r[1] = min(r[0], addr), max(r[1], addr+1)
	}
	for _, s := range list {
		switch {
		case isText(s):
			grow(&text, s.Addr)
		case s.Type != 'A' && s.Type != 'a':
			grow(&data, s.Addr)
		}
	}
	return text, data
}

// kernelFile is the file.
func kernelFile(list []abi.Symbol) []byte {
	text, data := extent(list)
	symbols, names := symbolTable(list)
	titles := "\x00.text\x00.data\x00.symtab\x00.strtab\x00.shstrtab\x00.debug_frame\x00"
	nameAt := func(n string) uint32 { return uint32(bytes.Index([]byte(titles), []byte("\x00"+n+"\x00"))) + 1 }

	symbolsAt := uint32(elfHeaderSize)
	namesAt := symbolsAt + uint32(len(symbols))
	titlesAt := namesAt + uint32(len(names))
	frames := frameTable(list, text[1])
	framesAt := titlesAt + uint32(len(titles))
	sectionsAt := (framesAt + uint32(len(frames)) + 3) &^ 3
	header := elfHeader{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', 1, 1, 1}, Type: typeExecutable, Machine: machine386, Version: 1, Entry: text[0],
		SectionOff: sectionsAt, Size: elfHeaderSize, SectionSize: elfSectionSize, Sections: sectionCount, SectionNamesIdx: sectionNames,
	}
	sections := [sectionCount]elfSection{
		sectionText: {Name: nameAt(".text"), Kind: kindNoBits, Flags: flagAlloc | flagExec, Addr: text[0], Size: text[1] - text[0], Align: 1},
		sectionData: {Name: nameAt(".data"), Kind: kindNoBits, Flags: flagAlloc | flagWrite, Addr: data[0], Size: data[1] - data[0], Align: 1},
		sectionSymbols: {Name: nameAt(".symtab"), Kind: kindSymbols, Off: symbolsAt, Size: uint32(len(symbols)), Link: sectionStrings,
			Info: localSymbols(list), Align: 4, EntrySize: elfSymbolSize},
		sectionStrings: {Name: nameAt(".strtab"), Kind: kindStrings, Off: namesAt, Size: uint32(len(names)), Align: 1},
		sectionNames:   {Name: nameAt(".shstrtab"), Kind: kindStrings, Off: titlesAt, Size: uint32(len(titles)), Align: 1},
		sectionFrames:  {Name: nameAt(".debug_frame"), Kind: kindContent, Off: framesAt, Size: uint32(len(frames)), Align: 1},
	}
	b := appendLE(nil, header)
	b = append(b, symbols...)
	b = append(b, names...)
	b = append(b, titles...)
	b = append(b, frames...)
	b = append(b, make([]byte, int(sectionsAt)-len(b))...)
	return appendLE(b, sections)
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

// symbolTable is the symbol table and its strings.
func symbolTable(list []abi.Symbol) (symbols, names []byte) {
	const global, object, function = 1 << 4, 1, 2
	symbols, names = appendLE(nil, elfSymbol{}), []byte{0}
	add := func(s abi.Symbol) {
		row := elfSymbol{Name: uint32(len(names)), Value: s.Addr}
		switch {
		case isText(s):
			row.Section, row.Info = sectionText, function
		case s.Type == 'A' || s.Type == 'a':
			row.Section = sectionAbsolute
		default:
			row.Section, row.Info = sectionData, object
		}
		if isGlobal(s) {
			row.Info |= global
		}
		symbols = appendLE(symbols, row)
		names = append(append(names, s.Name...), 0)
	}
	for _, wanted := range []bool{false, true} {
		for _, s := range list {
			if isGlobal(s) == wanted {
				add(s)
			}
		}
	}
	return symbols, names
}

// slotSize is the code of a modelled function: VMCALL, RET.
const slotSize = 4

// frameTable is call frame information (DWARF 2, section 6.4): in a modelled function's slot the return address lies at ESP; anywhere
// else in the kernel nothing is known, and a backtrace ends.
func frameTable(list []abi.Symbol, end uint32) []byte {
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
	text := slices.DeleteFunc(slices.Clone(list), func(s abi.Symbol) bool { return !isText(s) })
	text = slices.CompactFunc(text, func(a, b abi.Symbol) bool { return a.Addr == b.Addr })
	for i, s := range text {
		next := end
		if i+1 < len(text) {
			next = text[i+1].Addr
		}
		body := binary.LittleEndian.AppendUint32(nil, s.Addr)
		body = binary.LittleEndian.AppendUint32(body, next-s.Addr)
		b = record(b, 0, append(body, advance|slotSize, undefined, returnColumn)...)
	}
	return b
}
