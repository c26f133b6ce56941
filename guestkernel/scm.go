// SPDX-License-Identifier: BSD-3-Clause
// What travels beside the data of a message: descriptors and credentials (2.4.18 net/core/scm.c, net/scm.h, linux/socket.h).

package guestkernel

import "ring0/guestkernel/abi"

// struct cmsghdr and its types; struct scm_fp_list: how many, then the files.
const (
	cmsgHeader      = 12
	cmsgLevel       = 4
	cmsgType        = 8
	scmRights       = 1
	scmCredentials  = 2
	scmMostFiles    = 255
	scmListFiles    = 4
	scmListSize     = 4 + 4*scmMostFiles
	credentialsSize = 12
)

func scmFunctions() []Function {
	return []Function{
		{Name: "__scm_send", Fn: func(c *Call) { c.Return(errWord(c.collectControl(c.Arg(1), c.Arg(2)))) }, Level: Full,
			Proto: "int __scm_send(struct socket *sock, struct msghdr *msg, struct scm_cookie *p)"},
		{Name: "__scm_destroy", Fn: func(c *Call) { c.Kernel.destroyControl(c.Arg(0)) }, Level: Full, Proto: "void __scm_destroy(struct scm_cookie *scm)"},
		{Name: "put_cmsg", Fn: putCmsg, Level: Full, Proto: "int put_cmsg(struct msghdr *msg, int level, int type, int len, void *data)"},
		{Name: "scm_detach_fds", Fn: func(c *Call) { c.detachFiles(c.Arg(0), c.Arg(1)) }, Level: Full, Proto: "void scm_detach_fds(struct msghdr *msg, struct scm_cookie *scm)"},
		{Name: "scm_fp_dup", Fn: scmDup, Level: Full, Proto: "struct scm_fp_list *scm_fp_dup(struct scm_fp_list *fpl)"},
	}
}

// collectControl is __scm_send: reads the control messages of a message to be sent. EINVAL for what is damaged or unknown,
// EBADF, EPERM for credentials that are not one's own; nothing is held then.
func (c *Call) collectControl(msg, scm uint32) (errno abi.Errno) {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	start, length := k.mem.Get(msg, lay.Control), k.mem.Get(msg, lay.Controllen)
	defer func() {
		if fp := k.mem.U32(scm + scmFP); errno != 0 {
			k.destroyControl(scm)
		} else if fp != 0 && k.mem.U32(fp) == 0 {
			k.Kfree(fp)
			k.mem.SetU32(scm+scmFP, 0)
		}
	}()
	if length < cmsgHeader {
		return 0
	}
	for at := start; at-start+cmsgHeader <= length; {
		size := k.mem.U32(at)
		if size < cmsgHeader || size > length-(at-start) {
			return abi.EINVAL
		}
		if k.mem.U32(at+cmsgLevel) == levelSocket {
			if errno := c.controlMessage(at, size, scm); errno != 0 {
				return errno
			}
		}
		at += alignWord(size)
	}
	return 0
}

// controlMessage is one of them.
func (c *Call) controlMessage(at, size, scm uint32) abi.Errno {
	k := c.Kernel
	switch k.mem.U32(at + cmsgType) {
	case scmRights:
		return c.collectFiles(at+cmsgHeader, (size-cmsgHeader)/wordSize, scm)
	case scmCredentials:
		if size != cmsgHeader+credentialsSize {
			return abi.EINVAL
		}
		b := k.mem.Bytes(at+cmsgHeader, credentialsSize)
		k.mem.Write(scm, b)
		if !c.mayCall(leWord(b), leWord(b[4:]), leWord(b[8:])) {
			return abi.EPERM
		}
		return 0
	}
	return abi.EINVAL
}

// mayCall tells whether a task may say that it is that process, user and group.
func (c *Call) mayCall(pid, uid, gid uint32) bool {
	t, lay := c.Task(), &c.Kernel.lay.Task
	own := func(id uint32, capability uint, fields ...abi.Field) bool {
		for _, f := range fields {
			if t.Get(f) == id {
				return true
			}
		}
		return t.Capable(capability)
	}
	return (pid == uint32(t.Pid()) || t.Capable(abi.CapSysAdmin)) &&
		own(uid, abi.CapSetuid, lay.Uid, lay.Euid, lay.Suid) && own(gid, abi.CapSetgid, lay.Gid, lay.Egid, lay.Sgid)
}

// collectFiles holds the files of descriptors.
func (c *Call) collectFiles(fds, n, scm uint32) abi.Errno {
	k := c.Kernel
	if n == 0 {
		return 0
	}
	if n > scmMostFiles {
		return abi.EINVAL
	}
	list := k.mem.U32(scm + scmFP)
	if list == 0 {
		if list = k.Kmalloc(scmListSize, k.pages.gfp.kernel); list == 0 {
			return abi.ENOMEM
		}
		k.mem.SetU32(scm+scmFP, list)
		k.mem.SetU32(list, 0)
	}
	if k.mem.U32(list)+n > scmMostFiles {
		return abi.EINVAL
	}
	for i := range n {
		f := k.useFile(k.mem.U32(fds + i*wordSize))
		if f == 0 {
			return abi.EBADF
		}
		have := k.mem.U32(list)
		k.mem.SetU32(list+scmListFiles+have*wordSize, f)
		k.mem.SetU32(list, have+1)
	}
	return 0
}

// destroyControl is __scm_destroy: gives the files up.
func (k *Kernel) destroyControl(scm uint32) {
	list := k.mem.U32(scm + scmFP)
	if list == 0 {
		return
	}
	k.mem.SetU32(scm+scmFP, 0)
	for i := k.mem.U32(list); i > 0; i-- {
		k.fput(k.mem.U32(list + scmListFiles + (i-1)*wordSize))
	}
	k.Kfree(list)
}

// scmDup models struct scm_fp_list *scm_fp_dup(struct scm_fp_list *fpl): the files have another user. NULL without memory.
func scmDup(c *Call) {
	k, list := c.Kernel, c.Arg(0)
	c.Return(0)
	if list == 0 {
		return
	}
	fresh := k.Kmalloc(scmListSize, k.pages.gfp.kernel)
	if fresh == 0 {
		return
	}
	for i := range k.mem.U32(list) {
		k.add(k.mem.U32(list+scmListFiles+i*wordSize), k.lay.File.Count, 1)
	}
	k.mem.Copy(fresh, list, scmListSize)
	c.Return(fresh)
}

// putCmsg models int put_cmsg(struct msghdr *msg, int level, int type, int len, void *data).
func putCmsg(c *Call) {
	c.Return(errWord(c.Kernel.putControl(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3), c.Arg(4))))
}

// putControl is put_cmsg: a control message for the receiver, as much of it as there is room for. EFAULT.
func (k *Kernel) putControl(msg, level, kind, length, data uint32) abi.Errno {
	lay := &k.drv.core.Msghdr
	at, room := k.mem.Get(msg, lay.Control), k.mem.Get(msg, lay.Controllen)
	truncated := func() { k.mem.Set(msg, lay.Flags, k.mem.Get(msg, lay.Flags)|msgTruncated) }
	if at == 0 || room < cmsgHeader {
		truncated()
		return 0
	}
	size := cmsgHeader + length
	if room < size {
		truncated()
		size = room
	}
	if k.CopyToUser(at, words(size, level, kind)) != 0 || !k.storeUser(at+cmsgHeader, data, size-cmsgHeader) {
		return abi.EFAULT
	}
	k.useControl(msg, cmsgHeader+alignWord(length))
	return 0
}

// useControl moves on behind what was written. What is left of the room goes below 0 where the last message was cut.
func (k *Kernel) useControl(msg, n uint32) {
	lay := &k.drv.core.Msghdr
	k.add(msg, lay.Control, n)
	k.add(msg, lay.Controllen, -n)
}

// detachFiles is scm_detach_fds: the receiver gets numbers for the files, as many as there is room and free numbers for.
func (c *Call) detachFiles(msg, scm uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	list := k.mem.U32(scm + scmFP)
	at, room, count, most := k.mem.Get(msg, lay.Control), k.mem.Get(msg, lay.Controllen), k.mem.U32(list), uint32(0)
	if room > cmsgHeader {
		most = (room - cmsgHeader) / wordSize
	}
	most = min(most, count)
	done, bad := uint32(0), false
	for ; done < most && !bad; done++ {
		f := k.mem.U32(list + scmListFiles + done*wordSize)
		fd, errno := k.installFile(c.Task(), f)
		if errno != 0 {
			bad = true
			break
		}
		k.add(f, k.lay.File.Count, 1)
		if !k.PutUser(at+cmsgHeader+done*wordSize, fd, wordSize) {
			k.closeFD(fd)
			bad = true
			break
		}
	}
	if done > 0 && !bad {
		size := cmsgHeader + done*wordSize
		bad = k.CopyToUser(at, words(size, levelSocket, scmRights)) != 0
		if !bad {
			k.useControl(msg, size)
		}
	}
	if done < count {
		k.mem.Set(msg, lay.Flags, k.mem.Get(msg, lay.Flags)|msgTruncated)
	}
	k.destroyControl(scm)
}

// handOver is scm_recv: what came beside a message goes to the receiver, or is lost.
func (c *Call) handOver(socket, msg, scm uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	wanted, files := k.mem.Get(socket, k.drv.proto.Socket.Passcred) != 0, k.mem.U32(scm+scmFP) != 0
	if k.mem.Get(msg, lay.Control) == 0 {
		if wanted || files {
			k.mem.Set(msg, lay.Flags, k.mem.Get(msg, lay.Flags)|msgTruncated)
		}
		k.destroyControl(scm)
		return
	}
	if wanted {
		k.putControl(msg, levelSocket, scmCredentials, credentialsSize, scm)
	}
	if files {
		c.detachFiles(msg, scm)
	}
}
