// SPDX-License-Identifier: BSD-3-Clause
// Major numbers of character and block devices: the tables chrdevs and blkdevs (2.4.18 fs/devices.c, fs/block_dev.c).

package guestkernel

import (
	"fmt"
	"strings"

	"ring0/guestkernel/abi"
)

// A device table is an array of {name, operations}, indexed by major number. The name stays the caller's string, in the
// module's memory: after the module has gone it is a bad pointer.
const (
	deviceEntry = 8
	deviceOps   = 4
	maxMajor    = 255 // MAX_CHRDEV, MAX_BLKDEV
)

func deviceFunctions() []Function {
	chr := func(k *Kernel) uint32 { return k.sym.Chrdevs }
	blk := func(k *Kernel) uint32 { return k.sym.Blkdevs }
	return []Function{
		{Name: "register_chrdev", Fn: registerDevice(chr), Level: Full},
		{Name: "unregister_chrdev", Fn: unregisterDevice(chr), Level: Full},
		{Name: "register_blkdev", Fn: registerDevice(blk), Level: Full},
		{Name: "unregister_blkdev", Fn: unregisterDevice(blk), Level: Full},
		{Name: "kdevname", Fn: kdevname, Level: Full},
		{Name: "cdevname", Fn: deviceName(chr, "unknown-char", cdevnameBuffer), Level: Full},
		{Name: "bdevname", Fn: deviceName(blk, "unknown-block", bdevnameBuffer), Level: Full},
	}
}

// A bootDevice is a major number that the booted kernel has given away.
type bootDevice struct {
	major int
	name  string
	ops   string // the symbol of its operations
}

// bootCharDevices lists what a PC's 2.4.18-14 has registered when the first process runs.
func bootCharDevices() []bootDevice {
	all := []bootDevice{
		{1, "mem", "memory_fops"}, {2, "pty", "tty_fops"}, {3, "ttyp", "tty_fops"}, {4, "ttyS", "tty_fops"}, {5, "cua", "tty_fops"},
		{7, "vcs", "vcs_fops"}, {10, "misc", "misc_fops"}, {29, "fb", "fb_fops"}, {36, "netlink", "netlink_fops"}, {162, "raw", "raw_fops"},
	}
	for i := range 8 { // 2048 Unix98 terminals
		all = append(all, bootDevice{128 + i, "ptm", "tty_fops"}, bootDevice{136 + i, "pts", "tty_fops"})
	}
	return all
}

// bootBlockDevices is the same for block devices: RAM disks, a floppy drive, two IDE channels, software RAID.
func bootBlockDevices() []bootDevice {
	return []bootDevice{
		{1, "ramdisk", "rd_bd_op"}, {2, "fd", "floppy_fops"}, {3, "ide0", "ide_fops"}, {9, "md", "md_fops"}, {22, "ide1", "ide_fops"},
	}
}

func (k *Kernel) bootDevices() error {
	names := map[string]uint32{}
	for _, table := range []struct {
		at      uint32
		devices []bootDevice
	}{{k.sym.Chrdevs, bootCharDevices()}, {k.sym.Blkdevs, bootBlockDevices()}} {
		for _, d := range table.devices {
			ops, ok := k.profile.Symbol(d.ops)
			if !ok {
				return fmt.Errorf("guestkernel: profile %s has no symbol %s", k.profile.Name, d.ops)
			}
			if names[d.name] == 0 {
				names[d.name] = k.newString(d.name)
			}
			entry := table.at + uint32(d.major)*deviceEntry
			k.mem.SetU32(entry, names[d.name])
			k.mem.SetU32(entry+deviceOps, ops)
		}
	}
	return nil
}

// newString puts a string of the kernel's own into memory that is never freed.
func (k *Kernel) newString(s string) uint32 {
	addr := k.Kmalloc(uint32(len(s))+1, k.pages.gfp.kernel)
	if addr == 0 {
		panicf("no memory for the string %q", s)
	}
	k.mem.Write(addr, append([]byte(s), 0))
	return addr
}

// registerDevice models int register_chrdev(unsigned int major, const char *name, struct file_operations *fops), and
// register_blkdev.
func registerDevice(table func(*Kernel) uint32) func(*Call) {
	return func(c *Call) {
		c.Return(uint32(c.Kernel.registerMajor(table(c.Kernel), c.Arg(0), c.Arg(1), c.Arg(2))))
	}
}

// registerMajor gives a major number away. Major 0 asks for a free number, from 254 down, and returns it; else 0. A number
// that has the same operations already only gets the new name.
func (k *Kernel) registerMajor(table, major, name, ops uint32) int32 {
	answer := int32(0)
	if major == 0 {
		for major = maxMajor - 1; k.mem.U32(table+major*deviceEntry+deviceOps) != 0; major-- {
			if major == 1 {
				return -int32(abi.EBUSY)
			}
		}
		answer = int32(major)
	}
	if major >= maxMajor {
		return -int32(abi.EINVAL)
	}
	entry := table + major*deviceEntry
	if have := k.mem.U32(entry + deviceOps); have != 0 && have != ops {
		return -int32(abi.EBUSY)
	}
	k.mem.SetU32(entry, name)
	k.mem.SetU32(entry+deviceOps, ops)
	return answer
}

// unregisterDevice models int unregister_chrdev(unsigned int major, const char *name), and unregister_blkdev.
func unregisterDevice(table func(*Kernel) uint32) func(*Call) {
	return func(c *Call) {
		c.Return(uint32(c.Kernel.unregisterMajor(table(c.Kernel), c.Arg(0), c.Arg(1))))
	}
}

// unregisterMajor takes a major number back: EINVAL unless it has that name.
func (k *Kernel) unregisterMajor(table, major, name uint32) int32 {
	entry := table + major*deviceEntry
	if major >= maxMajor || k.mem.U32(entry+deviceOps) == 0 || !k.sameString(k.mem.U32(entry), name) {
		return -int32(abi.EINVAL)
	}
	k.mem.SetU32(entry, 0)
	k.mem.SetU32(entry+deviceOps, 0)
	return 0
}

// sameString is strcmp(a, b) == 0.
func (k *Kernel) sameString(a, b uint32) bool {
	for {
		ca, cb := k.mem.U8(a), k.mem.U8(b)
		if ca != cb {
			return false
		}
		if ca == 0 {
			return true
		}
		a, b = a+1, b+1
	}
}

// Where the names of devices are put together: buffers inside the functions, below variables whose names are unique.
func kdevnameBuffer(k *Kernel) uint32 { return k.sym.Chrdevs - 64 }
func cdevnameBuffer(k *Kernel) uint32 { return k.sym.Chrdevs - 32 }
func bdevnameBuffer(k *Kernel) uint32 { return k.sym.BdMnt - 32 }

// kdevname models const char *kdevname(kdev_t dev): "03:41", in a buffer that the next call overwrites.
func kdevname(c *Call) {
	k, dev := c.Kernel, c.Arg(0)
	k.mem.Write(kdevnameBuffer(k), fmt.Appendf(nil, "%02x:%02x\x00", dev>>8&0xff, dev&0xff))
	c.Return(kdevnameBuffer(k))
}

// deviceName models const char *cdevname(kdev_t dev), and bdevname: "ide0(3,65)".
func deviceName(table func(*Kernel) uint32, unknown string, buffer func(*Kernel) uint32) func(*Call) {
	const longest = 4096 // the buffer has 32 bytes; a longer name runs over, as there
	return func(c *Call) {
		k, major, minor := c.Kernel, c.Arg(0)>>8&0xff, c.Arg(0)&0xff
		name := unknown
		if at := k.mem.U32(table(k) + major*deviceEntry); at != 0 {
			name, _ = k.mem.CString(at, longest)
		}
		k.mem.Write(buffer(k), fmt.Appendf(nil, "%s(%d,%d)\x00", name, major, minor))
		c.Return(buffer(k))
	}
}

// DeviceList is the text of /proc/devices.
func (k *Kernel) DeviceList() string {
	const longest = 256
	var b strings.Builder
	list := func(title string, table uint32) {
		b.WriteString(title)
		for major := range uint32(maxMajor) {
			if entry := table + major*deviceEntry; k.mem.U32(entry+deviceOps) != 0 {
				name, _ := k.mem.CString(k.mem.U32(entry), longest)
				fmt.Fprintf(&b, "%3d %s\n", major, name)
			}
		}
	}
	list("Character devices:\n", k.sym.Chrdevs)
	list("\nBlock devices:\n", k.sym.Blkdevs)
	return b.String()
}
