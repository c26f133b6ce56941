// SPDX-License-Identifier: BSD-3-Clause
// Device files: /dev, and how opening one finds its driver (2.4.18 fs/devices.c, drivers/char/misc.c, drivers/char/mem.c).
//
// /dev has a file for whatever is registered, and no other: NAME (minor number 0) and NAMEn for a character major number's
// name, NAME for a misc device, mem, kmem, null, port, zero, full, and char:MAJOR:MINOR for any. Block devices
// come after them by the same rules: NAME, NAMEn, ramN, block:MAJOR:MINOR. Everybody may read and write them.

package guestkernel

import (
	"strconv"
	"strings"

	"ring0/guestkernel/abi"
)

func charDeviceFunctions() []Function {
	return []Function{
		{Name: "chrdev_open", Fn: chrdevOpen, Level: Partial, Note: "a major number without a driver is ENODEV at once: no module is asked for"},
		{Name: "misc_open", Fn: miscOpen, Level: Partial, Note: "a minor number without a driver is ENODEV at once: no module is asked for"},
		{Name: "memory_open", Fn: memoryOpen, Level: Partial, Note: "mem, kmem, null, port, zero and full; others stop the run by name when used"},
		{Name: "read_null", Fn: func(c *Call) { c.Return(0) }, Level: Full},
		{Name: "write_null", Fn: func(c *Call) { c.Return(c.Arg(2)) }, Level: Full},
		{Name: "read_zero", Fn: readZero, Level: Full},
		{Name: "write_full", Fn: func(c *Call) { c.Fail(abi.ENOSPC) }, Level: Full},
		{Name: "null_lseek", Fn: nullLseek, Level: Full},
	}
}

// bootCharOps fills the operations of the kernel's own devices. Those of drivers that are not written get their open
// function, which stops who calls it by name.
func (k *Kernel) bootCharOps() error {
	lay := &k.lay.FileOperations
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"def_chr_fops", lay.Open, "chrdev_open"}, {"misc_fops", lay.Open, "misc_open"}, {"memory_fops", lay.Open, "memory_open"},
		{"null_fops", lay.Llseek, "null_lseek"}, {"null_fops", lay.Read, "read_null"}, {"null_fops", lay.Write, "write_null"},
		{"zero_fops", lay.Llseek, "null_lseek"}, {"zero_fops", lay.Read, "read_zero"}, {"zero_fops", lay.Write, "write_null"},
		{"full_fops", lay.Llseek, "null_lseek"}, {"full_fops", lay.Read, "read_zero"}, {"full_fops", lay.Write, "write_full"},
		{"tty_fops", lay.Open, "tty_open"}, {"vcs_fops", lay.Open, "vcs_open"}, {"fb_fops", lay.Open, "fb_open"},
		{"netlink_fops", lay.Open, "netlink_open"}, {"raw_fops", lay.Open, "raw_open"}, {"psaux_fops", lay.Open, "open_aux"},
		{"rtc_fops", lay.Open, "rtc_open"},
	} {
		table, ok := k.profile.Symbol(row.table)
		if !ok {
			panicf("profile %s has no %s", k.profile.Name, row.table)
		}
		if err := k.setOp(table, row.f, row.name); err != nil {
			return err
		}
	}
	return nil
}

// lookupDev finds a device file; its name has one user.
func (k *Kernel) lookupDev(parts []string) (dentry uint32, errno abi.Errno) {
	if len(parts) == 0 {
		return 0, abi.EISDIR // the directory itself cannot be opened
	}
	kind, ops := uint32(modeChar), k.sym.DefChrFops
	dev, ok := k.deviceNamed(strings.Join(parts, "/"))
	if !ok {
		kind, ops = modeBlock, k.symbol("def_blk_fops")
		dev, ok = k.blockDeviceNamed(strings.Join(parts, "/"))
	}
	if !ok {
		return 0, abi.ENOENT
	}
	const number, readWrite = 2, 0o666
	inode := k.newInode(number, kind|readWrite)
	if inode == 0 {
		return 0, abi.ENOMEM
	}
	k.mem.Set(inode, k.lay.Inode.Rdev, dev)
	k.mem.Set(inode, k.lay.Inode.Fop, ops)
	if dentry = k.newDentry(0, parts[len(parts)-1], inode); dentry == 0 {
		k.iput(inode)
		return 0, abi.ENOMEM
	}
	return dentry, 0
}

// deviceNamed finds the device number of a name in /dev.
func (k *Kernel) deviceNamed(name string) (dev uint32, ok bool) {
	const memoryMajor, miscMajor = 1, 10
	if minor, ok := map[string]uint32{"mem": 1, "kmem": 2, "null": 3, "port": 4, "zero": 5, "full": 7}[name]; ok {
		return memoryMajor<<8 | minor, true
	}
	if numbers, ok := strings.CutPrefix(name, "char:"); ok {
		major, minor, _ := strings.Cut(numbers, ":")
		hi, err := strconv.ParseUint(major, 10, 8)
		lo, err2 := strconv.ParseUint(minor, 10, 8)
		return uint32(hi<<8 | lo), err == nil && err2 == nil
	}
	for d := range k.miscDevices() {
		if at := k.mem.Get(d, k.lay.MiscDevice.Name); at != 0 && k.equals(at, name) {
			return miscMajor<<8 | k.mem.Get(d, k.lay.MiscDevice.Minor)&0xff, true
		}
	}
	if major := k.majorNamed(name); major != 0 {
		return major << 8, true
	}
	base := strings.TrimRight(name, "0123456789")
	minor, err := strconv.ParseUint(name[len(base):], 10, 8)
	major := k.majorNamed(base)
	return major<<8 | uint32(minor), err == nil && major != 0
}

// blockDeviceNamed is the same for block devices. RAM disks are also called ramN.
func (k *Kernel) blockDeviceNamed(name string) (dev uint32, ok bool) {
	if numbers, ok := strings.CutPrefix(name, "block:"); ok {
		major, minor, _ := strings.Cut(numbers, ":")
		hi, err := strconv.ParseUint(major, 10, 8)
		lo, err2 := strconv.ParseUint(minor, 10, 8)
		return uint32(hi<<8 | lo), err == nil && err2 == nil
	}
	if major := k.majorIn(k.sym.Blkdevs, name); major != 0 {
		return major << 8, true
	}
	base := strings.TrimRight(name, "0123456789")
	minor, err := strconv.ParseUint(name[len(base):], 10, 8)
	if base == "ram" {
		base = "ramdisk"
	}
	major := k.majorIn(k.sym.Blkdevs, base)
	return major<<8 | uint32(minor), err == nil && major != 0
}

// majorNamed finds a registered character major number by its name, 0 when there is none.
func (k *Kernel) majorNamed(name string) uint32 { return k.majorIn(k.sym.Chrdevs, name) }

func (k *Kernel) majorIn(table uint32, name string) uint32 {
	for major := range uint32(maxMajor) {
		entry := table + major*deviceEntry
		if at := k.mem.U32(entry); at != 0 && k.mem.U32(entry+deviceOps) != 0 && k.equals(at, name) {
			return major
		}
	}
	return 0
}

// chrdevOpen models int chrdev_open(struct inode *inode, struct file *filp): the driver's operations take the file over.
func chrdevOpen(c *Call) {
	k, inode, f := c.Kernel, c.Arg(0), c.Arg(1)
	major := k.mem.Get(inode, k.lay.Inode.Rdev) >> 8
	ops := uint32(0)
	if major != 0 && major < maxMajor {
		ops = k.fopsGet(k.mem.U32(k.sym.Chrdevs + major*deviceEntry + deviceOps))
	}
	k.mem.Set(f, k.lay.File.Op, ops)
	if ops == 0 {
		c.Fail(abi.ENODEV)
		return
	}
	c.Return(0)
	if open := k.mem.Get(ops, k.lay.FileOperations.Open); open != 0 {
		c.Return(k.Call(open, inode, f))
	}
}

// miscOpen models int misc_open(struct inode *inode, struct file *file).
func miscOpen(c *Call) {
	k, inode, f := c.Kernel, c.Arg(0), c.Arg(1)
	minor := k.mem.Get(inode, k.lay.Inode.Rdev) & 0xff
	ops := uint32(0)
	for d := range k.miscDevices() {
		if k.mem.Get(d, k.lay.MiscDevice.Minor) == minor {
			ops = k.fopsGet(k.mem.Get(d, k.lay.MiscDevice.Fops))
			break
		}
	}
	if ops == 0 {
		c.Fail(abi.ENODEV)
		return
	}
	old := k.mem.Get(f, k.lay.File.Op)
	k.mem.Set(f, k.lay.File.Op, ops)
	c.Return(0)
	if open := k.mem.Get(ops, k.lay.FileOperations.Open); open != 0 {
		result := k.Call(open, inode, f)
		c.Return(result)
		if result != 0 {
			k.fopsPut(k.mem.Get(f, k.lay.File.Op))
			k.mem.Set(f, k.lay.File.Op, k.fopsGet(old))
		}
	}
	k.fopsPut(old)
}

// memoryOpen models static int memory_open(struct inode *inode, struct file *filp): one of the devices of major number 1.
func memoryOpen(c *Call) {
	k, minor := c.Kernel, c.Kernel.mem.Get(c.Arg(0), c.Kernel.lay.Inode.Rdev)&0xff
	table, ok := map[uint32]string{1: "mem_fops", 2: "kmem_fops", 3: "null_fops", 4: "port_fops", 5: "zero_fops", 7: "full_fops"}[minor]
	if !ok {
		k.stop(Outcome{Kind: Missing, Reason: "memory_open of minor number " + strconv.Itoa(int(minor)) + ": only mem, kmem, null, port, zero and full are written"})
	}
	at, _ := k.profile.Symbol(table)
	k.mem.Set(c.Arg(1), k.lay.File.Op, at)
	c.Return(0)
	if open := k.mem.Get(at, k.lay.FileOperations.Open); open != 0 {
		c.Return(k.Call(open, c.Arg(0), c.Arg(1)))
	}
}

// readZero models static ssize_t read_zero(struct file *file, char *buf, size_t count, loff_t *ppos).
func readZero(c *Call) {
	k, buf, n := c.Kernel, c.Arg(1), c.Arg(2)
	c.Return(n)
	zeros := make([]byte, abi.PageSize)
	for done := uint32(0); done < n; {
		piece := zeros[:min(n-done, abi.PageSize)]
		if left := k.CopyToUser(buf+done, piece); left != 0 {
			c.Fail(abi.EFAULT)
			if done += uint32(len(piece) - left); done != 0 {
				c.Return(done)
			}
			return
		}
		done += uint32(len(piece))
	}
}

// nullLseek models static loff_t null_lseek(struct file *file, loff_t offset, int orig).
func nullLseek(c *Call) {
	c.Kernel.mem.SetU64(c.Arg(0)+c.Kernel.lay.File.Pos.Off, 0)
	c.Return64(0)
}
