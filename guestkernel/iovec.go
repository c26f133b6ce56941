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

// copyStep is how much is copied at a time: lengths are a module's word, and may be anything.
const copyStep = 1 << 16

// fetchUser is copy_from_user between addresses: false for a fault, with zeros for what could not be read.
func (k *Kernel) fetchUser(to, from, n uint32) bool {
	for n > 0 {
		b := make([]byte, min(n, copyStep))
		left := k.CopyFromUser(b, from)
		k.mem.Write(to, b)
		step := uint32(len(b))
		to, from, n = to+step, from+step, n-step
		if left != 0 {
			k.mem.Fill(to, n, 0)
			return false
		}
	}
	return true
}

// storeUser is copy_to_user between addresses.
func (k *Kernel) storeUser(to, from, n uint32) bool {
	for n > 0 {
		b := k.mem.Bytes(from, min(n, copyStep))
		if k.CopyToUser(to, b) != 0 {
			return false
		}
		step := uint32(len(b))
		to, from, n = to+step, from+step, n-step
	}
	return true
}

// gather is int memcpy_fromiovec(unsigned char *kdata, struct iovec *iov, int len). EFAULT; what could not be read of a piece
// is zero.
func (k *Kernel) gather(to, iov uint32, n int32) abi.Errno {
	return faultUnless(k.pieces(iov, n, func(base, length uint32) bool {
		at := to
		to += length
		return k.fetchUser(at, base, length)
	}))
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
		at := from
		from += length
		return k.storeUser(base, at, length)
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

// gatherAt copies n bytes of an iovec from an offset on, which stays as it is; false for a fault.
func (k *Kernel) gatherAt(to, iov, offset uint32, n int32) bool {
	for offset >= k.mem.U32(iov+iovecLen) {
		offset -= k.mem.U32(iov + iovecLen)
		iov += iovecEntry
	}
	for n > 0 {
		length := min(uint32(n), k.mem.U32(iov+iovecLen)-offset)
		if !k.fetchUser(to, k.mem.U32(iov)+offset, length) {
			return false
		}
		offset = 0
		iov += iovecEntry
		to, n = to+length, n-int32(length)
	}
	return true
}

// memcpyFromIovecEnd models int memcpy_fromiovecend(unsigned char *kdata, struct iovec *iov, int offset, int len).
func memcpyFromIovecEnd(c *Call) {
	c.Return(errWord(faultUnless(c.Kernel.gatherAt(c.Arg(0), c.Arg(1), c.Arg(2), int32(c.Arg(3))))))
}

// csumFromIovecEnd models int csum_partial_copy_fromiovecend(unsigned char *kdata, struct iovec *iov, int offset, unsigned
// int len, int *csump): copies and adds to the checksum, which a fault leaves as it was.
func csumFromIovecEnd(c *Call) {
	k, at, n := c.Kernel, c.Arg(0), c.Arg(3)
	ok := k.gatherAt(at, c.Arg(1), c.Arg(2), int32(n))
	if c.Return(errWord(faultUnless(ok))); !ok {
		return
	}
	sum := k.mem.U32(c.Arg(4))
	for n > 0 {
		step := min(n, copyStep)
		sum = sumBytes(k.mem.Bytes(at, step), sum)
		at, n = at+step, n-step
	}
	k.mem.SetU32(c.Arg(4), sum)
}
