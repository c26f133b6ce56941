// SPDX-License-Identifier: BSD-3-Clause
// What a file is: the stat calls, access, readlink (2.4.18 fs/stat.c, fs/open.c sys_access).

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

// statLayouts are the two structures that programs get (asm-i386/stat.h).
type statLayouts struct {
	plain statLayout
	large statLayout64
}

type statLayout struct {
	Size    uint32    `c:"(sizeof)"`
	Dev     abi.Field `c:"st_dev"`
	Ino     abi.Field `c:"st_ino"`
	Mode    abi.Field `c:"st_mode"`
	Nlink   abi.Field `c:"st_nlink"`
	UID     abi.Field `c:"st_uid"`
	GID     abi.Field `c:"st_gid"`
	Rdev    abi.Field `c:"st_rdev"`
	Length  abi.Field `c:"st_size"`
	Blksize abi.Field `c:"st_blksize"`
	Blocks  abi.Field `c:"st_blocks"`
	Atime   abi.Field `c:"st_atime"`
	Mtime   abi.Field `c:"st_mtime"`
	Ctime   abi.Field `c:"st_ctime"`
}

type statLayout64 struct {
	Size    uint32    `c:"(sizeof)"`
	Dev     abi.Field `c:"st_dev"`
	OldIno  abi.Field `c:"__st_ino"`
	Mode    abi.Field `c:"st_mode"`
	Nlink   abi.Field `c:"st_nlink"`
	UID     abi.Field `c:"st_uid"`
	GID     abi.Field `c:"st_gid"`
	Rdev    abi.Field `c:"st_rdev"`
	Length  abi.Field `c:"st_size"`
	Blksize abi.Field `c:"st_blksize"`
	Blocks  abi.Field `c:"st_blocks"`
	Atime   abi.Field `c:"st_atime"`
	Mtime   abi.Field `c:"st_mtime"`
	Ctime   abi.Field `c:"st_ctime"`
	Ino     abi.Field `c:"st_ino"`
}

func statFunctions() []Function {
	byPath := func(how walkFlags, put func(*Call, uint32, uint32)) func(*Call) {
		return func(c *Call) { c.statPath(how, put) }
	}
	byFD := func(put func(*Call, uint32, uint32)) func(*Call) {
		return func(c *Call) { c.statFD(put) }
	}
	return []Function{
		{Name: "sys_newstat", Fn: byPath(walkFollow, (*Call).putStat), Level: Full},
		{Name: "sys_newlstat", Fn: byPath(0, (*Call).putStat), Level: Full},
		{Name: "sys_newfstat", Fn: byFD((*Call).putStat), Level: Full},
		{Name: "sys_stat64", Fn: byPath(walkFollow, (*Call).putStat64), Level: Full},
		{Name: "sys_lstat64", Fn: byPath(0, (*Call).putStat64), Level: Full},
		{Name: "sys_fstat64", Fn: byFD((*Call).putStat64), Level: Full},
		{Name: "sys_access", Fn: sysAccess, Level: Full},
		{Name: "sys_readlink", Fn: sysReadlink, Level: Full},
	}
}

func (k *Kernel) bootStat() error {
	if err := k.profile.Bind("struct stat", &k.mms.stat.plain); err != nil {
		return err
	}
	return k.profile.Bind("struct stat64", &k.mms.stat.large)
}

// statPath does stat for the path that is the first argument.
func (c *Call) statPath(how walkFlags, put func(c *Call, inode, to uint32)) {
	path, ok := c.path(c.Arg(0))
	if !ok {
		return
	}
	at, errno := c.Kernel.walk(path, how)
	if errno != 0 {
		c.Fail(errno)
		return
	}
	c.stat(at.dentry, put)
	c.Kernel.releasePlace(at)
}

// statFD does it for an open file.
func (c *Call) statFD(put func(c *Call, inode, to uint32)) {
	f := c.Kernel.useFile(c.Arg(0))
	if f == 0 {
		c.Fail(abi.EBADF)
		return
	}
	c.stat(c.Kernel.mem.Get(f, c.Kernel.lay.File.Dentry), put)
	c.Kernel.fput(f)
}

// stat asks the file system for fresh values and stores them at the second argument.
func (c *Call) stat(dentry uint32, put func(c *Call, inode, to uint32)) {
	k := c.Kernel
	inode := k.mem.Get(dentry, k.lay.Dentry.Inode)
	if ops := k.mem.Get(inode, k.lay.Inode.Op); ops != 0 {
		if fn := k.mem.Get(ops, k.drv.fs.lay.IOps.Revalidate); fn != 0 {
			if result := k.Call(fn, dentry); result != 0 {
				c.Return(result)
				return
			}
		}
	}
	c.Return(0)
	put(c, inode, c.Arg(1))
}

// putField stores a word of 2, 4 or 8 bytes.
func putField(b []byte, f abi.Field, v uint64) {
	switch at := b[f.Off:]; f.Size {
	case 2:
		binary.LittleEndian.PutUint16(at, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(at, uint32(v))
	default:
		binary.LittleEndian.PutUint64(at, v)
	}
}

// putStat stores a struct stat: EOVERFLOW when the file is longer than its field says.
func (c *Call) putStat(inode, to uint32) {
	const longest = 0x7fffffff // MAX_NON_LFS
	k, lay, out := c.Kernel, &c.Kernel.lay.Inode, &c.Kernel.mms.stat.plain
	length := k.mem.U64(inode + lay.Length.Off)
	if length > longest {
		c.Fail(abi.EOVERFLOW)
		return
	}
	b := make([]byte, out.Size)
	for _, f := range []struct{ to, from abi.Field }{
		{out.Dev, lay.Dev}, {out.Ino, lay.Ino}, {out.Mode, lay.Mode}, {out.Nlink, lay.Nlink}, {out.Rdev, lay.Rdev},
		{out.Atime, lay.Atime}, {out.Mtime, lay.Mtime}, {out.Ctime, lay.Ctime},
	} {
		putField(b, f.to, uint64(k.mem.Get(inode, f.from)))
	}
	putField(b, out.UID, uint64(oldID(k.mem.Get(inode, lay.UID))))
	putField(b, out.GID, uint64(oldID(k.mem.Get(inode, lay.GID))))
	putField(b, out.Length, length)
	blocks, size := k.blocksAndSize(inode, length)
	putField(b, out.Blocks, uint64(blocks))
	putField(b, out.Blksize, uint64(size))
	if k.CopyToUser(to, b) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// putStat64 stores a struct stat64.
func (c *Call) putStat64(inode, to uint32) {
	k, lay, out := c.Kernel, &c.Kernel.lay.Inode, &c.Kernel.mms.stat.large
	length := k.mem.U64(inode + lay.Length.Off)
	b := make([]byte, out.Size)
	for _, f := range []struct{ to, from abi.Field }{
		{out.Dev, lay.Dev}, {out.Ino, lay.Ino}, {out.OldIno, lay.Ino}, {out.Mode, lay.Mode}, {out.Nlink, lay.Nlink}, {out.UID, lay.UID},
		{out.GID, lay.GID}, {out.Rdev, lay.Rdev}, {out.Atime, lay.Atime}, {out.Mtime, lay.Mtime}, {out.Ctime, lay.Ctime},
	} {
		putField(b, f.to, uint64(k.mem.Get(inode, f.from)))
	}
	putField(b, out.Length, length)
	blocks, size := k.blocksAndSize(inode, length)
	putField(b, out.Blocks, uint64(blocks))
	putField(b, out.Blksize, uint64(size))
	if k.CopyToUser(to, b) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// blocksAndSize are the blocks of 512 bytes that a file takes, and the size in which to read it. A file system that does not
// count blocks has as many as the length makes, in blocks of 1 KB, plus what the maps of a Minix file would take.
func (k *Kernel) blocksAndSize(inode uint32, length uint64) (blocks, size uint32) {
	const (
		blockSize = 1024
		direct    = 7
		indirect  = blockSize / 2
	)
	lay := &k.lay.Inode
	if size = k.mem.Get(inode, lay.Blksize); size != 0 {
		return k.mem.Get(inode, lay.Blocks), size
	}
	n := uint32((length + blockSize - 1) / blockSize)
	if n > direct {
		maps := (n - direct + indirect - 1) / indirect
		if n += maps; maps > 1 {
			maps = (maps - 1 + indirect - 1) / indirect
			if n += maps; maps > 1 {
				n++
			}
		}
	}
	return n * (blockSize / 512), blockSize
}

// sysAccess models long sys_access(const char *filename, int mode): as the real user, whoever the effective one is.
func sysAccess(c *Call) {
	const any = mayRead | mayWrite | mayExec
	k, t, lay, mode := c.Kernel, c.Task(), &c.Kernel.lay.Task, c.Arg(1)
	if mode&^any != 0 {
		c.Fail(abi.EINVAL)
		return
	}
	path, ok := c.path(c.Arg(0))
	if !ok {
		return
	}
	uid, gid, effective := t.Get(lay.Fsuid), t.Get(lay.Fsgid), t.Get(lay.CapEffective)
	t.Set(lay.Fsuid, t.Get(lay.Uid))
	t.Set(lay.Fsgid, t.Get(lay.Gid))
	t.Set(lay.CapEffective, t.Get(lay.CapPermitted))
	if t.Get(lay.Uid) != 0 {
		t.Set(lay.CapEffective, 0)
	}
	at, errno := k.walk(path, walkFollow)
	if errno == 0 {
		errno = k.permission(k.dentryInode(at.dentry), mode)
		k.releasePlace(at)
	}
	t.Set(lay.Fsuid, uid)
	t.Set(lay.Fsgid, gid)
	t.Set(lay.CapEffective, effective)
	c.Return(errWord(errno))
}

// sysReadlink models long sys_readlink(const char *path, char *buf, int bufsiz): how long the link's text is. EINVAL for
// what is no link.
func sysReadlink(c *Call) {
	k := c.Kernel
	if int32(c.Arg(2)) <= 0 {
		c.Fail(abi.EINVAL)
		return
	}
	path, ok := c.path(c.Arg(0))
	if !ok {
		return
	}
	at, errno := k.walk(path, 0)
	if errno != 0 {
		c.Fail(errno)
		return
	}
	fn := uint32(0)
	if ops := k.mem.Get(k.dentryInode(at.dentry), k.lay.Inode.Op); ops != 0 {
		fn = k.mem.Get(ops, k.drv.fs.lay.IOps.Readlink)
	}
	if c.Fail(abi.EINVAL); fn != 0 {
		c.Return(k.Call(fn, at.dentry, c.Arg(1), c.Arg(2)))
	}
	k.releasePlace(at)
}
