// SPDX-License-Identifier: BSD-3-Clause
// The SSE and SSE2 vectors of a real CPU, executed with this package's arithmetic.

package softfloat_test

import (
	"bytes"
	"fmt"
	"testing"

	. "ring0/vm/softfloat"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

const exceptionXM = 19

func TestVectors(t *testing.T) {
	for _, group := range []string{"sse", "sse2"} {
		t.Run(group, func(t *testing.T) {
			vectorstest.Run(t, group, func(t *testing.T, f *vectors.File) {
				vectorstest.Replay(t, f, func(rec *vectors.Record) (diff string, done bool) {
					return replay(f, rec)
				})
			})
		})
	}
}

// replay executes rec and says what differs; done is false if the vector is
// not about arithmetic: another fault, a move.
func replay(f *vectors.File, rec *vectors.Record) (diff string, done bool) {
	if rec.Exception != vectors.NoException && rec.Exception != exceptionXM {
		return "", false
	}
	i, ok := vectorstest.Decode(f, rec)
	if !ok {
		return "", false
	}
	u, ok := execute(f, rec, i)
	if !ok {
		return "", false
	}
	return compareStates(rec, u, i), true
}

func compareStates(rec *vectors.Record, u *unit, i vectorstest.Insn) string {
	c, out := Control(rec.In.MXCSR), &rec.Out
	flags := c.Settle(u.flags)
	describe := func(what string, got, want any) string {
		return fmt.Sprintf("%s %x want %x; code %x dst %x src %x", what, got, want, rec.Code, u.dst, u.src)
	}
	if got := rec.In.MXCSR | uint32(flags); got != out.MXCSR {
		return describe("mxcsr", got, out.MXCSR)
	}
	if raised := c.Unmasked(flags) != 0; raised != (rec.Exception == exceptionXM) {
		return describe("#XM", raised, rec.Exception)
	}
	got, want := u.xmm, out.XMM[i.Reg()][:]
	switch {
	case rec.Exception == exceptionXM:
		return ""
	case u.eflags != nil:
		got, want = u.eflags, le.AppendUint32(nil, out.EFLAGS&0x8d5)
	case u.gpr != nil:
		got, want = u.gpr, le.AppendUint32(nil, out.GPR[i.Reg()])
	case u.mmx != nil:
		got, want = u.mmx, out.R[i.Reg()][:8]
	default:
		got = append(got, u.dst[len(got):]...)
	}
	if !bytes.Equal(got, want) {
		return describe("result", got, want)
	}
	return ""
}
