// SPDX-License-Identifier: BSD-3-Clause
// Stubs for amd64 hosts.

package hostfpu

import "ring0/vm/float80"

// Available says that there are stubs for the host.
const Available = true

// A stub executes one instruction on ST(0) = a, ST(1) = b and stores ST(0) in
// r. It returns the status word.
type stub func(a, b, r *float80.F80, cw uint16) (sw uint16)

func fadd(a, b, r *float80.F80, cw uint16) (sw uint16)
func fsub(a, b, r *float80.F80, cw uint16) (sw uint16)
func fmul(a, b, r *float80.F80, cw uint16) (sw uint16)
func fdiv(a, b, r *float80.F80, cw uint16) (sw uint16)
func fsqrt(a, b, r *float80.F80, cw uint16) (sw uint16)
func frndint(a, b, r *float80.F80, cw uint16) (sw uint16)
func fscale(a, b, r *float80.F80, cw uint16) (sw uint16)
func fprem(a, b, r *float80.F80, cw uint16) (sw uint16)
func fprem1(a, b, r *float80.F80, cw uint16) (sw uint16)

func (s stub) op() Op {
	return func(a, b float80.F80, c float80.Control) (r float80.F80, st float80.Status) {
		sw := s(&a, &b, &r, controlWord(c))
		return r, float80.Status(sw) & statusBits
	}
}

// Ops are the operations on registers, by the names of their instructions.
func Ops() map[string]Op {
	return map[string]Op{
		"FADD": stub(fadd).op(), "FSUB": stub(fsub).op(), "FMUL": stub(fmul).op(), "FDIV": stub(fdiv).op(),
		"FSQRT": stub(fsqrt).op(), "FRNDINT": stub(frndint).op(), "FSCALE": stub(fscale).op(),
		"FPREM": stub(fprem).op(), "FPREM1": stub(fprem1).op(),
	}
}

func fld32(v *uint32, r *float80.F80) (sw uint16)
func fld64(v *uint64, r *float80.F80) (sw uint16)
func fst32(a *float80.F80, v *uint32, cw uint16) (sw uint16)
func fst64(a *float80.F80, v *uint64, cw uint16) (sw uint16)

// FromFloat32 is FLD m32.
func FromFloat32(v uint32) (r float80.F80, st float80.Status) {
	sw := fld32(&v, &r)
	return r, float80.Status(sw) & statusBits
}

// FromFloat64 is FLD m64.
func FromFloat64(v uint64) (r float80.F80, st float80.Status) {
	sw := fld64(&v, &r)
	return r, float80.Status(sw) & statusBits
}

// ToFloat32 is FST m32.
func ToFloat32(a float80.F80, c float80.Control) (v uint32, st float80.Status) {
	sw := fst32(&a, &v, controlWord(c))
	return v, float80.Status(sw) & statusBits
}

// ToFloat64 is FST m64.
func ToFloat64(a float80.F80, c float80.Control) (v uint64, st float80.Status) {
	sw := fst64(&a, &v, controlWord(c))
	return v, float80.Status(sw) & statusBits
}
