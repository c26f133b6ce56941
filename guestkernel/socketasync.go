// SPDX-License-Identifier: BSD-3-Clause
// Signals for those who do not want to wait at a socket (2.4.18 net/socket.c).

package guestkernel

import "ring0/guestkernel/abi"

func socketAsyncFunctions() []Function {
	return []Function{
		{Name: "sock_fasync", Fn: sockFasync, Level: Full, Proto: "int sock_fasync(int fd, struct file *filp, int on)"},
		{Name: "sock_wake_async", Fn: sockWakeAsync, Level: Full, Proto: "int sock_wake_async(struct socket *sock, int how, int band)"},
	}
}

// bootSocketAsync enters the operation of sockets' files.
func (k *Kernel) bootSocketAsync() error {
	return k.setOp(k.symbol("socket_file_ops"), k.lay.FileOperations.Fasync, "sock_fasync")
}

// sockFasync models static int sock_fasync(int fd, struct file *filp, int on): a file is among those that get signals, or is
// not any more. EINVAL for a socket without a protocol's half, ENOMEM.
func sockFasync(c *Call) { c.Return(errWord(c.socketFasync(c.Arg(0), c.Arg(1), c.Arg(2) != 0))) }

func (c *Call) socketFasync(fd, f uint32, on bool) abi.Errno {
	k, lay, socket := c.Kernel, &c.Kernel.drv.fs.lay.Fasync, c.Kernel.socketOfFile(f)
	sk := k.mem.Get(socket, k.drv.lay.Socket.Sk)
	if sk == 0 {
		return abi.EINVAL
	}
	c.lockSock(sk)
	defer c.releaseSock(sk)
	list := socket + k.drv.proto.Socket.Fasync.Off
	for word, at := range k.links("a socket's fasync_list", list, lay.Next) {
		switch {
		case at == 0 || k.mem.Get(at, lay.File) != f:
			continue
		case on:
			k.mem.Set(at, lay.FD, fd)
		default:
			k.mem.SetU32(word, k.mem.Get(at, lay.Next))
			k.Kfree(at)
		}
		return 0
	}
	if !on {
		return 0
	}
	entry := k.Kmalloc(lay.Size, k.pages.gfp.kernel)
	if entry == 0 {
		return abi.ENOMEM
	}
	k.mem.Set(entry, lay.Magic, fasyncMagic)
	k.mem.Set(entry, lay.FD, fd)
	k.mem.Set(entry, lay.File, f)
	k.push(list, entry, lay.Next)
	return 0
}

// sockWakeAsync models int sock_wake_async(struct socket *sock, int how, int band): a signal for those who asked for one: how
// 0 always, 1 unless somebody waits for data, 2 when somebody found no room, 3 for urgent data. -1 when nobody asked.
func sockWakeAsync(c *Call) {
	c.Return(0)
	if !c.Kernel.signalSocket(c.Arg(0), c.Arg(1), c.Arg(2)) {
		c.Return(0xffffffff)
	}
}

// signalSock is sk_wake_async.
func (k *Kernel) signalSock(sk, how, band uint32) {
	k.signalSocket(k.mem.Get(sk, k.drv.lay.Sock.Socket), how, band)
}

func (k *Kernel) signalSocket(socket, how, band uint32) (asked bool) {
	const waitData = 1 << 1
	lay := &k.drv.proto.Socket
	if socket == 0 || k.mem.Get(socket, lay.Fasync) == 0 {
		return false
	}
	flags, sig := k.mem.Get(socket, lay.Flags), uint32(abi.SIGIO)
	switch {
	case how == 1 && flags&waitData != 0, how == 2 && flags&sockAsyncNoSpace == 0, how > 3:
		return true
	case how == 2:
		k.mem.Set(socket, lay.Flags, flags&^sockAsyncNoSpace)
	case how == 3:
		sig = abi.SIGURG
	}
	k.Call(k.functionAt("__kill_fasync"), k.mem.Get(socket, lay.Fasync), sig, band)
	return true
}
