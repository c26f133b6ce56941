// SPDX-License-Identifier: BSD-3-Clause

// Probes and watches that tell somebody at once.

package vm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestProbe counts executions of instructions inside a block, on a repeated string instruction, and beside a breakpoint;
// and lets one go on elsewhere.
func TestProbe(t *testing.T) {
	for _, monitored := range []bool{false, true} {
		m, _ := newIRQ(t)
		m.load(
			0xbf, 0, 0, 0x20, 0, //  0 mov edi, 200000
			0xb9, 5, 0, 0, 0, //     5 mov ecx, 5
			0xf3, 0xaa, //           a rep stosb
			0x40,       //           c inc eax
			0x43,       //           d inc ebx
			0xeb, 0xf0) //           e jmp 0
		if monitored {
			m.SetMonitor(Monitor{Boundary: func(Boundary) {}})
		}
		eax, ebx := m.Reg(EAX), m.Reg(EBX)
		count, skipped := 0, 0
		m.SetProbe(flatCode+0xa, func() { count++ })
		m.SetProbe(flatCode+0xd, func() {
			if skipped++; skipped%2 == 0 {
				m.SetEIP(flatCode + 0xe)
			}
		})
		m.SetBreakpoint(flatCode + 0xa)
		const turn, turns = 10, 100
		stops := 0
		for m.Now() < turn*turns {
			if m.Run(turn*turns-m.Now()).Reason == StopBreakpoint {
				stops++
			}
		}
		require.InDelta(t, turns, count, 8)
		require.Equal(t, int(m.Reg(EAX)-eax), skipped)
		require.Equal(t, (skipped+1)/2, int(m.Reg(EBX)-ebx))
		if monitored {
			require.Zero(t, stops, "the monitor is called instead")
		} else {
			require.Equal(t, count, stops)
		}
		m.SetProbe(flatCode+0xa, nil)
		m.ClearBreakpoint(flatCode + 0xa)
		before := count
		m.Run(turn * turns)
		require.Equal(t, before, count)
	}
}

// TestWatchTellsAtOnce has an access reported while its instruction is executed.
func TestWatchTellsAtOnce(t *testing.T) {
	m, _ := newIRQ(t)
	m.load(
		0x40,                //  0 inc eax
		0xa3, 0, 0, 0x20, 0, //   1 mov [200000], eax
		0xa1, 2, 0, 0x20, 0, //   6 mov eax, [200002]
		0xeb, 0xf3) //            b jmp 0
	var got []WatchEvent
	w := m.Watch(Watched{First: 0x200000, Last: 0x200003, Read: true, Write: true, Fn: func(e WatchEvent) { got = append(got, e) }})
	m.Run(4)
	require.Equal(t, []WatchEvent{
		{Range: w, Addr: 0x200000, Size: 4, Value: got[0].Value, Write: true, EIP: flatCode + 1},
		{Range: w, Addr: 0x200002, Size: 4, Value: got[1].Value, EIP: flatCode + 6},
	}, got)
	m.Unwatch(w)
	m.Run(40)
	require.Len(t, got, 2)
}
