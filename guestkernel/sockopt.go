// SPDX-License-Identifier: BSD-3-Clause
// The options that sockets of all families have, SOL_SOCKET, and what a family without operations of its own uses (2.4.18
// net/core/sock.c, asm-i386/socket.h).

package guestkernel

import (
	"math"

	"ring0/guestkernel/abi"
)

type sockOptionLayout struct {
	Debug      abi.Field `c:"debug"`
	Reuse      abi.Field `c:"reuse"`
	LocalRoute abi.Field `c:"localroute"`
	Broadcast  abi.Field `c:"broadcast"`
	UserLocks  abi.Field `c:"userlocks"`
	KeepOpen   abi.Field `c:"keepopen"`
	UrgInline  abi.Field `c:"urginline"`
	NoCheck    abi.Field `c:"no_check"`
	Priority   abi.Field `c:"priority"`
	Linger     abi.Field `c:"linger"`
	LingerTime abi.Field `c:"lingertime"`
	BSDism     abi.Field `c:"bsdism"`
	RcvStamp   abi.Field `c:"rcvtstamp"`
	ErrSoft    abi.Field `c:"err_soft"`
	BoundIf    abi.Field `c:"bound_dev_if"`
	DstCache   abi.Field `c:"dst_cache"`
	PeerCred   abi.Field `c:"peercred"`
	Proc       abi.Field `c:"proc"`
}

// Options of SOL_SOCKET.
const (
	soDebug = iota + 1
	soReuseAddr
	soType
	soError
	soDontRoute
	soBroadcast
	soSndBuf
	soRcvBuf
	soKeepAlive
	soOOBInline
	soNoCheck
	soPriority
	soLinger
	soBSDCompat
	soPassCred = iota + 2
	soPeerCred
	soRcvLowat
	soSndLowat
	soRcvTimeo
	soSndTimeo
	soBindToDevice = iota + 5
	soAttachFilter
	soDetachFilter
	soPeerName
	soTimestamp
	soAcceptConn
)

const (
	leastSndBuf   = 2048
	leastRcvBuf   = 256
	sndBufLocked  = 1
	rcvBufLocked  = 2
	timevalSize   = 8
	optionMost    = 6 // priorities that everybody may set
	filterProgram = 8 // struct sock_fprog: how many, padding, where
)

func sockOptionFunctions() []Function {
	return []Function{
		{Name: "sock_setsockopt", Fn: func(c *Call) { c.setSocketOption() }, Level: Full},
		{Name: "sock_getsockopt", Fn: func(c *Call) { c.getSocketOption() }, Level: Full},
		{Name: "sock_no_fcntl", Fn: sockNoFcntl, Level: Full},
		{Name: "sock_no_sendpage", Fn: sockNoSendpage, Level: Full},
		{Name: "sk_attach_filter", Fn: func(c *Call) {
			c.Return(errWord(c.Kernel.attachFilter(c.Arg(1), c.Kernel.mem.Bytes(c.Arg(0), filterProgram))))
		}, Level: Full,
			Proto: "int sk_attach_filter(struct sock_fprog *fprog, struct sock *sk)"},
	}
}

// flagOption is the field of an option that is on or off.
func (k *Kernel) flagOption(option uint32) (f abi.Field, ok bool) {
	lay := &k.drv.proto.SockOption
	f, ok = map[uint32]abi.Field{soDebug: lay.Debug, soReuseAddr: lay.Reuse, soDontRoute: lay.LocalRoute, soBroadcast: lay.Broadcast,
		soKeepAlive: lay.KeepOpen, soOOBInline: lay.UrgInline, soNoCheck: lay.NoCheck, soBSDCompat: lay.BSDism, soTimestamp: lay.RcvStamp}[option]
	return f, ok
}

// setSocketOption models int sock_setsockopt(struct socket *sock, int level, int optname, char *optval, int optlen). EINVAL
// for a value that is too short, ENOPROTOOPT for an option that cannot be set.
//
// Context: process; waits for the socket's lock.
func (c *Call) setSocketOption() {
	k, sk := c.Kernel, c.Kernel.mem.Get(c.Arg(0), c.Kernel.drv.lay.Socket.Sk)
	if int32(c.Arg(4)) < wordSize {
		c.Fail(abi.EINVAL)
		return
	}
	value, ok := k.GetUser(c.Arg(3), wordSize)
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	c.lockSock(sk)
	errno := c.setOption(sk, value)
	c.releaseSock(sk)
	c.Return(errWord(errno))
}

func (c *Call) setOption(sk, value uint32) abi.Errno {
	const tcp = 6
	k, option, lay, so := c.Kernel, c.Arg(2), &c.Kernel.drv.proto.SockOption, &c.Kernel.drv.lay.Sock
	if f, ok := k.flagOption(option); ok {
		switch {
		case option == soDebug && value != 0 && !c.Task().Capable(abi.CapNetAdmin):
			return abi.EACCES
		case option == soKeepAlive && k.mem.Get(sk, so.Protocol) == tcp:
			k.Call(k.functionAt("tcp_set_keepalive"), sk, boolWord(value != 0))
		}
		k.mem.Set(sk, f, boolWord(value != 0))
		return 0
	}
	switch option {
	case soSndBuf:
		k.setBuffer(sk, bufferLimit{so.Sndbuf, "sysctl_wmem_max", leastSndBuf, sndBufLocked}, value)
		k.Call(k.mem.Get(sk, so.WriteSpace), sk)
	case soRcvBuf:
		k.setBuffer(sk, bufferLimit{so.Rcvbuf, "sysctl_rmem_max", leastRcvBuf, rcvBufLocked}, value)
	case soPriority:
		if value > optionMost && !c.Task().Capable(abi.CapNetAdmin) {
			return abi.EPERM
		}
		k.mem.Set(sk, lay.Priority, value)
	case soLinger:
		return c.setLinger(sk)
	case soPassCred:
		k.mem.Set(c.Arg(0), k.drv.proto.Socket.Passcred, boolWord(value != 0))
	case soRcvLowat:
		if int32(value) < 0 {
			value = math.MaxInt32
		}
		k.mem.Set(sk, so.Rcvlowat, max(value, 1))
	case soRcvTimeo:
		return c.setTimeout(sk, so.Rcvtimeo)
	case soSndTimeo:
		return c.setTimeout(sk, so.Sndtimeo)
	case soBindToDevice:
		return c.bindToDevice(sk, value)
	case soAttachFilter:
		return c.userFilter(sk)
	case soDetachFilter:
		filter := k.mem.Get(sk, k.drv.proto.Sock.Filter)
		if filter == 0 {
			return abi.ENONET
		}
		k.mem.Set(sk, k.drv.proto.Sock.Filter, 0)
		k.releaseFilter(sk, filter)
	default:
		return abi.ENOPROTOOPT
	}
	return 0
}

// bufferLimit is how much a queue may have: where that is kept, and its bounds.
type bufferLimit struct {
	f     abi.Field
	most  string
	least uint32
	lock  uint32
}

// setBuffer sets a limit to twice of what is asked for.
func (k *Kernel) setBuffer(sk uint32, b bufferLimit, value uint32) {
	locks := k.drv.proto.SockOption.UserLocks
	if most := k.mem.U32(k.symbol(b.most)); int32(value) > int32(most) {
		value = most
	}
	k.mem.Set(sk, locks, k.mem.Get(sk, locks)|b.lock)
	k.mem.Set(sk, b.f, uint32(max(int32(value*2), int32(b.least))))
}

// setLinger is SO_LINGER: on or off, seconds.
func (c *Call) setLinger(sk uint32) abi.Errno {
	k, lay, hz := c.Kernel, &c.Kernel.drv.proto.SockOption, uint32(c.Kernel.profile.HZ)
	b := make([]byte, 2*wordSize)
	switch {
	case int32(c.Arg(4)) < 2*wordSize:
		return abi.EINVAL
	case k.CopyFromUser(b, c.Arg(3)) != 0:
		return abi.EFAULT
	}
	on, seconds := leWord(b) != 0, leWord(b[wordSize:])
	k.mem.Set(sk, lay.Linger, boolWord(on))
	if on {
		ticks := uint32(forever)
		if int32(seconds) < int32(forever/hz) {
			ticks = seconds * hz
		}
		k.mem.Set(sk, lay.LingerTime, ticks)
	}
	return 0
}

// setTimeout is SO_RCVTIMEO and SO_SNDTIMEO: a struct timeval, rounded up; 0 is for ever.
func (c *Call) setTimeout(sk uint32, f abi.Field) abi.Errno {
	k, hz := c.Kernel, uint32(c.Kernel.profile.HZ)
	b := make([]byte, timevalSize)
	switch {
	case int32(c.Arg(4)) < timevalSize:
		return abi.EINVAL
	case k.CopyFromUser(b, c.Arg(3)) != 0:
		return abi.EFAULT
	}
	sec, usec, tick := leWord(b), leWord(b[wordSize:]), uint32(usecPerSec)/hz
	ticks := uint32(forever)
	if sec|usec != 0 && int32(sec) < int32(forever/hz-1) {
		ticks = sec*hz + (usec+tick-1)/tick
	}
	k.mem.Set(sk, f, ticks)
	return 0
}

// bindToDevice is SO_BINDTODEVICE: a name, or none. The route that the socket used may be another's now.
func (c *Call) bindToDevice(sk, value uint32) abi.Errno {
	k, lay := c.Kernel, &c.Kernel.drv.proto.SockOption
	if !c.Task().Capable(abi.CapNetRaw) {
		return abi.EPERM
	}
	index := uint32(0)
	if value != 0 {
		name := make([]byte, min(c.Arg(4), ifNameSize))
		if k.CopyFromUser(name, c.Arg(3)) != 0 {
			return abi.EFAULT
		}
		if dst := k.mem.Get(sk, lay.DstCache); dst != 0 {
			k.mem.Set(sk, lay.DstCache, 0)
			k.releaseDst(dst)
		}
		if text := textOf(name); text != "" {
			dev := k.netDeviceNamed(text)
			if dev == 0 {
				return abi.ENODEV
			}
			index = k.mem.Get(dev, k.drv.lay.NetDevice.Ifindex)
		}
	}
	k.mem.Set(sk, lay.BoundIf, index)
	return 0
}

// userFilter is SO_ATTACH_FILTER.
func (c *Call) userFilter(sk uint32) abi.Errno {
	b := make([]byte, filterProgram)
	switch {
	case c.Arg(4) != filterProgram:
		return abi.EINVAL
	case c.Kernel.CopyFromUser(b, c.Arg(3)) != 0:
		return abi.EFAULT
	}
	return c.Kernel.attachFilter(sk, b)
}

// attachFilter is sk_attach_filter: the program is copied and checked, then it takes the place of the one before.
func (k *Kernel) attachFilter(sk uint32, program []byte) abi.Errno {
	n, from := leWord(program)&0xffff, leWord(program[wordSize:])
	if from == 0 || n > filterMost {
		return abi.EINVAL
	}
	size := filterHead + n*filterInsn
	at := k.sockKmalloc(sk, size, k.pages.gfp.kernel)
	if at == 0 {
		return abi.ENOMEM
	}
	if !k.fetchUser(at+filterHead, from, n*filterInsn) {
		k.sockKfree(sk, at, size)
		return abi.EFAULT
	}
	k.mem.SetU32(at, 1)
	k.mem.SetU32(at+wordSize, n)
	errno := k.checkFilter(at+filterHead, n)
	if errno == 0 {
		f := k.drv.proto.Sock.Filter
		old := k.mem.Get(sk, f)
		k.mem.Set(sk, f, at)
		at = old
	}
	if at != 0 {
		k.releaseFilter(sk, at)
	}
	return errno
}

// getSocketOption models int sock_getsockopt(struct socket *sock, int level, int optname, char *optval, int *optlen): as much
// of the value as there is room for, and how much that is.
func (c *Call) getSocketOption() {
	k := c.Kernel
	room, ok := k.GetUser(c.Arg(4), wordSize)
	if !ok {
		c.Fail(abi.EFAULT)
		return
	}
	b, errno := c.socketOption(k.mem.Get(c.Arg(0), k.drv.lay.Socket.Sk), room)
	switch {
	case errno != 0:
		c.Fail(errno)
	case k.CopyToUser(c.Arg(3), b[:min(room, uint32(len(b)))]) != 0, !k.PutUser(c.Arg(4), min(room, uint32(len(b))), wordSize):
		c.Fail(abi.EFAULT)
	default:
		c.Return(0)
	}
}

// socketOption is an option's value.
func (c *Call) socketOption(sk, room uint32) ([]byte, abi.Errno) {
	k, option, lay, so, hz := c.Kernel, c.Arg(2), &c.Kernel.drv.proto.SockOption, &c.Kernel.drv.lay.Sock, uint32(c.Kernel.profile.HZ)
	one := func(v uint32) ([]byte, abi.Errno) { return words(v), 0 }
	timeout := func(f abi.Field) ([]byte, abi.Errno) {
		ticks := k.mem.Get(sk, f)
		if ticks == forever {
			ticks = 0
		}
		return words(ticks/hz, ticks%hz*1000/hz), 0 // milliseconds, as there
	}
	if f, ok := k.flagOption(option); ok {
		return one(k.mem.Get(sk, f))
	}
	switch option {
	case soSndBuf:
		return one(k.mem.Get(sk, so.Sndbuf))
	case soRcvBuf:
		return one(k.mem.Get(sk, so.Rcvbuf))
	case soType:
		return one(k.mem.Get(sk, so.Type))
	case soError:
		e := uint32(k.sockError(sk))
		if e == 0 {
			e = k.mem.Get(sk, lay.ErrSoft)
			k.mem.Set(sk, lay.ErrSoft, 0)
		}
		return one(e)
	case soPriority:
		return one(k.mem.Get(sk, lay.Priority))
	case soLinger:
		return words(k.mem.Get(sk, lay.Linger), k.mem.Get(sk, lay.LingerTime)/hz), 0
	case soRcvTimeo:
		return timeout(so.Rcvtimeo)
	case soSndTimeo:
		return timeout(so.Sndtimeo)
	case soRcvLowat:
		return one(k.mem.Get(sk, so.Rcvlowat))
	case soSndLowat:
		return one(1)
	case soPassCred:
		return one(k.mem.Get(c.Arg(0), k.drv.proto.Socket.Passcred))
	case soPeerCred:
		return k.mem.Bytes(sk+lay.PeerCred.Off, credentialsSize), 0
	case soPeerName:
		return c.peerName(room)
	case soAcceptConn:
		return one(boolWord(k.mem.Get(sk, so.State) == stateListen))
	}
	return nil, abi.ENOPROTOOPT
}

// peerName is SO_PEERNAME: the other side's address, for which there must not be more room than it has.
func (c *Call) peerName(room uint32) ([]byte, abi.Errno) {
	const peerOfNew = 2
	k, address, length := c.Kernel, c.Alloca(maxSockAddr), c.Alloca(wordSize)
	k.mem.SetU32(length, wordSize)
	if k.socketOp(c.Arg(0), k.drv.core.ProtoOps.Getname, address, length, peerOfNew) != 0 {
		return nil, abi.ENOTCONN
	}
	if n := k.mem.U32(length); n < room || room > maxSockAddr {
		return nil, abi.EINVAL
	}
	return k.mem.Bytes(address, room), 0
}

// sockNoFcntl models int sock_no_fcntl(struct socket *sock, unsigned int cmd, unsigned long arg): who gets signals.
func sockNoFcntl(c *Call) {
	const setOwner, getOwner = 8, 9
	k, t, arg := c.Kernel, c.Task(), c.Arg(2)
	sk, proc := k.mem.Get(c.Arg(0), k.drv.lay.Socket.Sk), k.drv.proto.SockOption.Proc
	switch c.Arg(1) {
	case setOwner:
		if t.Get(k.lay.Task.Pgrp) != -arg && uint32(t.Pid()) != arg && !t.Capable(abi.CapKill) {
			c.Fail(abi.EPERM)
			return
		}
		k.mem.Set(sk, proc, arg)
		c.Return(0)
	case getOwner:
		c.Return(k.mem.Get(sk, proc))
	default:
		c.Fail(abi.EINVAL)
	}
}

// sockNoSendpage models ssize_t sock_no_sendpage(struct socket *sock, struct page *page, int offset, size_t size, int
// flags): the page is sent as any other memory.
func sockNoSendpage(c *Call) {
	k, size, limit := c.Kernel, c.Arg(3), c.Kernel.lay.Task.AddrLimit
	msg := c.newMessage(words(k.pageAddress(c.Arg(1))+c.Arg(2), size))
	k.mem.Set(msg, k.drv.core.Msghdr.Flags, c.Arg(4))
	before := c.Task().Get(limit)
	c.Task().Set(limit, 0xffffffff)
	c.Return(k.sendMessage(c, c.Arg(0), msg, size))
	c.Task().Set(limit, before)
}
