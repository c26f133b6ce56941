// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// callKernel calls an exported function from guest code, with its own calling convention, and returns its result.
func (g *guest) callKernel(t testing.TB, name string, args ...uint32) int32 {
	t.Helper()
	_, conv, _ := g.k.Support(name)
	return g.result(g.stub(symbolAddr(t, g.k, name), conv == Regparm3, args...))
}

// stub writes guest code that calls fn with constant arguments, the first three in registers if inRegisters.
func (g *guest) stub(fn uint32, inRegisters bool, args ...uint32) uint32 {
	target := g.put(le(fn)...)
	var stub []byte
	if inRegisters {
		for _, mov := range []int{0xb8, 0xba, 0xb9} { // EAX, EDX, ECX
			if len(args) > 0 {
				stub, args = code(stub, mov, args[0]), args[1:]
			}
		}
	}
	for i := len(args) - 1; i >= 0; i-- {
		stub = code(stub, 0x68, args[i])
	}
	return g.put(code(stub, 0xff, 0x15, target, 0x81, 0xc4, uint32(4*len(args)), 0xc3)...)
}

// text puts a string into module memory.
func (g *guest) text(s string) uint32 { return g.put(append([]byte(s), 0)...) }

func TestMajorNumbers(t *testing.T) {
	for _, kind := range []string{"chrdev", "blkdev"} {
		g := newGuest(t, Config{})
		fops, other, name, second := g.put(1, 2, 3, 4), g.put(5, 6, 7, 8), g.text("first"), g.text("second")
		register := func(major, name, ops uint32) int32 { return g.callKernel(t, "register_"+kind, major, name, ops) }
		unregister := func(major, name uint32) int32 { return g.callKernel(t, "unregister_"+kind, major, name) }
		require.EqualValues(t, 0, register(240, name, fops))
		require.EqualValues(t, -abi.EBUSY, register(240, name, other))
		require.EqualValues(t, 0, register(240, second, fops), "the same operations: a new name")
		require.EqualValues(t, -abi.EINVAL, unregister(240, name))
		require.EqualValues(t, 0, unregister(240, second))
		require.EqualValues(t, -abi.EINVAL, unregister(240, second))
		require.EqualValues(t, -abi.EINVAL, register(255, name, fops))
		require.EqualValues(t, -abi.EINVAL, unregister(255, name))
		require.EqualValues(t, 254, register(0, name, fops))
		require.EqualValues(t, 253, register(0, second, fops))
		require.Contains(t, g.k.DeviceList(), "253 second\n254 first\n")
		got := 2
		for register(0, name, fops) > 0 {
			got++
		}
		require.EqualValues(t, -abi.EBUSY, register(0, name, fops))
		require.Equal(t, map[string]int{"chrdev": 254 - len(bootCharDevices()), "blkdev": 254 - len(bootBlockDevices())}[kind], got)
	}
}

func TestDeviceNames(t *testing.T) {
	g := newGuest(t, Config{})
	text := func(fn string, dev uint32) string {
		s, _ := g.k.mem.CString(uint32(g.callKernel(t, fn, dev)), 64)
		return s
	}
	require.Equal(t, "03:41", text("kdevname", 0x341))
	require.Equal(t, "ide0(3,65)", text("bdevname", 0x341))
	require.Equal(t, "unknown-block(77,1)", text("bdevname", 0x4d01))
	require.Equal(t, "ttyS(4,64)", text("cdevname", 0x440))
	require.Equal(t, "unknown-char(77,0)", text("cdevname", 0x4d00))
}

func TestMiscDevices(t *testing.T) {
	g := newGuest(t, Config{})
	lay := &g.k.lay.MiscDevice
	device := func(minor uint32) uint32 {
		at := g.put(make([]byte, lay.Size)...)
		g.k.mem.Set(at, lay.Minor, minor)
		return at
	}
	register := func(at uint32) int32 { return g.callKernel(t, "misc_register", at) }
	deregister := func(at uint32) int32 { return g.callKernel(t, "misc_deregister", at) }
	a, b := device(200), device(200)
	require.EqualValues(t, 0, register(a))
	require.EqualValues(t, -abi.EBUSY, register(a), "again")
	require.EqualValues(t, -abi.EBUSY, register(b), "the same minor")
	require.EqualValues(t, -abi.EBUSY, register(device(135)), "the clock's")
	require.EqualValues(t, -abi.EINVAL, deregister(b))
	require.EqualValues(t, 0, deregister(a))
	require.EqualValues(t, -abi.EINVAL, deregister(a))
	require.EqualValues(t, 0, register(b))
	var dynamic []uint32
	for want := uint32(63); want != 1; want-- { // 0 is free too; 1 is the mouse's
		dynamic = append(dynamic, device(miscDynamic))
		require.EqualValues(t, 0, register(dynamic[len(dynamic)-1]))
		require.Equal(t, want, g.k.mem.Get(dynamic[len(dynamic)-1], lay.Minor))
	}
	require.EqualValues(t, 0, register(device(miscDynamic)), "minor 0")
	require.EqualValues(t, -abi.EBUSY, register(device(miscDynamic)))
	require.EqualValues(t, 0, deregister(dynamic[10]))
	require.EqualValues(t, 0, register(device(miscDynamic)))
}

const bootIOPorts = `0000-001f : dma1
0020-003f : pic1
0040-005f : timer
0060-006f : keyboard
0070-007f : rtc
0080-008f : dma page reg
00a0-00bf : pic2
00c0-00df : dma2
00f0-00ff : fpu
0170-0177 : ide1
01f0-01f7 : ide0
0376-0376 : ide1
03c0-03df : vga+
03f6-03f6 : ide0
03f8-03ff : serial(auto)
0cf8-0cff : PCI conf1
`

func TestResourcesAtBoot(t *testing.T) {
	k := boot(t, Config{})
	require.Equal(t, bootIOPorts, k.IOPorts())
	require.Equal(t, `00000000-0009fbff : System RAM
0009fc00-0009ffff : reserved
000a0000-000bffff : Video RAM area
000c0000-000c7fff : Video ROM
000f0000-000fffff : System ROM
00100000-07fdffff : System RAM
  00100000-002446dd : Kernel code
  002446de-00333663 : Kernel data
07fe0000-07ffffff : reserved
fffc0000-ffffffff : reserved
`, k.IOMem())
}

func TestRegions(t *testing.T) {
	g := newGuest(t, Config{})
	k, root := g.k, g.k.sym.IoportResource
	name := g.text("ring0")
	request := func(start, n uint32) uint32 { return uint32(g.callKernel(t, "__request_region", root, start, n, name)) }
	check := func(start, n uint32) int32 { return g.callKernel(t, "__check_region", root, start, n) }
	release := func(start, n uint32) { g.callKernel(t, "__release_region", root, start, n) }
	active := cacheStat(k, "size-32").Active
	res := request(0x330, 16)
	require.NotZero(t, res)
	require.EqualValues(t, 0x33f, k.mem.Get(res, k.lay.Resource.End))
	for _, c := range []struct {
		start, n uint32
		free     bool
	}{
		{0x338, 16, false}, {0x320, 17, false}, {0x331, 1, false}, {0x320, 16, true}, {0x340, 8, true}, {0x60, 1, false},
		{0xfff8, 8, true}, {0xfff8, 9, false}, {0x400, 0, false}, {0x10000, 1, false}, {0x3f0, 6, true}, {0x3f0, 7, false},
	} {
		require.Equal(t, c.free, check(c.start, c.n) == 0, "%x+%x", c.start, c.n)
		require.Equal(t, c.free, request(c.start, c.n) != 0, "%x+%x", c.start, c.n)
		if c.free {
			release(c.start, c.n)
		}
	}
	require.NotContains(t, k.LogText(), "nonexistent")
	release(0x330, 8)
	require.Contains(t, k.LogText(), "<4>Trying to free nonexistent resource <00000330-00000337>\n")
	release(0x330, 16)
	require.Equal(t, bootIOPorts, k.IOPorts())
	require.Equal(t, active, cacheStat(k, "size-32").Active)
}

// Below a resource that is not busy itself, regions nest.
func TestNestedResources(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.lay.Resource
	bus := g.put(make([]byte, lay.Size)...)
	k.mem.Set(bus, lay.Start, 0xc000)
	k.mem.Set(bus, lay.End, 0xcfff)
	k.mem.Set(bus, lay.Name, g.text("bus"))
	require.EqualValues(t, 0, g.callKernel(t, "request_resource", k.sym.IoportResource, bus))
	require.EqualValues(t, -abi.EBUSY, g.callKernel(t, "check_resource", k.sym.IoportResource, 0xc800, 4))
	require.NotZero(t, g.callKernel(t, "__request_region", k.sym.IoportResource, 0xc020, 32, g.text("card")))
	require.Contains(t, k.IOPorts(), "c000-cfff : bus\n  c020-c03f : card\n")
	res := g.put(make([]byte, lay.Size)...)
	allocate := func(size, low, high, align uint32) int32 {
		return g.callKernel(t, "allocate_resource", bus, res, size, low, high, align, 0, 0)
	}
	require.EqualValues(t, 0, allocate(64, 0, 0xffff, 64))
	require.EqualValues(t, 0xc040, k.mem.Get(res, lay.Start), "the gap in front is too small")
	require.EqualValues(t, 0xc07f, k.mem.Get(res, lay.End))
	require.EqualValues(t, 0, g.callKernel(t, "release_resource", res))
	require.EqualValues(t, -abi.EBUSY, allocate(64, 0xd000, 0xffff, 64))
	g.callKernel(t, "__release_region", k.sym.IoportResource, 0xc020, 32)
	require.Contains(t, k.IOPorts(), "c000-cfff : bus\n")
	require.NotContains(t, k.IOPorts(), "card")
}
