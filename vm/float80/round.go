// SPDX-License-Identifier: BSD-3-Clause
// From exact numbers to registers: overflow and underflow; Intel SDM vol. 1, 4.9.1 and 8.5.

package float80

import "ring0/vm/internal/exact"

// round delivers x, not zero, to a register under precision control.
func (c Control) round(x exact.Num) (F80, Status) {
	return c.deliver(x, c.Precision())
}

// roundFull is round for the operations that ignore precision control.
func (c Control) roundFull(x exact.Num) (F80, Status) {
	return c.deliver(x, manBits)
}

func (c Control) deliver(x exact.Num, precision uint) (F80, Status) {
	r := x.Round(precision, c.mode())
	if r.Exp >= minExp && r.Exp <= maxExp {
		return pack(x.Neg, r.Man, r.Exp), statusOf(r)
	}
	return c.outside(x, r, precision)
}

// statusOf is PE and C1 of a rounding.
func statusOf(r exact.Rounded) (st Status) {
	if r.Inexact {
		st = PE
	}
	if r.Up {
		st |= C1
	}
	return st
}

// outside is the answer to x, rounded to r, beyond either end of the exponent
// range. Underflow is tininess after rounding: masked, it is raised only with a
// loss of precision and gives a denormal; not masked, it is raised always.
func (c Control) outside(x exact.Num, r exact.Rounded, precision uint) (F80, Status) {
	st, bias := OE, -biasShift
	if r.Exp < minExp {
		st, bias = UE, biasShift
	}
	if !c.masked(st) {
		switch exp := r.Exp + bias; {
		case exp >= minExp && exp <= maxExp:
			return pack(x.Neg, r.Man, exp), st | statusOf(r)
		// FSCALE alone misses the range even so: SDM vol. 1, 8.5.4 and 8.5.5.
		case exp > maxExp:
			return infinity.withSign(signOf(x.Neg)), OE | PE | C1
		default:
			return zero.withSign(signOf(x.Neg)), UE | PE
		}
	}
	if st == OE {
		return c.overflow(x.Neg, precision)
	}
	r = x.RoundDenormal(precision, minExp, c.mode())
	if r.Inexact {
		return pack(x.Neg, r.Man, r.Exp), UE | statusOf(r)
	}
	return pack(x.Neg, r.Man, r.Exp), 0
}

// overflow is the masked answer to an overflow: infinity, or the largest
// number where the rounding mode stays on this side of it.
func (c Control) overflow(neg bool, precision uint) (F80, Status) {
	if c.mode().Overflows(neg) {
		return infinity.withSign(signOf(neg)), OE | PE | C1
	}
	drop := manBits - precision
	return pack(neg, ^uint64(0)>>drop<<drop, maxExp), OE | PE
}

// pack builds a value from its parts; a denormal has minExp and the top bit of man clear.
func pack(neg bool, man uint64, exp int) F80 {
	se := signOf(neg)
	if man&intBit != 0 {
		se |= uint16(exp + expBias)
	}
	return F80{man, se}
}

func signOf(neg bool) uint16 {
	if neg {
		return signBit
	}
	return 0
}
