// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

// A state put back goes on exactly as it would have.
func TestStateRoundTrip(t *testing.T) {
	m, p := newIRQ(t)
	// 1: inc eax; sti; add ecx,eax; rep stosb; cli; jmp 1
	m.load(0x40, 0xfb, 0x01, 0xc1, 0xf3, 0xaa, 0xfa, 0xeb, 0xf7)
	m.SetReg(EDI, flatData+0x100)
	m.SetDR(0, flatData+0x180)
	m.SetMSR(msrSysenterESP, 0x1234)
	memory := make([]byte, 16<<20)
	for i := range 200 {
		if i == 50 {
			p.raise(0x30)
		}
		m.Run(1)
		before := m.State()
		m.ReadPhys(0, memory)
		want := append([]uint8(nil), p.want...)
		m.Run(7)
		after := m.State()

		m.WritePhys(0, memory)
		m.SetState(&before)
		p.want = want
		require.Equal(t, before, m.State(), "at %d", i)
		m.Run(7)
		require.Equal(t, after, m.State(), "at %d", i)
		if i%20 != 0 {
			continue
		}
		// A machine that starts from the state goes the same way.
		m2, p2 := newIRQ(t)
		m2.WritePhys(0, memory)
		m2.SetState(&before)
		p2.want = want
		m2.Run(7)
		require.Equal(t, after, m2.State(), "at %d", i)
	}
	require.Equal(t, uint32(1), m.count(1))
}

func TestLoadSegment(t *testing.T) {
	m := newRings(t)
	m.LoadSegment(CS, 0x23)
	require.Equal(t, 3, m.CPL())
	require.Equal(t, Segment{0x23, 0xc0fb, 0, 0xffffffff}, m.SegmentRaw(CS))
	m.LoadSegment(DS, 0x100) // beyond the table
	require.Equal(t, Segment{0x100, 0xc000, 0, 0xffffffff}, m.SegmentRaw(DS))
	m.LoadSegment(DS, 0)
	require.Equal(t, Segment{0, 0xc000, 0, 0xffffffff}, m.SegmentRaw(DS))
	require.Equal(t, Segment{0x30, 0x008b, 0x6000, 0x6b}, m.TR())
	require.Equal(t, Table{0x4000, 0x37}, m.GDTR())
	require.Equal(t, Table{0x5000, 0x7ff}, m.IDTR())
	require.Equal(t, Segment{Attr: attrP | sysLDT, Limit: 0xffff}, m.LDTR()) // as after reset

	m.SetCR(0, m.CR(0)&^(CR0PE|CR0PG))
	m.LoadSegment(ES, 0x1234)
	require.Equal(t, uint32(0x12340), m.SegmentRaw(ES).Base)
}

// SDM vol. 3, table 9-1.
func TestResetState(t *testing.T) {
	m, err := New(Config{RAM: 1 << 20})
	require.NoError(t, err)
	s := m.State()
	require.Equal(t, [8]uint32{x86.EDX: 0x683}, s.GPR)
	require.Equal(t, uint32(0xfff0), s.EIP)
	require.Equal(t, uint32(2), s.Eflags)
	require.Equal(t, Segment{0xf000, 0x93, 0xffff0000, 0xffff}, s.Seg[CS])
	for _, r := range []int{ES, SS, DS, FS, GS} {
		require.Equal(t, Segment{0, 0x93, 0, 0xffff}, s.Seg[r])
	}
	require.Equal(t, uint32(0x60000010), s.CR0)
	require.Zero(t, s.CR2|s.CR3|s.CR4)
	require.Equal(t, [8]uint32{6: 0xffff0ff0, 7: 0x400}, s.DR)
	require.Equal(t, Table{0, 0xffff}, s.GDTR)
	require.Equal(t, Table{0, 0xffff}, s.IDTR)
	require.Equal(t, Segment{0, 0x82, 0, 0xffff}, s.LDTR)
	require.Equal(t, Segment{0, 0x8b, 0, 0xffff}, s.TR)
	require.Zero(t, s.CPL)
}

func TestResetAgain(t *testing.T) {
	m := newRings(t)
	fresh, err := New(Config{RAM: 16 << 20})
	require.NoError(t, err)
	m.load(0xcd, 0x80)
	m.Run(5)
	m.SetDR(7, 0xd0001)
	m.NMI()
	m.Reset()
	want := fresh.State()
	want.Now = m.Now()
	want.msr.tscBase = m.Now()
	require.Equal(t, want, m.State())
	tsc, ok := m.MSR(msrTSC)
	require.True(t, ok)
	require.Zero(t, tsc)
}

func TestModels(t *testing.T) {
	_, err := New(Config{CPU: "z80"})
	require.ErrorContains(t, err, `no CPU model "z80"`)
	for _, model := range Models() {
		m, err := New(Config{RAM: 1 << 20, CPU: model.Name})
		require.NoError(t, err)
		require.Len(t, model.Maker, 12)
		s := m.State()
		require.Equal(t, model.cpuid(1)[0], s.GPR[x86.EDX])
		// A control bit of a feature that CPUID denies is reserved.
		for _, b := range []struct{ feature, cr4 uint32 }{
			{featDE, CR4DE}, {featPSE, CR4PSE}, {featPAE, CR4PAE}, {featPGE, CR4PGE},
			{featFXSR, CR4OSFXSR}, {featSSE, CR4OSXMMEXCPT}, {1 << 1, CR4VME},
		} {
			ok := m.cpu.loadCR4(b.cr4)
			require.Equal(t, model.cpuid(1)[3]&b.feature != 0, ok, "%s: CR4 bit %x", model.Name, b.cr4)
		}
	}
	// Leaves beyond the last give the highest basic one's data.
	m, err := modelByName("pentium3")
	require.NoError(t, err)
	require.Equal(t, m.cpuid(2), m.cpuid(0x80000000))
	require.Equal(t, m.cpuid(2), m.cpuid(77))
	p4, err := modelByName("pentium4")
	require.NoError(t, err)
	require.Equal(t, word("Inte", 0), p4.cpuid(0x80000002)[0])
}

// The last-branch registers (SDM vol. 3, 17.4).
func TestLastBranch(t *testing.T) {
	m := newRings(t)
	m.WritePhys(flatCode+0x800, []byte{0xcf})
	m.load(0x90, 0xeb, 0x10) // nop; jmp +10
	m.WritePhys(flatCode+0x13, []byte{0xcd, 0x80, 0x90})
	require.True(t, m.SetMSR(msrDebugCtl, debugctlLBR))
	m.Run(2)
	read := func(n uint32) uint32 {
		v, ok := m.MSR(n)
		require.True(t, ok)
		return uint32(v)
	}
	require.Equal(t, uint32(flatCode+1), read(msrBranchFrom))
	require.Equal(t, uint32(flatCode+0x13), read(msrBranchTo))
	m.Run(1) // the interrupt
	require.Equal(t, uint32(flatCode+1), read(msrEventFrom))
	require.Equal(t, uint32(flatCode+0x13), read(msrEventTo))
	require.Equal(t, uint32(flatCode+0x13), read(msrBranchFrom))
	require.Equal(t, uint32(flatCode+0x800), read(msrBranchTo))
	m.Run(1) // its IRET
	require.Equal(t, uint32(flatCode+0x800), read(msrBranchFrom))
	require.Equal(t, uint32(flatCode+0x15), read(msrBranchTo))
	require.False(t, m.SetMSR(msrDebugCtl, 1<<20))
}

func TestPerformanceCounters(t *testing.T) {
	m := newRings(t)
	m.load(0x90, 0x90, 0x90, 0x90, 0xeb, 0xfa)
	require.True(t, m.SetMSR(msrEvntSel0, perfRetired|perfUser|perfOS|perfEnable))
	require.True(t, m.SetMSR(msrEvntSel1, 0x24|perfUser|perfOS|perfEnable)) // an event that is not counted
	require.True(t, m.SetMSR(msrPerfCtr0, 0xffffffff))                      // sign-extended to 40 bits
	m.Run(101)
	v, _ := m.MSR(msrPerfCtr0)
	require.Equal(t, uint64(100), v)
	v, _ = m.MSR(msrPerfCtr1)
	require.Zero(t, v)
}

// A breakpoint of the debugger's holds behind STI and MOV SS too, and leaves
// the shadow as it was.
func TestBreakpointInShadow(t *testing.T) {
	m, p := newIRQ(t)
	m.load(0xfb, 0x40, 0xfa, 0xf4) // sti; inc eax; cli; hlt
	p.raise(0x30)
	m.SetBreakpoint(flatCode + 1)
	s := m.Run(Forever)
	require.Equal(t, StopBreakpoint, s.Reason)
	require.Equal(t, uint32(flatCode+1), s.EIP)
	require.Zero(t, m.count(1))
	s = m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason)
	require.Equal(t, uint32(1), m.eaxAt(1))
}

// TestMSRsHaveNames asks that the list of registers is neither short of one
// that some model has nor names one that none has.
func TestMSRsHaveNames(t *testing.T) {
	named := func(n uint32) bool {
		return slices.ContainsFunc(MSRs(), func(r MSRRange) bool { return n >= r.First && n <= r.Last })
	}
	var machines []*Machine
	for _, model := range Models() {
		m, err := New(Config{RAM: PageSize, CPU: model.Name})
		require.NoError(t, err)
		machines = append(machines, m)
	}
	for n := uint32(0); n < 0x2000; n++ {
		exists := slices.ContainsFunc(machines, func(m *Machine) bool {
			_, readable := m.MSR(n)
			return readable || m.SetMSR(n, 0)
		})
		require.Equal(t, exists, named(n), "MSR %x", n)
	}
}
