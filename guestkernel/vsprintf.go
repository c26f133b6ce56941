// SPDX-License-Identifier: BSD-3-Clause
// Formatted output into guest memory: sprintf and its relatives (2.4.18 lib/vsprintf.c).
//
// Output is stored byte by byte, as it comes, because callers rely on it: sprintf(buf, "%s more", buf) works in 2.4.

package guestkernel

func vsprintfFunctions() []Function {
	return []Function{
		{Name: "vsnprintf", Fn: vsnprintf, Level: Full},
		{Name: "snprintf", Fn: snprintf, Level: Full},
		{Name: "vsprintf", Fn: vsprintf, Level: Full},
		{Name: "sprintf", Fn: sprintf, Level: Full},
		{Name: "vsscanf", Fn: vsscanf, Level: Full},
		{Name: "sscanf", Fn: sscanf, Level: Full},
		{Name: "simple_strtoul", Fn: simpleStrtoul, Level: Full},
		{Name: "simple_strtol", Fn: simpleStrtol, Level: Full},
		{Name: "simple_strtoull", Fn: simpleStrtoull, Level: Full},
		{Name: "get_option", Fn: getOption, Level: Full},
		{Name: "get_options", Fn: getOptions, Level: Full},
		{Name: "memparse", Fn: memparse, Level: Full},
	}
}

// unlimited is the size that vsprintf gives vsnprintf.
const unlimited = 0xffffffff

// vsnprintf models int vsnprintf(char *buf, size_t size, const char *fmt, va_list args). Returns the length of the whole
// text, of which at most size-1 bytes and a NUL are stored; with size 0 nothing is, unless buf is NULL: then the end of
// the buffer wraps to the top of memory and the first byte goes to address 0.
func vsnprintf(c *Call) {
	c.Return(c.Kernel.vsnprintf(c.Arg(0), c.Arg(1), c.Arg(2), c.Arg(3)))
}

// snprintf models int snprintf(char *buf, size_t size, const char *fmt, ...).
func snprintf(c *Call) {
	c.Return(c.Kernel.vsnprintf(c.Arg(0), c.Arg(1), c.Arg(2), c.ArgAddr(3)))
}

// vsprintf models int vsprintf(char *buf, const char *fmt, va_list args).
func vsprintf(c *Call) {
	c.Return(c.Kernel.vsnprintf(c.Arg(0), unlimited, c.Arg(1), c.Arg(2)))
}

// sprintf models int sprintf(char *buf, const char *fmt, ...).
func sprintf(c *Call) {
	c.Return(c.Kernel.vsnprintf(c.Arg(0), unlimited, c.Arg(1), c.ArgAddr(2)))
}

// A formatter is one run of vsnprintf.
type formatter struct {
	mem  *Memory
	args uint32 // where the next argument word lies
	str  uint32 // where the next byte goes
	end  uint32 // last byte of the buffer; what would lie above is counted only
}

// vsnprintf formats into [buf, buf+size) with arguments at args and returns the length of the whole text.
func (k *Kernel) vsnprintf(buf, size, format, args uint32) uint32 {
	f := formatter{mem: k.mem, args: args, str: buf, end: buf + size - 1}
	if f.end < buf-1 {
		f.end = unlimited
		size = f.end - buf + 1
	}
	at := byteSource(k.mem.U8)
	for at(format) != 0 {
		if at(format) != '%' {
			f.put(at(format))
			format++
			continue
		}
		var c conversion
		if c, format = at.conversion(format + 1); c.verb != 0 {
			format++
		}
		f.convert(c, buf)
	}
	switch {
	case f.str <= f.end:
		k.mem.SetU8(f.str, 0)
	case size > 0:
		k.mem.SetU8(f.end, 0)
	}
	return f.str - buf
}

// convert writes one conversion. One that the kernel does not know comes out as % and its letter.
func (f *formatter) convert(c conversion, buf uint32) {
	if c.widthArg {
		c.setWidth(int32(f.word()))
	}
	if c.precisionArg {
		c.precision = max(int32(f.word()), 0)
	}
	switch c.verb {
	case 'c':
		f.char(c)
	case 's':
		f.text(c)
	case 'p':
		if c.width == -1 {
			c.width, c.zero = 8, true
		}
		f.number(c.number(uint64(f.word())))
	case 'n':
		f.mem.SetU32(f.word(), f.str-buf)
	case '%':
		f.put('%')
	case 'd', 'i', 'u', 'o', 'x', 'X':
		f.number(c.number(f.integer(c)))
	case 0:
		f.put('%')
	default:
		f.put('%')
		f.put(c.verb)
	}
}

// word takes an argument word.
func (f *formatter) word() uint32 {
	v := f.mem.U32(f.args)
	f.args += 4
	return v
}

// integer takes an integer of the conversion's size, sign-extended if it is signed. A size_t never is.
func (f *formatter) integer(c conversion) uint64 {
	v := f.word()
	switch {
	case c.size == 'L':
		return uint64(v) | uint64(f.word())<<32
	case c.size == 'h' && c.signed():
		return uint64(int64(int16(v)))
	case c.size == 'h':
		return uint64(uint16(v))
	case c.size != 'Z' && c.signed():
		return uint64(int64(int32(v)))
	}
	return uint64(v)
}

// char writes %c; zeros never fill it.
func (f *formatter) char(c conversion) {
	pad := max(c.width-1, 0)
	if !c.left {
		f.fill(' ', pad)
	}
	f.put(byte(f.word()))
	if c.left {
		f.fill(' ', pad)
	}
}

// nullText is what %s makes of a null pointer.
const nullText = "<NULL>"

// text writes %s.
func (f *formatter) text(c conversion) {
	s, at := f.word(), byteSource(f.mem.U8)
	if s == 0 {
		at = func(i uint32) byte { return (nullText + "\x00")[i] }
	}
	limit := uint32(c.precision) // -1: none
	length := uint32(0)
	for length < limit && at(s+length) != 0 {
		length++
	}
	pad := int32(max(int64(c.width)-int64(length), 0))
	if !c.left {
		f.fill(' ', pad)
	}
	for i := range length {
		f.put(at(s + i))
	}
	if c.left {
		f.fill(' ', pad)
	}
}

func (f *formatter) number(n number) {
	f.fill(' ', n.blanks)
	for i := range len(n.prefix) {
		f.put(n.prefix[i])
	}
	f.fill('0', n.zeros)
	for i := range len(n.digits) {
		f.put(n.digits[i])
	}
	f.fill(' ', n.after)
}

// put writes a byte, or counts it where the buffer is full.
func (f *formatter) put(b byte) {
	if f.str <= f.end {
		f.mem.SetU8(f.str, b)
	}
	f.str++
}

// fill puts n bytes, in stretches that are all inside or all outside the buffer: n can be two thousand million.
func (f *formatter) fill(b byte, n int32) {
	for left := uint64(max(n, 0)); left > 0; {
		inside := f.str <= f.end
		stretch := uint64(1)<<32 - uint64(f.str)
		if inside {
			stretch = uint64(f.end) - uint64(f.str) + 1
		}
		stretch = min(stretch, left)
		if inside {
			f.mem.Fill(f.str, uint32(stretch), b)
		}
		f.str += uint32(stretch)
		left -= stretch
	}
}
