// SPDX-License-Identifier: BSD-3-Clause
// x87, MMX and SSE state of random sequences: FXSAVE images, the memory that
// floating-point operands come from, and the comparison of what came of it.
//
// Intel SDM vol. 1, table 10-2 "Non-64-bit-mode layout of the FXSAVE area".

package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/vectors"
	"ring0/vm/x86"
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

// controlWord has most exceptions masked most often.
func (g *generator) controlWord() uint16 {
	fcw := uint16(g.Uint32())&0x0f00 | 0x7f
	if g.Intn(3) == 0 {
		fcw &^= uint16(g.Uint32()) & uint16(g.Uint32()) & fswExceptions
	}
	return fcw
}

func (g *generator) mxcsr() uint32 {
	v := uint32(0x1f80)
	if g.Intn(2) == 0 {
		v |= g.Uint32() & 0xe07f // rounding, flush, denormals are zeros, flags
	}
	if g.Intn(4) == 0 {
		v &^= g.Uint32() & g.Uint32() & 0x1f80
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

// generationBytes are those of an image page that processors fill
// differently: pointers and opcode of the last x87 instruction, which not all
// keep without an exception, and the mask of MXCSR bits.
func generationBytes() []bool {
	ignore := make([]bool, seqImageSize)
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			ignore[i] = true
		}
	}
	for i := range 2 {
		mark(imageFX+i*fxSize+6, imageFX+i*fxSize+fxMXCSR)
		mark(imageFX+i*fxSize+fxMask, imageFX+i*fxSize+fxST)
	}
	for i := range 4 {
		first := envLen(i) / 7 * 3
		mark(imageSave+i*saveSize+first, imageSave+i*saveSize+envLen(i))
		mark(imageEnv+i*envSize+first, imageEnv+i*envSize+envLen(i))
	}
	return ignore
}

// compareFPUSequence lists what differs in x87, MMX and SSE state where item
// last was reached, or the end.
func (d *differences) compareFPUSequence(s *sequence, a *assembled, want, got *result, undef uint32, last int) {
	approximate := false
	undefined := uint16(undef>>16) & fswConditions
	wantState := want.State
	if n := len(s.items); n > 0 && last == n && s.items[n-1].approximate {
		approximate = true
		// Whether a result that is not exact was rounded up, or is tiny.
		undefined |= fswC1 | 0x30 | fswES
		if isRemainder(s.items[n-1].code) {
			if want.FSW&got.FSW&fswC2 != 0 {
				wantState.R[want.Top()] = got.R[want.Top()] // how far it has come is the processor's
			}
			if want.FSW&got.FSW&fswIE != 0 {
				undefined |= fswC2
			}
		}
	}
	if last < len(s.items) && s.items[last].converts && want.exception == excXM {
		undefined |= fswTop // whether #XM comes before the transition to MMX
		wantState.Tag = got.Tag
	}
	d.compareFPU(&wantState, &got.State, undefined, approximate)
	ignore := generationBytes()
	for i := range want.image {
		if want.image[i] != got.image[i] && !ignore[i] {
			d.add("image at %x want %02x got %02x", seqImage+i, want.image[i], got.image[i])
			break
		}
	}
	if want.FSW&fswES&^undefined != 0 {
		d.comparePointers(s, a, want, got)
	}
}

// comparePointers compares what every processor keeps of the instruction
// whose exception is pending.
func (d *differences) comparePointers(s *sequence, a *assembled, want, got *result) {
	d.hex("fip", want.fip, got.fip)
	d.hex("fop", uint32(want.fop), uint32(got.fop))
	for i := range s.items {
		if s.eip+a.start[i] == want.fip && s.items[i].memory {
			d.hex("fdp", want.fdp, got.fdp)
		}
	}
}

// isRemainder says that code is FPREM or FPREM1.
func isRemainder(code []byte) bool { return string(code) == "\xd9\xf8" || string(code) == "\xd9\xf5" }

// keptFromMemory says that an x87 store ended differently for one known
// reason: with an exception that keeps the number from memory, some makers'
// processors see a fault of the operand first. Vectors have the other way.
func keptFromMemory(s *sequence, a *assembled, want, got *result) bool {
	if want.exception != excPF && want.exception != excGP || got.FSW&fswES == 0 || want.EIP != got.fip {
		return false
	}
	for i := range s.items {
		if s.eip+a.start[i] == want.EIP {
			code := bytes.TrimLeft(s.items[i].code, "\x26\x2e\x36\x3e")
			return s.items[i].memory && code[0] >= 0xd8 && code[0] <= 0xdf
		}
	}
	return false
}

// Every row of the tables is among the sequences' instructions.
func TestSequencesHaveEveryFPURow(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewSource(*seed)), forms: fpuForms()}
	index, seen := x86.NewRowIndex(), map[x86.Row]bool{}
	for range 3000 {
		s := g.sequence(0)
		for _, it := range s.items {
			for code := it.code; len(code) > 0; {
				row, in, ok := index.Find(code, x86.Code32)
				if !ok {
					break
				}
				seen[row] = true
				code = code[in.Len:]
			}
		}
	}
	for _, forms := range g.forms {
		for _, f := range forms {
			require.True(t, seen[f.row], "%v", f.row)
		}
	}
}

// Whatever of the state is not the same is seen.
func TestDifferentialSeesFPUState(t *testing.T) {
	s := &sequence{eip: seqCode, flags: 0x202, items: []item{{code: []byte{0x90}}}}
	s.setMemory(nil)
	a, ok := s.assemble()
	require.True(t, ok)
	state := func() *result { return &result{data: s.data, image: make([]byte, seqImageSize)} }
	for name, change := range map[string]func(r *result){
		"fcw":   func(r *result) { r.FCW ^= 1 << 8 },
		"fsw":   func(r *result) { r.FSW ^= fswC1 },
		"tag":   func(r *result) { r.Tag ^= 1 },
		"mxcsr": func(r *result) { r.MXCSR ^= 1 << 15 },
		"r":     func(r *result) { r.R[3][9] ^= 0x80 },
		"xmm":   func(r *result) { r.XMM[7][15] ^= 1 },
		"image": func(r *result) { r.image[imageFX+fxXMM] ^= 1 },
		"fip":   func(r *result) { r.FSW |= fswES; r.fip ^= 1 },
	} {
		got := state()
		require.Empty(t, compareResults(s, &a, state(), got), name)
		change(got)
		want := state()
		want.FSW |= got.FSW & fswES
		require.Len(t, compareResults(s, &a, want, got), 1, name)
	}
}
