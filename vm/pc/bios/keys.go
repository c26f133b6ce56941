// SPDX-License-Identifier: BSD-3-Clause

// INT 09 and 16: keys. Letters, digits and punctuation of a US keyboard; shift
// and control; other keys give their scan code with character 0.

package bios

import "ring0/vm"

// Shift state, as in the BIOS data area.
const (
	shiftRight = 1 << 0
	shiftLeft  = 1 << 1
	shiftCtrl  = 1 << 2
	shiftAlt   = 1 << 3
	shiftCaps  = 1 << 6
)

// Scan codes, set 1.
const (
	scanCtrl       = 0x1d
	scanLeftShift  = 0x2a
	scanRightShift = 0x36
	scanAlt        = 0x38
	scanCaps       = 0x3a
	scanRelease    = 0x80
)

// The characters of scan codes 01–39, plain and shifted.
const (
	plainKeys   = "\x1b1234567890-=\b\tqwertyuiop[]\r\x00asdfghjkl;'`\x00\\zxcvbnm,./\x00*\x00 "
	shiftedKeys = "\x1b!@#$%^&*()_+\b\tQWERTYUIOP{}\r\x00ASDFGHJKL:\"~\x00|ZXCVBNM<>?\x00*\x00 "
)

// keyInterrupt is INT 09: a scan code goes into the buffer.
func keyInterrupt(b *BIOS, r *regs) verdict {
	code := b.pc.KBC.In(0x60)
	b.pc.PIC.Out(0x20, 0x20)
	shift := r.read8(bdaShift)
	if bit := shiftKey(code &^ scanRelease); bit != 0 {
		if code&scanRelease == 0 {
			shift |= bit
		} else {
			shift &^= bit
		}
		b.poke8(bdaShift, shift)
		return done
	}
	switch {
	case code == scanCaps:
		b.poke8(bdaShift, shift^shiftCaps)
	case code&scanRelease == 0:
		b.putKey(uint16(code)<<8 | uint16(character(code, shift)))
	}
	return done
}

func shiftKey(code uint8) uint8 {
	switch code {
	case scanCtrl:
		return shiftCtrl
	case scanLeftShift:
		return shiftLeft
	case scanRightShift:
		return shiftRight
	case scanAlt:
		return shiftAlt
	}
	return 0
}

// character is what a key stands for.
func character(code, shift uint8) uint8 {
	if code == 0 || int(code) > len(plainKeys) || shift&shiftAlt != 0 {
		return 0
	}
	c := plainKeys[code-1]
	letter := c >= 'a' && c <= 'z'
	switch shifted := shift&(shiftLeft|shiftRight) != 0; {
	case shift&shiftCtrl != 0 && letter:
		return c & 0x1f
	case letter && shifted != (shift&shiftCaps != 0), !letter && shifted:
		return shiftedKeys[code-1]
	}
	return c
}

// putKey appends to the ring in the BIOS data area; when it is full the key
// is lost.
func (b *BIOS) putKey(key uint16) {
	tail := b.peek16(bdaKeyTail)
	next := b.afterKey(tail)
	if next == b.peek16(bdaKeyHead) {
		return
	}
	b.poke16(bda+uint32(tail), key)
	b.poke16(bdaKeyTail, next)
}

func (b *BIOS) afterKey(at uint16) uint16 {
	if at += 2; at >= b.peek16(bdaKeyLast) {
		return b.peek16(bdaKeyFirst)
	}
	return at
}

// keys is INT 16.
func keys(b *BIOS, r *regs) verdict {
	head := b.peek16(bdaKeyHead)
	empty := head == b.peek16(bdaKeyTail)
	switch r.ah() {
	case 0x00, 0x10: // wait for a key
		if empty {
			return waiting
		}
		r.setAX(b.peek16(bda + uint32(head)))
		b.poke16(bdaKeyHead, b.afterKey(head))
	case 0x01, 0x11: // look
		r.setFlag(vm.FlagZF, empty)
		if !empty {
			r.setAX(b.peek16(bda + uint32(head)))
		}
	case 0x02, 0x12: // shift keys
		r.setAL(r.read8(bdaShift))
	case 0x05: // put a key into the buffer
		b.putKey(r.cx())
		r.setAL(0)
	}
	return done // 03: typematic rate, which nothing here depends on
}
