// SPDX-License-Identifier: BSD-3-Clause
// From a placed module to what is known of it.

package debuginfo

import (
	"fmt"
	"slices"
	"strings"

	"ring0/loader"
)

// Load reads symbols and debug information of a placed module. It always returns a useful Module: what cannot be read is
// in Module.Problems.
func Load(img *loader.Image) *Module {
	m := &Module{Name: img.Name, Base: img.Base, Size: img.Size(), Sections: img.Sections}
	for _, s := range img.Symbols {
		m.Symbols = append(m.Symbols, Symbol{Name: s.Name, Addr: s.Addr, Size: s.Size, Type: s.Type, Module: img.Name})
	}
	sections := map[string][]byte{}
	names := img.DebugSectionNames()
	if slices.Contains(names, ".stab") {
		names = append(names, ".stabstr") // a string table, which the list leaves out
	}
	for _, name := range names {
		data, err := img.DebugSection(name)
		if err != nil {
			m.problem(err)
			continue
		}
		sections[name] = data
	}
	if s, ok := img.Section(".eh_frame"); ok {
		if at := s.Addr - img.Base; uint64(at)+uint64(s.Size) <= uint64(len(img.Bytes)) {
			m.ehFrame(img.Bytes[at:at+s.Size], s.Addr)
		}
	}
	m.read(sections)
	return m
}

// read reads the debug sections, whose addresses are those of the loaded module.
func (m *Module) read(sections map[string][]byte) {
	m.Lines = &LineTable{}
	if data := sections[".eh_frame"]; data != nil { // a file that does not load it
		m.ehFrame(data, 0)
	}
	if data := sections[".debug_frame"]; data != nil {
		m.debugFrame(data)
	}
	switch {
	case sections[".debug_info"] != nil || sections[".debug_line"] != nil:
		readDWARF(m, sections)
	case sections[".stab"] != nil:
		readStabs(m, sections[".stab"], sections[".stabstr"])
	}
	m.finish()
}

// maxProblems bounds what is remembered of a broken file.
const maxProblems = 20

func (m *Module) problem(err error) {
	if len(m.Problems) < maxProblems {
		m.Problems = append(m.Problems, fmt.Errorf("%s: %w", m.Name, err))
	}
}

// finish sorts and indexes what was read.
func (m *Module) finish() {
	m.Lines.finish()
	slices.SortStableFunc(m.Symbols, func(a, b Symbol) int {
		switch {
		case a.Addr < b.Addr:
			return -1
		case a.Addr > b.Addr:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	m.byName = make(map[string][]int, len(m.Symbols))
	for i, s := range m.Symbols {
		m.byName[s.Name] = append(m.byName[s.Name], i)
	}
	slices.SortStableFunc(m.Functions, func(a, b *Function) int {
		switch {
		case a.Entry() < b.Entry():
			return -1
		case a.Entry() > b.Entry():
			return 1
		}
		return 0
	})
	m.Globals = slices.DeleteFunc(m.Globals, func(v *Variable) bool { // .modinfo is described and not loaded
		addr, fixed := v.StaticAddr()
		return fixed && addr-m.Base >= m.Size
	})
	slices.SortStableFunc(m.Globals, func(a, b *Variable) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 || a.Static == b.Static {
			return c
		}
		if a.Static {
			return 1
		}
		return -1
	})
}
