// SPDX-License-Identifier: BSD-3-Clause
// Rounding and the overflow and underflow answers; Intel SDM vol. 1, 4.8.4 and 4.9.1.

package float80

// format is a target of rounding.
type format struct {
	precision uint // significand bits, integer bit included
	min, max  int  // exponents of normal numbers
}

var extended = format{64, minExp, maxExp}

// rounded is a number cut to a format: man·2^(exp−63), the unused low bits of
// man clear. A denormal has the format's lowest exponent and the top bit of
// man clear. An overflow has exp above the format's highest.
type rounded struct {
	man uint64
	exp int
	st  Status
}

// increment says whether a magnitude with the discarded part frac (as a
// fraction of 2^64, sticky) rounds up.
func increment(r Rounding, neg, odd bool, frac uint64) bool {
	switch r {
	case Nearest:
		return frac > intBit || frac == intBit && odd
	case Down:
		return neg && frac != 0
	case Up:
		return !neg && frac != 0
	}
	return false
}

// cut rounds hi:lo to precision bits, without regard to the exponent. PE and
// C1 come out in the status; a carry out of the top shows as man = 0.
func cut(hi, lo uint64, precision uint, r Rounding, neg bool) (man uint64, st Status) {
	drop := 64 - precision
	frac := lo
	if drop != 0 {
		frac = hi<<precision | nonZero(lo)
		hi = hi >> drop << drop
	}
	if frac == 0 {
		return hi, 0
	}
	if increment(r, neg, hi>>drop&1 != 0, frac) {
		return hi + 1<<drop, PE | C1
	}
	return hi, PE
}

// to rounds x, not zero, to f. Underflow is tininess after rounding: masked,
// it is raised only with a loss of precision and gives a denormal; not masked,
// it is raised always and gives the number with its exponent, below f.min.
func (x num) to(f format, c Control) rounded {
	man, st := cut(x.hi, x.lo, f.precision, c.Rounding(), x.neg)
	exp := x.exp
	if man == 0 {
		man, exp = intBit, exp+1
	}
	switch {
	case exp > f.max:
		return rounded{man, exp, st | OE}
	case exp >= f.min:
		return rounded{man, exp, st}
	case !c.masked(UE):
		return rounded{man, exp, st | UE}
	}
	hi, lo := shiftRightJam(x.hi, x.lo, uint(f.min-x.exp))
	man, st = cut(hi, lo, f.precision, c.Rounding(), x.neg)
	if st&PE != 0 {
		st |= UE
	}
	return rounded{man, f.min, st}
}

// round delivers x, not zero, to a register under the control word's
// precision.
func (x num) round(c Control) (F80, Status) {
	f := extended
	f.precision = c.Precision()
	return x.deliver(f, c)
}

// roundFull is round for the operations that ignore precision control.
func (x num) roundFull(c Control) (F80, Status) {
	return x.deliver(extended, c)
}

func (x num) deliver(f format, c Control) (F80, Status) {
	r := x.to(f, c)
	switch {
	case r.exp >= f.min && r.exp <= f.max:
		return pack(x.neg, r.man, r.exp), r.st
	case c.masked(r.st & (OE | UE)): // an overflow, for a masked underflow is in range
		return overflow(x.neg, f.precision, c.Rounding())
	}
	return x.adjusted(r, f, c)
}

// adjusted is the answer to an overflow or underflow that is not masked: the
// exponent brought into range by the bias. Only FSCALE can miss the range
// even so; then the exception is as if it were masked, and inexact.
func (x num) adjusted(r rounded, f format, c Control) (F80, Status) {
	bias := biasShift
	if r.exp > f.max {
		bias = -biasShift
	}
	if exp := r.exp + bias; exp >= f.min && exp <= f.max {
		return pack(x.neg, r.man, exp), r.st
	}
	return x.deliver(f, c|Control(OE|UE))
}

// overflow is the masked answer to an overflow: infinity, or the largest
// number where the rounding mode keeps it on this side.
func overflow(neg bool, precision uint, r Rounding) (F80, Status) {
	if increment(r, neg, true, intBit) {
		return infinity.withSign(signOf(neg)), OE | PE | C1
	}
	drop := 64 - precision
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

// toInteger rounds x to an integer. ok is false when the magnitude does not
// fit 64 bits; st has PE and C1.
func (x num) toInteger(r Rounding) (n uint64, st Status, ok bool) {
	switch {
	case x.isZero():
		return 0, 0, true
	case x.exp > 63:
		return 0, 0, false
	}
	hi, lo := shiftRightJam(x.hi, x.lo, uint(63-x.exp))
	n, st = cut(hi, lo, 64, r, x.neg)
	carried := hi != 0 && n == 0
	return n, st, !carried
}
