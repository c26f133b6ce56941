// SPDX-License-Identifier: BSD-3-Clause
// The kernel's exported symbols: what EXPORT_SYMBOL offered to modules (ksyms).

package abi

import (
	"strconv"
	"strings"
)

// ExportKind tells functions from data.
type ExportKind byte

// The kinds of exports.
const (
	ExportFunction ExportKind = 'f'
	ExportData     ExportKind = 'd'
	ExportAbsolute ExportKind = 'a' // Using_Versions alone: a marker whose value, 1, is no address
)

func (k ExportKind) String() string {
	switch k {
	case ExportFunction:
		return "function"
	case ExportData:
		return "data"
	case ExportAbsolute:
		return "absolute"
	}
	return "ExportKind(" + strconv.Itoa(int(k)) + ")"
}

// An Export is one symbol the kernel offers to modules.
type Export struct {
	Name      string
	Kind      ExportKind
	Versioned bool   // false for the few exported with EXPORT_SYMBOL_NOVERS
	CRC       uint32 // checksum of the symbol's C type by genksyms; meaningful when Versioned
	Addr      uint32 // in the real kernel
	File      string // source file that defines it, from the top of the kernel tree
	Header    string // header that declares it, below include/; empty when none does
	Prototype string // C declaration for [ParsePrototype]; empty for data and for functions no header declares
}

// VersionedName is the name in the kernel's symbol table: printk_R1b7d4074, or the plain name without a version.
func (e Export) VersionedName() string {
	if !e.Versioned {
		return e.Name
	}
	crc := strconv.FormatUint(uint64(e.CRC), 16)
	return e.Name + "_R" + strings.Repeat("0", 8-len(crc)) + crc
}

// Export returns one exported symbol by its plain name.
func (p *Profile) Export(name string) (Export, bool) {
	rest, ok := p.exports.find(name)
	if !ok {
		return Export{}, false
	}
	return parseExport(name, rest), true
}

// Exports returns all exported symbols by name in byte order. Empty when the profile has no table of them.
func (p *Profile) Exports() []Export {
	all := make([]Export, 0, strings.Count(string(p.exports), "\n"))
	for line := range p.exports.lines() {
		name, rest, _ := strings.Cut(line, "\t")
		all = append(all, parseExport(name, rest))
	}
	return all
}

// parseExport reads a line of the table after its name: kind, CRC or "-", address, file, header, prototype.
func parseExport(name, rest string) Export {
	kind, rest, _ := strings.Cut(rest, "\t")
	crc, rest, _ := strings.Cut(rest, "\t")
	addr, rest, _ := strings.Cut(rest, "\t")
	file, rest, _ := strings.Cut(rest, "\t")
	header, prototype, _ := strings.Cut(rest, "\t")
	e := Export{Name: name, Kind: ExportKind(kind[0]), Addr: parseHex(addr), File: file, Header: header, Prototype: prototype}
	if crc != "-" {
		e.Versioned, e.CRC = true, parseHex(crc)
	}
	return e
}

// parseHex reads hexadecimal digits of an embedded table, whose tests read every line. Boot reads 17,000 of them.
func parseHex(digits string) uint32 {
	value := uint32(0)
	for _, c := range []byte(digits) {
		switch {
		case c >= '0' && c <= '9':
			value = value<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			value = value<<4 | uint32(c-'a'+10)
		default:
			panic("abi: embedded table: " + strconv.Quote(digits) + " is no hexadecimal number")
		}
	}
	return value
}
