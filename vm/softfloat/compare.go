// SPDX-License-Identifier: BSD-3-Clause
// COMIS, UCOMIS, CMP, MIN and MAX of an element; Intel SDM vol. 2 under these names.

package softfloat

// Relation is the outcome of a comparison.
type Relation uint8

const (
	Greater Relation = iota
	Less
	Equal
	Unordered
)

// EFLAGS is the relation as COMISS reports it: ZF, PF and CF. OF, SF and AF become 0.
func (r Relation) EFLAGS() uint32 {
	return [...]uint32{Greater: 0, Less: 0x01, Equal: 0x40, Unordered: 0x45}[r]
}

// Compare is COMISS and COMISD: any NaN is an invalid operation.
func Compare[F Float](a, b F, c Control) (Relation, Flags) {
	r, f := CompareQuiet(a, b, c)
	if r == Unordered {
		f = IE
	}
	return r, f
}

// CompareQuiet is UCOMISS and UCOMISD: only a signaling NaN is an invalid operation.
func CompareQuiet[F Float](a, b F, c Control) (Relation, Flags) {
	if r, ok := nativeCompare(a, b); ok {
		return r, 0
	}
	return formatOf[F]().compare(uint64(a), uint64(b), c)
}

func (l format) compare(a, b uint64, c Control) (Relation, Flags) {
	a, b = c.flushed(l, a), c.flushed(l, b)
	_, f, done := l.screen(a, b)
	switch {
	case done:
		return Unordered, f
	case a == b || l.isZero(a) && l.isZero(b):
		return Equal, f
	case l.neg(a) != l.neg(b):
		return lessIf(l.neg(a)), f
	}
	return lessIf(a < b != l.neg(a)), f
}

func lessIf(less bool) Relation {
	if less {
		return Less
	}
	return Greater
}

// Predicate is the immediate of CMPPS and its like.
type Predicate uint8

const (
	EQ Predicate = iota
	LT
	LE
	UNORD
	NEQ
	NLT
	NLE
	ORD
)

// Test is CMPSS and CMPSD: whether a p b holds. LT, LE and their negations make
// any NaN an invalid operation, the others only a signaling one.
func Test[F Float](p Predicate, a, b F, c Control) (bool, Flags) {
	compare := CompareQuiet[F]
	if p&3 == LT || p&3 == LE {
		compare = Compare[F]
	}
	r, f := compare(a, b, c)
	holds := [4]bool{r == Equal, r == Less, r == Less || r == Equal, r == Unordered}[p&3]
	return holds != (p&4 != 0), f
}

// Min is MINSS and its like: the smaller of a and b, but b if either is a NaN,
// which is an invalid operation, or both are zero.
func Min[F Float](a, b F, c Control) (F, Flags) { return choose(a, b, c, Less) }

// Max is MAXSS and its like: as Min, with the larger.
func Max[F Float](a, b F, c Control) (F, Flags) { return choose(a, b, c, Greater) }

// choose is a if it is what is wanted of b, else b.
func choose[F Float](a, b F, c Control, want Relation) (F, Flags) {
	l := formatOf[F]()
	r, f := Compare(a, b, c)
	if r == want {
		return F(c.flushed(l, uint64(a))), f
	}
	return F(c.flushed(l, uint64(b))), f
}
