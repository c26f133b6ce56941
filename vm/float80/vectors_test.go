// SPDX-License-Identifier: BSD-3-Clause
// The x87 vectors of a real CPU, executed with this package's arithmetic.

package float80_test

import (
	"fmt"
	"testing"

	. "ring0/vm/float80"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

func TestVectors(t *testing.T) {
	vectorstest.Run(t, "x87", func(t *testing.T, f *vectors.File) {
		vectorstest.Replay(t, f, func(rec *vectors.Record) (diff string, done bool) {
			return replay(f, rec)
		})
	})
}

// replay executes rec and says what differs; done is false if the vector is
// not about arithmetic: a fault, an empty or full register stack, a move.
func replay(f *vectors.File, rec *vectors.Record) (diff string, done bool) {
	if rec.Exception != vectors.NoException {
		return "", false
	}
	i, ok := vectorstest.Decode(f, rec)
	if !ok || i.Opcode&^7 != 0xd8 {
		return "", false
	}
	m := machine{State: rec.In, mem: func(addr uint32, n int) []byte { return vectorstest.MemoryBefore(f, rec, addr, n) }}
	if !m.step(i) {
		return "", false
	}
	if m.stored != nil || len(rec.MemOut) != 0 {
		want := vectorstest.MemoryAfter(f, rec, i.Addr, max(len(m.stored), 1))
		if string(m.stored) != string(want) {
			return fmt.Sprintf("stored %x want %x; %s", m.stored, want, operands(rec)), true
		}
	}
	return compareStates(rec, &m), true
}

func compareStates(rec *vectors.Record, m *machine) string {
	if d := (m.FSW ^ rec.Out.FSW) &^ rec.Undefined.FSW; d != 0 {
		return fmt.Sprintf("fsw %04x want %04x; %s", m.FSW, rec.Out.FSW, operands(rec))
	}
	if m.Tag != rec.Out.Tag {
		return fmt.Sprintf("tag %02x want %02x; %s", m.Tag, rec.Out.Tag, operands(rec))
	}
	if d := m.EFLAGS ^ rec.Out.EFLAGS; d&vectors.EFLAGSMask&^uint32(rec.Undefined.EFLAGS) != 0 {
		return fmt.Sprintf("eflags %08x want %08x; %s", m.EFLAGS, rec.Out.EFLAGS, operands(rec))
	}
	for r := range m.R {
		got, want := FromBytes(m.R[r]), FromBytes(rec.Out.R[r])
		if got != want && !(rec.Flags&vectors.Approximate != 0 && neighbours(got, want)) {
			return fmt.Sprintf("R%d %s want %s; %s", r, show(got), show(want), operands(rec))
		}
	}
	return ""
}

// neighbours says whether two values are at most one unit in the last place apart.
func neighbours(a, b F80) bool {
	if a.SE == b.SE {
		return a.Man-b.Man+1 <= 2
	}
	if a.SE > b.SE {
		a, b = b, a
	}
	return b.SE-a.SE == 1 && a.Man == ^uint64(0) && b.Man == 1<<63
}

func show(f F80) string { return fmt.Sprintf("%04x:%016x", f.SE, f.Man) }

func operands(rec *vectors.Record) string {
	return fmt.Sprintf("st0 %s st1 %s code %x mem %x fsw %04x", show(FromBytes(rec.In.ST(0))), show(FromBytes(rec.In.ST(1))), rec.Code, rec.MemIn, rec.In.FSW)
}
