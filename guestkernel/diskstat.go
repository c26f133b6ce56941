// SPDX-License-Identifier: BSD-3-Clause
// How busy disks and partitions are: the counters of struct hd_struct, which a vendor patch keeps (2.4.18-14
// drivers/block/ll_rw_blk.c), and /proc/partitions, which shows them (drivers/block/genhd.c).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

func diskStatFunctions() []Function {
	return []Function{
		{Name: "req_finished_io", Fn: func(c *Call) { c.Kernel.diskEnds(c.Arg(0)) }, Level: Full},
		{Name: "disk_round_stats", Fn: func(c *Call) { c.Kernel.roundDisk(c.Arg(0)) }, Level: Full, Proto: "void disk_round_stats(struct hd_struct *hd)"},
	}
}

// partition is the struct hd_struct of a minor number of a disk.
func (k *Kernel) partition(gp, minor uint32) uint32 {
	return k.mem.Get(gp, k.drv.lay.Gendisk.Part) + minor*k.drv.lay.HdStruct.Size
}

// countedPlaces are the hd_structs that a request counts for: the whole disk, and the partition if it is of one.
func (k *Kernel) countedPlaces(req uint32) []uint32 {
	lay := &k.drv.lay.Gendisk
	dev := k.mem.Get(req, k.drv.fs.lay.Req.Dev)
	gp := k.gendiskOf(dev >> 8)
	if gp == 0 || k.mem.Get(gp, lay.Part) == 0 {
		return nil
	}
	shift, minor := k.mem.Get(gp, lay.MinorShift)&31, dev&0xff
	whole := minor >> shift << shift
	if whole == minor {
		return []uint32{k.partition(gp, whole)}
	}
	return []uint32{k.partition(gp, whole), k.partition(gp, minor)}
}

// addTo adds to a counter.
func (k *Kernel) addTo(base uint32, f abi.Field, n uint32) { k.mem.Set(base, f, k.mem.Get(base, f)+n) }

// roundDisk is disk_round_stats: brings the times up to now.
func (k *Kernel) roundDisk(hd uint32) {
	lay, now := &k.drv.lay.HdStruct, k.jiffies()
	running := k.mem.Get(hd, lay.IOsInFlight)
	k.addTo(hd, lay.AveQ, running*(now-k.mem.Get(hd, lay.LastQueueChange)))
	k.mem.Set(hd, lay.LastQueueChange, now)
	if running != 0 {
		k.addTo(hd, lay.IOTicks, now-k.mem.Get(hd, lay.LastIdleTime))
	}
	k.mem.Set(hd, lay.LastIdleTime, now)
}

// diskBegins counts a new request of so many sectors; diskMerges sectors that join one (req_new_io).
func (k *Kernel) diskBegins(req, sectors uint32) {
	lay := &k.drv.lay.HdStruct
	for _, hd := range k.countedPlaces(req) {
		k.addTo(hd, k.byDirection(req, lay.RdSectors, lay.WrSectors), sectors)
		k.roundDisk(hd)
		k.addTo(hd, lay.IOsInFlight, 1)
	}
}

func (k *Kernel) diskMerges(req, sectors uint32) {
	lay := &k.drv.lay.HdStruct
	for _, hd := range k.countedPlaces(req) {
		k.addTo(hd, k.byDirection(req, lay.RdMerges, lay.WrMerges), 1)
		k.addTo(hd, k.byDirection(req, lay.RdSectors, lay.WrSectors), sectors)
	}
}

// diskEnds is req_finished_io: a request is done.
func (k *Kernel) diskEnds(req uint32) {
	lay := &k.drv.lay.HdStruct
	took := k.jiffies() - k.mem.Get(req, k.drv.fs.lay.Req.StartTime)
	for _, hd := range k.countedPlaces(req) {
		if k.mem.Get(req, k.lay.Request.Cmd) <= ioWrite { // a driver's own commands are neither
			k.addTo(hd, k.byDirection(req, lay.RdTicks, lay.WrTicks), took)
			k.addTo(hd, k.byDirection(req, lay.RdIOs, lay.WrIOs), 1)
		}
		k.roundDisk(hd)
		k.addTo(hd, lay.IOsInFlight, ^uint32(0))
	}
}

// byDirection chooses by what a request does.
func (k *Kernel) byDirection(req uint32, read, write abi.Field) abi.Field {
	if k.mem.Get(req, k.lay.Request.Cmd) == ioWrite {
		return write
	}
	return read
}

// partitionsText is the partitions of registered disks with their counters, times in milliseconds. Sizes are those of the
// table of sizes: a disk without one is a bad address, as there.
func (k *Kernel) partitionsText() string {
	var b strings.Builder
	b.WriteString("major minor  #blocks  name     rio rmerge rsect ruse wio wmerge wsect wuse running use aveq\n\n")
	lay, hd := &k.drv.lay.Gendisk, &k.drv.lay.HdStruct
	const perSecond = 1000
	for _, gp := range k.links("gendisk_head", k.drv.sym.GendiskHead, lay.Next) {
		if gp == 0 {
			continue
		}
		for n := range k.mem.Get(gp, lay.NrReal) << (k.mem.Get(gp, lay.MinorShift) & 31) {
			at := k.partition(gp, n)
			if k.mem.Get(at, hd.NrSects) == 0 {
				continue
			}
			k.roundDisk(at)
			size := k.mem.U32(k.mem.Get(gp, lay.Sizes) + n*wordSize)
			fmt.Fprintf(&b, "%4d  %4d %10d %s", k.mem.Get(gp, lay.Major), n, int32(size), k.diskName(gp, n))
			for _, f := range []abi.Field{hd.RdIOs, hd.RdMerges, hd.RdSectors, hd.RdTicks, hd.WrIOs, hd.WrMerges, hd.WrSectors, hd.WrTicks, hd.IOsInFlight, hd.IOTicks, hd.AveQ} {
				v := k.mem.Get(at, f)
				if f == hd.RdTicks || f == hd.WrTicks || f == hd.IOTicks || f == hd.AveQ {
					v = v * perSecond / uint32(k.profile.HZ)
				}
				fmt.Fprintf(&b, " %d", int32(v))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
