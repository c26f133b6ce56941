// SPDX-License-Identifier: BSD-3-Clause
// The string functions that are exported (2.4.18 lib/string.c, arch/i386/lib/{memcpy.c,strstr.c}). The others are inline
// in modules.
//
// Bytes are read and written in the order of the real functions, one at a time: where a string ends only behind its page,
// or strings overlap, the result is the same.

package guestkernel

import "ring0/guestkernel/abi"

func stringFunctions() []Function {
	return []Function{
		{Name: "memcpy", Fn: memcpy, Level: Full, Proto: "void *memcpy(void *to, const void *from, size_t n)"},
		{Name: "memset", Fn: memset, Level: Full, Proto: "void *memset(void *s, int c, size_t count)"},
		{Name: "strstr", Fn: strstr, Level: Full},
		{Name: "strpbrk", Fn: strpbrk, Level: Full},
		{Name: "strspn", Fn: strspn, Level: Full},
		{Name: "strtok", Fn: strtok, Level: Full},
		{Name: "strsep", Fn: strsep, Level: Full},
		{Name: "strnicmp", Fn: strnicmp, Level: Full},
	}
}

// memcpy models void *memcpy(void *to, const void *from, size_t n): upwards, in words of four bytes, then two, then one.
func memcpy(c *Call) {
	to, from, n := c.Arg(0), c.Arg(1), c.Arg(2)
	c.Return(to)
	mem := c.Kernel.mem
	if to-from >= abi.PageSize || to == from {
		mem.Copy(to, from, n)
		return
	}
	for ; n >= 4; n -= 4 { // to lies close above from: the copy repeats itself
		mem.SetU32(to, mem.U32(from))
		to, from = to+4, from+4
	}
	if n&2 != 0 {
		mem.SetU16(to, mem.U16(from))
		to, from = to+2, from+2
	}
	if n&1 != 0 {
		mem.SetU8(to, mem.U8(from))
	}
}

// memset models void *memset(void *s, int c, size_t count).
func memset(c *Call) {
	c.Kernel.mem.Fill(c.Arg(0), c.Arg(2), byte(c.Arg(1)))
	c.Return(c.Arg(0))
}

// strstr models char *strstr(const char *cs, const char *ct): where ct occurs first in cs, or NULL.
func strstr(c *Call) {
	at, cs, ct := byteSource(c.Kernel.mem.U8), c.Arg(0), c.Arg(1)
	for ; ; cs++ {
		n := uint32(0)
		for at(ct+n) != 0 && at(cs+n) == at(ct+n) {
			n++
		}
		if at(ct+n) == 0 {
			c.Return(cs)
			return
		}
		if at(cs) == 0 {
			c.Return(0)
			return
		}
	}
}

// contains tells whether a byte other than NUL occurs in the string at set.
func (at byteSource) contains(set uint32, b byte) bool {
	for ; at(set) != 0; set++ {
		if at(set) == b {
			return true
		}
	}
	return false
}

// span returns the length of the part of the string at s that has only bytes of set.
func (at byteSource) span(s, set uint32) (n uint32) {
	for at(s+n) != 0 && at.contains(set, at(s+n)) {
		n++
	}
	return n
}

// firstOf returns where the first byte of set stands in the string at s; 0 when there is none.
func (at byteSource) firstOf(s, set uint32) uint32 {
	for ; at(s) != 0; s++ {
		if at.contains(set, at(s)) {
			return s
		}
	}
	return 0
}

// strspn models size_t strspn(const char *s, const char *accept).
func strspn(c *Call) { c.Return(byteSource(c.Kernel.mem.U8).span(c.Arg(0), c.Arg(1))) }

// strpbrk models char *strpbrk(const char *cs, const char *ct).
func strpbrk(c *Call) { c.Return(byteSource(c.Kernel.mem.U8).firstOf(c.Arg(0), c.Arg(1))) }

// strtok models char *strtok(char *s, const char *ct). Where it goes on is in ___strtok, one for the whole kernel.
func strtok(c *Call) {
	mem, at := c.Kernel.mem, byteSource(c.Kernel.mem.U8)
	begin, ct := c.Arg(0), c.Arg(1)
	c.Return(0)
	if begin == 0 {
		if begin = mem.U32(c.Kernel.sym.Strtok); begin == 0 {
			return
		}
	}
	begin += at.span(begin, ct)
	if at(begin) == 0 {
		mem.SetU32(c.Kernel.sym.Strtok, 0)
		return
	}
	end := at.firstOf(begin, ct)
	if end != 0 {
		mem.SetU8(end, 0)
		end++
	}
	mem.SetU32(c.Kernel.sym.Strtok, end)
	c.Return(begin)
}

// strsep models char *strsep(char **s, const char *ct): like strtok, but empty fields count.
func strsep(c *Call) {
	mem, s := c.Kernel.mem, c.Arg(0)
	begin := mem.U32(s)
	c.Return(begin)
	if begin == 0 {
		return
	}
	end := byteSource(mem.U8).firstOf(begin, c.Arg(1))
	if end != 0 {
		mem.SetU8(end, 0)
		end++
	}
	mem.SetU32(s, end)
}

// strnicmp models int strnicmp(const char *s1, const char *s2, size_t len). Returns the difference of the first two bytes
// that differ, in lower case, or of those at which one string ends.
func strnicmp(c *Call) {
	at, s1, s2 := byteSource(c.Kernel.mem.U8), c.Arg(0), c.Arg(1)
	var a, b byte
	for n := c.Arg(2); n > 0; n-- {
		a, b = at(s1), at(s2)
		s1, s2 = s1+1, s2+1
		if a == 0 || b == 0 {
			break
		}
		if a, b = toLower(a), toLower(b); a != b {
			break
		}
	}
	c.Return(uint32(int32(a) - int32(b)))
}
