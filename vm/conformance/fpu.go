// SPDX-License-Identifier: BSD-3-Clause
// x87, MMX and SSE state of a vector: loading it, reading it, comparing it.

package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"ring0/vm"
	"ring0/vm/float80"
	"ring0/vm/vectors"
)

// Tolerances for vectors.Approximate, in units of the last place: of an
// x87 transcendental, and of the 12-bit estimates of SSE.
const (
	ulps80 = 1
	ulps32 = 0x2000
)

// loadFPU makes s the machine's FPU state.
func (b *bench) loadFPU(s *vectors.State) {
	f := vm.FPU{FCW: s.FCW, FSW: s.FSW, Tag: s.Tag, MXCSR: s.MXCSR}
	for i := range s.R {
		f.R[i] = float80.FromBytes(s.R[i])
		f.XMM[i] = [2]uint64{binary.LittleEndian.Uint64(s.XMM[i][:]), binary.LittleEndian.Uint64(s.XMM[i][8:])}
	}
	b.m.SetFPU(&f)
}

// readFPU reads the machine's FPU state into s.
func (b *bench) readFPU(s *vectors.State) {
	f := b.m.FPU()
	s.FCW, s.FSW, s.Tag, s.MXCSR = f.FCW, f.FSW, f.Tag, f.MXCSR
	for i := range s.R {
		s.R[i] = f.R[i].Bytes()
		binary.LittleEndian.PutUint64(s.XMM[i][:], f.XMM[i][0])
		binary.LittleEndian.PutUint64(s.XMM[i][8:], f.XMM[i][1])
	}
}

// compareFPU lists the differences in x87, MMX and SSE state, but for the
// undefined bits of the status word. Of an approximate result numbers may be
// a little off.
func (d *differences) compareFPU(want, got *vectors.State, undefined uint16, approximate bool) {
	d.hex("fcw", uint32(want.FCW), uint32(got.FCW))
	d.hex("fsw", uint32(want.FSW&^undefined), uint32(got.FSW&^undefined))
	d.hex("tag", uint32(want.Tag), uint32(got.Tag))
	d.hex("mxcsr", want.MXCSR, got.MXCSR)
	for i := range want.R {
		if w, g := want.R[i], got.R[i]; w != g && !(approximate && near80(w, g)) {
			d.add("R%d want %s got %s", i, hexNumber(w[:]), hexNumber(g[:]))
		}
		if w, g := want.XMM[i], got.XMM[i]; w != g && !(approximate && near32(w, g)) {
			d.add("xmm%d want %s got %s", i, hexNumber(w[:]), hexNumber(g[:]))
		}
	}
}

// hexNumber shows a little-endian number.
func hexNumber(b []byte) string {
	b = bytes.Clone(b)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return fmt.Sprintf("%x", b)
}

// near80 says that two extended numbers have the same sign and are at most
// ulps80 apart, across a power of two as well.
func near80(a, b [10]byte) bool {
	le := binary.LittleEndian
	ea, eb := le.Uint16(a[8:]), le.Uint16(b[8:])
	ma, mb := le.Uint64(a[:]), le.Uint64(b[:])
	if ea < eb {
		ea, eb, ma, mb = eb, ea, mb, ma
	}
	switch {
	case ea == eb:
		return max(ma, mb)-min(ma, mb) <= ulps80
	case ea == eb+1 && ea&0x7fff != 0:
		return ma-1<<63+^mb < ulps80 // a just above the power of two, b just below
	}
	return false
}

// near32 compares four single-precision estimates.
func near32(a, b [16]byte) bool {
	for i := 0; i < len(a); i += 4 {
		x, y := binary.LittleEndian.Uint32(a[i:]), binary.LittleEndian.Uint32(b[i:])
		if max(x, y)-min(x, y) > ulps32 {
			return false
		}
	}
	return true
}
