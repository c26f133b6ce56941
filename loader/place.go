// SPDX-License-Identifier: BSD-3-Clause
// Placing a plan at an address: relocation, pointers, struct module.
//
// Mirrors modutils' obj_relocate, arch_apply_relocation and new_init_module.

package loader

import (
	"fmt"

	"ring0/guestkernel/abi"
)

// Place relocates the module to base, which must be the page-aligned address
// create_module returned. A Plan can be placed any number of times.
func (p *Plan) Place(base uint32) (*Image, error) {
	if base%MaxAlign != 0 {
		return nil, fmt.Errorf("%s: base %#x is not page aligned", p.object.File, base)
	}
	if uint64(base)+uint64(p.size) > 1<<32 {
		return nil, fmt.Errorf("%s: %#x bytes do not fit at base %#x", p.object.File, p.size, base)
	}
	body := make([]byte, p.size)
	for _, index := range p.order {
		s := &p.sections[index]
		copy(body[s.addr:], s.data)
	}
	for _, index := range p.order {
		if err := p.relocateSection(index, base, body); err != nil {
			return nil, err
		}
	}
	p.applyPatches(base, body)
	p.fillModule(base, body)
	return p.newImage(base, body), nil
}

func (p *Plan) relocateSection(index int, base uint32, body []byte) error {
	if index >= len(p.object.sections) {
		return nil
	}
	s := &p.sections[index]
	target := relocTarget{
		section:  &p.object.sections[index],
		contents: body[s.addr : s.addr+s.size],
		addr:     base + s.addr,
		base:     base,
	}
	return p.relocate(target)
}

// relocTarget is a section's bytes on their way to an address.
type relocTarget struct {
	section  *Section
	contents []byte
	addr     uint32 // of contents
	base     uint32 // of the image
}

// relocate applies every relocation of one section.
func (p *Plan) relocate(t relocTarget) error {
	for _, index := range t.section.relocs {
		err := p.object.eachReloc(&p.object.sections[index], func(r rel) string {
			return p.apply(t, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// apply does one relocation that has been checked; see relKinds.
func (p *Plan) apply(t relocTarget, r rel) string {
	kind := relKinds[r.Type]
	if kind.width == 0 {
		return ""
	}
	var add uint32
	place := t.addr + r.Offset
	value := p.address(int(p.symbols[r.Symbol].canonical), t.base)
	switch kind.formula {
	case fAbs:
		add = value
	case fPC:
		add = value - place
	case fGotOff:
		add = value - p.sectionAddr(p.got, t.base)
	case fGotPC:
		add = p.sectionAddr(p.got, t.base) - place
	case fGot, fGotAbs:
		slot := p.gotIndex[p.symbols[r.Symbol].canonical]
		add = uint32(4 * slot)
		if kind.formula == fGotAbs && gotRelNeedsAddress(t.contents, r.Offset) {
			add += p.sectionAddr(p.got, t.base)
		}
	}
	return kind.store(t.contents[r.Offset:r.Offset+kind.width], add)
}

// address is a symbol's final value; the null symbol's is 0.
func (p *Plan) address(symbol int, base uint32) uint32 {
	s := &p.symbols[symbol]
	switch s.Section {
	case Undefined:
		return 0
	case Absolute, external:
		return s.Value
	}
	return p.sectionAddr(int(s.Section), base) + s.Value
}

// sectionAddr is where a section begins; what is not loaded begins at 0, so
// that references between debug sections are offsets.
func (p *Plan) sectionAddr(index int, base uint32) uint32 {
	if !p.isLoaded(index) {
		return 0
	}
	return base + p.sections[index].addr
}

func (p *Plan) applyPatches(base uint32, body []byte) {
	strings := p.sectionAddr(p.strtab, base)
	for _, s := range p.strings {
		putLE32(body[p.sections[s.section].addr+s.offset:], strings+s.text)
	}
	for _, s := range p.pointers {
		putLE32(body[p.sections[s.section].addr+s.offset:], p.address(s.symbol, base))
	}
}

// fillModule fills struct module; what is not named here stays 0. The name has
// been a string patch.
func (p *Plan) fillModule(base uint32, body []byte) {
	layout := &p.abi.module
	set := func(f abi.Field, v uint32) { put(body, f, v) }
	set(layout.SizeOfStruct, layout.Size)
	set(layout.ModuleSize, p.size)
	if p.options.Autoclean {
		set(layout.Flags, abi.ModAutoclean)
	}
	if i := p.ksymtab; i != 0 && p.sections[i].size > 0 {
		set(layout.Syms, p.sectionAddr(i, base))
		set(layout.Nsyms, p.sections[i].size/p.abi.symbol.Size)
	}
	if p.kmodtab != 0 {
		set(layout.Deps, p.sectionAddr(p.kmodtab, base))
		set(layout.Ndeps, uint32(len(p.deps)))
	}
	set(layout.Init, p.address(p.object.find(initName), base))
	set(layout.Cleanup, p.address(p.object.find(exitName), base))
	p.setRange(body, base, "__ex_table", layout.ExTableStart, layout.ExTableEnd)
	p.setRange(body, base, "__archdata", layout.ArchdataStart, layout.ArchdataEnd)
	p.setRange(body, base, "__kallsyms", layout.KallsymsStart, layout.KallsymsEnd)
	if at, ok := p.runSize(); ok {
		set(layout.Runsize, at)
	}
}

// setRange points two fields at the ends of a section that has contents.
func (p *Plan) setRange(body []byte, base uint32, name string, start, end abi.Field) {
	i := p.findSection(name)
	if i == 0 || !p.isLoaded(i) || p.sections[i].size == 0 {
		return
	}
	put(body, start, p.sectionAddr(i, base))
	put(body, end, p.sectionAddr(i, base)+p.sections[i].size)
}

// runSize is where the parts begin that a kernel may free after init.
func (p *Plan) runSize() (uint32, bool) {
	var at uint32
	found := false
	for _, name := range []string{".text.init", ".data.init"} {
		i := p.findSection(name)
		if i == 0 || !p.isLoaded(i) {
			continue
		}
		if !found || p.sections[i].addr < at {
			at = p.sections[i].addr
		}
		found = true
	}
	return at, found
}
