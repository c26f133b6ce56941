// SPDX-License-Identifier: BSD-3-Clause
// DWARF types. A type is made empty when it is first referred to and filled from a queue, so that types which refer to
// each other in circles, or in chains of any length, need no recursion.

package debuginfo

import "strings"

// Base type encodings.
const (
	ateBoolean      = 0x02
	ateFloat        = 0x04
	ateSigned       = 0x05
	ateSignedChar   = 0x06
	ateUnsigned     = 0x07
	ateUnsignedChar = 0x08
)

// named implements typeSource.
func (d *dwarfData) named(name string) (*Type, bool) {
	at, ok := d.byName[name]
	if !ok {
		return nil, false
	}
	t := d.typeAt(at)
	d.fill()
	return t, true
}

// enums implements typeSource.
func (d *dwarfData) enums() []*Type {
	if d.allEnums == nil {
		d.allEnums = []*Type{}
		for _, at := range d.enumsAt {
			d.allEnums = append(d.allEnums, d.typeAt(at))
		}
		d.fill()
	}
	return d.allEnums
}

// typeOf is the type an entry's DW_AT_type refers to; nil, which is void, when it has none.
func (d *dwarfData) typeOf(e *entry) *Type {
	a, ok := e.get(atType)
	switch {
	case !ok:
		return nil
	case a.form == formRefSig8 || a.number > 0xffffffff:
		return unknownType
	}
	return d.typeAt(uint32(a.number))
}

// typeAt is the type at an offset of .debug_info.
func (d *dwarfData) typeAt(at uint32) *Type {
	if t, ok := d.types[at]; ok {
		return t
	}
	if !d.spend(2) {
		return unknownType
	}
	t := &Type{Kind: Unknown, Name: "<unknown type>"}
	d.types[at] = t
	d.pending = append(d.pending, t)
	d.unfilled[t] = at
	return t
}

// fill reads the types that were referred to, and those these refer to, and so on.
func (d *dwarfData) fill() {
	for len(d.pending) > 0 {
		t := d.pending[len(d.pending)-1]
		d.pending = d.pending[:len(d.pending)-1]
		at, waiting := d.unfilled[t]
		if !waiting {
			continue
		}
		delete(d.unfilled, t)
		e, err := d.entryAt(at)
		if err == nil {
			err = d.fillType(t, e)
		}
		if err != nil {
			d.m.problem(err)
		}
	}
}

func (d *dwarfData) fillType(t *Type, e *entry) error {
	size, _ := e.number(atByteSize)
	t.Name, t.Size = e.text(atName), uint32(min(size, maxSize))
	t.Incomplete = e.flag(atDeclaration)
	switch e.tag {
	case tagBaseType:
		d.baseType(t, e)
	case tagPointer:
		t.Kind, t.Size, t.Elem = Pointer, 4, d.typeOf(e)
	case tagConst, tagVolatile, tagRestrict, tagAtomic, tagTypedef:
		t.Kind, t.Elem = Typedef, d.typeOf(e)
		if e.tag != tagTypedef {
			t.qualified()
		}
	case tagStructure, tagUnion:
		t.Kind = Struct
		if e.tag == tagUnion {
			t.Kind = Union
		}
		return d.children(e, func(c *entry) { d.member(t, c) })
	case tagEnumeration:
		t.Kind = Enum
		return d.children(e, func(c *entry) {
			if v, ok := c.number(atConstValue); ok && c.tag == tagEnumerator {
				t.Enums = append(t.Enums, Enumerator{c.text(atName), signedConst(c, v)})
			}
		})
	case tagSubroutineType, tagSubprogram:
		t.Kind, t.Elem, t.Variadic = Func, d.typeOf(e), !e.flag(atPrototyped)
		return d.children(e, func(c *entry) {
			switch c.tag {
			case tagFormalParameter:
				t.Params = append(t.Params, d.typeOf(c))
			case tagUnspecifiedParams:
				t.Variadic = true
			}
		})
	case tagArray:
		return d.array(t, e)
	case tagUnspecifiedType:
		t.Kind = Void
	default:
		return problem(".debug_info", int(e.offset), "tag %#x is no type of C", e.tag)
	}
	return nil
}

// qualifiedName marks a typedef that stands for const, volatile and so on.
const qualifiedName = "\x00"

// qualified makes a transparent typedef.
func (t *Type) qualified() { t.Name = qualifiedName }

// signedConst reads a constant of DW_FORM_data1, 2 or 4 as what the compiler meant by it: gcc writes enumerators so.
func signedConst(e *entry, v uint64) int64 {
	a, _ := e.get(atConstValue)
	if a.form == formData4 {
		return int64(int32(v))
	}
	return int64(v)
}

func (d *dwarfData) baseType(t *Type, e *entry) {
	encoding, _ := e.number(atEncoding)
	switch encoding {
	case ateBoolean:
		t.Kind = Bool
	case ateFloat:
		t.Kind = Float
	case ateSigned, ateSignedChar:
		t.Kind = Int
	case ateUnsigned, ateUnsignedChar, 0x10: // 0x10 is a character of UTF
		t.Kind = Uint
	}
	if t.Kind != Float && t.Size > 8 {
		t.Kind = Unknown
	}
	t.Char = t.Size == 1 && (encoding == ateSignedChar || encoding == ateUnsignedChar) && strings.Contains(t.Name, "char")
}

// children calls f for the direct children of an entry.
func (d *dwarfData) children(parent *entry, f func(c *entry)) error {
	u, c := parent.unit, parent.unit.cursor(parent.offset)
	var e entry
	if err := u.read(c, &e); err != nil || !e.children {
		return err
	}
	for depth := 1; c.more(); {
		if err := u.read(c, &e); err != nil {
			return err
		}
		switch {
		case e.tag == 0:
			if depth--; depth == 0 {
				return nil
			}
			continue
		case depth == 1:
			f(&e)
		}
		if e.children {
			depth++
		}
	}
	return nil
}

// member adds a member of a structure.
func (d *dwarfData) member(t *Type, e *entry) {
	if e.tag != tagMember {
		return
	}
	m := Member{Name: e.text(atName), Type: d.typeOf(e)}
	if a, ok := e.get(atDataMemberLocation); ok {
		m.Offset = memberOffset(a)
	}
	bits, isBits := e.number(atBitSize)
	if isBits && bits <= 64 {
		d.bitField(&m, e, uint32(bits))
	}
	t.Members = append(t.Members, m)
}

// memberOffset reads a member's place: a number, or in old files the expression "plus a constant".
func memberOffset(a *attribute) uint32 {
	if a.data == nil {
		return uint32(a.number)
	}
	c := from(a.data, 0)
	switch c.u8() {
	case opPlusUconst, opConstu:
		return uint32(c.uleb())
	}
	return 0
}

// bitField sets place and width of a bit field: counted from the structure's start since version 4, before that from the
// most significant bit of a storage unit.
func (d *dwarfData) bitField(m *Member, e *entry, bits uint32) {
	first := uint32(0)
	if n, ok := e.number(atDataBitOffset); ok {
		first = uint32(min(n, maxSize))
	} else if n, ok := e.number(atBitOffset); ok {
		storage, known := e.number(atByteSize)
		if !known {
			d.fillNow(m.Type)
			storage = uint64(m.Type.Sizeof())
		}
		first = m.Offset*8 + uint32(storage)*8 - uint32(n) - bits
	} else {
		first = m.Offset * 8
	}
	m.Offset, m.Bit, m.Bits = first/8, uint8(first%8), uint8(bits)
}

// fillNow makes sure that the size of a bit field's type is known: it is a basic type or a few typedefs away from one.
func (d *dwarfData) fillNow(t *Type) {
	for range 10 {
		if t == nil || t.Kind != Unknown && t.Kind != Typedef {
			return
		}
		if t.Kind == Unknown {
			at, waiting := d.unfilled[t]
			if !waiting {
				return
			}
			delete(d.unfilled, t)
			if e, err := d.entryAt(at); err == nil {
				_ = d.fillType(t, e) // what is wrong with it shows as an unknown type
			}
		}
		t = t.Elem
	}
}

// array makes an array; each further dimension is an array inside.
func (d *dwarfData) array(t *Type, e *entry) error {
	elem := d.typeOf(e)
	var dims []*Type
	err := d.children(e, func(c *entry) {
		if c.tag != tagSubrange || len(dims) >= maxTypeSteps {
			return
		}
		dim := &Type{Kind: Array, Open: true}
		n, ok := c.number(atCount)
		if top, bounded := c.number(atUpperBound); bounded {
			n, ok = uint64(uint32(top)+1), true // -1, in whatever width, is an array of nothing
		}
		if ok && n <= maxSize {
			dim.Count, dim.Open = uint32(n), false
		}
		dims = append(dims, dim)
	})
	if len(dims) == 0 {
		dims = []*Type{{Kind: Array, Open: true}}
	}
	for i := range dims[:len(dims)-1] {
		dims[i].Elem = dims[i+1]
	}
	dims[len(dims)-1].Elem = elem
	t.Kind, t.Elem, t.Count, t.Open = Array, dims[0].Elem, dims[0].Count, dims[0].Open
	return err
}
