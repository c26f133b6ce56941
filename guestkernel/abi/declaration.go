// SPDX-License-Identifier: BSD-3-Clause
// A parser for single C declarations, as headers write prototypes: specifiers, then a declarator that may be abstract
// (C99 6.7.5 and 6.7.6; no initialisers, no bit fields, no attributes).

package abi

import (
	"errors"
	"fmt"
	"strings"
)

// A declaration is "SPECIFIERS DECLARATOR": what is declared, the type's words, and what makes it a pointer, array or
// function of that type, from the name outwards.
type declaration struct {
	name    string
	words   []string
	derived []derivation
}

// A derivation is one "pointer to", "array of" or "function returning".
type derivation struct {
	what     byte   // '*', '[' or '('
	length   string // of an array, as written
	params   []declaration
	variadic bool
}

// A declParser reads tokens from the front.
type declParser struct {
	tokens []string
}

// parseDeclaration reads one declaration and nothing after it.
func parseDeclaration(text string) (declaration, error) {
	tokens, err := tokenize(text)
	if err != nil {
		return declaration{}, fmt.Errorf("abi: C declaration %q: %w", text, err)
	}
	p := declParser{tokens}
	d, err := p.declaration()
	if err == nil && p.peek() == ";" {
		p.next()
	}
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q", p.peek())
	}
	if err != nil {
		return declaration{}, fmt.Errorf("abi: C declaration %q: %w", text, err)
	}
	return d, nil
}

// tokenize splits into words, "..." and single punctuation characters. "{...}", how the layout tables write the body of
// an unnamed struct, is one word.
func tokenize(text string) ([]string, error) {
	var tokens []string
	for text != "" {
		length := 1
		switch c := text[0]; {
		case c == ' ' || c == '\t' || c == '\n':
			text = text[1:]
			continue
		case strings.HasPrefix(text, "{...}"):
			length = len("{...}")
		case strings.HasPrefix(text, "..."):
			length = len("...")
		case isWordByte(c):
			for length < len(text) && isWordByte(text[length]) {
				length++
			}
		case !strings.ContainsRune("*()[],;", rune(c)):
			return nil, fmt.Errorf("unexpected character %q", c)
		}
		tokens = append(tokens, text[:length])
		text = text[length:]
	}
	return tokens, nil
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isWord(token string) bool { return token != "" && isWordByte(token[0]) }

// peek returns the next token, "" at the end.
func (p *declParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *declParser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *declParser) expect(token string) error {
	if got := p.next(); got != token {
		return fmt.Errorf("%q where %q should be", got, token)
	}
	return nil
}

// maxDeclNesting bounds recursion: real declarations nest three deep.
const maxDeclNesting = 32

func (p *declParser) declaration() (declaration, error) { return p.nested(0) }

func (p *declParser) nested(depth int) (declaration, error) {
	if depth > maxDeclNesting {
		return declaration{}, errors.New("nested too deeply")
	}
	var d declaration
	if err := p.specifiers(&d); err != nil {
		return d, err
	}
	return d, p.declarator(&d, depth)
}

// specifiers reads the type's words. An identifier after a complete type is the declarator's name, not a specifier.
func (p *declParser) specifiers(d *declaration) error {
	complete := false
	for isWord(p.peek()) {
		switch word := p.peek(); {
		case isStorageClass(word):
			p.next()
			continue
		case word == "const" || word == "volatile" || isArithmeticWord(word):
			complete = complete || isArithmeticWord(word)
		case complete:
			return nil
		case word == "struct" || word == "union" || word == "enum":
			d.words = append(d.words, p.next())
			complete = true
			if !isWord(p.peek()) && p.peek() != "{...}" {
				return fmt.Errorf("%s without a tag", word)
			}
		default:
			complete = true
		}
		d.words = append(d.words, p.next())
	}
	if !complete {
		return fmt.Errorf("no type before %q", p.peek())
	}
	return nil
}

// isStorageClass names the words before a declaration that do not change its type.
func isStorageClass(word string) bool {
	switch word {
	case "extern", "static", "inline", "__inline__", "asmlinkage", "register":
		return true
	}
	return false
}

// declarator reads pointers, the name or a parenthesised declarator, then arrays and parameter lists, and appends the
// derivations in the order they apply to the name.
func (p *declParser) declarator(d *declaration, depth int) error {
	if depth > maxDeclNesting {
		return errors.New("nested too deeply")
	}
	pointers := 0
	for p.peek() == "*" || p.peek() == "const" || p.peek() == "volatile" {
		if p.next() == "*" {
			pointers++
		}
	}
	switch {
	case isWord(p.peek()):
		if d.name != "" {
			return fmt.Errorf("second name %q", p.peek())
		}
		d.name = p.next()
	case p.peek() == "(" && p.opensDeclarator():
		p.next()
		if err := p.declarator(d, depth+1); err != nil {
			return err
		}
		if err := p.expect(")"); err != nil {
			return err
		}
	}
	if err := p.suffixes(d, depth); err != nil {
		return err
	}
	for range pointers {
		d.derived = append(d.derived, derivation{what: '*'})
	}
	return nil
}

// opensDeclarator tells "(*name)" from a parameter list: the former begins with a star or another parenthesis.
func (p *declParser) opensDeclarator() bool {
	return len(p.tokens) > 1 && (p.tokens[1] == "*" || p.tokens[1] == "(")
}

func (p *declParser) suffixes(d *declaration, depth int) error {
	for {
		switch p.peek() {
		case "[":
			p.next()
			array := derivation{what: '['}
			if isWord(p.peek()) {
				array.length = p.next()
			}
			d.derived = append(d.derived, array)
			if err := p.expect("]"); err != nil {
				return err
			}
		case "(":
			function, err := p.parameters(depth)
			if err != nil {
				return err
			}
			d.derived = append(d.derived, function)
		default:
			return nil
		}
	}
}

func (p *declParser) parameters(depth int) (derivation, error) {
	function := derivation{what: '('}
	p.next() // the parenthesis
	for p.peek() != ")" {
		if p.peek() == "..." {
			p.next()
			function.variadic = true
			break
		}
		param, err := p.nested(depth + 1)
		if err != nil {
			return function, err
		}
		function.params = append(function.params, param)
		if p.peek() != "," {
			break
		}
		p.next()
		if p.peek() == ")" {
			return function, errors.New("comma before the closing parenthesis")
		}
	}
	if len(function.params) == 1 && function.params[0].isVoid() {
		function.params = nil
	}
	return function, p.expect(")")
}

// isVoid recognises the parameter list "(void)".
func (d declaration) isVoid() bool {
	return d.name == "" && len(d.derived) == 0 && len(d.words) == 1 && d.words[0] == "void"
}

// typ classifies the declared type.
func (d declaration) typ() Type {
	base := baseType(d.words)
	t := Type{Name: d.typeName()}
	if len(d.derived) == 0 {
		t.Kind, t.Size = base.Kind, base.Size
		return t
	}
	pointee := Type{Kind: base.Kind}
	if len(d.derived) > 1 {
		pointee.Kind = KindPointer
		if d.derived[1].what == '(' {
			pointee.Kind = KindFunc
		}
	}
	switch {
	case d.derived[0].what == '[':
		t.Kind = KindArray
	case d.derived[0].what == '(':
		t.Kind = KindFunc
	case pointee.Kind == KindFunc:
		t.Kind, t.Size = KindFuncPointer, 4
	case pointee.Kind == KindChar:
		t.Kind, t.Size = KindString, 4
	default:
		t.Kind, t.Size = KindPointer, 4
	}
	return t
}

// typeName writes the type as C does, without the declared name.
func (d declaration) typeName() string {
	inner := ""
	for _, part := range d.derived {
		if part.what == '*' {
			inner = "*" + inner
			continue
		}
		if strings.HasPrefix(inner, "*") {
			inner = "(" + inner + ")"
		}
		if part.what == '[' {
			inner += "[" + part.length + "]"
		} else {
			inner += " (" + strings.Join(part.paramNames(), ", ") + ")"
		}
	}
	base := strings.Join(d.words, " ")
	if strings.HasPrefix(inner, "*") || strings.HasPrefix(inner, "(") {
		base += " "
	}
	return base + inner
}

func (f derivation) paramNames() []string {
	var names []string
	for _, param := range f.params {
		names = append(names, param.typeName())
	}
	if f.variadic {
		names = append(names, "...")
	}
	if names == nil {
		names = []string{"void"}
	}
	return names
}
