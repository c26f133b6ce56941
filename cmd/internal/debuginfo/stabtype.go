// SPDX-License-Identifier: BSD-3-Clause
// The type strings of stabs (the "stabs" manual, "Types"): numbers, definitions behind "=", one letter for each kind.

package debuginfo

import (
	"strconv"
	"strings"
)

// stabTypes holds the types of all units.
type stabTypes struct {
	r        *stabsReader
	files    []map[int]*Type // of the unit being read: its own, then its header files', by number
	open     []int           // header files being read
	headers  map[string]map[int]*Type
	byName   map[string]*Type
	builtins map[int]*Type
	allEnums []*Type
	count    int // what was made so far
}

func newStabTypes(r *stabsReader) stabTypes {
	return stabTypes{r: r, files: []map[int]*Type{{}}, headers: map[string]map[int]*Type{}, byName: map[string]*Type{},
		builtins: map[int]*Type{}}
}

// named implements typeSource.
func (st *stabTypes) named(name string) (*Type, bool) {
	t, ok := st.byName[name]
	return t, ok
}

// enums implements typeSource.
func (st *stabTypes) enums() []*Type { return st.allEnums }

// begin begins a compilation unit: type numbers start again.
func (st *stabTypes) begin() { st.files, st.open = []map[int]*Type{{}}, nil }

// maxHeaders bounds the header files of one unit.
const maxHeaders = 10_000

// include begins or ends a header file, or stands for one that was read in an earlier unit.
func (st *stabTypes) include(s stab) {
	key := s.text + "\x00" + strconv.Itoa(int(s.value))
	switch {
	case s.kind == nEINCL:
		if n := len(st.open); n > 0 {
			st.open = st.open[:n-1]
		}
	case len(st.files) >= maxHeaders:
	case s.kind == nBINCL:
		types := map[int]*Type{}
		st.headers[key] = types
		st.open = append(st.open, len(st.files))
		st.files = append(st.files, types)
	default:
		types := st.headers[key]
		if types == nil {
			types = map[int]*Type{}
		}
		st.files = append(st.files, types)
	}
}

// at is the type of a number, made when it is first met.
func (st *stabTypes) at(file, number int) *Type {
	if number < 0 {
		return st.builtin(number)
	}
	if file < 0 || file >= len(st.files) {
		return unknownType
	}
	t := st.files[file][number]
	if t == nil {
		st.count++
		t = &Type{Kind: Unknown, Name: "<unknown type>"}
		st.files[file][number] = t
	}
	return t
}

// builtin is one of the negative numbers that stand for C's own types.
func (st *stabTypes) builtin(number int) *Type {
	names := map[int]string{-1: "int", -2: "char", -3: "short", -4: "long", -5: "unsigned char", -6: "signed char",
		-7: "unsigned short", -8: "unsigned int", -9: "unsigned int", -10: "unsigned long", -11: "void", -12: "float",
		-13: "double", -14: "long double", -15: "int", -16: "_Bool", -17: "float", -18: "double", -20: "char",
		-27: "signed char", -28: "short", -29: "int", -30: "unsigned short", -31: "long long", -32: "unsigned long long"}
	if t, ok := st.builtins[number]; ok {
		return t
	}
	t, ok := BasicTypes()[names[number]]
	if !ok {
		t = unknownType
	}
	st.builtins[number] = t
	return t
}

// define gives a type its name: letter t for a typedef or basic type, T for a tag; "Tt" for both.
func (st *stabTypes) define(name string, letter byte, text string) {
	both := letter == 'T' && strings.HasPrefix(text, "t")
	t := st.parse(strings.TrimPrefix(text, "t"))
	if t == nil || t == unknownType || name == "" || name == " " {
		return
	}
	if letter == 'T' {
		if t.Kind == Struct || t.Kind == Union || t.Kind == Enum {
			t.Name = name
			st.enter(t.baseName(), t)
		}
		if both {
			st.enter(name, &Type{Kind: Typedef, Name: name, Elem: t})
		}
		return
	}
	switch {
	case t.Kind == Typedef && t.Name == qualifiedName:
		t.Name = name
	case t.Kind <= Float && t.Name == "":
		t.Name = name
		t.Char = t.Size == 1 && t.Kind != Bool && strings.Contains(name, "char")
	case t.Name != name:
		inner := *t
		*t = Type{Kind: Typedef, Name: name, Elem: &inner}
	}
	st.enter(name, t)
}

func (st *stabTypes) enter(name string, t *Type) {
	if _, known := st.byName[name]; !known {
		st.byName[name] = t
	}
}

// parse reads a type string.
func (st *stabTypes) parse(text string) *Type {
	p := stabParser{st: st, text: text}
	t := p.typ(0)
	if p.bad {
		st.r.m.problem(problem(".stabstr", 0, "type %q is not understood behind %d characters", clip(text), p.at))
	}
	return t
}

func clip(text string) string {
	if len(text) > 60 {
		return text[:60] + "…"
	}
	return text
}

// stabParser reads one type string. After a mistake bad is set and everything is unknown.
type stabParser struct {
	st   *stabTypes
	text string
	at   int
	bad  bool
}

func (p *stabParser) peek() byte {
	if p.bad || p.at >= len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *stabParser) next() byte {
	b := p.peek()
	if b == 0 {
		p.bad = true
		return 0
	}
	p.at++
	return b
}

func (p *stabParser) expect(b byte) {
	if p.next() != b {
		p.bad = true
	}
}

// until reads text up to a separator, which is skipped.
func (p *stabParser) until(sep byte) string {
	if p.bad {
		return ""
	}
	n := strings.IndexByte(p.text[p.at:], sep)
	if n < 0 {
		p.bad = true
		return ""
	}
	s := p.text[p.at : p.at+n]
	p.at += n + 1
	return s
}

// number reads a decimal number.
func (p *stabParser) number() int64 {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	for b := p.peek(); b >= '0' && b <= '9'; b = p.peek() {
		p.at++
	}
	v, err := strconv.ParseInt(p.text[start:p.at], 10, 64)
	if err != nil {
		p.bad = true
	}
	return v
}

// maxStabDepth bounds recursion.
const maxStabDepth = 100

// typ reads a type: a number, with a definition behind "=", or a definition alone.
func (p *stabParser) typ(depth int) *Type {
	if depth > maxStabDepth {
		p.bad = true
	}
	if p.bad {
		return unknownType
	}
	b := p.peek()
	if b != '(' && b != '-' && (b < '0' || b > '9') {
		t := &Type{Kind: Unknown, Name: "<unknown type>"}
		p.st.count++
		p.definition(t, depth)
		return t
	}
	t := p.reference()
	if p.peek() == '=' && t != unknownType {
		p.at++
		p.definition(t, depth)
	}
	return t
}

// reference reads a type number: N, or (FILE,N).
func (p *stabParser) reference() *Type {
	file, number := 0, int64(0)
	if p.peek() == '(' {
		p.at++
		file = int(p.number())
		p.expect(',')
		number = p.number()
		p.expect(')')
	} else {
		number = p.number()
		if n := len(p.st.open); n > 0 && number >= 0 {
			file = 0 // numbers without a file count through all of the unit
		}
	}
	if p.bad || number != int64(int32(number)) {
		p.bad = true
		return unknownType
	}
	return p.st.at(file, int(number))
}

// definition fills a type.
func (p *stabParser) definition(t *Type, depth int) {
	size := uint32(0)
	for p.peek() == '@' && p.at+1 < len(p.text) && p.text[p.at+1] == 's' { // @s64; says how many bits
		p.at += 2
		size = uint32(p.number() / 8)
		p.expect(';')
	}
	switch b := p.peek(); {
	case b == '(' || b == '-' || b >= '0' && b <= '9':
		p.alias(t, depth)
	case b == 0:
		p.bad = true
	default:
		p.at++
		p.kind(t, b, depth)
	}
	if size != 0 && (t.Kind == Int || t.Kind == Uint || t.Kind == Float || t.Kind == Bool) && size <= 16 {
		t.Size = size
	}
}

// alias makes a type another name of one; its own name is void.
func (p *stabParser) alias(t *Type, depth int) {
	other := p.typ(depth + 1)
	if other == t {
		*t = Type{Kind: Void, Name: "void"}
		return
	}
	*t = Type{Kind: Typedef, Name: qualifiedName, Elem: other}
}

// kind reads a definition by its letter.
func (p *stabParser) kind(t *Type, letter byte, depth int) {
	switch letter {
	case '*', '&':
		*t = Type{Kind: Pointer, Size: 4, Elem: p.typ(depth + 1)}
	case 'f':
		*t = Type{Kind: Func, Elem: p.typ(depth + 1), Variadic: true}
	case 'k', 'B':
		*t = Type{Kind: Typedef, Name: qualifiedName, Elem: p.typ(depth + 1)}
	case 'r':
		p.rangeType(t, depth)
	case 'a':
		p.array(t, depth)
	case 's', 'u':
		p.structure(t, letter, depth)
	case 'e':
		p.enumeration(t)
	case 'x':
		p.crossReference(t)
	case 'b':
		p.sunInteger(t)
	case 'R':
		p.number()
		p.expect(';')
		*t = Type{Kind: Float, Size: uint32(p.number())}
		p.expect(';')
		p.number()
	default:
		p.bad = true
	}
}

// crossReference is a structure, union or enumeration known by its tag alone.
func (p *stabParser) crossReference(t *Type) {
	kind, ok := map[byte]Kind{'s': Struct, 'u': Union, 'e': Enum}[p.next()]
	name := p.until(':')
	if !ok || p.bad {
		p.bad = true
		return
	}
	*t = Type{Kind: kind, Name: name, Incomplete: true}
	if kind == Enum {
		t.Size = 4
	}
}

// structure reads size, then members "name:type,bit offset,bit size;".
func (p *stabParser) structure(t *Type, letter byte, depth int) {
	kind, name := Struct, ""
	if letter == 'u' {
		kind = Union
	}
	if t.Kind == kind {
		name = t.Name // it was declared before
	}
	size := p.number()
	*t = Type{Kind: kind, Name: name, Size: uint32(min(max(size, 0), maxSize))}
	for p.peek() != ';' && !p.bad {
		field := p.until(':')
		if p.peek() == '/' { // visibility, of C++
			p.at += 2
		}
		m := Member{Name: field, Type: p.typ(depth + 1)}
		p.expect(',')
		bit := p.number()
		p.expect(',')
		bits := p.number()
		p.expect(';')
		if p.bad || bit < 0 || bit > 8*maxSize {
			p.bad = true
			return
		}
		m.Offset = uint32(bit / 8)
		if bits > 0 && bits <= 64 && (bit%8 != 0 || m.Type.IsInteger() && bits != int64(m.Type.Sizeof())*8) {
			m.Bit, m.Bits = uint8(bit%8), uint8(bits)
		}
		t.Members = append(t.Members, m)
		p.st.count++
	}
	p.expect(';')
}

// enumeration reads "name:value,name:value,;".
func (p *stabParser) enumeration(t *Type) {
	name := ""
	if t.Kind == Enum {
		name = t.Name
	}
	*t = Type{Kind: Enum, Name: name, Size: 4}
	p.st.allEnums = append(p.st.allEnums, t)
	for p.peek() != ';' && !p.bad {
		e := Enumerator{Name: p.until(':')}
		e.Value = p.number()
		if p.peek() == ',' {
			p.at++
		}
		t.Enums = append(t.Enums, e)
		p.st.count++
	}
	p.expect(';')
}

// array reads "r" and the index type with its bounds, then the element type.
func (p *stabParser) array(t *Type, depth int) {
	p.expect('r')
	p.typ(depth + 1)
	p.expect(';')
	low, _ := strconv.ParseInt(p.until(';'), 10, 64)
	top := p.until(';')
	high, err := strconv.ParseInt(top, 10, 64)
	*t = Type{Kind: Array, Elem: p.typ(depth + 1)}
	switch {
	case err != nil || strings.HasPrefix(top, "0") && len(top) > 1:
		t.Open = true
	case high >= low && high-low < maxSize:
		t.Count = uint32(high - low + 1)
	}
}

// rangeType reads an integer by its bounds, or a floating-point type by its size.
func (p *stabParser) rangeType(t *Type, depth int) {
	p.typ(depth + 1)
	p.expect(';')
	low, high := p.until(';'), p.until(';')
	if p.bad {
		return
	}
	lowest, err1 := bound(low)
	highest, err2 := bound(high)
	if err1 != nil || err2 != nil {
		p.bad = true
		return
	}
	*t = integerOf(low, high, lowest, highest)
}

// bound reads a bound: decimal, or octal as a two's complement when it does not fit.
func bound(text string) (int64, error) {
	if len(text) > 1 && text[0] == '0' {
		v, err := strconv.ParseUint(text, 8, 64)
		return int64(v), err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		u, err := strconv.ParseUint(text, 10, 64)
		return int64(u), err
	}
	return v, nil
}

// integerOf is the type with these bounds.
func integerOf(low, high string, lowest, highest int64) Type {
	switch {
	case highest == 0 && lowest > 0 && lowest <= 16:
		return Type{Kind: Float, Size: uint32(lowest)}
	case lowest == 0 && high == "-1": // how old compilers wrote unsigned int
		return Type{Kind: Uint, Size: 4}
	case lowest == 0 && highest == 127:
		return Type{Kind: Int, Size: 1, Char: true}
	case lowest == 0:
		return Type{Kind: Uint, Size: sizeFor(uint64(highest))}
	}
	return Type{Kind: Int, Size: sizeFor(uint64(highest) << 1)}
}

// sizeFor is how many bytes the largest value of an unsigned type needs.
func sizeFor(largest uint64) uint32 {
	switch {
	case largest <= 0xff:
		return 1
	case largest <= 0xffff:
		return 2
	case largest <= 0xffffffff:
		return 4
	}
	return 8
}

// sunInteger reads "bs4;0;32;": signedness, bytes, offset, bits.
func (p *stabParser) sunInteger(t *Type) {
	sign := p.next()
	if p.peek() == 'c' {
		p.at++
	}
	size := p.number()
	p.expect(';')
	p.number()
	p.expect(';')
	bits := p.number()
	if p.peek() == ';' {
		p.at++
	}
	switch {
	case bits == 0:
		*t = Type{Kind: Void, Name: "void"}
	case sign == 'u':
		*t = Type{Kind: Uint, Size: uint32(min(max(size, 1), 8))}
	default:
		*t = Type{Kind: Int, Size: uint32(min(max(size, 1), 8))}
	}
}
