// SPDX-License-Identifier: BSD-3-Clause
// Names for the addresses in an oops (the vendor's lookup_symbol, over the tables of kernel/kallsyms.c).
//
// First the kallsyms tables are asked: the kernel's own, and that of every module that brought one. Where none covers the
// address, the nearest lower exported symbol of any module is taken, however far below it lies: hence names such as
// "___strtok_R29805c13 [] 0x845bd64" for an address in a module without symbols. The kernel's module name is empty there
// and "kernel" with kallsyms.
//
// All of it goes by module_list. When that no longer leads to kernel_module, the kernel's own addresses have no names.

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

// symbolBuffer is how much of a name an oops has room for.
const symbolBuffer = 510

// lookupSymbol returns what an oops prints for an address.
func (k *Kernel) lookupSymbol(addr uint32) string {
	name, found := "", false
	k.guarded(func() { name, found = k.kallsymsName(addr) })
	if !found {
		name = "[unresolved]"
		k.guarded(func() { k.nearestExport(addr, &name) })
	}
	if len(name) > symbolBuffer {
		name = name[:symbolBuffer]
	}
	return name
}

// kallsymsName looks an address up in the kallsyms tables of all modules and the kernel.
func (k *Kernel) kallsymsName(addr uint32) (name string, found bool) {
	lay := &k.lay.Module
	for m := range k.modules() {
		if m.addr == k.sym.KernelModule {
			symbol, offset, ok := k.profile.Lookup(addr)
			if ok {
				return hexOffset(symbol, "kernel", offset), true
			}
			continue
		}
		if !m.present(lay.KallsymsEnd) || m.get(lay.KallsymsStart) >= m.get(lay.KallsymsEnd) {
			continue
		}
		table := kallsymsTable{k, m.get(lay.KallsymsStart)}
		if symbol, offset, ok := table.lookup(addr); ok {
			return hexOffset(symbol, m.name(), offset), true
		}
	}
	return "", false
}

// nearestExport finds the highest symbol at or below addr in all modules' tables of exports. Of equal ones the first wins.
func (k *Kernel) nearestExport(addr uint32, name *string) {
	sym, best := &k.lay.ModuleSymbol, uint32(0)
	for m := range k.modules() {
		k.eachRow(m.get(k.lay.Module.Syms), m.get(k.lay.Module.Nsyms), sym.Size, func(row []byte) bool {
			value := binary.LittleEndian.Uint32(row[sym.Value.Off:])
			if value <= addr && value > best {
				best = value
				symbol := k.text(binary.LittleEndian.Uint32(row[sym.Name.Off:]), symbolBuffer)
				*name = hexOffset(symbol, m.name(), addr-value)
			}
			return true
		})
	}
}

// eachRow calls f for the rows of a table in guest memory until f says false.
func (k *Kernel) eachRow(at, count, size uint32, f func(row []byte) bool) {
	const rows = 256
	for count > 0 {
		n := min(count, rows)
		var b []byte
		if !k.mem.try(func() { b = k.mem.Bytes(at, n*size) }) {
			n = 1 // the table leads to bad memory: row by row up to there
			b = k.mem.Bytes(at, size)
		}
		for ; len(b) > 0; b = b[size:] {
			if !f(b[:size]) {
				return
			}
		}
		at, count = at+n*size, count-n
	}
}

// kallsymsTable is a module's kallsyms section (linux/kallsyms.h): a header of eleven words, then sections, symbols in
// order of address, and strings, each at an offset from the header that the header names.
type kallsymsTable struct {
	k    *Kernel
	addr uint32
}

// Words of the header, by byte offset.
const (
	kallsymsSections    = 8
	kallsymsSectionOff  = 12
	kallsymsSectionSize = 16
	kallsymsSymbols     = 20
	kallsymsSymbolOff   = 24
	kallsymsSymbolSize  = 28
	kallsymsStringOff   = 32
	kallsymsStart       = 36 // of what the table covers
	kallsymsEnd         = 40
)

func (t kallsymsTable) word(off uint32) uint32 { return t.k.mem.U32(t.addr + off) }

// lookup finds the last symbol at or below addr in the section that holds addr.
func (t kallsymsTable) lookup(addr uint32) (name string, offset uint32, ok bool) {
	if addr < t.word(kallsymsStart) || addr > t.word(kallsymsEnd) {
		return "", 0, false
	}
	section, found := t.section(addr)
	size := t.word(kallsymsSymbolSize)
	if !found || size < 12 || size > abi.PageSize {
		return "", 0, false
	}
	nameOff := uint32(0)
	t.k.eachRow(t.addr+t.word(kallsymsSymbolOff), t.word(kallsymsSymbols), size, func(row []byte) bool {
		value := binary.LittleEndian.Uint32(row[4:])
		if binary.LittleEndian.Uint32(row) != section {
			return true
		}
		if value > addr {
			return false
		}
		offset, nameOff, ok = addr-value, binary.LittleEndian.Uint32(row[8:]), true
		return true
	})
	if !ok {
		return "", 0, false
	}
	return t.k.text(t.addr+t.word(kallsymsStringOff)+nameOff, symbolBuffer), offset, true
}

// section returns the offset, among the sections, of the one that holds addr.
func (t kallsymsTable) section(addr uint32) (off uint32, found bool) {
	size := t.word(kallsymsSectionSize)
	if size < 8 || size > abi.PageSize {
		return 0, false
	}
	at := uint32(0)
	t.k.eachRow(t.addr+t.word(kallsymsSectionOff), t.word(kallsymsSections), size, func(row []byte) bool {
		if addr-binary.LittleEndian.Uint32(row) < binary.LittleEndian.Uint32(row[4:]) {
			off, found = at, true
		}
		at += size
		return !found
	})
	return off, found
}
