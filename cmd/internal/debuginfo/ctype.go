// SPDX-License-Identifier: BSD-3-Clause
// C types as DWARF, stabs and the kernel's layout tables describe them.

package debuginfo

import (
	"fmt"
	"strings"
)

// Kind is what sort of type a Type is.
type Kind uint8

// Kinds of types.
const (
	Void    Kind = iota
	Int          // signed integer; Char says that it holds characters
	Uint         // unsigned integer
	Bool         // _Bool
	Float        // float, double, long double
	Pointer      // Elem is what it points to
	Array        // of Count elements of Elem
	Struct       // Members
	Union        // Members
	Enum         // Enums
	Func         // returns Elem, takes Params
	Typedef      // another name of Elem
	Unknown      // the debug information does not say, or what it says is broken
)

var kindNames = [...]string{"void", "int", "unsigned", "bool", "float", "pointer", "array", "struct", "union", "enum",
	"function", "typedef", "unknown"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Type is a C type. Types refer to each other in circles, and hostile files make circles C does not have: whoever follows
// them counts steps, as the methods here do. Qualifiers (const, volatile) are not kept.
type Type struct {
	Kind       Kind
	Name       string // of a basic type or typedef; the tag of a struct, union or enum, "" for an unnamed one
	Size       uint32 // bytes; of an array 0: ask Sizeof
	Char       bool   // an integer of one byte that holds characters
	Elem       *Type  // see Kind; nil stands for void
	Count      uint32 // elements of an array
	Open       bool   // an array whose number of elements is not known: extern int a[]
	Members    []Member
	Enums      []Enumerator
	Params     []*Type
	Variadic   bool // a function with "..." or without prototype
	Incomplete bool // only declared: Members are elsewhere, under the same name
}

// Member is a field of a struct or union.
type Member struct {
	Name   string // "" for an unnamed struct or union, whose members count as members of this one
	Type   *Type
	Offset uint32 // bytes from the start of the structure
	Bit    uint8  // of a bit field: its lowest bit, counted from the lowest one of the byte at Offset
	Bits   uint8  // of a bit field: its width; 0 for others
}

// Enumerator is a constant of an enumeration.
type Enumerator struct {
	Name  string
	Value int64
}

// maxTypeSteps bounds walks along types. C programs nest some ten deep.
const maxTypeSteps = 100

// maxSize is the largest size a type can have; beyond it arithmetic on sizes ends.
const maxSize = 1<<31 - 1

// Strip follows typedefs to the type behind them. It never returns nil: void is a Type too.
func (t *Type) Strip() *Type {
	for range maxTypeSteps {
		if t == nil {
			return voidType
		}
		if t.Kind != Typedef {
			return t
		}
		t = t.Elem
	}
	return unknownType
}

var (
	voidType    = &Type{Kind: Void, Name: "void"}
	unknownType = &Type{Kind: Unknown, Name: "<unknown type>"}
)

// Target is what a pointer points to, an array holds or a function returns; void when the type is none of these.
func (t *Type) Target() *Type {
	if t = t.Strip(); t.Elem == nil {
		return voidType
	}
	return t.Elem
}

// Sizeof is the size in bytes, 0 for void, functions and what is only declared. Sizes beyond 2 GB are cut there.
func (t *Type) Sizeof() uint32 { return t.sizeof(maxTypeSteps) }

func (t *Type) sizeof(steps int) uint32 {
	size := uint64(1)
	for range steps {
		t = t.Strip()
		if t.Kind != Array {
			return uint32(min(size*uint64(t.Size), maxSize))
		}
		size = min(size*uint64(t.Count), maxSize)
		if t = t.Elem; t == nil {
			return 0
		}
	}
	return 0
}

// IsInteger says whether values of the type are integers: also enumerations and booleans.
func (t *Type) IsInteger() bool {
	switch t.Strip().Kind {
	case Int, Uint, Bool, Enum:
		return true
	}
	return false
}

// IsScalar says whether a value of the type is one number or address.
func (t *Type) IsScalar() bool {
	k := t.Strip().Kind
	return t.IsInteger() || k == Pointer || k == Float
}

// IsAggregate says whether the type has members.
func (t *Type) IsAggregate() bool {
	k := t.Strip().Kind
	return k == Struct || k == Union
}

// Signed says whether values are sign-extended.
func (t *Type) Signed() bool {
	t = t.Strip()
	if t.Kind != Enum {
		return t.Kind == Int
	}
	for _, e := range t.Enums {
		if e.Value < 0 {
			return true
		}
	}
	return false
}

// IsString says whether the type is a pointer to characters or an array of them.
func (t *Type) IsString() bool {
	s := t.Strip()
	return (s.Kind == Pointer || s.Kind == Array) && s.Target().Strip().Char
}

// Member finds a member by name, also inside unnamed structs and unions. Its offset is from the start of t.
func (t *Type) Member(name string) (Member, bool) { return t.member(name, 10) }

func (t *Type) member(name string, depth int) (Member, bool) {
	if depth == 0 {
		return Member{}, false
	}
	t = t.Strip()
	for _, m := range t.Members {
		if m.Name == name && name != "" {
			return m, true
		}
	}
	for _, m := range t.Members {
		if m.Name != "" || !m.Type.IsAggregate() {
			continue
		}
		if inner, ok := m.Type.member(name, depth-1); ok {
			inner.Offset += m.Offset
			return inner, true
		}
	}
	return Member{}, false
}

// PointerTo is the type of a pointer to t.
func PointerTo(t *Type) *Type { return &Type{Kind: Pointer, Size: 4, Elem: t} }

// ArrayOf is the type of an array.
func ArrayOf(t *Type, count uint32) *Type { return &Type{Kind: Array, Elem: t, Count: count} }

// String writes the type as C does: "struct file *", "char [16]", "int (*)(struct inode *, int)".
func (t *Type) String() string { return t.declare("", maxTypeSteps) }

// Declare writes a declaration of name: "char name[16]".
func (t *Type) Declare(name string) string { return t.declare(name, maxTypeSteps) }

// declare writes a declaration inside out: the name first, then what is around it.
func (t *Type) declare(name string, steps int) string {
	inner := name
	for range steps {
		if t == nil {
			return join("void", inner)
		}
		switch {
		case t.Kind == Typedef && t.Name == qualifiedName:
		case t.Kind == Pointer:
			inner = "*" + inner
		case t.Kind == Array:
			inner = bracket(inner) + "["
			if !t.Open {
				inner += fmt.Sprint(t.Count)
			}
			inner += "]"
		case t.Kind == Func:
			inner = bracket(inner) + "(" + t.parameters(steps/4) + ")"
		default:
			return join(t.baseName(), inner)
		}
		t = t.Elem
	}
	return join("…", inner)
}

// bracket puts parentheses around a pointer that an array or function follows.
func bracket(inner string) string {
	if strings.HasPrefix(inner, "*") {
		return "(" + inner + ")"
	}
	return inner
}

func join(base, inner string) string {
	if inner == "" {
		return base
	}
	return base + " " + inner
}

func (t *Type) parameters(steps int) string {
	var list []string
	for i, p := range t.Params {
		if i == 20 {
			list = append(list, "…")
			break
		}
		list = append(list, p.declare("", steps))
	}
	switch {
	case t.Variadic && len(list) > 0:
		list = append(list, "...")
	case !t.Variadic && len(list) == 0:
		return "void"
	}
	return strings.Join(list, ", ")
}

// baseName is the name of a type that is no derived one.
func (t *Type) baseName() string {
	name := t.Name
	keyword := ""
	switch t.Kind {
	case Struct, Union, Enum:
		keyword = t.Kind.String() + " "
		if name == "" {
			name = "{...}"
		}
	case Void:
		name = "void"
	}
	if name == "" {
		name = "<unnamed>"
	}
	return keyword + name
}

// TypeName is the name a type is found by: "struct file", "pid_t".
func (t *Type) TypeName() string {
	if t == nil {
		return "void"
	}
	return t.baseName()
}

// BasicTypes are C's own types of the i386 by their names, as the debug information of gcc spells them and as people do.
func BasicTypes() map[string]*Type {
	types := map[string]*Type{}
	add := func(kind Kind, size uint32, names ...string) {
		t := &Type{Kind: kind, Size: size, Name: names[0], Char: size == 1 && kind != Bool}
		for _, name := range names {
			types[name] = t
		}
	}
	types["void"] = voidType
	add(Int, 1, "char")
	add(Int, 1, "signed char", "char signed")
	add(Uint, 1, "unsigned char", "char unsigned")
	add(Int, 2, "short", "short int", "signed short", "short signed int", "signed short int", "int short")
	add(Uint, 2, "unsigned short", "short unsigned int", "unsigned short int", "short unsigned")
	add(Int, 4, "int", "signed", "signed int")
	add(Uint, 4, "unsigned int", "unsigned")
	add(Int, 4, "long", "long int", "signed long", "long signed int", "signed long int")
	add(Uint, 4, "unsigned long", "long unsigned int", "unsigned long int", "long unsigned")
	add(Int, 8, "long long", "long long int", "signed long long", "long long signed int")
	add(Uint, 8, "unsigned long long", "long long unsigned int", "unsigned long long int", "long long unsigned")
	add(Bool, 1, "_Bool", "bool")
	add(Float, 4, "float")
	add(Float, 8, "double")
	add(Float, 12, "long double")
	return types
}
