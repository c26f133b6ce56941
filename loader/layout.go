// SPDX-License-Identifier: BSD-3-Clause
// Placement: the order of sections in the image, COMMON symbols, sizes.
//
// Mirrors modutils' obj_load_order_prio, obj_insert_section_load_order,
// obj_allocate_commons and obj_load_size. From low to high addresses: struct
// module; what is executable; what is read only; what is written; what has no
// contents; and after all that, by the same rules, sections named like
// .text.init (ten characters, ending in .init), which a kernel may free.

package loader

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// planSection is a section on its way into the image.
type planSection struct {
	name        string
	flags       uint32
	align, size uint32
	data        []byte // nil: all zero
	shared      bool   // data belongs to the object: copy before writing
	bss         bool   // had no contents in the file
	filled      bool   // insmod has given a bss section its zeroes: it now sorts as data
	addr        uint32 // from the image's start, once laid out
}

func fromObject(s *Section) planSection {
	return planSection{
		name: s.Name, flags: s.Flags, align: s.Align, size: s.Size,
		data: s.Data, shared: true, bss: s.Type == shtNobits,
	}
}

// contents returns bytes of the section that may be written.
func (s *planSection) contents() []byte {
	switch {
	case s.data == nil:
		s.data = make([]byte, s.size)
	case s.shared:
		s.data = append([]byte(nil), s.data...)
	}
	s.shared = false
	return s.data
}

// grow appends bytes to the section and returns where they begin.
func (s *planSection) grow(b []byte) uint32 {
	at := s.size
	s.data = append(s.contents(), b...)
	s.size += uint32(len(b))
	return at
}

// priority orders sections: higher comes first.
func (s *planSection) priority() int {
	bits := 0
	set := func(bit int, when bool) {
		if when {
			bits |= bit
		}
	}
	isInit := len(s.name) == 10 && s.name[0] == '.' && strings.HasSuffix(s.name, ".init")
	set(8, !isInit)
	set(4, s.flags&shfWrite == 0)
	set(2, s.flags&shfExec != 0)
	set(1, !s.bss || s.filled)
	return bits
}

// addSection adds a section to the table, not yet to the load order.
func (p *Plan) addSection(s planSection) int {
	p.sections = append(p.sections, s)
	return len(p.sections) - 1
}

// sortLoaded begins the load order with the object's own sections: by priority,
// those of one priority as in the file.
func (p *Plan) sortLoaded() {
	for i := range p.object.sections {
		if p.object.sections[i].loaded {
			p.order = append(p.order, i)
		}
	}
	sort.SliceStable(p.order, func(a, b int) bool {
		return p.sections[p.order[a]].priority() > p.sections[p.order[b]].priority()
	})
}

// insert puts a section behind all those of its priority or a higher one;
// struct module keeps its place in front.
func (p *Plan) insert(index int) {
	prio := p.sections[index].priority()
	at := 0
	for at < len(p.order) && (p.order[at] == p.this && p.this != 0 || p.sections[p.order[at]].priority() >= prio) {
		at++
	}
	p.order = append(p.order, 0)
	copy(p.order[at+1:], p.order[at:])
	p.order[at] = index
}

// findSection returns the index of the first section of a name, or 0.
func (p *Plan) findSection(name string) int {
	for i := range p.sections {
		if i > 0 && p.sections[i].name == name {
			return i
		}
	}
	return 0
}

// isLoaded reports whether a section takes part in the image.
func (p *Plan) isLoaded(index int) bool {
	return index >= len(p.object.sections) || p.object.sections[index].loaded
}

// created makes a writable section in load order, as insmod's own are.
func (p *Plan) created(name string, align uint32) int {
	index := p.addSection(planSection{name: name, flags: shfAlloc | shfWrite, align: align})
	p.insert(index)
	return index
}

// addString appends a string to .kstrtab and has the word at (section, offset)
// point to it.
func (p *Plan) addString(section int, offset uint32, text string) {
	if p.strtab == 0 {
		p.strtab = p.findStrtab()
	}
	at := p.sections[p.strtab].grow(append([]byte(text), 0))
	p.strings = append(p.strings, stringPatch{section, offset, at})
}

func (p *Plan) findStrtab() int {
	const name = ".kstrtab"
	if i := p.findSection(name); i != 0 && p.isLoaded(i) && !p.sections[i].bss {
		return i
	}
	return p.created(name, 1)
}

// allocateCommons gives every COMMON symbol a place at the end of the first
// section without contents, smallest first to save padding.
func (p *Plan) allocateCommons() error {
	commons := p.commons()
	if len(commons) > 0 {
		if err := p.placeCommons(commons); err != nil {
			return err
		}
	}
	for i := range p.sections {
		p.sections[i].filled = true
	}
	return nil
}

func (p *Plan) commons() []int {
	var list []int
	for i := range p.symbols {
		if i > 0 && p.symbols[i].Section == Common && p.symbols[i].canonical == i {
			list = append(list, i)
		}
	}
	// Of equal ones insmod puts the one it meets later in front.
	list = p.inHashOrder(list)
	slices.Reverse(list)
	sort.SliceStable(list, func(a, b int) bool {
		return p.symbols[list[a]].Size < p.symbols[list[b]].Size
	})
	return list
}

func (p *Plan) placeCommons(list []int) error {
	index := p.bssSection()
	s := &p.sections[index]
	end := uint64(s.size)
	for _, i := range list {
		sym := &p.symbols[i]
		align := max(sym.Value, 1)
		s.align = max(s.align, align)
		end = alignUp(end, align)
		sym.Section, sym.Value = SectionRef(index), uint32(end)
		end += uint64(sym.Size)
		if end > MaxImage {
			return p.object.errorf(show(sym.Name), "common symbols grow %s above the limit of %d MB", show(s.name), MaxImage>>20)
		}
	}
	s.size = uint32(end)
	return nil
}

func (p *Plan) bssSection() int {
	for i := range p.sections {
		if i > 0 && p.isLoaded(i) && p.sections[i].bss {
			return i
		}
	}
	index := p.addSection(planSection{name: ".bss", flags: shfAlloc | shfWrite, align: 1, bss: true})
	p.insert(index)
	return index
}

// layOut gives every loaded section its offset from the image's start.
func (p *Plan) layOut() error {
	var at uint64
	for _, index := range p.order {
		s := &p.sections[index]
		at = alignUp(at, s.align)
		s.addr = uint32(at)
		at += uint64(s.size)
		if at > MaxImage {
			return fmt.Errorf("%s: %s: the image grows above the limit of %d MB", p.object.File, show(s.name), MaxImage>>20)
		}
	}
	p.size = uint32(at)
	return nil
}

func alignUp(v uint64, align uint32) uint64 {
	if align <= 1 {
		return v
	}
	a := uint64(align)
	return (v + a - 1) &^ (a - 1)
}
