// SPDX-License-Identifier: BSD-3-Clause
// The x87 vectors of a real CPU, executed with this package's arithmetic.

package float80_test

import (
	"fmt"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	. "ring0/vm/float80"
	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

// maxReported differences are printed for each form.
const maxReported = 6

func TestVectors(t *testing.T) {
	vectorstest.Run(t, "x87", func(t *testing.T, f *vectors.File) {
		run, failed := map[string]int{}, map[string][]string{}
		for rec, err := range f.Records() {
			require.NoError(t, err)
			diff, done := replay(f, rec)
			if done {
				run[rec.Name]++
			}
			if diff != "" {
				failed[rec.Name] = append(failed[rec.Name], fmt.Sprintf("#%d fcw %04x: %s", rec.Index, rec.In.FCW, diff))
			}
		}
		report(t, run, failed)
	})
}

func report(t *testing.T, run map[string]int, failed map[string][]string) {
	names := make([]string, 0, len(run))
	total := 0
	for name, n := range run {
		names = append(names, name)
		total += n
	}
	sort.Strings(names)
	for _, name := range names {
		if diffs := failed[name]; len(diffs) != 0 {
			t.Errorf("%s: %d of %d differ", name, len(diffs), run[name])
			for _, d := range diffs[:min(len(diffs), maxReported)] {
				t.Log("   ", d)
			}
		}
	}
	t.Logf("%d vectors of %d forms", total, len(run))
	require.NotZero(t, total)
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
