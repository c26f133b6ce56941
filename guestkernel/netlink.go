// SPDX-License-Identifier: BSD-3-Clause
// Netlink: messages between modules and programs, by unit, address and group (2.4.18 net/netlink/af_netlink.c). What
// programs do with its sockets is in netlinksock.go.
//
// The units that the kernel itself answers, routing and TCP's diagnosis, are not written.

package guestkernel

import "ring0/guestkernel/abi"

// struct netlink_opt, which only af_netlink.c knows.
const (
	nlPid       = 0
	nlGroups    = 4
	nlDstPid    = 8
	nlDstGroups = 12
	nlState     = 16 // bit 0: overrun
	nlHandler   = 20
	nlWait      = 24
	nlCallback  = 32
	nlReady     = 36
	nlOptSize   = 40
)

// struct netlink_skb_parms in a buffer's cb, struct nlmsghdr, struct netlink_callback.
const (
	nlCbPid       = 12
	nlCbGroups    = 16
	nlCbDstPid    = 20
	nlCbDstGroups = 24
	nlCbCap       = 28
	nlHeader      = 16
	nlMsgSeq      = 8
	nlMsgError    = 2 // NLMSG_ERROR
	nlMsgDone     = 3 // NLMSG_DONE
	nlMultiple    = 2 // NLM_F_MULTI
	nlDumpSkb     = 0
	nlDumpMsg     = 4
	nlDumpFn      = 8
	nlDumpDone    = 12
	nlDumpSize    = 36
)

func netlinkFunctions() []Function {
	rows := []Function{
		{Name: "netlink_kernel_create", Fn: netlinkKernelCreate, Level: Full, Proto: "struct sock *netlink_kernel_create(int unit, void (*input)(struct sock *, int))"},
		{Name: "netlink_unicast", Fn: func(c *Call) { c.Return(c.netlinkUnicast(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3) != 0)) }, Level: Full,
			Proto: "int netlink_unicast(struct sock *ssk, struct sk_buff *skb, u32 pid, int nonblock)"},
		{Name: "netlink_broadcast", Fn: func(c *Call) {
			c.Kernel.netlinkBroadcast(broadcast{c.Arg(0), c.Arg(2), c.Arg(3)}, c.Arg(1), c.Arg(4))
		}, Level: Full, Proto: "void netlink_broadcast(struct sock *ssk, struct sk_buff *skb, u32 pid, u32 group, int allocation)"},
		{Name: "netlink_set_err", Fn: netlinkSetErr, Level: Full, Proto: "void netlink_set_err(struct sock *ssk, u32 pid, u32 group, int code)"},
		{Name: "netlink_dump_start", Fn: netlinkDumpStart, Level: Full,
			Proto: "int netlink_dump_start(struct sock *ssk, struct sk_buff *skb, struct nlmsghdr *nlh, int (*dump)(struct sk_buff *, struct netlink_callback *), int (*done)(struct netlink_callback *))"},
		{Name: "netlink_ack", Fn: netlinkAck, Level: Full, Proto: "void netlink_ack(struct sk_buff *in_skb, struct nlmsghdr *nlh, int err)"},
		{Name: "netlink_attach", Fn: netlinkAttach, Level: Full, Proto: "int netlink_attach(int unit, int (*function)(int, struct sk_buff *))"},
		{Name: "netlink_detach", Fn: netlinkDetach, Level: Full, Proto: "void netlink_detach(int unit)"},
		{Name: "netlink_post", Fn: netlinkPost, Level: Full, Proto: "int netlink_post(int unit, struct sk_buff *skb)"},
	}
	return append(rows, netlinkSocketFunctions()...)
}

// netlinkOpt is what a netlink socket has besides others.
func (k *Kernel) netlinkOpt(sk uint32) uint32 { return k.mem.Get(sk, k.drv.lay.Sock.Netlink) }

// newNetlink is netlink_create: a socket's half for a unit. 0 without memory.
func (k *Kernel) newNetlink(socket, unit uint32) uint32 {
	lay := &k.drv.lay.Sock
	k.mem.Set(socket, k.drv.lay.Socket.Ops, k.symbol("netlink_ops"))
	sk := k.allocSock(familyNetlink, k.pages.gfp.kernel, true)
	if sk == 0 {
		return 0
	}
	k.initSock(socket, sk)
	opt := k.Kmalloc(nlOptSize, k.pages.gfp.kernel)
	if opt == 0 {
		k.freeSock(sk)
		k.mem.Set(socket, k.drv.lay.Socket.Sk, 0)
		return 0
	}
	k.mem.Fill(opt, nlOptSize, 0)
	k.initWaitQueue(opt + nlWait)
	k.mem.Set(sk, lay.Netlink, opt)
	k.mem.Set(sk, lay.Destruct, k.functionAt("netlink_sock_destruct"))
	k.mem.Set(sk, lay.Protocol, unit)
	k.countNetlink(1)
	return sk
}

func (k *Kernel) countNetlink(n uint32) {
	at := k.symbol("netlink_sock_nr")
	k.mem.SetU32(at, k.mem.U32(at)+n)
}

// netlinkSocks are the sockets of a unit that have an address.
func (k *Kernel) netlinkSocks(unit uint32) (all []uint32) {
	for _, sk := range k.links("nl_table", k.drv.sym.NetlinkTable+unit*wordSize, k.drv.lay.Sock.Next) {
		if sk != 0 {
			all = append(all, sk)
		}
	}
	return all
}

// netlinkWith is the socket of a unit with an address, 0 when there is none.
func (k *Kernel) netlinkWith(unit, pid uint32) uint32 {
	for _, sk := range k.netlinkSocks(unit) {
		if k.mem.U32(k.netlinkOpt(sk)+nlPid) == pid {
			return sk
		}
	}
	return 0
}

// netlinkInsert gives a socket an address: EADDRINUSE, or EBUSY when it has one.
func (k *Kernel) netlinkInsert(sk, pid uint32) abi.Errno {
	lay := &k.drv.lay.Sock
	unit, opt := k.mem.Get(sk, lay.Protocol), k.netlinkOpt(sk)
	switch {
	case k.netlinkWith(unit, pid) != 0:
		return abi.EADDRINUSE
	case k.mem.U32(opt+nlPid) != 0:
		return abi.EBUSY
	}
	k.mem.SetU32(opt+nlPid, pid)
	k.push(k.drv.sym.NetlinkTable+unit*wordSize, sk, lay.Next)
	k.holdSock(sk)
	return 0
}

// netlinkKernelCreate models struct sock *netlink_kernel_create(int unit, void (*input)(struct sock *sk, int len)): the
// module's end of a unit, whose address is 0. NULL for a bad unit and without memory. A second one of a unit hears nothing.
func netlinkKernelCreate(c *Call) { c.Return(c.Kernel.netlinkKernel(c.Arg(0), c.Arg(1))) }

func (k *Kernel) netlinkKernel(unit, input uint32) uint32 {
	if unit >= netlinkUnits {
		return 0
	}
	socket := k.newSocket()
	if socket == 0 {
		return 0
	}
	k.mem.Set(socket, k.drv.lay.Socket.Type, socketRaw)
	sk := k.newNetlink(socket, unit)
	if sk == 0 {
		k.releaseSocket(socket)
		return 0
	}
	k.mem.Set(sk, k.drv.lay.Sock.DataReady, k.functionAt("netlink_data_ready"))
	k.mem.SetU32(k.netlinkOpt(sk)+nlReady, input)
	k.netlinkInsert(sk, 0)
	return sk
}

// netlinkFull tells whether a socket can take no more for now.
func (k *Kernel) netlinkFull(sk uint32) bool {
	return int32(k.mem.Get(sk, k.drv.core.Sock.RmemAlloc)) > int32(k.mem.Get(sk, k.drv.lay.Sock.Rcvbuf)) || k.mem.U32(k.netlinkOpt(sk)+nlState)&1 != 0
}

// netlinkOverrun tells a socket, once, that it has missed something.
func (k *Kernel) netlinkOverrun(sk uint32) {
	at := k.netlinkOpt(sk) + nlState
	if state := k.mem.U32(at); state&1 == 0 {
		k.mem.SetU32(at, state|1)
		k.mem.Set(sk, k.drv.proto.Sock.Err, uint32(abi.ENOBUFS))
		k.Call(k.mem.Get(sk, k.drv.lay.Sock.ErrorReport), sk)
	}
}

// netlinkDeliver queues a message for a socket.
func (k *Kernel) netlinkDeliver(sk, skb uint32) {
	length := k.mem.Get(skb, k.drv.core.Skb.Len)
	k.orphanSkb(skb)
	k.ownReceived(skb, sk)
	k.enqueueSkb(sk+k.drv.lay.Sock.ReceiveQueue.Off, skb)
	k.Call(k.mem.Get(sk, k.drv.lay.Sock.DataReady), sk, length)
}

// netlinkHand gives a message to a module that takes each by itself (netlink_attach); false: the socket is not such a one.
func (k *Kernel) netlinkHand(sk, skb uint32) (result uint32, handed bool) {
	handler := k.mem.U32(k.netlinkOpt(sk) + nlHandler)
	if handler == 0 {
		return 0, false
	}
	k.orphanSkb(skb)
	return k.Call(handler, k.mem.Get(sk, k.drv.lay.Sock.Protocol), skb), true
}

// netlinkUnicast is int netlink_unicast(struct sock *ssk, struct sk_buff *skb, u32 pid, int nonblock): a message for one
// address. Returns its length; ECONNREFUSED when nobody has the address, EAGAIN when there is no room and no time. The message
// is gone in any case.
func (c *Call) netlinkUnicast(from, skb, pid uint32, noBlock bool) uint32 {
	k, t, length := c.Kernel, c.Task(), c.Kernel.mem.Get(skb, c.Kernel.drv.core.Skb.Len)
	timeout, entry := uint32(0), c.waitEntry()
	if !noBlock {
		timeout = k.mem.Get(from, k.drv.lay.Sock.Sndtimeo)
	}
	for {
		sk := k.netlinkWith(k.mem.Get(from, k.drv.lay.Sock.Protocol), pid)
		if sk == 0 {
			k.freeSkb(skb)
			return errWord(abi.ECONNREFUSED)
		}
		k.holdSock(sk)
		if result, handed := k.netlinkHand(sk, skb); handed {
			k.putSock(sk)
			return result
		}
		if !k.netlinkFull(sk) {
			k.netlinkDeliver(sk, skb)
			k.putSock(sk)
			return length
		}
		if timeout == 0 {
			if k.mem.U32(k.netlinkOpt(from)+nlPid) == 0 {
				k.netlinkOverrun(sk)
			}
			k.putSock(sk)
			k.freeSkb(skb)
			return errWord(abi.EAGAIN)
		}
		t.Set(k.lay.Task.State, abi.TaskInterruptible)
		k.enterQueue(k.netlinkOpt(sk)+nlWait, entry, 0)
		if k.netlinkFull(sk) && k.mem.Get(sk, k.drv.proto.Sock.Dead) == 0 {
			timeout = c.sleepFor(timeout)
		}
		t.Set(k.lay.Task.State, abi.TaskRunning)
		k.leaveQueue(entry)
		k.putSock(sk)
		if t.Get(k.lay.Task.Sigpending) != 0 {
			k.freeSkb(skb)
			return errWord(interrupted(timeout))
		}
	}
}

// broadcast says who sends to which groups; pid is one that does not hear of it.
type broadcast struct{ from, pid, groups uint32 }

// listeners are the sockets that a broadcast is for.
func (k *Kernel) listeners(b broadcast) (all []uint32) {
	for _, sk := range k.netlinkSocks(k.mem.Get(b.from, k.drv.lay.Sock.Protocol)) {
		opt := k.netlinkOpt(sk)
		if sk != b.from && k.mem.U32(opt+nlPid) != b.pid && k.mem.U32(opt+nlGroups)&b.groups != 0 {
			all = append(all, sk)
		}
	}
	return all
}

// netlinkBroadcast is void netlink_broadcast(struct sock *ssk, struct sk_buff *skb, u32 pid, u32 group, int allocation): a copy
// for everybody in the groups. Who has no room is told that something is missing.
func (k *Kernel) netlinkBroadcast(b broadcast, skb, gfp uint32) {
	users, copied, failed := k.drv.core.Skb.Users, uint32(0), false
	for _, sk := range k.listeners(b) {
		if failed {
			k.netlinkOverrun(sk)
			continue
		}
		k.holdSock(sk)
		if copied == 0 {
			if k.mem.Get(skb, users) != 1 {
				copied = k.cloneSkb(skb, gfp)
			} else {
				copied = skb
				k.add(skb, users, 1)
			}
		}
		if failed = copied == 0; failed || !k.netlinkTake(sk, copied) {
			k.netlinkOverrun(sk)
		} else {
			copied = 0
		}
		k.putSock(sk)
	}
	if copied != 0 {
		k.freeSkb(copied)
	}
	k.freeSkb(skb)
}

// netlinkTake gives a socket its copy; false when it has no room.
func (k *Kernel) netlinkTake(sk, skb uint32) bool {
	if _, handed := k.netlinkHand(sk, skb); handed {
		return true
	}
	if k.netlinkFull(sk) {
		return false
	}
	k.netlinkDeliver(sk, skb)
	return true
}

// netlinkSetErr models void netlink_set_err(struct sock *ssk, u32 pid, u32 group, int code): everybody in the groups has that
// error to report.
func netlinkSetErr(c *Call) {
	k := c.Kernel
	for _, sk := range k.listeners(broadcast{c.Arg(0), c.Arg(1), c.Arg(2)}) {
		k.mem.Set(sk, k.drv.proto.Sock.Err, c.Arg(3))
		k.Call(k.mem.Get(sk, k.drv.lay.Sock.ErrorReport), sk)
	}
}

// putMessage is __nlmsg_put: a header at the end of a buffer, with room for data. Returns the header's place.
func (c *Call) putMessage(skb, pid, seq, kind, length uint32) uint32 {
	size := nlHeader + length
	at := c.putSkb(skb, alignWord(size))
	c.Kernel.mem.Write(at, words(size, kind, seq, pid))
	return at
}

// netlinkDumpStart models int netlink_dump_start(…): who asked gets an answer in as many messages as the module makes, the
// first now, the next ones when these have been read. ENOBUFS, ECONNREFUSED, EBUSY when there is one already.
func netlinkDumpStart(c *Call) {
	k, from, skb := c.Kernel, c.Arg(0), c.Arg(1)
	cb := k.Kmalloc(nlDumpSize, k.pages.gfp.kernel)
	if cb == 0 {
		c.Fail(abi.ENOBUFS)
		return
	}
	k.mem.Fill(cb, nlDumpSize, 0)
	k.mem.Write(cb, words(skb, c.Arg(2), c.Arg(3), c.Arg(4)))
	k.add(skb, k.drv.core.Skb.Users, 1)
	sk := k.netlinkWith(k.mem.Get(from, k.drv.lay.Sock.Protocol), k.mem.U32(skb+k.drv.core.Skb.Cb.Off+nlCbPid))
	switch {
	case sk == 0:
		k.freeDump(cb)
		c.Fail(abi.ECONNREFUSED)
	case k.mem.U32(k.netlinkOpt(sk)+nlCallback) != 0:
		k.freeDump(cb)
		c.Fail(abi.EBUSY)
	default:
		k.holdSock(sk) // until the dump is over
		k.mem.SetU32(k.netlinkOpt(sk)+nlCallback, cb)
		c.netlinkDump(sk)
		c.Return(0)
	}
}

// freeDump is netlink_destroy_callback.
func (k *Kernel) freeDump(cb uint32) {
	if skb := k.mem.U32(cb + nlDumpSkb); skb != 0 {
		k.freeSkb(skb)
	}
	k.Kfree(cb)
}

// netlinkDump is netlink_dump: the next message of a dump; when the module has no more to say, one that says so.
func (c *Call) netlinkDump(sk uint32) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.Sock
	goodSize := abi.PageSize - (k.drv.core.Skb.Size+15)&^15
	skb := k.receiveBuffer(sk, goodSize, false, k.pages.gfp.kernel)
	if skb == 0 {
		return
	}
	cb := k.mem.U32(k.netlinkOpt(sk) + nlCallback)
	if cb == 0 {
		k.freeSkb(skb)
		return
	}
	length := k.Call(k.mem.U32(cb+nlDumpFn), skb, cb)
	over := int32(length) <= 0
	if over {
		asked := k.mem.U32(cb + nlDumpSkb)
		at := c.putMessage(skb, k.mem.U32(asked+k.drv.core.Skb.Cb.Off+nlCbPid), k.mem.U32(k.mem.U32(cb+nlDumpMsg)+nlMsgSeq), nlMsgDone|nlMultiple<<16, wordSize)
		k.mem.SetU32(at+nlHeader, length)
		length = k.mem.Get(skb, k.drv.core.Skb.Len)
	}
	k.enqueueSkb(sk+lay.ReceiveQueue.Off, skb)
	k.Call(k.mem.Get(sk, lay.DataReady), sk, length)
	if over {
		k.Call(k.mem.U32(cb+nlDumpDone), cb)
		k.mem.SetU32(k.netlinkOpt(sk)+nlCallback, 0)
		k.freeDump(cb)
		k.putSock(sk)
	}
}

// netlinkAck models void netlink_ack(struct sk_buff *in_skb, struct nlmsghdr *nlh, int err): an error, or 0, and the message
// that it is about: all of it with an error, else its header.
func netlinkAck(c *Call) {
	k, cb := c.Kernel, c.Arg(0)+c.Kernel.drv.core.Skb.Cb.Off
	about, asked, errno := k.mem.U32(c.Arg(1)), c.Arg(1), c.Arg(2)
	size, copied := uint32(nlHeader+wordSize+nlHeader), uint32(nlHeader)
	if errno != 0 {
		size, copied = alignWord(nlHeader+wordSize+alignWord(about)), about
	}
	skb := k.allocSkb(size, k.pages.gfp.kernel)
	if skb == 0 {
		return
	}
	pid := k.mem.U32(cb + nlCbPid)
	at := c.putMessage(skb, pid, k.mem.U32(asked+nlMsgSeq), nlMsgError, wordSize+nlHeader)
	k.mem.SetU32(at+nlHeader, errno)
	k.mem.Copy(at+nlHeader+wordSize, asked, copied)
	c.netlinkUnicast(k.mem.Get(c.Arg(0), k.drv.core.Skb.Sk), skb, pid, true)
}

// netlinkAttach models int netlink_attach(int unit, int (*function)(int unit, struct sk_buff *skb)): a module takes messages
// of a unit one by one. ENOBUFS.
func netlinkAttach(c *Call) {
	k := c.Kernel
	sk := k.netlinkKernel(c.Arg(0), 0)
	if sk == 0 {
		c.Fail(abi.ENOBUFS)
		return
	}
	k.mem.SetU32(k.netlinkOpt(sk)+nlHandler, c.Arg(1))
	k.mem.SetU32(k.symbol("netlink_kernel")+c.Arg(0)*wordSize, k.mem.Get(sk, k.drv.lay.Sock.Socket))
	c.Return(0)
}

// netlinkDetach models void netlink_detach(int unit).
func netlinkDetach(c *Call) {
	at := c.Kernel.symbol("netlink_kernel") + c.Arg(0)*wordSize
	socket := c.Kernel.mem.U32(at)
	c.Kernel.mem.SetU32(at, 0)
	c.Kernel.releaseSocket(socket)
}

// netlinkPost models int netlink_post(int unit, struct sk_buff *skb): to all who listen to an attached unit. EUNATCH for one
// that is not.
func netlinkPost(c *Call) {
	k, lay := c.Kernel, &c.Kernel.drv.core.Skb
	socket := k.mem.U32(k.symbol("netlink_kernel") + c.Arg(0)*wordSize)
	if socket == 0 {
		c.Fail(abi.EUNATCH)
		return
	}
	sk := k.mem.Get(socket, k.drv.lay.Socket.Sk)
	k.mem.Fill(c.Arg(1)+lay.Cb.Off, uint32(lay.Cb.Size), 0)
	k.holdSock(sk)
	k.netlinkBroadcast(broadcast{sk, 0, ^uint32(0)}, c.Arg(1), k.pages.gfp.atomic)
	k.putSock(sk)
	c.Return(0)
}
