// SPDX-License-Identifier: BSD-3-Clause

// Package debuginfo reads what a module file says about its source: line numbers, functions, variables and types, from
// DWARF 2 to 5 (as gcc since 3.1 writes it) and from stabs (as gcc up to 3.0 wrote it); and it holds, beside that, the
// symbols and structures of the kernel.
//
// A Module is what is known of one file at the place where it was loaded: all addresses are where the machine has them. A
// Table is everything known at one time: the kernel and the modules loaded, asked together.
//
// Files are hostile until read: every count and offset is checked, the memory used is bounded by the size of the file, and
// what cannot be read becomes one of Module.Problems while the rest stays useful.
package debuginfo

import (
	"slices"

	"ring0/loader"
)

// Module is what is known of one loaded module.
type Module struct {
	Name      string
	Base      uint32
	Size      uint32
	Format    string                 // "DWARF 4", "stabs", or "" without debug information
	Sections  []loader.PlacedSection // by address
	Symbols   []Symbol               // by address
	Functions []*Function            // with debug information only, by address
	Globals   []*Variable            // variables outside functions, static ones too, by name
	Lines     *LineTable             // never nil
	Problems  []error                // what could not be read

	types  typeSource
	frames []*frameTable
	byName map[string][]int // indices of Symbols
	calls  map[uint32]*CallSite
}

// Symbol is a named place.
type Symbol struct {
	Name   string
	Addr   uint32
	Size   uint32 // 0 when not known
	Type   byte   // nm's letter: T text, D data, B bss, R read only, A absolute; lower case for local ones
	Module string // "" for the kernel
}

// Text says whether code lies there.
func (s Symbol) Text() bool { return s.Type == 'T' || s.Type == 't' }

// Global says whether the symbol is visible outside its file.
func (s Symbol) Global() bool { return s.Type >= 'A' && s.Type <= 'Z' }

// Range is the addresses Low … High-1.
type Range struct{ Low, High uint32 }

// Contains says whether an address lies in the range.
func (r Range) Contains(addr uint32) bool { return addr >= r.Low && addr < r.High }

// contains says whether one of the ranges holds the address.
func contains(ranges []Range, addr uint32) bool {
	for _, r := range ranges {
		if r.Contains(addr) {
			return true
		}
	}
	return false
}

// Function is a function with debug information.
type Function struct {
	Name     string
	Module   string
	Ranges   []Range // where its code lies; the first is where it is entered
	File     string  // where it is defined
	Line     int
	Unit     string // the source file compiled
	CompDir  string // where the compiler ran
	External bool
	Result   *Type       // nil for void
	Vars     []*Variable // parameters, in order, then locals of all its blocks
	Inlined  []*Inline   // calls of other functions compiled into it

	frameBase Location
}

// Entry is the address of the first instruction.
func (f *Function) Entry() uint32 {
	if len(f.Ranges) == 0 {
		return 0
	}
	return f.Ranges[0].Low
}

// Type is the function's type.
func (f *Function) Type() *Type {
	t := &Type{Kind: Func, Elem: f.Result}
	for _, v := range f.Vars {
		if v.Param {
			t.Params = append(t.Params, v.Type)
		}
	}
	return t
}

// Contains says whether an address is the function's.
func (f *Function) Contains(addr uint32) bool { return contains(f.Ranges, addr) }

// Inline is a call that was compiled into its caller.
type Inline struct {
	Name     string // the function called
	Ranges   []Range
	Entry    uint32 // where it begins
	CallFile string // of the call
	CallLine int
	Depth    int // 0 for calls by the function itself, 1 for calls in those, …
	Vars     []*Variable
}

// InlinedAt lists the inlined calls an address lies in, outermost first.
func (f *Function) InlinedAt(addr uint32) []*Inline {
	var list []*Inline
	for _, in := range f.Inlined {
		if contains(in.Ranges, addr) {
			list = append(list, in)
		}
	}
	return list
}

// Variable is a parameter, a local or a global variable.
type Variable struct {
	Name   string
	Type   *Type
	Param  bool
	Static bool     // visible in its file or function only
	Unit   string   // the source file compiled, of a global one
	Scope  []Range  // where it is visible; nil: all of the function, or everywhere
	Block  int      // how deep its block is nested in the function
	Loc    Location // where it is

	base  Location // the frame base its location may refer to
	order uint32   // where it is declared: parameters that a specialised function has lost are described last
}

// VisibleAt says whether code at an address sees the variable.
func (v *Variable) VisibleAt(addr uint32) bool { return v.Scope == nil || contains(v.Scope, addr) }

// VarsAt lists the variables that code at an address sees, outermost first: with several of one name the last hides the
// others. Those of inlined functions the address lies in come last.
func (f *Function) VarsAt(addr uint32) []*Variable {
	list := Visible(f.Vars, addr)
	for _, in := range f.InlinedAt(addr) {
		list = append(list, Visible(in.Vars, addr)...)
	}
	return list
}

// Visible lists those of some variables that code at an address sees, those of outer blocks first.
func Visible(vars []*Variable, addr uint32) []*Variable {
	var list []*Variable
	for _, v := range vars {
		if v.VisibleAt(addr) {
			list = append(list, v)
		}
	}
	slices.SortStableFunc(list, func(a, b *Variable) int { return a.Block - b.Block })
	return list
}

// Line is a place in a source file and the code it became.
type Line struct {
	File        string // as the compiler was given it, made absolute by the compilation directory where it is known
	Line        int
	Column      int
	Range              // the code of this row of the line table
	IsStmt      bool   // a good place for a breakpoint
	PrologueEnd bool   // the function's frame is set up
	Addr        uint32 // the address asked for
}
