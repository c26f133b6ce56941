// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// sock is a socket and the protocol's half of it, as a family's create makes them.
func (g *guest) sock(t *testing.T, kind uint32) (socket, sk uint32) {
	socket = uint32(g.callKernel(t, "sock_alloc"))
	require.NotZero(t, socket)
	g.k.mem.Set(socket, g.k.drv.lay.Socket.Type, kind)
	sk = uint32(g.callKernel(t, "sk_alloc", 5, g.k.pages.gfp.kernel, 1))
	require.NotZero(t, sk)
	g.callKernel(t, "sock_init_data", socket, sk)
	return socket, sk
}

// iovec is pieces of kernel memory, which the calls of these tests may use as if it were a program's.
func (g *guest) iovec(pieces ...uint32) uint32 {
	return g.put(words(pieces...)...)
}

// kernelData makes copies from and to users take kernel addresses, as set_fs(KERNEL_DS) does.
func (g *guest) kernelData() {
	for _, t := range g.k.tasks {
		t.Set(g.k.lay.Task.AddrLimit, 0xffffffff)
	}
}

func TestReceiveDatagrams(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay, use := g.k, &g.k.drv.lay.Sock, &g.k.drv.proto.Sock
	_, sk := g.sock(t, 2)
	queue, err := sk+lay.ReceiveQueue.Off, g.put(0, 0, 0, 0)
	receive := func(flags, noBlock uint32) (skb uint32, errno abi.Errno) {
		k.mem.SetU32(err, 0)
		skb = uint32(g.callKernel(t, "skb_recv_datagram", sk, flags, noBlock, err))
		return skb, abi.Errno(-int32(k.mem.U32(err)))
	}
	_, errno := receive(0, 1)
	require.Equal(t, abi.EAGAIN, errno)
	first, second := g.packet(1), g.packet(2)
	k.enqueueSkb(queue, first)
	k.enqueueSkb(queue, second)
	skb, _ := receive(flagPeek, 1)
	require.Equal(t, first, skb)
	require.EqualValues(t, 2, k.mem.Get(first, k.drv.core.Skb.Users))
	skb, _ = receive(0, 0)
	require.Equal(t, first, skb, "it was only looked at")
	k.mem.Set(sk, use.Err, uint32(abi.ENETDOWN))
	_, errno = receive(0, 1)
	require.Equal(t, abi.ENETDOWN, errno)
	skb, _ = receive(0, 1)
	require.Equal(t, second, skb, "an error is told once")
	k.mem.Set(sk, lay.Rcvtimeo, 3)
	before := k.jiffies()
	_, errno = receive(0, 0)
	require.Equal(t, abi.EAGAIN, errno)
	require.GreaterOrEqual(t, k.jiffies()-before, uint32(3), "it waited")
	k.mem.Set(sk, use.Shutdown, receiveShutdown)
	_, errno = receive(0, 0)
	require.Zero(t, errno, "nothing more will come")
	k.mem.Set(sk, use.Shutdown, 0)
	k.mem.Set(sk, lay.Type, kindSequence)
	_, errno = receive(0, 0)
	require.Equal(t, abi.ENOTCONN, errno)
	require.True(t, k.listEmpty(k.mem.Get(sk, lay.Sleep)+k.lay.WaitQueueHead.TaskList.Off), "nobody is left on the queue")
}

func TestIovecs(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	from, to := g.put([]byte("hello, world")...), g.put(make([]byte, 32)...)
	iov := g.iovec(from, 5, 0, 0, from+5, 7)
	require.EqualValues(t, -abi.EFAULT, g.callKernel(t, "memcpy_fromiovec", to, iov, 8), "kernel memory is no program's")
	g.kernelData()
	require.EqualValues(t, 0, g.callKernel(t, "memcpy_fromiovec", to, iov, 8))
	require.Equal(t, "hello, w", string(k.mem.Bytes(to, 8)))
	require.Equal(t, words(from+5, 0, 0, 0, from+8, 4), k.mem.Bytes(iov, 24), "what is used up is taken off")
	require.EqualValues(t, 0, g.callKernel(t, "memcpy_fromiovec", to, iov, 4))
	require.Equal(t, "orld", string(k.mem.Bytes(to, 4)))

	iov = g.iovec(to, 2, to+8, 30)
	require.EqualValues(t, 0, g.callKernel(t, "memcpy_toiovec", iov, from, 5))
	require.Equal(t, "he", string(k.mem.Bytes(to, 2)))
	require.Equal(t, "llo", string(k.mem.Bytes(to+8, 3)))
	g.callKernel(t, "memcpy_tokerneliovec", iov, from, 2)
	require.Equal(t, "lloh", string(k.mem.Bytes(to+8, 4)))

	iov = g.iovec(from, 5, from+5, 7)
	require.EqualValues(t, 0, g.callKernel(t, "memcpy_fromiovecend", to, iov, 4, 4))
	require.Equal(t, "o, w", string(k.mem.Bytes(to, 4)))
	sum := g.put(1, 0, 0, 0)
	require.EqualValues(t, 0, g.callKernel(t, "csum_partial_copy_fromiovecend", to, iov, 0, 12, sum))
	require.Equal(t, "hello, world", string(k.mem.Bytes(to, 12)))
	require.Equal(t, foldSum(sumBytes([]byte("hello, world"), 1)), foldSum(k.mem.U32(sum)))
	require.EqualValues(t, -abi.EFAULT, g.callKernel(t, "csum_partial_copy_fromiovecend", to, g.iovec(0x1000, 8), 0, 8, sum))
}

func TestCopyDatagrams(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.core.Skb
	g.kernelData()
	skb, to := g.packet([]byte("abcdefgh")...), g.put(make([]byte, 16)...)
	require.EqualValues(t, 0, g.callKernel(t, "skb_copy_datagram", skb, 2, to, 4))
	require.Equal(t, "cdef", string(k.mem.Bytes(to, 4)))
	require.EqualValues(t, -abi.EFAULT, g.callKernel(t, "skb_copy_datagram_iovec", skb, 6, g.iovec(to, 16), 4), "there are two")
	require.Equal(t, "gh", string(k.mem.Bytes(to, 2)))

	good := ^foldSum(sumBytes([]byte("abcdefgh"), 0))
	k.mem.Set(skb, lay.Csum, uint32(^good))
	for _, row := range []struct {
		name string
		iov  uint32
	}{{"one piece", g.iovec(0, 0, to, 16)}, {"two pieces", g.iovec(to, 3, to+3, 13)}} {
		k.mem.Fill(to, 16, 0)
		require.EqualValues(t, 0, g.callKernel(t, "skb_copy_and_csum_datagram_iovec", skb, 2, row.iov), row.name)
		require.Equal(t, "cdefgh", string(k.mem.Bytes(to, 6)), row.name)
	}
	k.mem.Set(skb, lay.Csum, 5)
	require.EqualValues(t, -abi.EINVAL, g.callKernel(t, "skb_copy_and_csum_datagram_iovec", skb, 2, g.iovec(to, 16)))
}

func TestSocketMemory(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay, more, err := g.k, &g.k.drv.lay.Sock, &g.k.drv.core.Sock, g.put(0, 0, 0, 0)
	_, sk := g.sock(t, 2)
	require.EqualValues(t, 65535, k.mem.Get(sk, lay.Sndbuf))
	skb := uint32(g.callKernel(t, "sock_alloc_send_skb", sk, 100, 0, err))
	require.NotZero(t, skb)
	require.Equal(t, k.mem.Get(skb, k.drv.core.Skb.Truesize), k.mem.Get(sk, more.WmemAlloc))
	require.EqualValues(t, 2, k.mem.Get(sk, lay.Refcnt), "the buffer holds the socket")
	k.mem.Set(sk, lay.Sndbuf, 10)
	require.EqualValues(t, 0, g.callKernel(t, "sock_alloc_send_skb", sk, 100, 1, err))
	require.EqualValues(t, -abi.EAGAIN, int32(k.mem.U32(err)))
	require.EqualValues(t, 0, g.callKernel(t, "sock_wmalloc", sk, 100, 0, k.pages.gfp.kernel))
	k.mem.Set(sk, lay.Sndtimeo, 3)
	before := k.jiffies()
	require.EqualValues(t, 0, g.callKernel(t, "sock_alloc_send_skb", sk, 100, 0, err))
	require.GreaterOrEqual(t, k.jiffies()-before, uint32(3), "it waited for room")
	g.callKernel(t, "__kfree_skb", skb)
	require.Zero(t, k.mem.Get(sk, more.WmemAlloc))
	require.EqualValues(t, 1, k.mem.Get(sk, lay.Refcnt))
	k.mem.Set(sk, k.drv.proto.Sock.Shutdown, sendShutdown)
	require.EqualValues(t, 0, g.callKernel(t, "sock_alloc_send_skb", sk, 100, 0, err))
	require.EqualValues(t, -abi.EPIPE, int32(k.mem.U32(err)))
	k.mem.Set(sk, k.drv.proto.Sock.Shutdown, 0)

	paged := uint32(g.callKernel(t, "sock_alloc_send_pskb", sk, 20, 5000, 0, err))
	info := k.skbShared(paged)
	require.EqualValues(t, 2, k.mem.Get(info, k.drv.core.Shared.NrFrags))
	require.EqualValues(t, 904, k.mem.Get(info+k.drv.core.Shared.Frags.Off+k.drv.core.Frag.Size, k.drv.core.Frag.Length))
	g.callKernel(t, "__kfree_skb", paged)

	at := uint32(g.callKernel(t, "sock_kmalloc", sk, 10000, k.pages.gfp.kernel))
	require.NotZero(t, at)
	require.EqualValues(t, 0, g.callKernel(t, "sock_kmalloc", sk, 300, k.pages.gfp.kernel), "10240 bytes and no more")
	g.callKernel(t, "sock_kfree_s", sk, at, 10000)
	require.Zero(t, k.mem.Get(sk, more.OmemAlloc))
}

func TestDatagramPoll(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay, use := g.k, &g.k.drv.lay.Sock, &g.k.drv.proto.Sock
	socket, sk := g.sock(t, 2)
	poll := func() uint32 { return uint32(g.callKernel(t, "datagram_poll", 0, socket, 0)) }
	const writeable = pollOut | pollWrNorm | pollWrBand
	require.EqualValues(t, writeable, poll())
	k.enqueueSkb(sk+lay.ReceiveQueue.Off, g.packet(1))
	require.EqualValues(t, writeable|pollIn|pollRdNorm, poll())
	k.mem.Set(sk, k.drv.core.Sock.WmemAlloc, 40000)
	require.EqualValues(t, pollIn|pollRdNorm, poll())
	require.EqualValues(t, sockAsyncNoSpace, k.mem.Get(socket, k.drv.proto.Socket.Flags))
	k.mem.Set(sk, use.Err, 5)
	k.mem.Set(sk, use.Shutdown, 3)
	require.EqualValues(t, pollIn|pollRdNorm|pollErr|pollHup, poll())
	k.mem.Set(sk, lay.Type, kindStream)
	k.mem.Set(sk, lay.State, stateSynSent)
	k.mem.Set(sk, k.drv.core.Sock.WmemAlloc, 0)
	require.Zero(t, poll()&writeable, "a connection that is being made cannot be written to")
}

func TestSocketLock(t *testing.T) {
	g := newGuest(t, Config{})
	k, use := g.k, &g.k.drv.proto.Sock
	_, sk := g.sock(t, 2)
	seen := g.put(make([]byte, 8)...)
	// backlog_rcv(sk, skb): mov eax,[esp+8]; mov [seen],eax; inc dword [seen+4]; ret
	receive := g.put(code(0x8b, 0x44, 0x24, 0x08, 0xa3, seen, 0xff, 0x05, seen+4, 0xc3)...)
	k.mem.Set(sk, use.BacklogRcv, receive)
	first, second := g.packet(1), g.packet(2)
	k.mem.Set(first, k.drv.core.Skb.Next, second)
	k.mem.Set(sk, use.BacklogHead, first)
	k.mem.Set(sk, use.BacklogTail, second)
	g.callKernel(t, "__release_sock", sk)
	require.Equal(t, words(second, 2), k.mem.Bytes(seen, 8), "both, in order")
	require.Zero(t, k.mem.Get(sk, use.BacklogTail))
}
