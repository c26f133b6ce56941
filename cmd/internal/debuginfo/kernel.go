// SPDX-License-Identifier: BSD-3-Clause
// The kernel's own symbols and structures: System.map and the layout tables of its profile.

package debuginfo

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"ring0/guestkernel/abi"
)

// kernelSymbols answers for the kernel.
type kernelSymbols struct {
	profile *abi.Profile // nil: none known
	entry   map[string]uint32
	own     []Symbol // of the guest code, where System.map has no symbol of that name, by address
	types   map[string]*Type
	names   []string // all, in byte order, once asked for
}

func newKernelSymbols(p *abi.Profile, entry map[string]uint32) *kernelSymbols {
	k := &kernelSymbols{profile: p, entry: entry, types: BasicTypes()}
	for name, addr := range entry {
		if p != nil && len(p.SymbolsNamed(name)) > 0 {
			continue
		}
		k.own = append(k.own, Symbol{Name: name, Addr: addr, Type: 't'})
	}
	slices.SortFunc(k.own, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), strings.Compare(a.Name, b.Name))
	})
	return k
}

// named lists the symbols of a name, global ones first.
func (k *kernelSymbols) named(name string) []Symbol {
	var list []Symbol
	if k.profile != nil {
		for _, s := range k.profile.SymbolsNamed(name) {
			list = append(list, Symbol{Name: s.Name, Addr: s.Addr, Type: s.Type})
		}
		slices.SortStableFunc(list, func(a, b Symbol) int {
			if a.Global() && !b.Global() {
				return -1
			}
			return 0
		})
	}
	for _, s := range k.own {
		if s.Name == name {
			list = append(list, s)
		}
	}
	return list
}

// at finds the kernel's symbol for an address; the guest code's own name wins where it is as near.
func (k *kernelSymbols) at(addr uint32) (s Symbol, offset uint32, ok bool) {
	if k.profile == nil {
		return Symbol{}, 0, false
	}
	name, offset, ok := k.profile.Lookup(addr)
	if !ok {
		return Symbol{}, 0, false
	}
	s = Symbol{Name: name, Addr: addr - offset, Type: 't'}
	for _, symbol := range k.profile.SymbolsNamed(name) {
		if symbol.Addr == s.Addr {
			s.Type = symbol.Type
		}
	}
	const near = 0x80 // the guest code's own labels stand for a few instructions
	if i := sort.Search(len(k.own), func(i int) bool { return k.own[i].Addr > addr }) - 1; i >= 0 {
		if own := k.own[i]; own.Addr > s.Addr && addr-own.Addr < near {
			return own, addr - own.Addr, true
		}
	}
	return s, offset, true
}

// prefixed lists names that begin with prefix.
func (k *kernelSymbols) prefixed(prefix string, limit int) []string {
	if k.profile == nil {
		return nil
	}
	if k.names == nil {
		for s := range k.profile.EachSymbol() {
			k.names = append(k.names, s.Name)
		}
		for _, s := range k.own {
			k.names = append(k.names, s.Name)
		}
		slices.Sort(k.names)
		k.names = slices.Compact(k.names)
	}
	first, _ := slices.BinarySearch(k.names, prefix)
	var list []string
	for _, name := range k.names[first:] {
		if len(list) == limit || !strings.HasPrefix(name, prefix) {
			break
		}
		list = append(list, name)
	}
	return list
}
