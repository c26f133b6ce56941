// SPDX-License-Identifier: BSD-3-Clause
// Signals for input and output: who wants one when a file has something to read or write (2.4.18 fs/fcntl.c).
//
// A driver keeps a list of struct fasync_struct for a device, one for each open file with FASYNC; the owner of the file gets
// the signal.

package guestkernel

import "ring0/guestkernel/abi"

// Facts of linux/fs.h, asm/siginfo.h and asm/poll.h.
const (
	fasyncMagic  = 0x4601
	fileAsync    = 0o20000 // FASYNC
	sigPollKind  = 0x20000 // __SI_POLL
	sigPollMask  = 0xffff0000
	sigPollFirst = sigPollKind | 1 // POLL_IN
)

type fasyncLayout struct {
	Size  uint32    `c:"(sizeof)"`
	Magic abi.Field `c:"magic"`
	FD    abi.Field `c:"fa_fd"`
	Next  abi.Field `c:"fa_next"`
	File  abi.Field `c:"fa_file"`
}

// An ownerLayout is the part of struct file that says who gets signals.
type ownerLayout struct {
	Pid    abi.Field `c:"f_owner.pid"`
	UID    abi.Field `c:"f_owner.uid"`
	Euid   abi.Field `c:"f_owner.euid"`
	Signum abi.Field `c:"f_owner.signum"`
}

func fasyncFunctions() []Function {
	return []Function{
		{Name: "fasync_helper", Fn: fasyncHelper, Level: Full},
		{Name: "kill_fasync", Fn: func(c *Call) { c.killFasync(c.Kernel.mem.U32(c.Arg(0))) }, Level: Full},
		{Name: "__kill_fasync", Fn: func(c *Call) { c.killFasync(c.Arg(0)) }, Level: Full},
	}
}

// bootFasync makes the cache of entries.
func (k *Kernel) bootFasync() error {
	cache := k.createCache(cacheSpec{name: "fasync_cache", size: k.drv.fs.lay.Fasync.Size})
	if cache == 0 {
		return errNoMemory
	}
	k.mem.SetU32(k.symbol("fasync_cache"), cache)
	return nil
}

// fasyncHelper models int fasync_helper(int fd, struct file *filp, int on, struct fasync_struct **fapp): 1 when filp has come
// or gone, 0 when nothing changed but the number, ENOMEM.
//
// Context: may sleep.
func fasyncHelper(c *Call) {
	k, fd, f, on, list, lay := c.Kernel, c.Arg(0), c.Arg(1), c.Arg(2) != 0, c.Arg(3), &c.Kernel.drv.fs.lay.Fasync
	cache, entry := k.mem.U32(k.symbol("fasync_cache")), uint32(0)
	if on {
		if entry = k.cacheAlloc(cache, k.pages.gfp.kernel); entry == 0 {
			c.Fail(abi.ENOMEM)
			return
		}
	}
	c.Return(0)
	for word, at := range k.links("a list of fasync_struct", list, lay.Next) {
		if at == 0 || k.mem.Get(at, lay.File) != f {
			continue
		}
		if on {
			k.mem.Set(at, lay.FD, fd)
			k.cacheFree(cache, entry)
			return
		}
		k.mem.SetU32(word, k.mem.Get(at, lay.Next))
		k.cacheFree(cache, at)
		c.Return(1)
		return
	}
	if on {
		k.mem.Set(entry, lay.Magic, fasyncMagic)
		k.mem.Set(entry, lay.FD, fd)
		k.mem.Set(entry, lay.File, f)
		k.push(list, entry, lay.Next)
		c.Return(1)
	}
}

// killFasync sends what void kill_fasync(struct fasync_struct **fp, int sig, int band) sends, from the first entry on. SIGURG
// is only for who has asked for a signal of his own: the socket sends the usual one.
//
// Context: any.
func (c *Call) killFasync(first uint32) {
	k, lay, owner, sig, band := c.Kernel, &c.Kernel.drv.fs.lay.Fasync, &c.Kernel.drv.fs.lay.Owner, c.Arg(1), c.Arg(2)
	for at := range k.ring("a list of fasync_struct", first, 0, lay.Next) {
		if k.mem.Get(at, lay.Magic) != fasyncMagic {
			k.Printk("<3>kill_fasync: bad magic number in fasync_struct!\n")
			return
		}
		f := k.mem.Get(at, lay.File)
		if k.mem.Get(f, owner.Pid) != 0 && (sig != abi.SIGURG || k.mem.Get(f, owner.Signum) != 0) {
			c.sendSigio(f, k.mem.Get(at, lay.FD), band)
		}
	}
}

// sendSigio tells the owner of a file, a process or with a negative number a process group (send_sigio).
func (c *Call) sendSigio(f, fd, band uint32) {
	k := c.Kernel
	pid := int32(k.mem.Get(f, k.drv.fs.lay.Owner.Pid))
	if pid > 0 {
		if t := k.findTask(pid); t != nil {
			c.sigioTo(t, f, fd, band)
			return
		}
	}
	for _, t := range k.everyTask() {
		if match := t.Pid(); match == pid || pid < 0 && t.Get(k.lay.Task.Pgrp) == uint32(-pid) {
			c.sigioTo(t, f, fd, band)
		}
	}
}

// sigioTo sends one process SIGIO, or the signal that it asked for with number and event; what cannot be queued becomes SIGIO.
func (c *Call) sigioTo(t *Task, f, fd, reason uint32) {
	const badReason = 423
	k, owner, lay := c.Kernel, &c.Kernel.drv.fs.lay.Owner, &c.Kernel.lay.Task
	uid, euid := k.mem.Get(f, owner.UID), k.mem.Get(f, owner.Euid)
	suid, tuid := t.Get(lay.Suid), t.Get(lay.Uid)
	if euid != 0 && euid != suid && euid != tuid && uid != suid && uid != tuid {
		return
	}
	if signum := k.mem.Get(f, owner.Signum); signum != 0 {
		if reason&sigPollMask != sigPollKind {
			k.bug("send_sigio_to_task", "fcntl.c", badReason)
		}
		si := &k.lay.Siginfo
		info := c.Alloca(si.Size)
		k.mem.Fill(info, si.Size, 0)
		k.mem.Set(info, si.Signo, signum)
		k.mem.Set(info, si.Code, reason)
		k.mem.Set(info, si.Band, pollBand(reason))
		k.mem.Set(info, si.FD, fd)
		if k.sendSignalInfo(t, signum, info) == 0 {
			return
		}
	}
	k.sendSignalInfo(t, abi.SIGIO, infoKernel)
}

// pollBand is what poll(2) would say for a reason of SIGIO.
func pollBand(reason uint32) uint32 {
	const in, pri, out, err, hup, rdnorm, rdband, wrnorm, wrband, msg = 1, 2, 4, 8, 0x10, 0x40, 0x80, 0x100, 0x200, 0x400
	bands := [...]uint32{in | rdnorm, out | wrnorm | wrband, in | rdnorm | msg, err, pri | rdband, hup | err}
	if n := reason - sigPollFirst; n < uint32(len(bands)) {
		return bands[n]
	}
	return 0xffffffff
}

// setAsync has the driver note that a file wants signals, or no more. ENOTTY when the driver knows no such thing and somebody
// has to be told.
func (k *Kernel) setAsync(fd, f, on uint32) (result uint32, known bool) {
	fn := k.fileOp(f, k.lay.FileOperations.Fasync)
	if fn == 0 {
		return 0, false
	}
	return k.Call(fn, fd, f, on), true
}

// ioctlAsync is ioctl FIOASYNC: the word at arg says on or off.
func (c *Call) ioctlAsync(fd, f uint32) {
	k, flags := c.Kernel, c.Kernel.lay.File.Flags
	on, ok := k.GetUser(c.Arg(2), wordSize)
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	want := k.mem.Get(f, flags) &^ fileAsync
	if on != 0 {
		want |= fileAsync
	}
	if want != k.mem.Get(f, flags) {
		result, known := k.setAsync(fd, f, on)
		if !known {
			c.Fail(abi.ENOTTY)
			return
		}
		if c.Return(result); result != 0 {
			return
		}
	}
	k.mem.Set(f, flags, want)
}

// Commands of fcntl(2) about who gets signals.
const (
	fcntlSetOwner  = 8
	fcntlGetOwner  = 9
	fcntlSetSignal = 10
	fcntlGetSignal = 11
)

// fcntlOwner does them.
func (c *Call) fcntlOwner(f, cmd, arg uint32) {
	k, owner, t := c.Kernel, &c.Kernel.drv.fs.lay.Owner, c.Task()
	c.Return(0)
	switch cmd {
	case fcntlGetOwner:
		c.Return(k.mem.Get(f, owner.Pid))
	case fcntlGetSignal:
		c.Return(k.mem.Get(f, owner.Signum))
	case fcntlSetSignal:
		if arg > signalCount {
			c.Fail(abi.EINVAL)
			return
		}
		k.mem.Set(f, owner.Signum, arg)
	case fcntlSetOwner:
		if k.mem.Get(k.fileInode(f), k.lay.Inode.Mode)&modeKind == modeSocket {
			k.stop(Outcome{Kind: Missing, Reason: "fcntl F_SETOWN of a socket is not written"})
		}
		k.mem.Set(f, owner.Pid, arg)
		k.mem.Set(f, owner.UID, t.Get(k.lay.Task.Uid))
		k.mem.Set(f, owner.Euid, t.Get(k.lay.Task.Euid))
	}
}
