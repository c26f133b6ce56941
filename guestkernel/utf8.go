// SPDX-License-Identifier: BSD-3-Clause
// UTF-8 of file names (2.4.18 fs/nls/nls_base.c): sequences of up to six bytes, characters of 16 bits.

package guestkernel

func utf8Functions() []Function {
	return []Function{
		{Name: "utf8_mbtowc", Fn: utf8MbToWc, Level: Full},
		{Name: "utf8_wctomb", Fn: utf8WcToMb, Level: Full},
		{Name: "utf8_mbstowcs", Fn: utf8MbsToWcs, Level: Full},
		{Name: "utf8_wcstombs", Fn: utf8WcsToMbs, Level: Full},
	}
}

// utf8Forms are the lengths of a sequence: what of the first byte says so, and the characters it is for.
func utf8Forms() []utf8Form {
	return []utf8Form{
		{0x80, 0x00, 0, 0x7f, 0}, {0xe0, 0xc0, 6, 0x7ff, 0x80}, {0xf0, 0xe0, 12, 0xffff, 0x800},
		{0xf8, 0xf0, 18, 0x1fffff, 0x10000}, {0xfc, 0xf8, 24, 0x3ffffff, 0x200000}, {0xfe, 0xfc, 30, 0x7fffffff, 0x4000000},
	}
}

// A utf8Form is one length.
type utf8Form struct {
	mask, value uint8  // of the first byte
	shift       uint   // of the character's bits in the first byte
	last, first uint32 // the characters
}

// decodeUTF8 reads one character at s, of at most n bytes. used is -1 when there is none.
func (k *Kernel) decodeUTF8(s uint32, n int32) (char uint32, used int32) {
	lead := k.mem.U8(s)
	char = uint32(lead)
	for i, form := range utf8Forms() {
		used = int32(i) + 1
		if lead&form.mask == form.value {
			if char &= form.last; char < form.first {
				return 0, -1
			}
			return char, used
		}
		if n <= used {
			break
		}
		next := k.mem.U8(s+uint32(used)) ^ 0x80
		if next&0xc0 != 0 {
			break
		}
		char = char<<6 | uint32(next)
	}
	return 0, -1
}

// encodeUTF8 stores one character at s, in at most room bytes. -1: it does not fit.
func (k *Kernel) encodeUTF8(s, char uint32, room int32) (used int32) {
	for i, form := range utf8Forms() {
		if int32(i) >= room {
			break
		}
		if char > form.last {
			continue
		}
		k.mem.SetU8(s, form.value|byte(char>>form.shift))
		for shift := form.shift; shift > 0; {
			shift -= 6
			s++
			k.mem.SetU8(s, 0x80|byte(char>>shift)&0x3f)
		}
		return int32(i) + 1
	}
	return -1
}

// utf8MbToWc models int utf8_mbtowc(wchar_t *p, const __u8 *s, int n). Returns the length of the sequence, -1 for a bad one.
func utf8MbToWc(c *Call) {
	char, used := c.Kernel.decodeUTF8(c.Arg(1), int32(c.Arg(2)))
	if used > 0 {
		c.Kernel.mem.SetU16(c.Arg(0), uint16(char))
	}
	c.Return(uint32(used))
}

// utf8WcToMb models int utf8_wctomb(__u8 *s, wchar_t wc, int maxlen). Returns the length of the sequence, -1 without room,
// and 0 when s is NULL. A room below 0 is no limit.
func utf8WcToMb(c *Call) {
	c.Return(0)
	if c.Arg(0) != 0 {
		c.Return(uint32(c.Kernel.encodeUTF8(c.Arg(0), c.Arg(1)&0xffff, utf8Room(c.Arg(2)))))
	}
}

func utf8Room(n uint32) int32 {
	if int32(n) < 0 {
		return int32(len(utf8Forms()))
	}
	return int32(n)
}

// utf8MbsToWcs models int utf8_mbstowcs(wchar_t *pwcs, const __u8 *s, int n): converts up to a NUL or n bytes. Returns how
// many characters were stored; bytes that are no sequence are left out.
func utf8MbsToWcs(c *Call) {
	k, to, s, n := c.Kernel, c.Arg(0), c.Arg(1), int32(c.Arg(2))
	for n > 0 && k.mem.U8(s) != 0 {
		lead := k.mem.U8(s)
		if lead < 0x80 { // n counts only what is not ASCII, as there
			k.mem.SetU16(to, uint16(lead))
			to, s = to+2, s+1
			continue
		}
		char, used := k.decodeUTF8(s, n)
		if used < 0 {
			s, n = s+1, n-1
			continue
		}
		k.mem.SetU16(to, uint16(char))
		to, s, n = to+2, s+uint32(used), n-used
	}
	c.Return((to - c.Arg(0)) / 2)
}

// utf8WcsToMbs models int utf8_wcstombs(__u8 *s, const wchar_t *pwcs, int maxlen): converts up to a 0. Returns how many bytes
// were stored.
func utf8WcsToMbs(c *Call) {
	k, to, from, room := c.Kernel, c.Arg(0), c.Arg(1), int32(c.Arg(2))
	for char := k.mem.U16(from); room > 0 && char != 0; char = k.mem.U16(from) {
		from += 2
		if char < 0x80 { // room counts only what is not ASCII, as there
			k.mem.SetU8(to, byte(char))
			to++
			continue
		}
		used := k.encodeUTF8(to, uint32(char), room)
		if used < 0 {
			room--
			continue
		}
		to, room = to+uint32(used), room-used
	}
	c.Return(to - c.Arg(0))
}
