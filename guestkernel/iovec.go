// SPDX-License-Identifier: BSD-3-Clause
// Scattered memory of users: struct iovec, base and length (2.4.18 net/core/iovec.c).

package guestkernel

import "ring0/guestkernel/abi"

const (
	iovecEntry = 8
	iovecLen   = 4
)

func iovecFunctions() []Function {
	return []Function{
		{Name: "memcpy_fromiovec", Fn: func(c *Call) { c.Return(errWord(c.Kernel.gather(c.Arg(0), c.Arg(1), int32(c.Arg(2))))) }, Level: Full},
		{Name: "memcpy_toiovec", Fn: func(c *Call) { c.Return(errWord(c.Kernel.scatterFrom(c.Arg(0), c.Arg(1), int32(c.Arg(2))))) }, Level: Full},
		{Name: "memcpy_tokerneliovec", Fn: memcpyToKernelIovec, Level: Full},
		{Name: "memcpy_fromiovecend", Fn: memcpyFromIovecEnd, Level: Full},
		{Name: "csum_partial_copy_fromiovecend", Fn: csumFromIovecEnd, Level: Full},
	}
}

// pieces walks the pieces of an iovec that hold the next n bytes, and takes them off it: f gets each piece's address and
// length. It ends early when f says no.
func (k *Kernel) pieces(iov uint32, n int32, f func(base, length uint32) bool) bool {
	for n > 0 {
		length := k.mem.U32(iov + iovecLen)
		if length != 0 {
			base, part := k.mem.U32(iov), min(length, uint32(n))
			if !f(base, part) {
				return false
			}
			k.mem.SetU32(iov, base+part)
			k.mem.SetU32(iov+iovecLen, length-part)
			n -= int32(part)
		}
		iov += iovecEntry
	}
	return true
}

// gather is int memcpy_fromiovec(unsigned char *kdata, struct iovec *iov, int len). EFAULT; what could not be read of a piece
// is zero.
func (k *Kernel) gather(to, iov uint32, n int32) abi.Errno {
	ok := k.pieces(iov, n, func(base, length uint32) bool {
		b := make([]byte, length)
		left := k.CopyFromUser(b, base)
		k.mem.Write(to, b)
		to += length
		return left == 0
	})
	return faultUnless(ok)
}

// faultUnless is EFAULT or nothing.
func faultUnless(ok bool) abi.Errno {
	if ok {
		return 0
	}
	return abi.EFAULT
}

// scatter stores bytes in an iovec; EFAULT.
func (k *Kernel) scatter(iov uint32, b []byte) abi.Errno {
	return faultUnless(k.pieces(iov, int32(len(b)), func(base, length uint32) bool {
		part := b[:length]
		b = b[length:]
		return k.CopyToUser(base, part) == 0
	}))
}

// scatterFrom is int memcpy_toiovec(struct iovec *iov, unsigned char *kdata, int len).
func (k *Kernel) scatterFrom(iov, from uint32, n int32) abi.Errno {
	return faultUnless(k.pieces(iov, n, func(base, length uint32) bool {
		b := k.mem.Bytes(from, length)
		from += length
		return k.CopyToUser(base, b) == 0
	}))
}

// memcpyToKernelIovec models void memcpy_tokerneliovec(struct iovec *iov, unsigned char *kdata, int len): the pieces are the
// kernel's own memory.
func memcpyToKernelIovec(c *Call) {
	k, from := c.Kernel, c.Arg(1)
	k.pieces(c.Arg(0), int32(c.Arg(2)), func(base, length uint32) bool {
		k.mem.Copy(base, from, length)
		from += length
		return true
	})
}

// bytesAt reads n bytes of an iovec from an offset on, which stays as it is. ok is false for EFAULT; got is what was read.
func (k *Kernel) bytesAt(iov, offset uint32, n int32) (got []byte, ok bool) {
	for offset >= k.mem.U32(iov+iovecLen) {
		offset -= k.mem.U32(iov + iovecLen)
		iov += iovecEntry
	}
	for n > 0 {
		b := make([]byte, min(uint32(n), k.mem.U32(iov+iovecLen)-offset))
		left := k.CopyFromUser(b, k.mem.U32(iov)+offset)
		if got = append(got, b...); left != 0 {
			return got, false
		}
		offset = 0
		iov += iovecEntry
		n -= int32(len(b))
	}
	return got, true
}

// memcpyFromIovecEnd models int memcpy_fromiovecend(unsigned char *kdata, struct iovec *iov, int offset, int len).
func memcpyFromIovecEnd(c *Call) {
	b, ok := c.Kernel.bytesAt(c.Arg(1), c.Arg(2), int32(c.Arg(3)))
	c.Kernel.mem.Write(c.Arg(0), b)
	c.Return(errWord(faultUnless(ok)))
}

// csumFromIovecEnd models int csum_partial_copy_fromiovecend(unsigned char *kdata, struct iovec *iov, int offset, unsigned
// int len, int *csump): copies and adds to the checksum, which a fault leaves as it was.
func csumFromIovecEnd(c *Call) {
	k := c.Kernel
	b, ok := k.bytesAt(c.Arg(1), c.Arg(2), int32(c.Arg(3)))
	k.mem.Write(c.Arg(0), b)
	if c.Return(errWord(faultUnless(ok))); ok {
		k.mem.SetU32(c.Arg(4), sumBytes(b, k.mem.U32(c.Arg(4))))
	}
}
