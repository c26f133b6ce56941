// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// inb and outb are port accesses of the guest's own.
func (g *guest) inb(port uint32) uint8 {
	g.t.Helper()
	return uint8(g.result(g.put(code(0xba, port, 0x31, 0xc0, 0xec, 0xc3)...))) // mov port,%edx; xor %eax,%eax; in (%dx),%al
}

func (g *guest) outb(port, v uint32) {
	g.t.Helper()
	g.result(g.put(code(0xba, port, movEax(v), 0xee, 0x31, 0xc0, 0xc3)...))
}

// What drivers look for: latches that can be read back, inputs that float, no EPP and no extended registers.
func TestParallelPort(t *testing.T) {
	g := newGuest(t, Config{})
	require.Equal(t, uint8(lptIdle|lptTimeout), g.inb(lptBase+lptStatus))
	g.outb(lptBase+lptStatus, 0)
	require.Equal(t, uint8(lptIdle|lptTimeout), g.inb(lptBase+lptStatus), "the timeout bit is stuck")
	for _, v := range []uint32{0x0c, 0x0e} {
		g.outb(lptBase+lptControl, v)
		require.Equal(t, uint8(v|lptUnused), g.inb(lptBase+lptControl))
	}
	for _, v := range []uint32{0x55, 0xaa} {
		g.outb(lptBase, v)
		require.Equal(t, uint8(v), g.inb(lptBase))
	}
	g.outb(lptBase+lptControl, 0x0c|lptReverse)
	require.Equal(t, uint8(0xff), g.inb(lptBase))
	for _, nothing := range []uint32{lptBase + 3, lptBase + 4, lptBase + 7, lptBase + 0x402} {
		g.outb(nothing, 0x34)
		require.Equal(t, uint8(0xff), g.inb(nothing))
	}
	g.outb(lptBase+lptControl, 0)
	require.Equal(t, uint8(lptIdle), g.inb(lptBase+lptStatus), "the device was reset")
}

// A byte is strobed: busy, acknowledged, ready. The end of the strobe is the interrupt.
func TestParallelPortStrobe(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	calls := 0
	g.handler(lptLine, 0, 0, func(*Call) { calls++ })
	strobe := func(extra uint32) {
		g.outb(lptBase+lptControl, extra|lptSelect|lptNoReset)
		g.outb(lptBase+lptControl, extra|lptSelect|lptNoReset|lptStrobe)
		require.Zero(t, g.inb(lptBase+lptStatus)&lptReady)
		g.outb(lptBase+lptControl, extra|lptSelect|lptNoReset)
	}
	strobe(0)
	require.Equal(t, uint8(lptAck), g.inb(lptBase+lptStatus)&(lptReady|lptAck))
	require.Zero(t, g.inb(lptBase+lptStatus)&(lptReady|lptAck))
	require.Equal(t, uint8(lptReady|lptAck), g.inb(lptBase+lptStatus)&(lptReady|lptAck))
	require.Nil(t, k.RunTicks(2))
	require.Zero(t, calls, "interrupts of the port are off")
	for want := range 2 {
		strobe(lptIRQ)
		require.Nil(t, k.RunTicks(2))
		require.Equal(t, want+1, calls)
		g.inb(lptBase + lptStatus) // takes the interrupt away
	}
}

// The ports belong to nobody until a driver asks for them.
func TestParallelPortIsFree(t *testing.T) {
	g := newGuest(t, Config{})
	g.inKernel(func(*Call) {
		require.NotZero(t, g.export("__request_region", g.k.sym.IoportResource, lptBase, 3, g.put('p', 0)))
		require.Equal(t, -int32(abi.EBUSY), int32(g.export("__check_region", g.k.sym.IoportResource, lptBase, 8)))
	})
}
