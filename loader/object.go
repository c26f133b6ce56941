// SPDX-License-Identifier: BSD-3-Clause
// The parsed object file: sections, symbols and relocations, all checked.
//
// Mirrors modutils' obj_load. Everything here is read-only after Parse; what
// insmod changes on the way to an image is copied by Prepare.

package loader

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Limits on what an object may ask for, whatever the file says.
const (
	// MaxImage bounds the loaded image in bytes: far above any real module
	// (the largest of 2.4.18 has 430 KB), below the vmalloc area of a 2.4 kernel.
	MaxImage = 64 << 20
	// MaxAlign bounds section and common alignment: the image starts on a page.
	MaxAlign = 4096
	// maxName bounds a name in the file's string tables.
	maxName = 1024
	// maxSections and maxSymbols bound the tables built from a file; the
	// largest module of 2.4.18 has 40 sections and 4,000 symbols.
	maxSections = 1 << 16
	maxSymbols  = 1 << 18
)

// Object is one ELF32 i386 relocatable file. It does not change after Parse and
// may be linked any number of times.
type Object struct {
	File string // as given to Parse; messages begin with it

	sections []Section
	symbols  []Symbol // by symbol table index; 0 is the null symbol
	global   map[string]int
	local    map[string]int // first local of a name that lies in a section
	symtab   int            // section index of the symbol table
	modinfo  []modinfoEntry

	modinfoAt map[string]int // index in modinfo by key
}

// Section is one section of an object.
type Section struct {
	Index int
	Name  string
	Type  uint32
	Flags uint32
	Size  uint32
	Align uint32 // 0 and 1 mean none
	Data  []byte // nil for SHT_NOBITS; shared with the file

	link, info, entSize uint32
	loaded              bool // takes part in the image: SHF_ALLOC, and not .modinfo
	relocs              []int
}

// Loaded reports whether the section becomes part of the image.
func (s *Section) Loaded() bool { return s.loaded }

// Symbol is one entry of the symbol table.
type Symbol struct {
	Name    string // a section symbol without a name has its section's
	Bind    uint8
	Type    uint8
	Section SectionRef
	Value   uint32 // offset in the section; for COMMON the alignment
	Size    uint32

	// canonical is the index of the symbol that speaks for this name: itself,
	// unless the file has the same global name twice.
	canonical int
}

// SectionRef says where a symbol lives: a section index, or one of the special
// values below. It is wide enough for SHN_XINDEX.
type SectionRef int

// Special values of SectionRef.
const (
	Undefined SectionRef = 0
	Absolute  SectionRef = -1
	Common    SectionRef = -2
	// external: taken from the kernel or another module (a Plan only).
	external SectionRef = -3
)

// Parse reads an object. file names it in messages; data is kept, not copied.
func Parse(file string, data []byte) (*Object, error) {
	header, refusal := identify(data)
	if refusal != "" {
		return nil, &FormatError{File: file, Text: refusal}
	}
	o := &Object{File: file}
	steps := []func() error{
		func() error { return o.readSections(data, header) },
		o.refuseLaterKernels,
		o.readSymbols,
		o.mergeGlobals,
		o.checkRelocations,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	o.readModinfo()
	return o, nil
}

// Sections returns the sections in file order; index 0 is the null section.
func (o *Object) Sections() []Section { return o.sections }

// Symbols returns the symbol table; index 0 is the null symbol.
func (o *Object) Symbols() []Symbol { return o.symbols }

// Section returns the first section of a name, or nil.
func (o *Object) Section(name string) *Section {
	for i := range o.sections {
		if i > 0 && o.sections[i].Name == name {
			return &o.sections[i]
		}
	}
	return nil
}

// Undefined returns the names the object wants from elsewhere, in symbol table
// order; weak ones, which may stay 0, are left out.
func (o *Object) Undefined() []string {
	var names []string
	for i := range o.symbols {
		s := &o.symbols[i]
		if i > 0 && s.canonical == i && s.Section == Undefined && s.Bind == bindGlobal && !isOwnName(s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// isOwnName reports the names insmod itself defines.
func isOwnName(name string) bool { return name == thisModule || name == gotSymbol }

// ModuleName is the name insmod gives the module: the file's base name without
// .o or .mod.
func (o *Object) ModuleName() string {
	_, name := filepath.Split(o.File)
	for _, suffix := range []string{".o", ".mod"} {
		if len(name) > len(suffix) && strings.HasSuffix(name, suffix) {
			return strings.TrimSuffix(name, suffix)
		}
	}
	return name
}

// refuseLaterKernels recognises modules of other kernels.
func (o *Object) refuseLaterKernels() error {
	if o.Section(".gnu.linkonce.this_module") != nil {
		return o.errorf(".gnu.linkonce.this_module",
			"this is a module of Linux 2.6 or later; a 2.4 module has no such section (insmod lays struct module itself)")
	}
	return nil
}

func (o *Object) errorf(place, format string, args ...any) error {
	return &FormatError{File: o.File, Place: place, Text: fmt.Sprintf(format, args...)}
}
