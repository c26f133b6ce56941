// SPDX-License-Identifier: BSD-3-Clause

// The monitor: where it is called must not depend on how the machine got there.

package vm

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// monitored is one call of the monitor.
type monitored struct {
	place Place
	eip   uint32
	what  string
}

// watching runs code for n instructions with a monitor and returns its calls.
func watching(t *testing.T, each bool, n uint64, prepare func(m *Machine)) (calls []monitored) {
	m, _ := newIRQ(t)
	prepare(m)
	m.SetMonitor(Monitor{
		Boundary: func(b Boundary) {
			what := ""
			if b.Break {
				what = "break"
			}
			for _, h := range b.Hits {
				what += fmt.Sprintf(" %x:%x%+d=%x w%v", h.EIP, h.Addr, h.Size, h.Value, h.Write)
			}
			if what != "" {
				calls = append(calls, monitored{m.Place(), m.EIP(), what})
			}
		},
		Fault: func(f Fault) {
			calls = append(calls, monitored{m.Place(), m.EIP(), fmt.Sprintf("fault %d code %x", f.Vector, f.Code)})
		},
	})
	m.MonitorEach(each)
	require.Equal(t, StopLimit, m.Run(n).Reason)
	return calls
}

// TestMonitorSeesTheSame compares calls in blocks with calls at every
// instruction: breakpoints inside blocks and on a repeated string instruction,
// reads, writes and read-modify-writes of watched memory.
func TestMonitorSeesTheSame(t *testing.T) {
	prepare := func(m *Machine) {
		m.load(
			0xbf, 0, 0, 0x20, 0, //  0 mov edi, 200000
			0xb9, 5, 0, 0, 0, //     5 mov ecx, 5
			0xb8, 7, 0, 0, 0, //     a mov eax, 7
			0xf3, 0xaa, //           f rep stosb
			0xa1, 0, 0, 0x20, 0, // 11 mov eax, [200000]
			0xff, 0x05, 3, 0, 0x20, 0, // 16 inc dword [200003]
			0x50,       // 1c push eax
			0x58,       // 1d pop eax
			0xeb, 0xe0) // 1e jmp 0
		m.SetBreakpoint(flatCode + 0xf)
		m.SetBreakpoint(flatCode + 0x16)
		m.Watch(Watched{First: 0x200003, Last: 0x200004, Write: true})
		m.Watch(Watched{First: 0x200001, Last: 0x200001, Read: true})
		m.Watch(Watched{First: m.Reg(ESP) - 4, Last: m.Reg(ESP) - 1, Read: true})
	}
	fast := watching(t, false, 2000, prepare)
	require.Equal(t, fast, watching(t, true, 2000, prepare))
	const turn = 13
	want := []monitored{
		{Place{3, 0}, flatCode + 0xf, "break"},
		{Place{7, 0}, flatCode + 0xf, fmt.Sprintf(" %x:200003+1=7 wtrue", flatCode+0xf)},
		{Place{8, 0}, flatCode + 0x11, fmt.Sprintf(" %x:200004+1=7 wtrue", flatCode+0xf)},
		{Place{9, 0}, flatCode + 0x16, fmt.Sprintf("break %x:200000+4=7070707 wfalse", flatCode+0x11)},
		{Place{10, 0}, flatCode + 0x1c, fmt.Sprintf(" %x:200003+4=708 wtrue", flatCode+0x16)},
	}
	require.Equal(t, want, fast[:5])
	require.Equal(t, uint64(12), fast[5].place.Count, "pop: %+v", fast[5])
	for i := range len(fast) - 6 {
		require.Equal(t, fast[i].place.Count+turn, fast[i+6].place.Count, i)
		require.Equal(t, fast[i].what, fast[i+6].what)
	}
}

// TestMonitorAt stands at each count asked for, once.
func TestMonitorAt(t *testing.T) {
	m := newFlat(t)
	m.load(loops[0].code...)
	var at []uint64
	m.SetMonitor(Monitor{Boundary: func(Boundary) {
		at = append(at, m.Now())
		m.MonitorAt(m.Now() + 1013)
	}})
	m.MonitorAt(5)
	require.Equal(t, StopLimit, m.Run(3000).Reason)
	require.Equal(t, []uint64{5, 1018, 2031}, at)
}

// TestMonitorChanges lets the monitor change EIP and step.
func TestMonitorChanges(t *testing.T) {
	m := newFlat(t)
	m.load(0x40, 0x43, 0x43, 0xeb, 0xfe) // inc eax; inc ebx; inc ebx; jmp $
	m.SetBreakpoint(flatCode)
	m.SetMonitor(Monitor{Boundary: func(b Boundary) {
		if b.Break {
			m.SetEIP(flatCode + 2)
			m.MonitorEach(true)
			return
		}
		require.Equal(t, uint32(flatCode+3), m.EIP())
		m.MonitorEach(false)
	}})
	require.Equal(t, StopLimit, m.Run(10).Reason)
	require.Equal(t, uint32(0), m.Reg(EAX))
	require.Equal(t, uint32(1), m.Reg(EBX))
}

// TestMonitorGoesBack restores a snapshot from inside the monitor, by leaving
// Run with a panic.
func TestMonitorGoesBack(t *testing.T) {
	m := newFlat(t)
	m.load(loops[1].code...)
	type back struct{}
	var snap *Snapshot
	again := 0
	m.SetMonitor(Monitor{Boundary: func(Boundary) {
		switch {
		case snap == nil:
			snap = m.Snapshot()
			m.MonitorAt(50_000)
		case m.Now() == 777:
			again++
			m.MonitorAt(50_000)
		default:
			panic(back{})
		}
	}})
	m.MonitorAt(777)
	var prints [][32]byte
	run := func() {
		defer func() { require.Equal(t, back{}, recover()) }()
		m.Run(1_000_000)
	}
	for range 3 {
		run()
		prints = append(prints, m.fingerprint())
		require.True(t, m.Restore(snap))
		m.MonitorAt(777)
	}
	require.Equal(t, 2, again)
	require.Equal(t, prints[0], prints[1])
	require.Equal(t, prints[0], prints[2])
}

// TestMonitorFault is called with the machine as the instruction found it.
func TestMonitorFault(t *testing.T) {
	prepare := func(m *Machine) {
		m.load(0x40, 0x0f, 0x0b, 0x43, 0xeb, 0xfe)             // inc eax; ud2; inc ebx; jmp $
		m.WritePhys(0x5000, []byte{0x83, 0x04, 0x24, 2, 0xcf}) // add dword [esp], 2; iret
		m.WritePhys(0x6000+VecUD*8, []byte{0, 0x50, 0x10, 0, 0, 0x8e, 0, 0})
		m.SetIDTR(0x6000, 0x7ff)
		m.WritePhys(0x7010, []byte{0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0})
		m.SetGDTR(0x7000, 0x1f)
	}
	for _, each := range []bool{false, true} {
		calls := watching(t, each, 20, prepare)
		require.Equal(t, []monitored{{Place{1, 1}, flatCode + 1, "fault 6 code 0"}}, calls)
	}
}
