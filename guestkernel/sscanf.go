// SPDX-License-Identifier: BSD-3-Clause
// Formatted input: sscanf as this kernel has it (2.4.18 lib/vsprintf.c).
//
// Its ways, which modules live with: %c takes one byte more than it should; a number must begin with a decimal digit,
// also after %x, and has no sign; 0x is no prefix; a field width stays in force for the conversions after it, less what
// %c and %s have used of it.

package guestkernel

import "math"

// vsscanf models int vsscanf(const char *buf, const char *fmt, va_list args). Returns the number of conversions stored.
func vsscanf(c *Call) { c.Return(c.Kernel.vsscanf(c.Arg(0), c.Arg(1), c.Arg(2))) }

// sscanf models int sscanf(const char *buf, const char *fmt, ...).
func sscanf(c *Call) { c.Return(c.Kernel.vsscanf(c.Arg(0), c.Arg(1), c.ArgAddr(2))) }

// A scanner is one run of vsscanf.
type scanner struct {
	k           *Kernel
	at          byteSource
	buf, str    uint32 // the text, and what of it comes next
	format      uint32 // what of the format comes next
	args        uint32 // where the next argument word lies
	width       int32  // -1: none was given yet
	conversions uint32
}

func (k *Kernel) vsscanf(buf, format, args uint32) uint32 {
	s := scanner{k: k, at: k.mem.U8, buf: buf, str: buf, format: format, args: args, width: -1}
	for s.at(s.format) != 0 && s.at(s.str) != 0 && s.next() {
	}
	return s.conversions
}

// next matches a blank, a byte or a conversion of the format. False ends the scan.
func (s *scanner) next() bool {
	if isSpace(s.at(s.format)) {
		s.format = s.skip(s.format, isSpace)
		s.str = s.skip(s.str, isSpace)
	}
	if b := s.at(s.format); b == 0 {
		return false
	} else if b != '%' {
		s.format, s.str = s.format+1, s.str+1
		return b == s.at(s.str-1)
	}
	s.format++
	if s.at(s.format) == '*' {
		word := func(b byte) bool { return !isSpace(b) && b != 0 }
		s.format = s.skip(s.format, word)
		s.str = s.skip(s.str, word)
		return true
	}
	if isDigit(s.at(s.format)) {
		s.width, s.format = s.at.decimal(s.format)
	}
	var size byte
	switch b := s.at(s.format); b {
	case 'h', 'l', 'L', 'Z':
		size = b
		s.format++
	}
	verb := s.at(s.format)
	if verb == 0 || s.at(s.str) == 0 {
		return false
	}
	s.format++
	return s.convert(verb, size)
}

// skip returns the first position from i on whose byte is not of a class.
func (s *scanner) skip(i uint32, class func(byte) bool) uint32 {
	for class(s.at(i)) {
		i++
	}
	return i
}

func (s *scanner) convert(verb, size byte) bool {
	switch verb {
	case 'c':
		s.chars()
	case 's':
		s.text()
	case 'n':
		s.k.mem.SetU32(s.word(), s.str-s.buf)
	case '%':
		s.str++
		return s.at(s.str-1) == '%'
	case 'd', 'i', 'u':
		return s.number(size, 10)
	case 'o':
		return s.number(size, 8)
	case 'x', 'X':
		return s.number(size, 16)
	default:
		return false
	}
	return true
}

// word takes an argument word.
func (s *scanner) word() uint32 {
	s.args += 4
	return s.k.mem.U32(s.args - 4)
}

// chars stores %c: width bytes, 1 by default, and one more.
func (s *scanner) chars() {
	to := s.word()
	if s.width == -1 {
		s.width = 1
	}
	for {
		s.k.mem.SetU8(to, s.at(s.str))
		to, s.str = to+1, s.str+1
		s.width--
		if s.width+1 <= 0 || s.at(s.str) == 0 {
			break
		}
	}
	s.conversions++
}

// text stores %s: a word of at most width bytes, and a NUL.
func (s *scanner) text() {
	to := s.word()
	if s.width == -1 {
		s.width = math.MaxInt32
	}
	s.str = s.skip(s.str, isSpace)
	for s.at(s.str) != 0 && !isSpace(s.at(s.str)) {
		s.width--
		if s.width == -1 {
			break
		}
		s.k.mem.SetU8(to, s.at(s.str))
		to, s.str = to+1, s.str+1
	}
	s.k.mem.SetU8(to, 0)
	s.conversions++
}

// number stores an integer of the conversion's size.
func (s *scanner) number(size byte, base uint32) bool {
	s.str = s.skip(s.str, isSpace)
	if !isDigit(s.at(s.str)) {
		return false
	}
	to := s.word()
	v, end := s.k.strtoull(s.str, base)
	switch size {
	case 'h':
		s.k.mem.SetU16(to, uint16(v))
	case 'L':
		s.k.mem.SetU64(to, v)
	default:
		s.k.mem.SetU32(to, uint32(v))
	}
	s.str = end
	s.conversions++
	return true
}
