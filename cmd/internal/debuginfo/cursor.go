// SPDX-License-Identifier: BSD-3-Clause
// Reading bytes of a file that may end anywhere.

package debuginfo

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// cursor reads little-endian data. After the first read beyond the end all reads give 0 and bad is set, so that a parser
// looks at it once per record.
type cursor struct {
	data []byte
	at   int
	bad  bool
}

// from returns a cursor at an offset of data; a bad one when that is outside.
func from(data []byte, at uint64) *cursor {
	if at > uint64(len(data)) {
		return &cursor{bad: true}
	}
	return &cursor{data: data, at: int(at)}
}

func (c *cursor) left() int { return len(c.data) - c.at }

func (c *cursor) more() bool { return !c.bad && c.at < len(c.data) }

// bytes returns the next n bytes, without copying them.
func (c *cursor) bytes(n uint64) []byte {
	if c.bad || n > uint64(c.left()) {
		c.bad, c.at = true, len(c.data)
		return nil
	}
	b := c.data[c.at : c.at+int(n) : c.at+int(n)]
	c.at += int(n)
	return b
}

func (c *cursor) skip(n uint64) { c.bytes(n) }

func (c *cursor) u8() uint8 {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u24() uint32 {
	if b := c.bytes(3); b != nil {
		return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// sized reads an unsigned number of 1, 2, 4 or 8 bytes.
func (c *cursor) sized(n uint8) uint64 {
	switch n {
	case 1:
		return uint64(c.u8())
	case 2:
		return uint64(c.u16())
	case 4:
		return uint64(c.u32())
	case 8:
		return c.u64()
	}
	c.bad = true
	return 0
}

// uleb reads an unsigned LEB128 number; bits beyond 64 are lost.
func (c *cursor) uleb() (v uint64) {
	for shift := uint(0); ; shift += 7 {
		b := c.u8()
		if shift < 64 {
			v |= uint64(b&0x7f) << shift
		}
		if b&0x80 == 0 || c.bad {
			return v
		}
	}
}

// sleb reads a signed LEB128 number.
func (c *cursor) sleb() (v int64) {
	for shift := uint(0); ; {
		b := c.u8()
		if shift < 64 {
			v |= int64(b&0x7f) << shift
		}
		shift += 7
		if b&0x80 == 0 || c.bad {
			if shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
}

// cString reads a string that ends with a NUL.
func (c *cursor) cString() string {
	if c.bad {
		return ""
	}
	n := bytes.IndexByte(c.data[c.at:], 0)
	if n < 0 {
		c.bad, c.at = true, len(c.data)
		return ""
	}
	s := string(c.data[c.at : c.at+n])
	c.at += n + 1
	return s
}

// maxName bounds a string taken from a table: the rest of a longer one is cut off. Without a bound a small file could name
// one long string a million times.
const maxName = 4096

// stringAt returns the string at an offset of a string table.
func stringAt(table []byte, at uint64) (string, bool) {
	if at >= uint64(len(table)) {
		return "", false
	}
	rest := table[at:]
	rest = rest[:min(len(rest), maxName)]
	if n := bytes.IndexByte(rest, 0); n >= 0 {
		return string(rest[:n]), true
	}
	return string(rest), len(rest) == maxName
}

// problem is a complaint about a section.
func problem(section string, at int, format string, args ...any) error {
	return fmt.Errorf("%s+%#x: %s", section, at, fmt.Sprintf(format, args...))
}
