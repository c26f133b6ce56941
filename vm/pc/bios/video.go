// SPDX-License-Identifier: BSD-3-Clause

// INT 10: the text screen. One page, mode 3.

package bios

import (
	"ring0/vm"
	"ring0/vm/device"
)

const (
	columns   = 80
	rows      = 25
	textMode  = 3
	attribute = 0x07
	cell      = 2
)

// video is INT 10. Functions for graphics, fonts and palettes change nothing,
// as on an adapter that lacks them; those whose answer says what the adapter
// can do say "80x25 VGA text".
func video(b *BIOS, r *regs) verdict {
	switch r.ah() {
	case 0x00: // set mode
		b.setMode(textMode)
		r.setAL(0x30)
	case 0x01: // cursor shape
		b.poke16(bdaShape, r.cx())
	case 0x02: // cursor position
		b.setCursor(r.dl(), r.dh())
	case 0x03:
		b.cursorState(r)
	case 0x06, 0x07:
		b.scroll(r)
	case 0x08: // character and attribute at the cursor
		r.setAX(b.peek16(b.cursorCell()))
	case 0x09, 0x0a:
		b.writeCells(r)
	case 0x0e:
		b.teletype(r.al())
	case 0x0f: // mode
		r.setAX(columns<<8 | textMode)
		r.setBX(r.bx() & 0xff)
	case 0x12:
		if r.bl() == 0x10 { // colour, 256 KB
			r.setBX(0x0003)
			r.setCX(0x0009)
		}
	case 0x13:
		b.writeString(r)
	case 0x1a: // VGA with colour display
		if r.al() == 0 {
			r.setBX(0x0008)
		}
		r.setAL(0x1a)
	case 0x11:
		if r.al() == 0x30 { // font information: 16 lines a character
			r.setCX(16)
			r.setDX(r.dx()&0xff00 | rows - 1)
		}
	}
	return done
}

// setMode clears the screen.
func (b *BIOS) setMode(mode uint8) {
	b.poke8(bdaVideoMode, mode)
	b.poke16(bdaColumns, columns)
	b.poke16(bdaCRTC, 0x3d4)
	b.poke16(bdaShape, 0x0607)
	b.poke8(bdaRows, rows-1)
	b.poke16(bdaFont, 16)
	b.fill(0, columns*rows, attribute)
	for reg := uint8(0x0c); reg <= 0x0d; reg++ { // start address
		b.pc.VGA.Out(0x3d4, reg)
		b.pc.VGA.Out(0x3d5, 0)
	}
	b.setCursor(0, 0)
}

// fill makes n cells from position at on blank.
func (b *BIOS) fill(at, n int, attr uint8) {
	blank := make([]byte, n*cell)
	for i := range n {
		blank[i*cell], blank[i*cell+1] = ' ', attr
	}
	b.pc.WritePhys(device.VGAText+uint32(at*cell), blank)
}

func (b *BIOS) cursor() (column, row uint8) {
	at := b.peek16(bdaCursor)
	return uint8(at), uint8(at >> 8)
}

func (b *BIOS) setCursor(column, row uint8) {
	b.poke16(bdaCursor, uint16(row)<<8|uint16(column))
	at := uint16(row)*columns + uint16(column)
	for i, v := range []uint8{uint8(at >> 8), uint8(at)} {
		b.pc.VGA.Out(0x3d4, 0x0e+uint8(i))
		b.pc.VGA.Out(0x3d5, v)
	}
}

func (b *BIOS) cursorState(r *regs) {
	column, row := b.cursor()
	r.setCX(b.peek16(bdaShape))
	r.setDX(uint16(row)<<8 | uint16(column))
}

// cursorCell is the address of the character at the cursor.
func (b *BIOS) cursorCell() uint32 {
	column, row := b.cursor()
	at := (uint32(row)*columns + uint32(column)) * cell
	return device.VGAText + at%device.VGATextSize
}

// scroll is AH=06 (up) and 07 (down): the window CX–DX by AL lines, 0 for all.
func (b *BIOS) scroll(r *regs) {
	top, left := int(min(r.ch(), rows-1)), int(min(r.cl(), columns-1))
	bottom, right := int(min(r.dh(), rows-1)), int(min(r.dl(), columns-1))
	if bottom < top || right < left {
		return
	}
	n := int(r.al())
	if n == 0 || n > bottom-top {
		n = bottom - top + 1
	}
	width := right - left + 1
	line := make([]byte, width*cell)
	for i := top; i <= bottom; i++ {
		to, from := i, i+n
		if r.ah() == 0x07 {
			to, from = bottom-(i-top), bottom-(i-top)-n
		}
		if from < top || from > bottom {
			b.fill(to*columns+left, width, r.bh())
			continue
		}
		b.pc.ReadPhys(device.VGAText+uint32((from*columns+left)*cell), line)
		b.pc.WritePhys(device.VGAText+uint32((to*columns+left)*cell), line)
	}
}

// writeCells is AH=09 and 0A: CX times character AL at the cursor, with
// attribute BL or leaving it.
func (b *BIOS) writeCells(r *regs) {
	at := b.cursorCell()
	for i := range min(uint32(r.cx()), columns*rows) {
		pa := device.VGAText + (at-device.VGAText+i*cell)%device.VGATextSize
		b.poke8(pa, r.al())
		if r.ah() == 0x09 {
			b.poke8(pa+1, r.bl())
		}
	}
}

// teletype writes a character and moves the cursor, scrolling at the end.
func (b *BIOS) teletype(c uint8) {
	if b.out != nil {
		b.out(c)
	}
	column, row := b.cursor()
	switch c {
	case '\a':
		return
	case '\b':
		column -= min(column, 1)
	case '\r':
		column = 0
	case '\n':
		row++
	default:
		b.poke8(b.cursorCell(), c)
		column++
	}
	if column >= columns {
		column, row = 0, row+1
	}
	if row >= rows {
		row = rows - 1
		text := make([]byte, (rows-1)*columns*cell)
		b.pc.ReadPhys(device.VGAText+columns*cell, text)
		b.pc.WritePhys(device.VGAText, text)
		b.fill((rows-1)*columns, columns, attribute)
	}
	b.setCursor(column, row)
}

// writeString is AH=13: CX characters at ES:BP to position DX; AL bit 0 moves
// the cursor, bit 1 says that attributes stand between them.
func (b *BIOS) writeString(r *regs) {
	column, row := b.cursor()
	b.setCursor(r.dl(), r.dh())
	at := r.linear(vm.ES, r.get16(vm.EBP))
	for range r.cx() {
		b.teletype(r.read8(at))
		at++
		if r.al()&2 != 0 {
			at++
		}
	}
	if r.al()&1 == 0 {
		b.setCursor(column, row)
	}
}
