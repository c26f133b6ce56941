// SPDX-License-Identifier: BSD-3-Clause
// Type names in casts and sizeof: "struct module *", "unsigned char [4]", "int (*)()".

package expr

import (
	"strings"

	"ring0/cmd/internal/debuginfo"
)

// typeName is a type name as it was read.
type typeName struct {
	base    string       // words joined by blanks
	derived []derivation // as they apply to the base, first one first
	at      int
}

// derivation is a pointer, array or function of what comes before.
type derivation struct {
	kind  debuginfo.Kind
	count uint32
}

var typeWords = map[string]bool{"void": true, "char": true, "short": true, "int": true, "long": true, "signed": true,
	"unsigned": true, "float": true, "double": true, "_Bool": true, "struct": true, "union": true, "enum": true,
	"const": true, "volatile": true}

// startsType says whether a type name begins n tokens ahead: with a word of C's, or with a name that can only be a typedef
// because of what follows: "(pid_t) x", "(u32 *) p".
func (p *parser) startsType(n int) bool {
	t := p.ahead(n)
	if t.kind != tName {
		return false
	}
	if typeWords[t.text] {
		return true
	}
	stars := 0
	for n++; p.ahead(n).kind == tPunct && p.ahead(n).text == "*"; n++ {
		stars++
	}
	closing := p.ahead(n)
	if closing.kind != tPunct || closing.text != ")" {
		return false
	}
	after := p.ahead(n + 1)
	switch after.kind {
	case tName, tRegister, tNumber, tFloat, tChar, tString, tScope:
		return true
	case tPunct:
		if stars > 0 {
			return after.text == "(" || after.text == "&" || after.text == "*" || after.text == "-" || after.text == "~"
		}
		// "(name) (x)" and "(name) ~x" can be nothing else; "(name) - 1" and "(name) * p" are arithmetic.
		return after.text == "(" || after.text == "~" || after.text == "!"
	}
	return stars > 0 // "sizeof (u32 *)"
}

// typeName reads a type name.
func (p *parser) typeName() *typeName {
	n := &typeName{at: p.peek().at}
	var words []string
	complete := false
	for p.peek().kind == tName {
		t := p.peek()
		if complete && !typeWords[t.text] {
			break
		}
		p.next()
		switch t.text {
		case "const", "volatile":
			continue
		case "struct", "union", "enum":
			tag := p.next()
			if tag.kind != tName {
				p.fail(tag.at, "a tag should follow \""+t.text+"\"")
			}
			words = append(words, t.text, tag.text)
		default:
			words = append(words, t.text)
		}
		complete = true
	}
	n.base = strings.Join(words, " ")
	n.derived = p.abstract()
	return n
}

// abstract reads stars, a parenthesised part, dimensions and parameter lists: a declarator without a name.
func (p *parser) abstract() []derivation {
	defer p.deeper()()
	var stars []derivation
	for p.accept("*") {
		stars = append(stars, derivation{kind: debuginfo.Pointer})
		for t := p.peek(); t.kind == tName && (t.text == "const" || t.text == "volatile"); t = p.peek() {
			p.next()
		}
	}
	var inner []derivation
	if p.is("(") && p.ahead(1).kind == tPunct && p.ahead(1).text == "*" {
		p.next()
		inner = p.abstract()
		p.expect(")")
	}
	var suffixes []derivation
	for p.err == nil {
		switch {
		case p.accept("["):
			d := derivation{kind: debuginfo.Array}
			if t := p.peek(); t.kind == tNumber {
				p.next()
				d.count = uint32(min(t.value, 1<<30))
			}
			p.expect("]")
			suffixes = append(suffixes, d)
			continue
		case p.accept("("):
			for depth := 1; depth > 0 && p.peek().kind != tEnd; {
				switch t := p.next(); {
				case t.kind == tPunct && t.text == "(":
					depth++
				case t.kind == tPunct && t.text == ")":
					depth--
				}
			}
			suffixes = append(suffixes, derivation{kind: debuginfo.Func})
			continue
		}
		break
	}
	// The base is first pointed to, then the suffixes apply, the last one first, then what the parentheses hold.
	list := stars
	for i := len(suffixes) - 1; i >= 0; i-- {
		list = append(list, suffixes[i])
	}
	return append(list, inner...)
}

// resolve finds the type.
func (n *typeName) resolve(e *eval) (*debuginfo.Type, error) {
	t, ok := e.env.Type(n.base)
	if !ok {
		return nil, e.fail(n.at, "there is no type %q", n.base)
	}
	for _, d := range n.derived {
		switch d.kind {
		case debuginfo.Pointer:
			t = debuginfo.PointerTo(t)
		case debuginfo.Array:
			t = debuginfo.ArrayOf(t, d.count)
		case debuginfo.Func:
			t = &debuginfo.Type{Kind: debuginfo.Func, Elem: t, Variadic: true}
		}
	}
	return t, nil
}
