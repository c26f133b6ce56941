// SPDX-License-Identifier: BSD-3-Clause
// Sockets of AF_INET, as far as they are a way to network devices: making, ioctl, closing (2.4.18 net/ipv4/af_inet.c, udp.c).
//
// There is no IP: whatever would send, receive or bind stops the run by the name of its function.

package guestkernel

import "ring0/guestkernel/abi"

type protoLayout struct {
	Close      abi.Field `c:"close"`
	Ioctl      abi.Field `c:"ioctl"`
	Init       abi.Field `c:"init"`
	Destroy    abi.Field `c:"destroy"`
	BacklogRcv abi.Field `c:"backlog_rcv"`
	Hash       abi.Field `c:"hash"`
	Unhash     abi.Field `c:"unhash"`
}

// inetSockLayout is what AF_INET needs of struct sock besides the others.
type inetSockLayout struct {
	Num        abi.Field `c:"num"`
	Next       abi.Field `c:"next"`
	Pprev      abi.Field `c:"pprev"`
	DstCache   abi.Field `c:"dst_cache"`
	Dead       abi.Field `c:"dead"`
	Proc       abi.Field `c:"proc"`
	Prot       abi.Field `c:"prot"`
	Stamp      abi.Field `c:"stamp"`
	LingerTime abi.Field `c:"lingertime"`
	Linger     abi.Field `c:"linger"`
	BacklogRcv abi.Field `c:"backlog_rcv"`
	Opt        abi.Field `c:"protinfo.af_inet"`
}

// Numbers of linux/in.h and of sockets.
const (
	socketStream   = 1
	socketDgram    = 2
	protocolTCP    = 6
	protocolUDP    = 17
	noIoctlCommand = 515 // ENOIOCTLCMD
	inetOptions    = 12  // of struct inet_opt: opt
	inetTTL        = 0
	inetMcTTL      = 17
	inetMcLoop     = 18
	inetPmtudisc   = 22
	pmtuWant       = 1
)

func inetSockFunctions() []Function {
	const noIP = "there is no IP: a socket can only do ioctl"
	return []Function{
		{Name: "inet_create", Fn: inetCreate, Level: Partial, Note: noIP},
		{Name: "inet_ioctl", Fn: inetIoctl, Level: Partial, Note: "routes, ARP and diversion stop the run by name"},
		{Name: "inet_release", Fn: inetRelease, Level: Full},
		{Name: "inet_sock_release", Fn: func(c *Call) { c.Kernel.releaseInetSock(c.Arg(0)) }, Level: Full},
		{Name: "inet_sock_destruct", Fn: inetSockDestruct, Level: Full},
		{Name: "udp_close", Fn: func(c *Call) { c.Kernel.releaseInetSock(c.Arg(0)) }, Level: Full},
		{Name: "udp_ioctl", Fn: udpIoctl, Level: Full},
		{Name: "udp_v4_unhash", Fn: udpUnhash, Level: Full},
	}
}

// bootInetSockets fills the operations of datagram sockets. The functions that are not written stop who calls them.
func (k *Kernel) bootInetSockets() error {
	ops, prot := &k.drv.core.ProtoOps, &k.drv.core.Proto
	for _, row := range []struct {
		table string
		f     abi.Field
		name  string
	}{
		{"inet_dgram_ops", ops.Release, "inet_release"}, {"inet_dgram_ops", ops.Bind, "inet_bind"},
		{"inet_dgram_ops", ops.Connect, "inet_dgram_connect"}, {"inet_dgram_ops", ops.Socketpair, "sock_no_socketpair"},
		{"inet_dgram_ops", ops.Accept, "sock_no_accept"}, {"inet_dgram_ops", ops.Getname, "inet_getname"},
		{"inet_dgram_ops", ops.Poll, "datagram_poll"}, {"inet_dgram_ops", ops.Ioctl, "inet_ioctl"},
		{"inet_dgram_ops", ops.Listen, "sock_no_listen"}, {"inet_dgram_ops", ops.Shutdown, "inet_shutdown"},
		{"inet_dgram_ops", ops.Setsockopt, "inet_setsockopt"}, {"inet_dgram_ops", ops.Getsockopt, "inet_getsockopt"},
		{"inet_dgram_ops", ops.Sendmsg, "inet_sendmsg"}, {"inet_dgram_ops", ops.Recvmsg, "inet_recvmsg"},
		{"inet_dgram_ops", ops.Mmap, "sock_no_mmap"},
		{"udp_prot", prot.Close, "udp_close"}, {"udp_prot", prot.Ioctl, "udp_ioctl"}, {"udp_prot", prot.BacklogRcv, "udp_queue_rcv_skb"},
		{"udp_prot", prot.Hash, "udp_v4_hash"}, {"udp_prot", prot.Unhash, "udp_v4_unhash"},
	} {
		if err := k.setOp(k.symbol(row.table), row.f, row.name); err != nil {
			return err
		}
	}
	k.mem.SetU32(k.symbol("inet_dgram_ops"), familyInet)
	return nil
}

// inetCreate models static int inet_create(struct socket *sock, int protocol).
func inetCreate(c *Call) {
	k, socket, protocol := c.Kernel, c.Arg(0), c.Arg(1)
	so, lay, inet := &k.drv.lay.Socket, &k.drv.lay.Sock, &k.drv.core.InetSock
	kind := k.mem.Get(socket, so.Type)
	switch {
	case kind == socketDgram && (protocol == 0 || protocol == protocolUDP):
	case kind == socketStream && (protocol == 0 || protocol == protocolTCP):
		k.stop(Outcome{Kind: Missing, Reason: "inet_create of a stream socket (tcp_v4_init_sock)"})
	case kind == socketRaw && protocol != 0:
		if !c.Task().Capable(abi.CapNetRaw) {
			c.Fail(abi.EPERM)
			return
		}
		k.stop(Outcome{Kind: Missing, Reason: "inet_create of a raw socket (raw_v4_hash)"})
	default:
		c.Fail(abi.ESOCKTNOSUPPORT)
		return
	}
	sk := k.allocSock(familyInet, k.pages.gfp.kernel, true)
	if sk == 0 {
		c.Fail(abi.ENOBUFS)
		return
	}
	k.mem.Set(socket, so.Ops, k.symbol("inet_dgram_ops"))
	k.initSock(socket, sk)
	prot, opt := k.symbol("udp_prot"), sk+inet.Opt.Off
	k.mem.Set(sk, inet.Prot, prot)
	k.mem.Set(sk, inet.BacklogRcv, k.mem.Get(prot, k.drv.core.Proto.BacklogRcv))
	k.mem.Set(sk, lay.Destruct, k.functionAt("inet_sock_destruct"))
	k.mem.Set(sk, lay.Zapped, 0)
	k.mem.Set(sk, lay.Family, familyInet)
	k.mem.Set(sk, lay.Protocol, protocolUDP)
	k.mem.SetU32(opt+inetTTL, k.mem.U32(k.symbol("sysctl_ip_default_ttl")))
	k.mem.SetU8(opt+inetMcTTL, 1)
	k.mem.SetU8(opt+inetMcLoop, 1)
	k.mem.SetU8(opt+inetPmtudisc, pmtuWant)
	c.Return(0)
}

// inetRelease models int inet_release(struct socket *sock): the protocol closes, after the socket's linger time at most.
func inetRelease(c *Call) {
	k, inet := c.Kernel, &c.Kernel.drv.core.InetSock
	c.Return(0)
	sk := k.mem.Get(c.Arg(0), k.drv.lay.Socket.Sk)
	if sk == 0 {
		return
	}
	timeout := uint32(0)
	if k.mem.Get(sk, inet.Linger) != 0 && c.Task().Get(k.lay.Task.Flags)&abi.PFExiting == 0 {
		timeout = k.mem.Get(sk, inet.LingerTime)
	}
	k.mem.Set(c.Arg(0), k.drv.lay.Socket.Sk, 0)
	k.Call(k.mem.Get(k.mem.Get(sk, inet.Prot), k.drv.core.Proto.Close), sk, timeout)
}

// releaseInetSock is inet_sock_release: off the protocol's lists, away from its socket.
func (k *Kernel) releaseInetSock(sk uint32) {
	lay, inet, proto := &k.drv.lay.Sock, &k.drv.core.InetSock, &k.drv.core.Proto
	prot := k.mem.Get(sk, inet.Prot)
	if destroy := k.mem.Get(prot, proto.Destroy); destroy != 0 {
		k.Call(destroy, sk)
	}
	k.Call(k.mem.Get(prot, proto.Unhash), sk)
	k.mem.Set(sk, inet.Dead, 1)
	k.mem.Set(sk, lay.Socket, 0)
	k.mem.Set(sk, lay.Sleep, 0)
	n := k.mem.Get(sk, lay.Refcnt) - 1
	k.mem.Set(sk, lay.Refcnt, n)
	if n == 0 {
		k.freeSock(sk)
	}
}

// inetSockDestruct models void inet_sock_destruct(struct sock *sk).
func inetSockDestruct(c *Call) {
	k, sk, lay, inet := c.Kernel, c.Arg(0), &c.Kernel.drv.lay.Sock, &c.Kernel.drv.core.InetSock
	k.purgeSkbs(sk + lay.ReceiveQueue.Off)
	k.purgeSkbs(sk + lay.ErrorQueue.Off)
	if k.mem.Get(sk, inet.Dead) == 0 {
		k.Printk("Attempt to release alive inet socket %08x\n", sk)
		return
	}
	k.Kfree(k.mem.U32(sk + inet.Opt.Off + inetOptions))
	if dst := k.mem.Get(sk, inet.DstCache); dst != 0 {
		k.releaseDst(dst)
	}
}

// udpUnhash models static void udp_v4_unhash(struct sock *sk): off the list of its port, if it has one.
func udpUnhash(c *Call) {
	k, sk, inet := c.Kernel, c.Arg(0), &c.Kernel.drv.core.InetSock
	pprev, next := k.mem.Get(sk, inet.Pprev), k.mem.Get(sk, inet.Next)
	if pprev == 0 {
		return
	}
	if k.mem.SetU32(pprev, next); next != 0 {
		k.mem.Set(next, inet.Pprev, pprev)
	}
	k.mem.Set(sk, inet.Pprev, 0)
	k.mem.Set(sk, inet.Num, 0)
}

// udpIoctl models int udp_ioctl(struct sock *sk, int cmd, unsigned long arg): how much is on its way out, how much the next
// datagram in has.
func udpIoctl(c *Call) {
	const udpHeader = 8
	k, sk, amount := c.Kernel, c.Arg(0), uint32(0)
	switch c.Arg(1) {
	case siocOutQ:
		amount = k.mem.Get(sk, k.drv.core.Sock.WmemAlloc)
	case siocInQ:
		queue := sk + k.drv.lay.Sock.ReceiveQueue.Off
		if first := k.mem.U32(queue); first != queue {
			amount = k.mem.Get(first, k.drv.core.Skb.Len) - udpHeader
		}
	default:
		c.Return(^uint32(noIoctlCommand - 1))
		return
	}
	c.putUser(c.Arg(2), uint64(amount), wordSize)
}

// inetIoctl models static int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg).
func inetIoctl(c *Call) {
	k, cmd, arg := c.Kernel, c.Arg(1), c.Arg(2)
	sk, inet := k.mem.Get(c.Arg(0), k.drv.lay.Socket.Sk), &k.drv.core.InetSock
	switch cmd {
	case fioSetOwn, siocSPgrp:
		c.setSocketOwner(sk, arg)
	case fioGetOwn, siocGPgrp:
		c.putUser(arg, uint64(k.mem.Get(sk, inet.Proc)), wordSize)
	case siocGStamp:
		c.socketStamp(sk, arg)
	case siocAddRt, siocDelRt, siocRtMsg:
		c.Return(k.Call(k.functionAt("ip_rt_ioctl"), cmd, arg))
	case siocDARP, siocGARP, siocSARP:
		c.Return(k.Call(k.functionAt("arp_ioctl"), cmd, arg))
	case siocGIFAddr, siocSIFAddr, siocGIFBrdAddr, siocSIFBrdAddr, siocGIFNetmask, siocSIFNetmask, siocGIFDstAddr, siocSIFDstAddr,
		siocSIFPFlags, siocGIFPFlags, siocSIFFlags:
		c.Return(c.devinetIoctl(cmd, arg))
	case siocGIFBr, siocSIFBr:
		c.ioctlHook("br_ioctl_hook", "bridge", arg)
	case siocGIFVlan, siocSIFVlan:
		c.ioctlHook("vlan_ioctl_hook", "8021q", arg)
	case siocAddDLCI, siocDelDLCI:
		c.ioctlHook("dlci_ioctl_hook", "dlci", cmd, arg)
	case siocGIFDivert, siocSIFDivert:
		c.Return(k.Call(k.functionAt("divert_ioctl"), cmd, arg))
	default:
		c.inetDeviceIoctl(sk, cmd, arg)
	}
}

// inetDeviceIoctl asks the protocol first, unless it is a command of drivers.
func (c *Call) inetDeviceIoctl(sk, cmd, arg uint32) {
	k := c.Kernel
	own := cmd >= siocDevPrivate && cmd <= siocDevPrivate+15 || cmd >= siocIWFirst && cmd <= siocIWLast
	if fn := k.mem.Get(k.mem.Get(sk, k.drv.core.InetSock.Prot), k.drv.core.Proto.Ioctl); !own && fn != 0 {
		if result := k.Call(fn, sk, cmd, arg); result != ^uint32(noIoctlCommand-1) {
			c.Return(result)
			return
		}
	}
	c.Return(c.devIoctl(cmd, arg))
}

// setSocketOwner is FIOSETOWN: oneself, one's group, or anybody for an administrator.
func (c *Call) setSocketOwner(sk, arg uint32) {
	k, t := c.Kernel, c.Task()
	pid, ok := k.GetUser(arg, wordSize)
	switch {
	case !ok:
		c.Fail(abi.EFAULT)
	case uint32(t.Pid()) != pid && t.Get(k.lay.Task.Pgrp) != -pid && !t.Capable(abi.CapNetAdmin):
		c.Fail(abi.EPERM)
	default:
		k.mem.Set(sk, k.drv.core.InetSock.Proc, pid)
		c.Return(0)
	}
}

// socketStamp is SIOCGSTAMP: when the last packet came. ENOENT before there was one.
func (c *Call) socketStamp(sk, arg uint32) {
	k, stamp := c.Kernel, c.Kernel.drv.core.InetSock.Stamp
	c.Return(0)
	if k.mem.U32(sk+stamp.Off) == 0 {
		c.Fail(abi.ENOENT)
	} else if k.CopyToUser(arg, k.mem.Bytes(sk+stamp.Off, uint32(stamp.Size))) != 0 {
		c.Fail(abi.EFAULT)
	}
}

// ioctlHook calls what a module has hooked in, after asking for the module. ENOPKG without one.
func (c *Call) ioctlHook(hook, module string, args ...uint32) {
	k, at := c.Kernel, c.Kernel.symbol(hook)
	if k.mem.U32(at) == 0 {
		k.requestModule(module)
	}
	fn := k.mem.U32(at)
	if fn == 0 {
		c.Fail(abi.ENOPKG)
		return
	}
	c.Return(k.Call(fn, args...))
}
