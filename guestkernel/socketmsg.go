// SPDX-License-Identifier: BSD-3-Clause
// Messages of sockets: struct msghdr between programs and families (2.4.18 net/socket.c, net/core/iovec.c, net/core/scm.c).

package guestkernel

import "ring0/guestkernel/abi"

type msghdrLayout struct {
	Size       uint32    `c:"(sizeof)"`
	Name       abi.Field `c:"msg_name"`
	Namelen    abi.Field `c:"msg_namelen"`
	Iov        abi.Field `c:"msg_iov"`
	Iovlen     abi.Field `c:"msg_iovlen"`
	Control    abi.Field `c:"msg_control"`
	Controllen abi.Field `c:"msg_controllen"`
	Flags      abi.Field `c:"msg_flags"`
}

const (
	iovecSize    = 8
	maxIovecs    = 1024 // UIO_MAXIOV
	scmSize      = 20   // struct scm_cookie: pid, uid, gid, descriptors, sequence number
	scmFP        = 12
	msgEOR       = 0x80
	msgDontWait  = 0x40
	msgTruncated = 0x8 // MSG_CTRUNC
	socketSeq    = 5   // SOCK_SEQPACKET
)

// direction of a transfer by read(2) and write(2).
type direction bool

const (
	recvmsg direction = false
	sendmsg direction = true
)

// newMessage makes a message of pieces of user memory on the stack.
func (c *Call) newMessage(pieces []byte) uint32 {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	vector, msg := c.Alloca(uint32(len(pieces))), c.Alloca(lay.Size)
	k.mem.Write(vector, pieces)
	k.mem.Fill(msg, lay.Size, 0)
	k.mem.Set(msg, lay.Iov, vector)
	k.mem.Set(msg, lay.Iovlen, uint32(len(pieces)/iovecSize))
	return msg
}

// sendMessage is sock_sendmsg: with the sender's identity and what the control messages name beside it.
func (k *Kernel) sendMessage(c *Call, socket, msg, size uint32) uint32 {
	t, scm := k.running, c.Alloca(scmSize)
	k.mem.Write(scm, words(uint32(t.Pid()), t.Get(k.lay.Task.Uid), t.Get(k.lay.Task.Gid), 0, 0))
	if k.mem.Get(msg, k.drv.core.Msghdr.Controllen) != 0 {
		if errno := c.collectControl(msg, scm); errno != 0 {
			return errWord(errno)
		}
	}
	result := k.socketOp(socket, k.drv.core.ProtoOps.Sendmsg, msg, size, scm)
	k.destroyControl(scm)
	return result
}

// receiveMessage is sock_recvmsg.
func (k *Kernel) receiveMessage(c *Call, socket, msg, size, flags uint32) uint32 {
	scm := c.Alloca(scmSize)
	k.mem.Fill(scm, scmSize, 0)
	n := k.socketOp(socket, k.drv.core.ProtoOps.Recvmsg, msg, size, flags, scm)
	if int32(n) >= 0 {
		c.handOver(socket, msg, scm)
	}
	return n
}

// sockTransfer models ssize_t sock_read(struct file *file, char *ubuf, size_t size, loff_t *ppos) and sock_write.
func (c *Call) sockTransfer(d direction) {
	k, f, size := c.Kernel, c.Arg(0), c.Arg(2)
	switch {
	case c.Arg(3) != f+k.lay.File.Pos.Off:
		c.Fail(abi.ESPIPE)
		return
	case size == 0:
		c.Return(0)
		return
	}
	socket, flags := k.socketOfFile(f), k.dontWait(f)
	msg := c.newMessage(words(c.Arg(1), size))
	if d == recvmsg {
		c.Return(k.receiveMessage(c, socket, msg, size, flags))
		return
	}
	if k.mem.Get(socket, k.drv.lay.Socket.Type) == socketSeq {
		flags |= msgEOR
	}
	k.mem.Set(msg, k.drv.core.Msghdr.Flags, flags)
	c.Return(k.sendMessage(c, socket, msg, size))
}

// dontWait is the flag that a file open with O_NONBLOCK gives its messages.
func (k *Kernel) dontWait(f uint32) uint32 {
	if k.mem.Get(f, k.lay.File.Flags)&abi.ONonblock != 0 {
		return msgDontWait
	}
	return 0
}

// callSendto sends one piece: fd, buffer, length, flags, address, its length.
func callSendto(c *Call, a []uint32) uint32 {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	return k.withSocket(a[0], func(f, socket uint32) uint32 {
		msg := c.newMessage(words(a[1], a[2]))
		if a[4] != 0 {
			address := c.Alloca(maxSockAddr)
			if errno := k.addressIn(address, a[4], a[5]); errno != 0 {
				return errWord(errno)
			}
			k.mem.Set(msg, lay.Name, address)
			k.mem.Set(msg, lay.Namelen, a[5])
		}
		k.mem.Set(msg, lay.Flags, a[3]|k.dontWait(f))
		return k.sendMessage(c, socket, msg, a[2])
	})
}

// callRecvfrom gets one piece: fd, buffer, length, flags, where the address goes, its length.
func callRecvfrom(c *Call, a []uint32) uint32 {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	return k.withSocket(a[0], func(f, socket uint32) uint32 {
		msg, address := c.newMessage(words(a[1], a[2])), c.Alloca(maxSockAddr)
		k.mem.Set(msg, lay.Name, address)
		k.mem.Set(msg, lay.Namelen, maxSockAddr)
		n := k.receiveMessage(c, socket, msg, a[2], a[3]|k.dontWait(f))
		if int32(n) >= 0 && a[4] != 0 {
			if result := k.addressOut(address, k.mem.Get(msg, lay.Namelen), a[4], a[5]); int32(result) < 0 {
				return result
			}
		}
		return n
	})
}

// userMessage is a program's message: its head, its pieces of memory and their size together.
type userMessage struct {
	head   []byte
	pieces []byte
	size   uint32
}

// word is a field of the message's head.
func (m *userMessage) word(f abi.Field) uint32 { return leWord(m.head[f.Off:]) }

// withMessage does something with a socket and a copy of a program's struct msghdr. Its name, if it has a length, is copied
// when it is sent; where one comes back there is room for it.
func (c *Call) withMessage(a []uint32, d direction, do func(f, socket, msg uint32, m *userMessage) uint32) uint32 {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	m := &userMessage{head: make([]byte, lay.Size)}
	if k.CopyFromUser(m.head, a[1]) != 0 {
		return errWord(abi.EFAULT)
	}
	return k.withSocket(a[0], func(f, socket uint32) uint32 {
		if m.word(lay.Iovlen) > maxIovecs {
			return errWord(abi.EINVAL)
		}
		name := uint32(0)
		if length := m.word(lay.Namelen); length != 0 {
			name = c.Alloca(maxSockAddr)
			if d == sendmsg {
				if errno := k.addressIn(name, m.word(lay.Name), length); errno != 0 {
					return errWord(errno)
				}
			}
		}
		if errno := k.readPieces(m); errno != 0 {
			return errWord(errno)
		}
		msg, memory, ok := c.manyPieces(m)
		if !ok {
			return errWord(abi.ENOMEM)
		}
		k.mem.Set(msg, lay.Name, name)
		k.mem.Set(msg, lay.Namelen, m.word(lay.Namelen))
		k.mem.Set(msg, lay.Control, m.word(lay.Control))
		k.mem.Set(msg, lay.Controllen, m.word(lay.Controllen))
		result := do(f, socket, msg, m)
		if memory != 0 {
			k.Kfree(memory)
		}
		return result
	})
}

// readPieces reads the pieces' addresses and sizes. EMSGSIZE when they are 2 GB together.
func (k *Kernel) readPieces(m *userMessage) abi.Errno {
	lay := &k.drv.core.Msghdr
	m.pieces = make([]byte, m.word(lay.Iovlen)*iovecSize)
	if k.CopyFromUser(m.pieces, m.word(lay.Iov)) != 0 {
		return abi.EFAULT
	}
	for i := wordSize; i < len(m.pieces); i += iovecSize {
		if m.size += leWord(m.pieces[i:]); int32(m.size) < 0 {
			return abi.EMSGSIZE
		}
	}
	return 0
}

// manyPieces is newMessage for any number: more than a few are not on the stack but in memory that is to be freed.
func (c *Call) manyPieces(m *userMessage) (msg, memory uint32, ok bool) {
	const few = 8 * iovecSize // UIO_FASTIOV
	if len(m.pieces) <= few {
		return c.newMessage(m.pieces), 0, true
	}
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	if memory = k.Kmalloc(uint32(len(m.pieces)), k.pages.gfp.kernel); memory == 0 {
		return 0, 0, false
	}
	k.mem.Write(memory, m.pieces)
	msg = c.newMessage(nil)
	k.mem.Set(msg, lay.Iov, memory)
	k.mem.Set(msg, lay.Iovlen, uint32(len(m.pieces)/iovecSize))
	return msg, memory, true
}

// callSendmsg is fd, message, flags. The control messages are copied: few on the stack, many to memory of the socket's.
func callSendmsg(c *Call, a []uint32) uint32 {
	const few = cmsgHeader + 20
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	return c.withMessage(a, sendmsg, func(f, socket, msg uint32, m *userMessage) uint32 {
		length, sk, memory := m.word(lay.Controllen), k.mem.Get(socket, k.drv.lay.Socket.Sk), uint32(0)
		if length != 0 {
			at := c.Alloca(few)
			if length > few {
				if int32(length) < 0 {
					return errWord(abi.ENOBUFS)
				}
				if memory = k.sockKmalloc(sk, length, k.pages.gfp.kernel); memory == 0 {
					return errWord(abi.ENOBUFS)
				}
				at = memory
			}
			k.mem.Set(msg, lay.Control, at)
			if !k.fetchUser(at, m.word(lay.Control), length) {
				k.freeControl(sk, memory, length)
				return errWord(abi.EFAULT)
			}
		}
		k.mem.Set(msg, lay.Flags, a[2]|k.dontWait(f))
		result := k.sendMessage(c, socket, msg, m.size)
		k.freeControl(sk, memory, length)
		return result
	})
}

// freeControl frees the copy of control messages, if they had memory.
func (k *Kernel) freeControl(sk, memory, length uint32) {
	if memory != 0 {
		k.sockKfree(sk, memory, length)
	}
}

// callRecvmsg is fd, message, flags. The length of control messages is afterwards that of those that came.
func callRecvmsg(c *Call, a []uint32) uint32 {
	k, lay := c.Kernel, &c.Kernel.drv.core.Msghdr
	return c.withMessage(a, recvmsg, func(f, socket, msg uint32, m *userMessage) uint32 {
		n := k.receiveMessage(c, socket, msg, m.size, a[2]|k.dontWait(f))
		if int32(n) < 0 {
			return n
		}
		if length, to := k.mem.Get(msg, lay.Namelen), m.word(lay.Name); to != 0 && length != 0 {
			if result := k.addressOut(k.mem.Get(msg, lay.Name), length, to, a[1]+lay.Namelen.Off); int32(result) < 0 {
				return result
			}
		}
		control := k.mem.Get(msg, lay.Control) - m.word(lay.Control)
		if !k.PutUser(a[1]+lay.Flags.Off, k.mem.Get(msg, lay.Flags), wordSize) || !k.PutUser(a[1]+lay.Controllen.Off, control, wordSize) {
			return errWord(abi.EFAULT)
		}
		return n
	})
}
