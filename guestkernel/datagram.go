// SPDX-License-Identifier: BSD-3-Clause
// Receiving datagrams (2.4.18 net/core/datagram.c).

package guestkernel

import "ring0/guestkernel/abi"

// Types and states of sockets.
const (
	kindStream     = 1  // SOCK_STREAM
	kindSequence   = 5  // SOCK_SEQPACKET
	stateConnected = 1  // TCP_ESTABLISHED
	stateSynSent   = 2  // TCP_SYN_SENT
	stateListen    = 10 // TCP_LISTEN
)

// What poll answers.
const (
	pollIn     = 0x001
	pollOut    = 0x004
	pollRdNorm = 0x040
	pollWrNorm = 0x100
	pollWrBand = 0x200
)

func datagramFunctions() []Function {
	return []Function{
		{Name: "skb_recv_datagram", Fn: skbRecvDatagram, Level: Full},
		{Name: "skb_free_datagram", Fn: func(c *Call) { c.Kernel.freeSkb(c.Arg(1)) }, Level: Full},
		{Name: "skb_copy_datagram", Fn: skbCopyDatagram, Level: Full},
		{Name: "skb_copy_datagram_iovec", Fn: func(c *Call) {
			c.Return(errWord(c.Kernel.datagramToIovec(c.Arg(0), int32(c.Arg(1)), c.Arg(2), int32(c.Arg(3)))))
		}, Level: Full},
		{Name: "skb_copy_and_csum_datagram_iovec", Fn: skbCopyAndSumDatagram, Level: Full},
		{Name: "datagram_poll", Fn: datagramPoll, Level: Full},
	}
}

// skbRecvDatagram models struct sk_buff *skb_recv_datagram(struct sock *sk, unsigned flags, int noblock, int *err): the next
// packet, which MSG_PEEK leaves in the queue. It waits for one. NULL: *err says why; 0 when nothing more can come.
//
// Context: process; sleeps unless noblock.
func skbRecvDatagram(c *Call) {
	skb, errno := c.receiveDatagram(c.Arg(0), c.Arg(1), c.Arg(2) != 0)
	if c.Return(skb); skb == 0 {
		c.Kernel.mem.SetU32(c.Arg(3), errWord(errno))
	}
}

func (c *Call) receiveDatagram(sk, flags uint32, noBlock bool) (skb uint32, errno abi.Errno) {
	k, lay := c.Kernel, &c.Kernel.drv.lay.Sock
	if errno = k.sockError(sk); errno != 0 {
		return 0, errno
	}
	timeout, entry, queue := uint32(0), c.waitEntry(), sk+lay.ReceiveQueue.Off
	if !noBlock {
		timeout = k.mem.Get(sk, lay.Rcvtimeo)
	}
	for {
		if flags&flagPeek == 0 {
			skb = k.dequeueSkb(queue)
		} else if skb = k.mem.U32(queue); skb == queue {
			skb = 0
		} else {
			k.add(skb, k.drv.core.Skb.Users, 1)
		}
		switch {
		case skb != 0:
			return skb, 0
		case timeout == 0:
			return 0, abi.EAGAIN
		}
		var again bool
		if timeout, errno, again = c.waitForPacket(sk, entry, timeout); !again {
			return 0, errno
		}
	}
}

// waitForPacket waits until there may be one. again is false when none will come, with the reason, or none when the other
// side has said that it is done.
func (c *Call) waitForPacket(sk, entry, timeout uint32) (left uint32, errno abi.Errno, again bool) {
	k, t, lay, use := c.Kernel, c.Task(), &c.Kernel.drv.lay.Sock, &c.Kernel.drv.proto.Sock
	t.Set(k.lay.Task.State, abi.TaskInterruptible)
	k.enterQueue(k.mem.Get(sk, lay.Sleep), entry, abi.WQFlagExclusive)
	left, again = timeout, true
	state := k.mem.Get(sk, lay.State)
	if errno = k.sockError(sk); errno != 0 {
		again = false
	} else if queue := sk + lay.ReceiveQueue.Off; k.listEmpty(queue) {
		switch {
		case k.mem.Get(sk, use.Shutdown)&receiveShutdown != 0:
			again = false
		case k.isConnectionBased(sk) && state != stateConnected && state != stateListen:
			errno, again = abi.ENOTCONN, false
		case t.Get(k.lay.Task.Sigpending) != 0:
			errno, again = interrupted(timeout), false
		default:
			left = c.sleepFor(timeout)
		}
	}
	t.Set(k.lay.Task.State, abi.TaskRunning)
	k.leaveQueue(entry)
	return left, errno, again
}

func (k *Kernel) isConnectionBased(sk uint32) bool {
	kind := k.mem.Get(sk, k.drv.lay.Sock.Type)
	return kind == kindSequence || kind == kindStream
}

// datagramToIovec is int skb_copy_datagram_iovec(const struct sk_buff *skb, int offset, struct iovec *to, int len). EFAULT,
// also when the packet has not as much; what it has is copied.
func (k *Kernel) datagramToIovec(skb uint32, offset int32, iov uint32, n int32) abi.Errno {
	have := min(int32(k.mem.Get(skb, k.drv.core.Skb.Len))-offset, n)
	if have > 0 {
		b, ok := k.skbBytes(skb, offset, uint32(have))
		if !ok || k.scatter(iov, b) != 0 {
			return abi.EFAULT
		}
	}
	return faultUnless(n == max(have, 0))
}

// skbCopyDatagram models int skb_copy_datagram(const struct sk_buff *skb, int offset, char *to, int size).
func skbCopyDatagram(c *Call) {
	iov := c.Alloca(iovecEntry)
	c.Kernel.mem.SetU32(iov, c.Arg(2))
	c.Kernel.mem.SetU32(iov+iovecLen, c.Arg(3))
	c.Return(errWord(c.Kernel.datagramToIovec(c.Arg(0), int32(c.Arg(1)), iov, int32(c.Arg(3)))))
}

// skbCopyAndSumDatagram models int skb_copy_and_csum_datagram_iovec(const struct sk_buff *skb, int hlen, struct iovec *iov):
// all behind the header. EINVAL for a wrong checksum; when the first piece holds it all, what was copied stays there, though
// not taken off.
func skbCopyAndSumDatagram(c *Call) {
	k, skb, header, iov, lay := c.Kernel, c.Arg(0), int32(c.Arg(1)), c.Arg(2), &c.Kernel.drv.core.Skb
	for k.mem.U32(iov+iovecLen) == 0 {
		iov += iovecEntry
	}
	length := k.mem.Get(skb, lay.Len)
	all, ok := k.skbBytes(skb, 0, length)
	wrong := !ok || foldSum(sumBytes(all, k.mem.Get(skb, lay.Csum))) != 0
	chunk := int32(length) - header
	base, room := k.mem.U32(iov), k.mem.U32(iov+iovecLen)
	switch {
	case room < uint32(chunk):
		if c.Fail(abi.EINVAL); !wrong {
			c.Return(errWord(k.datagramToIovec(skb, header, iov, chunk)))
		}
	case k.CopyToUser(base, all[header:]) != 0:
		c.Fail(abi.EFAULT)
	case wrong:
		c.Fail(abi.EINVAL)
	default:
		k.mem.SetU32(iov, base+uint32(chunk))
		k.mem.SetU32(iov+iovecLen, room-uint32(chunk))
		c.Return(0)
	}
}

// datagramPoll models unsigned int datagram_poll(struct file *file, struct socket *sock, poll_table *wait).
func datagramPoll(c *Call) {
	k, lay, use := c.Kernel, &c.Kernel.drv.lay.Sock, &c.Kernel.drv.proto.Sock
	sk := k.mem.Get(c.Arg(1), k.drv.lay.Socket.Sk)
	if queue := k.mem.Get(sk, lay.Sleep); c.Arg(2) != 0 && queue != 0 {
		k.pollWait(c.Arg(0), queue, c.Arg(2))
	}
	mask, down := uint32(0), k.mem.Get(sk, use.Shutdown)
	if k.mem.Get(sk, use.Err) != 0 || !k.listEmpty(sk+lay.ErrorQueue.Off) {
		mask |= pollErr
	}
	if down == receiveShutdown|sendShutdown {
		mask |= pollHup
	}
	if !k.listEmpty(sk+lay.ReceiveQueue.Off) || down&receiveShutdown != 0 {
		mask |= pollIn | pollRdNorm
	}
	defer func() { c.Return(mask) }()
	if k.isConnectionBased(sk) {
		switch k.mem.Get(sk, lay.State) {
		case stateClose:
			mask |= pollHup
		case stateSynSent:
			return
		}
	}
	if k.isWriteable(sk) {
		mask |= pollOut | pollWrNorm | pollWrBand
	} else {
		k.socketFlag(sk, sockAsyncNoSpace, 0)
	}
}

// isWriteable is sock_writeable: less than half of what may be sent is.
func (k *Kernel) isWriteable(sk uint32) bool {
	return int32(k.mem.Get(sk, k.drv.core.Sock.WmemAlloc)) < int32(k.mem.Get(sk, k.drv.lay.Sock.Sndbuf))/2
}
