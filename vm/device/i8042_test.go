// SPDX-License-Identifier: BSD-3-Clause

package device

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type testKBC struct {
	b *bench
	*I8042
	irq1, irq12, a20 wire
	resets           []Reset
}

func newTestKBC(t *testing.T) *testKBC {
	k := &testKBC{b: newBench(t)}
	var err error
	k.I8042, err = NewI8042(k.b.m, k.b.clock, I8042Config{
		IRQ1: k.irq1.line(), IRQ12: k.irq12.line(), A20: k.a20.line(),
		Reset: func(r Reset) { k.resets = append(k.resets, r) },
	})
	require.NoError(t, err)
	return k
}

func (k *testKBC) cmd(v uint8, data ...uint8) {
	k.I8042.Out(0x64, v)
	for _, d := range data {
		k.I8042.Out(0x60, d)
	}
}

// keys sends the keyboard a byte and collects what it answers in ms milliseconds.
func (k *testKBC) keys(ms uint64, out ...uint8) (got []uint8) {
	for _, v := range out {
		k.I8042.Out(0x60, v)
		got = append(got, k.collect(ms)...)
	}
	return got
}

func (k *testKBC) collect(ms uint64) (got []uint8) {
	for range ms * 2 {
		k.b.run(rate / 2000)
		if k.In(0x64)&kbdFull != 0 {
			got = append(got, k.In(0x60))
		}
	}
	return got
}

func TestKBCSelfTest(t *testing.T) {
	k := newTestKBC(t)
	require.EqualValues(t, 0x10, k.In(0x64))
	k.cmd(0xaa)
	require.EqualValues(t, 0x1d, k.In(0x64), "full, system flag, command")
	require.EqualValues(t, 0x55, k.In(0x60))
	require.EqualValues(t, 0x1c, k.In(0x64))
	for _, c := range []struct{ cmd, want uint8 }{{0xab, 0}, {0xa9, 0}, {0xa4, 0xf1}, {0xc0, 0xb0}, {0xe0, 0x00}} {
		k.cmd(c.cmd)
		require.EqualValues(t, c.want, k.In(0x60), "command %x", c.cmd)
	}
}

func TestKBCCommandByte(t *testing.T) {
	k := newTestKBC(t)
	k.cmd(0x60, 0x47)
	require.EqualValues(t, 0x14, k.In(0x64), "the last write was data; system flag")
	k.cmd(0x20)
	require.EqualValues(t, 0x47, k.In(0x60))
	k.cmd(0xad)
	k.cmd(0xa7)
	k.cmd(0x20)
	require.EqualValues(t, 0x77, k.In(0x60))
	k.cmd(0xae)
	k.cmd(0xa8)
	k.cmd(0x20)
	require.EqualValues(t, 0x47, k.In(0x60))
	k.cmd(0x7f, 0xa5)
	k.cmd(0x3f)
	require.EqualValues(t, 0xa5, k.In(0x60), "RAM byte 1f")
}

func TestKBCOutputPort(t *testing.T) {
	k := newTestKBC(t)
	require.True(t, k.a20.high, "open at power-up")
	k.cmd(0xd1, 0xdd)
	require.False(t, k.a20.high)
	k.cmd(0xd0)
	require.EqualValues(t, 0xcd, k.In(0x60))
	k.cmd(0xd1, 0xdf)
	require.True(t, k.a20.high)
	require.Empty(t, k.resets)
	k.cmd(0xfe)
	k.cmd(0xd1, 0xde)
	require.Equal(t, []Reset{ResetCPU, ResetCPU}, k.resets)
	k.cmd(0xff)
	require.Len(t, k.resets, 2, "nothing pulsed")
}

func TestKBCBuffers(t *testing.T) {
	k := newTestKBC(t)
	k.cmd(0x60, 0x03)
	k.cmd(0xd2, 0x11)
	k.cmd(0xd3, 0x22)
	require.EqualValues(t, 0, k.In(0x64)&kbdAux)
	require.True(t, k.irq1.high)
	require.False(t, k.irq12.high)
	require.EqualValues(t, 0x11, k.In(0x60))
	require.False(t, k.irq1.high)
	require.True(t, k.irq12.high)
	require.EqualValues(t, kbdAux, k.In(0x64)&kbdAux)
	require.EqualValues(t, 0x22, k.In(0x60))
	k.cmd(0xd4, 0xff)
	require.EqualValues(t, kbdFull|kbdAux|kbdTimeout, k.In(0x64)&0x61, "no mouse")
	require.EqualValues(t, 0xfe, k.In(0x60))
}

// TestKBCEdges: each byte is an interrupt of its own.
func TestKBCEdges(t *testing.T) {
	k := newTestKBC(t)
	k.cmd(0x60, 0x01)
	k.cmd(0xd2, 1)
	k.cmd(0xd2, 2)
	k.cmd(0xd2, 3)
	rises := k.irq1.rises
	for range 3 {
		k.In(0x60)
	}
	require.Equal(t, rises+2, k.irq1.rises)
}

func TestKeyboardCommands(t *testing.T) {
	k := newTestKBC(t)
	k.cmd(0x60, 0x00) // no translation
	for _, c := range []struct {
		name      string
		out, want []uint8
	}{
		{"echo", []uint8{0xee}, []uint8{0xee}},
		{"identify", []uint8{0xf2}, []uint8{0xfa, 0xab, 0x83}},
		{"LEDs", []uint8{0xed, 0x02}, []uint8{0xfa, 0xfa}},
		{"LEDs, bad", []uint8{0xed, 0x12}, []uint8{0xfa, 0xfe}},
		{"rate", []uint8{0xf3, 0x20}, []uint8{0xfa, 0xfa}},
		{"scan set", []uint8{0xf0, 0x00}, []uint8{0xfa, 0xfa, 0x02}},
		{"scan set 3", []uint8{0xf0, 0x03, 0xf0, 0x00}, []uint8{0xfa, 0xfa, 0xfa, 0xfa, 0x03}},
		{"defaults", []uint8{0xf6, 0xf0, 0x00}, []uint8{0xfa, 0xfa, 0xfa, 0x02}},
		{"a command ends another", []uint8{0xed, 0xee}, []uint8{0xfa, 0xee}},
		{"resend", []uint8{0xf2, 0xfe}, []uint8{0xfa, 0xab, 0x83, 0x83}},
		{"unknown", []uint8{0x12}, []uint8{0xfe}},
		{"key types", []uint8{0xf8}, []uint8{0xfa}},
		{"disable", []uint8{0xf5}, []uint8{0xfa}},
	} {
		require.Equal(t, c.want, k.keys(6, c.out...), c.name)
	}
	k.Keys(0x1c)
	require.Empty(t, k.collect(3), "keys are not looked at")
	require.Equal(t, []uint8{0xfa}, k.keys(3, 0xf4))
	k.Keys(0x1c)
	require.Equal(t, []uint8{0x1c}, k.collect(3))
}

func TestKeyboardReset(t *testing.T) {
	k := newTestKBC(t)
	require.Equal(t, []uint8{0xfa}, k.keys(290, 0xff))
	require.Equal(t, []uint8{0xaa}, k.collect(20), "after its self-test")
}

func TestKeyboardTranslation(t *testing.T) {
	k := newTestKBC(t)
	k.cmd(0x60, 0x41)
	rises := k.irq1.rises
	k.Keys(0x1c, 0xf0, 0x1c, 0xe0, 0x75, 0xe0, 0xf0, 0x75, 0x83)
	require.Equal(t, []uint8{0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8, 0x41}, k.collect(20))
	require.Equal(t, rises+7, k.irq1.rises)
	require.Equal(t, []uint8{0xfa, 0xab, 0x41}, k.keys(6, 0xf2), "the identity, as everybody reads it")
}

// TestKeyboardHeld: a disabled interface and a full buffer hold the keyboard.
func TestKeyboardHeld(t *testing.T) {
	k := newTestKBC(t)
	k.cmd(0x60, 0x10)
	k.Keys(0x1c, 0x32)
	require.Empty(t, k.collect(5))
	k.cmd(0xae)
	k.b.run(rate / 100)
	require.EqualValues(t, kbdFull, k.In(0x64)&kbdFull)
	require.Equal(t, []uint8{0x1c, 0x32}, k.collect(5))
	k.cmd(0xad)
	require.Equal(t, []uint8{0xfa}, k.keys(3, 0xf4), "talking to the keyboard enables it")
}

func TestKBCState(t *testing.T) {
	k := newTestKBC(t)
	k.cmd(0x60, 0x41)
	k.Keys(0x1c, 0xf0)
	k.cmd(0xd1, 0xdd)
	k.b.run(rate / 1000)
	s := k.State()
	q := newTestKBC(t)
	q.b.run(k.b.clock.Now() - q.b.clock.Now())
	q.SetState(s)
	require.False(t, q.a20.high)
	k.Keys(0x1c)
	q.Keys(0x1c)
	require.Equal(t, k.collect(5), q.collect(5))
	require.Equal(t, k.State(), q.State())
}
