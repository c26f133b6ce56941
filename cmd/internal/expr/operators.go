// SPDX-License-Identifier: BSD-3-Clause
// Operators on values: arithmetic, slices, text.

package expr

import "ring0/cmd/internal/debuginfo"

// unary is the arithmetic operators with one operand.
func (e *eval) unary(n *node) (Value, error) {
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	a, err := e.number(v, n.kids[0].at)
	if err != nil {
		return v, err
	}
	if n.op == "unary !" {
		return boolValue(!a.isFloat() && a.bits == 0 || a.isFloat() && a.float == 0), nil
	}
	a = a.promoted()
	switch {
	case a.isFloat() && n.op == "unary -":
		return floatValue(a.t, -a.float), nil
	case a.isFloat() && n.op == "unary +":
		return a.value(), nil
	case a.isFloat() || a.t.Strip().Kind == debuginfo.Pointer:
		return v, e.fail(n.at, "%s has no operator %s", v.Type, n.op[6:])
	case n.op == "unary -":
		return num{t: a.t, bits: -a.bits}.to(a.t), nil
	case n.op == "unary ~":
		return num{t: a.t, bits: ^a.bits}.to(a.t), nil
	}
	return a.value(), nil
}

// binary is the arithmetic operators with two operands, and @.
func (e *eval) binary(n *node) (Value, error) {
	left, err := e.node(n.kids[0])
	if t, ok := e.misreadCast(n, err); ok {
		v, err := e.node(&node{op: "unary " + n.op, kids: n.kids[1:], at: n.at})
		if err != nil {
			return v, err
		}
		return e.cast(v, t, n.at)
	}
	if err != nil {
		return left, err
	}
	right, err := e.node(n.kids[1])
	if err != nil {
		return right, err
	}
	if n.op == "@" {
		return e.slice(left, right, n)
	}
	if n.op == "==" || n.op == "!=" {
		if equal, isText, err := e.sameText(left, right); isText {
			return boolValue(equal == (n.op == "==")), err
		}
	}
	a, err := e.number(left, n.kids[0].at)
	if err != nil {
		return left, err
	}
	b, err := e.number(right, n.kids[1].at)
	if err != nil {
		return right, err
	}
	result, err := e.arith(n.op, a, b, n.at)
	return result.value(), err
}

// misreadCast recognises "(pid_t) -1", which only who knows the types can tell from a difference.
func (e *eval) misreadCast(n *node, err error) (*debuginfo.Type, bool) {
	left := n.kids[0]
	if err == nil || left.op != "name" || !left.bracketed {
		return nil, false
	}
	switch n.op {
	case "-", "+", "*", "&":
		return e.env.Type(left.tok.text)
	}
	return nil, false
}

// slice is x@n.
func (e *eval) slice(first, count Value, n *node) (Value, error) {
	if first.Kind != InMemory || first.Bits != 0 {
		return first, e.fail(n.at, "only an object in memory can be the first element of an array")
	}
	c, err := e.number(count, n.kids[1].at)
	if err != nil {
		return first, err
	}
	const most = 1 << 20
	if c.isFloat() || c.bits == 0 || c.bits > most {
		return first, e.fail(n.kids[1].at, "an array has between 1 and %d elements", most)
	}
	first.Type = debuginfo.ArrayOf(first.Type, uint32(c.bits))
	return first, nil
}

// sameText compares text with a string constant. isText is false when neither side is one.
func (e *eval) sameText(a, b Value) (equal, isText bool, err error) {
	if a.isLiteral() {
		a, b = b, a
	}
	if !b.isLiteral() || !a.Type.IsString() {
		return false, false, nil
	}
	want := b.Bytes[:len(b.Bytes)-1]
	if a.isLiteral() {
		return string(a.Bytes) == string(b.Bytes), true, nil
	}
	n, err := e.number(a, 0)
	if err != nil {
		return false, true, err
	}
	got := make([]byte, len(want)+1)
	if e.env.ReadMemory(uint32(n.bits), got) != len(got) {
		return false, true, nil
	}
	return string(got) == string(b.Bytes), true, nil
}

// isLiteral says whether the value is a string constant.
func (v Value) isLiteral() bool {
	return v.Kind == Computed && v.Type.Strip().Kind == debuginfo.Array && v.Type.IsString()
}
