// SPDX-License-Identifier: BSD-3-Clause
// Where a variable is: DWARF expressions and lists of them, and what they come to in a frame.
//
// DWARF 5, 2.5 "DWARF Expressions", 2.6 "Location Descriptions", 7.7. Variables of stabs are put in the same terms.

package debuginfo

import "fmt"

// Location says where a variable is, for every address of its function.
type Location struct {
	always []byte     // an expression for everywhere, or nil
	list   []locEntry // or one for each range
	unit   *unit      // for operations that refer to the unit's tables; nil for stabs
}

type locEntry struct {
	Range
	expr []byte
}

// Known says whether there is a location at all. A variable without one was optimised away.
func (l Location) Known() bool { return l.always != nil || l.list != nil }

// at is the expression for an address; nil when the variable is nowhere there.
func (l Location) at(pc uint32) []byte {
	if l.always != nil {
		return l.always
	}
	for _, e := range l.list {
		if e.Contains(pc) {
			return e.expr
		}
	}
	return nil
}

// FrameContext is the frame a location is asked for: the registers as they were there.
type FrameContext interface {
	LookupPC() uint32                         // an address inside the instruction; of a frame that called another one inside the call
	Register(n int) (uint32, bool)            // by DWARF number: 0–7 EAX ECX EDX EBX ESP EBP ESI EDI, 8 EIP
	FrameBase() (uint32, bool)                // the stack pointer before the call of the frame's function
	ReadMemory(addr uint32, b []byte) (n int) // how many bytes could be read
	Caller() (FrameContext, *CallSite)        // the calling frame, and what the call passes; nil when not known
}

// PieceKind says where a part of a variable is.
type PieceKind uint8

// Kinds of pieces.
const (
	OptimizedOut PieceKind = iota // nowhere
	InMemory
	InRegister
	IsValue // computed: it has no place
)

// Piece is a part of a variable.
type Piece struct {
	Kind  PieceKind
	Addr  uint32 // InMemory
	Reg   int    // InRegister: DWARF number
	Bytes []byte // IsValue, little-endian
	Size  uint32 // bytes; 0 for the whole variable
}

// Place is where a variable is in a frame: mostly one piece.
type Place []Piece

// Whole is the one piece that holds all of a variable.
func (p Place) Whole() (Piece, bool) {
	if len(p) == 1 && p[0].Size == 0 {
		return p[0], true
	}
	return Piece{}, false
}

// Place finds the variable in a frame.
func (v *Variable) Place(ctx FrameContext) (Place, error) {
	expr := v.Loc.at(ctx.LookupPC())
	if len(expr) == 0 {
		return Place{{Kind: OptimizedOut}}, nil
	}
	e := evaluation{ctx: ctx, unit: v.Loc.unit, base: v.base}
	return e.place(expr)
}

// StaticAddr finds a variable whose address is fixed.
func (v *Variable) StaticAddr() (uint32, bool) {
	c := from(v.Loc.always, 0)
	if op := c.u8(); op == opAddr && c.left() == 4 {
		return c.u32(), true
	}
	return 0, false
}

// Limits of one evaluation.
const (
	maxExprSteps = 10_000 // branches can make endless loops
	maxExprDepth = 4      // entry values, frame bases
	maxExprStack = 256
	maxPieces    = 64
)

// evaluation is a DWARF stack machine.
type evaluation struct {
	ctx    FrameContext
	unit   *unit
	base   Location
	stack  []uint64
	steps  int
	depth  int
	result Piece // of a finished description: a register or a value
	set    bool
	pieces Place
}

// place evaluates a location description.
func (e *evaluation) place(expr []byte) (Place, error) {
	if err := e.run(expr); err != nil {
		return nil, err
	}
	if e.pieces != nil {
		return e.pieces, nil
	}
	p, err := e.simple()
	return Place{p}, err
}

// simple takes what the operations so far describe.
func (e *evaluation) simple() (Piece, error) {
	if e.set {
		e.set = false
		return e.result, nil
	}
	if len(e.stack) == 0 {
		return Piece{Kind: OptimizedOut}, nil
	}
	addr, err := e.pop()
	return Piece{Kind: InMemory, Addr: uint32(addr)}, err
}

func (e *evaluation) push(v uint64) error {
	if len(e.stack) >= maxExprStack {
		return fmt.Errorf("location expression: stack overflow")
	}
	e.stack = append(e.stack, v&0xffffffff)
	return nil
}

func (e *evaluation) pop() (uint64, error) {
	if len(e.stack) == 0 {
		return 0, fmt.Errorf("location expression: stack underflow")
	}
	v := e.stack[len(e.stack)-1]
	e.stack = e.stack[:len(e.stack)-1]
	return v, nil
}

// value evaluates an expression that yields a number, as call site values and frame bases do. A register description
// stands for the register's contents.
func (e *evaluation) value(expr []byte) (uint32, error) {
	if err := e.run(expr); err != nil {
		return 0, err
	}
	if e.set && e.result.Kind == InRegister {
		return e.register(e.result.Reg)
	}
	if e.set && len(e.result.Bytes) >= 4 {
		return from(e.result.Bytes, 0).u32(), nil
	}
	v, err := e.pop()
	return uint32(v), err
}

func (e *evaluation) register(n int) (uint32, error) {
	v, ok := e.ctx.Register(n)
	if !ok {
		return 0, fmt.Errorf("location expression: register %d is not known in this frame", n)
	}
	return v, nil
}

// run executes the operations.
func (e *evaluation) run(expr []byte) error {
	c := from(expr, 0)
	for c.more() {
		if e.steps++; e.steps > maxExprSteps {
			return fmt.Errorf("location expression: still running after %d operations", maxExprSteps)
		}
		if err := e.operation(c, c.u8()); err != nil {
			return err
		}
	}
	if c.bad {
		return fmt.Errorf("location expression: ends inside an operation")
	}
	return nil
}
