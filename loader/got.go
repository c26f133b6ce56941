// SPDX-License-Identifier: BSD-3-Clause
// The global offset table of position-independent objects.
//
// Mirrors modutils' arch_create_got for i386: one word per symbol that a GOT32
// relocation names, in a .got section; PLT32 needs nothing, since a module calls
// its targets directly. The kernel's own modules are not built this way, but
// `gcc -fPIC` is some compilers' default.

package loader

const gotSymbol = "_GLOBAL_OFFSET_TABLE_"

func (p *Plan) createGot() error {
	needed := p.symbolIsWanted(gotSymbol)
	for i := range p.object.sections {
		s := &p.object.sections[i]
		if !s.loaded {
			continue
		}
		for _, index := range s.relocs {
			err := p.object.eachReloc(&p.object.sections[index], func(r rel) string {
				kind := relKinds[r.Type]
				needed = needed || kind.needsGot()
				if kind.needsGotEntry() {
					p.gotEntry(r.Symbol)
				}
				return ""
			})
			if err != nil {
				return err
			}
		}
	}
	if !needed {
		return nil
	}
	p.got = p.created(".got", 4)
	p.sections[p.got].grow(make([]byte, 4*max(len(p.gotSlots), 1)))
	for n, symbol := range p.gotSlots {
		p.pointers = append(p.pointers, symbolPatch{p.got, uint32(4 * n), symbol})
	}
	p.define(gotSymbol, Symbol{Name: gotSymbol, Bind: bindLocal, Type: symObject, Section: SectionRef(p.got)})
	return nil
}

// gotEntry makes sure a symbol has a slot.
func (p *Plan) gotEntry(symbol uint32) {
	canonical := p.symbols[symbol].canonical
	if _, ok := p.gotIndex[canonical]; ok {
		return
	}
	p.gotIndex[canonical] = len(p.gotSlots)
	p.gotSlots = append(p.gotSlots, canonical)
}

func (p *Plan) symbolIsWanted(name string) bool {
	i, ok := p.object.global[name]
	return ok && p.object.symbols[i].Section == Undefined
}
