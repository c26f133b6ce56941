// SPDX-License-Identifier: BSD-3-Clause

// Memory operands of x87 instructions.
//
// Intel SDM vol. 1, 4.2 and 4.7 for the formats; vol. 3, table 6-7 for their
// alignment. Numbers of up to 8 bytes go through the fast memory path where
// it holds; longer operands are checked as a whole before any byte moves.

package vm

import (
	"encoding/binary"

	"ring0/vm/float80"
)

// operandRead reads a memory operand as a value, and the exceptions that its
// conversion has pending. On true FIP and FDP have been set.
type operandRead func(c *CPU, in *inst) (v float80.F80, pending float80.Status, ok bool)

// readReal reads a number of 4 or 8 bytes.
func (c *CPU) readReal(in *inst) (v float80.F80, pending float80.Status, ok bool) {
	raw, ok := c.readNumber(in)
	if in.Size == 4 {
		v, pending = float80.Widen32(uint32(raw))
	} else {
		v, pending = float80.Widen64(raw)
	}
	return v, pending, ok
}

// readInteger reads an integer of 2, 4 or 8 bytes.
func (c *CPU) readInteger(in *inst) (v float80.F80, pending float80.Status, ok bool) {
	raw, ok := c.readNumber(in)
	n := int64(raw)
	switch in.Size {
	case 2:
		n = int64(int16(raw))
	case 4:
		n = int64(int32(raw))
	}
	return float80.FromInt(n), 0, ok
}

// readNumber reads 2, 4 or 8 bytes.
func (c *CPU) readNumber(in *inst) (v uint64, ok bool) {
	off := c.effAddr(in)
	switch in.Size {
	case 8:
		v, ok = c.read64(in)
	case 4:
		var w uint32
		w, ok = c.read32(in)
		v = uint64(w)
	default:
		v, ok = c.readSeg(in.Seg, off, in.Size)
	}
	if ok {
		c.noteMem(in, off)
	}
	return v, ok
}

// writeNumber writes 2, 4 or 8 bytes.
func (c *CPU) writeNumber(in *inst, v uint64) bool {
	switch in.Size {
	case 8:
		return c.write64(in, v)
	case 4:
		return c.write32(in, uint32(v))
	}
	return c.writeMem16(in, uint16(v))
}

// read80 reads 10 bytes.
func (c *CPU) read80(in *inst) (b [10]byte, ok bool) {
	off := c.effAddr(in)
	if p := c.fastRead(in, 10); p != nil {
		c.noteMem(in, off)
		return *(*[10]byte)(p), true
	}
	a, ok := c.areaAt(in.Seg, off, 10, 8, 0)
	if !ok {
		return b, false
	}
	c.readArea(a, b[:])
	c.m.watchHit(a.la, 10, binary.LittleEndian.Uint64(b[:]), 0)
	c.noteMem(in, off)
	return b, true
}

// write80 writes 10 bytes.
func (c *CPU) write80(in *inst, b [10]byte) bool {
	if p := c.fastWrite(in, 10); p != nil {
		*(*[10]byte)(p) = b
		return true
	}
	a, ok := c.areaAt(in.Seg, c.effAddr(in), 10, 8, accWrite)
	if ok {
		c.writeArea(a, b[:])
		c.m.watchHit(a.la, 10, binary.LittleEndian.Uint64(b[:]), accWrite)
	}
	return ok
}

// An area is an operand of up to a page that has been checked for an access.
type area struct {
	la      uint32
	pa, pa2 uint32 // pa2: of the second page's part
	first   uint32 // bytes in the first page
}

// areaAt checks an access to size bytes at seg:off: segment, alignment, pages.
func (c *CPU) areaAt(seg uint8, off, size, align uint32, acc access) (a area, ok bool) {
	if a.la, ok = c.linear(seg, off, size, acc); !ok || !c.checkAlign(a.la, align) {
		return a, false
	}
	if c.mustStep(a.la, size, acc) {
		return a, false
	}
	acc = c.dataAccess(acc)
	if a.pa, ok = c.translate(a.la, acc); !ok {
		return a, false
	}
	if a.first = pageSize - a.la&pageMask; a.first < size {
		a.pa2, ok = c.translate(a.la+a.first, acc)
	}
	return a, ok
}

// readArea fills b from a.
func (c *CPU) readArea(a area, b []byte) {
	a.each(b, func(pa uint32, part []byte) {
		v := c.m.readPhys(pa, uint8(len(part)))
		switch len(part) {
		case 4:
			binary.LittleEndian.PutUint32(part, v)
		case 2:
			binary.LittleEndian.PutUint16(part, uint16(v))
		default:
			part[0] = uint8(v)
		}
	})
}

// writeArea writes b to a.
func (c *CPU) writeArea(a area, b []byte) {
	a.each(b, func(pa uint32, part []byte) {
		var v uint32
		switch len(part) {
		case 4:
			v = binary.LittleEndian.Uint32(part)
		case 2:
			v = uint32(binary.LittleEndian.Uint16(part))
		default:
			v = uint32(part[0])
		}
		c.m.writePhys(pa, uint8(len(part)), v)
	})
}

// loadState is readArea for an image of x87 state. It counts as accesses of 4
// bytes, the last one perhaps of 2.
func (c *CPU) loadState(a area, b []byte) {
	c.readArea(a, b)
	c.watchState(a, b, 0)
}

// storeState is writeArea likewise.
func (c *CPU) storeState(a area, b []byte) {
	c.writeArea(a, b)
	c.watchState(a, b, accWrite)
}

func (c *CPU) watchState(a area, b []byte, acc access) {
	for la := a.la; len(b) > 0; la += 4 {
		n := min(4, len(b))
		var word [4]byte
		copy(word[:], b[:n])
		c.m.watchHit(la, uint8(n), uint64(binary.LittleEndian.Uint32(word[:])), acc)
		b = b[n:]
	}
}

// skip leaves out the first n bytes of a.
func (a *area) skip(n uint32) {
	a.la += n
	if n < a.first {
		a.pa, a.first = a.pa+n, a.first-n
		return
	}
	a.pa, a.first = a.pa2+n-a.first, pageSize
}

// each calls f for the parts of b, of 4, 2 or 1 bytes, none of which crosses
// a page.
func (a *area) each(b []byte, f func(pa uint32, part []byte)) {
	for done := uint32(0); len(b) > 0; {
		pa, room := a.pa+done, a.first-done
		if done >= a.first {
			pa, room = a.pa2+done-a.first, uint32(len(b))
		}
		n := uint32(4)
		for n > room || n > uint32(len(b)) {
			n >>= 1
		}
		f(pa, b[:n])
		b, done = b[n:], done+n
	}
}
