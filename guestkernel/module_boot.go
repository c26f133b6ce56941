// SPDX-License-Identifier: BSD-3-Clause
// The kernel's own entry in module_list and its symbol table (2.4.18 kernel/module.c init_modules, kernel/ksyms.c).

package guestkernel

import (
	"encoding/binary"
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// bootModules lays out __ksymtab, its names, kernel_module and module_list.
//
// The kernel's own kallsyms table has its place but no content: the lookup of oopses uses the profile's System.map.
func (k *Kernel) bootModules() error {
	empty, err := k.laySymbolTable()
	if err != nil {
		return err
	}
	m, lay := k.kernelModule(), &k.lay.Module
	k.mem.Fill(m.addr, lay.Size, 0)
	m.set(lay.SizeOfStruct, lay.Size)
	m.set(lay.Name, empty)
	m.set(lay.Usecount, 1)
	m.set(lay.Flags, abi.ModRunning)
	m.set(lay.Nsyms, (k.sym.StopKsyms-k.sym.StartKsyms)/k.lay.ModuleSymbol.Size)
	m.set(lay.Syms, k.sym.StartKsyms)
	m.set(lay.ExTableStart, k.sym.StartExTab)
	m.set(lay.ExTableEnd, k.sym.StopExTab)
	m.set(lay.KallsymsStart, k.sym.StartKallsyms)
	m.set(lay.KallsymsEnd, k.sym.StopKallsyms)
	k.mem.SetU32(k.sym.ModuleList, m.addr)
	return nil
}

// exportPlaces are addresses of System.map that only the boot needs: of each export its row in __ksymtab and the name that
// the row points to.
type exportPlaces struct{ row, name map[string]uint32 }

func newExportPlaces() exportPlaces {
	return exportPlaces{row: make(map[string]uint32, 2048), name: make(map[string]uint32, 2048)}
}

// see takes note of a symbol.
func (e *exportPlaces) see(s abi.Symbol) {
	if name, ok := strings.CutPrefix(s.Name, "__ksymtab_"); ok {
		e.row[name] = s.Addr
	} else if name, ok := strings.CutPrefix(s.Name, "__kstrtab_"); ok {
		e.name[name] = s.Addr
	} else if name, ok := strings.CutPrefix(s.Name, "__export_"); ok { // a row without a __kstrtab
		e.row[name] = s.Addr
	}
}

// laySymbolTable writes the kernel's exports where the real image has them: rows in __ksymtab, versioned names in
// __kstrtab. It returns the address of an empty string.
//
// One row is a marker without a __kstrtab: its name goes right below the others, among the real image's string literals,
// and the empty string is that name's NUL.
func (k *Kernel) laySymbolTable() (empty uint32, err error) {
	exports := k.profile.Exports()
	table := make([]byte, k.sym.StopKsyms-k.sym.StartKsyms)
	if want := len(table) / int(k.lay.ModuleSymbol.Size); len(exports) != want {
		return 0, fmt.Errorf("guestkernel: profile %s: %d exports for %d rows of __ksymtab", k.profile.Name, len(exports), want)
	}
	literal := k.sym.StartKsyms
	for _, addr := range k.exports.name {
		literal = min(literal, addr)
	}
	for _, e := range exports {
		name, ok := k.exports.name[e.Name]
		if e.Kind == abi.ExportAbsolute {
			literal -= uint32(len(e.Name)) + 1
			name, ok = literal, true
			empty = literal + uint32(len(e.Name))
		}
		row := k.exports.row[e.Name] - k.sym.StartKsyms
		if !ok || row >= uint32(len(table)) {
			return 0, fmt.Errorf("guestkernel: profile %s: export %s has no row or no name", k.profile.Name, e.Name)
		}
		binary.LittleEndian.PutUint32(table[row+k.lay.ModuleSymbol.Value.Off:], e.Addr)
		binary.LittleEndian.PutUint32(table[row+k.lay.ModuleSymbol.Name.Off:], name)
		copy(k.m.RAM()[physical(name):], e.VersionedName())
	}
	k.exports = exportPlaces{}
	k.mem.Write(k.sym.StartKsyms, table)
	return empty, nil
}
