// SPDX-License-Identifier: BSD-3-Clause
// The protocol's half of a socket: struct sock (2.4.18 net/core/sock.c), and routes as a protocol makes them
// (net/core/dst.c).

package guestkernel

import "ring0/guestkernel/abi"

// sockMoreLayout is what sockLayout leaves out of struct sock.
type sockMoreLayout struct {
	RmemAlloc     abi.Field `c:"rmem_alloc"`
	WmemAlloc     abi.Field `c:"wmem_alloc"`
	OmemAlloc     abi.Field `c:"omem_alloc"`
	LockWait      abi.Field `c:"lock.wq"`
	Timer         abi.Field `c:"timer"`
	PeerUID       abi.Field `c:"peercred.uid"`
	PeerGID       abi.Field `c:"peercred.gid"`
	UseWriteQueue abi.Field `c:"use_write_queue"`
}

type dstMoreLayout struct {
	Next      abi.Field `c:"next"`
	Dev       abi.Field `c:"dev"`
	Obsolete  abi.Field `c:"obsolete"`
	Lastuse   abi.Field `c:"lastuse"`
	Hh        abi.Field `c:"hh"`
	Neighbour abi.Field `c:"neighbour"`
	Input     abi.Field `c:"input"`
	Output    abi.Field `c:"output"`
	Ops       abi.Field `c:"ops"`
}

type dstOpsLayout struct {
	GCThresh  abi.Field `c:"gc_thresh"`
	GC        abi.Field `c:"gc"`
	Destroy   abi.Field `c:"destroy"`
	EntrySize abi.Field `c:"entry_size"`
	Entries   abi.Field `c:"entries"`
	Cache     abi.Field `c:"kmem_cachep"`
}

func sockFunctions() []Function {
	rows := []Function{
		{Name: "sk_alloc", Fn: func(c *Call) { c.Return(c.Kernel.allocSock(c.Arg(0), c.Arg(1), c.Arg(2) != 0)) }, Level: Full},
		{Name: "sk_free", Fn: func(c *Call) { c.Kernel.freeSock(c.Arg(0)) }, Level: Full},
		{Name: "sock_init_data", Fn: func(c *Call) { c.Kernel.initSock(c.Arg(0), c.Arg(1)) }, Level: Full},
		{Name: "sock_wfree", Fn: sockWfree, Level: Full},
		{Name: "sock_rfree", Fn: sockRfree, Level: Full},
		{Name: "sock_def_wakeup", Fn: func(c *Call) { c.Kernel.wakeSock(c.Arg(0), 0) }, Level: Full},
		{Name: "sock_def_readable", Fn: sockWakes(1, pollInBand), Level: Full},
		{Name: "sock_def_error_report", Fn: sockWakes(0, pollErrBand), Level: Full},
		{Name: "sock_def_write_space", Fn: sockWriteSpace, Level: Full},
		{Name: "sock_def_destruct", Fn: sockDestruct, Level: Full},
		{Name: "dst_alloc", Fn: dstAlloc, Level: Full},
		{Name: "__dst_free", Fn: dstFree, Level: Partial, Note: "a route that is in use stays for good"},
		{Name: "dst_destroy", Fn: func(c *Call) { c.Kernel.destroyDst(c.Arg(0)) }, Level: Partial, Note: "neighbours and header caches stay"},
	}
	for _, name := range []string{"release", "poll"} {
		rows = append(rows, Function{Name: "sock_no_" + name, Fn: func(c *Call) { c.Return(0) }, Level: Full})
	}
	for _, name := range []string{"accept", "bind", "connect", "getname", "getsockopt", "ioctl", "listen", "mmap", "recvmsg", "sendmsg",
		"setsockopt", "shutdown", "socketpair"} {
		errno := abi.EOPNOTSUPP
		if name == "mmap" {
			errno = abi.ENODEV
		}
		rows = append(rows, Function{Name: "sock_no_" + name, Fn: func(c *Call) { c.Fail(errno) }, Level: Full})
	}
	return rows
}

// bootSock makes the cache of sockets.
func (k *Kernel) bootSock() error {
	cache := k.createCache(cacheSpec{name: "sock", size: k.drv.lay.Sock.Size, flags: k.slab.hwAlign})
	if cache == 0 {
		return errNoMemory
	}
	k.mem.SetU32(k.symbol("sk_cachep"), cache)
	k.limitSockets()
	return nil
}

// limitSockets sets how much sockets may have in their queues, by the size of memory (sk_init), and of options.
func (k *Kernel) limitSockets() {
	const (
		fewPages, manyPages        = 4096, 131072
		little, usual, much        = 32767, 65535, 131071
		iovecs, someMore    uint32 = 1024, 512
	)
	most, first := uint32(usual), uint32(usual)
	switch pages := k.mem.U32(k.sym.NumPhyspages); {
	case pages <= fewPages:
		most, first = little, little
	case pages >= manyPages:
		most = much
	}
	for name, v := range map[string]uint32{"sysctl_wmem_max": most, "sysctl_rmem_max": most, "sysctl_wmem_default": first,
		"sysctl_rmem_default": first, "sysctl_optmem_max": wordSize * (2*iovecs + someMore)} {
		k.mem.SetU32(k.symbol(name), v)
	}
}

// allocSock is sk_alloc; 0 without memory.
func (k *Kernel) allocSock(family, gfp uint32, zero bool) uint32 {
	lay := &k.drv.lay.Sock
	sk := k.cacheAlloc(k.mem.U32(k.symbol("sk_cachep")), gfp)
	if sk != 0 && zero {
		k.mem.Fill(sk, lay.Size, 0)
		k.mem.Set(sk, lay.Family, family)
		k.initWaitQueue(sk + k.drv.core.Sock.LockWait.Off)
	}
	return sk
}

// freeSock is sk_free: its destructor, then its memory.
func (k *Kernel) freeSock(sk uint32) {
	if destruct := k.mem.Get(sk, k.drv.lay.Sock.Destruct); destruct != 0 {
		k.Call(destruct, sk)
	}
	if filter := k.mem.Get(sk, k.drv.proto.Sock.Filter); filter != 0 {
		k.releaseFilter(sk, filter)
		k.mem.Set(sk, k.drv.proto.Sock.Filter, 0)
	}
	if n := k.mem.Get(sk, k.drv.core.Sock.OmemAlloc); n != 0 {
		k.Printk("<7>sk_free: optmem leakage (%d bytes) detected.\n", int32(n))
	}
	k.cacheFree(k.mem.U32(k.symbol("sk_cachep")), sk)
}

// initSock is sock_init_data: queues, limits and the kernel's own callbacks. There may be no socket.
func (k *Kernel) initSock(socket, sk uint32) {
	lay, so, more := &k.drv.lay.Sock, &k.drv.lay.Socket, &k.drv.core.Sock
	for _, queue := range []abi.Field{lay.ReceiveQueue, lay.WriteQueue, lay.ErrorQueue} {
		k.initSkbQueue(sk + queue.Off)
	}
	k.mem.SetU64(sk+more.Timer.Off, 0)
	for _, f := range []struct {
		f abi.Field
		v uint32
	}{
		{lay.Allocation, k.pages.gfp.kernel}, {lay.State, stateClose}, {lay.Zapped, 1}, {lay.Socket, socket}, {lay.Sleep, 0},
		{lay.Rcvbuf, k.mem.U32(k.symbol("sysctl_rmem_default"))}, {lay.Sndbuf, k.mem.U32(k.symbol("sysctl_wmem_default"))},
		{lay.StateChange, k.symbol("sock_def_wakeup")}, {lay.DataReady, k.symbol("sock_def_readable")},
		{lay.WriteSpace, k.symbol("sock_def_write_space")}, {lay.ErrorReport, k.symbol("sock_def_error_report")},
		{lay.Destruct, k.symbol("sock_def_destruct")}, {lay.Refcnt, 1}, {more.PeerUID, 0xffffffff}, {more.PeerGID, 0xffffffff},
		{lay.Rcvlowat, 1}, {lay.Rcvtimeo, forever}, {lay.Sndtimeo, forever},
	} {
		k.mem.Set(sk, f.f, f.v)
	}
	if socket != 0 {
		k.mem.Set(sk, lay.Type, k.mem.Get(socket, so.Type))
		k.mem.Set(sk, lay.Sleep, socket+so.Wait.Off)
		k.mem.Set(socket, so.Sk, sk)
	}
}

// wakeSock wakes who waits for the socket and can be interrupted; of exclusive waiters so many, 0: all.
func (k *Kernel) wakeSock(sk uint32, exclusive int32) {
	if queue := k.mem.Get(sk, k.drv.lay.Sock.Sleep); queue != 0 {
		k.wakeQueue(queue, abi.TaskInterruptible, exclusive)
	}
}

// Bands of POLL_…, which tell a signal's receiver what it is about.
const (
	pollInBand  = 0x20001
	pollOutBand = 0x20002
	pollErrBand = 0x20004
)

// sockWakes makes a callback that wakes who waits for the socket, and signals who asked for that.
func sockWakes(how, band uint32) func(*Call) {
	return func(c *Call) {
		c.Kernel.wakeSock(c.Arg(0), 1)
		c.Kernel.signalSock(c.Arg(0), how, band)
	}
}

// sockWriteSpace models void sock_def_write_space(struct sock *sk): wakes writers when half of the buffer is free.
func sockWriteSpace(c *Call) {
	k, sk := c.Kernel, c.Arg(0)
	if int32(k.mem.Get(sk, k.drv.core.Sock.WmemAlloc)<<1) <= int32(k.mem.Get(sk, k.drv.lay.Sock.Sndbuf)) {
		k.wakeSock(sk, 1)
		if k.isWriteable(sk) {
			k.signalSock(sk, 2, pollOutBand)
		}
	}
}

// sockDestruct models void sock_def_destruct(struct sock *sk): frees the protocol's options.
func sockDestruct(c *Call) {
	c.Kernel.Kfree(c.Kernel.mem.Get(c.Arg(0), c.Kernel.drv.lay.Sock.Netlink))
}

// sockWfree models void sock_wfree(struct sk_buff *skb): a sent buffer does not count any more, nor does it hold the socket.
func sockWfree(c *Call) {
	k, more, refcnt := c.Kernel, &c.Kernel.drv.core.Sock, c.Kernel.drv.lay.Sock.Refcnt
	sk := k.mem.Get(c.Arg(0), k.drv.core.Skb.Sk)
	k.mem.Set(sk, more.WmemAlloc, k.mem.Get(sk, more.WmemAlloc)-k.mem.Get(c.Arg(0), k.drv.core.Skb.Truesize))
	if k.mem.Get(sk, more.UseWriteQueue) == 0 {
		k.Call(k.mem.Get(sk, k.drv.lay.Sock.WriteSpace), sk)
	}
	n := k.mem.Get(sk, refcnt) - 1
	k.mem.Set(sk, refcnt, n)
	if n == 0 {
		k.freeSock(sk)
	}
}

// sockRfree models void sock_rfree(struct sk_buff *skb).
func sockRfree(c *Call) {
	k, rmem := c.Kernel, c.Kernel.drv.core.Sock.RmemAlloc
	sk := k.mem.Get(c.Arg(0), k.drv.core.Skb.Sk)
	k.mem.Set(sk, rmem, k.mem.Get(sk, rmem)-k.mem.Get(c.Arg(0), k.drv.core.Skb.Truesize))
}

// dstAlloc models void *dst_alloc(struct dst_ops *ops): NULL without memory, or when there are too many and none can go.
func dstAlloc(c *Call) {
	k, ops, lay, more := c.Kernel, c.Arg(0), &c.Kernel.drv.core.DstOps, &c.Kernel.drv.core.DstMore
	c.Return(0)
	entries := k.mem.Get(ops, lay.Entries)
	if gc := k.mem.Get(ops, lay.GC); gc != 0 && int32(entries) > int32(k.mem.Get(ops, lay.GCThresh)) && k.Call(gc) != 0 {
		return
	}
	dst := k.cacheAlloc(k.mem.Get(ops, lay.Cache), k.pages.gfp.atomic)
	if dst == 0 {
		return
	}
	k.mem.Fill(dst, k.mem.Get(ops, lay.EntrySize), 0)
	k.mem.Set(dst, more.Ops, ops)
	k.mem.Set(dst, more.Lastuse, k.jiffies())
	k.mem.Set(dst, more.Input, k.symbol("dst_discard"))
	k.mem.Set(dst, more.Output, k.symbol("dst_blackhole"))
	k.mem.Set(ops, lay.Entries, k.mem.Get(ops, lay.Entries)+1)
	c.Return(dst)
}

// dstFree models void __dst_free(struct dst_entry *dst): puts a route on the list of those that go when nobody uses them.
func dstFree(c *Call) {
	const dead = 2
	k, dst, more := c.Kernel, c.Arg(0), &c.Kernel.drv.core.DstMore
	if dev := k.mem.Get(dst, more.Dev); dev == 0 || k.mem.Get(dev, k.drv.lay.NetDevice.Flags)&ifUp == 0 {
		k.mem.Set(dst, more.Input, k.symbol("dst_discard"))
		k.mem.Set(dst, more.Output, k.symbol("dst_blackhole"))
	}
	k.mem.Set(dst, more.Obsolete, dead)
	if k.mem.Get(dst, k.drv.core.Dst.Refcnt) == 0 {
		k.destroyDst(dst)
		return
	}
	k.push(k.symbol("dst_garbage_list"), dst, more.Next)
}

// destroyDst is dst_destroy.
func (k *Kernel) destroyDst(dst uint32) {
	lay, more := &k.drv.core.DstOps, &k.drv.core.DstMore
	ops := k.mem.Get(dst, more.Ops)
	k.mem.Set(ops, lay.Entries, k.mem.Get(ops, lay.Entries)-1)
	if destroy := k.mem.Get(ops, lay.Destroy); destroy != 0 {
		k.Call(destroy, dst)
	}
	if dev := k.mem.Get(dst, more.Dev); dev != 0 {
		k.putDevice(dev)
	}
	k.cacheFree(k.mem.Get(ops, lay.Cache), dst)
}
