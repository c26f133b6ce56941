// SPDX-License-Identifier: BSD-3-Clause

// A pair of records does what its halves do one after the other, also where
// the second faults, is rewritten, or is not reached.

package vm

import (
	"math/rand"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

const (
	pairSyscall = flatCode + 0x800 // where newRings' gates lead
	pairFault   = flatCode + 0x900
	pairGone    = 0x00800000 // 4 MB that newPair does not map
)

// newPair returns a machine at CPL 3 with code at flatCode, whose system call
// and page fault halt.
func newPair(t *testing.T, code ...byte) *Machine {
	m := newRings(t)
	m.WritePhys(pairSyscall, []byte{0xf4})
	m.WritePhys(pairFault, []byte{0xf4})
	m.WritePhys32(flatPgdir+pairGone>>22<<2, 0)
	m.load(code...)
	m.Snapshot()
	return m
}

// restart brings m back to where newPair left it, keeping what it has decoded.
func (m *Machine) restart() { m.Restore(m.snapshots[0]) }

func (m *Machine) halts(t *testing.T) {
	t.Helper()
	s := m.Run(100_000)
	require.Equal(t, StopHalt, s.Reason, "%v", s)
}

// requirePair checks that the block at eip begins with this pair.
func (m *Machine) requirePair(t *testing.T, eip uint32, first, second fastHandler) {
	t.Helper()
	want := pairHandlers[keyOf(first, second)]
	require.NotNil(t, want)
	r := m.cpu.cache.jump[jumpSlot(eip)]
	require.Equal(t, eip, r.EIP)
	require.Equal(t, identity(want), identity(r.fn))
}

// twoLoads is mov eax,[flatData]; mov ecx,[second]; int 80.
func twoLoads(second uint32) []byte {
	return []byte{0x8b, 0x05, 0, 0, 0x20, 0, 0x8b, 0x0d, byte(second), byte(second >> 8), byte(second >> 16), byte(second >> 24), 0xcd, 0x80}
}

func TestPairSecondHalfFaults(t *testing.T) {
	m := newPair(t, twoLoads(pairGone)...)
	m.WritePhys32(flatData, 0x1234)
	for range 2 { // the second time the first half has its TLB entry
		m.SetEIP(flatCode)
		m.SetReg(EAX, 0)
		m.SetReg(ECX, 77)
		m.LoadSegment(CS, 0x23)
		m.halts(t)
		m.Wake()
		require.Equal(t, uint32(pairFault+1), m.EIP())
		require.Equal(t, uint32(0x1234), m.Reg(EAX))
		require.Equal(t, uint32(77), m.Reg(ECX))
		require.Equal(t, uint32(pairGone), m.CR(2))
		require.Equal(t, uint32(flatCode+6), m.ReadPhys32(m.Reg(ESP)+4), "EIP in the frame")
		m.requirePair(t, flatCode, opMOV32RMB, opMOV32RMB)
		for _, s := range []int{SS, DS, ES} {
			m.LoadSegment(s, 0x2b)
		}
		m.SetReg(ESP, flatStack)
	}
}

func TestPairAtTheEndOfTheBudget(t *testing.T) {
	m := newPair(t, twoLoads(flatData+4)...)
	m.WritePhys32(flatData, 1)
	m.WritePhys32(flatData+4, 2)
	m.halts(t)
	m.requirePair(t, flatCode, opMOV32RMB, opMOV32RMB)
	for n, want := range [][3]uint32{{0, 9, 9}, {6, 0, 9}, {12, 0, 0}} {
		m.restart()
		m.SetReg(EAX, 9)
		m.SetReg(ECX, 9)
		start := m.Now()
		s := m.Run(uint64(n))
		require.Equal(t, StopLimit, s.Reason)
		require.Equal(t, uint64(n), m.Now()-start)
		require.Equal(t, want, [3]uint32{m.EIP() - flatCode, m.Reg(EAX), m.Reg(ECX)}, "after %d", n)
	}
}

// TestPairFirstHalfWritesTheSecond stores into the immediate of the next
// instruction.
func TestPairFirstHalfWritesTheSecond(t *testing.T) {
	m := newPair(t,
		0x89, 0x15, 0x07, 0x00, 0x10, 0x00, // mov [flatCode+7], edx
		0xb9, 0x11, 0x00, 0x00, 0x00, // mov ecx, 11
		0xcd, 0x80)
	for _, v := range []uint32{0x11, 0x22, 0x33} {
		m.SetEIP(flatCode)
		m.SetReg(EDX, v)
		m.LoadSegment(CS, 0x23)
		require.Equal(t, StopLimit, m.Run(2).Reason)
		require.Equal(t, v, m.Reg(ECX))
		require.Equal(t, uint32(flatCode+11), m.EIP())
	}
	m.restart()
	m.cpu.eip = flatCode
	require.NotNil(t, m.cpu.find())
	m.requirePair(t, flatCode, opMOV32MRB, opMOV32RI)
}

func TestPairStepped(t *testing.T) {
	m := newPair(t, twoLoads(flatData+4)...)
	m.halts(t)
	m.requirePair(t, flatCode, opMOV32RMB, opMOV32RMB)
	m.restart()
	var seen []uint32
	m.SetInstrHook(func(in *x86.Inst) { seen = append(seen, in.EIP) })
	m.halts(t)
	require.Equal(t, []uint32{flatCode, flatCode + 6, flatCode + 12, pairSyscall}, seen)
}

func TestPairWithABreakpointOnItsSecondHalf(t *testing.T) {
	m := newPair(t, twoLoads(flatData+4)...)
	m.WritePhys32(flatData, 1)
	m.WritePhys32(flatData+4, 2)
	m.halts(t)
	m.requirePair(t, flatCode, opMOV32RMB, opMOV32RMB)
	m.restart()
	m.WritePhys32(flatData, 1)
	m.SetReg(ECX, 9)
	m.SetBreakpoint(flatCode + 6)
	require.Equal(t, StopBreakpoint, m.Run(100).Reason)
	require.Equal(t, [3]uint32{flatCode + 6, 1, 9}, [3]uint32{m.EIP(), m.Reg(EAX), m.Reg(ECX)})
	m.ClearBreakpoint(flatCode + 6)
	m.halts(t)
	require.NotEqual(t, uint32(9), m.Reg(ECX))
}

// same compares what the guest can see of two machines.
func same(t *testing.T, want, got *Machine, context ...any) {
	t.Helper()
	require.Equal(t, want.EIP(), got.EIP(), context...)
	require.Equal(t, want.cpu.gpr, got.cpu.gpr, context...)
	require.Equal(t, want.Eflags(), got.Eflags(), context...)
	require.Equal(t, want.Now(), got.Now(), context...)
}

// TestPairsInWorkloads runs each workload in pieces, beside a machine that
// steps and so has no pairs.
func TestPairsInWorkloads(t *testing.T) {
	objs, _ := filepath.Glob(filepath.Join(benchDir, "obj", "*.o"))
	require.NotEmpty(t, objs)
	used := map[unsafe.Pointer]bool{}
	for _, o := range objs {
		fast, slow := newFlat(t), newFlat(t)
		for _, m := range []*Machine{fast, slow} {
			entry := loadObject(t, m, o, 0x00400000)
			m.WritePhys32(flatStack-4, 1000)
			m.SetReg(ESP, flatStack-8)
			m.SetEIP(entry)
		}
		slow.SetInstrHook(func(*x86.Inst) {})
		for i := range uint64(120) {
			n := 1 + i*7919%499
			fast.Run(n)
			slow.Run(n)
			same(t, slow, fast, "%s, piece %d of %d", filepath.Base(o), i, n)
		}
		notePairs(fast, used)
	}
	require.Greater(t, len(used), 100, "pairs in use")
}

var isPair = func() map[unsafe.Pointer]bool {
	is := map[unsafe.Pointer]bool{}
	for _, h := range pairHandlers {
		is[identity(h)] = true
	}
	return is
}()

// notePairs adds the pairs that m has decoded.
func notePairs(m *Machine, used map[unsafe.Pointer]bool) {
	for _, p := range m.cpu.cache.pages {
		for _, b := range p.blocks {
			for i := range b.recs {
				if h := identity(b.recs[i].fn); isPair[h] {
					used[h] = true
				}
			}
		}
	}
}

// TestPairsAtRandom runs random instructions, some of which fault, in one go
// and in steps.
func TestPairsAtRandom(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	used := map[unsafe.Pointer]bool{}
	fast, slow := newPair(t), newPair(t)
	slow.SetInstrHook(func(*x86.Inst) {})
	for i := range uint32(2500) {
		code, at := randomCode(rng), flatCode+0x1000+i%64*pageSize
		var gpr [16]uint32
		for r := range 8 {
			gpr[r] = rng.Uint32()
		}
		gpr[x86.EDI] = []uint32{flatData + 0x800, flatData + 0xfc0, pairGone - 0x40}[rng.Intn(3)]
		gpr[x86.ESI], gpr[x86.ESP] = uint32(rng.Intn(16)), flatStack
		run := func(m *Machine) {
			m.restart()
			m.WritePhys(at, code)
			m.cpu.gpr, m.cpu.eip = gpr, at
			m.halts(t)
		}
		run(fast)
		notePairs(fast, used)
		run(slow)
		same(t, slow, fast, "% x", code)
		for _, pa := range []uint32{flatData, pairGone - pageSize, flatStack - pageSize} {
			var a, b [pageSize]byte
			fast.ReadPhys(pa, a[:])
			slow.ReadPhys(pa, b[:])
			require.True(t, a == b, "% x: memory differs", code)
		}
	}
	require.Greater(t, len(used), 150, "pairs in use")
}

// randomCode is a dozen instructions of the kinds that pairs are made of, and
// a system call. It begins with accesses that fill the TLB.
func randomCode(rng *rand.Rand) []byte {
	code := []byte{0x8b, 0x07, 0x89, 0x07, 0x50} // mov eax,[edi]; mov [edi],eax; push eax
	for range 12 {
		code = append(code, randomInsn(rng)...)
	}
	return append(code, 0xcd, 0x80)
}

func randomInsn(rng *rand.Rand) []byte {
	pick := func(of ...byte) byte { return of[rng.Intn(len(of))] }
	any8 := func() byte { return byte(rng.Intn(256)) }
	reg := pick(0, 1, 2, 3, 5) // one that may change: not ESP, and not ESI and EDI, which address memory
	rm := byte(rng.Intn(8))
	alu := pick(0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39)
	near := byte(rng.Intn(0x60)) // displacement
	mem := func(op ...byte) []byte {
		r := op[len(op)-1]
		op = op[:len(op)-1]
		if rng.Intn(3) == 0 { // [edi+esi*2^n+disp]
			return append(op, 0x44|r<<3, byte(rng.Intn(4))<<6|6<<3|7, near)
		}
		return append(op, 0x47|r<<3, near) // [edi+disp]
	}
	imm32 := func(b ...byte) []byte { return append(b, any8(), any8(), any8(), any8()) }
	switch rng.Intn(28) {
	case 0, 1, 2:
		return mem(0x8b, reg)
	case 3, 4:
		return mem(0x89, rm)
	case 5:
		return []byte{0x89, 0xc0 | rm<<3 | reg}
	case 6, 7, 8:
		return []byte{alu, 0xc0 | rm<<3 | reg}
	case 9:
		return mem(alu+2, reg)
	case 10:
		return mem(alu, rm)
	case 11, 12:
		return []byte{0x83, 0xc0 | alu&0x38 | reg, any8()}
	case 13:
		return []byte{0xc1, 0xc0 | pick(0, 1, 4, 5, 7)<<3 | reg, any8()}
	case 14:
		return mem(0x0f, pick(0xb6, 0xb7, 0xbe, 0xbf), reg)
	case 15:
		return []byte{0x0f, pick(0xb6, 0xb7, 0xbe, 0xbf), 0xc0 | reg<<3 | rm}
	case 16:
		return []byte{pick(0x40, 0x48) | reg}
	case 17:
		return mem(0x8d, reg)
	case 18:
		return []byte{pick(0x50, 0x58) | reg}
	case 19:
		return imm32(mem(0xc7, 0)...)
	case 20:
		return append(mem(pick(0xc6, 0x80), 0), any8())
	case 21:
		return imm32(0xb8 | reg)
	case 22:
		return []byte{0x0f, 0xaf, 0xc0 | reg<<3 | rm}
	case 23:
		return []byte{pick(0x84, 0x85), 0xc0 | rm<<3 | reg, 0x70 | byte(rng.Intn(16)), 0} // test; jcc to the next
	case 24:
		return []byte{0x83, 0xf8 | reg, any8(), 0x70 | byte(rng.Intn(16)), 0} // cmp; jcc
	case 25:
		return []byte{pick(0xaa, 0xab, 0xad, 0xae, 0xac)}
	case 26:
		return []byte{0xf7, 0xc0 | pick(2, 3)<<3 | reg}
	}
	return append(mem(pick(0x38, 0x39, 0x3b), reg), 0x70|byte(rng.Intn(16)), 0)
}
