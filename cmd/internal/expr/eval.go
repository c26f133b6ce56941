// SPDX-License-Identifier: BSD-3-Clause
// Evaluation of the tree.

package expr

import (
	"fmt"

	"ring0/cmd/internal/debuginfo"
)

// Eval evaluates the expression.
func (x *Expr) Eval(env Env) (Value, error) {
	e := &eval{env: env, text: x.text}
	return e.node(x.root)
}

// Eval parses and evaluates.
func Eval(text string, env Env) (Value, error) {
	x, err := Parse(text)
	if err != nil {
		return Value{}, err
	}
	return x.Eval(env)
}

// Truth evaluates a condition.
func (x *Expr) Truth(env Env) (bool, error) {
	v, err := x.Eval(env)
	if err != nil {
		return false, err
	}
	e := &eval{env: env, text: x.text}
	return e.truth(v, x.root.at)
}

// Uint is the value as a number, sign-extended by its type: an integer, a pointer, or the address of an array or function.
func (v Value) Uint(env Env) (uint64, error) {
	e := &eval{env: env}
	n, err := e.number(v, 0)
	if err != nil {
		return 0, err
	}
	if n.isFloat() {
		return floatToInt(n.float), nil
	}
	return n.bits, nil
}

// Address is where the value is: of an object its address, of anything else the value itself, taken for one.
func (v Value) Address(env Env) (uint32, error) {
	k := v.Type.Strip().Kind
	if v.Kind == InMemory && (k == debuginfo.Func || k == debuginfo.Array || k == debuginfo.Struct || k == debuginfo.Union || k == debuginfo.Unknown) {
		return v.Addr, nil
	}
	n, err := v.Uint(env)
	return uint32(n), err
}

// eval is one evaluation.
type eval struct {
	env  Env
	text string
	dry  bool // inside sizeof: nothing is written
}

func (e *eval) fail(at int, format string, args ...any) error {
	return &Error{Column: at + 1, Text: e.text, Reason: fmt.Sprintf(format, args...)}
}

func (e *eval) node(n *node) (Value, error) {
	switch n.op {
	case "number":
		return e.literal(n.tok), nil
	case "float":
		return floatValue(basic["double"], n.tok.float), nil
	case "char":
		return intValue(basic["char"], n.tok.value), nil
	case "string":
		text := append([]byte(n.tok.text), 0)
		return Value{Type: debuginfo.ArrayOf(basic["char"], uint32(len(text))), Bytes: text}, nil
	case "name":
		v, err := e.env.Lookup(n.tok.text)
		if err != nil {
			return v, e.fail(n.at, "%v", err)
		}
		return v, nil
	case "register":
		return e.register(n)
	case "cast":
		return e.castNode(n)
	case "sizeof":
		return e.sizeof(n)
	case "?", "&&", "||", ",":
		return e.sequenced(n)
	case ".", "->":
		return e.member(n)
	case "[":
		return e.index(n)
	case "unary *", "unary &":
		return e.pointer(n)
	case "unary ++", "unary --", "post++", "post--":
		return e.step(n)
	}
	if assignments[n.op] {
		return e.assign(n)
	}
	if len(n.kids) == 1 {
		return e.unary(n)
	}
	return e.binary(n)
}

// register is a register of the machine.
func (e *eval) register(n *node) (Value, error) {
	_, t, ok := e.env.Register(n.tok.text)
	if !ok {
		return Value{}, e.fail(n.at, "there is no register $%s, or its value is not known in this frame", n.tok.text)
	}
	return Value{Type: t, Kind: InRegister, Reg: n.tok.text}, nil
}

// literal gives a constant its type: the first of int, unsigned, long long, unsigned long long that holds it; a decimal one
// without suffix is never unsigned int.
func (e *eval) literal(t token) Value {
	name := "unsigned long long"
	unsigned := len(t.suffix) > 0 && (t.suffix[0] == 'u' || t.suffix[len(t.suffix)-1] == 'u')
	long := len(t.suffix) >= 2 && t.suffix != "ul" && t.suffix != "lu"
	switch {
	case !long && !unsigned && t.value <= 0x7fffffff:
		name = "int"
		if t.suffix == "l" {
			name = "long"
		}
	case !long && (unsigned || t.hex) && t.value <= 0xffffffff:
		name = "unsigned int"
		if len(t.suffix) > 0 && t.suffix != "u" {
			name = "unsigned long"
		}
	case !unsigned && t.value <= 1<<63-1:
		name = "long long"
	}
	return intValue(basic[name], t.value)
}

// sequenced evaluates the operators that do not always evaluate all their operands.
func (e *eval) sequenced(n *node) (Value, error) {
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	if n.op == "," {
		return e.node(n.kids[1])
	}
	first, err := e.truth(v, n.kids[0].at)
	if err != nil {
		return v, err
	}
	switch {
	case n.op == "?" && first:
		return e.node(n.kids[1])
	case n.op == "?":
		return e.node(n.kids[2])
	case first == (n.op == "||"):
		return boolValue(first), nil
	}
	if v, err = e.node(n.kids[1]); err != nil {
		return v, err
	}
	second, err := e.truth(v, n.kids[1].at)
	return boolValue(second), err
}

// truth says whether a value is not zero.
func (e *eval) truth(v Value, at int) (bool, error) {
	n, err := e.number(v, at)
	if err != nil {
		return false, err
	}
	if n.isFloat() {
		return n.float != 0, nil
	}
	return n.bits != 0, nil
}

func (e *eval) castNode(n *node) (Value, error) {
	t, err := n.typeName.resolve(e)
	if err != nil {
		return Value{}, err
	}
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	return e.cast(v, t, n.at)
}

// cast converts a value to a type. An object whose type is not known, and one cast to a structure, is seen as what the cast
// says it is.
func (e *eval) cast(v Value, t *debuginfo.Type, at int) (Value, error) {
	s := e.env.Complete(t)
	switch {
	case s.Kind == debuginfo.Void:
		return Value{Type: t}, nil
	case v.Kind == InMemory && (s.IsAggregate() || s.Kind == debuginfo.Array || v.Type.Strip().Kind == debuginfo.Unknown):
		v.Type, v.Bits = t, 0
		return v, nil
	case !s.IsScalar():
		return v, e.fail(at, "%s cannot be made a %s", v.Type, t)
	}
	n, err := e.number(v, at)
	if err != nil {
		return v, err
	}
	return n.to(t), nil
}

func (e *eval) sizeof(n *node) (Value, error) {
	if n.typeName != nil {
		t, err := n.typeName.resolve(e)
		if err != nil {
			return Value{}, err
		}
		return intValue(basic["unsigned int"], uint64(e.env.Complete(t).Sizeof())), nil
	}
	dry := e.dry
	e.dry = true
	v, err := e.node(n.kids[0])
	e.dry = dry
	if err != nil {
		return v, err
	}
	return intValue(basic["unsigned int"], uint64(e.env.Complete(v.Type).Sizeof())), nil
}

// member is x.name or p->name. As in gdb either works on an object and on a pointer.
func (e *eval) member(n *node) (Value, error) {
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	if v.Type.Strip().Kind == debuginfo.Pointer {
		if v, err = e.deref(v, n.at); err != nil {
			return v, err
		}
	}
	t := e.env.Complete(v.Type)
	if !t.IsAggregate() {
		return v, e.fail(n.at, "%s is no structure", v.Type)
	}
	m, ok := t.Member(n.tok.text)
	if !ok {
		if t.Incomplete {
			return v, e.fail(n.tok.at, "nothing is known of what %s contains", t)
		}
		return v, e.fail(n.tok.at, "%s has no member %s", t, n.tok.text)
	}
	return e.part(v, m)
}

// part is a member of an object.
func (e *eval) part(v Value, m debuginfo.Member) (Value, error) {
	out := Value{Type: m.Type, Kind: v.Kind, Addr: v.Addr + m.Offset, Bit: m.Bit, Bits: m.Bits}
	if out.Type == nil {
		out.Type = basic["void"]
	}
	if v.Kind == InMemory || v.Kind == Nowhere {
		return out, nil
	}
	if v.Kind == InRegister && m.Bits == 0 {
		out.Reg = v.Reg
		return out, nil
	}
	whole, err := e.load(v, 0)
	if err != nil {
		return out, err
	}
	size := uint64(e.env.Complete(out.Type).Sizeof())
	if m.Bits != 0 {
		size = uint64(m.Bit+m.Bits+7) / 8
	}
	if uint64(m.Offset)+size > uint64(len(whole)) {
		return out, e.fail(0, "the member lies outside the structure")
	}
	out.Kind, out.Addr = Computed, 0
	out.Bytes = whole[m.Offset : uint64(m.Offset)+size]
	if m.Bits != 0 {
		out.Bytes = extract(out.Bytes, m.Bit, m.Bits, out.Type)
		out.Bit, out.Bits = 0, 0
	}
	return out, nil
}

// index is a[i].
func (e *eval) index(n *node) (Value, error) {
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	iv, err := e.node(n.kids[1])
	if err != nil {
		return v, err
	}
	if k := v.Type.Strip().Kind; k != debuginfo.Pointer && k != debuginfo.Array && v.Type.IsInteger() {
		v, iv = iv, v // i[a]
	}
	in, err := e.number(iv, n.kids[1].at)
	if err != nil {
		return v, err
	}
	if in.isFloat() || in.t.Strip().Kind == debuginfo.Pointer {
		return v, e.fail(n.kids[1].at, "an index is an integer")
	}
	s := v.Type.Strip()
	if s.Kind == debuginfo.Array && v.Kind != InMemory {
		elem := e.env.Complete(s.Target())
		if in.bits >= uint64(s.Count) || in.bits > 1<<31 {
			return v, e.fail(n.kids[1].at, "the index is outside the array")
		}
		return e.part(v, debuginfo.Member{Type: s.Target(), Offset: uint32(in.bits) * elem.Sizeof()})
	}
	p, err := e.number(v, n.kids[0].at)
	if err != nil {
		return v, err
	}
	if p.t.Strip().Kind != debuginfo.Pointer {
		return v, e.fail(n.at, "%s is neither array nor pointer", v.Type)
	}
	return e.deref(p.plus(e, in.bits).value(), n.at)
}

// pointer is *p or &x.
func (e *eval) pointer(n *node) (Value, error) {
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	if n.op == "unary *" {
		return e.deref(v, n.at)
	}
	switch {
	case v.Kind == InMemory && v.Bits == 0:
		return intValue(debuginfo.PointerTo(v.Type), uint64(v.Addr)), nil
	case v.Kind == InMemory:
		return v, e.fail(n.at, "a bit field has no address")
	case v.Kind == InRegister:
		return v, e.fail(n.at, "it is in register $%s, which has no address", v.Reg)
	}
	return v, e.fail(n.at, "a value has no address")
}

// deref is the object a pointer points to. An integer is taken for an address of an int, as in gdb.
func (e *eval) deref(v Value, at int) (Value, error) {
	s := v.Type.Strip()
	if s.Kind == debuginfo.Func && v.Kind == InMemory {
		return v, nil
	}
	n, err := e.number(v, at)
	if err != nil {
		return v, err
	}
	t := n.t.Strip()
	switch {
	case t.Kind == debuginfo.Pointer:
		target := t.Target()
		if target.Strip().Kind == debuginfo.Void {
			return v, e.fail(at, "a void * points to nothing known; cast it first")
		}
		return Value{Type: target, Kind: InMemory, Addr: uint32(n.bits)}, nil
	case !n.isFloat():
		return Value{Type: basic["int"], Kind: InMemory, Addr: uint32(n.bits)}, nil
	}
	return v, e.fail(at, "%s is no pointer", v.Type)
}

// step is ++ and --.
func (e *eval) step(n *node) (Value, error) {
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	old, err := e.number(v, n.at)
	if err != nil {
		return v, err
	}
	one := num{t: basic["int"], bits: 1}
	op := n.op[len(n.op)-1:]
	changed, err := e.arith(op, old, one, n.at)
	if err != nil {
		return v, err
	}
	stored, err := e.store(v, changed.value(), n.at)
	if n.op[:4] == "post" {
		return old.to(v.Type), err
	}
	return stored, err
}

// assign is = and its relatives.
func (e *eval) assign(n *node) (Value, error) {
	v, err := e.node(n.kids[0])
	if err != nil {
		return v, err
	}
	right, err := e.node(n.kids[1])
	if err != nil {
		return v, err
	}
	if n.op != "=" {
		a, err := e.number(v, n.kids[0].at)
		if err != nil {
			return v, err
		}
		b, err := e.number(right, n.kids[1].at)
		if err != nil {
			return v, err
		}
		result, err := e.arith(n.op[:len(n.op)-1], a, b, n.at)
		if err != nil {
			return v, err
		}
		right = result.value()
	}
	return e.store(v, right, n.at)
}
