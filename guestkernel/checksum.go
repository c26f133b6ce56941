// SPDX-License-Identifier: BSD-3-Clause
// Sums of the Internet protocols (2.4.18 arch/i386/lib/checksum.S).

package guestkernel

import (
	"encoding/binary"

	"ring0/guestkernel/abi"
)

func checksumFunctions() []Function {
	return []Function{
		{Name: "csum_partial", Fn: csumPartial, Level: Full, Proto: "unsigned int csum_partial(const unsigned char *buff, int len, unsigned int sum)"},
		{Name: "csum_partial_copy_generic", Fn: csumPartialCopy, Level: Full,
			Proto: "unsigned int csum_partial_copy_generic(const char *src, char *dst, int len, int sum, int *src_err_ptr, int *dst_err_ptr)"},
	}
}

// onesSum adds bytes to a sum in 32-bit words with the carry brought round; a last piece is filled up with zeros.
func onesSum(sum uint32, b []byte) uint32 {
	total := uint64(sum)
	for len(b) >= 4 {
		total += uint64(binary.LittleEndian.Uint32(b))
		b = b[4:]
	}
	var rest [4]byte
	copy(rest[:], b)
	total += uint64(binary.LittleEndian.Uint32(rest[:]))
	for total>>32 != 0 {
		total = total&0xffffffff + total>>32
	}
	return uint32(total)
}

// csumPartial models unsigned int csum_partial(const unsigned char *buff, int len, unsigned int sum).
func csumPartial(c *Call) {
	k, addr, n, sum := c.Kernel, c.Arg(0), uint32(max(int32(c.Arg(1)), 0)), c.Arg(2)
	for n > 0 {
		part := min(n, abi.PageSize)
		sum = onesSum(sum, k.mem.Bytes(addr, part))
		addr, n = addr+part, n-part
	}
	c.Return(sum)
}

// csumPartialCopy models unsigned int csum_partial_copy_generic(const char *src, char *dst, int len, int sum, int
// *src_err_ptr, int *dst_err_ptr): copies and adds up. A bad address on either side is not a fault but EFAULT at that
// side's pointer; after one in src all of dst is zero.
func csumPartialCopy(c *Call) {
	k, src, dst, n, sum := c.Kernel, c.Arg(0), c.Arg(1), uint32(max(int32(c.Arg(2)), 0)), c.Arg(3)
	fault := abi.EFAULT
	fail := func(pointer uint32) { k.mem.SetU32(pointer, uint32(-fault)) }
	for done := uint32(0); done < n; {
		part := min(n-done, abi.PageSize)
		var b []byte
		if !k.mem.try(func() { b = k.mem.Bytes(src+done, part) }) {
			fail(c.Arg(4))
			k.mem.try(func() { k.mem.Fill(dst, n, 0) })
			break
		}
		sum = onesSum(sum, b)
		if !k.mem.try(func() { k.mem.Write(dst+done, b) }) {
			fail(c.Arg(5))
			break
		}
		done += part
	}
	c.Return(sum)
}
