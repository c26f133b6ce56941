// SPDX-License-Identifier: BSD-3-Clause
// Arithmetic with C's conversions on a machine whose int, long and pointers have 32 bits.

package expr

import (
	"math"

	"ring0/cmd/internal/debuginfo"
)

// promoted applies the integer promotions: what is narrower than int becomes int. Enumerations become int or unsigned.
func (n num) promoted() num {
	s := n.t.Strip()
	switch s.Kind {
	case debuginfo.Int, debuginfo.Uint, debuginfo.Bool, debuginfo.Enum:
		if s.Sizeof() < 4 || s.Kind == debuginfo.Bool {
			n.t = basic["int"]
		}
		if s.Kind == debuginfo.Enum {
			n.t = basic["unsigned int"]
			if s.Signed() {
				n.t = basic["int"]
			}
		}
	}
	return n
}

// common is the type two arithmetic operands are converted to.
func common(a, b num) *debuginfo.Type {
	if a.isFloat() || b.isFloat() {
		if a.isFloat() && b.isFloat() && b.t.Sizeof() > a.t.Sizeof() {
			return b.t
		}
		if a.isFloat() {
			return a.t
		}
		return b.t
	}
	size, unsigned := a.t.Sizeof(), !a.t.Signed()
	if other := b.t.Sizeof(); other > size {
		size, unsigned = other, !b.t.Signed()
	} else if other == size {
		unsigned = unsigned || !b.t.Signed()
	}
	switch {
	case size > 4 && unsigned:
		return basic["unsigned long long"]
	case size > 4:
		return basic["long long"]
	case unsigned:
		return basic["unsigned int"]
	}
	return basic["int"]
}

// as converts to a type.
func (n num) as(t *debuginfo.Type) num {
	e := &eval{}
	converted, _ := e.decode(t, n.to(t).Bytes, 0) // bytes of the type's own size decode
	return converted
}

// arith computes a op b.
func (e *eval) arith(op string, a, b num, at int) (num, error) {
	if a.isPointer() || b.isPointer() {
		return e.pointerArith(op, a, b, at)
	}
	a, b = a.promoted(), b.promoted()
	if op == "<<" || op == ">>" {
		return e.shift(op, a, b, at)
	}
	t := common(a, b)
	a, b = a.as(t), b.as(t)
	if isComparison(op) {
		return num{t: basic["int"], bits: truthBit(compare(op, a, b))}, nil
	}
	if a.isFloat() {
		return e.floatArith(op, a, b, at)
	}
	bits, ok := integerOp(op, a, b)
	if !ok {
		if op == "/" || op == "%" {
			return num{}, e.fail(at, "division by zero")
		}
		return num{}, e.fail(at, "%s has no operator %s", t, op)
	}
	return num{t: t, bits: bits}.as(t), nil
}

func isComparison(op string) bool {
	switch op {
	case "==", "!=", "<", ">", "<=", ">=":
		return true
	}
	return false
}

// compare compares two numbers of one type.
func compare(op string, a, b num) bool {
	order := 0
	switch {
	case a.isFloat():
		switch {
		case a.float < b.float:
			order = -1
		case a.float > b.float:
			order = 1
		case a.float != b.float: // not a number
			return op == "!="
		}
	case a.t.Signed() && int64(a.bits) < int64(b.bits), !a.t.Signed() && a.bits < b.bits:
		order = -1
	case a.bits != b.bits:
		order = 1
	}
	switch op {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case ">":
		return order > 0
	case "<=":
		return order <= 0
	}
	return order >= 0
}

// integerOp computes on two numbers of one type; ok is false for division by zero and for operators integers lack.
func integerOp(op string, a, b num) (v uint64, ok bool) {
	x, y := a.bits, b.bits
	switch op {
	case "+":
		return x + y, true
	case "-":
		return x - y, true
	case "*":
		return x * y, true
	case "&":
		return x & y, true
	case "|":
		return x | y, true
	case "^":
		return x ^ y, true
	case "/", "%":
		if y == 0 {
			return 0, false
		}
		signed := a.t.Signed()
		switch {
		case signed && int64(y) == -1 && op == "/":
			return -x, true
		case signed && int64(y) == -1:
			return 0, true
		case signed && op == "/":
			return uint64(int64(x) / int64(y)), true
		case signed:
			return uint64(int64(x) % int64(y)), true
		case op == "/":
			return x / y, true
		}
		return x % y, true
	}
	return 0, false
}

// shift computes << and >>, whose type is the left operand's. A count beyond the width is an error: C does not define it.
func (e *eval) shift(op string, a, b num, at int) (num, error) {
	if a.isFloat() || b.isFloat() {
		return num{}, e.fail(at, "floating-point numbers have no operator %s", op)
	}
	if b.bits >= uint64(a.t.Sizeof())*8 {
		return num{}, e.fail(at, "%d bits cannot be shifted by %d", a.t.Sizeof()*8, int64(b.bits))
	}
	bits := a.bits << b.bits
	if op == ">>" {
		bits = a.bits >> b.bits
		if a.t.Signed() {
			bits = uint64(int64(a.bits) >> b.bits)
		}
	}
	return num{t: a.t, bits: bits}.as(a.t), nil
}

func (e *eval) floatArith(op string, a, b num, at int) (num, error) {
	f := 0.0
	switch op {
	case "+":
		f = a.float + b.float
	case "-":
		f = a.float - b.float
	case "*":
		f = a.float * b.float
	case "/":
		f = a.float / b.float
	default:
		return num{}, e.fail(at, "floating-point numbers have no operator %s", op)
	}
	if math.IsNaN(f) {
		f = notANumber(a.float, b.float)
	}
	return num{t: a.t, float: f}.as(a.t), nil
}

// notANumber is which NaN the guest's processor makes of two operands, which differs from what hosts make: the first
// that is one, or the indefinite.
func notANumber(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return a
	case math.IsNaN(b):
		return b
	}
	return math.Float64frombits(0xfff8 << 48)
}

// elemSize is the size of what a pointer points to; void and functions count as bytes, as for gcc.
func (e *eval) elemSize(n num) uint64 {
	return uint64(max(e.env.Complete(n.t.Strip().Target()).Sizeof(), 1))
}

// plus moves a pointer by elements.
func (n num) plus(e *eval, count uint64) num {
	n.bits = uint64(uint32(n.bits + count*e.elemSize(n)))
	return n
}

// pointerArith computes with one or two pointers.
func (e *eval) pointerArith(op string, a, b num, at int) (num, error) {
	if a.isFloat() || b.isFloat() {
		return num{}, e.fail(at, "a pointer and a floating-point number have no operator %s", op)
	}
	both := a.isPointer() && b.isPointer()
	switch {
	case isComparison(op):
		word := basic["unsigned int"]
		return num{t: basic["int"], bits: truthBit(compare(op, a.as(word), b.as(word)))}, nil
	case op == "-" && both:
		distance := int64(int32(uint32(a.bits)-uint32(b.bits))) / int64(e.elemSize(a))
		return num{t: basic["int"], bits: uint64(distance)}, nil
	case op == "+" && !both && a.isPointer():
		return a.plus(e, b.bits), nil
	case op == "+" && !both:
		return b.plus(e, a.bits), nil
	case op == "-" && a.isPointer():
		return a.plus(e, -b.bits), nil
	case op == "&" && !both: // not C, and what one does with addresses all the time
		a, b = a.as(basic["unsigned int"]), b.as(basic["unsigned int"])
		return num{t: basic["unsigned int"], bits: a.bits & b.bits}, nil
	}
	return num{}, e.fail(at, "pointers have no operator %s", op)
}
