// SPDX-License-Identifier: BSD-3-Clause
// x87, MMX and SSE state of random sequences: FXSAVE images, and the memory
// that floating-point operands come from.
//
// Intel SDM vol. 1, table 10-2 "Non-64-bit-mode layout of the FXSAVE area".

package conformance

import (
	"encoding/binary"
	"fmt"
	"strings"

	"ring0/vm/vectors"
)

const (
	fxSize  = 512
	fxMXCSR = 24
	fxMask  = 28
	fxST    = 32
	fxXMM   = 160
	fxReg   = 16

	fswExceptions = 0x3f
	fswIE         = 0x01
	fswES         = 0x8080 // ES and B
	fswC1         = 0x0200
	fswC2         = 0x0400
	fswConditions = 0x4700
	fswTop        = 0x3800
	// MXCSR bits that this machine's fullest model has.
	mxcsrBits = 0xffff
)

// Places in the image page. Those of one format follow each other.
const (
	imageFX    = 0x000 // 2 of FXSAVE
	imageSave  = 0x400 // 4 of FNSAVE: two with 32-bit operand size, two with 16
	imageEnv   = 0x600 // 4 of FNSTENV, likewise
	imageMXCSR = 0x700 // 16 control words of SSE
	imageFCW   = 0x740 // 16 of x87
	imageBCD   = 0x800 // 16 packed decimals
	imageUnit  = 0x900 // 16 extended numbers between −0.29 and 0.41
	// The counter of a sequence's loop.
	imageCounter = 0xff0
	saveSize     = 0x80
	envSize      = 0x20
	imageValues  = 16
)

// plainFX is the state of a program that has not touched it.
func plainFX() []byte {
	fx := make([]byte, fxSize)
	binary.LittleEndian.PutUint16(fx, 0x37f)
	binary.LittleEndian.PutUint32(fx[fxMXCSR:], 0x1f80)
	binary.LittleEndian.PutUint32(fx[fxMask:], mxcsrBits)
	return fx
}

// stateOfFX is the part of an image that a program can see whatever its processor.
func stateOfFX(fx []byte) (s vectors.State) {
	le := binary.LittleEndian
	s.FCW, s.FSW, s.Tag, s.MXCSR = le.Uint16(fx), le.Uint16(fx[2:]), fx[4], le.Uint32(fx[fxMXCSR:])
	for i := range s.R {
		copy(s.R[(s.Top()+i)&7][:], fx[fxST+i*fxReg:])
		copy(s.XMM[i][:], fx[fxXMM+i*fxReg:])
	}
	return s
}

// setFX takes the state out of an image.
func (r *result) setFX(fx []byte) {
	r.State = stateOfFX(fx)
	le := binary.LittleEndian
	r.fop, r.fip, r.fdp = le.Uint16(fx[6:]), le.Uint32(fx[8:]), le.Uint32(fx[16:])
}

// describeFX lists a state that is not a fresh program's.
func describeFX(fx []byte) string {
	if string(fx) == string(plainFX()) {
		return ""
	}
	var b strings.Builder
	s := stateOfFX(fx)
	fmt.Fprintf(&b, "fcw %04x fsw %04x tag %02x mxcsr %08x\n", s.FCW, s.FSW, s.Tag, s.MXCSR)
	for i := range s.R {
		st := s.ST(i)
		fmt.Fprintf(&b, "st%d %s  xmm%d %s\n", i, hexNumber(st[:]), i, hexNumber(s.XMM[i][:]))
	}
	return b.String()
}

// setMemory fills memory and FPU state: by g, or with nothing.
func (s *sequence) setMemory(g *generator) {
	s.data, s.image, s.fx = make([]byte, seqDataSize), make([]byte, seqImageSize), plainFX()
	switch {
	case g == nil:
	case g.forms == nil:
		g.Read(s.data)
	default:
		for at := 0; at < len(s.data); at += fxReg {
			g.operand(s.data[at:][:fxReg])
		}
		s.fx = g.fx()
		g.images(s.image)
	}
	if g != nil {
		s.image[imageCounter] = byte(1 + g.Intn(5)*g.Intn(12))
	}
}

// fx is a random FXSAVE image.
func (g *generator) fx() []byte {
	fx := plainFX()
	le := binary.LittleEndian
	fcw := g.controlWord()
	le.PutUint16(fx, fcw)
	// No exception is pending, except that now and then one is.
	fsw := uint16(g.Uint32()) & (7<<11 | fswConditions | 1<<6)
	fsw |= uint16(g.Uint32()) & fcw & fswExceptions
	le.PutUint16(fx[2:], fsw)
	switch g.Intn(4) {
	case 0:
		fx[4] = uint8(g.Uint32())
	case 1:
		fx[4] = 0xff
	default: // so many from the top on
		top := fsw >> 11 & 7
		for i := range uint16(g.Intn(8)) {
			fx[4] |= 1 << ((top + i) & 7)
		}
	}
	le.PutUint32(fx[fxMXCSR:], g.mxcsr())
	for i := range 8 {
		g.extended(fx[fxST+i*fxReg:])
		g.operand(fx[fxXMM+i*fxReg:][:fxReg])
	}
	return fx
}

// sparse has about a quarter of its bits set.
func (g *generator) sparse() uint32 {
	v := g.Uint32()
	return v & g.Uint32()
}

// controlWord has most exceptions masked most often.
func (g *generator) controlWord() uint16 {
	fcw := uint16(g.Uint32())&0x0f00 | 0x7f
	if g.Intn(3) == 0 {
		fcw &^= uint16(g.sparse()) & fswExceptions
	}
	return fcw
}

func (g *generator) mxcsr() uint32 {
	v := uint32(0x1f80)
	if g.Intn(2) == 0 {
		v |= g.Uint32() & 0xe07f // rounding, flush, denormals are zeros, flags
	}
	if g.Intn(4) == 0 {
		v &^= g.sparse() & 0x1f80
	}
	return v
}

// images fills the image page.
func (g *generator) images(page []byte) {
	le := binary.LittleEndian
	for i := range 2 {
		copy(page[imageFX+i*fxSize:], g.fx())
	}
	for i := range 4 {
		save, env := page[imageSave+i*saveSize:][:saveSize], page[imageEnv+i*envSize:][:envSize]
		g.environment(env, i)
		g.environment(save, i)
		for st := range 8 {
			g.extended(save[envLen(i)+10*st:])
		}
	}
	for i := range imageValues {
		v := g.mxcsr()
		if g.Intn(20) == 0 {
			v |= 1 << (18 + g.Intn(14)) // reserved on all processors
		}
		le.PutUint32(page[imageMXCSR+i*4:], v)
		le.PutUint16(page[imageFCW+i*2:], g.controlWord())
		bcd := page[imageBCD+i*fxReg:]
		for j := range 9 {
			bcd[j] = byte(g.Intn(10)<<4 | g.Intn(10))
		}
		bcd[9] = byte(g.Intn(2) << 7)
		le.PutUint64(page[imageUnit+i*fxReg:], 1<<63|g.Uint64())
		le.PutUint16(page[imageUnit+i*fxReg+8:], uint16(g.Intn(2)<<15|0x3ffd-g.Intn(40)))
		if g.Intn(4) == 0 {
			g.extended(page[imageUnit+i*fxReg:])
		}
	}
}

// envLen is the size of the environment in slot i.
func envLen(i int) int {
	if i < 2 {
		return 28
	}
	return 14
}

// environment fills control, status and tag word.
func (g *generator) environment(b []byte, i int) {
	step := envLen(i) / 7
	fcw := g.controlWord()
	for j, v := range [...]uint16{fcw, uint16(g.Uint32()) & (7<<11 | fswConditions | fcw&fswExceptions), uint16(g.Uint32())} {
		binary.LittleEndian.PutUint16(b[j*step:], v)
	}
}

// operand fills 16 bytes with numbers of one kind.
func (g *generator) operand(b []byte) {
	switch g.Intn(5) {
	case 0:
		for i := 0; i < fxReg; i += 4 {
			binary.LittleEndian.PutUint32(b[i:], uint32(g.real(8, 23)))
		}
	case 1:
		for i := 0; i < fxReg; i += 8 {
			binary.LittleEndian.PutUint64(b[i:], g.real(11, 52))
		}
	case 2:
		g.extended(b)
	case 3:
		for i := 0; i < fxReg; i += 4 {
			binary.LittleEndian.PutUint32(b[i:], g.value())
		}
	default:
		g.Read(b)
	}
}

// real is a number of the format with so many bits of exponent and fraction,
// a special one often.
func (g *generator) real(expBits, fracBits int) uint64 {
	maxExp := uint64(1)<<expBits - 1
	sign, frac := g.Uint64()>>63, g.Uint64()&(1<<fracBits-1)
	exp := maxExp>>1 + uint64(g.Intn(9)) - 4
	switch g.Intn(12) {
	case 0:
		exp, frac = 0, 0
	case 1:
		exp = 0
	case 2:
		exp, frac = maxExp, 0
	case 3:
		exp = maxExp
	case 4:
		exp, frac = 1+uint64(g.Intn(3)), frac&3
	case 5:
		exp, frac = maxExp-1-uint64(g.Intn(2)), frac|^uint64(0)>>(64-fracBits)&^3
	case 6:
		exp = g.Uint64() & maxExp
	case 7, 8:
		frac = frac >> (fracBits - 4) << (fracBits - 4) // few digits
	}
	return sign<<(expBits+fracBits) | exp<<fracBits | frac
}

// extended fills 10 bytes. One in ten has the wrong integer bit.
func (g *generator) extended(b []byte) {
	sign := uint16(g.Intn(2)) << 15
	exp, frac := uint16(0x3fff-8+g.Intn(17)), g.Uint64()
	integer := uint64(1)
	switch g.Intn(12) {
	case 0:
		exp, frac, integer = 0, 0, 0
	case 1:
		exp, integer = 0, 0
	case 2:
		exp, frac = 0x7fff, 0
	case 3:
		exp = 0x7fff
	case 4:
		exp = uint16(1 + g.Intn(80))
	case 5:
		exp = uint16(0x7ffe - g.Intn(80))
	case 6:
		exp = uint16(g.Uint32()) & 0x7fff
	case 7, 8:
		frac &= 0xf << 59
	}
	if g.Intn(10) == 0 {
		integer ^= 1
	}
	binary.LittleEndian.PutUint64(b, frac&^(1<<63)|integer<<63)
	binary.LittleEndian.PutUint16(b[8:], sign|exp)
}
