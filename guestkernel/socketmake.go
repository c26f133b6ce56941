// SPDX-License-Identifier: BSD-3-Clause
// Making and releasing sockets (2.4.18 net/socket.c). A socket is the last part of an inode, which belongs to no file system
// here.

package guestkernel

import "ring0/guestkernel/abi"

type socketLayout struct {
	Ops   abi.Field `c:"ops"`
	Inode abi.Field `c:"inode"`
	File  abi.Field `c:"file"`
	Sk    abi.Field `c:"sk"`
	Wait  abi.Field `c:"wait"`
	Type  abi.Field `c:"type"`
}

type sockLayout struct {
	Size         uint32    `c:"(sizeof)"`
	Next         abi.Field `c:"next"`
	State        abi.Field `c:"state"`
	Zapped       abi.Field `c:"zapped"`
	Family       abi.Field `c:"family"`
	Refcnt       abi.Field `c:"refcnt"`
	Rcvbuf       abi.Field `c:"rcvbuf"`
	Sndbuf       abi.Field `c:"sndbuf"`
	Sleep        abi.Field `c:"sleep"`
	ReceiveQueue abi.Field `c:"receive_queue"`
	WriteQueue   abi.Field `c:"write_queue"`
	ErrorQueue   abi.Field `c:"error_queue"`
	Allocation   abi.Field `c:"allocation"`
	Type         abi.Field `c:"type"`
	Protocol     abi.Field `c:"protocol"`
	Netlink      abi.Field `c:"protinfo.af_netlink"`
	Socket       abi.Field `c:"socket"`
	StateChange  abi.Field `c:"state_change"`
	DataReady    abi.Field `c:"data_ready"`
	WriteSpace   abi.Field `c:"write_space"`
	ErrorReport  abi.Field `c:"error_report"`
	Destruct     abi.Field `c:"destruct"`
	Rcvlowat     abi.Field `c:"rcvlowat"`
	Rcvtimeo     abi.Field `c:"rcvtimeo"`
	Sndtimeo     abi.Field `c:"sndtimeo"`
}

type socketInodeLayout struct {
	Size   uint32    `c:"(sizeof)"`
	Socket abi.Field `c:"u.socket_i"`
	Sock   abi.Field `c:"i_sock"`
}

// Numbers of linux/net.h and linux/netlink.h.
const (
	socketUnconnected = 1 // SS_UNCONNECTED
	socketRaw         = 3 // SOCK_RAW
	stateClose        = 7 // TCP_CLOSE
	familyNetlink     = 16
	netlinkUnits      = 32         // MAX_LINKS
	forever           = 0x7fffffff // MAX_SCHEDULE_TIMEOUT
)

func socketMakingFunctions() []Function {
	return []Function{
		{Name: "sock_alloc", Fn: func(c *Call) { c.Return(c.Kernel.newSocket()) }, Level: Partial, Note: "the inode belongs to no file system"},
		{Name: "sock_release", Fn: func(c *Call) { c.Kernel.releaseSocket(c.Arg(0)) }, Level: Full},
	}
}

// newSocket makes an inode with a socket; 0 without memory (sock_alloc).
func (k *Kernel) newSocket() uint32 {
	const everybody = 0o777
	lay, in := &k.drv.lay.Socket, &k.drv.lay.SocketInode
	last := k.symbol("last_ino.4")
	inode := k.newInode(k.mem.U32(last)+1, modeSocket|everybody)
	if inode == 0 {
		return 0
	}
	k.mem.SetU32(last, k.mem.U32(last)+1)
	k.mem.Set(inode, in.Sock, 1)
	if t := k.running; t != nil {
		k.mem.Set(inode, k.lay.Inode.UID, t.Get(k.lay.Task.Fsuid))
		k.mem.Set(inode, k.lay.Inode.GID, t.Get(k.lay.Task.Fsgid))
	}
	sock := inode + in.Socket.Off
	k.mem.Set(sock, lay.Inode, inode)
	k.mem.SetU32(sock, socketUnconnected) // state, the first field, is an enum without a layout
	k.initWaitQueue(sock + lay.Wait.Off)
	return sock
}

// releaseSocket is void sock_release(struct socket *sock): what belongs to the protocol goes, then the socket unless a file
// has it.
func (k *Kernel) releaseSocket(socket uint32) {
	so := &k.drv.lay.Socket
	switch ops := k.mem.Get(socket, so.Ops); {
	case ops == 0:
	case ops == k.symbol("netlink_ops"):
		k.releaseNetlink(socket)
	default:
		k.socketOp(socket, k.drv.core.ProtoOps.Release)
	}
	if k.mem.Get(socket, so.File) == 0 {
		k.iput(k.mem.Get(socket, so.Inode))
		return
	}
	k.mem.Set(socket, so.File, 0)
}
