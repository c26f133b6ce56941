// SPDX-License-Identifier: BSD-3-Clause

// Package expr evaluates C expressions over a stopped machine: registers ($eax), symbols, variables with their C types,
// memory. Integers are those of the i386: int, long and pointers have 32 bits, long long 64.
//
// Beside C: "$name" is a register; "x@n" an array of n elements of which the object x is the first; "'file.c'::v",
// "function::v" and "module:symbol" choose among names; comparing a char pointer or array with a string literal compares
// text. Functions cannot be called.
package expr

import (
	"fmt"

	"ring0/cmd/internal/debuginfo"
)

// Env is what expressions are about. [Machine] is the one for a machine; tests have their own.
type Env interface {
	// Register returns a register's contents and type: "eax", "al", "eip", "cr3", "st0", "xmm0".
	Register(name string) (b []byte, t *debuginfo.Type, ok bool)
	// SetRegister changes a register.
	SetRegister(name string, b []byte) error
	// ReadMemory fills b from addr on and returns how many bytes could be read.
	ReadMemory(addr uint32, b []byte) int
	// WriteMemory changes memory.
	WriteMemory(addr uint32, b []byte) error
	// Lookup finds a local of the selected frame, a global variable, a function or a symbol.
	Lookup(name string) (Value, error)
	// Type finds a type by its C name: "struct module", "pid_t", "unsigned long".
	Type(name string) (*debuginfo.Type, bool)
	// Complete returns the definition of a type that is only declared where it was met.
	Complete(t *debuginfo.Type) *debuginfo.Type
	// SymbolAt names an address, "" when it belongs to nothing: "printk+0x11".
	SymbolAt(addr uint32) string
}

// Value is the result of an expression: a type, and the object or number it is of. Objects are read when they are needed.
type Value struct {
	Type  *debuginfo.Type
	Kind  ValueKind
	Bytes []byte // of a Computed value, little-endian
	Addr  uint32 // of an object InMemory; of one InRegister the byte of the register where it begins
	Reg   string // of an object InRegister, as Env has it
	Bit   uint8  // of a bit field InMemory: its lowest bit, counted from the lowest one of the byte at Addr
	Bits  uint8  // and its width; 0 for others
	Name  string // of a function or symbol
}

// ValueKind says what can be done with a value.
type ValueKind uint8

// Kinds of values.
const (
	Computed   ValueKind = iota // no object: it cannot be assigned to
	InMemory                    // an object in memory
	InRegister                  // an object in a register
	Nowhere                     // a variable that was optimised away here
)

// Error says what is wrong with an expression and where.
type Error struct {
	Column int    // of Text, counted from 1
	Text   string // the expression
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (column %d)", e.Reason, e.Column) }

// Expr is a parsed expression, which may be evaluated any number of times.
type Expr struct {
	text string
	root *node
}

// String is the expression as it was written.
func (x *Expr) String() string { return x.text }
