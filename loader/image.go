// SPDX-License-Identifier: BSD-3-Clause
// Image: a module relocated to one address, with what is known about it.

package loader

import (
	"fmt"
	"sort"
	"strings"
)

// Image is what init_module is given: struct module and the module's contents,
// absolute for Base.
type Image struct {
	Name    string
	Profile string // whose struct module it begins with; empty when unknown (a raw image)
	Base    uint32
	Bytes   []byte

	Sections []PlacedSection // by address; empty for an image read from a file
	Symbols  []PlacedSymbol  // by address; likewise
	Imports  []Import        // what it was linked to; empty when unknown
	Deps     []Dependency

	plan *Plan // for DebugSection; nil for an image read from a file
}

// PlacedSection is a section of an image.
type PlacedSection struct {
	Name  string
	Addr  uint32
	Size  uint32
	Align uint32
	Flags uint32 // SHF_*
}

// PlacedSymbol is a symbol of an image. Type is nm's letter: T text, R read
// only, D data, B bss, A absolute; lower case for local ones.
type PlacedSymbol struct {
	Name     string
	Addr     uint32
	Size     uint32
	Type     byte
	Function bool
}

// Size is the image's size in bytes.
func (img *Image) Size() uint32 { return uint32(len(img.Bytes)) }

// Contains reports whether an address lies in the image.
func (img *Image) Contains(addr uint32) bool { return addr-img.Base < img.Size() }

// Section returns the placed section of a name.
func (img *Image) Section(name string) (PlacedSection, bool) {
	for _, s := range img.Sections {
		if s.Name == name {
			return s, true
		}
	}
	return PlacedSection{}, false
}

// FileSectionAddrs lists where the object file's allocated sections lie, in the
// file's order: what debuggers that read the file themselves want to know. One
// that insmod leaves out has 0. It is empty for an image read from a file.
func (img *Image) FileSectionAddrs() []uint32 {
	if img.plan == nil {
		return nil
	}
	var addrs []uint32
	for i := range img.plan.object.sections {
		if img.plan.object.sections[i].Flags&shfAlloc == 0 {
			continue
		}
		addr := uint32(0)
		if img.plan.isLoaded(i) {
			addr = img.Base + img.plan.sections[i].addr
		}
		addrs = append(addrs, addr)
	}
	return addrs
}

// Symbol returns the address of a symbol; a global one wins over a local one.
func (img *Image) Symbol(name string) (PlacedSymbol, bool) {
	var found PlacedSymbol
	ok := false
	for _, s := range img.Symbols {
		if s.Name == name && (!ok || !isLower(s.Type) && isLower(found.Type)) {
			found, ok = s, true
		}
	}
	return found, ok
}

func isLower(letter byte) bool { return letter >= 'a' && letter <= 'z' }

func (p *Plan) newImage(base uint32, body []byte) *Image {
	img := &Image{
		Name: p.name, Profile: p.abi.profile, Base: base, Bytes: body,
		Imports: p.Imports(), Deps: p.deps, plan: p,
	}
	for _, index := range p.order {
		s := &p.sections[index]
		img.Sections = append(img.Sections, PlacedSection{
			Name: s.name, Addr: base + s.addr, Size: s.size, Align: s.align, Flags: s.flags,
		})
	}
	img.Symbols = p.placedSymbols(base)
	return img
}

// placedSymbols lists what lies in the image, and absolute symbols; section and
// file symbols are left out.
func (p *Plan) placedSymbols(base uint32) []PlacedSymbol {
	var list []PlacedSymbol
	for i := range p.symbols {
		s := &p.symbols[i]
		if i == 0 || s.canonical != i || s.Name == "" || s.Type == symSection || s.Type == symFile {
			continue
		}
		if s.Section != Absolute && (s.Section <= 0 || !p.isLoaded(int(s.Section))) {
			continue
		}
		list = append(list, PlacedSymbol{
			Name: s.Name, Addr: p.address(i, base), Size: s.Size, Type: p.letter(s), Function: s.Type == symFunc,
		})
	}
	sort.SliceStable(list, func(a, b int) bool {
		if list[a].Addr != list[b].Addr {
			return list[a].Addr < list[b].Addr
		}
		return list[a].Name < list[b].Name
	})
	return list
}

func (p *Plan) letter(s *planSymbol) byte {
	letter := byte('A')
	if s.Section > 0 {
		letter = p.sections[s.Section].letter()
	}
	if s.Bind == bindLocal {
		letter += 'a' - 'A'
	}
	return letter
}

func (s *planSection) letter() byte {
	switch {
	case s.bss:
		return 'B'
	case s.flags&shfExec != 0:
		return 'T'
	case s.flags&shfWrite != 0:
		return 'D'
	}
	return 'R'
}

// LoadMap is the text of insmod -m: sections, then symbols by address.
func (img *Image) LoadMap() string {
	var b strings.Builder
	b.WriteString("Sections:       Size      Address   Align\n")
	for _, s := range img.Sections {
		power := 0
		for 1<<(power+1) <= s.Align {
			power++
		}
		fmt.Fprintf(&b, "%-15s %08x  %08x  2**%d\n", show(s.Name), s.Size, s.Addr, power)
	}
	b.WriteString("\nSymbols:\n")
	for _, s := range img.Symbols {
		fmt.Fprintf(&b, "%08x %c %s\n", s.Addr, s.Type, show(s.Name))
	}
	return b.String()
}
