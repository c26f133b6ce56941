// SPDX-License-Identifier: BSD-3-Clause
// Checking the relocation sections of what is loaded, and iterating over them.

package loader

import "fmt"

// maxRelocs bounds the relocations of all loaded sections together (a file may
// name the same bytes as many relocation sections).
const maxRelocs = 1 << 22

// checkRelocations attaches each SHT_REL section to its target and checks those
// of loaded sections entry by entry. Those of debug sections are checked when
// [Image.DebugSection] uses them.
func (o *Object) checkRelocations() error {
	var total uint64
	for i := range o.sections {
		s := &o.sections[i]
		if s.Type != shtRel || s.Size == 0 {
			continue
		}
		target, err := o.relTarget(s)
		if err != nil {
			return err
		}
		target.relocs = append(target.relocs, i)
		if !target.loaded {
			continue
		}
		total += uint64(len(s.Data) / relSize)
		if total > maxRelocs {
			return o.errorf(show(s.Name), "more than %d relocations", maxRelocs)
		}
		if err := o.checkEntries(s, target); err != nil {
			return err
		}
	}
	return nil
}

// relTarget checks a relocation section's own header.
func (o *Object) relTarget(s *Section) (*Section, error) {
	switch {
	case s.entSize != relSize:
		return nil, o.errorf(show(s.Name), "relocation entry size mismatch: %d, want %d", s.entSize, relSize)
	case s.Size%relSize != 0:
		return nil, o.errorf(show(s.Name), "size %#x is not a multiple of %d", s.Size, relSize)
	case s.link != uint32(o.symtab):
		return nil, o.errorf(show(s.Name), "section %d is not the symbol table (%d is)", s.link, o.symtab)
	case s.info == 0 || uint64(s.info) >= uint64(len(o.sections)):
		return nil, o.errorf(show(s.Name), "target section index %d is not one of the %d sections", s.info, len(o.sections))
	}
	target := &o.sections[s.info]
	switch target.Type {
	case shtSymtab, shtStrtab, shtRel, shtRela, shtGroup, shtSymtabShndx, shtNull:
		return nil, o.errorf(show(s.Name), "target section %s of type %d cannot be relocated", show(target.Name), target.Type)
	}
	return target, nil
}

// checkEntries checks every entry of one relocation section.
func (o *Object) checkEntries(s, target *Section) error {
	return o.eachReloc(s, func(r rel) string { return o.entryProblem(r, target) })
}

func (o *Object) entryProblem(r rel, target *Section) string {
	kind, known := relKinds[r.Type]
	switch {
	case !known:
		return unknownRel(r.Type)
	case target.Type == shtNobits && kind.width > 0:
		return fmt.Sprintf("section %s has no contents to relocate", show(target.Name))
	case uint64(r.Offset)+uint64(kind.width) > uint64(target.Size):
		return fmt.Sprintf("place is outside section %s (%#x bytes)", show(target.Name), target.Size)
	case uint64(r.Symbol) >= uint64(len(o.symbols)):
		return fmt.Sprintf("symbol index %d is not one of the %d symbols", r.Symbol, len(o.symbols))
	}
	if !target.loaded && kind.needsGot() {
		return fmt.Sprintf("relocation type %d (%s) cannot be used in a section that is not loaded", r.Type, kind.name)
	}
	s := &o.symbols[r.Symbol]
	if target.loaded && s.Section > 0 && !o.sections[s.Section].loaded && kind.width > 0 {
		return fmt.Sprintf("symbol %s is in section %s, which is not loaded", show(s.Name), show(o.sections[s.Section].Name))
	}
	return ""
}

// eachReloc calls f for every entry of a relocation section until f names a
// problem, which becomes an error with the entry's place.
func (o *Object) eachReloc(s *Section, f func(r rel) string) error {
	for at := 0; at+relSize <= len(s.Data); at += relSize {
		r := decodeRel(s.Data[at:])
		if problem := f(r); problem != "" {
			return o.errorf(fmt.Sprintf("%s+%#x", show(s.Name), r.Offset), "%s", problem)
		}
	}
	return nil
}
