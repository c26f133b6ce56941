// SPDX-License-Identifier: BSD-3-Clause
// Function prototypes: what a call's stack words mean, for tracing and for reports of missing functions.

package abi

import (
	"fmt"
	"strings"
)

// A Param is one fixed parameter of a function.
type Param struct {
	Name string // empty when the prototype gives none
	Type Type
	Slot int // its first 32-bit word among the arguments, counted from 0 at the lowest address
}

// A Prototype is a function's C declaration, for the plain i386 calling convention: arguments on the stack in 32-bit
// words, a 64-bit one in two, low word first. That a function takes its arguments in registers is not part of it.
type Prototype struct {
	Name     string
	Result   Type
	Params   []Param
	Variadic bool // more arguments may follow the fixed ones
}

// Slots returns how many 32-bit stack words the fixed parameters take.
func (p Prototype) Slots() int {
	if len(p.Params) == 0 {
		return 0
	}
	last := p.Params[len(p.Params)-1]
	return last.Slot + last.Type.Slots()
}

// String writes the prototype as C, with parameter names where they are known.
func (p Prototype) String() string {
	var params []string
	for _, param := range p.Params {
		params = append(params, joinName(param.Type, param.Name))
	}
	if p.Variadic {
		params = append(params, "...")
	}
	if params == nil {
		params = []string{"void"}
	}
	return joinName(p.Result, p.Name+"("+strings.Join(params, ", ")+")")
}

// joinName puts a declarator where C has it in a type: "int n", "char *s", "void (*f) (int)".
func joinName(t Type, declarator string) string {
	if declarator == "" {
		return t.Name
	}
	if inner := strings.Index(t.Name, "*)"); inner >= 0 {
		return t.Name[:inner+1] + declarator + t.Name[inner+1:]
	}
	if strings.HasSuffix(t.Name, "*") {
		return t.Name + declarator
	}
	return t.Name + " " + declarator
}

// ParsePrototype reads a C function declaration, with or without parameter names:
//
//	int register_chrdev (unsigned int, const char *, struct file_operations *)
//	void *kmalloc(size_t size, int flags);
//
// A parameter or result whose size is not known here is an error that names it: its stack words could not be counted.
func ParsePrototype(text string) (Prototype, error) {
	d, err := parseDeclaration(text)
	if err != nil {
		return Prototype{}, err
	}
	if d.name == "" || len(d.derived) == 0 || d.derived[0].what != '(' {
		return Prototype{}, fmt.Errorf("abi: C declaration %q is not a function", text)
	}
	function := d.derived[0]
	p := Prototype{Name: d.name, Variadic: function.variadic}
	p.Result, err = declaration{words: d.words, derived: d.derived[1:]}.valueType()
	if err != nil {
		return Prototype{}, fmt.Errorf("abi: prototype of %s: result: %w", d.name, err)
	}
	slot := 0
	for i, param := range function.params {
		t, err := param.valueType()
		if err == nil && t.Kind == KindVoid {
			err = fmt.Errorf("is void")
		}
		if err != nil {
			return Prototype{}, fmt.Errorf("abi: prototype of %s: parameter %d: %w", d.name, i+1, err)
		}
		p.Params = append(p.Params, Param{Name: param.name, Type: t, Slot: slot})
		slot += t.Slots()
	}
	return p, nil
}

// valueType is the type of a parameter or result: arrays and functions decay to pointers, and the size must be known.
func (d declaration) valueType() (Type, error) {
	t := d.typ()
	pointer := []derivation{{what: '*'}}
	switch t.Kind {
	case KindArray:
		t = declaration{words: d.words, derived: append(pointer, d.derived[1:]...)}.typ()
	case KindFunc:
		t = declaration{words: d.words, derived: append(pointer, d.derived...)}.typ()
	}
	if t.Size == 0 && t.Kind != KindVoid {
		return t, fmt.Errorf("size of type %q is not known", t.Name)
	}
	return t, nil
}
