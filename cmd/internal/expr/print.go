// SPDX-License-Identifier: BSD-3-Clause
// Values as text, in gdb's manner: structures in braces, pointers with symbols and strings, long data cut off.

package expr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ring0/cmd/internal/debuginfo"
)

// Limits of what is printed.
const (
	maxElements = 200 // of arrays and strings, all together
	maxNesting  = 8
	minRepeats  = 10 // so many equal elements in a row are counted
	maxPrinted  = 16_000
)

// Print writes a value as gdb's print does, without "$1 = ". What cannot be read is said in its place.
func Print(env Env, v Value, f Format) string {
	p := printer{e: &eval{env: env}, f: f, left: maxElements}
	text := p.value(v, 0)
	if len(text) > maxPrinted {
		text = text[:maxPrinted] + "..."
	}
	return text
}

// printer writes one value.
type printer struct {
	e    *eval
	f    Format
	left int // elements that may still be written
	size int // bytes written, to end early
}

// problemText writes an error where the value would be.
func problemText(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return "<" + e.Reason + ">"
	}
	return "<" + err.Error() + ">"
}

// value writes a value; depth 0 is the whole, where pointers show their types.
func (p *printer) value(v Value, depth int) string {
	t := p.e.env.Complete(v.Type)
	switch {
	case v.Kind == Nowhere:
		return "<optimized out>"
	case t.Kind == debuginfo.Void:
		return "void"
	case t.Kind == debuginfo.Func:
		return p.function(v, depth)
	case t.Kind == debuginfo.Unknown:
		return p.unknown(v)
	case t.Kind == debuginfo.Array:
		return p.array(v, t, depth)
	case t.IsAggregate():
		return p.structure(v, t, depth)
	}
	n, err := p.e.number(v, 0)
	if err != nil {
		return problemText(err)
	}
	return p.scalar(v, n, t, depth)
}

// scalar writes a number, pointer or enumerator.
func (p *printer) scalar(v Value, n num, t *debuginfo.Type, depth int) string {
	if text, ok := p.number(n, int(min(t.Sizeof(), 8))); ok && !(p.f.Letter == 'c' && t.Kind == debuginfo.Pointer) {
		return text
	}
	switch t.Kind {
	case debuginfo.Pointer:
		return p.pointer(v, uint32(n.bits), t, depth)
	case debuginfo.Enum:
		return enumText(t, int64(n.bits))
	case debuginfo.Float:
		return floatText(n.float, int(t.Sizeof()))
	case debuginfo.Bool:
		if n.bits <= 1 {
			return [...]string{"false", "true"}[n.bits]
		}
	}
	if t.Char {
		return charText(int64(n.bits), byte(n.bits))
	}
	if t.Signed() {
		return strconv.FormatInt(int64(n.bits), 10)
	}
	return strconv.FormatUint(n.bits, 10)
}

// enumText writes an enumerator, a set of them, or the number.
func enumText(t *debuginfo.Type, v int64) string {
	for _, e := range t.Enums {
		if e.Value == v {
			return e.Name
		}
	}
	var names []string
	rest := v
	for _, e := range t.Enums {
		if e.Value > 0 && e.Value&(e.Value-1) == 0 && rest&e.Value != 0 {
			names = append(names, e.Name)
			rest &^= e.Value
		}
	}
	if v > 0 && rest == 0 {
		return "(" + strings.Join(names, " | ") + ")"
	}
	return strconv.FormatInt(v, 10)
}

// pointer writes an address, with its type at the outside, its symbol, and the text that a char pointer points to.
func (p *printer) pointer(v Value, addr uint32, t *debuginfo.Type, depth int) string {
	target := t.Target()
	s := target.Strip()
	text := fmt.Sprintf("%#x", addr)
	isCode := s.Kind == debuginfo.Func
	if depth == 0 && !s.Char && !p.isPlain() {
		text = "(" + v.Type.String() + ") " + text
	}
	name := p.e.env.SymbolAt(addr)
	if addr != 0 && name != "" && (isCode || !s.Char) {
		text += " <" + name + ">"
	}
	if s.Char && addr != 0 {
		text += " " + p.textAt(addr)
	}
	return text
}

// isPlain says whether types are left out because a letter was given.
func (p *printer) isPlain() bool { return p.f.Letter != 0 && p.f.Letter != 's' }

// textAt writes the string at an address.
func (p *printer) textAt(addr uint32) string {
	b := make([]byte, maxElements+1)
	n := p.e.env.ReadMemory(addr, b)
	if n == 0 {
		return fmt.Sprintf("<cannot access memory at %#x>", addr)
	}
	b = b[:n]
	if i := strings.IndexByte(string(b), 0); i >= 0 {
		return quoteText(b[:i])
	}
	return quoteText(b[:min(n, maxElements)]) + "..."
}

func (p *printer) function(v Value, depth int) string {
	text := p.address(v.Addr)
	if depth == 0 {
		return "{" + v.Type.String() + "} " + text
	}
	return text
}

// unknown writes an object whose type nobody knows: with a letter as that many bytes, else where it is.
func (p *printer) unknown(v Value) string {
	if v.Kind != InMemory {
		return "<" + v.Type.String() + ">"
	}
	if p.f.Letter != 0 {
		v.Type = basic["unsigned int"]
		switch p.f.Bytes() {
		case 1:
			v.Type = basic["unsigned char"]
		case 2:
			v.Type = basic["unsigned short"]
		case 8:
			v.Type = basic["unsigned long long"]
		}
		return p.value(v, 1)
	}
	return "{unknown type} " + p.address(v.Addr)
}

// list lays out members or elements.
func (p *printer) list(items []string, depth int) string {
	if !p.f.Pretty || len(items) == 0 {
		return "{" + strings.Join(items, ", ") + "}"
	}
	indent := strings.Repeat("  ", depth+1)
	return "{\n" + indent + strings.Join(items, ",\n"+indent) + "\n" + strings.Repeat("  ", depth) + "}"
}

// structure writes the members of an object.
func (p *printer) structure(v Value, t *debuginfo.Type, depth int) string {
	if depth >= maxNesting {
		return "{...}"
	}
	if len(t.Members) == 0 {
		if t.Incomplete {
			return "<incomplete type>"
		}
		return "{<no data fields>}"
	}
	if v.Kind == InMemory && !p.readable(v.Addr, t.Sizeof()) {
		return fmt.Sprintf("<cannot access memory at %#x>", v.Addr)
	}
	var items []string
	for _, m := range t.Members {
		if p.left--; p.left < 0 || p.size > maxPrinted {
			items = append(items, "...")
			break
		}
		part, err := p.e.part(v, m)
		text := ""
		if err != nil {
			text = problemText(err)
		} else {
			text = p.value(part, depth+1)
		}
		if m.Name != "" {
			text = m.Name + " = " + text
		}
		p.size += len(text)
		items = append(items, text)
	}
	return p.list(items, depth)
}

// readable says whether an object begins in memory that can be read.
func (p *printer) readable(addr, size uint32) bool {
	var b [1]byte
	return size == 0 || p.e.env.ReadMemory(addr, b[:]) == 1
}

// array writes elements, equal ones once; characters as text.
func (p *printer) array(v Value, t *debuginfo.Type, depth int) string {
	elem := p.e.env.Complete(t.Target())
	if depth >= maxNesting {
		return "{...}"
	}
	size := elem.Sizeof()
	if t.Open || t.Count == 0 {
		if v.Kind == InMemory {
			return p.address(v.Addr)
		}
		return "{}"
	}
	if elem.Char && (p.f.Letter == 0 || p.f.Letter == 's') {
		return p.charArray(v, t)
	}
	var items []string
	for i := uint32(0); i < t.Count; {
		if p.left--; p.left < 0 || p.size > maxPrinted {
			items = append(items, "...")
			break
		}
		part, err := p.element(v, t, i, size)
		if err != nil {
			items = append(items, problemText(err))
			break
		}
		text := p.value(part, depth+1)
		same := p.sameAs(v, t, i, size)
		i += same
		if same >= minRepeats {
			text += fmt.Sprintf(" <repeats %d times>", same)
		} else {
			i -= same - 1
		}
		p.size += len(text)
		items = append(items, text)
		if strings.HasPrefix(text, "<cannot access memory") {
			break
		}
	}
	return p.list(items, depth)
}

// element is an element of an array.
func (p *printer) element(v Value, t *debuginfo.Type, i, size uint32) (Value, error) {
	return p.e.part(v, debuginfo.Member{Type: t.Target(), Offset: i * size})
}

// sameAs counts the elements from i on that hold the same bytes, at least 1.
func (p *printer) sameAs(v Value, t *debuginfo.Type, i, size uint32) uint32 {
	if size == 0 || size > 4096 {
		return 1
	}
	const look = 1 << 16
	count := min(t.Count-i, look/size)
	if count < minRepeats {
		return 1
	}
	v.Type = debuginfo.ArrayOf(t.Target(), count)
	var b []byte
	if v.Kind == InMemory {
		v.Addr += i * size
		b = make([]byte, count*size)
		b = b[:p.e.env.ReadMemory(v.Addr, b)]
	} else if whole, err := p.e.load(v, 0); err == nil && uint64(i)*uint64(size) <= uint64(len(whole)) {
		b = whole[i*size:]
	}
	n := uint32(1)
	for (n+1)*size <= uint32(len(b)) && n < count && string(b[n*size:(n+1)*size]) == string(b[:size]) {
		n++
	}
	return n
}

// charArray writes an array of characters as text; what is behind the text's end is shown only if it is not all zero.
func (p *printer) charArray(v Value, t *debuginfo.Type) string {
	count := min(t.Count, 4096)
	v.Type = debuginfo.ArrayOf(t.Target(), count)
	b, err := p.e.load(v, 0)
	if err != nil {
		return problemText(err)
	}
	trimmed := strings.TrimRight(string(b), "\x00")
	switch {
	case len(trimmed) > maxElements:
		return quoteText([]byte(trimmed[:maxElements])) + "..."
	case count < t.Count:
		return quoteText([]byte(trimmed)) + "..."
	}
	return quoteText([]byte(trimmed))
}

// Field is a part of a value: a member, an element, or what a pointer points to.
type Field struct {
	Name  string // "x", "[3]", "*p"
	Value Value
}

// Fields takes a value apart, for views that unfold: at most limit fields from the first-th on. total is how many there are;
// 0 for a value without parts.
func Fields(env Env, v Value, first, limit int) (fields []Field, total int) {
	e := &eval{env: env}
	t := env.Complete(v.Type)
	switch {
	case v.Kind == Nowhere:
		return nil, 0
	case t.IsAggregate():
		total = len(t.Members)
		for i := max(first, 0); i < total && len(fields) < limit; i++ {
			m := t.Members[i]
			part, err := e.part(v, m)
			if err != nil {
				part = Value{Type: m.Type, Kind: Nowhere}
			}
			fields = append(fields, Field{m.Name, part})
		}
	case t.Kind == debuginfo.Array:
		total = int(min(t.Count, 1<<30))
		size := env.Complete(t.Target()).Sizeof()
		for i := max(first, 0); i < total && len(fields) < limit; i++ {
			part, err := e.part(v, debuginfo.Member{Type: t.Target(), Offset: uint32(i) * size})
			if err != nil {
				break
			}
			fields = append(fields, Field{fmt.Sprintf("[%d]", i), part})
		}
	case t.Kind == debuginfo.Pointer:
		target := env.Complete(t.Target())
		n, err := e.number(v, 0)
		if err != nil || n.bits == 0 || target.Kind == debuginfo.Void || target.Kind == debuginfo.Func || target.Char {
			return nil, 0
		}
		inner := Value{Type: t.Target(), Kind: InMemory, Addr: uint32(n.bits)}
		if target.IsAggregate() {
			return Fields(env, inner, first, limit)
		}
		if first <= 0 && limit > 0 {
			fields = []Field{{"*", inner}}
		}
		return fields, 1
	}
	return fields, total
}
