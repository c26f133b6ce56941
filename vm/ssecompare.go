// SPDX-License-Identifier: BSD-3-Clause

// SSE and SSE2 comparisons: CMPPS and its like (0F C2), COMISS and UCOMISS
// (0F 2F, 0F 2E) and theirs.
//
// Intel SDM vol. 2 under these names.

package vm

import "ring0/vm/softfloat"

// predicate is what a CMPPS compares by: the low three bits of its immediate.
// The others are reserved; processors ignore them.
func predicate(in *inst) softfloat.Predicate { return softfloat.Predicate(in.Imm & 7) }

// compareMask is all ones where a p b holds, else zero.
func compareMask[F softfloat.Float](p softfloat.Predicate, a, b F, ctl softfloat.Control) (F, softfloat.Flags) {
	holds, f := softfloat.Test(p, a, b, ctl)
	if holds {
		return ^F(0), f
	}
	return 0, f
}

func opCMPPS(c *CPU, in *inst) bool {
	return c.packedSingle(in, func(a, b uint32, ctl softfloat.Control) (uint32, softfloat.Flags) {
		return compareMask(predicate(in), a, b, ctl)
	})
}

func opCMPPD(c *CPU, in *inst) bool {
	return c.packedDouble(in, func(a, b uint64, ctl softfloat.Control) (uint64, softfloat.Flags) {
		return compareMask(predicate(in), a, b, ctl)
	})
}

func opCMPSS(c *CPU, in *inst) bool {
	return c.scalarSingle(in, func(a, b uint32, ctl softfloat.Control) (uint32, softfloat.Flags) {
		return compareMask(predicate(in), a, b, ctl)
	})
}

func opCMPSD(c *CPU, in *inst) bool {
	return c.scalarDouble(in, func(a, b uint64, ctl softfloat.Control) (uint64, softfloat.Flags) {
		return compareMask(predicate(in), a, b, ctl)
	})
}

// A relater compares two elements.
type relater[F softfloat.Float] func(a, b F, c softfloat.Control) (softfloat.Relation, softfloat.Flags)

// opCompareSingle is COMISS and UCOMISS: ZF, PF and CF from the lowest
// elements; OF, SF and AF become 0. An unmasked exception leaves them all.
func opCompareSingle(compare relater[uint32]) opImpl {
	return opCompareDouble(func(a, b uint64, ctl softfloat.Control) (softfloat.Relation, softfloat.Flags) {
		return compare(uint32(a), uint32(b), ctl)
	})
}

// opCompareDouble is COMISD and UCOMISD.
func opCompareDouble(compare relater[uint64]) opImpl {
	return opImpl{any: func(c *CPU, in *inst) bool {
		if !c.needSSE() {
			return false
		}
		b, ok := c.lowSrc(in)
		if !ok {
			return false
		}
		r, f := compare(c.fpu.xmm[in.Dst&7][0], b, c.simdControl())
		return c.simdRelation(r, f)
	}}
}

// simdRelation reports r in EFLAGS.
func (c *CPU) simdRelation(r softfloat.Relation, f softfloat.Flags) bool {
	if !c.simdFlags(f) {
		return false
	}
	c.setArithFlags(r.EFLAGS())
	return true
}
