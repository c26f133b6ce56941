// SPDX-License-Identifier: BSD-3-Clause
// The structures of the kernel's profile as C types. They are made when somebody asks; a structure behind a pointer is
// only declared until then (see Table.Complete).

package debuginfo

import (
	"strconv"
	"strings"

	"ring0/guestkernel/abi"
)

// typeNamed finds a type of the kernel or of C.
func (k *kernelSymbols) typeNamed(name string) (*Type, bool) {
	if t, ok := k.types[name]; ok {
		return t, true
	}
	if k.profile == nil {
		return nil, false
	}
	if s, err := k.profile.Struct(name); err == nil {
		return k.structure(name, s), true
	}
	if strings.Contains(name, " ") {
		return nil, false
	}
	return k.scalarTypedef(name)
}

// scalarTypedef makes a typedef of the 2.4 headers for a number.
func (k *kernelSymbols) scalarTypedef(name string) (*Type, bool) {
	parsed, err := abi.ParseType(name)
	if err != nil {
		return nil, false
	}
	base := ""
	switch parsed.Kind {
	case abi.KindChar:
		base = "char"
	case abi.KindInt, abi.KindLong, abi.KindLongLong:
		base = map[uint32]string{1: "signed char", 2: "short", 4: "int", 8: "long long"}[parsed.Size]
	case abi.KindUint, abi.KindUlong, abi.KindUlongLong, abi.KindSize:
		base = map[uint32]string{1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long"}[parsed.Size]
	case abi.KindPointer, abi.KindString, abi.KindFuncPointer:
		t := &Type{Kind: Typedef, Name: name, Elem: PointerTo(voidType)}
		k.types[name] = t
		return t, true
	}
	if base == "" {
		return nil, false
	}
	t := &Type{Kind: Typedef, Name: name, Elem: k.types[base]}
	k.types[name] = t
	return t, true
}

// structure makes a structure, and enters it under the name asked for and its own.
func (k *kernelSymbols) structure(name string, s *abi.Struct) *Type {
	if t, ok := k.types[s.Name]; ok {
		return k.alias(name, s.Name, t)
	}
	t := &Type{Kind: Struct, Name: strings.TrimPrefix(s.Name, "struct "), Size: s.Size}
	if tag, isUnion := strings.CutPrefix(s.Name, "union "); isUnion {
		t.Kind, t.Name = Union, tag
	}
	k.types[s.Name] = t
	parts := map[string]*Type{"": t} // unnamed structures and unions inside, by path
	for _, m := range s.Members() {
		outer, field := "", m.Path
		if dot := strings.LastIndexByte(m.Path, '.'); dot >= 0 {
			outer, field = m.Path[:dot], m.Path[dot+1:]
		}
		into, ok := parts[outer]
		if !ok {
			into, field, outer = t, m.Path, ""
		}
		member := Member{Name: field, Offset: m.Offset, Bit: m.Bit, Bits: m.Bits}
		if outer != "" {
			member.Offset -= k.offsetOf(s, outer)
		}
		member.Type = k.memberType(m)
		if strings.Contains(m.Type, "{...}") {
			parts[m.Path] = innermost(member.Type)
		}
		into.Members = append(into.Members, member)
	}
	return k.alias(name, s.Name, t)
}

// alias enters a typedef of a structure.
func (k *kernelSymbols) alias(name, full string, t *Type) *Type {
	if name == full || strings.HasSuffix(full, " "+name) {
		return t
	}
	if old, ok := k.types[name]; ok {
		return old
	}
	alias := &Type{Kind: Typedef, Name: name, Elem: t}
	k.types[name] = alias
	return alias
}

func (k *kernelSymbols) offsetOf(s *abi.Struct, path string) uint32 {
	m, err := s.Member(path)
	if err != nil {
		return 0
	}
	return m.Offset
}

// innermost is the element type of arrays of arrays.
func innermost(t *Type) *Type {
	for range maxTypeSteps {
		if t.Kind != Array || t.Elem == nil {
			return t
		}
		t = t.Elem
	}
	return t
}

// memberType makes a type of what the layout table writes: words, then stars, then dimensions.
func (k *kernelSymbols) memberType(m abi.Member) *Type {
	text, dimensions := m.Type, []uint32(nil)
	if open := strings.IndexByte(text, '['); open >= 0 {
		for _, length := range strings.FieldsFunc(text[open:], func(r rune) bool { return r == '[' || r == ']' }) {
			n, err := strconv.ParseUint(length, 10, 32)
			if err != nil {
				return &Type{Kind: Unknown, Name: m.Type, Size: m.Size}
			}
			dimensions = append(dimensions, uint32(n))
		}
		text = text[:open]
	}
	base := strings.TrimRight(text, "*")
	stars := len(text) - len(base)
	count := uint32(1)
	for _, n := range dimensions {
		count *= max(n, 1)
	}
	t := k.baseType(strings.TrimSpace(base), m.Size/max(count, 1), stars > 0)
	for range stars {
		t = PointerTo(t)
	}
	for i := len(dimensions) - 1; i >= 0; i-- {
		t = ArrayOf(t, dimensions[i])
	}
	return t
}

// baseType is the type in front of stars and dimensions; a structure is only declared, of the size it has here.
func (k *kernelSymbols) baseType(name string, size uint32, pointed bool) *Type {
	if t, ok := k.types[name]; ok {
		return t
	}
	keyword, tag, _ := strings.Cut(name, " ")
	kind := map[string]Kind{"struct": Struct, "union": Union, "enum": Enum}[keyword]
	if pointed {
		size = 0
	}
	switch {
	case name == "fn":
		return &Type{Kind: Func, Variadic: true}
	case kind != Void && tag == "{...}":
		return &Type{Kind: kind, Size: size}
	case kind == Enum:
		return &Type{Kind: Enum, Name: tag, Size: 4}
	case kind != Void:
		return &Type{Kind: kind, Name: tag, Size: size, Incomplete: true}
	}
	if t, ok := k.scalarTypedef(name); ok {
		return t
	}
	if s, err := k.profile.Struct(name); err == nil {
		return &Type{Kind: Typedef, Name: name, Elem: k.declared(s)}
	}
	return &Type{Kind: Unknown, Name: name, Size: size}
}

// declared is a structure by its tag without its members.
func (k *kernelSymbols) declared(s *abi.Struct) *Type {
	if t, ok := k.types[s.Name]; ok {
		return t
	}
	keyword, tag, found := strings.Cut(s.Name, " ")
	switch {
	case !found: // a typedef of an unnamed structure: found by that name alone
		return k.structure(s.Name, s)
	case keyword == "union":
		return &Type{Kind: Union, Name: tag, Size: s.Size, Incomplete: true}
	}
	return &Type{Kind: Struct, Name: tag, Size: s.Size, Incomplete: true}
}
