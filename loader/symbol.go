// SPDX-License-Identifier: BSD-3-Clause
// Reading the symbol table and merging repeated global names.
//
// System V ABI, "Symbol Table". The rules for a name that is defined more than
// once are those of modutils' obj_add_symbol.

package loader

import "fmt"

func (o *Object) readSymbols() error {
	index, err := o.findSymtab()
	if err != nil {
		return err
	}
	o.symtab = index
	table := &o.sections[index]
	if table.link == 0 || uint64(table.link) >= uint64(len(o.sections)) {
		return o.errorf(show(table.Name), "string table index %d is not one of the %d sections", table.link, len(o.sections))
	}
	names, err := o.stringTable(int(table.link))
	if err != nil {
		return err
	}
	wide, err := o.wideIndices(index)
	if err != nil {
		return err
	}
	o.symbols = make([]Symbol, max(1, len(table.Data)/symbolSize)) // the null symbol always
	for i := range o.symbols {
		if i == 0 {
			continue
		}
		raw := decodeSymbol(table.Data[i*symbolSize:])
		if err := o.addSymbol(i, raw, names, wide); err != nil {
			return err
		}
	}
	return nil
}

func (o *Object) findSymtab() (int, error) {
	found := 0
	for i := range o.sections {
		if o.sections[i].Type != shtSymtab {
			continue
		}
		if found != 0 {
			return 0, o.errorf(o.place(i), "a second symbol table (the first is section %d)", found)
		}
		found = i
	}
	if found == 0 {
		return 0, o.errorf("", "no symbol table: was the object stripped?")
	}
	s := &o.sections[found]
	switch {
	case s.entSize != symbolSize:
		return 0, o.errorf(show(s.Name), "symbol size mismatch: %d, want %d", s.entSize, symbolSize)
	case s.Size%symbolSize != 0:
		return 0, o.errorf(show(s.Name), "size %#x is not a multiple of %d", s.Size, symbolSize)
	case s.Size/symbolSize > maxSymbols:
		return 0, o.errorf(show(s.Name), "%d symbols are above the limit of %d", s.Size/symbolSize, maxSymbols)
	case uint64(s.info) > uint64(s.Size/symbolSize):
		return 0, o.errorf(show(s.Name), "%d local symbols, but only %d symbols in all", s.info, s.Size/symbolSize)
	}
	return found, nil
}

// wideIndices returns the contents of the SHT_SYMTAB_SHNDX that belongs to the
// symbol table, or nil.
func (o *Object) wideIndices(symtab int) ([]byte, error) {
	for i := range o.sections {
		s := &o.sections[i]
		if s.Type != shtSymtabShndx || s.link != uint32(symtab) {
			continue
		}
		if want := uint64(o.sections[symtab].Size) / symbolSize * 4; uint64(len(s.Data)) != want {
			return nil, o.errorf(show(s.Name), "size %#x does not match the symbol table (want %#x)", len(s.Data), want)
		}
		return s.Data, nil
	}
	return nil, nil
}

func (o *Object) addSymbol(i int, raw elfSymbol, names stringTable, wide []byte) error {
	table := &o.sections[o.symtab]
	place := fmt.Sprintf("%s[%d]", show(table.Name), i)
	name, problem := names.at(raw.Name, maxName)
	if problem != "" {
		return o.errorf(place, "name: %s", problem)
	}
	if name != "" {
		place += " " + show(name)
	}
	if problem := bindingProblem(i, raw, table.info); problem != "" {
		return o.errorf(place, "%s", problem)
	}
	ref, problem := o.symbolSection(i, raw, wide)
	if problem != "" {
		return o.errorf(place, "%s", problem)
	}
	if raw.Name == 0 && raw.Type == symSection && ref > 0 {
		name = o.sections[ref].Name
	}
	s := Symbol{Name: name, Bind: raw.Bind, Type: raw.Type, Section: ref, Value: raw.Value, Size: raw.Size, canonical: i}
	if ref > 0 {
		if section := &o.sections[ref]; section.loaded && s.Value > section.Size {
			return o.errorf(place, "value %#x is outside section %s (%#x bytes)", s.Value, show(section.Name), section.Size)
		}
	}
	if problem := symbolProblem(&s); problem != "" {
		return o.errorf(place, "%s", problem)
	}
	o.symbols[i] = s
	return nil
}

func bindingProblem(i int, raw elfSymbol, locals uint32) string {
	switch raw.Bind {
	case bindLocal:
		if uint32(i) >= locals {
			return fmt.Sprintf("local symbol with index %d is not among the first %d, where locals belong", i, locals)
		}
	case bindGlobal, bindWeak:
		if uint32(i) < locals {
			return fmt.Sprintf("global symbol with index %d is among the first %d, where locals belong", i, locals)
		}
	default:
		return fmt.Sprintf("can't handle symbol binding %d", raw.Bind)
	}
	return ""
}

// symbolSection turns st_shndx into a reference that is safe to use.
func (o *Object) symbolSection(i int, raw elfSymbol, wide []byte) (SectionRef, string) {
	index := uint32(raw.Section)
	switch {
	case raw.Section == shnUndef:
		return Undefined, ""
	case raw.Section == shnAbs:
		return Absolute, ""
	case raw.Section == shnCommon:
		return Common, ""
	case raw.Section == shnXindex && wide == nil:
		return 0, "extended section index, but no SHT_SYMTAB_SHNDX section"
	case raw.Section == shnXindex:
		index = le32(wide[i*4:])
	case raw.Section >= shnLoReserve:
		return 0, fmt.Sprintf("can't handle reserved section index %#x", raw.Section)
	}
	if index == 0 || uint64(index) >= uint64(len(o.sections)) {
		return 0, fmt.Sprintf("section index %d is not one of the %d sections", index, len(o.sections))
	}
	return SectionRef(index), ""
}

// symbolProblem checks what depends on where the symbol lives.
func symbolProblem(s *Symbol) string {
	switch {
	case s.Type > symFile && s.Section != Undefined:
		return fmt.Sprintf("can't handle symbol type %d", s.Type)
	case s.Section == Undefined && s.Bind == bindLocal && s.Name != "":
		return "a local symbol cannot be undefined"
	case s.Section == Undefined && s.Bind != bindLocal && s.Name == "":
		return "an undefined symbol has no name"
	case s.Section == Common && s.Size > MaxImage:
		return fmt.Sprintf("common size %#x is above the limit of %d MB", s.Size, MaxImage>>20)
	case s.Section == Common:
		if p := alignProblem(s.Value); p != "" {
			return "common " + p
		}
	}
	return ""
}

// mergeGlobals makes every global name speak through one symbol.
func (o *Object) mergeGlobals() error {
	o.global = make(map[string]int)
	o.local = make(map[string]int)
	for i := 1; i < len(o.symbols); i++ {
		s := &o.symbols[i]
		if s.Bind == bindLocal {
			if _, seen := o.local[s.Name]; !seen && s.Section > 0 && s.Type != symSection {
				o.local[s.Name] = i
			}
			continue
		}
		if s.Name == "" {
			continue
		}
		first, seen := o.global[s.Name]
		if !seen {
			o.global[s.Name] = i
			continue
		}
		s.canonical = first
		if err := o.redefine(&o.symbols[first], s); err != nil {
			return err
		}
	}
	return nil
}

// redefine decides between an earlier and a later global symbol of one name:
// a definition beats a reference, a strong one a weak one, a real one a common
// one; two real ones are an error.
func (o *Object) redefine(old, s *Symbol) error {
	data := func(x *Symbol) bool { return x.Type == symNone || x.Type == symObject }
	replace := false
	switch {
	case s.Section == Undefined:
	case old.Section == Undefined:
		replace = true
	case s.Bind == bindWeak:
	case old.Bind == bindWeak:
		replace = true
	case s.Section == Common && data(old):
	case old.Section == Common && data(s):
		replace = true
	default:
		return o.errorf("", "%s multiply defined", show(s.Name))
	}
	if replace {
		canonical := old.canonical
		*old = *s
		old.canonical = canonical
	}
	return nil
}

// find returns the index of the symbol insmod would take for a name it looks
// for: the global one, else the first local one that lies in a section; 0 if
// there is none.
func (o *Object) find(name string) int {
	if i, ok := o.global[name]; ok {
		return i
	}
	return o.local[name]
}
