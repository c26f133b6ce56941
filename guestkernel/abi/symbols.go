// SPDX-License-Identifier: BSD-3-Clause
// System.map: where every symbol of the real kernel lies.

package abi

import (
	"iter"
	"sort"
	"strings"
)

// A Symbol is one line of System.map.
type Symbol struct {
	Addr uint32
	Type byte // nm(1)'s letter: T text, D data, B bss, R read-only data, A absolute; lower case = not global
	Name string
}

// Global says whether the symbol is visible outside its source file.
func (s Symbol) Global() bool { return s.Type >= 'A' && s.Type <= 'Z' }

// A symbolText is System.map as text: lines of eight hexadecimal digits, blank, letter, blank, name; by address.
type symbolText string

const (
	symbolAddrEnd  = 8  // columns of a line: the address ends here,
	symbolTypeAt   = 9  // the type letter stands here,
	symbolNameFrom = 11 // and the name begins here
)

func parseSymbol(line string) Symbol {
	return Symbol{Addr: parseHex(line[:symbolAddrEnd]), Type: line[symbolTypeAt], Name: line[symbolNameFrom:]}
}

// all yields every symbol in order of address.
func (t symbolText) all() iter.Seq[Symbol] {
	return func(yield func(Symbol) bool) {
		for line := range table(t).lines() {
			if !yield(parseSymbol(line)) {
				return
			}
		}
	}
}

// EachSymbol yields System.map in order of address without keeping it: for those who read it once.
func (p *Profile) EachSymbol() iter.Seq[Symbol] { return p.symbols.all() }

// Symbols returns System.map, sorted by address; symbols at one address stay in the file's order. It parses the whole
// table: callers that need it often keep it. Empty when the profile has no System.map.
func (p *Profile) Symbols() []Symbol {
	all := make([]Symbol, 0, strings.Count(string(p.symbols), "\n"))
	for symbol := range p.symbols.all() {
		all = append(all, symbol)
	}
	return all
}

// SymbolsNamed returns every symbol of that name by address: file-local names occur more than once.
func (p *Profile) SymbolsNamed(name string) []Symbol {
	var found []Symbol
	first := sort.Search(p.symbolNames.len(), func(i int) bool { return p.symbolByName(i).Name >= name })
	for i := first; i < p.symbolNames.len(); i++ {
		symbol := p.symbolByName(i)
		if symbol.Name != name {
			break
		}
		found = append(found, symbol)
	}
	return found
}

// symbolByName returns the i-th symbol in order of name.
func (p *Profile) symbolByName(i int) Symbol {
	line, _ := lineAt(string(p.symbols), p.symbolNames.at(i))
	return parseSymbol(line)
}

// A nameIndex lists the lines of a symbolText in byte order of their names, lines of one name by address: where each
// begins, as five hexadecimal digits and a newline.
type nameIndex string

const nameIndexLine = len("00000\n")

func (x nameIndex) len() int { return len(x) / nameIndexLine }

func (x nameIndex) at(i int) int {
	return int(parseHex(string(x[i*nameIndexLine : (i+1)*nameIndexLine-1])))
}

// Symbol returns the address of a kernel symbol. A global symbol hides file-local ones of the same name; a name that
// only several file-local symbols share is ambiguous and not found: ask [Profile.SymbolsNamed].
func (p *Profile) Symbol(name string) (uint32, bool) {
	found := p.SymbolsNamed(name)
	for _, symbol := range found {
		if symbol.Global() {
			return symbol.Addr, true
		}
	}
	if len(found) == 1 {
		return found[0].Addr, true
	}
	return 0, false
}

// Lookup returns the kernel symbol an address belongs to, as the oops printer names it: the nearest one at or below the
// address, and how far above it the address lies. ok is false outside the kernel image, [_text, _end).
//
// Several symbols can share an address. The one that sorts last by name is taken: at c0105000 the real kernel, which had
// rest_init, stext and _stext to choose from, printed "stext"; no other such address was seen.
func (p *Profile) Lookup(addr uint32) (name string, offset uint32, ok bool) {
	text := string(p.symbols)
	start := p.symbols.after(addr) // the symbol wanted is on the lines before
	if start == 0 || start == len(text) {
		return "", 0, false // below the first symbol, or at _end, the last, or above
	}
	var best Symbol
	for start > 0 {
		start = lineStart(text, start-1)
		line, _ := lineAt(text, start)
		symbol := parseSymbol(line)
		if best.Name != "" && symbol.Addr != best.Addr {
			break
		}
		if symbol.Name > best.Name {
			best = symbol
		}
	}
	if best.Addr < PageOffset {
		return "", 0, false // the absolute symbols in front of _text
	}
	return best.Name, addr - best.Addr, true
}

// after returns where the first line with an address above addr begins.
func (t symbolText) after(addr uint32) int {
	low, high := 0, len(t)
	for low < high {
		start := lineStart(string(t), (low+high)/2)
		line, next := lineAt(string(t), start)
		if parseSymbol(line).Addr <= addr {
			low = next
		} else {
			high = start
		}
	}
	return low
}
