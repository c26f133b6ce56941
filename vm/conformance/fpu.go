// SPDX-License-Identifier: BSD-3-Clause
// x87, MMX and SSE state of a vector, through FXRSTOR and FXSAVE in the kernel
// (SDM vol. 1, 10.5 "FXSAVE and FXRSTOR instructions").

package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"ring0/vm"
	"ring0/vm/vectors"
	"ring0/vm/x86"
)

// Offsets in the FXSAVE area. Stack registers are in order from ST(0).
const (
	fxSize  = 512
	fxFCW   = 0
	fxFSW   = 2
	fxTag   = 4
	fxMXCSR = 24
	fxST    = 32
	fxXMM   = 160
	fxReg   = 16 // bytes for each register
)

// Tolerances for vectors.Approximate, in units of the last place: of an
// x87 transcendental, and of the 12-bit estimates of SSE.
const (
	ulps80 = 1
	ulps32 = 0x2000
)

// probeFPU finds out whether the machine has FXSAVE. One without is a machine
// whose x87 and SSE are not written; its vectors run without that state, and
// the report says so.
func (b *bench) probeFPU() error {
	b.poke(kLoadFPU, append([]byte{0x0f, 0xae, 0x0d}, address(kFXSave)...)) // fxrstor kFXSave
	b.poke(kLoadFPU+7, []byte{0x0f, 0x01, 0xc1})                            // vmcall
	b.poke(kSaveFPU, append([]byte{0x0f, 0xae, 0x05}, address(kFXSave)...)) // fxsave kFXSave
	b.poke(kSaveFPU+7, []byte{0x0f, 0x01, 0xc1})
	b.m.SetEIP(kSaveFPU)
	switch s := b.m.Run(2); s.Reason {
	case vm.StopHypercall:
		b.fpu = true
	case vm.StopUnwritten:
	default:
		return fmt.Errorf("conformance: FXSAVE ended with %v %v", s.Reason, s.Err)
	}
	return nil
}

func address(la uint32) []byte { return binary.LittleEndian.AppendUint32(nil, la) }

// usesFPU says whether an instruction looks at x87, MMX or SSE state.
func usesFPU(in *x86.Inst) bool { return in.Op >= x86.FADD || in.Op == x86.EMMS || in.Op == x86.WAIT }

// loadFPU makes s the machine's FPU state. The machine is at CPL 0.
func (b *bench) loadFPU(s *vectors.State) error {
	if !b.fpu {
		return nil
	}
	var area [fxSize]byte
	le := binary.LittleEndian
	le.PutUint16(area[fxFCW:], s.FCW)
	le.PutUint16(area[fxFSW:], s.FSW)
	area[fxTag] = s.Tag
	le.PutUint32(area[fxMXCSR:], s.MXCSR)
	for i := range s.R {
		st := s.ST(i)
		copy(area[fxST+i*fxReg:], st[:])
		copy(area[fxXMM+i*fxReg:], s.XMM[i][:])
	}
	b.poke(kFXSave, area[:])
	return b.kernelCode(kLoadFPU, "FXRSTOR")
}

// readFPU reads the machine's FPU state into s. The machine is at CPL 0.
func (b *bench) readFPU(s *vectors.State) error {
	if !b.fpu {
		return nil
	}
	if err := b.kernelCode(kSaveFPU, "FXSAVE"); err != nil {
		return err
	}
	var area [fxSize]byte
	b.m.ReadPhys(kFXSave-kernel+physKern, area[:])
	le := binary.LittleEndian
	s.FCW, s.FSW, s.Tag = le.Uint16(area[fxFCW:]), le.Uint16(area[fxFSW:]), area[fxTag]
	s.MXCSR = le.Uint32(area[fxMXCSR:])
	for i := range s.R {
		copy(s.R[(s.Top()+i)&7][:], area[fxST+i*fxReg:])
		copy(s.XMM[i][:], area[fxXMM+i*fxReg:])
	}
	return nil
}

// kernelCode runs two instructions of the kernel, the second VMCALL.
func (b *bench) kernelCode(at uint32, what string) error {
	b.m.SetEIP(at)
	if s := b.m.Run(2); s.Reason != vm.StopHypercall || s.EIP != at+10 {
		return fmt.Errorf("%s in the kernel ended with %v at %08x, %v", what, s.Reason, s.EIP, s.Err)
	}
	return nil
}

// compareFPU lists the differences in x87, MMX and SSE state.
func (d *differences) compareFPU(rec *vectors.Record, got *vectors.State, undefined uint16) {
	want, approximate := &rec.Out, rec.Flags&vectors.Approximate != 0
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
