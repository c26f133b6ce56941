// SPDX-License-Identifier: BSD-3-Clause
// One % of a format: what stands between it and its letter, and how a number comes out (2.4.18 lib/vsprintf.c).

package guestkernel

import (
	"strconv"

	"ring0/guestkernel/abi"
)

// A conversion is a % with its flags, width, precision and size.
type conversion struct {
	left, plus, blank, alternate, zero bool // the flags - + blank # 0

	width, precision       int32 // -1: none
	widthArg, precisionArg bool  // it is *: the next argument
	size                   byte  // h, l, L or Z, 0 for none; ll is L
	verb                   byte  // the letter; 0 when the format ends before it
}

// A byteSource gives the bytes of a NUL-terminated text by position.
type byteSource func(i uint32) byte

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// decimal reads digits at i. Too large a number wraps, as int does.
func (at byteSource) decimal(i uint32) (v int32, next uint32) {
	for ; isDigit(at(i)); i++ {
		v = v*10 + int32(at(i)-'0')
	}
	return v, i
}

// conversion reads what follows the % at i-1. next is where its letter stands.
func (at byteSource) conversion(i uint32) (c conversion, next uint32) {
	for c.flag(at(i)) {
		i++
	}
	c.width, c.precision = -1, -1
	switch b := at(i); {
	case isDigit(b):
		c.width, i = at.decimal(i)
	case b == '*':
		c.widthArg = true
		i++
	}
	if at(i) == '.' {
		i++
		c.precision = 0
		switch b := at(i); {
		case isDigit(b):
			c.precision, i = at.decimal(i)
			c.precision = max(c.precision, 0)
		case b == '*':
			c.precisionArg = true
			i++
		}
	}
	switch b := at(i); b {
	case 'h', 'l', 'L', 'Z':
		c.size = b
		i++
		if b == 'l' && at(i) == 'l' {
			c.size = 'L'
			i++
		}
	}
	c.verb = at(i)
	return c, i
}

// flag takes note of a flag; false for any other byte.
func (c *conversion) flag(b byte) bool {
	switch b {
	case '-':
		c.left = true
	case '+':
		c.plus = true
	case ' ':
		c.blank = true
	case '#':
		c.alternate = true
	case '0':
		c.zero = true
	default:
		return false
	}
	return true
}

// setWidth takes a width from an argument: a negative one means the flag - too.
func (c *conversion) setWidth(v int32) {
	if v < 0 {
		v = -v
		c.left = true
	}
	c.width = v
}

// base of an integer conversion; 0 for other letters.
func (c *conversion) base() int {
	switch c.verb {
	case 'd', 'i', 'u':
		return 10
	case 'o':
		return 8
	case 'x', 'X', 'p':
		return 16
	}
	return 0
}

func (c *conversion) signed() bool { return c.verb == 'd' || c.verb == 'i' }

// arguments are the types of what the conversion takes: width, precision and value.
func (c *conversion) arguments() []abi.Type {
	number := abi.Type{Kind: abi.KindInt, Size: 4}
	var types []abi.Type
	if c.widthArg {
		types = append(types, number)
	}
	if c.precisionArg {
		types = append(types, number)
	}
	switch {
	case c.verb == 's':
		types = append(types, abi.Type{Name: "const char *", Kind: abi.KindString, Size: 4})
	case c.verb == 'p', c.verb == 'n':
		types = append(types, abi.Type{Kind: abi.KindPointer, Size: 4})
	case c.verb == 'c':
		types = append(types, abi.Type{Kind: abi.KindChar, Size: 1})
	case c.base() == 0:
	case c.size == 'L' && c.signed():
		types = append(types, abi.Type{Kind: abi.KindLongLong, Size: 8})
	case c.size == 'L':
		types = append(types, abi.Type{Kind: abi.KindUlongLong, Size: 8})
	case c.signed():
		types = append(types, number)
	default:
		types = append(types, abi.Type{Kind: abi.KindUint, Size: 4})
	}
	return types
}

// A number is an integer in pieces, in the order of output.
type number struct {
	blanks int32  // in front
	prefix string // sign, 0, 0x
	zeros  int32
	digits string
	after  int32 // blanks behind
}

// number lays out an integer. Of a signed conversion v is the sign-extended value.
func (c *conversion) number(v uint64) number {
	var n number
	room := c.width
	if c.signed() {
		switch {
		case int64(v) < 0:
			n.prefix = "-"
			v = -v
		case c.plus:
			n.prefix = "+"
		case c.blank:
			n.prefix = " "
		}
	}
	if c.alternate {
		switch {
		case c.base() == 8:
			n.prefix += "0"
		case c.verb == 'X':
			n.prefix += "0X"
		case c.base() == 16:
			n.prefix += "0x"
		}
	}
	n.digits = strconv.FormatUint(v, c.base())
	if c.verb == 'X' {
		n.digits = upperHex(n.digits)
	}
	n.zeros = max(c.precision-int32(len(n.digits)), 0)
	room -= int32(len(n.prefix)+len(n.digits)) + n.zeros
	switch room = max(room, 0); {
	case c.left:
		n.after = room
	case c.zero:
		n.zeros += room
	default:
		n.blanks = room
	}
	return n
}

func upperHex(digits string) string {
	b := []byte(digits)
	for i, c := range b {
		if c >= 'a' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
