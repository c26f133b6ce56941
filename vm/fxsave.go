// SPDX-License-Identifier: BSD-3-Clause

// FXSAVE and FXRSTOR: x87, MMX and SSE state in 512 bytes.
//
// Intel SDM vol. 1, 10.5 "FXSAVE and FXRSTOR instructions", table 10-2; vol.
// 2 under these names.
//
//	  0  FCW, FSW, tags (a byte: bit i is set when Ri is not empty), FOP
//	  8  FIP, FCS
//	 16  FDP, FDS
//	 24  MXCSR and the mask of its bits that exist
//	 32  ST(0)–ST(7), 16 bytes each
//	160  XMM0–XMM7
//	288  not used
//
// Neither waits. MXCSR and XMM are left out unless CR4.OSFXSR is set.

package vm

import (
	"encoding/binary"

	"ring0/vm/float80"
)

const (
	fxSize  = 512
	fxAlign = 16

	fxFCW   = 0
	fxFSW   = 2
	fxTags  = 4
	fxFOP   = 6
	fxFIP   = 8
	fxFCS   = 12
	fxFDP   = 16
	fxFDS   = 20
	fxMXCSR = 24
	fxMask  = 28
	fxST    = 32
	fxXMM   = 160
	fxUsed  = 288
	fxReg   = 16
)

// fxArea checks CR0, alignment and the whole area.
func (c *CPU) fxArea(in *inst, acc access) (a area, ok bool) {
	switch {
	case c.cr0&CR0EM != 0:
		return a, c.ud()
	case c.cr0&CR0TS != 0:
		return a, c.raise(VecNM)
	}
	off := c.effAddr(in)
	la, ok := c.linear(in.Seg, off, fxSize, acc)
	if !ok {
		return a, false
	}
	if la%fxAlign != 0 {
		return a, c.gp0()
	}
	return c.areaAt(in.Seg, off, fxSize, fxAlign, acc)
}

// savesSSE says whether MXCSR and XMM are part of the area.
func (c *CPU) savesSSE() bool { return c.cr4&CR4OSFXSR != 0 && c.model.has(featSSE) }

// opFXSAVE stores the state.
//
//	0F AE /0   FXSAVE m512byte
//
// Faults: #UD with CR0.EM, #NM with CR0.TS, #GP(0) for an address that is not
// a multiple of 16.
func opFXSAVE(c *CPU, in *inst) bool {
	a, ok := c.fxArea(in, accWrite)
	if !ok {
		return false
	}
	f := &c.fpu
	var b [fxUsed]byte
	le := binary.LittleEndian
	le.PutUint16(b[fxFCW:], f.fcw)
	le.PutUint16(b[fxFSW:], f.statusWord())
	b[fxTags] = f.used
	le.PutUint16(b[fxFOP:], f.fop)
	le.PutUint32(b[fxFIP:], f.fip)
	le.PutUint16(b[fxFCS:], f.fcs)
	le.PutUint32(b[fxFDP:], f.fdp)
	le.PutUint16(b[fxFDS:], f.fds)
	for i := range uint8(8) {
		st := f.r[f.phys(i)].Bytes()
		copy(b[fxST+fxReg*int(i):], st[:])
	}
	if !c.savesSSE() {
		c.storeState(a, b[:fxMXCSR])
		a.skip(fxST)
		c.storeState(a, b[fxST:fxXMM])
		return true
	}
	le.PutUint32(b[fxMXCSR:], f.mxcsr)
	le.PutUint32(b[fxMask:], c.model.mxcsrBits())
	for i, x := range f.xmm {
		le.PutUint64(b[fxXMM+fxReg*i:], x[0])
		le.PutUint64(b[fxXMM+fxReg*i+8:], x[1])
	}
	c.storeState(a, b[:])
	return true
}

// opFXRSTOR loads the state. An exception in it that is not masked is pending
// then.
//
//	0F AE /1   FXRSTOR m512byte
//
// Faults: as FXSAVE; and #GP(0) for an MXCSR with bits that do not exist.
func opFXRSTOR(c *CPU, in *inst) bool {
	a, ok := c.fxArea(in, 0)
	if !ok {
		return false
	}
	var b [fxUsed]byte
	c.loadState(a, b[:])
	le := binary.LittleEndian
	mxcsr := le.Uint32(b[fxMXCSR:])
	if c.savesSSE() && mxcsr&^c.model.mxcsrBits() != 0 {
		return c.gp0()
	}
	f := &c.fpu
	f.setStatusWord(le.Uint16(b[fxFSW:]))
	f.setControl(le.Uint16(b[fxFCW:]))
	f.used = b[fxTags]
	f.fop = le.Uint16(b[fxFOP:]) & fopDefined
	f.fip, f.fcs = le.Uint32(b[fxFIP:]), le.Uint16(b[fxFCS:])
	f.fdp, f.fds = le.Uint32(b[fxFDP:]), le.Uint16(b[fxFDS:])
	for i := range uint8(8) {
		f.r[f.phys(i)] = float80.FromBytes([10]byte(b[fxST+fxReg*int(i):]))
	}
	c.errorGone()
	if !c.savesSSE() {
		return true
	}
	f.mxcsr = mxcsr
	for i := range f.xmm {
		f.xmm[i] = xmmReg{le.Uint64(b[fxXMM+fxReg*i:]), le.Uint64(b[fxXMM+fxReg*i+8:])}
	}
	return true
}
