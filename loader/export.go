// SPDX-License-Identifier: BSD-3-Clause
// What the module exports, and the table of what it uses.
//
// Mirrors modutils' hide_special_symbols, add_ksymoops_symbols, add_ksymtab and
// create_module_ksymtab. A file that lists its exports itself (EXPORT_SYMBOL,
// EXPORT_NO_SYMBOLS) has a __ksymtab section; else every global symbol is
// exported. The __insmod_NAME_S<section>_L<length> symbols mark where sections
// begin; oops texts use them.

package loader

import (
	"fmt"
	"sort"
)

const (
	ksymtabName = "__ksymtab"
	hashBuckets = 521 // of insmod's symbol table
)

// createExports makes .kmodtab, __ksymtab and what they hold.
func (p *Plan) createExports() error {
	for _, name := range []string{initName, exitName, "kernel_version"} {
		if i := p.object.find(name); i != 0 {
			p.symbols[i].hidden = true
		}
	}
	listed := p.findSection(ksymtabName) != 0
	if !p.options.NoKsymoops {
		p.addKsymoops(listed || p.options.NoExport)
	}
	p.createKmodtab()
	if !p.options.NoExport && p.findSection(ksymtabName) == 0 {
		if err := p.exportGlobals(); err != nil {
			return err
		}
	}
	if i := p.findSection(ksymtabName); i != 0 && p.isLoaded(i) {
		p.ksymtab = i
	}
	return nil
}

// addKsymoops makes the __insmod_* symbols. When the module lists its exports
// they must be added to the list; else exportGlobals finds them.
func (p *Plan) addKsymoops(listed bool) {
	add := func(name string, section int) {
		i := len(p.symbols)
		p.symbols = append(p.symbols, planSymbol{Symbol: Symbol{
			Name: name, Bind: bindGlobal, Section: SectionRef(section), canonical: i,
		}})
		if listed {
			p.addKsymtab(i)
		}
	}
	if o := p.options.Origin; o != nil {
		version, _ := p.object.KernelVersion()
		add(fmt.Sprintf("__insmod_%s_O%s_M%08X_V%d", p.name, o.Path, o.MTime, versionCode(version)), p.this)
	}
	for _, name := range []string{".text", ".rodata", ".data", ".bss"} {
		if i := p.findSection(name); i != 0 && p.sections[i].size > 0 && p.isLoaded(i) {
			add(fmt.Sprintf("__insmod_%s_S%s_L%d", p.name, name, p.sections[i].size), i)
		}
	}
}

// addKsymtab appends one symbol to the list of exports. EXPORT_NO_SYMBOLS leaves
// an empty list that is not loaded: it is set aside and a loaded one begun.
func (p *Plan) addKsymtab(symbol int) {
	index := p.findSection(ksymtabName)
	if index != 0 && !p.isLoaded(index) {
		p.sections[index].name = "x" + ksymtabName[1:]
		index = 0
	}
	if index == 0 {
		index = p.created(ksymtabName, 4)
	}
	s := &p.sections[index]
	s.align = max(s.align, 4)
	p.fillKsymtab(index, s.grow(make([]byte, p.abi.symbol.Size)), symbol)
}

// fillKsymtab has one struct module_symbol point to a symbol and its name.
func (p *Plan) fillKsymtab(index int, at uint32, symbol int) {
	layout := &p.abi.symbol
	p.pointers = append(p.pointers, symbolPatch{index, at + layout.Value.Off, symbol})
	p.addString(index, at+layout.Name.Off, p.symbols[symbol].Name)
}

// exportGlobals lists every global symbol that lies in what is loaded, in the
// order of insmod's hash table.
func (p *Plan) exportGlobals() error {
	list := p.inHashOrder(p.exportable())
	entry := p.abi.symbol.Size
	length := uint64(entry) * uint64(len(list))
	for _, i := range list {
		length += uint64(len(p.symbols[i].Name)) + 1
	}
	if length > MaxImage {
		return p.object.errorf("", "the table of %d exported symbols is above the limit of %d MB", len(list), MaxImage>>20)
	}
	index := p.created(ksymtabName, 4)
	p.sections[index].grow(make([]byte, int(entry)*len(list)))
	for n, i := range list {
		p.fillKsymtab(index, uint32(n)*entry, i)
	}
	return nil
}

func (p *Plan) exportable() []int {
	var list []int
	for i := range p.symbols {
		s := &p.symbols[i]
		if i == 0 || s.canonical != i || s.Bind == bindLocal || s.hidden || s.weakZero || s.Name == "" {
			continue
		}
		if s.Section == Absolute || s.Section > 0 && p.isLoaded(int(s.Section)) {
			list = append(list, i)
		}
	}
	return list
}

// createKmodtab makes one struct module_ref for each module that is used; the
// kernel links them into the lists of those modules.
func (p *Plan) createKmodtab() {
	if len(p.deps) == 0 {
		return
	}
	p.kmodtab = p.created(".kmodtab", 4)
	layout := &p.abi.reference
	s := &p.sections[p.kmodtab]
	s.grow(make([]byte, int(layout.Size)*len(p.deps)))
	for i, d := range p.deps {
		at := uint32(i) * layout.Size
		put(s.data[at:], layout.Dep, d.Addr)
		p.pointers = append(p.pointers, symbolPatch{p.kmodtab, at + layout.Ref.Off, p.thisSymbol})
	}
}

// inHashOrder sorts symbols as insmod's symbol table is walked: by bucket, the
// symbol it met last in front. When checksums are ignored the table has been
// rehashed before the __insmod_* symbols came, which turned it round.
func (p *Plan) inHashOrder(list []int) []int {
	made := len(p.object.symbols)
	buckets := make(map[int]uint32, len(list))
	for _, i := range list {
		buckets[i] = elfHash(p.policy.key(p.symbols[i].Name)) % hashBuckets
	}
	sort.Slice(list, func(a, b int) bool {
		x, y := list[a], list[b]
		if buckets[x] != buckets[y] {
			return buckets[x] < buckets[y]
		}
		if p.policy == checksumIgnored && x < made && y < made {
			return x < y
		}
		return x > y
	})
	return list
}

// elfHash is the System V ABI's hash of a symbol name.
func elfHash(name string) uint32 {
	var h uint32
	for i := 0; i < len(name); i++ {
		h = h<<4 + uint32(name[i])
		h ^= (h & 0xf0000000) >> 24
		h &= 0x0fffffff
	}
	return h
}
