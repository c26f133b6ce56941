// SPDX-License-Identifier: BSD-3-Clause
// The lists of software RAID: an array's devices, and names for all (2.4.18 drivers/md/md.c). Arrays themselves are not
// written: nothing in the kernel makes one.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

type mddevLayout struct {
	Minor abi.Field `c:"__minor"`
	SB    abi.Field `c:"sb"`
	NbDev abi.Field `c:"nb_dev"`
	Disks abi.Field `c:"disks"`
}

type rdevLayout struct {
	SameSet abi.Field `c:"same_set"`
	Dev     abi.Field `c:"dev"`
	Faulty  abi.Field `c:"faulty"`
	DescNr  abi.Field `c:"desc_nr"`
}

type mdSuperLayout struct {
	RaidDisks abi.Field `c:"raid_disks"`
}

type devNameLayout struct {
	Size    uint32    `c:"(sizeof)"`
	List    abi.Field `c:"list"`
	Dev     abi.Field `c:"dev"`
	Namebuf abi.Field `c:"namebuf"`
	Name    abi.Field `c:"name"`
}

func mdListFunctions() []Function {
	return []Function{
		{Name: "find_rdev_nr", Fn: findRdevNr, Level: Full, Proto: "mdk_rdev_t *find_rdev_nr(mddev_t *mddev, int nr)"},
		{Name: "partition_name", Fn: func(c *Call) { c.Return(c.Kernel.partitionName(c.Arg(0) & 0xffff)) }, Level: Full, Proto: "char *partition_name(kdev_t dev)"},
		{Name: "md_check_ordering", Fn: mdCheckOrdering, Level: Partial, Note: "an array whose count of devices is wrong stops the run", Proto: "int md_check_ordering(mddev_t *mddev)"},
	}
}

// bootMDLists makes the list of names.
func (k *Kernel) bootMDLists() error {
	k.listInit(k.symbol("device_names"))
	return nil
}

// rdevs are the devices of an array.
func (k *Kernel) rdevs(mddev uint32) (all []uint32) {
	for at := range k.listMembers("the devices of an array", mddev+k.drv.fs.lay.MDDev.Disks.Off) {
		all = append(all, at-k.drv.fs.lay.RDev.SameSet.Off)
	}
	return all
}

// findRdevNr models mdk_rdev_t *find_rdev_nr(mddev_t *mddev, int nr): the device with that number in an array.
func findRdevNr(c *Call) {
	k := c.Kernel
	c.Return(0)
	for _, rdev := range k.rdevs(c.Arg(0)) {
		if k.mem.Get(rdev, k.drv.fs.lay.RDev.DescNr) == c.Arg(1) {
			c.Return(rdev)
			return
		}
	}
}

// partitionName is char *partition_name(kdev_t dev): a device's name, which is kept for good once somebody has asked for it.
func (k *Kernel) partitionName(dev uint32) uint32 {
	lay, head := &k.drv.fs.lay.DevName, k.symbol("device_names")
	for at := range k.listMembers("device_names", head) {
		if d := at - lay.List.Off; k.mem.Get(d, lay.Dev) == dev {
			return k.mem.Get(d, lay.Name)
		}
	}
	d := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if d == 0 {
		nomem := k.symbol("nomem.0")
		k.mem.Write(nomem, []byte("<nomem>\x00"))
		return nomem
	}
	name := fmt.Sprintf("[dev %s]", kdevName(dev))
	if gp := k.gendiskOf(dev >> 8); gp != 0 {
		name = k.diskName(gp, dev&0xff)
	}
	k.setText(d+lay.Namebuf.Off, lay.Namebuf.Size, "%s", name)
	k.mem.Set(d, lay.Name, d+lay.Namebuf.Off)
	k.mem.Set(d, lay.Dev, dev)
	k.listAdd(d+lay.List.Off, head)
	return d + lay.Namebuf.Off
}

// mdCheckOrdering models int md_check_ordering(mddev_t *mddev): 1 when a device of an array is faulty, missing or there twice.
func mdCheckOrdering(c *Call) {
	k, mddev, lay := c.Kernel, c.Arg(0), &c.Kernel.drv.fs.lay
	minor, all := k.mem.Get(mddev, lay.MDDev.Minor), k.rdevs(mddev)
	c.Return(1)
	for _, rdev := range all {
		if k.mem.Get(rdev, lay.RDev.Faulty) != 0 {
			k.Printk("<3>md: md%d's device %s faulty, aborting.\n", minor, k.kernelString(k.partitionName(k.mem.Get(rdev, lay.RDev.Dev))))
			return
		}
	}
	n := k.mem.Get(mddev, lay.MDDev.NbDev)
	if uint32(len(all)) != n {
		k.stop(Outcome{Kind: Missing, Reason: fmt.Sprintf("md_check_ordering: md%d says that it has %d devices and has %d: md_print_devices is not written", minor, n, len(all))})
	}
	if want := k.mem.Get(k.mem.Get(mddev, lay.MDDev.SB), lay.MDSuper.RaidDisks); n != want {
		k.Printk("<3>md: md%d, array needs %d disks, has %d, aborting.\n", minor, want, n)
		return
	}
	for i := range n {
		count := 0
		for _, rdev := range all {
			if k.mem.Get(rdev, lay.RDev.DescNr) == i {
				count++
			}
		}
		switch {
		case count == 0:
			k.Printk("<3>md: md%d, missing disk #%d, aborting.\n", minor, i)
			return
		case count > 1:
			k.Printk("<3>md: md%d, too many disks #%d, aborting.\n", minor, i)
			return
		}
	}
	c.Return(0)
}
