// SPDX-License-Identifier: BSD-3-Clause
// What file systems do with inodes through helpers: bad and special ones, attributes (2.4.18 fs/bad_inode.c, fs/devices.c,
// fs/attr.c, fs/inode.c, mm/memory.c).

package guestkernel

import "ring0/guestkernel/abi"

// Bits of ia_valid.
const (
	attrMode     = 1
	attrUID      = 2
	attrGID      = 4
	attrSize     = 8
	attrAtime    = 16
	attrMtime    = 32
	attrCtime    = 64
	attrAtimeSet = 128
	attrMtimeSet = 256
	attrForce    = 512
	modeSetGID   = 0o2000
	modeSocket   = 0o140000
)

// makeBadInode models void make_bad_inode(struct inode *inode): everything fails with EIO from now on.
func makeBadInode(c *Call) {
	k, inode, lay := c.Kernel, c.Arg(0), &c.Kernel.lay.Inode
	k.mem.Set(inode, lay.Mode, modeRegular)
	now := k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec)
	for _, f := range []abi.Field{lay.Atime, lay.Mtime, lay.Ctime} {
		k.mem.Set(inode, f, now)
	}
	k.mem.Set(inode, lay.Op, k.symbol("bad_inode_ops"))
	k.mem.Set(inode, lay.Fop, k.symbol("bad_file_ops"))
}

// isBadInode models int is_bad_inode(struct inode *inode).
func isBadInode(c *Call) {
	c.Return(boolWord(c.Kernel.mem.Get(c.Arg(0), c.Kernel.lay.Inode.Op) == c.Kernel.symbol("bad_inode_ops")))
}

// initSpecialInode models void init_special_inode(struct inode *inode, umode_t mode, int rdev).
func initSpecialInode(c *Call) {
	k, inode, mode, lay := c.Kernel, c.Arg(0), c.Arg(1)&0xffff, &c.Kernel.lay.Inode
	k.mem.Set(inode, lay.Mode, mode)
	switch mode & modeKind {
	case modeChar:
		k.mem.Set(inode, lay.Fop, k.sym.DefChrFops)
		k.mem.Set(inode, lay.Rdev, c.Arg(2)&0xffff)
	case modeBlock:
		k.mem.Set(inode, lay.Fop, k.symbol("def_blk_fops"))
		k.mem.Set(inode, lay.Rdev, c.Arg(2)&0xffff)
	case modeFifo:
		k.mem.Set(inode, lay.Fop, k.symbol("def_fifo_fops"))
	case modeSocket:
		k.mem.Set(inode, lay.Fop, k.symbol("bad_sock_fops"))
	default:
		k.Printk("<7>init_special_inode: bogus imode (%o)\n", mode)
	}
}

// updateAtime models void update_atime(struct inode *inode).
func updateAtime(c *Call) { c.Kernel.updateAtime(c.Arg(0)) }

func (k *Kernel) updateAtime(inode uint32) {
	const noAtime, noDirAtime, readOnly = 1024, 2048, 1
	lay := &k.lay.Inode
	sb := k.mem.Get(inode, lay.SB)
	if sb == 0 {
		return
	}
	flags := k.mem.Get(sb, k.drv.fs.lay.SB.Flags) | k.mem.Get(inode, lay.Flags)
	now := k.mem.Get(k.sym.Xtime, k.lay.Timeval.Sec)
	isDir := k.mem.Get(inode, lay.Mode)&modeKind == modeDir
	if k.mem.Get(inode, lay.Atime) == now || flags&(noAtime|readOnly) != 0 || isDir && flags&noDirAtime != 0 {
		return
	}
	k.mem.Set(inode, lay.Atime, now)
	k.dirtyInode(inode, inodeDirtySync)
}

// inodeChangeOK models int inode_change_ok(struct inode *inode, struct iattr *attr): EPERM unless the task may.
func inodeChangeOK(c *Call) {
	const chown, fsetid, fowner = abi.CapChown, abi.CapFsetid, abi.CapFowner
	k, inode, attr, t, lay, at := c.Kernel, c.Arg(0), c.Arg(1), c.Task(), &c.Kernel.lay.Inode, &c.Kernel.drv.fs.lay.Iattr
	valid := k.mem.Get(attr, at.Valid)
	c.Return(0)
	if valid&attrForce != 0 {
		return
	}
	owner := t.Get(k.lay.Task.Fsuid) == k.mem.Get(inode, lay.UID)
	switch {
	case valid&attrUID != 0 && (!owner || k.mem.Get(attr, at.UID) != k.mem.Get(inode, lay.UID)) && !t.Capable(chown),
		valid&attrGID != 0 && (!owner || !k.inGroup(t, k.mem.Get(attr, at.GID)) && k.mem.Get(attr, at.GID) != k.mem.Get(inode, lay.GID)) && !t.Capable(chown),
		valid&attrMode != 0 && !owner && !t.Capable(fowner),
		valid&(attrMtimeSet|attrAtimeSet) != 0 && !owner && !t.Capable(fowner):
		c.Fail(abi.EPERM)
		return
	}
	if valid&attrMode != 0 {
		group := k.mem.Get(inode, lay.GID)
		if valid&attrGID != 0 {
			group = k.mem.Get(attr, at.GID)
		}
		if !k.inGroup(t, group) && !t.Capable(fsetid) {
			k.mem.Set(attr, at.Mode, k.mem.Get(attr, at.Mode)&^modeSetGID)
		}
	}
}

// setAttributes is inode_setattr.
func (k *Kernel) setAttributes(inode, attr uint32) uint32 {
	lay, at := &k.lay.Inode, &k.drv.fs.lay.Iattr
	valid := k.mem.Get(attr, at.Valid)
	if valid&attrSize != 0 {
		if result := k.vmTruncate(inode, k.mem.U64(attr+at.Len.Off)); result != 0 {
			return result
		}
	}
	for _, row := range []struct {
		bit      uint32
		to, from abi.Field
	}{
		{attrUID, lay.UID, at.UID}, {attrGID, lay.GID, at.GID}, {attrAtime, lay.Atime, at.Atime}, {attrMtime, lay.Mtime, at.Mtime},
		{attrCtime, lay.Ctime, at.Ctime}, {attrMode, lay.Mode, at.Mode},
	} {
		if valid&row.bit != 0 {
			k.mem.Set(inode, row.to, k.mem.Get(attr, row.from))
		}
	}
	if mode := k.mem.Get(inode, lay.Mode); valid&attrMode != 0 && !k.inGroup(k.running, k.mem.Get(inode, lay.GID)) && !k.running.Capable(abi.CapFsetid) {
		k.mem.Set(inode, lay.Mode, mode&^modeSetGID)
	}
	k.dirtyInode(inode, inodeDirtySync|inodeDirtyData)
	return 0
}

// vmTruncate is vmtruncate: the file ends at a position.
func (k *Kernel) vmTruncate(inode uint32, length uint64) uint32 {
	at := inode + k.lay.Inode.Length.Off
	old := k.mem.U64(at)
	if int64(length) < 0 {
		return errWord(abi.EINVAL)
	}
	k.mem.SetU64(at, length)
	if length < old {
		k.unmapFile(k.mem.Get(inode, k.lay.Inode.Mapping), uint32((length+abi.PageSize-1)>>abi.PageShift))
		k.truncatePages(k.mem.Get(inode, k.lay.Inode.Mapping), length)
	}
	if op := k.mem.Get(inode, k.lay.Inode.Op); op != 0 {
		if truncate := k.mem.Get(op, k.drv.fs.lay.IOps.Truncate); truncate != 0 {
			k.Call(truncate, inode)
		}
	}
	return 0
}
