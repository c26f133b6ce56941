// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// disk makes a gendisk of a major number with two disks, which have 16 minor numbers each.
func (g *guest) disk(major uint32, name string) (gp uint32) {
	k, lay, hd := g.k, &g.k.drv.lay.Gendisk, &g.k.drv.lay.HdStruct
	gp = g.put(make([]byte, 64)...)
	k.mem.Set(gp, lay.Major, major)
	k.mem.Set(gp, lay.MajorName, g.text(name))
	k.mem.Set(gp, lay.MinorShift, 4)
	k.mem.Set(gp, lay.MaxP, 16)
	k.mem.Set(gp, lay.Part, g.put(make([]byte, 32*hd.Size)...))
	return gp
}

func TestDiskNames(t *testing.T) {
	g := newGuest(t, Config{})
	gp, lay := g.disk(0, ""), &g.k.drv.lay.Gendisk
	for _, c := range []struct {
		major, minor uint32
		name, want   string
	}{
		{3, 0x12, "ide0", "hdb2"}, {33, 0, "ide2", "hde"}, {91, 0x10, "ide9", "hdt"}, {8, 0x1f, "sd", "sdb15"}, {8, 0xf0, "sd", "sdp"},
		{65, 0x91, "sd", "sdz1"}, {65, 0xa1, "sd", "sdaa1"}, {128, 0, "sd", "sddy"}, {72, 0, "ida", "ida/c0d0"}, {73, 0x12, "ida", "ida/c1d1p2"},
		{111, 3, "cciss", "cciss/c7d0p3"}, {48, 0x20, "rd", "rd/c0d2"}, {114, 0x11, "ataraid", "ataraid/d1p1"}, {9, 0x30, "md", "md3"},
		{240, 0x23, "xy", "xyc3"},
	} {
		g.k.mem.Set(gp, lay.Major, c.major)
		g.k.mem.Set(gp, lay.MajorName, g.text(c.name))
		require.Equal(t, c.want, g.k.diskName(gp, c.minor), "%d:%d", c.major, c.minor)
	}
}

// A request counts for its disk and its partition, from when it is made until it ends.
func TestDiskStatistics(t *testing.T) {
	g := newGuest(t, Config{})
	k, hd := g.k, &g.k.drv.lay.HdStruct
	gp, req := g.disk(240, "xy"), g.put(make([]byte, k.lay.Request.Size)...)
	g.callKernel(t, "add_gendisk", gp)
	k.mem.Set(req, k.drv.fs.lay.Req.Dev, 240<<8|0x12)
	k.mem.Set(req, k.lay.Request.Cmd, ioWrite)
	k.mem.Set(req, k.drv.fs.lay.Req.StartTime, k.jiffies())
	disk, part, other := k.partition(gp, 0x10), k.partition(gp, 0x12), k.partition(gp, 0)
	get := func(at uint32, fields ...abi.Field) (all []uint32) {
		for _, f := range fields {
			all = append(all, k.mem.Get(at, f))
		}
		return all
	}
	k.diskBegins(req, 8)
	k.diskMerges(req, 2)
	for _, at := range []uint32{disk, part} {
		require.Equal(t, []uint32{1, 0, 1, 10, 0}, get(at, hd.IOsInFlight, hd.WrIOs, hd.WrMerges, hd.WrSectors, hd.RdSectors))
	}
	k.mem.SetU32(k.sym.Jiffies, k.jiffies()+100)
	g.callKernel(t, "req_finished_io", req)
	for _, at := range []uint32{disk, part} {
		require.Equal(t, []uint32{0, 1, 0}, get(at, hd.IOsInFlight, hd.WrIOs, hd.RdIOs))
		for _, ticks := range get(at, hd.WrTicks, hd.IOTicks, hd.AveQ) {
			require.InDelta(t, 100, ticks, 2)
		}
	}
	require.Equal(t, make([]byte, hd.Size), k.mem.Bytes(other, hd.Size))
}

// What one driver asks another by its device, with an address of the kernel's.
func TestIoctlByBdev(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.fs.lay.BDev
	bdev, ops := g.put(make([]byte, lay.Size)...), g.put(make([]byte, 32)...)
	k.mem.Set(bdev, lay.Op, ops)
	k.mem.Set(bdev, lay.Inode, 0x1234)
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "ioctl_by_bdev", bdev, 1, 2))
	var got []uint32
	k.mem.Set(ops, k.drv.fs.lay.BOps.Ioctl, g.modelled(func(c *Call) {
		got = []uint32{c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3), c.Task().Get(k.lay.Task.AddrLimit)}
		c.Return(77)
	}))
	require.EqualValues(t, 77, g.callKernel(t, "ioctl_by_bdev", bdev, 1, 2))
	require.Equal(t, []uint32{0x1234, 0, 1, 2, 0xffffffff}, got)
	require.Equal(t, bdev, uint32(g.callKernel(t, "create_bounce", 0, bdev)))
}
