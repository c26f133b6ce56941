// SPDX-License-Identifier: BSD-3-Clause
// FADD, FSUB, FMUL, FDIV, FSQRT; Intel SDM vol. 2 under these names, vol. 1, 8.5 for the exceptions.

package float80

import "ring0/vm/internal/exact"

// Add is FADD: a + b.
func Add(a, b F80, c Control) (F80, Status) { return sum(a, b, 0, c) }

// Sub is FSUB: a − b. FSUBR is Sub with the operands exchanged.
func Sub(a, b F80, c Control) (F80, Status) { return sum(a, b, signBit, c) }

// sum is a + b, the sign of b inverted if flip is signBit.
func sum(a, b F80, flip uint16, c Control) (F80, Status) {
	if c.Quick(a, b) {
		if r, st, ok := QuickSum(a, F80{b.Man, b.SE ^ flip}); ok {
			return r, st
		}
	}
	var st Status
	if !c.plain(a, b) {
		r, s, done := c.screen(a, b)
		switch {
		case done:
			return r, s
		case a.isInf() && b.isInf() && (a.SE^b.SE^flip)&signBit != 0:
			return indefinite, IE
		case !c.masked(s):
			return zero, s
		case a.isInf():
			return a, s
		case b.isInf():
			return F80{b.Man, b.SE ^ flip}, s
		}
		st = s
	}
	x, y := a.num(), F80{b.Man, b.SE ^ flip}.num()
	z := x.Plus(y)
	if z.IsZero() {
		return c.zeroSum(x, y), st
	}
	r, s := c.round(z)
	return r, st | s
}

// zeroSum is the zero that x + y is: their common sign, or + except when rounding down.
func (c Control) zeroSum(x, y exact.Num) F80 {
	neg := c.mode() == exact.Down
	if x.IsZero() && y.IsZero() && x.Neg == y.Neg {
		neg = x.Neg
	}
	return zero.withSign(signOf(neg))
}

// Mul is FMUL: a · b.
func Mul(a, b F80, c Control) (F80, Status) {
	if c.Quick(a, b) {
		if r, st, ok := QuickMul(a, b); ok {
			return r, st
		}
	}
	var st Status
	sign := (a.SE ^ b.SE) & signBit
	if !c.plain(a, b) {
		r, s, done := c.screen(a, b)
		switch {
		case done:
			return r, s
		case a.isInf() && b.isZero(), a.isZero() && b.isInf():
			return indefinite, IE
		case !c.masked(s):
			return zero, s
		case a.isInf() || b.isInf():
			return infinity.withSign(sign), s
		case a.isZero() || b.isZero():
			return zero.withSign(sign), s
		}
		st = s
	}
	r, s := c.round(a.num().Times64(b.num()))
	return r, st | s
}

// Div is FDIV: a / b. FDIVR is Div with the operands exchanged.
func Div(a, b F80, c Control) (F80, Status) {
	if c.Quick(a, b) {
		if r, st, ok := QuickDiv(a, b); ok {
			return r, st
		}
	}
	var st Status
	sign := (a.SE ^ b.SE) & signBit
	if !c.plain(a, b) {
		r, s, done := c.screen(a, b)
		switch {
		case done:
			return r, s
		case a.isInf() && b.isInf(), a.isZero() && b.isZero():
			return indefinite, IE
		case b.isZero() && !a.isInf():
			return infinity.withSign(sign), ZE // and no DE with it
		case !c.masked(s):
			return zero, s
		case a.isInf() || b.isZero():
			return infinity.withSign(sign), s
		case a.isZero() || b.isInf():
			return zero.withSign(sign), s
		}
		st = s
	}
	r, s := c.round(a.num().Over64(b.num()))
	return r, st | s
}

// Sqrt is FSQRT.
func Sqrt(a F80, c Control) (F80, Status) {
	var st Status
	if !a.isNormal() || a.Neg() {
		r, s, done := c.screen1(a)
		switch {
		case done:
			return r, s
		case a.isZero():
			return a, 0
		case a.Neg():
			return indefinite, IE
		case !c.masked(s):
			return zero, s
		case a.isInf():
			return a, 0
		}
		st = s
	}
	r, s := c.round(a.num().Sqrt())
	return r, st | s
}
