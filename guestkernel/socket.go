// SPDX-License-Identifier: BSD-3-Clause
// Sockets as programs have them: socketcall(2), and a socket's file (2.4.18 net/socket.c). What a call does is up to the
// family, which a module may be: struct proto_ops. Messages are in socketmsg.go, the family AF_INET in inetsock.go.

package guestkernel

import (
	"fmt"

	"ring0/guestkernel/abi"
)

type protoOpsLayout struct {
	Release    abi.Field `c:"release"`
	Bind       abi.Field `c:"bind"`
	Connect    abi.Field `c:"connect"`
	Socketpair abi.Field `c:"socketpair"`
	Accept     abi.Field `c:"accept"`
	Getname    abi.Field `c:"getname"`
	Poll       abi.Field `c:"poll"`
	Ioctl      abi.Field `c:"ioctl"`
	Listen     abi.Field `c:"listen"`
	Shutdown   abi.Field `c:"shutdown"`
	Setsockopt abi.Field `c:"setsockopt"`
	Getsockopt abi.Field `c:"getsockopt"`
	Sendmsg    abi.Field `c:"sendmsg"`
	Recvmsg    abi.Field `c:"recvmsg"`
	Mmap       abi.Field `c:"mmap"`
}

// Numbers of linux/socket.h and linux/net.h.
const (
	socketTypes   = 11 // SOCK_MAX
	socketPacket  = 10 // SOCK_PACKET
	familyInet    = 2
	familyPacket  = 17
	maxSockAddr   = 128 // MAX_SOCK_ADDR
	maxListen     = 128 // SOMAXCONN
	levelSocket   = 1   // SOL_SOCKET
	socketCallMax = 6
)

// A socketCall is one of the calls behind socketcall(2), and a function of its own.
type socketCall struct {
	name string
	args int
	do   func(*Call, []uint32) uint32
}

// socketCalls are in the order of their numbers, from 1 on.
func socketCalls() []socketCall {
	return []socketCall{
		{"sys_socket", 3, callSocket},
		{"sys_bind", 3, callBind},
		{"sys_connect", 3, callConnect},
		{"sys_listen", 2, callListen},
		{"sys_accept", 3, callAccept},
		{"sys_getsockname", 3, func(c *Call, a []uint32) uint32 { return c.callGetname(a, 0) }},
		{"sys_getpeername", 3, func(c *Call, a []uint32) uint32 { return c.callGetname(a, 1) }},
		{"sys_socketpair", 4, callSocketpair},
		{"sys_send", 4, func(c *Call, a []uint32) uint32 { return callSendto(c, append(a, 0, 0)) }},
		{"sys_recv", 4, func(c *Call, a []uint32) uint32 { return callRecvfrom(c, append(a, 0, 0)) }},
		{"sys_sendto", 6, callSendto},
		{"sys_recvfrom", 6, callRecvfrom},
		{"sys_shutdown", 2, callShutdown},
		{"sys_setsockopt", 5, callSetsockopt},
		{"sys_getsockopt", 5, callGetsockopt},
		{"sys_sendmsg", 3, callSendmsg},
		{"sys_recvmsg", 3, callRecvmsg},
	}
}

func socketFunctions() []Function {
	rows := []Function{
		{Name: "sys_socketcall", Fn: sysSocketcall, Level: Full},
		{Name: "sock_create", Fn: sockCreate, Level: Full},
		{Name: "sock_map_fd", Fn: func(c *Call) { c.Return(c.Kernel.openSocket(c.Arg(0))) }, Level: Full, Proto: "int sock_map_fd(struct socket *sock)"},
		{Name: "sockfd_lookup", Fn: sockfdLookup, Level: Full},
		{Name: "sock_ioctl", Fn: sockIoctl, Level: Full},
		{Name: "sock_poll", Fn: sockPoll, Level: Full},
		{Name: "sock_mmap", Fn: sockMmap, Level: Full},
		{Name: "sock_close", Fn: sockClose, Level: Full},
		{Name: "sock_read", Fn: func(c *Call) { c.sockTransfer(recvmsg) }, Level: Full},
		{Name: "sock_write", Fn: func(c *Call) { c.sockTransfer(sendmsg) }, Level: Full},
		{Name: "sock_sendmsg", Fn: func(c *Call) { c.Return(c.Kernel.sendMessage(c, c.Arg(0), c.Arg(1), c.Arg(2))) }, Level: Full},
		{Name: "sock_recvmsg", Fn: func(c *Call) { c.Return(c.Kernel.receiveMessage(c, c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3))) }, Level: Full},
	}
	for _, call := range socketCalls() {
		rows = append(rows, Function{Name: call.name, Level: Full, Fn: func(c *Call) {
			a := make([]uint32, call.args, socketCallMax)
			for i := range a {
				a[i] = c.Arg(i)
			}
			c.Return(call.do(c, a))
		}})
	}
	return rows
}

// bootSockets fills the operations of sockets' files.
func (k *Kernel) bootSockets() error {
	file, table := &k.lay.FileOperations, k.symbol("socket_file_ops")
	for _, row := range []struct {
		f    abi.Field
		name string
	}{
		{file.Llseek, "no_llseek"}, {file.Read, "sock_read"}, {file.Write, "sock_write"}, {file.Poll, "sock_poll"}, {file.Ioctl, "sock_ioctl"},
		{file.Mmap, "sock_mmap"}, {file.Release, "sock_close"},
	} {
		if err := k.setOp(table, row.f, row.name); err != nil {
			return err
		}
	}
	return nil
}

// sysSocketcall models long sys_socketcall(int call, unsigned long *args). EINVAL for no call, EFAULT for bad arguments.
func sysSocketcall(c *Call) {
	k, calls := c.Kernel, socketCalls()
	number := int(int32(c.Arg(0)))
	if number < 1 || number > len(calls) {
		c.Fail(abi.EINVAL)
		return
	}
	call := calls[number-1]
	b := make([]byte, wordSize*call.args)
	if k.CopyFromUser(b, c.Arg(1)) != 0 {
		c.Fail(abi.EFAULT)
		return
	}
	a := make([]uint32, call.args, socketCallMax)
	for i := range a {
		a[i] = leWord(b[wordSize*i:])
	}
	c.Return(call.do(c, a))
}

// createSocket is sock_create: the family, which may be a module that is not loaded yet, makes it.
func (k *Kernel) createSocket(family, kind, protocol uint32) (socket uint32, errno abi.Errno) {
	so := &k.drv.lay.Socket
	switch {
	case family >= netFamilies:
		return 0, abi.EAFNOSUPPORT
	case kind >= socketTypes:
		return 0, abi.EINVAL
	}
	if family == familyInet && kind == socketPacket {
		if !k.drv.net.warnedOfPackets {
			k.drv.net.warnedOfPackets = true
			k.Printk("<6>%s uses obsolete (PF_INET,SOCK_PACKET)\n", k.running.Comm())
		}
		family = familyPacket
	}
	at := k.drv.sym.NetFamilies + family*wordSize
	if k.mem.U32(at) == 0 {
		k.requestModule(fmt.Sprintf("net-pf-%d", family))
	}
	if k.mem.U32(at) == 0 {
		return 0, abi.EAFNOSUPPORT
	}
	if socket = k.newSocket(); socket == 0 {
		k.Printk("<4>socket: no more sockets\n")
		return 0, abi.ENFILE
	}
	k.mem.Set(socket, so.Type, kind)
	if result := k.Call(k.mem.Get(k.mem.U32(at), k.drv.lay.NetFamily.Create), socket, protocol); int32(result) < 0 {
		k.releaseSocket(socket)
		return 0, abi.Errno(-int32(result))
	}
	return socket, 0
}

// sockCreate models int sock_create(int family, int type, int protocol, struct socket **res).
func sockCreate(c *Call) {
	socket, errno := c.Kernel.createSocket(c.Arg(0), c.Arg(1), c.Arg(2))
	if errno != 0 {
		c.Fail(errno)
		return
	}
	c.Kernel.mem.SetU32(c.Arg(3), socket)
	c.Return(0)
}

// openSocket is sock_map_fd: a number for a socket, which then belongs to its file.
func (k *Kernel) openSocket(socket uint32) uint32 {
	fd, errno := k.newFD()
	if errno != 0 {
		return errWord(errno)
	}
	lay, so, files := &k.lay.File, &k.drv.lay.Socket, k.taskFiles(k.running, true)
	f, inode := k.newFile(), k.mem.Get(socket, so.Inode)
	if f == 0 {
		k.putFD(files, fd)
		return errWord(abi.ENFILE)
	}
	dentry := k.newDentry(0, fmt.Sprintf("[%d]", k.mem.Get(inode, k.lay.Inode.Ino)), inode)
	if dentry == 0 {
		k.freeFile(f)
		k.putFD(files, fd)
		return errWord(abi.ENOMEM)
	}
	ops := k.symbol("socket_file_ops")
	k.mem.Set(inode, k.lay.Inode.Fop, ops)
	k.mem.Set(socket, so.File, f)
	k.mem.Set(f, lay.Dentry, dentry)
	k.mem.Set(f, lay.Op, ops)
	k.mem.Set(f, lay.Mode, fileRead|fileWrite)
	k.mem.Set(f, lay.Flags, abi.ORdwr)
	count := inode + k.files.lay.Inode.Writecount.Off // fput takes one off
	k.mem.SetU32(count, k.mem.U32(count)+1)
	k.mem.SetU32(k.mem.Get(files, k.lay.Files.Fd)+wordSize*fd, f)
	return fd
}

// useSocket is sockfd_lookup: the file with one more user, and its socket. EBADF, ENOTSOCK.
func (k *Kernel) useSocket(fd uint32) (f, socket uint32, errno abi.Errno) {
	if f = k.useFile(fd); f == 0 {
		return 0, 0, abi.EBADF
	}
	in := &k.drv.lay.SocketInode
	inode := k.fileInode(f)
	if k.mem.Get(inode, in.Sock) == 0 {
		k.fput(f)
		return 0, 0, abi.ENOTSOCK
	}
	return f, inode + in.Socket.Off, 0
}

// sockfdLookup models struct socket *sockfd_lookup(int fd, int *err): the file of the socket has one more user.
func sockfdLookup(c *Call) {
	_, socket, errno := c.Kernel.useSocket(c.Arg(0))
	if c.Return(socket); errno != 0 {
		c.Kernel.mem.SetU32(c.Arg(1), errWord(errno))
	}
}

// withSocket does something with the socket of a file number.
func (k *Kernel) withSocket(fd uint32, do func(f, socket uint32) uint32) uint32 {
	f, socket, errno := k.useSocket(fd)
	if errno != 0 {
		return errWord(errno)
	}
	result := do(f, socket)
	k.fput(f)
	return result
}

// socketOp calls one of the family's operations.
func (k *Kernel) socketOp(socket uint32, op abi.Field, args ...uint32) uint32 {
	fn := k.mem.Get(k.mem.Get(socket, k.drv.lay.Socket.Ops), op)
	return k.Call(fn, append([]uint32{socket}, args...)...)
}

func callSocket(c *Call, a []uint32) uint32 {
	k := c.Kernel
	socket, errno := k.createSocket(a[0], a[1], a[2])
	if errno != 0 {
		return errWord(errno)
	}
	fd := k.openSocket(socket)
	if int32(fd) < 0 {
		k.releaseSocket(socket)
	}
	return fd
}

// callSocketpair makes two sockets that are connected, if the family can.
func callSocketpair(c *Call, a []uint32) uint32 {
	k := c.Kernel
	one, errno := k.createSocket(a[0], a[1], a[2])
	if errno != 0 {
		return errWord(errno)
	}
	two, errno := k.createSocket(a[0], a[1], a[2])
	if errno != 0 {
		k.releaseSocket(one)
		return errWord(errno)
	}
	result := k.socketOp(one, k.drv.core.ProtoOps.Socketpair, two)
	if int32(result) >= 0 {
		result = k.openSocket(one)
	}
	if int32(result) < 0 {
		k.releaseSocket(two)
		k.releaseSocket(one)
		return result
	}
	fds := []uint32{result, k.openSocket(two)}
	if int32(fds[1]) < 0 {
		k.releaseSocket(two)
		k.closeFD(fds[0])
		return fds[1]
	}
	if k.CopyToUser(a[3], words(fds...)) != 0 {
		k.closeFD(fds[1])
		k.closeFD(fds[0])
		return errWord(abi.EFAULT)
	}
	return 0
}

// closeFD is sys_close for modelled code.
func (k *Kernel) closeFD(fd uint32) {
	if f := k.takeFile(k.running, fd); f != 0 {
		k.closeFile(f, k.running.Get(k.lay.Task.Files))
	}
}

// callBind takes over an address of the program and hands it to the family.
func callBind(c *Call, a []uint32) uint32 {
	return c.withAddress(a, func(_, socket, address uint32) uint32 {
		return c.Kernel.socketOp(socket, c.Kernel.drv.core.ProtoOps.Bind, address, a[2])
	})
}

func callConnect(c *Call, a []uint32) uint32 {
	k := c.Kernel
	return c.withAddress(a, func(f, socket, address uint32) uint32 {
		return k.socketOp(socket, k.drv.core.ProtoOps.Connect, address, a[2], k.mem.Get(f, k.lay.File.Flags))
	})
}

// withAddress does something with a socket and a copy of an address: fd, address, its length.
func (c *Call) withAddress(a []uint32, do func(f, socket, address uint32) uint32) uint32 {
	return c.Kernel.withSocket(a[0], func(f, socket uint32) uint32 {
		address := c.Alloca(maxSockAddr)
		if errno := c.Kernel.addressIn(address, a[1], a[2]); errno != 0 {
			return errWord(errno)
		}
		return do(f, socket, address)
	})
}

// addressIn is move_addr_to_kernel.
func (k *Kernel) addressIn(to, from, length uint32) abi.Errno {
	if length > maxSockAddr {
		return abi.EINVAL
	}
	b := make([]byte, length)
	if k.CopyFromUser(b, from) != 0 {
		return abi.EFAULT
	}
	k.mem.Write(to, b)
	return 0
}

// addressOut is move_addr_to_user: as much as there is room for, and how long it really is.
func (k *Kernel) addressOut(from, length, to, lengthAt uint32) uint32 {
	room, ok := k.GetUser(lengthAt, wordSize)
	if !ok {
		return errWord(abi.EFAULT)
	}
	if int32(room) > int32(length) {
		room = length
	}
	if room > maxSockAddr {
		return errWord(abi.EINVAL)
	}
	if k.CopyToUser(to, k.mem.Bytes(from, room)) != 0 || !k.PutUser(lengthAt, length, wordSize) {
		return errWord(abi.EFAULT)
	}
	return 0
}

func callListen(c *Call, a []uint32) uint32 {
	return c.Kernel.withSocket(a[0], func(_, socket uint32) uint32 {
		return c.Kernel.socketOp(socket, c.Kernel.drv.core.ProtoOps.Listen, min(a[1], maxListen))
	})
}

// callAccept makes the socket that the family connects.
func callAccept(c *Call, a []uint32) uint32 {
	const peerOfNew = 2
	k, so, ops := c.Kernel, &c.Kernel.drv.lay.Socket, &c.Kernel.drv.core.ProtoOps
	return k.withSocket(a[0], func(f, socket uint32) uint32 {
		fresh := k.newSocket()
		if fresh == 0 {
			return errWord(abi.EMFILE)
		}
		k.mem.Set(fresh, so.Type, k.mem.Get(socket, so.Type))
		k.mem.Set(fresh, so.Ops, k.mem.Get(socket, so.Ops))
		result := k.socketOp(socket, ops.Accept, fresh, k.mem.Get(f, k.lay.File.Flags))
		if int32(result) >= 0 && a[1] != 0 {
			address, length := c.Alloca(maxSockAddr), c.Alloca(wordSize)
			if result = errWord(abi.ECONNABORTED); int32(k.socketOp(fresh, ops.Getname, address, length, peerOfNew)) >= 0 {
				result = k.addressOut(address, k.mem.U32(length), a[1], a[2])
			}
		}
		if int32(result) >= 0 {
			result = k.openSocket(fresh)
		}
		if int32(result) < 0 {
			k.releaseSocket(fresh)
		}
		return result
	})
}

// callGetname is getsockname and getpeername.
func (c *Call) callGetname(a []uint32, peer uint32) uint32 {
	k := c.Kernel
	return k.withSocket(a[0], func(_, socket uint32) uint32 {
		address, length := c.Alloca(maxSockAddr), c.Alloca(wordSize)
		result := k.socketOp(socket, k.drv.core.ProtoOps.Getname, address, length, peer)
		if result == 0 {
			result = k.addressOut(address, k.mem.U32(length), a[1], a[2])
		}
		return result
	})
}

func callShutdown(c *Call, a []uint32) uint32 {
	return c.Kernel.withSocket(a[0], func(_, socket uint32) uint32 {
		return c.Kernel.socketOp(socket, c.Kernel.drv.core.ProtoOps.Shutdown, a[1])
	})
}

func callSetsockopt(c *Call, a []uint32) uint32 {
	if int32(a[4]) < 0 {
		return errWord(abi.EINVAL)
	}
	return c.sockopt(a, "sock_setsockopt", c.Kernel.drv.core.ProtoOps.Setsockopt)
}

func callGetsockopt(c *Call, a []uint32) uint32 {
	return c.sockopt(a, "sock_getsockopt", c.Kernel.drv.core.ProtoOps.Getsockopt)
}

// sockopt leaves the options of all sockets to one function, others to the family.
func (c *Call) sockopt(a []uint32, common string, own abi.Field) uint32 {
	k := c.Kernel
	return k.withSocket(a[0], func(_, socket uint32) uint32 {
		if a[1] == levelSocket {
			return k.Call(k.functionAt(common), append([]uint32{socket}, a[1:]...)...)
		}
		return k.socketOp(socket, own, a[1:]...)
	})
}

// socketOfFile is the socket of a file's inode.
func (k *Kernel) socketOfFile(f uint32) uint32 {
	return k.fileInode(f) + k.drv.lay.SocketInode.Socket.Off
}

// sockIoctl models int sock_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg).
func sockIoctl(c *Call) {
	k := c.Kernel
	c.Return(k.socketOp(c.Arg(0)+k.drv.lay.SocketInode.Socket.Off, k.drv.core.ProtoOps.Ioctl, c.Arg(2), c.Arg(3)))
}

// sockPoll models unsigned int sock_poll(struct file *file, poll_table *wait).
func sockPoll(c *Call) {
	k, socket := c.Kernel, c.Kernel.socketOfFile(c.Arg(0))
	ops := k.mem.Get(socket, k.drv.lay.Socket.Ops)
	c.Return(k.Call(k.mem.Get(ops, k.drv.core.ProtoOps.Poll), c.Arg(0), socket, c.Arg(1)))
}

// sockMmap models int sock_mmap(struct file *file, struct vm_area_struct *vma).
func sockMmap(c *Call) {
	k, socket := c.Kernel, c.Kernel.socketOfFile(c.Arg(0))
	ops := k.mem.Get(socket, k.drv.lay.Socket.Ops)
	c.Return(k.Call(k.mem.Get(ops, k.drv.core.ProtoOps.Mmap), c.Arg(0), socket, c.Arg(1)))
}

// sockClose models int sock_close(struct inode *inode, struct file *filp).
func sockClose(c *Call) {
	c.socketFasync(0xffffffff, c.Arg(1), false)
	c.Kernel.releaseSocket(c.Arg(0) + c.Kernel.drv.lay.SocketInode.Socket.Off)
	c.Return(0)
}
