// SPDX-License-Identifier: BSD-3-Clause
// What disks and their partitions are called: hda1, sdaa, c0d0p1 (2.4.18 fs/partitions/check.c disk_name).

package guestkernel

import (
	"fmt"
	"slices"
)

// Major numbers with names of their own.
const (
	majorMD      = 9
	majorATARAID = 114
)

// ideMajors are the major numbers of IDE channels, in order; each has two drives.
func ideMajors() []uint32 { return []uint32{3, 22, 33, 34, 56, 57, 88, 89, 90, 91} }

// isCompaq tells whether a major number is one of a Compaq RAID controller: SMART2, CISS. Those of Mylex's DAC960 have the
// same kind of names.
func isCompaq(major uint32) bool { return major >= 72 && major <= 79 || major >= 104 && major <= 111 }

// isSCSIDisk tells whether a major number is one of SCSI disks; scsiUnit is which disk a minor number means.
func isSCSIDisk(major uint32) bool {
	return major == 8 || major >= 65 && major <= 71 || major >= 128 && major <= 135
}

func scsiUnit(major, minor uint32) uint32 { return (major&0x80>>4+major&7)<<4 + minor>>4 }

// diskName is the name of a minor number of a disk.
func (k *Kernel) diskName(gp, minor uint32) string {
	const dac960, controllers, letters = 48, 8, 26
	lay := &k.drv.lay.Gendisk
	major, shift := k.mem.Get(gp, lay.Major), k.mem.Get(gp, lay.MinorShift)&31
	name, unit, part := k.kernelString(k.mem.Get(gp, lay.MajorName)), minor>>shift, minor&(1<<shift-1)
	withPart := func(base, between string) string {
		if part != 0 {
			return fmt.Sprintf("%s%s%d", base, between, part)
		}
		return base
	}
	switch channel := slices.Index(ideMajors(), major); {
	case channel >= 0:
		const drives = 2
		name, unit = "hd", unit+uint32(channel)*drives
	case major == majorMD:
		return fmt.Sprintf("%s%d", name, unit)
	case isSCSIDisk(major):
		if unit = scsiUnit(major, minor); unit >= letters {
			unit -= letters
			return withPart(fmt.Sprintf("sd%c%c", 'a'+unit/letters, 'a'+unit%letters), "")
		}
	case isCompaq(major), major >= dac960 && major < dac960+controllers:
		return withPart(fmt.Sprintf("%s/c%dd%d", name, major%controllers, unit), "p") // each block of numbers begins with a multiple of 8
	case major == majorATARAID:
		return withPart(fmt.Sprintf("%s/d%d", name, unit), "p")
	}
	return withPart(name+string([]byte{byte('a' + unit)}), "")
}
