// SPDX-License-Identifier: BSD-3-Clause
// Netlink sockets of programs: struct proto_ops netlink_ops (2.4.18 net/netlink/af_netlink.c).

package guestkernel

import "ring0/guestkernel/abi"

// struct sockaddr_nl, and the units that the kernel answers.
const (
	nlAddrPid      = 4
	nlAddrGroups   = 8
	nlAddrSize     = 12
	netlinkRoute   = 0
	netlinkTCPDiag = 4
)

func netlinkSocketFunctions() []Function {
	return []Function{
		{Name: "netlink_create", Fn: netlinkCreate, Level: Partial, Note: "rtnetlink and TCP's diagnosis stop the run by name", Proto: "int netlink_create(struct socket *sock, int protocol)"},
		{Name: "netlink_bind", Fn: func(c *Call) { c.Return(errWord(c.netlinkBind())) }, Level: Full, Proto: "int netlink_bind(struct socket *sock, struct sockaddr *addr, int addr_len)"},
		{Name: "netlink_connect", Fn: func(c *Call) { c.Return(errWord(c.netlinkConnect())) }, Level: Full, Proto: "int netlink_connect(struct socket *sock, struct sockaddr *addr, int alen, int flags)"},
		{Name: "netlink_getname", Fn: netlinkGetname, Level: Full, Proto: "int netlink_getname(struct socket *sock, struct sockaddr *addr, int *addr_len, int peer)"},
		{Name: "netlink_sendmsg", Fn: func(c *Call) { c.Return(c.netlinkSend()) }, Level: Full, Proto: "int netlink_sendmsg(struct socket *sock, struct msghdr *msg, int len, struct scm_cookie *scm)"},
		{Name: "netlink_recvmsg", Fn: func(c *Call) { c.Return(c.netlinkReceive()) }, Level: Full, Proto: "int netlink_recvmsg(struct socket *sock, struct msghdr *msg, int len, int flags, struct scm_cookie *scm)"},
		{Name: "netlink_data_ready", Fn: netlinkDataReady, Level: Full, Proto: "void netlink_data_ready(struct sock *sk, int len)"},
		{Name: "netlink_sock_destruct", Fn: netlinkDestruct, Level: Full, Proto: "void netlink_sock_destruct(struct sock *sk)"},
	}
}

// bootNetlink fills the operations. Closing is releaseNetlink: System.map has two functions of that name.
func (k *Kernel) bootNetlink() error {
	ops, table := &k.drv.core.ProtoOps, k.symbol("netlink_ops")
	for _, row := range []struct {
		f    abi.Field
		name string
	}{
		{ops.Bind, "netlink_bind"}, {ops.Connect, "netlink_connect"}, {ops.Socketpair, "sock_no_socketpair"}, {ops.Accept, "sock_no_accept"},
		{ops.Getname, "netlink_getname"}, {ops.Poll, "datagram_poll"}, {ops.Ioctl, "sock_no_ioctl"}, {ops.Listen, "sock_no_listen"},
		{ops.Shutdown, "sock_no_shutdown"}, {ops.Setsockopt, "sock_no_setsockopt"}, {ops.Getsockopt, "sock_no_getsockopt"},
		{ops.Sendmsg, "netlink_sendmsg"}, {ops.Recvmsg, "netlink_recvmsg"}, {ops.Mmap, "sock_no_mmap"},
	} {
		if err := k.setOp(table, row.f, row.name); err != nil {
			return err
		}
	}
	k.mem.SetU32(table, familyNetlink)
	k.initWaitQueue(k.symbol("nl_table_wait"))
	return nil
}

// netlinkCreate models static int netlink_create(struct socket *sock, int protocol): ESOCKTNOSUPPORT, EPROTONOSUPPORT for a
// unit that there is not, ENOMEM.
func netlinkCreate(c *Call) {
	k, socket, unit := c.Kernel, c.Arg(0), c.Arg(1)
	kind := k.mem.Get(socket, k.drv.lay.Socket.Type)
	c.Return(0)
	switch {
	case kind != socketRaw && kind != socketDgram:
		c.Fail(abi.ESOCKTNOSUPPORT)
	case unit >= netlinkUnits:
		c.Fail(abi.EPROTONOSUPPORT)
	case unit == netlinkRoute:
		k.stop(Outcome{Kind: Missing, Reason: "netlink_create of NETLINK_ROUTE (rtnetlink_rcv)"})
	case unit == netlinkTCPDiag:
		k.stop(Outcome{Kind: Missing, Reason: "netlink_create of NETLINK_TCPDIAG (tcpdiag_rcv)"})
	case k.newNetlink(socket, unit) == 0:
		c.Fail(abi.ENOMEM)
	}
}

// releaseNetlink is netlink_release: off the table, away from the socket; a dump that is going on ends.
func (k *Kernel) releaseNetlink(socket uint32) {
	so, lay, use := &k.drv.lay.Socket, &k.drv.lay.Sock, &k.drv.proto.Sock
	sk := k.mem.Get(socket, so.Sk)
	if sk == 0 {
		return
	}
	if word := k.wordOf("nl_table", k.drv.sym.NetlinkTable+k.mem.Get(sk, lay.Protocol)*wordSize, lay.Next, sk); word != 0 {
		k.mem.SetU32(word, k.mem.Get(sk, lay.Next))
		k.add(sk, lay.Refcnt, ^uint32(0))
	}
	opt := k.netlinkOpt(sk)
	if cb := k.mem.U32(opt + nlCallback); cb != 0 {
		k.Call(k.mem.U32(cb+nlDumpDone), cb)
		k.freeDump(cb)
		k.mem.SetU32(opt+nlCallback, 0)
		k.add(sk, lay.Refcnt, ^uint32(0))
	}
	k.mem.Set(sk, use.Dead, 1)
	k.mem.Set(sk, lay.Socket, 0)
	k.mem.Set(sk, lay.Sleep, 0)
	k.mem.Set(socket, so.Sk, 0)
	k.wakeQueue(opt+nlWait, abi.TaskInterruptible, 0)
	k.purgeSkbs(sk + lay.WriteQueue.Off)
	k.putSock(sk)
}

// netlinkDestruct models static void netlink_sock_destruct(struct sock *sk).
func netlinkDestruct(c *Call) {
	k, sk := c.Kernel, c.Arg(0)
	k.purgeSkbs(sk + k.drv.lay.Sock.ReceiveQueue.Off)
	if k.mem.Get(sk, k.drv.proto.Sock.Dead) == 0 {
		k.Printk("Freeing alive netlink socket %08x\n", sk)
		return
	}
	k.Kfree(k.netlinkOpt(sk))
	k.countNetlink(^uint32(0))
}

// netlinkSock is the sock of the call's first argument, and what netlink keeps for it.
func (c *Call) netlinkSock() (sk, opt uint32) {
	sk = c.Kernel.mem.Get(c.Arg(0), c.Kernel.drv.lay.Socket.Sk)
	return sk, c.Kernel.netlinkOpt(sk)
}

// netlinkAutobind gives a socket its process's number as address, or a free one below -4096.
func (c *Call) netlinkAutobind(sk uint32) abi.Errno {
	const others = -4096
	k := c.Kernel
	unit, pid := k.mem.Get(sk, k.drv.lay.Sock.Protocol), c.Task().Pid()
	for k.netlinkWith(unit, uint32(pid)) != 0 {
		if pid > 0 {
			pid = others
		}
		pid--
	}
	k.netlinkInsert(sk, uint32(pid))
	k.mem.SetU32(k.netlinkOpt(sk)+nlGroups, 0)
	return 0
}

// netlinkBind is netlink_bind: EINVAL for another family or another address than it has, EPERM for groups.
func (c *Call) netlinkBind() (errno abi.Errno) {
	k, addr := c.Kernel, c.Arg(1)
	sk, opt := c.netlinkSock()
	pid, groups := k.mem.U32(addr+nlAddrPid), k.mem.U32(addr+nlAddrGroups)
	have := k.mem.U32(opt + nlPid)
	switch {
	case k.mem.U16(addr) != familyNetlink:
		return abi.EINVAL
	case groups != 0 && !c.Task().Capable(abi.CapNetAdmin):
		return abi.EPERM
	case have != 0 && pid != have:
		return abi.EINVAL
	case have != 0:
	case pid == 0:
		errno = c.netlinkAutobind(sk)
	default:
		errno = k.netlinkInsert(sk, pid)
	}
	if errno == 0 {
		k.mem.SetU32(opt+nlGroups, groups)
	}
	return errno
}

// netlinkConnect is netlink_connect: whom messages without an address are for; family 0 is nobody.
func (c *Call) netlinkConnect() abi.Errno {
	k, addr := c.Kernel, c.Arg(1)
	sk, opt := c.netlinkSock()
	groups := k.mem.U32(addr + nlAddrGroups)
	switch family := k.mem.U16(addr); {
	case family == 0:
		k.mem.SetU64(opt+nlDstPid, 0)
		return 0
	case family != familyNetlink:
		return abi.EINVAL
	case groups != 0 && !c.Task().Capable(abi.CapNetAdmin):
		return abi.EPERM
	}
	if k.mem.U32(opt+nlPid) == 0 {
		c.netlinkAutobind(sk)
	}
	k.mem.SetU32(opt+nlDstPid, k.mem.U32(addr+nlAddrPid))
	k.mem.SetU32(opt+nlDstGroups, groups)
	return 0
}

// netlinkGetname models static int netlink_getname(struct socket *sock, struct sockaddr *addr, int *addr_len, int peer).
func netlinkGetname(c *Call) {
	k, addr, at := c.Kernel, c.Arg(1), uint32(nlPid)
	_, opt := c.netlinkSock()
	if c.Arg(3) != 0 {
		at = nlDstPid
	}
	k.mem.SetU16(addr, familyNetlink)
	k.mem.SetU32(c.Arg(2), nlAddrSize)
	k.mem.Copy(addr+nlAddrPid, opt+at, nlAddrSize-nlAddrPid)
	c.Return(0)
}

// netlinkSend is netlink_sendmsg: with an address, or to whom the socket is connected; to groups as well as to one.
func (c *Call) netlinkSend() uint32 {
	const flagOOB, margin = 1, 32
	k, lay, size := c.Kernel, &c.Kernel.drv.core.Msghdr, c.Arg(2)
	sk, opt := c.netlinkSock()
	flags, name := k.mem.Get(c.Arg(1), lay.Flags), k.mem.Get(c.Arg(1), lay.Name)
	pid, groups := k.mem.U32(opt+nlDstPid), k.mem.U32(opt+nlDstGroups)
	if flags&flagOOB != 0 {
		return errWord(abi.EOPNOTSUPP)
	}
	if k.mem.Get(c.Arg(1), lay.Namelen) != 0 {
		pid, groups = k.mem.U32(name+nlAddrPid), k.mem.U32(name+nlAddrGroups)
		switch {
		case k.mem.U16(name) != familyNetlink:
			return errWord(abi.EINVAL)
		case groups != 0 && !c.Task().Capable(abi.CapNetAdmin):
			return errWord(abi.EPERM)
		}
	}
	if k.mem.U32(opt+nlPid) == 0 {
		c.netlinkAutobind(sk)
	}
	if size > k.mem.Get(sk, k.drv.lay.Sock.Sndbuf)-margin {
		return errWord(abi.EMSGSIZE)
	}
	skb := k.allocSkb(size, k.pages.gfp.kernel)
	if skb == 0 {
		return errWord(abi.ENOBUFS)
	}
	cb := skb + k.drv.core.Skb.Cb.Off
	k.mem.Copy(cb, c.Arg(3), credentialsSize)
	k.mem.Write(cb+nlCbPid, words(k.mem.U32(opt+nlPid), k.mem.U32(opt+nlGroups), pid, groups, c.Task().Get(k.lay.Task.CapEffective)))
	if k.gather(c.putSkb(skb, size), k.mem.Get(c.Arg(1), lay.Iov), int32(size)) != 0 {
		k.freeSkb(skb)
		return errWord(abi.EFAULT)
	}
	if groups != 0 {
		k.add(skb, k.drv.core.Skb.Users, 1)
		k.netlinkBroadcast(broadcast{sk, pid, groups}, skb, k.pages.gfp.kernel)
	}
	return c.netlinkUnicast(sk, skb, pid, flags&msgDontWait != 0)
}

// netlinkReceive is netlink_recvmsg: the next message, as much as there is room for; the rest of it is lost.
func (c *Call) netlinkReceive() uint32 {
	const flagOOB, flagTruncated = 1, 0x20
	k, msg, room, lay := c.Kernel, c.Arg(1), c.Arg(2), &c.Kernel.drv.core.Msghdr
	sk, opt := c.netlinkSock()
	if c.Arg(3)&flagOOB != 0 {
		return errWord(abi.EOPNOTSUPP)
	}
	skb, errno := c.receiveDatagram(sk, c.Arg(3), c.Arg(3)&msgDontWait != 0)
	copied := uint32(0)
	if skb != 0 {
		cb := skb + k.drv.core.Skb.Cb.Off
		k.mem.Set(msg, lay.Namelen, 0)
		if copied = k.mem.Get(skb, k.drv.core.Skb.Len); int32(room) < int32(copied) {
			copied = room
			k.mem.Set(msg, lay.Flags, k.mem.Get(msg, lay.Flags)|flagTruncated)
		}
		k.mem.Set(skb, k.drv.core.Skb.H, k.mem.Get(skb, k.drv.core.Skb.Data))
		errno = k.datagramToIovec(skb, 0, k.mem.Get(msg, lay.Iov), int32(copied))
		if name := k.mem.Get(msg, lay.Name); name != 0 {
			k.mem.SetU16(name, familyNetlink)
			k.mem.Write(name+nlAddrPid, words(k.mem.U32(cb+nlCbPid), k.mem.U32(cb+nlCbDstGroups)))
			k.mem.Set(msg, lay.Namelen, nlAddrSize)
		}
		k.mem.Copy(c.Arg(4), cb, credentialsSize)
		k.freeSkb(skb)
		if k.mem.U32(opt+nlCallback) != 0 && int32(k.mem.Get(sk, k.drv.core.Sock.RmemAlloc)) <= int32(k.mem.Get(sk, k.drv.lay.Sock.Rcvbuf))/2 {
			c.netlinkDump(sk)
		}
	}
	k.netlinkRoom(sk)
	if errno != 0 {
		return errWord(errno)
	}
	return copied
}

// netlinkRoom lets those go on that wait for room: an overrun is over when all has been read.
func (k *Kernel) netlinkRoom(sk uint32) {
	opt, length := k.netlinkOpt(sk), k.mem.Get(sk+k.drv.lay.Sock.ReceiveQueue.Off, k.drv.core.SkbHead.Qlen)
	if int32(length) > int32(k.mem.Get(sk, k.drv.lay.Sock.Rcvbuf))/2 {
		return
	}
	state := k.mem.U32(opt + nlState)
	if length == 0 {
		state &^= 1
		k.mem.SetU32(opt+nlState, state)
	}
	if state&1 == 0 {
		k.wakeQueue(opt+nlWait, abi.TaskInterruptible, 1)
	}
}

// netlinkDataReady models void netlink_data_ready(struct sock *sk, int len): the module's function hears of a message.
func netlinkDataReady(c *Call) {
	k := c.Kernel
	if input := k.mem.U32(k.netlinkOpt(c.Arg(0)) + nlReady); input != 0 {
		k.Call(input, c.Arg(0), c.Arg(1))
	}
	k.netlinkRoom(c.Arg(0))
}
