// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

// ringCase is a machine about to enter or leave ring 0, with something
// changed at random: most of what the short way must notice.
type ringCase struct {
	m    *Machine
	r    *rand.Rand
	ev   event
	gate descriptor
}

const (
	testGDT = 0x4000
	testTSS = 0x6000
)

// newRingCase puts the machine into state start at CPL 0 or 3, with pages warm.
func newRingCase(m *Machine, start *State, r *rand.Rand) *ringCase {
	m.SetState(start)
	if r.Intn(2) == 0 {
		m.LoadSegment(CS, 0x10)
		m.LoadSegment(SS, 0x18)
		m.SetReg(ESP, flatStack-0x2000)
	}
	c := &m.cpu
	for _, la := range []uint32{testGDT, testTSS, flatStack - 0x1004, flatStack - 4, flatStack - 0x2004, flatStack - 0x2000} {
		c.translate(la, accWrite)
		c.translate(la, accWrite|accUser)
	}
	return &ringCase{m: m, r: r, gate: 0x0010_ef00_0010_0800 | descriptor(r.Intn(2))<<40}
}

// one reports true one time in n.
func (rc *ringCase) one(n int) bool { return rc.r.Intn(n) == 0 }

func (rc *ringCase) poke(pa uint32, bit int) {
	b := []byte{0}
	rc.m.ReadPhys(pa+uint32(bit/8), b)
	b[0] ^= 1 << (bit % 8)
	rc.m.WritePhys(pa+uint32(bit/8), b)
}

// spoil changes things.
func (rc *ringCase) spoil() {
	c, r := &rc.m.cpu, rc.r
	if rc.one(3) {
		rc.poke(testGDT+8*uint32(2+r.Intn(5)), r.Intn(64))
	}
	if rc.one(8) {
		rc.poke(testTSS+4, r.Intn(48))
	}
	if rc.one(6) {
		c.setEflags(uint32(r.Intn(1<<22)) &^ FlagVM)
	}
	if rc.one(10) {
		c.cr0 |= CR0AM
	}
	if rc.one(10) {
		c.gdtr.limit = uint16(r.Intn(0x40))
	}
	if rc.one(10) {
		c.tr.limit = uint32(r.Intn(16))
	}
	if rc.one(10) {
		c.tr.attr ^= 1 << r.Intn(8)
	}
	if rc.one(6) {
		c.gpr[x86.ESP] += uint32(r.Intn(64)) - 32
	}
	if rc.one(6) {
		s := uint8(r.Intn(6))
		if s != x86.CS {
			c.seg[s].attr ^= 1 << r.Intn(8)
		}
	}
	if rc.one(10) {
		c.seg[[]uint8{x86.ES, x86.DS, x86.FS, x86.GS}[r.Intn(4)]] = segment{sel: uint16(r.Intn(4))}
	}
	c.updateMode()
}

// both runs the short way and, from the same state, the long way, and
// compares. It returns whether the short one was gone.
func (rc *ringCase) both(t *testing.T, short, long func() bool) bool {
	m := rc.m
	before := m.State()
	memory := m.lowMemory()
	gone := short()
	after := m.State()
	if !gone {
		require.Equal(t, before, after)
		require.Equal(t, memory, m.lowMemory())
		return false
	}
	shortMemory := m.lowMemory()
	shortMode, shortTLB := m.cpu.mode, m.cpu.tlb
	m.restoreLow(memory)
	m.SetState(&before)
	m.cpu.exit = exitNone
	require.True(t, long(), "the long way faults: %+v", m.cpu.pending)
	require.Equal(t, m.State(), after)
	require.Equal(t, m.lowMemory(), shortMemory)
	require.Equal(t, m.cpu.mode, shortMode)
	require.Same(t, m.cpu.tlb, shortTLB)
	return true
}

// What these tests write: tables, and the stacks' pages.
var lowRanges = [][2]uint32{{testGDT, 0x3000}, {flatStack - 0x3000, 0x4000}}

func (m *Machine) lowMemory() (b []byte) {
	for _, r := range lowRanges {
		part := make([]byte, r[1])
		m.ReadPhys(r[0], part)
		b = append(b, part...)
	}
	return b
}

func (m *Machine) restoreLow(b []byte) {
	for _, r := range lowRanges {
		m.WritePhys(r[0], b[:r[1]])
		b = b[r[1]:]
	}
}

func TestFastGateAgrees(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	m := newRings(t)
	start, memory := m.State(), m.lowMemory()
	gone := 0
	const n = 10000
	for range n {
		m.restoreLow(memory)
		rc := newRingCase(m, &start, r)
		rc.ev = event{kind: eventKind(r.Intn(5)), next: r.Uint32(), fault: fault{vector: 0x80}}
		if rc.one(2) {
			rc.ev.hasErr, rc.ev.err = true, r.Uint32()
		}
		rc.spoil()
		if rc.one(4) {
			rc.gate ^= 1 << r.Intn(64)
		}
		long := func() bool {
			// What throughGate checks before.
			ok := rc.gate.present() && (rc.ev.kind != evSoftware || rc.gate.dpl() >= m.cpu.cpl) &&
				(rc.gate.kind() == sysInt32 || rc.gate.kind() == sysTrap32)
			return ok && m.cpu.toHandler(&rc.ev, rc.gate)
		}
		if rc.both(t, func() bool { return m.cpu.fastGate(&rc.ev, rc.gate) }, long) {
			gone++
		}
	}
	require.Greater(t, gone, n/4)
}

func TestFastIRETAgrees(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	m := newRings(t)
	start, memory := m.State(), m.lowMemory()
	gone := 0
	const n = 10000
	for range n {
		m.restoreLow(memory)
		rc := newRingCase(m, &start, r)
		m.LoadSegment(CS, 0x10)
		m.LoadSegment(SS, 0x18)
		top := uint32(flatStack - 0x1000 - 20)
		m.SetReg(ESP, top)
		m.WritePhys32(top, r.Uint32())
		flags := r.Uint32() & (1<<22 - 1)
		if !rc.one(6) {
			flags &^= FlagVM
		}
		m.WritePhys32(top+8, flags)
		outer := rc.one(2)
		sels := []uint32{0x10, 0x18}
		if outer {
			sels = []uint32{0x23, 0x2b}
		}
		if rc.one(8) {
			sels[r.Intn(2)] ^= 1 << r.Intn(8)
		}
		m.WritePhys32(top+4, sels[0])
		m.WritePhys32(top+12, r.Uint32())
		m.WritePhys32(top+16, sels[1])
		rc.spoil()
		if rc.both(t, func() bool { return m.cpu.fastIRET() }, func() bool {
			m.cpu.iretProtected(4)
			return m.cpu.exit == exitNone
		}) {
			gone++
		}
	}
	require.Greater(t, gone, n/4)
}
