// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
)

// fingerprint is everything a program could find out.
func (m *Machine) fingerprint() [32]byte {
	h := sha256.New()
	h.Write(m.RAM())
	s := m.State()
	for _, v := range append(s.GPR[:], s.EIP, s.Eflags, s.CR0, s.CR2, s.CR3, s.CR4) {
		h.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
	}
	n := s.Now
	for range 8 {
		h.Write([]byte{byte(n)})
		n >>= 8
	}
	return [32]byte(h.Sum(nil))
}

// TestSnapshotWorkloads goes forwards and back again and again in programs
// that write memory in every way, and ends where a straight run does.
func TestSnapshotWorkloads(t *testing.T) {
	for _, name := range []string{"coremk", "memmix", "interp", "strops", "sieve"} {
		t.Run(name, func(t *testing.T) {
			start := func() *Machine {
				m := newFlat(t)
				entry := loadObject(t, m, benchDir+"/obj/"+name+".o", 0x00400000)
				m.WritePhys32(flatStack-4, 5)
				m.SetReg(ESP, flatStack-8)
				m.SetEIP(entry)
				return m
			}
			const step = 20_011
			m := start()
			first := m.Snapshot()
			var marks []*Snapshot
			var prints [][32]byte
			for range 4 {
				marks, prints = append(marks, m.Snapshot()), append(prints, m.fingerprint())
				require.Equal(t, StopLimit, m.Run(step).Reason)
			}
			end := m.fingerprint()
			for i := 3; i >= 0; i-- {
				require.True(t, m.Restore(marks[i]))
				require.Equal(t, prints[i], m.fingerprint(), "back at snapshot %d", i)
				require.Equal(t, StopLimit, m.Run(uint64(4-i)*step).Reason)
				require.Equal(t, end, m.fingerprint(), "again from snapshot %d", i)
			}
			straight := start()
			require.Equal(t, StopLimit, straight.Run(4*step).Reason)
			require.Equal(t, end, straight.fingerprint(), "a run without snapshots")

			require.True(t, m.Restore(first))
			require.False(t, m.Restore(marks[2]), "a later snapshot is forgotten")
			m.Forget(first)
			require.Zero(t, m.phys.lineStates(0, m.phys.ramSize)&lineUnsaved, "no snapshot, no marks")
		})
	}
}

// TestSnapshotForget drops a snapshot in the middle: the one before it still
// brings everything back.
func TestSnapshotForget(t *testing.T) {
	m := newFlat(t)
	a := m.Snapshot()
	m.WritePhys32(flatData, 1)
	b := m.Snapshot()
	m.WritePhys32(flatData, 2)
	m.WritePhys32(flatData+pageSize, 3)
	m.Forget(b)
	m.WritePhys32(flatData+2*pageSize, 4)
	require.True(t, m.Restore(a))
	for i := range uint32(3) {
		require.Zero(t, m.ReadPhys32(flatData+i*pageSize))
	}
}

// TestSnapshotEvents brings back what was scheduled.
func TestSnapshotEvents(t *testing.T) {
	m := newFlat(t)
	m.load(0xeb, 0xfe) // 1: jmp 1
	var fired []uint64
	m.Schedule(100, func() { fired = append(fired, m.Now()) })
	s := m.Snapshot()
	m.Run(200)
	require.Equal(t, []uint64{100}, fired)
	m.Schedule(250, func() { t.Fatal("scheduled after the snapshot") })
	m.Restore(s)
	m.Run(300)
	require.Equal(t, []uint64{100, 100}, fired)
}

func BenchmarkSnapshot(b *testing.B) {
	m := newFlat(b)
	m.load(loops[1].code...)
	for b.Loop() {
		s := m.Snapshot()
		m.Run(10_000)
		m.Restore(s)
		m.Forget(s)
	}
}
