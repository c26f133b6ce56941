// SPDX-License-Identifier: BSD-3-Clause

// What the core asks of debug information.

package debugger

import "ring0/loader"

// Image is a module that has been linked into the running kernel.
type Image struct {
	File  string // as it was named
	Data  []byte // the object file's content; nil for a linked image
	Image *loader.Image
}

// Resolver knows the names and lines of modules. Without one the core knows
// the kernel's symbols and those of the modules' symbol tables.
type Resolver interface {
	// Symbol returns the addresses that have the name.
	Symbol(name string) []uint32
	// Line returns the addresses at which a statement of file:line begins. file
	// may be the end of a path.
	Line(file string, line int) []uint32
}

// LineRange is a stretch of code that belongs to one line.
type LineRange struct {
	File   string
	Line   int
	IsStmt bool // Lo is a good place for a breakpoint
	Lo, Hi uint32
}

// LineTable tells which line an instruction belongs to.
type LineTable interface {
	LineOf(addr uint32) (LineRange, bool)
}
