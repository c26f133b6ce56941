// SPDX-License-Identifier: BSD-3-Clause
// FCOM, FUCOM, FTST, FCOMI and FUCOMI; Intel SDM vol. 2 under these names.

package float80

// Relation is the outcome of a comparison.
type Relation uint8

const (
	Greater Relation = iota
	Less
	Equal
	Unordered
)

// Codes is the relation as FCOM reports it in the status word. Shifted right
// by 8, C3, C2 and C0 are where FCOMI puts them: ZF, PF and CF.
func (r Relation) Codes() Status {
	return [...]Status{Greater: 0, Less: C0, Equal: C3, Unordered: C3 | C2 | C0}[r]
}

// Compare is FCOM and FCOMI: a NaN is an invalid operation. FTST is Compare
// with zero. The status has exceptions only; the relation goes to the condition
// codes or to EFLAGS even when Control.Keeps forbids the pop.
func Compare(a, b F80, c Control) (Relation, Status) {
	r, st := CompareQuiet(a, b, c)
	if r == Unordered {
		st = IE
	}
	return r, st
}

// CompareQuiet is FUCOM and FUCOMI: only a signaling NaN or an unsupported
// operand is an invalid operation.
func CompareQuiet(a, b F80, c Control) (Relation, Status) {
	var st Status
	if !c.plain(a, b) {
		_, s, done := c.screen(a, b)
		if done {
			return Unordered, s
		}
		st = s
	}
	return order(a, b), st
}

// order compares values that are not NaNs.
func order(a, b F80) Relation {
	x, y := a.num(), b.num()
	switch {
	case x.IsZero() && y.IsZero():
		return Equal
	case x.IsZero():
		return lessIf(!y.Neg)
	case y.IsZero() || x.Neg != y.Neg:
		return lessIf(x.Neg)
	}
	switch cmp := x.CmpAbs(y); {
	case cmp == 0:
		return Equal
	default:
		return lessIf(cmp < 0 != x.Neg)
	}
}

func lessIf(less bool) Relation {
	if less {
		return Less
	}
	return Greater
}
