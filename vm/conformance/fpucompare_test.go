// SPDX-License-Identifier: BSD-3-Clause
// x87, MMX and SSE state after random sequences: what must be the same, and
// what processors do differently.

package conformance

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/x86"
)

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
