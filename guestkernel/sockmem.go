// SPDX-License-Identifier: BSD-3-Clause
// Memory that counts against a socket: buffers to send and received, options (2.4.18 net/core/sock.c, net/sock.h); the lock
// of a socket and what comes in while it is held.

package guestkernel

import "ring0/guestkernel/abi"

// sockUseLayout is what sending and receiving need of struct sock.
type sockUseLayout struct {
	LockUsers   abi.Field `c:"lock.users"`
	BacklogHead abi.Field `c:"backlog.head"`
	BacklogTail abi.Field `c:"backlog.tail"`
	BacklogRcv  abi.Field `c:"backlog_rcv"`
	Shutdown    abi.Field `c:"shutdown"`
	Err         abi.Field `c:"err"`
	Dead        abi.Field `c:"dead"`
	Filter      abi.Field `c:"filter"`
}

type socketFlagsLayout struct {
	Flags    abi.Field `c:"flags"`
	Passcred abi.Field `c:"passcred"`
	Fasync   abi.Field `c:"fasync_list"`
}

// Bits of a socket's flags and of shutdown, flags of messages.
const (
	sockAsyncNoSpace = 1 << 0 // SOCK_ASYNC_NOSPACE
	sockNoSpace      = 1 << 2 // SOCK_NOSPACE
	receiveShutdown  = 1
	sendShutdown     = 2
	flagPeek         = 2 // MSG_PEEK
)

func sockMemFunctions() []Function {
	return []Function{
		{Name: "sock_wmalloc", Fn: sockWmalloc, Level: Full},
		{Name: "sock_rmalloc", Fn: sockRmalloc, Level: Full},
		{Name: "sock_kmalloc", Fn: func(c *Call) { c.Return(c.Kernel.sockKmalloc(c.Arg(0), c.Arg(1), c.Arg(2))) }, Level: Full},
		{Name: "sock_kfree_s", Fn: func(c *Call) { c.Kernel.sockKfree(c.Arg(0), c.Arg(1), c.Arg(2)) }, Level: Full},
		{Name: "sock_alloc_send_skb", Fn: func(c *Call) { c.sendBuffer(sendRequest{c.Arg(0), c.Arg(1), 0, c.Arg(2) != 0}, c.Arg(3)) }, Level: Full},
		{Name: "sock_alloc_send_pskb", Fn: func(c *Call) { c.sendBuffer(sendRequest{c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3) != 0}, c.Arg(4)) }, Level: Full},
		{Name: "__lock_sock", Fn: func(c *Call) { c.waitForSockLock(c.Arg(0)) }, Level: Full},
		{Name: "__release_sock", Fn: func(c *Call) { c.drainBacklog(c.Arg(0)) }, Level: Full},
	}
}

// holdSock and putSock count who refers to a socket; the last one frees it.
func (k *Kernel) holdSock(sk uint32) {
	k.mem.Set(sk, k.drv.lay.Sock.Refcnt, k.mem.Get(sk, k.drv.lay.Sock.Refcnt)+1)
}

func (k *Kernel) putSock(sk uint32) {
	refcnt := k.drv.lay.Sock.Refcnt
	n := k.mem.Get(sk, refcnt) - 1
	k.mem.Set(sk, refcnt, n)
	if n == 0 {
		k.freeSock(sk)
	}
}

// add adds to a counter.
func (k *Kernel) add(base uint32, f abi.Field, n uint32) { k.mem.Set(base, f, k.mem.Get(base, f)+n) }

// ownToSend is skb_set_owner_w: a buffer counts as being sent, and holds the socket.
func (k *Kernel) ownToSend(skb, sk uint32) {
	lay := &k.drv.core.Skb
	k.holdSock(sk)
	k.mem.Set(skb, lay.Sk, sk)
	k.mem.Set(skb, lay.Destructor, k.symbol("sock_wfree"))
	k.add(sk, k.drv.core.Sock.WmemAlloc, k.mem.Get(skb, lay.Truesize))
}

// ownReceived is skb_set_owner_r.
func (k *Kernel) ownReceived(skb, sk uint32) {
	lay := &k.drv.core.Skb
	k.mem.Set(skb, lay.Sk, sk)
	k.mem.Set(skb, lay.Destructor, k.symbol("sock_rfree"))
	k.add(sk, k.drv.core.Sock.RmemAlloc, k.mem.Get(skb, lay.Truesize))
}

// orphanSkb is skb_orphan: a buffer belongs to no socket any more.
func (k *Kernel) orphanSkb(skb uint32) {
	lay := &k.drv.core.Skb
	if destructor := k.mem.Get(skb, lay.Destructor); destructor != 0 {
		k.Call(destructor, skb)
	}
	k.mem.Set(skb, lay.Destructor, 0)
	k.mem.Set(skb, lay.Sk, 0)
}

// sockWmalloc models struct sk_buff *sock_wmalloc(struct sock *sk, unsigned long size, int force, int priority): NULL when
// too much is being sent already, unless forced.
func sockWmalloc(c *Call) {
	k, sk := c.Kernel, c.Arg(0)
	c.Return(0)
	if c.Arg(2) == 0 && int32(k.mem.Get(sk, k.drv.core.Sock.WmemAlloc)) >= int32(k.mem.Get(sk, k.drv.lay.Sock.Sndbuf)) {
		return
	}
	if skb := k.allocSkb(c.Arg(1), c.Arg(3)); skb != 0 {
		k.ownToSend(skb, sk)
		c.Return(skb)
	}
}

// sockRmalloc models struct sk_buff *sock_rmalloc(struct sock *sk, unsigned long size, int force, int priority).
func sockRmalloc(c *Call) {
	c.Return(c.Kernel.receiveBuffer(c.Arg(0), c.Arg(1), c.Arg(2) != 0, c.Arg(3)))
}

func (k *Kernel) receiveBuffer(sk, size uint32, force bool, gfp uint32) uint32 {
	if !force && int32(k.mem.Get(sk, k.drv.core.Sock.RmemAlloc)) >= int32(k.mem.Get(sk, k.drv.lay.Sock.Rcvbuf)) {
		return 0
	}
	skb := k.allocSkb(size, gfp)
	if skb != 0 {
		k.ownReceived(skb, sk)
	}
	return skb
}

// sockKmalloc is void *sock_kmalloc(struct sock *sk, int size, int priority): memory for options, of which a socket may have
// so much.
func (k *Kernel) sockKmalloc(sk, size, gfp uint32) uint32 {
	omem, most := k.drv.core.Sock.OmemAlloc, k.mem.U32(k.symbol("sysctl_optmem_max"))
	if size > most || int32(k.mem.Get(sk, omem)+size) >= int32(most) {
		return 0
	}
	k.add(sk, omem, size)
	at := k.Kmalloc(size, gfp)
	if at == 0 {
		k.add(sk, omem, -size)
	}
	return at
}

func (k *Kernel) sockKfree(sk, at, size uint32) {
	k.Kfree(at)
	k.add(sk, k.drv.core.Sock.OmemAlloc, -size)
}

// releaseFilter is sk_filter_release: a socket's use of its filter ends.
func (k *Kernel) releaseFilter(sk, filter uint32) {
	const lenAt = 4
	k.add(sk, k.drv.core.Sock.OmemAlloc, -(k.mem.U32(filter+lenAt)*filterInsn + filterHead))
	n := k.mem.U32(filter) - 1
	k.mem.SetU32(filter, n)
	if n == 0 {
		k.Kfree(filter)
	}
}

// sockError is sock_error: the error that a socket has to report, once.
func (k *Kernel) sockError(sk uint32) abi.Errno {
	e := k.mem.Get(sk, k.drv.proto.Sock.Err)
	k.mem.Set(sk, k.drv.proto.Sock.Err, 0)
	return abi.Errno(e)
}

// interrupted is sock_intr_errno: what a call that waited so long is told when a signal comes.
func interrupted(timeout uint32) abi.Errno {
	if timeout == maxTimeout {
		return abi.ERESTARTSYS
	}
	return abi.EINTR
}

// socketFlag sets and clears bits of the flags of a sock's socket.
func (k *Kernel) socketFlag(sk, set, clear uint32) {
	at := k.mem.Get(sk, k.drv.lay.Sock.Socket) + k.drv.proto.Socket.Flags.Off
	k.mem.SetU32(at, k.mem.U32(at)&^clear|set)
}

// sendRequest asks for a buffer to send.
type sendRequest struct {
	sk, header, data uint32
	noBlock          bool
}

// sendBuffer models struct sk_buff *sock_alloc_send_pskb(struct sock *sk, unsigned long header_len, unsigned long data_len,
// int noblock, int *errcode): data_len bytes are in pages. It waits until there is room. NULL: *errcode says why.
//
// Context: process; sleeps unless noblock.
func (c *Call) sendBuffer(r sendRequest, errcode uint32) {
	skb, errno := c.allocToSend(r)
	if c.Return(skb); errno != 0 {
		c.Kernel.mem.SetU32(errcode, errWord(errno))
	}
}

func (c *Call) allocToSend(r sendRequest) (skb uint32, errno abi.Errno) {
	k, lay, use := c.Kernel, &c.Kernel.drv.lay.Sock, &c.Kernel.drv.proto.Sock
	timeout, entry := uint32(0), c.waitEntry()
	if !r.noBlock {
		timeout = k.mem.Get(r.sk, lay.Sndtimeo)
	}
	for {
		if errno = k.sockError(r.sk); errno != 0 {
			return 0, errno
		}
		switch {
		case k.mem.Get(r.sk, use.Shutdown)&sendShutdown != 0:
			return 0, abi.EPIPE
		case k.hasSendRoom(r.sk):
			if skb = k.pagedSkb(r); skb == 0 {
				return 0, abi.ENOBUFS
			}
			k.ownToSend(skb, r.sk)
			return skb, 0
		}
		k.socketFlag(r.sk, sockAsyncNoSpace|sockNoSpace, 0)
		switch {
		case timeout == 0:
			return 0, abi.EAGAIN
		case c.Task().Get(k.lay.Task.Sigpending) != 0:
			return 0, interrupted(timeout)
		}
		timeout = c.waitForSendRoom(r.sk, entry, timeout)
	}
}

func (k *Kernel) hasSendRoom(sk uint32) bool {
	return int32(k.mem.Get(sk, k.drv.core.Sock.WmemAlloc)) < int32(k.mem.Get(sk, k.drv.lay.Sock.Sndbuf))
}

// pagedSkb is a buffer with room for the header and pages for the data; 0 without memory.
func (k *Kernel) pagedSkb(r sendRequest) uint32 {
	lay, sh, frag := &k.drv.core.Skb, &k.drv.core.Shared, &k.drv.core.Frag
	gfp := k.mem.Get(r.sk, k.drv.lay.Sock.Allocation)
	skb := k.allocSkb(r.header, gfp)
	if skb == 0 || r.data == 0 {
		return skb
	}
	k.add(skb, lay.Truesize, r.data)
	info := k.skbShared(skb)
	for i, rest := uint32(0), r.data; rest > 0; i++ {
		page := k.AllocPages(gfp, 0)
		if page == 0 {
			k.freeSkb(skb)
			return 0
		}
		n, at := min(rest, abi.PageSize), info+sh.Frags.Off+i*frag.Size
		k.mem.Set(at, frag.Page, uint32(page))
		k.mem.Set(at, frag.PageOffset, 0)
		k.mem.Set(at, frag.Length, n)
		k.mem.Set(info, sh.NrFrags, i+1)
		rest -= n
	}
	return skb
}

// waitForSendRoom is sock_wait_for_wmem: until there is room, something goes wrong, a signal comes or time is over. Returns
// the ticks left.
func (c *Call) waitForSendRoom(sk, entry, timeout uint32) uint32 {
	k, t, use := c.Kernel, c.Task(), &c.Kernel.drv.proto.Sock
	k.socketFlag(sk, 0, sockAsyncNoSpace)
	k.enterQueue(k.mem.Get(sk, k.drv.lay.Sock.Sleep), entry, 0)
	for timeout != 0 && t.Get(k.lay.Task.Sigpending) == 0 {
		k.socketFlag(sk, sockNoSpace, 0)
		t.Set(k.lay.Task.State, abi.TaskInterruptible)
		if k.hasSendRoom(sk) || k.mem.Get(sk, use.Shutdown)&sendShutdown != 0 || k.mem.Get(sk, use.Err) != 0 {
			break
		}
		timeout = c.sleepFor(timeout)
	}
	t.Set(k.lay.Task.State, abi.TaskRunning)
	k.leaveQueue(entry)
	return timeout
}

// waitForSockLock models void __lock_sock(struct sock *sk): waits until nobody has the lock. Bottom halves are off before and
// after, and on meanwhile.
func (c *Call) waitForSockLock(sk uint32) {
	k, t, use := c.Kernel, c.Task(), &c.Kernel.drv.proto.Sock
	entry := c.waitEntry()
	k.enterQueue(sk+k.drv.core.Sock.LockWait.Off, entry, abi.WQFlagExclusive)
	for {
		t.Set(k.lay.Task.State, abi.TaskUninterruptible)
		c.enableBH()
		k.scheduleCall()
		k.disableBH()
		if k.mem.Get(sk, use.LockUsers) == 0 {
			break
		}
	}
	t.Set(k.lay.Task.State, abi.TaskRunning)
	k.leaveQueue(entry)
}

// lockSock and releaseSock are the inline functions.
func (c *Call) lockSock(sk uint32) {
	k, users := c.Kernel, c.Kernel.drv.proto.Sock.LockUsers
	k.disableBH()
	if k.mem.Get(sk, users) != 0 {
		c.waitForSockLock(sk)
	}
	k.mem.Set(sk, users, 1)
	c.enableBH()
}

func (c *Call) releaseSock(sk uint32) {
	k, use := c.Kernel, &c.Kernel.drv.proto.Sock
	k.disableBH()
	if k.mem.Get(sk, use.BacklogTail) != 0 {
		c.drainBacklog(sk)
	}
	k.mem.Set(sk, use.LockUsers, 0)
	k.wakeAny(sk + k.drv.core.Sock.LockWait.Off)
	c.enableBH()
}

// drainBacklog models void __release_sock(struct sock *sk): hands over what came in while the lock was held.
func (c *Call) drainBacklog(sk uint32) {
	k, use, next := c.Kernel, &c.Kernel.drv.proto.Sock, c.Kernel.drv.core.Skb.Next
	for skb := k.mem.Get(sk, use.BacklogHead); skb != 0; skb = k.mem.Get(sk, use.BacklogHead) {
		k.mem.Set(sk, use.BacklogHead, 0)
		k.mem.Set(sk, use.BacklogTail, 0)
		for skb != 0 {
			following := k.mem.Get(skb, next)
			k.mem.Set(skb, next, 0)
			k.Call(k.mem.Get(sk, use.BacklogRcv), sk, skb)
			skb = following
		}
	}
}
