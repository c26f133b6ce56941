// SPDX-License-Identifier: BSD-3-Clause

package vm

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// boardMachine has 2 MB of RAM, a hole with a ROM in it at E0000, which is at
// the top of 4 GB as well, memory of an adapter and a device.
func boardMachine(t *testing.T) (*Machine, *scratchDevice) {
	t.Helper()
	m, err := New(Config{RAM: 2 << 20})
	require.NoError(t, err)
	rom := make([]byte, 0x20000)
	for i := range rom {
		rom[i] = byte(i>>12) | 0x40
	}
	dev := &scratchDevice{}
	require.NoError(t, m.AddHole(0xa0000, 0x18000))
	require.NoError(t, m.AddRAM(0xb8000, 0x8000))
	require.NoError(t, m.AddHole(0xc0000, 0x20000))
	require.NoError(t, m.AddROM(rom, 0xe0000, 0xfffe0000))
	require.NoError(t, m.AddMMIO(0xfec00000, 0x1000, dev))
	return m, dev
}

// scratchDevice remembers the last access.
type scratchDevice struct{ last string }

func (d *scratchDevice) ReadMMIO(off uint32, size uint8) uint32 {
	d.last = fmt.Sprintf("read %x/%d", off, size)
	return 0x11223344
}

func (d *scratchDevice) WriteMMIO(off uint32, size uint8, v uint32) {
	d.last = fmt.Sprintf("write %x/%d %x", off, size, v)
}

func peek(m *Machine, pa uint32) uint32 { return m.readPhys(pa, 1) }

func TestMap(t *testing.T) {
	m, dev := boardMachine(t)
	m.writePhys(0x9ffff, 1, 0x12)
	require.EqualValues(t, 0x12, peek(m, 0x9ffff), "RAM below the hole")
	m.writePhys(0xa0000, 1, 0x12)
	require.EqualValues(t, 0xff, peek(m, 0xa0000), "hole")
	m.writePhys(0xb8000, 1, 0x34)
	require.EqualValues(t, 0x34, peek(m, 0xb8000), "adapter memory")
	require.EqualValues(t, 0x0, m.RAM()[0xb8000], "is not RAM")
	m.writePhys(0xe1000, 1, 0x99)
	require.EqualValues(t, 0x41, peek(m, 0xe1000), "ROM")
	require.EqualValues(t, 0x41, peek(m, 0xfffe1000), "ROM at the top")
	require.EqualValues(t, 0x5f, peek(m, 0xffffffff), "last byte")
	require.EqualValues(t, 0xff, peek(m, 0x200000), "above RAM")
	require.EqualValues(t, 0x3344, m.readPhys(0xfec00010, 2))
	require.Equal(t, "read 10/2", dev.last)
	m.writePhys(0xfec00ffc, 4, 0xabcd)
	require.Equal(t, "write ffc/4 abcd", dev.last)
}

func TestMapRefuses(t *testing.T) {
	m, _ := boardMachine(t)
	require.ErrorContains(t, m.AddHole(0xf0000, 0x1000), "overlaps 000e0000+20000")
	require.ErrorContains(t, m.AddHole(0x1001, 0x1000), "whole pages")
	require.ErrorContains(t, m.AddHole(0xfffff000, 0x2000), "whole pages")
	require.ErrorContains(t, m.AddROM(make([]byte, 5), 0xd0000), "multiple of 4096")
	require.ErrorContains(t, m.AddROM(nil, 0xd0000), "multiple of 4096")
	rom := bytes.Repeat([]byte{0x77}, 0x2000)
	require.ErrorContains(t, m.AddROM(rom, 0xfed00000, 0xff000), "overlaps 000e0000+20000")
	require.EqualValues(t, 0xff, peek(m, 0xfed00000), "at none of its addresses")
	require.ErrorContains(t, m.AddROM(rom, 0xfffff000), "whole pages", "beyond 4 GB")
	require.ErrorContains(t, m.AddRAM(0xb7000, 0x2000), "overlaps")
	require.ErrorContains(t, m.AddMMIO(0xfec00000, 0x1000, new(scratchDevice)), "overlaps fec00000+1000")
	require.ErrorContains(t, m.AddMMIO(0xfed00000, 0, new(scratchDevice)), "whole pages")
	require.ErrorContains(t, m.AddMMIO(0xfed00000, 0x1000, nil), "no device")
	require.ErrorContains(t, m.SetShadow(0x1ff000, 0x2000, ShadowRead), "whole pages of RAM")
	require.NoError(t, m.SetShadow(0xe0000, 0x4000, ShadowRead))
	require.ErrorContains(t, m.SetShadow(0xe2000, 0x4000, ShadowRead), "overlaps")
}

// TestShadow copies a ROM to the RAM under it the way firmware does.
func TestShadow(t *testing.T) {
	m, _ := boardMachine(t)
	const at, size = 0xe4000, 0x4000
	set := func(s Shadow) { require.NoError(t, m.SetShadow(at, size, s)) }

	set(ShadowWrite)
	for pa := uint32(at); pa < at+size; pa++ {
		m.writePhys(pa, 1, peek(m, pa)+0x80)
	}
	require.EqualValues(t, 0x45, peek(m, 0xe5000), "reads still come from ROM")

	set(ShadowRead)
	require.EqualValues(t, 0xc5, peek(m, 0xe5000), "now from RAM")
	require.EqualValues(t, 0x48, peek(m, 0xe8000), "the neighbour above does not")
	require.EqualValues(t, 0x43, peek(m, 0xe3fff), "nor that below")
	require.EqualValues(t, 0x45, peek(m, 0xfffe5000), "nor the ROM at the top")
	m.writePhys(0xe5000, 1, 0)
	require.EqualValues(t, 0xc5, peek(m, 0xe5000), "writes are lost")

	set(ShadowReadWrite)
	m.writePhys(0xe5000, 1, 0x77)
	require.EqualValues(t, 0x77, peek(m, 0xe5000))
	set(ShadowOff)
	require.EqualValues(t, 0x45, peek(m, 0xe5000))
}

// TestShadowCode runs code in a ROM, switches the RAM under it in and runs
// what stands there, and writes to it.
func TestShadowCode(t *testing.T) {
	m, _ := boardMachine(t)
	rom := m.phys.bus[3].off
	copy(m.phys.slab[rom+0x10000:], []byte{0xb8, 1, 0, 0xf4}) // F000:0000: mov ax,1; hlt
	run := func() uint32 {
		m.cpu.reset()
		m.LoadSegment(CS, 0xf000)
		m.SetEIP(0)
		require.Equal(t, StopHalt, m.Run(10).Reason)
		return m.Reg(EAX)
	}
	require.EqualValues(t, 1, run())
	require.NoError(t, m.SetShadow(0xf0000, 0x10000, ShadowWrite))
	for i, b := range []byte{0xb8, 2, 0, 0xf4} {
		m.writePhys(0xf0000+uint32(i), 1, uint32(b))
	}
	require.EqualValues(t, 1, run(), "written under the ROM")
	require.NoError(t, m.SetShadow(0xf0000, 0x10000, ShadowReadWrite))
	require.EqualValues(t, 2, run())
	m.writePhys(0xf0001, 1, 3)
	require.EqualValues(t, 3, run())
	require.NoError(t, m.SetShadow(0xf0000, 0x10000, ShadowOff))
	require.EqualValues(t, 1, run())
}

func TestA20(t *testing.T) {
	m, _ := boardMachine(t)
	m.writePhys(0x500, 1, 0x11)
	m.writePhys(0x100500, 1, 0x22)
	require.True(t, m.A20())
	m.SetA20(false)
	require.False(t, m.A20())
	require.EqualValues(t, 0x11, peek(m, 0x100500), "bit 20 is 0")
	m.writePhys(0x100500, 1, 0x33)
	m.SetA20(true)
	require.EqualValues(t, 0x22, peek(m, 0x100500))
	require.EqualValues(t, 0x33, peek(m, 0x500))
}

// TestSplitPorts: an access that no device has all of goes to each in parts.
func TestSplitPorts(t *testing.T) {
	m, err := New(Config{RAM: pageSize})
	require.NoError(t, err)
	a, b := &numberedPorts{}, &numberedPorts{}
	require.NoError(t, m.AddPorts(0x60, 0x61, a))
	require.NoError(t, m.AddPorts(0x63, 0x67, b))
	require.EqualValues(t, 0x63ff6160, m.in(0x60, 4), "62 floats")
	require.Equal(t, []string{"in 60/2"}, a.log)
	require.Equal(t, []string{"in 63/1"}, b.log)
	m.out(0x61, 4, 0x44332211)
	require.Equal(t, "out 61/1 11", a.log[1])
	require.Equal(t, "out 63/2 4433", b.log[1])
	require.EqualValues(t, 0xff63, m.in(0x63, 2)|0xff00)
	require.EqualValues(t, 0x60ff, m.in(0x5f, 2))
	require.EqualValues(t, 0xffff, m.in(0xffff, 2), "ports wrap around")
}

// numberedPorts answers each port with its number.
type numberedPorts struct{ log []string }

func (d *numberedPorts) ReadPort(port uint16, size uint8) (v uint32) {
	d.log = append(d.log, fmt.Sprintf("in %x/%d", port, size))
	for i := range uint16(size) {
		v |= uint32(uint8(port+i)) << (8 * i)
	}
	return v
}

func (d *numberedPorts) WritePort(port uint16, size uint8, v uint32) {
	d.log = append(d.log, fmt.Sprintf("out %x/%d %x", port, size, v))
}

// TestStopWhileHalted: an event that stops an idle machine finds it idle.
func TestStopWhileHalted(t *testing.T) {
	m, err := New(Config{RAM: pageSize})
	require.NoError(t, err)
	m.WritePhys(0, []byte{0xfb, 0xf4, 0x40, 0x40}) // sti; hlt; inc ax; inc ax
	m.LoadSegment(CS, 0)
	m.SetEIP(0)
	m.Schedule(1000, m.Stop)
	s := m.Run(Forever)
	require.Equal(t, StopRequested, s.Reason)
	require.EqualValues(t, 2, s.EIP)
	require.True(t, m.Halted())
	require.EqualValues(t, 0, m.Reg(EAX))
	require.EqualValues(t, 1000, m.Now())
}
