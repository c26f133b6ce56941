// SPDX-License-Identifier: BSD-3-Clause
// Partition tables (2.4.18 fs/partitions/check.c, msdos.c) and the names of disks.
//
// A PC's own table is read, with logical partitions. The others that the kernel knows are recognised and stop the run by
// name: OSF, Sun, Macintosh and SGI disks; BSD, Minix, UnixWare and Solaris tables inside a partition.

package guestkernel

import (
	"encoding/binary"
	"fmt"
	"slices"

	"ring0/guestkernel/abi"
)

const otherTables = "of partition tables only the PC's own is read; others stop the run by name"

func partitionFunctions() []Function {
	return []Function{
		{Name: "grok_partitions", Fn: grokPartitions, Level: Partial, Note: otherTables},
		{Name: "devfs_register_partitions", Fn: func(*Call) {}, Level: Full}, // this kernel has no devfs
	}
}

// bootPartitions notes that no disk has been looked at: the first one gets a line before its own. Who cannot be read shall be
// told.
func (k *Kernel) bootPartitions() error {
	k.mem.SetU32(k.firstCheck(), 1)
	k.mem.SetU32(k.symbol("warn_no_part"), 1)
	return nil
}

// firstCheck is check_partition's own variable first_time, one of two of that name. It lies before the table subtypes.
func (k *Kernel) firstCheck() uint32 { return k.symbol("subtypes") - wordSize }

// registerDisk models void register_disk(struct gendisk *gdev, kdev_t dev, unsigned minors, struct block_device_operations
// *ops, long size).
//
// Context: may sleep.
func registerDisk(c *Call) {
	k, gp, minor := c.Kernel, c.Arg(0), c.Arg(1)&0xff
	if gp != 0 {
		k.grokPartitions(gp, minor>>(k.mem.Get(gp, k.drv.lay.Gendisk.MinorShift)&31), c.Arg(2), c.Arg(4))
	}
}

// grokPartitions models void grok_partitions(struct gendisk *dev, int drive, unsigned minors, long size): size in sectors.
//
// Context: may sleep.
func grokPartitions(c *Call) { c.Kernel.grokPartitions(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)) }

func (k *Kernel) grokPartitions(gp, drive, minors, size uint32) {
	lay, hd := &k.drv.lay.Gendisk, &k.drv.lay.HdStruct
	first := drive << (k.mem.Get(gp, lay.MinorShift) & 31)
	end := first + k.mem.Get(gp, lay.MaxP)
	major, sizes := k.mem.Get(gp, lay.Major), k.mem.Get(gp, lay.Sizes)
	blkSize := k.symbol("blk_size") + major*wordSize
	if sizes == 0 {
		k.mem.SetU32(blkSize, 0)
	}
	k.mem.Set(k.partition(gp, first), hd.NrSects, size)
	if size == 0 || minors == 1 {
		return
	}
	if sizes != 0 {
		k.mem.SetU32(sizes+first*wordSize, size>>1)
		for n := first + 1; n < end; n++ {
			k.mem.SetU32(sizes+n*wordSize, 0)
		}
	}
	k.mem.SetU32(blkSize, sizes)
	k.checkPartitions(gp, major<<8|first)
	if sizes != 0 {
		for n := first; n < end; n++ {
			k.mem.SetU32(sizes+n*wordSize, k.mem.Get(k.partition(gp, n), hd.NrSects)>>1)
		}
	}
}

// checkPartitions reads the table of a disk (check_partition). A driver says with a start of -1 that there is none to look
// for.
func (k *Kernel) checkPartitions(gp, dev uint32) {
	const notThisOne = 0xffffffff
	whole := k.partition(gp, dev&0xff)
	if k.mem.U32(k.firstCheck()) != 0 {
		k.Printk("<6>Partition check:\n")
		k.mem.SetU32(k.firstCheck(), 0)
	}
	start := k.mem.Get(whole, k.drv.lay.HdStruct.StartSect)
	if start == notThisOne {
		k.mem.Set(whole, k.drv.lay.HdStruct.StartSect, 0)
		return
	}
	k.Printk("<6> %s:", k.diskName(gp, dev&0xff))
	bdev := k.getBlockDevice(dev)
	if bdev == 0 {
		return // 2.4.18 runs into a bad address here
	}
	inode := k.mem.Get(bdev, k.drv.fs.lay.BDev.Inode)
	k.mem.SetU64(inode+k.lay.Inode.Length.Off, uint64(k.mem.Get(whole, k.drv.lay.HdStruct.NrSects))<<sectorBits)
	k.mem.Set(inode, k.lay.Inode.Blkbits, log2(k.blockSize(dev)))
	t := &tableReader{k: k, gp: gp, inode: inode, dev: dev, unit: k.sectorSize(dev) >> sectorBits}
	t.read(start)
	k.invalidateBdev(bdev, true)
	k.truncatePages(k.mem.Get(inode, k.lay.Inode.Mapping), 0)
	k.putBlockDevice(bdev)
}

// A tableReader reads the partition table of one disk.
type tableReader struct {
	k         *Kernel
	gp, inode uint32
	dev       uint32 // of the whole disk
	unit      uint32 // a sector of the disk in 512 bytes
	nextMinor uint32 // of the next logical partition
}

// Places in a sector with a table of the PC's kind.
const (
	tableEntries   = 0x1be
	tableEntrySize = 16
	primaryEntries = 4
	signaturePlace = 510
	sectorBytes    = 512
)

// A tableEntry is a line of such a table; start and size in sectors of 512 bytes.
type tableEntry struct {
	kind        byte
	start, size uint32
}

// extended tells whether an entry leads to another table.
func (e tableEntry) extended() bool { return e.kind == 5 || e.kind == 0x0f || e.kind == 0x85 }

// sector reads a sector; nil when it cannot be read.
func (t *tableReader) sector(n uint32) []byte {
	const perPage = abi.PageSize / sectorBytes
	k := t.k
	page, errno := k.readPage(0, k.mem.Get(t.inode, k.lay.Inode.Mapping), n/perPage)
	if errno != 0 {
		return nil
	}
	b := k.mem.Bytes(k.pageAddress(page)+n%perPage*sectorBytes, sectorBytes)
	k.putPage(page)
	return slices.Clone(b)
}

// signed tells whether the two bytes of the PC's signature lie at a place.
func signed(sector []byte, at int) bool { return sector[at] == 0x55 && sector[at+1] == 0xaa }

// entry is the i-th entry of a sector; those before the first are an old disk manager's.
func (t *tableReader) entry(sector []byte, i int) tableEntry {
	e := sector[tableEntries+i*tableEntrySize:]
	return tableEntry{kind: e[4], start: binary.LittleEndian.Uint32(e[8:]) * t.unit, size: binary.LittleEndian.Uint32(e[12:]) * t.unit}
}

// full tells whether the disk has no minor number left for the next partition.
func (t *tableReader) full() bool {
	return t.nextMinor&(1<<(t.k.mem.Get(t.gp, t.k.drv.lay.Gendisk.MinorShift)&31)-1) == 0
}

// add enters a partition and tells its name (add_gd_partition).
func (t *tableReader) add(minor, start, size uint32) {
	k, hd := t.k, &t.k.drv.lay.HdStruct
	k.mem.Set(k.partition(t.gp, minor), hd.StartSect, start)
	k.mem.Set(k.partition(t.gp, minor), hd.NrSects, size)
	name := k.diskName(t.gp, minor)
	if major := k.mem.Get(t.gp, k.drv.lay.Gendisk.Major); isCompaq(major) {
		name = fmt.Sprintf("p%d", minor&(1<<(k.mem.Get(t.gp, k.drv.lay.Gendisk.MinorShift)&31)-1))
	}
	k.Printk(" %s", name)
}

// read finds out what kind of table the disk has, in the kernel's order.
func (t *tableReader) read(start uint32) {
	first := t.sector(0)
	switch {
	case first == nil:
		if t.k.mem.U32(t.k.symbol("warn_no_part")) != 0 {
			t.k.Printk(" unable to read partition table\n")
		}
	case signed(first, signaturePlace):
		t.readPC(first, start)
	default:
		for _, other := range []struct {
			name, magic string
			at          int
		}{{"an OSF", "\x57\x45\x56\x82", 64}, {"a Sun", "\xda\xbe", 508}, {"a Macintosh", "ER", 0}, {"an SGI", "\x0b\xe5\xa9\x41", 0}} {
			if string(first[other.at:other.at+len(other.magic)]) == other.magic {
				t.missing(other.name + " disk label")
			}
		}
		t.k.Printk(" unknown partition table\n")
	}
}

func (t *tableReader) missing(what string) {
	t.k.stop(Outcome{Kind: Missing, Reason: fmt.Sprintf("partition check of %s: reading %s is not written", t.k.diskName(t.gp, t.dev&0xff), what)})
}

// readPC reads the PC's table: four primary partitions, the logical ones of each extended partition among them, and those of
// an old disk manager.
func (t *tableReader) readPC(sector []byte, start uint32) {
	const diskManager, managerEntries, kept = 0xfc, 12, 2
	minor := t.dev&0xff + 1
	t.nextMinor = minor + primaryEntries
	for i := range primaryEntries {
		e := t.entry(sector, i)
		if e.size == 0 {
			continue
		}
		at := minor + uint32(i)
		t.add(at, start+e.start, e.size)
		if e.extended() {
			t.k.Printk(" <")
			if e.size > kept {
				t.k.mem.Set(t.k.partition(t.gp, at), t.k.drv.lay.HdStruct.NrSects, kept) // nobody shall format it
			}
			t.readLogical(start+e.start, e.size)
			t.k.Printk(" >")
		}
	}
	if signed(sector, diskManager) {
		for i := -1; i >= -managerEntries && !t.full(); i-- {
			if e := t.entry(sector, i); e.start != 0 && e.size != 0 {
				t.add(t.nextMinor, e.start/t.unit, e.size/t.unit)
			}
			t.nextMinor++
		}
	}
	t.k.Printk("\n")
	for i := range primaryEntries {
		if e := t.entry(sector, i); e.size != 0 {
			t.checkInside(e.kind, t.k.mem.Get(t.k.partition(t.gp, minor+uint32(i)), t.k.drv.lay.HdStruct.StartSect))
		}
	}
}

// readLogical follows the chain of tables inside an extended partition; of each the first two entries count, and of the other
// two what lies inside it. It gives up after a hundred without a partition.
func (t *tableReader) readLogical(first, firstSize uint32) {
	const longestChain, trusted = 100, 2
	at, size := first, firstSize
	for links := 1; links <= longestChain && !t.full(); links++ {
		sector := t.sector(at)
		if sector == nil || !signed(sector, signaturePlace) {
			return
		}
		for i := range primaryEntries {
			e := t.entry(sector, i)
			begin := at + e.start
			outside := e.start+e.size > size || begin < first || begin+e.size > first+firstSize
			if e.size == 0 || e.extended() || i >= trusted && outside {
				continue
			}
			t.add(t.nextMinor, begin, e.size)
			t.nextMinor++
			links = 0
			if t.full() {
				return
			}
		}
		next := slices.IndexFunc([]int{0, 1, 2, 3}, func(i int) bool {
			e := t.entry(sector, i)
			return e.size != 0 && e.extended()
		})
		if next < 0 {
			return
		}
		e := t.entry(sector, next)
		at, size = first+e.start, e.size
	}
}

// checkInside looks whether a partition of another system has a table of its own.
func (t *tableReader) checkInside(kind byte, start uint32) {
	const (
		bsdMagic, solarisMagic   = 0x82564557, 0x600ddeee
		unixWareMagic, minixKind = 0xca5e600d, 0x81
		solarisSanity            = 12 // of struct solaris_x86_vtoc
		unixWarePlace            = 29
	)
	word := func(n, at uint32) uint32 {
		if b := t.sector(n); b != nil {
			return binary.LittleEndian.Uint32(b[at:])
		}
		return 0
	}
	switch kind {
	case 0xa5, 0xa6, 0xa9:
		if word(start+1, 0) == bsdMagic {
			t.missing("a BSD disk label")
		}
	case minixKind:
		if b := t.sector(start); b != nil && signed(b, signaturePlace) && b[tableEntries+4] == minixKind {
			t.missing("a Minix table")
		}
	case 0x63:
		if word(start+unixWarePlace, 0) == unixWareMagic {
			t.missing("a UnixWare table")
		}
	case 0x82: // also Linux swap space
		if word(start+1, solarisSanity) == solarisMagic {
			t.missing("a Solaris table")
		}
	}
}
