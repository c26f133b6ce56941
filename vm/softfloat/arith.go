// SPDX-License-Identifier: BSD-3-Clause
// ADD, SUB, MUL, DIV and SQRT of an element; Intel SDM vol. 2, ADDPS to SUBSD.

package softfloat

import "ring0/vm/internal/exact"

// Add is a + b.
func Add[F Float](a, b F, c Control) (F, Flags) {
	if c.nearest() {
		if v, f, ok := nativeSum(a, b); ok {
			return v, f
		}
	}
	v, f := formatOf[F]().sum(uint64(a), uint64(b), 0, c)
	return F(v), f
}

// Sub is a − b.
func Sub[F Float](a, b F, c Control) (F, Flags) {
	sign := ^(^F(0) >> 1)
	if c.nearest() {
		if v, f, ok := nativeSum(a, b^sign); ok {
			return v, f
		}
	}
	v, f := formatOf[F]().sum(uint64(a), uint64(b), uint64(sign), c)
	return F(v), f
}

// Mul is a · b.
func Mul[F Float](a, b F, c Control) (F, Flags) {
	if c.nearest() {
		if v, f, ok := nativeMul(a, b); ok {
			return v, f
		}
	}
	v, f := formatOf[F]().mul(uint64(a), uint64(b), c)
	return F(v), f
}

// Div is a / b.
func Div[F Float](a, b F, c Control) (F, Flags) {
	if c.nearest() {
		if v, f, ok := nativeDiv(a, b); ok {
			return v, f
		}
	}
	v, f := formatOf[F]().div(uint64(a), uint64(b), c)
	return F(v), f
}

// Sqrt is the square root of a.
func Sqrt[F Float](a F, c Control) (F, Flags) {
	if c.nearest() {
		if v, f, ok := nativeSqrt(a); ok {
			return v, f
		}
	}
	v, f := formatOf[F]().sqrt(uint64(a), c)
	return F(v), f
}

// sum is a + b, the sign of b inverted if flip is the sign bit.
func (l format) sum(a, b, flip uint64, c Control) (uint64, Flags) {
	a, b = c.flushed(l, a), c.flushed(l, b)
	r, f, done := l.screen(a, b)
	if done {
		return r, f
	}
	b ^= flip
	switch {
	case l.isInf(a) && l.isInf(b) && a != b:
		return l.indefinite(), IE
	case l.isInf(a):
		return a, f
	case l.isInf(b):
		return b, f
	}
	x := l.num(a).Plus(l.num(b))
	if x.IsZero() {
		return l.zeroSum(a, b, c), f
	}
	return l.computed(x, c, f)
}

// zeroSum is the zero that a + b is: their common sign, or + except when rounding down.
func (l format) zeroSum(a, b uint64, c Control) uint64 {
	if l.isZero(a) && a == b {
		return a
	}
	return l.sign(c.mode() == exact.Down)
}

// computed rounds x, unless an operand's flags f forbid to compute at all.
func (l format) computed(x exact.Num, c Control, f Flags) (uint64, Flags) {
	if !c.masked(f) {
		return 0, f
	}
	v, g := l.round(x, c)
	return v, f | g
}

func (l format) mul(a, b uint64, c Control) (uint64, Flags) {
	a, b = c.flushed(l, a), c.flushed(l, b)
	r, f, done := l.screen(a, b)
	sign := (a ^ b) & l.signBit()
	switch {
	case done:
		return r, f
	case l.isInf(a) && l.isZero(b), l.isZero(a) && l.isInf(b):
		return l.indefinite(), IE
	case l.isInf(a) || l.isInf(b):
		return l.infinity() | sign, f
	case l.isZero(a) || l.isZero(b):
		return sign, f
	}
	return l.computed(l.num(a).Times64(l.num(b)), c, f)
}

func (l format) div(a, b uint64, c Control) (uint64, Flags) {
	a, b = c.flushed(l, a), c.flushed(l, b)
	r, f, done := l.screen(a, b)
	sign := (a ^ b) & l.signBit()
	switch {
	case done:
		return r, f
	case l.isInf(a) && l.isInf(b), l.isZero(a) && l.isZero(b):
		return l.indefinite(), IE
	case l.isZero(b) && !l.isInf(a):
		return l.infinity() | sign, ZE // and no DE with it
	case l.isInf(a) || l.isZero(b):
		return l.infinity() | sign, f
	case l.isZero(a) || l.isInf(b):
		return sign, f
	}
	return l.computed(l.num(a).Over64(l.num(b)), c, f)
}

func (l format) sqrt(a uint64, c Control) (uint64, Flags) {
	a = c.flushed(l, a)
	r, f, done := l.screen(a, 0)
	switch {
	case done:
		return r, f
	case l.isZero(a):
		return a, 0
	case l.neg(a):
		return l.indefinite(), IE
	case l.isInf(a):
		return a, 0
	}
	return l.computed(l.num(a).Sqrt(), c, f)
}
