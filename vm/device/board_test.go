// SPDX-License-Identifier: BSD-3-Clause

// Tests of what has no time: DMA registers, PCI and the chipset, VGA
// registers, debug ports.

package device

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDMARegisters(t *testing.T) {
	post := []uint8{}
	d, err := NewDMA(newBench(t).m, func(v uint8) { post = append(post, v) })
	require.NoError(t, err)
	d.Out(0x0c, 0)
	d.Out(0x04, 0x34)
	d.Out(0x04, 0x12)
	d.Out(0x05, 0xff)
	d.Out(0x05, 0x01)
	require.EqualValues(t, 0x34, d.In(0x04))
	require.EqualValues(t, 0x12, d.In(0x04))
	d.In(0x05)
	d.Out(0x0c, 0)
	require.EqualValues(t, 0xff, d.In(0x05), "the byte pointer was cleared")
	require.Equal(t, DMACount{0x1234, 0x01ff}, d.State().Chips[0].Base[2])

	require.EqualValues(t, 0xff, d.In(0x0f), "all masked")
	d.Out(0x0a, 0x02)
	require.EqualValues(t, 0xfb, d.In(0x0f))
	d.Out(0x0e, 0)
	require.EqualValues(t, 0xf0, d.In(0x0f))
	d.Out(0x0a, 0x07)
	require.EqualValues(t, 0xf8, d.In(0x0f))
	d.Out(0x09, 0x05)
	require.EqualValues(t, 0x20, d.In(0x08), "a software request shows")
	d.Out(0x0b, 0x46)
	require.EqualValues(t, 0x46, d.State().Chips[0].Mode[2])
	d.Out(0x0d, 0)
	require.Zero(t, d.In(0x08))
	require.EqualValues(t, 0xff, d.In(0x0f))

	d.Out(0xd8, 0)
	d.Out(0xc4, 0x78)
	d.Out(0xc4, 0x56)
	require.Equal(t, DMACount{0x5678, 0}, d.State().Chips[1].Base[1])
	d.Out(0xd4, 0x01)
	require.EqualValues(t, 0xfd, d.In(0xde))

	d.Out(0x81, 0x12)
	d.Out(0x80, 0x55)
	require.EqualValues(t, 0x12, d.In(0x81))
	require.Equal(t, []uint8{0x55}, post)
}

// testChipset is a chipset on a machine with a ROM at F0000.
type testChipset struct {
	*bench
	*Chipset
	resets []Reset
}

func newTestChipset(t *testing.T) *testChipset {
	c := &testChipset{bench: newBench(t)}
	rom := bytes.Repeat([]byte{0x99}, 0x10000)
	require.NoError(t, c.bench.m.AddHole(0xa0000, 0x50000))
	require.NoError(t, c.bench.m.AddROM(rom, 0xf0000))
	var err error
	c.Chipset, err = NewChipset(c.bench.m, func(r Reset) { c.resets = append(c.resets, r) })
	require.NoError(t, err)
	return c
}

// at selects device 0's register.
func (c *testChipset) at(device, reg uint32) *pciData {
	(*pciAddress)(c.PCI).WritePort(0xcf8, 4, 0x80000000|device<<11|reg)
	return (*pciData)(c.PCI)
}

func (c *testChipset) config(device, reg uint32) uint32 {
	return c.at(device, reg&^3).ReadPort(uint16(0xcfc+reg&3), 1)
}

func (c *testChipset) setConfig(reg uint32, v uint8) {
	c.at(0, reg&^3).WritePort(uint16(0xcfc+reg&3), 1, uint32(v))
}

func (c *testChipset) peek(pa uint32) uint8 {
	var b [1]byte
	c.bench.m.ReadPhys(pa, b[:])
	return b[0]
}

func TestPCIMechanism(t *testing.T) {
	c := newTestChipset(t)
	addr := (*pciAddress)(c.PCI)
	require.EqualValues(t, 0x12378086, c.at(0, 0).ReadPort(0xcfc, 4), "82441FX")
	require.EqualValues(t, 0x1237, c.at(0, 0).ReadPort(0xcfe, 2))
	require.EqualValues(t, 0x70008086, c.at(1, 0).ReadPort(0xcfc, 4), "PIIX3")
	require.EqualValues(t, 0x06000002, c.at(0, 8).ReadPort(0xcfc, 4), "host bridge")
	require.EqualValues(t, 0x06010000, c.at(1, 8).ReadPort(0xcfc, 4), "ISA bridge")
	require.EqualValues(t, uint32(0xffffffff), c.at(2, 0).ReadPort(0xcfc, 4), "nobody")
	c.at(2, 0).WritePort(0xcfc, 4, 0)
	addr.WritePort(0xcf8, 4, 0x80010000)
	require.EqualValues(t, uint32(0xffffffff), c.dataPort(), "no bus 1")
	addr.WritePort(0xcf8, 4, 0x00000000)
	require.EqualValues(t, uint32(0xffffffff), c.dataPort(), "not enabled")
	addr.WritePort(0xcf8, 4, 0xffffffff)
	require.EqualValues(t, uint32(0x80fffffc), addr.ReadPort(0xcf8, 4), "reserved bits are 0")
	addr.WritePort(0xcf8, 1, 0)
	require.EqualValues(t, uint32(0x80fffffc), addr.ReadPort(0xcf8, 4), "only 32 bits reach the register")
	require.EqualValues(t, uint32(0xffffffff), addr.ReadPort(0xcf8, 2))
	c.at(0, 0).WritePort(0xcfc, 4, 0)
	require.EqualValues(t, 0x12378086, c.at(0, 0).ReadPort(0xcfc, 4), "the identity is read only")
}

func (c *testChipset) dataPort() uint32 { return (*pciData)(c.PCI).ReadPort(0xcfc, 4) }

func TestPAM(t *testing.T) {
	c := newTestChipset(t)
	require.EqualValues(t, 0x99, c.peek(0xf0000))
	require.EqualValues(t, 0xff, c.peek(0xc0000))
	c.setConfig(0x59, 0xff)
	require.EqualValues(t, 0x30, c.config(0, 0x59))
	require.EqualValues(t, 0x00, c.peek(0xf0000), "RAM")
	c.bench.m.WritePhys(0xf0000, []byte{0x11})
	c.setConfig(0x59, 0x10)
	c.bench.m.WritePhys(0xf0000, []byte{0x22})
	require.EqualValues(t, 0x11, c.peek(0xf0000), "read only")
	c.setConfig(0x59, 0x00)
	require.EqualValues(t, 0x99, c.peek(0xf0000))
	for i := range uint32(12) {
		pa, reg := pamFirst+i*pamSize, 0x5a+i/2
		c.setConfig(reg, uint8(c.config(0, reg))|0x3<<(i%2*4))
		require.EqualValues(t, 0x00, c.peek(pa), "%x", pa)
		require.EqualValues(t, 0x00, c.peek(pa+pamSize-1))
		if i < 11 {
			require.EqualValues(t, 0xff, c.peek(pa+pamSize))
		}
	}
	require.NoError(t, c.Reset())
	require.EqualValues(t, 0xff, c.peek(0xc0000))
	c.ShadowAll()
	require.EqualValues(t, 0x11, c.peek(0xf0000))
}

func TestSMRAM(t *testing.T) {
	c := newTestChipset(t)
	require.EqualValues(t, 0x02, c.config(0, 0x72))
	require.EqualValues(t, 0xff, c.peek(0xa0000))
	c.setConfig(0x72, 0x4a)
	require.EqualValues(t, 0x00, c.peek(0xa0000), "open")
	require.EqualValues(t, 0x00, c.peek(0xbffff))
	c.setConfig(0x72, 0x5a)
	require.EqualValues(t, 0x1a, c.config(0, 0x72), "locking closes it")
	require.EqualValues(t, 0xff, c.peek(0xa0000))
	c.setConfig(0x72, 0x4a)
	require.EqualValues(t, 0x1a, c.config(0, 0x72), "for good")
	s := c.State()
	require.NoError(t, c.Reset())
	c.setConfig(0x72, 0x4a)
	require.EqualValues(t, 0x00, c.peek(0xa0000))
	require.NoError(t, c.SetState(s))
	c.setConfig(0x72, 0x4a)
	require.EqualValues(t, 0xff, c.peek(0xa0000), "the lock is part of the state")
}

func TestResetControl(t *testing.T) {
	c := newTestChipset(t)
	p := (*pciAddress)(c.PCI)
	p.WritePort(0xcf9, 1, 0x02)
	require.Empty(t, c.resets)
	p.WritePort(0xcf9, 1, 0x06)
	p.WritePort(0xcf9, 1, 0x06)
	require.Equal(t, []Reset{ResetBoard}, c.resets, "the rising edge")
	p.WritePort(0xcf9, 1, 0x00)
	p.WritePort(0xcf9, 1, 0x04)
	require.Equal(t, []Reset{ResetBoard, ResetCPU}, c.resets)
	require.EqualValues(t, 0x04, p.ReadPort(0xcf9, 1))
}

func TestVGA(t *testing.T) {
	b := newBench(t)
	v, err := NewVGA(b.m, b.clock)
	require.NoError(t, err)
	for i, c := range []byte("Hello\x01\xdb") {
		b.m.WritePhys(VGAText+uint32(80+i)*2, []byte{c, 7})
	}
	require.Equal(t, "Hello☺█", v.Screen()[1])
	v.Out(0x3d4, 0x0d)
	v.Out(0x3d5, 80)
	require.Equal(t, "Hello☺█", v.Screen()[0], "scrolled by the start address")
	require.EqualValues(t, 80, v.In(0x3d5))

	v.Out(0x3d4, 0x11)
	v.Out(0x3d5, 0x80)
	v.Out(0x3d4, 0x00)
	v.Out(0x3d5, 0x5f)
	require.Zero(t, v.In(0x3d5), "write protected")
	v.Out(0x3d4, 0x07)
	v.Out(0x3d5, 0xff)
	require.EqualValues(t, 0x10, v.In(0x3d5), "but for the line compare bit")

	v.In(0x3da)
	v.Out(0x3c0, 0x10)
	v.Out(0x3c0, 0x0c)
	require.EqualValues(t, 0x0c, v.In(0x3c1))
	v.Out(0x3c8, 1)
	for _, c := range []uint8{1, 2, 0xff} {
		v.Out(0x3c9, c)
	}
	v.Out(0x3c7, 1)
	require.Equal(t, []uint8{1, 2, 0x3f}, []uint8{v.In(0x3c9), v.In(0x3c9), v.In(0x3c9)})

	retraces := 0
	for last := uint8(0); b.clock.Now() < rate; b.run(1000) {
		s := v.In(0x3da) & 8
		if s > last {
			retraces++
		}
		last = s
	}
	require.InDelta(t, 70, retraces, 1)
}

func TestDebugPorts(t *testing.T) {
	b := newBench(t)
	var out bytes.Buffer
	values := []uint32{}
	require.NoError(t, NewDebugConsole(b.m, &out, 0xe9))
	require.NoError(t, NewValuePort(b.m, func(v uint32) { values = append(values, v) }, 4, 0xf4))
	b.m.WritePhys(0x10, []byte{
		0xe4, 0xe9, // in al, 0xe9
		0xe6, 0xe9, // out 0xe9, al
		0x66, 0xe7, 0xf4, // out 0xf4, eax
		0xf4,
	})
	b.m.SetEIP(0x10)
	b.m.Run(10)
	require.Equal(t, "\xe9", out.String(), "reading says that it is there")
	require.Equal(t, []uint32{0xe9}, values)
}
