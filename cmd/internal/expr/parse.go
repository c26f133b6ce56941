// SPDX-License-Identifier: BSD-3-Clause
// From tokens to a tree, by C's precedence.

package expr

// node is an operation with its operands.
type node struct {
	op        string // the operator; for leaves "name", "register", "number", …
	tok       token
	kids      []*node
	typeName  *typeName // of a cast or sizeof
	at        int
	bracketed bool // in parentheses
}

// Parse reads an expression.
func Parse(text string) (*Expr, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := parser{text: text, tokens: tokens}
	root := p.comma()
	if p.err == nil && p.peek().kind != tEnd {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Expr{text: text, root: root}, nil
}

// parser reads tokens. After a mistake err is set and every token is the end.
type parser struct {
	text    string
	tokens  []token
	at      int
	depth   int
	ternary int // "?" whose ":" is still to come
	err     error
}

func (p *parser) peek() token {
	if p.err != nil {
		return token{at: len(p.text)}
	}
	return p.tokens[p.at]
}

func (p *parser) ahead(n int) token {
	if p.err != nil || p.at+n >= len(p.tokens) {
		return token{at: len(p.text)}
	}
	return p.tokens[p.at+n]
}

func (p *parser) next() token {
	t := p.peek()
	if t.kind != tEnd {
		p.at++
	}
	return t
}

func (p *parser) fail(at int, reason string) {
	if p.err == nil {
		p.err = &Error{Column: at + 1, Text: p.text, Reason: reason}
	}
}

func (p *parser) unexpected() {
	t := p.peek()
	if t.kind == tEnd {
		p.fail(t.at, "the expression ends too early")
		return
	}
	p.fail(t.at, "unexpected "+p.text[t.at:p.end(t)])
}

// end is where a token ends: at the next one, without the space between.
func (p *parser) end(t token) int {
	end := len(p.text)
	for _, other := range p.tokens {
		if other.at > t.at {
			end = other.at
			break
		}
	}
	for end > t.at+1 && p.text[end-1] == ' ' {
		end--
	}
	return end
}

// is says whether a punctuation comes next.
func (p *parser) is(text string) bool {
	t := p.peek()
	return t.kind == tPunct && t.text == text
}

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.accept(text) && p.err == nil {
		p.fail(p.peek().at, "\""+text+"\" should be here")
	}
}

// deeper bounds nesting.
func (p *parser) deeper() func() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.peek().at, "nested too deeply")
	}
	return func() { p.depth-- }
}

func (p *parser) comma() *node {
	defer p.deeper()()
	n := p.assignment()
	for p.is(",") {
		t := p.next()
		n = &node{op: ",", kids: []*node{n, p.assignment()}, at: t.at}
	}
	return n
}

var assignments = map[string]bool{"=": true, "+=": true, "-=": true, "*=": true, "/=": true, "%=": true, "&=": true,
	"|=": true, "^=": true, "<<=": true, ">>=": true}

func (p *parser) assignment() *node {
	defer p.deeper()()
	n := p.conditional()
	if t := p.peek(); t.kind == tPunct && assignments[t.text] {
		p.next()
		return &node{op: t.text, kids: []*node{n, p.assignment()}, at: t.at}
	}
	return n
}

func (p *parser) conditional() *node {
	n := p.binary(0)
	if !p.is("?") {
		return n
	}
	t := p.next()
	p.ternary++
	yes := p.comma()
	p.ternary--
	p.expect(":")
	defer p.deeper()()
	return &node{op: "?", kids: []*node{n, yes, p.conditional()}, at: t.at}
}

// levels are the binary operators, weakest first; "@" is where gdb has it.
var levels = [][]string{{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"<<", ">>"}, {"@"},
	{"+", "-"}, {"*", "/", "%"}}

func (p *parser) binary(level int) *node {
	if level == len(levels) {
		return p.unary()
	}
	n := p.binary(level + 1)
	for count := 0; ; count++ {
		op, ok := p.oneOf(levels[level])
		if !ok {
			return n
		}
		if count > maxDepth {
			p.fail(op.at, "too many operators in a row")
		}
		n = &node{op: op.text, kids: []*node{n, p.binary(level + 1)}, at: op.at}
	}
}

func (p *parser) oneOf(ops []string) (token, bool) {
	for _, op := range ops {
		if p.is(op) {
			return p.next(), true
		}
	}
	return token{}, false
}

func (p *parser) unary() *node {
	defer p.deeper()()
	t := p.peek()
	if t.kind == tPunct {
		switch t.text {
		case "-", "+", "!", "~", "*", "&", "++", "--":
			p.next()
			return &node{op: "unary " + t.text, kids: []*node{p.unary()}, at: t.at}
		case "(":
			if p.startsType(1) {
				p.next()
				name := p.typeName()
				p.expect(")")
				return &node{op: "cast", typeName: name, kids: []*node{p.unary()}, at: t.at}
			}
		}
	}
	if t.kind == tName && t.text == "sizeof" {
		return p.sizeof()
	}
	return p.postfix(p.primary())
}

func (p *parser) sizeof() *node {
	t := p.next()
	if p.is("(") && p.startsType(1) {
		p.next()
		name := p.typeName()
		p.expect(")")
		return &node{op: "sizeof", typeName: name, at: t.at}
	}
	return &node{op: "sizeof", kids: []*node{p.unary()}, at: t.at}
}

func (p *parser) postfix(n *node) *node {
	for count := 0; p.err == nil; count++ {
		t := p.peek()
		if t.kind != tPunct {
			return n
		}
		if count > maxDepth {
			p.fail(t.at, "nested too deeply")
			return n
		}
		switch t.text {
		case "[":
			p.next()
			index := p.comma()
			p.expect("]")
			n = &node{op: "[", kids: []*node{n, index}, at: t.at}
		case ".", "->":
			p.next()
			name := p.next()
			if name.kind != tName {
				p.fail(name.at, "a member's name should follow \""+t.text+"\"")
			}
			n = &node{op: t.text, kids: []*node{n}, tok: name, at: t.at}
		case "++", "--":
			p.next()
			n = &node{op: "post" + t.text, kids: []*node{n}, at: t.at}
		case "(":
			p.fail(t.at, "functions cannot be called")
		default:
			return n
		}
	}
	return n
}

func (p *parser) primary() *node {
	t := p.peek()
	n := &node{tok: t, at: t.at}
	switch t.kind {
	case tNumber:
		n.op = "number"
	case tFloat:
		n.op = "float"
	case tChar:
		n.op = "char"
	case tString:
		n.op = "string"
	case tRegister:
		n.op = "register"
	case tScope:
		p.next()
		p.expect("::")
		name := p.next()
		if name.kind != tName {
			p.fail(name.at, "a name should follow \"::\"")
		}
		n.op, n.tok.text = "name", "'"+t.text+"'::"+name.text
		return n
	case tName:
		return p.name()
	case tPunct:
		if t.text == "(" {
			p.next()
			inner := p.comma()
			p.expect(")")
			inner.bracketed = true
			return inner
		}
		p.unexpected()
		return n
	default:
		p.unexpected()
		return n
	}
	p.next()
	return n
}

// name reads a name, "module:symbol", or "function::variable".
func (p *parser) name() *node {
	t := p.next()
	n := &node{op: "name", tok: t, at: t.at}
	sep, second := p.peek(), p.ahead(1)
	if sep.kind != tPunct || second.kind != tName {
		return n
	}
	if sep.text == "::" || sep.text == ":" && p.ternary == 0 && !sep.spaced && !second.spaced {
		p.next()
		p.next()
		n.tok.text += sep.text + second.text
	}
	return n
}
