// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMDLists(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.fs.lay
	sb, mddev := g.put(make([]byte, 256)...), g.put(make([]byte, 256)...)
	k.mem.Set(mddev, lay.MDDev.SB, sb)
	k.mem.Set(mddev, lay.MDDev.Minor, 3)
	k.listInit(mddev + lay.MDDev.Disks.Off)
	rdev := func(dev, number uint32) uint32 {
		at := g.put(make([]byte, 64)...)
		k.mem.Set(at, lay.RDev.Dev, dev)
		k.mem.Set(at, lay.RDev.DescNr, number)
		k.listAddTail(at+lay.RDev.SameSet.Off, mddev+lay.MDDev.Disks.Off)
		k.mem.Set(mddev, lay.MDDev.NbDev, k.mem.Get(mddev, lay.MDDev.NbDev)+1)
		return at
	}
	check := func() int32 { return g.callKernel(t, "md_check_ordering", mddev) }
	first, second := rdev(0x801, 0), rdev(0x811, 2)
	require.Equal(t, second, uint32(g.callKernel(t, "find_rdev_nr", mddev, 2)))
	require.Zero(t, g.callKernel(t, "find_rdev_nr", mddev, 1))
	require.EqualValues(t, 1, check())
	k.mem.Set(sb, lay.MDSuper.RaidDisks, 2)
	require.EqualValues(t, 1, check())
	k.mem.Set(second, lay.RDev.DescNr, 0)
	require.EqualValues(t, 1, check())
	k.mem.Set(second, lay.RDev.DescNr, 1)
	require.EqualValues(t, 0, check())
	k.mem.Set(first, lay.RDev.Faulty, 1)
	require.EqualValues(t, 1, check())
	require.Equal(t, "<3>md: md3, array needs 0 disks, has 2, aborting.\n<3>md: md3, missing disk #1, aborting.\n"+
		"<3>md: md3, too many disks #0, aborting.\n<3>md: md3's device [dev 08:01] faulty, aborting.\n", k.LogText())
	gp := g.disk(8, "sd")
	g.callKernel(t, "add_gendisk", gp)
	name := func(dev uint32) string { return k.kernelString(uint32(g.callKernel(t, "partition_name", dev))) }
	require.Equal(t, "sdb2", name(0x812))
	require.Equal(t, "[dev 08:01]", name(0x801), "as it was first called")
}
