// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// userSocket is a socket as a program has it: what it does goes through socketcall(2).
type userSocket struct {
	t  *testing.T
	p  *Process
	fd uint32
	at uint32 // memory for arguments
}

// Numbers of socketcall(2).
const (
	callNrSocket   = 1
	callNrBind     = 2
	callNrConnect  = 3
	callNrGetname  = 6
	callNrSetopt   = 14
	callNrGetopt   = 15
	callNrSendmsg  = 16
	callNrRecvmsg  = 17
	userArgs       = 0
	userAddress    = 64
	userMessageAt  = 128
	userIovec      = 192
	userControl    = 256
	userData       = 512
	userMemory     = 4096
	sysSocketcallN = 102
)

func (s *userSocket) call(n uint32, args ...uint32) int32 {
	require.NoError(s.t, s.p.WriteUser(s.at+userArgs, words(args...)))
	o := s.p.Syscall(sysSocketcallN, n, s.at+userArgs)
	require.Equal(s.t, Returned, o.Kind, "%v", o)
	return o.Value
}

func newUserSocket(t *testing.T, p *Process, family, kind, protocol uint32) *userSocket {
	at, err := p.Alloc(userMemory)
	require.NoError(t, err)
	s := &userSocket{t: t, p: p, at: at}
	fd := s.call(callNrSocket, family, kind, protocol)
	require.GreaterOrEqual(t, fd, int32(0))
	s.fd = uint32(fd)
	return s
}

func (s *userSocket) put(at uint32, b []byte) uint32 {
	require.NoError(s.t, s.p.WriteUser(s.at+at, b))
	return s.at + at
}

func (s *userSocket) get(at, n uint32) []byte {
	b := make([]byte, n)
	require.NoError(s.t, s.p.ReadUser(s.at+at, b))
	return b
}

// withAddress is bind or connect.
func (s *userSocket) withAddress(n uint32, address []byte) int32 {
	return s.call(n, s.fd, s.put(userAddress, address), uint32(len(address)))
}

// send is sendmsg.
func (s *userSocket) send(address []byte, data string, control []byte) int32 {
	s.put(userAddress, address)
	s.put(userData, []byte(data))
	s.put(userControl, control)
	s.put(userIovec, words(s.at+userData, uint32(len(data))))
	s.put(userMessageAt, words(s.at+userAddress, uint32(len(address)), s.at+userIovec, 1, s.at+userControl, uint32(len(control)), 0))
	return s.call(callNrSendmsg, s.fd, s.at+userMessageAt, msgDontWait)
}

// receive is recvmsg; control is what came beside the data.
func (s *userSocket) receive(room, controlRoom uint32) (n int32, data string, address, control []byte, flags uint32) {
	s.put(userIovec, words(s.at+userData, room))
	s.put(userMessageAt, words(s.at+userAddress, 64, s.at+userIovec, 1, s.at+userControl, controlRoom, 0))
	if n = s.call(callNrRecvmsg, s.fd, s.at+userMessageAt, msgDontWait); n < 0 {
		return n, "", nil, nil, 0
	}
	head := s.get(userMessageAt, 28)
	return n, string(s.get(userData, uint32(n))), s.get(userAddress, leWord(head[4:])), s.get(userControl, leWord(head[20:])), leWord(head[24:])
}

func netlinkAddress(pid, groups uint32) []byte { return words(familyNetlink, pid, groups) }

func TestNetlinkBetweenPrograms(t *testing.T) {
	g := newGuest(t, Config{})
	const unit = 2
	one, two := newUserSocket(t, g.p, familyNetlink, socketRaw, unit), newUserSocket(t, g.p, familyNetlink, socketRaw, unit)
	require.EqualValues(t, 0, one.withAddress(callNrBind, netlinkAddress(0, 0)))
	require.EqualValues(t, -abi.EINVAL, one.withAddress(callNrBind, netlinkAddress(77, 0)), "it has an address")
	require.EqualValues(t, -abi.EADDRINUSE, two.withAddress(callNrBind, netlinkAddress(uint32(g.p.task.Pid()), 0)))
	require.EqualValues(t, 0, two.withAddress(callNrBind, netlinkAddress(1000, 4)))
	n, _, _, _, _ := two.receive(100, 0)
	require.EqualValues(t, -abi.EAGAIN, n)

	require.EqualValues(t, 5, one.send(netlinkAddress(1000, 0), "hello", nil))
	n, data, from, _, _ := two.receive(100, 0)
	require.EqualValues(t, 5, n)
	require.Equal(t, "hello", data)
	require.Equal(t, netlinkAddress(uint32(g.p.task.Pid()), 0), from)
	require.EqualValues(t, -abi.ECONNREFUSED, one.send(netlinkAddress(1001, 0), "hello", nil))
	require.EqualValues(t, -abi.ECONNREFUSED, one.send(netlinkAddress(0, 4), "group", nil), "nobody is the kernel, but")
	n, data, from, _, flags := two.receive(3, 0)
	require.EqualValues(t, 3, n)
	require.Equal(t, "gro", data)
	require.Equal(t, netlinkAddress(uint32(g.p.task.Pid()), 4), from, "the groups it was for")
	require.EqualValues(t, 0x20, flags, "cut")

	require.EqualValues(t, 0, one.withAddress(callNrConnect, netlinkAddress(1000, 0)))
	_, err := g.p.Write(one.fd, []byte("written"))
	require.NoError(t, err)
	b := make([]byte, 16)
	read, err := g.p.Read(two.fd, b)
	require.NoError(t, err)
	require.Equal(t, "written", string(b[:read]))
	one.put(userData, words(64))
	require.EqualValues(t, 0, one.call(callNrGetname, one.fd, one.at+userAddress, one.at+userData))
	require.Equal(t, netlinkAddress(uint32(g.p.task.Pid()), 0), one.get(userAddress, nlAddrSize))
	require.NoError(t, g.p.CloseFile(one.fd))
	require.NoError(t, g.p.CloseFile(two.fd))
	require.Zero(t, g.k.mem.U32(g.k.symbol("netlink_sock_nr")), "both are gone")
}

// A module's end of a unit: what programs send it, answers, dumps.
func TestNetlinkModule(t *testing.T) {
	g := newGuest(t, Config{})
	k, lay := g.k, &g.k.drv.lay.Sock
	input, calls := g.counting(0)
	sk := uint32(g.callKernel(t, "netlink_kernel_create", 5, input))
	user := newUserSocket(t, g.p, familyNetlink, socketDgram, 5)
	message := string(words(16, 7, 42, 0))
	require.EqualValues(t, 16, user.send(netlinkAddress(0, 0), message, nil))
	require.EqualValues(t, 1, k.mem.U32(calls))
	skb := k.dequeueSkb(sk + lay.ReceiveQueue.Off)
	data := k.mem.Get(skb, k.drv.core.Skb.Data)
	require.Equal(t, words(uint32(g.p.task.Pid()), 0, 0, uint32(g.p.task.Pid())), k.mem.Bytes(skb+k.drv.core.Skb.Cb.Off, 16), "whose it is")

	g.callKernel(t, "netlink_ack", skb, data, uint32(0xffffffea))
	n, answer, from, _, _ := user.receive(200, 0)
	require.EqualValues(t, 36, n)
	require.Equal(t, string(words(36, nlMsgError, 42, uint32(g.p.task.Pid()), 0xffffffea))+message, answer)
	require.Equal(t, netlinkAddress(0, 0), from)

	dump, _ := g.counting(0)
	done, ended := g.counting(0)
	require.EqualValues(t, 0, g.callKernel(t, "netlink_dump_start", sk, skb, data, dump, done))
	_, answer, _, _, _ = user.receive(200, 0)
	require.Equal(t, string(words(20, nlMsgDone|nlMultiple<<16, 42, uint32(g.p.task.Pid()), 0)), answer)
	require.EqualValues(t, 1, k.mem.U32(ended))

	require.EqualValues(t, 0, user.withAddress(callNrBind, netlinkAddress(uint32(g.p.task.Pid()), 2)), "its own address, and a group")
	g.callKernel(t, "netlink_broadcast", sk, g.packet([]byte("news")...), 0, 2, k.pages.gfp.kernel)
	_, answer, _, _, _ = user.receive(200, 0)
	require.Equal(t, "news", answer)
	g.callKernel(t, "netlink_set_err", sk, 0, 2, uint32(abi.ENETDOWN))
	n, _, _, _, _ = user.receive(200, 0)
	require.EqualValues(t, -abi.ENETDOWN, n)
	require.EqualValues(t, -abi.ECONNREFUSED, g.callKernel(t, "netlink_unicast", sk, g.packet(1), 4711, 1))
	k.mem.Set(k.mem.U32(k.drv.sym.NetlinkTable+5*4), lay.Rcvbuf, 0) // the program's
	for i, want := range []int32{1, -int32(abi.EAGAIN)} {
		require.Equal(t, want, g.callKernel(t, "netlink_unicast", sk, g.packet(1), uint32(g.p.task.Pid()), 1), "message %d", i)
	}
	n, _, _, _, _ = user.receive(200, 0)
	require.EqualValues(t, -abi.ENOBUFS, n, "something is missing")

	handler, handed := g.counting(3)
	require.EqualValues(t, 0, g.callKernel(t, "netlink_attach", 16, handler))
	other := newUserSocket(t, g.p, familyNetlink, socketRaw, 16)
	require.EqualValues(t, 0, other.withAddress(callNrBind, netlinkAddress(0, 1)))
	require.EqualValues(t, 3, other.send(netlinkAddress(0, 0), "frame", nil), "what the module answers")
	require.EqualValues(t, 1, k.mem.U32(handed))
	require.EqualValues(t, 0, g.callKernel(t, "netlink_post", 16, g.packet('x')))
	_, answer, _, _, _ = other.receive(10, 0)
	require.Equal(t, "x", answer)
	require.EqualValues(t, -abi.EUNATCH, g.callKernel(t, "netlink_post", 17, g.packet('x')))
	g.callKernel(t, "netlink_detach", 16)
	require.EqualValues(t, -abi.ECONNREFUSED, other.send(netlinkAddress(0, 0), "frame", nil))
}

// Credentials and descriptors beside the data; netlink passes the former on and gives the latter up.
func TestControlMessages(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	one, two := newUserSocket(t, g.p, familyNetlink, socketRaw, 2), newUserSocket(t, g.p, familyNetlink, socketRaw, 2)
	require.EqualValues(t, 0, two.withAddress(callNrBind, netlinkAddress(1000, 0)))
	two.put(userData, words(1))
	require.EqualValues(t, 0, two.call(callNrSetopt, two.fd, levelSocket, soPassCred, two.at+userData, 4))
	require.EqualValues(t, 2, one.send(netlinkAddress(1000, 0), "me", nil))
	_, _, _, control, flags := two.receive(10, 24)
	require.Equal(t, words(24, levelSocket, scmCredentials, uint32(g.p.task.Pid()), 0, 0), control)
	require.Zero(t, flags)
	require.EqualValues(t, 3, one.send(netlinkAddress(1000, 0), "you", words(24, levelSocket, scmCredentials, 4242, 5, 6)))
	_, _, _, control, _ = two.receive(10, 24)
	require.Equal(t, words(24, levelSocket, scmCredentials, 4242, 5, 6), control, "root may say so")
	one.send(netlinkAddress(1000, 0), "cut", nil)
	_, _, _, _, flags = two.receive(10, 16)
	require.EqualValues(t, msgTruncated, flags)
	for _, row := range []struct {
		errno   abi.Errno
		control []byte
	}{
		{abi.EINVAL, words(11, levelSocket, scmRights)}, {abi.EINVAL, words(20, levelSocket, scmRights, 0)},
		{abi.EINVAL, words(16, levelSocket, 3, 0)}, {abi.EINVAL, words(16, levelSocket, scmCredentials, 0)},
		{abi.EBADF, words(16, levelSocket, scmRights, 31)},
	} {
		require.EqualValues(t, -row.errno, one.send(netlinkAddress(1000, 0), "bad", row.control), "%v", row.control)
	}
	f := k.fileAt(g.p.task, two.fd)
	require.EqualValues(t, 4, one.send(netlinkAddress(1000, 0), "file", words(16, levelSocket, scmRights, two.fd)))
	require.EqualValues(t, 1, k.mem.Get(f, k.lay.File.Count), "given up again")

	// What a family does that passes files on.
	msg, scm, room := g.put(make([]byte, 28)...), g.put(make([]byte, 20)...), g.put(make([]byte, 64)...)
	g.kernelData()
	k.mem.Write(room, words(16, levelSocket, scmRights, two.fd))
	k.mem.Set(msg, k.drv.core.Msghdr.Control, room)
	k.mem.Set(msg, k.drv.core.Msghdr.Controllen, 16)
	require.EqualValues(t, 0, g.callKernel(t, "__scm_send", 0, msg, scm))
	copied := uint32(g.callKernel(t, "scm_fp_dup", k.mem.U32(scm+scmFP)))
	require.EqualValues(t, 3, k.mem.Get(f, k.lay.File.Count))
	g.callKernel(t, "scm_detach_fds", msg, scm)
	fd := k.mem.U32(room + cmsgHeader)
	require.Equal(t, f, k.fileAt(g.p.task, fd), "another number for the same file")
	require.NotEqual(t, two.fd, fd)
	k.mem.SetU32(scm+scmFP, copied)
	g.callKernel(t, "__scm_destroy", scm)
	require.EqualValues(t, 2, k.mem.Get(f, k.lay.File.Count))
	k.mem.Set(msg, k.drv.core.Msghdr.Control, room)
	k.mem.Set(msg, k.drv.core.Msghdr.Controllen, 14)
	require.EqualValues(t, 0, g.callKernel(t, "put_cmsg", msg, 9, 8, 4, g.put('a', 'b', 'c', 'd')))
	require.Equal(t, append(words(14, 9, 8), 'a', 'b'), k.mem.Bytes(room, 14), "cut to the room there is")
}

func TestSocketOptions(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	s := newUserSocket(t, g.p, familyNetlink, socketRaw, 2)
	set := func(option uint32, value ...uint32) int32 {
		return s.call(callNrSetopt, s.fd, levelSocket, option, s.put(userData, words(value...)), uint32(4*len(value)))
	}
	get := func(option, room uint32) (int32, []byte) {
		s.put(userControl, words(room))
		n := s.call(callNrGetopt, s.fd, levelSocket, option, s.at+userData, s.at+userControl)
		return n, s.get(userData, leWord(s.get(userControl, 4)))
	}
	for _, row := range []struct {
		option uint32
		set    []uint32
		errno  abi.Errno
		want   []byte
	}{
		{soDebug, []uint32{5}, 0, words(1)}, {soReuseAddr, []uint32{1}, 0, words(1)}, {soBroadcast, []uint32{0}, 0, words(0)},
		{soSndBuf, []uint32{10}, 0, words(2048)}, {soRcvBuf, []uint32{1 << 20}, 0, words(2 * 65535)}, {soRcvBuf, []uint32{1000}, 0, words(2000)},
		{soType, []uint32{1}, abi.ENOPROTOOPT, words(socketRaw)}, {soError, []uint32{1}, abi.ENOPROTOOPT, words(0)},
		{soPriority, []uint32{6}, 0, words(6)}, {soLinger, []uint32{1}, abi.EINVAL, words(0, 0)}, {soLinger, []uint32{1, 30}, 0, words(1, 30)},
		{soRcvTimeo, []uint32{2, 500000}, 0, words(2, 501)}, {soSndTimeo, []uint32{0, 0}, 0, words(0, 0)}, {soRcvLowat, []uint32{0}, 0, words(1)},
		{soSndLowat, []uint32{2}, abi.ENOPROTOOPT, words(1)}, {soPassCred, []uint32{1}, 0, words(1)}, {soTimestamp, []uint32{1}, 0, words(1)},
		{soPeerCred, []uint32{1}, abi.ENOPROTOOPT, words(0, 0xffffffff, 0xffffffff)}, {soAcceptConn, []uint32{1}, abi.ENOPROTOOPT, words(0)},
		{soDetachFilter, []uint32{0}, abi.ENONET, nil},
	} {
		require.EqualValues(t, -row.errno, set(row.option, row.set...), "%+v", row)
		n, got := get(row.option, 64)
		if row.want == nil {
			require.EqualValues(t, -abi.ENOPROTOOPT, n, "%+v", row)
			continue
		}
		require.Equal(t, row.want, got, "%+v", row)
	}
	require.EqualValues(t, -abi.ENOPROTOOPT, set(99, 1))
	n, _ := get(soPeerName, 64)
	require.EqualValues(t, -abi.EINVAL, n, "longer than the address")
	n, name := get(soPeerName, 12)
	require.EqualValues(t, 0, n)
	require.Equal(t, netlinkAddress(0, 0), name)

	// Filters: bound to a device by name, a program that is right, one that is not.
	s.put(userData, []byte("lo\x00\x00"))
	require.EqualValues(t, 0, s.call(callNrSetopt, s.fd, levelSocket, soBindToDevice, s.at+userData, 4))
	s.put(userData, []byte("nn0\x00"))
	require.EqualValues(t, -abi.ENODEV, s.call(callNrSetopt, s.fd, levelSocket, soBindToDevice, s.at+userData, 4))
	sk := k.mem.Get(k.socketOfFile(k.fileAt(g.p.task, s.fd)), k.drv.lay.Socket.Sk)
	require.EqualValues(t, 1, k.mem.Get(sk, k.drv.proto.SockOption.BoundIf))
	s.put(userControl, words(bpfRET, 0xffff))
	require.EqualValues(t, 0, set(soAttachFilter, 1, s.at+userControl))
	require.EqualValues(t, filterHead+filterInsn, k.mem.Get(sk, k.drv.core.Sock.OmemAlloc))
	s.put(userControl, words(bpfLD, 0))
	require.EqualValues(t, -abi.EINVAL, set(soAttachFilter, 1, s.at+userControl), "it does not return")
	require.EqualValues(t, 0, set(soDetachFilter, 0))
	require.Zero(t, k.mem.Get(sk, k.drv.core.Sock.OmemAlloc))
}

// Who asks for signals is on the socket's list until the file is closed.
func TestSocketSignals(t *testing.T) {
	g := newGuest(t, Config{})
	k := g.k
	s := newUserSocket(t, g.p, familyNetlink, socketRaw, 2)
	f := k.fileAt(g.p.task, s.fd)
	socket, lay := k.socketOfFile(f), &k.drv.fs.lay.Fasync
	require.EqualValues(t, -1, g.callKernel(t, "sock_wake_async", socket, 0, pollInBand), "nobody asked")
	for range 2 {
		require.EqualValues(t, 0, g.callKernel(t, "sock_fasync", s.fd, f, 1))
	}
	entry := k.mem.Get(socket, k.drv.proto.Socket.Fasync)
	require.Equal(t, f, k.mem.Get(entry, lay.File))
	require.Zero(t, k.mem.Get(entry, lay.Next), "once")
	require.EqualValues(t, 0, g.callKernel(t, "sock_wake_async", socket, 1, pollInBand))
	k.mem.Set(f, k.drv.fs.lay.Owner.Pid, uint32(g.p.task.Pid()))
	g.callKernel(t, "sock_wake_async", socket, 2, pollOutBand)
	require.Zero(t, g.p.task.Get(k.lay.Task.Sigpending), "nobody found that there is no room")
	require.EqualValues(t, 0, g.callKernel(t, "sock_fasync", s.fd, f, 0))
	require.Zero(t, k.mem.Get(socket, k.drv.proto.Socket.Fasync))
	g.callKernel(t, "sock_fasync", s.fd, f, 1)
	require.NoError(t, g.p.CloseFile(s.fd))
}
